#include "backtest/cut.h"

#include "convert/npz.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool within(const struct sj_bt_span *span, int64_t time_ns)
{
    return time_ns >= span->from_ns && time_ns <= span->until_ns;
}

static bool is_wanted(const struct sj_bt_span *span, const struct sj_row *row)
{
    return ((row->ev & SJ_ROW_EXCH) && within(span, row->exch_ts)) ||
           ((row->ev & SJ_ROW_LOCAL) && within(span, row->local_ts));
}

static sj_rc failed(const char *path, const char *why, sj_rc rc, char *error)
{
    snprintf(error, SJ_BT_ERROR_MAX, "%s: %s", path, why && *why ? why : sj_rc_text(rc));
    return rc;
}

static sj_rc write_wanted(struct sj_rows *rows, const struct sj_bt_span *span,
                          struct sj_npz_writer *writer)
{
    const struct sj_row *batch;
    sj_rc rc = 0, got;
    while (rc >= 0 && (got = sj_rows_next(rows, &batch)) != 0) {
        if (got < 0)
            return got;
        for (sj_rc i = 0, begin = 0; i <= got && rc >= 0; i++) {
            if (i < got && is_wanted(span, &batch[i]))
                continue;
            if (i > begin)
                rc = sj_npz_append(writer, batch + begin, (size_t)(i - begin));
            begin = i + 1;
        }
    }
    return rc;
}

sj_rc sj_bt_cut(const struct sj_bt_day *day, const struct sj_bt_span *span, const char *path,
                char error[SJ_BT_ERROR_MAX])
{
    struct sj_rows *rows;
    struct sj_npz_writer *writer;
    char line[256] = "";
    size_t length = strlen(path);
    bool npy = length > 4 && strcmp(path + length - 4, ".npy") == 0;
    sj_rc rc = sj_rows_open(day->path, &rows, line);
    if (rc < 0)
        return failed(day->path, line, rc, error);
    rc = sj_npz_create(path, npy ? SJ_NPY : SJ_NPZ_STORED, &writer);
    if (rc < 0) {
        sj_rows_close(rows);
        return failed(path, NULL, rc, error);
    }
    rc = write_wanted(rows, span, writer);
    if (rc < 0)
        (void)failed(day->path, sj_rows_error(rows), rc, error);
    sj_rows_close(rows);
    if (rc < 0) {
        sj_npz_abandon(writer);
        return rc;
    }
    rc = sj_npz_finish(writer);
    return rc < 0 ? failed(path, NULL, rc, error) : 0;
}

sj_rc sj_bt_cut_span(const struct sj_bt_day *day, struct sj_bt_span *ret_span,
                     char error[SJ_BT_ERROR_MAX])
{
    struct sj_rows *rows;
    const struct sj_row *batch;
    struct sj_bt_span span = {INT64_MAX, INT64_MIN};
    char line[256] = "";
    sj_rc got, rc = sj_rows_open(day->path, &rows, line);
    if (rc < 0)
        return failed(day->path, line, rc, error);
    while ((got = sj_rows_next(rows, &batch)) > 0)
        for (sj_rc i = 0; i < got; i++)
            if (batch[i].ev & SJ_ROW_LOCAL) {
                int64_t at_ns = batch[i].local_ts;
                span.from_ns = at_ns < span.from_ns ? at_ns : span.from_ns;
                span.until_ns = at_ns > span.until_ns ? at_ns : span.until_ns;
            }
    if (got < 0)
        (void)failed(day->path, sj_rows_error(rows), got, error);
    else if (span.from_ns >= span.until_ns)
        got = failed(day->path, "it has no rows over any time", -SJ_E_RANGE, error);
    sj_rows_close(rows);
    if (got < 0)
        return got;
    *ret_span = span;
    return 0;
}
