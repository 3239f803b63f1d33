#include "account/account_private.h"

static void define(struct sj_account *account, const struct sj_instrument *definition)
{
    uint32_t id = definition->instrument;
    if (id == 0 || id > account->instrument_max)
        return;
    struct held *held = &account->held[id];
    bool by_lot =
        definition->security == SJ_SECURITY_FUT || definition->security == SJ_SECURITY_OPT;
    int64_t multiplier_e6 = SJ_DECIMAL_E6;
    if (by_lot && definition->multiplier_e6 > 0 && definition->multiplier_e6 <= MULTIPLIER_MAX_E6)
        multiplier_e6 = definition->multiplier_e6;
    uint32_t unit = by_lot || definition->unit == 0 ? 1 : definition->unit;
    held->multiplier_e6 = multiplier_e6;
    held->unit = unit > UNIT_MAX ? UNIT_MAX : unit;
    held->security = definition->security;
    held->terms_day[0] = held->terms_day[1] = 0;
    memset(held->name, 0, sizeof held->name);
    if (by_lot)
        memcpy(held->name, definition->root, sizeof definition->root);
    else if (definition->security == SJ_SECURITY_STK && strncmp(definition->code, "00", 2) == 0)
        memcpy(held->name, "ETF", 3);
    held->known = true;
}

sj_rc sj_account_create(const struct sj_account_options *options, struct sj_account **ret_account)
{
    if (options->instrument_max == 0 || options->instrument_max > SJ_INSTRUMENTS_MAX)
        return -SJ_E_RANGE;
    struct sj_account *account = calloc(1, sizeof *account);
    struct held *held = calloc((size_t)options->instrument_max + 1, sizeof *held);
    sj_rc rc = account && held ? 0 : -ENOMEM;
    if (rc >= 0 && !options->config)
        rc = sj_account_config_default(&account->config);
    if (rc < 0) {
        free(account);
        free(held);
        return rc;
    }
    if (options->config)
        account->config = *options->config;
    account->held = held;
    account->rules = options->rules;
    account->ops = options->ops;
    account->instrument_max = options->instrument_max;
    for (uint32_t i = 0; i < SJ_ACCOUNT_MAX; i++)
        account->sides[i].cash_e6 = account->sides[i].margin_available_e6 = SJ_NULL_E6;
    uint32_t id_max = options->instruments ? sj_instruments_id_max(options->instruments) : 0;
    for (uint32_t id = 1; id <= id_max; id++) {
        const struct sj_instrument *definition = sj_instruments_get(options->instruments, id);
        if (definition)
            define(account, definition);
    }
    *ret_account = account;
    return 0;
}

void sj_account_close(struct sj_account *account)
{
    if (!account)
        return;
    free(account->held);
    free(account);
}

static bool fill_sane(const struct sj_fill *fill)
{
    return fill->quantity > 0 && fill->quantity <= QUANTITY_MAX && price_sane(fill->price_e6) &&
           (fill->side == SJ_SIDE_BUY || fill->side == SJ_SIDE_SELL);
}

static void book(struct sj_account *account, struct held *held, const struct sj_fill *fill,
                 int64_t units)
{
    bool buys = fill->side == SJ_SIDE_BUY;
    uint32_t strategy = fill->strategy < SJ_ACCOUNT_STRATEGY_MAX ? fill->strategy : HOUSE;
    struct row *row = row_take(account, strategy, fill->instrument);
    if (!row) {
        account->bad_count++;
        return;
    }
    if (held->mark_e6 == 0)
        held->mark_e6 = fill->price_e6;
    row_trade(row, buys ? units : -units, fill->price_e6);
    row->fees_e6 += fill->fee_e6;
    row->taxes_e6 += fill->tax_e6;
    *(buys ? &row->bought : &row->sold) += units;
    *(buys ? &held->bought : &held->sold) += units;
    held->own += buys ? units : -units;
    held->traded = true;
    if (held->security != SJ_SECURITY_FUT && held->security != SJ_SECURITY_OPT) {
        sj_account_value amount = money(held, (sj_account_value)units * fill->price_e6);
        settlement_add(account, clip((buys ? -amount : amount) - fill->fee_e6 - fill->tax_e6));
    }
}

