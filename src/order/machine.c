#include "order/machine.h"

#include "event/event.h"

/* A cell: next state in the low 4 bits, flags above them. LIVE stands for WORKING, or PARTIAL once
 * something is filled. */
#define LIVE 15
#define FLAGS_SHIFT 4
#define ASK (SJ_STEP_ASK << FLAGS_SHIFT)
#define ODD (SJ_STEP_ODD << FLAGS_SHIFT)

#define NONE SJ_ORDER_NONE
#define PEND SJ_ORDER_PENDING
#define WORK SJ_ORDER_WORKING
#define PART SJ_ORDER_PARTIAL
#define CANC SJ_ORDER_CANCELLING
#define UNKN SJ_ORDER_UNKNOWN
#define FILL SJ_ORDER_FILLED
#define GONE SJ_ORDER_CANCELLED
#define REJ SJ_ORDER_REJECTED
#define REF SJ_ORDER_REFUSED

_Static_assert(SJ_ORDER_STATE_COUNT <= LIVE, "a state fits its 4 bits");
_Static_assert((int)SJ_INPUT_PRICED == SJ_CAUSE_PRICED &&
                   (int)SJ_INPUT_REDUCED == SJ_CAUSE_REDUCED &&
                   (int)SJ_INPUT_CHANGE_DENIED == SJ_CAUSE_CHANGE_DENIED &&
                   (int)SJ_INPUT_CANCEL_DENIED == SJ_CAUSE_CANCEL_DENIED,
               "others know these by number");
_Static_assert(SJ_ORDER_STATE_COUNT == 10, "the table has a column for every state");

