/*
 * connection.h: one connection's inside, shared by the files of this room that make it up:
 * connection.c (phases, ladder), receive.c (bytes to events), feeds.c (judgement), outbox.c (own
 * events), clerk.c (what waits).
 *
 * Threads  all of it is the connection's duty's, but for `clerk` and what the clerk reads:
 * `gateway`, `endpoint`, `items` (fixed once LOAD's result is there) and the clerk's counters.
 */
#ifndef SJ_GATEWAY_CONNECTION_H
#define SJ_GATEWAY_CONNECTION_H

#include "base/backoff.h"
#include "base/count.h"
#include "gateway/clerk.h"
#include "gateway/contract_check.h"
#include "gateway/gateway.h"
#include "gateway/hours.h"
#include "gateway/ladder.h"
#include "gateway/stream.h"
#include "gateway/tape.h"

#define SLOTS_MAX (CLERK_DEFINITIONS_MAX + 1) /* slot 0: none */
#define OUTBOX_MAX 512
#define STREAMS_MAX 7

#define GAUGE(field, value) atomic_store_explicit(&(field), value, memory_order_relaxed)
#define READ(field) atomic_load_explicit(&(field), memory_order_relaxed)

/* A subscription and its feed. */
struct item {
    const struct sj_rest_subscription *subscription;
    struct sj_feed feed;
    uint32_t instrument; /* the contract's id; events may carry the target's */
    enum sj_channel channel;
    enum sj_market market;
    bool confirmed;
    bool was_expected; /* data was due at some time in this session */
    bool heard;        /* and some came */
    bool mending;      /* resubscribed for its own silence; once until it speaks */
};

enum tape_kind { TAPE_TICK, TAPE_QUOTE, TAPE_TICK_ODD, TAPE_QUOTE_ODD, TAPE_COUNT };

/* What is kept of an instrument over a session. */
struct slot {
    uint32_t instrument;
    enum sj_market market;
    struct sj_hours_session session;
    struct sj_tape_line line[TAPE_COUNT];
    struct sj_tape_books books[2]; /* round, odd */
    uint64_t other_count;          /* index events */
    int64_t first_ns, last_ns;     /* receive times of this session's events */
    int64_t proven_ns[2];          /* receive time of the last total; by odd lot */
    bool replayed;                 /* its events are of another time than the wall clock's */
    uint16_t item[3][2];           /* by quote type and odd lot: index into items + 1 */
};

/* What is being done about the ladder's present rung. */
enum act { ACT_NONE, ACT_CLERK, ACT_OPENING, ACT_SUBSCRIBING };

struct pending_gap {
    uint64_t count;
    int64_t from_ns, to_ns;
};

struct connection {
    struct sj_gateway *gateway;
    uint32_t index;
    struct sj_endpoint endpoint;
    struct clerk clerk;
    struct sj_bus *bus;
    struct sj_instruments *table; /* ids as in the house's table, only what comes here */
    struct sj_parse *parse;
    struct sj_hours hours;

    enum sj_gateway_phase phase;
    int64_t retry_ns; /* LOADING: mono; when to ask again */
    bool job_out;     /* LOADING, STOPPING: a job's result is awaited */
    struct sj_backoff load_backoff;
    uint32_t defined; /* DEFINING: definitions on the ring so far */

    int64_t contract_times_ns[SJ_CONTRACT_TIMES_MAX];
    uint32_t contract_time_count;
    int64_t next_refresh_ns; /* UTC; INT64_MAX: never */
    bool refresh_out;
    bool changed_here;  /* the clerk's changed definitions are ours, to be published */
    uint32_t redefined; /* of them, on the ring so far */

    uint32_t stream_count;
    struct sj_stream stream[STREAMS_MAX];
    enum sj_channel stream_channel[STREAMS_MAX];

    uint32_t item_count;
    struct item item[SJ_SUBSCRIPTIONS_MAX];
    uint32_t slot_count; /* slots 1 .. slot_count */
    struct slot slot[SLOTS_MAX];
    uint16_t *slot_of; /* by instrument id */
    struct sj_feed market[SJ_MARKET_COUNT];

    struct sj_ladder ladder;
    enum act act;
    bool first_open;  /* the streams have not been open yet */
    bool needs_data;  /* only data proves this fault cured */
    sj_rc act_rc;     /* of the subscribing under way */
    int64_t fault_ns; /* UTC of the fault's first sign */
    int64_t down_ns;  /* UTC since when a stream is down; 0: none is */
    int64_t loss_ns;  /* UTC of the last loss of whatever kind; totals seen later prove a tape */
    int64_t act_deadline_ns;

