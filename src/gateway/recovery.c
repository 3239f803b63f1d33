#include "gateway/connection.h"

#include <stdio.h>
#include <string.h>

static const char *const rung_names[SJ_RUNG_COUNT] = {"none", "resubscribe", "new stream",
                                                      "new login", "restart of the server"};

/* Something is wrong. Any fault begins one outage, which ends with recovery_data or a finished act.
 */
void recovery_fault(struct connection *conn, enum sj_rung from, enum sj_rung highest,
                    bool needs_data, const char *why, int64_t utc_ns, int64_t mono_ns)
{
    if (conn->ladder.state == SJ_LADDER_IDLE) {
        conn->fault_ns = utc_ns;
        conn->needs_data = false;
        if (!conn->first_open)
            clerk_note(&conn->clerk, SJ_LOG_WARN, "recovering from: %s", why);
    }
    conn->needs_data |= needs_data;
    sj_ladder_fault(&conn->ladder, mono_ns, from, highest);
    GAUGE(conn->counters.rung, (uint32_t)conn->ladder.rung);
}

static bool streams_open(const struct connection *conn)
{
    for (uint32_t i = 0; i < conn->stream_count; i++)
        if (conn->stream[i].state != SJ_STREAM_OPEN)
            return false;
    return true;
}

static bool any_silent(const struct connection *conn)
{
    for (uint32_t m = 0; m < SJ_MARKET_COUNT; m++)
        if (conn->market[m].state == SJ_FEED_SILENT)
            return true;
    return false;
}

/* The outage is over: by data, or because nothing else was wrong than what the act has mended. */
static void recovered(struct connection *conn, int64_t utc_ns, int64_t mono_ns)
{
    enum sj_rung rung = sj_ladder_data(&conn->ladder, mono_ns);
    conn->act = ACT_NONE;
    conn->needs_data = false;
    GAUGE(conn->counters.rung, SJ_RUNG_NONE);
    GAUGE(conn->counters.outage_ns, 0);
    if (conn->first_open) {
        conn->first_open = false;
        clerk_note(&conn->clerk, SJ_LOG_INFO, "connected to %s, %u subscriptions",
                   conn->endpoint.text, READ(conn->counters.subscribed));
        return;
    }
    SJ_COUNT_UP(conn->counters.recoveries[rung], 1);
    outbox_session(conn, SJ_SESSION_RECOVERED, NULL, rung, 0, utc_ns - conn->fault_ns,
                   rung_names[rung]);
    clerk_note(&conn->clerk, SJ_LOG_INFO, "recovered by %s after %lld ms", rung_names[rung],
               (long long)((utc_ns - conn->fault_ns) / SJ_NS_PER_MS));
}

/* Called while an outage lasts: data has come since the last sign of silence. */
void recovery_data(struct connection *conn, int64_t utc_ns, int64_t mono_ns)
{
    /* Not before something was done: after a maintenance a part may still speak. */
    bool tried = conn->ladder.attempts > 0 && conn->ladder.state != SJ_LADDER_ACTING;
    if (!tried || !streams_open(conn) || any_silent(conn))
        return;
    if (conn->needs_data) {
        bool heard = false;
        for (uint32_t m = 0; m < SJ_MARKET_COUNT; m++)
            heard |= conn->market[m].last_ns > conn->fault_ns;
        if (!heard && feeds_expected(conn, utc_ns))
            return;
    }
    recovered(conn, utc_ns, mono_ns);
}

static void stream_gap(struct connection *conn, int64_t utc_ns)
{
    if (conn->down_ns == 0)
        return;
    struct sj_gap gap = {
        .kind = SJ_GAP_STREAM, .lost_count = UINT64_MAX, .from_ns = conn->down_ns, .to_ns = utc_ns};
    conn->down_ns = 0;
    conn->loss_ns = utc_ns;
    outbox_gap(conn, &gap);
}

static void act_ended(struct connection *conn, bool ok, int64_t utc_ns, int64_t mono_ns)
{
    conn->act = ACT_NONE;
    sj_ladder_done(&conn->ladder, mono_ns, ok);
    GAUGE(conn->counters.rung, (uint32_t)conn->ladder.rung);
    if (ok) {
        stream_gap(conn, utc_ns);
        recovery_data(conn, utc_ns, mono_ns);
    }
}

static void open_streams(struct connection *conn, int64_t utc_ns, int64_t mono_ns)
{
    const struct sj_gateway_config *config = &conn->gateway->config;
    conn->act = ACT_OPENING;
    for (uint32_t i = 0; i < conn->stream_count; i++) {
        static const char *const names[SJ_CHANNEL_COUNT] = {"",
                                                            "/tick_stk",
                                                            "/bidask_stk",
                                                            "/quote_stk",
                                                            "/tick_fop",
                                                            "/bidask_fop",
                                                            "/quote_fop",
                                                            "/quote_idx",
                                                            "",
                                                            ""};
        char path[64];
        snprintf(path, sizeof(path), "/api/v1/stream/data%s", names[conn->stream_channel[i]]);
        receive_cut(conn, sj_stream_close(&conn->stream[i]), utc_ns);
        sj_rc rc = sj_stream_open(&conn->stream[i], &conn->endpoint, path,
                                  config->token[0] ? config->token : NULL, mono_ns,
                                  config->connect_timeout_ms * SJ_NS_PER_MS);
        if (rc < 0) {
            recovery_stream_ended(conn, i, rc, utc_ns, mono_ns);
            return;
        }
    }
    GAUGE(conn->counters.streams_open, 0);
}

