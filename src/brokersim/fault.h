/*
 * fault.h: what can go wrong at a broker, on request.
 *
 * A fault is armed for one server with a rate, a count and a time; it ends by itself when count or
 * time is used up. Some act once (silent, close, stall, slow, forget, restart). Every event a fault
 * touches is on the account.
 *
 * Errors   -SJ_E_UNKNOWN: no such kind. -SJ_E_MALFORMED: a malformed specification.
 * Threads  [owner].
 */
#ifndef SJ_BROKERSIM_FAULT_H
#define SJ_BROKERSIM_FAULT_H

#include "brokersim/server.h"

/* suffix, name, what it does */
#define FAULT_TABLE(X)                                                                             \
    X(DROP, "drop", "events vanish")                                                               \
    X(DUPLICATE, "duplicate", "events come twice")                                                 \
    X(REORDER, "reorder", "an event comes after the next one")                                     \
    X(HALF, "half", "half an event, then the stream closes")                                       \
    X(GARBAGE, "garbage", "an event that is not JSON, or whose arrays are ragged")                 \
    X(STALL, "stall", "streams say nothing for `ms`, not even heartbeats")                         \
    X(SLOW, "slow", "streams send at most `bytes` a second")                                       \
    X(CLOSE, "close", "all streams close")                                                         \
    X(SILENT, "silent", "maintenance: subscriptions are gone, streams beat on")                    \
    X(DEAD, "dead", "the session is dead: no data, no history, heartbeats and health go on")       \
    X(REFUSE, "503", "every call but health and info answers 503")                                 \
    X(ORDER_REFUSE, "order_503", "an order call does nothing and answers 503")                     \
    X(LOST_ORDER, "lost_order", "an order call does nothing, the connection closes unanswered")    \
    X(UNKNOWN_LOST, "unknown_lost", "an order call does nothing and answers 409")                  \
    X(LOST_ACK, "lost_ack", "an order call takes effect, the connection closes unanswered")        \
    X(HALF_ACK, "half_ack", "an order call takes effect, half of its answer comes, then a close")  \
    X(UNKNOWN_OUTCOME, "unknown_outcome", "an order call takes effect and answers 409")            \
    X(DELAY_ACK, "delay_ack", "answers of order calls come `ms` late")                             \
    X(REJECT, "reject", "the exchange refuses a new order, by an order event with code 88")        \
    X(DEAL_FIRST, "deal_first", "deals come before the event of their order")                      \
    X(LATE_DEAL, "late_deal", "deal events come `ms` late")                                        \
    X(LATE_REPORT, "late_report", "order events that are no deals come `ms` late")                 \
    X(REORDER_REPORT, "reorder_report", "an order or deal event comes after the next one")         \
    X(DUPLICATE_REPORT, "duplicate_report", "order and deal events come twice")                    \
    X(LOSE_REPORT, "lose_report", "order and deal events vanish")                                  \
    X(FORGET, "forget", "trade ids are forgotten until /order/trades names them")                  \
    X(RESTART, "restart", "gone for `ms`: connections, subscriptions and trade ids are lost")

enum fault_kind {
#define X(suffix, name, text) FAULT_##suffix,
    FAULT_TABLE(X)
#undef X
        FAULT_KINDS
};
_Static_assert(FAULT_KINDS <= 32, "a bit per kind");

struct fault {
    bool active;
    double rate;      /* part of the occasions, 0 .. 1 */
    uint64_t left;    /* occasions; UINT64_MAX: no end */
    int64_t until_ns; /* monotonic; INT64_MAX: no end */
    uint64_t value;   /* ms or bytes a second */
    char message[96];
};

struct fault_set {
    struct fault fault[FAULT_KINDS];
    uint32_t active; /* bit per kind */
    struct sj_rng rng;
    uint32_t held_size; /* reorder: the event held back, 0 = none */
    uint32_t held_topic;
    enum sj_channel held_channel;
    char held[SJ_RENDER_MAX];
};

SJ_MUST_USE sj_rc fault_init(struct server *server, uint64_t seed);
void fault_done(struct server *server);

/* "kind" or -SJ_E_UNKNOWN. */
sj_rc fault_kind(const char *name);
const char *fault_name(enum fault_kind kind);

/* Arms a fault (or acts at once). duration_ms 0: no end. */
void fault_arm(struct server *server, enum fault_kind kind, const struct fault *fault);
void fault_clear(struct server *server);
void fault_disarm(struct server *server, enum fault_kind kind);

/* Whether the fault strikes now; uses up one occasion when it does. */
bool fault_hits(struct server *server, enum fault_kind kind);

/* The message of a 503, or NULL. */
const char *fault_refuses(struct server *server);

/* Parses "kind[,rate=0.1][,count=5][,ms=1000][,bytes=1000][;...]" and arms them on all servers. */
SJ_MUST_USE sj_rc fault_parse(struct sj_brokersim *sim, const char *text,
                              char error[SJ_SIM_MESSAGE_MAX]);

#endif
