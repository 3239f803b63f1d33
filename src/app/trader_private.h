/* The inside of trader.h, shared by trader.c (turns), trader_open.c (create and close),
 * trader_start.c (what earlier runs traded), trader_dead.c (the dead man), trader_process.c
 * (strategies in other processes), trader_out.c (what decide asks for) and trader_view.c (what
 * people see). */
#ifndef SJ_APP_TRADER_PRIVATE_H
#define SJ_APP_TRADER_PRIVATE_H

#include "app/trader.h"

#include "app/saved.h"
#include "app/trader_account.h"
#include "app/user_ring.h"
#include "bus/bus.h"
#include "gateway/order_link.h"
#include "strategy/names.h"
#include "strategy/process.h"

#include <pthread.h>

#define TRADER_LINES_MAX 24

#define TRADER_HELD_MAX 1024

/* A request that waits until what led to it is on the disk (orders.fsync_first). */
struct trader_held {
    struct sj_order_request request;
    uint64_t after_seq; /* of the own ring */
};

struct trader_ring {
    struct sj_bus_reader *reader;
    uint32_t src;
    uint64_t next_seq; /* of the first event not decided on */
    uint64_t lost;     /* told so far */
    bool ended;
};

enum trader_life { LIFE_UNKNOWN, LIFE_LIVES, LIFE_ENDED };

/* A strategy in a process of its own. */
struct trader_process {
    struct sj_strategy_process process;
    char name[SJ_STRATEGY_NAME_MAX];
    struct sj_bus_reader *reader;
    uint32_t strategy;
    uint32_t intents_max; /* of its events taken in a turn */
    uint64_t lost;        /* told so far */
    bool broken;
    bool told_end;                 /* that it does not live */
    _Atomic enum trader_life life; /* as the main thread sees it */
};

/* What the trading thread shows, taken a few times a second. */
struct trader_picture {
    struct sj_decide_status decide;
    struct sj_risk_status risk;
    struct sj_orders_stats orders;
    struct sj_account_totals totals;
    uint32_t strategy_count;
    struct sj_strategy_stats strategies[SJ_STRATEGIES_MAX];
    uint32_t line_count; /* oldest first */
    char lines[TRADER_LINES_MAX][160];
};

struct sj_trader {
    struct sj_trader_options options;
    const struct sj_settings *settings;
    struct sj_market_rules *rules;
    struct sj_instruments *instruments;
    struct sj_strategy_names names;
    struct sj_decide *decide;
    struct sj_order_link *link;
    struct sj_trader_account *account;
    struct sj_rate *rate; /* of calls to the broker; in a file */
    struct sj_switch *sw;
    struct sj_saved *saved;
    struct sj_bus *ring;
    struct sj_bus *account_ring;
    struct trader_ring rings[SJ_TRADER_RINGS_MAX];
    uint32_t ring_count;
    struct trader_process processes[SJ_USER_SOURCES];
    uint32_t process_count;
    struct sj_user_frames *user_frames;

    const struct sj_journal *journal;
    struct trader_held held[TRADER_HELD_MAX];
    uint32_t held_head, held_tail;

    uint64_t seen; /* the switch's generation that was acted on */
    bool killed;
    uint64_t panics; /* begun */
    bool begun;
    int64_t next_beat_ns;
    int64_t next_picture_ns;
    int64_t next_save_ns;
    int64_t stop_deadline_ns;
    int64_t batch_ns;  /* receipt of the event being decided on; 0 outside */
    uint32_t followed; /* events decided on by sj_trader_event since the last turn */
    _Atomic bool prepared, stop_asked, stopped;

    _Alignas(8) uint8_t recent[TRADER_LINES_MAX][SJ_EVENT_SIZE_MAX]; /* events worth a line */
    uint32_t recent_count;

    bool has_picture;     /* under the lock */
    pthread_mutex_t lock; /* of shown; the trading thread only tries it */
    struct trader_picture *shown;
    struct trader_picture *next; /* the trading thread's */
    struct sj_trader_counters counters;
};

/* trader.c */
/* True: somebody has touched the switch. */
bool trader_take_switch(struct sj_trader *trader, int64_t now_ns);
/* trader_rings.c: what waits on a ring. Returns how many events were passed. */
uint32_t trader_take_ring(struct sj_trader *trader, struct trader_ring *ring);
/* trader_start.c */
SJ_MUST_USE sj_rc trader_prepare(struct sj_trader *trader, const struct sj_journal *journal,
                                 char error[SJ_TRADER_ERROR_MAX]);
/* trader_out.c */
SJ_MUST_USE sj_rc trader_create_decide(struct sj_trader *trader, char error[SJ_TRADER_ERROR_MAX]);
/* Sends what waited for the disk; returns how many. */
uint32_t trader_send_held(struct sj_trader *trader);
/* The link's, with the trader as context. */
void trader_on_report(void *context, const struct sj_order_report *report);
void trader_on_note(void *context, const char *text);
/* trader_open.c */
__attribute__((format(printf, 3, 4))) sj_rc trader_fail(char *error, sj_rc rc, const char *format,
                                                        ...);
/* trader_process.c */
SJ_MUST_USE sj_rc trader_make_processes(struct sj_trader *trader, char *error);
SJ_MUST_USE sj_rc trader_attach_processes(struct sj_trader *trader, char *error);
/* Takes what they ask for, and tells of those that have ended; returns how much was done. */
uint32_t trader_take_processes(struct sj_trader *trader);
void trader_look_at_processes(struct sj_trader *trader); /* the main thread's */
void trader_detach_processes(struct sj_trader *trader);
/* trader_dead.c */
void trader_look_at_dead_man(struct sj_trader *trader);
/* trader_view.c */
void trader_note(struct sj_trader *trader, const struct sj_frame *event);
void trader_take_picture(struct sj_trader *trader);

#endif
