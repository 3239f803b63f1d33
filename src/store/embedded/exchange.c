#include "store/embedded/exchange.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/embedded/setup.h"

/* What is decoded at a time. */
#define PIECE_SIZE (256u << 10)
/* A body that is skipped because its request failed may be this long, then we hang up. */
#define WASTE_MAX (64u << 20)
/* A wrong password is answered this much later. */
#define WRONG_PASSWORD_DELAY_US 100000

bool sj_emb_exchange_is_reader(const struct sj_emb_exchange *exchange)
{
    return exchange->identity != SJ_EMB_WRITER || exchange->is_get;
}

void sj_emb_exchange_fail(struct sj_emb_exchange *exchange, int code, const char *format, ...)
{
    if (exchange->phase == SJ_EMB_PHASE_FAILED)
        return;
    char what[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    snprintf(exchange->error, sizeof(exchange->error), "Code: %d. DB::Exception: %s. (%s)", code,
             what, sj_emb_error_name(code));
    exchange->error_code = code;
    exchange->phase = SJ_EMB_PHASE_FAILED;
}

void sj_emb_exchange_fail_engine(struct sj_emb_exchange *exchange, const char *message)
{
    if (exchange->phase == SJ_EMB_PHASE_FAILED)
        return;
    snprintf(exchange->error, sizeof(exchange->error), "%s", message);
    exchange->error_code = sj_emb_error_code(message);
    exchange->phase = SJ_EMB_PHASE_FAILED;
}

void sj_emb_exchange_pause(struct sj_emb_exchange *exchange)
{
    MHD_set_connection_option(exchange->http, MHD_CONNECTION_OPTION_TIMEOUT, 0U);
}

void sj_emb_exchange_resume(struct sj_emb_exchange *exchange)
{
    MHD_set_connection_option(exchange->http, MHD_CONNECTION_OPTION_TIMEOUT,
                              exchange->house->options.idle_timeout_s);
}

static enum MHD_Result take_argument(void *cls, enum MHD_ValueKind kind, const char *name,
                                     size_t name_size, const char *value, size_t value_size)
{
    struct sj_emb_exchange *exchange = cls;
    (void)kind;
    struct sj_emb_text text = {value ? value : "", value ? value_size : 0};
    sj_rc rc =
        sj_emb_request_argument(&exchange->request, (struct sj_emb_text){name, name_size}, text);
    if (rc < 0)
        sj_emb_exchange_fail(exchange, SJ_EMB_UNKNOWN_SETTING, "%s", exchange->request.complaint);
    return rc < 0 ? MHD_NO : MHD_YES;
}

static enum MHD_Result take_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct sj_emb_exchange *exchange = cls;
    (void)kind;
    sj_rc rc = sj_emb_request_header(&exchange->request, name, sj_emb_text_of(value ? value : ""));
    if (rc < 0)
        sj_emb_exchange_fail(exchange, SJ_EMB_UNKNOWN_CODEC, "%s", exchange->request.complaint);
    return rc < 0 ? MHD_NO : MHD_YES;
}

static void identify(struct sj_emb_exchange *exchange)
{
    struct sj_emb_text user = exchange->request.user;
    struct sj_emb_text password = exchange->request.password;
    exchange->basic_user =
        MHD_basic_auth_get_username_password(exchange->http, &exchange->basic_password);
    if (exchange->basic_user) {
        user = sj_emb_text_of(exchange->basic_user);
        password = sj_emb_text_of(exchange->basic_password ? exchange->basic_password : "");
    }
    exchange->identity = sj_emb_auth_check(&exchange->house->auth, user, password);
    if (exchange->identity != SJ_EMB_NOBODY)
        return;
    bool is_silent = user.size == 0 && password.size == 0;
    if (!is_silent)
        usleep(WRONG_PASSWORD_DELAY_US);
    sj_emb_exchange_fail(exchange,
                         is_silent ? SJ_EMB_REQUIRED_PASSWORD : SJ_EMB_AUTHENTICATION_FAILED,
                         "%.60s: Authentication failed: password is incorrect, or there is no user "
                         "with such name",
                         user.size ? user.data : SJ_EMBEDDED_READER);
}

static void choose_query_id(struct sj_emb_exchange *exchange)
{
    struct sj_emb_text given = exchange->request.query_id;
    if (given.size > 0) {
        memcpy(exchange->query_id, given.data, given.size);
        return;
    }
    uint32_t random[4] = {0};
    if (getrandom(random, sizeof(random), 0) < 0)
        random[0] = (uint32_t)sj_clock_mono_ns();
    snprintf(exchange->query_id, sizeof(exchange->query_id),
             "%08" PRIx32 "-%04" PRIx32 "-4%03" PRIx32 "-a%03" PRIx32 "-%08" PRIx32 "%04" PRIx32,
             random[0], random[1] >> 16, random[1] & 0xfff, random[2] >> 20, random[3],
             random[2] & 0xffff);
}

