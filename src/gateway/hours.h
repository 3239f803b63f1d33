/*
 * hours.h: when each market trades, and which session an instant belongs to, from the market's
 * rules and the calendar. Pure once loaded.
 *
 * Units    _ns: UTC. trading_day: YYYYMMDD.
 * Threads  [any] once loaded. Memory: the struct; the holidays are the caller's.
 */
#ifndef SJ_GATEWAY_HOURS_H
#define SJ_GATEWAY_HOURS_H

#include "base/tw_time.h"
#include "event/event.h"
#include "gateway/judge.h"
#include "market/rules.h"

/* What is judged together: the markets with hours of their own. */
enum sj_market { SJ_MARKET_STOCK, SJ_MARKET_FUTURES, SJ_MARKET_INDEX, SJ_MARKET_COUNT };

enum sj_market sj_market_of(enum sj_security security);

struct sj_hours {
    bool always; /* data is expected at any hour (a simulated market) */
    int64_t silence_day_ns;
    int64_t silence_night_ns;
    struct sj_tw_holidays holidays;
    struct sj_session_plan day[SJ_MARKET_COUNT];
    struct sj_session_plan night; /* futures */
};

/* Takes the session plans that hold on `date` from the rules. */
SJ_MUST_USE sj_rc sj_hours_load(struct sj_hours *hours, const struct sj_market_rules *rules,
                                uint32_t date);

/* Whether data is expected of a market at an instant (continuous trading; auctions send little),
 * since when, and how much silence is allowed then. */
struct sj_expectation sj_hours_expect(const struct sj_hours *hours, enum sj_market market,
                                      int64_t utc_ns);

/* A session of a market, from the end of the one before to the start of the one behind: every
 * instant belongs to one. */
struct sj_hours_session {
    uint32_t trading_day;
    bool night;
    int64_t from_ns;
    int64_t to_ns;
};

void sj_hours_session(const struct sj_hours *hours, enum sj_market market, int64_t utc_ns,
                      struct sj_hours_session *ret_session);

#endif
