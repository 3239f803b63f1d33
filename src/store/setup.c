#include "store/setup.h"

#include "store/adopt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define STEP_TIMEOUT_MS 5000

enum step {
    STEP_VERSION,
    STEP_SETTINGS,
    STEP_TOKENS,
    STEP_CODECS,
    STEP_LZ4_BLOCKS,
    STEP_LZ4_FRAME,
    STEP_GZIP,
    STEP_DATABASE,
    STEP_TABLES, /* one step for each table */
    STEP_COLUMNS = STEP_TABLES + SJ_STORE_TABLE_COUNT,
    STEP_ALTERS, /* one for each table that lacks something */
    STEP_VIEW = STEP_ALTERS + SJ_STORE_TABLE_COUNT,
    STEP_END
};

/* The body of a trial: SQL that travels packed and must come back answered. */
static const char trial_sql[] = " 1 + 1";
static const char trial_answer = '2';

/* --- what a step asks --- */

static sj_rc ask_packed(struct sj_store_setup *setup, enum sj_store_packing packing)
{
    setup->body.size = 0;
    sj_rc rc =
        sj_store_pack(setup->packer, packing, trial_sql, sizeof(trial_sql) - 1, &setup->body);
    setup->request.sql = "SELECT"; /* the URL's statement and the body are one text to the server */
    setup->request.body = setup->body.data;
    setup->request.body_size = setup->body.size;
    setup->request.packing = packing;
    return rc;
}

static void fail(struct sj_store_setup *setup, enum sj_store_fate fate, const char *why)
{
    setup->state = SJ_STORE_SETUP_FAILED;
    memset(&setup->answer, 0, sizeof(setup->answer));
    setup->answer.fate = fate;
    snprintf(setup->answer.text, sizeof(setup->answer.text), "%.*s",
             (int)sizeof(setup->answer.text) - 1, why);
}

/* Returns the statement's length, or 0 when there is nothing to be done. */
static sj_rc make_statement(struct sj_store_setup *setup, uint32_t step)
{
    const struct sj_store_abilities *abilities = &setup->abilities;
    const struct sj_store_dialect dialect = {
        .has_codecs = abilities->has_codecs,
        .has_gcd = abilities->has_gcd,
        .has_part_codecs = abilities->has_part_codecs,
    };
    const struct sj_store_found found = {(const char *)setup->found.data, setup->found.size};
    const size_t size = sizeof(setup->sql);
    if (step == STEP_DATABASE)
        return snprintf(setup->sql, size, "CREATE DATABASE IF NOT EXISTS `%s`", setup->database);
    if (step < STEP_COLUMNS)
        return sj_store_create_statement(sj_store_table_at(step - STEP_TABLES), setup->database,
                                         &dialect, setup->sql, size);
    if (step == STEP_COLUMNS)
        return snprintf(setup->sql, size, "%s", sj_store_adopt_question);
    if (step == STEP_VIEW)
        return sj_store_view_statement(0, setup->database, setup->sql, size);
    return sj_store_adopt_statement(sj_store_table_at(step - STEP_ALTERS), setup->database,
                                    &dialect, &found, setup->sql, size);
}

static sj_rc ask(struct sj_store_setup *setup)
{
    setup->request.body = NULL;
    setup->request.packing = SJ_STORE_PACK_NONE;
    setup->request.timeout_ms = STEP_TIMEOUT_MS;
    setup->request.database = setup->step == STEP_COLUMNS ? setup->database : NULL;
    setup->request.sql = setup->sql;
    switch (setup->step) {
    case STEP_VERSION:
        setup->request.sql = "SELECT version()";
        return 0;
    case STEP_SETTINGS:
        sj_store_settings_question(setup->config, setup->sql, sizeof(setup->sql));
        return 0;
    case STEP_TOKENS:
        setup->request.sql = "SELECT name FROM system.merge_tree_settings WHERE name ="
                             " 'non_replicated_deduplication_window'";
        return 0;
    case STEP_CODECS:
        setup->request.sql = "SELECT macro FROM system.macros WHERE macro = 'shijim_part_codecs'";
        return 0;
    case STEP_LZ4_BLOCKS:
        return ask_packed(setup, SJ_STORE_PACK_LZ4_BLOCKS);
    case STEP_LZ4_FRAME:
        return ask_packed(setup, SJ_STORE_PACK_LZ4_FRAME);
    case STEP_GZIP:
        return ask_packed(setup, SJ_STORE_PACK_GZIP);
    default:
        return 0; /* made already */
    }
}

