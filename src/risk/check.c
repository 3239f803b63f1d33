/* The checks: one function each, by the names of checks.h; and the verdict. A check that fails
 * leaves in `value` and `limit` what decided. */
#include "risk/risk_private.h"

struct check {
    const struct sj_intent *intent;
    struct instrument *ins;
    struct account *account;
    struct strategy *strategy;
    struct order *target;
    int64_t now_ns;
    int64_t units;     /* that it adds to what works; of a change: what is left of the target */
    int64_t price_e6;  /* a market order's: its worst */
    int64_t ref_e6;    /* by check_reference_stale */
    sj_value value_e6; /* by check_order_value */
    bool priced;       /* has a price of its own */
    uint8_t side;      /* BUY, SELL */
    uint8_t lot;
    bool places;
    bool house;
    int64_t value, limit;
};

static bool fail(struct check *c, int64_t value, int64_t limit)
{
    c->value = value;
    c->limit = limit;
    return false;
}

/* --- what cannot be understood --- */

static bool check_order_fields(struct check *c)
{
    const struct sj_intent *intent = c->intent;
    if (intent->side != SJ_SIDE_BUY && intent->side != SJ_SIDE_SELL)
        return fail(c, intent->side, SJ_RISK_FIELD_SIDE);
    if (intent->quantity == 0 || intent->quantity > QUANTITY_MAX)
        return fail(c, intent->quantity, SJ_RISK_FIELD_QUANTITY);
    if (intent->price_type < SJ_ORDER_LMT || intent->price_type > SJ_ORDER_MKP)
        return fail(c, intent->price_type, SJ_RISK_FIELD_PRICE_TYPE);
    if (intent->time_in_force < SJ_ORDER_ROD || intent->time_in_force > SJ_ORDER_GTX)
        return fail(c, intent->time_in_force, SJ_RISK_FIELD_TIME_IN_FORCE);
    if (intent->order_cond > SJ_COND_NETTING)
        return fail(c, intent->order_cond, SJ_RISK_FIELD_COND);
    if (intent->order_lot > SJ_LOT_INTRADAY_ODD)
        return fail(c, intent->order_lot, SJ_RISK_FIELD_LOT);
    if (intent->octype > SJ_OC_DAYTRADE)
        return fail(c, intent->octype, SJ_RISK_FIELD_OCTYPE);
    for (size_t i = 0; i < sizeof intent->custom_field; i++)
        if (intent->custom_field[i] != 0 &&
            (intent->custom_field[i] < ' ' || intent->custom_field[i] > '~'))
            return fail(c, (unsigned char)intent->custom_field[i], SJ_RISK_FIELD_CUSTOM);
    return true;
}

static bool price_understood(const struct sj_intent *intent)
{
    bool null = intent->price_e6 == SJ_NULL_E6;
    if (intent->kind == SJ_INTENT_PLACE && intent->price_type == SJ_ORDER_MKT)
        return null;
    if (intent->kind == SJ_INTENT_PLACE && intent->price_type == SJ_ORDER_MKP && null)
        return true;
    return price_sane(intent->price_e6);
}

static bool check_malformed(struct sj_risk *risk, struct check *c)
{
    const struct sj_intent *intent = c->intent;
    if (intent->kind < SJ_INTENT_PLACE || intent->kind > SJ_INTENT_QUANTITY)
        return fail(c, intent->kind, SJ_RISK_FIELD_KIND);
    if (intent->intent_id == 0)
        return fail(c, 0, SJ_RISK_FIELD_INTENT_ID);
    if (intent->account >= SJ_RISK_ACCOUNT_MAX)
        return fail(c, intent->account, SJ_RISK_FIELD_ACCOUNT);
    if (intent->strategy >= SJ_RISK_STRATEGY_MAX)
        return fail(c, intent->strategy, SJ_RISK_FIELD_STRATEGY);
    if ((intent->target_id == 0) != c->places)
        return fail(c, clip((sj_value)intent->target_id), SJ_RISK_FIELD_TARGET_ID);
    if (c->places && !check_order_fields(c))
        return false;
    if ((c->places || intent->kind == SJ_INTENT_PRICE) && !price_understood(intent))
        return fail(c, intent->price_e6, SJ_RISK_FIELD_PRICE);
    if (intent->kind == SJ_INTENT_QUANTITY &&
        (intent->quantity == 0 || intent->quantity > QUANTITY_MAX))
        return fail(c, intent->quantity, SJ_RISK_FIELD_QUANTITY);
    c->account = &risk->accounts[intent->account];
    c->strategy = &risk->strategies[intent->strategy];
    return true;
}

