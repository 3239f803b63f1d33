/* What strategies may ask for, and what they are told. */
#include "stage.h"
#include "suites.h"

static struct stage *stage;

static int open_stage(void **state)
{
    (void)state;
    stage = stage_open(false);
    return 0;
}

static int close_stage(void **state)
{
    (void)state;
    stage_close(stage);
    return 0;
}

static const struct sj_strategy_order plain = {.instrument = STOCK,
                                               .quantity = 4,
                                               .price_e6 = 1000000000,
                                               .side = SJ_SIDE_BUY,
                                               .price_type = SJ_ORDER_LMT,
                                               .time_in_force = SJ_ORDER_ROD};

/* Runs `act` once, in the next event, and keeps the reports. */
struct actor {
    void (*act)(struct probe_state *self, struct actor *actor);
    struct sj_strategy_order order;
    uint64_t id, target;
    uint32_t report_count;
    struct sj_strategy_report reports[64];
    char reasons[64][32];
    bool in_call, told_in_call;
};

static void actor_event(struct probe_state *self, const struct sj_frame *event, void *context)
{
    struct actor *actor = context;
    (void)event;
    actor->in_call = true;
    if (actor->act)
        actor->act(self, actor);
    actor->in_call = false;
}

static void actor_order(struct probe_state *self, const struct sj_strategy_report *report,
                        void *context)
{
    struct actor *actor = context;
    (void)self;
    actor->told_in_call |= actor->in_call;
    if (actor->report_count == 64)
        return;
    snprintf(actor->reasons[actor->report_count], 32, "%s", report->reason);
    actor->reports[actor->report_count++] = *report;
}

static struct probe_hooks actor_hooks(struct actor *actor)
{
    return (struct probe_hooks){actor, NULL, actor_event, actor_order, NULL};
}

static void act_place(struct probe_state *self, struct actor *actor)
{
    actor->id = self->api->place(self->host, &actor->order);
}

static void act_cancel(struct probe_state *self, struct actor *actor)
{
    actor->id = self->api->cancel(self->host, actor->target);
}

static void act_price(struct probe_state *self, struct actor *actor)
{
    actor->id = self->api->change_price(self->host, actor->target, actor->order.price_e6);
}

static void act_quantity(struct probe_state *self, struct actor *actor)
{
    actor->id = self->api->change_quantity(self->host, actor->target, actor->order.quantity);
}

static void tick(void)
{
    stage_book(stage, STOCK, 1000, 5, 1005, 7);
}

