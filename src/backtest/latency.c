#include "backtest/latency.h"

#include "backtest/latency_rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *sj_bt_stream_name(enum sj_bt_stream stream)
{
    static const char *const names[] = {"feed", "order", "report"};
    return names[stream];
}

sj_rc sj_bt_latency_create(const char *text, enum sj_bt_stream stream, uint64_t seed,
                           struct sj_latency **ret_model, uint64_t *ret_left_out, char error[256])
{
    *ret_left_out = 0;
    if (strncmp(text, "interp:", 7) != 0)
        return sj_latency_create(text, sj_bt_stream_name(stream), seed, ret_model, error);
    if (stream == SJ_BT_FEED) {
        snprintf(error, 256, "%s: it has latencies of orders and reports, none of the feed", text);
        return -SJ_E_RANGE;
    }
    struct sj_bt_latency_rows rows;
    sj_rc rc = sj_bt_latency_rows_read(text + 7, &rows, error);
    if (rc < 0)
        return rc;
    *ret_left_out = rows.left_out;
    rc = sj_bt_latency_rows_curve(&rows, stream == SJ_BT_REPORT, ret_model);
    if (rc < 0)
        snprintf(error, 256, "%s: %s", text, sj_rc_text(rc));
    sj_bt_latency_rows_free(&rows);
    return rc;
}

void sj_bt_way_init(struct sj_bt_way *way, enum sj_bt_stream stream, const struct sj_latency *model,
                    int64_t constant_ns)
{
    *way = (struct sj_bt_way){
        .model = model, .constant_ns = constant_ns, .stream = stream, .last_ns = INT64_MIN};
}

static uint32_t bucket_of(int64_t latency_ns)
{
    int64_t value = latency_ns < SJ_HIST_VALUE_MAX ? latency_ns : SJ_HIST_VALUE_MAX;
    return sj_hist_bucket((uint64_t)value) >> SJ_BT_WAY_SHIFT;
}

int64_t sj_bt_way_bucket_top(uint32_t bucket)
{
    return sj_hist_bucket_top((bucket + 1) * (1u << SJ_BT_WAY_SHIFT) - 1);
}

int64_t sj_bt_way_arrival(struct sj_bt_way *way, int64_t sent_ns)
{
    struct sj_bt_latency_used *used = &way->used;
    int64_t latency_ns = way->constant_ns;
    if (way->model)
        latency_ns = sj_latency_of(way->model, sent_ns, way->stream, (uint64_t)sent_ns);
    int64_t at_ns = sent_ns < INT64_MAX - latency_ns ? sent_ns + latency_ns : INT64_MAX;
    if (at_ns < way->last_ns) {
        at_ns = way->last_ns;
        used->held++;
    }
    way->last_ns = at_ns;
    latency_ns = at_ns - sent_ns;
    used->min = used->count && used->min < latency_ns ? used->min : latency_ns;
    used->max = used->max > latency_ns ? used->max : latency_ns;
    used->sum += latency_ns;
    used->count++;
    used->buckets[bucket_of(latency_ns)]++;
    return at_ns;
}

int64_t sj_bt_latency_percentile(const struct sj_bt_latency_used *used, double percent)
{
    double wanted = (double)used->count * percent / 100;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < SJ_BT_WAY_BUCKETS && used->count; i++) {
        seen += used->buckets[i];
        if (seen > 0 && (double)seen >= wanted) {
            int64_t top = sj_bt_way_bucket_top(i);
            return top < used->max ? top : used->max;
        }
    }
    return used->max;
}

void sj_bt_latency_merge(struct sj_bt_latency_used *into, const struct sj_bt_latency_used *from)
{
    if (from->count) {
        into->min = into->count && into->min < from->min ? into->min : from->min;
        into->max = into->max > from->max ? into->max : from->max;
    }
    into->sum += from->sum;
    into->count += from->count;
    into->held += from->held;
    for (uint32_t i = 0; i < SJ_BT_WAY_BUCKETS; i++)
        into->buckets[i] += from->buckets[i];
}
