/*
 * strategy.h: what a strategy is to shijim: a table of functions over a state of fixed size, built
 * in or loaded from a shared object that exports const struct sj_strategy_plugin
 * *sj_strategy_plugin(void);
 *
 * The same plug-in runs live, on paper and in a backtest. It is pure: it sees events, times and
 * what became of its orders, in one order, and answers with intents through `api`. It must not read
 * a clock, allocate, wait, or start threads; a replay of the same events then gives the same
 * intents, byte for byte. Every call is timed; one that overruns its budget is counted and named,
 * and a strategy that crashes, loops or overruns too often is disarmed: it is called no more, its
 * working orders are cancelled, and everything else goes on.
 *
 * Units    _e6: exact decimals in millionths. _ns: nanoseconds UTC since 1970. quantity: lots
 *          (shares where the instrument or order is an odd lot). Position: signed lots.
 * Errors   init says why in `error`. An order call returns the intent's id, or 0 when it could not
 *          even be written down: what was asked makes no sense (the reason is logged, and a
 *          strategy that keeps asking is disarmed), or the order has already ended. A refusal by
 *          risk comes through on_order, never before the call that placed the order has returned.
 * Threads  all calls of one strategy come from one thread, never at the same time.
 * Memory   the host reserves state_size bytes, zeroed, 64-byte aligned; they are the whole state.
 */
#ifndef SHIJIM_STRATEGY_H
#define SHIJIM_STRATEGY_H

#include "shijim/event.h"
#include "shijim/rc.h"

#include <stdbool.h>
#include <stddef.h>

#define SJ_STRATEGY_ABI 1u
#define SJ_STRATEGY_PARAMS_MAX 32
#define SJ_STRATEGY_STATE_MAX (16u << 20)
#define SJ_STRATEGY_ERROR_MAX 160

/* Bits of sj_strategy_plugin.events: which events on_event is called with. */
#define SJ_ON(type) (UINT64_C(1) << SJ_EVENT_##type)
#define SJ_ON_MARKET (SJ_ON(TRADE) | SJ_ON(BOOK) | SJ_ON(QUOTE) | SJ_ON(INDEX))
#define SJ_ON_SESSIONS (SJ_ON(SESSION) | SJ_ON(GAP) | SJ_ON(INSTRUMENT))
/* With others: only the first of them matters, then timers and orders do. Later ones may come, but
 * a backtest, which is much faster without, leaves them out. */
#define SJ_ON_FIRST (UINT64_C(1) << 63)

enum sj_order_lot { SJ_LOT_COMMON, SJ_LOT_BLOCK, SJ_LOT_FIXING, SJ_LOT_ODD, SJ_LOT_INTRADAY_ODD };
enum sj_order_cond { SJ_COND_CASH, SJ_COND_MARGIN, SJ_COND_SHORT, SJ_COND_NETTING };
enum sj_order_octype { SJ_OC_AUTO, SJ_OC_NEW, SJ_OC_COVER, SJ_OC_DAYTRADE };
/* SJ_TIF_GTX of backtests: rests or expires; live it is refused by name (Taiwan has no such order).
 */
enum sj_order_price_type { SJ_ORDER_LMT = 1, SJ_ORDER_MKT, SJ_ORDER_MKP };
enum sj_order_tif { SJ_ORDER_ROD = 1, SJ_ORDER_IOC, SJ_ORDER_FOK, SJ_ORDER_GTX };

/* A new order. Zero in cond, lot, octype is what most orders want. */
struct sj_strategy_order {
    uint32_t instrument;
    uint32_t quantity;
    int64_t price_e6; /* LMT, MKP; null else */
    uint8_t side;     /* enum sj_side */
    uint8_t price_type;
    uint8_t time_in_force;
    uint8_t cond;
    uint8_t lot;
    uint8_t octype;
    uint8_t daytrade_short; /* 1: sells stock that is not held, to be bought back the same day */
    uint8_t order_reserved[5];
};

/* Where an order stands (src/order/machine.h has the table of its changes). */
enum sj_order_state {
    SJ_ORDER_NONE,
    SJ_ORDER_PENDING,    /* decided and written down, not yet acknowledged */
    SJ_ORDER_WORKING,    /* at the exchange */
    SJ_ORDER_PARTIAL,    /* at the exchange, partly filled */
    SJ_ORDER_CANCELLING, /* a cancel is under way */
    SJ_ORDER_UNKNOWN,    /* the answer is missing: being reconciled, never sent again */
    SJ_ORDER_FILLED,     /* the rest are ends */
    SJ_ORDER_CANCELLED,  /* by us, the exchange, or the end of its time in force */
    SJ_ORDER_REJECTED,   /* by the broker or the exchange */
    SJ_ORDER_REFUSED,    /* by our own risk checks; it never left */
    SJ_ORDER_STATE_COUNT
};

enum sj_order_news {
    SJ_NEWS_STATE = 1, /* state changed (accepted, cancelled, rejected, refused, ...) */
    SJ_NEWS_FILL,      /* fill_quantity at fill_price_e6 */
    SJ_NEWS_CHANGED,   /* a price or quantity change was accepted */
    SJ_NEWS_DENIED     /* a cancel or change was refused; the order stands as before */
};

