#include "broker_model.h"

#include "base/clock.h"
#include "order/tag.h"

#define START_NS (INT64_C(1795404600) * SJ_NS_PER_S) /* 11:30 Taipei */
#define PATIENCE_STEPS 20000

static uint64_t below(struct model *model, uint64_t bound)
{
    return sj_test_random(&model->random) % bound;
}

/* One in `of`, unless all is calm. */
static bool goes_wrong(struct model *model, uint32_t of)
{
    bool wrong = !model->calm && below(model, of) == 0;
    model->faults += wrong;
    return wrong;
}

/* The process acts: false when it died before. */
static bool lives(struct model *model)
{
    if (model->dead)
        return false;
    if (model->acts_left != UINT32_MAX && model->acts_left-- == 0)
        model->dead = true;
    return !model->dead;
}

static void journal(struct model *model, const void *event)
{
    assert_true(model->journal_count < MODEL_JOURNAL_MAX);
    memcpy(&model->journal[model->journal_count++], event, sj_frame_size(event));
}

static void emit(void *context, struct sj_frame *event)
{
    struct model *model = context;
    if (lives(model))
        journal(model, event);
}

static void send_word(struct model *model, const struct model_word *word, int64_t after_ns)
{
    assert_true(model->word_count < MODEL_WORDS_MAX);
    struct model_word *kept = &model->word[model->word_count++];
    *kept = *word;
    kept->due_ns = model->now_ns + after_ns;
    kept->turn = ++model->turn;
}

static int64_t delay_ns(struct model *model)
{
    int64_t ms = (int64_t)below(model, goes_wrong(model, 10) ? 1500 : 20);
    return ms * SJ_NS_PER_MS;
}

static void say_about(struct model *model, const struct sj_order_request *asked,
                      enum sj_report_kind kind, int32_t status, int64_t after_ns)
{
    struct model_word word = {.report = {.instrument = asked->instrument,
                                         .exch_ns = SJ_NULL_I64,
                                         .intent_id = asked->intent_id,
                                         .request_id = asked->request_id,
                                         .price_e6 = SJ_NULL_E6,
                                         .kind = (uint8_t)kind,
                                         .source = kind == SJ_REPORT_TIMEOUT
                                                       ? SJ_REPORT_FROM_LOCAL
                                                       : SJ_REPORT_FROM_ANSWER,
                                         .status = status}};
    memcpy(word.report.order_id, asked->order_id, sizeof word.report.order_id);
    send_word(model, &word, after_ns);
}

static sj_rc send_request(void *context, const struct sj_order_request *request)
{
    struct model *model = context;
    if (!lives(model))
        return 0;
    if (!model->link_up || goes_wrong(model, 50))
        return -SJ_E_FULL;
    struct model_word word = {.request = true, .asked = *request};
    if (goes_wrong(model, 12)) { /* it never arrives */
        say_about(model, request, SJ_REPORT_TIMEOUT, 0, 800 * SJ_NS_PER_MS);
        return 0;
    }
    send_word(model, &word, delay_ns(model));
    return 0;
}

static void start(struct model *model)
{
    const struct sj_order_ops ops = {model, emit, send_request};
    assert_int_equal(sj_orders_create(&model->config, NULL, &ops, &model->orders), 0);
}

struct model *model_create(uint64_t seed)
{
    struct model *model = calloc(1, sizeof *model);
    assert_non_null(model);
    model->random = seed;
    model->now_ns = START_NS;
    model->acts_left = UINT32_MAX;
    model->same_numbers = below(model, 2) == 0;
    sj_orders_config_default(&model->config);
    model->config.max_open = 128;
    model->config.max_kept = 512;
    model->config.timeout_policy = (int32_t)below(model, 2); /* query, cancel */
    start(model);
    return model;
}

void model_close(struct model *model)
{
    sj_orders_close(model->orders);
    free(model);
}

/* --- the broker --- */

