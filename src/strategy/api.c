/* What strategies call: each enters the host (guard off), and goes back. Memory of the plug-in is
 * read before that, so that a wild pointer is its crash and not ours. */
#include <stdio.h>
#include <string.h>

#include "strategy/host_private.h"

#define PRICE_MAX_E6 (INT64_C(100000000) * 1000000)
#define LOG_TEXT_MAX 200

void sj_host_log(struct sj_strategy_host *host, const char *text)
{
    struct sj_strategies *s = host->owner;
    if (s->now_ns - host->log_window_ns >= INT64_C(1000000000) || s->now_ns < host->log_window_ns) {
        host->log_window_ns = s->now_ns;
        host->window_lines = 0;
    }
    if (s->ops.log && host->window_lines++ < LOG_LINES_PER_S)
        s->ops.log(s->ops.context, host->number, text);
}

uint64_t sj_host_refuse(struct sj_strategy_host *host, enum sj_nonsense nonsense, int64_t value)
{
    char text[128];
    host->nonsense_count[nonsense]++;
    snprintf(text, sizeof text, "an intent makes no sense: %s (%lld)", sj_nonsense_name(nonsense),
             (long long)value);
    sj_host_log(host, text);
    if (++host->nonsense_sum >= host->nonsense_max) {
        snprintf(text, sizeof text, "nonsense: %s", sj_nonsense_name(nonsense));
        sj_host_doom(host, SJ_CONTROL_BY_PROCESS, host->nonsense_sum, text);
    }
    if (host->origin_seq)
        sj_host_answer(host, sj_nonsense_name(nonsense), value);
    return 0;
}

static bool may_be_negative(const struct sj_instrument *instrument)
{
    /* The price of a calendar spread, whose code has a slash, is a difference. */
    return memchr(instrument->code, '/', sizeof instrument->code) != NULL;
}

/* The nonsense in a price, or SJ_NONSENSE_COUNT. */
static enum sj_nonsense check_price(const struct sj_instrument *instrument, int64_t price_e6)
{
    if (price_e6 == SJ_NULL_E6)
        return SJ_NONSENSE_NULL_PRICE;
    if (price_e6 <= 0 && !may_be_negative(instrument))
        return SJ_NONSENSE_NEGATIVE_PRICE;
    if (price_e6 > PRICE_MAX_E6 || price_e6 < -PRICE_MAX_E6)
        return SJ_NONSENSE_HUGE_PRICE;
    return SJ_NONSENSE_COUNT;
}

static bool trades(const struct sj_strategy_host *host, uint32_t instrument)
{
    return instrument <= host->owner->instrument_max &&
           (host->owner->takers[instrument] & sj_host_bit(host)) != 0;
}

static enum sj_nonsense check_enums(const struct sj_strategy_order *order)
{
    if (order->side != SJ_SIDE_BUY && order->side != SJ_SIDE_SELL)
        return SJ_NONSENSE_BAD_SIDE;
    if (order->price_type < SJ_ORDER_LMT || order->price_type > SJ_ORDER_MKP)
        return SJ_NONSENSE_BAD_PRICE_TYPE;
    if (order->time_in_force < SJ_ORDER_ROD || order->time_in_force > SJ_ORDER_GTX)
        return SJ_NONSENSE_BAD_TIME_IN_FORCE;
    if (order->cond > SJ_COND_NETTING || order->lot > SJ_LOT_INTRADAY_ODD ||
        order->octype > SJ_OC_DAYTRADE)
        return SJ_NONSENSE_BAD_ENUM;
    return SJ_NONSENSE_COUNT;
}