static bool check_instrument_known(struct sj_risk *risk, struct check *c)
{
    uint32_t id = c->intent->instrument;
    if (!c->places) {
        c->target = order_find(risk, c->intent->target_id);
        id = c->target && id == 0 ? c->target->instrument : id;
    }
    c->ins = instrument_of(risk, id);
    if (!c->ins)
        return fail(c, id, risk->instrument_max);
    if (c->places) {
        c->side = c->intent->side == SJ_SIDE_BUY ? BUY : SELL;
        c->lot = c->intent->order_lot;
        c->units = units_of(c->ins, c->intent->quantity, c->lot);
        c->price_e6 = c->intent->price_e6;
        c->priced = price_sane(c->price_e6);
        if (!c->priced)
            c->price_e6 = c->side == BUY ? c->ins->limit_up_e6 : c->ins->limit_down_e6;
    }
    return true;
}

static bool check_target(struct sj_risk *risk, struct check *c)
{
    const struct sj_intent *intent = c->intent;
    const struct order *target = c->target;
    int64_t asked =
        intent->kind == SJ_INTENT_QUANTITY ? (int64_t)intent->quantity : intent->price_e6;
    if (c->places)
        return true;
    if (!target || target->ended || &risk->instruments[target->instrument] != c->ins ||
        target->account != intent->account || (target->strategy != intent->strategy && !c->house))
        return fail(c, asked, SJ_NULL_I64);
    uint32_t gone = target->filled > target->reported ? target->filled : target->reported;
    uint32_t left = target->quantity - target->cancelled;
    left = left > gone ? left - gone : 0;
    if (left == 0 || (intent->kind == SJ_INTENT_QUANTITY &&
                      (intent->quantity >= gone + left || intent->quantity <= gone)))
        return fail(c, asked, left);
    c->side = target->side;
    c->lot = target->lot;
    c->units = order_left_units(risk, target);
    c->price_e6 = intent->price_e6;
    c->priced = intent->kind == SJ_INTENT_PRICE;
    return true;
}

static bool check_order_type(struct sj_risk *risk, struct check *c)
{
    const struct sj_intent *intent = c->intent;
    const struct instrument *ins = c->ins;
    int64_t what = intent->price_type * 100 + intent->time_in_force * 10 + intent->order_lot;
    if (ins->combination)
        return fail(c, what, SJ_RISK_TYPE_COMBINATION);
    if (!c->places)
        return true;
    if (intent->time_in_force == SJ_ORDER_GTX && !risk->limits.post_only)
        return fail(c, what, SJ_RISK_TYPE_GTX);
    bool market = intent->price_type != SJ_ORDER_LMT;
    if (market && !risk->limits.market_orders && !c->house)
        return fail(c, what, SJ_RISK_TYPE_MARKET);
    if (intent->order_lot == SJ_LOT_COMMON)
        return true;
    if (intent->order_lot != SJ_LOT_INTRADAY_ODD || ins->derivative)
        return fail(c, what, SJ_RISK_TYPE_LOT);
    if (market || intent->time_in_force != SJ_ORDER_ROD || intent->quantity >= ins->unit)
        return fail(c, what, SJ_RISK_TYPE_ODD_LOT);
    return true;
}

/* --- what is stopped --- */

static bool check_kill_switch(struct sj_risk *risk, struct check *c)
{
    return !risk->killed || fail(c, risk->kill_source, 0);
}

static bool check_disarmed(struct sj_risk *risk, struct check *c)
{
    (void)risk;
    return !c->strategy->disarmed || fail(c, c->intent->strategy, 0);
}

static bool check_instrument_allowed(struct sj_risk *risk, struct check *c)
{
    return c->ins->allowed || fail(c, c->ins - risk->instruments, 0);
}

