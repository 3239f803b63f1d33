#include "day_world.h"

#include "journal/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct act script[SCRIPT_MAX];
uint32_t script_count;
struct seen seen;

/* --- the strategy --- */

struct state {
    struct sj_strategy_host *host;
    const struct sj_strategy_api *api;
    uint32_t next;
    uint64_t ids[SCRIPT_MAX];
};

static sj_rc scripted_init(void *state, const struct sj_strategy_init *init,
                           char error[SJ_STRATEGY_ERROR_MAX])
{
    struct state *self = state;
    (void)error;
    self->host = init->host;
    self->api = init->api;
    if (script_count)
        self->api->timer(self->host, script[0].at_ns);
    return 0;
}

static void look_at_time(const struct state *self)
{
    int64_t now_ns = self->api->now_ns(self->host);
    seen.backwards |= now_ns < seen.last_ns;
    seen.last_ns = now_ns;
}

static void scripted_event(void *state, const struct sj_frame *event)
{
    struct state *self = state;
    const struct sj_trade *any = (const struct sj_trade *)(const void *)event;
    look_at_time(self);
    seen.events++;
    seen.gaps += event->template_id == SJ_EVENT_GAP;
    seen.early += any->recv_ns > self->api->now_ns(self->host);
}

static void scripted_order(void *state, const struct sj_strategy_report *report)
{
    struct state *self = state;
    look_at_time(self);
    seen.fills += report->news == SJ_NEWS_FILL;
    seen.position = self->api->position(self->host, report->instrument);
    if (report->state == SJ_ORDER_REJECTED || report->state == SJ_ORDER_REFUSED) {
        seen.rejected++;
        snprintf(seen.reason, sizeof seen.reason, "%s", report->reason);
    }
}

static void scripted_timer(void *state, int64_t now_ns)
{
    struct state *self = state;
    look_at_time(self);
    while (self->next < script_count && script[self->next].at_ns <= now_ns) {
        const struct act *one = &script[self->next];
        uint64_t *id = &self->ids[self->next++];
        if (one->cancels && one->reprice_e6)
            (void)self->api->change_price(self->host, self->ids[one->cancels - 1], one->reprice_e6);
        else if (one->cancels)
            (void)self->api->cancel(self->host, self->ids[one->cancels - 1]);
        else
            *id = self->api->place(self->host, &one->order);
    }
    if (self->next < script_count)
        self->api->timer(self->host, script[self->next].at_ns);
}

const struct sj_strategy_plugin scripted = {.abi = SJ_STRATEGY_ABI,
                                            .size = sizeof scripted,
                                            .name = "scripted",
                                            .text = "does what a test says",
                                            .state_size = sizeof(struct state),
                                            .events = SJ_ON_MARKET | SJ_ON_SESSIONS,
                                            .init = scripted_init,
                                            .on_event = scripted_event,
                                            .on_order = scripted_order,
                                            .on_timer = scripted_timer};

void act(struct act one)
{
    assert_true(script_count < SCRIPT_MAX);
    script[script_count++] = one;
}

struct act limit_order(int64_t at_ns, uint32_t id, enum sj_side side, uint32_t quantity,
                       int64_t price_e6)
{
    return (struct act){.at_ns = at_ns,
                        .order = {.instrument = id,
                                  .quantity = quantity,
                                  .price_e6 = price_e6,
                                  .side = (uint8_t)side,
                                  .price_type = SJ_ORDER_LMT,
                                  .time_in_force = SJ_ORDER_ROD}};
}

/* --- what a run tells --- */

static void on_fill(void *context, const struct sj_bt_fill_row *row)
{
    struct world *world = context;
    if (world->fill_count < FILLS_MAX)
        world->fills[world->fill_count] = *row;
    world->fill_count++;
}

static void on_order(void *context, const struct sj_bt_order_row *row)
{
    struct world *world = context;
    world->expired += row->what == SJ_BT_EXPIRY;
    world->refused += row->what == SJ_BT_REFUSED;
    world->cancelled += row->what == SJ_BT_CANCELLATION;
}

static void on_sample(void *context, const struct sj_bt_sample_row *row)
{
    ((struct world *)context)->equity = row->equity;
}

static void on_event(void *context, const struct sj_frame *event)
{
    struct world *world = context;
    const uint8_t *bytes = (const uint8_t *)event;
    for (uint32_t i = 0; i < sj_frame_size(event); i++)
        world->digest = (world->digest ^ bytes[i]) * UINT64_C(0x100000001b3);
}

/* --- the journal --- */

static struct sj_journal *open_journal(const char *dir)
{
    static struct sj_journal_recovery recovery;
    const struct sj_journal_options options = {
        .dir = dir, .segment_size = 1 << 20, .reserve_size = 1};
    struct sj_journal *journal;
    assert_true(sj_journal_open(&options, &recovery, &journal) >= 0);
    return journal;
}

