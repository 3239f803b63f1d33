/*
 * settings.h: the configuration of a live process: every room's section, loaded once from file,
 * environment and --set.
 *
 * Errors   one line on stderr; the caller exits with SJ_EXIT_USER.
 * Threads  [init].
 */
#ifndef SJ_APP_SETTINGS_H
#define SJ_APP_SETTINGS_H

#include "account/account_config.h"
#include "base/cli.h"
#include "base/config.h"
#include "gateway/gateway.h"
#include "order/orders_config.h"
#include "risk/risk_config.h"
#include "store/store.h"
#include "strategy/strategy_config.h"

struct sj_bus_config {
    char dir[256];
};

struct sj_journal_config {
    char dir[256];
    int64_t segment_size;
    int64_t flush_min_us;
    int64_t flush_max_us;
    int64_t reserve_size;
    int64_t keep_size;
    int64_t keep_days;
    int64_t compress_after_s;
};

struct sj_watch_config {
    char listen[64];
    char port_file[256];
};

struct sj_log_config {
    char level[16];
};

struct sj_threads_config {
    int32_t layout; /* enum sj_threads_layout */
    int64_t nice;
};

/* What the live process does with orders. */
enum sj_trading_mode { SJ_TRADING_OFF, SJ_TRADING_PAPER, SJ_TRADING_LIVE };

struct sj_trading_config {
    int32_t mode; /* enum sj_trading_mode */
    char state_dir[256];
    char token[128];
    char dead_man_file[256];
    int64_t dead_man_ms;
    bool kill_cancels;
    bool stop_cancels;
    int64_t stop_ms;
    int64_t feed_loss_ms;
    bool feed_loss_kills;
    int64_t broker_silence_ms;
};

enum sj_threads_layout { SJ_THREADS_SHARED, SJ_THREADS_SPLIT, SJ_THREADS_DEDICATED };

struct sj_settings {
    struct sj_config config;
    struct sj_bus_config bus;
    struct sj_journal_config journal;
    struct sj_watch_config watch;
    struct sj_log_config log;
    struct sj_threads_config threads;
    struct sj_trading_config trading;
    struct sj_risk_config risk;
    struct sj_orders_config orders;
    struct sj_account_config account;
    struct sj_gateway_config broker;
    struct sj_store_config store;
    struct sj_strategies_config strategies;
};

/* What the user gave on the command line. */
struct sj_settings_source {
    const char *path;
    struct sj_cli_list assignments;
};

#define SJ_SETTINGS_OPTIONS(source)                                                                \
    {"config", "FILE", "the YAML file", SJ_CLI_TEXT, &(source).path, 0, 0, 'c'},                   \
    {                                                                                              \
        "set", "SECTION.KEY=VALUE", "override one value (repeatable)", SJ_CLI_LIST,                \
            &(source).assignments, 0, 0, 0                                                         \
    }
#define SJ_SETTINGS_OPTION_COUNT 2

/* The one settings of the process (its tables point into it). NULL after a line on stderr. */
struct sj_settings *sj_settings_load(const struct sj_cli *cli,
                                     const struct sj_settings_source *source);
void sj_settings_done(struct sj_settings *settings);

#endif
