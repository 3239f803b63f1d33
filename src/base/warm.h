/*
 * warm.h: asks for cache lines before they are needed.
 *
 * What an order writes next (the next free place of a table, the slot of the next id) is known long
 * before there is an order, and has been pushed out of the caches by the time there is one. Asking
 * for it once a turn costs a nanosecond a line, finding it cold a hundred.
 *
 * Nothing is read or written: the calls have no effect but on time, and any address may be given.
 * Threads  [any].
 */
#ifndef SJ_BASE_WARM_H
#define SJ_BASE_WARM_H

#include <stddef.h>

#define SJ_WARM_LINE 64

static inline void sj_warm_read(const void *at, size_t size)
{
    for (size_t i = 0; i < size; i += SJ_WARM_LINE)
        __builtin_prefetch((const char *)at + i, 0);
}

static inline void sj_warm_write(const void *at, size_t size)
{
    for (size_t i = 0; i < size; i += SJ_WARM_LINE)
        __builtin_prefetch((const char *)at + i, 1);
}

#endif
