/*
 * latency.h: how long something was on its way: a line to its receiver, an order to the exchange.
 *
 * A model's answer depends on its seed, on the time and on two numbers that the caller draws by (a
 * line's file and offset; a stream and the time sent), and on nothing else, so it is the same for
 * any number of workers.
 *
 * Models   5ms or constant:5ms | normal:MEAN:DEVIATION (never below 0) | lognormal:MEDIAN:SIGMA |
 *          pareto:LEAST:ALPHA | file:PATH. `,` may stand for the second `:`.
 * Files    one latency in ns a line, drawn at random; or two numbers a line, time and latency,
 *          interpolated; or, below the line `latency_ns,count` or `stream,latency_ns,count`, a
 *          histogram, drawn from. `#` begins a remark.
 * Threads  [any] once made.
 */
#ifndef SJ_CONVERT_LATENCY_H
#define SJ_CONVERT_LATENCY_H

#include "base/rc.h"

#include <stddef.h>

struct sj_latency;

/* `stream`: which lines of a file that tells several apart; may be NULL. -SJ_E_MALFORMED,
 * -SJ_E_LIMIT or an errno, with a line in `error`. */
SJ_MUST_USE sj_rc sj_latency_create(const char *text, const char *stream, uint64_t seed,
                                    struct sj_latency **ret_latency, char error[256]);

/* Interpolated between points whose times rise; before the first and after the last as there.
 * `count` > 0. Takes both arrays (malloc'ed), but not on failure. */
SJ_MUST_USE sj_rc sj_latency_of_curve(int64_t *times, int64_t *values, size_t count,
                                      struct sj_latency **ret_latency);
void sj_latency_close(struct sj_latency *latency);

/* In ns, 0 or more, a day at most. */
int64_t sj_latency_of(const struct sj_latency *latency, int64_t sent_ns, uint32_t a, uint64_t b);

/* A number that depends on all bits of all three: the source of every seeded draw here. */
uint64_t sj_mix(uint64_t seed, uint64_t a, uint64_t b);

#endif
