#include "backtest/measure.h"

#include "event/event.h"
#include "journal/journal.h"
#include "shijim/strategy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PENDING_COUNT 65536u

struct pending {
    uint64_t intent_id;
    int64_t sent_ns;
};

struct work {
    struct sj_bt_measured *measured;
    struct pending *pending; /* by the low bits of the id; an old one gives way */
    size_t room;
};

static void add(struct sj_bt_measured *measured, enum sj_bt_stream stream, int64_t latency_ns)
{
    if (latency_ns < 0) {
        measured->negative[stream]++;
        if (latency_ns < measured->most_negative_ns[stream])
            measured->most_negative_ns[stream] = latency_ns;
        return;
    }
    sj_hist_record(&measured->hists[stream], latency_ns);
}

static void on_market(struct work *work, const struct sj_frame *event, int64_t recv_ns)
{
    static const uint32_t passed_over =
        SJ_FLAG_BACKFILLED | SJ_FLAG_DUPLICATE | SJ_FLAG_REPLAYED | SJ_FLAG_SIMTRADE;
    if (!(event->flags & passed_over) && event->exch_ns > 0 && recv_ns > 0)
        add(work->measured, SJ_BT_FEED, recv_ns - event->exch_ns);
}

static sj_rc keep_row(struct work *work, const struct sj_bt_latency_row *row)
{
    struct sj_bt_latency_rows *rows = &work->measured->rows;
    if (row->exch_ns < row->req_ns || row->resp_ns < row->exch_ns ||
        rows->count == SJ_BT_LATENCY_ROWS_MAX)
        return 0;
    if (rows->count == work->room) {
        size_t room = work->room ? 2 * work->room : 1024;
        struct sj_bt_latency_row *grown = realloc(rows->rows, room * sizeof *grown);
        if (!grown)
            return -ENOMEM;
        rows->rows = grown;
        work->room = room;
    }
    rows->rows[rows->count++] = *row;
    return 0;
}

/* The first that says of an intent that it works, or has already filled. */
static sj_rc on_order(struct work *work, const struct sj_order_update *update)
{
    struct sj_bt_measured *measured = work->measured;
    struct pending *pending = &work->pending[update->intent_id % PENDING_COUNT];
    bool acknowledges = update->state_to == SJ_ORDER_WORKING ||
                        update->state_to == SJ_ORDER_PARTIAL || update->state_to == SJ_ORDER_FILLED;
    if (!acknowledges || update->intent_id == 0 || pending->intent_id != update->intent_id)
        return 0;
    pending->intent_id = 0;
    if (update->exch_ns == SJ_NULL_I64 || update->exch_ns <= 0) {
        int64_t half_ns = (update->recv_ns - pending->sent_ns) / 2;
        measured->halved++;
        add(measured, SJ_BT_ORDER, half_ns);
        add(measured, SJ_BT_REPORT, half_ns);
        return 0;
    }
    add(measured, SJ_BT_ORDER, update->exch_ns - pending->sent_ns);
    add(measured, SJ_BT_REPORT, update->recv_ns - update->exch_ns);
    const struct sj_bt_latency_row row = {pending->sent_ns, update->exch_ns, update->recv_ns};
    return keep_row(work, &row);
}

static sj_rc on_event(struct work *work, const struct sj_frame *event)
{
    const void *body = event;
    work->measured->events++;
    switch (event->template_id) {
    case SJ_EVENT_TRADE:
        on_market(work, event, ((const struct sj_trade *)body)->recv_ns);
        return 0;
    case SJ_EVENT_BOOK:
        on_market(work, event, ((const struct sj_book *)body)->recv_ns);
        return 0;
    case SJ_EVENT_QUOTE:
        on_market(work, event, ((const struct sj_quote *)body)->recv_ns);
        return 0;
    case SJ_EVENT_INTENT: {
        const struct sj_intent *intent = body;
        if (intent->kind == SJ_INTENT_PLACE)
            work->pending[intent->intent_id % PENDING_COUNT] =
                (struct pending){intent->intent_id, intent->recv_ns};
        return 0;
    }
    case SJ_EVENT_ORDER:
        return on_order(work, body);
    default:
        return 0;
    }
}

static sj_rc walk(struct work *work, struct sj_journal_reader *reader)
{
    struct sj_journal_span span;
    sj_rc rc;
    while ((rc = sj_journal_read(reader, &span)) != 0) {
        if (rc == -SJ_E_CORRUPT) {
            work->measured->damaged++;
            continue;
        }
        if (rc < 0)
            return rc;
        for (const uint8_t *at = span.begin; at < span.end && !span.repeat;
             at += sj_frame_size(at)) {
            rc = on_event(work, (const struct sj_frame *)(const void *)at);
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

static int by_request(const void *a, const void *b)
{
    const struct sj_bt_latency_row *one = a, *two = b;
    if (one->req_ns != two->req_ns)
        return one->req_ns < two->req_ns ? -1 : 1;
    return (one->exch_ns > two->exch_ns) - (one->exch_ns < two->exch_ns);
}

sj_rc sj_bt_measure(const char *dir, struct sj_bt_measured *ret_measured, char error[256])
{
    const struct sj_journal_reader_options options = {.dir = dir};
    struct work work = {.measured = ret_measured,
                        .pending = calloc(PENDING_COUNT, sizeof *work.pending)};
    struct sj_journal_reader *reader = NULL;
    sj_rc rc = work.pending ? sj_journal_reader_open(&options, &reader) : -ENOMEM;
    if (rc >= 0)
        rc = walk(&work, reader);
    sj_journal_reader_close(reader);
    free(work.pending);
    if (rc < 0) {
        snprintf(error, 256, "%s: %s", dir, sj_rc_text(rc));
        sj_bt_latency_rows_free(&ret_measured->rows);
        return rc;
    }
    if (ret_measured->rows.count)
        qsort(ret_measured->rows.rows, ret_measured->rows.count, sizeof *ret_measured->rows.rows,
              by_request);
    return 0;
}

void sj_bt_measured_write(const struct sj_bt_measured *measured, FILE *file)
{
    fprintf(file, "stream,latency_ns,count\n");
    for (unsigned i = 0; i < SJ_BT_STREAM_COUNT; i++)
        for (uint32_t k = 0; k < SJ_HIST_BUCKET_COUNT; k++) {
            uint64_t count =
                atomic_load_explicit(&measured->hists[i].buckets[k], memory_order_relaxed);
            if (count)
                fprintf(file, "%s,%lld,%llu\n", sj_bt_stream_name((enum sj_bt_stream)i),
                        (long long)sj_hist_bucket_top(k), (unsigned long long)count);
        }
}

void sj_bt_measured_write_rows(const struct sj_bt_measured *measured, FILE *file)
{
    fprintf(file, "req_ns,exch_ns,resp_ns\n");
    for (size_t i = 0; i < measured->rows.count; i++) {
        const struct sj_bt_latency_row *row = &measured->rows.rows[i];
        fprintf(file, "%lld,%lld,%lld\n", (long long)row->req_ns, (long long)row->exch_ns,
                (long long)row->resp_ns);
    }
}
