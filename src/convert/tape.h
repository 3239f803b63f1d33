/*
 * tape.h: batches of events into a journal, in order; and a journal's end counted again.
 *
 * Instruments get their ids in the order of first sight. The events of a run that is resumed and
 * were already in the journal are made again and passed over by their sequence.
 *
 * Threads  One owner at a time (the worker whose turn it is).
 */
#ifndef SJ_CONVERT_TAPE_H
#define SJ_CONVERT_TAPE_H

#include "convert/batch.h"

struct sj_tape;

/* `seq`, `instrument_count`: how far an earlier run was; both 0 for a new one, and then a journal
 * that holds converted events already is -SJ_E_BUSY. */
SJ_MUST_USE sj_rc sj_tape_open(const char *dir, uint64_t seq, uint32_t instrument_count,
                               struct sj_tape **ret_tape);

/* Appends definitions of what is new, and the batch's frames. Their instruments become ids. */
SJ_MUST_USE sj_rc sj_tape_put(struct sj_tape *tape, struct sj_batch *batch);

/* What was put is durable afterwards. */
SJ_MUST_USE sj_rc sj_tape_sync(struct sj_tape *tape);

uint64_t sj_tape_seq(const struct sj_tape *tape);
uint32_t sj_tape_instrument_count(const struct sj_tape *tape);

/* Closes in order. Accepts NULL. */
sj_rc sj_tape_close(struct sj_tape *tape);

/* Reads the journal and counts the converted trades, legs and books in it. */
SJ_MUST_USE sj_rc sj_tape_count(const char *dir, uint64_t *ret_count);

#endif
