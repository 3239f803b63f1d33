/*
 * definitions.h: the latest definition of each instrument, for the head of the next segment.
 *
 * Threads  [writer]. Memory: address space for all, touched as instruments appear.
 */
#ifndef SJ_JOURNAL_DEFINITIONS_H
#define SJ_JOURNAL_DEFINITIONS_H

#include "event/event.h"
#include "shijim/rc.h"

#define SJ_DEFINITIONS_MAX 65535

struct sj_definition {
    uint32_t src; /* whose it was */
    uint32_t known;
    struct sj_instrument frame; /* with the sequence it had */
};

struct sj_definitions {
    struct sj_definition *slots; /* by instrument id */
    uint32_t id_max;
    uint32_t count;
};

SJ_MUST_USE sj_rc sj_definitions_init(struct sj_definitions *definitions);
void sj_definitions_done(struct sj_definitions *definitions);

/* Keeps `frame`. Ids beyond the table (and 0) are not kept. */
void sj_definitions_put(struct sj_definitions *definitions, uint32_t src,
                        const struct sj_instrument *frame);

#endif
