/*
 * live.h: the live process: gateway, recorder, store and watch, wired together.
 *
 *     gateway (a duty per connection) -> rings -> recorder -> journal -> store (a cursor)
 *                                          |  ^
 *                                          v  |
 *                                         trader -> broker
 *
 * Stopping goes the way of the data: the trader cancels what works, the gateway unsubscribes and
 * closes its rings, the recorder takes what is left and makes it durable, the store sends what is
 * left, then the journal closes.
 *
 * Threads  start, wait, stop: the main thread. Each room on its own (settings: threads.layout).
 *          The counters of all rooms may be read by any thread.
 */
#ifndef SJ_APP_LIVE_H
#define SJ_APP_LIVE_H

#include "app/recorder.h"
#include "app/settings.h"
#include "app/trader.h"
#include "base/duty.h"
#include "base/json.h"
#include "watch/server.h"

#define SJ_LIVE_ERROR_MAX 512

struct sj_live {
    const struct sj_settings *settings;
    struct sj_instruments *instruments;
    struct sj_journal *journal;
    struct sj_journal_recovery recovery;
    struct sj_gateway *gateway;
    struct sj_recorder recorder;
    struct sj_store *store;   /* NULL: store.url is empty */
    struct sj_trader *trader; /* NULL: trading.mode is off */
    const struct sj_trader_counters *trader_counters;
    bool trades; /* it was prepared */
    _Atomic bool store_caught_up;
    struct sj_watch_server *watch;
    struct sj_duty_runner gateway_runners[SJ_CONNECTIONS_MAX];
    uint32_t gateway_runner_count;
    struct sj_duty_runner recorder_runner;
    struct sj_duty_runner trader_runner;
    struct sj_duty_runner store_runner;
    int64_t started_ns;
    uint64_t taken_over; /* events found in the rings of a killed process */
    char error[SJ_LIVE_ERROR_MAX];
};

/* Everything up to the first request to the broker. On failure live->error has one line, and
 * nothing runs. -SJ_E_RANGE, -SJ_E_UNKNOWN, -SJ_E_MALFORMED: the user's mistake. */
SJ_MUST_USE sj_rc sj_live_start(struct sj_live *live, const struct sj_settings *settings);

/* One look from the main thread: 0 while all is well; why a room has stopped otherwise. */
sj_rc sj_live_check(struct sj_live *live);

/* Begins to trade once the broker's instruments are known: 1 when it has, 0 when there is nothing
 * to begin (yet), or why it cannot (a line in live->error). From the main thread, now and then. */
sj_rc sj_live_trade(struct sj_live *live);

/* Whether a code of sj_live_start is the user's to mend (exit 2). */
bool sj_live_is_user_mistake(sj_rc rc);

/* In order, losing nothing: afterwards nothing moves any more, and accounts and pages still answer.
 * -SJ_E_IDENTITY (and a line in live->error) when an account does not add up. */
sj_rc sj_live_stop(struct sj_live *live);

/* Closes and frees everything. After stop, or after a start that failed. */
void sj_live_done(struct sj_live *live);

/* Where the rings are (NULL: the bus's default), and the ring of a connection (0 ..). */
const char *sj_live_bus_dir(const struct sj_live *live);
void sj_live_ring_name(uint32_t connection, char ret_name[SJ_BUS_NAME_MAX]);

/* The two identities over all streams, as they stand. */
struct sj_live_account {
    uint64_t received;         /* whole messages of the broker, since start */
    uint64_t beats;            /* of these, heartbeats */
    uint64_t passed;           /* not market data */
    uint64_t malformed;        /* counted, sampled to the log */
    uint64_t dropped;          /* the ring was full, or the message was cut */
    uint64_t events;           /* market events published */
    uint64_t own;              /* definitions, session changes, gaps, verdicts; closing events */
    uint64_t taken_over;       /* what a killed process had left in the rings */
    uint64_t accepted;         /* from the rings */
    uint64_t journal_accepted; /* since start, with the recorder's own */
    uint64_t durable;
    uint64_t journal_events; /* over the journal's life, as the store's three */
    uint64_t acknowledged;
    uint64_t waiting;
    uint64_t dead;
    bool has_store;
};
void sj_live_account(const struct sj_live *live, struct sj_live_account *ret);

/* Whether both identities hold; else the line that says which and by how much. Only exact when the
 * rooms are at rest. */
bool sj_live_account_holds(const struct sj_live_account *account, char *ret_text, size_t size);

/* What the status page shows, as JSON. */
void sj_live_write_status(const struct sj_live *live, struct sj_json *json);

/* The pages of the watch server; context is the struct sj_live. */
void sj_live_metrics_page(void *context, struct sj_text *text);
void sj_live_status_page(void *context, struct sj_text *text);
void sj_live_health_page(void *context, struct sj_text *text);
sj_rc sj_live_kill_action(void *context, const char *reason, struct sj_text *text);
sj_rc sj_live_panic_action(void *context, const char *reason, struct sj_text *text);

#endif
