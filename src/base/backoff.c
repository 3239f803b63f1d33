#include "base/backoff.h"

#include "base/assert.h"

void sj_backoff_init(struct sj_backoff *backoff, int64_t base_ns, int64_t max_ns, uint64_t seed)
{
    SJ_ASSERT(base_ns > 0 && max_ns >= base_ns);
    backoff->base_ns = base_ns;
    backoff->max_ns = max_ns;
    backoff->attempt_count = 0;
    sj_rng_init(&backoff->rng, seed);
}

int64_t sj_backoff_bound_ns(const struct sj_backoff *backoff)
{
    int64_t bound_ns = backoff->base_ns;
    for (uint32_t i = 0; i < backoff->attempt_count && bound_ns < backoff->max_ns; i++)
        bound_ns = bound_ns > backoff->max_ns / 2 ? backoff->max_ns : bound_ns * 2;
    return bound_ns;
}

int64_t sj_backoff_next_ns(struct sj_backoff *backoff)
{
    int64_t wait_ns = sj_rng_range(&backoff->rng, 0, sj_backoff_bound_ns(backoff));
    if (backoff->attempt_count < UINT32_MAX)
        backoff->attempt_count++;
    return wait_ns;
}

void sj_backoff_reset(struct sj_backoff *backoff)
{
    backoff->attempt_count = 0;
}
