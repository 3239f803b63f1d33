/*
 * host_private.h: what the files of the host share.
 *
 * host.c      making, adding, asking       dispatch.c  events and timers into strategies, disarming
 * api.c       calls from strategies        reports.c   what became of their intents
 * save.c      what outlives a restart
 */
#ifndef SJ_STRATEGY_HOST_PRIVATE_H
#define SJ_STRATEGY_HOST_PRIVATE_H

#include "market/ladder.h"
#include "strategy/guard.h"
#include "strategy/host.h"
#include "strategy/intents.h"
#include "strategy/params.h"
#include "strategy/process.h"

#define QUEUE_COUNT 1024 /* verdicts, updates and fills that wait for a call to return */
#define QUEUE_FRAME_SIZE 256
#define LOG_LINES_PER_S 10
#define KEPT_MAX 256
#define OVERRUN_WINDOW_NS (INT64_C(60) * 1000000000)

_Static_assert(sizeof(struct sj_order_update) <= QUEUE_FRAME_SIZE, "fits the queue");
_Static_assert(sizeof(struct sj_fill) <= QUEUE_FRAME_SIZE, "fits the queue");
_Static_assert(sizeof(struct sj_verdict) <= QUEUE_FRAME_SIZE, "fits the queue");

/* The plug-in's name of a strategy that is not configured any more. */
#define SJ_STRATEGY_RETIRED "retired"

enum lot_class { LOT_ANY, LOT_ROUND, LOT_ODD };

/* One instance; to the plug-in, its host. */
struct sj_strategy_host {
    struct sj_strategies *owner;
    const struct sj_strategy_plugin *plugin;
    void *state;
    uint32_t number;
    bool armed;
    bool retired; /* only its orders and positions are left */
    bool in_init;
    uint8_t lot_class;  /* positions are in lots or in shares, never in both */
    int64_t timer_ns;   /* INT64_MAX: none */
    int64_t *positions; /* by instrument */
    /* One in its own process (src 0: it is not). */
    struct sj_strategy_process process;
    bool greeted;        /* it is there */
    bool answered;       /* the request under way */
    uint64_t origin_seq; /* of the request under way; 0: none */
    int64_t greet_ns;
    /* Limits. */
    uint64_t budget_cycles;
    int64_t hard_budget_ns;
    uint32_t overrun_max, nonsense_max, intents_max, quantity_max;
    /* The turn: what happened since the owner called. */
    uint64_t turn;
    uint32_t turn_intents;
    /* Overruns of the minute that disarm, and log lines of the second. */
    int64_t overrun_window_ns, log_window_ns;
    uint32_t window_overruns, window_lines;
    long preemptions; /* at the last overrun */
    uint32_t nonsense_sum;
    /* Counters. */
    uint64_t event_count, intent_count, refused_count, order_count, fill_count, overrun_count;
    uint64_t report_lost_count;
    uint64_t nonsense_count[SJ_NONSENSE_COUNT];
    struct sj_hist *hist;
    /* Why it is, or is about to be, disarmed. */
    enum sj_control_source disarmed_by;
    int64_t disarm_value;
    char reason[64];
    /* As it was added, for arm. */
    char name[SJ_STRATEGY_NAME_MAX];
    uint32_t *instruments;
    uint32_t instrument_count;
    /* What it holds or works in beyond those: it was given them in an earlier run. */
    uint32_t kept[KEPT_MAX];
    uint32_t kept_count;
    struct sj_params params;
    void *library; /* of dlopen */
};

struct sj_strategies {
    struct sj_strategies_ops ops;
    struct sj_strategy_api api;
    const struct sj_instruments *instruments;
    const struct sj_market_rules *rules;
    struct sj_market_rules *own_rules;
    uint32_t date;
    uint32_t instrument_max;
    bool live, timed;
    struct sj_guard *guard; /* NULL: none */
    double ns_per_cycle;
    int64_t now_ns;
    uint64_t turn;
    bool restoring; /* what strategies ask for is not sent */
    bool busy;      /* in a call of the owner's that can reach strategies or ops */
    struct sj_strategy_host *calling; /* whose code runs */
    uint64_t doomed;                  /* bits of those to be disarmed when the call has returned */
    uint64_t armed;                   /* bits: number - 1 */
    uint64_t wants[64];               /* by event type: who takes it */
    uint64_t *takers;                 /* by instrument: who trades it */
    struct sj_top *tops;              /* by instrument */
    struct sj_tick_bands *bands;      /* by instrument; count 0: not known yet */
    uint32_t count;
    struct sj_strategy_host *hosts[SJ_STRATEGIES_MAX];
    int64_t next_timer_ns;
    struct sj_intent_table intents;
    uint32_t queue_head, queue_count;
    uint8_t (*queue)[QUEUE_FRAME_SIZE];
};

