/*
 * frames.h: the original's records as events. Used by encode.c.
 */
#ifndef SJ_CONVERT_FRAMES_H
#define SJ_CONVERT_FRAMES_H

#include "convert/batch.h"

/* Appends the event of a record with these times to the batch: a trade of an MD_TICK or a
 * normalised trade, a book of an MD_BOOK. Decimals are exact; one with more than 6 places is
 * rounded and flagged. */
enum sj_reject sj_frame_of(const struct sj_record *record, int64_t exch_ns, int64_t recv_ns,
                           struct sj_batch *batch);

#endif
