/*
 * backoff.h: how long to wait before trying again: exponential with full jitter, so that many
 * clients that fail together do not come back together.
 *
 * Before attempt n the wait is anything between 0 and min(max, base * 2^n), each as likely.
 *
 * Units    _ns.
 * Threads  One owner a struct. No clock inside: whoever waits, waits.
 */
#ifndef SJ_BASE_BACKOFF_H
#define SJ_BASE_BACKOFF_H

#include <stdint.h>

#include "base/rng.h"

struct sj_backoff {
    int64_t base_ns, max_ns;
    uint32_t attempt_count;
    struct sj_rng rng;
};

/* base_ns > 0; max_ns >= base_ns. */
void sj_backoff_init(struct sj_backoff *backoff, int64_t base_ns, int64_t max_ns, uint64_t seed);

/* The next wait; each call doubles the bound of the one after. */
int64_t sj_backoff_next_ns(struct sj_backoff *backoff);

/* The bound the next wait is drawn below. */
int64_t sj_backoff_bound_ns(const struct sj_backoff *backoff);

/* It worked: begin anew. */
void sj_backoff_reset(struct sj_backoff *backoff);

#endif