/* The nonsense in a new order, or SJ_NONSENSE_COUNT. ret_value: what was wrong with it. */
static enum sj_nonsense check_order(const struct sj_strategy_host *host,
                                    const struct sj_strategy_order *order, int64_t *ret_value)
{
    const struct sj_instrument *instrument =
        sj_instruments_get(host->owner->instruments, order->instrument);
    bool odd = order->lot == SJ_LOT_ODD || order->lot == SJ_LOT_INTRADAY_ODD;
    *ret_value = order->instrument;
    if (!instrument)
        return SJ_NONSENSE_UNKNOWN_INSTRUMENT;
    if (!trades(host, order->instrument))
        return SJ_NONSENSE_FOREIGN_INSTRUMENT;
    *ret_value = 0;
    enum sj_nonsense nonsense = check_enums(order);
    if (nonsense != SJ_NONSENSE_COUNT)
        return nonsense;
    *ret_value = order->quantity;
    if (order->quantity == 0)
        return SJ_NONSENSE_ZERO_QUANTITY;
    if (order->quantity > host->quantity_max)
        return SJ_NONSENSE_HUGE_QUANTITY;
    if (host->lot_class != LOT_ANY && host->lot_class != (odd ? LOT_ODD : LOT_ROUND))
        return SJ_NONSENSE_MIXED_LOTS;
    *ret_value = order->price_e6;
    if (order->price_type == SJ_ORDER_LMT)
        return check_price(instrument, order->price_e6);
    return SJ_NONSENSE_COUNT;
}

static int64_t mid_of(const struct sj_top *top)
{
    if (top->bid_e6 == SJ_NULL_E6 || top->ask_e6 == SJ_NULL_E6)
        return SJ_NULL_E6;
    return top->bid_e6 + (top->ask_e6 - top->bid_e6) / 2;
}

struct sj_intent_entry *sj_host_follow(struct sj_strategy_host *host,
                                       const struct sj_intent *intent, uint64_t id)
{
    struct sj_intent_entry *entry = sj_intent_table_add(&host->owner->intents, id);
    entry->target_id = intent->target_id;
    entry->price_e6 = intent->price_e6;
    entry->instrument = intent->instrument;
    entry->quantity = intent->quantity;
    entry->strategy = (uint8_t)host->number;
    entry->kind = intent->kind;
    entry->side = intent->side;
    return entry;
}

uint64_t sj_host_send_intent(struct sj_strategy_host *host, struct sj_intent *intent)
{
    struct sj_strategies *s = host->owner;
    sj_frame_head(intent, SJ_EVENT_INTENT, sizeof *intent);
    intent->exch_ns = s->now_ns;
    intent->recv_ns = s->now_ns;
    intent->strategy = host->number;
    intent->arrival_mid_e6 = mid_of(&s->tops[intent->instrument]);
    intent->origin_seq = host->origin_seq;
    intent->origin_src = host->origin_seq ? host->process.src : 0;
    uint64_t id = s->ops.intent(s->ops.context, intent);
    if (id == 0)
        return 0;
    host->intent_count++;
    struct sj_intent_entry *entry = sj_host_follow(host, intent, id);
    if (intent->kind == SJ_INTENT_PLACE)
        sj_intent_table_set_state(&s->intents, entry, SJ_ORDER_PENDING);
    return id;
}

/* Whether an order call may be made now. Counts it. */
static bool admit(struct sj_strategy_host *host)
{
    struct sj_strategies *s = host->owner;
    if (s->calling != host || host->in_init) {
        sj_host_refuse(host, SJ_NONSENSE_OUT_OF_CALL, 0);
        return false;
    }
    if (s->restoring)
        return false; /* what is told is of the past */
    if (s->doomed & sj_host_bit(host))
        return false; /* it is being disarmed for what it did before */
    if (host->turn != s->turn) {
        host->turn = s->turn;
        host->turn_intents = 0;
    }
    if (++host->turn_intents > host->intents_max) {
        sj_host_refuse(host, SJ_NONSENSE_TOO_MANY_INTENTS, host->intents_max);
        return false;
    }
    return true;
}

