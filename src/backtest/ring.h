/*
 * ring.h: a first-in first-out of entries of one size that grows when it must: rows, requests and
 * reports on their way.
 *
 * Errors   -ENOMEM; -SJ_E_LIMIT beyond SJ_BT_RING_MAX entries.
 * Threads  one owner.
 */
#ifndef SJ_BACKTEST_RING_H
#define SJ_BACKTEST_RING_H

#include "base/rc.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SJ_BT_RING_MAX (UINT32_C(1) << 22)

/* Defines `struct NAME` of `TYPE` and its functions. head and tail count up and wrap by `mask`. */
#define SJ_BT_RING(NAME, TYPE)                                                                     \
    struct NAME {                                                                                  \
        TYPE *entries;                                                                             \
        uint32_t head, tail, mask;                                                                 \
    };                                                                                             \
    static inline uint32_t NAME##_count(const struct NAME *ring)                                   \
    {                                                                                              \
        return ring->tail - ring->head;                                                            \
    }                                                                                              \
    static inline TYPE *NAME##_first(const struct NAME *ring)                                      \
    {                                                                                              \
        return &ring->entries[ring->head & ring->mask];                                            \
    }                                                                                              \
    SJ_MUST_USE static inline sj_rc NAME##_grow(struct NAME *ring, uint32_t room)                  \
    {                                                                                              \
        uint32_t count = ring->entries ? ring->tail - ring->head : 0;                              \
        uint64_t size = ring->entries ? ring->mask + UINT64_C(1) : 64;                             \
        while (size < (uint64_t)count + room)                                                      \
            size *= 2;                                                                             \
        if (size > SJ_BT_RING_MAX)                                                                 \
            return -SJ_E_LIMIT;                                                                    \
        if (ring->entries && size == ring->mask + UINT64_C(1))                                     \
            return 0;                                                                              \
        TYPE *entries = malloc(size * sizeof *entries);                                            \
        if (!entries)                                                                              \
            return -ENOMEM;                                                                        \
        for (uint32_t i = 0; i < count; i++)                                                       \
            entries[i] = ring->entries[(ring->head + i) & ring->mask];                             \
        free(ring->entries);                                                                       \
        *ring = (struct NAME){entries, 0, count, (uint32_t)size - 1};                              \
        return 0;                                                                                  \
    }                                                                                              \
    SJ_MUST_USE static inline sj_rc NAME##_push(struct NAME *ring, const TYPE *entry)              \
    {                                                                                              \
        sj_rc rc = NAME##_grow(ring, 1);                                                           \
        if (rc >= 0 && ring->entries)                                                              \
            ring->entries[ring->tail++ & ring->mask] = *entry;                                     \
        return rc;                                                                                 \
    }                                                                                              \
    static inline void NAME##_done(struct NAME *ring)                                              \
    {                                                                                              \
        free(ring->entries);                                                                       \
        *ring = (struct NAME){0};                                                                  \
    }                                                                                              \
    _Static_assert(1, "takes the semicolon")

#endif
