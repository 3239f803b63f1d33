#include "bus/park.h"

#include <limits.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void park_register(void)
{
    (void)syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0);
}

void park_announce(_Atomic uint32_t *parked)
{
    atomic_store_explicit(parked, 1, memory_order_seq_cst);
    (void)syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
}

void park_sleep(_Atomic uint32_t *parked, int64_t timeout_ns)
{
    struct timespec timeout = {0, timeout_ns < PARK_MAX_NS ? timeout_ns : PARK_MAX_NS};
    (void)syscall(SYS_futex, parked, FUTEX_WAIT, 1, &timeout, NULL, 0);
}

void park_wake(_Atomic uint32_t *parked)
{
    if (atomic_exchange_explicit(parked, 0, memory_order_seq_cst))
        (void)syscall(SYS_futex, parked, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
