#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK INT64_C(1000000)
#define START (INT64_C(1723161600) * 1000000000)

__attribute__((format(printf, 2, 3))) static void breach(struct world *world, const char *format,
                                                         ...)
{
    va_list arguments;
    if (world->breach[0])
        return;
    va_start(arguments, format);
    vsnprintf(world->breach, sizeof world->breach, format, arguments);
    va_end(arguments);
}

static uint64_t below(struct world *world, uint64_t bound)
{
    return world->random(world->random_context) % bound;
}

static bool chance(struct world *world, uint32_t percent)
{
    return below(world, 100) < percent;
}

/* --- rules --- */

static int64_t working(const struct world *world, uint32_t instrument, uint8_t side,
                       uint32_t *ret_count)
{
    int64_t sum = 0;
    *ret_count = 0;
    for (uint32_t i = 0; i < world->order_count; i++) {
        const struct world_order *order = &world->orders[i];
        if (order->instrument != instrument || order->side != side)
            continue;
        sum += order->quantity - order->filled;
        ++*ret_count;
    }
    return sum;
}

/* After an intent was taken in. */
static void check_exposure(struct world *world, uint32_t instrument)
{
    const struct world_rules *rules = &world->rules;
    uint32_t buys, sells;
    int64_t buying = working(world, instrument, SJ_SIDE_BUY, &buys);
    int64_t selling = working(world, instrument, SJ_SIDE_SELL, &sells);
    int64_t position = world->position[instrument];
    if (rules->cap && (position + buying > rules->cap || position - selling < -(int64_t)rules->cap))
        breach(world, "position %lld with %lld buying, %lld selling is past the cap",
               (long long)position, (long long)buying, (long long)selling);
    if ((rules->one_order == 1 && buys + sells > 1) ||
        (rules->one_order == 2 && (buys > 1 || sells > 1)))
        breach(world, "%u buys and %u sells at the same time", buys, sells);
    if (rules->parent && world->bought + world->sold + (uint64_t)(buying + selling) > rules->parent)
        breach(world, "%llu filled and %lld working are more than the parent",
               (unsigned long long)(world->bought + world->sold), (long long)(buying + selling));
}

static void check_price(struct world *world, const struct sj_intent *intent)
{
    const struct world_rules *rules = &world->rules;
    const struct sj_top *top = sj_strategies_top(world->s, intent->instrument);
    bool buys = intent->side == SJ_SIDE_BUY;
    if (intent->price_e6 <= 0 || intent->price_e6 % TICK)
        breach(world, "price %lld is not on a tick", (long long)intent->price_e6);
    if (rules->limit_e6 &&
        (buys ? intent->price_e6 > rules->limit_e6 : intent->price_e6 < rules->limit_e6))
        breach(world, "price %lld is past the limit", (long long)intent->price_e6);
    if (rules->passive && (buys ? top->ask_e6 != SJ_NULL_E6 && intent->price_e6 >= top->ask_e6
                                : top->bid_e6 != SJ_NULL_E6 && intent->price_e6 <= top->bid_e6))
        breach(world, "price %lld takes", (long long)intent->price_e6);
}

static void check_intent(struct world *world, const struct sj_intent *intent)
{
    const struct world_rules *rules = &world->rules;
    if (intent->kind == SJ_INTENT_PLACE || intent->kind == SJ_INTENT_PRICE)
        check_price(world, intent);
    if (rules->side && intent->side != rules->side)
        breach(world, "side %u", intent->side);
    if (intent->kind == SJ_INTENT_PRICE && rules->side && ++world->price_count > rules->rounds)
        breach(world, "more than %u rounds", rules->rounds);
    if (intent->kind != SJ_INTENT_PLACE)
        return;
    if (rules->slice && (intent->quantity == 0 || intent->quantity > rules->slice))
        breach(world, "quantity %u", intent->quantity);
    if (rules->time_in_force && intent->time_in_force != rules->time_in_force)
        breach(world, "time in force %u", intent->time_in_force);
}

static void check_rate(struct world *world)
{
    uint32_t most = world->rules.calls_10s;
    world->call_ns[world->call_count++ % 256] = world->now_ns;
    if (!most || world->call_count <= most)
        return;
    if (world->now_ns - world->call_ns[(world->call_count - 1 - most) % 256] < INT64_C(10000000000))
        breach(world, "more than %u calls in 10 s", most);
}

/* --- the owner --- */

static void send(struct world *world, void *event)
{
    sj_strategies_order(world->s, event, world->now_ns);
}

static void send_verdict(struct world *world, uint64_t id, bool accepted)
{
    struct sj_verdict verdict = {.intent_id = id, .accepted = accepted, .check_name = "chance"};
    sj_frame_head(&verdict, SJ_EVENT_VERDICT, sizeof verdict);
    send(world, &verdict);
}

