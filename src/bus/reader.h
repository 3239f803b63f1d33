/*
 * reader.h: a reader's private state, shared by attach.c, read.c, lap.c, conflate.c and wait.c.
 */
#ifndef SJ_BUS_READER_H
#define SJ_BUS_READER_H

#include "bus/map.h"

struct conflate;

struct reader {
    struct sj_bus_reader fast; /* what callers hold a pointer to */
    struct ring_map map;
    enum sj_bus_policy policy;
    uint32_t slot_index;
    struct reader_slot *slot;
    struct topic_tables topics;
    uint64_t base_pos; /* released up to here; topics.passed counts what lies before */
    const uint8_t *base_place;
    uint64_t base_seq;
    uint64_t sample_seq; /* lag is sampled when this one is released */
    uint64_t lost_count;
    uint32_t *log;    /* lossy: topics of what was handed out since the last release */
    uint64_t window;  /* bytes a reader may hold between two releases */
    uint64_t *counts; /* a checkpoint's counts while it is checked */
    uint8_t *bounce;  /* thread sanitizer only: copies of what a lossy reader looks at */
    uint32_t bounce_size;
    struct conflate *conflate;
};

static inline struct reader *reader_of(struct sj_bus_reader *reader)
{
    return (struct reader *)(void *)reader;
}

static inline const struct reader *reader_of_const(const struct sj_bus_reader *reader)
{
    return (const struct reader *)(const void *)reader;
}

/* The position of the next frame. */
static inline uint64_t reader_pos(const struct reader *reader)
{
    return reader->base_pos + (uint64_t)(reader->fast.place - reader->base_place);
}

/* May be lapped: lossy, and conflate, which reads likewise. */
static inline bool reader_is_lossy(const struct reader *reader)
{
    return reader->policy == SJ_BUS_LOSSY || reader->policy == SJ_BUS_CONFLATE;
}

/* Whether frames that begin at `pos` may be gone. Call after reading them. */
bool reader_overtaken(const struct reader *reader, uint64_t pos);

/* A place in the stream with its counts, copied and proven whole. */
struct place {
    uint64_t pos;
    uint64_t seq;
};

/* Copies checkpoint `number` (its counts to reader->counts). False: it is being overwritten, or
 * what it points at may be. */
bool reader_copy_checkpoint(struct reader *reader, uint64_t number, struct place *ret);

/* Sets place and counts for a new reader at sequence `from_seq` (0: the next to come), or as near
 * as the ring still has. -ENOENT: the ring has no beginning yet. */
sj_rc reader_find_start(struct reader *reader, uint64_t from_seq);

/* Moves a lapped reader on to a place that will stay for a while; counts what it lost.
 * -SJ_E_LAPPED, or 0 when there is no such place yet. */
sj_rc reader_lapped(struct reader *reader);

/* Makes `pos`, `seq` the place up to which all is released. */
void reader_set_base(struct reader *reader, uint64_t pos, uint64_t seq);

/* Shows others where the reader is. */
void reader_publish_place(struct reader *reader);

/* Notes the present lag, in all and per topic, in the high-water marks. */
void reader_sample_lag(struct reader *reader);

sj_rc conflate_create(struct reader *reader);
void conflate_destroy(struct conflate *conflate);
sj_rc conflate_poll(struct reader *reader, void *buffer);
bool conflate_pending(const struct conflate *conflate);

#endif
