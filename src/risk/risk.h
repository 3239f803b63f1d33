/*
 * risk.h: whether an intent may become an order. Pure: events and times go in, verdicts come out.
 *
 *     sj_risk_market(risk, event, now_ns);         every market event and definition
 *     sj_risk_order(risk, &update);                every ORDER event
 *     sj_risk_fill(risk, &fill);                   every FILL event
 *     sj_risk_account(risk, event);                every ACCOUNT and POSITION event
 *     sj_risk_control(risk, &control);             every CONTROL event
 *     if (sj_risk_check(risk, &intent, now_ns, &verdict)) order it
 *
 * All in the one order in which whoever decides sees them; the same calls give the same verdicts.
 * An accepted intent is reserved by the same call: exposure, windows, open orders. What the order
 * then does not use comes back with its ORDER and FILL events (README.md, invariants 3 to 6).
 *
 * Units    _e6, _ns, quantities and positions as in shijim/event.h. Units of checks: checks.h.
 * Times    now_ns: UTC of the decision. It never runs backwards here: an earlier one counts as the
 *          latest seen.
 * Errors   -SJ_E_*, with a line in `error` where there is one. A refusal is no error.
 * Threads  [owner] one thread for everything. Nothing waits.
 * Memory   All reserved by create. No allocation, lock or system call afterwards.
 */
#ifndef SJ_RISK_RISK_H
#define SJ_RISK_RISK_H

#include "base/rc.h"
#include "base/tw_time.h"
#include "event/event.h"
#include "event/instruments.h"
#include "market/rules.h"
#include "risk/checks.h"
#include "risk/risk_config.h"

#define SJ_RISK_ACCOUNT_MAX 8   /* accounts are 0 .. 7 */
#define SJ_RISK_STRATEGY_MAX 64 /* strategies are 0 (the house: panic, flatten) .. 63 */
#define SJ_RISK_ORDER_MAX 4096  /* working orders, and ended ones whose fills are still due */
#define SJ_RISK_INSTRUMENT_MAX SJ_INSTRUMENTS_MAX
#define SJ_RISK_ERROR_MAX 200

struct sj_risk;

struct sj_risk_ops {
    void *context;
    /* A limit stopped trading: a KILL by LOSS_LIMIT, to be written down and acted on. Risk itself
     * has already taken it: do not hand it back. The event is the callee's to copy. */
    void (*control)(void *context, const struct sj_control *control);
};

struct sj_risk_options {
    const struct sj_risk_config *config;      /* copied */
    const struct sj_instruments *instruments; /* what is known now; read during create only */
    const struct sj_market_rules *rules;      /* outlives risk */
    const struct sj_tw_holidays *holidays;    /* NULL: the trading day by the rules */
    uint32_t instrument_max;                  /* ids 1 .. instrument_max */
    bool post_only;                           /* the exchange takes GTX (a backtest's) */
    struct sj_risk_ops ops;
};

/* -SJ_E_RANGE, -SJ_E_MALFORMED: settings that contradict each other, with the key in `error`.
 * -ENOMEM. */
SJ_MUST_USE sj_rc sj_risk_create(const struct sj_risk_options *options,
                                 char error[SJ_RISK_ERROR_MAX], struct sj_risk **ret_risk);
void sj_risk_close(struct sj_risk *risk);

/* Prices by which orders and positions are judged (TRADE, BOOK, QUOTE), and definitions
 * (INSTRUMENT: new, or of a new day); other events are let pass. Trial matches give the auction
 * price. Marks the position; may call ops.control. */
void sj_risk_market(struct sj_risk *risk, const struct sj_frame *event, int64_t now_ns);

void sj_risk_order(struct sj_risk *risk, const struct sj_order_update *update);
void sj_risk_fill(struct sj_risk *risk, const struct sj_fill *fill);

/* ACCOUNT and POSITION events; positions of single strategies are let pass. */
void sj_risk_account(struct sj_risk *risk, const struct sj_frame *event);

void sj_risk_control(struct sj_risk *risk, const struct sj_control *control);

/* Takes in an order that risk has not accepted itself: found at the broker after a restart, or
 * placed by hand. Like an accepted PLACE, without a check or a window slot. -SJ_E_FULL. */
SJ_MUST_USE sj_rc sj_risk_adopt(struct sj_risk *risk, const struct sj_intent *intent,
                                const struct sj_order_update *update);

/* Forgets all working orders: before adopting what the broker really has. */
void sj_risk_forget_orders(struct sj_risk *risk);

/* Counts a call to the broker's order interface that came from no intent (update_status). */
void sj_risk_count_call(struct sj_risk *risk, uint32_t account, int64_t now_ns);

/* Asks for the memory that accepting an intent of that id, the next to come, will take. */
void sj_risk_warm(const struct sj_risk *risk, uint64_t next_intent_id);

/* The same for what only the intent itself tells: some 100 ns before it is judged. */
void sj_risk_expect(const struct sj_risk *risk, const struct sj_intent *intent);

/* Judges an intent and writes the whole verdict event but for seq (exch_ns and recv_ns: now_ns).
 * Accepted: check 0, value and limit those of the account's window. Returns verdict->accepted. */
bool sj_risk_check(struct sj_risk *risk, const struct sj_intent *intent, int64_t now_ns,
                   struct sj_verdict *ret_verdict);

/* Whether the market of stocks or that of derivatives takes orders now; true where sessions are not
 * checked. */
bool sj_risk_is_open(struct sj_risk *risk, int64_t now_ns);

/* The name of a check's number; "" for 0 and unknown ones. [any] */
const char *sj_risk_check_name(uint32_t number);

/* Where things stand, for strategies' host, logs and tests. */
struct sj_risk_status {
    bool killed, panic;
    uint8_t kill_source; /* enum sj_control_source */
    int64_t killed_ns;
    uint32_t open_count; /* orders that work or may */
    uint32_t feeds_lost; /* 0: all there */
    int32_t trading_day;
    int64_t pnl_e6;      /* of the day: realised and not, fees and taxes off */
    int64_t pnl_peak_e6; /* its best, at least 0 */
    int64_t gross_e6;    /* worst case over all instruments */
    uint64_t accepted_count, refused_count;
    uint64_t refused_by[SJ_RISK_CHECK_MAX + 1];
    uint64_t stray_count; /* ORDER events of orders that nobody announced */
};
void sj_risk_status(const struct sj_risk *risk, struct sj_risk_status *ret_status);

/* Position by own fills, and what works, of an instrument, in shares or contracts. */
struct sj_risk_exposure {
    int64_t position, broker_position;
    int64_t working_buy, working_sell;
};
void sj_risk_exposure(const struct sj_risk *risk, uint32_t instrument,
                      struct sj_risk_exposure *ret_exposure);

/* --- what survives a restart: all of it --- */

/* The most bytes that sj_risk_save may write. */
size_t sj_risk_save_size(const struct sj_risk *risk);

/* Writes the state with version and checksum; returns its size. -SJ_E_RANGE: `size` is less than
 * sj_risk_save_size. */
SJ_MUST_USE sj_rc sj_risk_save(const struct sj_risk *risk, void *buffer, size_t size);

/* Into a risk as created. The blob may be hostile: -SJ_E_MALFORMED, -SJ_E_CORRUPT, -SJ_E_LAYOUT
 * (another version), -SJ_E_RANGE (an instrument beyond instrument_max); risk is then killed by
 * PROCESS, since what it forgot may have been a limit reached. */
SJ_MUST_USE sj_rc sj_risk_restore(struct sj_risk *risk, const void *buffer, size_t size);

#endif
