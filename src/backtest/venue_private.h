/* venue_private.h: what the venue's files share. venue.c: continuous trading, requests; print.c:
 * auctions, prints without a book, the end of a day; fifo.c: orders by their ids. */
#ifndef SJ_BACKTEST_VENUE_PRIVATE_H
#define SJ_BACKTEST_VENUE_PRIVATE_H

#include "backtest/venue.h"

struct bt_fill {
    int64_t ts;
    int32_t key; /* of the price, on the order's side */
    bool maker;
};

sj_rc bt_venue_report(struct sj_bt_venue *venue, struct sj_bt_report *report);
void bt_venue_drop(struct sj_bt_venue *venue, unsigned side, uint32_t index);
struct sj_bt_report bt_venue_word(const struct sj_bt_venue *venue, unsigned side,
                                  const struct sj_bt_resting *order, enum sj_bt_report_kind kind,
                                  int64_t exch_ns);

/* `quantity` lots; the order goes when nothing is left. Returns 1 when it went. */
SJ_MUST_USE sj_rc bt_venue_fill(struct sj_bt_venue *venue, unsigned side, uint32_t index,
                                uint32_t quantity, const struct bt_fill *how);

/* The day of a side's orders is over. */
SJ_MUST_USE sj_rc bt_venue_expire_side(struct sj_bt_venue *venue, unsigned side, int64_t ts);

/* A step about one order of the market, or the end of a side. */
SJ_MUST_USE sj_rc bt_venue_order(struct sj_bt_venue *venue, const struct sj_bt_step *step);

#endif
