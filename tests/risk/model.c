#include "model.h"

#include <stdlib.h>

#define MS SJ_NS_PER_MS
#define LARGE_TWD INT64_C(4000000000000)

/* The instruments, in TWD. `value`: of a unit, as exposure counts it; `margin`: of a unit. */
static const struct contract {
    int64_t reference, unit, multiplier, value, margin;
    bool future, option, put, ordered;
    int group;
} contracts[INSTRUMENTS + 1] = {
    [STOCK] = {600, 1000, 1, 600, 0, false, false, false, true, 1},
    [FUTURE] = {20000, 1, 200, 4000000, 322000, true, false, false, true, 2},
    [CALL] = {100, 1, 50, 1000000, 88000, false, true, false, true, 2},
    [PUT] = {100, 1, 50, 1000000, 88000, false, true, true, true, 2},
    [INDEX] = {20000, 1, 1, 20000, 0, false, false, false, false, 3},
    [SPREAD] = {20000, 1, 200, 4000000, 322000, true, false, false, false, 2},
    [CHEAP] = {20, 1000, 1, 20, 0, false, false, false, true, 4},
};

void model_init(struct model *model, const struct sj_risk_config *config)
{
    memset(model, 0, sizeof *model);
    model->config = *config;
    model->recent = calloc(MODEL_RECENT, sizeof *model->recent);
    assert_non_null(model->recent);
    for (uint32_t i = 0; i < SJ_RISK_ACCOUNT_MAX; i++)
        model->accounts[i].cash = model->accounts[i].margin = -1;
}

void model_done(struct model *model)
{
    free(model->recent);
}

int64_t model_reference_twd(uint32_t id)
{
    return contracts[id].reference;
}

uint32_t model_unit(uint32_t id)
{
    return (uint32_t)contracts[id].unit;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* --- orders --- */

static struct model_order *find(struct model *model, uint64_t id)
{
    for (int64_t i = 0; i < model->order_count; i++)
        if (model->orders[i].id == id)
            return &model->orders[i];
    return NULL;
}

static int64_t left_lots(const struct model_order *order)
{
    int64_t whole = order->ended ? order->reported : order->quantity;
    int64_t used = (int64_t)order->filled + (order->ended ? 0 : order->cancelled);
    return larger(whole - used, 0);
}

static int64_t worst_e6(const struct model_order *order)
{
    if (order->pending_e6 == 0)
        return order->price_e6;
    return order->side == 0 ? larger(order->price_e6, order->pending_e6)
                            : smaller(order->price_e6, order->pending_e6);
}

static int64_t working_units(const struct model *model, uint32_t id, int side)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < model->order_count; i++)
        if (model->orders[i].instrument == id && model->orders[i].side == side)
            sum += left_lots(&model->orders[i]) * contracts[id].unit;
    return sum;
}

/* How far a position may go, with `extra` more on a side (0 buys, 1 sells; -1: none). */
static int64_t longest(const struct model *model, uint32_t id, int side, int64_t extra)
{
    return larger(model->ins[id].own, model->ins[id].broker) + working_units(model, id, 0) +
           (side == 0 ? extra : 0);
}

static int64_t shortest(const struct model *model, uint32_t id, int side, int64_t extra)
{
    return smaller(model->ins[id].own, model->ins[id].broker) - working_units(model, id, 1) -
           (side == 1 ? extra : 0);
}

static int64_t gross(const struct model *model, uint32_t with, int side, int64_t extra)
{
    int64_t sum = 0;
    for (uint32_t id = 1; id <= INSTRUMENTS; id++) {
        int64_t more = id == with ? extra : 0;
        sum += larger(longest(model, id, side, more), -shortest(model, id, side, more)) *
               contracts[id].value;
    }
    return sum;
}

static int64_t opened(uint32_t id, int64_t longs, int64_t shorts)
{
    if (contracts[id].future)
        return larger(larger(longs, -shorts), 0) * contracts[id].margin;
    return contracts[id].option ? larger(-shorts, 0) * contracts[id].margin : 0;
}

