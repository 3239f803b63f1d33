/*
 * bundle.h: the batches of one piece: one for all, or one for each output where rows go to a file
 * an instrument, a day, or both.
 *
 * What a line is told of by itself (that it was there, that it was refused) is the main batch's in
 * any case.
 *
 * Threads  One owner at a time.
 * Memory   as batch.h; of many parts, those that grew large give their memory back.
 */
#ifndef SJ_CONVERT_BUNDLE_H
#define SJ_CONVERT_BUNDLE_H

#include "convert/batch.h"

/* Outputs of one run. */
#define SJ_OUTPUTS_MAX 65536

struct sj_bundle {
    bool by_symbol;
    bool by_day;
    bool failed; /* out of memory */
    struct sj_batch main;
    struct sj_batch **parts; /* owned; in the order of first sight; unused ones behind part_count */
    uint32_t part_count;
    uint32_t part_max;
    uint32_t *slots; /* hash table of indexes plus 1 */
    size_t slot_max;
    int64_t day_from, day_until; /* the day of these times is `day` */
    int32_t day;
};

void sj_bundle_init(struct sj_bundle *bundle, bool by_symbol, bool by_day);
void sj_bundle_clear(struct sj_bundle *bundle);
void sj_bundle_done(struct sj_bundle *bundle);

/* The part of an instrument (1 .. SJ_SYMBOL_SIZE bytes, if by_symbol) and trading day (0: by the
 * time), new or known. NULL: out of memory (and `failed` is set). */
struct sj_batch *sj_bundle_part(struct sj_bundle *bundle, struct sj_text symbol, int64_t exch_ns,
                                int32_t day);

#endif
