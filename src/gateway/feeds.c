#include "gateway/connection.h"

#include <stdio.h>

/* Judging looks at every subscription: often enough for the shortest threshold, never busily. */
#define JUDGE_MIN_NS (20 * SJ_NS_PER_MS)
#define JUDGE_MAX_NS SJ_NS_PER_S

static const char *const market_names[SJ_MARKET_COUNT] = {"stocks", "futures", "indices"};

void feeds_init(struct connection *conn)
{
    for (uint32_t m = 0; m < SJ_MARKET_COUNT; m++)
        conn->market[m] = (struct sj_feed){0};
    for (uint32_t i = 0; i < conn->item_count; i++)
        conn->item[i].feed = (struct sj_feed){0};
}

/* The server took the subscription: from now on its data is due. */
void feeds_confirmed(struct connection *conn, struct item *item, int64_t utc_ns)
{
    struct sj_feed *market = &conn->market[item->market];
    if (!item->confirmed) {
        item->confirmed = true;
        SJ_COUNT_UP(conn->counters.subscribed, 1);
    }
    if (sj_hours_expect(&conn->hours, item->market, utc_ns).expected) {
        item->was_expected = true;
        account_expected(conn, item, utc_ns);
    }
    sj_feed_subscribed(&item->feed, utc_ns);
    if (market->subscribed_ns == 0)
        sj_feed_subscribed(market, utc_ns);
}

bool feeds_expected(const struct connection *conn, int64_t utc_ns)
{
    for (uint32_t m = 0; m < SJ_MARKET_COUNT; m++)
        if (conn->market[m].subscribed_ns != 0 &&
            sj_hours_expect(&conn->hours, (enum sj_market)m, utc_ns).expected)
            return true;
    return false;
}

static void silence_gap(struct connection *conn, const struct item *item, int64_t from_ns,
                        int64_t to_ns)
{
    struct sj_gap gap = {
        .kind = SJ_GAP_SILENCE, .lost_count = UINT64_MAX, .from_ns = from_ns, .to_ns = to_ns};
    conn->loss_ns = to_ns;
    if (item) {
        gap.instrument = item->instrument;
        gap.channel = (uint8_t)item->channel;
    }
    outbox_gap(conn, &gap);
}

/* A whole market of this connection fell silent, or speaks again. */
static void judge_market(struct connection *conn, enum sj_market market,
                         const struct sj_expectation *expectation, int64_t utc_ns, int64_t mono_ns)
{
    struct sj_feed *feed = &conn->market[market];
    enum sj_feed_state before = feed->state;
    bool changed = sj_feed_judge(feed, expectation, utc_ns);
    GAUGE(conn->counters.age_ns[market], sj_feed_age_ns(feed, expectation, utc_ns));
    if (!changed)
        return;
    if (feed->state == SJ_FEED_SILENT) {
        char text[64];
        snprintf(text, sizeof(text), "no data of %s for %lld s", market_names[market],
                 (long long)((utc_ns - feed->silent_from_ns) / SJ_NS_PER_S));
        outbox_session(conn, SJ_SESSION_SILENT, NULL, SJ_RUNG_NONE, 0,
                       utc_ns - feed->silent_from_ns, text);
        clerk_note(&conn->clerk, SJ_LOG_WARN, "%s", text);
        recovery_fault(conn, SJ_RUNG_RESUBSCRIBE, SJ_RUNG_RESTART, true, text, feed->silent_from_ns,
                       mono_ns);
    } else if (before == SJ_FEED_SILENT) {
        silence_gap(conn, NULL, feed->silent_from_ns,
                    feed->state == SJ_FEED_LIVE ? feed->last_ns : utc_ns);
    }
}

/* One subscription is silent: shown to the user; mended alone when it used to speak. */
static void item_silent(struct connection *conn, struct item *item, int64_t threshold_ns,
                        int64_t utc_ns)
{
    const char *text = item->feed.count ? "silent" : "subscribed, but silent";
    outbox_session(conn, SJ_SESSION_SILENT, item, SJ_RUNG_NONE, 0,
                   utc_ns - item->feed.silent_from_ns, text);
    if (item->mending || !sj_feed_is_liquid(&item->feed, threshold_ns) ||
        conn->market[item->market].state == SJ_FEED_SILENT)
        return;
    clerk_note(&conn->clerk, SJ_LOG_WARN, "%s %s fell silent: subscribing to it anew",
               item->subscription->contract.code,
               sj_quote_type_name(item->subscription->quote_type));
    item->mending = clerk_post(&conn->clerk, CLERK_SUBSCRIBE, (uint32_t)(item - conn->item));
}

static void judge_item(struct connection *conn, struct item *item,
                       const struct sj_expectation *expectation, int64_t utc_ns)
{
    enum sj_feed_state before = item->feed.state;
    if (expectation->expected && item->confirmed && !item->was_expected) {
        item->was_expected = true;
        account_expected(conn, item, utc_ns);
    }
    if (!sj_feed_judge(&item->feed, expectation, utc_ns))
        return;
    if (item->feed.state == SJ_FEED_SILENT) {
        SJ_COUNT_UP(conn->counters.silent, 1);
        item_silent(conn, item, expectation->threshold_ns, utc_ns);
    } else if (before == SJ_FEED_SILENT) {
        GAUGE(conn->counters.silent, READ(conn->counters.silent) - 1);
        if (item->feed.state == SJ_FEED_LIVE)
            silence_gap(conn, item, item->feed.silent_from_ns, item->feed.last_ns);
        if (item->mending)
            outbox_session(conn, SJ_SESSION_RECOVERED, item, SJ_RUNG_RESUBSCRIBE, 0,
                           utc_ns - item->feed.silent_from_ns, "");
        item->mending = false;
    }
}

void feeds_judge(struct connection *conn, int64_t utc_ns, int64_t mono_ns)
{
    if (mono_ns < conn->next_judge_ns)
        return;
    int64_t interval_ns = conn->hours.silence_day_ns / 8;
    if (interval_ns < JUDGE_MIN_NS)
        interval_ns = JUDGE_MIN_NS;
    if (interval_ns > JUDGE_MAX_NS)
        interval_ns = JUDGE_MAX_NS;
    conn->next_judge_ns = mono_ns + interval_ns;
    struct sj_expectation expectation[SJ_MARKET_COUNT];
    for (uint32_t m = 0; m < SJ_MARKET_COUNT; m++) {
        expectation[m] = sj_hours_expect(&conn->hours, (enum sj_market)m, utc_ns);
        judge_market(conn, (enum sj_market)m, &expectation[m], utc_ns, mono_ns);
    }
    for (uint32_t i = 0; i < conn->item_count; i++)
        judge_item(conn, &conn->item[i], &expectation[conn->item[i].market], utc_ns);
    account_session_ends(conn, utc_ns);
}
