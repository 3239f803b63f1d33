/*
 * reader.h: a reader's state, shared by reader.c (what comes next) and seek.c (where to go).
 *
 * Threads  [reader].
 */
#ifndef SJ_JOURNAL_READER_H
#define SJ_JOURNAL_READER_H

#include "journal/head.h"
#include "journal/index.h"
#include "journal/scan.h"

/* What is known of a segment without reading its blocks. */
struct sj_reader_segment {
    uint64_t ordinal;
    uint64_t base; /* UINT64_MAX: nothing in it is whole */
    uint64_t prev_end;
    uint64_t end; /* where sealed, else 0 */
    int64_t last_ns;
    bool plain;
    bool head_whole;
};

struct sj_journal_reader {
    char dir[SJ_JOURNAL_PATH_MAX];
    bool durable_only;
    bool repeats;
    const struct sj_head *head; /* NULL: none yet */
    bool writer_lives;
    int64_t lives_checked_ns;
    struct sj_reader_segment *segments;
    size_t segment_count;
    size_t at; /* index of the open segment */
    bool is_open;
    bool synced; /* a dead writer's file was made durable by us */
    struct sj_window window;
    struct sj_scan scan;
    uint64_t last_seq[SJ_JOURNAL_SOURCES_MAX]; /* of what was delivered; 0: none, or not known */
    bool sources_known; /* read on from a segment's beginning: 0 means none */
    struct sj_journal_damage damage;
    uint32_t *only; /* instruments wanted; NULL: all */
    uint32_t only_count;
    bool filter_made; /* for the open segment */
    bool filter_holds;
    uint32_t filter_granule_size;
    uint64_t filter[SJ_INDEX_GRANULES / 64];
    uint64_t filter_offsets[SJ_INDEX_GRANULES];
};

/* Reads the directory again; keeps its place. */
SJ_MUST_USE sj_rc sj_reader_refresh(struct sj_journal_reader *reader);

/* Opens segment `index` of the table at its first block. */
SJ_MUST_USE sj_rc sj_reader_enter(struct sj_journal_reader *reader, size_t index);

/* What the open segment's header says of the sources is what was before its first block. */
void sj_reader_adopt_sources(struct sj_journal_reader *reader);
void sj_reader_forget_sources(struct sj_journal_reader *reader);

/* Sets the scan's end from trailer, head file or the next segment, as of now. */
void sj_reader_bound(struct sj_journal_reader *reader);

/* Moves on where nothing up to the next wanted granule is wanted. True when it moved. */
bool sj_reader_skip_unwanted(struct sj_journal_reader *reader);

#endif
