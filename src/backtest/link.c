/* Between src/order and the venue: requests on their way out, reports on their way back, each word
 * of the exchange as the broker would say it. */
#include "backtest/run_private.h"

#include "order/tag.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- out --- */

static uint8_t kind_of(uint8_t request)
{
    static const uint8_t kinds[] = {[SJ_REQUEST_PLACE] = SJ_BT_PLACE,
                                    [SJ_REQUEST_CANCEL] = SJ_BT_CANCEL,
                                    [SJ_REQUEST_PRICE] = SJ_BT_REPRICE,
                                    [SJ_REQUEST_QUANTITY] = SJ_BT_REDUCE,
                                    [SJ_REQUEST_LIST] = SJ_BT_LIST};
    return kinds[request];
}

sj_rc bt_link_send(void *context, const struct sj_order_request *request)
{
    struct run *run = context;
    const struct asked *asked = &run->asked[request->intent_id % ASKED_COUNT];
    bool placed = request->kind == SJ_REQUEST_PLACE && asked->intent == request->intent_id;
    if (run->starting && request->kind == SJ_REQUEST_LIST) {
        run->list_request = request->request_id;
        return 0;
    }
    struct sj_bt_request out = {.at_ns = sj_bt_way_arrival(&run->order_way, run->now_ns),
                                .order = request->intent_id,
                                .number = placed ? asked->row.order : 0,
                                .request_id = request->request_id,
                                .price_e6 = request->price_e6,
                                .mid = placed ? asked->mid : NAN,
                                .instrument = request->instrument,
                                .strategy = placed ? asked->row.strategy : 0,
                                .quantity = request->quantity,
                                .kind = kind_of(request->kind),
                                .side = request->side == SJ_SIDE_SELL,
                                .time_in_force = request->time_in_force,
                                .market = request->price_type != SJ_ORDER_LMT,
                                .odd = request->order_lot == SJ_LOT_INTRADAY_ODD,
                                .less = run->quantity_less};
    sj_rc rc = sj_bt_requests_push(&run->requests, &out);
    if (rc < 0) {
        run->rc = rc;
        snprintf(run->error, SJ_BT_ERROR_MAX, "too many requests are on their way");
        return rc;
    }
    return 0;
}

/* --- at the exchange --- */

static void note_fill(struct run *run, const struct sj_bt_report *report)
{
    const struct sj_bt_options *options = run->options;
    struct sj_bt_result *result = &run->result;
    double price = (double)report->price_e6 / 1e6;
    double quantity = report->quantity * run->lot, value = price * report->quantity * report->unit;
    double sign = report->side ? -1 : 1;
    result->fills++;
    result->fee += (report->maker ? options->maker_fee : options->taker_fee) * value;
    result->balance -= sign * value;
    result->position += sign * quantity;
    result->volume += quantity;
    result->value += value;
    struct sj_bt_fill_row row = {.exch_ns = report->exch_ns,
                                 .local_ns = report->at_ns,
                                 .order = report->number,
                                 .intent = report->order,
                                 .price_e6 = report->price_e6,
                                 .instrument = report->instrument,
                                 .strategy = report->strategy,
                                 .quantity = report->quantity,
                                 .left = report->left,
                                 .side = report->side,
                                 .maker = report->maker,
                                 .queue = report->queue,
                                 .slippage = (price - report->mid) * sign,
                                 .unit = report->unit};
    if (options->sink.fill)
        options->sink.fill(options->sink.context, &row);
}

