#include "store/embedded/exchange.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"

/* What the HTTP library asks for at a time. */
#define BLOCK_SIZE (128u << 10)
/* A finished result of up to this size is sent with its length instead of chunked. */
#define SHORT_RESULT (256u << 10)
#define RETRY_AFTER_S "1"

static void put(struct MHD_Response *response, const char *name, const char *value)
{
    /* Bytes that could end the header line are not sent: an error's text may hold any. */
    for (const char *c = value; *c; c++) {
        if (*c == '\r' || *c == '\n')
            return;
    }
    MHD_add_response_header(response, name, value);
}

static void put_common(struct sj_emb_exchange *exchange, struct MHD_Response *response)
{
    put(response, "X-ClickHouse-Server-Display-Name", "shijim");
    put(response, "X-ClickHouse-Timezone", exchange->house->engine.timezone);
    if (exchange->query_id[0] != '\0')
        put(response, "X-ClickHouse-Query-Id", exchange->query_id);
}

static void put_summary(struct sj_emb_exchange *exchange, struct MHD_Response *response)
{
    const struct sj_emb_summary *summary = &exchange->summary;
    char text[320];
    snprintf(text, sizeof(text),
             "{\"read_rows\":\"%" PRIu64 "\",\"read_bytes\":\"%" PRIu64
             "\",\"written_rows\":\"%" PRIu64 "\",\"written_bytes\":\"%" PRIu64
             "\",\"total_rows_to_read\":\"0\",\"result_rows\":\"%" PRIu64
             "\",\"result_bytes\":\"0\",\"elapsed_ns\":\"%" PRId64 "\"}",
             summary->read_rows, summary->read_bytes, summary->written_rows, summary->written_bytes,
             summary->result_rows, sj_clock_mono_ns() - exchange->begun_ns);
    put(response, "X-ClickHouse-Summary", text);
}

static enum MHD_Result queue(struct sj_emb_exchange *exchange, unsigned status,
                             struct MHD_Response *response)
{
    if (!response)
        return MHD_NO;
    enum MHD_Result result = MHD_queue_response(exchange->http, status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result sj_emb_reply_plain(struct sj_emb_exchange *exchange, const char *text)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    if (response) {
        put_common(exchange, response);
        put(response, "Content-Type", "text/html; charset=UTF-8");
    }
    return queue(exchange, MHD_HTTP_OK, response);
}

/* The error's text, in blocks where the client asked for them: it would not read anything else. */
static struct MHD_Response *error_response(struct sj_emb_exchange *exchange)
{
    char text[sizeof(exchange->error) + 64];
    /* The engine's own words sometimes carry the version already. */
    bool has_version = strstr(exchange->error, "(version ") != NULL;
    int size = has_version ? snprintf(text, sizeof(text), "%s\n", exchange->error)
                           : snprintf(text, sizeof(text), "%s (version %s)\n", exchange->error,
                                      exchange->house->engine.version);
    if (!exchange->request.wants_blocks)
        return MHD_create_response_from_buffer((size_t)size, text, MHD_RESPMEM_MUST_COPY);
    struct sj_emb_encoder *encoder = NULL;
    struct sj_emb_buffer out = {0};
    struct MHD_Response *response = NULL;
    if (sj_emb_encoder_create(SJ_EMB_ENCODING_BLOCKS, &encoder) >= 0 &&
        sj_emb_encoder_run(encoder, text, (size_t)size, true, &out) >= 0)
        response = MHD_create_response_from_buffer(out.size, out.data, MHD_RESPMEM_MUST_COPY);
    sj_emb_encoder_close(encoder);
    sj_emb_buffer_done(&out);
    return response;
}

enum MHD_Result sj_emb_reply_error(struct sj_emb_exchange *exchange)
{
    struct MHD_Response *response = error_response(exchange);
    if (!response)
        return MHD_NO;
    char code[16];
    snprintf(code, sizeof(code), "%d", exchange->error_code);
    put_common(exchange, response);
    put(response, "Content-Type", "text/plain; charset=UTF-8");
    put(response, "X-ClickHouse-Exception-Code", code);
    if (sj_emb_error_retryable(exchange->error_code))
        put(response, "Retry-After", RETRY_AFTER_S);
    unsigned status = (unsigned)sj_emb_error_status(exchange->error_code);
    if (status == MHD_HTTP_UNAUTHORIZED)
        put(response, "WWW-Authenticate", "Basic realm=\"ClickHouse server HTTP API\"");
    return queue(exchange, status, response);
}

static ssize_t read_result(void *cls, uint64_t position, char *buffer, size_t size)
{
    struct sj_emb_exchange *exchange = cls;
    (void)position;
    if (exchange->out_offset == exchange->out.size) {
        sj_emb_exchange_pause(exchange);
        bool has_more = sj_emb_answer_next(exchange);
        sj_emb_exchange_resume(exchange);
        if (!has_more)
            return exchange->is_broken ? MHD_CONTENT_READER_END_WITH_ERROR
                                       : MHD_CONTENT_READER_END_OF_STREAM;
    }
    size_t left = exchange->out.size - exchange->out_offset;
    size_t piece = left < size ? left : size;
    memcpy(buffer, exchange->out.data + exchange->out_offset, piece);
    exchange->out_offset += piece;
    return (ssize_t)piece;
}

static void put_result_headers(struct sj_emb_exchange *exchange, struct MHD_Response *response)
{
    put_common(exchange, response);
    put_summary(exchange, response);
    if (exchange->tag[0] != '\0')
        put(response, "X-ClickHouse-Exception-Tag", exchange->tag);
    if (exchange->format) {
        put(response, "Content-Type", exchange->format->content_type);
        put(response, "X-ClickHouse-Format", exchange->sql.format);
        const char *coding =
            sj_emb_encoding_name(sj_emb_request_answer_encoding(&exchange->request));
        if (coding)
            put(response, "Content-Encoding", coding);
    } else {
        put(response, "Content-Type", "text/plain; charset=UTF-8");
    }
}

/* All of the result is here: send it with its length. */
static struct MHD_Response *short_response(struct sj_emb_exchange *exchange)
{
    struct sj_emb_buffer all = {0};
    sj_rc rc = 0;
    if (!exchange->encoder) /* made by hand (hello.c), or nothing (an insert) */
        rc = sj_emb_buffer_append(&all, exchange->out.data, exchange->out.size);
    while (rc >= 0 && exchange->encoder && sj_emb_answer_next(exchange))
        rc = sj_emb_buffer_append(&all, exchange->out.data, exchange->out.size);
    struct MHD_Response *response = NULL;
    if (rc >= 0)
        response = MHD_create_response_from_buffer(all.size, all.data ? all.data : (void *)"",
                                                   MHD_RESPMEM_MUST_COPY);
    sj_emb_buffer_done(&all);
    return response;
}

enum MHD_Result sj_emb_reply_result(struct sj_emb_exchange *exchange)
{
    struct MHD_Response *response = NULL;
    const struct sj_chdb *chdb = &exchange->house->engine.chdb;
    if (exchange->is_result_over &&
        (!exchange->block || chdb->result_length(exchange->block) <= SHORT_RESULT))
        response = short_response(exchange);
    else
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_result,
                                                     exchange, NULL);
    if (!response)
        return MHD_NO;
    put_result_headers(exchange, response);
    return queue(exchange, MHD_HTTP_OK, response);
}
