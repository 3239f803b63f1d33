/*
 * store.h: writes a journal into ClickHouse, each event once, and answers for it.
 *
 * The writer is a cursor on the journal (journal.h): it reads blocks, cuts them into rounds, sends
 * a round as one batch per table and month, and moves the cursor when the server has acknowledged
 * all of it. A round's cut is kept in the cursor's note before anything is sent, so that a retry
 * after any crash sends the same bytes: current servers recognise them by their token, older ones
 * are asked which (src, seq) they have. Rows no server will ever take end up in dead-letter files.
 *
 * Identity, per stream (source) and at every instant:
 *   read = acknowledged + waiting + dead-lettered
 * and what is durable but not read yet is waiting too.
 *
 * Units    _ns, _ms. _count: events. position: the journal's.
 * Errors   sj_rc. A server that is slow, down or wrong is no error of do_work: it is retried for
 * ever and told by the stats. -SJ_E_CORRUPT of the journal is counted and passed over. Threads
 * [owner] one thread. [any] sj_store_stats_get, sj_store_flush, sj_store_reason. Memory   bounded
 * by batch_bytes times the rounds in hand (SJ_STORE_ROUNDS) and their packed bodies.
 */
#ifndef SJ_STORE_STORE_H
#define SJ_STORE_STORE_H

#include "base/config.h"
#include "base/hist.h"
#include "journal/journal.h"
#include "store/client.h"

#include <stdio.h>

#define SJ_STORE_CURSOR "clickhouse" /* the name of the journal's cursor */
#define SJ_STORE_ROUNDS 4
#define SJ_STORE_STREAMS_MAX SJ_JOURNAL_SOURCES_MAX

/* --- configuration: section `store` --- */

enum sj_store_format { SJ_STORE_NATIVE, SJ_STORE_JSON };
enum sj_store_compression {
    SJ_STORE_COMPRESS_AUTO, /* LZ4 for native, gzip for JSON, as the server takes it */
    SJ_STORE_COMPRESS_LZ4,
    SJ_STORE_COMPRESS_GZIP,
    SJ_STORE_COMPRESS_NONE
};

struct sj_store_config {
    char url[SJ_STORE_URL_MAX];
    char database[SJ_STORE_NAME_MAX];
    char user[SJ_STORE_NAME_MAX];
    char password[SJ_STORE_PASSWORD_MAX];
    char ca_file[256];
    int32_t format;      /* enum sj_store_format */
    int32_t compression; /* enum sj_store_compression */
    int64_t batch_rows;
    int64_t batch_bytes;
    int64_t linger_ms;
    int64_t connections;
    int64_t connect_timeout_ms;
    int64_t request_timeout_ms;
    int64_t retry_min_ms;
    int64_t retry_max_ms;
    int64_t queue_timeout_ms;
    bool create_tables;
    bool async_insert;
    bool wait_for_async_insert;
    int64_t async_insert_max_data_size;
    int64_t async_insert_busy_timeout_ms;
    char settings[SJ_STORE_SETTINGS_MAX]; /* "name=value,name=value": sent where known */
    char dead_letter_dir[256];            /* empty: JOURNAL/dead */
};

extern const struct sj_config_key sj_store_config_keys[];
extern const uint32_t sj_store_config_key_count;

/* The section's row for sj_config_init. */
struct sj_config_section sj_store_config_section(struct sj_store_config *config);

/* --- the writer --- */

struct sj_store;

struct sj_store_options {
    const struct sj_store_config *config; /* copied */
    const char *journal_dir;
    const char *cursor;    /* NULL: SJ_STORE_CURSOR */
    uint64_t seed;         /* of the jitter; 0: a fresh one */
    uint32_t poll_wait_ms; /* how long do_work may wait for answers where it has nothing else to do;
                              0 on a thread that is shared */
    bool durable_only;     /* read no further than the journal's durable position (a live writer) */
};

/* Opens the journal and the cursor; goes on where the last life ended. The server need not be
 * there. -SJ_E_MALFORMED: the URL. -ENOENT: no journal. [init] */
SJ_MUST_USE sj_rc sj_store_create(const struct sj_store_options *options,
                                  struct sj_store **ret_store);

/* Reads, encodes, sends, collects answers. Returns how much it did; 0: nothing to do for now. A
 * negative code: the cursor cannot be kept (disk), nothing more is acknowledged. [owner] */
SJ_MUST_USE sj_rc sj_store_do_work(struct sj_store *store);

