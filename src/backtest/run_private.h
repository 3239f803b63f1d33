/*
 * run_private.h: a run, shared by its files.
 *
 * run.c       options, opening, what comes out
 * side.c      our side: src/decide and what it is fed
 * link.c      between src/decide's words and the exchange's
 * rows.c      time over a file of rows         look.c      what src/decide is told of them
 * day.c       time over journals               exchange.c  their markets
 */
#ifndef SJ_BACKTEST_RUN_PRIVATE_H
#define SJ_BACKTEST_RUN_PRIVATE_H

#include "backtest/market.h"
#include "backtest/merge.h"
#include "backtest/run.h"
#include "backtest/venue.h"
#include "backtest/window.h"

#define NEVER INT64_MAX
#define ASKED_COUNT 64
#define INSTRUMENT_MAX 16384 /* of journals; as live */

/* A new order between its intent and its request, for what is told of it. */
struct asked {
    uint64_t intent;
    double mid; /* as the strategy saw it; NaN: there was none */
    struct sj_bt_order_row row;
};

struct run {
    const struct sj_bt_options *options;
    char *error;
    sj_rc rc; /* of what fails inside a callback */
    struct sj_decide *decide;
    struct sj_instruments *instruments;
    struct sj_market_rules *rules;
    uint64_t seq;                   /* of the last event that decide published */
    int64_t now_ns;                 /* ours */
    struct sj_bt_requests requests; /* on their way to the exchange */
    struct sj_bt_reports reports;   /* on their way to us */
    struct sj_bt_way order_way, report_way;
    int64_t next_sample_ns;
    uint64_t next_number, deals;
    struct asked asked[ASKED_COUNT]; /* by the low bits of the intent */
    const struct sj_bt_report *told; /* the one that decide is being told of */
    uint64_t list_request;           /* asked for by src/order before anything was ordered; 0 */
    bool starting;
    bool quantity_less; /* orders.quantity_meaning */
    double known_position, known_balance, known_fee;
    int64_t known_lots;
    struct sj_bt_result result;

    double lot; /* of a quantity of 1; 1 with journals */
    uint32_t instrument_max;

    /* Rows. */
    struct sj_bt_feed feed;
    struct sj_bt_venue venue;
    struct sj_bt_book book; /* as we see it */
    int64_t row_ns;         /* of the last row we saw */
    bool listening;         /* a strategy takes market events: they are told row by row */
    bool book_is_new;       /* since decide was told */
    bool trade_is_new;
    struct sj_bt_step trade; /* the last one we saw */
    uint64_t market_seq;

    /* Journals. */
    struct sj_bt_merge merge;
    struct sj_bt_merged next; /* read, and not yet put into the window */
    bool has_next, read_all;
    int64_t read_ns; /* up to when journals were read */
    struct sj_bt_window window;
    struct sj_instruments *listed; /* as the exchange has them */
    struct sj_bt_market **markets; /* by instrument and whether of odd lots */
    uint32_t *made;                /* which there are */
    uint32_t made_count;
    int64_t there_ns; /* the exchange's time */
    int64_t next_expiry_ns;
    struct sj_bt_way feed_way;
    bool modelled; /* the feed's latency is a model's, not the recorded one */
};

/* side.c */
SJ_MUST_USE sj_rc bt_side_open(struct run *run);
void bt_side_close(struct run *run);
void bt_side_begin(struct run *run, int64_t now_ns); /* the link to the broker is up */
void bt_side_event(struct run *run, const struct sj_frame *event, uint32_t src, uint64_t seq,
                   int64_t now_ns);
void bt_side_report(struct run *run, const struct sj_bt_report *report);
void bt_side_time(struct run *run, int64_t now_ns);
double bt_side_unit(const struct run *run, uint32_t instrument, bool odd);

/* link.c */
sj_rc bt_link_send(void *context, const struct sj_order_request *request);
void bt_link_report(struct run *run, const struct sj_bt_report *report);
/* The exchange does not take it. `why` lives as long as the run. */
SJ_MUST_USE sj_rc bt_link_reject(struct run *run, const struct sj_bt_request *request,
                                 const char *why);
void bt_link_list_empty(struct run *run); /* answers run->list_request */
SJ_MUST_USE sj_rc bt_link_list_bound(struct run *run, const struct sj_bt_request *request,
                                     enum sj_bt_report_kind kind);
/* What a venue says: counted, told to the sink, and sent on its way to us. */
SJ_MUST_USE sj_rc bt_link_on_report(void *context, struct sj_bt_report *report);

/* rows.c */
SJ_MUST_USE sj_rc bt_rows_open(struct run *run);
SJ_MUST_USE sj_rc bt_rows_walk(struct run *run);
void bt_rows_finish(struct run *run);
void bt_rows_close(struct run *run);

/* day.c */
SJ_MUST_USE sj_rc bt_day_open(struct run *run);
SJ_MUST_USE sj_rc bt_day_walk(struct run *run);
void bt_day_finish(struct run *run);
void bt_day_close(struct run *run);

/* exchange.c */
SJ_MUST_USE sj_rc bt_exchange_event(struct run *run, const struct sj_bt_windowed *entry);
SJ_MUST_USE sj_rc bt_exchange_request(struct run *run, const struct sj_bt_request *request);
SJ_MUST_USE sj_rc bt_exchange_expire(struct run *run);
void bt_exchange_close(struct run *run);
/* Something is left out: counted, and with `strict` the end. */
SJ_MUST_USE sj_rc bt_exchange_leave_out(struct run *run, uint64_t *count, const char *journal,
                                        uint32_t src, uint64_t seq, const char *what);

/* look.c: what src/decide is told of rows */
void bt_look_begin(struct run *run); /* an empty book at the first time */
void bt_look_row(struct run *run, const struct sj_bt_step *step, bool last_of_its_time);
void bt_look_now(struct run *run);         /* the newest book and trade, before anything can look */
double bt_look_mid(const struct run *run); /* NaN where a side is empty */

static inline int64_t run_least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

#endif