static int64_t all_opened(const struct model *model, uint32_t with, int side, int64_t extra)
{
    int64_t sum = 0;
    for (uint32_t id = 1; id <= INSTRUMENTS; id++) {
        int64_t more = id == with ? extra : 0;
        sum += opened(id, longest(model, id, side, more), shortest(model, id, side, more));
    }
    return sum;
}

static int64_t all_held(const struct model *model)
{
    int64_t sum = 0;
    for (uint32_t id = 1; id <= INSTRUMENTS; id++)
        sum += opened(id, larger(model->ins[id].own, model->ins[id].broker),
                      smaller(model->ins[id].own, model->ins[id].broker));
    return sum;
}

/* --- profit --- */

static void judge(struct model *model)
{
    bool lost = -model->profit > model->config.daily_loss_max;
    bool stops = lost && !model->lost_once;
    model->best = larger(model->best, model->profit);
    model->lost_once = lost;
    if (model->killed)
        return;
    if (stops || model->best - model->profit > model->config.drawdown_max) {
        model->killed = true;
        model->kill_source = SJ_CONTROL_BY_LOSS_LIMIT;
    }
}

static void mark(struct model *model, uint32_t id)
{
    struct model_instrument *ins = &model->ins[id];
    int64_t price = ins->last ? ins->last : ins->bid ? ins->bid : ins->ask;
    if (ins->ask && price > ins->ask)
        price = ins->ask;
    price = larger(price, ins->bid);
    if (price == 0 || price == ins->mark)
        return;
    if (ins->mark != 0)
        model->profit += ins->own * (price - ins->mark) * contracts[id].multiplier;
    ins->mark = price;
    if (ins->own != 0)
        judge(model);
}

/* --- what happens --- */

void model_trade(struct model *model, uint32_t id, int64_t price, uint32_t flags, int64_t now_ns)
{
    struct model_instrument *ins = &model->ins[id];
    *(flags ? &ins->auction : &ins->last) = price;
    *(flags ? &ins->auction_ns : &ins->last_ns) = now_ns;
    mark(model, id);
}

void model_book(struct model *model, uint32_t id, int64_t bid, int64_t ask, int64_t now_ns)
{
    model->ins[id].bid = bid;
    model->ins[id].ask = ask;
    model->ins[id].book_ns = now_ns;
    mark(model, id);
}

static void drop_if_done(struct model *model, struct model_order *order)
{
    if (order->ended && left_lots(order) == 0)
        *order = model->orders[--model->order_count];
}

void model_fill(struct model *model, uint64_t id, uint32_t instrument, int side, uint32_t quantity,
                int64_t price)
{
    struct model_order *order = find(model, id);
    struct model_instrument *ins = &model->ins[instrument];
    const struct contract *contract = &contracts[instrument];
    int64_t units = quantity * contract->unit;
    order->filled += quantity;
    if (side == 0 && !contract->future)
        model->accounts[order->account].filled[contract->option][0] +=
            units * price * contract->multiplier;
    drop_if_done(model, order);
    units = side == 0 ? units : -units;
    if (ins->mark == 0)
        ins->mark = price;
    model->profit += units * (ins->mark - price) * contract->multiplier;
    ins->own += units;
    ins->broker += units;
    judge(model);
}

void model_update(struct model *model, uint64_t id, enum sj_order_state state, uint32_t quantity,
                  uint32_t filled, uint32_t cancelled, int64_t price)
{
    struct model_order *order = find(model, id);
    if (order->pending_e6 == price * E6)
        order->pending_e6 = 0;
    order->price_e6 = price * E6;
    order->quantity = quantity;
    order->cancelled = cancelled;
    if (filled > order->reported)
        order->reported = filled;
    order->ended = order->ended || state >= SJ_ORDER_FILLED;
    drop_if_done(model, order);
}