static void nonsense_is_refused_by_name_and_disarms_in_the_end(void **state)
{
    (void)state;
#define WITH(member, value)                                                                        \
    offsetof(struct sj_strategy_order, member), sizeof plain.member, (int64_t)(value)
    static const struct {
        size_t offset, size;
        int64_t value;
        enum sj_nonsense nonsense;
    } cases[] = {
        {WITH(price_e6, SJ_NULL_E6), SJ_NONSENSE_NULL_PRICE},
        {WITH(price_e6, -1), SJ_NONSENSE_NEGATIVE_PRICE},
        {WITH(price_e6, 0), SJ_NONSENSE_NEGATIVE_PRICE},
        {WITH(price_e6, INT64_MAX), SJ_NONSENSE_HUGE_PRICE},
        {WITH(quantity, 0), SJ_NONSENSE_ZERO_QUANTITY},
        {WITH(quantity, 1000001), SJ_NONSENSE_HUGE_QUANTITY},
        {WITH(quantity, UINT32_MAX), SJ_NONSENSE_HUGE_QUANTITY},
        {WITH(instrument, 0), SJ_NONSENSE_UNKNOWN_INSTRUMENT},
        {WITH(instrument, UINT32_MAX), SJ_NONSENSE_UNKNOWN_INSTRUMENT},
        {WITH(instrument, FUTURE), SJ_NONSENSE_FOREIGN_INSTRUMENT},
        {WITH(side, 0), SJ_NONSENSE_BAD_SIDE},
        {WITH(side, 3), SJ_NONSENSE_BAD_SIDE},
        {WITH(price_type, 0), SJ_NONSENSE_BAD_PRICE_TYPE},
        {WITH(time_in_force, 99), SJ_NONSENSE_BAD_TIME_IN_FORCE},
        {WITH(cond, 4), SJ_NONSENSE_BAD_ENUM},
        {WITH(lot, 5), SJ_NONSENSE_BAD_ENUM},
        {WITH(octype, 4), SJ_NONSENSE_BAD_ENUM},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[16];
        struct actor actor = {.act = act_place, .order = plain};
        struct probe_hooks hooks = actor_hooks(&actor);
        struct sj_strategy_status status;
        snprintf(name, sizeof name, "n%zu", i);
        memcpy((char *)&actor.order + cases[i].offset, &cases[i].value, cases[i].size);
        uint32_t number = stage_probe(stage, name, &hooks);
        for (int round = 0; round < 12; round++)
            tick();
        assert_int_equal(actor.id, 0);
        assert_int_equal(sj_strategies_status(stage->s, number, &status), 0);
        if (status.nonsense_count[cases[i].nonsense] != 10)
            fail_msg("case %zu: %s was not counted ten times (%s)", i,
                     sj_nonsense_name(cases[i].nonsense), stage->log);
        assert_false(status.armed);
        assert_int_equal(status.event_count, 10);
        assert_int_equal(stage->controls[0].source, SJ_CONTROL_BY_PROCESS);
        assert_non_null(strstr(stage->controls[0].text, sj_nonsense_name(cases[i].nonsense)));
        stage->control_count = 0;
    }
    assert_int_equal(stage_new_intents(stage, NULL), 0);
}

static void a_spread_may_have_a_negative_price(void **state)
{
    (void)state;
    struct actor actor = {.act = act_place, .order = plain};
    struct probe_hooks hooks = actor_hooks(&actor);
    char text[64];
    snprintf(text, sizeof text, "hooks=%llu", (unsigned long long)(uintptr_t)&hooks);
    stage_add(stage, "spread", PROBE, SPREAD, (const char *const[]){text, NULL});
    actor.order.instrument = SPREAD;
    actor.order.price_e6 = -5000000;
    stage_book(stage, SPREAD, 1, 5, 2, 7);
    assert_int_not_equal(actor.id, 0);
}

static void an_order_of_another_strategy_cannot_be_touched(void **state)
{
    (void)state;
    struct actor owner = {.act = act_place, .order = plain}, thief = {.act = act_cancel};
    struct probe_hooks owner_hooks = actor_hooks(&owner), thief_hooks = actor_hooks(&thief);
    struct sj_strategy_status status;
    stage_probe(stage, "owner", &owner_hooks);
    uint32_t number = stage_probe(stage, "thief", &thief_hooks);
    thief.target = 1;
    tick();
    assert_int_equal(owner.id, 1);
    assert_int_equal(thief.id, 0);
    assert_int_equal(sj_strategies_status(stage->s, number, &status), 0);
    assert_int_equal(status.nonsense_count[SJ_NONSENSE_FOREIGN_ORDER], 1);
}

static void act_flood(struct probe_state *self, struct actor *actor)
{
    for (int i = 0; i < 70; i++)
        actor->target += self->api->place(self->host, &actor->order) != 0;
}

static void intents_of_one_turn_are_bounded(void **state)
{
    (void)state;
    struct actor actor = {.act = act_flood, .order = plain};
    struct probe_hooks hooks = actor_hooks(&actor);
    uint32_t number = stage_probe(stage, "flood", &hooks);
    tick();
    assert_int_equal(actor.target, 64);
    assert_true(stage_armed(stage, number));
    tick();
    assert_int_equal(actor.target, 128);
    assert_false(stage_armed(stage, number));
}

static void resend(struct probe_state *self, const struct sj_strategy_report *report, void *context)
{
    struct actor *actor = context;
    (void)report;
    actor->report_count++;
    self->api->place(self->host, &actor->order);
}

