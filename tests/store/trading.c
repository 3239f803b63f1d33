#include "trading.h"

#include "shijim/strategy.h"

#include <stdio.h>
#include <string.h>

#define E6 INT64_C(1000000)
#define MS INT64_C(1000000)
#define MINUTE (60000 * MS)
#define OPEN_NS INT64_C(1774400400000000000) /* 2026-03-25 09:00:00 in Taipei */

/* One intent and what became of it. Prices and fills in hundredths. */
struct story {
    int minute; /* after the open */
    uint32_t instrument;
    uint32_t strategy;
    uint8_t side;
    uint32_t quantity;
    int64_t price;
    int64_t mid; /* on arrival; 0: unknown */
    const char *refused_by;
    int64_t value;
    int64_t limit;
    int64_t ack_ms; /* 0: no answer */
    uint32_t fill_quantity[2];
    int64_t fill_price[2];
};

static const struct story stories[] = {
    {0, 1, 1, SJ_SIDE_BUY, 2, 10100, 10050, "", 0, 0, 4, {2}, {10100}},
    {10, 1, 1, SJ_SIDE_SELL, 1, 9900, 10000, "", 0, 0, 6, {1}, {9950}},
    {20, 1, 1, SJ_SIDE_BUY, 1, 10000, 0, "", 0, 0, 5, {1}, {10000}},
    {60, 2, 2, SJ_SIDE_BUY, 4, 5025, 5000, "", 0, 0, 10, {1, 3}, {5010, 5025}},
    {65, 2, 2, SJ_SIDE_BUY, 1, 5025, 5000, "", 0, 0, 0, {0}, {0}},
    {70, 2, 2, SJ_SIDE_BUY, 12, 5025, 5000, "order_quantity", 12, 10, 0, {0}, {0}},
    {71, 2, 2, SJ_SIDE_BUY, 15, 5025, 5000, "order_quantity", 15, 10, 0, {0}, {0}},
    {72, 2, 2, SJ_SIDE_BUY, 14, 5025, 5000, "order_quantity", 14, 10, 0, {0}, {0}},
    {73, 1, 1, SJ_SIDE_BUY, 1, 11025, 10000, "collar", 11025 * 10000, 10500 * 10000, 0, {0}, {0}},
    {74, 1, 1, SJ_SIDE_BUY, 1, 10000, 10000, "feed", 1, 0, 0, {0}, {0}},
    {75, 1, 1, SJ_SIDE_BUY, 1, 10000, 10000, "reference_stale", SJ_NULL_I64, 5, 0, {0}, {0}},
};

struct teller {
    trading_function *take;
    void *context;
    uint64_t seq;
    int result;
};

static void tell(struct teller *teller, void *event, enum sj_event_type type, size_t size)
{
    if (teller->result < 0)
        return;
    sj_frame_head(event, type, size);
    ((struct sj_frame *)event)->seq = ++teller->seq;
    teller->result = teller->take(teller->context, event, (uint32_t)size);
}

static void tell_intent(struct teller *teller, const struct story *story, uint64_t id, int64_t ns)
{
    struct sj_intent intent = {
        .instrument = story->instrument,
        .exch_ns = ns,
        .recv_ns = ns,
        .intent_id = id,
        .price_e6 = story->price * 10000,
        .arrival_mid_e6 = story->mid > 0 ? story->mid * 10000 : SJ_NULL_E6,
        .quantity = story->quantity,
        .strategy = story->strategy,
        .kind = SJ_INTENT_PLACE,
        .side = story->side,
        .price_type = 1,
        .time_in_force = 1,
    };
    struct sj_verdict verdict = {
        .instrument = story->instrument,
        .exch_ns = ns,
        .recv_ns = ns + 300,
        .intent_id = id,
        .strategy = story->strategy,
        .check = story->refused_by[0] != '\0',
        .accepted = story->refused_by[0] == '\0',
        .value = story->value,
        .limit = story->limit,
    };
    snprintf(verdict.check_name, sizeof(verdict.check_name), "%s", story->refused_by);
    tell(teller, &intent, SJ_EVENT_INTENT, sizeof(intent));
    tell(teller, &verdict, SJ_EVENT_VERDICT, sizeof(verdict));
}

static void tell_state(struct teller *teller, const struct story *story, uint64_t id, int64_t ns,
                       enum sj_order_state from, enum sj_order_state to)
{
    struct sj_order_update update = {
        .instrument = story->instrument,
        .exch_ns = SJ_NULL_I64,
        .recv_ns = ns,
        .intent_id = id,
        .price_e6 = story->price * 10000,
        .quantity = story->quantity,
        .filled = to == SJ_ORDER_FILLED ? story->quantity : 0,
        .strategy = story->strategy,
        .state_from = (uint8_t)from,
        .state_to = (uint8_t)to,
    };
    snprintf(update.order_id, sizeof(update.order_id), "order%lu", id);
    tell(teller, &update, SJ_EVENT_ORDER, sizeof(update));
}

