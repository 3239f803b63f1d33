/* Time over journals: what happens next, at the exchange or here. */
#include "backtest/run_private.h"

#include "base/clock.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

/* So far ahead of what happens the journals are read: no event is seen later after it happened,
 * but for those that are counted as late. */
#define AHEAD_NS SJ_NS_PER_S

/* --- reading --- */

static sj_rc on_trouble(void *context, const struct sj_bt_trouble *trouble)
{
    struct run *run = context;
    struct sj_bt_event_counts *counts = &run->result.events;
    if (trouble->lost && run->decide)
        sj_decide_lost(run->decide, trouble->src, trouble->lost, run->now_ns);
    return bt_exchange_leave_out(run, &counts->damaged, trouble->journal, trouble->src,
                                 trouble->seq, trouble->what);
}

static bool is_market(uint16_t template_id)
{
    return template_id == SJ_EVENT_TRADE || template_id == SJ_EVENT_BOOK ||
           template_id == SJ_EVENT_QUOTE || template_id == SJ_EVENT_INSTRUMENT;
}

/* When it happened: not after it was seen, whatever the two clocks say. */
static int64_t happened_ns(const struct sj_bt_merged *one)
{
    return one->exch_ns == SJ_NULL_I64 || one->exch_ns <= 0 || one->exch_ns > one->recv_ns
               ? one->recv_ns
               : one->exch_ns;
}

/* Puts run->next into the window. */
static sj_rc take_in(struct run *run)
{
    const struct sj_bt_merged *one = &run->next;
    struct sj_bt_event_counts *counts = &run->result.events;
    const char *journal = run->merge.journals[one->journal];
    bool there = is_market(one->event->template_id);
    if (one->event->instrument != 0 &&
        (one->instrument == 0 || one->instrument > run->instrument_max))
        return bt_exchange_leave_out(run, &counts->unknown, journal, one->src, one->event->seq,
                                     "an instrument without a definition");
    int64_t exch_ns = happened_ns(one), here_ns = one->recv_ns;
    here_ns = here_ns > run->read_ns ? here_ns : run->read_ns;
    /* Nobody can trade the others: they need not come by the exchange. */
    if (there && !run->modelled && one->event->template_id != SJ_EVENT_INSTRUMENT)
        there = sj_strategies_trades(sj_decide_strategies(run->decide), one->instrument);
    if (there && exch_ns < run->there_ns) {
        sj_rc rc = bt_exchange_leave_out(run, &counts->late, journal, one->src, one->event->seq,
                                         "seen more than a second after it happened");
        if (rc < 0)
            return rc;
        exch_ns = run->there_ns;
    }
    sj_rc rc = sj_bt_window_put(&run->window, one->event, one->instrument, one->src, exch_ns,
                                run->modelled ? INT64_MIN : here_ns, there || run->modelled);
    if (rc < 0)
        return rc;
    run->read_ns = here_ns;
    counts->events++;
    counts->market += is_market(one->event->template_id);
    counts->gaps += one->event->template_id == SJ_EVENT_GAP;
    return 0;
}

/* Reads until everything that was received by `until_ns` is in the window, or it is full. */
static sj_rc read_up_to(struct run *run, int64_t until_ns)
{
    while (!run->read_all && run->read_ns < until_ns) {
        if (!run->has_next) {
            sj_rc rc = sj_bt_merge_next(&run->merge, &run->next);
            if (rc < 0)
                return rc;
            run->read_all = rc == 0;
            run->has_next = rc > 0;
            continue;
        }
        sj_rc rc = take_in(run);
        if (rc == -SJ_E_FULL)
            return 0;
        if (rc < 0)
            return rc;
        run->has_next = false;
    }
    return 0;
}

/* --- what is due --- */

enum what { LOCAL, REPORT, EXCHANGE, REQUEST, EXPIRY, SAMPLE, TIMER, WHAT_COUNT };

