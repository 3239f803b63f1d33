/*
 * brokersim.h: a server that speaks as the Shioaji HTTP server does: REST and SSE, over TCP and
 * Unix sockets, from a synthetic market or a replayed journal, with faults on request.
 *
 * One process is one market with up to SJ_SIM_SERVERS_MAX broker servers in front of it, each on a
 * port of its own with its own subscriptions, as a user with several logins runs them.
 *
 * Errors   init: the reason in `error`, one line; -SJ_E_* or -errno (EADDRINUSE, EACCES, ...).
 * Threads  [owner] one thread calls do_work or run. sj_brokersim_stop: any thread, signal handlers.
 * Memory   the market is reserved by init. Connections allocate as they come, within the limits of
 *          the options.
 */
#ifndef SJ_BROKERSIM_BROKERSIM_H
#define SJ_BROKERSIM_BROKERSIM_H

#include "shijim/rc.h"

#include <stdint.h>
#include <stdio.h>

#define SJ_SIM_SERVERS_MAX 16
#define SJ_SIM_MESSAGE_MAX 256

struct sj_brokersim_options {
    const char *bind_address; /* default 127.0.0.1; anything but loopback needs api_key */
    uint32_t port;            /* the first port; 0: the system chooses each */
    uint32_t server_count;
    const char *port_file;  /* the ports are written here, one a line, once all listen */
    const char *socket_dir; /* Unix sockets server-PORT.sock here; NULL: none */
    const char *api_key;    /* with secret_key: Bearer needed on all but /health and /info */
    const char *secret_key;

    const char *universe_path; /* contracts; NULL: the list built in */
    const char *rules_path;    /* market rules on top of those built in, or NULL */
    const char *replay_path;   /* a journal's directory: replay instead of a synthetic market */
    uint32_t instrument_count;
    uint32_t date; /* trading day YYYYMMDD; 0: today, or Friday on a weekend */
    uint64_t seed;
    double rate;                 /* events a second over all instruments */
    double speed;                /* market seconds a second; 0: as fast as the machine can */
    uint32_t start_second;       /* Taipei time of day at which the market begins */
    bool always_open;            /* continuous trading at any hour */
    bool wall_clock;             /* events carry the time of this machine */
    uint64_t event_max;          /* the market halts after so many events; 0: never */
    uint32_t wait_subscriptions; /* the market waits until so many topics are subscribed */
    uint64_t burst_count;        /* a burst of so many events at one instant ... */
    uint32_t burst_every_ms;     /* ... every so often; 0: never */

    uint32_t heartbeat_ms;
    uint32_t subscription_max; /* topics (contract and quote type) a server; 0: no limit */
    uint32_t login_max;        /* servers that may log in at a time (5 a person); 0: no limit */
    uint32_t logins_a_day;     /* 0: no limit */
    bool no_quota;             /* no limits on the number of requests and traffic */
    uint32_t ban_ms;           /* how long a breach of a quota suspends the service */
    uint32_t buffer_mb;        /* what a slow client may fall behind before events are dropped */
    uint32_t order_latency_ms; /* from an order's answer to its event */
    bool live;                 /* as the real market: events of accounts that asked for them */
    uint32_t accounts;         /* of the login: 2 or 4, stocks and futures in turn */
    uint64_t cash;             /* TWD in each account at the start, also the trading limit */
    const char *holdings;      /* "2330=5000,TXFL6=-2": shares and lots held since yesterday */
    bool strict;               /* orders beyond shares, trading limit or margin are refused */
    const char *faults;        /* faults from the start: see sj_brokersim's README */
};

struct sj_brokersim;

/* The defaults a user would expect: one server, 1,000 instruments, 1,000 events/s, 08:59:50. */
void sj_brokersim_defaults(struct sj_brokersim_options *options);

/* Reads command-line arguments over the defaults; the texts point into argv. Returns what
 * sj_cli_parse does: 1 to go on, 0 after --help, an error after one line on stderr. */
SJ_MUST_USE sj_rc sj_brokersim_parse(int argc, char **argv, struct sj_brokersim_options *options);

/* Builds the market and listens. */
SJ_MUST_USE sj_rc sj_brokersim_init(const struct sj_brokersim_options *options,
                                    struct sj_brokersim **ret_sim, char error[SJ_SIM_MESSAGE_MAX]);

/* Serves and moves the market once; waits at most `timeout_ms` for something to do. Returns how
 * much was done. -SJ_E_STOPPED after sj_brokersim_stop, once everything written is sent or
 * `drain` time is over. */
SJ_MUST_USE sj_rc sj_brokersim_do_work(struct sj_brokersim *sim, int timeout_ms);

/* do_work until stopped. Returns 0 after a stop in order. */
SJ_MUST_USE sj_rc sj_brokersim_run(struct sj_brokersim *sim);

/* The market halts, what is buffered is sent (5 s at most), then do_work says stopped. */
void sj_brokersim_stop(struct sj_brokersim *sim);

uint16_t sj_brokersim_port(const struct sj_brokersim *sim, uint32_t server);

/* Writes the account (what GET /admin/account answers) as one JSON object and a newline. */
SJ_MUST_USE sj_rc sj_brokersim_print_account(const struct sj_brokersim *sim, FILE *file);

void sj_brokersim_close(struct sj_brokersim *sim);

#endif
