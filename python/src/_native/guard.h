/*
 * guard.h: a mapped file may be cut by somebody while it is read; then the processor faults
 * (SIGBUS) and the interpreter would die.
 *
 * Two answers. Code that runs between sj_guard_enter and sj_guard_leave is left by a jump. Memory
 * that NumPy reads at its leisure (a registered region) gets a page of zeroes where the file has
 * none any more, and the region says so. Any other SIGBUS goes to whoever had the signal before.
 *
 * Threads  enter and leave: the thread that reads, with or without the GIL. Regions: any.
 */
#ifndef SJ_PY_GUARD_H
#define SJ_PY_GUARD_H

#include <setjmp.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct sj_guard {
    sigjmp_buf back;
    struct sj_guard *outer;
};

/* Puts the handler in place where it is not (somebody may have taken the signal since). */
void sj_guard_install(void);

/* From here on a fault of this thread comes back to guard->back, which the caller has set with
 * sigsetjmp(guard->back, 0). */
void sj_guard_enter(struct sj_guard *guard);
void sj_guard_leave(struct sj_guard *guard);

struct sj_region {
    _Atomic uintptr_t begin; /* 0: free */
    _Atomic uintptr_t end;
    _Atomic uint32_t torn;
};

/* NULL: too many at once. */
struct sj_region *sj_region_add(const void *begin, size_t size);
void sj_region_remove(struct sj_region *region);

#endif