static bool check_instrument_blocked(struct sj_risk *risk, struct check *c)
{
    uint32_t blocks = c->ins->blocks | risk->blocks;
    return blocks == 0 || fail(c, blocks, 0);
}

static bool check_feed(struct sj_risk *risk, struct check *c)
{
    bool lost = risk->feed_lost || c->ins->feed_lost;
    return !lost || !risk->limits.feed || fail(c, risk->feeds_lost, 0);
}

/* --- what the market allows --- */

static enum session_kind session_of(const struct sj_risk *risk, const struct check *c)
{
    if (c->lot == SJ_LOT_INTRADAY_ODD)
        return SESSION_ODD;
    if (SJ_UNLIKELY(c->ins->last_day == (uint32_t)risk->trading_day))
        return SESSION_FUTURES_LAST;
    return (enum session_kind)c->ins->session;
}

static bool check_session(struct sj_risk *risk, struct check *c)
{
    if (!risk->limits.session)
        return true;
    const struct phase *phase = phase_at(risk, session_of(risk, c), c->now_ns);
    bool over = c->ins->last_day != 0 && c->ins->last_day < (uint32_t)risk->trading_day;
    /* A change takes no kind of its own: its order was taken. A post-only order rests as ROD. */
    uint32_t tif =
        c->intent->time_in_force == SJ_ORDER_GTX ? SJ_ORDER_ROD : c->intent->time_in_force;
    uint32_t kind = c->places ? sj_order_bit(c->intent->price_type, tif) : phase->orders;
    return ((phase->orders & kind) != 0 && !over) ||
           fail(c, over ? SJ_SESSION_PHASE_NONE : phase->phase, phase->orders);
}

static int64_t tick_at(const struct sj_tick_bands *bands, int64_t price_e6)
{
    const struct sj_tick_band *band = bands->band;
    while (price_e6 >= band->below_e6 && band->below_e6 != INT64_MAX)
        band++;
    return band->tick_e6;
}

static bool check_price_tick(struct sj_risk *risk, struct check *c)
{
    if (!risk->limits.tick || !c->priced || c->ins->bands == 0)
        return true;
    int64_t tick_e6 = tick_at(&risk->bands[c->ins->bands], c->price_e6);
    return (uint64_t)c->price_e6 % (uint64_t)tick_e6 == 0 || fail(c, c->price_e6, tick_e6);
}

static bool check_price_limits(struct sj_risk *risk, struct check *c)
{
    if (!risk->limits.limits || !c->priced)
        return true;
    if (c->ins->limit_up_e6 != 0 && c->price_e6 > c->ins->limit_up_e6)
        return fail(c, c->price_e6, c->ins->limit_up_e6);
    return c->price_e6 >= c->ins->limit_down_e6 || fail(c, c->price_e6, c->ins->limit_down_e6);
}

/* --- what the price is --- */

static int64_t reference_of(const struct instrument *ins, int32_t kind, int64_t *ret_ns)
{
    bool two_sided = ins->bid_e6 != 0 && ins->ask_e6 > ins->bid_e6;
    bool auction =
        ins->auction_ns != 0 && ins->auction_ns >= ins->last_ns && ins->auction_ns >= ins->book_ns;
    if (kind == SJ_RISK_REFERENCE_AUTO && auction) {
        *ret_ns = ins->auction_ns;
        return ins->auction_e6;
    }
    if (kind != SJ_RISK_REFERENCE_LAST && two_sided) {
        *ret_ns = ins->book_ns;
        return (ins->bid_e6 + ins->ask_e6) / 2;
    }
    *ret_ns = ins->last_ns;
    return kind == SJ_RISK_REFERENCE_MID ? 0 : ins->last_e6;
}

static bool check_reference_stale(struct sj_risk *risk, struct check *c)
{
    const struct limits *limits = &risk->limits;
    int64_t at_ns = 0;
    c->ref_e6 = reference_of(c->ins, limits->reference, &at_ns);
    if (limits->aggressive_ppm == 0 && limits->passive_ppm == 0)
        return true;
    if (c->ref_e6 == 0)
        return fail(c, SJ_NULL_I64, limits->reference_age_ns);
    int64_t age_ns = c->now_ns - at_ns;
    return limits->reference_age_ns == 0 || age_ns <= limits->reference_age_ns ||
           fail(c, age_ns, limits->reference_age_ns);
}

