/* Fills that hftbacktest made of the same file, from ../shared/golden beside the repository. */
#include "backtest/run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "suites.h"

#define FILLS_MAX 1000

struct fills {
    uint32_t count;
    struct sj_bt_fill_row rows[FILLS_MAX];
};

static void keep_fill(void *context, const struct sj_bt_fill_row *row)
{
    struct fills *fills = context;
    assert_true(fills->count < FILLS_MAX);
    fills->rows[fills->count++] = *row;
}

static char *read_text(const char *dir, const char *name)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s.json", dir, name);
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("%s is missing", path);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

static double number_after(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    assert_non_null(at);
    return strtod(at + strlen(key), NULL);
}

/* [exch_ts, order_id, side, price, qty, leaves_qty, maker] */
static const char *expect_fill(const char *at, const struct sj_bt_fill_row *fill, const char *name,
                               uint32_t index)
{
    double values[6];
    char *end;
    at++;
    long long exch_ns = strtoll(at, &end, 10);
    at = end;
    for (unsigned i = 0; i < 5; i++) {
        values[i] = strtod(at + 1, &end);
        if (end == at + 1) { /* "B" */
            values[i] = at[2] == 'B' ? 1 : -1;
            end = strchr(at + 1, ',');
        }
        at = end;
    }
    bool maker = at[1] == '1' || at[1] == 't';
    bool same = exch_ns == fill->exch_ns && values[0] == (double)fill->order &&
                (values[1] > 0) == (fill->side == 0) &&
                llround(values[2] * 1e6) == fill->price_e6 &&
                lround(values[3] * 1000) == (long)fill->quantity &&
                lround(values[4] * 1000) == (long)fill->left && maker == fill->maker;
    if (!same)
        fail_msg(
            "%s: fill %u is order %llu at %lld, %lld for %u, left %u, maker %d; expected %.100s",
            name, index, (unsigned long long)fill->order, (long long)fill->exch_ns,
            (long long)fill->price_e6, fill->quantity, fill->left, fill->maker,
            strchr(at, '[') ? at - 60 : at);
    return strchr(at, ']') + 1;
}

static void expect_result(const char *text, const struct sj_bt_result *result,
                          const struct fills *fills, const char *name)
{
    assert_true(number_after(text, "\"num_fills\":") == fills->count);
    assert_true(number_after(text, "\"num_orders\":") == (double)result->orders);
    assert_true(number_after(text, "\"num_cancel_requests\":") == (double)result->cancels);
    assert_true(number_after(text, "\"num_expired\":") == (double)result->expired);
    assert_true(number_after(text, "\"open_orders_at_end\":") == (double)result->open);
    assert_true(fabs(number_after(text, "\"position\":") - result->position) < 1e-9);
    assert_true(fabs(number_after(text, "\"balance\":") - result->balance) < 1e-6);
    assert_true(fabs(number_after(text, "\"fee\":") - result->fee) < 1e-6);
    assert_true(fabs(number_after(text, "\"best_bid_end\":") * 1e6 - (double)result->best_bid_e6) <
                1);
    assert_true(fabs(number_after(text, "\"best_ask_end\":") * 1e6 - (double)result->best_ask_e6) <
                1);
    const char *at = strstr(text, "\"fills\":[") + 9;
    for (uint32_t i = 0; i < fills->count; i++) {
        at = strchr(at, '[');
        assert_non_null(at);
        at = expect_fill(at, &fills->rows[i], name, i);
    }
}

static void run_one(const char *dir, const char *rows, const char *model, bool partial, bool gtx)
{
    static const struct {
        const char *name;
        enum sj_bt_queue_kind kind;
    } models[] = {{"LogProb", SJ_BT_LOG},
                  {"PowerProb3", SJ_BT_POWER3},
                  {"PowerProb", SJ_BT_POWER},
                  {"RiskAdverse", SJ_BT_RISK_AVERSE}};
    static struct fills fills;
    char name[64];
    char error[SJ_BT_ERROR_MAX] = "";
    const struct sj_strategy_param params[] = {
        {"step", "1s", 0}, {"qty", "10", 0}, {"tif", gtx ? "GTX" : "ROD", 0}};
    const struct sj_strategy_instance strategy = {
        .name = "touch", .use = "touch_quoter", .params = params, .param_count = 3};
    struct sj_bt_options options = {.path = rows,
                                    .tick = 0.1,
                                    .lot = 0.001,
                                    .queue = {SJ_BT_LOG, 2},
                                    .partial = partial,
                                    .strict = true,
                                    .order_latency_ns = 1000000,
                                    .report_latency_ns = 1000000,
                                    .maker_fee = -0.00005,
                                    .taker_fee = 0.0007,
                                    .strategies = &strategy,
                                    .strategy_count = 1,
                                    .sink = {.context = &fills, .fill = keep_fill}};
    for (unsigned i = 0; i < 4; i++)
        if (strcmp(models[i].name, model) == 0)
            options.queue.kind = models[i].kind;
    snprintf(name, sizeof name, "%s_%sPartialFill_%c", model, partial ? "" : "No", gtx ? 'A' : 'C');
    fills.count = 0;
    struct sj_bt_result result;
    if (sj_bt_run(&options, &result, error) < 0)
        fail_msg("%s: %s", name, error);
    char *text = read_text(dir, name);
    expect_result(text, &result, &fills, name);
    free(text);
    assert_true(fabs(result.known_position - result.position) < 1e-9);
}

static void the_sixteen_runs_of_hftbacktest_come_out_fill_by_fill(void **state)
{
    static const char *const models[] = {"RiskAdverse", "LogProb", "PowerProb", "PowerProb3"};
    const char *dir = getenv("SHIJIM_GOLDEN_BACKTEST");
    const char *rows = getenv("SHIJIM_GOLDEN_ROWS");
    (void)state;
    if (!dir || !rows || access(dir, R_OK) != 0 || access(rows, R_OK) != 0) {
        print_message("no golden files beside the repository (../shared): not compared\n");
        skip();
    }
    for (unsigned i = 0; i < 16; i++)
        run_one(dir, rows, models[i / 4], i & 1, i & 2);
}

int golden_suite(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sixteen_runs_of_hftbacktest_come_out_fill_by_fill),
    };
    return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
