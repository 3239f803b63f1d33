/*
 * ledger.h: what the writer must still know after a crash: how far the server has acknowledged,
 * how the rounds in hand are cut, each stream's account, the instruments' definitions.
 *
 * Position and cuts are in the journal's cursor (position and note), saved in one atomic step. The
 * streams' accounts are in JOURNAL/store/NAME.streams: two generations, one of which belongs to the
 * cursor's position whenever a crash comes, because the file is always written first. Definitions
 * are in JOURNAL/store/NAME.instruments, written when new ones have come, before the cursor passes
 * them. Both files carry a CRC; where one is missing or damaged, definitions are read from the
 * journal again and accounts begin anew.
 *
 * Threads  [owner].
 */
#ifndef SJ_STORE_LEDGER_H
#define SJ_STORE_LEDGER_H

#include "store/rows.h"
#include "store/store.h"

#define SJ_STORE_PATH_MAX 512

struct sj_store_accounts {
    uint64_t position; /* these accounts hold when the cursor is here */
    uint64_t dead_count;
    uint32_t stream_count;
    uint32_t reserved;
    struct sj_store_stream streams[SJ_STORE_STREAMS_MAX]; /* acknowledged part only */
};

struct sj_store_ledger {
    char journal_dir[SJ_STORE_PATH_MAX];
    char name[SJ_JOURNAL_CURSOR_NAME_MAX];
    uint64_t position;
    uint64_t event_count;
    uint32_t cut_count; /* rounds that were cut and may have been sent */
    uint64_t cuts[SJ_STORE_ROUNDS];
    struct sj_store_accounts accounts; /* at `position` */
    uint64_t saved_change_count;       /* of the symbols in the file */
    bool were_accounts_lost;
};

/* Reads what the last life left; begins at `first` where there was none. Fills the symbols from the
 * file; returns 1 where that was not possible and the journal must be read for them, 0 else. */
SJ_MUST_USE sj_rc sj_store_ledger_load(struct sj_store_ledger *ledger, const char *journal_dir,
                                       const char *name, struct sj_store_symbols *symbols);

/* Keeps the rounds' cuts, so that they can be cut the same way again. */
SJ_MUST_USE sj_rc sj_store_ledger_save_cuts(struct sj_store_ledger *ledger);

/* Moves on to accounts->position (its first cut is done). Definitions first, then accounts, then
 * the cursor. */
SJ_MUST_USE sj_rc sj_store_ledger_advance(struct sj_store_ledger *ledger,
                                          const struct sj_store_accounts *accounts,
                                          uint64_t event_count,
                                          const struct sj_store_symbols *symbols);

/* The account of a stream, made where it is new. NULL: there are SJ_STORE_STREAMS_MAX others. */
struct sj_store_stream *sj_store_stream_of(struct sj_store_stream *streams, uint32_t *count,
                                           uint32_t src);

/* Writes `size` bytes as PATH in one step that a crash leaves done or undone. */
SJ_MUST_USE sj_rc sj_store_file_replace(const char *path, const void *data, size_t size);

/* Reads a whole file of at most `max` bytes into `out`. */
SJ_MUST_USE sj_rc sj_store_file_read(const char *path, size_t max, struct sj_store_bytes *out);

#endif
