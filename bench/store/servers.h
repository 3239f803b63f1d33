/*
 * servers.h: the servers that the store is measured with, each a child process in a directory of
 * its own on a free port: Debian's clickhouse-server 18.16 and the embedded store.
 */
#ifndef SJ_BENCH_STORE_SERVERS_H
#define SJ_BENCH_STORE_SERVERS_H

#include "store/store.h"

#include <sys/types.h>

struct bench_server {
    pid_t pid;
    char dir[256];
    struct sj_store_config config; /* how it is reached */
};

/* Starts it under `directory` and waits until it answers. False, after a line on stderr, where it
 * is not installed or does not come up. */
bool bench_server_start_old(struct bench_server *server, const char *directory);
bool bench_server_start_embedded(struct bench_server *server, const char *directory);

/* Ends it and removes its directory. */
void bench_server_stop(struct bench_server *server);

/* The first line of the answer to a statement; -1 where it is no number. */
double bench_server_number(const struct bench_server *server, const char *sql);

#endif
