#include "store/embedded/sql.h"

#include <errno.h>

#include "store/embedded/lexer.h"

struct cursor {
    const char *text;
    size_t size;
    struct sj_emb_token token;
};

static void next(struct cursor *at)
{
    at->token = sj_emb_lex_code(at->text, at->size, at->token.offset + at->token.size);
}

static bool is(const struct cursor *at, const char *word)
{
    return sj_emb_token_is(at->text, &at->token, word);
}

static bool is_mark(const struct cursor *at, char mark)
{
    return at->token.kind == SJ_EMB_TOKEN_MARK && at->text[at->token.offset] == mark;
}

static int depth_step(const struct cursor *at)
{
    if (is_mark(at, '(') || is_mark(at, '[') || is_mark(at, '{'))
        return 1;
    if (is_mark(at, ')') || is_mark(at, ']') || is_mark(at, '}'))
        return -1;
    return 0;
}

/* May FORMAT stand behind this token as a clause? Behind these words an expression is due, so a
 * following `format` is a column's name. */
static bool ends_expression(const struct cursor *at)
{
    static const char *const open[] = {
        "SELECT", "DISTINCT", "WHERE", "PREWHERE", "AND",  "OR",   "NOT",    "BY",   "ON",
        "HAVING", "BETWEEN",  "IN",    "LIKE",     "AS",   "CASE", "WHEN",   "THEN", "ELSE",
        "LIMIT",  "FROM",     "JOIN",  "OFFSET",   "WITH", "IS",   "QUALIFY"};
    if (at->token.kind == SJ_EMB_TOKEN_MARK)
        return is_mark(at, ')') || is_mark(at, ']') || is_mark(at, '}') || is_mark(at, '*');
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        if (is(at, open[i]))
            return false;
    }
    return at->token.kind != SJ_EMB_TOKEN_END;
}

static sj_rc take_format(const struct cursor *at, struct sj_emb_sql *sql)
{
    if (at->token.size >= sizeof(sql->format))
        return -SJ_E_MALFORMED;
    memcpy(sql->format, at->text + at->token.offset, at->token.size);
    sql->format[at->token.size] = '\0';
    return 0;
}

/* At FORMAT, depth 0, behind an expression: a clause if a name follows and then the end, a
 * semicolon or SETTINGS. */
static sj_rc try_format_clause(struct cursor at, struct sj_emb_sql *sql)
{
    size_t offset = at.token.offset;
    next(&at);
    if (at.token.kind != SJ_EMB_TOKEN_WORD)
        return 0;
    struct cursor name = at;
    next(&at);
    if (at.token.kind != SJ_EMB_TOKEN_END && !is_mark(&at, ';') && !is(&at, "SETTINGS") &&
        !is(&at, "INTO"))
        return 0;
    sql->format_offset = offset;
    sql->format_size = name.token.offset + name.token.size - offset;
    return take_format(&name, sql);
}