static inline uint64_t sj_host_bit(const struct sj_strategy_host *host)
{
    return UINT64_C(1) << (host->number - 1);
}

static inline struct sj_strategy_host *sj_host_get(const struct sj_strategies *s, uint32_t number)
{
    return number >= 1 && number <= s->count ? s->hosts[number - 1] : NULL;
}

/* The plug-in's init on a zeroed state, guarded. */
SJ_MUST_USE sj_rc sj_host_init_state(struct sj_strategy_host *host,
                                     char error[SJ_STRATEGIES_ERROR_MAX]);

/* Runs call(context) as code of the host's plug-in; false when it crashed or looped (the host is
 * then doomed and its reason written). */
SJ_MUST_USE bool sj_host_guarded(struct sj_strategy_host *host, void (*call)(void *),
                                 void *context);

/* Marks it to be disarmed as soon as its call has returned. */
void sj_host_doom(struct sj_strategy_host *host, enum sj_control_source source, int64_t value,
                  const char *reason);

/* Writes the timer down and keeps the next one known. */
void sj_host_set_timer(struct sj_strategy_host *host, int64_t at_ns);

/* A call that took longer than its budget. */
void sj_host_note_overrun(struct sj_strategy_host *host);

/* Takes in a VERDICT, ORDER or FILL and tells the strategy. */
void sj_host_take_report(struct sj_strategies *s, const void *frame);

/* Follows an intent of the host's under its id. Only when there is room. */
struct sj_intent_entry *sj_host_follow(struct sj_strategy_host *host,
                                       const struct sj_intent *intent, uint64_t id);

/* An instrument with an order or a position of the host's, which it may not trade any more, is to
 * be saved all the same. False: no room for another one. */
bool sj_host_keep(struct sj_strategy_host *host, uint32_t instrument);

void sj_host_begin_turn(struct sj_strategies *s, int64_t now_ns);
/* Delivers what waits and disarms the doomed, until nothing is left. */
void sj_host_end_turn(struct sj_strategies *s);

/* A line of the strategy's or about it, at most LOG_LINES_PER_S. */
void sj_host_log(struct sj_strategy_host *host, const char *text);

/* The calls of a strategy that has no code here. */
void sj_host_see_nothing(void *state, const struct sj_frame *event);
void sj_host_hear_nothing(void *state, const struct sj_strategy_report *report);
void sj_host_wait_for_nothing(void *state, int64_t now_ns);

/* The table handed to plug-ins. */
struct sj_strategy_api sj_host_api(void);

/* Refuses, counts, says why, and disarms who does it too often. Returns 0. */
uint64_t sj_host_refuse(struct sj_strategy_host *host, enum sj_nonsense nonsense, int64_t value);

/* Tells the process of the request under way that nothing comes of it. */
void sj_host_answer(struct sj_strategy_host *host, const char *why, int64_t value);

/* What strategies may ask for, checked; as the calls of the same name in shijim/strategy.h. */
uint64_t sj_host_place(struct sj_strategy_host *host, const struct sj_strategy_order *order);
uint64_t sj_host_cancel(struct sj_strategy_host *host, uint64_t intent_id);
uint64_t sj_host_change_price(struct sj_strategy_host *host, uint64_t intent_id, int64_t price_e6);
uint64_t sj_host_change_quantity(struct sj_strategy_host *host, uint64_t intent_id,
                                 uint32_t quantity);

/* Hands an intent that makes sense to the owner. 0: it could not be written down. */
uint64_t sj_host_send_intent(struct sj_strategy_host *host, struct sj_intent *intent);

/* A cancel of an order of the host's. */
uint64_t sj_host_send_cancel(struct sj_strategy_host *host, const struct sj_intent_entry *order);

/* `steps` ticks from a price, within the day's limits; null beyond, or where no tick is known. */
int64_t sj_host_tick_step(struct sj_strategies *s, uint32_t instrument, int64_t price_e6,
                          int32_t steps);

#endif