static struct sj_order_report about(const struct model_order *order, enum sj_report_kind kind,
                                    int64_t now_ns)
{
    struct sj_order_report report = {.instrument = order->instrument,
                                     .exch_ns = now_ns,
                                     .price_e6 = order->price_e6,
                                     .quantity = order->quantity,
                                     .filled = order->filled,
                                     .cancelled = order->cancelled,
                                     .kind = (uint8_t)kind,
                                     .source = SJ_REPORT_FROM_STREAM,
                                     .side = order->side,
                                     .broker_status = order->status,
                                     .op_code = "00"};
    sj_frame_head(&report, SJ_EVENT_ORDER_REPORT, sizeof report);
    memcpy(report.order_id, order->id, sizeof report.order_id);
    if (order->instrument == MODEL_TAGGED)
        memcpy(report.custom_field, order->tag, sizeof report.custom_field);
    return report;
}

/* A word of the stream: lost, twice, late (and so out of order), or as it should be. */
static void tell(struct model *model, const struct sj_order_report *report)
{
    struct model_word word = {.report = *report};
    if (!model->link_up || goes_wrong(model, 12))
        return;
    send_word(model, &word, delay_ns(model));
    if (goes_wrong(model, 12))
        send_word(model, &word, delay_ns(model));
}

static struct model_order *find_order(struct model *model, const char id[24])
{
    for (uint32_t i = 0; i < model->order_count; i++)
        if (memcmp(model->order[i].id, id, sizeof model->order[i].id) == 0)
            return &model->order[i];
    return NULL;
}

static bool works(const struct model_order *order)
{
    return order->status == SJ_BROKER_SUBMITTED || order->status == SJ_BROKER_PART_FILLED;
}

static void take_place(struct model *model, const struct sj_order_request *asked)
{
    assert_true(model->order_count < MODEL_ORDERS_MAX);
    struct model_order *order = &model->order[model->order_count++];
    *order = (struct model_order){.intent_id = asked->intent_id,
                                  .instrument = asked->instrument,
                                  .quantity = asked->quantity,
                                  .price_e6 = asked->price_e6,
                                  .placed_ns = model->now_ns,
                                  .side = asked->side};
    snprintf(order->id, sizeof order->id, "b%u", model->order_count);
    memcpy(order->tag, asked->custom_field, sizeof order->tag);
    bool refused = goes_wrong(model, 15);
    order->status = refused ? SJ_BROKER_FAILED : SJ_BROKER_SUBMITTED;
    struct sj_order_report report = about(order, SJ_REPORT_NEW, model->now_ns);
    if (refused)
        memcpy(report.op_code, "88", 2);
    tell(model, &report);
}

static bool take_change(struct model *model, struct model_order *order,
                        const struct sj_order_request *asked)
{
    uint32_t left = order ? order->quantity - order->filled - order->cancelled : 0;
    if (!order)
        return false;
    bool accepted = works(order) && (asked->kind != SJ_REQUEST_QUANTITY || asked->quantity < left);
    if (accepted && asked->kind == SJ_REQUEST_CANCEL) {
        order->cancelled += left;
        order->status = SJ_BROKER_CANCELLED;
    } else if (accepted && asked->kind == SJ_REQUEST_QUANTITY) {
        order->cancelled += left - asked->quantity;
    } else if (accepted) {
        order->price_e6 = asked->price_e6;
    }
    struct sj_order_report report =
        about(order, (enum sj_report_kind)(SJ_REPORT_NEW + asked->kind - 1), model->now_ns);
    if (!accepted)
        memcpy(report.op_code, "99", 2);
    tell(model, &report);
    return true;
}

static void list_word(struct model *model, uint64_t request_id, struct sj_order_report report,
                      int64_t after_ns)
{
    report.source = SJ_REPORT_FROM_LIST;
    report.request_id = request_id;
    send_word(model, &(struct model_word){.report = report}, after_ns);
}