/* As sj_store_do_work, in the form of a duty (base/duty.h). */
sj_rc sj_store_duty_work(void *store);

/* From now on nothing lingers: what is read is sent at once. For an ordered stop. [any] */
void sj_store_flush(struct sj_store *store);

/* Whether everything readable has been acknowledged or dead-lettered. [owner] */
bool sj_store_is_caught_up(const struct sj_store *store);

/* Keeps the cursor and closes. What is under way is found out about at the next start. Accepts
 * NULL. [owner] */
void sj_store_close(struct sj_store *store);

/* --- statistics --- */

enum sj_store_queue { SJ_STORE_QUEUE_ROUNDS, SJ_STORE_QUEUE_REQUESTS, SJ_STORE_QUEUE_COUNT };
const char *sj_store_queue_name(enum sj_store_queue queue);

struct sj_store_stream {
    uint32_t src;
    uint64_t first_seq;
    uint64_t last_seq;   /* the last one read */
    uint64_t read_count; /* read_count = acked_count + waiting_count + dead_count */
    uint64_t acked_count;
    uint64_t waiting_count; /* read, in a round */
    uint64_t dead_count;
    uint64_t hole_count; /* sequences the journal does not have */
};

struct sj_store_stats {
    bool is_connected; /* the server answered the last request */
    char server_version[32];
    char last_error[SJ_STORE_ERROR_TEXT_MAX];
    uint64_t rows_count[SJ_STORE_TABLE_COUNT]; /* acknowledged */
    uint64_t batch_count;
    uint64_t sent_bytes;  /* of bodies */
    uint64_t plain_bytes; /* the same before compression */
    uint64_t retry_count[SJ_STORE_REASON_COUNT];
    uint64_t reconcile_count; /* how often an outcome was unknown and asked for */
    uint64_t found_count;     /* rows that turned out to be there already */
    uint64_t dead_count;      /* rows in dead letters, over all lives of the cursor */
    uint64_t corrupt_count;   /* damaged ranges of the journal passed over */
    uint64_t backlog_bytes;   /* of the journal, from the cursor to its end */
    int64_t backlog_ns;       /* age of the oldest event that is not acknowledged; 0: none */
    uint64_t queue_depth[SJ_STORE_QUEUE_COUNT];
    uint64_t queue_limit[SJ_STORE_QUEUE_COUNT];
    uint64_t queue_timeout_count[SJ_STORE_QUEUE_COUNT]; /* waits at a full queue that ran out */
    uint64_t acked_position;
    uint64_t acked_count;
    uint32_t stream_count;
    struct sj_store_stream streams[SJ_STORE_STREAMS_MAX];
};

/* A consistent copy. [any] */
void sj_store_stats_get(struct sj_store *store, struct sj_store_stats *ret);

/* Insert times of a batch, ns, from first byte sent to the answer. [any] */
const struct sj_hist *sj_store_insert_hist(const struct sj_store *store);

/* Whether every stream's identity holds. `ret_src` (may be NULL): the first that does not. */
bool sj_store_identity_holds(const struct sj_store_stats *stats, uint32_t *ret_src);

/* --- tools: each opens what it needs, runs, closes; errors in one line in `ret_error` --- */

struct sj_store_error {
    char text[SJ_STORE_ERROR_TEXT_MAX + 128];
};

/* Creates the database, tables and views that are missing. */
SJ_MUST_USE sj_rc sj_store_create_tables(const struct sj_store_config *config,
                                         struct sj_store_error *ret_error);

/* Runs one statement and streams the answer to `out` in `format` (NULL: TabSeparatedWithNames; a
 * FORMAT clause in the statement wins). */
SJ_MUST_USE sj_rc sj_store_query(const struct sj_store_config *config, const char *sql,
                                 const char *format, FILE *out, struct sj_store_error *ret_error);

struct sj_store_retry_report {
    uint64_t file_count;     /* dead-letter files found */
    uint64_t row_count;      /* rows in them */
    uint64_t inserted_count; /* rows now in the store (files removed) */
    uint64_t failed_count;   /* rows the server refused again (files stay) */
    uint64_t damaged_count;  /* files whose bytes are not what was written (they stay) */
};

/* Sends the dead letters of `dir` again, each once. */
SJ_MUST_USE sj_rc sj_store_retry_dead_letters(const struct sj_store_config *config, const char *dir,
                                              struct sj_store_retry_report *ret_report,
                                              struct sj_store_error *ret_error);

#endif