/* Paths other than / that have a fixed answer. */
static void look_at_path(struct sj_emb_exchange *exchange, const char *url)
{
    if (strcmp(url, "/ping") == 0 || strcmp(url, "/replicas_status") == 0)
        exchange->plain = "Ok.\n";
    else if (strcmp(url, "/") != 0)
        sj_emb_exchange_fail(exchange, SJ_EMB_UNKNOWN_TABLE,
                             "There is no handler %.100s: use / or /ping", url);
    if (exchange->plain)
        exchange->phase = SJ_EMB_PHASE_PLAIN;
}

static void start_text(struct sj_emb_exchange *exchange)
{
    struct sj_emb_text query = exchange->request.query;
    exchange->text.limit = SJ_EMB_SQL_SIZE_MAX + PIECE_SIZE;
    if (query.size > 0 && (sj_emb_buffer_append(&exchange->text, query.data, query.size) < 0 ||
                           sj_emb_buffer_append(&exchange->text, "\n", 1) < 0))
        sj_emb_exchange_fail(exchange, SJ_EMB_SYNTAX_ERROR, "The query is too long");
    if (sj_emb_decoder_create(sj_emb_request_body_encoding(&exchange->request),
                              &exchange->decoder) < 0)
        sj_emb_exchange_fail(exchange, SJ_EMB_MEMORY_LIMIT_EXCEEDED, "no memory to decode a body");
}

struct sj_emb_exchange *sj_emb_exchange_begin(struct sj_emb_house *house,
                                              struct MHD_Connection *http, const char *url,
                                              const char *method)
{
    struct sj_emb_exchange *exchange = calloc(1, sizeof(*exchange));
    if (!exchange)
        return NULL;
    atomic_fetch_add_explicit(&house->exchange_count, 1, memory_order_acq_rel);
    exchange->house = house;
    exchange->http = http;
    exchange->begun_ns = sj_clock_mono_ns();
    exchange->is_get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    sj_emb_request_init(&exchange->request);
    if (!exchange->is_get && strcmp(method, "POST") != 0)
        sj_emb_exchange_fail(exchange, SJ_EMB_NOT_IMPLEMENTED,
                             "The method %.20s is not served: "
                             "use GET or POST",
                             method);
    MHD_get_connection_values_n(http, MHD_GET_ARGUMENT_KIND, (MHD_KeyValueIteratorN)take_argument,
                                exchange);
    MHD_get_connection_values(http, MHD_HEADER_KIND, take_header, exchange);
    if (atomic_load_explicit(&house->is_stopping, memory_order_acquire))
        sj_emb_exchange_fail(exchange, SJ_EMB_ABORTED, "The server is stopping");
    if (exchange->phase == SJ_EMB_PHASE_TEXT)
        look_at_path(exchange, url);
    if (exchange->phase == SJ_EMB_PHASE_TEXT)
        identify(exchange);
    if (exchange->phase == SJ_EMB_PHASE_TEXT)
        choose_query_id(exchange);
    if (exchange->phase == SJ_EMB_PHASE_TEXT)
        start_text(exchange);
    if (exchange->request.sends_blocks && exchange->request.body_encoding != SJ_EMB_ENCODING_NONE)
        sj_emb_exchange_fail(exchange, SJ_EMB_NOT_IMPLEMENTED,
                             "decompress=1 and Content-Encoding together are not served: use one");
    return exchange;
}

static const char *coding_name(const struct sj_emb_exchange *exchange)
{
    const char *name = sj_emb_encoding_name(exchange->request.body_encoding);
    return exchange->request.sends_blocks || !name ? "compressed block" : name;
}

/* An INSERT's data may begin in what is gathered so far. */
static void look_for_insert(struct sj_emb_exchange *exchange, bool is_whole)
{
    sj_rc rc = sj_emb_sql_scan(exchange->text.data, exchange->text.size, is_whole, &exchange->sql);
    if (rc == -EAGAIN) {
        if (exchange->text.size > SJ_EMB_SQL_SIZE_MAX)
            sj_emb_exchange_fail(exchange, SJ_EMB_SYNTAX_ERROR,
                                 "The statement is longer than %u bytes", SJ_EMB_SQL_SIZE_MAX);
        return;
    }
    if (rc < 0) {
        sj_emb_exchange_fail(exchange, SJ_EMB_SYNTAX_ERROR,
                             "Syntax error: the INSERT has no VALUES, FORMAT or SELECT, or the "
                             "name of its format is too long");
        return;
    }
    if (exchange->sql.kind == SJ_EMB_SQL_INSERT_FILE) {
        sj_emb_exchange_fail(exchange, SJ_EMB_ACCESS_DENIED,
                             "FROM INFILE would read a file of the server: send the data");
        return;
    }
    if (exchange->sql.kind != SJ_EMB_SQL_INSERT_DATA)
        return;
    sj_emb_insert_begin(exchange);
    if (exchange->phase == SJ_EMB_PHASE_DATA)
        sj_emb_insert_feed(exchange, exchange->text.data + exchange->sql.data_offset,
                           exchange->text.size - exchange->sql.data_offset);
}