static void take_list(struct model *model, uint64_t request_id)
{
    int64_t after_ns = delay_ns(model);
    struct sj_order_report plain = {.kind = SJ_REPORT_LIST_BEGIN};
    list_word(model, request_id, plain, after_ns);
    for (uint32_t i = 0; i < model->order_count; i++) {
        const struct model_order *order = &model->order[i];
        list_word(model, request_id, about(order, SJ_REPORT_LISTED, order->placed_ns), after_ns);
        for (uint32_t d = 0; d < model->deal_count; d++) {
            const struct model_deal *deal = &model->deal[d];
            struct sj_order_report report = about(order, SJ_REPORT_DEAL, deal->ns);
            report.quantity = deal->quantity;
            report.price_e6 = deal->price_e6;
            snprintf(report.exchange_seq, sizeof report.exchange_seq, "%u",
                     model->same_numbers ? deal->number : deal->list_number);
            if (deal->order == i)
                list_word(model, request_id, report, after_ns);
        }
    }
    plain.kind = SJ_REPORT_LIST_END;
    list_word(model, request_id, plain, after_ns);
}

static void take_request(struct model *model, const struct sj_order_request *asked)
{
    if (asked->kind == SJ_REQUEST_LIST) {
        if (goes_wrong(model, 6))
            say_about(model, asked, SJ_REPORT_TIMEOUT, 0, 500 * SJ_NS_PER_MS);
        else
            take_list(model, asked->request_id);
        return;
    }
    bool known = true;
    struct sj_order_request answered = *asked;
    if (asked->kind == SJ_REQUEST_PLACE) {
        take_place(model, asked);
        memcpy(answered.order_id, model->order[model->order_count - 1].id,
               sizeof answered.order_id);
    } else {
        known = take_change(model, find_order(model, asked->order_id), asked);
    }
    if (goes_wrong(model, 12)) /* it was done, and nobody hears of it */
        say_about(model, asked, SJ_REPORT_TIMEOUT, goes_wrong(model, 2) ? 409 : 0,
                  800 * SJ_NS_PER_MS);
    else
        say_about(model, &answered, (enum sj_report_kind)(SJ_REPORT_NEW + asked->kind - 1),
                  known ? 200 : 404, delay_ns(model));
}

static void deal(struct model *model)
{
    struct model_order *order = &model->order[below(model, model->order_count)];
    uint32_t left = order->quantity - order->filled - order->cancelled;
    if (!works(order) || left == 0 || model->deal_count == MODEL_DEALS_MAX)
        return;
    uint32_t quantity = 1 + (uint32_t)below(model, left);
    struct model_deal *made = &model->deal[model->deal_count++];
    *made = (struct model_deal){.order = (uint32_t)(order - model->order),
                                .quantity = quantity,
                                .number = 5000 + model->deal_count,
                                .list_number = model->deal_count,
                                .ns = model->now_ns,
                                .price_e6 = order->price_e6};
    order->filled += quantity;
    order->status = left == quantity ? SJ_BROKER_FILLED : SJ_BROKER_PART_FILLED;
    struct sj_order_report report = about(order, SJ_REPORT_DEAL, model->now_ns);
    report.quantity = quantity;
    snprintf(report.exchange_seq, sizeof report.exchange_seq, "%u", made->number);
    tell(model, &report);
}

static void take_back(struct model *model)
{
    struct model_order *order = &model->order[below(model, model->order_count)];
    if (!works(order))
        return;
    order->cancelled = order->quantity - order->filled;
    order->status = SJ_BROKER_CANCELLED;
    struct sj_order_report report = about(order, SJ_REPORT_CANCEL, model->now_ns);
    tell(model, &report);
}

/* --- the link and the process --- */

static void set_link(struct model *model, bool up)
{
    model->link_up = up;
    struct sj_order_report report = {.kind = up ? SJ_REPORT_LINK_UP : SJ_REPORT_LINK_DOWN,
                                     .source = SJ_REPORT_FROM_LOCAL};
    sj_orders_report(model->orders, &report, model->now_ns);
}

/* What is under way to us is lost. What is under way to the broker arrives, or not; the link says
 * TIMEOUT of all of it while the process lives. */
