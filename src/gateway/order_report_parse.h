/*
 * order_report_parse.h: the broker's words about orders (events of the stream, trades in answers
 * and lists) as sj_order_report events. Fields come in any order, unknown ones are passed over,
 * missing ones that matter are a fault; nothing of the text is trusted.
 *
 * Instruments are found by full_code, else by code; 0 where the table knows neither (a deal of a
 * future may name its root only): the order is known by its id then.
 *
 * Errors   -SJ_E_MALFORMED: not JSON, not of the form, a number out of range, or an id that could
 *          not be sent back (longer than 24, or not plain ASCII).
 * Threads  [owner]. Memory: none.
 */
#ifndef SJ_GATEWAY_ORDER_REPORT_PARSE_H
#define SJ_GATEWAY_ORDER_REPORT_PARSE_H

#include "event/instruments.h"
#include "gateway/jin.h"
#include "order/account_name.h"

/* One message of the stream. 1: *ret_report is written, all but seq and recv_ns; 0: none of an
 * order (a heartbeat). */
SJ_MUST_USE sj_rc sj_order_parse_event(const struct sj_instruments *instruments, const char *text,
                                       size_t size, struct sj_order_report *ret_report);

/* A trade's deals, one after the other. */
struct sj_order_deals {
    const struct sj_instruments *instruments;
    struct sj_jin in;
    struct sj_order_report order; /* what a deal shares with its order */
    bool any;
};

/* The Trade that the cursor stands before: LISTED (source LIST) and its deals. The cursor is behind
 * it afterwards. */
SJ_MUST_USE sj_rc sj_order_parse_trade(const struct sj_instruments *instruments, struct sj_jin *in,
                                       struct sj_order_report *ret_report,
                                       struct sj_order_deals *ret_deals);

/* 1: the next deal as a report (DEAL, source LIST); 0: there is no further one. */
SJ_MUST_USE sj_rc sj_order_next_deal(struct sj_order_deals *deals,
                                     struct sj_order_report *ret_report);

/* The words of an error body {code, message, details}; "" where there are none. */
void sj_order_parse_message(const char *text, size_t size, char *ret_text, size_t text_size);

struct sj_order_accounts {
    uint32_t types;              /* bit 0: there is one of stocks; bit 1: of futures */
    uint32_t count[SJ_ACCOUNTS]; /* of each type */
    bool found[SJ_ACCOUNTS];     /* the one that was asked for is among them */
};

/* The answer of /auth/accounts, against the names that are wanted of each type. */
SJ_MUST_USE sj_rc sj_order_parse_accounts(const char *text, size_t size,
                                          const struct sj_account_name wanted[SJ_ACCOUNTS],
                                          struct sj_order_accounts *ret_accounts);

/* `simulation` of /info. */
SJ_MUST_USE sj_rc sj_order_parse_simulation(const char *text, size_t size, bool *ret_simulation);

#endif
