/*
 * log.h: lines for the operator on stderr, and the log of distinct errors: each once, counted.
 *
 * Warnings and errors are told apart by room and format string, not by the numbers in them: "disk
 * full at 93 %" and "... 94 %" are one. Each distinct one is printed when it first comes and then
 * at most every SJ_LOG_REPEAT_NS with the number of times since; the table keeps its count, first
 * and last time and its latest text, for `shijim stat`, `shijim doctor` and /metrics. When the
 * table is full, further distinct errors share one entry that says so.
 *
 * Debug and info lines are limited to SJ_LOG_LINES_PER_S in all; what was left out is counted.
 *
 * Rooms' library code returns codes and does not log; whoever decides what an error means, does.
 * Never from the path from a received byte to a sent order: it takes a lock and writes.
 *
 * Threads  [any], under one lock. sj_log_set_* [init].
 * Memory   Static and bounded: SJ_LOG_DISTINCT_MAX entries.
 */
#ifndef SJ_BASE_LOG_H
#define SJ_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/rc.h"

#define SJ_LOG_DISTINCT_MAX 256
#define SJ_LOG_TEXT_SIZE 320
#define SJ_LOG_ROOM_SIZE 16
#define SJ_LOG_REPEAT_NS INT64_C(10000000000)
#define SJ_LOG_LINES_PER_S 100

enum sj_log_level {
    SJ_LOG_DEBUG,
    SJ_LOG_INFO,
    SJ_LOG_WARN,
    SJ_LOG_ERROR,
    SJ_LOG_OFF, /* for sj_log_set_level: print nothing, still keep the distinct ones */
};

/* One distinct warning or error. Times are UTC ns. */
struct sj_log_entry {
    enum sj_log_level level;
    char room[SJ_LOG_ROOM_SIZE];
    char text[SJ_LOG_TEXT_SIZE]; /* as it was last */
    uint64_t count;
    int64_t first_ns, last_ns;
};

/* Writes one line: "2026-11-24T08:53:09.123Z warn  store: ...". Control characters in the text come
 * out as '?', so outside input cannot forge lines. [any] */
__attribute__((format(printf, 3, 4))) void sj_log(enum sj_log_level level, const char *room,
                                                  const char *format, ...);

#define sj_log_debug(room, ...) sj_log(SJ_LOG_DEBUG, room, __VA_ARGS__)
#define sj_log_info(room, ...) sj_log(SJ_LOG_INFO, room, __VA_ARGS__)
#define sj_log_warn(room, ...) sj_log(SJ_LOG_WARN, room, __VA_ARGS__)
#define sj_log_error(room, ...) sj_log(SJ_LOG_ERROR, room, __VA_ARGS__)

/* Lowest level printed; SJ_LOG_INFO at first. [init] */
void sj_log_set_level(enum sj_log_level level);

/* Where lines go; stderr at first. Colour only on a terminal and without NO_COLOR. [init] */
void sj_log_set_stream(FILE *stream);

/* The clock lines are stamped with, for tests and replays; NULL: the host's. [init] */
void sj_log_set_clock(int64_t (*utc_ns)(void));

/* "debug", "info", "warn", "error", "off". -SJ_E_UNKNOWN. [any] */
SJ_MUST_USE sj_rc sj_log_level_parse(const char *name, enum sj_log_level *ret_level);
const char *sj_log_level_name(enum sj_log_level level);

/* Copies up to `max` distinct entries, in order of first appearance; returns how many. [any] */
uint32_t sj_log_distinct(struct sj_log_entry *ret_entries, uint32_t max);

/* Prints what repeated since it was last printed. Call now and then, and at the end. [any] */
void sj_log_flush(void);

/* How many debug and info lines were left out. [any] */
uint64_t sj_log_suppressed_count(void);

/* Forgets everything, for tests. [init] */
void sj_log_reset(void);

#endif
