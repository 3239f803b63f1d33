/* feed_private.h: what the feed's files share. feed.c: rows of levels and trades; feed_orders.c:
 * rows of orders. */
#ifndef SJ_BACKTEST_FEED_PRIVATE_H
#define SJ_BACKTEST_FEED_PRIVATE_H

#include "backtest/feed.h"

#define SLICE_ROWS 512
/* A row of a level or a trade makes two steps at most, and `put` writes one beyond. */
#define FEED_SLICE_STEPS (2 * SLICE_ROWS + 1)

/* Takes a row of an order. ret_bad: NULL, or why it was left out, to be counted in ret_count. */
SJ_MUST_USE sj_rc bt_feed_order(struct sj_bt_feed *feed, const struct sj_row *row,
                                const char **ret_bad, uint64_t **ret_count);
void bt_feed_clear_orders(struct sj_bt_feed *feed, const struct sj_row *row, unsigned side);

#endif
