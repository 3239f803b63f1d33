#include "backtest/pool.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NONE UINT32_MAX

struct worker {
    sj_rc rc;
    uint32_t task; /* that it is at, or that failed; NONE: between two */
    char error[SJ_BT_ERROR_MAX];
};

/* Shared by all processes. */
struct board {
    _Atomic uint32_t next;
    atomic_bool stop;
    struct worker workers[SJ_BT_JOBS_MAX];
};

static size_t size_of(const struct sj_bt_pool *pool)
{
    return (size_t)pool->task_count * pool->result_size;
}

static void *share(size_t size)
{
    void *memory = size == 0 ? MAP_FAILED
                             : mmap(NULL, size, PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void *sj_bt_pool_results(const struct sj_bt_pool *pool)
{
    return share(size_of(pool));
}

void sj_bt_pool_free(const struct sj_bt_pool *pool, void *results)
{
    if (results)
        munmap(results, size_of(pool));
}

static void work(const struct sj_bt_pool *pool, struct board *board, struct worker *worker,
                 uint8_t *results)
{
    worker->task = NONE;
    while (!atomic_load_explicit(&board->stop, memory_order_acquire)) {
        uint32_t index = atomic_fetch_add_explicit(&board->next, 1, memory_order_relaxed);
        if (index >= pool->task_count)
            return;
        worker->task = index;
        worker->rc =
            pool->task(pool->context, index, results + index * pool->result_size, worker->error);
        if (worker->rc < 0) {
            atomic_store_explicit(&board->stop, true, memory_order_release);
            return;
        }
        worker->task = NONE;
    }
}

static uint32_t jobs_of(const struct sj_bt_pool *pool)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t jobs = pool->jobs ? pool->jobs : cores > 0 ? (uint32_t)cores : 1;
    jobs = jobs < pool->task_count ? jobs : pool->task_count;
    return jobs < SJ_BT_JOBS_MAX ? jobs : SJ_BT_JOBS_MAX;
}

/* In the parent: the child's id, or -errno. */
static pid_t start(const struct sj_bt_pool *pool, struct board *board, struct worker *worker,
                   uint8_t *results)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid != 0)
        return pid < 0 ? -errno : pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent)
        work(pool, board, worker, results);
    fflush(NULL);
    _exit(0);
}

static void wait_for(pid_t pid, struct board *board, struct worker *worker)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    atomic_store_explicit(&board->stop, true, memory_order_release);
    worker->rc = -SJ_E_CORRUPT;
    worker->task = worker->task == NONE ? 0 : worker->task;
    if (WIFSIGNALED(status))
        snprintf(worker->error, sizeof worker->error, "its process was ended by signal %d (%s)",
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(worker->error, sizeof worker->error, "its process ended with code %d",
                 WEXITSTATUS(status));
}

static sj_rc run_forked(const struct sj_bt_pool *pool, struct board *board, uint8_t *results,
                        uint32_t jobs, char *error)
{
    pid_t pids[SJ_BT_JOBS_MAX];
    uint32_t started = 0;
    sj_rc rc = 0;
    fflush(NULL);
    for (; started < jobs && rc >= 0; started++) {
        pid_t pid = start(pool, board, &board->workers[started], results);
        if (pid < 0) {
            rc = pid;
            atomic_store_explicit(&board->stop, true, memory_order_release);
            snprintf(error, SJ_BT_ERROR_MAX, "no further process: %s", sj_rc_text(rc));
            break;
        }
        pids[started] = pid;
    }
    for (uint32_t i = 0; i < started; i++)
        wait_for(pids[i], board, &board->workers[i]);
    return rc;
}

static sj_rc lowest_failure(const struct board *board, uint32_t jobs, char *error)
{
    const struct worker *lowest = NULL;
    for (uint32_t i = 0; i < jobs; i++) {
        const struct worker *worker = &board->workers[i];
        if (worker->rc < 0 && (!lowest || worker->task < lowest->task))
            lowest = worker;
    }
    if (!lowest)
        return 0;
    snprintf(error, SJ_BT_ERROR_MAX, "%s", lowest->error);
    return lowest->rc;
}

sj_rc sj_bt_pool_run(const struct sj_bt_pool *pool, void *results, char error[SJ_BT_ERROR_MAX])
{
    struct board *board = share(sizeof *board);
    if (!board) {
        snprintf(error, SJ_BT_ERROR_MAX, "no memory to share between processes");
        return -ENOMEM;
    }
    uint32_t jobs = jobs_of(pool);
    sj_rc rc = 0;
    if (jobs <= 1)
        work(pool, board, &board->workers[0], results);
    else
        rc = run_forked(pool, board, results, jobs, error);
    if (rc >= 0)
        rc = lowest_failure(board, jobs, error);
    munmap(board, sizeof *board);
    return rc;
}
