/*
 * request.h: what a client asked for, from the arguments of its URL and its headers.
 *
 * The text stays where the HTTP library put it (valid as long as the request); nothing is copied.
 *
 * Errors   -SJ_E_LIMIT: more settings or parameters than the table holds. -SJ_E_MALFORMED: a name
 *          or number that cannot be one. `request->complaint` then says which.
 * Threads  pure; the owner of the request.
 */
#ifndef SJ_STORE_EMBEDDED_REQUEST_H
#define SJ_STORE_EMBEDDED_REQUEST_H

#include "store/embedded/buffer.h"

#define SJ_EMB_PAIR_MAX 128
#define SJ_EMB_ID_SIZE_MAX 128
#define SJ_EMB_SESSION_TIMEOUT_MAX_S 3600
#define SJ_EMB_SESSION_TIMEOUT_S 60

enum sj_emb_encoding {
    SJ_EMB_ENCODING_NONE,
    SJ_EMB_ENCODING_GZIP,
    SJ_EMB_ENCODING_DEFLATE,
    SJ_EMB_ENCODING_ZSTD,
    SJ_EMB_ENCODING_LZ4,
    SJ_EMB_ENCODING_BLOCKS, /* ClickHouse's own frames: compress=1, decompress=1 */
    SJ_EMB_ENCODING_UNKNOWN,
};

struct sj_emb_pair {
    struct sj_emb_text name;
    struct sj_emb_text value;
};

struct sj_emb_request {
    struct sj_emb_text query; /* of the URL; the body is appended to it */
    struct sj_emb_text database;
    struct sj_emb_text user;
    struct sj_emb_text password;
    struct sj_emb_text session_id;
    struct sj_emb_text query_id;
    struct sj_emb_text default_format;
    struct sj_emb_pair settings[SJ_EMB_PAIR_MAX];
    size_t setting_count;
    struct sj_emb_pair params[SJ_EMB_PAIR_MAX]; /* names without "param_" */
    size_t param_count;
    unsigned session_timeout_s;
    unsigned client_revision; /* client_protocol_version, 0 if absent */
    bool session_check;
    bool waits_for_end;    /* wait_end_of_query: the whole result before the head */
    bool sends_blocks;     /* decompress=1: the body is ClickHouse's compressed blocks */
    bool wants_blocks;     /* compress=1: so shall be the answer */
    bool refuses_encoding; /* enable_http_compression=0 */
    enum sj_emb_encoding body_encoding;
    enum sj_emb_encoding answer_encoding;
    char complaint[160];
};

void sj_emb_request_init(struct sj_emb_request *request);

/* Takes one URL argument. What is not an argument of the interface is a setting. */
SJ_MUST_USE sj_rc sj_emb_request_argument(struct sj_emb_request *request, struct sj_emb_text name,
                                          struct sj_emb_text value);

/* Takes one header; names compare without case, unknown ones are left alone. Basic credentials
 * are the caller's. */
SJ_MUST_USE sj_rc sj_emb_request_header(struct sj_emb_request *request, const char *name,
                                        struct sj_emb_text value);

/* The coding to answer in: the best of those accepted (zstd, lz4, gzip, deflate), q=0 heeded. */
enum sj_emb_encoding sj_emb_encoding_choose(struct sj_emb_text accept);

/* The coding of the answer's body, compress=1 and enable_http_compression=0 considered. */
enum sj_emb_encoding sj_emb_request_answer_encoding(const struct sj_emb_request *request);

/* The same of the request's body. */
enum sj_emb_encoding sj_emb_request_body_encoding(const struct sj_emb_request *request);

/* The name for Content-Encoding; NULL for none, blocks and unknown. */
const char *sj_emb_encoding_name(enum sj_emb_encoding encoding);

/* The value of the setting `name`, or NULL. The last one given counts. */
const struct sj_emb_text *sj_emb_request_setting(const struct sj_emb_request *request,
                                                 const char *name);

#endif
