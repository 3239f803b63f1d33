/*
 * embedded.h: `shijim store`: ClickHouse's engine in this process behind ClickHouse's HTTP
 * interface.
 *
 *   data_dir/engine/       the engine's files (one process at a time)
 *   data_dir/config/       what the engine is told at start; written anew each time
 *   data_dir/writer.token  the writer's password, mode 0600, made at the first start
 *   data_dir/lock          held while a server runs
 *
 * Two identities: the reader (user "default") may only read; the writer (user "shijim", password
 * in writer.token) may also create tables and insert. See README.md.
 *
 * Units    _bytes, _s: bytes, seconds. 0 in an option: its default.
 * Errors   sj_rc; `error` receives one line saying what, where and what to do.
 *          -EINVAL: an option is wrong (the user's mistake). -SJ_E_BUSY: another server has the
 * data. Threads  one owner calls these; the server has its own threads. One server per process,
 * once: the engine cannot be started a second time.
 */
#ifndef SJ_STORE_EMBEDDED_EMBEDDED_H
#define SJ_STORE_EMBEDDED_EMBEDDED_H

#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"

#define SJ_EMBEDDED_PORT 8123
#define SJ_EMBEDDED_DATABASE "shijim"
#define SJ_EMBEDDED_READER "default"
#define SJ_EMBEDDED_WRITER "shijim"
#define SJ_EMBEDDED_TOKEN_FILE "writer.token"
#define SJ_EMBEDDED_PASSWORD_ENV "SHIJIM_STORE_PASSWORD"

struct sj_embedded_options {
    const char *data_dir;
    const char *listen;        /* numeric address; NULL: 127.0.0.1. Others need a password */
    uint16_t port;             /* 0: any free one; see sj_embedded_port */
    const char *port_file;     /* the port is written here once it answers; NULL: nowhere */
    const char *database;      /* NULL: SJ_EMBEDDED_DATABASE; made at start */
    const char *password;      /* the reader's; NULL: none (loopback only). Copied */
    const char *password_file; /* mode 0600, holds the reader's password; wins over `password` */
    const char *library;       /* libchdb.so; NULL: searched for (chdb.h) */
    uint64_t memory_max_bytes; /* of the engine, all in all; 2 GiB */
    uint64_t reader_memory_max_bytes; /* of one reader's statement; 128 MiB */
    uint64_t body_max_bytes;          /* of one request, decoded; 512 MiB */
    uint64_t result_max_bytes;        /* of a result whose format cannot be streamed; 128 MiB */
    unsigned reader_max;              /* statements of readers at a time; 8 */
    unsigned reader_time_max_s;       /* 60 */
    unsigned connection_max;          /* 64 */
    unsigned session_max;             /* 256 */
    unsigned idle_timeout_s;          /* a connection that moves no byte; 60 */
    unsigned stop_timeout_s;          /* inserts under way at SIGTERM get this long; 30 */
    bool without_sandbox;             /* do not confine the process's file access (see README.md) */
};

struct sj_embedded;

/* Loads the engine, opens the data, listens and serves. Blocks no signals and installs no
 * handlers. Returns once requests are answered. */
SJ_MUST_USE sj_rc sj_embedded_start(const struct sj_embedded_options *options,
                                    struct sj_embedded **ret_server, char *error,
                                    size_t error_size);

/* The port it listens on. */
uint16_t sj_embedded_port(const struct sj_embedded *server);

/* Stops accepting, lets requests under way finish (reads get 2 s, inserts stop_timeout_s; an insert
 * that is not whole by then is dropped unacknowledged), closes the engine and frees the server. */
void sj_embedded_stop(struct sj_embedded *server);

/* The whole subcommand: starts, announces "listening on ADDRESS:PORT" on stdout, serves until
 * SIGINT or SIGTERM, stops in order. Returns the exit code: 0, 1 it failed, 2 the user's
 * mistake (one line on stderr). To be called before other threads start. */
int sj_store_embedded_main(const struct sj_embedded_options *options);

/* Reads `shijim store`'s arguments (argv[0] is the subcommand) and runs sj_store_embedded_main. */
int sj_store_embedded_cli(int argc, char **argv);

#endif
