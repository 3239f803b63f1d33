/*
 * rows.h: one row of hftbacktest's event array, as it lies in a file and in memory.
 *
 * 64 bytes, little-endian. A row is processed by the exchange's side of a backtest at exch_ts when
 * SJ_ROW_EXCH is set, and by the local side at local_ts when SJ_ROW_LOCAL is. The rows of one file
 * are those of one instrument, and each side's rows are in the order of its time.
 *
 * Units    exch_ts, local_ts: ns UTC. px, qty: as the source has them.
 */
#ifndef SJ_CONVERT_ROWS_H
#define SJ_CONVERT_ROWS_H

#include <stdint.h>

struct sj_row {
    uint64_t ev;
    int64_t exch_ts;
    int64_t local_ts;
    double px;
    double qty;
    uint64_t order_id;
    int64_t ival;
    double fval;
};
_Static_assert(sizeof(struct sj_row) == 64, "a row is 64 bytes on disk");

#define SJ_ROW_EXCH (UINT64_C(1) << 31)
#define SJ_ROW_LOCAL (UINT64_C(1) << 30)
#define SJ_ROW_BUY (UINT64_C(1) << 29)
#define SJ_ROW_SELL (UINT64_C(1) << 28)

/* The low byte. Others are a user's own and are passed on. */
enum sj_row_kind {
    SJ_ROW_DEPTH = 1,    /* a level's quantity is now qty; 0: the level is gone */
    SJ_ROW_TRADE = 2,    /* side: who took */
    SJ_ROW_CLEAR = 3,    /* levels from the best to px are gone; NaN: all */
    SJ_ROW_SNAPSHOT = 4, /* as DEPTH, part of a whole book */
    SJ_ROW_ADD = 10,     /* an order by its id, and its side; CANCEL: it is gone */
    SJ_ROW_CANCEL = 11,
    SJ_ROW_MODIFY = 12,      /* px and qty are its new ones */
    SJ_ROW_FILL = 13,        /* qty of it traded; a CANCEL or MODIFY follows with what is left */
    SJ_ROW_MARK_INDEX = 100, /* Binance's mark price message: index, mark, funding rate */
    SJ_ROW_MARK_PRICE = 101,
    SJ_ROW_FUNDING = 102,
    SJ_ROW_BEST_BID = 103, /* Binance's bookTicker message */
    SJ_ROW_BEST_ASK = 104
};

static inline unsigned sj_row_kind(const struct sj_row *row)
{
    return (unsigned)(row->ev & 0xff);
}

#endif
