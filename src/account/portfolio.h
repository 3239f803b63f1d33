/*
 * portfolio.h: the broker's answers about an account (/portfolio/...), from text to events. Pure.
 *
 *     sj_portfolio_begin(portfolio, now_ns);
 *     sj_portfolio_positions(portfolio, text, size, shares, error);
 *     sj_portfolio_balance(...), _settlements, _limits (stocks); _margin (futures); _profit
 *     sj_portfolio_finish(portfolio);    POSITION events, then the ACCOUNT event that ends them
 *
 * Nothing is given out before finish, so an answer that fails leaves no half snapshot: begin again.
 * A position that was there in the last snapshot and is not in this one is told with quantity 0.
 * Several rows of one contract (cash, margin trading) are added up.
 *
 * Units    _e6: TWD or prices in millionths. The broker sends binary fractions; amounts beyond 9e9
 * TWD carry their error (less than a hundredth of a dollar up to 9e13). Errors   -SJ_E_MALFORMED
 * (not JSON, not of the form), -SJ_E_LIMIT (too long, too many), -SJ_E_RANGE (absurd numbers),
 * -SJ_E_REFUSED (the broker says so); one line in `error`. Threads  the owner's. Memory: create
 * reserves the rows; parsing allocates and frees (jansson).
 */
#ifndef SJ_ACCOUNT_PORTFOLIO_H
#define SJ_ACCOUNT_PORTFOLIO_H

#include "base/rc.h"
#include "event/event.h"

#include <stddef.h>

#define SJ_PORTFOLIO_TEXT_MAX (4u << 20)
#define SJ_PORTFOLIO_ROWS_MAX 4096
#define SJ_PORTFOLIO_ERROR_MAX 200

struct sj_portfolio;

struct sj_portfolio_ops {
    void *context;
    /* The id of a contract's code, or 0; and the shares of its lot (1 for futures and options). */
    uint32_t (*find)(void *context, const char *code, size_t size);
    uint32_t (*unit)(void *context, uint32_t instrument);
    void (*emit)(void *context, struct sj_frame *event);
    /* A position in a contract that `find` does not know, left out. May be NULL. */
    void (*unknown)(void *context, const char *code, int64_t quantity);
};

struct sj_portfolio_counts {
    uint64_t snapshot_count;
    uint64_t unknown_count; /* positions in contracts that we do not know: they are left out */
};

/* -ENOMEM. `account`: its number in the events; `account_id`: its name there, at most 16 bytes. */
SJ_MUST_USE sj_rc sj_portfolio_create(uint32_t account, const char *account_id,
                                      const struct sj_portfolio_ops *ops,
                                      struct sj_portfolio **ret_portfolio);
void sj_portfolio_close(struct sj_portfolio *portfolio);

/* Forgets what was collected. now_ns (UTC): the time of the snapshot's events. */
void sj_portfolio_begin(struct sj_portfolio *portfolio, int64_t now_ns);

/* position_unit; `shares`: it was asked with unit Share. Returns how many contracts it holds. */
SJ_MUST_USE sj_rc sj_portfolio_positions(struct sj_portfolio *portfolio, const char *text,
                                         size_t size, bool shares,
                                         char error[SJ_PORTFOLIO_ERROR_MAX]);

/* account_balance: what lies there. */
SJ_MUST_USE sj_rc sj_portfolio_balance(struct sj_portfolio *portfolio, const char *text,
                                       size_t size, char error[SJ_PORTFOLIO_ERROR_MAX]);

/* settlements: what is still to come or to go (T+1, T+2; of T+0 only what is to be paid); the
 * ACCOUNT event's cash is the balance with it. */
SJ_MUST_USE sj_rc sj_portfolio_settlements(struct sj_portfolio *portfolio, const char *text,
                                           size_t size, char error[SJ_PORTFOLIO_ERROR_MAX]);

/* trading_limits: of stocks; the ACCOUNT event's margin_available is what may still be traded. */
SJ_MUST_USE sj_rc sj_portfolio_limits(struct sj_portfolio *portfolio, const char *text, size_t size,
                                      char error[SJ_PORTFOLIO_ERROR_MAX]);

/* margin: of futures: equity, margins, fees. */
SJ_MUST_USE sj_rc sj_portfolio_margin(struct sj_portfolio *portfolio, const char *text, size_t size,
                                      char error[SJ_PORTFOLIO_ERROR_MAX]);

/* profit_loss: what was realised on the days asked for. */
SJ_MUST_USE sj_rc sj_portfolio_profit(struct sj_portfolio *portfolio, const char *text, size_t size,
                                      char error[SJ_PORTFOLIO_ERROR_MAX]);

/* Gives out what was collected since begin. */
void sj_portfolio_finish(struct sj_portfolio *portfolio);

struct sj_portfolio_counts sj_portfolio_counts(const struct sj_portfolio *portfolio);

#endif
