#include <errno.h>

#include "base/assert.h"
#include "store/embedded/format.h"
#include "store/embedded/lexer.h"
#include "store/embedded/sql.h"

/* The statement's reader: any bytes, whole and in pieces, give offsets inside the text, and a
 * piece that is already understood is understood the same with more text behind it. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tokens(const char *text, size_t size)
{
    size_t offset = 0;
    for (;;) {
        struct sj_emb_token token = sj_emb_lex(text, size, offset);
        SJ_ASSERT(token.offset >= offset && token.offset + token.size <= size);
        if (token.kind == SJ_EMB_TOKEN_END)
            break;
        SJ_ASSERT(token.size > 0);
        offset = token.offset + token.size;
    }
}

static void check_scan(const char *text, size_t size, bool is_whole, struct sj_emb_sql *sql,
                       sj_rc *ret_rc)
{
    *ret_rc = sj_emb_sql_scan(text, size, is_whole, sql);
    SJ_ASSERT(*ret_rc == 0 || *ret_rc == -SJ_E_MALFORMED || (*ret_rc == -EAGAIN && !is_whole));
    if (*ret_rc != 0)
        return;
    SJ_ASSERT(sql->head_size <= size && sql->data_offset <= size);
    SJ_ASSERT(sql->format_offset + sql->format_size <= size);
    SJ_ASSERT(memchr(sql->format, '\0', sizeof(sql->format)));
    if (sql->kind == SJ_EMB_SQL_INSERT_DATA)
        SJ_ASSERT(sql->head_size <= sql->data_offset && sql->format[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct sj_emb_sql whole;
    struct sj_emb_sql part;
    sj_rc rc = 0;
    sj_rc part_rc = 0;
    check_tokens(text, size);
    check_scan(text, size, true, &whole, &rc);
    for (size_t cut = size < 64 ? 0 : size - 64; cut <= size; cut++) {
        check_scan(text, cut, false, &part, &part_rc);
        if (part_rc == 0 && part.kind == SJ_EMB_SQL_INSERT_DATA && rc == 0) {
            SJ_ASSERT(whole.kind == part.kind && whole.head_size == part.head_size);
            SJ_ASSERT(whole.data_offset == part.data_offset);
        }
    }
    /* A clean statement names file( only inside a string. */
    if (sj_emb_sql_guard(text, size) == SJ_EMB_SQL_CLEAN && !memchr(text, '\'', size) &&
        !memchr(text, '.', size) && !memchr(text, '"', size) && !memchr(text, '`', size)) {
        const char *found = memmem(text, size, " file(", 6);
        SJ_ASSERT(!found);
    }
    size_t header = 0;
    if (rc == 0 && sj_emb_format_header(sj_emb_format_find(whole.format), text, size, &header) == 0)
        SJ_ASSERT(header <= size);
    sj_emb_sql_engines_are_own(text, size);
    return 0;
}
