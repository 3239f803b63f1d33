#include "store/embedded/exchange.h"

/*
 * clickhouse-go (the driver of Grafana's plug-in) reads Native at the protocol revision it asks
 * for, while the engine writes revision 0. Its first statement asks the server's revision: that
 * one answer is written here, at the driver's revision, and says 0; then the driver reads
 * everything at 0.
 */

/* From this revision on a block begins with its info, and from the other on each column says
 * whether its serialisation is special. */
#define REVISION_BLOCK_INFO 51903
#define REVISION_SERIALIZATION 54454

static sj_rc put_string(struct sj_emb_buffer *out, const char *string)
{
    size_t size = strlen(string);
    unsigned char prefix = (unsigned char)size; /* all are shorter than 128 bytes */
    sj_rc rc = sj_emb_buffer_append(out, &prefix, 1);
    return rc < 0 ? rc : sj_emb_buffer_append(out, string, size);
}

static sj_rc put_column_head(struct sj_emb_buffer *out, unsigned revision, const char *name,
                             const char *type)
{
    sj_rc rc = put_string(out, name);
    if (rc >= 0)
        rc = put_string(out, type);
    if (rc >= 0 && revision >= REVISION_SERIALIZATION)
        rc = sj_emb_buffer_append(out, "\0", 1);
    return rc;
}

static sj_rc put_string_column(struct sj_emb_buffer *out, unsigned revision, const char *name,
                               const char *value)
{
    sj_rc rc = put_column_head(out, revision, name, "String");
    return rc < 0 ? rc : put_string(out, value);
}

static sj_rc put_hello(struct sj_emb_buffer *out, unsigned revision,
                       const struct sj_emb_engine *engine)
{
    /* field 1: no overflow rows; field 2: bucket -1; end; 4 columns, 1 row */
    static const char info[] = {1, 0, 2, -1, -1, -1, -1, 0};
    sj_rc rc = 0;
    if (revision >= REVISION_BLOCK_INFO)
        rc = sj_emb_buffer_append(out, info, sizeof(info));
    if (rc >= 0)
        rc = sj_emb_buffer_append(out, "\4\1", 2);
    if (rc >= 0)
        rc = put_string_column(out, revision, "displayName()", "shijim");
    if (rc >= 0)
        rc = put_string_column(out, revision, "version()", engine->version);
    if (rc >= 0)
        rc = put_column_head(out, revision, "revision()", "UInt32");
    if (rc >= 0)
        rc = sj_emb_buffer_append(out, "\0\0\0\0", 4);
    if (rc >= 0)
        rc = put_string_column(out, revision, "timezone()", engine->timezone);
    return rc;
}

static bool is_hello(const struct sj_emb_exchange *exchange)
{
    static const char statement[] = "SELECT displayName(), version(), revision(), timezone()";
    size_t size = sizeof(statement) - 1;
    const struct sj_emb_buffer *text = &exchange->text;
    if (text->size < size || memcmp(text->data, statement, size) != 0)
        return false;
    for (size_t i = size; i < text->size; i++) {
        if (text->data[i] != '\n' && text->data[i] != ' ' && text->data[i] != ';')
            return false;
    }
    return strcmp(exchange->sql.format, "Native") == 0 && exchange->request.client_revision > 0;
}

bool sj_emb_hello_answer(struct sj_emb_exchange *exchange)
{
    if (!is_hello(exchange))
        return false;
    struct sj_emb_buffer plain = {0};
    sj_rc rc = put_hello(&plain, exchange->request.client_revision, &exchange->house->engine);
    exchange->format = sj_emb_format_find("Native");
    struct sj_emb_encoder *encoder = NULL;
    enum sj_emb_encoding encoding = sj_emb_request_answer_encoding(&exchange->request);
    if (rc >= 0)
        rc = sj_emb_encoder_create(encoding, &encoder);
    if (rc >= 0)
        rc = sj_emb_encoder_run(encoder, plain.data, plain.size, true, &exchange->out);
    sj_emb_encoder_close(encoder);
    sj_emb_buffer_done(&plain);
    exchange->is_result_over = true;
    if (rc < 0)
        sj_emb_exchange_fail(exchange, SJ_EMB_MEMORY_LIMIT_EXCEEDED, "no memory for an answer");
    return true;
}
