#include "gateway/gateway_config.h"

#include "gateway/contract_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATORS ", \t\r\n"
#define FILE_SIZE_MAX (1 << 20)

#define OWNER struct sj_gateway_config
static const struct sj_config_key keys[] = {
    SJ_CONFIG_LIST(OWNER, servers, "http://127.0.0.1:8080",
                   "broker servers, http://HOST:PORT or Unix socket path, one connection each, at "
                   "most 5"),
    SJ_CONFIG_SECRET(OWNER, token, "KEY:SECRET for servers that are not on loopback"),
    SJ_CONFIG_LIST(OWNER, instruments, "2330,TXFR1,IX0001",
                   "codes (2330) and queries (FUT:TXF*) of what to subscribe to"),
    SJ_CONFIG_TEXT(OWNER, instruments_file, "", "file with more of them, separated by blanks"),
    SJ_CONFIG_LIST(OWNER, subscribe_stocks, "tick,bidask",
                   "tick, bidask, quote: streams of stocks and warrants"),
    SJ_CONFIG_LIST(OWNER, subscribe_futures, "tick,bidask",
                   "tick, bidask, quote: streams of futures and options"),
    SJ_CONFIG_BOOL(OWNER, odd_lots, "false", "stocks' intraday odd lots too"),
    SJ_CONFIG_INT(OWNER, subscriptions_max, 1, SJ_SUBSCRIPTIONS_MAX, "200",
                  "subscriptions a connection may hold"),
    SJ_CONFIG_BOOL(OWNER, per_channel_streams, "false",
                   "a stream for each channel instead of one for all"),
    SJ_CONFIG_CHOICE(OWNER, calendar, "taiwan|always", "taiwan",
                     "when data is expected; always suits a simulated market"),
    SJ_CONFIG_LIST(OWNER, holidays, "",
                   "weekdays without trading, YYYY-MM-DD, beside those the calendar knows"),
    SJ_CONFIG_LIST(OWNER, extra_trading_days, "",
                   "days with trading, YYYY-MM-DD, whatever the calendar says"),
    SJ_CONFIG_INT(OWNER, silence_day_ms, 50, 3600000, "60000",
                  "day session: a feed without data for longer is silent"),
    SJ_CONFIG_INT(OWNER, silence_night_ms, 50, 3600000, "180000",
                  "night session: a feed without data for longer is silent"),
    SJ_CONFIG_INT(OWNER, watch_ms, 20, 3600000, "15000",
                  "how long a rung of the recovery ladder has to show data"),
    SJ_CONFIG_INT(OWNER, backoff_min_ms, 1, 600000, "500",
                  "first bound of the wait before another try; doubles"),
    SJ_CONFIG_INT(OWNER, backoff_max_ms, 1, 3600000, "60000", "largest bound of that wait"),
    SJ_CONFIG_INT(OWNER, connect_timeout_ms, 10, 600000, "5000",
                  "until a stream has answered with its head"),
    SJ_CONFIG_INT(OWNER, request_timeout_ms, 10, 600000, "5000", "until a request is answered"),
    SJ_CONFIG_INT(OWNER, health_interval_ms, 20, 3600000, "5000", "between two looks at /health"),
    SJ_CONFIG_INT(OWNER, usage_interval_ms, 20, 3600000, "60000",
                  "between two looks at /auth/usage"),
    SJ_CONFIG_INT(OWNER, ban_wait_ms, 10, 3600000, "65000",
                  "how long a server that bans us is left alone; other refusals in proportion"),
    SJ_CONFIG_TEXT(OWNER, login_path, "",
                   "path to POST {\"server\":N} to for a new login, where the server has one"),
    SJ_CONFIG_TEXT(OWNER, restart_command, "",
                   "shell command that restarts the broker's server and returns"),
    SJ_CONFIG_INT(OWNER, restart_timeout_ms, 100, 3600000, "90000",
                  "until the restarted server must be healthy"),
    SJ_CONFIG_INT(OWNER, login_budget, 0, 1000, "20", "logins and restarts a day, all connections"),
    SJ_CONFIG_INT(OWNER, login_interval_ms, 0, 86400000, "60000", "least time between two logins"),
    SJ_CONFIG_TEXT(OWNER, login_budget_file, "shijim-logins", "where the day's logins are kept"),
    SJ_CONFIG_INT(OWNER, queue_events, 1024, 1 << 26, "131072",
                  "events each connection's ring holds before a stalled journal costs any"),
    SJ_CONFIG_BOOL(
        OWNER, simulation, "true",
        "whether the servers must be simulations; a server of the other kind is refused"),
    SJ_CONFIG_LIST(OWNER, contract_times, "07:52,08:02,14:47,17:17",
                   "when contracts are described anew (Taipei, HH:MM or HH:MM:SS); none: never"),
    SJ_CONFIG_REAL(OWNER, contract_change_max_percent, 0, 100, "10",
                   "a newer description in which more contracts are others is refused"),
};
#undef OWNER

