/*
 * decide.h: strategies, risk and orders joined into one function of a stream of inputs.
 *
 *     market data, account ->+
 *     order reports -------->|            +--> events: intents, verdicts, orders, fills, controls
 *     controls, timers ----->|   decide   +--> requests to the broker
 *
 * Pure: the clock, the rings and the broker are handed in. Every input is an event that the journal
 * keeps, in the order in which it was taken: what this room itself takes (reports, controls,
 * timers) it writes on its own ring before acting on it, and for what it reads from other rings it
 * writes a note (DRAINED). Feeding the same inputs again gives the same outputs, byte for byte;
 * live, paper and backtest differ only in who feeds and who answers.
 *
 * An intent is on the ring before it is judged, its verdict before it is an order, and the order
 * before its request leaves. When the ring takes no more, no new order is made.
 *
 * Units    _ns: UTC nanoseconds. Others as in shijim/event.h.
 * Errors   create: a line in `error`. Afterwards nothing fails: what goes wrong is an event.
 * Threads  [owner] one thread, every call.
 * Memory   all reserved by create.
 */
#ifndef SJ_DECIDE_DECIDE_H
#define SJ_DECIDE_DECIDE_H

#include "account/account.h"
#include "event/event.h"
#include "event/instruments.h"
#include "market/rules.h"
#include "order/account_name.h"
#include "order/order.h"
#include "risk/risk.h"
#include "strategy/host.h"

#define SJ_DECIDE_ERROR_MAX 320

struct sj_decide;

struct sj_decide_ops {
    void *context;
    /* Puts one whole frame on the own ring; assigns and returns its sequence, or a negative rc when
     * the ring takes no more. Never waits. */
    int64_t (*publish)(void *context, struct sj_frame *event);
    /* Hands a request to the link; never waits. Negative: not taken, and not sent. */
    sj_rc (*send)(void *context, const struct sj_order_request *request);
    /* Trading stops itself (a limit, a lost feed): makes the kill outlive this process. */
    void (*trip)(void *context, const struct sj_control *control);
    /* Fresh POSITION and ACCOUNT events, please (a panic asks the broker what we hold). May be
     * NULL: then a panic flattens by our own fills. */
    void (*ask_account)(void *context);
    /* The panic is over: everything cancelled and flat. May be NULL. */
    void (*panic_done)(void *context);
    void (*log)(void *context, uint32_t strategy, const char *text); /* may be NULL */
    /* Puts fee and tax into a fill, before the market's rules would. May be NULL. */
    void (*cost)(void *context, struct sj_fill *fill);
    /* A new order of this instrument is being judged and may be sent within a microsecond: time to
     * fetch what sending it needs. May be NULL. */
    void (*expect)(void *context, uint32_t instrument);
};

struct sj_decide_options {
    const struct sj_decide_ops *ops;
    struct sj_instruments *instruments; /* of this thread; definitions that come are put into it */
    const struct sj_market_rules *rules;
    const struct sj_tw_holidays *holidays;
    const struct sj_risk_config *risk;
    const struct sj_orders_config *orders;
    const struct sj_account_config *account; /* NULL: every default */
    uint32_t instrument_max;
    uint32_t follow_max; /* intents that strategies have told of at a time; 0: host.h's default */
    uint64_t first_intent_id; /* beyond every one that the journal holds */
    int64_t feed_loss_ns; /* no market data for so long, while some is expected; 0: not watched */
    bool feed_loss_kills; /* then trading is killed, not only held back until data comes again */
    bool kill_cancels;    /* a kill cancels what works */
    bool stop_cancels;    /* so does a STOP */
    const char *account_ids[SJ_ACCOUNTS]; /* as account_name.h has them; NULL: the default */
    bool live;
    bool post_only; /* the exchange takes GTX (a backtest's) */
    bool guard;     /* of the strategies' host */
    bool timing;
};

SJ_MUST_USE sj_rc sj_decide_create(const struct sj_decide_options *options,
                                   char error[SJ_DECIDE_ERROR_MAX], struct sj_decide **ret_decide);
void sj_decide_close(struct sj_decide *decide);

/* Adds a strategy. As sj_strategies_add; its init sees time 0, so that it begins the same whenever
 * a day is decided again. Before start. */
