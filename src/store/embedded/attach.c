#include "store/embedded/exchange.h"

#include <stdio.h>

#include "store/embedded/setup.h"

static bool enter(struct sj_emb_exchange *exchange, bool is_insert)
{
    struct sj_emb_house *house = exchange->house;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->http, MHD_CONNECTION_INFO_CONNECTION_FD);
    bool is_read = !is_insert && sj_emb_exchange_is_reader(exchange);
    sj_rc rc = sj_emb_watch_enter(&house->watch, exchange->query_id, info ? info->connect_fd : -1,
                                  is_read, &exchange->running);
    if (rc == -SJ_E_BUSY)
        sj_emb_exchange_fail(exchange, SJ_EMB_QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING,
                             "Query with id = %s is already running", exchange->query_id);
    else if (rc < 0)
        sj_emb_exchange_fail(exchange, SJ_EMB_TOO_MANY_SIMULTANEOUS_QUERIES,
                             "Too many simultaneous queries. Maximum: %u",
                             house->options.reader_max);
    return rc >= 0;
}

static bool take_session(struct sj_emb_exchange *exchange)
{
    struct sj_emb_house *house = exchange->house;
    sj_rc rc = sj_emb_session_take(&house->sessions, &exchange->request, exchange->identity,
                                   &exchange->session);
    if (rc >= 0)
        return true;
    if (rc == -SJ_E_BUSY)
        sj_emb_exchange_fail(
            exchange, SJ_EMB_SESSION_IS_LOCKED, "Session %.*s is locked by a concurrent client",
            (int)exchange->request.session_id.size, exchange->request.session_id.data);
    else if (rc == -SJ_E_UNKNOWN)
        sj_emb_exchange_fail(exchange, SJ_EMB_SESSION_NOT_FOUND, "Session not found");
    else
        sj_emb_exchange_fail(exchange, SJ_EMB_TOO_MANY_SIMULTANEOUS_QUERIES,
                             "All %u sessions are in use", house->options.session_max);
    return false;
}

static struct sj_emb_setup setup_of(const struct sj_emb_exchange *exchange, bool is_insert,
                                    bool is_whole)
{
    const struct sj_emb_session *session = exchange->session;
    return (struct sj_emb_setup){
        .request = &exchange->request,
        .options = &exchange->house->options,
        .query_id = exchange->query_id,
        .is_reader = sj_emb_exchange_is_reader(exchange),
        .is_insert = is_insert,
        .is_whole = is_whole,
        .is_session = session && exchange->connection == session->connection && !session->is_new,
    };
}

static bool set_up(struct sj_emb_exchange *exchange, bool is_insert, bool is_whole)
{
    struct sj_emb_setup setup = setup_of(exchange, is_insert, is_whole);
    struct sj_emb_buffer sql = {0};
    char error[2048] = "no memory to set up a statement";
    int code = -SJ_EMB_MEMORY_LIMIT_EXCEEDED;
    if (sj_emb_setup_write(&setup, &sql) >= 0)
        code = sj_emb_engine_run(&exchange->house->engine, *exchange->connection, sql.data,
                                 sql.size, NULL, error, sizeof(error));
    sj_emb_buffer_done(&sql);
    if (code < 0)
        sj_emb_exchange_fail_engine(exchange, error);
    else if (exchange->session)
        exchange->session->is_new = false;
    return code >= 0;
}

/* The engine would only say that the right to see it is missing. */
static bool check_database(struct sj_emb_exchange *exchange)
{
    struct sj_emb_text name = exchange->request.database;
    if (name.size == 0 || sj_emb_text_equals(name, exchange->house->engine.database) ||
        sj_emb_text_equals(name, SJ_EMB_DEFAULT_DATABASE) || sj_emb_text_equals(name, "system"))
        return true;
    sj_emb_exchange_fail(exchange, SJ_EMB_UNKNOWN_DATABASE, "Database %.*s does not exist",
                         name.size > 80 ? 80 : (int)name.size, name.data);
    return false;
}

bool sj_emb_exchange_attach(struct sj_emb_exchange *exchange, bool is_insert, bool is_whole)
{
    if (!check_database(exchange))
        return false;
    if (!enter(exchange, is_insert))
        return false;
    if (exchange->request.session_id.size > 0 && !take_session(exchange))
        return false;
    /* Only a writer that writes uses the session's own connection: what a reader does must be
     * forgotten afterwards, its give-up of rights included. */
    if (exchange->session && !sj_emb_exchange_is_reader(exchange))
        exchange->connection = exchange->session->connection;
    else
        exchange->connection = sj_emb_engine_connect(&exchange->house->engine);
    if (!exchange->connection) {
        sj_emb_exchange_fail(exchange, SJ_EMB_MEMORY_LIMIT_EXCEEDED,
                             "The engine gives no connection");
        return false;
    }
    return set_up(exchange, is_insert, is_whole);
}

static void undo(struct sj_emb_exchange *exchange, bool is_insert, bool is_whole)
{
    struct sj_emb_setup setup = setup_of(exchange, is_insert, is_whole);
    struct sj_emb_buffer sql = {0};
    char error[256];
    if (sj_emb_setup_undo(&setup, &sql) >= 0)
        sj_emb_engine_run(&exchange->house->engine, *exchange->connection, sql.data, sql.size, NULL,
                          error, sizeof(error));
    sj_emb_buffer_done(&sql);
}

void sj_emb_exchange_detach(struct sj_emb_exchange *exchange, bool is_insert, bool is_whole)
{
    struct sj_emb_house *house = exchange->house;
    if (exchange->connection) {
        bool is_sessions =
            exchange->session && exchange->connection == exchange->session->connection;
        if (is_sessions)
            undo(exchange, is_insert, is_whole);
        else
            house->engine.chdb.close_conn(exchange->connection);
        exchange->connection = NULL;
    }
    if (exchange->session)
        sj_emb_session_release(&house->sessions, exchange->session);
    exchange->session = NULL;
    if (exchange->running)
        sj_emb_watch_leave(&house->watch, exchange->running);
    exchange->running = NULL;
}

void sj_emb_params_of(const struct sj_emb_request *request, struct sj_emb_params *ret_params)
{
    for (size_t i = 0; i < request->param_count; i++) {
        ret_params->names[i] = request->params[i].name.data;
        ret_params->name_sizes[i] = request->params[i].name.size;
        ret_params->values[i] = request->params[i].value.data;
        ret_params->value_sizes[i] = request->params[i].value.size;
    }
    ret_params->count = request->param_count;
}