static bool check_collar(struct sj_risk *risk, struct check *c)
{
    if (!c->priced)
        return true;
    bool above = c->price_e6 > c->ref_e6;
    bool aggressive = above == (c->side == BUY);
    int64_t ppm = aggressive ? risk->limits.aggressive_ppm : risk->limits.passive_ppm;
    if (ppm == 0)
        return true;
    int64_t width_e6 = (int64_t)((uint64_t)c->ref_e6 / 1000 * (uint64_t)ppm / 1000);
    int64_t away_e6 = above ? c->price_e6 - c->ref_e6 : c->ref_e6 - c->price_e6;
    return away_e6 <= width_e6 ||
           fail(c, c->price_e6, above ? c->ref_e6 + width_e6 : c->ref_e6 - width_e6);
}

/* --- what the order is by itself --- */

static bool check_order_quantity(struct sj_risk *risk, struct check *c)
{
    uint32_t most =
        c->lot == SJ_LOT_COMMON ? c->ins->order_quantity_max : risk->limits.odd_quantity;
    return most == 0 || c->intent->quantity <= most || fail(c, c->intent->quantity, most);
}

static bool check_order_value(struct sj_risk *risk, struct check *c)
{
    /* A market order has no price: it is valued at the highest there may be. */
    int64_t price_e6 = c->priced ? c->price_e6 : max64(c->ins->limit_up_e6, c->ref_e6);
    int64_t most_e6 = c->ins->order_value_max_e6;
    (void)risk;
    c->value_e6 = (sj_value)(c->units * c->ins->multiplier) * price_e6;
    return most_e6 == 0 || c->value_e6 <= most_e6 || fail(c, clip(c->value_e6), most_e6);
}

static bool check_self_trade(struct sj_risk *risk, struct check *c)
{
    int64_t other_e6 = c->ins->best_e6[SIDES - 1 - c->side];
    if (other_e6 == 0 || !risk->limits.self_trade)
        return true;
    bool meets =
        c->side == BUY ? c->price_e6 == 0 || c->price_e6 >= other_e6 : c->price_e6 <= other_e6;
    return !meets || fail(c, c->price_e6, other_e6);
}

static bool check_duplicate(struct sj_risk *risk, struct check *c)
{
    int64_t least_ns = risk->limits.duplicate_ns;
    if (order_find(risk, c->intent->intent_id) || recent_id(risk, c->intent->intent_id))
        return fail(c, 0, least_ns);
    if (least_ns == 0 || c->house)
        return true;
    const struct recent *same = recent_same(risk, c->intent, c->now_ns - least_ns);
    return !same || fail(c, c->now_ns - same->at_ns, least_ns);
}

/* --- what it adds to --- */

static bool check_open_orders(struct sj_risk *risk, struct check *c)
{
    uint32_t count = risk->open_count + 1, most = risk->limits.open_orders;
    return (count <= most && risk->free_order != NONE) || fail(c, count, most);
}

static bool check_strategy_orders(struct sj_risk *risk, struct check *c)
{
    uint32_t count = c->strategy->open_count + 1, most = risk->limits.strategy_orders;
    return most == 0 || count <= most || fail(c, count, most);
}

/* Counts go over two buckets of time, so that a ratio that refuses is forgotten at last. */
static void ratio_roll(struct strategy *strategy, int64_t now_ns, int64_t window_ns)
{
    if (SJ_LIKELY(now_ns - strategy->bucket_ns < window_ns))
        return;
    bool next = now_ns - strategy->bucket_ns < 2 * window_ns;
    strategy->orders[1] = next ? strategy->orders[0] : 0;
    strategy->cancels[1] = next ? strategy->cancels[0] : 0;
    strategy->orders[0] = strategy->cancels[0] = 0;
    strategy->bucket_ns = now_ns;
}