/* What became of an intent of this strategy. */
struct sj_strategy_report {
    uint64_t intent_id; /* of the order (for cancels and changes too) */
    uint32_t instrument;
    uint8_t news;  /* enum sj_order_news */
    uint8_t state; /* enum sj_order_state */
    uint8_t side;
    uint8_t report_reserved;
    int64_t price_e6; /* of the order, now */
    uint32_t quantity;
    uint32_t filled; /* so far */
    uint32_t left;   /* still working */
    uint32_t fill_quantity;
    int64_t fill_price_e6;
    const char *reason; /* why refused, rejected or denied; the check's name; "" else */
};

/* The best of an instrument's book; null prices where a side is empty. */
struct sj_top {
    int64_t bid_e6, ask_e6;
    uint32_t bid_volume, ask_volume;
    int64_t last_e6;
    int64_t time_ns; /* of the book or quote it is from; 0: none yet */
};

struct sj_strategy_host; /* the host's, handed back in every call */

/* What the host does for a strategy; all of it in bounded time. */
struct sj_strategy_api {
    uint32_t abi;
    uint32_t size; /* of this struct: a longer one is a newer host */
    int64_t (*now_ns)(const struct sj_strategy_host *host);
    uint64_t (*place)(struct sj_strategy_host *host, const struct sj_strategy_order *order);
    uint64_t (*cancel)(struct sj_strategy_host *host, uint64_t intent_id);
    uint64_t (*change_price)(struct sj_strategy_host *host, uint64_t intent_id, int64_t price_e6);
    /* Down only. `quantity`: what the whole order shall be, fills included. */
    uint64_t (*change_quantity)(struct sj_strategy_host *host, uint64_t intent_id,
                                uint32_t quantity);
    /* on_timer at or right after `at_ns`; one timer a strategy: a new one replaces it. */
    void (*timer)(struct sj_strategy_host *host, int64_t at_ns);
    const struct sj_instrument *(*instrument)(const struct sj_strategy_host *host, uint32_t id);
    uint32_t (*find)(const struct sj_strategy_host *host,
                     const char *code); /* 0: none; TXFR1: its month */
    const struct sj_top *(*top)(const struct sj_strategy_host *host, uint32_t instrument);
    /* One tick up (+1) or down (-1) from a price, `steps` times; null beyond the daily limits. */
    int64_t (*tick_step)(const struct sj_strategy_host *host, uint32_t instrument, int64_t price_e6,
                         int32_t steps);
    int64_t (*position)(const struct sj_strategy_host *host, uint32_t instrument); /* own fills */
    void (*log)(const struct sj_strategy_host *host, const char *text); /* rate-limited */
};

struct sj_strategy_param {
    const char *name;
    const char *value;
    int64_t number; /* INTEGER as it is, DECIMAL in millionths, DURATION in ns; 0 for TEXT */
};

struct sj_strategy_init {
    struct sj_strategy_host *host;
    const struct sj_strategy_api *api;
    const char *name;  /* the instance's, from the configuration */
    uint32_t strategy; /* its number, as in the events */
    uint32_t instrument_count;
    const uint32_t *instruments; /* what it was given to trade; valid until init returns */
    const struct sj_strategy_param *params; /* the plug-in's table, in its order, checked */
    uint32_t param_count;
    bool live; /* false: paper or backtest. For log lines only; decisions must not depend on it */
};

enum sj_param_kind { SJ_PARAM_INTEGER, SJ_PARAM_DECIMAL, SJ_PARAM_TEXT, SJ_PARAM_DURATION };

/* A parameter the plug-in takes: checked, defaulted and listed by the host. min and max are in the
 * unit as written (durations: seconds); both 0: any. Durations are written as 250us, 5ms, 1.5s, 2m,
 * 1h; a number alone is seconds. */
struct sj_strategy_param_info {
    const char *name;
    const char *unit;     /* "lots", "ticks", "s", ... or "" */
    const char *fallback; /* the default; NULL: must be given */
    const char *text;
    int32_t kind; /* enum sj_param_kind */
    int32_t info_reserved;
    double min, max;
};

struct sj_strategy_plugin {
    uint32_t abi;  /* SJ_STRATEGY_ABI */
    uint32_t size; /* sizeof(struct sj_strategy_plugin) */
    const char *name;
    const char *text; /* one line: what it does */
    const struct sj_strategy_param_info *params;
    uint32_t param_count;
    uint32_t state_version; /* of what save writes */
    size_t state_size;
    uint64_t events; /* SJ_ON bits */
    /* Returns 0, or negative with a line in `error`. */
    sj_rc (*init)(void *state, const struct sj_strategy_init *init,
                  char error[SJ_STRATEGY_ERROR_MAX]);
    void (*on_event)(void *state, const struct sj_frame *event);
    void (*on_order)(void *state, const struct sj_strategy_report *report);
    void (*on_timer)(void *state, int64_t now_ns);
    /* Bytes written (at most `size`), or negative. NULL: nothing is kept, and after a restart the
     * strategy begins anew (the host keeps positions and timers). A state holds pointers, so it is
     * never copied as it is. */
    sj_rc (*save)(const void *state, void *buffer, size_t size);
    /* After init; the blob may be hostile. NULL where save is. */
    sj_rc (*restore)(void *state, const void *buffer, size_t size);
};

typedef const struct sj_strategy_plugin *(*sj_strategy_plugin_fn)(void);

#endif
