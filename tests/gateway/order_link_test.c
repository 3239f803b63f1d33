/*
 * The order link and the orders together against the broker simulator, in one thread: every test
 * ends with what is true at the exchange equal to what we hold.
 */
#include "support/test.h"

#include "../brokersim/sim_client.h"

#include "base/clock.h"
#include "gateway/order_link.h"
#include "order/tag.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

static char socket_folder[] = "/tmp/shijim-link-XXXXXX";

#define PATIENCE_NS (20 * SJ_NS_PER_S)
#define FILLS_MAX 1024

struct trader {
    struct sim_client *client;
    struct sj_instruments *instruments;
    struct sj_orders_config config;
    struct sj_order_link_options options;
    struct sj_orders *orders;
    struct sj_order_link *link;
    struct sj_rate rate;
    uint32_t stock, future;
    int64_t filled[4]; /* signed, by instrument */
    uint32_t fill_count, ups, downs, blocks;
    bool deaf; /* reports of the stream are thrown away: a kill in between */
    union {
        struct sj_frame frame;
        uint8_t bytes[SJ_EVENT_SIZE_MAX];
    } journal[FILLS_MAX];
    uint32_t journal_count;
    uint64_t intent_id;
};

static void keep(struct trader *trader, const void *event)
{
    assert_true(trader->journal_count < FILLS_MAX);
    memcpy(&trader->journal[trader->journal_count++], event, sj_frame_size(event));
}

static void emit(void *context, struct sj_frame *event)
{
    struct trader *trader = context;
    keep(trader, event);
    if (event->template_id == SJ_EVENT_FILL) {
        const struct sj_fill *fill = (const struct sj_fill *)event;
        trader->filled[fill->instrument] +=
            fill->side == SJ_SIDE_BUY ? fill->quantity : -(int64_t)fill->quantity;
        trader->fill_count++;
    }
    if (event->template_id == SJ_EVENT_CONTROL)
        trader->blocks += ((const struct sj_control *)event)->kind == SJ_CONTROL_BLOCK;
}

static sj_rc send_request(void *context, const struct sj_order_request *request)
{
    return sj_order_link_send(((struct trader *)context)->link, request);
}

static void take_report(void *context, const struct sj_order_report *report)
{
    struct trader *trader = context;
    trader->ups += report->kind == SJ_REPORT_LINK_UP;
    trader->downs += report->kind == SJ_REPORT_LINK_DOWN;
    if (!trader->deaf)
        sj_orders_report(trader->orders, report, sj_clock_utc_ns());
}

static void note(void *context, const char *text)
{
    (void)context;
    print_message("# %s\n", text);
}

static uint32_t define(struct trader *trader, const char *code, enum sj_security security,
                       enum sj_exchange exchange)
{
    struct sj_instrument one = {.security = (uint8_t)security, .exchange = (uint8_t)exchange};
    uint32_t id;
    memcpy(one.code, code, strlen(code));
    assert_true(sj_instruments_put(trader->instruments, &one, &id) >= 0);
    return id;
}

static void work(struct trader *trader)
{
    sim_work(trader->client);
    (void)sj_order_link_work(trader->link);
    sj_orders_time(trader->orders, sj_clock_utc_ns());
}

/* A life: orders and link made new; what was journalled is restored. */
static void live(struct trader *trader)
{
    char error[SJ_ENDPOINT_ERROR_MAX] = "";
    const struct sj_order_ops ops = {trader, emit, send_request};
    sj_rc rc = sj_order_link_create(&trader->options, &trader->link, error);
    assert_string_equal(error, "");
    assert_int_equal(rc, 0);
    assert_int_equal(sj_orders_create(&trader->config, trader->instruments, &ops, &trader->orders),
                     0);
    uint32_t count = trader->journal_count;
    for (uint32_t i = 0; i < count; i++)
        sj_orders_restore(trader->orders, &trader->journal[i].frame);
    sj_orders_restored(trader->orders, sj_clock_utc_ns());
}