static bool check_cancel_ratio(struct sj_risk *risk, struct check *c)
{
    const struct limits *limits = &risk->limits;
    if (limits->cancel_ratio_ppm == 0)
        return true;
    ratio_roll(c->strategy, c->now_ns, limits->ratio_window_ns);
    uint64_t orders = (uint64_t)c->strategy->orders[0] + c->strategy->orders[1];
    uint64_t cancels = (uint64_t)c->strategy->cancels[0] + c->strategy->cancels[1];
    if (orders < limits->ratio_orders ||
        cancels * 1000000 <= orders * (uint64_t)limits->cancel_ratio_ppm)
        return true;
    return fail(c, (int64_t)(cancels * 1000000 / orders), limits->cancel_ratio_ppm);
}

static bool check_position(struct sj_risk *risk, struct check *c)
{
    int64_t most = c->ins->position_max;
    int64_t after = c->side == BUY ? longest(c->ins) + c->units : c->units - shortest(c->ins);
    (void)risk;
    return most == 0 || after <= most || fail(c, c->side == BUY ? after : -after, most);
}

static bool check_group_position(struct sj_risk *risk, struct check *c)
{
    const struct group *group = &risk->groups[c->ins->group];
    int64_t most_e6 = risk->limits.group_value_e6;
    bool rises = (c->side == BUY) != c->ins->put;
    sj_value own = group->position_e6[OWN], broker = group->position_e6[BROKER];
    sj_value adds = (sj_value)c->units * c->ins->unit_value_e6, after;
    if (most_e6 == 0)
        return true;
    if (rises)
        after = (own > broker ? own : broker) + group->working_e6[BUY] + adds;
    else
        after = group->working_e6[SELL] + adds - (own < broker ? own : broker);
    return after <= most_e6 || fail(c, rises ? clip(after) : -clip(after), most_e6);
}

/* The instrument's own sum with this order in it; what it was is taken off. */
static bool check_gross_position(struct sj_risk *risk, struct check *c)
{
    const struct instrument *ins = c->ins;
    int64_t most_e6 = risk->limits.gross_value_e6;
    int64_t longs = longest(ins) + (c->side == BUY ? c->units : 0);
    int64_t shorts = shortest(ins) - (c->side == SELL ? c->units : 0);
    sj_value worst_e6 = (sj_value)max64(longs, -shorts) * ins->unit_value_e6;
    sj_value after = risk->gross_e6 - ins->worst_e6 + worst_e6;
    if (most_e6 == 0 || worst_e6 <= ins->worst_e6)
        return true;
    return after <= most_e6 || fail(c, clip(after), most_e6);
}

/* --- the account --- */

/* What an order, or a higher price of one, adds to the purchases under way. */
static sj_value purchase(const struct sj_risk *risk, const struct check *c)
{
    (void)risk;
    if (c->side == SELL || (c->ins->derivative && !c->ins->option))
        return 0;
    if (c->places)
        return c->value_e6;
    int64_t dearer_e6 = c->price_e6 - order_worst_e6(c->target);
    return dearer_e6 > 0 ? (sj_value)(c->units * c->ins->multiplier) * dearer_e6 : 0;
}

static sj_value opens(const struct check *c)
{
    const struct instrument *ins = c->ins;
    if (!ins->derivative || !c->places)
        return 0;
    int64_t longs = longest(ins) + (c->side == BUY ? c->units : 0);
    int64_t shorts = shortest(ins) - (c->side == SELL ? c->units : 0);
    return (sj_value)opened_units(ins, longs, shorts) * ins->margin_e6 - ins->opened_e6;
}

static bool check_account_stale(struct sj_risk *risk, struct check *c)
{
    const struct limits *limits = &risk->limits;
    bool looks = c->ins->derivative ? limits->margin : limits->cash;
    if (!looks || limits->account_age_ns == 0)
        return true;
    if (purchase(risk, c) == 0 && opens(c) <= 0)
        return true;
    if (c->account->snapshot_ns == 0)
        return fail(c, SJ_NULL_I64, limits->account_age_ns);
    int64_t age_ns = c->now_ns - c->account->snapshot_ns;
    return age_ns <= limits->account_age_ns || fail(c, age_ns, limits->account_age_ns);
}

