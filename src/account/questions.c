/* What others ask about: positions, sums, what the broker said. */
#include "account/account_private.h"

struct sums {
    sj_account_value cost, realized, unrealized, fees, taxes, day;
    int64_t units, day_units;
};

static void add_row(const struct sj_account *account, const struct row *row, struct sums *sums)
{
    const struct held *held = &account->held[row->instrument];
    sums->units += row->units;
    sums->cost += row->cost;
    sums->realized += money(held, row->realized);
    sums->unrealized += row_unrealized(row, held);
    sums->fees += row->fees_e6;
    sums->taxes += row->taxes_e6;
    sums->day += row_profit(row, held) - row->base_e6;
    sums->day_units += row->bought < row->sold ? row->bought : row->sold;
}

/* Rounded half away from zero. */
static int64_t average(sj_account_value cost, int64_t units)
{
    if (units == 0)
        return SJ_NULL_E6;
    if (units < 0) {
        cost = -cost;
        units = -units;
    }
    return clip((cost + (cost < 0 ? -units / 2 : units / 2)) / units);
}

void sj_account_position(const struct sj_account *account, uint32_t strategy, uint32_t instrument,
                         struct sj_account_position *ret_position)
{
    struct sums sums = {0};
    for (uint32_t i = 0; i < account->row_count && strategy == SJ_ACCOUNT_ALL; i++)
        if (account->rows[i].instrument == instrument)
            add_row(account, &account->rows[i], &sums);
    const struct row *row =
        strategy == SJ_ACCOUNT_ALL ? NULL : row_find(account, strategy, instrument);
    if (row)
        add_row(account, row, &sums);
    *ret_position = (struct sj_account_position){.units = sums.units,
                                                 .avg_price_e6 = average(sums.cost, sums.units),
                                                 .realized_e6 = clip(sums.realized),
                                                 .unrealized_e6 = clip(sums.unrealized),
                                                 .fees_e6 = clip(sums.fees + sums.taxes),
                                                 .day_pnl_e6 = clip(sums.day),
                                                 .day_trade_units = sums.day_units};
}

void sj_account_stats(const struct sj_account *account, struct sj_strategy_stats *stats)
{
    struct sums sums = {0};
    for (uint32_t i = 0; i < account->row_count; i++)
        if (account->rows[i].strategy == stats->strategy)
            add_row(account, &account->rows[i], &sums);
    stats->realized_pnl_e6 = clip(sums.realized);
    stats->unrealized_pnl_e6 = clip(sums.unrealized);
    stats->fees_e6 = clip(sums.fees + sums.taxes);
}

static int64_t pending(const struct sj_account *account)
{
    sj_account_value sum = 0;
    for (uint32_t i = 0; i < account->settlement_count; i++)
        sum += account->settlements[i].amount_e6;
    return clip(sum);
}

static int64_t add_known(int64_t sum_e6, int64_t value_e6)
{
    if (value_e6 == SJ_NULL_E6)
        return sum_e6;
    return sum_e6 == SJ_NULL_E6 ? value_e6 : clip((sj_account_value)sum_e6 + value_e6);
}

void sj_account_totals(const struct sj_account *account, struct sj_account_totals *ret_totals)
{
    struct sums sums = {0};
    int64_t cash_e6 = SJ_NULL_E6, margin_e6 = SJ_NULL_E6;
    for (uint32_t i = 0; i < account->row_count; i++)
        add_row(account, &account->rows[i], &sums);
    for (uint32_t i = 0; i < SJ_ACCOUNT_MAX; i++) {
        cash_e6 = add_known(cash_e6, account->sides[i].cash_e6);
        margin_e6 = add_known(margin_e6, account->sides[i].margin_available_e6);
    }
    *ret_totals = (struct sj_account_totals){.trading_day = account->trading_day,
                                             .realized_e6 = clip(sums.realized),
                                             .unrealized_e6 = clip(sums.unrealized),
                                             .fees_e6 = clip(sums.fees),
                                             .taxes_e6 = clip(sums.taxes),
                                             .day_pnl_e6 = clip(sums.day),
                                             .cash_e6 = cash_e6,
                                             .cash_pending_e6 = pending(account),
                                             .margin_available_e6 = margin_e6,
                                             .difference_count = account->difference_count,
                                             .fill_count = account->fill_count,
                                             .adopted_count = account->adopted_count,
                                             .bad_count = account->bad_count};
    ret_totals->cash_expected_e6 =
        cash_e6 == SJ_NULL_E6 ? SJ_NULL_E6 : add_known(cash_e6, pending(account));
}

uint32_t sj_account_settlements(const struct sj_account *account,
                                struct sj_account_settlement *ret_list, uint32_t max)
{
    uint32_t count = account->settlement_count < max ? account->settlement_count : max;
    memcpy(ret_list, account->settlements, count * sizeof *ret_list);
    return account->settlement_count;
}

uint32_t sj_account_holdings(const struct sj_account *account, struct sj_account_holding *ret_list,
                             uint32_t max)
{
    uint32_t count = 0;
    for (uint32_t id = 1; id <= account->instrument_max; id++) {
        const struct held *held = &account->held[id];
        int64_t units = 0;
        for (uint32_t i = 0; i < SJ_ACCOUNT_MAX; i++)
            units += held->broker[i];
        if (units == 0)
            continue;
        if (count < max)
            ret_list[count] =
                (struct sj_account_holding){id, units / held->unit, units % held->unit};
        count++;
    }
    return count;
}

bool sj_account_fresh(const struct sj_account *account, int64_t since_ns)
{
    bool any = false;
    for (uint32_t i = 0; i < SJ_ACCOUNT_MAX; i++) {
        int64_t snapshot_ns = account->sides[i].snapshot_ns;
        if (snapshot_ns != 0 && snapshot_ns < since_ns)
            return false;
        any = any || snapshot_ns != 0;
    }
    return any;
}
