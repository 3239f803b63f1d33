/*
 * latency_rows.h: what became of requests: when each was sent, reached the exchange, was answered.
 *
 * Errors   -SJ_E_MALFORMED, -SJ_E_RANGE, -SJ_E_CORRUPT, -SJ_E_LIMIT or an errno, with a line in
 *          `error` that names file and row.
 * Threads  one owner. Memory: 24 bytes a row, SJ_BT_LATENCY_ROWS_MAX at most.
 */
#ifndef SJ_BACKTEST_LATENCY_ROWS_H
#define SJ_BACKTEST_LATENCY_ROWS_H

#include "convert/latency.h"

#define SJ_BT_LATENCY_ROWS_MAX 10000000u

struct sj_bt_latency_row {
    int64_t req_ns, exch_ns, resp_ns;
};

struct sj_bt_latency_rows {
    struct sj_bt_latency_row *rows;
    size_t count;
    uint64_t left_out; /* exchange time 0: they never came there */
};

/* CSV (a first line of names is passed over; `#` begins a remark), or hftbacktest's npz or npy. In
 * every row request <= exchange <= response, and exchange - request is a day at most; the rows are
 * in the order of their requests. */
SJ_MUST_USE sj_rc sj_bt_latency_rows_read(const char *path, struct sj_bt_latency_rows *ret_rows,
                                          char error[256]);
void sj_bt_latency_rows_free(struct sj_bt_latency_rows *rows);

/* Request to exchange by the request's time; or exchange to response by the exchange's. */
SJ_MUST_USE sj_rc sj_bt_latency_rows_curve(const struct sj_bt_latency_rows *rows, bool of_response,
                                           struct sj_latency **ret_model);

#endif
