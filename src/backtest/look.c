/* What src/decide is told of a file's rows. Where no strategy takes market events one by one it is
 * told the newest book and trade, just before anything can look; else every row. */
#include "backtest/run_private.h"

#include <math.h>
#include <string.h>

static int64_t price_e6(const struct run *run, unsigned side, int32_t key)
{
    return sj_bt_price_e6(&run->feed.prices, side, key);
}

double bt_look_mid(const struct run *run)
{
    const int32_t *best = run->book.best;
    if (best[0] < 0 || best[1] < 0)
        return NAN;
    return ((double)price_e6(run, 0, best[0]) / 1e6 + (double)price_e6(run, 1, best[1]) / 1e6) / 2;
}

static uint32_t lots_of(const struct run *run, double quantity)
{
    double lots = round(quantity / run->options->lot);
    return lots < UINT32_MAX ? (uint32_t)lots : UINT32_MAX - 1;
}

static void fill_levels(const struct run *run, struct sj_book *book, unsigned levels)
{
    int64_t *prices[2] = {book->bid_price_e6, book->ask_price_e6};
    uint32_t *volumes[2] = {book->bid_volume, book->ask_volume};
    for (unsigned side = 0; side < 2; side++) {
        int32_t key = run->book.best[side];
        for (unsigned i = 0; i < SJ_LEVELS; i++) {
            bool there = key >= 0 && i < levels;
            prices[side][i] = there ? price_e6(run, side, key) : SJ_NULL_E6;
            volumes[side][i] = there ? lots_of(run, run->book.levels[side][key]) : 0;
            book->level_count[side] = (uint8_t)(book->level_count[side] + there);
            if (there && i + 1 < levels)
                key = sj_bt_book_below(&run->book, side, key);
        }
    }
}

static void tell(struct run *run, const void *event, int64_t now_ns)
{
    run->market_seq++;
    bt_side_event(run, event, SJ_SRC_CONVERT, run->market_seq, now_ns);
}

static void tell_book(struct run *run, int64_t exch_ns, int64_t now_ns, unsigned levels)
{
    struct sj_book book = {.exch_ns = exch_ns,
                           .recv_ns = now_ns,
                           .instrument = SJ_BT_INSTRUMENT,
                           .derived_bid_price_e6 = SJ_NULL_E6,
                           .derived_ask_price_e6 = SJ_NULL_E6,
                           .underlying_price_e6 = SJ_NULL_E6};
    sj_frame_head(&book, SJ_EVENT_BOOK, sizeof book);
    fill_levels(run, &book, levels);
    run->book_is_new = false;
    tell(run, &book, now_ns);
}

static void tell_trade(struct run *run, const struct sj_bt_step *step, int64_t now_ns)
{
    struct sj_trade trade = {.exch_ns = step->ts,
                             .recv_ns = now_ns,
                             .instrument = SJ_BT_INSTRUMENT,
                             .price_e6 = price_e6(run, !step->side, step->key),
                             .volume = lots_of(run, step->quantity),
                             .tick_type = step->side ? SJ_TICK_SELL : SJ_TICK_BUY,
                             .open_e6 = SJ_NULL_E6,
                             .high_e6 = SJ_NULL_E6,
                             .low_e6 = SJ_NULL_E6,
                             .avg_price_e6 = SJ_NULL_E6,
                             .price_chg_e6 = SJ_NULL_E6,
                             .pct_chg_e6 = SJ_NULL_E6,
                             .underlying_price_e6 = SJ_NULL_E6};
    sj_frame_head(&trade, SJ_EVENT_TRADE, sizeof trade);
    run->trade_is_new = false;
    tell(run, &trade, now_ns);
}

void bt_look_now(struct run *run)
{
    if (run->trade_is_new)
        tell_trade(run, &run->trade, run->row_ns);
    if (run->book_is_new)
        tell_book(run, run->row_ns, run->row_ns, 1);
}

void bt_look_row(struct run *run, const struct sj_bt_step *step, bool last_of_its_time)
{
    int64_t now_ns = step->ts > run->now_ns ? step->ts : run->now_ns;
    sj_bt_book_step(&run->book, step);
    if (step->kind != SJ_BT_TRADE) {
        run->book_is_new = true;
    } else {
        if (run->book_is_new)
            tell_book(run, step->ts, now_ns, SJ_LEVELS);
        tell_trade(run, step, now_ns);
    }
    if (last_of_its_time && run->book_is_new)
        tell_book(run, step->ts, now_ns, SJ_LEVELS);
}

void bt_look_begin(struct run *run)
{
    tell_book(run, run->now_ns, run->now_ns, 0);
}
