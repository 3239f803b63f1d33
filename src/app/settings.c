#include "app/settings.h"

#include "base/log.h"
#include "store/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SECTION_MAX 16

static const struct sj_config_key bus_keys[] = {
    SJ_CONFIG_TEXT(struct sj_bus_config, dir, "",
                   "where the rings lie: a folder in memory; empty: /dev/shm/shijim-UID"),
};
static const struct sj_config_key journal_keys[] = {
    SJ_CONFIG_TEXT(struct sj_journal_config, dir, "data/journal", "the journal's directory"),
    SJ_CONFIG_INT(struct sj_journal_config, segment_size, 4194304, 17179869184.0, "256Mi",
                  "bytes of a segment file"),
    SJ_CONFIG_INT(struct sj_journal_config, flush_min_us, 50, 1000000, "200",
                  "shortest interval between two commits"),
    SJ_CONFIG_INT(struct sj_journal_config, flush_max_us, 50, 1000000, "1000",
                  "longest interval between two commits"),
    SJ_CONFIG_INT(struct sj_journal_config, reserve_size, 0, 1e15, "1Gi",
                  "bytes that must stay free on the disk"),
    SJ_CONFIG_INT(struct sj_journal_config, keep_size, 0, 1e15, "0",
                  "bytes of sealed segments to keep; 0: all"),
    SJ_CONFIG_INT(struct sj_journal_config, keep_days, 0, 36500, "0",
                  "days to keep sealed segments; 0: for ever"),
    SJ_CONFIG_INT(struct sj_journal_config, compress_after_s, 0, 31536000, "0",
                  "age at which sealed segments are compressed; 0: never"),
};
static const struct sj_config_key watch_keys[] = {
    SJ_CONFIG_TEXT(struct sj_watch_config, listen, "127.0.0.1:9464",
                   "where /metrics and /status answer (loopback); port 0: any free one"),
    SJ_CONFIG_TEXT(struct sj_watch_config, port_file, "", "the port is written here"),
};
static const struct sj_config_key log_keys[] = {
    SJ_CONFIG_TEXT(struct sj_log_config, level, "info", "debug, info, warn, error or off"),
};
static const struct sj_config_key threads_keys[] = {
    SJ_CONFIG_CHOICE(struct sj_threads_config, layout, "shared|split|dedicated", "shared",
                     "shared: one thread for all connections; split: one each; dedicated: one "
                     "each, spinning"),
    SJ_CONFIG_INT(struct sj_threads_config, nice, -20, 19, "-10",
                  "priority of gateway and journal, where the system allows it; the store has 0"),
};

static const struct sj_config_key trading_keys[] = {
    SJ_CONFIG_CHOICE(
        struct sj_trading_config, mode, "off|paper|live", "off",
        "off: no strategy runs; paper: orders go to a broker that simulates, and to no "
        "other; live: real orders"),
    SJ_CONFIG_TEXT(struct sj_trading_config, state_dir, "data/state",
                   "the kill switch and what trading must know after a restart"),
    SJ_CONFIG_SECRET(struct sj_trading_config, token,
                     "what POST /kill and /panic ask for; empty: they are refused"),
    SJ_CONFIG_TEXT(struct sj_trading_config, dead_man_file, "",
                   "a file that somebody must touch; empty: nobody need"),
    SJ_CONFIG_INT(struct sj_trading_config, dead_man_ms, 100, 86400000, "10000",
                  "age of that file at which trading is killed"),
    SJ_CONFIG_BOOL(struct sj_trading_config, kill_cancels, "true",
                   "a kill also cancels what works at the exchange"),
    SJ_CONFIG_BOOL(struct sj_trading_config, stop_cancels, "true",
                   "so does a stop in order (SIGTERM)"),
    SJ_CONFIG_INT(struct sj_trading_config, stop_ms, 0, 600000, "10000",
                  "how long a stop waits for orders to end"),
    SJ_CONFIG_INT(struct sj_trading_config, feed_loss_ms, 0, 86400000, "0",
                  "no market data at all for so long, while a session is open, stops new orders; "
                  "0: not watched"),
    SJ_CONFIG_BOOL(struct sj_trading_config, feed_loss_kills, "false",
                   "it also kills; else new orders go on when data does"),
    SJ_CONFIG_INT(struct sj_trading_config, broker_silence_ms, 0, 86400000, "0",
                  "the server that takes the orders says nothing for so long, not even the beat of "
                  "every 30 s: kills; 0: not watched"),
};

