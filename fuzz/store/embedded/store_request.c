#include "base/assert.h"
#include "store/embedded/error.h"
#include "store/embedded/lexer.h"
#include "store/embedded/request.h"
#include "store/embedded/setup.h"

/* name=value&... as URL arguments, then "Header: value" lines. Whatever a client sends, the
 * statements made of it are the ones meant: every value stays inside its quotes. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sj_emb_text cut(struct sj_emb_text *rest, char mark)
{
    const char *end = memchr(rest->data, mark, rest->size);
    struct sj_emb_text piece = {rest->data, end ? (size_t)(end - rest->data) : rest->size};
    rest->data += piece.size + (end ? 1 : 0);
    rest->size -= piece.size + (end ? 1 : 0);
    return piece;
}

static void take(struct sj_emb_request *request, struct sj_emb_text line)
{
    char name[64];
    struct sj_emb_text left = line;
    struct sj_emb_text key = cut(&left, ':');
    if (key.size >= sizeof(name))
        return;
    memcpy(name, key.data, key.size);
    name[key.size] = '\0';
    if (sj_emb_request_header(request, name, left) < 0)
        SJ_ASSERT(request->complaint[0] != '\0');
}

/* USE, SET ROLE and SET: three statements, so two semicolons outside of quotes. */
static void check_setup(const struct sj_emb_request *request)
{
    static const struct sj_embedded_options options = {
        .database = "shijim", .reader_memory_max_bytes = 1, .reader_time_max_s = 1};
    struct sj_emb_setup setup = {
        .request = request, .options = &options, .query_id = "q", .is_reader = true};
    struct sj_emb_buffer sql = {0};
    SJ_ASSERT(sj_emb_setup_write(&setup, &sql) == 0);
    size_t semicolons = 0;
    struct sj_emb_token token = sj_emb_lex(sql.data, sql.size, 0);
    for (; token.kind != SJ_EMB_TOKEN_END;
         token = sj_emb_lex(sql.data, sql.size, token.offset + token.size)) {
        SJ_ASSERT(token.kind != SJ_EMB_TOKEN_COMMENT);
        semicolons += sql.data[token.offset] == ';';
    }
    SJ_ASSERT(semicolons == 2);
    static const char end[] = "readonly = 2";
    SJ_ASSERT(memcmp(sql.data + sql.size - (sizeof(end) - 1), end, sizeof(end) - 1) == 0);
    sj_emb_buffer_done(&sql);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sj_emb_request request;
    sj_emb_request_init(&request);
    struct sj_emb_text rest = {(const char *)data, size};
    struct sj_emb_text url = cut(&rest, '\n');
    while (url.size > 0) {
        struct sj_emb_text value = cut(&url, '&');
        struct sj_emb_text name = cut(&value, '=');
        if (sj_emb_request_argument(&request, name, value) < 0)
            SJ_ASSERT(request.complaint[0] != '\0');
    }
    while (rest.size > 0)
        take(&request, cut(&rest, '\n'));
    SJ_ASSERT(request.setting_count <= SJ_EMB_PAIR_MAX && request.param_count <= SJ_EMB_PAIR_MAX);
    SJ_ASSERT(request.query_id.size <= SJ_EMB_ID_SIZE_MAX || request.complaint[0] != '\0');
    check_setup(&request);
    char message[256];
    size_t message_size = size < sizeof(message) - 1 ? size : sizeof(message) - 1;
    memcpy(message, data, message_size);
    message[message_size] = '\0';
    SJ_ASSERT(sj_emb_error_code(message) > 0);
    return 0;
}