static void note_end(struct run *run, const struct sj_bt_report *report)
{
    static const uint8_t whats[] = {[SJ_BT_WORKING] = SJ_BT_RESTED,
                                    [SJ_BT_EXPIRED] = SJ_BT_EXPIRY,
                                    [SJ_BT_CANCELLED] = SJ_BT_CANCELLATION,
                                    [SJ_BT_REJECTED] = SJ_BT_REFUSED};
    bool told = report->kind == SJ_BT_WORKING || report->kind == SJ_BT_EXPIRED ||
                report->kind == SJ_BT_CANCELLED || report->kind == SJ_BT_REJECTED;
    run->result.expired += report->kind == SJ_BT_EXPIRED;
    run->result.denied += report->kind == SJ_BT_DENIED;
    run->result.refused += report->kind == SJ_BT_REJECTED;
    if (!told || !run->options->sink.order)
        return;
    struct sj_bt_order_row row = {.time_ns = report->exch_ns,
                                  .order = report->number,
                                  .intent = report->order,
                                  .price_e6 = report->price_e6,
                                  .instrument = report->instrument,
                                  .strategy = report->strategy,
                                  .quantity = report->quantity,
                                  .left = report->left,
                                  .side = report->side,
                                  .what = whats[report->kind],
                                  .queue = report->queue};
    run->options->sink.order(run->options->sink.context, &row);
}

sj_rc bt_link_on_report(void *context, struct sj_bt_report *report)
{
    struct run *run = context;
    report->at_ns = sj_bt_way_arrival(&run->report_way, report->exch_ns);
    if (report->kind == SJ_BT_FILLED)
        note_fill(run, report);
    else
        note_end(run, report);
    return sj_bt_reports_push(&run->reports, report);
}

sj_rc bt_link_reject(struct run *run, const struct sj_bt_request *request, const char *why)
{
    bool place = request->kind == SJ_BT_PLACE;
    struct sj_bt_report word = {.exch_ns = request->at_ns,
                                .order = request->order,
                                .number = request->number,
                                .answers = request->request_id,
                                .price_e6 = request->price_e6,
                                .limit_e6 = request->price_e6,
                                .instrument = request->instrument,
                                .strategy = request->strategy,
                                .quantity = request->quantity,
                                .left = request->quantity,
                                .kind = place ? SJ_BT_REJECTED : SJ_BT_DENIED,
                                .side = request->side,
                                .request = request->kind,
                                .queue = NAN,
                                .mid = request->mid,
                                .why = why};
    return bt_link_on_report(run, &word);
}

/* The list of what works: a word for its beginning, for each order, and for its end. */
sj_rc bt_link_list_bound(struct run *run, const struct sj_bt_request *request,
                         enum sj_bt_report_kind kind)
{
    struct sj_bt_report word = {
        .exch_ns = request->at_ns, .answers = request->request_id, .kind = (uint8_t)kind};
    return bt_link_on_report(run, &word);
}

/* --- back --- */

static void hex(char *text, uint64_t value, unsigned digits)
{
    for (unsigned i = digits; i-- > 0; value >>= 4)
        text[i] = "0123456789abcdef"[value & 15];
}

static struct sj_order_report words_of(const struct sj_bt_report *report, enum sj_report_kind kind,
                                       enum sj_report_source source)
{
    struct sj_order_report words = {.instrument = report->instrument,
                                    .exch_ns = report->exch_ns,
                                    .intent_id = report->order,
                                    .price_e6 = report->price_e6,
                                    .quantity = report->quantity,
                                    .filled = SJ_NULL_U32,
                                    .cancelled = SJ_NULL_U32,
                                    .kind = (uint8_t)kind,
                                    .source = (uint8_t)source,
                                    .side = report->side ? SJ_SIDE_SELL : SJ_SIDE_BUY};
    sj_frame_head(&words, SJ_EVENT_ORDER_REPORT, sizeof words);
    hex(words.order_id, report->order, 12);
    memcpy(words.op_code, "00", 3);
    return words;
}

static void answer(struct run *run, const struct sj_bt_report *report, enum sj_report_kind kind,
                   int32_t status)
{
    struct sj_order_report words = words_of(report, kind, SJ_REPORT_FROM_ANSWER);
    words.request_id = report->answers;
    words.status = status;
    if (kind == SJ_REPORT_NEW)
        words.broker_status = status == 200 ? SJ_BROKER_SUBMITTED : SJ_BROKER_FAILED;
    if (status != 200)
        snprintf(words.text, sizeof words.text, "%s",
                 report->why ? report->why : "there is no such order any more");
    sj_decide_report(run->decide, &words, run->now_ns);
}

