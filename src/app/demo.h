/*
 * demo.h: what the demo prepares before its processes start, and how it settles the account after.
 *
 * Errors   one line on stderr, then a negative code or an enum sj_exit.
 * Threads  main thread only.
 */
#ifndef SJ_APP_DEMO_H
#define SJ_APP_DEMO_H

#include "app/child.h"
#include "app/status.h"
#include "base/cli.h"
#include "base/http_client.h"

#include <signal.h>

#define SJ_DEMO_SERVERS 5u
#define SJ_DEMO_INSTRUMENTS_MAX 1000
#define SJ_DEMO_PATH_MAX 512

struct sj_demo {
    const struct sj_cli *cli;
    uint64_t seconds;
    uint64_t instruments;
    uint64_t rate;
    const char *dir;
    bool json;
    bool strategy; /* trade on paper */
    char default_dir[128];
    char bus_dir[64];
    char sim_ports[256];
    char store_port[16];
    char run_port[16];
    struct sj_child sim;
    struct sj_child store;
    struct sj_child run;
    struct sj_http_client *client;
    int64_t flow_ns; /* when the time began to count, and what was sent by then */
    uint64_t flow_written;
};

/* `name` below the demo's folder. */
const char *sj_demo_path(const struct sj_demo *demo, const char *name,
                         char buffer[SJ_DEMO_PATH_MAX]);

/* Empties or makes the folder (only one that an earlier demo marked as its own is emptied). */
SJ_MUST_USE sj_rc sj_demo_prepare(struct sj_demo *demo);

/* Writes shijim.yaml, once the ports are known. */
SJ_MUST_USE sj_rc sj_demo_write_config(struct sj_demo *demo);

/* Until every planned subscription is confirmed and data flows. */
SJ_MUST_USE sj_rc sj_demo_wait_subscribed(struct sj_demo *demo, int64_t timeout_ns,
                                          const volatile sig_atomic_t *stop_asked);

/* Gives back what should not outlive the demo: the rings in shared memory. */
void sj_demo_clean(struct sj_demo *demo);

/* The time begins to count. */
void sj_demo_note_flow(struct sj_demo *demo);

/* Halts the market, lets the way run dry, stops every process in order, audits journal against
 * store, and prints the account. Returns the exit code. */
int sj_demo_finish(struct sj_demo *demo);

#endif
