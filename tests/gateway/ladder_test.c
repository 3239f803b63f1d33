#include "gateway_suites.h"

#include "base/clock.h"
#include "gateway/ladder.h"

#define S SJ_NS_PER_S

static struct sj_ladder new_ladder(bool login, bool restart)
{
    struct sj_ladder ladder;
    struct sj_ladder_options options = {.has_login = login,
                                        .has_restart = restart,
                                        .watch_ns = 10 * S,
                                        .backoff_min_ns = S,
                                        .backoff_max_ns = 60 * S,
                                        .seed = 1};
    sj_ladder_init(&ladder, &options);
    return ladder;
}

static void ladder_climbs_rung_by_rung_and_gives_each_its_time(void **state)
{
    (void)state;
    struct sj_ladder ladder = new_ladder(true, true);
    int64_t now = 100 * S;
    assert_int_equal(sj_ladder_poll(&ladder, now), SJ_RUNG_NONE);
    sj_ladder_fault(&ladder, now, SJ_RUNG_RESUBSCRIBE, SJ_RUNG_RESTART);
    for (uint32_t rung = SJ_RUNG_RESUBSCRIBE; rung <= SJ_RUNG_RESTART; rung++) {
        assert_int_equal(sj_ladder_poll(&ladder, now), rung);
        assert_int_equal(sj_ladder_poll(&ladder, now), SJ_RUNG_NONE); /* one at a time */
        sj_ladder_done(&ladder, now, true);
        assert_int_equal(sj_ladder_poll(&ladder, now + 10 * S - 1), SJ_RUNG_NONE);
        now += 10 * S;
    }
    /* From the top it starts at the new stream again, after a wait. */
    enum sj_rung next = SJ_RUNG_NONE;
    while (next == SJ_RUNG_NONE)
        next = sj_ladder_poll(&ladder, now += S / 10);
    assert_int_equal(next, SJ_RUNG_STREAM);
    assert_int_equal(sj_ladder_data(&ladder, now), SJ_RUNG_STREAM);
    assert_int_equal(sj_ladder_data(&ladder, now), SJ_RUNG_NONE);
}

static void ladder_steps_over_rungs_that_are_not_there(void **state)
{
    (void)state;
    struct sj_ladder ladder = new_ladder(false, true);
    sj_ladder_fault(&ladder, 0, SJ_RUNG_STREAM, SJ_RUNG_RESTART);
    assert_int_equal(sj_ladder_poll(&ladder, 0), SJ_RUNG_STREAM);
    sj_ladder_done(&ladder, 0, true);
    assert_int_equal(sj_ladder_poll(&ladder, 10 * S), SJ_RUNG_RESTART);
    ladder = new_ladder(false, false);
    sj_ladder_fault(&ladder, 0, SJ_RUNG_LOGIN, SJ_RUNG_RESTART);
    assert_int_equal(sj_ladder_poll(&ladder, 0), SJ_RUNG_STREAM);
}

static void ladder_of_a_single_instrument_stays_below_its_highest(void **state)
{
    (void)state;
    struct sj_ladder ladder = new_ladder(true, true);
    sj_ladder_fault(&ladder, 0, SJ_RUNG_RESUBSCRIBE, SJ_RUNG_RESUBSCRIBE);
    for (int64_t now = 0, tried = 0; tried < 5; now += S / 10) {
        enum sj_rung rung = sj_ladder_poll(&ladder, now);
        if (rung == SJ_RUNG_NONE)
            continue;
        assert_int_equal(rung, SJ_RUNG_RESUBSCRIBE);
        sj_ladder_done(&ladder, now, true);
        tried++;
    }
}

static void ladder_waits_while_held(void **state)
{
    (void)state;
    struct sj_ladder ladder = new_ladder(true, true);
    sj_ladder_hold(&ladder, 65 * S);
    sj_ladder_fault(&ladder, 0, SJ_RUNG_LOGIN, SJ_RUNG_RESTART);
    assert_int_equal(sj_ladder_poll(&ladder, 65 * S - 1), SJ_RUNG_NONE);
    assert_int_equal(sj_ladder_poll(&ladder, 65 * S), SJ_RUNG_LOGIN);
}

/* A server that is down for an hour: how often is it asked, and is a login spent on every turn? */
static void ladder_backs_off_and_does_not_storm(void **state)
{
    (void)state;
    struct sj_ladder ladder = new_ladder(true, false);
    uint32_t streams = 0;
    uint32_t logins = 0;
    sj_ladder_fault(&ladder, 0, SJ_RUNG_STREAM, SJ_RUNG_RESTART);
    for (int64_t now = 0; now < 3600 * S; now += S / 100) {
        enum sj_rung rung = sj_ladder_poll(&ladder, now);
        if (rung == SJ_RUNG_NONE)
            continue;
        streams += rung == SJ_RUNG_STREAM;
        logins += rung == SJ_RUNG_LOGIN;
        sj_ladder_done(&ladder, now, false);
    }
    assert_in_range(streams + logins, 40, 400);
}

/* A server that accepts and hangs up at once is not asked in a loop. */
static void ladder_keeps_backing_off_when_a_cure_does_not_last(void **state)
{
    (void)state;
    struct sj_ladder ladder = new_ladder(false, false);
    uint32_t tries = 0;
    for (int64_t now = S; now < 600 * S; now += S / 1000) {
        sj_ladder_fault(&ladder, now, SJ_RUNG_STREAM, SJ_RUNG_RESTART);
        if (sj_ladder_poll(&ladder, now) == SJ_RUNG_NONE)
            continue;
        tries++;
        sj_ladder_done(&ladder, now, true);
        sj_ladder_data(&ladder, now);
    }
    assert_in_range(tries, 5, 300);
}

static void ladder_goes_up_at_once_when_a_fault_needs_more(void **state)
{
    (void)state;
    struct sj_ladder ladder = new_ladder(true, true);
    sj_ladder_fault(&ladder, 0, SJ_RUNG_RESUBSCRIBE, SJ_RUNG_RESTART);
    assert_int_equal(sj_ladder_poll(&ladder, 0), SJ_RUNG_RESUBSCRIBE);
    sj_ladder_done(&ladder, 0, true);
    sj_ladder_fault(&ladder, S, SJ_RUNG_STREAM, SJ_RUNG_RESTART);
    assert_int_equal(sj_ladder_poll(&ladder, S), SJ_RUNG_STREAM);
    sj_ladder_fault(&ladder, S, SJ_RUNG_RESUBSCRIBE, SJ_RUNG_RESTART); /* never down */
    sj_ladder_done(&ladder, S, true);
    assert_int_equal(ladder.rung, SJ_RUNG_STREAM);
}

int ladder_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ladder_climbs_rung_by_rung_and_gives_each_its_time),
        cmocka_unit_test(ladder_steps_over_rungs_that_are_not_there),
        cmocka_unit_test(ladder_of_a_single_instrument_stays_below_its_highest),
        cmocka_unit_test(ladder_waits_while_held),
        cmocka_unit_test(ladder_backs_off_and_does_not_storm),
        cmocka_unit_test(ladder_keeps_backing_off_when_a_cure_does_not_last),
        cmocka_unit_test(ladder_goes_up_at_once_when_a_fault_needs_more),
    };
    return cmocka_run_group_tests_name("ladder", tests, NULL, NULL);
}