SJ_MUST_USE sj_rc sj_decide_add(struct sj_decide *decide,
                                const struct sj_strategy_instance *instance,
                                char error[SJ_DECIDE_ERROR_MAX], uint32_t *ret_strategy);

/* The same for one that traded before and is not configured any more: it keeps its number, its
 * orders and its positions. */
SJ_MUST_USE sj_rc sj_decide_add_retired(struct sj_decide *decide, const char *name,
                                        char error[SJ_DECIDE_ERROR_MAX], uint32_t *ret_strategy);

/* --- after a restart: first what was saved (if it was), then every event of the own ring that the
 * journal holds of this trading day, oldest first --- */

size_t sj_decide_save_size(const struct sj_decide *decide);
/* All but the orders, which the journal tells; with the sequence it stands for. */
SJ_MUST_USE sj_rc sj_decide_save(struct sj_decide *decide, void *buffer, size_t size);
SJ_MUST_USE sj_rc sj_decide_load(struct sj_decide *decide, const void *buffer, size_t size,
                                 char error[SJ_DECIDE_ERROR_MAX]);
/* The last event of the own ring that a saved state knows; 0: it is none. */
uint64_t sj_decide_saved_seq(const void *buffer, size_t size);
void sj_decide_restore(struct sj_decide *decide, const struct sj_frame *event);

/* --- inputs --- */

/* Begins: a START control with the run's id, a NAME for each strategy's number; asks the broker for
 * its list of orders. No intent leaves before that answer. */
void sj_decide_start(struct sj_decide *decide, int64_t now_ns);

/* A batch of `count` events first_seq .. last_seq of source `src` follows, by sj_decide_event. */
void sj_decide_batch(struct sj_decide *decide, uint32_t src, uint64_t first_seq, uint64_t last_seq,
                     uint32_t count, int64_t now_ns);
/* One of them. Kinds that nobody decides by are ignored. From a source of users (48 ..) only what a
 * strategy's own process may say is taken: INTENT, CONTROL arm ("I am here") and disarm ("I end").
 */
void sj_decide_event(struct sj_decide *decide, const struct sj_frame *event);

/* Event `seq` of source `src`, as soon as it is on its ring, without a batch around it. What came
 * this way at one time is noted together: before anything follows from it, before any other input,
 * or by sj_decide_note. */
void sj_decide_next(struct sj_decide *decide, uint32_t src, uint64_t seq,
                    const struct sj_frame *event, int64_t now_ns);
void sj_decide_note(struct sj_decide *decide);

/* Once a turn: keeps in the caches what the next order will write. No effect but on time. */
void sj_decide_warm(const struct sj_decide *decide);

/* An order report or a control; written on the own ring first. `event` gets recv_ns and seq. */
void sj_decide_report(struct sj_decide *decide, struct sj_order_report *report, int64_t now_ns);
void sj_decide_control(struct sj_decide *decide, struct sj_control *control, int64_t now_ns);

/* `count` events of source `src` went by before they could be read. */
void sj_decide_lost(struct sj_decide *decide, uint32_t src, uint64_t count, int64_t now_ns);

/* When sj_decide_time has something to do; INT64_MAX: nothing is due. */
int64_t sj_decide_due(const struct sj_decide *decide);
/* Timers, time-outs, statistics, what a kill has still to cancel. */
void sj_decide_time(struct sj_decide *decide, int64_t now_ns);

/* An input as the own ring of an earlier run holds it (TIMER, ORDER_REPORT, CONTROL, GAP): what a
 * replay feeds instead of report, control and time. Outputs and notes are let pass. */
void sj_decide_again(struct sj_decide *decide, const struct sj_frame *event);

/* --- looking at it --- */

struct sj_decide_status {
    bool killed, panicking, ready; /* ready: the broker's list has been answered */
    uint32_t open_count;
    uint64_t unpublished_count; /* events that the ring did not take */
    uint64_t intent_count, accepted_count, refused_count, fill_count;
};
void sj_decide_status(const struct sj_decide *decide, struct sj_decide_status *ret_status);
const struct sj_strategies *sj_decide_strategies(const struct sj_decide *decide);
const struct sj_risk *sj_decide_risk(const struct sj_decide *decide);
const struct sj_orders *sj_decide_orders(const struct sj_decide *decide);
const struct sj_account *sj_decide_account(const struct sj_decide *decide);

#endif