static bool check_cash(struct sj_risk *risk, struct check *c)
{
    const struct account *account = c->account;
    if (!risk->limits.cash || c->ins->derivative)
        return true;
    sj_value needed = purchase(risk, c);
    if (needed == 0)
        return true;
    needed += account->working_e6[0] + account->filled_e6[0][0] + account->filled_e6[0][1];
    int64_t there = INT64_MAX;
    if (account->cash_e6 != SJ_NULL_E6)
        there = account->cash_e6;
    if (account->margin_e6 != SJ_NULL_E6)
        there = min64(there, account->margin_e6);
    sj_value most = (sj_value)there - risk->limits.cash_reserve_e6;
    return needed <= most || fail(c, clip(needed), clip(most));
}

static bool check_margin(struct sj_risk *risk, struct check *c)
{
    const struct account *account = c->account;
    const struct limits *limits = &risk->limits;
    if (!limits->margin || !c->ins->derivative)
        return true;
    sj_value adds = opens(c), premium = purchase(risk, c);
    if (adds <= 0 && premium == 0)
        return true;
    sj_value base =
        account->held_e6[0] < account->held_e6[1] ? account->held_e6[0] : account->held_e6[1];
    sj_value opened = risk->opened_e6 - base + (adds > 0 ? adds : 0);
    sj_value needed = (opened > 0 ? opened : 0) + premium + account->working_e6[1] +
                      account->filled_e6[1][0] + account->filled_e6[1][1];
    sj_value most = (sj_value)account->margin_e6 - limits->margin_reserve_e6;
    if (account->margin_e6 == SJ_NULL_E6)
        return fail(c, clip(needed), SJ_NULL_I64);
    return needed <= most || fail(c, clip(needed), clip(most));
}

static bool check_daily_loss(struct sj_risk *risk, struct check *c)
{
    int64_t most_e6 = risk->limits.daily_loss_e6;
    return most_e6 == 0 || -risk->pnl_e6 <= most_e6 || fail(c, clip(-risk->pnl_e6), most_e6);
}

static bool check_drawdown(struct sj_risk *risk, struct check *c)
{
    int64_t most_e6 = risk->limits.drawdown_e6;
    sj_value below = risk->pnl_peak_e6 - risk->pnl_e6;
    return most_e6 == 0 || below <= most_e6 || fail(c, clip(below), most_e6);
}

/* --- what spends a slot of a window --- */

static bool within(struct sj_risk *risk, struct check *c, struct window *window, uint32_t most)
{
    if (most == 0)
        return true;
    uint32_t count = window_roll(window, c->now_ns, risk->limits.window_ns) + 1;
    c->value = count;
    c->limit = most;
    return count <= most;
}

static bool check_rate_side(struct sj_risk *risk, struct check *c)
{
    return within(risk, c, &c->account->side[c->side], risk->limits.rate_side);
}

static bool check_rate_strategy(struct sj_risk *risk, struct check *c)
{
    return within(risk, c, &c->strategy->calls, risk->limits.rate_strategy);
}

static bool check_rate_account(struct sj_risk *risk, struct check *c)
{
    return within(risk, c, &c->account->calls, risk->limits.rate_account);
}

static bool check_rate_window(struct sj_risk *risk, struct check *c)
{
    return within(risk, c, &c->account->calls, risk->limits.rate_window);
}

/* --- the verdict --- */