    int64_t next_judge_ns; /* mono */
    int64_t next_probe_ns;
    int64_t next_usage_ns;
    int64_t next_beat_ns;
    bool probe_out;
    char instance_id[40];
    char last_maintenance[40];
    bool probed;
    int64_t next_sample_ns; /* of malformed input */
    int64_t stop_deadline_ns;

    uint32_t out_head, out_tail; /* own events waiting for room */
    union outbox_frame {
        struct sj_frame frame;
        struct sj_session session;
        struct sj_gap gap;
        struct sj_completeness completeness;
    } out[OUTBOX_MAX];
    struct pending_gap ring_gap;  /* messages dropped for want of room */
    struct pending_gap parse_gap; /* messages that could not be understood */
    int64_t parse_gap_due_ns;

    struct sj_gateway_counters counters;
};

struct sj_gateway {
    struct sj_gateway_config config;
    struct sj_plan_options plan_options;
    char *selectors; /* of the list and the file, joined */
    struct sj_instruments *instruments;
    int32_t *holidays;
    uint32_t count;
    _Atomic bool stop;
    pthread_mutex_t lock; /* of plan, planned and instruments; the clerks only */
    bool planned;
    struct sj_plan plan;
    _Atomic uint32_t refused;
    struct sj_gateway_follower follower; /* of nobody: event is NULL */
    struct connection *connection[SJ_CONNECTIONS_MAX];
};

/* outbox.c */
/* Puts what is waiting onto the ring as far as there is room. Returns how many. */
uint32_t outbox_flush(struct connection *conn);
void outbox_session(struct connection *conn, enum sj_session_kind kind, const struct item *item,
                    enum sj_rung rung, int32_t status, int64_t duration_ns, const char *text);
void outbox_gap(struct connection *conn, const struct sj_gap *gap);
void outbox_completeness(struct connection *conn, const struct sj_completeness *completeness);
bool outbox_define(struct connection *conn, const struct sj_instrument *definition);

/* receive.c */
uint32_t receive_streams(struct connection *conn, int64_t mono_ns);
void receive_cut(struct connection *conn, size_t bytes, int64_t utc_ns);
void receive_gaps(struct connection *conn, int64_t mono_ns);

/* account.c: tapes and verdicts */
uint32_t account_event(struct connection *conn, void *frame);
void account_close(struct connection *conn, struct slot *slot);
void account_expected(struct connection *conn, const struct item *item, int64_t utc_ns);
void account_session_ends(struct connection *conn, int64_t utc_ns);
void account_stop(struct connection *conn);

/* feeds.c */
void feeds_init(struct connection *conn);
void feeds_confirmed(struct connection *conn, struct item *item, int64_t utc_ns);
void feeds_judge(struct connection *conn, int64_t utc_ns, int64_t mono_ns);
bool feeds_expected(const struct connection *conn, int64_t utc_ns);

/* refresh.c: contracts described anew at the times of the broker's file */
void refresh_init(struct connection *conn, int64_t utc_ns);
uint32_t refresh_work(struct connection *conn, int64_t utc_ns);
void refresh_result(struct connection *conn, const struct clerk_result *result, int64_t utc_ns);

/* recovery.c */
void recovery_work(struct connection *conn, int64_t utc_ns, int64_t mono_ns);
void recovery_result(struct connection *conn, const struct clerk_result *result, int64_t utc_ns,
                     int64_t mono_ns);
void recovery_fault(struct connection *conn, enum sj_rung from, enum sj_rung highest,
                    bool needs_data, const char *why, int64_t utc_ns, int64_t mono_ns);
void recovery_data(struct connection *conn, int64_t utc_ns, int64_t mono_ns);
void recovery_stream_ended(struct connection *conn, uint32_t index, sj_rc rc, int64_t utc_ns,
                           int64_t mono_ns);

int64_t recovery_wait_ns(const struct connection *conn, enum sj_refusal refusal);

/* connection.c */
SJ_MUST_USE sj_rc connection_create(struct sj_gateway *gateway, uint32_t index, const char *server,
                                    const struct sj_gateway_options *options,
                                    const struct sj_hours *hours, struct connection **ret_conn,
                                    char error[SJ_PLAN_ERROR_MAX]);
void connection_close(struct connection *conn);
SJ_MUST_USE sj_rc connection_work(struct connection *conn);

#endif
