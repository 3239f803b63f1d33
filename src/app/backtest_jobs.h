/* backtest_jobs.h: the jobs of `shijim backtest`, each in a file of its own. They say what came out
 * and return the exit code. */
#ifndef SJ_APP_BACKTEST_JOBS_H
#define SJ_APP_BACKTEST_JOBS_H

#include "app/backtest_setup.h"

/* backtest_run.c: a strategy over days. */
int backtest_run(const struct sj_cli *cli, const struct backtest_asked *asked);

/* backtest_sweep.c: its parameters tried in all combinations. */
int backtest_sweep(const struct sj_cli *cli, const struct backtest_asked *asked);

/* backtest_check.c, backtest_latency.c: commands of their own, as in command.h. */
int backtest_check(int argc, char **argv);
int backtest_latency(int argc, char **argv);

#endif