static void a_refusal_answered_by_the_same_order_ends(void **state)
{
    (void)state;
    struct actor actor = {.act = act_place, .order = plain};
    struct probe_hooks hooks = actor_hooks(&actor);
    hooks.on_order = resend;
    stage->refuse = "price_collar";
    uint32_t number = stage_probe(stage, "stubborn", &hooks);
    tick();
    assert_int_equal(actor.report_count, 64);
    assert_int_equal(stage->intent_count, 64);
    (void)number;
}

static void a_refusal_is_told_after_the_call_with_the_checks_name(void **state)
{
    (void)state;
    struct actor actor = {.act = act_place, .order = plain};
    struct probe_hooks hooks = actor_hooks(&actor);
    struct sj_strategy_stats stats;
    stage->refuse = "price_collar";
    uint32_t number = stage_probe(stage, "one", &hooks);
    tick();
    assert_int_equal(actor.report_count, 1);
    assert_false(actor.told_in_call);
    assert_int_equal(actor.reports[0].intent_id, actor.id);
    assert_int_equal(actor.reports[0].news, SJ_NEWS_STATE);
    assert_int_equal(actor.reports[0].state, SJ_ORDER_REFUSED);
    assert_int_equal(actor.reports[0].left, 0);
    assert_string_equal(actor.reasons[0], "price_collar");
    assert_int_equal(sj_strategies_stats(stage->s, number, 5, &stats), 0);
    assert_int_equal(stats.refused_count, 1);
    assert_int_equal(stats.intent_count, 1);
    assert_int_equal(stats.template_id, SJ_EVENT_STATS);
    assert_string_equal(stats.name, "one");
}

static void the_life_of_an_order_is_told(void **state)
{
    (void)state;
    struct actor actor = {.act = act_place, .order = plain};
    struct probe_hooks hooks = actor_hooks(&actor);
    const struct sj_strategy_report *r = actor.reports;
    uint32_t number = stage_probe(stage, "one", &hooks);
    tick();
    uint64_t id = actor.target = actor.id;
    stage_update(stage, id, SJ_ORDER_WORKING);
    assert_int_equal(actor.report_count, 1);
    assert_int_equal(r[0].news, SJ_NEWS_STATE);
    assert_int_equal(r[0].left, 4);
    stage_fill(stage, id, 1);
    assert_int_equal(r[1].news, SJ_NEWS_FILL);
    assert_int_equal(r[1].state, SJ_ORDER_PARTIAL);
    assert_int_equal(r[1].filled, 1);
    assert_int_equal(r[1].left, 3);
    assert_int_equal(r[1].fill_price_e6, plain.price_e6);
    stage_update(stage, id, SJ_ORDER_PARTIAL); /* nothing it does not know */
    assert_int_equal(actor.report_count, 2);
    actor.act = act_price;
    actor.order.price_e6 = E6(995);
    tick();
    assert_int_equal(stage->intents[1].kind, SJ_INTENT_PRICE);
    assert_int_equal(stage->intents[1].target_id, id);
    stage_changed(stage, id, SJ_ORDER_PARTIAL, E6(995), 4);
    assert_int_equal(r[2].news, SJ_NEWS_CHANGED);
    assert_int_equal(r[2].price_e6, E6(995));
    actor.act = act_quantity;
    actor.order.quantity = 3;
    tick();
    stage_verdict(stage, actor.id, "order_rate");
    assert_int_equal(r[3].news, SJ_NEWS_DENIED);
    assert_int_equal(r[3].intent_id, id);
    assert_string_equal(actor.reasons[3], "order_rate");
    actor.act = act_cancel;
    tick();
    stage_update(stage, id, SJ_ORDER_CANCELLING);
    stage_denied(stage, id, SJ_ORDER_PARTIAL, true);
    assert_int_equal(r[5].news, SJ_NEWS_DENIED);
    stage_update(stage, id, SJ_ORDER_CANCELLED);
    assert_int_equal(r[6].state, SJ_ORDER_CANCELLED);
    assert_int_equal(r[6].left, 0);
    stage_fill(stage, id, 1); /* a deal that was late */
    assert_int_equal(r[7].news, SJ_NEWS_FILL);
    assert_int_equal(r[7].state, SJ_ORDER_CANCELLED);
    assert_int_equal(r[7].filled, 2);
    assert_int_equal(actor.report_count, 8);
    assert_int_equal(sj_strategies_position(stage->s, number, STOCK), 2);
    /* A cancel of what has ended is no nonsense, and no intent. */
    uint32_t before = stage->intent_count;
    tick();
    assert_int_equal(actor.id, 0);
    assert_int_equal(stage->intent_count, before);
    assert_int_equal(sj_strategies_open_orders(stage->s, number, NULL, 0), 0);
}

