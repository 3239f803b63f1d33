/* Any bytes as events and requests at one market of a journal: books, trades, auctions, odd lots,
 * orders of all kinds. An order never fills beyond its quantity, and the book never crosses. */
#include "backtest/market.h"

#include "base/clock.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ORDERS_MAX 1024
#define BEGIN_NS INT64_C(1795478400000000000) /* 2026-11-24 08:00 in Taipei */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t left[ORDERS_MAX];

static sj_rc on_report(void *context, struct sj_bt_report *report)
{
    (void)context;
    if (report->order == 0 || report->order >= ORDERS_MAX)
        abort();
    if (report->kind == SJ_BT_FILLED) {
        if (report->quantity == 0 || report->quantity > left[report->order])
            abort();
        left[report->order] -= report->quantity;
    }
    return 0;
}

static int64_t price(uint8_t byte)
{
    static const int64_t odd[] = {SJ_NULL_E6, 0, -1, INT64_MAX, 100100001};
    return byte >= 250 ? odd[byte % 5] : 90000000 + (int64_t)(byte % 40) * 500000;
}

static sj_rc event(struct sj_bt_market *market, const uint8_t *bytes, int64_t now_ns)
{
    struct sj_quote quote = {.instrument = 1, .flags = (uint32_t)bytes[1] | (bytes[2] & 1u) << 8};
    enum sj_bt_left taken;
    static const enum sj_event_type types[] = {SJ_EVENT_TRADE, SJ_EVENT_BOOK, SJ_EVENT_QUOTE};
    enum sj_event_type type = types[bytes[0] % 3];
    struct sj_trade *trade = (struct sj_trade *)(void *)&quote;
    struct sj_book *book = (struct sj_book *)(void *)&quote;
    sj_frame_head(&quote, type, sizeof quote);
    for (unsigned i = 0; i < SJ_LEVELS && type == SJ_EVENT_BOOK; i++) {
        book->bid_price_e6[i] = price((uint8_t)(bytes[3] - i));
        book->ask_price_e6[i] = price((uint8_t)(bytes[4] + i));
        book->bid_volume[i] = bytes[5] >> i;
        book->ask_volume[i] = bytes[6] >> i;
    }
    for (unsigned i = 0; i < SJ_LEVELS && type == SJ_EVENT_QUOTE; i++) {
        quote.bid_price_e6[i] = price((uint8_t)(bytes[3] - i));
        quote.ask_price_e6[i] = price((uint8_t)(bytes[4] + i));
        quote.bid_volume[i] = bytes[5] >> i;
        quote.ask_volume[i] = bytes[6] >> i;
    }
    if (type != SJ_EVENT_BOOK) {
        trade->price_e6 = price(bytes[3]);
        trade->volume = bytes[5];
        trade->tick_type = bytes[6] % 3;
        trade->total_volume = bytes[7] & 1 ? bytes[7] * 10 : SJ_NULL_I64;
    }
    return sj_bt_market_event(market, (const struct sj_frame *)(const void *)&quote, now_ns,
                              &taken);
}

static sj_rc request(struct sj_bt_market *market, const uint8_t *bytes, int64_t now_ns,
                     uint64_t *next)
{
    const char *why;
    struct sj_bt_request one = {.at_ns = now_ns,
                                .order = *next,
                                .instrument = 1,
                                .price_e6 = price(bytes[3]),
                                .quantity = bytes[4] % 20 + 1u,
                                .kind = bytes[1] % 4,
                                .side = bytes[2] & 1,
                                .time_in_force = bytes[5] % 4 + 1,
                                .market = bytes[6] % 8 == 0};
    if (one.kind == SJ_BT_PLACE && *next + 1 < ORDERS_MAX)
        left[(*next)++] = one.quantity;
    else if (one.kind == SJ_BT_PLACE)
        return 0;
    else
        one.order = *next > 1 ? 1 + bytes[4] % (*next - 1) : 1;
    return sj_bt_market_request(market, &one, &why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sj_instrument definition = {.instrument = 1,
                                             .code = "2330",
                                             .exchange = SJ_EXCHANGE_TSE,
                                             .security = SJ_SECURITY_STK,
                                             .reference_e6 = 100000000,
                                             .limit_up_e6 = 110000000,
                                             .limit_down_e6 = 90000000,
                                             .strike_e6 = SJ_NULL_E6,
                                             .tick_e6 = SJ_NULL_E6,
                                             .unit = 1000};
    struct sj_bt_market *market;
    uint64_t next = 1;
    int64_t now_ns = BEGIN_NS;
    if (size < 1)
        return 0;
    const struct sj_bt_market_options options = {.definition = &definition,
                                                 .rules = sj_market_rules_shared(),
                                                 .model = {SJ_BT_LOG, 2},
                                                 .partial = data[0] & 1,
                                                 .odd = data[0] & 2,
                                                 .now_ns = now_ns,
                                                 .on_report = on_report};
    memset(left, 0, sizeof left);
    if (sj_bt_market_create(&options, &market) < 0)
        abort();
    for (size_t at = 1; at + 9 <= size; at += 9) {
        now_ns += (int64_t)data[at + 8] * SJ_NS_PER_S;
        sj_rc rc = data[at] & 128 ? request(market, data + at, now_ns, &next)
                                  : event(market, data + at, now_ns);
        if (rc >= 0 && market->expires_ns <= now_ns)
            rc = sj_bt_market_expire(market);
        const struct sj_bt_book *book = &market->venue.book;
        if (rc < 0 || (book->best[0] >= 0 && sj_bt_meets(book, book->best[0], book->best[1])))
            abort();
    }
    sj_bt_market_close(market);
    return 0;
}
