#include "store/batch.h"
#include "store/dead_letter.h"
#include "store/setup.h"
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- one line for the user --- */

static void tell(struct sj_store_error *error, const char *doing, const char *why)
{
    snprintf(error->text, sizeof(error->text), "%s: %s", doing, why);
}

static void tell_answer(struct sj_store_error *error, const struct sj_store_client *client,
                        const char *doing, const struct sj_store_answer *answer)
{
    if (answer->code > 0)
        snprintf(error->text, sizeof(error->text), "%s: ClickHouse error %d: %s", doing,
                 answer->code, answer->text);
    else
        snprintf(error->text, sizeof(error->text), "%s at %s (store.url): %s%s", doing,
                 sj_store_client_url(client), answer->text,
                 answer->fate == SJ_STORE_RETRY && answer->http_status == 0
                     ? "; shijim store --data DIR starts one"
                     : "");
}

static sj_rc connect_to(const struct sj_store_config *config, struct sj_store_client **ret_client,
                        struct sj_store_error *error)
{
    sj_rc rc = sj_store_connect(config, ret_client);
    if (rc == -SJ_E_MALFORMED || rc == -SJ_E_RANGE)
        tell(error, "store.url",
             "not of the form http(s)://[user:password@]host[:port][/database]");
    else if (rc < 0)
        tell(error, "connecting", sj_rc_text(rc));
    return rc;
}

/* --- create tables --- */

sj_rc sj_store_create_tables(const struct sj_store_config *config, struct sj_store_error *ret_error)
{
    struct sj_store_client *client = NULL;
    struct sj_store_setup setup = {0};
    sj_rc rc = connect_to(config, &client, ret_error);
    if (rc < 0)
        return rc;
    rc = sj_store_setup_init(&setup, config, client, true);
    if (rc == 0) {
        rc = sj_store_setup_run(&setup);
        if (rc < 0)
            tell_answer(ret_error, client, "creating the tables", &setup.answer);
    }
    sj_store_setup_done(&setup);
    sj_store_client_close(client);
    return rc;
}

/* --- query --- */

static size_t write_out(void *context, const void *data, size_t size)
{
    return fwrite(data, 1, size, context);
}

sj_rc sj_store_query(const struct sj_store_config *config, const char *sql, const char *format,
                     FILE *out, struct sj_store_error *ret_error)
{
    struct sj_store_client *client = NULL;
    sj_rc rc = connect_to(config, &client, ret_error);
    if (rc < 0)
        return rc;
    struct sj_store_request request = {
        .sql = sql,
        .database = sj_store_client_database(client),
        .format = format != NULL ? format : "TabSeparatedWithNames",
        .timeout_ms = UINT32_MAX / 2,
        .sink = write_out,
        .sink_context = out,
    };
    rc = sj_store_client_run(client, &request);
    if (rc < 0)
        tell_answer(ret_error, client, "query", &request.answer);
    if (fflush(out) != 0 || ferror(out)) {
        rc = errno != 0 ? -errno : -EIO;
        tell(ret_error, "writing the answer", sj_rc_text(rc));
    }
    sj_store_bytes_done(&request.reply);
    sj_store_client_close(client);
    return rc;
}

/* --- dead letters --- */

/* One run over the directory. */
struct retry {
    struct sj_store_client *client;
    struct sj_store_setup setup;
    struct sj_store_symbols symbols;
    struct sj_store_workshop workshop;
    struct sj_store_retry_report report;
    struct sj_store_error *error;
};

static sj_rc fill(struct retry *retry, const struct sj_store_dead *dead,
                  struct sj_store_batch *batch)
{
    struct sj_store_days days = {0};
    for (uint32_t i = 0; i < dead->head.definition_count; i++) {
        struct sj_instrument definition;
        memcpy(&definition, dead->definitions + (size_t)i * sizeof(definition), sizeof(definition));
        sj_rc rc = sj_store_symbols_put(&retry->symbols, &definition);
        if (rc < 0)
            return rc;
    }
    sj_store_symbols_rank(&retry->symbols);
    sj_store_batch_begin(batch, dead->table,
                         sj_store_month_of(&days, sj_store_frame_ts(dead->frames.data)));
    for (uint32_t i = 0; i < dead->head.row_count; i++) {
        const uint8_t *frame = dead->frames.data + (size_t)i * dead->head.row_size;
        sj_rc rc = sj_store_batch_add(batch, frame, dead->srcs[i]);
        if (rc < 0)
            return rc;
    }
    return sj_store_batch_seal(batch, &retry->workshop);
}