uint64_t sj_host_place(struct sj_strategy_host *host, const struct sj_strategy_order *order)
{
    struct sj_strategies *s = host->owner;
    int64_t value = 0;
    if (!admit(host))
        return 0;
    enum sj_nonsense nonsense = check_order(host, order, &value);
    if (nonsense != SJ_NONSENSE_COUNT)
        return sj_host_refuse(host, nonsense, value);
    if (!sj_intent_table_has_room(&s->intents))
        return sj_host_refuse(host, SJ_NONSENSE_TOO_MANY_ORDERS, s->intents.open_count);
    bool odd = order->lot == SJ_LOT_ODD || order->lot == SJ_LOT_INTRADAY_ODD;
    host->lot_class = odd ? LOT_ODD : LOT_ROUND;
    struct sj_intent intent = {.instrument = order->instrument,
                               .price_e6 =
                                   order->price_type == SJ_ORDER_LMT ? order->price_e6 : SJ_NULL_E6,
                               .quantity = order->quantity,
                               .kind = SJ_INTENT_PLACE,
                               .side = order->side,
                               .price_type = order->price_type,
                               .time_in_force = order->time_in_force,
                               .order_cond = order->cond,
                               .order_lot = order->lot,
                               .octype = order->octype,
                               .daytrade_short = order->daytrade_short};
    return sj_host_send_intent(host, &intent);
}

static uint64_t api_place(struct sj_strategy_host *host, const struct sj_strategy_order *order)
{
    struct sj_strategy_order copy = *order;
    sj_guard_leave(host->owner->guard);
    uint64_t id = sj_host_place(host, &copy);
    sj_guard_enter(host->owner->guard);
    return id;
}

/* An order of the host's that a change or cancel is about; NULL after a refusal, or when it ended.
 */
static struct sj_intent_entry *target(struct sj_strategy_host *host, uint64_t intent_id)
{
    if (!admit(host))
        return NULL;
    struct sj_intent_entry *order = sj_intent_table_find(&host->owner->intents, intent_id);
    if (!order || order->strategy != host->number || order->kind != SJ_INTENT_PLACE) {
        sj_host_refuse(host, SJ_NONSENSE_FOREIGN_ORDER, (int64_t)intent_id);
        return NULL;
    }
    /* It may have ended before the strategy could know: no nonsense. */
    return sj_intent_entry_open(order) ? order : NULL;
}

static struct sj_intent change_of(const struct sj_intent_entry *order, enum sj_intent_kind kind)
{
    return (struct sj_intent){.instrument = order->instrument,
                              .target_id = order->intent_id,
                              .price_e6 = order->price_e6,
                              .quantity = order->quantity,
                              .kind = (uint8_t)kind,
                              .side = order->side};
}

uint64_t sj_host_send_cancel(struct sj_strategy_host *host, const struct sj_intent_entry *order)
{
    struct sj_intent intent = change_of(order, SJ_INTENT_CANCEL);
    return sj_host_send_intent(host, &intent);
}

uint64_t sj_host_cancel(struct sj_strategy_host *host, uint64_t intent_id)
{
    const struct sj_intent_entry *order = target(host, intent_id);
    if (!order)
        return 0;
    struct sj_intent_entry copy = *order;
    return sj_host_send_cancel(host, &copy);
}

static uint64_t api_cancel(struct sj_strategy_host *host, uint64_t intent_id)
{
    sj_guard_leave(host->owner->guard);
    uint64_t id = sj_host_cancel(host, intent_id);
    sj_guard_enter(host->owner->guard);
    return id;
}

uint64_t sj_host_change_price(struct sj_strategy_host *host, uint64_t intent_id, int64_t price_e6)
{
    const struct sj_intent_entry *order = target(host, intent_id);
    if (!order)
        return 0;
    const struct sj_instrument *instrument =
        sj_instruments_get(host->owner->instruments, order->instrument);
    enum sj_nonsense nonsense =
        instrument ? check_price(instrument, price_e6) : SJ_NONSENSE_UNKNOWN_INSTRUMENT;
    if (nonsense != SJ_NONSENSE_COUNT)
        return sj_host_refuse(host, nonsense, price_e6);
    struct sj_intent intent = change_of(order, SJ_INTENT_PRICE);
    intent.price_e6 = price_e6;
    return sj_host_send_intent(host, &intent);
}

