/*
 * backtest_setup.h: what `shijim backtest` was asked for, made into a run's options and its days.
 */
#ifndef SJ_APP_BACKTEST_SETUP_H
#define SJ_APP_BACKTEST_SETUP_H

#include "app/settings.h"
#include "backtest/days.h"
#include "backtest/latency.h"
#include "backtest/merge.h"
#include "base/cli.h"

#define BACKTEST_TEXT_MAX 64

struct backtest_asked {
    struct sj_settings_source source; /* the live configuration; may be nothing */
    struct sj_cli_list data, dates;
    const char *instruments;
    const char *strategy, *queue, *exchange, *fills, *out;
    struct sj_cli_list params, sweeps;
    const char *metric, *walk;
    double queue_n, tick, lot, maker_fee, taker_fee;
    const char *latency, *stream_latency[SJ_BT_STREAM_COUNT]; /* NULL: not given */
    int64_t sample_ns;
    uint64_t seed;
    uint32_t jobs;
    bool strict, json;
};

/* As the command line has it before anything was said. */
struct backtest_asked backtest_asked_default(void);

/* The options of what a run is, for a command's table. */
#define BACKTEST_OPTIONS(asked)                                                                     \
    {"data",                                                                                        \
     "FILE",                                                                                        \
     "npz or npy of hftbacktest's rows, one a day; a folder: all in it, by name",                   \
     SJ_CLI_LIST,                                                                                   \
     &(asked).data,                                                                                 \
     0,                                                                                             \
     0,                                                                                             \
     0},                                                                                            \
        {"strategy",                                                                                \
         "NAME",                                                                                    \
         "a built-in, or a shared object (with a /)",                                               \
         SJ_CLI_TEXT,                                                                               \
         &(asked).strategy,                                                                         \
         0,                                                                                         \
         0,                                                                                         \
         0},                                                                                        \
        {"instruments",                                                                             \
         "CODES",                                                                                   \
         "journals: what --strategy trades: 2330,TXF*",                                             \
         SJ_CLI_TEXT,                                                                               \
         &(asked).instruments,                                                                      \
         0,                                                                                         \
         0,                                                                                         \
         0},                                                                                        \
        {"day",                                                                                     \
         "YYYYMMDD",                                                                                \
         "journals: a trading day (repeatable; default: all in one)",                               \
         SJ_CLI_LIST,                                                                               \
         &(asked).dates,                                                                            \
         0,                                                                                         \
         0,                                                                                         \
         0},                                                                                        \
        {"param",                                                                                   \
         "A=X,B=Y",                                                                                 \
         "its parameters; quantities in the data's unit",                                           \
         SJ_CLI_LIST,                                                                               \
         &(asked).params,                                                                           \
         0,                                                                                         \
         0,                                                                                         \
         0},                                                                                        \
        {"queue",                                                                                   \
         "MODEL",                                                                                   \
         "risk_averse, log, log2, power, power2, power3 or l3_fifo (log)",                          \
         SJ_CLI_TEXT,                                                                               \
         &(asked).queue,                                                                            \
         0,                                                                                         \
         0,                                                                                         \
         0},                                                                                        \
        {"queue-n", "N", "exponent of the power family (2)", SJ_CLI_REAL, &(asked).queue_n, 0,      \
         0,         0},                                                                             \
        {"exchange",                                                                                \
         "KIND",                                                                                    \
         "no_partial or partial: whether orders fill in parts (no_partial)",                        \
         SJ_CLI_TEXT,                                                                               \
         &(asked).exchange,                                                                         \
         0,                                                                                         \
         0,                                                                                         \
         0},                                                                                        \
        {"latency", "MODEL", "to the exchange, and back (1ms)", SJ_CLI_TEXT, &(asked).latency, 0,   \
         0,         0},                                                                             \
        {"order-latency",                                                                           \
         "MODEL",                                                                                   \
         "to the exchange, where it differs",                                                       \
         SJ_CLI_TEXT,                                                                               \
         &(asked).stream_latency[SJ_BT_ORDER],                                                      \
         0,                                                                                         \
         0,                                                                                         \
         0},                                                                                        \
        {"report-latency",                                                                          \
         "MODEL",                                                                                   \
         "back, where it differs",                                                                  \
         SJ_CLI_TEXT,                                                                               \
         &(asked).stream_latency[SJ_BT_REPORT],                                                     \
         0,                                                                                         \
         0,                                                                                         \
         0},                                                                                        \
        {"feed-latency",                                                                            \
         "MODEL",                                                                                   \
         "of the market's rows (default: as recorded)",                                             \
         SJ_CLI_TEXT,                                                                               \
         &(asked).stream_latency[SJ_BT_FEED],                                                       \
         0,                                                                                         \
         0,                                                                                         \
         0},                                                                                        \
        {"seed", "N", "of what latencies are drawn (1)", SJ_CLI_UINT, &(asked).seed, 0, 0, 0},      \
        {"tick", "PRICE", "price step (default: by the first rows)", SJ_CLI_REAL, &(asked).tick, 0, \
         0,      0},                                                                                \
        {"lot", "QTY", "quantity step (default: by the first rows)", SJ_CLI_REAL, &(asked).lot, 0,  \
         0,     0},                                                                                 \
        {"maker-fee", "RATE", "part of the value (-0.00005)", SJ_CLI_REAL, &(asked).maker_fee, 0,   \
         0,           0},                                                                           \
        {"taker-fee", "RATE", "part of the value (0.0007)", SJ_CLI_REAL, &(asked).taker_fee, 0,     \
         0,           0},                                                                           \
        {"strict", NULL, "stop at the first bad row", SJ_CLI_FLAG, &(asked).strict, 0, 0, 0},       \
        {"jobs", "N", "processes (default: as many as cores)", SJ_CLI_U32, &(asked).jobs, 1,        \
         256,    0},                                                                                \
    {                                                                                               \
        "json", NULL, "the result as one JSON object", SJ_CLI_FLAG, &(asked).json, 0, 0, 0          \
    }

