/*
 * pool.h: many tasks over a few forked processes; what they give is the same whatever their number.
 *
 * A task is a number. It writes its answer to a place of its own in memory that all processes
 * share, and must depend on nothing that another task did. Tasks are begun in the order of their
 * numbers. When one fails, those behind it are not begun, and the failure of the lowest is told.
 *
 * Errors   what the task returned; -SJ_E_CORRUPT: a process died; -errno of fork or mmap. One line
 *          in `error`.
 * Threads  call it from a process without other threads (it forks). Signals that end the caller end
 *          the processes.
 * Memory   task_count * result_size, shared.
 */
#ifndef SJ_BACKTEST_POOL_H
#define SJ_BACKTEST_POOL_H

#include "backtest/run.h"

#define SJ_BT_JOBS_MAX 256

struct sj_bt_pool {
    uint32_t jobs; /* 0: as many as there are cores; 1: in this process */
    uint32_t task_count;
    size_t result_size;
    void *context;
    sj_rc (*task)(void *context, uint32_t index, void *ret_result, char error[SJ_BT_ERROR_MAX]);
};

/* Room for the answers, zeroed; NULL: no memory. */
void *sj_bt_pool_results(const struct sj_bt_pool *pool);
void sj_bt_pool_free(const struct sj_bt_pool *pool, void *results);

/* `results`: from sj_bt_pool_results. */
SJ_MUST_USE sj_rc sj_bt_pool_run(const struct sj_bt_pool *pool, void *results,
                                 char error[SJ_BT_ERROR_MAX]);

#endif
