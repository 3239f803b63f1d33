/*
 * risk_private.h: risk's state and what its files share.
 *
 * Values (`sj_value`) are TWD in millionths in 128 bits: price * units * multiplier of any input
 * that is let in (PRICE_MAX_E6, UNITS_MAX, MULTIPLIER_MAX) fits, so sums are exact and can be taken
 * back. Units are shares of stocks and contracts of derivatives; lots times `unit`.
 */
#ifndef SJ_RISK_RISK_PRIVATE_H
#define SJ_RISK_RISK_PRIVATE_H

#include "base/assert.h"
#include "base/decimal.h"
#include "market/calendar.h"
#include "risk/risk.h"
#include "risk/window.h"
#include "shijim/strategy.h"

#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 sj_value;

#define PRICE_MAX_E6 INT64_C(100000000000000)
#define UNITS_MAX (INT64_C(1) << 40)
#define QUANTITY_MAX 1000000000u
#define MULTIPLIER_MAX INT64_C(1000000)
#define UNIT_MAX 100000u
#define BANDS_MAX 16
/* All that 8 accounts may send in the 10 s that duplicate_ms may reach back. */
#define RECENT_SLOTS 2048
#define RECENT_BUCKETS 8192
#define ORDER_SLOTS (4 * SJ_RISK_ORDER_MAX)
#define NONE UINT32_MAX

enum { BUY, SELL, SIDES };
enum { OWN, BROKER, VIEWS };
/* Whose hours an order keeps to: the board's, for futures with or without a night, or their last
 * day. */
enum session_kind {
    SESSION_STOCK,
    SESSION_ODD,
    SESSION_FUTURES,
    SESSION_FUTURES_DAY,
    SESSION_FUTURES_LAST,
    SESSION_KINDS
};

/* Four cache lines. */
struct instrument {
    /* Market: 0 where nothing came yet. */
    int64_t last_e6, bid_e6, ask_e6, auction_e6;
    int64_t mark_e6; /* what positions are valued at: last, kept between bid and ask */
    int64_t last_ns, book_ns, auction_ns;

    /* The definition. */
    int64_t limit_up_e6, limit_down_e6; /* 0: none */
    int64_t multiplier;                 /* TWD a unit and point, rounded up to whole ones */
    int64_t unit_value_e6;              /* a unit at the day's reference (an option's strike) */
    int64_t position_max;               /* units; 0: any */
    int64_t order_value_max_e6;         /* 0: any */
    uint32_t unit;
    uint32_t group;
    uint32_t order_quantity_max; /* lots; 0: any */
    uint8_t session;             /* enum session_kind */
    uint8_t bands;               /* index; 0: none known */
    bool known, allowed;

    /* Exposure, in units. */
    int64_t position[VIEWS];
    int64_t working[SIDES];
    int64_t best_e6[SIDES]; /* the price of our own orders that another would meet first; 0: none */
    uint32_t first[SIDES];  /* list of them */
    uint32_t blocks;        /* bits by enum sj_control_source */
    bool feed_lost;
    bool derivative : 1, option : 1, put : 1;
    bool combination : 1; /* a spread or an index: not ordered here */

    sj_value worst_e6;  /* the larger of both sides, at unit_value */
    sj_value opened_e6; /* the margin it takes */
    sj_value held_e6;   /* the same without working orders */
    int64_t margin_e6;  /* of a unit */
    uint32_t last_day;  /* the last trading day; 0: none */
    bool own_known;     /* the broker has told what was there before us */
};
SJ_STATIC_ASSERT(sizeof(struct instrument) == 256, "whole cache lines");

/* All instruments on one underlying. Long is what gains when it rises. */
struct group {
    sj_value position_e6[VIEWS];
    sj_value working_e6[SIDES];
};

struct order {
    uint64_t intent_id;
    int64_t price_e6;   /* for a market order its worst price */
    int64_t pending_e6; /* a price asked for and not yet confirmed; 0: none */
    uint32_t instrument;
    uint32_t quantity, cancelled; /* as the order room has it */
    uint32_t reported;            /* filled, by ORDER events */
    uint32_t filled;              /* by FILL events */
    uint32_t next, previous;      /* of the instrument's side; next alone while free */
    uint16_t strategy;
    uint8_t account, side; /* side: BUY, SELL */
    uint8_t lot;
    bool used, ended;
    uint8_t order_reserved;
};
SJ_STATIC_ASSERT(sizeof(struct order) == 64, "a cache line");

