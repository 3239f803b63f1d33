/* What outlives a restart, and blobs that are not what was saved. */
#include "stage.h"
#include "suites.h"

#include "base/crc32c.h"

#define BLOB_MAX (2u << 20)

static uint8_t blob[BLOB_MAX];
static uint32_t mm, probe;
static struct probe_hooks no_hooks;

static void keep_one_more(struct probe_state *self, const struct sj_frame *event, void *context)
{
    (void)event;
    (void)context;
    self->kept++;
    self->api->timer(self->host, START + 77 * SECOND);
}

static uint64_t kept_now;

static void tell_kept(struct probe_state *self, int64_t now_ns, void *context)
{
    (void)now_ns;
    (void)context;
    kept_now = self->kept;
}

static struct stage *open_two(void)
{
    struct stage *stage = stage_open(true);
    mm = stage_add(stage, "mm", "market_maker", FUTURE, (const char *const[]){"cap=3", NULL});
    no_hooks = (struct probe_hooks){NULL, NULL, keep_one_more, NULL, tell_kept};
    probe = stage_probe(stage, "probe", &no_hooks);
    return stage;
}

/* A day in which both have done something; saved into blob. */
static size_t save_a_day(uint64_t *ret_bid, uint64_t *ret_ask)
{
    struct stage *stage = open_two();
    const struct sj_intent *intents;
    stage_book(stage, FUTURE, 20000, 5, 20002, 5);
    stage_wait(stage, 0);
    assert_int_equal(stage_new_intents(stage, &intents), 2);
    *ret_bid = intents[0].intent_id;
    *ret_ask = intents[1].intent_id;
    stage_update(stage, *ret_bid, SJ_ORDER_WORKING);
    stage_update(stage, *ret_ask, SJ_ORDER_WORKING);
    stage_fill(stage, *ret_bid, 1);
    stage_wait(stage, 500 * MS); /* the bid anew, and the ask a tick in front */
    assert_int_equal(stage_new_intents(stage, &intents), 2);
    *ret_bid = intents[0].intent_id;
    stage_book(stage, STOCK, 1000, 5, 1005, 5);
    stage_book(stage, STOCK, 1000, 6, 1005, 5);
    assert_true(sj_strategies_save_size(stage->s) <= BLOB_MAX);
    sj_rc size = sj_strategies_save(stage->s, blob, sizeof blob);
    assert_true(size > 0 && (size_t)size <= sj_strategies_save_size(stage->s));
    assert_int_equal(sj_strategies_save(stage->s, blob, 64), -SJ_E_LIMIT);
    assert_int_equal(sj_strategies_save(stage->s, blob, sizeof blob), size);
    stage_close(stage);
    return (size_t)size;
}

static void positions_orders_timers_and_states_come_back(void **state)
{
    (void)state;
    char error[SJ_STRATEGIES_ERROR_MAX] = "";
    uint64_t bid, ask;
    size_t size = save_a_day(&bid, &ask);
    struct stage *stage = open_two();
    stage->next_id = 100; /* ids go on over runs */
    if (sj_strategies_restore(stage->s, blob, size, stage->now_ns, error) < 0)
        fail_msg("%s", error);
    assert_int_equal(sj_strategies_position(stage->s, mm, FUTURE), 1);
    assert_int_equal(sj_strategies_open_orders(stage->s, mm, NULL, 0), 2);
    kept_now = 0;
    stage->now_ns = START + 77 * SECOND;
    sj_strategies_time(stage->s, stage->now_ns);
    assert_int_equal(kept_now, 2);
    /* The market maker knows its quotes: it does not put up others beside them. */
    stage_book(stage, FUTURE, 20000, 5, 20002, 5);
    stage_wait(stage, 5 * SECOND);
    const struct sj_intent *intents;
    uint32_t count = stage_new_intents(stage, &intents);
    for (uint32_t i = 0; i < count; i++)
        assert_int_not_equal(intents[i].kind, SJ_INTENT_PLACE);
    /* And its reports still find it. */
    struct sj_fill fill = {.instrument = FUTURE,
                           .intent_id = ask,
                           .price_e6 = E6(20002),
                           .quantity = 1,
                           .side = SJ_SIDE_SELL};
    sj_frame_head(&fill, SJ_EVENT_FILL, sizeof fill);
    sj_strategies_order(stage->s, (const struct sj_frame *)(const void *)&fill, stage->now_ns);
    assert_int_equal(sj_strategies_position(stage->s, mm, FUTURE), 0);
    stage_close(stage);
}

