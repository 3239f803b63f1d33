/*
 * host.h: runs strategies: gives each the events it asked for, carries its intents to the owner,
 * tells it what became of them, and takes it out when it misbehaves.
 *
 * The owner (src/decide) feeds one host with everything in the order it happened:
 * sj_strategies_event for market data, sj_strategies_order for verdicts, order updates and fills,
 * sj_strategies_time for the passing of time. The host answers through `ops`. Nothing else goes in,
 * so the same inputs give the same intents, live and replayed, with the guard and without.
 *
 * Numbers  strategies count from 1, in the order they were added: sj_intent.strategy and the like.
 *          An owner that wants a name to keep its number adds one that is no longer there as
 *          retired (names.h).
 * Units    _ns: nanoseconds UTC since 1970, handed in; budgets are nanoseconds of the machine's.
 * Errors   cold calls fill `error` with one line naming instance and parameter. -SJ_E_UNKNOWN: no
 *          such strategy, built-in, parameter. -SJ_E_LAYOUT: a plug-in of another ABI.
 * -SJ_E_CORRUPT: a saved blob that is not one. -SJ_E_LIMIT, -SJ_E_RANGE, -SJ_E_MALFORMED, -ENOMEM.
 *          What a strategy does wrong is never an error of a call: it is refused, counted, and
 *          ends in ops->control with SJ_CONTROL_DISARM.
 * Threads  [owner] one thread, all calls. The guard has a thread of its own that only watches.
 * Memory   all reserved by create and add; event, order and time do not allocate.
 */
#ifndef SJ_STRATEGY_HOST_H
#define SJ_STRATEGY_HOST_H

#include "base/hist.h"
#include "event/event.h"
#include "event/instruments.h"
#include "shijim/rc.h"
#include "shijim/strategy.h"

#define SJ_STRATEGIES_MAX 64
#define SJ_STRATEGY_NAME_MAX 24
#define SJ_STRATEGY_INSTRUMENTS_MAX 4096
#define SJ_STRATEGIES_ERROR_MAX 320

struct sj_market_rules;
struct sj_strategies;

/* What the owner does for strategies. None may call back into the host, but for intent(), from
 * which sj_strategies_order may be called: it is queued until the strategy's call has returned. */
struct sj_strategies_ops {
    void *context;
    /* A whole intent but for intent_id, account, custom_field and seq. The owner gives it an id,
     * writes it down, has it checked and sent. Returns the id; 0 when it could not be written down.
     */
    uint64_t (*intent)(void *context, struct sj_intent *intent);
    /* SJ_CONTROL_DISARM: the strategy was taken out. The cancels of its orders follow as intents.
     */
    void (*control)(void *context, struct sj_control *control);
    /* A strategy's line, or the host's about it (cold; may be NULL). */
    void (*log)(void *context, uint32_t strategy, const char *text);
    /* What a process asked for makes no sense or comes too late: the answer, whole but for seq. May
     * be NULL. */
    void (*refused)(void *context, struct sj_verdict *verdict);
};

struct sj_strategies_options {
    const struct sj_strategies_ops *ops;      /* copied */
    const struct sj_instruments *instruments; /* the owner's; outlives the host */
    const struct sj_market_rules *rules;      /* for tick_step; NULL: those built in */
    uint32_t date;           /* trading day of the rules, YYYYMMDD; 0: the newest */
    uint32_t instrument_max; /* greatest id there will be; 0: 65535. Events beyond are ignored */
    uint32_t order_max;      /* intents followed at the same time, all strategies; 0: 16384 */
    bool live;
    bool guard;  /* crashes and loops are caught, calls timed against their budgets */
    bool timing; /* calls are timed (implied by guard) */
};

/* One instance. Zero in a number: its default. */
struct sj_strategy_instance {
    const char *name;
    const char *use; /* a built-in's name, or the path of a shared object (it has a '/') */
    const struct sj_strategy_plugin *plugin; /* instead of use: one that the program has itself */
    const uint32_t *instruments;
    uint32_t instrument_count;
    uint32_t param_count;
    const struct sj_strategy_param *params; /* name and value, as the user wrote them */
    int64_t budget_ns;                      /* of one call; 0: 50 us */
    int64_t hard_budget_ns;                 /* after which a call is ended; 0: 100 ms */
    uint32_t overrun_max;  /* overruns within a minute that disarm; 0: 1000; UINT32_MAX: never */
    uint32_t nonsense_max; /* nonsensical intents that disarm; 0: 10 */
    uint32_t intents_max;  /* intents in one turn; 0: 64 */
    uint32_t quantity_max; /* of one order, lots: more is nonsense; 0: 1,000,000 */
};

