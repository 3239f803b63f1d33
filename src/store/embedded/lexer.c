#include "store/embedded/lexer.h"

#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    /* Not bytes beyond ASCII: some are blanks to the engine (U+00A0). */
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

static struct sj_emb_token token_to(enum sj_emb_token_kind kind, size_t offset, size_t end,
                                    bool is_open)
{
    return (struct sj_emb_token){kind, offset, end - offset, is_open};
}

static struct sj_emb_token lex_quoted(const char *text, size_t size, size_t offset)
{
    char quote = text[offset];
    enum sj_emb_token_kind kind = quote == '\'' ? SJ_EMB_TOKEN_STRING : SJ_EMB_TOKEN_NAME;
    for (size_t i = offset + 1; i < size; i++) {
        if (text[i] == '\\') {
            i++;
        } else if (text[i] == quote) {
            if (i + 1 < size && text[i + 1] == quote) {
                i++;
                continue;
            }
            return token_to(kind, offset, i + 1, i + 1 == size);
        }
    }
    return token_to(kind, offset, size, true);
}

static struct sj_emb_token lex_line_comment(const char *text, size_t size, size_t offset)
{
    const char *end = memchr(text + offset, '\n', size - offset);
    if (!end)
        return token_to(SJ_EMB_TOKEN_COMMENT, offset, size, true);
    return token_to(SJ_EMB_TOKEN_COMMENT, offset, (size_t)(end - text) + 1, false);
}

static struct sj_emb_token lex_block_comment(const char *text, size_t size, size_t offset)
{
    const char *end = memmem(text + offset + 2, size - offset - 2, "*/", 2);
    if (!end)
        return token_to(SJ_EMB_TOKEN_COMMENT, offset, size, true);
    return token_to(SJ_EMB_TOKEN_COMMENT, offset, (size_t)(end - text) + 2, false);
}

/* $tag$ ... $tag$, the tag being anything without a '$'; a '$' that opens none is a mark. */
static struct sj_emb_token lex_dollar(const char *text, size_t size, size_t offset)
{
    const char *close = memchr(text + offset + 1, '$', size - offset - 1);
    if (!close)
        return token_to(SJ_EMB_TOKEN_MARK, offset, offset + 1, true);
    size_t tag_size = (size_t)(close - text) + 1 - offset;
    const char *end = memmem(close + 1, size - offset - tag_size, text + offset, tag_size);
    if (!end)
        return token_to(SJ_EMB_TOKEN_MARK, offset, offset + 1, true);
    return token_to(SJ_EMB_TOKEN_STRING, offset, (size_t)(end - text) + tag_size, false);
}

static struct sj_emb_token lex_word(const char *text, size_t size, size_t offset)
{
    size_t end = offset;
    bool is_number = is_digit(text[offset]);
    while (end < size &&
           (is_word(text[end]) || text[end] == '$' || (is_number && text[end] == '.')))
        end++;
    return token_to(is_number ? SJ_EMB_TOKEN_NUMBER : SJ_EMB_TOKEN_WORD, offset, end, end == size);
}

static bool starts_line_comment(const char *at, size_t left)
{
    if (left < 2)
        return false;
    return (at[0] == '-' && at[1] == '-') || (at[0] == '#' && (at[1] == ' ' || at[1] == '!'));
}

struct sj_emb_token sj_emb_lex(const char *text, size_t size, size_t offset)
{
    while (offset < size && is_blank(text[offset]))
        offset++;
    if (offset >= size)
        return token_to(SJ_EMB_TOKEN_END, size, size, true);
    char c = text[offset];
    if (c == '\'' || c == '`' || c == '"')
        return lex_quoted(text, size, offset);
    if (starts_line_comment(text + offset, size - offset))
        return lex_line_comment(text, size, offset);
    if (c == '/' && size - offset >= 2 && text[offset + 1] == '*')
        return lex_block_comment(text, size, offset);
    if (c == '$')
        return lex_dollar(text, size, offset);
    if (is_word(c))
        return lex_word(text, size, offset);
    return token_to(SJ_EMB_TOKEN_MARK, offset, offset + 1, offset + 1 == size);
}

struct sj_emb_token sj_emb_lex_code(const char *text, size_t size, size_t offset)
{
    struct sj_emb_token token = sj_emb_lex(text, size, offset);
    while (token.kind == SJ_EMB_TOKEN_COMMENT)
        token = sj_emb_lex(text, size, token.offset + token.size);
    return token;
}

bool sj_emb_token_is(const char *text, const struct sj_emb_token *token, const char *word)
{
    return token->kind == SJ_EMB_TOKEN_WORD && token->size == strlen(word) &&
           strncasecmp(text + token->offset, word, token->size) == 0;
}
