/*
 * park.h: sleeping until something is shown, without a fence in the publishing path.
 *
 * A reader sets the word `parked`, then looks once more at the stamp it waits for, then sleeps on
 * the word. The producer shows its frames, then looks at the word. Between the producer's store and
 * its load a full fence is needed (20 cycles a publish); instead the reader, which has time, makes
 * the kernel run that fence in every process that registered (membarrier). Where the kernel will
 * not, a wake can be missed; every sleep is bounded by PARK_MAX_NS, which also covers a producer
 * killed between showing and waking.
 */
#ifndef SJ_BUS_PARK_H
#define SJ_BUS_PARK_H

#include <stdatomic.h>
#include <stdint.h>

#define PARK_MAX_NS 5000000

/* Once in each producing process. */
void park_register(void);

/* Says that the caller is about to sleep; look for work after it. */
void park_announce(_Atomic uint32_t *parked);

/* Sleeps until woken, `timeout_ns` or PARK_MAX_NS. */
void park_sleep(_Atomic uint32_t *parked, int64_t timeout_ns);

/* Wakes all sleepers. A system call only if someone announced itself since the last one. */
void park_wake(_Atomic uint32_t *parked);

#endif