static void tell_fill(struct teller *teller, const struct story *story, uint64_t id, int64_t ns,
                      int number)
{
    struct sj_fill fill = {
        .instrument = story->instrument,
        .exch_ns = ns,
        .recv_ns = ns + MS,
        .intent_id = id,
        .price_e6 = story->fill_price[number] * 10000,
        .quantity = story->fill_quantity[number],
        .strategy = story->strategy,
        .side = story->side,
        .fee_e6 = 20 * E6,
        .tax_e6 = number == 0 ? 5 * E6 : SJ_NULL_E6,
    };
    snprintf(fill.exchange_seq, sizeof(fill.exchange_seq), "%lu-%d", id, number);
    tell(teller, &fill, SJ_EVENT_FILL, sizeof(fill));
}

static void tell_story(struct teller *teller, const struct story *story, uint64_t id)
{
    int64_t ns = OPEN_NS + story->minute * MINUTE;
    tell_intent(teller, story, id, ns);
    if (story->refused_by[0] != '\0') {
        tell_state(teller, story, id, ns + 400, SJ_ORDER_NONE, SJ_ORDER_REFUSED);
        return;
    }
    tell_state(teller, story, id, ns + 400, SJ_ORDER_NONE, SJ_ORDER_PENDING);
    if (story->ack_ms == 0)
        return;
    ns += 400 + story->ack_ms * MS;
    tell_state(teller, story, id, ns, SJ_ORDER_PENDING, SJ_ORDER_WORKING);
    for (int i = 0; i < 2 && story->fill_quantity[i] > 0; i++)
        tell_fill(teller, story, id, ns + (i + 1) * MS, i);
    tell_state(teller, story, id, ns + 3 * MS, SJ_ORDER_WORKING, SJ_ORDER_FILLED);
}

/* What a run tells beside its orders. */
static void tell_rest(struct teller *teller)
{
    int64_t ns = OPEN_NS + 90 * MINUTE;
    struct sj_order_report report = {.instrument = 1,
                                     .exch_ns = ns,
                                     .recv_ns = ns,
                                     .intent_id = 1,
                                     .price_e6 = SJ_NULL_E6,
                                     .kind = SJ_REPORT_LISTED,
                                     .source = SJ_REPORT_FROM_LIST,
                                     .broker_status = SJ_BROKER_FILLED};
    struct sj_control control = {.exch_ns = ns,
                                 .recv_ns = ns,
                                 .kind = SJ_CONTROL_KILL,
                                 .source = SJ_CONTROL_BY_COMMAND,
                                 .text = "lunch"};
    struct sj_account_snapshot account = {.exch_ns = ns,
                                          .recv_ns = ns,
                                          .account = 1,
                                          .cash_e6 = 1000000 * E6,
                                          .equity_e6 = SJ_NULL_E6,
                                          .fees_e6 = 140 * E6};
    struct sj_position_snapshot position = {.instrument = 2,
                                            .exch_ns = ns,
                                            .recv_ns = ns,
                                            .strategy = 2,
                                            .quantity = 4,
                                            .own_quantity = 4,
                                            .avg_price_e6 = 50212500,
                                            .last_price_e6 = SJ_NULL_E6,
                                            .pnl_e6 = -E6};
    struct sj_strategy_stats stats = {.exch_ns = ns,
                                      .recv_ns = ns,
                                      .strategy = 2,
                                      .armed = 1,
                                      .event_count = 1000,
                                      .intent_count = 5,
                                      .refused_count = 3,
                                      .order_count = 2,
                                      .fill_count = 2,
                                      .p50_ns = 90,
                                      .realized_pnl_e6 = SJ_NULL_E6,
                                      .name = "micro-alpha"};
    tell(teller, &report, SJ_EVENT_ORDER_REPORT, sizeof(report));
    tell(teller, &control, SJ_EVENT_CONTROL, sizeof(control));
    tell(teller, &account, SJ_EVENT_ACCOUNT, sizeof(account));
    tell(teller, &position, SJ_EVENT_POSITION, sizeof(position));
    tell(teller, &stats, SJ_EVENT_STATS, sizeof(stats));
}

int trading_events(trading_function *take, void *context)
{
    struct teller teller = {.take = take, .context = context};
    for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++)
        tell_story(&teller, &stories[i], i + 1);
    tell_rest(&teller);
    return teller.result < 0 ? teller.result : (int)teller.seq;
}