void model_account(struct model *model, uint32_t number, int64_t cash, int64_t margin,
                   int64_t now_ns)
{
    struct model_account *account = &model->accounts[number];
    account->snapshot_ns = now_ns;
    account->cash = cash;
    account->margin = margin;
    for (int kind = 0; kind < 2; kind++) {
        account->filled[kind][1] = account->filled[kind][0];
        account->filled[kind][0] = 0;
    }
    account->held[1] = account->held[0];
    account->held[0] = all_held(model);
}

void model_position(struct model *model, uint32_t id, int64_t quantity)
{
    model->ins[id].own = model->ins[id].broker = quantity * contracts[id].unit;
}

void model_control(struct model *model, enum sj_control_kind kind, uint32_t id, uint32_t strategy)
{
    bool starts = kind == SJ_CONTROL_KILL || kind == SJ_CONTROL_BLOCK ||
                  kind == SJ_CONTROL_DISARM || kind == SJ_CONTROL_FEED_LOST;
    if (kind == SJ_CONTROL_KILL && !model->killed)
        model->kill_source = SJ_CONTROL_BY_COMMAND;
    if (kind == SJ_CONTROL_KILL || kind == SJ_CONTROL_RESUME)
        model->killed = starts;
    if (kind == SJ_CONTROL_RESUME)
        model->best = model->profit;
    if (kind == SJ_CONTROL_BLOCK || kind == SJ_CONTROL_UNBLOCK)
        *(id ? &model->ins[id].blocked : &model->blocked) = starts;
    if (kind == SJ_CONTROL_FEED_LOST || kind == SJ_CONTROL_FEED_BACK)
        *(id ? &model->ins[id].feed_lost : &model->feed_lost) = starts;
    if (kind == SJ_CONTROL_DISARM || kind == SJ_CONTROL_ARM)
        model->strategies[strategy].disarmed = starts;
}

void model_day(struct model *model)
{
    model->profit = model->best = 0;
    model->lost_once = false;
}

/* --- windows --- */

static int64_t calls_within(const struct model_calls *calls, int64_t now_ns, int64_t window_ns)
{
    int64_t count = 0;
    while ((uint64_t)count < calls->count && count < MODEL_CALLS &&
           now_ns - calls->at_ns[(calls->count - 1 - (uint64_t)count) % MODEL_CALLS] <= window_ns)
        count++;
    return count;
}

/* Notes an accepted call, and sees for itself that no window holds more than `most`. */
static void call(struct model_calls *calls, int64_t now_ns, int64_t most, int64_t window_ns)
{
    if (calls->count >= (uint64_t)most)
        assert_true(now_ns - calls->at_ns[(calls->count - (uint64_t)most) % MODEL_CALLS] >
                    window_ns);
    calls->at_ns[calls->count++ % MODEL_CALLS] = now_ns;
}

/* --- the checks, in their order --- */

struct question {
    struct model *model;
    const struct sj_intent *intent;
    int64_t now_ns;
    struct model_order *target;
    uint32_t id;
    int side;
    int64_t units, price_e6;
    bool places;
    struct model_verdict *verdict;
};