/* Names of the original system's environment. */
static const struct sj_config_alias aliases[] = {
    {"CLICKHOUSE_DSN", "store.url"},
    {"SHIOAJI_SIMULATION", "broker.simulation"},
    {"SHIJIM_RAW_DIR", "journal.dir"},
    {"SHIJIM_BUS_MAX_QUEUE", "broker.queue_events"},
};

static struct sj_settings the_settings;
static struct sj_config_section sections[SECTION_MAX];
static const struct sj_config_section *section_pointers[SECTION_MAX];

#define KEYS(keys) keys, sizeof(keys) / sizeof((keys)[0])

static uint32_t fill_sections(struct sj_settings *settings)
{
    uint32_t count = 0;
    sj_gateway_config_section(&settings->broker, &sections[count++]);
    sections[count++] = (struct sj_config_section){"bus", "the rings in shared memory",
                                                   KEYS(bus_keys), &settings->bus};
    sections[count++] = (struct sj_config_section){"journal", "the log that keeps every event",
                                                   KEYS(journal_keys), &settings->journal};
    sections[count++] = sj_store_config_section(&settings->store);
    sections[count++] = sj_strategies_config_section(&settings->strategies);
    sections[count++] = (struct sj_config_section){"watch", "what the process shows",
                                                   KEYS(watch_keys), &settings->watch};
    sections[count++] =
        (struct sj_config_section){"log", "lines on stderr", KEYS(log_keys), &settings->log};
    sections[count++] = (struct sj_config_section){"threads", "which work shares a thread",
                                                   KEYS(threads_keys), &settings->threads};
    sections[count++] = (struct sj_config_section){"trading", "whether and how orders are sent",
                                                   KEYS(trading_keys), &settings->trading};
    sections[count++] = sj_risk_config_section(&settings->risk);
    sections[count++] = sj_risk_limits_section(&settings->risk);
    sj_orders_config_section(&settings->orders, &sections[count++]);
    sections[count++] = sj_account_config_section(&settings->account);
    for (uint32_t i = 0; i < count; i++)
        section_pointers[i] = &sections[i];
    return count;
}

static sj_rc check(const struct sj_settings *settings, struct sj_config_error *error)
{
    enum sj_log_level level;
    if (sj_log_level_parse(settings->log.level, &level) < 0) {
        snprintf(error->text, sizeof error->text,
                 "log.level is debug, info, warn, error or off, not '%s'", settings->log.level);
        return -SJ_E_RANGE;
    }
    if (settings->journal.flush_min_us > settings->journal.flush_max_us) {
        snprintf(error->text, sizeof error->text,
                 "journal.flush_min_us (%lld) is above journal.flush_max_us (%lld); lower it",
                 (long long)settings->journal.flush_min_us,
                 (long long)settings->journal.flush_max_us);
        return -SJ_E_RANGE;
    }
    struct sj_store_address address = {0};
    if (*settings->store.url && sj_store_address_parse(settings->store.url, &address) < 0) {
        snprintf(error->text, sizeof error->text,
                 "store.url is http(s)://[user:password@]host[:port][/database], or \"\" for none");
        return -SJ_E_MALFORMED;
    }
    sj_log_set_level(level);
    sj_rc rc = sj_orders_config_check(&settings->orders, error);
    return rc < 0 ? rc
                  : sj_strategies_config_check(&settings->config, &settings->strategies, error);
}

static sj_rc load(struct sj_settings *settings, const struct sj_settings_source *source,
                  struct sj_config_error *error)
{
    sj_rc rc = 0;
    if (source->path)
        rc = sj_config_load_file(&settings->config, source->path, error);
    if (rc >= 0)
        rc = sj_config_load_environment(&settings->config, environ, error);
    for (size_t i = 0; rc >= 0 && i < source->assignments.count; i++)
        rc = sj_config_set(&settings->config, source->assignments.items[i], error);
    return rc < 0 ? rc : check(settings, error);
}

struct sj_settings *sj_settings_load(const struct sj_cli *cli,
                                     const struct sj_settings_source *source)
{
    struct sj_settings *settings = &the_settings;
    struct sj_config_error error;
    uint32_t count = fill_sections(settings);
    if (sj_config_init(&settings->config, section_pointers, count) < 0) {
        sj_cli_fail(cli, 0, "out of memory");
        return NULL;
    }
    sj_config_set_aliases(&settings->config, aliases, sizeof aliases / sizeof aliases[0]);
    if (load(settings, source, &error) < 0) {
        sj_cli_fail(cli, 0, "%s", error.text);
        sj_settings_done(settings);
        return NULL;
    }
    return settings;
}

void sj_settings_done(struct sj_settings *settings)
{
    if (settings)
        sj_config_done(&settings->config);
}
