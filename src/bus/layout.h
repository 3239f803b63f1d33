/*
 * layout.h: the bytes of a ring file.
 *
 *   head (a page) | slots of 64 readers | published counts | checkpoints | readers' topic tables |
 * data
 *
 * Every size follows from (size, topic_count), so nobody has to trust an offset found in the file.
 * Whatever two sides write lies on lines of its own.
 */
#ifndef SJ_BUS_LAYOUT_H
#define SJ_BUS_LAYOUT_H

#include "shijim/bus.h"

#include <stdalign.h>
#include <stdatomic.h>

#define RING_MAGIC 0x31676e69726a6873ULL /* "shjring1" */
#define RING_ABI 1
#define RING_SIZE_MIN (64ULL << 10)
#define RING_SIZE_MAX (16ULL << 30)
#define RING_SIZE_DEFAULT (64ULL << 20)
#define RING_TOPICS_MAX (1U << 20)
#define RING_HEAD_SIZE 4096
#define RING_LINE 128 /* two lines: processors fetch them in pairs */

/* A slot of a dead process stays used until someone needs it; a dead gate's, so that it can resume.
 */
enum slot_state { SLOT_FREE, SLOT_USED };

struct reader_slot {
    /* Written by the reader when it attaches. */
    alignas(RING_LINE) _Atomic uint32_t state;
    _Atomic uint32_t policy;
    _Atomic int32_t pid;
    _Atomic uint64_t start_time;
    _Atomic int64_t evict_deadline_ns;
    _Atomic uint64_t name[SJ_BUS_NAME_MAX / 8];
    /* Written by the reader with each release. */
    alignas(RING_LINE) _Atomic uint64_t pos;
    _Atomic uint64_t next_seq;
    _Atomic uint64_t lost_count;
    _Atomic uint64_t lag_high_count;
    /* Written by the producer: the hold is gone. */
    alignas(RING_LINE) _Atomic uint32_t evicted;
};

struct ring_head {
    /* Written once, magic last. */
    _Atomic uint64_t magic;
    uint32_t abi;
    uint32_t topic_count;
    uint64_t layout_hash;
    uint64_t size;
    uint64_t first_seq;
    uint8_t boot_id[16];
    uint32_t src;
    uint32_t reserved;
    /* The producer. */
    alignas(RING_LINE) _Atomic int32_t pid; /* 0: none */
    _Atomic uint32_t closed;
    _Atomic uint64_t start_time;
    _Atomic int64_t beat_ns;
    alignas(RING_LINE) struct sj_bus_shown shown;
    /* Frames that begin before this may be overwritten at any moment. */
    alignas(RING_LINE) _Atomic uint64_t horizon;
    alignas(RING_LINE) _Atomic uint64_t checkpoint_count;
    /* Bit i: slot i holds the producer back. */
    alignas(RING_LINE) _Atomic uint64_t gates;
    alignas(RING_LINE) _Atomic uint32_t parked;
};

/* The state of the stream at a moment when everything before `pos` was shown. Number k lies in
 * place k % step_count and may be overwritten once checkpoint_count reaches k + step_count. */
struct checkpoint {
    _Atomic uint64_t pos;
    _Atomic uint64_t seq; /* of the frame at pos */
    _Atomic uint64_t published[];
};

struct topic_tables {
    _Atomic uint64_t *passed; /* read or lost */
    _Atomic uint64_t *lost;
    _Atomic uint64_t *lag_high;
};

_Static_assert(sizeof(struct ring_head) <= RING_HEAD_SIZE, "the head fits its page");
_Static_assert(sizeof(struct reader_slot) % RING_LINE == 0, "slots share no line");

struct geometry {
    uint64_t size;
    uint32_t topic_count;
    uint32_t step_count; /* of the horizon, and the number of checkpoints kept */
    uint64_t step_size;
    uint64_t table_size; /* one count per topic, in whole lines */
    uint64_t checkpoint_size;
    uint64_t slots_offset;
    uint64_t published_offset;
    uint64_t checkpoints_offset;
    uint64_t topics_offset;
    uint64_t data_offset;
    uint64_t file_size;
};

/* -SJ_E_RANGE: no ring has these numbers. */
sj_rc ring_geometry(uint64_t size, uint32_t topic_count, struct geometry *ret);

/* Two builds that lay out a ring differently differ in this. */
uint64_t ring_layout_hash(void);

#endif