static struct world_order *find(struct world *world, uint64_t id)
{
    for (uint32_t i = 0; i < world->order_count; i++)
        if (world->orders[i].id == id)
            return &world->orders[i];
    return NULL;
}

static void note(struct world *world, const struct sj_intent *intent)
{
    const uint64_t parts[] = {intent->kind,       intent->side,
                              intent->instrument, intent->quantity,
                              intent->target_id,  (uint64_t)intent->price_e6,
                              intent->strategy,   (uint64_t)intent->arrival_mid_e6};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        world->trace = (world->trace ^ parts[i]) * UINT64_C(0x100000001B3);
}

static uint64_t take_intent(void *context, struct sj_intent *intent)
{
    struct world *world = context;
    world->intent_count++;
    note(world, intent);
    check_intent(world, intent);
    check_rate(world);
    if (chance(world, 1) || world->order_count == WORLD_ORDERS_MAX)
        return 0;
    uint64_t id = ++world->next_id;
    bool accepted = intent->kind == SJ_INTENT_CANCEL || !chance(world, 3);
    struct world_order *order = find(world, intent->target_id);
    if (accepted && intent->kind == SJ_INTENT_PLACE)
        world->orders[world->order_count++] =
            (struct world_order){.id = id,
                                 .price_e6 = intent->price_e6,
                                 .instrument = intent->instrument,
                                 .quantity = intent->quantity,
                                 .side = intent->side,
                                 .state = SJ_ORDER_PENDING,
                                 .time_in_force = intent->time_in_force};
    else if (accepted && order) {
        order->asked = intent->kind;
        order->change_e6 = intent->price_e6;
    }
    send_verdict(world, id, accepted);
    check_exposure(world, intent->instrument);
    return id;
}

static void take_control(void *context, struct sj_control *control)
{
    struct world *world = context;
    world->disarm_count += control->kind == SJ_CONTROL_DISARM;
}

/* --- the exchange --- */

static void send_update(struct world *world, const struct world_order *order, uint8_t cause)
{
    struct sj_order_update update = {.instrument = order->instrument,
                                     .intent_id = order->id,
                                     .price_e6 = order->price_e6,
                                     .quantity = order->quantity,
                                     .filled = order->filled,
                                     .state_to = order->state,
                                     .cause = cause};
    sj_frame_head(&update, SJ_EVENT_ORDER, sizeof update);
    send(world, &update);
}

static void fill(struct world *world, struct world_order *order, uint32_t quantity)
{
    struct sj_fill event = {.instrument = order->instrument,
                            .intent_id = order->id,
                            .price_e6 = order->price_e6,
                            .quantity = quantity,
                            .side = order->side};
    order->filled += quantity;
    world->fill_count++;
    world->position[order->instrument] +=
        order->side == SJ_SIDE_BUY ? quantity : -(int64_t)quantity;
    *(order->side == SJ_SIDE_BUY ? &world->bought : &world->sold) += quantity;
    bool whole = order->filled == order->quantity;
    order->state = whole                                 ? SJ_ORDER_FILLED
                   : order->state == SJ_ORDER_CANCELLING ? SJ_ORDER_CANCELLING
                                                         : SJ_ORDER_PARTIAL;
    sj_frame_head(&event, SJ_EVENT_FILL, sizeof event);
    struct world_order copy = *order;
    if (whole)
        *order = world->orders[--world->order_count];
    send(world, &event);
    send_update(world, &copy, 0);
}

static void end(struct world *world, struct world_order *order, enum sj_order_state state)
{
    struct world_order copy = *order;
    copy.state = (uint8_t)state;
    *order = world->orders[--world->order_count];
    send_update(world, &copy, 0);
}

static void live(struct world *world, struct world_order *order, uint8_t cause)
{
    order->state = order->filled ? SJ_ORDER_PARTIAL : SJ_ORDER_WORKING;
    send_update(world, order, cause);
}

static void answer_request(struct world *world, struct world_order *order)
{
    uint8_t kind = order->asked;
    order->asked = 0;
    if (kind == SJ_INTENT_CANCEL && order->state != SJ_ORDER_CANCELLING && chance(world, 50)) {
        order->asked = kind;
        order->state = SJ_ORDER_CANCELLING;
        send_update(world, order, 0);
    } else if (kind == SJ_INTENT_CANCEL && chance(world, 85)) {
        end(world, order, SJ_ORDER_CANCELLED);
    } else if (kind == SJ_INTENT_PRICE && chance(world, 85)) {
        order->price_e6 = order->change_e6;
        live(world, order, SJ_CAUSE_PRICED);
    } else {
        live(world, order,
             kind == SJ_INTENT_CANCEL ? SJ_CAUSE_CANCEL_DENIED : SJ_CAUSE_CHANGE_DENIED);
    }
}

