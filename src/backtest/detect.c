#include "backtest/detect.h"

#include "convert/npz.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#define BATCHES 4 /* 64 k rows: a whole book and some trades */
#define STEP_COUNT 40

/* 1000, 500, 250, 200, 100, ... down to a millionth. */
static double step_of(unsigned index)
{
    static const double factors[] = {10, 5, 2.5, 2};
    int decade = (int)(index / 4);
    return factors[index % 4] * pow(10, 2 - decade);
}

static bool fits(double value, double step)
{
    double count = value / step;
    return fabs(count - round(count)) < 1e-6 * fmax(1, fabs(count) * 1e-6);
}

/* Goes on to finer steps until the value is a multiple of one. */
static void refine(unsigned *index, double value)
{
    while (*index < STEP_COUNT && !fits(value, step_of(*index)))
        ++*index;
}

sj_rc sj_bt_detect(const char *path, double *ret_tick, double *ret_lot, char error[256])
{
    struct sj_rows *rows;
    unsigned tick = 0, lot = 0;
    uint64_t seen = 0;
    sj_rc rc = sj_rows_open(path, &rows, error);
    if (rc < 0)
        return rc;
    for (unsigned batch = 0; batch < BATCHES; batch++) {
        const struct sj_row *row;
        rc = sj_rows_next(rows, &row);
        if (rc <= 0)
            break;
        for (sj_rc i = 0; i < rc; i++, row++) {
            unsigned kind = sj_row_kind(row);
            bool known = kind == SJ_ROW_DEPTH || kind == SJ_ROW_TRADE || kind == SJ_ROW_SNAPSHOT ||
                         kind == SJ_ROW_ADD || kind == SJ_ROW_MODIFY;
            if (!known || !isfinite(row->px) || !isfinite(row->qty))
                continue;
            seen++;
            refine(&tick, row->px);
            refine(&lot, row->qty);
        }
    }
    if (rc < 0)
        snprintf(error, 256, "%s", sj_rows_error(rows));
    sj_rows_close(rows);
    if (rc < 0)
        return rc;
    if (seen == 0 || tick == STEP_COUNT || lot == STEP_COUNT) {
        snprintf(error, 256, "tick or lot cannot be told from its first rows: give both");
        return -SJ_E_UNKNOWN;
    }
    *ret_tick = step_of(tick);
    *ret_lot = step_of(lot);
    return 0;
}
