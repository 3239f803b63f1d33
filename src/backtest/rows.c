/* Time over a file of rows: which of the four streams goes next. */
#include "backtest/run_private.h"

#include <stdio.h>

static int64_t step_due(const struct sj_bt_steps *steps)
{
    return steps->head == steps->tail ? NEVER : sj_bt_steps_first(steps)->ts;
}

static int64_t report_due(const struct run *run)
{
    return sj_bt_reports_count(&run->reports) ? sj_bt_reports_first(&run->reports)->at_ns : NEVER;
}

static int64_t request_due(const struct run *run)
{
    return sj_bt_requests_count(&run->requests) ? sj_bt_requests_first(&run->requests)->at_ns
                                                : NEVER;
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

/* The same where orders of ours rest: up to the first row that may do something to them. */
static uint32_t quiet_rows(struct sj_bt_venue *venue, const struct sj_bt_steps *steps,
                           uint32_t head, int64_t until)
{
    const struct sj_bt_step *entries = steps->entries;
    const struct sj_bt_ends ends = venue->ends;
    uint32_t tail = steps->tail, mask = steps->mask;
    for (; head != tail; head++) {
        const struct sj_bt_step *step = &entries[head & mask];
        if (step->ts > until || sj_bt_touches(&venue->book, &ends, step))
            break;
        sj_bt_book_step(&venue->book, step);
    }
    return head;
}

/* Rows at the exchange before `before` and up to `until`. Stops at a report, whose way to us may be
 * short. */
static sj_rc exchange_rows(struct run *run, int64_t before, int64_t until)
{
    struct sj_bt_steps *steps = &run->feed.exchange;
    struct sj_bt_venue *venue = &run->venue;
    until = before <= until ? before - 1 : until;
    if (venue->count[0] + venue->count[1] == 0) {
        steps->head = book_rows(&venue->book, steps, until);
        return 0;
    }
    uint32_t reports = run->reports.tail, head = steps->head;
    sj_rc rc = 0;
    while (rc >= 0 && run->reports.tail == reports) {
        head = quiet_rows(venue, steps, head, until);
        if (head == steps->tail || steps->entries[head & steps->mask].ts > until)
            break;
        rc = sj_bt_venue_step(venue, &steps->entries[head++ & steps->mask]);
    }
    steps->head = head;
    return rc;
}

/* The last trade of those rows is kept for who looks next. */
static void keep_trade(struct run *run, const struct sj_bt_steps *steps, uint32_t head)
{
    for (uint32_t at = head; at != steps->head; at--) {
        const struct sj_bt_step *step = &steps->entries[(at - 1) & steps->mask];
        if (step->kind != SJ_BT_TRADE)
            continue;
        run->trade = *step;
        run->trade_is_new = true;
        return;
    }
}

/* Rows as we see them up to `until`. When strategies listen, each is told, and may act. */
static void local_rows(struct run *run, int64_t until)
{
    struct sj_bt_steps *steps = &run->feed.local;
    uint32_t head = steps->head;
    if (run->listening) {
        const struct sj_bt_step step = steps->entries[head & steps->mask];
        const struct sj_bt_step *next = &steps->entries[(head + 1) & steps->mask];
        bool last = head + 1 == steps->tail || next->ts > step.ts;
        steps->head++;
        run->row_ns = step.ts > run->row_ns ? step.ts : run->row_ns;
        bt_look_row(run, &step, last);
        return;
    }
    head = book_rows(&run->book, steps, until);
    if (head != steps->head) {
        int64_t row_ns = steps->entries[(head - 1) & steps->mask].ts;
        run->book_is_new = true;
        run->row_ns = row_ns > run->row_ns ? row_ns : run->row_ns;
        keep_trade(run, steps, head);
    }
    steps->head = head;
}

static void sample(struct run *run)
{
    double mid = bt_look_mid(run);
    double worth = run->known_position != 0 ? run->known_position * mid : 0;
    struct sj_bt_sample_row row = {.time_ns = run->next_sample_ns,
                                   .equity = run->known_balance + worth - run->known_fee,
                                   .balance = run->known_balance,
                                   .fee = run->known_fee,
                                   .mid = mid,
                                   .position = run->known_lots};
    run->next_sample_ns += run->options->sample_ns;
    if (run->options->sink.sample)
        run->options->sink.sample(run->options->sink.context, &row);
}

static void on_timer(struct run *run, int64_t at_ns)
{
    if (at_ns >= run->next_sample_ns)
        sample(run);
    if (sj_decide_due(run->decide) > at_ns)
        return;
    bt_look_now(run);
    bt_side_time(run, at_ns);
}

static void take_report(struct run *run)
{
    struct sj_bt_report report = *sj_bt_reports_first(&run->reports);
    run->reports.head++;
    bt_look_now(run);
    bt_side_report(run, &report);
}

static sj_rc take_request(struct run *run)
{
    struct sj_bt_request request = *sj_bt_requests_first(&run->requests);
    run->requests.head++;
    if (request.kind != SJ_BT_LIST)
        return sj_bt_venue_request(&run->venue, &request);
    sj_rc rc = bt_link_list_bound(run, &request, SJ_BT_LIST_BEGINS);
    if (rc >= 0)
        rc = sj_bt_venue_list(&run->venue, request.at_ns);
    return rc < 0 ? rc : bt_link_list_bound(run, &request, SJ_BT_LIST_ENDS);
}

/* One turn: everything that is due before anything else can come of it. 0: nothing is left. */
static sj_rc turn(struct run *run)
{
    sj_rc rc = sj_bt_feed_fill(&run->feed, run->error);
    if (rc < 0)
        return rc;
    int64_t local = step_due(&run->feed.local), exchange = step_due(&run->feed.exchange);
    int64_t report = report_due(run), request = request_due(run);
    int64_t due = run_least(run_least(local, exchange), run_least(report, request));
    if (due == NEVER)
        return 0;
    int64_t timer = run_least(sj_decide_due(run->decide), run->next_sample_ns);
    if (timer < due) {
        on_timer(run, timer);
        return 1;
    }
    int64_t heard = run->listening ? local : NEVER; /* what strategies may act on */
    if (exchange < run_least(heard, report) && exchange <= run_least(request, timer)) {
        rc = exchange_rows(run, run_least(heard, report), run_least(request, timer));
        if (rc < 0)
            return rc;
        exchange = step_due(&run->feed.exchange);
        report = report_due(run);
    }
    /* Nothing that is still to happen at the exchange is known to us before this time. */
    int64_t known = run_least(run_least(report, timer), run_least(exchange, request));
    if (local <= known && local != NEVER) {
        local_rows(run, known);
    } else if (report <= run_least(exchange, run_least(request, timer)) && report < NEVER) {
        take_report(run);
    } else if (request < exchange && request <= timer) {
        rc = take_request(run);
        if (rc < 0)
            return rc;
    }
    return 1;
}

sj_rc bt_rows_walk(struct run *run)
{
    sj_rc rc;
    bt_look_begin(run);
    while ((rc = turn(run)) > 0)
        if (run->rc < 0)
            return run->rc;
    return rc;
}

void bt_rows_finish(struct run *run)
{
    struct sj_bt_result *result = &run->result;
    const int32_t *best = run->book.best;
    const struct sj_bt_prices *prices = &run->feed.prices;
    double mid = bt_look_mid(run);
    double worth = run->known_position != 0 ? run->known_position * mid : 0;
    result->rows = run->feed.counts;
    result->latency[SJ_BT_FEED] = run->feed.way.used;
    result->open = run->venue.count[0] + run->venue.count[1];
    result->known_position = run->known_position;
    result->equity = run->known_balance + worth - run->known_fee;
    result->last_ns = run->now_ns > run->row_ns ? run->now_ns : run->row_ns;
    result->best_bid_e6 = best[0] < 0 ? SJ_NULL_E6 : sj_bt_price_e6(prices, 0, best[0]);
    result->best_ask_e6 = best[1] < 0 ? SJ_NULL_E6 : sj_bt_price_e6(prices, 1, best[1]);
    result->instrument_count = 1;
}

sj_rc bt_rows_open(struct run *run)
{
    const struct sj_bt_options *options = run->options;
    char error[256] = "";
    const struct sj_bt_feed_options feed = {options->path,
                                            options->tick,
                                            options->lot,
                                            options->strict,
                                            options->latency[SJ_BT_FEED],
                                            options->queue.kind == SJ_BT_L3_FIFO};
    sj_rc rc = sj_bt_feed_open(&run->feed, &feed, error);
    if (rc < 0) {
        snprintf(run->error, SJ_BT_ERROR_MAX, "%s: %s", options->path, error);
        return rc;
    }
    run->result.first_ns = run->now_ns = run->feed.first_ts;
    run->row_ns = INT64_MIN;
    run->venue.model = options->queue;
    run->venue.partial = options->partial;
    run->venue.lot = run->venue.unit = options->lot;
    run->venue.instrument = SJ_BT_INSTRUMENT;
    run->venue.prices = &run->feed.prices;
    run->venue.context = run;
    run->venue.on_report = bt_link_on_report;
    rc = sj_bt_book_init(&run->book, SJ_BT_KEYS);
    if (rc >= 0)
        rc = sj_bt_venue_init(&run->venue, SJ_BT_KEYS);
    if (rc < 0)
        snprintf(run->error, SJ_BT_ERROR_MAX, "no memory for the books");
    return rc;
}

void bt_rows_close(struct run *run)
{
    sj_bt_venue_done(&run->venue);
    sj_bt_book_done(&run->book);
    sj_bt_feed_close(&run->feed);
}
