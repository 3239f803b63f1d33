/* Our fills against the broker's positions, each time he has told them all. */
#include "account/account_private.h"

static int64_t broker_units(const struct held *held)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < SJ_ACCOUNT_MAX; i++)
        sum += held->broker[i];
    return sum;
}

static void emit_position(const struct sj_account *account, uint32_t id, uint32_t number)
{
    const struct held *held = &account->held[id];
    struct sj_position_snapshot event;
    if (!account->ops.emit)
        return;
    memset(&event, 0, sizeof event);
    sj_frame_head(&event, SJ_EVENT_POSITION, sizeof event);
    int64_t broker = broker_units(held);
    bool odd = broker % held->unit != 0 || held->own % held->unit != 0;
    int64_t unit = odd ? 1 : held->unit;
    event.instrument = id;
    event.flags = odd ? SJ_FLAG_ODD_LOT : 0;
    event.exch_ns = event.recv_ns = account->now_ns;
    event.account = number;
    event.quantity = broker / unit;
    event.own_quantity = held->own / unit;
    event.avg_price_e6 = held->broker_price_e6[number];
    event.last_price_e6 = held->mark_e6 ? held->mark_e6 : SJ_NULL_E6;
    event.pnl_e6 = SJ_NULL_E6;
    account->ops.emit(account->ops.context, (struct sj_frame *)&event);
}

static void emit_block(struct sj_account *account, uint32_t id, bool block)
{
    struct held *held = &account->held[id];
    struct sj_control event;
    if (held->blocked == block || (block && !account->config.difference_blocks))
        return;
    held->blocked = block;
    if (!account->ops.emit)
        return;
    memset(&event, 0, sizeof event);
    sj_frame_head(&event, SJ_EVENT_CONTROL, sizeof event);
    event.kind = block ? SJ_CONTROL_BLOCK : SJ_CONTROL_UNBLOCK;
    event.source = SJ_CONTROL_BY_RECONCILE;
    event.instrument = id;
    event.exch_ns = event.recv_ns = account->now_ns;
    event.value = held->difference;
    const char *text = block ? "the broker's position is not ours (value: ours less his, units)"
                             : "the broker's position is ours again";
    memcpy(event.text, text, strlen(text) < sizeof event.text ? strlen(text) : sizeof event.text);
    account->ops.emit(account->ops.context, (struct sj_frame *)&event);
}

/* What we lack becomes a trade of the house: at the price that makes the cost the broker's. */
static void adopt(struct sj_account *account, uint32_t id, uint32_t number)
{
    struct held *held = &account->held[id];
    int64_t missing = broker_units(held) - held->own;
    int64_t price_e6 =
        held->broker_price_e6[number] != 0 ? held->broker_price_e6[number] : held->mark_e6;
    struct row *row = row_take(account, HOUSE, id);
    if (!row) {
        account->bad_count++;
        return;
    }
    sj_account_value before = row_profit(row, held);
    row_trade(row, missing, price_e6);
    /* What it has gained before it was ours to count is not of this day. */
    row->base_e6 = clip(row->base_e6 + row_profit(row, held) - before);
    held->own += missing;
    account->adopted_count++;
}

static void set_differs(struct sj_account *account, uint32_t id, uint32_t number, bool differs)
{
    struct held *held = &account->held[id];
    if (held->differs == differs)
        return;
    held->differs = differs;
    account->difference_count += differs ? 1 : (uint32_t)-1;
    emit_position(account, id, number);
    emit_block(account, id, differs);
}

static void compare(struct sj_account *account, uint32_t id, uint32_t number)
{
    struct held *held = &account->held[id];
    int64_t difference = held->own - broker_units(held);
    held->difference_count = difference == held->difference ? held->difference_count + 1 : 1;
    held->difference = difference;
    if (difference == 0) {
        set_differs(account, id, number, false);
        return;
    }
    if (held->difference_count < account->config.difference_snapshots)
        return;
    if (account->config.difference_adopts) {
        adopt(account, id, number);
        held->difference = 0;
        emit_position(account, id, number);
        set_differs(account, id, number, false);
        return;
    }
    set_differs(account, id, number, true);
}

/* A snapshot names what is held: what it does not name is not held any more. */
static void forget_unnamed(struct held *held, uint32_t number)
{
    uint8_t bit = (uint8_t)(1u << number);
    if (!(held->named & bit))
        held->broker[number] = 0;
    held->named &= (uint8_t)~bit;
}

void reconcile_account(struct sj_account *account, uint32_t number)
{
    bool first = account->sides[number].snapshot_ns == 0;
    account->sides[number].snapshot_ns = account->now_ns;
    for (uint32_t id = 1; id <= account->instrument_max; id++) {
        struct held *held = &account->held[id];
        if (!held->known || (held->seen == 0 && held->own == 0))
            continue;
        forget_unnamed(held, number);
        /* What was there before us: no fill of ours made it, so there is nothing to compare. */
        if (first && !held->traded && held->own != broker_units(held))
            adopt(account, id, number);
        else
            compare(account, id, number);
    }
}
