/* What a fill costs, where the event does not say: by the rules of its day, on its order's whole.
 */
#include "account/account_private.h"

static const struct sj_fee_terms *terms_of(const struct sj_account *account, struct held *held,
                                           bool odd)
{
    struct sj_fee_instrument instrument = {.security = (enum sj_security)held->security,
                                           .name = held->name[0] ? held->name : NULL,
                                           .odd_lot = odd,
                                           .multiplier_e6 = held->multiplier_e6};
    if (held->terms_day[odd] != account->trading_day) {
        struct sj_fee_terms *terms = &held->terms[odd];
        held->terms_day[odd] = account->trading_day;
        held->terms_good[odd] = sj_fee_terms_load(account->rules, &instrument,
                                                  (uint32_t)account->trading_day, terms) >= 0;
        terms->discount_e6 = (int64_t)(account->config.fee_discount * 1000000 + 0.5);
        if (account->config.lot_fee >= 0)
            terms->rates.lot_fee_e6 = account->config.lot_fee * SJ_DECIMAL_E6;
    }
    return held->terms_good[odd] ? &held->terms[odd] : NULL;
}

struct fee_order *fee_order_of(struct sj_account *account, uint64_t intent_id)
{
    return &account->fee_orders[(intent_id * UINT64_C(0x9e3779b97f4a7c15) >> 40) % FEE_ORDERS];
}

/* The order's sums so far; an old order's place is used again. */
static struct sj_fee_order *order_of(struct sj_account *account, uint64_t intent_id)
{
    struct fee_order *one = fee_order_of(account, intent_id);
    if (one->intent_id != intent_id || intent_id == 0)
        *one = (struct fee_order){.intent_id = intent_id};
    return &one->order;
}

static bool add(const struct sj_fee_terms *terms, struct sj_fee_order *order,
                const struct sj_fill *fill, int64_t units, bool day_trade, struct sj_fees *sum)
{
    struct sj_fees fees;
    struct sj_fee_deal deal = {
        .price_e6 = fill->price_e6, .side = fill->side, .day_trade = day_trade};
    if (units == 0)
        return true;
    if (units > UINT32_MAX)
        return false;
    deal.quantity = (uint32_t)units;
    if (sj_fees_add(terms, order, &deal, &fees) < 0)
        return false;
    sum->fee_e6 += fees.fee_e6;
    sum->tax_e6 += fees.tax_e6;
    return true;
}

void fees_put(struct sj_account *account, struct held *held, struct sj_fill *fill, int64_t units)
{
    bool told = (fill->fee_e6 != 0 && fill->fee_e6 != SJ_NULL_E6) ||
                (fill->tax_e6 != 0 && fill->tax_e6 != SJ_NULL_E6);
    bool odd = fill->order_lot == SJ_LOT_ODD || fill->order_lot == SJ_LOT_INTRADAY_ODD;
    if (told || !account->rules) {
        fill->fee_e6 = fill->fee_e6 == SJ_NULL_E6 ? 0 : fill->fee_e6;
        fill->tax_e6 = fill->tax_e6 == SJ_NULL_E6 ? 0 : fill->tax_e6;
        return;
    }
    struct sj_fees sum = {0};
    const struct sj_fee_terms *terms = terms_of(account, held, odd);
    struct sj_fee_order *order = order_of(account, fill->intent_id);
    /* A sale of what was bought today is a day trade, as far as it was; and all of a sale that was
     * declared one. */
    int64_t day = 0;
    if (fill->side == SJ_SIDE_SELL && fill->daytrade_short)
        day = units;
    else if (fill->side == SJ_SIDE_SELL && held->bought > held->sold)
        day = held->bought - held->sold < units ? held->bought - held->sold : units;
    if (terms && (!add(terms, order, fill, day, true, &sum) ||
                  !add(terms, order, fill, units - day, false, &sum)))
        account->bad_count++;
    fill->fee_e6 = sum.fee_e6;
    fill->tax_e6 = sum.tax_e6;
}