static sj_rc scan_result(struct cursor at, struct sj_emb_sql *sql)
{
    int depth = 0;
    struct cursor before = at;
    for (; at.token.kind != SJ_EMB_TOKEN_END; before = at, next(&at)) {
        depth += depth_step(&at);
        if (is(&at, "TOTALS"))
            sql->has_totals = true;
        if (depth == 0 && is(&at, "FORMAT") && ends_expression(&before)) {
            sj_rc rc = try_format_clause(at, sql);
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

/* Data begin behind FORMAT Name: blanks, then at most one end of line, are not part of them. */
static sj_rc data_behind_format(struct cursor at, bool is_whole, struct sj_emb_sql *sql)
{
    size_t offset = at.token.offset + at.token.size;
    while (offset < at.size && (at.text[offset] == ' ' || at.text[offset] == '\t'))
        offset++;
    if (offset < at.size && at.text[offset] == ';')
        offset++;
    if (offset < at.size && at.text[offset] == '\r')
        offset++;
    if (offset < at.size && at.text[offset] == '\n')
        offset++;
    else if (offset >= at.size && !is_whole)
        return -EAGAIN;
    sql->data_offset = offset;
    return take_format(&at, sql);
}

static sj_rc found_format(struct cursor at, bool is_whole, struct sj_emb_sql *sql)
{
    sql->head_size = at.token.offset;
    next(&at);
    if (at.token.is_open && !is_whole)
        return -EAGAIN;
    if (at.token.kind != SJ_EMB_TOKEN_WORD)
        return -SJ_E_MALFORMED;
    sql->kind = SJ_EMB_SQL_INSERT_DATA;
    return data_behind_format(at, is_whole, sql);
}

static void found_values(const struct cursor *at, struct sj_emb_sql *sql)
{
    sql->kind = SJ_EMB_SQL_INSERT_DATA;
    sql->head_size = at->token.offset;
    sql->data_offset = at->token.offset + at->token.size;
    memcpy(sql->format, "Values", sizeof("Values"));
}

/* Skips [INTO] [TABLE] and the target's name, so that a table called `values` is not mistaken. */
static void skip_target(struct cursor *at)
{
    next(at);
    if (is(at, "INTO"))
        next(at);
    if (is(at, "TABLE") || is(at, "FUNCTION"))
        next(at);
    next(at);
    while (is_mark(at, '.')) {
        next(at);
        next(at);
    }
}

static bool opens_subquery(struct cursor at)
{
    next(&at);
    return is(&at, "SELECT") || is(&at, "WITH");
}

/* At INSERT. */
static sj_rc scan_insert(struct cursor at, bool is_whole, struct sj_emb_sql *sql)
{
    int depth = 0;
    for (skip_target(&at); at.token.kind != SJ_EMB_TOKEN_END; next(&at)) {
        if (at.token.is_open && !is_whole)
            return -EAGAIN;
        bool is_subquery = depth == 0 && is_mark(&at, '(') && opens_subquery(at);
        depth += depth_step(&at);
        if (is_subquery || (depth == 0 && (is(&at, "SELECT") || is(&at, "WITH")))) {
            sql->kind = SJ_EMB_SQL_INSERT_SELECT;
            return is_whole ? 0 : -EAGAIN;
        }
        if (depth == 0 && is(&at, "FROM")) {
            sql->kind = SJ_EMB_SQL_INSERT_FILE;
            return 0;
        }
        if (depth == 0 && is(&at, "FORMAT"))
            return found_format(at, is_whole, sql);
        if (depth == 0 && is(&at, "VALUES")) {
            found_values(&at, sql);
            return 0;
        }
    }
    return is_whole ? -SJ_E_MALFORMED : -EAGAIN;
}

sj_rc sj_emb_sql_scan(const char *text, size_t size, bool is_whole, struct sj_emb_sql *ret_sql)
{
    struct sj_emb_sql sql = {.kind = SJ_EMB_SQL_OTHER};
    struct cursor at = {text, size, {0}};
    next(&at);
    if (at.token.is_open && !is_whole)
        return -EAGAIN;
    sj_rc rc = 0;
    if (at.token.kind == SJ_EMB_TOKEN_END) {
        sql.kind = SJ_EMB_SQL_EMPTY;
    } else if (is(&at, "INSERT")) {
        rc = scan_insert(at, is_whole, &sql);
    } else if (!is_whole) {
        rc = -EAGAIN;
    } else {
        if (is(&at, "SELECT") || is(&at, "WITH") || is(&at, "FROM") || is_mark(&at, '('))
            sql.kind = SJ_EMB_SQL_SELECT;
        else if (is(&at, "SET"))
            sql.kind = SJ_EMB_SQL_SET;
        else if (is(&at, "USE"))
            sql.kind = SJ_EMB_SQL_USE;
        rc = scan_result(at, &sql);
    }
    if (rc >= 0)
        *ret_sql = sql;
    return rc;
}

static bool names_file(const char *text, const struct sj_emb_token *token)
{
    size_t quote = token->kind == SJ_EMB_TOKEN_NAME ? 1 : 0;
    return token->size == 4 + 2 * quote && memcmp(text + token->offset + quote, "file", 4) == 0;
}

/* Where this lexer and the engine's might part (typographic quotes open strings and names there;
 * heredocs), a mere mention of the word is taken for the function. */
static bool is_mentioned_unsurely(const char *text, size_t size)
{
    return memmem(text, size, "file", 4) &&
           (memmem(text, size, "\xe2\x80", 2) || memchr(text, '$', size));
}

/* The word inside a token that is no string, no name and no word of its own. */
static bool hides_file(const char *text, const struct sj_emb_token *token)
{
    return (token->kind == SJ_EMB_TOKEN_COMMENT || token->kind == SJ_EMB_TOKEN_NUMBER) &&
           memmem(text + token->offset, token->size, "file", 4);
}

enum sj_emb_sql_breach sj_emb_sql_guard(const char *text, size_t size)
{
    if (is_mentioned_unsurely(text, size))
        return SJ_EMB_SQL_READS_FILE;
    int depth = 0;
    char before = '\0';
    struct cursor at = {text, size, {0}};
    at.token = sj_emb_lex(text, size, 0);
    for (; at.token.kind != SJ_EMB_TOKEN_END;
         at.token = sj_emb_lex(text, size, at.token.offset + at.token.size)) {
        const char *token = text + at.token.offset;
        depth += depth_step(&at);
        if (at.token.kind == SJ_EMB_TOKEN_NAME && memchr(token, '\\', at.token.size))
            return SJ_EMB_SQL_ESCAPED_NAME;
        if ((at.token.kind == SJ_EMB_TOKEN_WORD || at.token.kind == SJ_EMB_TOKEN_NAME) &&
            before != '.' && names_file(text, &at.token))
            return SJ_EMB_SQL_READS_FILE;
        if (hides_file(text, &at.token))
            return SJ_EMB_SQL_READS_FILE;
        if (depth > 0 && is(&at, "SETTINGS"))
            return SJ_EMB_SQL_NESTED_SETTINGS;
        before = at.token.kind == SJ_EMB_TOKEN_MARK ? *token : '\0';
    }
    return SJ_EMB_SQL_CLEAN;
}

static bool is_own_engine(const char *text, const struct sj_emb_token *token)
{
    static const char family[] = "MergeTree";
    static const char *const others[] = {"MEMORY",    "NULL",   "LOG", "TINYLOG",
                                         "STRIPELOG", "BUFFER", "SET", "JOIN"};
    size_t size = sizeof(family) - 1;
    if (token->kind != SJ_EMB_TOKEN_WORD)
        return false;
    if (token->size >= size && memcmp(text + token->offset + token->size - size, family, size) == 0)
        return true;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (sj_emb_token_is(text, token, others[i]))
            return true;
    }
    return false;
}

bool sj_emb_sql_engines_are_own(const char *text, size_t size)
{
    struct cursor at = {text, size, {0}};
    for (next(&at); at.token.kind != SJ_EMB_TOKEN_END; next(&at)) {
        if (!is(&at, "ENGINE"))
            continue;
        struct cursor name = at;
        next(&name);
        bool is_named = is_mark(&name, '=');
        if (is_named)
            next(&name);
        /* Without a sign and a word behind it, `engine` is a column's name. */
        if ((is_named || name.token.kind == SJ_EMB_TOKEN_WORD) && !is_own_engine(text, &name.token))
            return false;
    }
    return true;
}