static void die(struct trader *trader)
{
    sj_order_link_close(trader->link);
    sj_orders_close(trader->orders);
    trader->deaf = false;
}

static bool ready(struct trader *trader)
{
    struct sj_orders_stats stats;
    sj_orders_stats(trader->orders, &stats);
    return stats.link_up && stats.reconciled;
}

/* Everything is decided: nothing in doubt, nothing pending. */
static bool settled(struct trader *trader)
{
    struct sj_order_view view;
    uint32_t cursor = 0;
    while (sj_orders_open_next(trader->orders, &cursor, &view))
        if (view.state != SJ_ORDER_WORKING && view.state != SJ_ORDER_PARTIAL)
            return false;
    return ready(trader);
}

#define WAIT_FOR(trader, condition)                                                                \
    do {                                                                                           \
        int64_t until = sj_clock_mono_ns() + PATIENCE_NS;                                          \
        while (!(condition) && sj_clock_mono_ns() < until)                                         \
            work(trader);                                                                          \
        assert_true(condition);                                                                    \
    } while (0)

static void unix_socket(struct sj_brokersim_options *options)
{
    options->socket_dir = socket_folder;
}

static struct trader *trader_start(bool over_unix)
{
    static char server[64], path[128];
    struct trader *trader = calloc(1, sizeof *trader);
    assert_non_null(trader);
    struct sj_brokersim_options options = {0};
    trader->client = sim_start(over_unix ? unix_socket : NULL);
    assert_int_equal(sj_instruments_create(8, &trader->instruments), 0);
    trader->stock = define(trader, "2330", SJ_SECURITY_STK, SJ_EXCHANGE_TSE);
    snprintf(server, sizeof server, "http://127.0.0.1:%u",
             sj_brokersim_port(trader->client->sim, 0));
    if (over_unix) {
        unix_socket(&options);
        snprintf(path, sizeof path, "%s/server-%u.sock", options.socket_dir,
                 sj_brokersim_port(trader->client->sim, 0));
    }
    sj_orders_config_default(&trader->config);
    trader->config.ack_timeout_ms = 150;
    trader->config.settle_ms = 60;
    trader->config.retry_ms = 50;
    assert_int_equal(sj_rate_init(&trader->rate, 250, 25, 10 * SJ_NS_PER_S), 0);
    trader->options = (struct sj_order_link_options){.server = server,
                                                     .socket = over_unix ? path : "none",
                                                     .simulation = true,
                                                     .connections = 2,
                                                     .queue_max = 64,
                                                     .answer_timeout_ns = 500 * SJ_NS_PER_MS,
                                                     .instruments = trader->instruments,
                                                     .rate = &trader->rate,
                                                     .context = trader,
                                                     .report = take_report,
                                                     .note = note};
    live(trader);
    WAIT_FOR(trader, ready(trader));
    return trader;
}

static uint64_t place(struct trader *trader, enum sj_side side, double price, uint32_t quantity)
{
    struct sj_intent intent = {.instrument = trader->stock,
                               .recv_ns = sj_clock_utc_ns(),
                               .intent_id = ++trader->intent_id,
                               .price_e6 = (int64_t)(price * 1e6),
                               .quantity = quantity,
                               .strategy = 1,
                               .kind = SJ_INTENT_PLACE,
                               .side = (uint8_t)side,
                               .price_type = SJ_ORDER_LMT,
                               .time_in_force = SJ_ORDER_ROD};
    struct sj_verdict verdict = {.intent_id = intent.intent_id, .accepted = 1};
    sj_frame_head(&intent, SJ_EVENT_INTENT, sizeof intent);
    sj_frame_head(&verdict, SJ_EVENT_VERDICT, sizeof verdict);
    keep(trader, &intent);
    keep(trader, &verdict);
    assert_int_equal(sj_orders_intent(trader->orders, &intent, sj_clock_utc_ns()), 0);
    return intent.intent_id;
}