const struct sj_config_section *sj_gateway_config_section(struct sj_gateway_config *config,
                                                          struct sj_config_section *section)
{
    *section = (struct sj_config_section){
        .name = "broker",
        .text = "the broker's servers, what to subscribe to, when to worry",
        .keys = keys,
        .key_count = sizeof(keys) / sizeof(keys[0]),
        .values = config,
    };
    return section;
}

static uint32_t count_words(const char *text)
{
    uint32_t count = 0;
    for (;;) {
        text += strspn(text, SEPARATORS);
        size_t size = strcspn(text, SEPARATORS);
        if (size == 0)
            return count;
        count++;
        text += size;
    }
}

sj_rc gateway_check(const struct sj_gateway_config *config, struct sj_plan_options *ret_options,
                    char error[SJ_PLAN_ERROR_MAX])
{
    struct sj_plan_options options = {.connection_count = count_words(config->servers),
                                      .subscriptions_max = (uint32_t)config->subscriptions_max,
                                      .odd_lots = config->odd_lots};
    if (options.connection_count == 0 || options.connection_count > SJ_CONNECTIONS_MAX) {
        snprintf(error, SJ_PLAN_ERROR_MAX, "broker.servers names %u servers: name 1 to %d",
                 options.connection_count, SJ_CONNECTIONS_MAX);
        return -SJ_E_RANGE;
    }
    if (config->backoff_max_ms < config->backoff_min_ms) {
        snprintf(error, SJ_PLAN_ERROR_MAX,
                 "broker.backoff_max_ms %lld is less than broker.backoff_min_ms %lld",
                 (long long)config->backoff_max_ms, (long long)config->backoff_min_ms);
        return -SJ_E_RANGE;
    }
    int64_t times_ns[SJ_CONTRACT_TIMES_MAX];
    if (strcmp(config->contract_times, "none") != 0 &&
        sj_contract_times(config->contract_times, times_ns) < 0) {
        snprintf(error, SJ_PLAN_ERROR_MAX,
                 "broker.contract_times '%.64s': write up to %d times as 07:52,14:47",
                 config->contract_times, SJ_CONTRACT_TIMES_MAX);
        return -SJ_E_MALFORMED;
    }
    if (config->login_path[0] != '\0' && config->login_path[0] != '/') {
        snprintf(error, SJ_PLAN_ERROR_MAX, "broker.login_path '%.64s' must begin with '/'",
                 config->login_path);
        return -SJ_E_RANGE;
    }
    sj_rc rc = sj_plan_quote_types(config->subscribe_stocks, &options.quote_types_stk, error);
    if (rc >= 0)
        rc = sj_plan_quote_types(config->subscribe_futures, &options.quote_types_fop, error);
    if (rc >= 0)
        *ret_options = options;
    return rc;
}

static sj_rc read_file(const char *path, char **ret_text, char error[SJ_PLAN_ERROR_MAX])
{
    FILE *file = fopen(path, "re");
    sj_rc rc = -errno;
    char *text = file ? malloc(FILE_SIZE_MAX + 1) : NULL;
    if (text) {
        size_t size = fread(text, 1, FILE_SIZE_MAX + 1, file);
        rc = ferror(file) ? -EIO : size > FILE_SIZE_MAX ? -SJ_E_LIMIT : 0;
        text[rc == 0 ? size : 0] = '\0';
    }
    if (file)
        fclose(file);
    if (!text || rc < 0) {
        snprintf(error, SJ_PLAN_ERROR_MAX, "broker.instruments_file '%.120s': %s", path,
                 sj_rc_text(rc));
        free(text);
        return rc < 0 ? rc : -ENOMEM;
    }
    *ret_text = text;
    return 0;
}

