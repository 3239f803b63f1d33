/* Any bytes as rows of a file: a run over them ends, with a result or a line, and every fill that
 * it tells is of an order that was placed. The first byte chooses queue, exchange and strategy. */
#include "backtest/run.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS_MAX 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_fill(void *context, const struct sj_bt_fill_row *row)
{
    int64_t *left = context;
    if (row->order == 0 || row->quantity == 0 || row->local_ns < row->exch_ns)
        abort();
    *left += row->quantity;
}

static bool write_rows(const char *path, const uint8_t *data, size_t size)
{
    static struct sj_row rows[ROWS_MAX];
    struct sj_npz_writer *writer;
    size_t count = size / sizeof rows[0] < ROWS_MAX ? size / sizeof rows[0] : ROWS_MAX;
    memcpy(rows, data, count * sizeof rows[0]);
    return sj_npz_create(path, SJ_NPZ_STORED, &writer) >= 0 &&
           sj_npz_append(writer, rows, count) >= 0 && sj_npz_finish(writer) >= 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sj_strategy_param params[] = {
        {"step", "60s", 0}, {"qty", "3", 0}, {"tif", "ROD", 0}};
    static const struct sj_strategy_instance quoter = {
        .name = "touch", .use = "touch_quoter", .params = params, .param_count = 3};
    static const struct sj_strategy_instance maker = {.name = "maker", .use = "market_maker"};
    char path[64], error[SJ_BT_ERROR_MAX] = "";
    struct sj_bt_result result;
    int64_t filled = 0;
    if (size < 1)
        return 0;
    snprintf(path, sizeof path, "/tmp/shijim-fuzz-rows-%d.npz", (int)getpid());
    struct sj_bt_options options = {
        .path = path,
        .tick = 0.5,
        .lot = 0.01,
        .queue = {(enum sj_bt_queue_kind)(data[0] % SJ_BT_QUEUE_COUNT), 2},
        .partial = data[0] & 64,
        .order_latency_ns = 1000000,
        .report_latency_ns = 1000000,
        .strategies = data[0] & 128 ? &maker : &quoter,
        .strategy_count = 1,
        .sink = {.context = &filled, .fill = on_fill}};
    if (!write_rows(path, data + 1, size - 1))
        return 0;
    sj_rc rc = sj_bt_run(&options, &result, error);
    if (rc < 0 && !*error)
        abort();
    if (rc >= 0 && result.fills > 0 && filled == 0)
        abort();
    unlink(path);
    return 0;
}
