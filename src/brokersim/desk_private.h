/* desk_private.h: the inside of the order desk, shared by desk*.c and rest_order.c,
 * rest_portfolio.c. */
#ifndef SJ_BROKERSIM_DESK_PRIVATE_H
#define SJ_BROKERSIM_DESK_PRIVATE_H

#include "brokersim/body.h"
#include "brokersim/desk.h"
#include "market/cost.h"

#define ORDERS_MAX (1u << 20) /* as many as the id has room for */
#define DEALS_MAX (1u << 21)
#define ACTIONS_MAX 8192
#define LATE_MAX 1024
#define DEAL_NONE UINT32_MAX
#define ORDER_NONE UINT32_MAX

enum order_status {
    ORDER_PENDING_SUBMIT,
    ORDER_SUBMITTED,
    ORDER_PART_FILLED,
    ORDER_FILLED,
    ORDER_CANCELLED,
    ORDER_FAILED,
};

struct user_order {
    char id[20];
    char seqno[8];
    char ordno[8];
    char custom_field[8];
    const struct account *account;
    const char *order_cond; /* stocks */
    const char *order_lot;  /* stocks */
    const char *octype;     /* futures, options */
    uint32_t instrument;
    uint32_t feed;
    uint64_t exchange_id; /* 0 when nothing rests */
    uint8_t side;
    uint8_t price_type;
    uint8_t time_in_force;
    uint8_t status; /* enum order_status */
    int64_t price_e6;
    int64_t modified_price_e6;
    uint32_t quantity;
    uint32_t filled;
    uint32_t cancelled;
    uint32_t first_deal, last_deal;
    uint32_t known; /* bit per server whose process knows the id */
    uint8_t server; /* that took it */
    bool arrived;   /* the exchange accepted it */
    bool daytrade_short;
    bool listed;               /* among the working ones ... */
    uint32_t next, prev;       /* ... which are linked */
    struct sj_fee_order costs; /* of what it has traded so far */
    int64_t order_ns, modified_ns;
    char message[64];
};

struct user_deal {
    uint32_t order;
    uint32_t next; /* of the same order */
    uint32_t seq;
    uint32_t quantity;
    int64_t price_e6;
    int64_t utc_ns;
    int64_t fee_e6, tax_e6;
    int64_t closed;   /* units of a position */
    int64_t entry_e6; /* what they cost, price times units */
    int64_t pnl_e6;   /* their profit in TWD, before fee and tax */
};

enum action_kind { ACTION_NEW, ACTION_CANCEL, ACTION_PRICE, ACTION_QUANTITY };

struct action {
    enum action_kind kind;
    uint32_t order;
    int64_t value;
    int64_t due_ns;
};

struct position {
    int64_t quantity; /* negative: short */
    int64_t cost_e6;  /* price times units of the open part, never negative */
    int64_t yd_quantity;
    int64_t bought, sold;                    /* today */
    int64_t closed;                          /* units, with ... */
    int64_t closed_entry_e6, closed_exit_e6; /* ... price times units on both ends */
    int64_t realized_e6;
    int64_t fee_e6, tax_e6; /* of all its deals */
};

struct money {
    int64_t opening_e6;
    int64_t fee_e6, tax_e6;
    int64_t bought_e6, sold_e6; /* stocks: amounts traded */
    int64_t premium_e6;         /* options: received less paid */
    int64_t future_pnl_e6;      /* closed */
    int64_t option_pnl_e6;
};

struct ledger {
    struct position *positions; /* [account][instrument] */
    struct money money[ACCOUNTS];
};

/* An order event that a fault keeps back, for one server. */
struct late_report {
    int64_t due_ns;
    char *text;
    uint32_t size;
    bool until_next; /* goes out behind the next event, or when due */
};

/* How order calls ended, for tests to compare with what a client saw. */
struct call_account {
    uint64_t received; /* place, cancel, update calls that passed quota and credentials */
    uint64_t refused;  /* of these answered 400, 404 or 500: nothing was done */
    uint64_t lost;     /* of these never carried out: order_503, lost_order, unknown_lost */
    uint64_t unheard;  /* of these carried out, without (all of) an answer or with a 409 */
};

struct order_desk {
    struct user_order *orders;
    struct user_deal *deals;
    struct action *actions; /* ring */
    struct ledger ledger;
    uint32_t order_count, deal_count;
    uint32_t working; /* first of the orders that rest at the exchange */
    uint32_t action_head, action_tail;
    uint32_t deals_reported; /* deals before this one had their events */
    uint64_t deals_missing;  /* filled, but DEALS_MAX was reached: not listed */
    uint64_t event_id;
    struct call_account calls;
    struct late_report late[SJ_SIM_SERVERS_MAX][LATE_MAX];
    uint32_t late_count[SJ_SIM_SERVERS_MAX];
    bool in_submit; /* deals of the running order wait for its order event */
};

extern const char *const ORDER_STATUS_NAMES[];
extern const char *const PRICE_TYPE_NAMES[];
extern const char *const TIF_NAMES[];

/* Queues an action; false when the ring is full. */
bool desk_queue(struct sj_brokersim *sim, enum action_kind kind, uint32_t order, int64_t value);

/* Events. */
void desk_report_order(struct sj_brokersim *sim, const struct user_order *order,
                       const char *op_type, const char *op_code, const char *op_msg);
void desk_report_deal(struct sj_brokersim *sim, uint32_t index);
/* Whether futures trade their night session. */
bool desk_is_night(const struct sj_brokersim *sim);
/* Sends what faults kept back and is due. Returns how many. */
uint64_t desk_report_late(struct sj_brokersim *sim);

/* The order's own fields, as trades and events have them in common. */
void put_order_fields(struct sj_reply *json, const struct sj_brokersim *sim,
                      const struct user_order *order);
/* The trade as place_order and /order/trades answer it: contract, order, status. */
void put_trade_fields(struct sj_reply *json, const struct sj_brokersim *sim,
                      const struct user_order *order);
void put_seconds(struct sj_reply *json, const char *key, int64_t utc_ns);

#endif
