/*
 * writer.h: the writer's state, shared by the files that make it up: journal.c opens, closes and
 * answers, append.c takes events, flush.c times the group commit.
 *
 * Threads  [writer] throughout.
 */
#ifndef SJ_JOURNAL_WRITER_H
#define SJ_JOURNAL_WRITER_H

#include "journal/commit.h"
#include "journal/definitions.h"
#include "journal/keeper.h"
#include "journal/recover.h"

/* The block being filled: its header is written into the ring when it is closed. */
struct sj_open_block {
    bool is_open;
    uint64_t position;
    uint32_t granule;
    struct sj_block_head head;
};

struct sj_journal {
    struct sj_journal_options options;
    char dir[SJ_JOURNAL_PATH_MAX];
    const struct sj_journal_io *io;
    int lock_fd;
    struct sj_head *head;
    struct sj_commit commit;
    struct sj_keeper keeper;
    struct sj_definitions definitions;
    uint64_t journal_id;

    /* The open segment. */
    uint64_t ordinal;
    uint64_t nonce;
    uint64_t base;
    uint32_t chain;
    bool has_events; /* appended to, since it began */
    struct sj_segment_index *index;

    uint32_t block_max;
    uint64_t run_max;    /* bytes of one append */
    uint64_t tail;       /* position of the next byte */
    uint64_t closed_end; /* end of the last closed block */
    uint64_t offered;
    struct sj_open_block block;
    uint64_t last_seq[SJ_JOURNAL_SOURCES_MAX];
    uint64_t event_count; /* of the journal */

    /* Group commit. */
    int64_t now_ns;
    int64_t pending_since_ns; /* 0: nothing pending, or not known yet */
    bool pending;
    int64_t rate_ns; /* when the rate was last taken */
    uint64_t rate_count;
    double rate_ewma;
    int64_t interval_ns;
    uint64_t durable_seen;

    sj_rc stopped;
    char stopped_text[128];
};

/* Stops accepting, for good. Returns rc. */
sj_rc sj_writer_stop(struct sj_journal *journal, sj_rc rc, const char *what);

/* 0, or why the journal has stopped (a failure of the commit thread is noticed here). */
sj_rc sj_writer_check(struct sj_journal *journal);

/* Begins the next segment at `base`, whose predecessor ends at `prev_end`: takes a prepared file
 * (waiting for it unless nonblocking: -SJ_E_FULL), puts header and definitions into the ring. */
SJ_MUST_USE sj_rc sj_writer_begin_segment(struct sj_journal *journal, uint64_t base,
                                          uint64_t prev_end, bool nonblocking);

void sj_writer_close_block(struct sj_journal *journal);

/* Closes the block and hands everything to the commit thread. */
void sj_writer_flush(struct sj_journal *journal);

/* Waits until `size` bytes fit into the ring. -SJ_E_FULL when nonblocking, or why it stopped. */
SJ_MUST_USE sj_rc sj_writer_reserve(struct sj_journal *journal, uint64_t size, bool nonblocking);

#endif