void sj_account_fill(struct sj_account *account, struct sj_fill *fill)
{
    day_advance(account, fill->recv_ns);
    struct held *held = held_of(account, fill->instrument);
    if (!held || !fill_sane(fill)) {
        account->bad_count++;
        return;
    }
    bool odd = fill->order_lot == SJ_LOT_ODD || fill->order_lot == SJ_LOT_INTRADAY_ODD;
    int64_t units = (int64_t)fill->quantity * (odd ? 1 : held->unit);
    if (llabs(held->own) > UNITS_MAX - units) {
        account->bad_count++;
        return;
    }
    fees_put(account, held, fill, units);
    book(account, held, fill, units);
    account->fill_count++;
}

void sj_account_market(struct sj_account *account, const struct sj_frame *event)
{
    if (event->template_id == SJ_EVENT_INSTRUMENT) {
        define(account, (const struct sj_instrument *)event);
        return;
    }
    struct held *held = held_of(account, event->instrument);
    if (!held || (event->flags & (SJ_FLAG_SIMTRADE | SJ_FLAG_ODD_LOT)))
        return;
    int64_t price_e6 = SJ_NULL_E6, recv_ns = 0;
    if (event->template_id == SJ_EVENT_TRADE) {
        price_e6 = ((const struct sj_trade *)event)->price_e6;
        recv_ns = ((const struct sj_trade *)event)->recv_ns;
    } else if (event->template_id == SJ_EVENT_QUOTE) {
        price_e6 = ((const struct sj_quote *)event)->price_e6;
        recv_ns = ((const struct sj_quote *)event)->recv_ns;
    }
    day_advance(account, recv_ns);
    if (price_e6 != SJ_NULL_E6 && price_e6 != 0 && price_sane(price_e6))
        held->mark_e6 = price_e6;
}

static void take_position(struct sj_account *account, const struct sj_position_snapshot *snapshot)
{
    struct held *held = held_of(account, snapshot->instrument);
    int64_t quantity = snapshot->quantity;
    if (!held || snapshot->strategy != 0 || snapshot->account >= SJ_ACCOUNT_MAX ||
        quantity > (int64_t)QUANTITY_MAX || quantity < -(int64_t)QUANTITY_MAX) {
        account->bad_count += held == NULL;
        return;
    }
    held->broker[snapshot->account] =
        quantity * (snapshot->flags & SJ_FLAG_ODD_LOT ? 1 : held->unit);
    held->broker_price_e6[snapshot->account] =
        snapshot->avg_price_e6 != SJ_NULL_E6 && price_sane(snapshot->avg_price_e6)
            ? snapshot->avg_price_e6
            : 0;
    held->seen |= (uint8_t)(1u << snapshot->account);
    held->named |= (uint8_t)(1u << snapshot->account);
    if (held->mark_e6 == 0 && snapshot->last_price_e6 != SJ_NULL_E6 &&
        price_sane(snapshot->last_price_e6))
        held->mark_e6 = snapshot->last_price_e6;
}

void sj_account_event(struct sj_account *account, const struct sj_frame *event)
{
    if (event->template_id == SJ_EVENT_POSITION) {
        const struct sj_position_snapshot *snapshot = (const struct sj_position_snapshot *)event;
        day_advance(account, snapshot->recv_ns);
        take_position(account, snapshot);
        return;
    }
    const struct sj_account_snapshot *snapshot = (const struct sj_account_snapshot *)event;
    if (event->template_id != SJ_EVENT_ACCOUNT || snapshot->account >= SJ_ACCOUNT_MAX)
        return;
    day_advance(account, snapshot->recv_ns);
    account->sides[snapshot->account].cash_e6 = snapshot->cash_e6;
    account->sides[snapshot->account].margin_available_e6 = snapshot->margin_available_e6;
    reconcile_account(account, snapshot->account);
}
