/* Which answer belongs to which path, and what stands before all of them: credentials, faults,
 * quotas. */
#include "brokersim/route.h"

#include "brokersim/fault.h"

#include <stdio.h>
#include <string.h>

#define ACCOUNT "account_type:string person_id:string broker_id:string account_id:string"
#define PERIOD ACCOUNT " begin_date:string end_date:string unit:string"
#define TOPIC                                                                                      \
    "security_type:string exchange:string code:string target_code:string contract:object "         \
    "quote_type:string! intraday_odd:boolean"
#define OF_TYPE "region:string security_type:string"

/* Exact paths stand before those with a parameter. */
/* clang-format off */
const struct route ROUTES[] = {
    {HTTP_GET, "/health", QUOTA_FREE, rest_health, "whether the server and its session live", "", "", false},
    {HTTP_GET, "/info", QUOTA_FREE, rest_info, "name and version", "", "", false},
    {HTTP_GET, "/auth/usage", QUOTA_FREE, rest_usage, "traffic of the day and its limit", "", "", false},
    {HTTP_GET, "/auth/accounts", QUOTA_FREE, rest_accounts, "the person's accounts", "", "", false},
    {HTTP_GET, "/auth/ca_expiretime", QUOTA_FREE, rest_ca_expiry, "end of a certificate", "person_id:string!", "", false},
    {HTTP_POST, "/auth/subscribe_trade", QUOTA_FREE, rest_subscribe_trade, "order events of an account, please", "", ACCOUNT, false},
    {HTTP_POST, "/auth/unsubscribe_trade", QUOTA_FREE, rest_unsubscribe_trade, "no more order events", "", ACCOUNT, false},

    {HTTP_GET, "/data/contracts", QUOTA_FREE, rest_contract_list, "contracts of a type", "region:string security_type:string! page:integer page_size:integer", "", false},
    {HTTP_GET, "/data/contracts/futures", QUOTA_FREE, rest_futures, "futures with their definitions", "region:string root:string underlying_code:string delivery_month:string", "", false},
    {HTTP_GET, "/data/contracts/options", QUOTA_FREE, rest_options, "options of a root", "region:string root:string! underlying_code:string delivery_month:string option_right:string", "", false},
    {HTTP_GET, "/data/contracts/warrants", QUOTA_FREE, rest_warrants, "warrants with their definitions", "region:string underlying_code:string call_put:string", "", false},
    {HTTP_GET, "/data/contracts/futures/roots", QUOTA_FREE, rest_future_roots, "roots of futures", "region:string", "", false},
    {HTTP_GET, "/data/contracts/options/roots", QUOTA_FREE, rest_option_roots, "roots of options", "region:string", "", false},
    {HTTP_GET, "/data/contracts/warrants/underlyings", QUOTA_FREE, rest_warrant_underlyings, "what warrants are on", "region:string", "", false},
    {HTTP_GET, "/data/contracts/tick-bands/{rule}", QUOTA_FREE, rest_tick_bands, "tick sizes of a rule", "region:string security_type:string!", "", false},
    {HTTP_GET, "/data/contracts/{code}", QUOTA_FREE, rest_contract, "one contract", OF_TYPE, "", false},
    {HTTP_GET, "/data/contracts/{code}/info", QUOTA_FREE, rest_contract_info, "its definition: limits, ticks, multiplier", OF_TYPE, "", false},

    {HTTP_POST, "/data/ticks", QUOTA_TICKS, rest_ticks, "trades of a day", "", "contract:object! date:string! query_type:string time_start:string time_end:string last_cnt:integer", false},
    {HTTP_POST, "/data/kbars", QUOTA_KBARS, rest_kbars, "minute bars, 30 days at most", "", "contract:object! start:string! end:string!", false},
    {HTTP_POST, "/data/snapshots", QUOTA_HISTORY, rest_snapshots, "the market now", "", "contracts:array!", false},
    {HTTP_POST, "/data/scanner", QUOTA_FREE, rest_scanner, "stocks by rank", "", "scanner_type:string date:string ascending:boolean count:integer", false},
    {HTTP_POST, "/data/daily_quotes", QUOTA_FREE, rest_daily_quotes, "a day's quotes of all stocks", "", "date:string! exclude:boolean", false},
    {HTTP_POST, "/data/credit_enquire", QUOTA_HISTORY, rest_credit, "margin and short units", "", "contracts:array!", false},
    {HTTP_POST, "/data/short_stock_sources", QUOTA_HISTORY, rest_short_sources, "shares that can be borrowed", "", "contracts:array!", false},
    {HTTP_GET, "/data/regulatory_punish", QUOTA_FREE, rest_regulatory, "stocks under disposition", "", "", false},
    {HTTP_GET, "/data/regulatory_notice", QUOTA_FREE, rest_regulatory, "stocks under attention", "", "", false},

    {HTTP_POST, "/order/place_order", QUOTA_ORDER, rest_place, "places an order", "", "contract:object! stock_order:object futures_order:object", false},
    {HTTP_POST, "/order/cancel_order", QUOTA_ORDER, rest_cancel, "cancels what is left of an order", "", "trade_id:string!", false},
    {HTTP_POST, "/order/update_price", QUOTA_ORDER, rest_update_price, "moves an order to another price", "", "trade_id:string! price:number!", false},
    {HTTP_POST, "/order/update_qty", QUOTA_ORDER, rest_update_quantity, "lowers what is left of an order", "", "trade_id:string! quantity:integer!", false},
    {HTTP_POST, "/order/trades", QUOTA_ORDER, rest_trades, "an account's orders; makes their ids known", "", ACCOUNT, false},
    {HTTP_POST, "/order/combotrades", QUOTA_ORDER, rest_combo_trades, "combinations: none", "", ACCOUNT, false},
    {HTTP_POST, "/order/place_comboorder", QUOTA_ORDER, rest_combo_order, "refused: not simulated", "", "contract:object! order:object!", false},
    {HTTP_POST, "/order/cancel_comboorder", QUOTA_ORDER, rest_combo_order, "refused: not simulated", "", "trade_id:string!", false},

    {HTTP_POST, "/portfolio/position_unit", QUOTA_PORTFOLIO, rest_positions, "open positions", "", ACCOUNT " unit:string", false},
    {HTTP_POST, "/portfolio/position_detail", QUOTA_PORTFOLIO, rest_position_detail, "what a position is made of", "", ACCOUNT " detail_id:integer!", false},
    {HTTP_POST, "/portfolio/account_balance", QUOTA_PORTFOLIO, rest_balance, "settled cash", "", ACCOUNT, false},
    {HTTP_POST, "/portfolio/margin", QUOTA_PORTFOLIO, rest_margin, "margin of the futures account", "", ACCOUNT, false},
    {HTTP_POST, "/portfolio/trading_limits", QUOTA_PORTFOLIO, rest_trading_limits, "what may still be traded today", "", ACCOUNT, false},
    {HTTP_POST, "/portfolio/settlements", QUOTA_PORTFOLIO, rest_settlements, "what settles today and in the next two days", "", ACCOUNT, false},
    {HTTP_POST, "/portfolio/profit_loss", QUOTA_PORTFOLIO, rest_profit_loss, "what closed, deal by deal", "", PERIOD, false},
    {HTTP_POST, "/portfolio/profit_loss_detail", QUOTA_PORTFOLIO, rest_profit_detail, "one of these", "", ACCOUNT " detail_id:integer!", false},
    {HTTP_POST, "/portfolio/profitloss_sum", QUOTA_PORTFOLIO, rest_profit_sum, "what closed, by contract", "", PERIOD, false},

    {HTTP_POST, "/stream/subscribe", QUOTA_FREE, rest_subscribe, "a contract's ticks, book or quotes on the streams", "", TOPIC, false},
    {HTTP_POST, "/stream/unsubscribe", QUOTA_FREE, rest_unsubscribe, "no more of them", "", TOPIC, false},
    {HTTP_GET, "/stream/status", QUOTA_FREE, rest_stream_status, "how many streams are open", "", "", false},
    {HTTP_GET, "/stream/receivers", QUOTA_FREE, rest_receivers, "that there are receivers", "", "", false},
    {HTTP_GET, "/stream/data", QUOTA_FREE, rest_stream_data, "all channels", "", "", true},
    {HTTP_GET, "/stream/data/{channel}", QUOTA_FREE, rest_stream_data, "one channel", "security_type:string", "", true},
};
/* clang-format on */
const uint32_t ROUTE_COUNT = sizeof ROUTES / sizeof *ROUTES;

