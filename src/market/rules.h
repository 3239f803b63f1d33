/*
 * rules.h: the rules of a market as data: tick sizes, price limits, sessions, kinds of orders,
 * fees, each with the date it holds from, and the days without trading (calendar.h). The files in
 * data/market (also built in) say what their lines mean.
 *
 * Units    _e6: exact decimals in millionths. _ns: nanoseconds since Taipei midnight of the day.
 *          dates: YYYYMMDD.
 * Errors   -SJ_E_MALFORMED, with the line and what is wrong with it in `error`. -SJ_E_UNKNOWN: no
 *          rule of that kind and name holds on the day.
 * Threads  Loading: one thread for each set. A loaded set of rules is constant: any thread.
 * Memory   one allocation at load; none in the look-ups.
 */
#ifndef SJ_MARKET_RULES_H
#define SJ_MARKET_RULES_H

#include "shijim/rc.h"

#include <stddef.h>

#define SJ_TICK_BANDS_MAX 8
#define SJ_SESSION_PHASES_MAX 6
#define SJ_RULES_ERROR_MAX 200

/* Prices below below_e6 (and not below the band before) move in steps of tick_e6. */
struct sj_tick_band {
    int64_t below_e6; /* INT64_MAX in the last band */
    int64_t tick_e6;
};

struct sj_tick_bands {
    uint32_t count;
    struct sj_tick_band band[SJ_TICK_BANDS_MAX];
};

enum sj_session_phase {
    SJ_SESSION_PHASE_NONE,
    SJ_SESSION_PHASE_AUCTION,
    SJ_SESSION_PHASE_CONTINUOUS,
    SJ_SESSION_PHASE_CLOSING, /* an auction that ends the day */
};

struct sj_session_span {
    enum sj_session_phase phase;
    int64_t from_ns;
    int64_t to_ns; /* may pass 24 h */
};

struct sj_session_plan {
    uint32_t count;
    struct sj_session_span span[SJ_SESSION_PHASES_MAX];
};

struct sj_market_rules;

/* Parses rules from text (the caller may free it afterwards). */
SJ_MUST_USE sj_rc sj_market_rules_parse(const char *text, size_t size,
                                        char error[SJ_RULES_ERROR_MAX],
                                        struct sj_market_rules **ret_rules);

/* Loads the rules that are built in and, unless `path` is NULL, a file on top of them: of two lines
 * of the same kind, name and date the file's counts. */
SJ_MUST_USE sj_rc sj_market_rules_load(const char *path, char error[SJ_RULES_ERROR_MAX],
                                       struct sj_market_rules **ret_rules);
void sj_market_rules_free(struct sj_market_rules *rules);

/* The rules built in, loaded once for the whole program; never freed. NULL: no memory. [any] */
const struct sj_market_rules *sj_market_rules_shared(void);

SJ_MUST_USE sj_rc sj_market_tick_bands(const struct sj_market_rules *rules, const char *name,
                                       uint32_t date, struct sj_tick_bands *ret_bands);
SJ_MUST_USE sj_rc sj_market_session(const struct sj_market_rules *rules, const char *name,
                                    uint32_t date, struct sj_session_plan *ret_plan);

/* One number, in millionths. Kinds: limit (a ratio), interval (seconds), point (TWD), lot and
 * lots_max (shares, lots), night (1 or 0), fee, tax and day_tax (parts of an amount), fee_min,
 * lot_fee, margin, margin_min, maintenance and maintain_min (TWD; the data files say of what).
 * Other kinds: tick, session, orders, closed, open. */
SJ_MUST_USE sj_rc sj_market_number(const struct sj_market_rules *rules, const char *kind,
                                   const char *name, uint32_t date, int64_t *ret_value_e6);

/* The phase a plan is in at a time of day, and when it ends (INT64_MAX: nothing follows). */
enum sj_session_phase sj_session_at(const struct sj_session_plan *plan, int64_t time_ns,
                                    int64_t *ret_until_ns);

#endif
