/* Ways and their latencies: models, files of all kinds, and that nothing overtakes. */
#include "backtest/latency.h"

#include "backtest/latency_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "suites.h"

#define MS INT64_C(1000000)

static char path[64], text[128], error[256];

static int setup(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/shijim-latency-XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_file(const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static struct sj_latency *make(const char *spec, enum sj_bt_stream stream)
{
    struct sj_latency *model;
    uint64_t left_out;
    *error = 0;
    if (sj_bt_latency_create(spec, stream, 7, &model, &left_out, error) < 0)
        fail_msg("%s: %s", spec, error);
    return model;
}

static void nothing_overtakes(void **state)
{
    static const char *const specs[] = {"2ms", "normal:1ms:1ms", "lognormal:300us:1",
                                        "pareto:200us:1.5"};
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct sj_latency *model = make(specs[i], SJ_BT_ORDER);
        struct sj_bt_way way, again;
        sj_bt_way_init(&way, SJ_BT_ORDER, model, 0);
        sj_bt_way_init(&again, SJ_BT_ORDER, model, 0);
        int64_t before = 0;
        for (int64_t k = 1; k <= 20000; k++) {
            int64_t at_ns = sj_bt_way_arrival(&way, k * 50000);
            assert_true(at_ns >= before && at_ns >= k * 50000);
            assert_int_equal(at_ns, sj_bt_way_arrival(&again, k * 50000));
            before = at_ns;
        }
        assert_int_equal(way.used.count, 20000);
        assert_true(i == 0 ? way.used.held == 0 : way.used.held > 100);
        assert_true(way.used.min <= sj_bt_latency_percentile(&way.used, 50));
        assert_true(sj_bt_latency_percentile(&way.used, 100) == way.used.max);
        sj_latency_close(model);
    }
}

static void a_latency_depends_on_seed_way_and_time_only(void **state)
{
    struct sj_latency *model = make("lognormal:300us:0.5", SJ_BT_ORDER);
    struct sj_bt_way early, late, other;
    unsigned same = 0;
    (void)state;
    sj_bt_way_init(&early, SJ_BT_ORDER, model, 0);
    sj_bt_way_init(&late, SJ_BT_ORDER, model, 0);
    sj_bt_way_init(&other, SJ_BT_REPORT, model, 0);
    for (int64_t k = 0; k < 100; k++) {
        int64_t at_ns = sj_bt_way_arrival(&early, k * 1000 * MS);
        if (k >= 50)
            assert_int_equal(at_ns, sj_bt_way_arrival(&late, k * 1000 * MS));
        same += at_ns == sj_bt_way_arrival(&other, k * 1000 * MS);
    }
    assert_true(same < 5);
    sj_latency_close(model);
}

static void distributions_have_their_shape(void **state)
{
    struct sj_latency *normal = make("normal:1ms:2ms", SJ_BT_FEED);
    struct sj_latency *pareto = make("pareto:200us:2", SJ_BT_FEED);
    unsigned over = 0;
    (void)state;
    for (uint64_t i = 0; i < 10000; i++) {
        assert_true(sj_latency_of(normal, 0, 0, i) >= 0);
        int64_t ns = sj_latency_of(pareto, 0, 0, i);
        assert_true(ns >= 200000);
        over += ns > 400000; /* (1/2)^2 */
    }
    assert_in_range(over, 2300, 2700);
    sj_latency_close(normal);
    sj_latency_close(pareto);
}

static void a_histogram_is_drawn_by_its_counts_and_stream(void **state)
{
    static const char lines[] =
        "stream,latency_ns,count\nfeed,5,1000\norder,100,3000\norder,200,0\norder,300,1000\n";
    (void)state;
    write_file(lines, sizeof lines - 1);
    snprintf(text, sizeof text, "file:%s", path);
    struct sj_latency *model = make(text, SJ_BT_ORDER);
    unsigned low = 0;
    for (uint64_t i = 0; i < 4000; i++) {
        int64_t ns = sj_latency_of(model, 0, 0, i);
        assert_true(ns == 100 || ns == 300);
        low += ns == 100;
    }
    assert_in_range(low, 2850, 3150);
    sj_latency_close(model);
    uint64_t left_out;
    assert_int_equal(sj_bt_latency_create(text, SJ_BT_REPORT, 1, &model, &left_out, error),
                     -SJ_E_MALFORMED);
    assert_non_null(strstr(error, "no latency of the stream report"));
}

static void rows_of_requests_are_interpolated(void **state)
{
    static const char lines[] =
        "req_ns,exch_ns,resp_ns\n1000,1100,1200\n2000,0,0\n3000,3300,3900\n";
    struct sj_latency *model;
    uint64_t left_out;
    (void)state;
    write_file(lines, sizeof lines - 1);
    snprintf(text, sizeof text, "interp:%s", path);
    assert_int_equal(sj_bt_latency_create(text, SJ_BT_ORDER, 1, &model, &left_out, error), 0);
    assert_int_equal(left_out, 1);
    assert_int_equal(sj_latency_of(model, 2000, 0, 0), 200);
    assert_int_equal(sj_latency_of(model, 1, 0, 0), 100);
    sj_latency_close(model);
    model = make(text, SJ_BT_REPORT);
    assert_int_equal(sj_latency_of(model, 2200, 0, 0), 350);
    sj_latency_close(model);
    assert_int_equal(sj_bt_latency_create(text, SJ_BT_FEED, 1, &model, &left_out, error),
                     -SJ_E_RANGE);
}

static size_t put_npy(uint8_t *bytes, const int64_t (*rows)[4], size_t count)
{
    memcpy(bytes, "\x93NUMPY\x01\x00\xf6\x00", 10);
    memset(bytes + 10, ' ', 246);
    int size = snprintf((char *)bytes + 10, 246,
                        "{'descr': [('req_ts', '<i8'), ('exch_ts', '<i8'), ('resp_ts', '<i8'), "
                        "('_padding', '<i8')], 'fortran_order': False, 'shape': (%zu,), }",
                        count);
    bytes[10 + size] = ' ';
    memcpy(bytes + 256, rows, count * sizeof *rows);
    return 256 + count * sizeof *rows;
}

static void latencies_of_hftbacktest_are_read(void **state)
{
    static const int64_t rows[][4] = {{1000, 1100, 1200, 0}, {3000, 3300, 3900, 0}};
    static uint8_t bytes[1024];
    struct sj_latency *model;
    uint64_t left_out;
    (void)state;
    size_t size = put_npy(bytes, rows, 2);
    write_file(bytes, size);
    snprintf(text, sizeof text, "interp:%s", path);
    model = make(text, SJ_BT_ORDER);
    assert_int_equal(sj_latency_of(model, 2000, 0, 0), 200);
    sj_latency_close(model);
    write_file(bytes, size - 8);
    assert_int_equal(sj_bt_latency_create(text, SJ_BT_ORDER, 1, &model, &left_out, error),
                     -SJ_E_CORRUPT);
}

static void what_makes_no_sense_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *lines, *want;
    } bad[] = {
        {"1000,900,1000\n", ":1: a negative latency"},
        {"1000,1100,1200\n1001,1100,1050\n", ":2: a negative latency"},
        {"1000,1100,1200\n900,1100,1200\n", ":2: a request before"},
        {"1000,1100\n", ":1: want req_ns"},
        {"1000,99999999999999999,99999999999999999\n", ":1: a latency of more than a day"},
        {"req,exch,resp\n", "no latency in it"},
    };
    struct sj_latency *model;
    uint64_t left_out;
    (void)state;
    snprintf(text, sizeof text, "interp:%s", path);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_file(bad[i].lines, strlen(bad[i].lines));
        assert_true(sj_bt_latency_create(text, SJ_BT_ORDER, 1, &model, &left_out, error) < 0);
        if (!strstr(error, bad[i].want))
            fail_msg("%s does not say %s", error, bad[i].want);
    }
    static const char *const specs[] = {"",           "-1ms",         "normal:1ms",
                                        "pareto:1:2", "pareto:1ms:0", "lognormal:1ms:x"};
    for (unsigned i = 0; i < sizeof specs / sizeof specs[0]; i++)
        assert_true(sj_bt_latency_create(specs[i], SJ_BT_ORDER, 1, &model, &left_out, error) < 0);
    snprintf(text, sizeof text, "file:%s", path);
    write_file("latency_ns,count\n-5,1\n", 22);
    assert_true(sj_bt_latency_create(text, SJ_BT_ORDER, 1, &model, &left_out, error) < 0);
    assert_non_null(strstr(error, ":2: a latency is 0 .. 1 day"));
}

int latency_suite(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_overtakes, setup, teardown),
        cmocka_unit_test(a_latency_depends_on_seed_way_and_time_only),
        cmocka_unit_test(distributions_have_their_shape),
        cmocka_unit_test_setup_teardown(a_histogram_is_drawn_by_its_counts_and_stream, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(rows_of_requests_are_interpolated, setup, teardown),
        cmocka_unit_test_setup_teardown(latencies_of_hftbacktest_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(what_makes_no_sense_is_refused_with_its_line, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name("latency", tests, NULL, NULL);
}
