/*
 * model.h: what risk should decide, written to be read: lists that are walked, sums made anew.
 * It knows the instruments of support.h.
 */
#ifndef SJ_TESTS_RISK_MODEL_H
#define SJ_TESTS_RISK_MODEL_H

#include "support.h"

#define MODEL_ACCOUNTS 2
#define MODEL_STRATEGIES 4
#define MODEL_ORDERS 512
#define MODEL_CALLS 4096
#define MODEL_RECENT 2048

struct model_order {
    uint64_t id;
    uint32_t instrument, strategy, account;
    int side; /* 0 buys, 1 sells */
    int64_t price_e6, pending_e6;
    uint32_t quantity, cancelled, reported, filled;
    bool ended;
};

struct model_instrument {
    int64_t last, bid, ask, auction; /* TWD; 0: none */
    int64_t last_ns, book_ns, auction_ns;
    int64_t mark;
    int64_t own, broker; /* units */
    bool blocked, feed_lost;
};

/* Calls that were accepted, the latest last; a ring. */
struct model_calls {
    int64_t at_ns[MODEL_CALLS];
    uint64_t count;
};

struct model_account {
    int64_t snapshot_ns, cash, margin; /* TWD; -1: not told; snapshot 0: none */
    int64_t filled[2][2];              /* TWD: stocks, premiums; since the snapshot, before it */
    int64_t held[2];                   /* margin of what was held, TWD */
    struct model_calls calls, side[2];
};

struct model_strategy {
    bool disarmed;
    int64_t bucket_ns;
    int64_t orders[2], cancels[2];
    struct model_calls calls;
};

struct model_recent {
    struct sj_intent intent;
    int64_t at_ns;
};

struct model {
    struct sj_risk_config config;
    struct model_instrument ins[INSTRUMENTS + 1];
    struct model_order orders[MODEL_ORDERS];
    int64_t order_count;
    struct model_account accounts[SJ_RISK_ACCOUNT_MAX];
    struct model_strategy strategies[SJ_RISK_STRATEGY_MAX];
    struct model_recent *recent; /* a ring */
    uint64_t recent_count;
    bool killed, lost_once, feed_lost, blocked;
    int kill_source;
    int64_t profit, best; /* TWD */
    int64_t gross_before; /* at the last check */
    int64_t gross_after;
};

struct model_verdict {
    uint16_t check;
    int64_t value, limit;
};

void model_init(struct model *model, const struct sj_risk_config *config);
void model_done(struct model *model);

int64_t model_reference_twd(uint32_t id);
uint32_t model_unit(uint32_t id);

void model_trade(struct model *model, uint32_t id, int64_t price, uint32_t flags, int64_t now_ns);
void model_book(struct model *model, uint32_t id, int64_t bid, int64_t ask, int64_t now_ns);
void model_fill(struct model *model, uint64_t id, uint32_t instrument, int side, uint32_t quantity,
                int64_t price);
void model_update(struct model *model, uint64_t id, enum sj_order_state state, uint32_t quantity,
                  uint32_t filled, uint32_t cancelled, int64_t price);
void model_account(struct model *model, uint32_t account, int64_t cash, int64_t margin,
                   int64_t now_ns);
void model_position(struct model *model, uint32_t id, int64_t quantity);
/* A trading day begins. */
void model_day(struct model *model);
void model_control(struct model *model, enum sj_control_kind kind, uint32_t id, uint32_t strategy);

void model_check(struct model *model, const struct sj_intent *intent, int64_t now_ns,
                 struct model_verdict *ret_verdict);
void model_accept(struct model *model, const struct sj_intent *intent, int64_t now_ns);

/* Whether the intent checked last left the gross position no larger. */
bool model_reduces(const struct model *model);

#endif
