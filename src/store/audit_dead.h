/*
 * audit_dead.h: the names of all rows in dead letters, for the audit: what is there is not missing.
 *
 * Threads  [owner]. Memory: 16 bytes a row.
 */
#ifndef SJ_STORE_AUDIT_DEAD_H
#define SJ_STORE_AUDIT_DEAD_H

#include "store/store.h"

struct sj_store_dead_name;

/* All zero: none. */
struct sj_store_dead_names {
    struct sj_store_dead_name *names; /* sorted once all are read */
    size_t count;
    size_t capacity;
};

/* Reads the dead letters of a journal. A damaged file is passed over: its rows then count as
 * missing. -ENOMEM, -errno. */
SJ_MUST_USE sj_rc sj_store_dead_names_read(struct sj_store_dead_names *set,
                                           const struct sj_store_config *config,
                                           const char *journal_dir);

bool sj_store_dead_names_have(const struct sj_store_dead_names *set, uint32_t table, uint32_t src,
                              uint64_t seq);

void sj_store_dead_names_done(struct sj_store_dead_names *set);

#endif