/* Something becomes of one of the open orders. */
static void step_order(struct world *world)
{
    if (world->order_count == 0)
        return;
    struct world_order *order = &world->orders[below(world, world->order_count)];
    uint32_t left = order->quantity - order->filled;
    if (order->state == SJ_ORDER_PENDING || order->state == SJ_ORDER_UNKNOWN) {
        if (chance(world, 4)) {
            end(world, order, SJ_ORDER_REJECTED);
        } else if (order->state == SJ_ORDER_PENDING && chance(world, 4)) {
            order->state = SJ_ORDER_UNKNOWN;
            send_update(world, order, 0);
        } else {
            live(world, order, 0);
        }
    } else if (order->time_in_force == SJ_ORDER_IOC) {
        if (chance(world, 60))
            fill(world, order, 1 + (uint32_t)below(world, left));
        else
            end(world, order, SJ_ORDER_CANCELLED);
    } else if (order->asked && chance(world, 80)) {
        answer_request(world, order);
    } else if (chance(world, 30)) {
        fill(world, order, 1 + (uint32_t)below(world, left));
    }
}

/* --- the market --- */

static void step_book(struct world *world)
{
    uint32_t instrument = 1 + (uint32_t)below(world, WORLD_INSTRUMENTS);
    int64_t *mid = &world->mid_ticks[instrument];
    *mid += (int64_t)below(world, 5) - 2;
    *mid = *mid < 19500 ? 19500 : *mid > 20500 ? 20500 : *mid;
    int64_t spread = 1 + (int64_t)below(world, 3);
    struct sj_book book = {.instrument = instrument,
                           .exch_ns = world->now_ns,
                           .recv_ns = world->now_ns,
                           .level_count = {1, 1}};
    for (int i = 0; i < SJ_LEVELS; i++)
        book.bid_price_e6[i] = book.ask_price_e6[i] = SJ_NULL_E6;
    if (!chance(world, 2)) {
        book.bid_price_e6[0] = *mid * TICK;
        book.bid_volume[0] = 1 + (uint32_t)below(world, 60);
    }
    if (!chance(world, 2)) {
        book.ask_price_e6[0] = (*mid + spread) * TICK;
        book.ask_volume[0] = 1 + (uint32_t)below(world, 60);
    }
    if (chance(world, 2))
        book.flags = 1u << below(world, 9);
    sj_frame_head(&book, SJ_EVENT_BOOK, sizeof book);
    sj_strategies_event(world->s, (const struct sj_frame *)(const void *)&book, world->now_ns);
}

/* Anything at all, as an event: it must do no harm. */
static void step_noise(struct world *world)
{
    _Alignas(8) uint8_t bytes[SJ_EVENT_SIZE_MAX];
    for (size_t i = 0; i < sizeof bytes; i += 8) {
        uint64_t word = world->random(world->random_context);
        memcpy(bytes + i, &word, 8);
    }
    struct sj_frame *frame = (struct sj_frame *)(void *)bytes;
    frame->template_id = (uint16_t)below(world, 70);
    frame->instrument = chance(world, 50) ? 3 : frame->instrument; /* nobody trades it */
    sj_strategies_event(world->s, frame, world->now_ns);
    frame->instrument = 3;
    sj_strategies_order(world->s, frame, world->now_ns);
}

bool world_step(struct world *world)
{
    int64_t until_ns = world->now_ns + (int64_t)below(world, 60) * 1000000;
    for (int64_t at_ns; (at_ns = sj_strategies_next_timer(world->s)) <= until_ns;) {
        world->now_ns = at_ns > world->now_ns ? at_ns : world->now_ns;
        if (sj_strategies_time(world->s, world->now_ns) == 0)
            break;
    }
    world->now_ns = until_ns;
    if (chance(world, 50))
        step_book(world);
    else if (chance(world, 95))
        step_order(world);
    else
        step_noise(world);
    for (uint32_t i = 1; i <= WORLD_INSTRUMENTS; i++)
        if (sj_strategies_position(world->s, 1, i) != world->position[i])
            breach(world, "the host's position is another");
    return world->breach[0] == 0;
}

/* --- making --- */

static sj_rc define(struct world *world, const char *code)
{
    struct sj_instrument one = {.security = SJ_SECURITY_FUT,
                                .limit_up_e6 = 22000 * TICK,
                                .limit_down_e6 = 18000 * TICK,
                                .tick_e6 = TICK,
                                .unit = 1};
    uint32_t id;
    snprintf(one.code, sizeof one.code, "%s", code);
    sj_frame_head(&one, SJ_EVENT_INSTRUMENT, sizeof one);
    return sj_instruments_put(world->instruments, &one, &id);
}

