#include "groups.h"
#include "support.h"

#include "base/crc32c.h"
#include "base/rng.h"

#include <stdlib.h>

struct blob {
    uint8_t *bytes;
    size_t room, size;
};

static struct blob save(const struct sj_risk *risk)
{
    struct blob blob = {.room = sj_risk_save_size(risk)};
    blob.bytes = malloc(blob.room);
    assert_non_null(blob.bytes);
    sj_rc rc = sj_risk_save(risk, blob.bytes, blob.room);
    assert_true(rc > 0);
    blob.size = (size_t)rc;
    return blob;
}

/* A new risk in the bench's place, with the same settings. */
static void renew(struct bench *bench)
{
    char error[SJ_RISK_ERROR_MAX];
    struct sj_risk_options options = {.config = &bench->config,
                                      .instruments = bench->instruments,
                                      .rules = bench->rules,
                                      .instrument_max = 64,
                                      .ops = bench->ops};
    sj_risk_close(bench->risk);
    assert_int_equal(sj_risk_create(&options, error, &bench->risk), 0);
}

static void busy(struct bench *bench)
{
    bench_init(bench);
    bench->config.daily_loss_max = 1000000;
    bench->config.rate_side = 3;
    bench_start(bench);
    bench_account(bench, 0, 1000000, 2000000);
    bench_position(bench, FUTURE, 2);
    bench_book(bench, FUTURE, 19990, 19991);
    bench_accept(bench, STOCK, SJ_SIDE_BUY, 1, 600);
    bench_accept(bench, STOCK, SJ_SIDE_SELL, 2, 605);
    bench_control(bench, SJ_CONTROL_BLOCK, CHEAP, 0);
    bench_control(bench, SJ_CONTROL_DISARM, 0, 5);
}

static void a_restored_state_saves_to_the_same_bytes(void **state)
{
    (void)state;
    struct bench bench;
    busy(&bench);
    struct blob first = save(bench.risk);
    renew(&bench);
    assert_int_equal(sj_risk_restore(bench.risk, first.bytes, first.size), 0);
    struct blob second = save(bench.risk);
    assert_int_equal(first.size, second.size);
    struct sj_risk_status status;
    sj_risk_status(bench.risk, &status);
    assert_int_equal(status.pnl_e6, -9 * 2 * 200 * E6); /* bid 19999 to 19990 */
    assert_int_equal(status.open_count, 2);
    free(first.bytes);
    free(second.bytes);
    bench_done(&bench);
}

static void kill_loss_windows_and_orders_survive(void **state)
{
    (void)state;
    struct bench bench;
    busy(&bench);
    bench_accept(&bench, STOCK, SJ_SIDE_BUY, 1, 599);
    bench_accept(&bench, STOCK, SJ_SIDE_BUY, 1, 598);
    bench_book(&bench, FUTURE, 17000, 17001); /* beyond the day's limit */
    assert_int_equal(bench.control_count, 1);
    struct blob blob = save(bench.risk);
    renew(&bench);
    assert_int_equal(sj_risk_restore(bench.risk, blob.bytes, blob.size), 0);
    struct sj_intent intent = bench_place(&bench, STOCK, SJ_SIDE_BUY, 1, 597);
    assert_string_equal(bench_judge(&bench, &intent), "kill_switch");
    bench_control(&bench, SJ_CONTROL_RESUME, 0, 0);
    assert_string_equal(bench_judge(&bench, &intent), "daily_loss");
    bench_book(&bench, FUTURE, 20000, 20001);
    assert_string_equal(bench_judge(&bench, &intent), "rate_side");
    bench.now_ns += 10 * S + 1;
    intent.price_e6 = 605 * E6;
    assert_string_equal(bench_judge(&bench, &intent), "self_trade");
    intent.instrument = CHEAP;
    intent.price_e6 = 20 * E6;
    assert_string_equal(bench_judge(&bench, &intent), "instrument_blocked");
    free(blob.bytes);
    bench_done(&bench);
}

/* The only way to it: a fall beyond the limit kills, and a RESUME measures anew. */
static void drawdown_refuses_by_a_limit_that_was_lowered_meanwhile(void **state)
{
    (void)state;
    struct bench bench;
    busy(&bench); /* 3,600 below the day's best */
    struct blob blob = save(bench.risk);
    bench.config.drawdown_max = 3600;
    renew(&bench);
    assert_int_equal(sj_risk_restore(bench.risk, blob.bytes, blob.size), 0);
    struct sj_intent intent = bench_place(&bench, STOCK, SJ_SIDE_BUY, 1, 599);
    assert_string_equal(bench_judge(&bench, &intent), "");
    bench.config.drawdown_max = 3599;
    renew(&bench);
    assert_int_equal(sj_risk_restore(bench.risk, blob.bytes, blob.size), 0);
    assert_string_equal(bench_judge(&bench, &intent), "drawdown");
    assert_int_equal(bench.verdict.value, 3600 * E6);
    assert_int_equal(bench.verdict.limit, 3599 * E6);
    free(blob.bytes);
    bench_done(&bench);
}

static void a_damaged_blob_is_refused_and_kills(void **state)
{
    (void)state;
    struct bench bench;
    busy(&bench);
    struct blob blob = save(bench.risk);
    struct sj_rng rng;
    sj_rng_init(&rng, 7);
    for (int i = 0; i < 300; i++) {
        renew(&bench);
        size_t at = sj_rng_below(&rng, blob.size);
        uint8_t flip = (uint8_t)(1u << sj_rng_below(&rng, 8));
        blob.bytes[at] ^= flip;
        assert_true(sj_risk_restore(bench.risk, blob.bytes, blob.size) < 0);
        blob.bytes[at] ^= flip;
        struct sj_risk_status status;
        sj_risk_status(bench.risk, &status);
        assert_true(status.killed);
        assert_int_equal(status.kill_source, SJ_CONTROL_BY_PROCESS);
        assert_int_equal(status.open_count, 0); /* nothing of it was taken */
    }
    for (size_t size = 0; size < blob.size; size += 997)
        assert_true(sj_risk_restore(bench.risk, blob.bytes, size) < 0);
    free(blob.bytes);
    bench_done(&bench);
}

static void too_little_room_is_said(void **state)
{
    (void)state;
    struct bench bench;
    busy(&bench);
    uint8_t byte;
    assert_int_equal(sj_risk_save(bench.risk, &byte, 1), -SJ_E_RANGE);
    bench_done(&bench);
}

int risk_save(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restored_state_saves_to_the_same_bytes),
        cmocka_unit_test(kill_loss_windows_and_orders_survive),
        cmocka_unit_test(drawdown_refuses_by_a_limit_that_was_lowered_meanwhile),
        cmocka_unit_test(a_damaged_blob_is_refused_and_kills),
        cmocka_unit_test(too_little_room_is_said),
    };
    return cmocka_run_group_tests_name("save", tests, NULL, NULL);
}
