/*
 * tw_time.h: Taiwan's calendar and clock: dates, Taipei wall time <-> UTC, the trading day.
 *
 * Units    date: int32 yyyymmdd (20210726), proleptic Gregorian, years 1700 .. 2261 (what int64 ns
 * hold). day number: days since 1970-01-01. utc_ns: int64 ns since 1970 UTC. time_of_day_ns: 0 ..
 * 86400 s. Errors   -SJ_E_MALFORMED: not of the form. -SJ_E_RANGE: no such date or time (Feb 30,
 * 24:00:01). Threads  [any], no state, no system call, no time zone files: Taiwan is UTC+8 all
 * year.
 */
#ifndef SJ_BASE_TW_TIME_H
#define SJ_BASE_TW_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/rc.h"

/* The night session opens at 15:00; from then on trades belong to the next trading day. */
#define SJ_TW_NIGHT_OPEN_NS (15LL * 3600 * SJ_NS_PER_S)
/* "2021-07-26T08:45:00.123456789Z" and NUL. */
#define SJ_TIME_TEXT_MAX 32

/* Days on which the market differs from the week's pattern, rising. Both lists may be empty. */
struct sj_tw_holidays {
    const int32_t *closed; /* weekdays without trading */
    uint32_t closed_count;
    const int32_t *open; /* Saturdays or Sundays with trading */
    uint32_t open_count;
};

/* --- dates --- */

bool sj_date_valid(int32_t date);

/* Day number of a valid date, and back. 1970-01-01 is 0. */
int32_t sj_date_to_day(int32_t date);
int32_t sj_date_from_day(int32_t day);

/* 0 Sunday .. 6 Saturday. */
int32_t sj_date_weekday(int32_t date);

int32_t sj_date_add(int32_t date, int32_t days);

/* "2021-07-26", "2021/7/26" (one or two digits for month and day) or "20210726". */
SJ_MUST_USE sj_rc sj_date_parse(const char *text, size_t size, int32_t *ret_date);

/* --- Taipei wall time --- */

int32_t sj_tw_date(int64_t utc_ns);
int64_t sj_tw_time_of_day_ns(int64_t utc_ns);
int64_t sj_tw_to_utc_ns(int32_t date, int64_t time_of_day_ns);

/* "08:45", "08:45:00", "08:45:00.1234567" (up to 9 digits; 24:00 is refused). */
SJ_MUST_USE sj_rc sj_time_of_day_parse(const char *text, size_t size, int64_t *ret_time_of_day_ns);

/* A date, 'T' or one space, a time of day: Taipei wall time to UTC. */
SJ_MUST_USE sj_rc sj_tw_parse(const char *text, size_t size, int64_t *ret_utc_ns);

/* "2021-07-26 08:45:00.123456" (Taipei, `digits` 0 .. 9 after the point). Returns the length. */
uint32_t sj_tw_format(int64_t utc_ns, uint32_t digits, char ret_text[SJ_TIME_TEXT_MAX]);

/* "2021-07-26T00:45:00.123456Z" (UTC). Returns the length. */
uint32_t sj_utc_format(int64_t utc_ns, uint32_t digits, char ret_text[SJ_TIME_TEXT_MAX]);

/* --- trading days; `holidays` may be NULL: Monday to Friday --- */

bool sj_tw_is_trading_day(int32_t date, const struct sj_tw_holidays *holidays);

/* The first trading day after `date`, and the last before it. */
int32_t sj_tw_next_trading_day(int32_t date, const struct sj_tw_holidays *holidays);
int32_t sj_tw_previous_trading_day(int32_t date, const struct sj_tw_holidays *holidays);

/* The trading day an instant belongs to. From 15:00 it is the next trading day; before, that day
 * itself or, when it has no trading, the next: Saturday 03:00 is still Friday's night session and
 * so Monday's trading day. */
int32_t sj_tw_trading_day(int64_t utc_ns, const struct sj_tw_holidays *holidays);

#endif
