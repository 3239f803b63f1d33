/* Vectors that another implementation computed, from ../shared/golden beside the repository. */
#include <math.h>

#include "indicator_suites.h"
#include "shijim/indicator.h"
#include "support/test.h"

#define CELLS_MAX 32
#define TOLERANCE 1e-9

struct table {
    FILE *file;
    char line[4096];
    unsigned rows;
    int cell_count;
    char *cell[CELLS_MAX];
};

static bool next_row(struct table *table)
{
    if (!fgets(table->line, sizeof table->line, table->file))
        return false;
    table->line[strcspn(table->line, "\r\n")] = 0;
    table->cell_count = 0;
    char *rest = table->line;
    for (char *cell; table->cell_count < CELLS_MAX && (cell = strsep(&rest, ","));)
        table->cell[table->cell_count++] = cell;
    table->rows++;
    return true;
}

/* Opens a table behind its header; skips the test where the vectors are not there. */
static struct table open_table(const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", GOLDEN_INDICATORS, name);
    struct table table = {.file = fopen(path, "r")};
    if (!table.file) {
        printf("# %s is not there: skipped\n", path);
        skip();
    }
    assert_true(next_row(&table));
    table.rows = 0;
    return table;
}

/* At least as many rows as the README of the vectors says, all of them compared. */
static void close_table(struct table *table, unsigned rows_min)
{
    assert_true(table->rows >= rows_min);
    fclose(table->file);
}

static double number(const struct table *table, int cell)
{
    assert_true(cell < table->cell_count);
    return *table->cell[cell] ? strtod(table->cell[cell], NULL) : NAN;
}

static void compare(const struct table *table, int cell, double value)
{
    double wanted = number(table, cell);
    bool same = isnan(wanted) ? isnan(value) : fabs(value - wanted) <= TOLERANCE * fabs(wanted);
    if (!same)
        fail_msg("row %u, column %d: %.17g, wanted %.17g", table->rows, cell, value, wanted);
}

static void ofi_and_microprice_agree(void **state)
{
    (void)state;
    struct table t = open_table("ofi_btc_bbo.csv");
    struct sj_ofi ofi;
    sj_ofi_init(&ofi);
    while (next_row(&t)) {
        double side[4];
        for (int i = 0; i < 4; i++)
            side[i] = number(&t, 1 + i);
        double net = sj_ofi_update(&ofi, side[0], side[1], side[2], side[3]);
        struct sj_shape shape;
        sj_shape_update(&shape, &side[0], &side[1], &side[2], &side[3], 1);
        compare(&t, 5, ofi.side[0]);
        compare(&t, 6, ofi.side[1]);
        compare(&t, 7, net);
        if (t.rows > 1) /* ofi_features_*: none in the first row */
            compare(&t, 8, net);
        compare(&t, 10, sj_microprice(side[0], side[1], side[2], side[3]));
        compare(&t, 10, shape.microprice);
        compare(&t, 11, shape.depth_ratio);
    }
    close_table(&t, 2000);
}

static void mlofi_agrees(void **state)
{
    (void)state;
    struct table t = open_table("mlofi_synth_seed20260101.csv");
    struct sj_mlofi mlofi;
    assert_int_equal(sj_mlofi_init(&mlofi, 5, NULL), 0);
    while (next_row(&t)) {
        double v[20];
        for (int i = 0; i < 20; i++)
            v[i] = number(&t, 1 + i);
        double sum = sj_mlofi_update(&mlofi, v, v + 5, v + 10, v + 15, 5);
        for (int i = 0; i < 5; i++)
            compare(&t, 21 + i, mlofi.level[i]);
        compare(&t, 26, sum);
    }
    close_table(&t, 1000);
}

static void vpin_agrees(void **state)
{
    (void)state;
    struct table t = open_table("vpin_taifex_mtx.csv");
    static const double bucket[] = {100, 50, 7};
    static const uint32_t window[] = {10, 5, 3};
    struct sj_vpin vpin[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(sj_vpin_init(&vpin[i], bucket[i], window[i], 0), 0);
    while (next_row(&t)) {
        for (int i = 0; i < 3; i++) {
            compare(&t, 3 + 2 * i, sj_vpin_update(&vpin[i], number(&t, 2)));
            /* theirs counts the buckets it keeps */
            compare(&t, 4 + 2 * i, fmin((double)vpin[i].buckets, window[i]));
        }
    }
    close_table(&t, 1900);
}

static void hawkes_agrees(void **state)
{
    (void)state;
    struct table t = open_table("hawkes_btc_trades.csv");
    static const double base[] = {0.1, 0.5, 0}, jump[] = {0.5, 1.2, 1}, decay[] = {1, 50, 0.25};
    struct sj_hawkes hawkes[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(sj_hawkes_init(&hawkes[i], base[i], 1, &jump[i], &decay[i]), 0);
    while (next_row(&t)) {
        int64_t time_ns = strtoll(t.cell[0], NULL, 10);
        for (int i = 0; i < 3; i++) {
            compare(&t, 3 + 4 * i, sj_hawkes_update(&hawkes[i], time_ns));
            compare(&t, 4 + 4 * i, sj_hawkes_at(&hawkes[i], time_ns + 50000000));
        }
    }
    close_table(&t, 2000);
}

int golden_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ofi_and_microprice_agree),
        cmocka_unit_test(mlofi_agrees),
        cmocka_unit_test(vpin_agrees),
        cmocka_unit_test(hawkes_agrees),
    };
    return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