static void send_intent_of_before(struct stage *stage, uint64_t id)
{
    struct sj_intent intent = {.instrument = FUTURE,
                               .intent_id = id,
                               .price_e6 = E6(19990),
                               .quantity = 1,
                               .strategy = mm,
                               .kind = SJ_INTENT_PLACE,
                               .side = SJ_SIDE_BUY};
    sj_frame_head(&intent, SJ_EVENT_INTENT, sizeof intent);
    sj_strategies_restore_event(stage->s, (const struct sj_frame *)(const void *)&intent, START);
}

static void an_order_placed_after_the_last_save_is_found_and_cancelled(void **state)
{
    (void)state;
    struct stage *stage = open_two();
    const struct sj_intent *intents;
    struct sj_fill fill = {.instrument = FUTURE,
                           .intent_id = 91,
                           .price_e6 = E6(19990),
                           .quantity = 1,
                           .strategy = mm,
                           .side = SJ_SIDE_BUY};
    struct sj_order_update update = {.intent_id = 92,
                                     .price_e6 = E6(19990),
                                     .quantity = 1,
                                     .strategy = mm,
                                     .state_to = SJ_ORDER_WORKING};
    stage->next_id = 100;
    send_intent_of_before(stage, 91);
    send_intent_of_before(stage, 92);
    send_intent_of_before(stage, 93);
    assert_int_equal(sj_strategies_open_orders(stage->s, mm, NULL, 0), 0);
    sj_frame_head(&fill, SJ_EVENT_FILL, sizeof fill);
    sj_frame_head(&update, SJ_EVENT_ORDER, sizeof update);
    sj_strategies_restore_event(stage->s, (const struct sj_frame *)(const void *)&fill, START);
    sj_strategies_restore_event(stage->s, (const struct sj_frame *)(const void *)&update, START);
    assert_int_equal(stage_new_intents(stage, NULL), 0); /* nothing is sent while restoring */
    assert_int_equal(sj_strategies_position(stage->s, mm, FUTURE), 1);
    assert_int_equal(sj_strategies_open_orders(stage->s, mm, NULL, 0), 1);
    /* The broker's list: one is at work, of one nobody knows. */
    update.state_to = SJ_ORDER_UNKNOWN;
    sj_strategies_order(stage->s, (const struct sj_frame *)(const void *)&update, START);
    update.state_to = SJ_ORDER_WORKING;
    sj_strategies_order(stage->s, (const struct sj_frame *)(const void *)&update, START);
    assert_int_equal(stage_new_intents(stage, &intents), 1);
    assert_int_equal(intents[0].kind, SJ_INTENT_CANCEL);
    assert_int_equal(intents[0].target_id, 92);
    stage_close(stage);
}

static void refuse(size_t size, sj_rc want, const char *tells)
{
    char error[SJ_STRATEGIES_ERROR_MAX] = "";
    struct stage *stage = open_two();
    sj_rc rc = sj_strategies_restore(stage->s, blob, size, stage->now_ns, error);
    if (rc != want || !strstr(error, tells))
        fail_msg("%d \"%s\", not %d \"%s\"", rc, error, want, tells);
    assert_int_equal(sj_strategies_position(stage->s, mm, FUTURE), 0);
    assert_int_equal(sj_strategies_open_orders(stage->s, mm, NULL, 0), 0);
    assert_true(stage_armed(stage, mm));
    stage_close(stage);
}

/* Makes the checksum right again, so that what is behind it is read. */
static void seal(size_t size)
{
    uint32_t crc = sj_crc32c(0, blob + 16, size - 16);
    memcpy(blob + 12, &crc, 4);
}

static void what_is_not_a_blob_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    uint64_t bid, ask;
    size_t size = save_a_day(&bid, &ask);
    refuse(0, -SJ_E_CORRUPT, "this is not what was saved");
    refuse(size - 8, -SJ_E_CORRUPT, "the bytes are not what was written");
    blob[size - 1] ^= 1;
    refuse(size, -SJ_E_CORRUPT, "the bytes are not what was written");
    blob[size - 1] ^= 1;
    blob[8] = 9;
    refuse(size, -SJ_E_LAYOUT, "version 9");
    blob[8] = 1;
    blob[32] = 'x'; /* the first strategy's name */
    seal(size);
    refuse(size, -SJ_E_UNKNOWN, "there is no strategy \"xm\" any more");
    blob[32] = 'm';
}

