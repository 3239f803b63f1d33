/* backtest_rows.h: `shijim backtest --data`: a strategy over a file of rows. */
#ifndef SJ_APP_BACKTEST_ROWS_H
#define SJ_APP_BACKTEST_ROWS_H

#include "backtest/latency.h"
#include "base/cli.h"

struct backtest_rows {
    const char *data, *strategy, *queue, *exchange, *fills, *out;
    struct sj_cli_list params;
    double queue_n, tick, lot, maker_fee, taker_fee;
    const char *latency, *stream_latency[SJ_BT_STREAM_COUNT]; /* NULL: not given */
    int64_t sample_ns;
    uint64_t seed;
    bool strict, json;
};

/* As the command line has it before anything was said. */
struct backtest_rows backtest_rows_default(void);

/* Runs it and says what came out. Returns the exit code. */
int backtest_rows(const struct sj_cli *cli, const struct backtest_rows *asked);

#endif
