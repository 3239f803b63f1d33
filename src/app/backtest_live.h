/*
 * backtest_live.h: the live configuration in a backtest: its strategies, risk, orders and account;
 * and journals as what is run over.
 *
 * Errors   a line on stderr, and the exit code.
 * Threads  [init]; the hook it puts into options: whoever runs them.
 */
#ifndef SJ_APP_BACKTEST_LIVE_H
#define SJ_APP_BACKTEST_LIVE_H

#include "app/backtest_setup.h"

/* Whether a folder is a journal. */
bool backtest_is_journal(const char *path);

/* When a configuration was given (-c, --set): risk, orders and account of it, and, for journals
 * without --strategy, its strategies. What asks the broker for money is off: there is none to ask.
 */
int backtest_live(const struct sj_cli *cli, const struct backtest_asked *asked,
                  struct backtest_setup *setup);
void backtest_live_free(struct backtest_setup *setup);

/* The journals among the inputs as the days that were asked for; all there is as one without. */
int backtest_journal_days(const struct sj_cli *cli, const struct backtest_asked *asked,
                          struct backtest_setup *setup);

#endif
