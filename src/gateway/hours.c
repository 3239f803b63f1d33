#include "gateway/hours.h"

enum sj_market sj_market_of(enum sj_security security)
{
    switch (security) {
    case SJ_SECURITY_FUT:
    case SJ_SECURITY_OPT:
        return SJ_MARKET_FUTURES;
    case SJ_SECURITY_IND:
        return SJ_MARKET_INDEX;
    default:
        return SJ_MARKET_STOCK;
    }
}

sj_rc sj_hours_load(struct sj_hours *hours, const struct sj_market_rules *rules, uint32_t date)
{
    static const char *const names[SJ_MARKET_COUNT] = {"STK", "FUT", "IND"};
    for (uint32_t m = 0; m < SJ_MARKET_COUNT; m++) {
        sj_rc rc = sj_market_session(rules, names[m], date, &hours->day[m]);
        if (rc < 0)
            return rc;
    }
    return sj_market_session(rules, "FUT.NIGHT", date, &hours->night);
}

/* The continuous phase that covers a time of day, if any. */
static bool covers(const struct sj_session_plan *plan, int64_t time_ns, int64_t *ret_from_ns)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct sj_session_span *span = &plan->span[i];
        if (span->phase != SJ_SESSION_PHASE_CONTINUOUS || time_ns < span->from_ns ||
            time_ns >= span->to_ns)
            continue;
        *ret_from_ns = span->from_ns;
        return true;
    }
    return false;
}

struct sj_expectation sj_hours_expect(const struct sj_hours *hours, enum sj_market market,
                                      int64_t utc_ns)
{
    int32_t date = sj_tw_date(utc_ns);
    int64_t time_ns = sj_tw_time_of_day_ns(utc_ns);
    int64_t from_ns = 0;
    struct sj_expectation expectation = {.threshold_ns = hours->silence_day_ns};
    if (hours->always) {
        expectation.expected = true;
        return expectation;
    }
    if (sj_tw_is_trading_day(date, &hours->holidays) &&
        covers(&hours->day[market], time_ns, &from_ns)) {
        expectation.expected = true;
        expectation.since_ns = sj_tw_to_utc_ns(date, from_ns);
        return expectation;
    }
    if (market != SJ_MARKET_FUTURES)
        return expectation;
    expectation.threshold_ns = hours->silence_night_ns;
    /* The night session of a trading day's evening, or of the evening before. */
    for (int32_t back = 0; back <= 1 && !expectation.expected; back++) {
        int32_t evening = sj_date_add(date, -back);
        if (sj_tw_is_trading_day(evening, &hours->holidays) &&
            covers(&hours->night, time_ns + back * SJ_NS_PER_DAY, &from_ns)) {
            expectation.expected = true;
            expectation.since_ns = sj_tw_to_utc_ns(evening, 0) + from_ns;
        }
    }
    return expectation;
}

static int64_t plan_begin(const struct sj_session_plan *plan)
{
    return plan->count ? plan->span[0].from_ns : 0;
}

static int64_t plan_end(const struct sj_session_plan *plan)
{
    return plan->count ? plan->span[plan->count - 1].to_ns : 0;
}

void sj_hours_session(const struct sj_hours *hours, enum sj_market market, int64_t utc_ns,
                      struct sj_hours_session *ret_session)
{
    int32_t date = sj_tw_date(utc_ns);
    int64_t midnight_ns = sj_tw_to_utc_ns(date, 0);
    int64_t time_ns = utc_ns - midnight_ns;
    struct sj_hours_session session = {.trading_day =
                                           (uint32_t)sj_tw_trading_day(utc_ns, &hours->holidays)};
    if (market != SJ_MARKET_FUTURES) {
        /* One session a day: it changes at midnight, long after one and before the other. */
        session.trading_day = (uint32_t)date;
        session.from_ns = midnight_ns;
        session.to_ns = midnight_ns + SJ_NS_PER_DAY;
        *ret_session = session;
        return;
    }
    /* The bounds lie midway between the sessions: late prints and early auctions fall on their
     * side. */
    int64_t evening_ns = (plan_end(&hours->day[market]) + plan_begin(&hours->night)) / 2;
    int64_t morning_ns =
        (plan_end(&hours->night) - SJ_NS_PER_DAY + plan_begin(&hours->day[market])) / 2;
    session.night = time_ns >= evening_ns || time_ns < morning_ns;
    if (time_ns >= evening_ns) {
        session.trading_day = (uint32_t)sj_tw_next_trading_day(date, &hours->holidays);
        session.from_ns = midnight_ns + evening_ns;
        session.to_ns = midnight_ns + SJ_NS_PER_DAY + morning_ns;
    } else if (session.night) {
        session.from_ns = midnight_ns - SJ_NS_PER_DAY + evening_ns;
        session.to_ns = midnight_ns + morning_ns;
    } else {
        session.from_ns = midnight_ns + morning_ns;
        session.to_ns = midnight_ns + evening_ns;
    }
    *ret_session = session;
}