#define NO(name, is, most)                                                                         \
    do {                                                                                           \
        *q->verdict = (struct model_verdict){SJ_RISK_CHECK_##name, is, most};                      \
        return false;                                                                              \
    } while (0)

static bool price_good(int64_t price_e6)
{
    return price_e6 > 0 && price_e6 <= INT64_C(100000000000000);
}

static bool understood(struct question *q)
{
    const struct sj_intent *intent = q->intent;
    if ((intent->target_id == 0) != q->places)
        NO(malformed, intent->target_id > INT64_MAX ? INT64_MAX : (int64_t)intent->target_id,
           SJ_RISK_FIELD_TARGET_ID);
    if (q->places && intent->side != 1 && intent->side != 2)
        NO(malformed, intent->side, SJ_RISK_FIELD_SIDE);
    if (q->places && (intent->quantity == 0 || intent->quantity > 1000000000))
        NO(malformed, intent->quantity, SJ_RISK_FIELD_QUANTITY);
    if (q->places && (intent->price_type < 1 || intent->price_type > 3))
        NO(malformed, intent->price_type, SJ_RISK_FIELD_PRICE_TYPE);
    if (q->places && (intent->time_in_force < 1 || intent->time_in_force > 4))
        NO(malformed, intent->time_in_force, SJ_RISK_FIELD_TIME_IN_FORCE);
    bool null = intent->price_e6 == SJ_NULL_E6;
    bool good = price_good(intent->price_e6);
    if (q->places && intent->price_type == SJ_ORDER_MKT)
        good = null;
    else if (q->places && intent->price_type == SJ_ORDER_MKP)
        good = good || null;
    else if (intent->kind == SJ_INTENT_CANCEL || intent->kind == SJ_INTENT_QUANTITY)
        good = true;
    if (!good)
        NO(malformed, intent->price_e6, SJ_RISK_FIELD_PRICE);
    if (intent->kind == SJ_INTENT_QUANTITY &&
        (intent->quantity == 0 || intent->quantity > 1000000000))
        NO(malformed, intent->quantity, SJ_RISK_FIELD_QUANTITY);
    return true;
}

static bool target_works(struct question *q)
{
    const struct sj_intent *intent = q->intent;
    const struct model_order *target = q->target;
    bool less = intent->kind == SJ_INTENT_QUANTITY;
    int64_t asked = less ? (int64_t)intent->quantity : intent->price_e6;
    if (q->places)
        return true;
    if (!target || target->ended || target->instrument != q->id ||
        target->strategy != intent->strategy || target->account != intent->account)
        NO(target, asked, SJ_NULL_I64);
    int64_t gone = larger(target->filled, target->reported);
    int64_t left = larger((int64_t)target->quantity - target->cancelled - gone, 0);
    if (left == 0 || (less && (asked >= gone + left || asked <= gone)))
        NO(target, asked, left);
    q->side = target->side;
    q->units = left_lots(target) * contracts[q->id].unit;
    q->price_e6 = intent->price_e6;
    return true;
}

static bool stopped(struct question *q)
{
    struct model *model = q->model;
    const struct sj_intent *intent = q->intent;
    int64_t type = intent->price_type * 100 + intent->time_in_force * 10;
    int64_t feeds = model->feed_lost;
    for (uint32_t id = 1; id <= INSTRUMENTS; id++)
        feeds += model->ins[id].feed_lost;
    if (!contracts[q->id].ordered)
        NO(order_type, type, SJ_RISK_TYPE_COMBINATION);
    if (q->places && intent->time_in_force == SJ_ORDER_GTX)
        NO(order_type, type, SJ_RISK_TYPE_GTX);
    if (q->places && intent->price_type != SJ_ORDER_LMT)
        NO(order_type, type, SJ_RISK_TYPE_MARKET);
    if (model->killed)
        NO(kill_switch, model->kill_source, 0);
    if (model->strategies[intent->strategy].disarmed)
        NO(disarmed, intent->strategy, 0);
    if (model->blocked || model->ins[q->id].blocked)
        NO(instrument_blocked, 1 << SJ_CONTROL_BY_COMMAND, 0);
    if (model->feed_lost || model->ins[q->id].feed_lost)
        NO(feed, feeds, 0);
    return true;
}

static int64_t tick_e6(uint32_t id, int64_t price_e6)
{
    int64_t twd = price_e6 / E6;
    if (contracts[id].future)
        return E6;
    if (contracts[id].option)
        return twd < 10     ? E6 / 10
               : twd < 50   ? E6 / 2
               : twd < 500  ? E6
               : twd < 1000 ? 5 * E6
                            : 10 * E6;
    return twd < 10     ? E6 / 100
           : twd < 50   ? E6 / 20
           : twd < 100  ? E6 / 10
           : twd < 500  ? E6 / 2
           : twd < 1000 ? E6
                        : 5 * E6;
}

static bool price_stands(struct question *q)
{
    const struct model_instrument *ins = &q->model->ins[q->id];
    const struct sj_risk_config *config = &q->model->config;
    int64_t reference_e6 = contracts[q->id].reference * E6;
    if (q->price_e6 % tick_e6(q->id, q->price_e6) != 0)
        NO(price_tick, q->price_e6, tick_e6(q->id, q->price_e6));
    if (q->price_e6 > reference_e6 * 11 / 10)
        NO(price_limits, q->price_e6, reference_e6 * 11 / 10);
    if (q->price_e6 < reference_e6 * 9 / 10)
        NO(price_limits, q->price_e6, reference_e6 * 9 / 10);
    int64_t ref_e6 = ins->last * E6, at_ns = ins->last_ns;
    if (ins->bid && ins->ask > ins->bid) {
        ref_e6 = (ins->bid * E6 + ins->ask * E6) / 2;
        at_ns = ins->book_ns;
    }
    if (ins->auction && ins->auction_ns >= ins->last_ns && ins->auction_ns >= ins->book_ns) {
        ref_e6 = ins->auction * E6;
        at_ns = ins->auction_ns;
    }
    if (ref_e6 == 0)
        NO(reference_stale, SJ_NULL_I64, config->reference_age_ms * MS);
    if (q->now_ns - at_ns > config->reference_age_ms * MS)
        NO(reference_stale, q->now_ns - at_ns, config->reference_age_ms * MS);
    bool above = q->price_e6 > ref_e6, aggressive = above == (q->side == 0);
    int64_t width_e6 = ref_e6 / 100 * (aggressive ? 2 : 3);
    int64_t most_e6 = above ? ref_e6 + width_e6 : ref_e6 - width_e6;
    if (above ? q->price_e6 > most_e6 : q->price_e6 < most_e6)
        NO(collar, q->price_e6, most_e6);
    return true;
}

/* A product that is reported as the largest there is when it does not fit. */
static bool over(int64_t units, int64_t price_e6, int64_t multiplier, int64_t most_e6,
                 int64_t *ret_value_e6)
{
    bool large = __builtin_mul_overflow(units, price_e6, ret_value_e6) ||
                 __builtin_mul_overflow(*ret_value_e6, multiplier, ret_value_e6);
    if (large)
        *ret_value_e6 = INT64_MAX;
    return *ret_value_e6 > most_e6;
}

static bool order_stands(struct question *q)
{
    struct model *model = q->model;
    const struct sj_risk_config *config = &model->config;
    int64_t value_e6;
    if (q->places && q->intent->quantity > config->order_quantity_max)
        NO(order_quantity, q->intent->quantity, config->order_quantity_max);
    if (over(q->units, q->price_e6, contracts[q->id].multiplier, config->order_value_max * E6,
             &value_e6))
        NO(order_value, value_e6, config->order_value_max * E6);
    int64_t other_e6 = 0;
    for (int64_t i = 0; i < model->order_count; i++) {
        const struct model_order *order = &model->orders[i];
        if (order->instrument != q->id || order->side == q->side || order->ended)
            continue;
        if (other_e6 == 0)
            other_e6 = worst_e6(order);
        other_e6 =
            q->side == 0 ? smaller(other_e6, worst_e6(order)) : larger(other_e6, worst_e6(order));
    }
    if (other_e6 && (q->side == 0 ? q->price_e6 >= other_e6 : q->price_e6 <= other_e6))
        NO(self_trade, q->price_e6, other_e6);
    return true;
}

static bool is_new(struct question *q)
{
    struct model *model = q->model;
    const struct sj_intent *intent = q->intent;
    int64_t least_ns = model->config.duplicate_ms * MS;
    if (find(model, intent->intent_id))
        NO(duplicate, 0, least_ns);
    for (uint64_t back = 1; back <= model->recent_count && back <= MODEL_RECENT; back++) {
        const struct model_recent *one =
            &model->recent[(model->recent_count - back) % MODEL_RECENT];
        if (one->intent.intent_id == intent->intent_id)
            NO(duplicate, 0, least_ns);
        /* Ids fall going back: no older one can be this. */
        if (one->intent.intent_id + 64 < intent->intent_id && q->now_ns - one->at_ns >= least_ns)
            break;
    }
    for (uint64_t back = 1; back <= model->recent_count && back <= MODEL_RECENT; back++) {
        const struct model_recent *one =
            &model->recent[(model->recent_count - back) % MODEL_RECENT];
        if (q->now_ns - one->at_ns >= least_ns)
            break;
        if (one->intent.instrument == intent->instrument && one->intent.side == intent->side &&
            one->intent.price_e6 == intent->price_e6 && one->intent.strategy == intent->strategy &&
            one->intent.quantity == intent->quantity &&
            one->intent.time_in_force == intent->time_in_force)
            NO(duplicate, q->now_ns - one->at_ns, least_ns);
    }
    return true;
}

static void roll_ratio(struct model_strategy *strategy, int64_t now_ns, int64_t window_ns)
{
    int64_t age_ns = now_ns - strategy->bucket_ns;
    if (age_ns < window_ns)
        return;
    strategy->orders[1] = age_ns < 2 * window_ns ? strategy->orders[0] : 0;
    strategy->cancels[1] = age_ns < 2 * window_ns ? strategy->cancels[0] : 0;
    strategy->orders[0] = strategy->cancels[0] = 0;
    strategy->bucket_ns = now_ns;
}

static bool counts_stand(struct question *q)
{
    struct model *model = q->model;
    const struct sj_risk_config *config = &model->config;
    struct model_strategy *strategy = &model->strategies[q->intent->strategy];
    int64_t open = 1, own = 1;
    for (int64_t i = 0; i < model->order_count; i++) {
        open += !model->orders[i].ended;
        own += !model->orders[i].ended && model->orders[i].strategy == q->intent->strategy;
    }
    if (open > config->open_orders_max)
        NO(open_orders, open, config->open_orders_max);
    if (own > config->strategy_orders_max)
        NO(strategy_orders, own, config->strategy_orders_max);
    roll_ratio(strategy, q->now_ns, config->cancel_ratio_window_s * S);
    int64_t orders = strategy->orders[0] + strategy->orders[1];
    int64_t cancels = strategy->cancels[0] + strategy->cancels[1];
    if (orders >= config->cancel_ratio_orders && cancels * 10 > orders * 8) /* 0.8 */
        NO(cancel_ratio, cancels * 1000000 / orders, 800000);
    return true;
}

static int64_t group_after(const struct question *q, bool rises)
{
    const struct model *model = q->model;
    int64_t own = 0, broker = 0, up = 0, down = 0;
    for (uint32_t id = 1; id <= INSTRUMENTS; id++) {
        const struct contract *contract = &contracts[id];
        if (contract->group != contracts[q->id].group)
            continue;
        int64_t sign = contract->put ? -1 : 1;
        own += sign * model->ins[id].own * contract->value;
        broker += sign * model->ins[id].broker * contract->value;
        up += working_units(model, id, contract->put ? 1 : 0) * contract->value;
        down += working_units(model, id, contract->put ? 0 : 1) * contract->value;
    }
    int64_t adds = q->units * contracts[q->id].value;
    return rises ? larger(own, broker) + up + adds : smaller(own, broker) - down - adds;
}

static bool position_stands(struct question *q)
{
    struct model *model = q->model;
    const struct sj_risk_config *config = &model->config;
    int64_t most = config->position_max * contracts[q->id].unit;
    int64_t after =
        q->side == 0 ? longest(model, q->id, 0, q->units) : shortest(model, q->id, 1, q->units);
    if (q->side == 0 ? after > most : after < -most)
        NO(position, after, most);
    bool rises = (q->side == 0) != contracts[q->id].put;
    after = group_after(q, rises);
    if (rises ? after > config->group_value_max : after < -config->group_value_max)
        NO(group_position, after * E6, config->group_value_max * E6);
    model->gross_before = gross(model, 0, -1, 0);
    model->gross_after = gross(model, q->id, q->side, q->units);
    if (model->gross_after > model->gross_before && model->gross_after > config->gross_value_max)
        NO(gross_position, model->gross_after * E6, config->gross_value_max * E6);
    return true;
}

/* TWD e6 of purchases under way in an account: stocks, or options. */
static int64_t working_e6(const struct model *model, uint32_t account, bool options)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < model->order_count; i++) {
        const struct model_order *order = &model->orders[i];
        const struct contract *contract = &contracts[order->instrument];
        if (order->account == account && order->side == 0 && !contract->future &&
            contract->option == options)
            sum += left_lots(order) * contract->unit * contract->multiplier * worst_e6(order);
    }
    return sum;
}