static void a_strategy_that_does_not_take_its_state_back_begins_anew_alone(void **state)
{
    (void)state;
    char error[SJ_STRATEGIES_ERROR_MAX] = "";
    uint64_t bid, ask, hostile = 666; /* the probe's own restore refuses it */
    size_t size = save_a_day(&bid, &ask);
    struct stage *stage = open_two();
    memcpy(blob + size - 8, &hostile, 8);
    seal(size);
    assert_int_equal(sj_strategies_restore(stage->s, blob, size, stage->now_ns, error), 0);
    kept_now = 7;
    stage->now_ns = START + 77 * SECOND;
    sj_strategies_time(stage->s, stage->now_ns);
    assert_int_equal(kept_now, 7); /* its timer is not the old one either */
    assert_int_equal(sj_strategies_position(stage->s, mm, FUTURE), 1);
    assert_int_equal(sj_strategies_open_orders(stage->s, mm, NULL, 0), 2);
    assert_true(stage_armed(stage, mm) && stage_armed(stage, probe));
    stage_close(stage);
}

/* The market maker was removed, the probe is the first now, and then the maker comes back. */
static void orders_and_positions_stay_under_a_name_that_is_removed_and_comes_back(void **state)
{
    (void)state;
    char error[SJ_STRATEGIES_ERROR_MAX] = "";
    struct sj_strategy_status status;
    uint64_t bid, ask;
    uint32_t retired;
    size_t size = save_a_day(&bid, &ask);
    struct stage *stage = stage_open(true);
    probe = stage_probe(stage, "probe", &no_hooks);
    assert_int_equal(sj_strategies_add_retired(stage->s, "mm", error, &retired), 0);
    if (sj_strategies_restore(stage->s, blob, size, START, error) < 0)
        fail_msg("%s", error);
    assert_int_equal(sj_strategies_position(stage->s, retired, FUTURE), 1);
    assert_int_equal(sj_strategies_open_orders(stage->s, retired, NULL, 0), 2);
    assert_int_equal(sj_strategies_status(stage->s, retired, &status), 0);
    assert_true(status.retired && !status.armed);
    assert_int_equal(sj_strategies_arm(stage->s, retired, START, error), -SJ_E_REFUSED);
    /* Its orders are followed. */
    struct sj_fill fill = {.instrument = FUTURE,
                           .intent_id = ask,
                           .price_e6 = E6(20002),
                           .quantity = 1,
                           .side = SJ_SIDE_SELL};
    sj_frame_head(&fill, SJ_EVENT_FILL, sizeof fill);
    sj_strategies_order(stage->s, (const struct sj_frame *)(const void *)&fill, START);
    assert_int_equal(sj_strategies_position(stage->s, retired, FUTURE), 0);
    assert_int_equal(sj_strategies_open_orders(stage->s, retired, NULL, 0), 1);
    sj_rc again = sj_strategies_save(stage->s, blob, sizeof blob);
    assert_true(again > 0);
    stage_close(stage);
    stage = open_two();
    assert_int_equal(sj_strategies_restore(stage->s, blob, (size_t)again, START, error), 0);
    assert_int_equal(sj_strategies_open_orders(stage->s, mm, NULL, 0), 1);
    assert_true(stage_armed(stage, mm));
    stage_close(stage);
}

/* With a right checksum, anything else may be in it: it is refused or taken, and nothing breaks. */
static void hostile_blobs_do_no_harm(void **state)
{
    (void)state;
    static uint8_t good[BLOB_MAX];
    uint64_t seed = sj_test_seed(), bid, ask;
    size_t size = save_a_day(&bid, &ask);
    uint32_t refused = 0;
    memcpy(good, blob, size);
    struct stage *stage = open_two();
    for (int round = 0; round < 20000; round++) {
        char error[SJ_STRATEGIES_ERROR_MAX];
        memcpy(blob, good, size);
        uint32_t changes = 1 + (uint32_t)(sj_test_random(&seed) % 4);
        for (uint32_t i = 0; i < changes; i++)
            blob[16 + sj_test_random(&seed) % (size - 16)] = (uint8_t)sj_test_random(&seed);
        seal(size);
        refused += sj_strategies_restore(stage->s, blob, size, stage->now_ns, error) < 0;
        stage->now_ns += SECOND;
        stage_book(stage, FUTURE, 20000, 5, 20002, 5);
        sj_strategies_time(stage->s, stage->now_ns);
    }
    assert_true(refused > 1000 && refused < 20000);
    stage_close(stage);
}

int save_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positions_orders_timers_and_states_come_back),
        cmocka_unit_test(an_order_placed_after_the_last_save_is_found_and_cancelled),
        cmocka_unit_test(what_is_not_a_blob_is_refused_and_changes_nothing),
        cmocka_unit_test(a_strategy_that_does_not_take_its_state_back_begins_anew_alone),
        cmocka_unit_test(orders_and_positions_stay_under_a_name_that_is_removed_and_comes_back),
        cmocka_unit_test(hostile_blobs_do_no_harm),
    };
    return cmocka_run_group_tests_name("save", tests, NULL, NULL);
}
