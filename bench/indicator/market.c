#include "bench/indicator/market.h"

#include <stdbool.h>
#include <string.h>

#include "base/rng.h"

#define START_E6 INT64_C(17500000000)
#define TICK_E6 1000000

static void fill_book(struct market *market, uint32_t row, int64_t mid_e6, struct sj_rng *rng,
                      const struct sj_book *before, struct sj_book *book)
{
    memcpy(book, before, sizeof *book);
    bool moved = book->bid_price_e6[0] != mid_e6;
    for (int i = 0; i < MARKET_LEVELS; i++) {
        book->bid_price_e6[i] = mid_e6 - i * TICK_E6;
        book->ask_price_e6[i] = mid_e6 + (i + 1) * TICK_E6;
        if (moved || sj_rng_next(rng) % 4 == 0)
            book->bid_volume[i] = (uint32_t)(sj_rng_next(rng) % 90 + 1 + 10 * (uint32_t)i);
        if (moved || sj_rng_next(rng) % 4 == 0)
            book->ask_volume[i] = (uint32_t)(sj_rng_next(rng) % 90 + 1 + 10 * (uint32_t)i);
        market->bid_price[i][row] = (double)book->bid_price_e6[i] / 1e6;
        market->ask_price[i][row] = (double)book->ask_price_e6[i] / 1e6;
        market->bid_quantity[i][row] = book->bid_volume[i];
        market->ask_quantity[i][row] = book->ask_volume[i];
        market->level[row][0][i] = market->bid_price[i][row];
        market->level[row][1][i] = market->bid_quantity[i][row];
        market->level[row][2][i] = market->ask_price[i][row];
        market->level[row][3][i] = market->ask_quantity[i][row];
    }
}

static void head(struct sj_frame *frame, uint16_t type, size_t size, int64_t time_ns)
{
    frame->template_id = type;
    frame->block_length = (uint16_t)(size - SJ_FRAME_HEAD_SIZE);
    frame->schema_id = SJ_SCHEMA_ID;
    frame->exch_ns = time_ns;
}

void market_fill(struct market *market, uint64_t seed)
{
    struct sj_rng rng;
    struct sj_book book = {0};
    int64_t mid_e6 = START_E6, time_ns = INT64_C(1700000000000000000);
    bool buys = true;
    sj_rng_init(&rng, seed);
    memset(market, 0, sizeof *market);
    for (uint32_t row = 0; row < MARKET_ROWS; row++) {
        uint64_t dice = sj_rng_next(&rng);
        if (dice % 8 == 0 && mid_e6 < 2 * START_E6)
            mid_e6 += TICK_E6;
        else if (dice % 8 == 1 && mid_e6 > START_E6 / 2)
            mid_e6 -= TICK_E6;
        /* Bursts: most gaps are microseconds, some a second. */
        time_ns += (int64_t)(sj_rng_next(&rng) % (dice % 16 == 2 ? 1000000000 : 2000000)) + 1;
        struct sj_book next;
        fill_book(market, row, mid_e6, &rng, &book, &next);
        book = next;
        if ((dice >> 8) % 4 == 0)
            buys = !buys;
        double lots = (double)((dice >> 16) % 20 * ((dice >> 24) % 4 == 0) + 1);
        market->flow[row] = buys ? lots : -lots;
        market->time_ns[row] = time_ns;
        if (row % 3 == 2) {
            market->event[row].trade =
                (struct sj_trade){.price_e6 = buys ? mid_e6 + TICK_E6 : mid_e6,
                                  .volume = (uint32_t)lots,
                                  .tick_type = buys ? SJ_TICK_BUY : SJ_TICK_SELL};
            head(&market->event[row].frame, SJ_EVENT_TRADE, sizeof(struct sj_trade), time_ns);
        } else {
            market->event[row].book = book;
            head(&market->event[row].frame, SJ_EVENT_BOOK, sizeof(struct sj_book), time_ns);
        }
    }
}