static bool account_stands(struct question *q)
{
    struct model *model = q->model;
    const struct sj_risk_config *config = &model->config;
    const struct model_account *account = &model->accounts[q->intent->account];
    const struct contract *contract = &contracts[q->id];
    int64_t buys_e6 = 0, age_ns = config->account_age_ms * MS;
    if (q->side == 0 && !contract->future)
        buys_e6 = q->units * contract->multiplier *
                  (q->places ? q->price_e6 : larger(q->price_e6 - worst_e6(q->target), 0));
    int64_t now = all_opened(model, 0, -1, 0);
    int64_t adds = q->places ? larger(all_opened(model, q->id, q->side, q->units) - now, 0) : 0;
    if (buys_e6 == 0 && adds == 0)
        return true;
    if (account->snapshot_ns == 0)
        NO(account_stale, SJ_NULL_I64, age_ns);
    if (q->now_ns - account->snapshot_ns > age_ns)
        NO(account_stale, q->now_ns - account->snapshot_ns, age_ns);
    int kind = contract->option;
    int64_t needed_e6 = buys_e6 + working_e6(model, q->intent->account, contract->option) +
                        (account->filled[kind][0] + account->filled[kind][1]) * E6;
    if (!contract->future && !contract->option) {
        int64_t there = account->cash < 0 ? LARGE_TWD : account->cash;
        there = account->margin < 0 ? there : smaller(there, account->margin);
        if (needed_e6 > there * E6 && there != LARGE_TWD)
            NO(cash, needed_e6, there * E6);
        return true;
    }
    needed_e6 = buys_e6 + working_e6(model, q->intent->account, true) +
                (account->filled[1][0] + account->filled[1][1]) * E6;
    needed_e6 += larger(now - smaller(account->held[0], account->held[1]) + adds, 0) * E6;
    if (account->margin < 0)
        NO(margin, needed_e6, SJ_NULL_I64);
    if (needed_e6 > account->margin * E6)
        NO(margin, needed_e6, account->margin * E6);
    return true;
}

