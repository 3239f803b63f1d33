#include "strategy/guard.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"

#define STACK_SIZE (64u << 10)
#define WATCH_MIN_NS SJ_NS_PER_MS
#define WATCH_MAX_NS (50 * SJ_NS_PER_MS)
/* Waiting is no work, but no strategy may wait: it gets this many times its budget by the clock. */
#define WAIT_FACTOR 10

struct sj_guard {
    sigjmp_buf jump;
    /* Set while the foreign code itself runs. Read by the handler, on the same thread. */
    volatile sig_atomic_t inside;
    volatile sig_atomic_t signal; /* that ended the last call */
    _Atomic uint64_t serial;      /* odd: a call is under way */
    _Atomic uint64_t doomed;      /* the call whose time has run out */
    _Atomic int64_t budget_ns;
    _Atomic int64_t look_ns;
    _Atomic pthread_t caller; /* written before serial becomes odd */
    pthread_t watcher;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
};

static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGXCPU};
#define SIGNAL_COUNT (sizeof signals / sizeof signals[0])

/* The guard whose code this thread runs. initial-exec: a handler must not allocate. */
static _Thread_local struct sj_guard *current __attribute__((tls_model("initial-exec")));
static _Thread_local bool has_stack __attribute__((tls_model("initial-exec")));

static pthread_mutex_t users_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned users;
static struct sigaction before[SIGNAL_COUNT];
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t stack_key;

static size_t index_of(int signal)
{
    size_t i = 0;
    while (i + 1 < SIGNAL_COUNT && signals[i] != signal)
        i++;
    return i;
}

/* Not ours: as if we had never been here. A faulting instruction faults again when we return. */
static void pass_on(int signal, const siginfo_t *info)
{
    sigaction(signal, &before[index_of(signal)], NULL);
    if (info->si_code <= 0)
        raise(signal);
}

static void on_signal(int signal, siginfo_t *info, void *machine)
{
    (void)machine;
    struct sj_guard *guard = current;
    bool from_watcher = signal == SIGXCPU && info->si_code == SI_TKILL && info->si_pid == getpid();
    bool from_outside = info->si_code == SI_USER && info->si_pid != getpid();
    if (guard && guard->inside && !from_outside) {
        uint64_t serial = atomic_load_explicit(&guard->serial, memory_order_relaxed);
        if (!from_watcher || atomic_load_explicit(&guard->doomed, memory_order_relaxed) == serial) {
            guard->signal = signal;
            guard->inside = 0;
            siglongjmp(guard->jump, 1);
        }
    }
    /* The watcher's, but late, or while the host works: sj_guard_enter sees to it. */
    if (!from_watcher)
        pass_on(signal, info);
}

static void install(void)
{
    pthread_mutex_lock(&users_lock);
    if (users++ == 0) {
        /* SA_NODEFER: a jump leaves no signal blocked behind. */
        struct sigaction action = {.sa_sigaction = on_signal,
                                   .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
        sigemptyset(&action.sa_mask);
        for (size_t i = 0; i < SIGNAL_COUNT; i++)
            sigaction(signals[i], &action, &before[i]);
    }
    pthread_mutex_unlock(&users_lock);
}

static void uninstall(void)
{
    pthread_mutex_lock(&users_lock);
    if (--users == 0)
        for (size_t i = 0; i < SIGNAL_COUNT; i++)
            sigaction(signals[i], &before[i], NULL);
    pthread_mutex_unlock(&users_lock);
}

static void free_stack(void *stack)
{
    stack_t none = {.ss_flags = SS_DISABLE};
    sigaltstack(&none, NULL);
    munmap(stack, STACK_SIZE);
}

static void make_key(void)
{
    pthread_key_create(&stack_key, free_stack);
}

/* Once a thread: a stack for handlers (a sanitizer may have given it one) and the signals let in.
 */
static void prepare_thread(void)
{
    stack_t stack;
    has_stack = true;
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        sigaddset(&set, signals[i]);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    if (sigaltstack(NULL, &stack) == 0 && !(stack.ss_flags & SS_DISABLE))
        return;
    pthread_once(&key_once, make_key);
    void *memory =
        mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return; /* all but an overflown stack is still caught */
    stack = (stack_t){.ss_sp = memory, .ss_size = STACK_SIZE};
    sigaltstack(&stack, NULL);
    pthread_setspecific(stack_key, memory);
}

static int64_t processor_ns(pthread_t thread)
{
    clockid_t clock;
    struct timespec ts;
    if (pthread_getcpuclockid(thread, &clock) != 0 || clock_gettime(clock, &ts) != 0)
        return sj_clock_mono_ns();
    return ts.tv_sec * SJ_NS_PER_S + ts.tv_nsec;
}

/* The call the watcher saw when it last looked, and when that began for it. */
struct sight {
    uint64_t serial;
    int64_t processor_ns, clock_ns;
};

static void look(struct sj_guard *guard, struct sight *sight)
{
    uint64_t serial = atomic_load_explicit(&guard->serial, memory_order_acquire);
    if (serial % 2 == 0)
        return;
    pthread_t caller = atomic_load_explicit(&guard->caller, memory_order_relaxed);
    int64_t clock_ns = sj_clock_mono_ns(), used_ns = processor_ns(caller);
    if (serial != sight->serial) {
        *sight = (struct sight){serial, used_ns, clock_ns};
        return;
    }
    int64_t budget_ns = atomic_load_explicit(&guard->budget_ns, memory_order_relaxed);
    if (used_ns - sight->processor_ns < budget_ns &&
        clock_ns - sight->clock_ns < WAIT_FACTOR * budget_ns)
        return;
    /* Should the call end just now, the handler finds another serial and does nothing. */
    atomic_store_explicit(&guard->doomed, serial, memory_order_relaxed);
    if (atomic_load_explicit(&guard->serial, memory_order_acquire) == serial)
        pthread_kill(caller, SIGXCPU);
}

static void *watch(void *argument)
{
    struct sj_guard *guard = argument;
    struct sight sight = {0};
    pthread_mutex_lock(&guard->lock);
    while (!guard->stop) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        int64_t at_ns = until.tv_sec * SJ_NS_PER_S + until.tv_nsec +
                        atomic_load_explicit(&guard->look_ns, memory_order_relaxed);
        until = (struct timespec){at_ns / SJ_NS_PER_S, at_ns % SJ_NS_PER_S};
        pthread_cond_timedwait(&guard->wake, &guard->lock, &until);
        look(guard, &sight);
    }
    pthread_mutex_unlock(&guard->lock);
    return NULL;
}

