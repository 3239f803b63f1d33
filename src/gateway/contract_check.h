/*
 * contract_check.h: a newer description of contracts against the one in use, before it is used: the
 * broker's file changes some times a day, and once most contracts in it had become others. Pure.
 *
 * What a day brings (reference, limits, update date, day trading) may change; what a contract is
 * (name, kind, exchange, underlying, multiplier, unit, strike, delivery, tick) changes seldom, and
 * of few at a time. A reference that moved by half or more counts as well.
 *
 * Threads  [any], no state. Memory: none.
 */
#ifndef SJ_GATEWAY_CONTRACT_CHECK_H
#define SJ_GATEWAY_CONTRACT_CHECK_H

#include "base/rc.h"
#include "event/event.h"

#include <stdbool.h>

#define SJ_CONTRACT_TIMES_MAX 16

enum sj_contract_change {
    SJ_CONTRACT_SAME,  /* but for the times of the event */
    SJ_CONTRACT_DAILY, /* what a day brings */
    SJ_CONTRACT_OTHER  /* what it is: another contract under the same code */
};
enum sj_contract_change sj_contract_compare(const struct sj_instrument *old,
                                            const struct sj_instrument *fresh);

/* Whether so many that became others (or are gone) of so many are more than may be. One always may.
 */
bool sj_contract_too_many(uint32_t other_count, uint32_t count, double percent_max);

/* "07:50,14:45:30": times of the day in Taipei, in ns since its midnight. Returns how many;
 * -SJ_E_MALFORMED, -SJ_E_LIMIT. */
SJ_MUST_USE sj_rc sj_contract_times(const char *text, int64_t times_ns[SJ_CONTRACT_TIMES_MAX]);

/* UTC of the next of these times after `utc_ns`; INT64_MAX: there is none. */
int64_t sj_contract_next_ns(const int64_t *times_ns, uint32_t count, int64_t utc_ns);

#endif
