/*
 * count.h: counters that one thread writes and any reads: a relaxed load and store, no locked
 * instruction.
 */
#ifndef SJ_BASE_COUNT_H
#define SJ_BASE_COUNT_H

#include <stdatomic.h>

/* Adds `n` to an _Atomic integer that only this thread writes. */
#define SJ_COUNT_UP(field, n)                                                                      \
    atomic_store_explicit(&(field), atomic_load_explicit(&(field), memory_order_relaxed) + (n),    \
                          memory_order_relaxed)

#endif
