/*
 * measure.h: the latencies that a recorded session had, from its journal.
 *
 * feed: an event of the market from the exchange's time to ours; events fetched later, repeated or
 * replayed are left out. order: an intent to the exchange's time of its acknowledgement; report:
 * from there to us. Where an acknowledgement has no exchange time, the way there and back is cut in
 * half and counted as halved. A negative latency (clocks apart, or times in whole milliseconds) is
 * counted, and left out.
 *
 * Errors   those of the journal's reader with a line in `error`; -SJ_E_CORRUPT is not one of them:
 *          damaged ranges are counted and passed over.
 * Threads  one owner. Memory: 0.2 MB, and 24 bytes a request.
 */
#ifndef SJ_BACKTEST_MEASURE_H
#define SJ_BACKTEST_MEASURE_H

#include "backtest/latency.h"
#include "backtest/latency_rows.h"

#include <stdio.h>

struct sj_bt_measured {
    struct sj_hist hists[SJ_BT_STREAM_COUNT];
    uint64_t negative[SJ_BT_STREAM_COUNT];
    int64_t most_negative_ns[SJ_BT_STREAM_COUNT];
    uint64_t halved, damaged, events;
    struct sj_bt_latency_rows rows; /* of requests, in their order; not the halved ones */
};

/* `ret_measured` is the caller's, zeroed; free its rows with sj_bt_latency_rows_free. */
SJ_MUST_USE sj_rc sj_bt_measure(const char *dir, struct sj_bt_measured *ret_measured,
                                char error[256]);

/* stream,latency_ns,count: as `file:` takes it. */
void sj_bt_measured_write(const struct sj_bt_measured *measured, FILE *file);

/* req_ns,exch_ns,resp_ns: as `interp:` takes it. */
void sj_bt_measured_write_rows(const struct sj_bt_measured *measured, FILE *file);

#endif
