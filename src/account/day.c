/* The trading day: when it turns, day trades and the day's profit begin anew, and what has settled
 * is in the broker's balance. */
#include "account/account_private.h"

#define SETTLES_AFTER 2 /* trading days: T+2 */

static const struct sj_tw_holidays *holidays(const struct sj_account *account)
{
    return account->rules ? sj_market_holidays(account->rules, SJ_BOARD_STOCK) : NULL;
}

static void begin_rows(struct sj_account *account)
{
    for (uint32_t i = 0; i < account->row_count; i++) {
        struct row *row = &account->rows[i];
        row->base_e6 = clip(row_profit(row, &account->held[row->instrument]));
        row->bought = row->sold = 0;
    }
    for (uint32_t id = 1; id <= account->instrument_max; id++)
        account->held[id].bought = account->held[id].sold = 0;
}

static void drop_settled(struct sj_account *account, int32_t day)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < account->settlement_count; i++)
        if (account->settlements[i].date > day)
            account->settlements[kept++] = account->settlements[i];
    account->settlement_count = kept;
}

static int32_t trading_day_of(const struct sj_account *account, int64_t now_ns)
{
    return account->rules ? sj_market_trading_day(account->rules, SJ_BOARD_FUTURES, now_ns)
                          : sj_tw_trading_day(now_ns, NULL);
}

void day_advance(struct sj_account *account, int64_t now_ns)
{
    if (now_ns <= account->now_ns || now_ns > INT64_C(9000000000000000000))
        return;
    account->now_ns = now_ns;
    if (SJ_LIKELY(now_ns < account->day_ends_ns))
        return;
    struct sj_market_moment moment;
    int32_t day = trading_day_of(account, now_ns);
    account->day_ends_ns = sj_tw_to_utc_ns(day, SJ_TW_NIGHT_OPEN_NS);
    if (account->rules &&
        sj_market_moment(account->rules, SJ_BOARD_FUTURES, 0, true, now_ns, &moment) >= 0)
        account->day_ends_ns = moment.until_ns;
    if (day == account->trading_day)
        return;
    account->trading_day = day;
    begin_rows(account);
    drop_settled(account, day);
}

void settlement_add(struct sj_account *account, int64_t amount_e6)
{
    int32_t date = account->trading_day;
    for (int i = 0; i < SETTLES_AFTER; i++)
        date = sj_tw_next_trading_day(date, holidays(account));
    for (uint32_t i = 0; i < account->settlement_count; i++) {
        if (account->settlements[i].date == date) {
            account->settlements[i].amount_e6 =
                clip((sj_account_value)account->settlements[i].amount_e6 + amount_e6);
            return;
        }
    }
    /* At most three dates are open at a time; a ninth cannot be but by a clock gone wild. */
    if (account->settlement_count == SJ_ACCOUNT_SETTLEMENTS_MAX) {
        account->bad_count++;
        return;
    }
    account->settlements[account->settlement_count++] =
        (struct sj_account_settlement){date, amount_e6};
}
