/*
 * head.h: the small file by which readers of other processes follow the writer, and by which the
 * next opening learns what had been accepted when the writer was killed.
 *
 * It is a convenience: nothing but speed and the naming of never-written events is lost with it.
 *
 * Threads  [writer] stores accepted, [commit] stores written and durable, [any] of any process
 * loads. Memory   one mapped page or two.
 */
#ifndef SJ_JOURNAL_HEAD_H
#define SJ_JOURNAL_HEAD_H

#include <stdatomic.h>

#include "journal/format.h"

#define SJ_HEAD_MAGIC 0x314445484a53a55aULL /* "Z\xa5SJHED1" */

enum sj_head_state { SJ_HEAD_OPEN = 1, SJ_HEAD_CLOSED = 2, SJ_HEAD_STOPPED = 3 };

struct sj_head {
    uint64_t magic;
    uint32_t version;
    _Atomic uint32_t state; /* enum sj_head_state */
    uint64_t journal_id;
    uint64_t boot_id; /* positions hold for this boot of the machine only */
    uint64_t open_id; /* of this run of the writer */
    int64_t pid;
    _Alignas(64) _Atomic uint64_t accepted_position;
    _Atomic uint64_t accepted_count;
    _Atomic uint64_t hole_count;
    _Atomic uint64_t full_count;
    _Atomic int64_t flush_interval_ns;
    _Atomic uint64_t rate_milli; /* events/s x 1000 */
    _Alignas(64) _Atomic uint64_t written_position;
    _Atomic uint64_t durable_position;
    _Atomic uint64_t durable_count;
    _Atomic uint64_t sync_count;
    _Atomic int64_t sync_ewma_ns;
    _Atomic int64_t stopped;          /* sj_rc */
    _Atomic uint64_t segment_ordinal; /* the one written to */
    _Atomic uint64_t segment_base;
    _Atomic uint64_t segment_prev_end; /* where the one before it ended */
    _Alignas(64) _Atomic uint64_t accepted_seq[SJ_JOURNAL_SOURCES_MAX];
    _Atomic uint64_t durable_seq[SJ_JOURNAL_SOURCES_MAX];
};

/* Maps DIR/head for writing, making it if need be; what was in it is copied to `ret_before` (zero
 * when it was not whole). [writer] */
SJ_MUST_USE sj_rc sj_head_create(const char *dir, struct sj_head *ret_before,
                                 struct sj_head **ret_head);

/* Maps it for reading. -ENOENT, -SJ_E_LAYOUT. [any] */
SJ_MUST_USE sj_rc sj_head_map(const char *dir, const struct sj_head **ret_head);
void sj_head_unmap(const struct sj_head *head);

/* This boot's id, hashed; 0 where there is none to read. */
uint64_t sj_head_boot_id(void);

/* Takes DIR/lock for the one writer. -SJ_E_BUSY. The lock goes with the descriptor. */
SJ_MUST_USE sj_rc sj_head_lock(const char *dir, int *ret_fd);

/* Whether some process holds the lock. */
bool sj_head_writer_lives(const char *dir);

/* Fills in what the head file tells. [any] */
void sj_head_stat(const struct sj_head *head, struct sj_journal_stat *ret);

/* Relaxed addition by a field's one writer. */
static inline void sj_head_add(_Atomic uint64_t *field, uint64_t amount)
{
    atomic_store_explicit(field, atomic_load_explicit(field, memory_order_relaxed) + amount,
                          memory_order_relaxed);
}

#endif