static uint64_t api_change_price(struct sj_strategy_host *host, uint64_t intent_id,
                                 int64_t price_e6)
{
    sj_guard_leave(host->owner->guard);
    uint64_t id = sj_host_change_price(host, intent_id, price_e6);
    sj_guard_enter(host->owner->guard);
    return id;
}

uint64_t sj_host_change_quantity(struct sj_strategy_host *host, uint64_t intent_id,
                                 uint32_t quantity)
{
    const struct sj_intent_entry *order = target(host, intent_id);
    if (!order)
        return 0;
    if (quantity == 0)
        return sj_host_refuse(host, SJ_NONSENSE_ZERO_QUANTITY, 0);
    if (quantity > order->quantity)
        return sj_host_refuse(host, SJ_NONSENSE_HUGE_QUANTITY, quantity);
    struct sj_intent intent = change_of(order, SJ_INTENT_QUANTITY);
    intent.quantity = quantity;
    return sj_host_send_intent(host, &intent);
}

static uint64_t api_change_quantity(struct sj_strategy_host *host, uint64_t intent_id,
                                    uint32_t quantity)
{
    sj_guard_leave(host->owner->guard);
    uint64_t id = sj_host_change_quantity(host, intent_id, quantity);
    sj_guard_enter(host->owner->guard);
    return id;
}

/* --- questions: no state changes, so a jump out of them leaves nothing half done --- */

static int64_t api_now_ns(const struct sj_strategy_host *host)
{
    return host->owner->now_ns;
}

static void api_timer(struct sj_strategy_host *host, int64_t at_ns)
{
    sj_guard_leave(host->owner->guard);
    sj_host_set_timer(host, at_ns);
    sj_guard_enter(host->owner->guard);
}

static const struct sj_instrument *api_instrument(const struct sj_strategy_host *host, uint32_t id)
{
    return sj_instruments_get(host->owner->instruments, id);
}

static uint32_t api_find(const struct sj_strategy_host *host, const char *code)
{
    const struct sj_instruments *table = host->owner->instruments;
    return sj_instruments_traded(table, sj_instruments_find(table, code, strnlen(code, 17)));
}

static const struct sj_top *api_top(const struct sj_strategy_host *host, uint32_t instrument)
{
    return sj_strategies_top(host->owner, instrument);
}

static int64_t api_tick_step(const struct sj_strategy_host *host, uint32_t instrument,
                             int64_t price_e6, int32_t steps)
{
    sj_guard_leave(host->owner->guard);
    int64_t stepped_e6 = sj_host_tick_step(host->owner, instrument, price_e6, steps);
    sj_guard_enter(host->owner->guard);
    return stepped_e6;
}

static int64_t api_position(const struct sj_strategy_host *host, uint32_t instrument)
{
    return instrument <= host->owner->instrument_max ? host->positions[instrument] : 0;
}

static void api_log(const struct sj_strategy_host *host, const char *text)
{
    char copy[LOG_TEXT_MAX];
    size_t size = strnlen(text, sizeof copy - 1);
    memcpy(copy, text, size);
    copy[size] = 0;
    sj_guard_leave(host->owner->guard);
    sj_host_log(host->owner->hosts[host->number - 1], copy);
    sj_guard_enter(host->owner->guard);
}

struct sj_strategy_api sj_host_api(void)
{
    return (struct sj_strategy_api){.abi = SJ_STRATEGY_ABI,
                                    .size = sizeof(struct sj_strategy_api),
                                    .now_ns = api_now_ns,
                                    .place = api_place,
                                    .cancel = api_cancel,
                                    .change_price = api_change_price,
                                    .change_quantity = api_change_quantity,
                                    .timer = api_timer,
                                    .instrument = api_instrument,
                                    .find = api_find,
                                    .top = api_top,
                                    .tick_step = api_tick_step,
                                    .position = api_position,
                                    .log = api_log};
}
