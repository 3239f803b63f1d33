#include "guard.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#define REGIONS_MAX 65536

static _Thread_local struct sj_guard *active;
static struct sj_region regions[REGIONS_MAX];
static _Atomic uint32_t regions_used; /* slots ever used */
static struct sigaction before; /* written under install_lock, before our handler is in place */
static pthread_mutex_t install_lock = PTHREAD_MUTEX_INITIALIZER;
static uintptr_t page_size;

static struct sj_region *region_of(uintptr_t address)
{
    uint32_t count = atomic_load_explicit(&regions_used, memory_order_acquire);
    for (uint32_t i = 0; i < count; i++) {
        uintptr_t begin = atomic_load_explicit(&regions[i].begin, memory_order_acquire);
        uintptr_t end = atomic_load_explicit(&regions[i].end, memory_order_relaxed);
        if (begin != 0 && address >= begin && address < end)
            return &regions[i];
    }
    return NULL;
}

/* mmap is no more than a system call: it may be used here, though POSIX does not list it. */
static int put_zeroes(uintptr_t address)
{
    void *page = (void *)(address & ~(page_size - 1));
    return mmap(page, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != page;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    if (info->si_code > 0 && active != NULL) {
        struct sj_guard *guard = active;
        active = guard->outer;
        siglongjmp(guard->back, 1);
    }
    struct sj_region *region = info->si_code > 0 ? region_of((uintptr_t)info->si_addr) : NULL;
    if (region != NULL && put_zeroes((uintptr_t)info->si_addr) == 0) {
        atomic_store_explicit(&region->torn, 1, memory_order_relaxed);
        return;
    }
    if (before.sa_flags & SA_SIGINFO) {
        before.sa_sigaction(number, info, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(number);
    } else {
        /* The fault comes again at once, and then it is the system's. */
        signal(number, SIG_DFL);
        if (info->si_code <= 0)
            raise(number);
    }
}

void sj_guard_install(void)
{
    struct sigaction now;
    if (sigaction(SIGBUS, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) &&
        now.sa_sigaction == on_fault)
        return;
    pthread_mutex_lock(&install_lock);
    page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
    struct sigaction ours = {.sa_sigaction = on_fault,
                             .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
    sigemptyset(&ours.sa_mask);
    if (sigaction(SIGBUS, NULL, &now) == 0 &&
        !((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_fault)) {
        before = now;
        sigaction(SIGBUS, &ours, NULL);
    }
    pthread_mutex_unlock(&install_lock);
}

void sj_guard_enter(struct sj_guard *guard)
{
    guard->outer = active;
    active = guard;
    atomic_signal_fence(memory_order_seq_cst);
}

void sj_guard_leave(struct sj_guard *guard)
{
    atomic_signal_fence(memory_order_seq_cst);
    active = guard->outer;
}

struct sj_region *sj_region_add(const void *begin, size_t size)
{
    for (uint32_t i = 0; i < REGIONS_MAX; i++) {
        uintptr_t free_slot = 0;
        /* 1 while it is being filled: no address lies in it. */
        if (!atomic_compare_exchange_strong_explicit(&regions[i].begin, &free_slot, 1,
                                                     memory_order_acq_rel, memory_order_relaxed))
            continue;
        atomic_store_explicit(&regions[i].torn, 0, memory_order_relaxed);
        atomic_store_explicit(&regions[i].end, (uintptr_t)begin + size, memory_order_relaxed);
        atomic_store_explicit(&regions[i].begin, (uintptr_t)begin, memory_order_release);
        uint32_t used = atomic_load_explicit(&regions_used, memory_order_relaxed);
        while (used <= i &&
               !atomic_compare_exchange_weak_explicit(&regions_used, &used, i + 1,
                                                      memory_order_acq_rel, memory_order_relaxed))
            ;
        return &regions[i];
    }
    return NULL;
}

void sj_region_remove(struct sj_region *region)
{
    if (region == NULL)
        return;
    atomic_store_explicit(&region->end, 0, memory_order_relaxed);
    atomic_store_explicit(&region->begin, 0, memory_order_release);
}
