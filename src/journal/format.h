/*
 * format.h: the bytes of a journal: segment header, block header, trailer; and what makes each
 * valid.
 *
 * All little-endian, as they lie in memory on the machines we run on. README.md says what each is
 * for.
 *
 * Errors   -SJ_E_CORRUPT: not what was written. -SJ_E_LAYOUT: another version.
 * Threads  [any], no state.
 */
#ifndef SJ_JOURNAL_FORMAT_H
#define SJ_JOURNAL_FORMAT_H

#include <stddef.h>

#include "event/event.h"
#include "journal/journal.h"

#define SJ_JOURNAL_VERSION 1
#define SJ_JOURNAL_PAGE 4096u
#define SJ_JOURNAL_SEGMENT_MIN (64u << 10)
#define SJ_JOURNAL_BLOCK_MAX (128u << 10) /* header and frames */
#define SJ_JOURNAL_PATH_MAX 4096

#define SJ_BLOCK_MAGIC 0x314b4c424a53a55aULL   /* "Z\xa5SJBLK1" */
#define SJ_SEGMENT_MAGIC 0x314d47534a53a55aULL /* "Z\xa5SJSGM1" */
#define SJ_TRAILER_MAGIC 0x314c41454a53a55aULL /* "Z\xa5SJEAL1" */

enum sj_block_flag {
    SJ_BLOCK_REPEAT = 1 << 0,      /* definitions said before; no new events */
    SJ_BLOCK_DEFINITIONS = 1 << 1, /* holds at least one instrument definition */
    SJ_BLOCK_VOID = 1 << 2         /* stands where repair took damaged bytes away; no events */
};

struct sj_block_head {
    uint64_t magic;
    uint16_t version;
    uint16_t head_size;
    uint32_t flags;
    uint64_t position;
    uint64_t segment_nonce;
    uint32_t payload_size;
    uint32_t count;
    uint32_t src;
    uint32_t chain; /* head_crc of the block before it in the segment, 0 for the first */
    uint64_t first_seq;
    uint64_t last_seq;
    uint64_t prev_seq; /* of the same source, 0 for its first */
    int64_t first_ns;
    int64_t last_ns;
    uint64_t durable_position;
    uint64_t event_count; /* events of the journal before this block */
    uint32_t payload_crc;
    uint32_t reserved[4];
    uint32_t head_crc; /* of the 124 bytes before it */
};
_Static_assert(sizeof(struct sj_block_head) == 128, "block header");
_Static_assert(offsetof(struct sj_block_head, head_crc) == 124, "CRC last");

struct sj_segment_source {
    uint64_t last_seq;
};

enum sj_segment_flag { SJ_SEGMENT_COMPRESSED = 1 << 0 };

/* The first page of a segment. */
struct sj_segment_head {
    uint64_t magic;
    uint16_t version;
    uint16_t schema_id;
    uint16_t schema_version;
    uint16_t reserved0;
    uint64_t journal_id;
    uint64_t nonce; /* of this segment, random: its blocks carry it */
    uint64_t ordinal;
    uint64_t base;     /* position of this page */
    uint64_t prev_end; /* position where the segment before it ends */
    uint64_t size;     /* preallocated */
    uint64_t event_count;
    int64_t created_ns;
    uint32_t flags;
    uint32_t granule_size;
    struct sj_segment_source sources[SJ_JOURNAL_SOURCES_MAX];
    uint8_t reserved1[SJ_JOURNAL_PAGE - 88 - 8 * SJ_JOURNAL_SOURCES_MAX - 4];
    uint32_t crc;
};
_Static_assert(sizeof(struct sj_segment_head) == SJ_JOURNAL_PAGE, "segment header is a page");

/* The last bytes of a sealed segment. */
struct sj_segment_trailer {
    uint64_t magic;
    uint16_t version;
    uint16_t reserved0;
    uint32_t flags;
    uint64_t journal_id;
    uint64_t nonce;
    uint64_t end;          /* position where the blocks end */
    uint64_t index_offset; /* in the file */
    uint32_t index_size;
    uint32_t index_crc;
    uint64_t event_count; /* in this segment */
    uint64_t block_count;
    int64_t first_ns;
    int64_t last_ns;
    uint64_t table_offset; /* of a compressed segment's chunks, in the file */
    uint64_t base;
    uint32_t table_count;
    uint32_t table_crc;
    uint32_t reserved1;
    uint32_t clean; /* 1: everything from header to end was whole when sealed */
    uint32_t reserved2;
    uint32_t crc;
};
_Static_assert(sizeof(struct sj_segment_trailer) == 128, "trailer");

static inline uint64_t sj_page_down(uint64_t x)
{
    return x & ~(uint64_t)(SJ_JOURNAL_PAGE - 1);
}
static inline uint64_t sj_page_up(uint64_t x)
{
    return sj_page_down(x + SJ_JOURNAL_PAGE - 1);
}

/* Each fills in magic, version and CRC over what the caller set. */
void sj_block_head_seal(struct sj_block_head *head);
void sj_segment_head_seal(struct sj_segment_head *head);
void sj_segment_trailer_seal(struct sj_segment_trailer *trailer);

/* Whether the header is whole and sane by itself (CRC, sizes, ranges). */
SJ_MUST_USE sj_rc sj_block_head_check(const struct sj_block_head *head);
SJ_MUST_USE sj_rc sj_segment_head_check(const struct sj_segment_head *head);
SJ_MUST_USE sj_rc sj_segment_trailer_check(const struct sj_segment_trailer *trailer);

/* Whether `payload` (head->payload_size bytes) is what the header says: its CRC, and that it is
 * `count` whole frames. */
SJ_MUST_USE sj_rc sj_block_payload_check(const struct sj_block_head *head, const void *payload);

/* A frame's receive time; the smallest frames carry their own time. */
static inline int64_t sj_frame_time(const struct sj_frame *frame)
{
    if (frame->block_length < sizeof(struct sj_frame) + 8 - SJ_FRAME_HEAD_SIZE)
        return frame->exch_ns;
    int64_t recv_ns;
    __builtin_memcpy(&recv_ns, (const uint8_t *)frame + sizeof(struct sj_frame), 8);
    return recv_ns;
}

/* Whether a frame of at most `room` bytes begins here: its size is a multiple of the unit within
 * the limits. Returns its size or 0. */
static inline uint32_t sj_frame_fits(const void *at, uint64_t room)
{
    if (room < SJ_FRAME_UNIT)
        return 0;
    uint32_t size = sj_frame_size(at);
    bool fits = size >= SJ_FRAME_UNIT && size <= SJ_EVENT_SIZE_MAX && size % SJ_FRAME_UNIT == 0 &&
                size <= room;
    return fits ? size : 0;
}

#endif
