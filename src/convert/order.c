#include "convert/order.h"

#include "base/assert.h"
#include "convert/runs.h"

#include <errno.h>
#include <stdlib.h>

#define BATCH_ROWS 4096

struct order {
    const struct sj_order_options *options;
    struct sj_runs *exch;
    struct sj_runs *local;
    struct sj_row *batch;
    size_t batch_count;
    uint64_t row_count;
};

static sj_rc flush(struct order *order)
{
    size_t count = order->batch_count;
    order->batch_count = 0;
    return count ? order->options->sink(order->batch, count, order->options->context) : 0;
}

static sj_rc emit(struct order *order, const struct sj_row *row, uint64_t sides)
{
    SJ_ASSERT(row);
    struct sj_row *to = &order->batch[order->batch_count++];
    *to = *row;
    to->ev = (row->ev & ~(SJ_ROW_EXCH | SJ_ROW_LOCAL)) | sides;
    to->local_ts += order->options->shift_ns;
    order->row_count++;
    return order->batch_count == BATCH_ROWS ? flush(order) : 0;
}

/* Which of the two heads goes next: < 0 the exchange's, > 0 the local one, 0 both: they are the
 * same row. */
static int compare(const struct sj_row *exch, const struct sj_row *local)
{
    if (!exch || !local)
        return exch ? -1 : 1;
    if (exch->exch_ts != local->exch_ts)
        return exch->exch_ts < local->exch_ts ? -1 : 1;
    return exch->local_ts < local->local_ts ? -1 : exch->local_ts > local->local_ts;
}

static sj_rc merge(struct order *order)
{
    const struct sj_row *exch = NULL;
    const struct sj_row *local = NULL;
    sj_rc rc = sj_runs_head(order->exch, &exch);
    if (rc >= 0)
        rc = sj_runs_head(order->local, &local);
    while (rc >= 0 && (exch || local)) {
        int which = compare(exch, local);
        rc = emit(order, which <= 0 ? exch : local,
                  (which <= 0 ? SJ_ROW_EXCH : 0) | (which >= 0 ? SJ_ROW_LOCAL : 0));
        if (rc >= 0 && which <= 0)
            rc = sj_runs_next(order->exch, &exch);
        if (rc >= 0 && which >= 0)
            rc = sj_runs_next(order->local, &local);
    }
    return rc < 0 ? rc : flush(order);
}

sj_rc sj_order_rows(const struct sj_order_options *options, uint64_t *ret_row_count)
{
    struct order order = {.options = options};
    order.batch = malloc(BATCH_ROWS * sizeof *order.batch);
    sj_rc rc = order.batch ? 0 : -ENOMEM;
    if (rc >= 0)
        rc = sj_runs_create(options, SJ_RUNS_EXCH, &order.exch);
    if (rc >= 0)
        rc = sj_runs_create(options, SJ_RUNS_LOCAL, &order.local);
    if (rc >= 0)
        rc = merge(&order);
    sj_runs_close(order.exch);
    sj_runs_close(order.local);
    free(order.batch);
    if (rc >= 0)
        *ret_row_count = order.row_count;
    return rc;
}