struct account {
    struct window calls;
    struct window side[SIDES];
    int64_t snapshot_ns;        /* 0: none */
    int64_t cash_e6, margin_e6; /* available; null: not told */
    /* Of purchases: [0] stocks, [1] options' premiums. */
    sj_value working_e6[2];
    sj_value filled_e6[2][2]; /* since the snapshot, and between it and the one before */
    sj_value held_e6[2];      /* margin of what was held at the snapshot, and at the one before */
};

struct strategy {
    struct window calls;
    uint32_t open_count;
    bool disarmed;
    int64_t bucket_ns;              /* when the current counts began */
    uint32_t orders[2], cancels[2]; /* current, and before */
};

/* An accepted order, remembered against doubles. */
struct recent {
    uint64_t intent_id;
    int64_t price_e6;
    int64_t at_ns;
    uint32_t instrument, quantity;
    uint32_t strategy;
    uint8_t side, price_type, time_in_force, lot;
    uint32_t next_id, next_content; /* counts of entries before; 0: none */
};

struct phase {
    int64_t from_ns, until_ns;
    uint32_t orders; /* the kinds it takes (sj_order_bit) */
    int32_t phase;   /* enum sj_session_phase */
};

/* The configuration in units of the checks; 0 off where the key says so. */
struct limits {
    int64_t reference_age_ns, duplicate_ns, account_age_ns, ratio_window_ns, window_ns;
    int64_t aggressive_ppm, passive_ppm, cancel_ratio_ppm, margin_ppm;
    int64_t order_value_e6, group_value_e6, gross_value_e6, cash_reserve_e6, margin_reserve_e6;
    int64_t daily_loss_e6, drawdown_e6;
    uint32_t order_quantity, odd_quantity, open_orders, strategy_orders, ratio_orders;
    uint32_t rate_window, rate_account, rate_side, rate_strategy;
    int32_t reference;
    bool post_only, market_orders, session, tick, limits, self_trade, feed, cash, margin;
};

struct sj_risk {
    struct limits limits;
    int64_t now_ns; /* the latest time seen */
    bool killed, panic;
    bool loss_stopped; /* a loss beyond the limit has killed already */
    bool feed_lost;    /* of all instruments */
    uint8_t kill_source;
    uint32_t feeds_lost; /* how many: 1 for all, and instruments' own */
    uint32_t blocks;     /* of all instruments */
    uint32_t instrument_max;
    int64_t killed_ns;
    uint32_t open_count;
    int32_t trading_day;
    int64_t day_ends_ns;
    sj_value pnl_e6, pnl_peak_e6;
    sj_value gross_e6, opened_e6, held_e6;
    struct phase phases[SESSION_KINDS];
    struct account accounts[SJ_RISK_ACCOUNT_MAX];
    struct strategy strategies[SJ_RISK_STRATEGY_MAX];

    uint32_t recent_count; /* of all; entry n lies at n % RECENT_SLOTS, the first is 1 */
    uint32_t recent_young; /* the first that is not older than duplicate_ns, or later ones */
    struct recent recent[RECENT_SLOTS];
    uint32_t recent_id[RECENT_BUCKETS], recent_content[RECENT_BUCKETS];

    uint32_t free_order;
    uint32_t order_count; /* used, ended ones included */
    struct order orders[SJ_RISK_ORDER_MAX];
    uint32_t order_slots[ORDER_SLOTS]; /* index + 1; 0: empty */

    struct sj_tick_bands bands[BANDS_MAX];
    char band_names[BANDS_MAX][8];
    uint32_t band_count;

    struct sj_risk_config config;
    const struct sj_market_rules *rules;
    const struct sj_tw_holidays *holidays;
    struct sj_risk_ops ops;
    uint64_t accepted_count, stray_count;
    uint64_t refused_by[SJ_RISK_CHECK_MAX + 1];

    /* instrument_max + 1 each */
    struct instrument *instruments;
    struct group *groups;
    char (*group_names)[16];
    uint32_t group_count;
    int64_t (*broker_units)[SJ_RISK_ACCOUNT_MAX];
};

