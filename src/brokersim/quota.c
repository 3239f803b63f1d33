#include "brokersim/quota.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

#define WINDOW_MAX 250

/* The limits of the broker's documents: so many requests in any so many seconds. */
static const struct limit {
    uint32_t count;
    uint32_t seconds;
    const char *text;
} LIMITS[] = {
    [QUOTA_HISTORY] = {50, 5, "Too Many Requests: more than 50 data queries in 5 s; suspended"},
    [QUOTA_PORTFOLIO] = {25, 5,
                         "Too Many Requests: more than 25 portfolio queries in 5 s; suspended"},
    [QUOTA_ORDER] = {250, 10, "Too Many Requests: more than 250 order calls in 10 s; suspended"},
};
#define TICKS_A_DAY 10
#define KBARS_A_DAY 270
#define TRAFFIC_A_DAY 524288000ull

struct window {
    int64_t times_ns[WINDOW_MAX]; /* ring of the last `count` requests */
    uint32_t at;
};

struct quota {
    struct window window[QUOTA_ORDER + 1];
    int64_t banned_until_ns;
    const char *ban_text;
    uint32_t ticks, kbars;
    uint32_t logins;
    uint64_t bytes;
};

sj_rc quota_init(struct quota **ret_quota)
{
    *ret_quota = calloc(1, sizeof **ret_quota);
    return *ret_quota ? 0 : -ENOMEM;
}

void quota_done(struct quota **quota)
{
    free(*quota);
    *quota = NULL;
}

/* The slot about to be overwritten holds the request `count` before this one. */
static bool over(struct window *window, const struct limit *limit, int64_t now_ns)
{
    int64_t *slot = &window->times_ns[window->at % limit->count];
    bool breach = *slot != 0 && now_ns - *slot < limit->seconds * SJ_NS_PER_S;
    *slot = now_ns;
    window->at++;
    return breach;
}

/* Orders and accounts are the person's, however many logins share them; data is a login's. */
static struct quota *holder(struct server *server, enum quota_class class)
{
    bool shared = class == QUOTA_ORDER || class == QUOTA_PORTFOLIO;
    return shared ? server->sim->person : server->quota;
}

const char *quota_refuses(struct server *server, enum quota_class class)
{
    struct quota *quota = holder(server, class);
    int64_t now_ns = server->sim->now_ns;
    if (server->sim->options.no_quota)
        return NULL;
    if (now_ns < server->sim->person->banned_until_ns)
        return server->sim->person->ban_text;
    if (now_ns < server->quota->banned_until_ns)
        return server->quota->ban_text;
    if (class == QUOTA_FREE)
        return NULL;
    const char *breach = NULL;
    if (class == QUOTA_TICKS && ++quota->ticks > TICKS_A_DAY)
        breach = "Too Many Requests: more than 10 ticks queries a day; suspended";
    if (class == QUOTA_KBARS && ++quota->kbars > KBARS_A_DAY)
        breach = "Too Many Requests: more than 270 kbars queries a day; suspended";
    enum quota_class window = class > QUOTA_ORDER ? QUOTA_HISTORY : class;
    if (over(&quota->window[window], &LIMITS[window], now_ns))
        breach = LIMITS[window].text;
    if (breach) {
        quota->banned_until_ns = now_ns + server->sim->options.ban_ms * SJ_NS_PER_MS;
        quota->ban_text = breach;
    }
    return breach;
}

bool quota_traffic(struct server *server, uint64_t bytes)
{
    server->quota->bytes += bytes;
    return !quota_exhausted(server);
}

bool quota_exhausted(const struct server *server)
{
    return !server->sim->options.no_quota && server->quota->bytes >= TRAFFIC_A_DAY;
}

void quota_usage(const struct server *server, uint64_t *ret_bytes, uint64_t *ret_limit)
{
    *ret_bytes = server->quota->bytes;
    *ret_limit = TRAFFIC_A_DAY;
}

void quota_set_bytes(struct server *server, uint64_t bytes)
{
    server->quota->bytes = bytes;
}

bool quota_login(struct server *server)
{
    uint32_t limit = server->sim->options.logins_a_day;
    return ++server->sim->person->logins <= limit || limit == 0;
}