/* A path against a route's; a parameter is decoded into `parameter`. */
static bool matches(const char *pattern, const char *path, char *parameter, size_t size)
{
    while (*pattern && *pattern != '{') {
        if (*pattern++ != *path++)
            return false;
    }
    parameter[0] = 0;
    if (*pattern == 0)
        return *path == 0;
    size_t length = strcspn(path, "/");
    const char *rest = strchr(pattern, '}') + 1;
    return length > 0 && strcmp(rest, path + length) == 0 &&
           http_decode(path, length, parameter, size);
}

static bool equal_secret(const char *given, const char *wanted)
{
    size_t size = strlen(wanted);
    unsigned different = strlen(given) != size;
    for (size_t i = 0; i < size && given[i]; i++)
        different |= (unsigned)(given[i] ^ wanted[i]);
    return different == 0;
}

/* With a key configured every protected path needs it, and a Host that is not loopback is refused
 * while only loopback is served. */
static bool authorized(const struct request *request)
{
    const struct sj_brokersim_options *options = &request->sim->options;
    char wanted[300];
    if (!options->api_key || !options->secret_key)
        return true;
    snprintf(wanted, sizeof wanted, "Bearer %.128s:%.128s", options->api_key, options->secret_key);
    return equal_secret(request->connection->authorization, wanted);
}