/* Made once for each kind, so that each has only its own checks in it. */
static inline __attribute__((always_inline)) uint16_t decide_as(struct sj_risk *risk,
                                                                struct check *c, uint32_t applies)
{
#define X(number, name, on, text)                                                                  \
    if ((applies & (on)) && !check_##name(risk, c))                                                \
        return number;
    SJ_RISK_CHECK_TABLE(X)
#undef X
    return SJ_RISK_PASSED;
}

static uint16_t decide(struct sj_risk *risk, struct check *c)
{
    if (c->intent->kind == SJ_INTENT_CANCEL)
        return decide_as(risk, c, SJ_RISK_C);
    if (SJ_UNLIKELY(c->house))
        return decide_as(risk, c, SJ_RISK_H);
    if (c->intent->kind == SJ_INTENT_PRICE)
        return decide_as(risk, c, SJ_RISK_R);
    if (c->intent->kind == SJ_INTENT_QUANTITY)
        return decide_as(risk, c, SJ_RISK_Q);
    return decide_as(risk, c, SJ_RISK_P);
}

/* The price a market order counts with: the worst there may be. */
static int64_t worst_price(const struct check *c)
{
    if (c->priced)
        return c->price_e6;
    return max64(c->side == BUY ? max64(c->price_e6, c->ref_e6) : c->price_e6, 1);
}

/* Written in place: a copy of what has just been written in pieces would wait for them. */
static void reserve_order(struct sj_risk *risk, const struct check *c)
{
    const struct sj_intent *intent = c->intent;
    struct order *order = risk_order_take(risk);
    recent_add(risk, intent, c->now_ns);
    if (!order) {
        risk->stray_count++;
        return;
    }
    order->intent_id = intent->intent_id;
    order->price_e6 = worst_price(c);
    order->pending_e6 = 0;
    order->instrument = intent->instrument;
    order->quantity = intent->quantity;
    order->cancelled = order->reported = order->filled = 0;
    order->strategy = (uint16_t)intent->strategy;
    order->account = (uint8_t)intent->account;
    order->side = c->side;
    order->lot = c->lot;
    order->ended = false;
    order_enter(risk, order);
}

/* Takes what an accepted intent uses: exposure, and a slot of each window. */
static void reserve(struct sj_risk *risk, struct check *c)
{
    uint8_t kind = c->intent->kind;
    window_add(&c->account->calls, c->now_ns);
    if (kind != SJ_INTENT_CANCEL)
        window_add(&c->strategy->calls, c->now_ns);
    if (kind == SJ_INTENT_PLACE || kind == SJ_INTENT_PRICE)
        window_add(&c->account->side[c->side], c->now_ns);
    if (risk->limits.cancel_ratio_ppm != 0) {
        ratio_roll(c->strategy, c->now_ns, risk->limits.ratio_window_ns);
        c->strategy->orders[0] += c->places;
        c->strategy->cancels[0] += !c->places;
    }
    if (c->places)
        reserve_order(risk, c);
    else if (kind == SJ_INTENT_PRICE && c->target)
        order_reprice(risk, c->target, order_worst_e6(c->target), c->price_e6);
}

static const char names[SJ_RISK_CHECK_MAX + 1][sizeof((struct sj_verdict *)0)->check_name] = {
#define X(number, name, on, text) [number] = #name,
    SJ_RISK_CHECK_TABLE(X)
#undef X
};

const char *sj_risk_check_name(uint32_t number)
{
    return number <= SJ_RISK_CHECK_MAX ? names[number] : "";
}

bool sj_risk_check(struct sj_risk *risk, const struct sj_intent *intent, int64_t now_ns,
                   struct sj_verdict *ret_verdict)
{
    struct check c = {.intent = intent,
                      .now_ns = clock_advance(risk, now_ns),
                      .places = intent->kind == SJ_INTENT_PLACE,
                      .house = risk->panic && intent->strategy == 0};
    uint16_t number = decide(risk, &c);
    if (number == SJ_RISK_PASSED) {
        reserve(risk, &c);
        risk->accepted_count++;
    } else {
        risk->refused_by[number]++;
    }
    memset(ret_verdict, 0, sizeof *ret_verdict);
    sj_frame_head(ret_verdict, SJ_EVENT_VERDICT, sizeof *ret_verdict);
    ret_verdict->instrument = intent->instrument;
    ret_verdict->exch_ns = ret_verdict->recv_ns = c.now_ns;
    ret_verdict->intent_id = intent->intent_id;
    ret_verdict->strategy = intent->strategy;
    ret_verdict->check = number;
    ret_verdict->accepted = number == SJ_RISK_PASSED;
    ret_verdict->value = c.value;
    ret_verdict->limit = c.limit;
    memcpy(ret_verdict->check_name, names[number], sizeof ret_verdict->check_name);
    return number == SJ_RISK_PASSED;
}
