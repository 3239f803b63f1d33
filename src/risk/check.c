/* The checks: one function each, by the names of checks.h; and the verdict. A check that fails
 * leaves in `value` and `limit` what decided. */
#include "risk/check_exposure.h"
#include "risk/check_input.h"

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