static void quantities_change_only_down(void **state)
{
    (void)state;
    struct actor actor = {.act = act_place, .order = plain};
    struct probe_hooks hooks = actor_hooks(&actor);
    struct sj_strategy_status status;
    uint32_t number = stage_probe(stage, "one", &hooks);
    tick();
    actor.target = actor.id;
    actor.act = act_quantity;
    actor.order.quantity = 5;
    tick();
    assert_int_equal(actor.id, 0);
    actor.order.quantity = 3;
    tick();
    assert_int_not_equal(actor.id, 0);
    assert_int_equal(stage->intents[1].quantity, 3);
    assert_int_equal(sj_strategies_status(stage->s, number, &status), 0);
    assert_int_equal(status.nonsense_count[SJ_NONSENSE_HUGE_QUANTITY], 1);
}

static void an_intent_that_could_not_be_written_down_is_zero(void **state)
{
    (void)state;
    struct actor actor = {.act = act_place, .order = plain, .id = 77};
    struct probe_hooks hooks = actor_hooks(&actor);
    uint32_t number = stage_probe(stage, "one", &hooks);
    stage->no_room = true;
    tick();
    assert_int_equal(actor.id, 0);
    assert_true(stage_armed(stage, number));
    assert_int_equal(sj_strategies_open_orders(stage->s, number, NULL, 0), 0);
}

static struct {
    const struct sj_strategy_api *api;
    struct sj_strategy_host *host;
} asked;

static void act_ask(struct probe_state *self, struct actor *actor)
{
    (void)actor;
    asked.api = self->api;
    asked.host = self->host;
}

static int64_t step(uint32_t instrument, double price, int32_t steps)
{
    return asked.api->tick_step(asked.host, instrument, E6(price), steps);
}

static void ticks_follow_the_bands_and_end_at_the_limits(void **state)
{
    (void)state;
    struct actor actor = {.act = act_ask};
    struct probe_hooks hooks = actor_hooks(&actor);
    stage_probe(stage, "one", &hooks);
    tick();
    assert_int_equal(step(STOCK, 1000, 1), E6(1005));
    assert_int_equal(step(STOCK, 1000, -1), E6(999));
    assert_int_equal(step(STOCK, 998, 4), E6(1010));
    assert_int_equal(step(STOCK, 1010, -4), E6(998));
    assert_int_equal(step(STOCK, 999.5, 1), E6(1000));
    assert_int_equal(step(STOCK, 999.5, -1), E6(999));
    assert_int_equal(step(STOCK, 999.5, 0), E6(999));
    assert_int_equal(step(STOCK, 1095, 1), E6(1100));
    assert_int_equal(step(STOCK, 1100, 1), SJ_NULL_E6);
    assert_int_equal(step(STOCK, 900, -1), SJ_NULL_E6);
    assert_int_equal(step(STOCK, 1000, INT32_MAX), SJ_NULL_E6);
    assert_int_equal(step(STOCK, 1000, INT32_MIN), SJ_NULL_E6);
    assert_int_equal(asked.api->tick_step(asked.host, STOCK, SJ_NULL_E6, 1), SJ_NULL_E6);
    assert_int_equal(step(FUTURE, 20000, 7), E6(20007));
    assert_int_equal(asked.api->tick_step(asked.host, SPREAD, -5000000, -2), -7000000);
    assert_int_equal(step(99, 1, 1), SJ_NULL_E6);
    assert_int_equal(asked.api->find(asked.host, "TXFR1"), FUTURE);
    assert_int_equal(asked.api->find(asked.host, "nothing"), 0);
}

