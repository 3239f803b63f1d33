/*
 * support.h: what the journal's tests share: a temporary directory, events whose content follows
 * from source and sequence, an account of what a reader delivers.
 */
#ifndef SJ_TESTS_JOURNAL_SUPPORT_H
#define SJ_TESTS_JOURNAL_SUPPORT_H

#include "journal/io.h"
#include "journal/journal.h"
#include "support/test.h"

#define SMALL_SEGMENT (256u << 10)
#define SMALL_BUFFER (1u << 20)

/* Makes a new directory below TMPDIR and writes its path; exits if it cannot. */
void dir_create(char *path, size_t size);
void dir_remove(const char *path);

/* A test's own directory: its path is *state. */
int dir_setup(void **state);
int dir_teardown(void **state);
void dir_copy(const char *from, const char *to);

/* Options for small segments and buffers in `dir`, no reserve to speak of. */
struct sj_journal_options small_options(const char *dir);

/* Writes `count` events of `src` from `first_seq` on: 40 % trades, 60 % books, of 50 instruments,
 * each field a function of (src, seq). Returns their size. */
size_t events_make(uint8_t *buffer, uint32_t src, uint64_t first_seq, uint32_t count);
#define EVENTS_SIZE_MAX(count) ((size_t)(count)*512)

/* One instrument definition. */
struct sj_instrument definition_make(uint32_t instrument, uint64_t seq);

/* Appends events_make's in runs of `run`; asserts on every result. */
void append_events(struct sj_journal *journal, uint32_t src, uint64_t first_seq, uint32_t count,
                   uint32_t run);

/* What a reader delivered, per source; each event's content is checked against events_make. */
struct account {
    uint64_t count;
    uint64_t next_position;
    uint64_t first_seq[SJ_JOURNAL_SOURCES_MAX];
    uint64_t last_seq[SJ_JOURNAL_SOURCES_MAX];
    uint64_t per_source[SJ_JOURNAL_SOURCES_MAX];
    uint64_t missing; /* by jumps of the sequence within a source */
    uint64_t damage_count;
    uint64_t damage_lost; /* as the reader named them */
    uint64_t repeat_count;
    bool wrong; /* content that is not what was appended, or a sequence that ran backwards */
};

/* Reads up to the head and adds to the account. Returns how many spans came. */
uint64_t read_all(struct sj_journal_reader *reader, struct account *account);

/* Opens, reads all, closes. */
void read_journal(const char *dir, struct account *account);

#endif
