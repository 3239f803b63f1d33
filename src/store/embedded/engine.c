#include "store/embedded/engine.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/embedded/config.h"
#include "store/embedded/error.h"

static sj_rc make_dir(const char *path, char *error, size_t error_size)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return 0;
    int code = errno;
    snprintf(error, error_size, "cannot make the directory %s: %s", path, strerror(code));
    return -code;
}

static sj_rc take_database(struct sj_emb_engine *engine, const char *name, char *error,
                           size_t error_size)
{
    size_t size = strlen(name);
    bool is_name = size > 0 && size < sizeof(engine->database) &&
                   (isalpha((unsigned char)name[0]) || name[0] == '_');
    for (size_t i = 0; is_name && i < size; i++)
        is_name = isalnum((unsigned char)name[i]) || name[i] == '_';
    if (!is_name || strcmp(name, "default") == 0 || strcmp(name, "system") == 0) {
        snprintf(error, error_size,
                 "database '%.80s': use letters, digits and _, at most %zu, not default or system",
                 name, sizeof(engine->database) - 1);
        return -EINVAL;
    }
    memcpy(engine->database, name, size + 1);
    return 0;
}

static sj_rc take_lock(struct sj_emb_engine *engine, const char *data_dir, char *error,
                       size_t error_size)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/lock", data_dir);
    engine->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (engine->lock_fd < 0) {
        int code = errno;
        snprintf(error, error_size, "cannot open %s: %s", path, strerror(code));
        return -code;
    }
    if (flock(engine->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    snprintf(error, error_size, "%s is in use by another shijim store: stop it first", data_dir);
    return -SJ_E_BUSY;
}

sj_rc sj_emb_engine_prepare(struct sj_emb_engine *engine, const struct sj_embedded_options *options,
                            char *error, size_t error_size)
{
    *engine = (struct sj_emb_engine){.lock_fd = -1, .memory_max_bytes = options->memory_max_bytes};
    sj_rc rc = take_database(engine, options->database, error, error_size);
    if (rc >= 0)
        rc = make_dir(options->data_dir, error, error_size);
    if (rc < 0)
        return rc;
    char base[PATH_MAX];
    if (!realpath(options->data_dir, base) || strlen(base) > PATH_MAX - 32) {
        snprintf(error, error_size, "cannot use the directory %s", options->data_dir);
        return -EINVAL;
    }
    int base_size = (int)strlen(base);
    snprintf(engine->engine_dir, PATH_MAX, "%.*s/engine", base_size, base);
    snprintf(engine->config_dir, PATH_MAX, "%.*s/config", base_size, base);
    snprintf(engine->token_path, PATH_MAX, "%.*s/" SJ_EMBEDDED_TOKEN_FILE, base_size, base);
    rc = take_lock(engine, base, error, error_size);
    if (rc >= 0)
        rc = make_dir(engine->engine_dir, error, error_size);
    if (rc >= 0)
        rc = make_dir(engine->config_dir, error, error_size);
    if (rc >= 0)
        rc = sj_emb_config_write(engine->config_dir, engine->engine_dir, engine->database, options,
                                 error, error_size);
    if (rc >= 0)
        rc = sj_chdb_open(options->library, &engine->chdb, error, error_size);
    return rc;
}

sj_chdb_connection *sj_emb_engine_connect(struct sj_emb_engine *engine)
{
    char path[PATH_MAX + 16];
    char config[PATH_MAX + 32];
    char memory[64];
    /* The engine compares the path's text: it must be the same each time. */
    snprintf(path, sizeof(path), "--path=%s", engine->engine_dir);
    snprintf(config, sizeof(config), "--config-file=%s/config.xml", engine->config_dir);
    snprintf(memory, sizeof(memory), "--max_server_memory_usage=%" PRIu64,
             engine->memory_max_bytes);
    char program[] = "shijim";
    char *arguments[] = {program, path, config, memory};
    return engine->chdb.connect(4, arguments);
}

int sj_emb_engine_run(struct sj_emb_engine *engine, sj_chdb_connection connection, const char *sql,
                      size_t sql_size, struct sj_emb_buffer *out, char *error, size_t error_size)
{
    const struct sj_chdb *chdb = &engine->chdb;
    struct chdb_result_ *result = chdb->query_n(connection, sql, sql_size, "TSV", 3);
    const char *message = result ? chdb->result_error(result) : "the engine gave no result";
    int code = 0;
    if (message) {
        snprintf(error, error_size, "%s", message);
        code = -sj_emb_error_code(message);
    } else if (out && sj_emb_buffer_append(out, chdb->result_buffer(result),
                                           chdb->result_length(result)) < 0) {
        snprintf(error, error_size, "no memory for a result");
        code = -SJ_EMB_MEMORY_LIMIT_EXCEEDED;
    }
    if (result)
        chdb->destroy_query_result(result);
    return code;
}

/* "version \t timezone \n" */
static int learn(struct sj_emb_engine *engine, char *error, size_t error_size)
{
    static const char sql[] = "SELECT version(), timezone()";
    struct sj_emb_buffer out = {0};
    int code =
        sj_emb_engine_run(engine, *engine->keeper, sql, sizeof(sql) - 1, &out, error, error_size);
    if (code == 0 && sj_emb_buffer_append(&out, "", 1) >= 0 &&
        sscanf(out.data, "%31[^\t]\t%63[^\n]", engine->version, engine->timezone) != 2) {
        snprintf(error, error_size, "the engine does not tell its version");
        code = -SJ_EMB_STD_EXCEPTION;
    }
    sj_emb_buffer_done(&out);
    return code;
}

sj_rc sj_emb_engine_start(struct sj_emb_engine *engine, char *error, size_t error_size)
{
    /* The engine's handlers would print and swallow what ours are for. */
    engine->chdb.set_signal_handlers_enabled(0);
    engine->keeper = sj_emb_engine_connect(engine);
    if (!engine->keeper) {
        snprintf(error, error_size,
                 "the engine cannot open %s (it gives no reason; is the disk "
                 "full, or are its files another user's?)",
                 engine->engine_dir);
        return -EIO;
    }
    char sql[160];
    int size = snprintf(sql, sizeof(sql), "CREATE DATABASE IF NOT EXISTS `%s`", engine->database);
    if (sj_emb_engine_run(engine, *engine->keeper, sql, (size_t)size, NULL, error, error_size) < 0)
        return -EIO;
    return learn(engine, error, error_size) < 0 ? -EIO : 0;
}

void sj_emb_engine_done(struct sj_emb_engine *engine)
{
    if (engine->keeper)
        engine->chdb.close_conn(engine->keeper);
    engine->keeper = NULL;
    if (engine->lock_fd >= 0)
        close(engine->lock_fd);
    engine->lock_fd = -1;
}
