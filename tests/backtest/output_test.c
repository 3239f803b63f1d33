/* What a run leaves in its folder. */
#include "backtest/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "suites.h"

static char text[1 << 19];

static const char *read_file(const char *dir, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("%s is missing", path);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    return text;
}

static void put(struct sj_bt_sink *sink)
{
    const struct sj_bt_order_row asked = {
        .time_ns = 5, .order = 1, .price_e6 = 100500000, .quantity = 3, .left = 3, .queue = 0};
    const struct sj_bt_order_row rested = {.time_ns = 6,
                                           .order = 1,
                                           .price_e6 = 100500000,
                                           .quantity = 3,
                                           .left = 3,
                                           .what = SJ_BT_RESTED,
                                           .queue = 0.07};
    const struct sj_bt_fill_row fill = {.exch_ns = 7,
                                        .local_ns = 8,
                                        .order = 1,
                                        .price_e6 = 100500000,
                                        .quantity = 3,
                                        .maker = true,
                                        .queue = 0.07,
                                        .slippage = -0.25,
                                        .unit = 200};
    for (int64_t i = 0; i < 5000; i++) {
        const struct sj_bt_sample_row sample = {.time_ns = i, .equity = i == 4321 ? -9 : 1};
        sink->sample(sink->context, &sample);
    }
    struct sj_verdict verdict = {.recv_ns = 9,
                                 .intent_id = 77,
                                 .strategy = 2,
                                 .instrument = 1,
                                 .value = 5,
                                 .limit = 3,
                                 .check_name = "collar"};
    sj_frame_head(&verdict, SJ_EVENT_VERDICT, sizeof verdict);
    sink->event(sink->context, (const struct sj_frame *)(const void *)&verdict);
    sink->order(sink->context, &asked);
    sink->order(sink->context, &rested);
    sink->fill(sink->context, &fill);
}

static const char *const files[] = {"fills.csv",    "orders.csv",    "equity.csv",
                                    "verdicts.csv", "manifest.json", "report.html"};
static struct sj_bt_output output;
static struct sj_bt_day_result result;
static const struct sj_strategy_instance strategy = {.name = "<b>", .use = "a&b\"<i>"};
static const struct sj_bt_day day = {.path = "/proc/self/exe"};
static char dir[64];

static void remove_dir(void)
{
    for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(dir), 0);
}

/* Opens the folder, has it told by `tell`, finishes. */
static void write_dir(struct sj_bt_options *options, void (*tell)(struct sj_bt_sink *sink))
{
    char error[SJ_BT_ERROR_MAX] = "";
    const struct sj_bt_story story = {
        .options = options, .days = &day, .day_count = 1, .results = &result, .total = &result};
    snprintf(dir, sizeof dir, "/tmp/shijim-output-XXXXXX");
    assert_non_null(mkdtemp(dir));
    *options = (struct sj_bt_options){
        .tick = 0.5, .lot = 0.01, .strategies = &strategy, .strategy_count = 1};
    assert_int_equal(sj_bt_output_open(&output, dir, NULL, options, error), 0);
    sj_bt_output_attach(&output, &options->sink);
    tell(&options->sink);
    if (sj_bt_output_finish(&output, &story, error) < 0)
        fail_msg("%s", error);
}

static void a_folder_holds_the_run(void **state)
{
    struct sj_bt_options options;
    (void)state;
    write_dir(&options, put);
    assert_true(output.digest.point_count <= SJ_BT_POINTS_MAX && output.digest.point_count > 500);
    assert_true(output.digest.drawdown_max == 10);
    assert_non_null(strstr(read_file(dir, "fills.csv"), "\n7,8,1,B,100.5,0.03,0,1,0.07,-0.25\n"));
    assert_non_null(strstr(read_file(dir, "orders.csv"), "\n6,1,rested,B,100.5,0.03,0.03,0.07\n"));
    assert_non_null(strstr(read_file(dir, "equity.csv"), "\n4321,-9,"));
    assert_non_null(strstr(read_file(dir, "verdicts.csv"), "\n9,77,2,1,0,collar,5,3\n"));
    assert_non_null(strstr(read_file(dir, "manifest.json"), "\"xxh3_128\": \""));
    const char *report = read_file(dir, "report.html");
    assert_non_null(strstr(report, "</html>"));
    assert_non_null(strstr(report, "1 of 1 filled"));
    assert_non_null(strstr(report, "refused: collar"));
    assert_null(strstr(report, "//"));  /* nothing from elsewhere */
    assert_null(strstr(report, "<i>")); /* no name becomes a tag */
    assert_null(strstr(report, "<b>"));
    assert_non_null(strstr(report, "a&amp;b&quot;&lt;i&gt;"));
    /* A point of it is worth 200. */
    assert_true(output.digest.parts[0].value == 3 * 100.5 * 200);
    remove_dir();
}

static void tell_nothing(struct sj_bt_sink *sink)
{
    (void)sink;
}

static void a_run_without_a_fill_has_a_report(void **state)
{
    struct sj_bt_options options;
    (void)state;
    write_dir(&options, tell_nothing);
    const char *report = read_file(dir, "report.html");
    assert_non_null(strstr(report, "nothing to show"));
    assert_null(strstr(report, "nan"));
    assert_null(strstr(report, "inf\""));
    remove_dir();
}

static void tell_much(struct sj_bt_sink *sink)
{
    for (int64_t i = 0; i < 1000000; i++) {
        const struct sj_bt_fill_row fill = {.exch_ns = i,
                                            .price_e6 = 100000000 + (i % 7) * 500000,
                                            .quantity = 1,
                                            .side = i & 1,
                                            .queue = (double)(i % 100),
                                            .maker = true,
                                            .slippage = 0.5 * (double)(i % 40 - 20),
                                            .unit = 1};
        const struct sj_bt_sample_row sample = {.time_ns = i * 1000000,
                                                .equity = i == 777777 ? 123 : 0};
        sink->fill(sink->context, &fill);
        sink->sample(sink->context, &sample);
    }
}

static void a_million_fills_make_a_page_that_keeps_its_peak(void **state)
{
    struct sj_bt_options options;
    (void)state;
    write_dir(&options, tell_much);
    assert_true(strlen(read_file(dir, "report.html")) < sizeof text - 1);
    double peak = 0;
    for (uint32_t i = 0; i < output.digest.point_count; i++)
        peak =
            output.digest.points[i].equity_high > peak ? output.digest.points[i].equity_high : peak;
    assert_true(peak == 123);
    assert_true(output.digest.parts[0].fills == 1000000);
    assert_true(output.digest.parts[0].position == 0);
    remove_dir();
}

static void a_folder_that_cannot_be_made_is_said(void **state)
{
    char error[SJ_BT_ERROR_MAX] = "";
    const struct sj_bt_options options = {.tick = 1, .lot = 1};
    (void)state;
    assert_true(sj_bt_output_open(&output, "/dev/null/run", NULL, &options, error) < 0);
    assert_non_null(strstr(error, "/dev/null/run"));
    assert_true(sj_bt_output_open(&output, NULL, "/dev/null/fills", &options, error) < 0);
}

int output_suite(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_holds_the_run),
        cmocka_unit_test(a_run_without_a_fill_has_a_report),
        cmocka_unit_test(a_million_fills_make_a_page_that_keeps_its_peak),
        cmocka_unit_test(a_folder_that_cannot_be_made_is_said),
    };
    return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