sj_rc gateway_selectors(const struct sj_gateway_config *config, char **ret_text,
                        char error[SJ_PLAN_ERROR_MAX])
{
    char *file = NULL;
    char *text = NULL;
    sj_rc rc = 0;
    if (config->instruments_file[0])
        rc = read_file(config->instruments_file, &file, error);
    if (rc >= 0 && asprintf(&text, "%s,%s", config->instruments, file ? file : "") < 0)
        rc = -ENOMEM;
    free(file);
    if (rc < 0)
        return rc;
    const char *at = text;
    struct sj_selector selector;
    uint32_t count = 0;
    while ((rc = sj_selector_next(&at, &selector, error)) > 0)
        count++;
    if (rc >= 0 && count == 0) {
        snprintf(error, SJ_PLAN_ERROR_MAX,
                 "no instrument: set broker.instruments, for example 2330,TXFR1");
        rc = -SJ_E_MALFORMED;
    }
    if (rc < 0) {
        free(text);
        return rc;
    }
    *ret_text = text;
    return 0;
}

static int compare_dates(const void *a, const void *b)
{
    int32_t left = *(const int32_t *)a;
    int32_t right = *(const int32_t *)b;
    return (left > right) - (left < right);
}

static sj_rc read_dates(const char *text, const char *key, int32_t *dates, uint32_t *ret_count,
                        char error[SJ_PLAN_ERROR_MAX])
{
    uint32_t count = 0;
    for (;;) {
        text += strspn(text, SEPARATORS);
        size_t size = strcspn(text, SEPARATORS);
        if (size == 0)
            break;
        sj_rc rc = sj_date_parse(text, size, &dates[count]);
        if (rc < 0) {
            snprintf(error, SJ_PLAN_ERROR_MAX, "%s: '%.*s' is not a date: write YYYY-MM-DD", key,
                     (int)(size < 40 ? size : 40), text);
            return rc;
        }
        count++;
        text += size;
    }
    qsort(dates, count, sizeof(*dates), compare_dates);
    *ret_count = count;
    return 0;
}

static bool is_among(int32_t date, const int32_t *dates, uint32_t count)
{
    return bsearch(&date, dates, count, sizeof(*dates), compare_dates) != NULL;
}

/* Puts known dates behind the configured ones, but for those that are among `not`; sorts all. */
static void add_known(int32_t *dates, uint32_t *count, const int32_t *known, uint32_t known_count,
                      const int32_t * not, uint32_t not_count)
{
    for (uint32_t i = 0; i < known_count; i++)
        if (!is_among(known[i], not, not_count))
            dates[(*count)++] = known[i];
    qsort(dates, *count, sizeof(*dates), compare_dates);
}

sj_rc gateway_dates(const struct sj_gateway_config *config, const struct sj_tw_holidays *known,
                    int32_t **ret_dates, struct sj_tw_holidays *ret_holidays,
                    char error[SJ_PLAN_ERROR_MAX])
{
    uint32_t closed_max = count_words(config->holidays) + known->closed_count;
    uint32_t open_max = count_words(config->extra_trading_days) + known->open_count;
    int32_t *closed = calloc(closed_max + open_max + 1, sizeof(*closed));
    if (!closed)
        return -ENOMEM;
    int32_t *open = closed + closed_max;
    uint32_t closed_count, open_count;
    sj_rc rc = read_dates(config->holidays, "broker.holidays", closed, &closed_count, error);
    if (rc >= 0)
        rc = read_dates(config->extra_trading_days, "broker.extra_trading_days", open, &open_count,
                        error);
    if (rc < 0) {
        free(closed);
        return rc;
    }
    add_known(closed, &closed_count, known->closed, known->closed_count, open, open_count);
    add_known(open, &open_count, known->open, known->open_count, closed, closed_count);
    *ret_dates = closed;
    *ret_holidays = (struct sj_tw_holidays){
        .closed = closed, .closed_count = closed_count, .open = open, .open_count = open_count};
    return 0;
}