static enum what next_of(const struct run *run, int64_t *ret_at_ns)
{
    const struct sj_bt_windowed *there = sj_bt_window_there(&run->window);
    const struct sj_bt_windowed *here = sj_bt_window_here(&run->window);
    const int64_t due[WHAT_COUNT] = {
        [LOCAL] = here ? here->local_ns : NEVER,
        [REPORT] =
            sj_bt_reports_count(&run->reports) ? sj_bt_reports_first(&run->reports)->at_ns : NEVER,
        [EXCHANGE] = there ? there->exch_ns : NEVER,
        [REQUEST] = sj_bt_requests_count(&run->requests)
                        ? sj_bt_requests_first(&run->requests)->at_ns
                        : NEVER,
        [EXPIRY] = run->next_expiry_ns,
        [SAMPLE] = run->next_sample_ns,
        [TIMER] = sj_decide_due(run->decide),
    };
    enum what first = LOCAL;
    for (enum what i = LOCAL; i < WHAT_COUNT; i++)
        if (due[i] < due[first])
            first = i;
    *ret_at_ns = due[first];
    return first;
}

static bool is_over(const struct run *run)
{
    return run->read_all && !sj_bt_window_there(&run->window) && !sj_bt_window_here(&run->window) &&
           sj_bt_reports_count(&run->reports) == 0 && sj_bt_requests_count(&run->requests) == 0;
}

static sj_rc take_there(struct run *run)
{
    struct sj_bt_windowed *entry = sj_bt_window_there(&run->window);
    int64_t here_ns = INT64_MIN;
    run->there_ns = entry->exch_ns > run->there_ns ? entry->exch_ns : run->there_ns;
    if (run->modelled)
        here_ns = sj_bt_way_arrival(&run->feed_way, entry->exch_ns);
    const struct sj_frame *event = (const struct sj_frame *)(const void *)entry->frame;
    sj_rc rc = is_market(event->template_id) ? bt_exchange_event(run, entry) : 0;
    return rc < 0 ? rc : sj_bt_window_pass_there(&run->window, here_ns);
}

static void take_here(struct run *run)
{
    struct sj_bt_windowed *entry = sj_bt_window_here(&run->window);
    struct sj_frame *event = (struct sj_frame *)(void *)entry->frame;
    /* What is told is when it is seen. */
    ((struct sj_trade *)(void *)event)->recv_ns = entry->local_ns;
    bt_side_event(run, event, entry->src, event->seq, entry->local_ns);
    sj_bt_window_pass_here(&run->window);
}

static void take_report(struct run *run)
{
    struct sj_bt_report report = *sj_bt_reports_first(&run->reports);
    run->reports.head++;
    bt_side_report(run, &report);
}

static sj_rc take_request(struct run *run)
{
    struct sj_bt_request request = *sj_bt_requests_first(&run->requests);
    run->requests.head++;
    run->there_ns = request.at_ns > run->there_ns ? request.at_ns : run->there_ns;
    return bt_exchange_request(run, &request);
}

static struct sj_bt_sample_row sample_of(const struct run *run, int64_t time_ns)
{
    struct sj_account_totals totals;
    sj_account_totals(sj_decide_account(run->decide), &totals);
    double fee = (double)(totals.fees_e6 + totals.taxes_e6) / 1e6;
    return (struct sj_bt_sample_row){
        .time_ns = time_ns,
        .equity = (double)(totals.realized_e6 + totals.unrealized_e6) / 1e6 - fee,
        .balance = run->known_balance,
        .fee = fee,
        .mid = NAN,
        .position = run->known_lots};
}

static void take_sample(struct run *run)
{
    struct sj_bt_sample_row row = sample_of(run, run->next_sample_ns);
    run->next_sample_ns += run->options->sample_ns;
    if (run->options->sink.sample)
        run->options->sink.sample(run->options->sink.context, &row);
}