/* The watcher takes no signal: they are the process's, and for threads that expect them. */
static int start_watcher(struct sj_guard *guard)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&guard->watcher, NULL, watch, guard);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return error;
}

sj_rc sj_guard_create(int64_t least_budget_ns, struct sj_guard **ret_guard)
{
    struct sj_guard *guard = calloc(1, sizeof *guard);
    if (!guard)
        return -ENOMEM;
    atomic_store(&guard->look_ns, WATCH_MAX_NS);
    sj_guard_watch_closer(guard, least_budget_ns);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&guard->lock, NULL);
    pthread_cond_init(&guard->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    install();
    int error = start_watcher(guard);
    if (error) {
        uninstall();
        free(guard);
        return -error;
    }
    *ret_guard = guard;
    return 0;
}

void sj_guard_close(struct sj_guard *guard)
{
    if (!guard)
        return;
    pthread_mutex_lock(&guard->lock);
    guard->stop = true;
    pthread_cond_signal(&guard->wake);
    pthread_mutex_unlock(&guard->lock);
    pthread_join(guard->watcher, NULL);
    uninstall();
    pthread_cond_destroy(&guard->wake);
    pthread_mutex_destroy(&guard->lock);
    free(guard);
}

void sj_guard_watch_closer(struct sj_guard *guard, int64_t least_budget_ns)
{
    int64_t look_ns = least_budget_ns / 4 > WATCH_MIN_NS ? least_budget_ns / 4 : WATCH_MIN_NS;
    if (look_ns < atomic_load_explicit(&guard->look_ns, memory_order_relaxed))
        atomic_store_explicit(&guard->look_ns, look_ns, memory_order_relaxed);
}

static void begin(struct sj_guard *guard, int64_t budget_ns)
{
    if (!has_stack)
        prepare_thread();
    current = guard;
    atomic_store_explicit(&guard->caller, pthread_self(), memory_order_relaxed);
    atomic_store_explicit(&guard->budget_ns, budget_ns, memory_order_relaxed);
    atomic_store_explicit(&guard->serial,
                          atomic_load_explicit(&guard->serial, memory_order_relaxed) + 1,
                          memory_order_release);
}

static void end(struct sj_guard *guard)
{
    current = NULL;
    atomic_store_explicit(&guard->serial,
                          atomic_load_explicit(&guard->serial, memory_order_relaxed) + 1,
                          memory_order_release);
}

enum sj_guard_end sj_guard_call(struct sj_guard *guard, int64_t budget_ns, void (*call)(void *),
                                void *context)
{
    begin(guard, budget_ns);
    if (sigsetjmp(guard->jump, 0) == 0) {
        guard->inside = 1;
        call(context);
        guard->inside = 0;
        end(guard);
        return SJ_GUARD_RETURNED;
    }
    end(guard);
    return guard->signal == SIGXCPU ? SJ_GUARD_LOOPED : SJ_GUARD_CRASHED;
}

void sj_guard_leave(struct sj_guard *guard)
{
    if (guard)
        guard->inside = 0;
}

void sj_guard_enter(struct sj_guard *guard)
{
    if (!guard)
        return;
    guard->inside = 1;
    if (atomic_load_explicit(&guard->doomed, memory_order_relaxed) ==
        atomic_load_explicit(&guard->serial, memory_order_relaxed)) {
        guard->inside = 0;
        guard->signal = SIGXCPU;
        siglongjmp(guard->jump, 1);
    }
}

const char *sj_guard_signal_name(const struct sj_guard *guard)
{
    static const char *const names[SIGNAL_COUNT] = {"SIGSEGV", "SIGBUS",  "SIGFPE", "SIGILL",
                                                    "SIGTRAP", "SIGABRT", "SIGXCPU"};
    return names[index_of(guard->signal)];
}

static double cycle_ns;

static void measure_cycle(void)
{
    int64_t begin_ns = sj_clock_mono_ns(), now_ns;
    uint64_t begin_cycles = sj_guard_cycles();
    do
        now_ns = sj_clock_mono_ns();
    while (now_ns - begin_ns < 5 * SJ_NS_PER_MS);
    uint64_t cycles = sj_guard_cycles() - begin_cycles;
    cycle_ns = cycles ? (double)(now_ns - begin_ns) / (double)cycles : 1;
}

double sj_guard_ns_per_cycle(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, measure_cycle);
    return cycle_ns;
}
