/*
 * history.h: what the market did before: ticks, minute bars and snapshots, of today from the
 * simulated market, of earlier days made up from seed, code and date (always the same).
 *
 * Threads  [owner]. Memory: today's rings are reserved at create.
 */
#ifndef SJ_BROKERSIM_HISTORY_H
#define SJ_BROKERSIM_HISTORY_H

#include "brokersim/server.h"

SJ_MUST_USE sj_rc history_create(struct sj_brokersim *sim);
void history_close(struct sj_brokersim *sim);

/* Notes a real trade of a feed (called for each market event). */
void history_note(struct sj_brokersim *sim, uint32_t feed);

#endif
