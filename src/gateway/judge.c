#include "gateway/judge.h"

#define LIQUID_EVENTS 20
#define LIQUID_DIVISOR 10

void sj_feed_subscribed(struct sj_feed *feed, int64_t now_ns)
{
    feed->subscribed_ns = now_ns;
    if (now_ns == 0)
        feed->state = SJ_FEED_OFF;
}

static int64_t later(int64_t a_ns, int64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

/* Since when data has been due: the last data, or the start of what is expected. A resubscription
 * does not restart the clock of a feed that has already fallen silent. */
static int64_t due_since(const struct sj_feed *feed, const struct sj_expectation *expectation)
{
    int64_t begin_ns = feed->state == SJ_FEED_SILENT ? feed->silent_from_ns : feed->subscribed_ns;
    return later(later(feed->last_ns, begin_ns), expectation->since_ns);
}

int64_t sj_feed_age_ns(const struct sj_feed *feed, const struct sj_expectation *expectation,
                       int64_t now_ns)
{
    if (feed->subscribed_ns == 0 || !expectation->expected)
        return 0;
    int64_t age_ns = now_ns - due_since(feed, expectation);
    return age_ns > 0 ? age_ns : 0;
}

bool sj_feed_judge(struct sj_feed *feed, const struct sj_expectation *expectation, int64_t now_ns)
{
    enum sj_feed_state before = feed->state;
    if (feed->subscribed_ns == 0) {
        feed->state = SJ_FEED_OFF;
        return before != feed->state;
    }
    if (!expectation->expected) {
        feed->state = SJ_FEED_CLOSED;
        return before != feed->state;
    }
    int64_t age_ns = sj_feed_age_ns(feed, expectation, now_ns);
    if (age_ns > feed->silence_max_ns)
        feed->silence_max_ns = age_ns;
    if (age_ns > expectation->threshold_ns) {
        if (before != SJ_FEED_SILENT)
            feed->silent_from_ns = due_since(feed, expectation);
        feed->state = SJ_FEED_SILENT;
    } else if (feed->last_ns > later(feed->first_ns - 1, expectation->since_ns)) {
        feed->state = SJ_FEED_LIVE;
    } else {
        feed->state = SJ_FEED_WAITING;
    }
    return before != feed->state;
}

bool sj_feed_is_liquid(const struct sj_feed *feed, int64_t threshold_ns)
{
    if (feed->count < LIQUID_EVENTS)
        return false;
    int64_t span_ns = feed->last_ns - feed->first_ns;
    return span_ns >= threshold_ns / 4 &&
           span_ns / (int64_t)feed->count <= threshold_ns / LIQUID_DIVISOR;
}

const char *sj_feed_state_name(enum sj_feed_state state)
{
    static const char *const names[] = {"off", "closed", "waiting", "live", "silent"};
    return names[state];
}