/* What holds for all of them, for a command's help. */
#define BACKTEST_DETAILS                                                                           \
    "MODEL of a latency: 5ms, normal:MEAN:DEVIATION, lognormal:MEDIAN:SIGMA,\n"                    \
    "pareto:LEAST:ALPHA, file:PATH (samples, a histogram, or over time), or\n"                     \
    "interp:PATH (request, exchange and response times; CSV or hftbacktest's npz)."

struct backtest_config;

struct backtest_setup {
    struct sj_bt_options options;
    struct sj_strategy_instance strategy;
    struct sj_strategy_param params[SJ_STRATEGY_PARAMS_MAX];
    char names[SJ_STRATEGY_PARAMS_MAX][BACKTEST_TEXT_MAX];
    char values[SJ_STRATEGY_PARAMS_MAX][BACKTEST_TEXT_MAX];
    struct sj_latency *models[SJ_BT_STREAM_COUNT];
    struct sj_bt_day days[SJ_BT_DAYS_MAX];
    char *paths[SJ_BT_DAYS_MAX]; /* those found in folders */
    uint32_t day_count, path_count;
    const char *journals[SJ_BT_JOURNALS_MAX]; /* of every day */
    uint32_t journal_count;
    struct backtest_config *config; /* backtest_live.c's; NULL: none was given */
    struct sj_bt_days run;
};

/* Returns an exit code, 0 when *ret_setup is there. */
int backtest_setup(const struct sj_cli *cli, const struct backtest_asked *asked,
                   struct backtest_setup **ret_setup);
void backtest_setup_free(struct backtest_setup *setup);

/* A value of a parameter as the strategy takes it, in place: quantities in lots, GTC as ROD. */
int backtest_param_value(const struct sj_cli *cli, const struct backtest_setup *setup,
                         const char *name, char *value, size_t size);

#endif
