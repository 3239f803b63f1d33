/* Positions by strategy and instrument, at their average cost. */
#include "account/account_private.h"

static uint32_t slot_of(uint32_t strategy, uint32_t instrument)
{
    uint64_t key = (uint64_t)strategy << 32 | instrument;
    return (uint32_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 40) % ROW_SLOTS;
}

struct row *row_find(const struct sj_account *account, uint32_t strategy, uint32_t instrument)
{
    for (uint32_t slot = slot_of(strategy, instrument); account->row_slots[slot];
         slot = (slot + 1) % ROW_SLOTS) {
        const struct row *row = &account->rows[account->row_slots[slot] - 1];
        if (row->strategy == strategy && row->instrument == instrument)
            return (struct row *)row;
    }
    return NULL;
}

struct row *row_take(struct sj_account *account, uint32_t strategy, uint32_t instrument)
{
    struct row *row = row_find(account, strategy, instrument);
    if (row || account->row_count == SJ_ACCOUNT_ROWS_MAX)
        return row;
    uint32_t slot = slot_of(strategy, instrument);
    while (account->row_slots[slot])
        slot = (slot + 1) % ROW_SLOTS;
    row = &account->rows[account->row_count++];
    *row = (struct row){.strategy = strategy, .instrument = instrument};
    account->row_slots[slot] = account->row_count;
    return row;
}

void row_trade(struct row *row, int64_t units, int64_t price_e6)
{
    bool closes = row->units != 0 && (row->units > 0) != (units > 0);
    if (closes) {
        int64_t open = llabs(row->units), closed = llabs(units) < open ? llabs(units) : open;
        /* The part of the cost that goes; what division drops stays with the rest. */
        sj_account_value released = row->cost * closed / open;
        int64_t signed_closed = row->units > 0 ? closed : -closed;
        row->realized += (sj_account_value)signed_closed * price_e6 - released;
        row->cost -= released;
        row->units -= signed_closed;
        units += signed_closed;
    }
    row->cost += (sj_account_value)units * price_e6;
    row->units += units;
}

sj_account_value row_unrealized(const struct row *row, const struct held *held)
{
    if (row->units == 0 || held->mark_e6 == 0)
        return 0;
    return money(held, (sj_account_value)row->units * held->mark_e6 - row->cost);
}

sj_account_value row_profit(const struct row *row, const struct held *held)
{
    return money(held, row->realized) + row_unrealized(row, held) - row->fees_e6 - row->taxes_e6;
}