static bool day_stands(struct question *q)
{
    const struct model *model = q->model;
    if (-model->profit > model->config.daily_loss_max)
        NO(daily_loss, -model->profit * E6, model->config.daily_loss_max * E6);
    if (model->best - model->profit > model->config.drawdown_max)
        NO(drawdown, (model->best - model->profit) * E6, model->config.drawdown_max * E6);
    return true;
}

static bool rates_stand(struct question *q)
{
    struct model *model = q->model;
    const struct sj_risk_config *config = &model->config;
    struct model_account *account = &model->accounts[q->intent->account];
    int64_t window_ns = config->rate_window_ms * MS, most = config->rate_account;
    int64_t ordinary = most - config->rate_cancel_reserve;
    int64_t count = calls_within(&account->side[q->side], q->now_ns, window_ns) + 1;
    bool sides = q->places || q->intent->kind == SJ_INTENT_PRICE;
    if (sides && count > config->rate_side)
        NO(rate_side, count, config->rate_side);
    count = calls_within(&model->strategies[q->intent->strategy].calls, q->now_ns, window_ns) + 1;
    if (q->intent->kind != SJ_INTENT_CANCEL && count > config->rate_strategy)
        NO(rate_strategy, count, config->rate_strategy);
    count = calls_within(&account->calls, q->now_ns, window_ns) + 1;
    if (q->intent->kind != SJ_INTENT_CANCEL && count > ordinary)
        NO(rate_account, count, ordinary);
    if (count > most)
        NO(rate_window, count, most);
    return true;
}