/* --- what its answer means --- */

static bool take_version(struct sj_store_setup *setup)
{
    struct sj_store_abilities *abilities = &setup->abilities;
    const char *text = (const char *)setup->request.reply.data;
    size_t size = setup->request.reply.size;
    abilities->version_number = size > 0 ? sj_store_version_parse(text, size) : 0;
    if (abilities->version_number == 0) {
        setup->answer.fate = SJ_STORE_CONFIG;
        snprintf(setup->answer.text, sizeof(setup->answer.text),
                 "what answers is no ClickHouse server: it does not tell its version");
        return false;
    }
    size = size < sizeof(abilities->version) ? size : sizeof(abilities->version) - 1;
    memcpy(abilities->version, text, size);
    abilities->version[strcspn(abilities->version, "\r\n")] = '\0';
    abilities->has_codecs = abilities->version_number >= 20003;
    abilities->has_gcd = abilities->version_number >= 23012;
    return true;
}

/* Keeps what the server has. A table that is there and has no rests gets none. */
static bool take_columns(struct sj_store_setup *setup)
{
    const struct sj_store_bytes reply = setup->request.reply;
    setup->request.reply = setup->found;
    setup->found = reply;
    const struct sj_store_found found = {(const char *)reply.data, reply.size};
    setup->plain_tables = 0;
    setup->unequal_tables = 0;
    for (uint32_t i = 0; i < SJ_STORE_TABLE_COUNT; i++) {
        bool is_plain = !sj_store_adopt_is_packed(sj_store_table_at(i), &found);
        bool is_unequal = !sj_store_adopt_is_exact(sj_store_table_at(i), &found);
        setup->plain_tables |= (uint32_t)is_plain << i;
        setup->unequal_tables |= (uint32_t)is_unequal << i;
    }
    return true;
}

/* Takes the answer to a step. False: the sequence ends. */
static bool take(struct sj_store_setup *setup)
{
    struct sj_store_abilities *abilities = &setup->abilities;
    const struct sj_store_answer *answer = &setup->request.answer;
    const struct sj_store_bytes *reply = &setup->request.reply;
    const char *text = (const char *)reply->data;
    bool is_done = answer->fate == SJ_STORE_DONE;
    bool is_trial_passed = is_done && reply->size > 0 && text[0] == trial_answer;
    switch (setup->step) {
    case STEP_VERSION:
        return is_done && take_version(setup);
    case STEP_SETTINGS:
        if (!is_done)
            return false;
        sj_store_settings_choose(setup->config, text, reply->size, setup->settings);
        abilities->has_tokens =
            sj_store_settings_knows(text, reply->size, "insert_deduplication_token");
        return true;
    case STEP_TOKENS:
        abilities->has_tokens &= is_done && reply->size > 1;
        return true;
    case STEP_CODECS:
        abilities->has_part_codecs = is_done && reply->size > 1;
        return true;
    case STEP_LZ4_BLOCKS:
        abilities->has_lz4_blocks = is_trial_passed;
        return true;
    case STEP_LZ4_FRAME:
        abilities->has_lz4_frame = is_trial_passed;
        return true;
    case STEP_GZIP:
        abilities->has_gzip = is_trial_passed;
        return true;
    case STEP_COLUMNS:
        return is_done && take_columns(setup);
    default:
        return is_done;
    }
}

