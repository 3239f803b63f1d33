/*
 * gateway.h: the live door to the market: up to five connections, each a broker server of its own,
 * each publishing on a ring of its own ("gateway1" .. "gateway5", source ids 1 .. 5).
 *
 * Each connection is one duty (sj_gateway_work): it reads its streams, parses every whole message
 * into its ring, judges its feeds and climbs its recovery ladder; it never waits. Everything that
 * waits (REST, the login budget's file, a restart command, the log) is done by the connection's
 * clerk, a thread that the gateway owns.
 *
 * Account  of each connection, at every instant between two works:
 *              messages = events + beats + passed + malformed + dropped (ring full, cut)
 *          and its ring holds: events + closings + own events.
 *
 * Units    _ns: UTC where not said otherwise. _e6: millionths.
 * Errors   create: the user's mistakes, one line in `error` (exit 2). Everything later (a server
 * that is down, a ban, bad input) is a state, an event and a counter, never a return code. Threads
 * [init] create and close. [duty] work, of one connection: one thread at a time, each may have its
 * own. [any] counters, stop, stopped. Memory   all taken by create, but for JSON on the clerks.
 */
#ifndef SJ_GATEWAY_GATEWAY_H
#define SJ_GATEWAY_GATEWAY_H

#include "base/config.h"
#include "base/hist.h"
#include "bus/bus.h"
#include "event/instruments.h"
#include "gateway/parse.h"
#include "gateway/plan.h"

#include <stdatomic.h>

#define SJ_GATEWAY_LIST_MAX 2048
#define SJ_GATEWAY_TOPICS 16384 /* of each ring: instrument ids are below this */

/* Section `broker` of the configuration; sj_gateway_config_section has the table. */
struct sj_gateway_config {
    char servers[1024];                    /* broker servers, one connection each */
    char token[256];                       /* KEY:SECRET; "" on loopback */
    char instruments[SJ_GATEWAY_LIST_MAX]; /* selectors */
    char instruments_file[256];            /* more of them */
    char subscribe_stocks[64];
    char subscribe_futures[64];
    bool odd_lots;
    int64_t subscriptions_max;
    bool per_channel_streams;
    int32_t calendar; /* enum sj_gateway_calendar */
    char holidays[SJ_GATEWAY_LIST_MAX];
    char extra_trading_days[512];
    int64_t silence_day_ms;
    int64_t silence_night_ms;
    int64_t watch_ms;
    int64_t backoff_min_ms;
    int64_t backoff_max_ms;
    int64_t connect_timeout_ms;
    int64_t request_timeout_ms;
    int64_t health_interval_ms;
    int64_t usage_interval_ms;
    int64_t ban_wait_ms;
    char login_path[128];
    char restart_command[512];
    int64_t restart_timeout_ms;
    int64_t login_budget;
    int64_t login_interval_ms;
    char login_budget_file[256];
    int64_t queue_events;
    bool simulation;
    char contract_times[256];
    double contract_change_max_percent;
};

enum sj_gateway_calendar { SJ_CALENDAR_TAIWAN, SJ_CALENDAR_ALWAYS };

/* The section `broker` over `config`, for the house's configuration. [init] */
const struct sj_config_section *sj_gateway_config_section(struct sj_gateway_config *config,
                                                          struct sj_config_section *section);

struct sj_gateway_options {
    const struct sj_gateway_config *config;
    const char *bus_dir; /* NULL: the bus's default */
    /* The house's table: gives known codes their ids, takes new ones. The gateway owns it from
     * create to close. */
    struct sj_instruments *instruments;
    uint64_t first_seq[SJ_CONNECTIONS_MAX]; /* of each ring; 0: 1 or where the ring was */
    uint64_t seed;                          /* of the jitter */
};

enum sj_gateway_drop {
    SJ_DROP_RING_FULL, /* a gate reader held the ring */
    SJ_DROP_CUT,       /* a message whose end never came: the stream ended in it */
    SJ_DROP_COUNT
};
const char *sj_gateway_drop_name(enum sj_gateway_drop reason);

/* What a connection is about. */
enum sj_gateway_phase {
    SJ_GATEWAY_LOADING,  /* contracts are asked for */
    SJ_GATEWAY_DEFINING, /* definitions go onto the ring */
    SJ_GATEWAY_RUNNING,
    SJ_GATEWAY_STOPPING,
    SJ_GATEWAY_STOPPED
};