static void cut(struct model *model, bool told)
{
    uint32_t kept = 0;
    struct model_word words[64];
    uint32_t word_count = 0;
    for (uint32_t i = 0; i < model->word_count; i++) {
        struct model_word *word = &model->word[i];
        if (word->request && word_count < 64)
            words[word_count++] = *word;
        /* Of a request that is answered, or timed out, only the end is missing. */
        bool closes =
            !word->request && word->report.request_id != 0 &&
            (word->report.source != SJ_REPORT_FROM_LIST || word->report.kind == SJ_REPORT_LIST_END);
        if (told && closes) {
            word->report = (struct sj_order_report){.request_id = word->report.request_id,
                                                    .kind = SJ_REPORT_TIMEOUT,
                                                    .source = SJ_REPORT_FROM_LOCAL};
            word->due_ns = model->now_ns;
            model->word[kept++] = *word;
        }
    }
    model->word_count = kept;
    for (uint32_t i = 0; i < word_count; i++) {
        bool up = model->link_up;
        model->link_up = false; /* nobody hears what it leads to */
        uint32_t before = model->word_count;
        if (below(model, 2) && words[i].asked.kind != SJ_REQUEST_LIST)
            take_request(model, &words[i].asked);
        model->word_count = before;
        model->link_up = up;
        if (told)
            say_about(model, &words[i].asked, SJ_REPORT_TIMEOUT, 0, 0);
    }
}

static void restart(struct model *model)
{
    model->kills++;
    cut(model, false);
    sj_orders_close(model->orders);
    model->dead = false;
    model->acts_left = UINT32_MAX;
    model->link_up = false;
    start(model);
    uint32_t count = model->journal_count;
    for (uint32_t i = 0; i < count; i++)
        sj_orders_restore(model->orders, &model->journal[i].of.frame);
    sj_orders_restored(model->orders, model->now_ns);
    set_link(model, true);
}

static void deliver(struct model *model)
{
    for (;;) {
        uint32_t first = UINT32_MAX;
        for (uint32_t i = 0; i < model->word_count; i++)
            if (model->word[i].due_ns <= model->now_ns &&
                (first == UINT32_MAX || model->word[i].due_ns < model->word[first].due_ns ||
                 (model->word[i].due_ns == model->word[first].due_ns &&
                  model->word[i].turn < model->word[first].turn)))
                first = i;
        if (first == UINT32_MAX || model->dead)
            return;
        struct model_word word = model->word[first];
        model->word[first] = model->word[--model->word_count];
        if (word.request)
            take_request(model, &word.asked);
        else
            sj_orders_report(model->orders, &word.report, model->now_ns);
    }
}

/* --- the user --- */

/* Whether it is taken is the orders' business: what follows is judged. */
static void give(struct model *model, const struct sj_intent *intent)
{
    sj_rc rc = sj_orders_intent(model->orders, intent, model->now_ns);
    assert_true(rc == 0 || rc == -SJ_E_FULL || rc == -SJ_E_UNKNOWN);
}

static void place(struct model *model)
{
    if (model->order_count >= MODEL_ORDERS_MAX - 64 || model->intent_count >= 90)
        return;
    struct sj_intent intent = {.instrument = 1 + (uint32_t)below(model, 2),
                               .recv_ns = model->now_ns,
                               .intent_id = ++model->intent_count,
                               .price_e6 = (int64_t)(600 + below(model, 40)) * 1000000,
                               .quantity = 1 + (uint32_t)below(model, 9),
                               .strategy = 1,
                               .kind = SJ_INTENT_PLACE,
                               .side = (uint8_t)(1 + below(model, 2)),
                               .price_type = SJ_ORDER_LMT,
                               .time_in_force = SJ_ORDER_ROD};
    struct sj_verdict verdict = {.intent_id = intent.intent_id, .accepted = 1};
    sj_frame_head(&intent, SJ_EVENT_INTENT, sizeof intent);
    sj_frame_head(&verdict, SJ_EVENT_VERDICT, sizeof verdict);
    if (lives(model))
        journal(model, &intent);
    if (lives(model))
        journal(model, &verdict);
    if (!model->dead)
        give(model, &intent);
}

static void change(struct model *model)
{
    if (model->intent_count == 0)
        return;
    struct sj_intent intent = {.intent_id = 1000000 + model->turn,
                               .target_id = 1 + below(model, model->intent_count),
                               .price_e6 = (int64_t)(600 + below(model, 40)) * 1000000,
                               .quantity = 1 + (uint32_t)below(model, 9),
                               .kind = (uint8_t)(SJ_INTENT_CANCEL + below(model, 3))};
    give(model, &intent);
}

