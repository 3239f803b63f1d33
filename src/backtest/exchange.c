/* The markets of a journal's instruments, made when they are needed. */
#include "backtest/run_private.h"

#include <stdio.h>

sj_rc bt_exchange_leave_out(struct run *run, uint64_t *count, const char *journal, uint32_t src,
                            uint64_t seq, const char *what)
{
    struct sj_bt_event_counts *counts = &run->result.events;
    ++*count;
    if (!counts->first_bad[0])
        snprintf(counts->first_bad, sizeof counts->first_bad, "%.60s, source %u, %llu: %.60s",
                 journal, src, (unsigned long long)seq, what);
    if (!run->options->strict)
        return 0;
    snprintf(run->error, SJ_BT_ERROR_MAX, "%.200s: source %u, %llu: %.100s", journal, src,
             (unsigned long long)seq, what);
    return -SJ_E_MALFORMED;
}

static struct sj_bt_market **place_of(struct run *run, uint32_t instrument, bool odd)
{
    return &run->markets[2 * instrument + odd];
}

/* The market of an instrument. *ret_market NULL: nothing is known of it that one could trade by. */
static sj_rc market_of(struct run *run, uint32_t instrument, bool odd, int64_t now_ns,
                       int64_t price_e6, struct sj_bt_market **ret_market)
{
    struct sj_bt_market **place = place_of(run, instrument, odd);
    const struct sj_instrument *definition = sj_instruments_get(run->listed, instrument);
    sj_rc rc = 0;
    if (!*place && definition) {
        const struct sj_bt_market_options options = {.definition = definition,
                                                     .rules = run->rules,
                                                     .model = run->options->queue,
                                                     .partial = run->options->partial,
                                                     .odd = odd,
                                                     .price_e6 = price_e6,
                                                     .now_ns = now_ns,
                                                     .context = run,
                                                     .on_report = bt_link_on_report};
        rc = sj_bt_market_create(&options, place);
        if (rc >= 0)
            run->made[run->made_count++] = 2 * instrument + odd;
    }
    *ret_market = *place;
    return rc == -SJ_E_UNKNOWN ? 0 : rc;
}

/* The day's definition is there: limits may be others. What rests keeps the ones it came under. */
static void define_anew(struct run *run, uint32_t instrument)
{
    for (uint32_t i = 0; i < run->made_count;) {
        uint32_t index = run->made[i];
        struct sj_bt_market *market = run->markets[index];
        if (index / 2 != instrument || market->venue.count[0] + market->venue.count[1] > 0) {
            i++;
            continue;
        }
        sj_bt_market_close(market);
        run->markets[index] = NULL;
        run->made[i] = run->made[--run->made_count];
    }
}

static int64_t price_in(const struct sj_frame *event)
{
    const struct sj_trade *trade = (const struct sj_trade *)(const void *)event;
    const struct sj_book *book = (const struct sj_book *)(const void *)event;
    if (event->template_id != SJ_EVENT_BOOK)
        return trade->price_e6;
    return book->bid_price_e6[0] != SJ_NULL_E6 ? book->bid_price_e6[0] : book->ask_price_e6[0];
}

static sj_rc count_left(struct run *run, const struct sj_bt_windowed *entry, enum sj_bt_left left)
{
    struct sj_bt_event_counts *counts = &run->result.events;
    const struct sj_frame *event = (const struct sj_frame *)(const void *)entry->frame;
    const char *journal = run->options->journals[0];
    switch (left) {
    case SJ_BT_OFF_TICK:
        return bt_exchange_leave_out(run, &counts->off_tick, journal, entry->src, event->seq,
                                     "a price off the tick, or beyond the limits");
    case SJ_BT_MALFORMED:
        return bt_exchange_leave_out(run, &counts->malformed, journal, entry->src, event->seq,
                                     "levels that are out of order");
    case SJ_BT_BACKWARDS:
        return bt_exchange_leave_out(run, &counts->backwards, journal, entry->src, event->seq,
                                     "its exchange time is before the event before's");
    case SJ_BT_REPEATED:
        counts->repeated++; /* the gateway has said so: nothing is wrong with it */
        return 0;
    default:
        return 0;
    }
}

sj_rc bt_exchange_event(struct run *run, const struct sj_bt_windowed *entry)
{
    const struct sj_frame *event = (const struct sj_frame *)(const void *)entry->frame;
    bool odd = (event->flags & SJ_FLAG_ODD_LOT) != 0;
    enum sj_bt_left left = SJ_BT_TAKEN;
    struct sj_bt_market *market;
    if (event->template_id == SJ_EVENT_INSTRUMENT) {
        define_anew(run, event->instrument);
        return 0;
    }
    if (!sj_strategies_trades(sj_decide_strategies(run->decide), event->instrument))
        return 0;
    sj_rc rc = market_of(run, event->instrument, odd, entry->exch_ns, price_in(event), &market);
    if (rc < 0 || !market)
        return rc;
    rc = sj_bt_market_event(market, event, entry->exch_ns, &left);
    return rc < 0 ? rc : count_left(run, entry, left);
}

static sj_rc list_all(struct run *run, const struct sj_bt_request *request)
{
    sj_rc rc = bt_link_list_bound(run, request, SJ_BT_LIST_BEGINS);
    for (uint32_t i = 0; i < run->made_count && rc >= 0; i++)
        rc = sj_bt_venue_list(&run->markets[run->made[i]]->venue, request->at_ns);
    return rc < 0 ? rc : bt_link_list_bound(run, request, SJ_BT_LIST_ENDS);
}

sj_rc bt_exchange_request(struct run *run, const struct sj_bt_request *request)
{
    struct sj_bt_market *market = NULL;
    const char *why = "nothing is known of its market";
    if (request->kind == SJ_BT_LIST)
        return list_all(run, request);
    sj_rc rc = request->instrument <= run->instrument_max
                   ? market_of(run, request->instrument, request->odd, request->at_ns,
                               request->price_e6, &market)
                   : 0;
    if (rc >= 0 && market)
        rc = sj_bt_market_request(market, request, &why);
    if (rc >= 0 && why)
        rc = bt_link_reject(run, request, why);
    if (market)
        run->next_expiry_ns = run_least(run->next_expiry_ns, market->expires_ns);
    return rc;
}

sj_rc bt_exchange_expire(struct run *run)
{
    int64_t now_ns = run->next_expiry_ns;
    sj_rc rc = 0;
    run->next_expiry_ns = NEVER;
    for (uint32_t i = 0; i < run->made_count && rc >= 0; i++) {
        struct sj_bt_market *market = run->markets[run->made[i]];
        if (market->expires_ns <= now_ns)
            rc = sj_bt_market_expire(market);
        run->next_expiry_ns = run_least(run->next_expiry_ns, market->expires_ns);
    }
    return rc;
}

void bt_exchange_close(struct run *run)
{
    for (uint32_t i = 0; i < run->made_count; i++)
        sj_bt_market_close(run->markets[run->made[i]]);
    free(run->markets);
    free(run->made);
}