static inline int64_t min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t max64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* What fits of it into an event. */
static inline int64_t clip(sj_value value)
{
    return value > INT64_MAX ? INT64_MAX : value <= INT64_MIN ? INT64_MIN + 1 : (int64_t)value;
}

static inline bool price_sane(int64_t price_e6)
{
    return price_e6 > 0 && price_e6 <= PRICE_MAX_E6;
}

static inline struct instrument *instrument_of(const struct sj_risk *risk, uint32_t id)
{
    return id > 0 && id <= risk->instrument_max && risk->instruments[id].known
               ? &risk->instruments[id]
               : NULL;
}

static inline int64_t units_of(const struct instrument *ins, uint32_t quantity, uint8_t lot)
{
    bool odd = lot == SJ_LOT_ODD || lot == SJ_LOT_INTRADAY_ODD;
    return (int64_t)quantity * (odd ? 1 : ins->unit);
}

/* Positions at their longest and shortest: both views, with what works. */
static inline int64_t longest(const struct instrument *ins)
{
    return max64(ins->position[OWN], ins->position[BROKER]) + ins->working[BUY];
}

static inline int64_t shortest(const struct instrument *ins)
{
    return min64(ins->position[OWN], ins->position[BROKER]) - ins->working[SELL];
}

/* --- instruments.c --- */
void instrument_define(struct sj_risk *risk, const struct sj_instrument *definition);

/* --- exposure.c: positions, what works, and the sums over them --- */

/* Adds signed units to a view of the position, or to what works on a side. */
void exposure_move(struct sj_risk *risk, struct instrument *ins, uint32_t view, int64_t units);
void exposure_work(struct sj_risk *risk, struct instrument *ins, uint32_t side, int64_t units);
/* Takes an instrument out of all sums (factor -1), or back in (1). */
void exposure_count(struct sj_risk *risk, struct instrument *ins, int factor);
/* What takes margin of a position between these two. */
int64_t opened_units(const struct instrument *ins, int64_t long_units, int64_t short_units);

/* --- orders.c --- */
struct order *order_find(const struct sj_risk *risk, uint64_t intent_id);
/* A free order to be filled in and entered; NULL: full. */
struct order *risk_order_take(struct sj_risk *risk);
/* Takes it into the table, with its exposure. */
void order_enter(struct sj_risk *risk, struct order *order);
void order_remove(struct sj_risk *risk, struct order *order);
int64_t order_left_units(const struct sj_risk *risk, const struct order *order);
/* The price by which it counts while a change of price is under way. */
int64_t order_worst_e6(const struct order *order);
void order_reprice(struct sj_risk *risk, struct order *order, int64_t price_e6, int64_t pending_e6);

/* --- profit.c --- */
void profit_mark(struct sj_risk *risk, struct instrument *ins, int64_t mark_e6);
void profit_fill(struct sj_risk *risk, struct instrument *ins, int64_t units, int64_t price_e6,
                 int64_t cost_e6);
/* Stops trading when a limit on losses is passed. */
void profit_judge(struct sj_risk *risk);

/* --- sessions.c --- */

/* Moves the clock forward, and the day with it; returns the time that counts. */
int64_t clock_advance(struct sj_risk *risk, int64_t now_ns);
void phase_find(struct sj_risk *risk, enum session_kind kind, int64_t now_ns);

static inline const struct phase *phase_at(struct sj_risk *risk, enum session_kind kind,
                                           int64_t now_ns)
{
    struct phase *phase = &risk->phases[kind];
    if (SJ_UNLIKELY(now_ns < phase->from_ns || now_ns >= phase->until_ns))
        phase_find(risk, kind, now_ns);
    return phase;
}

/* --- recent.c --- */

/* The latest accepted order of this id, or equal in content and young enough; NULL: none. */
const struct recent *recent_id(const struct sj_risk *risk, uint64_t intent_id);
const struct recent *recent_same(struct sj_risk *risk, const struct sj_intent *intent,
                                 int64_t since_ns);
void recent_add(struct sj_risk *risk, const struct sj_intent *intent, int64_t now_ns);
void recent_expect(const struct sj_risk *risk, const struct sj_intent *intent);
void recent_warm(const struct sj_risk *risk, uint64_t next_intent_id);

#endif