int64_t recovery_wait_ns(const struct connection *conn, enum sj_refusal refusal)
{
    double scale = (double)conn->gateway->config.ban_wait_ms * SJ_NS_PER_MS /
                   (double)sj_refusal_wait_ns(SJ_REFUSAL_BANNED);
    return (int64_t)((double)sj_refusal_wait_ns(refusal) * scale);
}

/* Waiting is what a refusal asks for; and some refusals name their own rung. */
static void heed(struct connection *conn, enum sj_refusal refusal, int64_t utc_ns, int64_t mono_ns)
{
    int64_t wait_ns = recovery_wait_ns(conn, refusal);
    if (wait_ns > 0)
        sj_ladder_hold(&conn->ladder, mono_ns + wait_ns);
    if (refusal == SJ_REFUSAL_SESSION)
        recovery_fault(conn, SJ_RUNG_LOGIN, SJ_RUNG_RESTART, true, "the session has expired",
                       utc_ns, mono_ns);
}

/* A stream could not be opened, or ended. */
void recovery_stream_ended(struct connection *conn, uint32_t index, sj_rc rc, int64_t utc_ns,
                           int64_t mono_ns)
{
    struct sj_stream *stream = &conn->stream[index];
    bool was_open = stream->state == SJ_STREAM_OPEN;
    int status = stream->status;
    char text[64];
    enum sj_refusal refusal = SJ_REFUSAL_NONE;
    if (rc == -SJ_E_REFUSED)
        refusal = sj_refusal_of(status, stream->text);
    snprintf(text, sizeof(text), "%s", refusal ? sj_refusal_text(refusal) : sj_rc_text(rc));
    receive_cut(conn, sj_stream_close(stream), utc_ns);
    if (conn->down_ns == 0 && !conn->first_open)
        conn->down_ns = was_open && stream->recv_ns ? stream->recv_ns : utc_ns;
    if (was_open) {
        SJ_COUNT_UP(conn->counters.drops, 1);
        outbox_session(conn, SJ_SESSION_DROP, NULL, SJ_RUNG_NONE, rc, 0, text);
    } else if (refusal) {
        outbox_session(conn, SJ_SESSION_REFUSED, NULL, conn->ladder.rung, status, 0, text);
        clerk_note(&conn->clerk, SJ_LOG_WARN, "%s refused the stream, %d: %s", conn->endpoint.text,
                   status, stream->text);
    }
    if (conn->act == ACT_OPENING) {
        act_ended(conn, false, utc_ns, mono_ns);
    } else if (conn->act == ACT_NONE && conn->phase == SJ_GATEWAY_RUNNING) {
        recovery_fault(conn, SJ_RUNG_STREAM, SJ_RUNG_RESTART, false, text, utc_ns, mono_ns);
    }
    heed(conn, refusal, utc_ns, mono_ns);
}

static void subscribe_all(struct connection *conn)
{
    conn->act_rc = 0;
    if (clerk_post(&conn->clerk, CLERK_SUBSCRIBE, CLERK_ALL))
        conn->act = ACT_SUBSCRIBING;
}

static void begin(struct connection *conn, enum sj_rung rung, int64_t utc_ns, int64_t mono_ns)
{
    GAUGE(conn->counters.rung, (uint32_t)rung);
    if (!conn->first_open) {
        SJ_COUNT_UP(conn->counters.rungs[rung], 1);
        outbox_session(conn, SJ_SESSION_RUNG, NULL, rung, 0, utc_ns - conn->fault_ns,
                       rung_names[rung]);
    }
    switch (rung) {
    case SJ_RUNG_RESUBSCRIBE:
        subscribe_all(conn);
        break;
    case SJ_RUNG_STREAM:
        open_streams(conn, utc_ns, mono_ns);
        break;
    default:
        if (clerk_post(&conn->clerk, rung == SJ_RUNG_LOGIN ? CLERK_LOGIN : CLERK_RESTART, 0))
            conn->act = ACT_CLERK;
        break;
    }
    if (conn->act == ACT_NONE && conn->ladder.state == SJ_LADDER_ACTING)
        act_ended(conn, false, utc_ns, mono_ns);
}

