/*
 * Contracts described anew at the times at which the broker's file changes. The clerk asks and
 * judges (clerk_refresh.c); here what changed goes onto the ring, as room is.
 */
#include "gateway/connection.h"

#include "base/assert.h"
#include "base/clock.h"

#include <string.h>

#define RETRY_NS (60 * SJ_NS_PER_S)

static void plan_next(struct connection *conn, int64_t utc_ns)
{
    conn->next_refresh_ns =
        sj_contract_next_ns(conn->contract_times_ns, conn->contract_time_count, utc_ns);
}

void refresh_init(struct connection *conn, int64_t utc_ns)
{
    const char *times = conn->gateway->config.contract_times;
    sj_rc count =
        strcmp(times, "none") == 0 ? 0 : sj_contract_times(times, conn->contract_times_ns);
    conn->contract_time_count = count > 0 ? (uint32_t)count : 0;
    conn->refresh_out = conn->changed_here = false;
    plan_next(conn, utc_ns);
}

/* The changed definitions, as far as there is room: before any event that comes after them. */
static uint32_t publish_changed(struct connection *conn)
{
    uint32_t done = 0;
    const struct clerk *clerk = &conn->clerk;
    while (conn->redefined < clerk->changed_count) {
        const struct sj_instrument *definition = &clerk->changed[conn->redefined];
        if (!outbox_define(conn, definition))
            return done;
        SJ_COUNT_UP(conn->counters.contract_changes, 1);
        conn->redefined++;
        done++;
    }
    conn->changed_here = false;
    return done;
}

uint32_t refresh_work(struct connection *conn, int64_t utc_ns)
{
    if (conn->changed_here)
        return publish_changed(conn);
    if (utc_ns < conn->next_refresh_ns || conn->refresh_out)
        return 0;
    conn->refresh_out = clerk_post(&conn->clerk, CLERK_REFRESH, 0);
    plan_next(conn, utc_ns);
    return 1;
}

/* A continuous contract that stands for another month now: its subscription names the old one. */
static void tell_rolled(struct connection *conn, const struct sj_instrument *fresh)
{
    const struct sj_instrument *old = sj_instruments_get(conn->table, fresh->instrument);
    if (old && memcmp(old->target_code, fresh->target_code, sizeof old->target_code) != 0)
        clerk_note(&conn->clerk, SJ_LOG_WARN,
                   "%.16s stands for %.16s now and for %.16s before: restart to follow it",
                   fresh->code, fresh->target_code, old->target_code);
}

void refresh_result(struct connection *conn, const struct clerk_result *result, int64_t utc_ns)
{
    conn->refresh_out = false;
    if (result->rc == -SJ_E_CORRUPT) {
        SJ_COUNT_UP(conn->counters.contract_refused, 1);
        outbox_session(conn, SJ_SESSION_REFUSED, NULL, SJ_RUNG_NONE, result->rc, 0, result->text);
        clerk_note(&conn->clerk, SJ_LOG_ERROR,
                   "the broker's contracts are not used: %s; what was known stays in use "
                   "(broker.contract_change_max_percent)",
                   result->text);
        return;
    }
    if (result->rc < 0) {
        clerk_note(&conn->clerk, SJ_LOG_WARN, "contracts could not be described anew: %s",
                   result->text[0] ? result->text : sj_rc_text(result->rc));
        if (conn->next_refresh_ns > utc_ns + RETRY_NS)
            conn->next_refresh_ns = utc_ns + RETRY_NS;
        return;
    }
    SJ_COUNT_UP(conn->counters.contract_checks, 1);
    if (result->text[0])
        clerk_note(&conn->clerk, SJ_LOG_WARN, "a contract is another one now: %s", result->text);
    for (uint32_t i = 0; i < conn->clerk.changed_count; i++) {
        uint32_t id;
        tell_rolled(conn, &conn->clerk.changed[i]);
        sj_rc rc = sj_instruments_put(conn->table, &conn->clerk.changed[i], &id);
        SJ_ASSERT(rc >= 0); /* its code is in the table */
    }
    conn->redefined = 0;
    conn->changed_here = conn->clerk.changed_count > 0;
}
