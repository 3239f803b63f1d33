#include "store/embedded/gate.h"

#include <stdio.h>

#include "store/embedded/lexer.h"

static const char *const breach_texts[] = {
    [SJ_EMB_SQL_READS_FILE] = "The function file() reads the server's disk and is not available "
                              "(a name 'file' in a comment or alias must go too)",
    [SJ_EMB_SQL_ESCAPED_NAME] = "A quoted name with a backslash is not accepted",
    [SJ_EMB_SQL_NESTED_SETTINGS] = "SETTINGS inside a subquery is not accepted: put it at the end "
                                   "of the statement",
};

static bool passes_guard(struct sj_emb_exchange *exchange, size_t size)
{
    enum sj_emb_sql_breach breach = sj_emb_sql_guard(exchange->text.data, size);
    if (breach == SJ_EMB_SQL_CLEAN)
        return true;
    sj_emb_exchange_fail(exchange, SJ_EMB_ACCESS_DENIED, "%s", breach_texts[breach]);
    return false;
}

/* The engine has a parser only behind a statement; formatQuery gives its words about `text`
 * without running it. */
static void explain_syntax(struct sj_emb_exchange *exchange, size_t size)
{
    static const char sql[] = "SELECT formatQuery({statement:String})";
    static const char *const name = "statement";
    const size_t name_size = strlen(name);
    struct sj_emb_buffer value = {0};
    sj_rc rc = 0;
    for (size_t i = 0; rc >= 0 && i < size; i++) {
        char c = exchange->text.data[i];
        const char *escaped = c == '\\' ? "\\\\" : c == '\n' ? "\\n" : c == '\t' ? "\\t" : NULL;
        rc = sj_emb_buffer_append(&value, escaped ? escaped : &c, escaped ? 2 : 1);
    }
    const struct sj_chdb *chdb = &exchange->house->engine.chdb;
    struct chdb_result_ *result = NULL;
    const char *text = value.data;
    if (rc >= 0) {
        result = chdb->query_with_params_n(*exchange->connection, sql, sizeof(sql) - 1, "Null", 4,
                                           &name, &name_size, &text, &value.size, 1);
    }
    if (result && chdb->result_error(result)) {
        char message[4096];
        snprintf(message, sizeof(message), "%s", chdb->result_error(result));
        /* ": In scope SELECT formatQuery(...)" is about our question, not the user's. */
        char *scope = strstr(message, ": In scope SELECT formatQuery");
        if (scope)
            snprintf(scope, sizeof(message) - (size_t)(scope - message), ". (SYNTAX_ERROR)");
        sj_emb_exchange_fail_engine(exchange, message);
    }
    if (result)
        chdb->destroy_query_result(result);
    sj_emb_buffer_done(&value);
    sj_emb_exchange_fail(exchange, SJ_EMB_SYNTAX_ERROR,
                         "Syntax error: not one statement that the "
                         "engine can parse");
}

static bool is_temporary_table(const struct sj_emb_exchange *exchange)
{
    const char *text = exchange->text.data;
    size_t size = exchange->text.size;
    struct sj_emb_token first = sj_emb_lex_code(text, size, 0);
    struct sj_emb_token second = sj_emb_lex_code(text, size, first.offset + first.size);
    return (sj_emb_token_is(text, &first, "CREATE") || sj_emb_token_is(text, &first, "DROP")) &&
           sj_emb_token_is(text, &second, "TEMPORARY");
}

static bool may_run(const struct sj_emb_exchange *exchange, uint32_t class)
{
    if (class == SJ_CHDB_READ_ONLY)
        return true;
    if (sj_emb_exchange_is_reader(exchange))
        return false;
    if (class == SJ_CHDB_MUTATING)
        return exchange->sql.kind != SJ_EMB_SQL_OTHER ||
               sj_emb_sql_engines_are_own(exchange->text.data, exchange->text.size);
    return class == SJ_CHDB_CONTROL &&
           (exchange->sql.kind == SJ_EMB_SQL_SET || exchange->sql.kind == SJ_EMB_SQL_USE ||
            is_temporary_table(exchange));
}

static void refuse(struct sj_emb_exchange *exchange, uint32_t class)
{
    if (sj_emb_exchange_is_reader(exchange) && class == SJ_CHDB_MUTATING)
        sj_emb_exchange_fail(exchange, SJ_EMB_READONLY,
                             "Cannot execute query in readonly mode: to write, POST as user '%s' "
                             "with the token in %s",
                             SJ_EMBEDDED_WRITER, exchange->house->engine.token_path);
    else
        sj_emb_exchange_fail(exchange, SJ_EMB_ACCESS_DENIED,
                             "Not enough privileges: this server runs no statement of this kind "
                             "(nor one with an engine whose data are elsewhere) "
                             "for %s",
                             sj_emb_exchange_is_reader(exchange) ? "a reader" : "anyone");
}

/* The statement as the classifier shall see it: of an INSERT only the head, with its format. */
static size_t statement_size(const struct sj_emb_exchange *exchange)
{
    const struct sj_emb_sql *sql = &exchange->sql;
    return sql->kind == SJ_EMB_SQL_INSERT_DATA ? sql->head_size : exchange->text.size;
}

bool sj_emb_gate_pass(struct sj_emb_exchange *exchange)
{
    size_t size = statement_size(exchange);
    if (!passes_guard(exchange, size))
        return false;
    struct sj_emb_buffer head = {0};
    sj_rc rc = sj_emb_buffer_append(&head, exchange->text.data, size);
    if (rc >= 0 && exchange->sql.kind == SJ_EMB_SQL_INSERT_DATA)
        rc = sj_emb_buffer_printf(&head, " FORMAT Native");
    struct sj_chdb_analysis analysis = {.struct_size = sizeof(analysis),
                                        .query_class = SJ_CHDB_UNPARSED};
    if (rc >= 0)
        rc = exchange->house->engine.chdb.classify_query_n(*exchange->connection, head.data,
                                                           head.size, NULL, 0, &analysis);
    sj_emb_buffer_done(&head);
    if (rc != 0) {
        sj_emb_exchange_fail(exchange, SJ_EMB_MEMORY_LIMIT_EXCEEDED,
                             "The statement could not be classified");
        return false;
    }
    if (analysis.query_class == SJ_CHDB_UNPARSED || analysis.statement_count == 0) {
        explain_syntax(exchange, size);
        return false;
    }
    if (analysis.statement_count != 1) {
        sj_emb_exchange_fail(exchange, SJ_EMB_SYNTAX_ERROR,
                             "Syntax error (Multi-statements are not allowed): send one statement");
        return false;
    }
    if (may_run(exchange, analysis.query_class))
        return true;
    refuse(exchange, analysis.query_class);
    return false;
}
