/*
 * exchange.h: one request and its answer.
 *
 *   begin ── head read, who is it ──> TEXT ── an INSERT's data begin ──> DATA
 *     TEXT: the statement is gathered          (exchange.c)   DATA: bytes go to the engine
 * (insert.c) finish: TEXT -> statement run (answer.c), DATA -> committed (insert.c), FAILED ->
 * error body of the answer: pieces from answer.c until the result ends close: whatever is still
 * open is cancelled
 *
 * The engine's side (connection or session, place among the running statements) is released as
 * soon as the statement has ended, before the last bytes go out: a client may send its next
 * request in the same session the moment it has the answer.
 *
 * Threads  the thread of the HTTP connection owns an exchange.
 * Memory   one allocation, a decoder, the statement's text (bounded), one block of the result.
 */
#ifndef SJ_STORE_EMBEDDED_EXCHANGE_H
#define SJ_STORE_EMBEDDED_EXCHANGE_H

#include <microhttpd.h>

#include "store/embedded/codec.h"
#include "store/embedded/engine.h"
#include "store/embedded/error.h"
#include "store/embedded/format.h"
#include "store/embedded/request.h"
#include "store/embedded/session.h"
#include "store/embedded/sql.h"
#include "store/embedded/watch.h"

#define SJ_EMB_SQL_SIZE_MAX (1u << 20)
#define SJ_EMB_TAG_SIZE 16

/* What all exchanges share. */
struct sj_emb_house {
    struct sj_embedded_options options; /* complete: no 0s, no NULLs but password */
    struct sj_emb_auth auth;
    struct sj_emb_engine engine;
    struct sj_emb_sessions sessions;
    struct sj_emb_watch watch;
    atomic_size_t exchange_count; /* requests begun and not over */
    atomic_bool is_stopping;      /* new requests are refused */
};

enum sj_emb_phase {
    SJ_EMB_PHASE_TEXT,
    SJ_EMB_PHASE_DATA,
    SJ_EMB_PHASE_FAILED,
    SJ_EMB_PHASE_PLAIN, /* /ping and the like */
};

struct sj_emb_summary {
    uint64_t read_rows;
    uint64_t read_bytes;
    uint64_t written_rows;
    uint64_t written_bytes;
    uint64_t result_rows;
};

struct sj_emb_exchange {
    struct sj_emb_house *house;
    struct MHD_Connection *http;
    struct sj_emb_request request;
    enum sj_emb_identity identity;
    enum sj_emb_phase phase;
    bool is_get; /* GET and HEAD read only, whoever asks */
    const char *plain;
    char query_id[SJ_EMB_ID_SIZE_MAX + 1];
    char *basic_user; /* from Basic credentials, MHD's memory */
    char *basic_password;

    struct sj_emb_decoder *decoder;
    struct sj_emb_buffer text; /* the statement */
    struct sj_emb_sql sql;
    uint64_t body_bytes;   /* decoded */
    uint64_t wasted_bytes; /* received after the failure */

    struct sj_emb_session *session;
    sj_chdb_connection *connection;
    struct sj_emb_running *running;
    struct chdb_insert_stream_ *insert;

    const struct sj_emb_format *format;
    struct chdb_result_ *stream; /* of a streamed result */
    struct chdb_result_ *block;  /* being sent */
    struct chdb_result_ *ahead;  /* the block after it, already fetched */
    bool is_result_over;
    bool is_first_block;
    bool is_broken; /* failed after the head was sent */
    struct sj_emb_encoder *encoder;
    struct sj_emb_buffer out;
    size_t out_offset;
    char tag[SJ_EMB_TAG_SIZE + 1];
    struct sj_emb_summary summary;
    int64_t begun_ns;

    int error_code;
    char error[4096];
};

/* Notes the first failure: ClickHouse's code and a message (wrapped as the engine words its own).
 * The body that may still come is skipped. */
void sj_emb_exchange_fail(struct sj_emb_exchange *exchange, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Notes a failure in the engine's own words. */
void sj_emb_exchange_fail_engine(struct sj_emb_exchange *exchange, const char *message);

/* Reads the request's head. Always gives an exchange (maybe FAILED), or NULL without memory. */
struct sj_emb_exchange *sj_emb_exchange_begin(struct sj_emb_house *house,
                                              struct MHD_Connection *http, const char *url,
                                              const char *method);

/* Takes a piece of the body. false: enough, hang up. */
bool sj_emb_exchange_feed(struct sj_emb_exchange *exchange, const void *data, size_t size);

/* The request is complete: runs what is to be run and queues the answer. */
enum MHD_Result sj_emb_exchange_finish(struct sj_emb_exchange *exchange);

/* The exchange is over, well or not. */
void sj_emb_exchange_close(struct sj_emb_exchange *exchange);

/* Before and after a call that may take long: the HTTP library must not count it as idleness. */
void sj_emb_exchange_pause(struct sj_emb_exchange *exchange);
void sj_emb_exchange_resume(struct sj_emb_exchange *exchange);

/* engine side: place, connection, settings; FAILED on error. `is_whole`: see setup.h. */
bool sj_emb_exchange_attach(struct sj_emb_exchange *exchange, bool is_insert, bool is_whole);
void sj_emb_exchange_detach(struct sj_emb_exchange *exchange, bool is_insert, bool is_whole);

bool sj_emb_exchange_is_reader(const struct sj_emb_exchange *exchange);

/* Parameters as the engine's functions take them; the arrays are the caller's. */
struct sj_emb_params {
    const char *names[SJ_EMB_PAIR_MAX];
    size_t name_sizes[SJ_EMB_PAIR_MAX];
    const char *values[SJ_EMB_PAIR_MAX];
    size_t value_sizes[SJ_EMB_PAIR_MAX];
    size_t count;
};
void sj_emb_params_of(const struct sj_emb_request *request, struct sj_emb_params *ret_params);

/* insert.c */
void sj_emb_insert_begin(struct sj_emb_exchange *exchange);
void sj_emb_insert_feed(struct sj_emb_exchange *exchange, const void *data, size_t size);
void sj_emb_insert_commit(struct sj_emb_exchange *exchange);
void sj_emb_insert_cancel(struct sj_emb_exchange *exchange);

/* answer.c: runs the statement in `text`; afterwards the exchange is FAILED, or its result is
 * ready for sj_emb_answer_next. */
void sj_emb_answer_run(struct sj_emb_exchange *exchange);

/* Makes `out` hold the next piece of the coded result. false: there is none. */
bool sj_emb_answer_next(struct sj_emb_exchange *exchange);
void sj_emb_answer_drop(struct sj_emb_exchange *exchange);

/* reply.c: queue an answer. */
enum MHD_Result sj_emb_reply_plain(struct sj_emb_exchange *exchange, const char *text);
enum MHD_Result sj_emb_reply_error(struct sj_emb_exchange *exchange);
enum MHD_Result sj_emb_reply_result(struct sj_emb_exchange *exchange);

/* hello.c: clickhouse-go's greeting, answered by hand. false: it is not that statement. */
bool sj_emb_hello_answer(struct sj_emb_exchange *exchange);

#endif
