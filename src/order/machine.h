/*
 * machine.h: the states of one order and how each moves: one table, defined for every (state,
 * input) pair. Pure; it holds no order.
 *
 *            submit            acknowledged            asked to cancel
 *     NONE ---------> PENDING ---------------> WORKING ---------------> CANCELLING
 *      |               |  |  \                 |  ^ deal                  |  |
 *      | refused       |  |   \ deal first     v  | (part)        denied: |  | gone, or
 *      v               |  |    `----------> PARTIAL  <-------------------'  | deal takes
 *     REFUSED          |  |                    |                            | all
 *                      |  | no answer          | no answer to a change      |
 *                      |  v                    v                            v
 *              refused |  UNKNOWN <-------------- (any that is open)    CANCELLED, FILLED
 *                      v   | list: working -> WORKING, PARTIAL, CANCELLED, FILLED
 *                  REJECTED<-' list: not there (it never arrived)
 *
 * A deal counts in every state, whatever was said before: position is what was dealt. What ends an
 * order can't be taken back, but for one thing: an order we held for never arrived (REJECTED) or
 * gone, and which then shows life, goes to UNKNOWN or PARTIAL and the broker is asked.
 *
 * The caller (order.c) chooses the input from what it knows of the order, so that repeated and
 * overtaken words become LATE here. With that the end of a conversation does not depend on the
 * order in which its words arrive, nor on how often (tests/order proves it).
 */
#ifndef SJ_ORDER_MACHINE_H
#define SJ_ORDER_MACHINE_H

#include "shijim/strategy.h" /* enum sj_order_state */

/* What can happen to an order. Also `cause` of struct sj_order_update. name, text */
#define SJ_ORDER_INPUT_TABLE(X)                                                                    \
    X(SUBMIT, "submit", "an accepted intent; its request goes out next")                           \
    X(REFUSE, "refuse", "refused by us; nothing was sent")                                         \
    X(UNSENT, "unsent", "the link could not take the request; nothing was sent")                   \
    X(HEARD, "heard", "the broker has it, the exchange not yet")                                   \
    X(ACK, "ack", "it is at the exchange")                                                         \
    X(NACK, "nack", "refused by broker or exchange, nothing was dealt")                            \
    X(PRICED, "priced", "a change of price was accepted")                                          \
    X(REDUCED, "reduced", "a change of quantity was accepted, something still works")              \
    X(CHANGE_DENIED, "change_denied", "a change of price or quantity was refused")                 \
    X(ASK_CANCEL, "ask_cancel", "we want it cancelled")                                            \
    X(CANCEL_DENIED, "cancel_denied", "the cancel was refused")                                    \
    X(GONE, "gone", "cancelled: by us, by the exchange, by its time in force")                     \
    X(DEAL_PART, "deal_part", "a deal; more can follow")                                           \
    X(DEAL_LAST, "deal_last", "a deal of an order whose rest is gone")                             \
    X(COMPLETE, "complete", "all that was left to fill is filled")                                 \
    X(TIMEOUT, "timeout", "the answer is missing: it may have taken effect")                       \
    X(ABSENT, "absent", "the broker's list proves that it never arrived")                          \
    X(MISSING, "missing", "the broker's list lacks an order that the broker once confirmed")       \
    X(LATE, "late", "repeated, or overtaken by what was said since")                               \
    X(ALERT, "alert", "no acknowledgement in time, and the policy is to say so only")              \
    X(FOREIGN, "foreign", "an order that is none of ours")

enum sj_order_input {
    SJ_INPUT_NONE,
#define X(suffix, name, text) SJ_INPUT_##suffix,
    SJ_ORDER_INPUT_TABLE(X)
#undef X
        SJ_INPUT_COUNT
};

/* What else a step calls for. */
enum sj_order_step_flag {
    SJ_STEP_ASK = 1, /* ask the broker for its list */
    SJ_STEP_ODD = 2  /* contradicts what was known; counted and told */
};

struct sj_order_step {
    uint8_t next;  /* enum sj_order_state */
    uint8_t flags; /* enum sj_order_step_flag */
};

/* The step. `filled`: whether any of the order is filled (WORKING or PARTIAL). */
struct sj_order_step sj_order_machine(enum sj_order_state state, enum sj_order_input input,
                                      bool filled);

/* FILLED, CANCELLED, REJECTED, REFUSED. */
static inline bool sj_order_ended(enum sj_order_state state)
{
    return state >= SJ_ORDER_FILLED;
}

const char *sj_order_state_name(enum sj_order_state state); /* "working", ... */
const char *sj_order_input_name(enum sj_order_input input);

#endif
