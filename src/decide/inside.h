/*
 * inside.h: the inside of decide, shared by the files of this room only: decide.c (inputs),
 * process.c (of strategies in other processes), emit.c (outputs), stop.c (kill and panic), keep.c
 * (save, load, restore).
 */
#ifndef SJ_DECIDE_INSIDE_H
#define SJ_DECIDE_INSIDE_H

#include "decide/decide.h"

#include <stdbool.h>

#define HOUSE 0u /* the strategy number of what nobody's strategy sends */

/* Inputs from another ring that are not noted yet; count 0: all are. */
struct unnoted {
    uint64_t first_seq;
    int64_t now_ns;
    uint32_t src, count;
};

enum panic_phase { PANIC_NONE, PANIC_CANCELLING, PANIC_ASKING, PANIC_FLATTENING };

struct sj_decide {
    struct sj_decide_ops ops;
    struct sj_instruments *instruments;
    struct sj_strategies *strategies;
    struct sj_risk *risk;
    struct sj_orders *orders;
    struct sj_account *account;

    int64_t now_ns; /* of the input being worked on */
    struct unnoted unnoted;
    uint32_t batch_src;      /* whose events come */
    uint32_t batch_strategy; /* whose process that is; 0: nobody's */
    uint64_t own_seq;        /* the last one published, or restored */
    uint64_t begun_seq;      /* the last event of START */
    uint64_t loaded_seq;     /* what sj_decide_load stands for */
    uint64_t next_intent_id;
    struct sj_intent restored_intent; /* restoring: the one whose verdict and order come next */

    bool started;
    bool ready; /* the broker's list was answered since the last link up */
    bool kill_cancels;
    bool stop_cancels;
    bool stopping;
    bool full; /* the ring took no more; new orders are stopped */
    bool feed_lost;
    int64_t feed_loss_ns;
    bool feed_loss_kills;
    int64_t market_ns; /* of the last market event */
    int64_t next_stats_ns;

    bool cancelling; /* a kill has still to cancel what works */
    int64_t next_cancel_ns;
    enum panic_phase panic;
    int64_t panic_ns; /* when its present phase began */

    char account_id[SJ_ACCOUNTS][SJ_ACCOUNT_TEXT_MAX];
    struct sj_decide_status status;
};

/* emit.c */
int64_t decide_emit(struct sj_decide *decide, struct sj_frame *event);
void decide_emit_note(struct sj_decide *decide, const struct unnoted *inputs, uint64_t last_seq);
int64_t decide_note(struct sj_decide *decide);
/* Puts a control on the ring, headed, of the present time; nobody acts on it yet. */
void decide_publish_control(struct sj_decide *decide, struct sj_control *control);
/* What the room itself says: published, then acted on. */
void decide_emit_control(struct sj_decide *decide, enum sj_control_kind kind,
                         enum sj_control_source source, const char *text);
uint64_t decide_take_intent(void *context, struct sj_intent *intent);
uint64_t decide_house_intent(struct sj_decide *decide, struct sj_intent *intent);
void decide_on_order_event(void *context, struct sj_frame *event);
sj_rc decide_on_order_request(void *context, const struct sj_order_request *request);
void decide_on_account_event(void *context, struct sj_frame *event);
void decide_on_risk_control(void *context, const struct sj_control *control);
void decide_on_strategy_control(void *context, struct sj_control *control);
/* Trading kills itself, for longer than this process lives. */
void decide_kill(struct sj_decide *decide, enum sj_control_source source, const char *reason);
void decide_emit_stats(struct sj_decide *decide);

/* process.c */
void decide_process_event(struct sj_decide *decide, const struct sj_frame *event);
void decide_process_lost(struct sj_decide *decide, enum sj_control_source source, uint32_t strategy,
                         const char *text);
void decide_on_refused(void *context, struct sj_verdict *verdict);

/* stop.c */
void decide_cancel_begin(struct sj_decide *decide);
void decide_stop_begin(struct sj_decide *decide);
void decide_stop_panic(struct sj_decide *decide);
void decide_stop_account(struct sj_decide *decide, const struct sj_frame *event);
int64_t decide_stop_due(const struct sj_decide *decide);
void decide_stop_time(struct sj_decide *decide);

/* decide.c */
void decide_apply_control(struct sj_decide *decide, const struct sj_control *control);

#endif
