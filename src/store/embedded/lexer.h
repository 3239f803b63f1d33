/*
 * lexer.h: tokens of ClickHouse's SQL, as far as sql.c needs them.
 *
 * Threads  pure. Memory: tokens point into the text.
 */
#ifndef SJ_STORE_EMBEDDED_LEXER_H
#define SJ_STORE_EMBEDDED_LEXER_H

#include <stdbool.h>
#include <stddef.h>

enum sj_emb_token_kind {
    SJ_EMB_TOKEN_END,
    SJ_EMB_TOKEN_WORD,   /* bare word or keyword */
    SJ_EMB_TOKEN_NAME,   /* `quoted` or "quoted", quotes included */
    SJ_EMB_TOKEN_STRING, /* '...' or $tag$...$tag$ */
    SJ_EMB_TOKEN_NUMBER,
    SJ_EMB_TOKEN_COMMENT,
    SJ_EMB_TOKEN_MARK, /* one byte of anything else */
};

struct sj_emb_token {
    enum sj_emb_token_kind kind;
    size_t offset;
    size_t size;
    bool is_open; /* it ran into the end of the text: more text could change it */
};

/* The token at or after `offset` (blanks are skipped, comments are not). */
struct sj_emb_token sj_emb_lex(const char *text, size_t size, size_t offset);

/* The same, comments skipped too. */
struct sj_emb_token sj_emb_lex_code(const char *text, size_t size, size_t offset);

/* Is it the bare word `word` (upper case), in any case? */
bool sj_emb_token_is(const char *text, const struct sj_emb_token *token, const char *word);

#endif
