/* Time: which of the four streams goes next. */
#include "backtest/run_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NEVER INT64_MAX

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t step_due(const struct sj_bt_steps *steps)
{
    return steps->head == steps->tail ? NEVER : sj_bt_steps_first(steps)->ts;
}

static int64_t report_due(const struct run *run)
{
    const struct sj_bt_reports *reports = &run->venue.reports;
    return sj_bt_reports_count(reports) ? sj_bt_reports_first(reports)->at_ns : NEVER;
}

static int64_t request_due(const struct run *run)
{
    return sj_bt_requests_count(&run->requests) ? sj_bt_requests_first(&run->requests)->at_ns
                                                : NEVER;
}

/* Every fill and end, as it happens at the exchange. */
static void on_report(void *context, const struct sj_bt_report *report)
{
    struct run *run = context;
    const struct sj_bt_options *options = run->options;
    struct sj_bt_result *result = &run->result;
    int64_t price_e6 = run_price_e6(run, report->side, report->key);
    if (report->kind == SJ_BT_FILLED) {
        double price = (double)price_e6 / 1e6;
        double quantity = report->quantity * options->lot;
        double sign = report->side ? -1 : 1;
        result->fills++;
        result->fee += (report->maker ? options->maker_fee : options->taker_fee) * price * quantity;
        result->balance -= sign * price * quantity;
        result->position += sign * quantity;
        result->volume += quantity;
        result->value += price * quantity;
        struct sj_bt_fill_row row = {.exch_ns = report->exch_ns,
                                     .local_ns = report->at_ns,
                                     .order = report->order,
                                     .price_e6 = price_e6,
                                     .quantity = report->quantity,
                                     .left = report->left,
                                     .side = report->side,
                                     .maker = report->maker,
                                     .queue = report->queue,
                                     .slippage = (price - report->mid) * sign};
        if (options->sink.fill)
            options->sink.fill(options->sink.context, &row);
        return;
    }
    static const uint8_t whats[] = {[SJ_BT_WORKING] = SJ_BT_RESTED,
                                    [SJ_BT_EXPIRED] = SJ_BT_EXPIRY,
                                    [SJ_BT_CANCELLED] = SJ_BT_CANCELLATION};
    bool told = report->kind == SJ_BT_WORKING || report->kind == SJ_BT_EXPIRED ||
                report->kind == SJ_BT_CANCELLED;
    result->expired += report->kind == SJ_BT_EXPIRED;
    result->denied += report->kind == SJ_BT_DENIED;
    if (!told || !options->sink.order)
        return;
    struct sj_bt_order_row row = {.time_ns = report->exch_ns,
                                  .order = report->order,
                                  .price_e6 = price_e6,
                                  .quantity = report->quantity,
                                  .left = report->left,
                                  .side = report->side,
                                  .what = whats[report->kind],
                                  .queue = report->queue};
    options->sink.order(options->sink.context, &row);
}

/* Rows up to `until` into a book that nobody looks at meanwhile. Returns the new head. What does
 * not change is held apart: stores into levels might otherwise be stores into it. */
static uint32_t book_rows(struct sj_bt_book *book, const struct sj_bt_steps *steps, int64_t until)
{
    const struct sj_bt_step *entries = steps->entries;
    uint32_t head = steps->head, tail = steps->tail, mask = steps->mask;
    for (; head != tail; head++) {
        const struct sj_bt_step *step = &entries[head & mask];
        if (step->ts > until)
            break;
        sj_bt_book_step(book, step);
    }
    return head;
}

/* Rows at the exchange before `before` and up to `until`. Stops at a report, whose way to us may be
 * short. */
static sj_rc exchange_rows(struct run *run, int64_t before, int64_t until)
{
    struct sj_bt_steps *steps = &run->feed.exchange;
    struct sj_bt_venue *venue = &run->venue;
    uint32_t head = steps->head;
    until = before <= until ? before - 1 : until;
    if (venue->count[0] + venue->count[1] == 0) {
        steps->head = book_rows(&venue->book, steps, until);
        return 0;
    }
    uint32_t reports = venue->reports.tail;
    sj_rc rc = 0;
    while (rc >= 0 && head != steps->tail && steps->entries[head & steps->mask].ts <= until &&
           venue->reports.tail == reports)
        rc = sj_bt_venue_step(venue, &steps->entries[head++ & steps->mask]);
    steps->head = head;
    return rc;
}