/* What is wrong with an intent that never left the host. */
#define SJ_NONSENSE_TABLE(X)                                                                       \
    X(NULL_PRICE, "null_price")                                                                    \
    X(NEGATIVE_PRICE, "negative_price")                                                            \
    X(HUGE_PRICE, "huge_price")                                                                    \
    X(ZERO_QUANTITY, "zero_quantity")                                                              \
    X(HUGE_QUANTITY, "huge_quantity")                                                              \
    X(UNKNOWN_INSTRUMENT, "unknown_instrument")                                                    \
    X(FOREIGN_INSTRUMENT, "foreign_instrument")                                                    \
    X(FOREIGN_ORDER, "foreign_order")                                                              \
    X(BAD_SIDE, "bad_side")                                                                        \
    X(BAD_PRICE_TYPE, "bad_price_type")                                                            \
    X(BAD_TIME_IN_FORCE, "bad_time_in_force")                                                      \
    X(BAD_ENUM, "bad_enum")                                                                        \
    X(MIXED_LOTS, "mixed_lots")                                                                    \
    X(TOO_MANY_INTENTS, "too_many_intents")                                                        \
    X(TOO_MANY_ORDERS, "too_many_orders")                                                          \
    X(OUT_OF_CALL, "out_of_call")                                                                  \
    X(BAD_KIND, "bad_kind")                                                                        \
    X(FOREIGN_STRATEGY, "foreign_strategy")

enum sj_nonsense {
#define X(name, text) SJ_NONSENSE_##name,
    SJ_NONSENSE_TABLE(X)
#undef X
        SJ_NONSENSE_COUNT
};

/* "null_price". [any thread] */
const char *sj_nonsense_name(enum sj_nonsense nonsense);

/* How an instance stands. */
struct sj_strategy_status {
    const char *name;
    const char *plugin;
    bool armed;
    bool retired;                       /* not configured any more */
    enum sj_control_source disarmed_by; /* of the last disarm */
    char reason[64];
    uint64_t event_count, intent_count, refused_count, order_count, fill_count, overrun_count;
    uint64_t report_lost_count;
    uint64_t nonsense_count[SJ_NONSENSE_COUNT];
    const struct sj_hist *event_hist; /* ns of on_event; empty without timing */
};

SJ_MUST_USE sj_rc sj_strategies_create(const struct sj_strategies_options *options,
                                       struct sj_strategies **ret_strategies);
/* NULL is fine. Unloads what was loaded. */
void sj_strategies_close(struct sj_strategies *strategies);

/* Checks the parameters, loads, reserves and initialises one instance, armed. `now_ns` is what its
 * init sees. Copies what it needs. Gives its number. */
SJ_MUST_USE sj_rc sj_strategies_add(struct sj_strategies *strategies,
                                    const struct sj_strategy_instance *instance, int64_t now_ns,
                                    char error[SJ_STRATEGIES_ERROR_MAX], uint32_t *ret_strategy);

/* Takes the next number for a strategy that traded before and is not configured any more: it is
 * never called, and its orders and positions are followed. Errors as above. */
SJ_MUST_USE sj_rc sj_strategies_add_retired(struct sj_strategies *strategies, const char *name,
                                            char error[SJ_STRATEGIES_ERROR_MAX],
                                            uint32_t *ret_strategy);

/* A market event (or session, gap, instrument): first the tops, then each strategy that takes it,
 * by number. Events of other kinds are ignored. */
void sj_strategies_event(struct sj_strategies *strategies, const struct sj_frame *event,
                         int64_t now_ns);

/* A VERDICT, ORDER or FILL event: tells the strategy whose it is and keeps its positions. Others
 * are ignored. May be called from ops->intent. */
void sj_strategies_order(struct sj_strategies *strategies, const struct sj_frame *event,
                         int64_t now_ns);

/* Fires the timers that are due: by their times, then by number, each at most once a call (one set
 * again for a time already past fires in the next). Returns how many fired. */
uint32_t sj_strategies_time(struct sj_strategies *strategies, int64_t now_ns);

/* When sj_strategies_time has something to do next; INT64_MAX: never. */
int64_t sj_strategies_next_timer(const struct sj_strategies *strategies);

/* --- strategies in processes of their own (process.h) --- */

/* The strategy whose process writes source `src`; 0: none. */
uint32_t sj_strategies_of_source(const struct sj_strategies *strategies, uint32_t src);

/* An INTENT of that process; what is in it is not trusted. Answered by ops->intent, or by
 * ops->refused. */
void sj_strategies_request(struct sj_strategies *strategies, uint32_t strategy,
                           const struct sj_intent *request, int64_t now_ns);