static bool known(struct question *q)
{
    const struct sj_intent *intent = q->intent;
    q->id = intent->instrument;
    q->target = q->places ? NULL : find(q->model, intent->target_id);
    if (q->id == 0 && q->target)
        q->id = q->target->instrument;
    if (q->id == 0 || q->id > INSTRUMENTS)
        NO(instrument_known, q->id, 64);
    q->side = intent->side == SJ_SIDE_BUY ? 0 : 1;
    q->units = intent->quantity * contracts[q->id].unit;
    q->price_e6 = intent->price_e6;
    return true;
}

static void ask(struct question *q)
{
    bool cancels = q->intent->kind == SJ_INTENT_CANCEL;
    bool shrinks = q->intent->kind == SJ_INTENT_QUANTITY;
    if (!understood(q) || (cancels && !rates_stand(q)) || cancels)
        return;
    if (!known(q) || !target_works(q) || (shrinks && !rates_stand(q)) || shrinks)
        return;
    if (!stopped(q) || !price_stands(q) || !order_stands(q))
        return;
    if (q->places && (!is_new(q) || !counts_stand(q) || !position_stands(q)))
        return;
    if (account_stands(q) && day_stands(q))
        (void)rates_stand(q);
}

void model_check(struct model *model, const struct sj_intent *intent, int64_t now_ns,
                 struct model_verdict *ret_verdict)
{
    struct question question = {.model = model,
                                .intent = intent,
                                .now_ns = now_ns,
                                .places = intent->kind == SJ_INTENT_PLACE,
                                .verdict = ret_verdict};
    *ret_verdict = (struct model_verdict){0};
    ask(&question);
}