static void the_top_keeps_to_the_market_of_round_lots(void **state)
{
    (void)state;
    struct sj_trade odd = {.instrument = STOCK,
                           .flags = SJ_FLAG_ODD_LOT,
                           .price_e6 = E6(7),
                           .exch_ns = START,
                           .recv_ns = START};
    tick();
    const struct sj_top *top = sj_strategies_top(stage->s, STOCK);
    assert_int_equal(top->bid_e6, E6(1000));
    assert_int_equal(top->ask_volume, 7);
    assert_int_equal(top->last_e6, SJ_NULL_E6);
    stage_trade(stage, STOCK, 1005, 1, SJ_TICK_BUY);
    sj_frame_head(&odd, SJ_EVENT_TRADE, sizeof odd);
    sj_strategies_event(stage->s, (const struct sj_frame *)(const void *)&odd, START);
    assert_int_equal(top->last_e6, E6(1005));
    stage_book(stage, STOCK, 0, 0, 1005, 7);
    assert_int_equal(top->bid_e6, SJ_NULL_E6);
    assert_int_equal(sj_strategies_top(stage->s, FUTURE)->time_ns, 0);
}

static uint32_t fired[8], fired_count;

static void note_timer(struct probe_state *self, int64_t now_ns, void *context)
{
    (void)context;
    if (fired_count < 8)
        fired[fired_count++] = self->strategy;
    self->api->timer(self->host, now_ns); /* at once, again */
}

static void set_timer(struct probe_state *self, void *context)
{
    self->api->timer(self->host, *(const int64_t *)context);
}

static void timers_fire_by_time_then_number_each_once(void **state)
{
    (void)state;
    const int64_t at[3] = {START + 5, START + 3, START + 5};
    struct probe_hooks hooks[3];
    fired_count = 0;
    for (int i = 0; i < 3; i++) {
        char name[8];
        hooks[i] =
            (struct probe_hooks){(void *)(uintptr_t)&at[i], set_timer, NULL, NULL, note_timer};
        snprintf(name, sizeof name, "t%d", i);
        stage_probe(stage, name, &hooks[i]);
    }
    assert_int_equal(sj_strategies_next_timer(stage->s), START + 3);
    assert_int_equal(sj_strategies_time(stage->s, START + 2), 0);
    assert_int_equal(sj_strategies_time(stage->s, START + 9), 3);
    assert_int_equal(fired_count, 3);
    assert_int_equal(fired[0], 2);
    assert_int_equal(fired[1], 1);
    assert_int_equal(fired[2], 3);
    assert_int_equal(sj_strategies_next_timer(stage->s), START + 9);
}

int api_tests(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)
    const struct CMUnitTest tests[] = {
        T(nonsense_is_refused_by_name_and_disarms_in_the_end),
        T(a_spread_may_have_a_negative_price),
        T(an_order_of_another_strategy_cannot_be_touched),
        T(intents_of_one_turn_are_bounded),
        T(a_refusal_answered_by_the_same_order_ends),
        T(a_refusal_is_told_after_the_call_with_the_checks_name),
        T(the_life_of_an_order_is_told),
        T(quantities_change_only_down),
        T(an_intent_that_could_not_be_written_down_is_zero),
        T(ticks_follow_the_bands_and_end_at_the_limits),
        T(the_top_keeps_to_the_market_of_round_lots),
        T(timers_fire_by_time_then_number_each_once),
    };
#undef T
    return cmocka_run_group_tests_name("api", tests, NULL, NULL);
}