int day_setup(void **state)
{
    static const uint32_t traded[] = {STOCK, FUTURE};
    static const struct sj_strategy_instance instance = {
        .name = "scripted", .plugin = &scripted, .instruments = traded, .instrument_count = 2};
    struct world *world = calloc(1, sizeof *world);
    static const char *dirs[1];
    if (!world)
        return -1;
    snprintf(world->dir, sizeof world->dir, "/tmp/shijim-day-XXXXXX");
    if (!mkdtemp(world->dir))
        return -1;
    world->journal = open_journal(world->dir);
    dirs[0] = world->dir;
    world->options = (struct sj_bt_options){.journals = dirs,
                                            .journal_count = 1,
                                            .queue = {SJ_BT_RISK_AVERSE, 2},
                                            .partial = true,
                                            .order_latency_ns = MS,
                                            .report_latency_ns = MS,
                                            .feed_latency_ns = -1,
                                            .sample_ns = 1000 * MS,
                                            .strategies = &instance,
                                            .strategy_count = 1,
                                            .sink = {.context = world,
                                                     .fill = on_fill,
                                                     .order = on_order,
                                                     .sample = on_sample,
                                                     .event = on_event}};
    script_count = 0;
    put_definition(world, STOCK, AT(8, 0, 0));
    put_definition(world, FUTURE, AT(8, 0, 0));
    put_definition(world, OTHER, AT(8, 0, 0));
    *state = world;
    return 0;
}

int day_teardown(void **state)
{
    struct world *world = *state;
    char command[160];
    close_journal(world);
    snprintf(command, sizeof command, "rm -rf %s", world->dir);
    int failed = system(command);
    free(world);
    return failed;
}

void close_journal(struct world *world)
{
    if (world->journal)
        assert_true(sj_journal_close(world->journal) >= 0);
    world->journal = NULL;
}

void put(struct world *world, uint32_t src, void *frame, int64_t exch_ns, int64_t recv_ns)
{
    struct sj_trade *any = frame;
    any->exch_ns = exch_ns;
    any->recv_ns = recv_ns;
    any->seq = ++world->seq[src];
    assert_true(sj_journal_append(world->journal, src, frame, sj_frame_size(frame), 1) >= 0);
}

void put_definition(struct world *world, uint32_t id, int64_t now_ns)
{
    static const char *const codes[] = {"", "2330", "TXFL6", "2317"};
    bool future = id == FUTURE;
    struct sj_instrument one = {.instrument = id,
                                .exchange = future ? SJ_EXCHANGE_TAIFEX : SJ_EXCHANGE_TSE,
                                .security = future ? SJ_SECURITY_FUT : SJ_SECURITY_STK,
                                .update_date = 20261124,
                                .delivery_date = future ? 20261216 : 0,
                                .reference_e6 = future ? 20000 * E6 : 100 * E6,
                                .limit_up_e6 = future ? 22000 * E6 : 110 * E6,
                                .limit_down_e6 = future ? 18000 * E6 : 90 * E6,
                                .strike_e6 = SJ_NULL_E6,
                                .multiplier_e6 = future ? 200 * E6 : SJ_NULL_E6,
                                .tick_e6 = future ? E6 : SJ_NULL_E6,
                                .unit = future ? 1 : 1000};
    snprintf(one.code, sizeof one.code, "%s", codes[id]);
    if (future)
        memcpy(one.root, "TXF", 3);
    sj_frame_head(&one, SJ_EVENT_INSTRUMENT, sizeof one);
    put(world, 1, &one, now_ns, now_ns);
}

void put_trade(struct world *world, uint32_t id, int64_t at_ns, int64_t price_e6, uint32_t volume,
               uint32_t flags)
{
    struct sj_trade one = {.instrument = id,
                           .flags = flags,
                           .price_e6 = price_e6,
                           .volume = volume,
                           .total_volume = SJ_NULL_I64};
    sj_frame_head(&one, SJ_EVENT_TRADE, sizeof one);
    put(world, 1, &one, at_ns, at_ns + 5 * MS);
}

void put_book(struct world *world, uint32_t id, int64_t at_ns, int64_t bid_e6, uint32_t bids,
              int64_t ask_e6, uint32_t asks, uint32_t flags)
{
    struct sj_book one = {.instrument = id, .flags = flags, .level_count = {bids > 0, asks > 0}};
    for (unsigned i = 0; i < SJ_LEVELS; i++)
        one.bid_price_e6[i] = one.ask_price_e6[i] = SJ_NULL_E6;
    one.bid_price_e6[0] = bids ? bid_e6 : SJ_NULL_E6;
    one.ask_price_e6[0] = asks ? ask_e6 : SJ_NULL_E6;
    one.bid_volume[0] = bids;
    one.ask_volume[0] = asks;
    sj_frame_head(&one, SJ_EVENT_BOOK, sizeof one);
    put(world, 1, &one, at_ns, at_ns + 5 * MS);
}

sj_rc run_day(struct world *world)
{
    close_journal(world);
    memset(&seen, 0, sizeof seen);
    world->fill_count = world->expired = world->refused = world->cancelled = 0;
    world->digest = UINT64_C(0xcbf29ce484222325);
    world->equity = 0;
    sj_rc rc = sj_bt_run(&world->options, &world->result, world->error);
    if (rc < 0)
        print_message("%s\n", world->error);
    assert_false(seen.backwards);
    assert_int_equal(seen.early, 0);
    return rc;
}
