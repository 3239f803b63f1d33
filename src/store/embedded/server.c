#include "store/embedded/embedded.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/embedded/door.h"
#include "store/embedded/exchange.h"
#include "store/embedded/listen.h"
#include "store/embedded/sandbox.h"

/* Of one connection, for its request's head and the reading of its body. */
#define CONNECTION_MEMORY (512u << 10)
/* A body announced longer than this is refused at once when its request is. */
#define PATIENCE_BYTES (1u << 20)
#define STOP_LOOK_MS 20
/* At a stop, reads that take longer are cancelled. */
#define READ_GRACE_S 2

struct sj_embedded {
    struct sj_emb_house house;
    struct sj_emb_door door;
    struct MHD_Daemon *daemon;
    int listen_fd;
    uint16_t port;
};

static bool is_long_body(struct MHD_Connection *http)
{
    const char *length =
        MHD_lookup_connection_value(http, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return length && strtoull(length, NULL, 10) > PATIENCE_BYTES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *http, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **slot)
{
    struct sj_emb_house *house = cls;
    struct sj_emb_exchange *exchange = *slot;
    (void)version;
    if (!exchange) {
        sj_emb_door_request_begin(http);
        exchange = sj_emb_exchange_begin(house, http, url, method);
        *slot = exchange;
        if (!exchange)
            return MHD_NO;
        if (exchange->phase == SJ_EMB_PHASE_FAILED && is_long_body(http))
            return sj_emb_exchange_finish(exchange);
        return MHD_YES;
    }
    if (*size > 0) {
        bool goes_on = sj_emb_exchange_feed(exchange, data, *size);
        *size = 0;
        return goes_on ? MHD_YES : MHD_NO;
    }
    return sj_emb_exchange_finish(exchange);
}

/* Whatever ended the request: an insert that was not committed is cancelled here. */
static void on_completed(void *cls, struct MHD_Connection *http, void **slot,
                         enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)code;
    sj_emb_exchange_close(*slot);
    *slot = NULL;
    sj_emb_door_request_end(http);
}

static void complete_options(struct sj_embedded_options *options)
{
#define DEFAULT(field, value)                                                                      \
    if (!options->field)                                                                           \
        options->field = value;
    DEFAULT(listen, "127.0.0.1")
    DEFAULT(database, SJ_EMBEDDED_DATABASE)
    DEFAULT(memory_max_bytes, UINT64_C(2) << 30)
    DEFAULT(reader_memory_max_bytes, UINT64_C(128) << 20)
    DEFAULT(body_max_bytes, UINT64_C(512) << 20)
    DEFAULT(result_max_bytes, UINT64_C(128) << 20)
    DEFAULT(reader_max, 8)
    DEFAULT(reader_time_max_s, 60)
    DEFAULT(connection_max, 64)
    DEFAULT(session_max, 256)
    DEFAULT(idle_timeout_s, 60)
    DEFAULT(stop_timeout_s, 30)
#undef DEFAULT
}

static sj_rc check_options(const struct sj_embedded_options *options,
                           const struct sj_emb_auth *auth, char *error, size_t error_size)
{
    sj_rc local = sj_emb_listen_is_local(options->listen);
    if (local < 0) {
        snprintf(error, error_size, "'%.60s' is no numeric address: use 127.0.0.1 or ::1",
                 options->listen);
        return -EINVAL;
    }
    if (local == 0 && auth->reader_password[0] == '\0') {
        snprintf(error, error_size,
                 "listening on %.60s, which others can reach, needs a password: "
                 "set " SJ_EMBEDDED_PASSWORD_ENV " or name a file of mode 0600",
                 options->listen);
        return -EINVAL;
    }
    /* The writer is never starved: readers together can take at most three quarters. */
    if (options->reader_memory_max_bytes * options->reader_max >
        options->memory_max_bytes / 4 * 3) {
        snprintf(error, error_size,
                 "%u readers of %llu MiB each would take more than three quarters of the engine's "
                 "%llu MiB: lower one or raise the other",
                 options->reader_max, (unsigned long long)(options->reader_memory_max_bytes >> 20),
                 (unsigned long long)(options->memory_max_bytes >> 20));
        return -EINVAL;
    }
    return 0;
}

static sj_rc open_auth(struct sj_emb_house *house, char *error, size_t error_size)
{
    const struct sj_embedded_options *options = &house->options;
    struct sj_emb_auth *auth = &house->auth;
    if (options->password_file)
        return sj_emb_secret_read(options->password_file, auth->reader_password,
                                  sizeof(auth->reader_password), error, error_size);
    if (!options->password)
        return 0;
    size_t size = strlen(options->password);
    if (size > SJ_EMB_SECRET_SIZE_MAX) {
        snprintf(error, error_size, "the password is longer than %d bytes", SJ_EMB_SECRET_SIZE_MAX);
        return -EINVAL;
    }
    memcpy(auth->reader_password, options->password, size + 1);
    return 0;
}

static sj_rc write_port(const char *path, uint16_t port, char *error, size_t error_size)
{
    if (!path)
        return 0;
    FILE *file = fopen(path, "w");
    bool written = file && fprintf(file, "%u\n", port) > 0;
    if (file && fclose(file) == 0 && written)
        return 0;
    int code = errno;
    snprintf(error, error_size, "cannot write %s: %s", path, strerror(code));
    return -code;
}

