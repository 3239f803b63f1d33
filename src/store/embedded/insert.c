#include "store/embedded/exchange.h"

#include "store/embedded/gate.h"

/* The body's bytes go to the engine as they come (decoded): nothing is parsed or built again
 * here. Only a complete request is committed. */

void sj_emb_insert_begin(struct sj_emb_exchange *exchange)
{
    const struct sj_emb_sql *sql = &exchange->sql;
    if (sj_emb_exchange_is_reader(exchange)) {
        sj_emb_exchange_fail(exchange, SJ_EMB_READONLY,
                             "Cannot execute query in readonly mode: to insert, POST as user '%s' "
                             "with the token in %s",
                             SJ_EMBEDDED_WRITER, exchange->house->engine.token_path);
        return;
    }
    if (!sj_emb_exchange_attach(exchange, true, false) || !sj_emb_gate_pass(exchange))
        return;
    struct sj_emb_params params;
    sj_emb_params_of(&exchange->request, &params);
    const struct sj_chdb *chdb = &exchange->house->engine.chdb;
    exchange->insert = chdb->stream_insert_with_params_n(
        *exchange->connection, exchange->text.data, sql->head_size, sql->format,
        strlen(sql->format), params.names, params.name_sizes, params.values, params.value_sizes,
        params.count);
    const char *error = chdb->stream_insert_error(exchange->insert);
    if (error)
        sj_emb_exchange_fail_engine(exchange, error);
    else
        exchange->phase = SJ_EMB_PHASE_DATA;
}

void sj_emb_insert_feed(struct sj_emb_exchange *exchange, const void *data, size_t size)
{
    const struct sj_chdb *chdb = &exchange->house->engine.chdb;
    if (size == 0 || chdb->stream_append(exchange->insert, data, size) == 0)
        return;
    const char *error = chdb->stream_insert_error(exchange->insert);
    sj_emb_exchange_fail_engine(exchange, error ? error : "the engine takes no more data");
}

void sj_emb_insert_commit(struct sj_emb_exchange *exchange)
{
    const struct sj_chdb *chdb = &exchange->house->engine.chdb;
    struct chdb_result_ *result = chdb->stream_done(exchange->insert);
    const char *error = result ? chdb->result_error(result) : "the engine gave no result";
    if (error) {
        sj_emb_exchange_fail_engine(exchange, error);
    } else {
        exchange->summary.written_rows = chdb->result_rows_written(result);
        exchange->summary.written_bytes = chdb->result_bytes_written(result);
    }
    if (result)
        chdb->destroy_query_result(result);
    chdb->destroy_insert_stream(exchange->insert);
    exchange->insert = NULL;
    exchange->is_result_over = true;
    sj_emb_exchange_detach(exchange, true, false);
}

void sj_emb_insert_cancel(struct sj_emb_exchange *exchange)
{
    if (!exchange->insert)
        return;
    const struct sj_chdb *chdb = &exchange->house->engine.chdb;
    chdb->stream_cancel_insert(exchange->insert);
    chdb->destroy_insert_stream(exchange->insert);
    exchange->insert = NULL;
    sj_emb_exchange_detach(exchange, true, false);
}