/* Strikes what the server has already: an earlier try may have got through. */
static sj_rc strike_present(struct retry *retry, struct sj_store_batch *batch)
{
    char sql[SJ_STORE_SQL_MAX];
    struct sj_store_request request = {.sql = sql};
    sj_rc rc = sj_store_batch_question(batch, retry->setup.database, sql, sizeof(sql));
    if (rc > 0)
        rc = sj_store_client_run(retry->client, &request);
    if (rc == 0)
        rc = sj_store_batch_strike(batch, request.reply.data, request.reply.size);
    else
        tell_answer(retry->error, retry->client, "asking for rows", &request.answer);
    sj_store_bytes_done(&request.reply);
    return rc;
}

static sj_rc insert(struct retry *retry, struct sj_store_batch *batch)
{
    sj_rc rc = strike_present(retry, batch);
    if (rc < 0 || batch->ranges[0].count == 0)
        return rc < 0 ? rc : 0;
    rc = sj_store_batch_build(batch, &retry->workshop, "shijim-dead");
    if (rc < 0)
        return rc;
    struct sj_store_request request = {
        .sql = batch->sql,
        .body = batch->body.data,
        .body_size = batch->body.size,
        .packing = batch->packing,
        .settings = retry->setup.settings,
    };
    rc = sj_store_client_run(retry->client, &request);
    if (rc < 0)
        tell_answer(retry->error, retry->client, "inserting dead letters", &request.answer);
    sj_store_bytes_done(&request.reply);
    return rc;
}

static sj_rc retry_file(const char *path, void *context)
{
    struct retry *retry = context;
    struct sj_store_dead dead;
    struct sj_store_batch batch = {0};
    retry->report.file_count++;
    sj_rc rc = sj_store_dead_read(path, &dead);
    if (rc == -SJ_E_CORRUPT) {
        retry->report.damaged_count++;
        return 0;
    }
    if (rc < 0)
        return rc;
    retry->report.row_count += dead.head.row_count;
    rc = dead.table != NULL ? fill(retry, &dead, &batch) : -SJ_E_REFUSED;
    if (rc == 0)
        rc = insert(retry, &batch);
    if (rc == 0 && unlink(path) < 0)
        rc = -errno;
    if (rc == 0)
        retry->report.inserted_count += dead.head.row_count;
    else if (rc == -SJ_E_REFUSED)
        retry->report.failed_count += dead.head.row_count;
    sj_store_batch_done(&batch);
    sj_store_dead_done(&dead);
    return rc == -SJ_E_REFUSED ? 0 : rc;
}

sj_rc sj_store_retry_dead_letters(const struct sj_store_config *config, const char *dir,
                                  struct sj_store_retry_report *ret_report,
                                  struct sj_store_error *ret_error)
{
    struct retry retry = {.error = ret_error};
    ret_error->text[0] = '\0';
    sj_rc rc = connect_to(config, &retry.client, ret_error);
    if (rc < 0)
        return rc;
    rc = sj_store_setup_init(&retry.setup, config, retry.client, config->create_tables);
    if (rc == 0) {
        rc = sj_store_setup_run(&retry.setup);
        if (rc < 0)
            tell_answer(ret_error, retry.client, "retrying dead letters", &retry.setup.answer);
    }
    if (rc == 0)
        rc = sj_store_symbols_init(&retry.symbols, UINT16_MAX + 1);
    if (rc == 0)
        rc = sj_store_workshop_init(&retry.workshop, &retry.symbols, retry.setup.database);
    if (rc == 0) {
        retry.workshop.format = (enum sj_store_format)config->format;
        retry.workshop.packed_tables = sj_store_setup_packed_tables(&retry.setup);
        retry.workshop.text_tables = sj_store_setup_text_tables(&retry.setup);
        retry.workshop.packing = sj_store_choose_packing(config, &retry.setup.abilities);
        rc = sj_store_dead_each(dir, retry_file, &retry);
        if (rc < 0 && ret_error->text[0] == '\0')
            tell(ret_error, dir, sj_rc_text(rc));
        *ret_report = retry.report;
    }
    sj_store_workshop_done(&retry.workshop);
    sj_store_symbols_done(&retry.symbols);
    sj_store_setup_done(&retry.setup);
    sj_store_client_close(retry.client);
    return rc;
}
