/*
 * latency.h: the ways of a backtest, each with its latency: rows to us, requests to the exchange,
 * reports to us.
 *
 * On one way nothing overtakes: what would arrive before what was sent earlier arrives with it, and
 * is counted as held. A latency depends on the seed, the way and the time sent, and on nothing
 * else: a run that begins later draws the same ones.
 *
 * Models   those of convert/latency.h; `file:` takes the lines of the stream feed, order or report
 *          where the file has a column for it. interp:FILE: rows of (request, exchange, response)
 *          times, CSV or hftbacktest's order latencies as npz or npy; orders take request to
 *          exchange, interpolated by the request's time, reports exchange to response.
 * Errors   -SJ_E_MALFORMED, -SJ_E_RANGE (negative, or more than a day), -SJ_E_CORRUPT or an errno,
 *          with a line in `error`. A negative latency in a file is an error.
 * Threads  a model: [any]; a way has one owner.
 */
#ifndef SJ_BACKTEST_LATENCY_H
#define SJ_BACKTEST_LATENCY_H

#include "base/hist.h"
#include "convert/latency.h"
#include "convert/rows.h"

enum sj_bt_stream { SJ_BT_FEED, SJ_BT_ORDER, SJ_BT_REPORT, SJ_BT_STREAM_COUNT };

/* Eight to a power of two. */
#define SJ_BT_WAY_SHIFT (SJ_HIST_SUB_BITS - 3)
#define SJ_BT_WAY_BUCKETS (SJ_HIST_BUCKET_COUNT >> SJ_BT_WAY_SHIFT)

/* What was used. All zero is an empty one. */
struct sj_bt_latency_used {
    uint64_t count, held;
    int64_t sum, min, max;
    uint64_t buckets[SJ_BT_WAY_BUCKETS];
};

struct sj_bt_way {
    const struct sj_latency *model; /* NULL: constant_ns */
    int64_t constant_ns;
    enum sj_bt_stream stream;
    int64_t last_ns; /* the latest arrival */
    struct sj_bt_latency_used used;
};

/* "feed", "order", "report" */
const char *sj_bt_stream_name(enum sj_bt_stream stream);

/* From `5ms`, `lognormal:300us:0.5`, `interp:FILE` and so on. ret_left_out: requests of the file
 * that never came to the exchange (exchange time 0) and were left out. */
SJ_MUST_USE sj_rc sj_bt_latency_create(const char *text, enum sj_bt_stream stream, uint64_t seed,
                                       struct sj_latency **ret_model, uint64_t *ret_left_out,
                                       char error[256]);

void sj_bt_way_init(struct sj_bt_way *way, enum sj_bt_stream stream, const struct sj_latency *model,
                    int64_t constant_ns);

/* When what is sent now arrives. */
int64_t sj_bt_way_arrival(struct sj_bt_way *way, int64_t sent_ns);

/* The largest latency of a bucket. */
int64_t sj_bt_way_bucket_top(uint32_t bucket);

/* The latency that `percent` of the used ones do not exceed, to within 13 %; 0 when none was. */
int64_t sj_bt_latency_percentile(const struct sj_bt_latency_used *used, double percent);

void sj_bt_latency_merge(struct sj_bt_latency_used *into, const struct sj_bt_latency_used *from);

#endif
