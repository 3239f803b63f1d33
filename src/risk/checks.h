/*
 * checks.h: every check of an intent, in the order in which they are made.
 *
 * The first one that fails decides and gives its number and name to the verdict. The order: what
 * cannot be understood, what is stopped, what the market allows, what the price is, what the order
 * is by itself, what it adds to, the account, and last what spends a slot of a window (a refused
 * intent spends none). Numbers are in journals: never renumbered; the order here may change.
 *
 * Which intents a check is made for: P place, R price change, Q quantity change (down), C cancel;
 * H: also for what the house itself sends during a panic (strategy 0), which passes our own limits
 * by design and keeps to those of the market and the broker. A cancel meets `malformed` and
 * `rate_window` only, so no limit meant for orders refuses it.
 *
 * X(number, name, applies, value and limit of its verdict)
 */
#ifndef SJ_RISK_CHECKS_H
#define SJ_RISK_CHECKS_H

#define SJ_RISK_P 1u
#define SJ_RISK_R 2u
#define SJ_RISK_Q 4u
#define SJ_RISK_C 8u
#define SJ_RISK_H 16u
#define SJ_RISK_PR (SJ_RISK_P | SJ_RISK_R)
#define SJ_RISK_PRQ (SJ_RISK_PR | SJ_RISK_Q)

/* clang-format off */
#define SJ_RISK_CHECK_TABLE(X) \
    X(1, malformed, SJ_RISK_PRQ | SJ_RISK_C | SJ_RISK_H, "the field's value; which field (enum sj_risk_field)") \
    X(2, instrument_known, SJ_RISK_PRQ | SJ_RISK_H, "its id; the largest there may be") \
    X(3, target, SJ_RISK_R | SJ_RISK_Q | SJ_RISK_H, "what was asked; what the target has left (null: no such order of this strategy)") \
    X(4, order_type, SJ_RISK_PR | SJ_RISK_H, "price type * 100 + time in force * 10 + lot; what is wrong (enum sj_risk_type)") \
    X(5, kill_switch, SJ_RISK_PR, "who stopped (enum sj_control_source); 0") \
    X(6, disarmed, SJ_RISK_PR, "the strategy; 0") \
    X(7, instrument_allowed, SJ_RISK_PR, "the instrument; 0") \
    X(8, instrument_blocked, SJ_RISK_PR, "who blocks it (bits by enum sj_control_source); 0") \
    X(9, feed, SJ_RISK_PR, "feeds lost; 0") \
    X(10, session, SJ_RISK_PR | SJ_RISK_H, "phase (enum sj_session_phase); the kinds of orders it takes (sj_order_bit)") \
    X(11, price_tick, SJ_RISK_PR | SJ_RISK_H, "price; tick") \
    X(12, price_limits, SJ_RISK_PR | SJ_RISK_H, "price; the daily limit it passes") \
    X(13, reference_stale, SJ_RISK_PR, "age of the reference in ns (null: there is none); most allowed") \
    X(14, collar, SJ_RISK_PR, "price; the furthest allowed") \
    X(15, order_quantity, SJ_RISK_P, "lots (shares of an odd lot); most allowed") \
    X(16, order_value, SJ_RISK_PR, "TWD e6; most allowed") \
    X(17, self_trade, SJ_RISK_PR, "price; our own best price on the other side") \
    X(18, duplicate, SJ_RISK_P, "ns since the same (0: same id); least allowed") \
    X(19, open_orders, SJ_RISK_P, "open orders with this one; most allowed") \
    X(20, strategy_orders, SJ_RISK_P, "the strategy's with this one; most allowed") \
    X(21, cancel_ratio, SJ_RISK_P, "cancels and changes a million orders; most allowed") \
    X(22, position, SJ_RISK_P, "shares (contracts), signed, working orders and this one included; most allowed") \
    X(23, group_position, SJ_RISK_P, "TWD e6, signed, working orders and this one included; most allowed") \
    X(24, gross_position, SJ_RISK_P, "TWD e6 over all instruments, this one included; most allowed") \
    X(25, account_stale, SJ_RISK_PR, "age of the snapshot in ns (null: there is none); most allowed") \
    X(26, cash, SJ_RISK_PR, "TWD e6 for working orders, fills since and this one; what there is") \
    X(27, margin, SJ_RISK_PR, "TWD e6 for what is opened since and this one; what there is") \
    X(28, daily_loss, SJ_RISK_PR, "TWD e6 lost today; most allowed") \
    X(29, drawdown, SJ_RISK_PR, "TWD e6 below the day's best; most allowed") \
    X(30, rate_side, SJ_RISK_PR, "calls in the window with this one; most allowed") \
    X(31, rate_strategy, SJ_RISK_PRQ, "calls in the window with this one; most allowed") \
    X(32, rate_account, SJ_RISK_PRQ, "calls in the window with this one; most for what is no cancel") \
    X(33, rate_window, SJ_RISK_PRQ | SJ_RISK_C | SJ_RISK_H, "calls in the window with this one; most for anything")
/* clang-format on */

enum sj_risk_check_number {
    SJ_RISK_PASSED = 0,
#define X(number, name, applies, text) SJ_RISK_CHECK_##name = number,
    SJ_RISK_CHECK_TABLE(X)
#undef X
        SJ_RISK_CHECK_END
};

#define SJ_RISK_CHECK_MAX 33

/* `limit` of a malformed verdict: the field that was. */
enum sj_risk_field {
    SJ_RISK_FIELD_KIND = 1,
    SJ_RISK_FIELD_INTENT_ID,
    SJ_RISK_FIELD_TARGET_ID,
    SJ_RISK_FIELD_SIDE,
    SJ_RISK_FIELD_QUANTITY,
    SJ_RISK_FIELD_PRICE, /* null (NaN arrives so), zero, negative, absurd, or given to a MKT */
    SJ_RISK_FIELD_PRICE_TYPE,
    SJ_RISK_FIELD_TIME_IN_FORCE,
    SJ_RISK_FIELD_COND,
    SJ_RISK_FIELD_LOT,
    SJ_RISK_FIELD_OCTYPE,
    SJ_RISK_FIELD_ACCOUNT,
    SJ_RISK_FIELD_STRATEGY,
    SJ_RISK_FIELD_CUSTOM
};

/* `limit` of an order_type verdict. */
enum sj_risk_type {
    SJ_RISK_TYPE_GTX = 1,     /* no such order in Taiwan: backtests only */
    SJ_RISK_TYPE_MARKET,      /* risk.market_orders is false */
    SJ_RISK_TYPE_COMBINATION, /* a spread or an index is not ordered here */
    SJ_RISK_TYPE_ODD_LOT,     /* odd lots take ROD limit orders of stocks, fewer than a lot */
    SJ_RISK_TYPE_LOT /* a lot that the instrument does not have, or that is not ordered here */
};

#endif