/* Rows as we see them up to `until`. When strategies listen, each is told, and may act. */
static void local_rows(struct run *run, int64_t until)
{
    struct sj_bt_steps *steps = &run->feed.local;
    uint32_t head = steps->head;
    if (run->listening) {
        const struct sj_bt_step *step = &steps->entries[head & steps->mask];
        const struct sj_bt_step *next = &steps->entries[(head + 1) & steps->mask];
        run->now_ns = step->ts > run->now_ns ? step->ts : run->now_ns;
        run->row_ns = run->now_ns;
        bool last = head + 1 == steps->tail || next->ts > step->ts;
        steps->head++;
        side_row(run, step, last);
        return;
    }
    head = book_rows(&run->book, steps, until);
    if (head != steps->head) {
        int64_t row_ns = steps->entries[(head - 1) & steps->mask].ts;
        run->book_is_new = true;
        run->row_ns = row_ns > run->row_ns ? row_ns : run->row_ns;
    }
    steps->head = head;
}

static void on_timer(struct run *run, int64_t at_ns)
{
    run->now_ns = at_ns > run->now_ns ? at_ns : run->now_ns;
    if (at_ns >= run->next_sample_ns) {
        side_sample(run);
        run->next_sample_ns += run->options->sample_ns;
    }
    side_time(run);
}

static void take_report(struct run *run)
{
    struct sj_bt_report report = *sj_bt_reports_first(&run->venue.reports);
    run->venue.reports.head++;
    run->now_ns = report.at_ns > run->now_ns ? report.at_ns : run->now_ns;
    side_report(run, &report);
}

/* One turn: everything that is due before anything else can come of it. 0: nothing is left. */
static sj_rc turn(struct run *run)
{
    sj_rc rc = sj_bt_feed_fill(&run->feed, run->error);
    if (rc < 0)
        return rc;
    int64_t local = step_due(&run->feed.local), exchange = step_due(&run->feed.exchange);
    int64_t report = report_due(run), request = request_due(run);
    int64_t due = least(least(local, exchange), least(report, request));
    if (due == NEVER)
        return 0;
    int64_t timer = least(sj_strategies_next_timer(run->strategies), run->next_sample_ns);
    if (timer < due) {
        on_timer(run, timer);
        return 1;
    }
    int64_t heard = run->listening ? local : NEVER; /* what strategies may act on */
    if (exchange < least(heard, report) && exchange <= least(request, timer)) {
        rc = exchange_rows(run, least(heard, report), least(request, timer));
        if (rc < 0)
            return rc;
        exchange = step_due(&run->feed.exchange);
        report = report_due(run);
    }
    /* Nothing that is still to happen at the exchange is known to us before this time. */
    int64_t known = least(least(report, timer), least(exchange, request));
    if (local <= known && local != NEVER) {
        local_rows(run, known);
    } else if (report <= least(exchange, least(request, timer)) && report < NEVER) {
        take_report(run);
    } else if (request < exchange && request <= timer) {
        struct sj_bt_request first = *sj_bt_requests_first(&run->requests);
        run->requests.head++;
        rc = sj_bt_venue_request(&run->venue, &first);
        if (rc < 0)
            return rc;
    }
    return 1;
}

static void finish(struct run *run)
{
    struct sj_bt_result *result = &run->result;
    const int32_t *best = run->book.best;
    double mid = side_mid(run);
    result->rows = run->feed.counts;
    result->latency[SJ_BT_FEED] = run->feed.way.used;
    result->latency[SJ_BT_ORDER] = run->requests_way.used;
    result->latency[SJ_BT_REPORT] = run->venue.way.used;
    result->open = run->venue.count[0] + run->venue.count[1];
    result->known_position = run->known_position;
    double worth = run->known_position != 0 ? run->known_position * mid : 0;
    result->equity = run->known_balance + worth - run->known_fee;
    result->last_ns = run->now_ns > run->row_ns ? run->now_ns : run->row_ns;
    result->best_bid_e6 = best[0] < 0 ? SJ_NULL_E6 : run_price_e6(run, 0, best[0]);
    result->best_ask_e6 = best[1] < 0 ? SJ_NULL_E6 : run_price_e6(run, 1, best[1]);
}