static void next(struct sj_store_setup *setup)
{
    uint32_t end = setup->wants_tables ? STEP_END : STEP_DATABASE;
    sj_rc length = 0;
    while (setup->step < end && setup->step >= STEP_DATABASE && length == 0) {
        length = make_statement(setup, setup->step);
        setup->step += length == 0;
    }
    if (length < 0) {
        fail(setup, SJ_STORE_CONFIG, length == -SJ_E_REFUSED ? setup->sql : sj_rc_text(length));
        return;
    }
    if (setup->step >= end) {
        setup->state = SJ_STORE_SETUP_DONE;
        return;
    }
    sj_rc rc = ask(setup);
    if (rc == 0)
        rc = sj_store_client_start(setup->client, &setup->request);
    if (rc < 0)
        fail(setup, SJ_STORE_RETRY, sj_rc_text(rc));
}

static void ended(struct sj_store_request *request)
{
    struct sj_store_setup *setup = request->context;
    setup->answer = request->answer;
    if (!take(setup)) {
        setup->state = SJ_STORE_SETUP_FAILED;
        return;
    }
    setup->step++;
    next(setup);
}

void sj_store_setup_start(struct sj_store_setup *setup)
{
    memset(&setup->abilities, 0, sizeof(setup->abilities));
    setup->state = SJ_STORE_SETUP_BUSY;
    setup->step = STEP_VERSION;
    setup->request.done = ended;
    setup->request.context = setup;
    next(setup);
}

sj_rc sj_store_setup_run(struct sj_store_setup *setup)
{
    sj_store_setup_start(setup);
    while (setup->state == SJ_STORE_SETUP_BUSY)
        sj_store_client_poll(setup->client, 100);
    if (setup->state == SJ_STORE_SETUP_DONE)
        return 0;
    bool is_refused =
        setup->answer.fate == SJ_STORE_CONFIG || setup->answer.fate == SJ_STORE_POISON;
    return is_refused ? -SJ_E_REFUSED : -SJ_E_CLOSED;
}

sj_rc sj_store_setup_init(struct sj_store_setup *setup, const struct sj_store_config *config,
                          struct sj_store_client *client, bool wants_tables)
{
    memset(setup, 0, sizeof(*setup));
    setup->config = config;
    setup->client = client;
    setup->database = sj_store_client_database(client);
    setup->wants_tables = wants_tables;
    return sj_store_packer_create(&setup->packer);
}

uint32_t sj_store_setup_packed_tables(const struct sj_store_setup *setup)
{
    _Static_assert(SJ_STORE_TABLE_COUNT <= 32, "a bit for each table");
    return setup->abilities.has_codecs ? ~setup->plain_tables : 0;
}

uint32_t sj_store_setup_text_tables(const struct sj_store_setup *setup)
{
    return setup->abilities.has_codecs ? 0 : setup->unequal_tables;
}

void sj_store_setup_done(struct sj_store_setup *setup)
{
    sj_store_bytes_done(&setup->found);
    sj_store_packer_close(setup->packer);
    sj_store_bytes_done(&setup->body);
    sj_store_bytes_done(&setup->request.reply);
    memset(setup, 0, sizeof(*setup));
}

sj_rc sj_store_connect(const struct sj_store_config *config, struct sj_store_client **ret_client)
{
    struct sj_store_client_options options = {
        .connect_timeout_ms = (uint32_t)config->connect_timeout_ms,
        .request_timeout_ms = (uint32_t)config->request_timeout_ms,
        .ca_file = config->ca_file[0] != '\0' ? config->ca_file : NULL,
    };
    snprintf(options.address.database, sizeof(options.address.database), "%s", config->database);
    snprintf(options.address.user, sizeof(options.address.user), "%s", config->user);
    snprintf(options.address.password, sizeof(options.address.password), "%s", config->password);
    sj_rc rc = sj_store_address_parse(config->url, &options.address);
    if (rc == 0 && strpbrk(options.address.database, "`\\") != NULL)
        rc = -SJ_E_MALFORMED;
    return rc < 0 ? rc : sj_store_client_create(&options, ret_client);
}
