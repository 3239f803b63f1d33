/*
 * order.h: rows of a file in the order a backtest needs: the exchange's side by exch_ts, the local
 * side by local_ts.
 *
 * Two orders of the same rows are merged; where they agree a row is one row with both bits, where
 * they do not it is two, one for each side. This is what hftbacktest's correct_event_order does,
 * and gives the same rows in the same order, but in bounded memory: rows are sorted in runs that
 * are merged, through a temporary file without a name beside the output.
 *
 * Errors   errno of reading and writing, or the sink's.
 * Threads  One owner.
 * Memory   100 MB for 256 M rows (16 GB); it grows with the square root beyond. Disk: the rows'
 * size once for each side that is out of order.
 */
#ifndef SJ_CONVERT_ORDER_H
#define SJ_CONVERT_ORDER_H

#include "base/rc.h"
#include "convert/rows.h"

#include <stddef.h>

struct sj_order_options {
    int fd;         /* of the rows */
    uint64_t front; /* bytes before them */
    uint64_t row_count;
    bool sorted_exch; /* already, as they lie */
    bool sorted_local;
    int64_t shift_ns;   /* added to every local_ts */
    uint32_t threads;   /* that sort; 0: one. The rows do not depend on it */
    const char *output; /* temporary files are made beside it */
    uint32_t run_rows;  /* 0: chosen by row_count; tests make it small */
    sj_rc (*sink)(const struct sj_row *rows, size_t count, void *context);
    void *context;
};

/* Gives the rows to the sink, a few thousand at a time. ret_row_count: how many. */
SJ_MUST_USE sj_rc sj_order_rows(const struct sj_order_options *options, uint64_t *ret_row_count);

#endif
