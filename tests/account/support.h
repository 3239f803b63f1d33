/*
 * support.h: an account with a stock, a fund and a future, on Tuesday 2026-11-24 at 10:00 in
 * Taipei.
 */
#ifndef SJ_TESTS_ACCOUNT_SUPPORT_H
#define SJ_TESTS_ACCOUNT_SUPPORT_H

#include "account/account.h"
#include "base/tw_time.h"
#include "shijim/strategy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define S SJ_NS_PER_S
#define E6 INT64_C(1000000)
#define KEPT_MAX 32

enum { STOCK = 1, FUND, FUTURE, INSTRUMENTS = FUTURE };

struct desk {
    struct sj_account_config config;
    struct sj_instruments *instruments;
    struct sj_market_rules *rules;
    struct sj_account *account;
    int64_t now_ns;
    bool declare_short; /* of the fills to come */
    union {
        struct sj_frame frame;
        struct sj_position_snapshot position;
        struct sj_control control;
    } kept[KEPT_MAX]; /* what the account told */
    uint32_t kept_count;
};

void desk_init(struct desk *desk);
struct sj_account *desk_create(struct desk *desk); /* another, with the same settings */
void desk_start(struct desk *desk);
void desk_done(struct desk *desk);

/* Books a fill of an order; prices in TWD or points. Returns it with its costs. */
struct sj_fill desk_fill(struct desk *desk, uint64_t order, uint32_t strategy, uint32_t instrument,
                         enum sj_side side, uint32_t quantity, int64_t price);
void desk_trade(struct desk *desk, uint32_t instrument, int64_t price);
void desk_position(struct desk *desk, uint32_t instrument, int64_t quantity, int64_t price);
/* The ACCOUNT event that ends a snapshot of account 0. */
void desk_snapshot(struct desk *desk, int64_t cash);

struct sj_account_position desk_held(const struct desk *desk, uint32_t strategy,
                                     uint32_t instrument);

#endif
