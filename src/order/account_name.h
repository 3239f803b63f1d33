/*
 * account_name.h: how an account is written: BROKER-ACCOUNT, as in 9A95-1234567. A login may have
 * several of a kind; those of one kind that orders go to are chosen by orders.account_stock and
 * orders.account_futures.
 *
 * In events accounts are numbers: 0 that of stocks, 1 that of futures and options.
 */
#ifndef SJ_ORDER_ACCOUNT_NAME_H
#define SJ_ORDER_ACCOUNT_NAME_H

#include "event/event.h"
#include "shijim/rc.h"

#define SJ_ACCOUNTS 2
#define SJ_ACCOUNT_STOCK 0
#define SJ_ACCOUNT_FUTURES 1
#define SJ_ACCOUNT_TEXT_MAX 16 /* bytes, without an end */

struct sj_account_name {
    char broker_id[SJ_ACCOUNT_TEXT_MAX]; /* "": the login's default */
    char account_id[SJ_ACCOUNT_TEXT_MAX];
};

/* "" is the login's default. -SJ_E_MALFORMED: letters and digits around one '-' it is not, or
 * longer than SJ_ACCOUNT_TEXT_MAX. */
SJ_MUST_USE sj_rc sj_account_name_parse(const char *text, struct sj_account_name *ret_name);

/* The number of the account that trades a kind of instrument. */
uint32_t sj_account_of(enum sj_security security);

#endif
