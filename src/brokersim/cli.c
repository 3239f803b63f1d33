/* The command line of `shijim broker-sim`: one table of options. */
#include "brokersim/brokersim.h"

#include "base/tw_time.h"
#include "brokersim/fault.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum option_type {
    OPTION_TEXT,
    OPTION_U32,
    OPTION_U64,
    OPTION_REAL,
    OPTION_FLAG,
    OPTION_DATE,
    OPTION_CLOCK
};

struct option_row {
    const char *name;
    enum option_type type;
    size_t offset;
    const char *argument;
    const char *text;
};

#define AT(field) offsetof(struct sj_brokersim_options, field)

static const struct option_row ROWS[] = {
    {"--bind", OPTION_TEXT, AT(bind_address), "ADDRESS", "listen here (127.0.0.1)"},
    {"--port", OPTION_U32, AT(port), "PORT", "first port; 0: the system chooses (8080)"},
    {"--servers", OPTION_U32, AT(server_count), "N", "broker servers, on PORT, PORT+1, ... (1)"},
    {"--port-file", OPTION_TEXT, AT(port_file), "FILE", "write the ports here, one a line"},
    {"--socket-dir", OPTION_TEXT, AT(socket_dir), "DIR", "Unix sockets DIR/server-PORT.sock too"},
    {"--instruments", OPTION_U32, AT(instrument_count), "N", "contracts that trade (1000)"},
    {"--universe", OPTION_TEXT, AT(universe_path), "FILE", "contracts, instead of those built in"},
    {"--rules", OPTION_TEXT, AT(rules_path), "FILE", "market rules, on top of those built in"},
    {"--replay", OPTION_TEXT, AT(replay_path), "DIR", "replay this journal, no synthetic market"},
    {"--date", OPTION_DATE, AT(date), "YYYY-MM-DD", "the trading day (today)"},
    {"--start", OPTION_CLOCK, AT(start_second), "HH:MM:SS",
     "the market's clock at start (08:59:50)"},
    {"--seed", OPTION_U64, AT(seed), "N", "the same seed makes the same market (1)"},
    {"--rate", OPTION_REAL, AT(rate), "N", "events a second over all instruments (1000)"},
    {"--speed", OPTION_REAL, AT(speed), "X", "market seconds a second; max: no waiting (1)"},
    {"--always-open", OPTION_FLAG, AT(always_open), "", "continuous trading at any hour"},
    {"--wall-clock", OPTION_FLAG, AT(wall_clock), "",
     "events carry this machine's time; always open"},
    {"--events", OPTION_U64, AT(event_max), "N", "halt the market after N events (0: never)"},
    {"--wait-subscriptions", OPTION_U32, AT(wait_subscriptions), "N",
     "start when N are subscribed (0)"},
    {"--burst", OPTION_U64, AT(burst_count), "N", "a burst of N events at one instant ..."},
    {"--burst-every-ms", OPTION_U32, AT(burst_every_ms), "MS", "... every so often (0: never)"},
    {"--heartbeat-ms", OPTION_U32, AT(heartbeat_ms), "MS", "between heartbeats (30000)"},
    {"--subscriptions", OPTION_U32, AT(subscription_max), "N", "a server's limit; 0: none (200)"},
    {"--logins", OPTION_U32, AT(login_max), "N", "servers that may be logged in; 0: all (5)"},
    {"--logins-a-day", OPTION_U32, AT(logins_a_day), "N", "login budget; 0: none (1000)"},
    {"--no-quota", OPTION_FLAG, AT(no_quota), "", "no limits on requests and traffic"},
    {"--ban-ms", OPTION_U32, AT(ban_ms), "MS", "a breach suspends the service so long (60000)"},
    {"--buffer-mb", OPTION_U32, AT(buffer_mb), "MB", "how far a client may fall behind (64)"},
    {"--order-latency-ms", OPTION_U32, AT(order_latency_ms), "MS",
     "from answer to order event (2)"},
    {"--cash", OPTION_U64, AT(cash), "TWD", "in each account, and the trading limit (100000000)"},
    {"--holdings", OPTION_TEXT, AT(holdings), "LIST", "held since yesterday: 2330=5000,TXFL6=-2"},
    {"--strict", OPTION_FLAG, AT(strict), "", "refuse orders beyond shares, limit or margin"},
    {"--faults", OPTION_TEXT, AT(faults), "LIST", "faults from the start, below"},
};