void model_accept(struct model *model, const struct sj_intent *intent, int64_t now_ns)
{
    const struct sj_risk_config *config = &model->config;
    struct model_account *account = &model->accounts[intent->account];
    struct model_strategy *strategy = &model->strategies[intent->strategy];
    struct model_order *target = intent->target_id ? find(model, intent->target_id) : NULL;
    int64_t window_ns = config->rate_window_ms * MS;
    bool places = intent->kind == SJ_INTENT_PLACE, reprices = intent->kind == SJ_INTENT_PRICE;
    int side = places ? intent->side - 1 : target ? target->side : 0;
    call(&account->calls, now_ns, config->rate_account, window_ns);
    if (intent->kind != SJ_INTENT_CANCEL)
        call(&strategy->calls, now_ns, config->rate_strategy, window_ns);
    if (places || reprices)
        call(&account->side[side], now_ns, config->rate_side, window_ns);
    roll_ratio(strategy, now_ns, config->cancel_ratio_window_s * S);
    strategy->orders[0] += places;
    strategy->cancels[0] += !places;
    if (reprices) {
        target->price_e6 = worst_e6(target);
        target->pending_e6 = intent->price_e6;
    }
    if (!places)
        return;
    model->recent[model->recent_count++ % MODEL_RECENT] = (struct model_recent){*intent, now_ns};
    assert_true(model->order_count < MODEL_ORDERS);
    model->orders[model->order_count++] = (struct model_order){.id = intent->intent_id,
                                                               .instrument = intent->instrument,
                                                               .strategy = intent->strategy,
                                                               .account = intent->account,
                                                               .side = side,
                                                               .price_e6 = intent->price_e6,
                                                               .quantity = intent->quantity};
}

bool model_reduces(const struct model *model)
{
    return model->gross_after <= model->gross_before;
}
