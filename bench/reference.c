/* What the machine does by itself, so that a figure can be told from the machine it was taken on.
 */
#include "bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define TRIPS_PER_READING 16

/* Pairs of lines take turns: how long the way is depends on where in the processor a line has its
 * home, and with one pair the figure would be luck. */
#define PAIRS 64

struct lines {
    _Alignas(64) _Atomic uint64_t ping;
    _Alignas(64) _Atomic uint64_t pong;
};

/* The first two cores this process may use; false when there is one only. */
static bool two_cores(int *ret_first, int *ret_second)
{
    cpu_set_t set;
    int found = 0;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return false;
    for (int cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++)
        if (CPU_ISSET((size_t)cpu, &set))
            *(found++ ? ret_second : ret_first) = cpu;
    return found == 2;
}

static void stay_on(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

/* Sends every number of `ping` back through `pong`; ends at UINT64_MAX or with its parent. */
static void answer(struct lines lines[PAIRS], int cpu)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    stay_on(cpu);
    for (uint64_t number = 1;; number++) {
        struct lines *pair = &lines[number % PAIRS];
        uint64_t seen;
        while ((seen = atomic_load_explicit(&pair->ping, memory_order_acquire)) < number)
            ;
        if (seen == UINT64_MAX)
            _exit(0);
        atomic_store_explicit(&pair->pong, number, memory_order_release);
    }
}

static void ask(struct lines lines[PAIRS], uint64_t number)
{
    struct lines *pair = &lines[number % PAIRS];
    atomic_store_explicit(&pair->ping, number, memory_order_release);
    while (atomic_load_explicit(&pair->pong, memory_order_acquire) != number)
        ;
}

/* Trips are timed in groups of `group`, so that reading the clock does not weigh. */
static sj_rc round_trips(uint32_t rounds, uint32_t group, struct sj_hist *hist)
{
    int first, second;
    cpu_set_t before;
    if (!two_cores(&first, &second))
        return -ENODEV;
    struct lines *lines = mmap(NULL, PAIRS * sizeof *lines, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (lines == MAP_FAILED)
        return -errno;
    pid_t child = fork();
    if (child == 0)
        answer(lines, second);
    sched_getaffinity(0, sizeof before, &before);
    stay_on(first);
    uint64_t number = 0;
    for (uint32_t i = 0; child > 0 && i < 1000; i++)
        ask(lines, ++number);
    for (uint32_t i = 0; child > 0 && i < rounds / group; i++) {
        int64_t began_ns = sj_clock_mono_ns();
        for (uint32_t trip = 0; trip < group; trip++)
            ask(lines, ++number);
        sj_hist_record_many(hist, (sj_clock_mono_ns() - began_ns) / group, group);
    }
    sj_rc rc = child > 0 ? 0 : -EAGAIN;
    atomic_store_explicit(&lines[(number + 1) % PAIRS].ping, UINT64_MAX, memory_order_release);
    if (child > 0)
        waitpid(child, NULL, 0);
    sched_setaffinity(0, sizeof before, &before);
    munmap(lines, PAIRS * sizeof *lines);
    return rc;
}

double sj_bench_line_round_trip_ns(uint32_t rounds)
{
    struct sj_hist *hist = calloc(1, sizeof *hist);
    double median_ns = 0;
    if (hist && round_trips(rounds, TRIPS_PER_READING, hist) >= 0)
        median_ns = (double)sj_hist_percentile(hist, 50);
    free(hist);
    return median_ns;
}

sj_rc sj_bench_line_round_trips(uint32_t rounds, struct sj_hist *hist)
{
    return round_trips(rounds, 1, hist);
}

double sj_bench_memcpy_bytes_per_s(size_t size_bytes)
{
    char *from = malloc(size_bytes), *to = malloc(size_bytes);
    double bytes_per_s = 0;
    if (from && to) {
        memset(from, 1, size_bytes);
        memset(to, 2, size_bytes);
        uint64_t copied = 0;
        int64_t began_ns = sj_clock_mono_ns(), took_ns;
        do {
            memcpy(to, from, size_bytes);
            SJ_BENCH_KEEP(to);
            copied += size_bytes;
            took_ns = sj_clock_mono_ns() - began_ns;
        } while (took_ns < 100 * SJ_NS_PER_MS);
        bytes_per_s = (double)copied * 1e9 / (double)took_ns;
    }
    free(from);
    free(to);
    return bytes_per_s;
}

/* An unnamed, preallocated file: nothing to clean up, whatever happens. */
static int open_scratch(const char *directory, size_t size_bytes)
{
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int failed = posix_fallocate(fd, 0, (off_t)size_bytes);
    if (!failed && fdatasync(fd) == 0)
        return fd;
    int rc = failed ? -failed : -errno;
    close(fd);
    return rc;
}

sj_rc sj_bench_fdatasync(const char *directory, size_t write_bytes, uint32_t rounds,
                         struct sj_hist *ret_hist)
{
    char *block = calloc(1, write_bytes);
    int fd = block ? open_scratch(directory, write_bytes * rounds) : -ENOMEM;
    sj_rc rc = fd < 0 ? fd : 0;
    for (uint32_t i = 0; rc >= 0 && i < rounds; i++) {
        int64_t began_ns = sj_clock_mono_ns();
        ssize_t written = pwrite(fd, block, write_bytes, (off_t)(write_bytes * i));
        if (written != (ssize_t)write_bytes || fdatasync(fd) != 0)
            rc = written < 0 || written == (ssize_t)write_bytes ? -errno : -ENOSPC;
        else
            sj_hist_record(ret_hist, sj_clock_mono_ns() - began_ns);
    }
    if (fd >= 0)
        close(fd);
    free(block);
    return rc;
}

double sj_bench_disk_bytes_per_s(const char *directory, size_t block_bytes, size_t total_bytes)
{
    char *block = calloc(1, block_bytes);
    int fd = block ? open_scratch(directory, total_bytes) : -ENOMEM;
    double result = fd;
    if (fd >= 0) {
        int64_t began_ns = sj_clock_mono_ns();
        size_t done = 0;
        while (done + block_bytes <= total_bytes &&
               pwrite(fd, block, block_bytes, (off_t)done) == (ssize_t)block_bytes)
            done += block_bytes;
        bool synced = fdatasync(fd) == 0;
        result = synced ? (double)done * 1e9 / (double)(sj_clock_mono_ns() - began_ns) : -errno;
        close(fd);
    }
    free(block);
    return result;
}
