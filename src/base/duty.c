#include "base/duty.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

static void cpu_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

struct sj_duty_idle sj_duty_idle_default(bool spinning)
{
    if (spinning)
        return (struct sj_duty_idle){.spin_count = UINT32_MAX};
    struct sj_duty_idle idle = {
        .yield_count = 2, .sleep_min_ns = 50 * SJ_NS_PER_US, .sleep_max_ns = 1 * SJ_NS_PER_MS};
    if (sysconf(_SC_NPROCESSORS_ONLN) > 2) {
        idle.spin_count = 100;
        idle.pause_count = 100;
    }
    return idle;
}

void sj_duty_init(struct sj_duty_runner *runner, const char *name)
{
    memset(runner, 0, sizeof *runner);
    snprintf(runner->name, sizeof runner->name, "%s", name);
    runner->idle = sj_duty_idle_default(false);
    runner->cpu = -1;
    runner->drain_ns = 5 * SJ_NS_PER_S;
}

sj_rc sj_duty_add(struct sj_duty_runner *runner, const struct sj_duty *duty)
{
    if (runner->duty_count == SJ_DUTY_MAX)
        return -SJ_E_FULL;
    runner->duties[runner->duty_count++] = *duty;
    return 0;
}

static long futex(_Atomic uint32_t *word, int operation, uint32_t value,
                  const struct timespec *timeout)
{
    return syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, timeout, NULL, 0);
}

void sj_duty_wake(struct sj_duty_runner *runner)
{
    /* The waker publishes its work, then looks at `sleeping`; the sleeper sets `sleeping`, then
     * looks for work. Sequential consistency on both sides makes one of them see the other. */
    atomic_thread_fence(memory_order_seq_cst);
    if (!atomic_load_explicit(&runner->sleeping, memory_order_relaxed))
        return;
    atomic_fetch_add_explicit(&runner->wake_count, 1, memory_order_seq_cst);
    futex(&runner->wake_count, FUTEX_WAKE, 1, NULL);
}

void sj_duty_stop(struct sj_duty_runner *runner)
{
    atomic_store_explicit(&runner->stop_requested, true, memory_order_release);
    atomic_fetch_add_explicit(&runner->wake_count, 1, memory_order_seq_cst);
    futex(&runner->wake_count, FUTEX_WAKE, 1, NULL);
}

/* Only the runner's thread writes its statistics, so no locked instruction is needed. */
static void count(_Atomic uint64_t *counter, uint64_t amount)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + amount, memory_order_relaxed);
}

/* Calls one duty; what it did, or 0 once it has ended. */
static int64_t work_once(struct sj_duty_runner *runner, uint32_t index)
{
    struct sj_duty_stats *stats = &runner->stats[index];
    const struct sj_duty *duty = &runner->duties[index];
    if (atomic_load_explicit(&stats->rc, memory_order_relaxed) < 0)
        return 0;
    sj_rc rc = duty->do_work(duty->context);
    count(&stats->round_count, 1);
    if (rc >= 0) {
        if (rc > 0)
            count(&stats->work_count, (uint64_t)rc);
        return rc;
    }
    atomic_store_explicit(&stats->rc, rc, memory_order_release);
    if (duty->essential) {
        atomic_store_explicit(&runner->rc, rc, memory_order_release);
        atomic_store_explicit(&runner->stop_requested, true, memory_order_release);
    }
    return 0;
}

static int64_t work_round(struct sj_duty_runner *runner)
{
    int64_t began_ns = runner->round_hist ? sj_clock_mono_ns() : 0;
    int64_t done = 0;
    for (uint32_t i = 0; i < runner->duty_count; i++)
        done += work_once(runner, i);
    if (runner->round_hist && done > 0)
        sj_hist_record(runner->round_hist, sj_clock_mono_ns() - began_ns);
    return done;
}

/* Sleeps until woken or `timeout_ns`. Looks for work once more after announcing the sleep; returns
 * what it found. */
