/*
 * spsc.h: a bounded queue between exactly two threads, copying fixed-size items; no lock, no wait.
 * Between a connection's duty and its clerk.
 */
#ifndef SJ_GATEWAY_SPSC_H
#define SJ_GATEWAY_SPSC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct sj_spsc {
    _Atomic uint32_t head; /* next to take */
    _Atomic uint32_t tail; /* next to put */
    uint32_t capacity;     /* a power of two */
    uint32_t item_size;
    uint8_t *items; /* capacity * item_size bytes, the caller's */
};

static inline void sj_spsc_init(struct sj_spsc *queue, void *items, uint32_t capacity,
                                uint32_t item_size)
{
    atomic_store(&queue->head, 0);
    atomic_store(&queue->tail, 0);
    queue->capacity = capacity;
    queue->item_size = item_size;
    queue->items = items;
}

/* False: the queue is full. [putter] */
static inline bool sj_spsc_put(struct sj_spsc *queue, const void *item)
{
    uint32_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    if (tail - atomic_load_explicit(&queue->head, memory_order_acquire) == queue->capacity)
        return false;
    memcpy(queue->items + (size_t)(tail & (queue->capacity - 1)) * queue->item_size, item,
           queue->item_size);
    atomic_store_explicit(&queue->tail, tail + 1, memory_order_release);
    return true;
}

/* False: it is empty. [taker] */
static inline bool sj_spsc_take(struct sj_spsc *queue, void *ret_item)
{
    uint32_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);
    if (head == atomic_load_explicit(&queue->tail, memory_order_acquire))
        return false;
    memcpy(ret_item, queue->items + (size_t)(head & (queue->capacity - 1)) * queue->item_size,
           queue->item_size);
    atomic_store_explicit(&queue->head, head + 1, memory_order_release);
    return true;
}

#endif