void model_step(struct model *model)
{
    model->now_ns += (int64_t)below(model, 60) * SJ_NS_PER_MS;
    if (!model->calm && below(model, 40) == 0 && model->acts_left == UINT32_MAX)
        model->acts_left = (uint32_t)below(model, 8);
    deliver(model);
    switch (model->dead ? 99 : below(model, 12)) {
    case 0:
    case 1:
        if (!model->calm)
            place(model);
        break;
    case 2:
        if (!model->calm)
            change(model);
        break;
    case 3:
    case 4:
        if (model->order_count > 0)
            deal(model);
        break;
    case 5:
        if (model->order_count > 0 && below(model, 6) == 0)
            take_back(model);
        break;
    case 6:
        if (goes_wrong(model, 10) && model->link_up) {
            set_link(model, false);
            cut(model, true);
        }
        break;
    case 7:
        if (!model->link_up)
            set_link(model, true);
        break;
    default:
        break;
    }
    if (!model->dead)
        sj_orders_time(model->orders, model->now_ns);
    if (model->dead)
        restart(model);
}

/* --- the end --- */

static bool decided(struct model *model)
{
    struct sj_order_view view;
    uint32_t cursor = 0;
    while (sj_orders_open_next(model->orders, &cursor, &view)) {
        bool undecidable = view.instrument == MODEL_UNTAGGED && view.state == SJ_ORDER_UNKNOWN &&
                           sj_orders_blocked(model->orders, MODEL_UNTAGGED);
        if (view.state != SJ_ORDER_WORKING && view.state != SJ_ORDER_PARTIAL && !undecidable)
            return false;
    }
    return model->word_count == 0 && model->link_up;
}

void model_settle(struct model *model)
{
    model->calm = true;
    model->acts_left = UINT32_MAX;
    if (model->dead)
        restart(model);
    for (int i = 0; i < 400; i++)
        model_step(model);
    /* Reports that were lost before are in the list only. */
    for (int i = 0; i < 2; i++) {
        model->now_ns += 6 * SJ_NS_PER_S;
        (void)sj_orders_reconcile(model->orders, model->now_ns);
        int steps = 0;
        do
            model_step(model);
        while ((!decided(model) || steps < 20) && ++steps < PATIENCE_STEPS);
        assert_true(steps < PATIENCE_STEPS);
    }
}

static uint32_t journalled(const struct model *model, uint64_t intent_id)
{
    uint32_t filled = 0;
    for (uint32_t i = 0; i < model->journal_count; i++) {
        const struct sj_fill *fill = &model->journal[i].of.fill;
        if (model->journal[i].of.frame.template_id == SJ_EVENT_FILL && fill->intent_id == intent_id)
            filled += fill->quantity;
    }
    return filled;
}

static void check_intent(struct model *model, uint64_t id)
{
    const struct model_order *found = NULL;
    for (uint32_t i = 0; i < model->order_count; i++)
        if (model->order[i].intent_id == id) {
            assert_null(found); /* sent once */
            found = &model->order[i];
        }
    struct sj_order_view view;
    bool known = sj_orders_find(model->orders, id, &view);
    if (!found) {
        /* Never arrived: not open, unless nobody can say. */
        bool open = known && !sj_order_ended((enum sj_order_state)view.state);
        assert_true(!open || (view.instrument == MODEL_UNTAGGED &&
                              sj_orders_blocked(model->orders, view.instrument)));
        assert_int_equal(journalled(model, id), 0);
        return;
    }
    assert_true(known); /* none forgotten */
    if (view.state == SJ_ORDER_UNKNOWN) {
        assert_int_equal(view.instrument, MODEL_UNTAGGED);
        assert_true(sj_orders_blocked(model->orders, view.instrument));
        return;
    }
    assert_int_equal(view.filled, found->filled);
    assert_int_equal(journalled(model, id), found->filled);
    assert_int_equal(view.left,
                     works(found) ? found->quantity - found->filled - found->cancelled : 0);
    assert_string_equal(view.order_id, found->id);
}

void model_check(struct model *model)
{
    for (uint64_t id = 1; id <= model->intent_count; id++)
        check_intent(model, id);
    assert_false(sj_orders_blocked(model->orders, MODEL_TAGGED));
}
