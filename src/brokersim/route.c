/* Which function answers which path, and who may ask. */
#include "brokersim/desk.h"
#include "brokersim/fault.h"
#include "brokersim/history.h"
#include "brokersim/quota.h"
#include "brokersim/server.h"

#include <stdio.h>
#include <string.h>

#define PREFIX "/api/v1"

struct route {
    const char *path; /* exact, or a prefix when it ends in '/' */
    enum http_method method;
    enum quota_class quota;
    void (*handle)(struct request *request);
};

static const struct route ROUTES[] = {
    {"/health", HTTP_GET, QUOTA_FREE, rest_health},
    {"/info", HTTP_GET, QUOTA_FREE, rest_info},
    {"/auth/", HTTP_GET, QUOTA_FREE, rest_auth},
    {"/auth/", HTTP_POST, QUOTA_FREE, rest_auth},
    {"/data/contracts", HTTP_GET, QUOTA_FREE, rest_contracts},
    {"/data/contracts/", HTTP_GET, QUOTA_FREE, rest_contracts},
    {"/data/ticks", HTTP_POST, QUOTA_TICKS, rest_ticks},
    {"/data/kbars", HTTP_POST, QUOTA_KBARS, rest_kbars},
    {"/data/snapshots", HTTP_POST, QUOTA_HISTORY, rest_snapshots},
    {"/data/scanner", HTTP_POST, QUOTA_FREE, rest_scanner},
    {"/data/daily_quotes", HTTP_POST, QUOTA_FREE, rest_daily_quotes},
    {"/data/credit_enquire", HTTP_POST, QUOTA_HISTORY, rest_credit},
    {"/data/short_stock_sources", HTTP_POST, QUOTA_HISTORY, rest_short_sources},
    {"/data/regulatory_punish", HTTP_GET, QUOTA_FREE, rest_regulatory},
    {"/data/regulatory_notice", HTTP_GET, QUOTA_FREE, rest_regulatory},
    {"/order/trades", HTTP_POST, QUOTA_ORDER, rest_trades},
    {"/order/place_order", HTTP_POST, QUOTA_ORDER, rest_place},
    {"/order/cancel_order", HTTP_POST, QUOTA_ORDER, rest_cancel},
    {"/order/update_price", HTTP_POST, QUOTA_ORDER, rest_update_price},
    {"/order/update_qty", HTTP_POST, QUOTA_ORDER, rest_update_quantity},
    {"/order/", HTTP_POST, QUOTA_ORDER, rest_order_rest},
    {"/portfolio/", HTTP_POST, QUOTA_PORTFOLIO, rest_portfolio},
    {"/stream/", HTTP_GET, QUOTA_FREE, rest_stream},
    {"/stream/", HTTP_POST, QUOTA_FREE, rest_stream},
};

static bool matches(const char *pattern, const char *path)
{
    size_t size = strlen(pattern);
    return pattern[size - 1] == '/' ? strncmp(pattern, path, size) == 0
                                    : strcmp(pattern, path) == 0;
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
    bool open = strcmp(found->path, "/health") == 0 || strcmp(found->path, "/info") == 0;
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
    for (size_t i = 0; i < sizeof ROUTES / sizeof *ROUTES && !found; i++) {
        if (!matches(ROUTES[i].path, request->path))
            continue;
        if (ROUTES[i].method == request->method)
            found = &ROUTES[i];
        else
            other_method = true;
    }
    request->server->requests++;
    if (!found)
        http_fail(request, other_method ? 405 : 404,
                  other_method ? "Method Not Allowed" : "Not Found");
    else if (!intercepted(request, found))
        found->handle(request);
}

void route(struct request *request)
{
    size_t prefix = sizeof PREFIX - 1;
    if (strncmp(request->path, "/admin/", 7) == 0) {
        rest_admin(request);
    } else if (strncmp(request->path, PREFIX, prefix) == 0 && request->path[prefix] == '/') {
        request->path += prefix;
        route_api(request);
    } else {
        http_fail(request, 404, "Not Found");
    }
}
