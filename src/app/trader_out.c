/* What decide asks of the trader: events onto the ring, requests to the link, the switch; and the
 * link's reports on their way back. */
#include "app/trader_private.h"

#include "app/deciding.h"
#include "base/clock.h"
#include "base/count.h"
#include "base/log.h"
#include "journal/journal.h"

static int64_t publish(void *context, struct sj_frame *event)
{
    struct sj_trader *trader = context;
    sj_rc rc = sj_bus_publish(trader->ring, event);
    if (rc < 0)
        return rc;
    SJ_COUNT_UP(trader->counters.published, 1);
    event->seq = sj_bus_last_seq(trader->ring);
    trader_note(trader, event);
    return (int64_t)event->seq;
}

static sj_rc send_now(struct sj_trader *trader, const struct sj_order_request *request)
{
    sj_rc rc = sj_order_link_send(trader->link, request);
    if (rc >= 0 && trader->batch_ns && request->kind != SJ_REQUEST_LIST)
        sj_hist_record(&trader->counters.react_ns, sj_clock_utc_ns() - trader->batch_ns);
    return rc;
}

/* With orders.fsync_first a new order waits for the disk; cancels and changes never do. */
static sj_rc send_request(void *context, const struct sj_order_request *request)
{
    struct sj_trader *trader = context;
    if (!trader->settings->orders.fsync_first || request->kind != SJ_REQUEST_PLACE)
        return send_now(trader, request);
    if (trader->held_tail - trader->held_head == TRADER_HELD_MAX)
        return -SJ_E_FULL;
    trader->held[trader->held_tail++ % TRADER_HELD_MAX] =
        (struct trader_held){*request, sj_bus_last_seq(trader->ring)};
    return 0;
}

/* The link did not take what had been promised to go: an answer says that it was not sent. */
static void tell_unsent(struct sj_trader *trader, const struct sj_order_request *request, sj_rc rc)
{
    struct sj_order_report report = {
        .instrument = request->instrument,
        .request_id = request->request_id,
        .intent_id = request->intent_id,
        .price_e6 = SJ_NULL_E6,
        .kind = SJ_REPORT_NEW,
        .source = SJ_REPORT_FROM_ANSWER,
        .side = request->side,
        .status = rc,
    };
    sj_frame_head(&report, SJ_EVENT_ORDER_REPORT, sizeof report);
    report.instrument = request->instrument;
    report.exch_ns = sj_clock_utc_ns();
    sj_decide_report(trader->decide, &report, report.exch_ns);
}

uint32_t trader_send_held(struct sj_trader *trader)
{
    uint32_t count = 0;
    if (trader->held_head == trader->held_tail)
        return 0;
    uint64_t durable = sj_journal_durable_seq(trader->journal, SJ_SRC_STRATEGY);
    while (trader->held_head != trader->held_tail) {
        const struct trader_held held = trader->held[trader->held_head % TRADER_HELD_MAX];
        if (held.after_seq > durable)
            break;
        trader->held_head++;
        count++;
        sj_rc rc = send_now(trader, &held.request);
        if (rc < 0)
            tell_unsent(trader, &held.request, rc);
    }
    return count;
}

static void expect(void *context, uint32_t instrument)
{
    sj_order_link_expect(((struct sj_trader *)context)->link, instrument);
}

static void trip(void *context, const struct sj_control *control)
{
    struct sj_trader *trader = context;
    sj_switch_trip(trader->sw, (enum sj_control_source)control->source, control->text);
    if (!trader->begun) /* the first turn takes it as a switch that was thrown before */
        return;
    trader->killed = true;
    trader->seen = sj_switch_generation(trader->sw);
}

static void ask_account(void *context)
{
    struct sj_trader *trader = context;
    sj_trader_account_now(trader->account);
}

static void panic_done(void *context)
{
    struct sj_trader *trader = context;
    sj_switch_panic_done(trader->sw, trader->panics);
}

static void log_line(void *context, uint32_t strategy, const char *text)
{
    (void)context;
    sj_log_info("strategy", "%u: %s", strategy, text);
}

sj_rc trader_create_decide(struct sj_trader *trader, char error[SJ_TRADER_ERROR_MAX])
{
    const struct sj_decide_ops ops = {
        .context = trader,
        .publish = publish,
        .send = send_request,
        .expect = expect,
        .trip = trip,
        .ask_account = ask_account,
        .panic_done = panic_done,
        .log = log_line,
    };
    const struct sj_deciding deciding = {trader->settings, trader->rules, true, &trader->names};
    return sj_deciding_create(&deciding, &ops, trader->instruments, error, &trader->decide);
}

void trader_on_report(void *context, const struct sj_order_report *report)
{
    struct sj_trader *trader = context;
    struct sj_order_report copy = *report;
    sj_decide_report(trader->decide, &copy, sj_clock_utc_ns());
}

void trader_on_note(void *context, const char *text)
{
    (void)context;
    sj_log_info("orders", "%s", text);
}