static sj_rc add(struct world *world, const char *use, const char *const *params)
{
    static const uint32_t instruments[] = {1, 2};
    char names[SJ_STRATEGY_PARAMS_MAX][32], error[SJ_STRATEGIES_ERROR_MAX] = "";
    struct sj_strategy_param list[SJ_STRATEGY_PARAMS_MAX];
    uint32_t count = 0, number, instrument_count = WORLD_INSTRUMENTS;
    if (strcmp(use, "smart_chasing") == 0 || strcmp(use, "touch_quoter") == 0)
        instrument_count = 1;
    for (; params && params[count]; count++) {
        const char *equals = strchr(params[count], '=');
        snprintf(names[count], 32, "%.*s", (int)(equals - params[count]), params[count]);
        list[count] = (struct sj_strategy_param){names[count], equals + 1, 0};
    }
    struct sj_strategy_instance instance = {.name = "one",
                                            .use = use,
                                            .instruments = instruments,
                                            .instrument_count = instrument_count,
                                            .params = list,
                                            .param_count = count,
                                            .overrun_max = UINT32_MAX,
                                            .hard_budget_ns = INT64_C(10000000000)};
    sj_rc rc = sj_strategies_add(world->s, &instance, world->now_ns, error, &number);
    if (rc < 0)
        breach(world, "%.150s", error);
    return rc;
}

sj_rc world_open(struct world *world, const char *use, const char *const *params, bool guard,
                 const struct world_rules *rules, uint64_t (*random)(void *context), void *context)
{
    memset(world, 0, sizeof *world);
    world->rules = *rules;
    world->random = random;
    world->random_context = context;
    world->now_ns = START;
    for (uint32_t i = 0; i <= WORLD_INSTRUMENTS; i++)
        world->mid_ticks[i] = 20000;
    sj_rc rc = sj_instruments_create(8, &world->instruments);
    for (const char *const *code = (const char *const[]){"TXFR1", "MXFR1", "NONE", NULL};
         rc >= 0 && *code; code++)
        rc = define(world, *code);
    if (rc < 0)
        return rc;
    struct sj_strategies_ops ops = {world, take_intent, take_control, NULL, NULL};
    struct sj_strategies_options options = {.ops = &ops,
                                            .instruments = world->instruments,
                                            .guard = guard,
                                            .order_max = 1024,
                                            .instrument_max = 8};
    rc = sj_strategies_create(&options, &world->s);
    return rc < 0 ? rc : add(world, use, params);
}

void world_close(struct world *world)
{
    sj_strategies_close(world->s);
    sj_instruments_close(world->instruments);
}

/* --- the built-ins --- */

const struct world_case world_cases[] = {
    {"smart_chasing",
     (const char *const[]){"side=buy", "qty=500", "limit=20010.5", "slice=7", "threshold=1",
                           "confirm=5", "rounds=9", "window=1s", NULL},
     {.side = SJ_SIDE_BUY,
      .limit_e6 = 20010500000,
      .parent = 500,
      .slice = 7,
      .rounds = 9,
      .one_order = 1,
      .passive = true}},
    {"smart_chasing",
     (const char *const[]){"side=sell", "qty=50", "limit=19990.5", "slice=50", "threshold=2",
                           "confirm=0", "rounds=30", NULL},
     {.side = SJ_SIDE_SELL,
      .limit_e6 = 19990500000,
      .parent = 50,
      .slice = 50,
      .rounds = 30,
      .one_order = 1}},
    {"micro_alpha",
     (const char *const[]){"enter=60", "exit=20", "qty=2", "cap=5", "stop=3", "hold=5s",
                           "cooldown=100ms", NULL},
     {.one_order = 1, .cap = 5, .time_in_force = SJ_ORDER_IOC, .slice = 5}},
    {"micro_alpha",
     (const char *const[]){"enter=10", "exit=1", "cooldown=0", "window=200ms", NULL},
     {.one_order = 1, .cap = 2, .time_in_force = SJ_ORDER_IOC, .slice = 2}},
    {"market_maker",
     (const char *const[]){"qty=2", "cap=6", "interval=20ms", "calls=40", "skew=2", NULL},
     {.one_order = 2, .cap = 6, .calls_10s = 40, .slice = 2, .passive = true}},
    {"market_maker",
     (const char *const[]){"interval=1ms", "calls=250", "move=2", NULL},
     {.one_order = 2, .cap = 5, .calls_10s = 250, .slice = 1, .passive = true}},
    {"touch_quoter", (const char *const[]){"step=100ms", "qty=3", NULL}, {.slice = 3}},
};
const uint32_t world_case_count = sizeof world_cases / sizeof world_cases[0];