static sj_rc turn(struct run *run)
{
    int64_t at_ns;
    enum what what = next_of(run, &at_ns);
    int64_t until_ns = at_ns < NEVER - AHEAD_NS ? at_ns + AHEAD_NS : NEVER;
    sj_rc rc = 0;
    if (!run->read_all && run->read_ns < until_ns) {
        rc = read_up_to(run, until_ns);
        if (rc < 0)
            return rc;
        what = next_of(run, &at_ns);
    }
    if (is_over(run))
        return 0;
    if (what == LOCAL)
        take_here(run);
    else if (what == REPORT)
        take_report(run);
    else if (what == EXCHANGE)
        rc = take_there(run);
    else if (what == REQUEST)
        rc = take_request(run);
    else if (what == EXPIRY)
        rc = bt_exchange_expire(run);
    else if (what == SAMPLE)
        take_sample(run);
    else
        bt_side_time(run, at_ns);
    return rc < 0 ? rc : run->rc < 0 ? run->rc : 1;
}

sj_rc bt_day_walk(struct run *run)
{
    sj_rc rc;
    while ((rc = turn(run)) > 0)
        ;
    return rc;
}

void bt_day_finish(struct run *run)
{
    struct sj_bt_result *result = &run->result;
    struct sj_bt_sample_row last = sample_of(run, run->now_ns);
    snprintf(result->events.ended, sizeof result->events.ended, "%s", run->merge.ended);
    result->latency[SJ_BT_FEED] = run->feed_way.used;
    result->known_position = run->known_position;
    result->equity = last.equity;
    result->fee = run->known_fee;
    result->last_ns = run->now_ns;
    result->best_bid_e6 = result->best_ask_e6 = SJ_NULL_E6;
    result->instrument_count = run->made_count;
    for (uint32_t i = 0; i < run->made_count; i++) {
        const struct sj_bt_venue *venue = &run->markets[run->made[i]]->venue;
        result->open += venue->count[0] + venue->count[1];
    }
}

/* --- opening --- */

/* As the exchange has them when the day begins; ours change when we see it. */
static sj_rc copy_definitions(struct run *run)
{
    sj_rc rc = 0;
    for (uint32_t id = 1; id <= sj_instruments_id_max(run->listed) && rc >= 0; id++) {
        const struct sj_instrument *definition = sj_instruments_get(run->listed, id);
        uint32_t same;
        if (definition)
            rc = sj_instruments_put(run->instruments, definition, &same);
    }
    return rc;
}

sj_rc bt_day_open(struct run *run)
{
    const struct sj_bt_options *options = run->options;
    size_t count = 2 * ((size_t)run->instrument_max + 1);
    sj_bt_way_init(&run->feed_way, SJ_BT_FEED, options->latency[SJ_BT_FEED],
                   options->feed_latency_ns);
    run->modelled = options->latency[SJ_BT_FEED] || options->feed_latency_ns >= 0;
    run->next_expiry_ns = NEVER;
    run->there_ns = run->read_ns = INT64_MIN;
    run->markets = calloc(count, sizeof(void *));
    run->made = calloc(count, sizeof *run->made);
    sj_rc rc = run->markets && run->made ? 0 : -ENOMEM;
    if (rc >= 0)
        rc = sj_instruments_create(run->instrument_max, &run->listed);
    const struct sj_bt_merge_options merge = {.journals = options->journals,
                                              .journal_count = options->journal_count,
                                              .day = options->day,
                                              .rules = run->rules,
                                              .instruments = run->listed,
                                              .context = run,
                                              .on_trouble = on_trouble};
    if (rc >= 0)
        rc = sj_bt_merge_open(&run->merge, &merge, run->error);
    if (rc >= 0)
        rc = copy_definitions(run);
    if (rc >= 0)
        rc = sj_bt_merge_next(&run->merge, &run->next);
    if (rc < 0)
        return rc;
    run->has_next = rc > 0;
    run->read_all = rc == 0;
    run->result.first_ns = run->now_ns = run->has_next ? happened_ns(&run->next) : 0;
    return 0;
}

void bt_day_close(struct run *run)
{
    bt_exchange_close(run);
    sj_bt_merge_close(&run->merge);
    sj_bt_window_done(&run->window);
    sj_instruments_close(run->listed);
}