static sj_rc check(const struct sj_bt_options *options, char *error)
{
    const char *wrong = NULL;
    double tick_e6 = options->tick * 1e6;
    if (options->journal_count > 0 || !options->path)
        wrong = "a file of rows is needed";
    else if (!(tick_e6 >= 1 && tick_e6 < 1e12) || fabs(tick_e6 - round(tick_e6)) > 1e-6 * tick_e6)
        wrong = "tick: a whole number of millionths is needed";
    else if (!(options->lot >= 1e-9 && options->lot <= 1e9))
        wrong = "lot: it must be more than 0";
    else if (options->order_latency_ns < 0 || options->report_latency_ns < 0)
        wrong = "latency: it must not be negative";
    else if (!(options->queue.n > 0 && options->queue.n <= 100))
        wrong = "queue-n: it must be more than 0, and 100 at most";
    else if (options->sample_ns < 0)
        wrong = "sampling: it must not be negative";
    if (!wrong)
        return 0;
    snprintf(error, SJ_BT_ERROR_MAX, "%s", wrong);
    return -SJ_E_RANGE;
}

static sj_rc open_run(struct run *run)
{
    const struct sj_bt_options *options = run->options;
    char error[256] = "";
    const struct sj_bt_feed_options feed = {options->path, options->tick, options->lot,
                                            options->strict, options->latency[SJ_BT_FEED]};
    sj_rc rc = sj_bt_feed_open(&run->feed, &feed, error);
    if (rc < 0) {
        snprintf(run->error, SJ_BT_ERROR_MAX, "%s: %s", options->path, error);
        return rc;
    }
    run->result.first_ns = run->feed.first_ts;
    run->now_ns = run->feed.first_ts;
    run->next_sample_ns = options->sample_ns ? run->now_ns + options->sample_ns : NEVER;
    rc = sj_bt_book_init(&run->book);
    if (rc >= 0)
        rc = sj_bt_venue_init(&run->venue);
    if (rc < 0) {
        snprintf(run->error, SJ_BT_ERROR_MAX, "no memory for the books");
        return rc;
    }
    return side_open(run);
}

sj_rc sj_bt_run(const struct sj_bt_options *options, struct sj_bt_result *ret_result,
                char error[SJ_BT_ERROR_MAX])
{
    sj_rc rc = check(options, error);
    struct run *run = rc < 0 ? NULL : calloc(1, sizeof *run);
    if (!run)
        return rc < 0 ? rc : -ENOMEM;
    run->options = options;
    run->error = error;
    *error = 0;
    run->row_ns = INT64_MIN;
    run->tick_e6 = llround(options->tick * 1e6);
    run->venue.model = options->queue;
    run->venue.partial = options->partial;
    run->venue.lot = options->lot;
    sj_bt_way_init(&run->venue.way, SJ_BT_REPORT, options->latency[SJ_BT_REPORT],
                   options->report_latency_ns);
    sj_bt_way_init(&run->requests_way, SJ_BT_ORDER, options->latency[SJ_BT_ORDER],
                   options->order_latency_ns);
    run->venue.context = run;
    run->venue.on_report = on_report;
    rc = open_run(run);
    if (rc >= 0)
        side_begin(run);
    while (rc >= 0 && (rc = turn(run)) > 0)
        rc = run->rc < 0 ? run->rc : rc;
    if (rc >= 0) {
        finish(run);
        *ret_result = run->result;
    } else if (!*error) {
        snprintf(error, SJ_BT_ERROR_MAX, "%s: %s", options->path, sj_rc_text(rc));
    }
    side_close(run);
    sj_bt_venue_done(&run->venue);
    sj_bt_book_done(&run->book);
    sj_bt_requests_done(&run->requests);
    sj_bt_feed_close(&run->feed);
    free(run);
    return rc < 0 ? rc : 0;
}
