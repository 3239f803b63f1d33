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

static char text[1 << 18];

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
                                        .slippage = -0.25};
    for (int64_t i = 0; i < 5000; i++) {
        const struct sj_bt_sample_row sample = {.time_ns = i, .equity = i == 4321 ? -9 : 1};
        sink->sample(sink->context, &sample);
    }
    sink->order(sink->context, &asked);
    sink->order(sink->context, &rested);
    sink->fill(sink->context, &fill);
}

static void a_folder_holds_the_run(void **state)
{
    char dir[] = "/tmp/shijim-output-XXXXXX";
    char error[SJ_BT_ERROR_MAX] = "";
    static struct sj_bt_output output;
    struct sj_bt_options options = {.path = "/proc/self/exe", .tick = 0.5, .lot = 0.01};
    const struct sj_bt_result result = {.fills = 1, .orders = 1};
    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(sj_bt_output_open(&output, dir, NULL, &options, error), 0);
    sj_bt_output_attach(&output, &options.sink);
    put(&options.sink);
    assert_true(output.point_count <= SJ_BT_POINTS_MAX && output.point_count > 500);
    assert_true(output.drawdown_max == 10);
    assert_int_equal(sj_bt_output_finish(&output, &options, &result, error), 0);
    assert_non_null(strstr(read_file(dir, "fills.csv"), "\n7,8,1,B,100.5,0.03,0,1,0.07,-0.25\n"));
    assert_non_null(strstr(read_file(dir, "orders.csv"), "\n6,1,rested,B,100.5,0.03,0.03,0.07\n"));
    assert_non_null(strstr(read_file(dir, "equity.csv"), "\n4321,-9,"));
    assert_non_null(strstr(read_file(dir, "manifest.json"), "\"xxh3_128\": \""));
    const char *report = read_file(dir, "report.html");
    assert_non_null(strstr(report, "</html>"));
    assert_non_null(strstr(report, "1 of 1 filled"));
    assert_null(strstr(report, "//")); /* nothing from elsewhere */
    const char *names[] = {"fills.csv", "orders.csv", "equity.csv", "manifest.json", "report.html"};
    for (unsigned i = 0; i < 5; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(dir), 0);
}

static void a_folder_that_cannot_be_made_is_said(void **state)
{
    char error[SJ_BT_ERROR_MAX] = "";
    static struct sj_bt_output output;
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
        cmocka_unit_test(a_folder_that_cannot_be_made_is_said),
    };
    return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
