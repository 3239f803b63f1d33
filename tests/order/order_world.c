#include "order_world.h"

#define DAY_NS (INT64_C(1795410000) * SJ_NS_PER_S) /* 2026-11-23 13:00 Taipei */

static void emit(void *context, struct sj_frame *event)
{
    struct world *world = context;
    assert_true(world->event_count < WORLD_EVENTS_MAX);
    assert_true(sj_frame_size(event) <= sizeof(union world_event));
    memcpy(&world->events[world->event_count++], event, sj_frame_size(event));
}

static sj_rc send_request(void *context, const struct sj_order_request *request)
{
    struct world *world = context;
    if (world->send_rc < 0)
        return world->send_rc;
    assert_true(world->sent_count < WORLD_EVENTS_MAX);
    world->sent[world->sent_count++] = *request;
    return 0;
}

static void start(struct world *world)
{
    struct sj_order_ops ops = {world, emit, send_request};
    assert_int_equal(sj_orders_create(&world->config, world->instruments, &ops, &world->orders), 0);
}

struct world *world_create(void)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    sj_orders_config_default(&world->config);
    world->config.max_open = 64;
    world->config.max_kept = 128;
    world->now_ns = DAY_NS;
    start(world);
    return world;
}

void world_close(struct world *world)
{
    sj_orders_close(world->orders);
    free(world);
}

void world_restart(struct world *world, const struct sj_intent *intents, uint32_t count)
{
    sj_orders_close(world->orders);
    start(world);
    for (uint32_t i = 0; i < count; i++) {
        struct sj_verdict verdict = {.intent_id = intents[i].intent_id, .accepted = 1};
        sj_frame_head(&verdict, SJ_EVENT_VERDICT, sizeof verdict);
        sj_orders_restore(world->orders, (const struct sj_frame *)&intents[i]);
        sj_orders_restore(world->orders, (const struct sj_frame *)&verdict);
    }
    for (uint32_t i = 0; i < world->event_count; i++)
        sj_orders_restore(world->orders, &world->events[i].frame);
    sj_orders_restored(world->orders, world->now_ns);
}

struct sj_intent world_intent(uint64_t intent_id, uint32_t quantity)
{
    struct sj_intent intent = {.instrument = 1,
                               .intent_id = intent_id,
                               .recv_ns = DAY_NS,
                               .price_e6 = 600000000,
                               .quantity = quantity,
                               .strategy = 1,
                               .kind = SJ_INTENT_PLACE,
                               .side = SJ_SIDE_BUY,
                               .price_type = SJ_ORDER_LMT,
                               .time_in_force = SJ_ORDER_ROD};
    sj_frame_head(&intent, SJ_EVENT_INTENT, sizeof intent);
    return intent;
}

void world_place(struct world *world, uint64_t intent_id, uint32_t quantity)
{
    struct sj_intent intent = world_intent(intent_id, quantity);
    assert_int_equal(sj_orders_intent(world->orders, &intent, world->now_ns), 0);
}

sj_rc world_cancel(struct world *world, uint64_t target_id)
{
    struct sj_intent intent = world_intent(target_id + 1000000, 0);
    intent.kind = SJ_INTENT_CANCEL;
    intent.target_id = target_id;
    return sj_orders_intent(world->orders, &intent, world->now_ns);
}

struct sj_order_report world_report(enum sj_report_kind kind, enum sj_report_source source,
                                    uint64_t intent_id)
{
    struct sj_order_report report = {.instrument = 1,
                                     .exch_ns = DAY_NS,
                                     .recv_ns = DAY_NS,
                                     .price_e6 = SJ_NULL_E6,
                                     .kind = (uint8_t)kind,
                                     .source = (uint8_t)source,
                                     .side = SJ_SIDE_BUY};
    sj_frame_head(&report, SJ_EVENT_ORDER_REPORT, sizeof report);
    snprintf(report.order_id, sizeof report.order_id, "o%llu", (unsigned long long)intent_id);
    memcpy(report.op_code, "00", 2);
    return report;
}