/* clang-format off */
static const uint8_t table[SJ_INPUT_COUNT][SJ_ORDER_STATE_COUNT] = {
/*                      NONE        PENDING     WORKING     PARTIAL     CANCELLING  UNKNOWN     FILLED      CANCELLED       REJECTED        REFUSED */
[SJ_INPUT_NONE]      = {NONE,       PEND,       WORK,       PART,       CANC,       UNKN,       FILL,       GONE,           REJ,            REF},
[SJ_INPUT_SUBMIT]    = {PEND,       PEND | ODD, WORK | ODD, PART | ODD, CANC | ODD, UNKN | ODD, FILL | ODD, GONE | ODD,     REJ | ODD,      REF | ODD},
[SJ_INPUT_REFUSE]    = {REF,        PEND | ODD, WORK | ODD, PART | ODD, CANC | ODD, UNKN | ODD, FILL | ODD, GONE | ODD,     REJ | ODD,      REF | ODD},
[SJ_INPUT_UNSENT]    = {NONE | ODD, REJ,        WORK | ODD, PART | ODD, CANC | ODD, UNKN | ODD, FILL | ODD, GONE | ODD,     REJ | ODD,      REF | ODD},
[SJ_INPUT_HEARD]     = {NONE | ODD, PEND,       WORK,       PART,       CANC,       PEND,       FILL,       GONE,           UNKN | ASK | ODD, UNKN | ASK | ODD},
[SJ_INPUT_ACK]       = {NONE | ODD, LIVE,       WORK,       PART,       CANC,       LIVE,       FILL,       GONE,           UNKN | ASK | ODD, UNKN | ASK | ODD},
[SJ_INPUT_NACK]      = {NONE | ODD, REJ,        REJ,        GONE,       REJ,        REJ,        FILL | ODD, GONE,           REJ,            REF | ODD},
[SJ_INPUT_PRICED]    = {NONE | ODD, LIVE,       WORK,       PART,       CANC,       LIVE,       FILL,       GONE,           UNKN | ASK | ODD, UNKN | ASK | ODD},
[SJ_INPUT_REDUCED]   = {NONE | ODD, LIVE,       WORK,       PART,       CANC,       LIVE,       FILL,       GONE,           UNKN | ASK | ODD, UNKN | ASK | ODD},
[SJ_INPUT_CHANGE_DENIED] = {NONE | ODD, PEND,   WORK,       PART,       CANC,       UNKN,       FILL,       GONE,           REJ,            REF},
[SJ_INPUT_ASK_CANCEL] = {NONE | ODD, CANC,      CANC,       CANC,       CANC,       UNKN,       FILL,       GONE,           REJ,            REF},
/* A cancel is mostly refused because the order has ended and the word of it was lost: ask. */
[SJ_INPUT_CANCEL_DENIED] = {NONE | ODD, PEND | ASK, WORK | ASK, PART | ASK, LIVE | ASK, UNKN | ASK, FILL,   GONE,           REJ,            REF},
[SJ_INPUT_GONE]      = {NONE | ODD, GONE,       GONE,       GONE,       GONE,       GONE,       FILL,       GONE,           GONE | ODD,     GONE | ODD},
[SJ_INPUT_DEAL_PART] = {NONE | ODD, PART,       PART,       PART,       CANC,       UNKN,       FILL | ODD, UNKN | ASK | ODD, PART | ASK | ODD, UNKN | ASK | ODD},
[SJ_INPUT_DEAL_LAST] = {NONE | ODD, GONE,       GONE,       GONE,       GONE,       GONE,       FILL | ODD, GONE,           GONE | ODD,     GONE | ODD},
[SJ_INPUT_COMPLETE]  = {NONE | ODD, FILL,       FILL,       FILL,       FILL,       FILL,       FILL,       FILL,           FILL | ODD,     FILL | ODD},
[SJ_INPUT_TIMEOUT]   = {NONE | ODD, UNKN | ASK, UNKN | ASK, UNKN | ASK, UNKN | ASK, UNKN | ASK, FILL,       GONE,           REJ,            REF},
[SJ_INPUT_ABSENT]    = {NONE | ODD, REJ,        UNKN | ODD, UNKN | ODD, REJ,        REJ,        FILL | ODD, GONE | ODD,     REJ,            REF},
[SJ_INPUT_MISSING]   = {NONE | ODD, UNKN | ODD, UNKN | ODD, UNKN | ODD, UNKN | ODD, UNKN | ODD, FILL,       GONE,           REJ,            REF},
[SJ_INPUT_LATE]      = {NONE,       PEND,       WORK,       PART,       CANC,       UNKN,       FILL,       GONE,           REJ,            REF},
[SJ_INPUT_ALERT]     = {NONE,       PEND,       WORK,       PART,       CANC,       UNKN,       FILL,       GONE,           REJ,            REF},
[SJ_INPUT_FOREIGN]   = {NONE,       PEND,       WORK,       PART,       CANC,       UNKN,       FILL,       GONE,           REJ,            REF},
};
/* clang-format on */

struct sj_order_step sj_order_machine(enum sj_order_state state, enum sj_order_input input,
                                      bool filled)
{
    uint8_t cell = table[input][state];
    uint8_t next = cell & (uint8_t)((1u << FLAGS_SHIFT) - 1);
    if (next == LIVE)
        next = filled ? SJ_ORDER_PARTIAL : SJ_ORDER_WORKING;
    return (struct sj_order_step){next, (uint8_t)(cell >> FLAGS_SHIFT)};
}

const char *sj_order_state_name(enum sj_order_state state)
{
    static const char *const names[] = {"none",    "pending", "working",   "partial",  "cancelling",
                                        "unknown", "filled",  "cancelled", "rejected", "refused"};
    _Static_assert(sizeof(names) / sizeof(names[0]) == SJ_ORDER_STATE_COUNT, "a name per state");
    return state < SJ_ORDER_STATE_COUNT ? names[state] : "?";
}

const char *sj_order_input_name(enum sj_order_input input)
{
    static const char *const names[] = {"none",
#define X(suffix, name, text) name,
                                        SJ_ORDER_INPUT_TABLE(X)
#undef X
    };
    return input < SJ_INPUT_COUNT ? names[input] : "?";
}
