#include "store/embedded/exchange.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/clock.h"
#include "store/embedded/gate.h"

#define DEFAULT_FORMAT "TabSeparated"
/* A first block smaller than this is probably all: look, and answer with status, length and
 * summary as they really are. */
#define SMALL_BLOCK (64u << 10)

static bool mentions(const struct sj_emb_exchange *exchange, const char *name)
{
    return memmem(exchange->text.data, exchange->text.size, name, strlen(name)) != NULL ||
           sj_emb_request_setting(&exchange->request, name) != NULL;
}

/* Must the result be made in one piece? Some settings turn a format that could be joined into one
 * that cannot. */
static bool must_be_whole(const struct sj_emb_exchange *exchange)
{
    return exchange->sql.kind != SJ_EMB_SQL_SELECT ||
           exchange->format->joint == SJ_EMB_JOINT_WHOLE || exchange->request.waits_for_end ||
           exchange->sql.has_totals || mentions(exchange, "extremes") ||
           mentions(exchange, "output_format_json_array_of_rows");
}

static void choose_format(struct sj_emb_exchange *exchange)
{
    struct sj_emb_sql *sql = &exchange->sql;
    struct sj_emb_text given = exchange->request.default_format;
    if (sql->format[0] != '\0')
        return;
    if (given.size == 0)
        given = sj_emb_text_of(DEFAULT_FORMAT);
    if (given.size >= sizeof(sql->format)) {
        sj_emb_exchange_fail(exchange, SJ_EMB_UNKNOWN_FORMAT, "Unknown format");
        return;
    }
    memcpy(sql->format, given.data, given.size);
    sql->format[given.size] = '\0';
}

static void make_tag(struct sj_emb_exchange *exchange)
{
    unsigned char random[SJ_EMB_TAG_SIZE] = {0};
    if (getrandom(random, sizeof(random), 0) < 0)
        random[0] = (unsigned char)sj_clock_mono_ns();
    for (size_t i = 0; i < SJ_EMB_TAG_SIZE; i++)
        exchange->tag[i] = (char)('a' + random[i] % 26);
}

static void count_result(struct sj_emb_exchange *exchange, struct chdb_result_ *result)
{
    const struct sj_chdb *chdb = &exchange->house->engine.chdb;
    struct sj_emb_summary *summary = &exchange->summary;
    summary->result_rows += chdb->result_rows_read(result);
    summary->read_rows = chdb->result_storage_rows_read(result);
    summary->read_bytes = chdb->result_storage_bytes_read(result);
    summary->written_rows = chdb->result_rows_written(result);
    summary->written_bytes = chdb->result_bytes_written(result);
}

static void end_result(struct sj_emb_exchange *exchange)
{
    const struct sj_chdb *chdb = &exchange->house->engine.chdb;
    if (exchange->stream) {
        if (!exchange->is_result_over)
            chdb->stream_cancel_query(*exchange->connection, exchange->stream);
        chdb->destroy_query_result(exchange->stream);
        exchange->stream = NULL;
    }
    exchange->is_result_over = true;
    sj_emb_exchange_detach(exchange, false, must_be_whole(exchange));
}

static void run_whole(struct sj_emb_exchange *exchange, const struct sj_emb_params *params)
{
    const struct sj_chdb *chdb = &exchange->house->engine.chdb;
    struct chdb_result_ *result = chdb->query_with_params_n(
        *exchange->connection, exchange->text.data, exchange->text.size, exchange->sql.format,
        strlen(exchange->sql.format), params->names, params->name_sizes, params->values,
        params->value_sizes, params->count);
    const char *error = result ? chdb->result_error(result) : "the engine gave no result";
    if (error) {
        sj_emb_exchange_fail_engine(exchange, error);
    } else {
        count_result(exchange, result);
        exchange->block = result;
        result = NULL;
    }
    if (result)
        chdb->destroy_query_result(result);
    end_result(exchange);
}

/* The next block of the stream; NULL at its end and after an error (then FAILED). */
static struct chdb_result_ *fetch(struct sj_emb_exchange *exchange)
{
    const struct sj_chdb *chdb = &exchange->house->engine.chdb;
    struct chdb_result_ *block = chdb->stream_fetch_result(*exchange->connection, exchange->stream);
    const char *error = block ? chdb->result_error(block) : "the engine gave no result";
    if (!error && chdb->result_length(block) > 0) {
        count_result(exchange, block);
        return block;
    }
    if (error)
        sj_emb_exchange_fail_engine(exchange, error);
    else
        exchange->is_result_over = true;
    if (block)
        chdb->destroy_query_result(block);
    end_result(exchange);
    return NULL;
}

