/*
 * account_private.h: account's state and what its files share.
 */
#ifndef SJ_ACCOUNT_ACCOUNT_PRIVATE_H
#define SJ_ACCOUNT_ACCOUNT_PRIVATE_H

#include "account/account.h"
#include "base/assert.h"
#include "base/decimal.h"
#include "market/calendar.h"
#include "market/cost.h"
#include "shijim/strategy.h"

#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 sj_account_value;

#define PRICE_MAX_E6 INT64_C(1000000000000000)
#define QUANTITY_MAX 1000000000u
#define UNIT_MAX 100000u
#define UNITS_MAX (INT64_C(1) << 47)
#define MULTIPLIER_MAX_E6 (INT64_C(1000000) * 1000000)
#define ROW_SLOTS (2 * SJ_ACCOUNT_ROWS_MAX)
#define FEE_ORDERS 8192
#define HOUSE 0

/* One strategy's position in one instrument. */
struct row {
    uint32_t strategy, instrument;
    int64_t units;
    sj_account_value cost;     /* price_e6 * units of what is open: of its sign */
    sj_account_value realized; /* price_e6 * units */
    int64_t fees_e6, taxes_e6;
    int64_t base_e6;      /* profit, costs off, when the day began */
    int64_t bought, sold; /* today, units */
};

struct held {
    /* The definition. */
    int64_t multiplier_e6; /* TWD of a point of a unit; 1000000 for shares */
    uint32_t unit;
    uint8_t security;
    bool known;
    char name[9];         /* of its fees: the root, or the kind of stock */
    int32_t terms_day[2]; /* trading day that the terms below are of; [1]: odd lots */
    bool terms_good[2];
    struct sj_fee_terms terms[2];

    int64_t mark_e6;      /* 0: none */
    int64_t own;          /* by our fills, units */
    int64_t bought, sold; /* today */
    int64_t broker[SJ_ACCOUNT_MAX];
    int64_t broker_price_e6[SJ_ACCOUNT_MAX];
    uint8_t seen;  /* accounts that told this instrument's position, a bit each */
    uint8_t named; /* of them, those that did since their last ACCOUNT event */
    bool traded;   /* we had a fill in it before the broker told a position */
    bool blocked;
    bool differs;              /* was told to differ */
    int64_t difference;        /* at the last comparison: own - broker */
    uint32_t difference_count; /* comparisons in a row that gave it */
};

/* What an order has traded so far: fees of stocks depend on it. */
struct fee_order {
    uint64_t intent_id;
    struct sj_fee_order order;
};

struct side {
    int64_t snapshot_ns; /* the last whole one; 0: none */
    int64_t cash_e6, margin_available_e6;
};

struct sj_account {
    struct sj_account_config config;
    const struct sj_market_rules *rules;
    struct sj_account_ops ops;
    uint32_t instrument_max;
    int64_t now_ns;
    int32_t trading_day;
    int64_t day_ends_ns;
    uint64_t fill_count, adopted_count, bad_count;
    uint32_t difference_count;
    struct side sides[SJ_ACCOUNT_MAX];
    struct sj_account_settlement settlements[SJ_ACCOUNT_SETTLEMENTS_MAX];
    uint32_t settlement_count;
    uint32_t row_count;
    struct row rows[SJ_ACCOUNT_ROWS_MAX];
    uint32_t row_slots[ROW_SLOTS]; /* index + 1 */
    struct fee_order fee_orders[FEE_ORDERS];
    struct held *held; /* instrument_max + 1 */
};

static inline struct held *held_of(const struct sj_account *account, uint32_t instrument)
{
    return instrument > 0 && instrument <= account->instrument_max &&
                   account->held[instrument].known
               ? &account->held[instrument]
               : NULL;
}

static inline bool price_sane(int64_t price_e6)
{
    return price_e6 >= -PRICE_MAX_E6 && price_e6 <= PRICE_MAX_E6;
}

static inline int64_t clip(sj_account_value value)
{
    return value > INT64_MAX ? INT64_MAX : value <= INT64_MIN ? INT64_MIN + 1 : (int64_t)value;
}

/* price_e6 * units -> TWD e6, rounded half away from zero where the multiplier is a fraction. */
static inline sj_account_value money(const struct held *held, sj_account_value points)
{
    sj_account_value scaled = points * (held->multiplier_e6 / SJ_DECIMAL_E6);
    sj_account_value rest = points % SJ_DECIMAL_E6 * (held->multiplier_e6 % SJ_DECIMAL_E6);
    sj_account_value whole = points / SJ_DECIMAL_E6 * (held->multiplier_e6 % SJ_DECIMAL_E6);
    int half = rest < 0 ? -SJ_DECIMAL_E6 / 2 : SJ_DECIMAL_E6 / 2;
    return scaled + whole + (rest + half) / SJ_DECIMAL_E6;
}

/* --- book.c: positions and their profit --- */

/* The row, or NULL; row_take makes it, or gives NULL when the table is full. */
struct row *row_find(const struct sj_account *account, uint32_t strategy, uint32_t instrument);
struct row *row_take(struct sj_account *account, uint32_t strategy, uint32_t instrument);
/* Books signed units at a price: closes what is open on the other side first. */
void row_trade(struct row *row, int64_t units, int64_t price_e6);
sj_account_value row_unrealized(const struct row *row, const struct held *held);
/* Realised and not, costs off, TWD e6. */
sj_account_value row_profit(const struct row *row, const struct held *held);

/* --- fees.c --- */
/* Where an order's sums are kept, or another's. */
struct fee_order *fee_order_of(struct sj_account *account, uint64_t intent_id);
/* Puts fee and tax into a fill that does not tell them. */
void fees_put(struct sj_account *account, struct held *held, struct sj_fill *fill, int64_t units);

/* --- day.c --- */
void day_advance(struct sj_account *account, int64_t now_ns);
/* Money of a trade in stocks that settles two trading days later. */
void settlement_add(struct sj_account *account, int64_t amount_e6);

/* --- reconcile.c --- */
void reconcile_account(struct sj_account *account, uint32_t number);

#endif