static void change(struct trader *trader, enum sj_intent_kind kind, uint64_t target_id,
                   double price, uint32_t quantity)
{
    struct sj_intent intent = {.intent_id = ++trader->intent_id,
                               .target_id = target_id,
                               .kind = (uint8_t)kind,
                               .price_e6 = (int64_t)(price * 1e6),
                               .quantity = quantity};
    sj_frame_head(&intent, SJ_EVENT_INTENT, sizeof intent);
    assert_int_equal(sj_orders_intent(trader->orders, &intent, sj_clock_utc_ns()), 0);
}

static enum sj_order_state state_of(const struct trader *trader, uint64_t intent_id)
{
    struct sj_order_view view;
    return sj_orders_find(trader->orders, intent_id, &view) ? (enum sj_order_state)view.state
                                                            : SJ_ORDER_NONE;
}

/* Both sides agree: each order once, its fills, what works; and the position. */
static void check_equal(struct trader *trader)
{
    json_t *json, *order;
    size_t i, working = 0, seen = 0;
    int64_t position = 0;
    struct sj_orders_stats stats;
    assert_int_equal(sim_call(trader->client, 0, "GET", "/admin/trading", NULL, &json), 200);
    json_array_foreach(json_object_get(json, "orders"), i, order)
    {
        const char *tag = sim_text_at(order, "order.custom_field");
        bool matched = false;
        for (uint64_t id = 1; id <= trader->intent_id; id++) {
            char wanted[8];
            sj_order_tag(id, wanted);
            if (strcmp(tag, wanted) != 0)
                continue;
            struct sj_order_view view;
            assert_true(sj_orders_find(trader->orders, id, &view));
            assert_false(matched);
            matched = true;
            assert_int_equal(view.filled, sim_number_at(order, "status.deal_quantity"));
            assert_int_equal(view.left, sim_number_at(order, "exchange.left"));
        }
        assert_true(matched);
        /* No tag twice: no order was sent twice. */
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(tag,
                                    sim_text_at(json_array_get(json_object_get(json, "orders"), j),
                                                "order.custom_field"));
        double filled = sim_number_at(order, "status.deal_quantity");
        bool buy = strcmp(sim_text_at(order, "order.action"), "Buy") == 0;
        position += (int64_t)(buy ? filled : -filled);
        working += sim_number_at(order, "exchange.left") > 0;
        seen++;
    }
    assert_true(seen > 0);
    assert_int_equal(trader->filled[trader->stock], position);
    sj_orders_stats(trader->orders, &stats);
    assert_int_equal(stats.open_count, working);
    json_decref(json);
}

static void trader_end(struct trader *trader)
{
    check_equal(trader);
    die(trader);
    sim_end(trader->client);
    sj_instruments_close(trader->instruments);
    free(trader);
}

static double resting(struct trader *trader)
{
    return sim_best(trader->client, "Buy") - 20;
}

static double crossing(struct trader *trader)
{
    return sim_best(trader->client, "Sell") + 20;
}

static void an_order_is_placed_changed_and_cancelled_over(bool over_unix)
{
    struct trader *trader = trader_start(over_unix);
    double price = resting(trader);
    uint64_t id = place(trader, SJ_SIDE_BUY, price, 5);
    assert_int_equal(state_of(trader, id), SJ_ORDER_PENDING);
    WAIT_FOR(trader, state_of(trader, id) == SJ_ORDER_WORKING);
    change(trader, SJ_INTENT_PRICE, id, price - 5, 0);
    struct sj_order_view view;
    WAIT_FOR(trader, sj_orders_find(trader->orders, id, &view) &&
                         view.price_e6 == (int64_t)((price - 5) * 1e6));
    change(trader, SJ_INTENT_QUANTITY, id, 0, 3);
    WAIT_FOR(trader, sj_orders_find(trader->orders, id, &view) && view.left == 3);
    check_equal(trader);
    change(trader, SJ_INTENT_CANCEL, id, 0, 0);
    WAIT_FOR(trader, state_of(trader, id) == SJ_ORDER_CANCELLED);
    id = place(trader, SJ_SIDE_BUY, crossing(trader), 2);
    WAIT_FOR(trader, state_of(trader, id) == SJ_ORDER_FILLED);
    struct sj_order_link_stats stats;
    sj_order_link_stats(trader->link, &stats);
    assert_int_equal(stats.unix_socket, over_unix);
    assert_int_equal(stats.malformed, 0);
    assert_int_equal(stats.timeouts, 0);
    trader_end(trader);
}

