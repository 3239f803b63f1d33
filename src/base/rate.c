#include "base/rate.h"

#include "base/warm.h"

#include <string.h>

sj_rc sj_rate_init(struct sj_rate *rate, uint32_t limit, uint32_t reserve, int64_t window_ns)
{
    if (limit == 0 || limit > SJ_RATE_SLOTS_MAX || reserve >= limit || window_ns < 1)
        return -SJ_E_RANGE;
    memset(rate, 0, sizeof *rate);
    rate->limit = limit;
    rate->reserve = reserve;
    rate->window_ns = window_ns;
    return 0;
}

/* Whether a slot last used then may be used now. A use in the future (the clocks of two callers
 * differ) is a use. */
static bool is_free(const struct sj_rate *rate, int64_t used_ns, int64_t now_ns)
{
    return used_ns == 0 || (used_ns < now_ns && now_ns - used_ns > rate->window_ns);
}

/* Tries the slots first .. first + count - 1, beginning where the longest unused one should be.
 * Returns 0 when it took one, or the wait for the earliest. */
static int64_t take_among(struct sj_rate *rate, _Atomic uint32_t *hint, uint32_t first,
                          uint32_t count, int64_t now_ns)
{
    uint32_t at = atomic_load_explicit(hint, memory_order_relaxed) % count;
    int64_t oldest_ns = INT64_MAX;
    for (uint32_t tried = 0; tried < count; tried++) {
        _Atomic int64_t *slot = &rate->used_ns[first + at];
        int64_t used_ns = atomic_load_explicit(slot, memory_order_acquire);
        at = at + 1 == count ? 0 : at + 1;
        if (is_free(rate, used_ns, now_ns) &&
            atomic_compare_exchange_strong_explicit(slot, &used_ns, now_ns, memory_order_acq_rel,
                                                    memory_order_acquire)) {
            atomic_store_explicit(hint, at, memory_order_relaxed);
            return 0;
        }
        /* Lost to another caller, `used_ns` is now that call's time. */
        oldest_ns = used_ns < oldest_ns ? used_ns : oldest_ns;
    }
    int64_t wait_ns = oldest_ns - now_ns + rate->window_ns + 1;
    return wait_ns > 0 ? wait_ns : 1;
}

int64_t sj_rate_take(struct sj_rate *rate, int64_t now_ns, bool urgent)
{
    uint32_t ordinary = rate->limit - rate->reserve;
    int64_t wait_ns = take_among(rate, &rate->hint, 0, ordinary, now_ns);
    if (wait_ns == 0 || !urgent || rate->reserve == 0)
        return wait_ns;
    int64_t urgent_ns = take_among(rate, &rate->hint_reserve, ordinary, rate->reserve, now_ns);
    return urgent_ns < wait_ns ? urgent_ns : wait_ns;
}

void sj_rate_warm(const struct sj_rate *rate)
{
    uint32_t ordinary = rate->limit - rate->reserve;
    uint32_t at = atomic_load_explicit(&rate->hint, memory_order_relaxed) % ordinary;
    sj_warm_write((const char *)rate->used_ns + at * sizeof rate->used_ns[0],
                  sizeof rate->used_ns[0]);
}

bool sj_rate_note(struct sj_rate *rate, int64_t now_ns)
{
    return sj_rate_take(rate, now_ns, true) == 0;
}

uint32_t sj_rate_count(const struct sj_rate *rate, int64_t now_ns)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < rate->limit; i++)
        count +=
            !is_free(rate, atomic_load_explicit(&rate->used_ns[i], memory_order_acquire), now_ns);
    return count;
}