void recovery_work(struct connection *conn, int64_t utc_ns, int64_t mono_ns)
{
    if (conn->act == ACT_OPENING && streams_open(conn)) {
        GAUGE(conn->counters.streams_open, conn->stream_count);
        SJ_COUNT_UP(conn->counters.connects, conn->stream_count);
        outbox_session(conn, SJ_SESSION_CONNECT, NULL, SJ_RUNG_NONE, 200, 0, conn->endpoint.text);
        subscribe_all(conn);
        if (conn->act == ACT_OPENING)
            act_ended(conn, false, utc_ns, mono_ns);
    }
    if (conn->ladder.state == SJ_LADDER_IDLE)
        return;
    GAUGE(conn->counters.outage_ns, conn->first_open ? 0 : utc_ns - conn->fault_ns);
    if (conn->act == ACT_NONE) {
        recovery_data(conn, utc_ns, mono_ns);
        enum sj_rung rung = sj_ladder_poll(&conn->ladder, mono_ns);
        if (rung != SJ_RUNG_NONE)
            begin(conn, rung, utc_ns, mono_ns);
    }
}

static void subscribe_result(struct connection *conn, const struct clerk_result *result,
                             int64_t utc_ns, int64_t mono_ns)
{
    if (result->index == CLERK_ALL) {
        if (conn->act == ACT_SUBSCRIBING)
            act_ended(conn, result->rc >= 0, utc_ns, mono_ns);
        heed(conn, result->refusal, utc_ns, mono_ns);
        return;
    }
    struct item *item = &conn->item[result->index];
    if (result->rc >= 0) {
        bool known = item->confirmed;
        feeds_confirmed(conn, item, utc_ns);
        if (!known || item->mending)
            outbox_session(conn, SJ_SESSION_SUBSCRIBE, item, SJ_RUNG_NONE, 200, 0, "");
        return;
    }
    outbox_session(conn, SJ_SESSION_REFUSED, item, SJ_RUNG_NONE, result->status, 0, result->text);
    clerk_note(&conn->clerk, SJ_LOG_WARN, "subscription %s %s refused, %d: %s",
               item->subscription->contract.code,
               sj_quote_type_name(item->subscription->quote_type), result->status, result->text);
}

/* A login or a restart has ended: with a session of its own, everything above it is opened anew. */
static void session_result(struct connection *conn, const struct clerk_result *result,
                           int64_t utc_ns, int64_t mono_ns)
{
    if (conn->act != ACT_CLERK)
        return;
    if (result->rc >= 0) {
        outbox_session(conn, SJ_SESSION_LOGIN, NULL, conn->ladder.rung, result->status, 0,
                       rung_names[conn->ladder.rung]);
        open_streams(conn, utc_ns, mono_ns);
        return;
    }
    outbox_session(conn, SJ_SESSION_REFUSED, NULL, conn->ladder.rung, result->status, 0,
                   result->text);
    clerk_note(&conn->clerk, SJ_LOG_ERROR, "%s did not succeed: %s", rung_names[conn->ladder.rung],
               result->text);
    if (result->retry_ns > utc_ns)
        sj_ladder_hold(&conn->ladder, mono_ns + (result->retry_ns - utc_ns));
    act_ended(conn, false, utc_ns, mono_ns);
    heed(conn, result->refusal, utc_ns, mono_ns);
}

/* What /health says that data cannot: a maintenance drops subscriptions silently, and a server with
 * another instance id never had them. */
static void probe_result(struct connection *conn, const struct clerk_result *result, int64_t utc_ns,
                         int64_t mono_ns)
{
    conn->probe_out = false;
    if (result->rc < 0)
        return;
    if (result->recovering)
        sj_ladder_hold(&conn->ladder, mono_ns + 5 * SJ_NS_PER_S);
    bool maintained = conn->probed && strcmp(result->last_maintenance, conn->last_maintenance) != 0;
    bool replaced = conn->probed && strcmp(result->instance_id, conn->instance_id) != 0;
    memcpy(conn->last_maintenance, result->last_maintenance, sizeof(conn->last_maintenance));
    memcpy(conn->instance_id, result->instance_id, sizeof(conn->instance_id));
    conn->probed = true;
    if (maintained) {
        outbox_session(conn, SJ_SESSION_MAINTENANCE, NULL, SJ_RUNG_NONE, 0, 0,
                       result->last_maintenance);
        recovery_fault(conn, SJ_RUNG_RESUBSCRIBE, SJ_RUNG_RESTART, true, "a maintenance", utc_ns,
                       mono_ns);
    } else if (replaced && conn->ladder.state == SJ_LADDER_IDLE) {
        recovery_fault(conn, SJ_RUNG_RESUBSCRIBE, SJ_RUNG_RESTART, true, "the server was restarted",
                       utc_ns, mono_ns);
    }
}

void recovery_result(struct connection *conn, const struct clerk_result *result, int64_t utc_ns,
                     int64_t mono_ns)
{
    switch (result->kind) {
    case CLERK_SUBSCRIBE:
        subscribe_result(conn, result, utc_ns, mono_ns);
        break;
    case CLERK_LOGIN:
    case CLERK_RESTART:
        session_result(conn, result, utc_ns, mono_ns);
        break;
    case CLERK_PROBE:
        probe_result(conn, result, utc_ns, mono_ns);
        break;
    default:
        break;
    }
}