static void an_order_is_placed_changed_and_cancelled_over_tcp(void **state)
{
    (void)state;
    an_order_is_placed_changed_and_cancelled_over(false);
}

static void an_order_is_placed_changed_and_cancelled_over_a_unix_socket(void **state)
{
    (void)state;
    an_order_is_placed_changed_and_cancelled_over(true);
}

/* One fault struck once on a place that rests, on one that fills, and on a cancel. */
static void survive(const char *kind, const char *fields)
{
    struct trader *trader = trader_start(true);
    print_message("# fault %s\n", kind);
    sim_fault(trader->client, kind, fields);
    uint64_t rests = place(trader, SJ_SIDE_BUY, resting(trader), 5);
    WAIT_FOR(trader, settled(trader));
    sim_fault(trader->client, kind, fields);
    (void)place(trader, SJ_SIDE_BUY, crossing(trader), 2);
    WAIT_FOR(trader, settled(trader));
    sim_fault(trader->client, kind, fields);
    change(trader, SJ_INTENT_CANCEL, rests, 0, 0);
    WAIT_FOR(trader, settled(trader) && state_of(trader, rests) >= SJ_ORDER_FILLED);
    sim_fault(trader->client, "clear", "\"count\":1");
    (void)place(trader, SJ_SIDE_SELL, sim_best(trader->client, "Buy") - 20, 1);
    WAIT_FOR(trader, settled(trader));
    /* What a lost report told is only in the list. */
    assert_true(sj_orders_reconcile(trader->orders, sj_clock_utc_ns()) >= 0);
    struct sj_orders_stats stats, before;
    sj_orders_stats(trader->orders, &before);
    WAIT_FOR(trader, (sj_orders_stats(trader->orders, &stats), stats.lists > before.lists));
    WAIT_FOR(trader, settled(trader));
    assert_int_equal(trader->blocks, 0);
    trader_end(trader);
}