/* Everything that touches files outside the engine's directory is done before this. */
static sj_rc confine(struct sj_emb_house *house, char *error, size_t error_size)
{
    if (house->options.without_sandbox)
        return 0;
    sj_rc rc = sj_emb_sandbox_enter(house->engine.engine_dir, house->engine.config_dir);
    if (rc == -ENOTSUP) {
        fprintf(stderr, "shijim store: this kernel has no Landlock: file access is guarded by the "
                        "statement checks and grants alone\n");
        return 0;
    }
    if (rc < 0)
        snprintf(error, error_size, "cannot confine the process: %s", sj_rc_text(rc));
    return rc;
}

static sj_rc start_http(struct sj_embedded *server, char *error, size_t error_size)
{
    const struct sj_embedded_options *options = &server->house.options;
    struct sj_emb_door *door = &server->door;
    snprintf(error, error_size, "the HTTP server cannot start: no memory or descriptors");
    sj_rc rc = sj_emb_door_init(door, server->listen_fd, options->connection_max);
    if (rc < 0)
        return rc;
    server->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
            MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC,
        0, NULL, NULL, on_request, &server->house, MHD_OPTION_CONNECTION_LIMIT,
        sj_emb_door_library_limit(door), MHD_OPTION_CONNECTION_TIMEOUT, options->idle_timeout_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION, sj_emb_door_notify, door, MHD_OPTION_END);
    if (!server->daemon) {
        snprintf(error, error_size, "the HTTP server cannot start: %s", strerror(errno));
        return -EIO;
    }
    return sj_emb_door_open(door, server->daemon);
}

/* The parts that need the engine, in order; undone by sj_embedded_stop. */
static sj_rc start_parts(struct sj_embedded *server, char *error, size_t error_size)
{
    struct sj_emb_house *house = &server->house;
    const struct sj_embedded_options *options = &house->options;
    sj_rc rc = sj_emb_token_open(house->engine.token_path, house->auth.writer_token,
                                 sizeof(house->auth.writer_token), error, error_size);
    if (rc >= 0)
        rc = server->listen_fd =
            sj_emb_listen(options->listen, options->port, &server->port, error, error_size);
    if (rc >= 0)
        rc = write_port(options->port_file, server->port, error, error_size);
    if (rc >= 0)
        rc = confine(house, error, error_size);
    if (rc >= 0)
        rc = sj_emb_engine_start(&house->engine, error, error_size);
    if (rc >= 0) {
        snprintf(error, error_size, "no memory for the tables of sessions and statements");
        rc = sj_emb_sessions_init(&house->sessions, &house->engine, options->session_max);
    }
    if (rc >= 0)
        rc = sj_emb_watch_start(&house->watch, &house->engine, &house->sessions,
                                options->connection_max, options->reader_max);
    if (rc >= 0)
        rc = start_http(server, error, error_size);
    return rc;
}

sj_rc sj_embedded_start(const struct sj_embedded_options *options, struct sj_embedded **ret_server,
                        char *error, size_t error_size)
{
    struct sj_embedded *server = calloc(1, sizeof(*server));
    if (!server)
        return -ENOMEM;
    struct sj_emb_house *house = &server->house;
    house->options = *options;
    house->engine.lock_fd = -1;
    server->listen_fd = -1;
    complete_options(&house->options);
    sj_rc rc = open_auth(house, error, error_size);
    if (rc >= 0)
        rc = check_options(&house->options, &house->auth, error, error_size);
    if (rc >= 0)
        rc = sj_emb_engine_prepare(&house->engine, &house->options, error, error_size);
    if (rc >= 0)
        rc = start_parts(server, error, error_size);
    if (rc < 0) {
        sj_embedded_stop(server);
        return rc;
    }
    *ret_server = server;
    return 0;
}

uint16_t sj_embedded_port(const struct sj_embedded *server)
{
    return server->port;
}

/* Waits until every request begun has been answered, at most `wait_s`. */
static void wait_idle(struct sj_emb_house *house, unsigned wait_s)
{
    int64_t deadline_ns = sj_clock_mono_ns() + wait_s * SJ_NS_PER_S;
    while (atomic_load_explicit(&house->exchange_count, memory_order_acquire) > 0 &&
           sj_clock_mono_ns() < deadline_ns)
        poll(NULL, 0, STOP_LOOK_MS);
}

void sj_embedded_stop(struct sj_embedded *server)
{
    struct sj_emb_house *house = &server->house;
    if (server->daemon) {
        sj_emb_door_shut(&server->door);
        atomic_store_explicit(&house->is_stopping, true, memory_order_release);
        wait_idle(house, READ_GRACE_S);
        sj_emb_watch_cancel_reads(&house->watch);
        wait_idle(house, house->options.stop_timeout_s);
        MHD_stop_daemon(server->daemon);
    }
    sj_emb_door_done(&server->door);
    if (server->listen_fd >= 0)
        close(server->listen_fd);
    sj_emb_watch_stop(&house->watch);
    sj_emb_sessions_done(&house->sessions);
    sj_emb_engine_done(&house->engine);
    free(server);
}
