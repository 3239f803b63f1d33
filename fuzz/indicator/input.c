/*
 * Any numbers into every indicator, by event and in a batch: no crash, no infinity, the same bits.
 * The input is an array of doubles (or times), eight bytes each.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "shijim/indicator.h"

#define ROWS_MAX 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static double values[ROWS_MAX + 20], out[ROWS_MAX];

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void same(double by_event, double in_batch)
{
    must(!isinf(by_event));
    uint64_t left, right;
    memcpy(&left, &by_event, sizeof left);
    memcpy(&right, &in_batch, sizeof right);
    must((isnan(by_event) && isnan(in_batch)) || left == right);
}

static struct sj_column from(int64_t first)
{
    return (struct sj_column){values + first, sizeof(double)};
}

/* Columns are the same values, shifted: every number meets every place. */
static void check_books(int64_t rows)
{
    const struct sj_column in[4] = {from(0), from(1), from(2), from(3)}, to = {out, 8};
    struct sj_ofi event, batch;
    sj_ofi_init(&event);
    sj_ofi_init(&batch);
    sj_ofi_batch(&batch, rows, in, &to);
    for (int64_t i = 0; i < rows; i++)
        same(sj_ofi_update(&event, values[i], values[i + 1], values[i + 2], values[i + 3]), out[i]);
    must(event.count == batch.count);
    same(sj_ofi_sum(&event), sj_ofi_sum(&batch));
    struct sj_mlofi mlofi;
    struct sj_shape shape;
    must(sj_mlofi_init(&mlofi, 5, NULL) == 0);
    for (int64_t i = 0; i < rows; i++) {
        must(!isinf(sj_mlofi_update(&mlofi, values + i, values + i + 5, values + i + 10,
                                    values + i + 15, (uint32_t)(i % 7))));
        sj_shape_update(&shape, values + i, values + i + 5, values + i + 10, values + i + 15, 5);
        const double *value = &shape.mid;
        for (size_t k = 0; k < sizeof shape / sizeof *value; k++)
            must(!isinf(value[k]));
    }
}

static void check_flow(int64_t rows)
{
    const struct sj_column in[2] = {from(0), from(1)}, to = {out, 8};
    struct sj_vpin event, batch;
    struct sj_tfi tfi;
    struct sj_kyle kyle;
    struct sj_volatility volatility;
    struct sj_queue queue;
    must(sj_vpin_init(&event, 3, 5, 0) == 0 && sj_tfi_init(&tfi, 9) == 0);
    must(sj_kyle_init(&kyle, 6) == 0 && sj_volatility_init(&volatility, 8) == 0);
    must(sj_queue_init(&queue, SJ_QUEUE_POWER_3, 10) == 0);
    batch = event;
    sj_vpin_batch(&batch, rows, in, &to);
    for (int64_t i = 0; i < rows; i++) {
        same(sj_vpin_update(&event, values[i]), out[i]);
        double value = sj_tfi_update(&tfi, values[i]);
        must(isnan(value) || fabs(value) <= 1);
        must(!isinf(sj_kyle_update(&kyle, values[i + 1], values[i])));
        must(!isinf(sj_volatility_update(&volatility, values[i])));
        value = sj_queue_trade(&queue, values[i]);
        must(value >= 0 && value <= SJ_VALUE_MAX);
        value = sj_queue_level(&queue, values[i + 1]);
        must(value >= 0 && value <= queue.level);
    }
}

static void check_times(int64_t rows)
{
    const struct sj_column in = from(0), to = {out, 8};
    const double jump = 0.5, decay = 3;
    struct sj_hawkes event, batch;
    must(sj_hawkes_init(&event, 0.1, 1, &jump, &decay) == 0);
    batch = event;
    sj_hawkes_batch(&batch, rows, &in, &to);
    for (int64_t i = 0; i < rows; i++) {
        int64_t time_ns;
        memcpy(&time_ns, &values[i], sizeof time_ns);
        same(sj_hawkes_update(&event, time_ns), out[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t rows = (int64_t)(size / sizeof(double));
    rows = rows > ROWS_MAX ? ROWS_MAX : rows;
    memset(values, 0, sizeof values);
    if (rows > 0)
        memcpy(values, data, (size_t)rows * sizeof(double));
    check_books(rows);
    check_flow(rows);
    check_times(rows);
    return 0;
}