static void every_fault_of_order_calls_and_events_ends_with_both_sides_equal(void **state)
{
    (void)state;
    static const char *const faults[][2] = {
        {"lost_ack", "\"count\":1"},
        {"lost_order", "\"count\":1"},
        {"unknown_outcome", "\"count\":1"},
        {"unknown_lost", "\"count\":1"},
        {"order_503", "\"count\":1"},
        {"half_ack", "\"count\":1"},
        {"reject", "\"count\":1"},
        {"deal_first", "\"count\":1"},
        {"delay_ack", "\"count\":1,\"ms\":250"},
        {"late_report", "\"count\":1,\"ms\":250"},
        {"duplicate_report", "\"count\":3"},
        {"lose_report", "\"count\":1"},
        {"reorder_report", "\"count\":2"},
        {"close", "\"count\":1"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        survive(faults[i][0], faults[i][1]);
}

static void a_server_that_forgets_its_trade_ids_still_cancels(void **state)
{
    (void)state;
    struct trader *trader = trader_start(true);
    uint64_t id = place(trader, SJ_SIDE_BUY, resting(trader), 5);
    WAIT_FOR(trader, state_of(trader, id) == SJ_ORDER_WORKING);
    sim_fault(trader->client, "forget", "\"count\":1");
    change(trader, SJ_INTENT_CANCEL, id, 0, 0);
    WAIT_FOR(trader, state_of(trader, id) == SJ_ORDER_CANCELLED);
    trader_end(trader);
}

static void kills_at_any_moment_lose_and_repeat_nothing(void **state)
{
    (void)state;
    struct trader *trader = trader_start(true);
    uint64_t seed = sj_test_seed();
    for (int life = 0; life < 12; life++) {
        (void)place(trader, SJ_SIDE_BUY, resting(trader), 5);
        (void)place(trader, SJ_SIDE_BUY, crossing(trader), 1);
        for (uint64_t steps = sj_test_random(&seed) % 12; steps > 0; steps--)
            work(trader);
        if (sj_test_random(&seed) % 2)
            (void)sj_orders_cancel_all(trader->orders, 0, 0, sj_clock_utc_ns());
        trader->deaf = sj_test_random(&seed) % 3 == 0; /* read from the socket, never heard */
        for (uint64_t steps = sj_test_random(&seed) % 12; steps > 0; steps--)
            work(trader);
        die(trader);
        for (int i = 0; i < 20; i++)
            sim_work(trader->client);
        live(trader);
        WAIT_FOR(trader, ready(trader) && settled(trader));
    }
    assert_int_equal(trader->blocks, 0);
    trader_end(trader);
}

static void the_brokers_limit_holds_back_orders_but_not_cancels(void **state)
{
    (void)state;
    struct trader *trader = trader_start(true);
    uint64_t id = place(trader, SJ_SIDE_BUY, resting(trader), 5);
    WAIT_FOR(trader, state_of(trader, id) == SJ_ORDER_WORKING);
    int64_t now_ns = sj_clock_mono_ns();
    while (sj_rate_take(&trader->rate, now_ns, false) == 0)
        ;
    uint64_t late = place(trader, SJ_SIDE_BUY, resting(trader), 1);
    for (int i = 0; i < 50; i++)
        work(trader);
    assert_int_equal(state_of(trader, late), SJ_ORDER_PENDING);
    change(trader, SJ_INTENT_CANCEL, id, 0, 0);
    WAIT_FOR(trader, state_of(trader, id) == SJ_ORDER_CANCELLED);
    assert_int_equal(sj_rate_init(&trader->rate, 250, 25, 10 * SJ_NS_PER_S), 0); /* time passes */
    WAIT_FOR(trader, settled(trader));
    assert_int_equal(state_of(trader, late), SJ_ORDER_WORKING);
    trader_end(trader);
}

static void a_server_of_the_other_kind_gets_no_order(void **state)
{
    (void)state;
    struct trader *trader = trader_start(true);
    (void)place(trader, SJ_SIDE_BUY, resting(trader), 5);
    WAIT_FOR(trader, settled(trader));
    die(trader);
    trader->options.simulation = false;
    live(trader);
    struct sj_order_link_stats stats;
    WAIT_FOR(trader, (sj_order_link_stats(trader->link, &stats), stats.last_fault[0] != '\0'));
    assert_non_null(strstr(stats.last_fault, "must be live"));
    struct sj_order_request request = {.kind = SJ_REQUEST_PLACE, .instrument = trader->stock};
    assert_int_equal(sj_order_link_send(trader->link, &request), -SJ_E_CLOSED);
    die(trader);
    trader->options.simulation = true;
    live(trader);
    WAIT_FOR(trader, settled(trader));
    trader_end(trader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_is_placed_changed_and_cancelled_over_tcp),
        cmocka_unit_test(an_order_is_placed_changed_and_cancelled_over_a_unix_socket),
        cmocka_unit_test(every_fault_of_order_calls_and_events_ends_with_both_sides_equal),
        cmocka_unit_test(a_server_that_forgets_its_trade_ids_still_cancels),
        cmocka_unit_test(kills_at_any_moment_lose_and_repeat_nothing),
        cmocka_unit_test(the_brokers_limit_holds_back_orders_but_not_cancels),
        cmocka_unit_test(a_server_of_the_other_kind_gets_no_order),
    };
    if (!mkdtemp(socket_folder))
        return 1;
    int failed = cmocka_run_group_tests_name("order_link", tests, NULL, NULL);
    return rmdir(socket_folder) == 0 ? failed : 1;
}