static int64_t sleep_on_futex(struct sj_duty_runner *runner, int64_t timeout_ns)
{
    uint32_t seen = atomic_load_explicit(&runner->wake_count, memory_order_seq_cst);
    atomic_store_explicit(&runner->sleeping, 1, memory_order_seq_cst);
    atomic_thread_fence(memory_order_seq_cst);
    int64_t done = work_round(runner);
    if (done == 0 && !atomic_load_explicit(&runner->stop_requested, memory_order_acquire)) {
        struct timespec timeout = {timeout_ns / SJ_NS_PER_S, timeout_ns % SJ_NS_PER_S};
        count(&runner->sleep_count, 1);
        futex(&runner->wake_count, FUTEX_WAIT, seen, &timeout);
    }
    atomic_store_explicit(&runner->sleeping, 0, memory_order_relaxed);
    return done;
}

/* One step up the ladder; `idle_rounds` is how many came before. Returns work found on the way. */
static int64_t idle_once(struct sj_duty_runner *runner, uint64_t idle_rounds)
{
    const struct sj_duty_idle *idle = &runner->idle;
    if (idle_rounds < idle->spin_count)
        return 0;
    idle_rounds -= idle->spin_count;
    if (idle_rounds < idle->pause_count) {
        cpu_pause();
        return 0;
    }
    idle_rounds -= idle->pause_count;
    if (idle_rounds < idle->yield_count) {
        sched_yield();
        return 0;
    }
    idle_rounds -= idle->yield_count;
    int64_t sleep_ns = idle->sleep_min_ns > 0 ? idle->sleep_min_ns : idle->sleep_max_ns;
    while (idle_rounds-- > 0 && sleep_ns < idle->sleep_max_ns)
        sleep_ns *= 2;
    return sleep_on_futex(runner, sleep_ns < idle->sleep_max_ns ? sleep_ns : idle->sleep_max_ns);
}

static void drain_and_close(struct sj_duty_runner *runner)
{
    int64_t deadline_ns = sj_clock_mono_ns() + runner->drain_ns;
    while (work_round(runner) > 0 && sj_clock_mono_ns() < deadline_ns)
        ;
    for (uint32_t i = 0; i < runner->duty_count; i++)
        if (runner->duties[i].close)
            runner->duties[i].close(runner->duties[i].context);
    atomic_store_explicit(&runner->finished, true, memory_order_release);
}

sj_rc sj_duty_run(struct sj_duty_runner *runner)
{
    uint64_t idle_rounds = 0;
    while (!atomic_load_explicit(&runner->stop_requested, memory_order_acquire)) {
        if (work_round(runner) > 0 || idle_once(runner, idle_rounds) > 0)
            idle_rounds = 0;
        else
            idle_rounds++;
    }
    drain_and_close(runner);
    return atomic_load_explicit(&runner->rc, memory_order_acquire);
}

static void *run_thread(void *argument)
{
    sj_rc rc = sj_duty_run(argument);
    (void)rc; /* kept in the runner */
    return NULL;
}

sj_rc sj_duty_start(struct sj_duty_runner *runner)
{
    pthread_attr_t attributes;
    int failed = pthread_attr_init(&attributes);
    if (failed)
        return -failed;
    if (runner->cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET((size_t)runner->cpu, &set);
        failed = pthread_attr_setaffinity_np(&attributes, sizeof set, &set);
    }
    if (!failed)
        failed = pthread_create(&runner->thread, &attributes, run_thread, runner);
    pthread_attr_destroy(&attributes);
    if (failed)
        return -failed;
    pthread_setname_np(runner->thread, runner->name);
    runner->started = true;
    return 0;
}

sj_rc sj_duty_join(struct sj_duty_runner *runner)
{
    if (runner->started)
        pthread_join(runner->thread, NULL);
    runner->started = false;
    return atomic_load_explicit(&runner->rc, memory_order_acquire);
}