/* One writer (the connection's duty, or its clerk where said); read by any thread, relaxed. */
struct sj_gateway_counters {
    _Atomic uint64_t bytes;    /* read from streams */
    _Atomic uint64_t messages; /* whole SSE messages, and those cut off */
    _Atomic uint64_t events;   /* market events published */
    _Atomic uint64_t closings; /* second events of a message (closing odd lots) */
    _Atomic uint64_t own;      /* definitions, session changes, gaps, verdicts published */
    _Atomic uint64_t beats;    /* heartbeats */
    _Atomic uint64_t passed;   /* order, contract and unknown events: not market data */
    _Atomic uint64_t channel[SJ_CHANNEL_COUNT]; /* of `events` */
    _Atomic uint64_t malformed[SJ_PARSE_FAULT_COUNT];
    _Atomic uint64_t dropped[SJ_DROP_COUNT];
    _Atomic uint64_t closings_dropped; /* the ring was full just behind the event */
    _Atomic uint64_t duplicates;       /* published, flagged */
    _Atomic uint64_t out_of_order;
    _Atomic uint64_t gaps[SJ_GAP_PARSE + 1]; /* by enum sj_gap_kind */
    _Atomic uint64_t connects;               /* streams that opened */
    _Atomic uint64_t drops;                  /* and that ended without being asked to */
    _Atomic uint64_t recoveries[5];          /* by the rung that cured */
    _Atomic uint64_t rungs[5];               /* actions tried */
    _Atomic uint64_t verdicts[SJ_SILENT + 1];
    _Atomic uint64_t fast_path, unknown_fields;
    _Atomic uint64_t contract_checks;  /* newer descriptions of contracts that were taken */
    _Atomic uint64_t contract_changes; /* definitions published again by them */
    _Atomic uint64_t contract_refused; /* refused: too many contracts had become others */
    _Atomic uint64_t notes_lost;       /* log lines and samples beyond their queue */
    /* Gauges. */
    _Atomic uint32_t phase; /* enum sj_gateway_phase */
    _Atomic uint32_t rung;  /* enum sj_rung, now */
    _Atomic uint32_t streams_open;
    _Atomic uint32_t subscribed; /* confirmed subscriptions */
    _Atomic uint32_t planned;    /* subscriptions of the plan */
    _Atomic uint32_t silent;     /* subscriptions that are silent now */
    _Atomic int64_t age_ns[3];   /* data age by enum sj_market; 0 where none is expected */
    _Atomic int64_t outage_ns;   /* how long the present fault has lasted */
    /* The clerk's. */
    _Atomic uint64_t requests;
    _Atomic uint64_t requests_failed;
    _Atomic uint64_t logins;
    _Atomic uint64_t logins_refused;         /* by our own budget */
    _Atomic int64_t traffic_remaining_bytes; /* -1: not known */
    _Atomic int64_t broker_connections;
    _Atomic bool simulation; /* the server says it is one */
    struct sj_hist latency;  /* receive -> visible on the bus, ns, one count an event */
};

struct sj_gateway;

/* Checks the configuration, creates the rings, starts the clerks. No request is waited for.
 * -SJ_E_*: the user's mistake, or a ring in use; `error` has the line. [init] */
SJ_MUST_USE sj_rc sj_gateway_create(const struct sj_gateway_options *options,
                                    struct sj_gateway **ret_gateway, char error[SJ_PLAN_ERROR_MAX]);

/* Who acts on events as they come, on the duty's own thread. */
struct sj_gateway_follower {
    void *context;
    /* A market event is on the ring of `connection`, at `event`: called before the next message of
     * the same read is looked at. `event` holds until it returns; its seq may not be set yet. */
    void (*event)(void *context, uint32_t connection, uint64_t seq, const struct sj_frame *event);
    /* Everything that a read brought is on the ring. */
    void (*read)(void *context, uint32_t connection);
};

/* Before any duty works. All connections must be worked by one thread. [init] */
void sj_gateway_follow(struct sj_gateway *gateway, const struct sj_gateway_follower *follower);

uint32_t sj_gateway_count(const struct sj_gateway *gateway);

/* A little of everything; returns how much was done. The shape sj_duty wants is
 * sj_gateway_duty_work, with what sj_gateway_duty gives as its context. [duty] */
SJ_MUST_USE sj_rc sj_gateway_work(struct sj_gateway *gateway, uint32_t connection);
void *sj_gateway_duty(struct sj_gateway *gateway, uint32_t connection);
SJ_MUST_USE sj_rc sj_gateway_duty_work(void *context);

/* Waits until a stream of the connection has bytes, or the time is over. [duty] */
void sj_gateway_wait(struct sj_gateway *gateway, uint32_t connection, int timeout_ms);

/* Begins to stop in order: unsubscribes, closes the streams, publishes the verdicts. Keep working
 * until sj_gateway_stopped. [any] */
void sj_gateway_stop(struct sj_gateway *gateway);
bool sj_gateway_stopped(const struct sj_gateway *gateway);

/* [any] */
const struct sj_gateway_counters *sj_gateway_counters(const struct sj_gateway *gateway,
                                                      uint32_t connection);
/* Contracts that no connection had room for (known once the contracts are loaded). [any] */
uint32_t sj_gateway_refused_count(const struct sj_gateway *gateway);

/* No duty works any more: marks the rings as ended, so that their readers learn of it when they
 * have read all. Counters stay. Accepts NULL. [init] */
void sj_gateway_end_rings(struct sj_gateway *gateway);

/* Ends the clerks, marks the rings as ended. Accepts NULL. [init] */
void sj_gateway_close(struct sj_gateway *gateway);

#endif
