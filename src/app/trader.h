/*
 * trader.h: the trading half of the live process: reads the rings, lets src/decide decide, carries
 * its requests to the broker, and keeps what a restart must know.
 *
 *     rings (gateway1.., account, users') -> decide -> ring "strategy" -> journal
 *                                              |  ^
 *                                              v  | reports
 *                                            order link -> broker
 *
 * Its turn never waits: rings are read lossy (a lap is an event, and stops new orders until the
 * feed has been judged), the link's sockets do not block, the clock is read once a turn.
 *
 * Threads  create, start, stop, close: the main thread. work: one thread, [trader]. Counters: any.
 * Memory   all taken by create.
 */
#ifndef SJ_APP_TRADER_H
#define SJ_APP_TRADER_H

#include "app/settings.h"
#include "app/switch.h"
#include "base/hist.h"
#include "base/json.h"
#include "decide/decide.h"
#include "watch/text.h"

#include <stdatomic.h>

#define SJ_TRADER_RING "strategy"
#define SJ_TRADER_ACCOUNT_RING "account"
#define SJ_TRADER_RINGS_MAX 16
#define SJ_TRADER_ERROR_MAX 400
#define SJ_USER_SOURCES (64 - SJ_SRC_USER)

struct sj_journal;
struct sj_trader;

struct sj_trader_options {
    const struct sj_settings *settings;
    const char *bus_dir;
    const char *rings[SJ_TRADER_RINGS_MAX]; /* of the gateway: market data */
    uint32_t ring_count;
    uint64_t last_seq;                       /* of SJ_SRC_STRATEGY in the journal */
    uint64_t account_last_seq;               /* of SJ_SRC_STRATEGY + 1 */
    uint64_t user_last_seq[SJ_USER_SOURCES]; /* of SJ_SRC_USER .. */
};

/* Counters and gauges of the trading thread; read by any. */
struct sj_trader_counters {
    _Atomic uint64_t published;         /* on the own ring, by this process */
    _Atomic uint64_t account_published; /* on the ring "account" */
    _Atomic uint32_t open_orders;
    struct sj_hist react_ns; /* receipt of the event -> its request is handed to the link */
};

/* Opens the switch (and owns it) and the two own rings. The user's mistakes: one line in `error`.
 */
SJ_MUST_USE sj_rc sj_trader_create(const struct sj_trader_options *options,
                                   char error[SJ_TRADER_ERROR_MAX], struct sj_trader **ret_trader);

/* Once the market's instruments are known and the recorder runs: adds the strategies and rebuilds
 * what the journal tells of earlier runs. From its return on work() trades. Takes as long as
 * reading some days of the journal's block heads. */
SJ_MUST_USE sj_rc sj_trader_prepare(struct sj_trader *trader, const struct sj_journal *journal,
                                    char error[SJ_TRADER_ERROR_MAX]);

/* A turn: returns how much was done; nothing before it is prepared. The shape that sj_duty wants.
 * [trader] */
SJ_MUST_USE sj_rc sj_trader_work(void *trader);

/* Where the connections' thread is [trader] too, what sj_gateway_follow wants, the connection's
 * number being that of options.rings: decides on each event before the next message of its read is
 * looked at. What it cannot take that way waits on the ring for the turn. [trader] */
void sj_trader_event(void *context, uint32_t connection, uint64_t seq,
                     const struct sj_frame *event);
void sj_trader_read(void *context, uint32_t connection);

/* Asks for the end: cancels what works, waits for the answers (at most trading.stop_ms), marks the
 * ring as ended. Keep working until sj_trader_stopped. [any] */
void sj_trader_stop(struct sj_trader *trader);
bool sj_trader_stopped(const struct sj_trader *trader);

/* The main thread's share, a few times a second: makes the switch durable, looks at the dead man.
 */
void sj_trader_look(struct sj_trader *trader);

/* Nobody works any more: the rings end, so that their readers learn of it. Counters stay. */
void sj_trader_end_rings(struct sj_trader *trader);

/* Accepts NULL. */
void sj_trader_close(struct sj_trader *trader);

/* The rings that strategies in processes of their own write, and their sources. */
uint32_t sj_trader_process_count(const struct sj_trader *trader);
const char *sj_trader_process_ring(const struct sj_trader *trader, uint32_t index,
                                   uint32_t *ret_src);

const struct sj_trader_counters *sj_trader_counters(const struct sj_trader *trader);
/* From a request's write to its answer; NULL before trading began. */
const struct sj_hist *sj_trader_ack_hist(const struct sj_trader *trader);
struct sj_switch *sj_trader_switch(struct sj_trader *trader);

/* What /status shows of trading, as one JSON object: a picture taken a few times a second by the
 * trading thread. [any] */
void sj_trader_write_status(struct sj_trader *trader, struct sj_json *json);

/* The same as Prometheus text: shijim_strategy_*, shijim_risk_*, shijim_order*, shijim_kill_switch.
 */
void sj_trader_write_metrics(struct sj_trader *trader, struct sj_text *text);

#endif
