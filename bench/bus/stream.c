#include "bench/bus/stream.h"

#include "base/clock.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct meeting {
    _Alignas(64) _Atomic uint32_t arrived;
};

void *stream_shared(size_t size)
{
    void *shared =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return shared == MAP_FAILED ? NULL : shared;
}

void stream_meet(void *shared)
{
    struct meeting *meeting = shared;
    uint32_t mine = atomic_fetch_add(&meeting->arrived, 1);
    while (atomic_load(&meeting->arrived) < mine - mine % 2 + 2)
        sched_yield();
}

static void stay_on(int nth)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET((size_t)cpu, &set) || nth-- > 0)
            continue;
        CPU_ZERO(&set);
        CPU_SET((size_t)cpu, &set);
        sched_setaffinity(0, sizeof set, &set);
        return;
    }
}

double stream_run(const struct stream *stream, bool (*produce)(const struct stream *, void *shared),
                  bool (*consume)(const struct stream *, void *shared), void *shared)
{
    cpu_set_t before;
    sched_getaffinity(0, sizeof before, &before);
    pid_t child = fork();
    if (child < 0)
        return -1;
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        stay_on(1);
        _exit(produce(stream, shared) ? 0 : 1);
    }
    stay_on(0);
    stream_meet(shared);
    int64_t begin_ns = sj_clock_mono_ns();
    bool good = consume(stream, shared);
    int64_t end_ns = sj_clock_mono_ns();
    int status = 1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    sched_setaffinity(0, sizeof before, &before);
    return good && status == 0 ? (double)(end_ns - begin_ns) / SJ_NS_PER_S : -1;
}