static void run_streamed(struct sj_emb_exchange *exchange, const struct sj_emb_params *params)
{
    const struct sj_chdb *chdb = &exchange->house->engine.chdb;
    exchange->stream = chdb->stream_query_with_params_n(
        *exchange->connection, exchange->text.data, exchange->text.size, exchange->sql.format,
        strlen(exchange->sql.format), params->names, params->name_sizes, params->values,
        params->value_sizes, params->count);
    const char *error =
        exchange->stream ? chdb->result_error(exchange->stream) : "the engine gave no result";
    if (error) {
        sj_emb_exchange_fail_engine(exchange, error);
        exchange->is_result_over = true;
        end_result(exchange);
        return;
    }
    /* An error of the first block comes with the first fetch: before the status is sent. */
    exchange->block = fetch(exchange);
    if (exchange->block && chdb->result_length(exchange->block) < SMALL_BLOCK)
        exchange->ahead = fetch(exchange);
}

void sj_emb_answer_run(struct sj_emb_exchange *exchange)
{
    if (exchange->sql.kind == SJ_EMB_SQL_EMPTY) {
        sj_emb_exchange_fail(exchange, SJ_EMB_SYNTAX_ERROR, "Empty query");
        return;
    }
    choose_format(exchange);
    if (exchange->phase == SJ_EMB_PHASE_FAILED || sj_emb_hello_answer(exchange))
        return;
    exchange->format = sj_emb_format_find(exchange->sql.format);
    make_tag(exchange);
    exchange->is_first_block = true;
    bool is_whole = must_be_whole(exchange);
    if (sj_emb_encoder_create(sj_emb_request_answer_encoding(&exchange->request),
                              &exchange->encoder) < 0) {
        sj_emb_exchange_fail(exchange, SJ_EMB_MEMORY_LIMIT_EXCEEDED, "no memory to code a result");
        return;
    }
    if (sj_emb_exchange_attach(exchange, false, is_whole) && sj_emb_gate_pass(exchange)) {
        struct sj_emb_params params;
        sj_emb_params_of(&exchange->request, &params);
        if (is_whole)
            run_whole(exchange, &params);
        else
            run_streamed(exchange, &params);
    } else {
        exchange->is_result_over = true;
        end_result(exchange);
    }
}

static void send_trailer(struct sj_emb_exchange *exchange)
{
    char text[12 << 10];
    size_t size = sj_emb_error_trailer(text, sizeof(text), exchange->tag, exchange->error);
    exchange->is_broken = true;
    /* Clients look for it behind the blocks, not in one. */
    sj_rc rc = exchange->request.wants_blocks
                   ? sj_emb_buffer_append(&exchange->out, text, size)
                   : sj_emb_encoder_run(exchange->encoder, text, size, true, &exchange->out);
    if (rc < 0)
        exchange->out.size = 0;
}

/* Codes the block in hand into `out`. */
static void code_block(struct sj_emb_exchange *exchange, bool is_last)
{
    const struct sj_chdb *chdb = &exchange->house->engine.chdb;
    const char *data = chdb->result_buffer(exchange->block);
    size_t size = chdb->result_length(exchange->block);
    size_t header = 0;
    if (!exchange->is_first_block && exchange->format->joint != SJ_EMB_JOINT_WHOLE &&
        sj_emb_format_header(exchange->format, data, size, &header) < 0)
        sj_emb_exchange_fail(exchange, SJ_EMB_STD_EXCEPTION, "A block of the result has no header");
    else if (sj_emb_encoder_run(exchange->encoder, data + header, size - header, is_last,
                                &exchange->out) < 0)
        sj_emb_exchange_fail(exchange, SJ_EMB_MEMORY_LIMIT_EXCEEDED, "no memory to code a result");
    exchange->is_first_block = false;
    chdb->destroy_query_result(exchange->block);
    exchange->block = NULL;
}

bool sj_emb_answer_next(struct sj_emb_exchange *exchange)
{
    exchange->out.size = 0;
    exchange->out_offset = 0;
    if (!exchange->encoder || exchange->is_broken)
        return false;
    while (exchange->out.size == 0) {
        if (!exchange->block && exchange->ahead) {
            exchange->block = exchange->ahead;
            exchange->ahead = NULL;
        } else if (!exchange->block && !exchange->is_result_over) {
            exchange->block = fetch(exchange);
        }
        if (exchange->block)
            code_block(exchange, false);
        if (exchange->phase == SJ_EMB_PHASE_FAILED && !exchange->is_broken) {
            send_trailer(exchange);
        } else if (!exchange->block && !exchange->ahead && exchange->is_result_over) {
            /* The stream's end must be coded once; then the encoder is done. */
            sj_rc rc = sj_emb_encoder_run(exchange->encoder, "", 0, true, &exchange->out);
            sj_emb_encoder_close(exchange->encoder);
            exchange->encoder = NULL;
            return rc >= 0 && exchange->out.size > 0;
        }
    }
    return true;
}

void sj_emb_answer_drop(struct sj_emb_exchange *exchange)
{
    const struct sj_chdb *chdb = &exchange->house->engine.chdb;
    if (exchange->block)
        chdb->destroy_query_result(exchange->block);
    if (exchange->ahead)
        chdb->destroy_query_result(exchange->ahead);
    exchange->block = NULL;
    exchange->ahead = NULL;
    if (exchange->stream || exchange->connection || exchange->session || exchange->running)
        end_result(exchange);
}
