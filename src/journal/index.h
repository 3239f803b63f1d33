/*
 * index.h: what a sealed segment knows of its blocks: per granule (1/256 of the segment) the times
 * and each source's first sequence, per instrument the granules that have it.
 *
 * Built while the segment is written (or by scanning it), kept behind its blocks.
 *
 * Threads  [owner]: the writer while the segment is open, then whoever seals it.
 * Memory   about 2.3 MB of address space, touched as instruments appear.
 */
#ifndef SJ_JOURNAL_INDEX_H
#define SJ_JOURNAL_INDEX_H

#include "base/assert.h"
#include "journal/format.h"

#define SJ_INDEX_GRANULES 256
#define SJ_INDEX_INSTRUMENTS 65536

struct sj_index_granule {
    uint64_t offset; /* of the first block that begins in it; 0: none does */
    int64_t first_ns;
    int64_t last_ns;      /* the latest of this granule and all before it */
    uint64_t event_count; /* events of the segment before it */
};

struct sj_index_instrument {
    uint32_t instrument;
    uint32_t reserved;
    uint64_t granules[SJ_INDEX_GRANULES / 64]; /* a bit for each granule that has it */
};

struct sj_segment_index {
    uint32_t granule_size;
    bool instruments_whole; /* no instrument was beyond the table */
    uint64_t event_count;
    uint64_t block_count;
    int64_t first_ns;
    int64_t last_ns;
    uint64_t last_seq[SJ_JOURNAL_SOURCES_MAX]; /* at the segment's end, of the whole journal */
    struct sj_index_granule granules[SJ_INDEX_GRANULES];
    uint64_t first_seq[SJ_INDEX_GRANULES][SJ_JOURNAL_SOURCES_MAX]; /* 0: not in it */
    uint64_t bits[SJ_INDEX_INSTRUMENTS][SJ_INDEX_GRANULES / 64];
};

SJ_MUST_USE sj_rc sj_index_create(struct sj_segment_index **ret_index);
void sj_index_close(struct sj_segment_index *index);

/* Empties it for a segment of granules of `granule_size`, after sources that ended at `sources`. */
void sj_index_reset(struct sj_segment_index *index, uint32_t granule_size,
                    const struct sj_segment_source *sources);

/* The granule size for a segment of `segment_size`. */
uint32_t sj_index_granule_size(uint64_t segment_size);

static inline uint32_t sj_index_granule(const struct sj_segment_index *index, uint64_t offset)
{
    uint64_t granule = offset / index->granule_size;
    return granule < SJ_INDEX_GRANULES ? (uint32_t)granule : SJ_INDEX_GRANULES - 1;
}

/* An event of `instrument` lies in a block that begins in `granule`. */
static inline void sj_index_add_instrument(struct sj_segment_index *index, uint32_t granule,
                                           uint32_t instrument)
{
    if (SJ_LIKELY(instrument < SJ_INDEX_INSTRUMENTS))
        index->bits[instrument][granule / 64] |= 1ULL << granule % 64;
    else
        index->instruments_whole = false;
}

/* A finished block at `offset`. */
void sj_index_add_block(struct sj_segment_index *index, const struct sj_block_head *head,
                        uint64_t offset);

/* The block's frames, too: for an index built by scanning. */
void sj_index_add_payload(struct sj_segment_index *index, const struct sj_block_head *head,
                          const uint8_t *payload, uint64_t offset);

/* As bytes for the file: allocated, the caller frees. */
SJ_MUST_USE sj_rc sj_index_save(const struct sj_segment_index *index, uint8_t **ret_bytes,
                                uint32_t *ret_size);

/* Reads what save made, after its CRC was checked. -SJ_E_CORRUPT. */
SJ_MUST_USE sj_rc sj_index_load(struct sj_segment_index *index, const uint8_t *bytes, size_t size);

#endif
