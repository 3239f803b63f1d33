/*
 * support.h: a risk room with a few instruments, on Tuesday 2026-11-24 at 10:00 in Taipei, and
 * short ways to say what happens to it.
 */
#ifndef SJ_TESTS_RISK_SUPPORT_H
#define SJ_TESTS_RISK_SUPPORT_H

#include "risk/risk.h"
#include "shijim/strategy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define S SJ_NS_PER_S
#define E6 INT64_C(1000000)

enum { STOCK = 1, FUTURE, CALL, PUT, INDEX, SPREAD, CHEAP, INSTRUMENTS = CHEAP };

struct bench {
    struct sj_risk_config config;
    struct sj_instruments *instruments;
    struct sj_market_rules *rules;
    struct sj_risk *risk;
    struct sj_risk_ops ops;
    struct sj_verdict verdict;
    struct sj_control control; /* the last that risk gave */
    uint32_t control_count;
    int64_t now_ns;
    uint64_t id; /* of the last intent */
};

/* Everything wide open but what every order must keep to; tests narrow one limit each. */
void bench_init(struct bench *bench);
void bench_start(struct bench *bench); /* with bench->config as it then is */
void bench_done(struct bench *bench);

/* A definition, as tests use them: STOCK at 600 TWD, FUTURE at 20,000 points of 200 TWD, options on
 * it at 20,000, CHEAP a stock at 20. */
struct sj_instrument bench_definition(uint32_t id);

void bench_book(struct bench *bench, uint32_t id, int64_t bid, int64_t ask);
void bench_trade(struct bench *bench, uint32_t id, int64_t price, uint32_t flags);
void bench_account(struct bench *bench, uint32_t account, int64_t cash, int64_t margin);
void bench_position(struct bench *bench, uint32_t id, int64_t quantity);
void bench_control(struct bench *bench, enum sj_control_kind kind, uint32_t instrument,
                   uint32_t strategy);

/* Intents: ROD limit orders of strategy 1 at a price in TWD. */
struct sj_intent bench_place(struct bench *bench, uint32_t id, enum sj_side side, uint32_t quantity,
                             int64_t price);
struct sj_intent bench_change(struct bench *bench, enum sj_intent_kind kind, uint64_t target);

/* Judges, and says the name of the check that decided ("" for accepted). */
const char *bench_judge(struct bench *bench, const struct sj_intent *intent);
/* Places and expects that it is accepted; returns its id. */
uint64_t bench_accept(struct bench *bench, uint32_t id, enum sj_side side, uint32_t quantity,
                      int64_t price);

void bench_update(struct bench *bench, uint64_t intent_id, enum sj_order_state state,
                  uint32_t quantity, uint32_t filled, uint32_t cancelled, int64_t price);
void bench_fill(struct bench *bench, uint64_t intent_id, uint32_t id, enum sj_side side,
                uint32_t quantity, int64_t price);

#endif