/* The process is there, and from now on its intents are taken. Arms the strategy again when it was
 * its process' end that disarmed it. -SJ_E_REFUSED: it was disarmed for something else, and stays
 * so. -SJ_E_LIMIT: it greets too often. -SJ_E_UNKNOWN. */
SJ_MUST_USE sj_rc sj_strategies_greet(struct sj_strategies *strategies, uint32_t strategy,
                                      int64_t now_ns, char error[SJ_STRATEGIES_ERROR_MAX]);

/* Calls a strategy no more and sends the cancels of its orders; ops->control is told. `reason` is
 * cut to 63 bytes. Not armed: nothing happens. With SJ_CONTROL_BY_DEAD_MAN a process has ended: one
 * that keeps its orders then is only asked for no more, until it greets again. */
SJ_MUST_USE sj_rc sj_strategies_disarm(struct sj_strategies *strategies, uint32_t strategy,
                                       enum sj_control_source source, const char *reason,
                                       int64_t now_ns);

/* Calls it again, with a state made anew by init, as it missed what happened meanwhile. Its
 * positions, and the orders it still has, stay. Fails as init does. */
SJ_MUST_USE sj_rc sj_strategies_arm(struct sj_strategies *strategies, uint32_t strategy,
                                    int64_t now_ns, char error[SJ_STRATEGIES_ERROR_MAX]);

uint32_t sj_strategies_count(const struct sj_strategies *strategies);
/* The number of an instance's name, or 0. */
uint32_t sj_strategies_find(const struct sj_strategies *strategies, const char *name);
SJ_MUST_USE sj_rc sj_strategies_status(const struct sj_strategies *strategies, uint32_t strategy,
                                       struct sj_strategy_status *ret_status);
/* Fills the event but for seq and profit and loss, which are of whoever has the account. */
SJ_MUST_USE sj_rc sj_strategies_stats(const struct sj_strategies *strategies, uint32_t strategy,
                                      int64_t now_ns, struct sj_strategy_stats *ret_stats);
/* Signed lots of a strategy's own fills; 0 for what there is not. */
/* Whether any of them was given the instrument to trade. */
bool sj_strategies_trades(const struct sj_strategies *strategies, uint32_t instrument);

int64_t sj_strategies_position(const struct sj_strategies *strategies, uint32_t strategy,
                               uint32_t instrument);
/* Never NULL: an instrument without a book has null prices and time 0. */
const struct sj_top *sj_strategies_top(const struct sj_strategies *strategies, uint32_t instrument);
/* Instead of events: what the book is now, for owners who know it without (a backtest). */
void sj_strategies_set_top(struct sj_strategies *strategies, uint32_t instrument,
                           const struct sj_top *top);
/* Asks for the memory that an intent of that id, the next to come, will take. */
void sj_strategies_warm(const struct sj_strategies *strategies, uint64_t next_intent_id);

/* Writes the intents of the strategy's orders that have not ended; returns how many there are. */
uint32_t sj_strategies_open_orders(const struct sj_strategies *strategies, uint32_t strategy,
                                   uint64_t *ret_intents, uint32_t max);

/* Room that save needs at most. */
size_t sj_strategies_save_size(const struct sj_strategies *strategies);
/* Writes all that outlives a restart: arms, timers, positions, orders and what each strategy saves
 * of itself; versioned and checksummed. Returns the size. -SJ_E_LIMIT: `size` is too small. */
SJ_MUST_USE sj_rc sj_strategies_save(struct sj_strategies *strategies, void *buffer, size_t size);
/* After all instances were added; matches them by name. An instance the blob does not know begins
 * anew; so does, with its orders and positions kept, one that is another plug-in now or whose
 * plug-in does not take its state back (ops->log is told). One that the blob knows and that was not
 * even added as retired is an error, as its orders would have no owner. On failure nothing was
 * changed but the states of strategies, which begin anew. */
SJ_MUST_USE sj_rc sj_strategies_restore(struct sj_strategies *strategies, const void *buffer,
                                        size_t size, int64_t now_ns,
                                        char error[SJ_STRATEGIES_ERROR_MAX]);

/* An event of the journal that came after what was saved (INTENT, VERDICT, ORDER, FILL; others are
 * ignored), oldest first: orders and positions follow, and the strategies are told of both. What
 * they ask for meanwhile is not sent: the calls return 0. Orders that a strategy placed after it
 * was last saved are then known to the host, and news of them goes to a strategy that knows nothing
 * of them. */
void sj_strategies_restore_event(struct sj_strategies *strategies, const struct sj_frame *event,
                                 int64_t now_ns);

/* The built-ins and their parameters, for help and documentation; NULL at the end. */
const struct sj_strategy_plugin *sj_strategy_builtin(uint32_t index);
const struct sj_strategy_plugin *sj_strategy_builtin_find(const char *name);

#endif