static void stream(struct run *run, const struct sj_bt_report *report, enum sj_report_kind kind)
{
    struct sj_order_report words = words_of(report, kind, SJ_REPORT_FROM_STREAM);
    words.price_e6 = kind == SJ_REPORT_DEAL ? report->price_e6 : report->limit_e6;
    if (kind == SJ_REPORT_DEAL)
        hex(words.exchange_seq, ++run->deals, 12);
    else if (kind != SJ_REPORT_PRICE)
        words.cancelled = report->reduced + (kind == SJ_REPORT_CANCEL ? report->left : 0);
    sj_decide_report(run->decide, &words, run->now_ns);
}

static enum sj_report_kind change_kind(uint8_t request)
{
    return request == SJ_BT_CANCEL    ? SJ_REPORT_CANCEL
           : request == SJ_BT_REPRICE ? SJ_REPORT_PRICE
                                      : SJ_REPORT_QUANTITY;
}

static void list_bound(struct run *run, enum sj_report_kind kind, uint64_t request)
{
    struct sj_order_report words = {.exch_ns = run->now_ns,
                                    .request_id = request,
                                    .price_e6 = SJ_NULL_E6,
                                    .kind = (uint8_t)kind,
                                    .source = SJ_REPORT_FROM_LIST,
                                    .status = 200};
    sj_frame_head(&words, SJ_EVENT_ORDER_REPORT, sizeof words);
    sj_decide_report(run->decide, &words, run->now_ns);
}

void bt_link_list_empty(struct run *run)
{
    if (run->list_request == 0)
        return;
    list_bound(run, SJ_REPORT_LIST_BEGIN, run->list_request);
    list_bound(run, SJ_REPORT_LIST_END, run->list_request);
    run->list_request = 0;
}

static void listed(struct run *run, const struct sj_bt_report *report)
{
    struct sj_order_report words = words_of(report, SJ_REPORT_LISTED, SJ_REPORT_FROM_LIST);
    uint32_t filled = report->quantity - report->left;
    words.quantity = report->quantity + report->reduced;
    words.filled = filled;
    words.cancelled = report->reduced;
    words.broker_status = filled ? SJ_BROKER_PART_FILLED : SJ_BROKER_SUBMITTED;
    sj_order_tag(report->order, words.custom_field);
    sj_decide_report(run->decide, &words, run->now_ns);
}

void bt_link_report(struct run *run, const struct sj_bt_report *report)
{
    bool placed = report->request == SJ_BT_PLACE;
    /* An order that ended, or was dealt, as it came in: first that it came. */
    if (report->answers && placed && report->kind != SJ_BT_REJECTED)
        answer(run, report, SJ_REPORT_NEW, 200);
    switch (report->kind) {
    case SJ_BT_WORKING:
        break;
    case SJ_BT_FILLED:
        if (report->request == SJ_BT_REPRICE && report->answers)
            stream(run, report, SJ_REPORT_PRICE);
        stream(run, report, SJ_REPORT_DEAL);
        break;
    case SJ_BT_EXPIRED:
    case SJ_BT_CANCELLED:
        stream(run, report, SJ_REPORT_CANCEL);
        break;
    case SJ_BT_CHANGED:
        stream(run, report, change_kind(report->request));
        break;
    case SJ_BT_DENIED:
        answer(run, report, change_kind(report->request), 400);
        break;
    case SJ_BT_REJECTED:
        answer(run, report, SJ_REPORT_NEW, 400);
        break;
    case SJ_BT_LISTED:
        listed(run, report);
        break;
    default:
        list_bound(run,
                   report->kind == SJ_BT_LIST_BEGINS ? SJ_REPORT_LIST_BEGIN : SJ_REPORT_LIST_END,
                   report->answers);
    }
}