static void take_decoded(struct sj_emb_exchange *exchange, const void *data, size_t size)
{
    exchange->body_bytes += size;
    if (exchange->body_bytes > exchange->house->options.body_max_bytes) {
        sj_emb_exchange_fail(exchange, SJ_EMB_TOO_MANY_ROWS_OR_BYTES,
                             "The body is longer than %" PRIu64 " bytes: insert in several "
                             "requests",
                             exchange->house->options.body_max_bytes);
        return;
    }
    if (exchange->phase == SJ_EMB_PHASE_DATA) {
        sj_emb_insert_feed(exchange, data, size);
        return;
    }
    if (sj_emb_buffer_append(&exchange->text, data, size) < 0)
        sj_emb_exchange_fail(exchange, SJ_EMB_SYNTAX_ERROR, "The statement is longer than %u bytes",
                             SJ_EMB_SQL_SIZE_MAX);
    else
        look_for_insert(exchange, false);
}

bool sj_emb_exchange_feed(struct sj_emb_exchange *exchange, const void *data, size_t size)
{
    if (exchange->phase == SJ_EMB_PHASE_FAILED || exchange->phase == SJ_EMB_PHASE_PLAIN) {
        exchange->wasted_bytes += size;
        return exchange->wasted_bytes <= WASTE_MAX;
    }
    sj_emb_exchange_pause(exchange);
    if (sj_emb_request_body_encoding(&exchange->request) == SJ_EMB_ENCODING_NONE) {
        take_decoded(exchange, data, size);
    } else {
        char *piece = malloc(PIECE_SIZE);
        size_t used = 0;
        sj_rc got = piece ? 1 : -ENOMEM;
        while (got > 0 && exchange->phase != SJ_EMB_PHASE_FAILED) {
            got = sj_emb_decoder_run(exchange->decoder, data, size, &used, piece, PIECE_SIZE);
            if (got > 0)
                take_decoded(exchange, piece, (size_t)got);
        }
        if (got < 0)
            sj_emb_exchange_fail(exchange, SJ_EMB_INFLATE_FAILED,
                                 "The body is not of the coding it is said to be (%s)",
                                 coding_name(exchange));
        free(piece);
    }
    sj_emb_exchange_resume(exchange);
    return true;
}

static void run(struct sj_emb_exchange *exchange)
{
    if (!sj_emb_decoder_is_complete(exchange->decoder))
        sj_emb_exchange_fail(exchange, SJ_EMB_CANNOT_READ_ALL_DATA,
                             "The body ends in the middle of its %s stream", coding_name(exchange));
    if (exchange->phase == SJ_EMB_PHASE_TEXT)
        look_for_insert(exchange, true);
    if (exchange->phase == SJ_EMB_PHASE_DATA)
        sj_emb_insert_commit(exchange);
    else if (exchange->phase == SJ_EMB_PHASE_TEXT)
        sj_emb_answer_run(exchange);
}

enum MHD_Result sj_emb_exchange_finish(struct sj_emb_exchange *exchange)
{
    if (exchange->phase == SJ_EMB_PHASE_PLAIN)
        return sj_emb_reply_plain(exchange, exchange->plain);
    if (exchange->phase == SJ_EMB_PHASE_TEXT && exchange->text.size == 0 && exchange->is_get)
        return sj_emb_reply_plain(exchange, "Ok.\n");
    if (exchange->phase != SJ_EMB_PHASE_FAILED) {
        sj_emb_exchange_pause(exchange);
        run(exchange);
        sj_emb_exchange_resume(exchange);
    }
    if (exchange->phase == SJ_EMB_PHASE_FAILED) {
        sj_emb_insert_cancel(exchange);
        sj_emb_answer_drop(exchange);
        return sj_emb_reply_error(exchange);
    }
    return sj_emb_reply_result(exchange);
}

void sj_emb_exchange_close(struct sj_emb_exchange *exchange)
{
    if (!exchange)
        return;
    sj_emb_insert_cancel(exchange);
    sj_emb_answer_drop(exchange);
    sj_emb_decoder_close(exchange->decoder);
    sj_emb_encoder_close(exchange->encoder);
    sj_emb_buffer_done(&exchange->text);
    sj_emb_buffer_done(&exchange->out);
    if (exchange->basic_user)
        MHD_free(exchange->basic_user);
    if (exchange->basic_password)
        MHD_free(exchange->basic_password);
    atomic_fetch_sub_explicit(&exchange->house->exchange_count, 1, memory_order_acq_rel);
    free(exchange);
}
