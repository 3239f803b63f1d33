/*
 * writer.h: the writer's state and its three jobs: feeding rounds from the journal (feed.c),
 * knowing the server and taking turns (store.c), giving account (stats.c).
 *
 * Threads  [owner], except what is said to be [any]. Nothing of this is for other rooms.
 */
#ifndef SJ_STORE_WRITER_H
#define SJ_STORE_WRITER_H

#include "store/ledger.h"
#include "store/round.h"
#include "store/setup.h"
#include "store/store.h"

#include <pthread.h>

struct sj_store {
    struct sj_store_config config;
    char dead_dir[SJ_STORE_PATH_MAX];
    struct sj_store_options options;
    struct sj_journal_reader *reader;
    struct sj_store_ledger ledger;
    struct sj_store_symbols symbols;
    struct sj_store_client *client;
    struct sj_store_setup setup;
    int64_t setup_try_ns;
    struct sj_backoff setup_backoff;
    struct sj_store_workshop workshop;
    struct sj_store_sender sender;

    /* rounds[first .. first + count - 1] (modulo) are in hand; the last one may be filling. */
    struct sj_store_round rounds[SJ_STORE_ROUNDS];
    uint32_t first;
    uint32_t count;
    uint32_t old_cut_count; /* cuts of an earlier life that are still to be made */
    uint32_t old_cut_next;
    uint64_t read_position;
    int64_t full_since_ns[SJ_STORE_QUEUE_COUNT]; /* 0: not full */
    bool is_adopted;                             /* what the setup told is in use */
    _Atomic bool is_flushing;
    int64_t published_ns;

    struct sj_store_stats stats; /* [owner] */
    struct sj_hist insert_hist;
    pthread_mutex_t lock; /* of `published` */
    struct sj_store_stats published;
};

/* The i-th round in hand, the oldest first. */
static inline struct sj_store_round *sj_store_round_at(struct sj_store *store, uint32_t i)
{
    return &store->rounds[(store->first + i) % SJ_STORE_ROUNDS];
}

/* --- feed.c --- */

/* Opens the journal and what the last life left, and goes to the cursor. -ENOENT, -errno. */
SJ_MUST_USE sj_rc sj_store_feed_open(struct sj_store *store);

/* Reads on, and cuts the round when it is due: its cut is durable before it returns. Returns how
 * much it did. -errno: the cut could not be kept. */
SJ_MUST_USE sj_rc sj_store_feed_fill(struct sj_store *store, int64_t now_ns);

/* Moves the rounds on and the cursor past those that are done, oldest first. Returns how much it
 * did. -errno: the ledger could not be written. */
SJ_MUST_USE sj_rc sj_store_feed_advance(struct sj_store *store, int64_t now_ns);

/* --- stats.c --- */

/* Counts a wait at a full queue once for every queue_timeout_ms that it lasts, and logs it. */
void sj_store_note_full(struct sj_store *store, enum sj_store_queue queue, bool is_full,
                        int64_t now_ns);

/* Makes the state visible to sj_store_stats_get. */
void sj_store_publish(struct sj_store *store);

#endif