/* What stands before any answer: faults, bans, quotas. True when the request was answered. */
static bool intercepted(struct request *request, const struct route *found)
{
    bool open = found->handle == rest_health || found->handle == rest_info;
    if (!open && !authorized(request)) {
        http_fail(request, 401, "Unauthorized: missing or invalid credentials");
        return true;
    }
    if (open)
        return false;
    const char *refusal = request->server->locked_out;
    if (!refusal)
        refusal = fault_refuses(request->server);
    if (!refusal)
        refusal = quota_refuses(request->server, found->quota);
    if (refusal)
        http_fail(request, 503, refusal);
    return refusal != NULL;
}

static void route_api(struct request *request)
{
    const struct route *found = NULL;
    bool other_method = false;
    char parameter[64] = "";
    for (uint32_t i = 0; i < ROUTE_COUNT && !found; i++) {
        if (!matches(ROUTES[i].path, request->path, parameter, sizeof parameter))
            continue;
        if (ROUTES[i].method == request->method)
            found = &ROUTES[i];
        else
            other_method = true;
    }
    request->parameter = parameter;
    request->server->requests++;
    if (!found)
        http_fail(request, other_method ? 405 : 404,
                  other_method ? "Method Not Allowed" : "Not Found");
    else if (!intercepted(request, found))
        found->handle(request);
}

void route(struct request *request)
{
    size_t prefix = strlen(ROUTE_PREFIX);
    if (strncmp(request->path, "/admin/", 7) == 0) {
        rest_admin(request);
    } else if (strcmp(request->path, "/openapi.json") == 0 && request->method == HTTP_GET) {
        openapi_json(&request->answer);
    } else if (strncmp(request->path, ROUTE_PREFIX, prefix) == 0 && request->path[prefix] == '/') {
        request->path += prefix;
        route_api(request);
    } else {
        http_fail(request, 404, "Not Found");
    }
}
