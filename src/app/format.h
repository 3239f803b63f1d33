/*
 * format.h: numbers for people: 1,234,567 · 1.23 ms · 4.5 MiB, and colour only where it belongs.
 *
 * Threads  [any thread]: each call writes into the caller's buffer of SJ_FORMAT_MAX bytes and
 * returns it.
 */
#ifndef SJ_APP_FORMAT_H
#define SJ_APP_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#define SJ_FORMAT_MAX 32

const char *sj_format_count(uint64_t value, char buffer[SJ_FORMAT_MAX]);
const char *sj_format_ns(int64_t ns, char buffer[SJ_FORMAT_MAX]);
const char *sj_format_bytes(uint64_t bytes, char buffer[SJ_FORMAT_MAX]);

/* For arguments of printf: a buffer that lives to the end of the enclosing block. */
#define SJ_COUNT(value) sj_format_count((uint64_t)(value), (char[SJ_FORMAT_MAX]){0})
#define SJ_DURATION(ns) sj_format_ns((ns), (char[SJ_FORMAT_MAX]){0})
#define SJ_BYTES(bytes) sj_format_bytes((bytes), (char[SJ_FORMAT_MAX]){0})

/* Whether `fd` is a terminal that wants colour (NO_COLOR and TERM=dumb say no). */
bool sj_format_colour(int fd);

#endif
