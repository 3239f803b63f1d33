/* A session's latencies, out of its journal. */
#include "backtest/measure.h"

#include "event/event.h"
#include "journal/journal.h"
#include "shijim/strategy.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "suites.h"

#define T0 INT64_C(1700000000000000000)

static char dir[64];
static struct sj_journal *journal;
static uint64_t seq;

static int setup(void **state)
{
    const struct sj_journal_options options = {
        .dir = dir, .segment_size = 1 << 20, .reserve_size = 1};
    struct sj_journal_recovery *recovery = calloc(1, sizeof *recovery);
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/shijim-measure-XXXXXX");
    seq = 0;
    sj_rc rc = recovery && mkdtemp(dir) ? sj_journal_open(&options, recovery, &journal) : -1;
    free(recovery);
    return rc < 0;
}

static int teardown(void **state)
{
    DIR *entries = opendir(dir);
    (void)state;
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    closedir(entries);
    return rmdir(dir);
}

static void append(void *event, uint16_t type, uint32_t size)
{
    struct sj_frame *frame = event;
    sj_frame_head(frame, type, size);
    frame->seq = ++seq;
    assert_true(sj_journal_append(journal, 1, frame, size, 1) >= 0);
}

static void add_trade(int64_t exch_ns, int64_t recv_ns, uint32_t flags)
{
    struct sj_trade trade = {.exch_ns = exch_ns, .recv_ns = recv_ns, .flags = flags};
    append(&trade, SJ_EVENT_TRADE, sizeof trade);
}

static void add_order(uint64_t id, int64_t sent_ns, int64_t exch_ns, int64_t recv_ns)
{
    struct sj_intent intent = {
        .recv_ns = sent_ns, .exch_ns = sent_ns, .intent_id = id, .kind = SJ_INTENT_PLACE};
    struct sj_order_update update = {
        .exch_ns = exch_ns, .recv_ns = recv_ns, .intent_id = id, .state_to = SJ_ORDER_WORKING};
    append(&intent, SJ_EVENT_INTENT, sizeof intent);
    append(&update, SJ_EVENT_ORDER, sizeof update);
    append(&update, SJ_EVENT_ORDER, sizeof update); /* later news are not acknowledgements */
}

static void a_sessions_latencies_are_measured(void **state)
{
    struct sj_bt_measured *measured = calloc(1, sizeof *measured);
    char error[256] = "";
    (void)state;
    add_trade(T0, T0 + 500, 0);
    add_trade(T0, T0 - 100, 0); /* clocks apart */
    add_trade(T0, T0 + 9000000, SJ_FLAG_BACKFILLED);
    add_order(1, T0 + 1000, T0 + 1200, T0 + 1250);
    add_order(2, T0 + 2000, T0 + 1900, T0 + 2100);
    add_order(3, T0 + 3000, SJ_NULL_I64, T0 + 3100);
    assert_true(sj_journal_close(journal) >= 0);
    if (sj_bt_measure(dir, measured, error) < 0)
        fail_msg("%s", error);
    struct sj_hist_summary summary[SJ_BT_STREAM_COUNT];
    for (unsigned i = 0; i < SJ_BT_STREAM_COUNT; i++)
        sj_hist_summarise(&measured->hists[i], &summary[i]);
    assert_int_equal(summary[SJ_BT_FEED].count, 1);
    assert_int_equal(summary[SJ_BT_FEED].max, 500);
    assert_int_equal(measured->negative[SJ_BT_FEED], 1);
    assert_int_equal(measured->most_negative_ns[SJ_BT_FEED], -100);
    assert_int_equal(summary[SJ_BT_ORDER].count, 2); /* 200 and half of 100 */
    assert_int_equal(summary[SJ_BT_ORDER].max, 200);
    assert_int_equal(summary[SJ_BT_ORDER].min, 50);
    assert_int_equal(measured->negative[SJ_BT_ORDER], 1);
    assert_int_equal(summary[SJ_BT_REPORT].count, 3); /* 50, 200 and the other half */
    assert_int_equal(measured->halved, 1);
    assert_int_equal(measured->rows.count, 1);
    assert_int_equal(measured->rows.rows[0].exch_ns, T0 + 1200);
    sj_bt_latency_rows_free(&measured->rows);
    free(measured);
}

static void what_was_measured_is_a_model(void **state)
{
    struct sj_bt_measured *measured = calloc(1, sizeof *measured);
    struct sj_latency *model;
    uint64_t left_out;
    char error[256] = "", path[100], text[120];
    (void)state;
    for (uint64_t i = 1; i <= 100; i++)
        add_order(i, T0 + (int64_t)i * 1000, T0 + (int64_t)i * 1000 + 200,
                  T0 + (int64_t)i * 1000 + 250);
    assert_true(sj_journal_close(journal) >= 0);
    assert_true(sj_bt_measure(dir, measured, error) >= 0);
    snprintf(path, sizeof path, "%s/lat.csv", dir);
    FILE *file = fopen(path, "w");
    sj_bt_measured_write(measured, file);
    fclose(file);
    snprintf(text, sizeof text, "file:%s", path);
    assert_int_equal(sj_bt_latency_create(text, SJ_BT_ORDER, 1, &model, &left_out, error), 0);
    assert_int_equal(sj_latency_of(model, T0, 1, 5), 200);
    sj_latency_close(model);
    file = fopen(path, "w");
    sj_bt_measured_write_rows(measured, file);
    fclose(file);
    snprintf(text, sizeof text, "interp:%s", path);
    assert_int_equal(sj_bt_latency_create(text, SJ_BT_REPORT, 1, &model, &left_out, error), 0);
    assert_int_equal(sj_latency_of(model, T0, 2, 5), 50);
    sj_latency_close(model);
    sj_bt_latency_rows_free(&measured->rows);
    free(measured);
}

static void a_folder_without_a_journal_is_an_error(void **state)
{
    static struct sj_bt_measured measured;
    char error[256] = "";
    (void)state;
    assert_true(sj_bt_measure("/nonexistent/journal", &measured, error) < 0);
    assert_non_null(strstr(error, "/nonexistent/journal"));
}

int measure_suite(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sessions_latencies_are_measured, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_measured_is_a_model, setup, teardown),
        cmocka_unit_test(a_folder_without_a_journal_is_an_error),
    };
    return cmocka_run_group_tests_name("measure", tests, NULL, NULL);
}
