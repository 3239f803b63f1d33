/* The command line of `shijim broker-sim`. */
#include "brokersim/brokersim.h"

#include "base/cli.h"
#include "brokersim/fault.h"

#include <stdlib.h>
#include <string.h>

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
                                             .cash = 100000000,
                                             .accounts = 2};
    options->api_key = getenv("SJ_API_KEY");
    options->secret_key = getenv("SJ_SEC_KEY");
}

static const char DETAILS[] =
    "Faults: KIND[,rate=0.1][,count=5][,ms=1000][,bytes=1000][,for_ms=1000][;KIND...]\n"
#define X(suffix, name, text) "  " name ": " text "\n"
    FAULT_TABLE(X)
#undef X
        "\nThe account of every event is at GET /admin/account and on stdout at the end;\n"
        "orders, deals and money are at GET /admin/trading.";

/* "10", or "max": as fast as the machine can. */
static bool parse_speed(const char *text, double *speed)
{
    char *end;
    if (strcmp(text, "max") == 0) {
        *speed = 0;
        return true;
    }
    double value = strtod(text, &end);
    if (end == text || *end != 0 || !(value > 0))
        return false;
    *speed = value;
    return true;
}

/* clang-format off */
sj_rc sj_brokersim_parse(int argc, char **argv, struct sj_brokersim_options *o)
{
    const char *speed = NULL;
    const struct sj_cli_option options[] = {
        {"bind", "ADDRESS", "listen here (127.0.0.1)", SJ_CLI_TEXT, &o->bind_address, 0, 0, 0},
        {"port", "PORT", "first port; 0: the system chooses (8080)", SJ_CLI_U32, &o->port, 0, 65535, 0},
        {"servers", "N", "broker servers, on PORT, PORT+1, ... (1)", SJ_CLI_U32, &o->server_count, 1, SJ_SIM_SERVERS_MAX, 0},
        {"port-file", "FILE", "write the ports here, one a line", SJ_CLI_TEXT, &o->port_file, 0, 0, 0},
        {"socket-dir", "DIR", "Unix sockets DIR/server-PORT.sock too", SJ_CLI_TEXT, &o->socket_dir, 0, 0, 0},
        {"instruments", "N", "contracts that trade (1000)", SJ_CLI_U32, &o->instrument_count, 0, 0, 0},
        {"universe", "FILE", "contracts, instead of those built in", SJ_CLI_TEXT, &o->universe_path, 0, 0, 0},
        {"rules", "FILE", "market rules, instead of those built in", SJ_CLI_TEXT, &o->rules_path, 0, 0, 0},
        {"replay", "DIR", "replay this journal, no synthetic market", SJ_CLI_TEXT, &o->replay_path, 0, 0, 0},
        {"date", "DAY", "the trading day (today)", SJ_CLI_DATE, &o->date, 0, 0, 0},
        {"start", "TIME", "the market's clock at start (08:59:50)", SJ_CLI_CLOCK, &o->start_second, 0, 0, 0},
        {"seed", "N", "the same seed makes the same market (1)", SJ_CLI_UINT, &o->seed, 0, 0, 0},
        {"rate", "N", "events a second over all instruments (1000)", SJ_CLI_REAL, &o->rate, 0, 0, 0},
        {"speed", "X", "market seconds a second; max: no waiting (1)", SJ_CLI_TEXT, &speed, 0, 0, 0},
        {"always-open", NULL, "continuous trading at any hour", SJ_CLI_FLAG, &o->always_open, 0, 0, 0},
        {"wall-clock", NULL, "events carry this machine's time; always open", SJ_CLI_FLAG, &o->wall_clock, 0, 0, 0},
        {"events", "N", "halt the market after N events (0: never)", SJ_CLI_UINT, &o->event_max, 0, 0, 0},
        {"wait-subscriptions", "N", "start when N are subscribed (0)", SJ_CLI_U32, &o->wait_subscriptions, 0, 0, 0},
        {"burst", "N", "a burst of N events at one instant ...", SJ_CLI_UINT, &o->burst_count, 0, 0, 0},
        {"burst-every-ms", "MS", "... every so often (0: never)", SJ_CLI_U32, &o->burst_every_ms, 0, 0, 0},
        {"heartbeat-ms", "MS", "between heartbeats (30000)", SJ_CLI_U32, &o->heartbeat_ms, 0, 0, 0},
        {"subscriptions", "N", "a server's limit; 0: none (200)", SJ_CLI_U32, &o->subscription_max, 0, 0, 0},
        {"logins", "N", "servers that may be logged in; 0: all (5)", SJ_CLI_U32, &o->login_max, 0, 0, 0},
        {"logins-a-day", "N", "login budget; 0: none (1000)", SJ_CLI_U32, &o->logins_a_day, 0, 0, 0},
        {"no-quota", NULL, "no limits on requests and traffic", SJ_CLI_FLAG, &o->no_quota, 0, 0, 0},
        {"ban-ms", "MS", "a breach suspends the service so long (60000)", SJ_CLI_U32, &o->ban_ms, 0, 0, 0},
        {"buffer-mb", "MB", "how far a client may fall behind (64)", SJ_CLI_U32, &o->buffer_mb, 0, 0, 0},
        {"order-latency-ms", "MS", "from answer to order event (2)", SJ_CLI_U32, &o->order_latency_ms, 0, 0, 0},
        {"live", NULL, "say that orders are real; order events only after subscribe_trade", SJ_CLI_FLAG, &o->live, 0, 0, 0},
        {"accounts", "N", "of the login: 2, one of stocks and one of futures, or 4, two of each (2)", SJ_CLI_U32, &o->accounts, 2, 4, 0},
        {"cash", "TWD", "in each account, and the trading limit (100000000)", SJ_CLI_UINT, &o->cash, 0, 0, 0},
        {"holdings", "LIST", "held since yesterday: 2330=5000,TXFL6=-2", SJ_CLI_TEXT, &o->holdings, 0, 0, 0},
        {"strict", NULL, "refuse orders beyond shares, limit or margin", SJ_CLI_FLAG, &o->strict, 0, 0, 0},
        {"faults", "LIST", "faults from the start, below", SJ_CLI_TEXT, &o->faults, 0, 0, 0},
    };
    /* clang-format on */
    struct sj_cli cli = {.command = "broker-sim",
                         .arguments = "",
                         .summary = "Serves a simulated Shioaji broker over REST and SSE.",
                         .details = DETAILS,
                         .example = "shijim broker-sim --port 8081 --servers 5 --rate 100000",
                         .options = options,
                         .option_count = sizeof options / sizeof *options};
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc == 1 && speed && !parse_speed(speed, &o->speed)) {
        sj_cli_fail(&cli, 0, "--speed wants a number above 0 or max, not '%s'", speed);
        return -SJ_E_MALFORMED;
    }
    return rc;
}