struct sj_order_report world_deal(uint64_t intent_id, uint32_t number, uint32_t quantity)
{
    struct sj_order_report deal = world_report(SJ_REPORT_DEAL, SJ_REPORT_FROM_STREAM, intent_id);
    deal.price_e6 = 600000000;
    deal.quantity = quantity;
    snprintf(deal.exchange_seq, sizeof deal.exchange_seq, "%06u", number);
    return deal;
}

void world_say(struct world *world, struct sj_order_report report)
{
    /* What a list says carries the request it answers. */
    const struct sj_order_request *list = world_sent(world, SJ_REQUEST_LIST);
    if (report.source == SJ_REPORT_FROM_LIST && list)
        report.request_id = list->request_id;
    sj_orders_report(world->orders, &report, world->now_ns);
}

void world_ack(struct world *world, uint64_t intent_id)
{
    struct sj_order_report answer = world_report(SJ_REPORT_NEW, SJ_REPORT_FROM_ANSWER, intent_id);
    answer.status = 200;
    answer.broker_status = SJ_BROKER_PENDING_SUBMIT;
    for (uint32_t i = 0; i < world->sent_count; i++)
        if (world->sent[i].intent_id == intent_id && world->sent[i].kind == SJ_REQUEST_PLACE)
            answer.request_id = world->sent[i].request_id;
    assert_int_not_equal(answer.request_id, 0);
    world_say(world, answer);
    world_say(world, world_report(SJ_REPORT_NEW, SJ_REPORT_FROM_STREAM, intent_id));
}

const struct sj_order_request *world_sent(const struct world *world,
                                          enum sj_order_request_kind kind)
{
    for (uint32_t i = world->sent_count; i-- > 0;)
        if (world->sent[i].kind == kind)
            return &world->sent[i];
    return NULL;
}

uint32_t world_sent_count(const struct world *world, enum sj_order_request_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->sent_count; i++)
        count += world->sent[i].kind == kind;
    return count;
}

uint32_t world_filled(const struct world *world, uint64_t intent_id)
{
    uint32_t filled = 0;
    for (uint32_t i = 0; i < world->event_count; i++)
        if (world->events[i].frame.template_id == SJ_EVENT_FILL &&
            world->events[i].fill.intent_id == intent_id)
            filled += world->events[i].fill.quantity;
    return filled;
}

uint32_t world_controls(const struct world *world, enum sj_control_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->event_count; i++)
        count += world->events[i].frame.template_id == SJ_EVENT_CONTROL &&
                 world->events[i].control.kind == kind;
    return count;
}

enum sj_order_state world_state(const struct world *world, uint64_t intent_id)
{
    struct sj_order_view view;
    return sj_orders_find(world->orders, intent_id, &view) ? (enum sj_order_state)view.state
                                                           : SJ_ORDER_NONE;
}

static struct sj_order_report list_word(const struct world *world, enum sj_report_kind kind)
{
    struct sj_order_report report = world_report(kind, SJ_REPORT_FROM_LIST, 0);
    const struct sj_order_request *list = world_sent(world, SJ_REQUEST_LIST);
    assert_non_null(list);
    report.request_id = list->request_id;
    report.order_id[0] = '\0';
    report.instrument = 0;
    return report;
}

void world_list_begin(struct world *world)
{
    world_say(world, list_word(world, SJ_REPORT_LIST_BEGIN));
}

void world_list_end(struct world *world)
{
    world_say(world, list_word(world, SJ_REPORT_LIST_END));
}

struct sj_order_report world_listed(uint64_t intent_id, uint32_t quantity,
                                    enum sj_broker_status status, uint32_t filled)
{
    struct sj_order_report report = world_report(SJ_REPORT_LISTED, SJ_REPORT_FROM_LIST, intent_id);
    report.quantity = quantity;
    report.filled = filled;
    report.broker_status = (uint8_t)status;
    report.price_e6 = 600000000;
    return report;
}

struct sj_order_report world_listed_deal(uint64_t intent_id, uint32_t number, uint32_t quantity)
{
    struct sj_order_report deal = world_deal(intent_id, number, quantity);
    deal.source = SJ_REPORT_FROM_LIST;
    return deal;
}
