/*
 * latency.h: when a line would have been received, from when the exchange sent it.
 *
 * A model's answer depends on its seed and on where the line stands (file, offset) and on nothing
 * else, so it is the same for any number of workers.
 *
 * Models   constant:5ms | lognormal:MEDIAN,SIGMA (lognormal:300us,0.5) | file:PATH: one latency in
 * ns a line, drawn at random; or two numbers a line, exchange time and latency, interpolated.
 * Threads  [any] once made.
 */
#ifndef SJ_CONVERT_LATENCY_H
#define SJ_CONVERT_LATENCY_H

#include "base/rc.h"

#include <stddef.h>

struct sj_latency;

/* -SJ_E_MALFORMED, -SJ_E_RANGE or an errno, with a line in `error`. */
SJ_MUST_USE sj_rc sj_latency_create(const char *text, uint64_t seed,
                                    struct sj_latency **ret_latency, char error[256]);
void sj_latency_close(struct sj_latency *latency);

/* In ns, 0 or more. */
int64_t sj_latency_of(const struct sj_latency *latency, int64_t exch_ns, uint32_t file,
                      uint64_t offset);

/* A number that depends on all bits of all three: the source of every seeded draw here. */
uint64_t sj_mix(uint64_t seed, uint64_t a, uint64_t b);

#endif
