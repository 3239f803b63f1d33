/*
 * check_private.h: what a check of one intent sees. Included by check.c only, and the files of
 * checks with it: in one unit the compiler makes one function of those that apply to a kind of
 * intent.
 */
#ifndef SJ_RISK_CHECK_PRIVATE_H
#define SJ_RISK_CHECK_PRIVATE_H

#include "risk/risk_private.h"

struct check {
    const struct sj_intent *intent;
    struct instrument *ins;
    struct account *account;
    struct strategy *strategy;
    struct order *target;
    int64_t now_ns;
    int64_t units;     /* that it adds to what works; of a change: what is left of the target */
    int64_t price_e6;  /* a market order's: its worst */
    int64_t ref_e6;    /* by check_reference_stale */
    sj_value value_e6; /* by check_order_value */
    bool priced;       /* has a price of its own */
    uint8_t side;      /* BUY, SELL */
    uint8_t lot;
    bool places;
    bool house;
    int64_t value, limit;
};

static bool fail(struct check *c, int64_t value, int64_t limit)
{
    c->value = value;
    c->limit = limit;
    return false;
}

#endif