void sj_brokersim_defaults(struct sj_brokersim_options *options)
{
    *options = (struct sj_brokersim_options){.bind_address = "127.0.0.1",
                                             .port = 8080,
                                             .server_count = 1,
                                             .instrument_count = 1000,
                                             .seed = 1,
                                             .rate = 1000,
                                             .speed = 1,
                                             .start_second = 8 * 3600 + 59 * 60 + 50,
                                             .heartbeat_ms = 30000,
                                             .subscription_max = 200,
                                             .login_max = 5,
                                             .logins_a_day = 1000,
                                             .ban_ms = 60000,
                                             .buffer_mb = 64,
                                             .order_latency_ms = 2,
                                             .cash = 100000000};
    options->api_key = getenv("SJ_API_KEY");
    options->secret_key = getenv("SJ_SEC_KEY");
}

static void print_help(void)
{
    printf("serves a simulated Shioaji broker over REST and SSE\n\n"
           "usage: shijim broker-sim [OPTION...]\n\n");
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        printf("  %-20s %-10s %s\n", ROWS[i].name, ROWS[i].argument, ROWS[i].text);
    printf("\nfaults: KIND[,rate=0.1][,count=5][,ms=1000][,bytes=1000][,for_ms=1000][;KIND...]\n");
#define X(suffix, name, text) printf("  %-18s %s\n", name, text);
    FAULT_TABLE(X)
#undef X
    printf("\nThe account of every event is at GET /admin/account and on stdout at the end.\n"
           "example: shijim broker-sim --port 8081 --servers 5 --rate 100000\n");
}

static bool parse_number(const char *text, uint64_t most, uint64_t *ret_value)
{
    uint64_t value = 0;
    size_t i = 0;
    for (; text[i] >= '0' && text[i] <= '9' && i < 19; i++)
        value = value * 10 + (uint64_t)(text[i] - '0');
    *ret_value = value;
    return i > 0 && text[i] == 0 && value <= most;
}

static bool parse_real(const char *text, double *ret_value)
{
    char *end;
    if (strcmp(text, "max") == 0) {
        *ret_value = 0;
        return true;
    }
    *ret_value = strtod(text, &end);
    return end != text && *end == 0 && *ret_value >= 0 && *ret_value <= 1e12;
}

static bool parse_clock(const char *text, uint32_t *ret_second)
{
    unsigned hours, minutes, seconds = 0;
    char rest;
    int fields = sscanf(text, "%2u:%2u:%2u%c", &hours, &minutes, &seconds, &rest);
    *ret_second = hours * 3600 + minutes * 60 + seconds;
    return (fields == 2 || fields == 3) && hours < 24 && minutes < 60 && seconds < 60;
}

static bool set_option(struct sj_brokersim_options *options, const struct option_row *row,
                       const char *value)
{
    void *field = (char *)options + row->offset;
    uint64_t number;
    int32_t date;
    switch (row->type) {
    case OPTION_TEXT:
        *(const char **)field = value;
        return true;
    case OPTION_U32:
        if (!parse_number(value, UINT32_MAX, &number))
            return false;
        *(uint32_t *)field = (uint32_t)number;
        return true;
    case OPTION_U64:
        return parse_number(value, UINT64_MAX, (uint64_t *)field);
    case OPTION_REAL:
        return parse_real(value, field);
    case OPTION_DATE:
        if (sj_date_parse(value, strlen(value), &date) < 0)
            return false;
        *(uint32_t *)field = (uint32_t)date;
        return true;
    case OPTION_CLOCK:
        return parse_clock(value, field);
    case OPTION_FLAG:
        break;
    }
    *(bool *)field = true;
    return true;
}

static const struct option_row *find_row(const char *name)
{
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        if (strcmp(ROWS[i].name, name) == 0)
            return &ROWS[i];
    return NULL;
}

sj_rc sj_brokersim_parse(int argc, char **argv, struct sj_brokersim_options *options,
                         char error[SJ_SIM_MESSAGE_MAX])
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help();
            return 1;
        }
        const struct option_row *row = find_row(argv[i]);
        if (!row) {
            snprintf(error, SJ_SIM_MESSAGE_MAX, "unknown option %.60s; see --help", argv[i]);
            return -SJ_E_MALFORMED;
        }
        const char *value = NULL;
        if (row->type != OPTION_FLAG) {
            value = i + 1 < argc ? argv[++i] : NULL;
            if (!value) {
                snprintf(error, SJ_SIM_MESSAGE_MAX, "%s needs %s: %s", row->name, row->argument,
                         row->text);
                return -SJ_E_MALFORMED;
            }
        }
        if (!set_option(options, row, value)) {
            snprintf(error, SJ_SIM_MESSAGE_MAX, "%s: `%.60s` is not %s", row->name, value,
                     row->argument);
            return -SJ_E_MALFORMED;
        }
    }
    return 0;
}
