/* /data/snapshots, rankings and lists: the market as it stands now. */
#include "brokersim/body.h"
#include "brokersim/history_private.h"
#include "brokersim/quota.h"
#include "brokersim/route.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>

#define CONTRACTS_MAX 500

static const char *const CHANGE_NAMES[] = {"Unchanged", "LimitUp", "Up",
                                           "Unchanged", "Down",    "LimitDown"};

static const char *change_name(uint8_t type)
{
    return CHANGE_NAMES[type < sizeof CHANGE_NAMES / sizeof *CHANGE_NAMES ? type : 0];
}

/* a - b; 0 where one of them is not known. */
static int64_t difference(int64_t a, int64_t b)
{
    int64_t result;
    return a == SJ_NULL_E6 || b == SJ_NULL_E6 || __builtin_sub_overflow(a, b, &result) ? 0 : result;
}

static int64_t or_zero(int64_t value)
{
    return value == SJ_NULL_I64 ? 0 : value;
}

static int64_t change_rate(const struct sj_sim_state *state)
{
    if (state->reference_e6 == 0 || state->reference_e6 == SJ_NULL_E6)
        return 0;
    return llround((double)difference(state->last_e6, state->reference_e6) * 1e4 /
                   (double)state->reference_e6) *
           10000;
}

static void put_snapshot(struct sj_reply *json, const struct sj_brokersim *sim, uint32_t found)
{
    const struct sj_sim_instrument *one = &sim->universe.list[found];
    const struct sj_sim_state *state = &sim->source->states[found];
    const struct sj_quote *quote = &state->quote;
    int64_t bid = quote->bid_price_e6[0] == SJ_NULL_E6 ? 0 : quote->bid_price_e6[0];
    int64_t ask = quote->ask_price_e6[0] == SJ_NULL_E6 ? 0 : quote->ask_price_e6[0];
    int64_t local = (quote->exch_ns ? quote->exch_ns : sim->source->now_ns) + SJ_TAIPEI_OFFSET_NS;
    static const char *const types[] = {"None", "Buy", "Sell"};
    sj_reply_object(json, NULL);
    int32_t date = sj_date_from_day((int32_t)(local / SJ_NS_PER_DAY));
    int64_t second = local % SJ_NS_PER_DAY / SJ_NS_PER_S;
    sj_reply_format(json, "datetime", "%04d-%02d-%02dT%02lld:%02lld:%02lld", date / 10000,
                    date / 100 % 100, date % 100, (long long)(second / 3600),
                    (long long)(second / 60 % 60), (long long)(second % 60));
    sj_reply_string(json, "code", one->code);
    sj_reply_string(json, "exchange", sj_sim_exchange_name((enum sj_exchange)one->exchange));
    sj_reply_e6(json, "open", quote->open_e6);
    sj_reply_e6(json, "high", quote->high_e6);
    sj_reply_e6(json, "low", quote->low_e6);
    sj_reply_e6(json, "close", state->last_e6);
    sj_reply_string(json, "tick_type", types[state->last_tick_type]);
    sj_reply_e6(json, "change_price", difference(state->last_e6, state->reference_e6));
    sj_reply_e6(json, "change_rate", change_rate(state));
    sj_reply_string(json, "change_type", change_name(quote->chg_type));
    sj_reply_e6(json, "average_price", quote->avg_price_e6);
    sj_reply_int(json, "volume", state->last_volume);
    sj_reply_int(json, "total_volume", or_zero(quote->total_volume));
    sj_reply_int(json, "amount", state->last_e6 / 1000000 * state->last_volume * one->unit);
    sj_reply_int(json, "total_amount", or_zero(quote->total_amount_e6) / 1000000);
    sj_reply_e6(json, "yesterday_volume", 10000000000);
    sj_reply_e6(json, "buy_price", bid);
    sj_reply_e6(json, "buy_volume", quote->bid_volume[0] * 1000000LL);
    sj_reply_e6(json, "sell_price", ask);
    sj_reply_int(json, "sell_volume", quote->ask_volume[0]);
    sj_reply_e6(json, "volume_ratio", or_zero(quote->total_volume) * 100);
    sj_reply_end_object(json);
}

/* Answers with an array of what `put` says of each contract of the body's list; empty with `empty`.
 */
static void each_contract(struct request *request, const json_t *body, bool empty,
                          void (*put)(struct sj_reply *json, const struct sj_brokersim *sim,
                                      uint32_t found))
{
    const json_t *contracts = json_object_get(body, "contracts");
    const struct sj_sim_universe *universe = &request->sim->universe;
    if (!json_is_array(contracts) || json_array_size(contracts) > CONTRACTS_MAX) {
        http_fail(request, 400, "contracts must be an array of at most 500");
        return;
    }
    sj_reply_array(&request->answer, NULL);
    for (size_t i = 0; i < json_array_size(contracts); i++) {
        uint32_t found = body_contract(request, json_array_get(contracts, i));
        if (found == SJ_SIM_NONE)
            return;
        if (universe->list[found].target != SJ_SIM_NONE)
            found = universe->list[found].target;
        if (!empty)
            put(&request->answer, request->sim, found);
    }
    sj_reply_end_array(&request->answer);
}

static void snapshots(struct request *request, const json_t *body)
{
    each_contract(request, body, history_answers_empty(request), put_snapshot);
    quota_traffic(request->server, request->answer.size);
}

void rest_snapshots(struct request *request)
{
    body_handle(request, snapshots);
}

/* The value a scanner ranks by. */
static int64_t rank_value(const struct sj_sim_state *state, const char *type)
{
    const struct sj_quote *quote = &state->quote;
    if (strcmp(type, "ChangePriceRank") == 0)
        return difference(state->last_e6, state->reference_e6);
    if (strcmp(type, "DayRangeRank") == 0)
        return difference(quote->high_e6, quote->low_e6);
    if (strcmp(type, "VolumeRank") == 0)
        return or_zero(quote->total_volume);
    if (strcmp(type, "AmountRank") == 0)
        return or_zero(quote->total_amount_e6);
    if (strcmp(type, "TickCountRank") == 0)
        return quote->bid_side_total_cnt + (int64_t)quote->ask_side_total_cnt;
    return change_rate(state);
}

static void put_ranked(struct sj_reply *json, const struct sj_brokersim *sim, uint32_t found,
                       int64_t rank)
{
    const struct sj_sim_instrument *one = &sim->universe.list[found];
    const struct sj_sim_state *state = &sim->source->states[found];
    const struct sj_quote *quote = &state->quote;
    uint32_t date = sim->universe.date;
    int64_t bid = quote->bid_price_e6[0] == SJ_NULL_E6 ? 0 : quote->bid_price_e6[0];
    int64_t ask = quote->ask_price_e6[0] == SJ_NULL_E6 ? 0 : quote->ask_price_e6[0];
    sj_reply_object(json, NULL);
    sj_reply_format(json, "date", "%04u-%02u-%02u", date / 10000, date / 100 % 100, date % 100);
    sj_reply_string(json, "code", one->code);
    sj_reply_string(json, "name", one->name);
    sj_reply_format(json, "datetime", "%04u-%02u-%02uT13:30:00", date / 10000, date / 100 % 100,
                    date % 100);
    sj_reply_e6(json, "open", quote->open_e6);
    sj_reply_e6(json, "high", quote->high_e6);
    sj_reply_e6(json, "low", quote->low_e6);
    sj_reply_e6(json, "close", state->last_e6);
    sj_reply_e6(json, "price_range", difference(quote->high_e6, quote->low_e6));
    sj_reply_int(json, "tick_type", state->last_tick_type);
    sj_reply_e6(json, "change_price", difference(state->last_e6, state->reference_e6));
    sj_reply_int(json, "change_type", quote->chg_type);
    sj_reply_e6(json, "average_price", quote->avg_price_e6);
    sj_reply_int(json, "volume", state->last_volume);
    sj_reply_int(json, "total_volume", or_zero(quote->total_volume));
    sj_reply_int(json, "amount", quote->amount_e6 / 1000000);
    sj_reply_int(json, "total_amount", or_zero(quote->total_amount_e6) / 1000000);
    sj_reply_int(json, "yesterday_volume", 10000);
    sj_reply_e6(json, "volume_ratio", or_zero(quote->total_volume) * 100);
    sj_reply_e6(json, "buy_price", bid);
    sj_reply_int(json, "buy_volume", quote->bid_volume[0]);
    sj_reply_e6(json, "sell_price", ask);
    sj_reply_int(json, "sell_volume", quote->ask_volume[0]);
    sj_reply_int(json, "bid_orders", quote->bid_side_total_cnt);
    sj_reply_int(json, "bid_volumes", quote->bid_side_total_vol);
    sj_reply_int(json, "ask_orders", quote->ask_side_total_cnt);
    sj_reply_int(json, "ask_volumes", quote->ask_side_total_vol);
    sj_reply_e6(json, "rank_value", rank);
    sj_reply_end_object(json);
}

static void scanner(struct request *request, const json_t *body)
{
    const struct sj_brokersim *sim = request->sim;
    const char *type = body_text(body, "scanner_type", "ChangePercentRank");
    bool ascending = json_is_true(json_object_get(body, "ascending"));
    int64_t count = 100;
    body_integer(body, "count", &count);
    count = count < 0 ? 0 : count > 200 ? 200 : count;
    int64_t bound = ascending ? INT64_MIN : INT64_MAX;
    uint32_t bound_at = 0;
    sj_reply_array(&request->answer, NULL);
    /* The next best after the last one, `count` times: stable, and no memory. */
    for (int64_t n = 0; n < count; n++) {
        uint32_t best = SJ_SIM_NONE;
        int64_t best_value = 0;
        for (uint32_t i = 0; i < sim->universe.count; i++) {
            if (sim->universe.list[i].security != SJ_SECURITY_STK)
                continue;
            int64_t value = rank_value(&sim->source->states[i], type);
            bool after = ascending ? value > bound : value < bound;
            if (n > 0 && value == bound)
                after = i > bound_at;
            bool better =
                best == SJ_SIM_NONE || (ascending ? value < best_value : value > best_value);
            if ((after || n == 0) && better) {
                best = i;
                best_value = value;
            }
        }
        if (best == SJ_SIM_NONE)
            break;
        put_ranked(&request->answer, sim, best, best_value);
        bound = best_value;
        bound_at = best;
    }
    sj_reply_end_array(&request->answer);
}

void rest_scanner(struct request *request)
{
    body_handle(request, scanner);
}

static void daily_quotes(struct request *request, const json_t *body)
{
    static const char *const names[] = {"Date",  "Code",   "Open",        "High",  "Low",
                                        "Close", "Volume", "Transaction", "Amount"};
    struct sj_brokersim *sim = request->sim;
    struct sj_reply *json = &request->answer;
    uint32_t date;
    if (!body_date(request, body, "date", &date))
        return;
    sj_reply_object(json, NULL);
    for (int column = 0; column < 9; column++) {
        sj_reply_array(json, names[column]);
        for (uint32_t i = 0; i < sim->universe.count && i < 200; i++) {
            if (sim->universe.list[i].security != SJ_SECURITY_STK)
                continue;
            int64_t reference = sim->universe.list[i].reference_e6;
            if (column == 0)
                sj_reply_format(json, NULL, "%04u-%02u-%02u", date / 10000, date / 100 % 100,
                                date % 100);
            else if (column == 1)
                sj_reply_string(json, NULL, sim->universe.list[i].code);
            else if (column < 6)
                sj_reply_e6(json, NULL, reference);
            else
                sj_reply_int(json, NULL, column == 8 ? reference / 1000 : 1000);
        }
        sj_reply_end_array(json);
    }
    sj_reply_end_object(json);
}

void rest_daily_quotes(struct request *request)
{
    body_handle(request, daily_quotes);
}

static void put_credit(struct sj_reply *json, const struct sj_brokersim *sim, uint32_t found)
{
    sj_reply_object(json, NULL);
    put_utc(json, "update_time", sim->utc_ns + SJ_TAIPEI_OFFSET_NS);
    sj_reply_string(json, "system", "HN");
    sj_reply_string(json, "stock_id", sim->universe.list[found].code);
    sj_reply_int(json, "margin_loan_ratio", 60);
    sj_reply_int(json, "short_margin_ratio", 90);
    sj_reply_int(json, "margin_unit", 1000);
    sj_reply_int(json, "short_unit", 500);
    sj_reply_end_object(json);
}

static void credit(struct request *request, const json_t *body)
{
    each_contract(request, body, false, put_credit);
}

void rest_credit(struct request *request)
{
    body_handle(request, credit);
}

static void put_short_source(struct sj_reply *json, const struct sj_brokersim *sim, uint32_t found)
{
    sj_reply_object(json, NULL);
    sj_reply_string(json, "code", sim->universe.list[found].code);
    sj_reply_int(json, "short_stock_source", sim->source->states[found].quote.avail_borrowing);
    put_utc(json, "datetime", sim->utc_ns + SJ_TAIPEI_OFFSET_NS);
    sj_reply_end_object(json);
}

static void short_sources(struct request *request, const json_t *body)
{
    each_contract(request, body, false, put_short_source);
}

void rest_short_sources(struct request *request)
{
    body_handle(request, short_sources);
}

/* Nothing is under disposition or attention in the simulated market. */
void rest_regulatory(struct request *request)
{
    sj_reply_object(&request->answer, NULL);
    sj_reply_array(&request->answer, "code");
    sj_reply_end_array(&request->answer);
    sj_reply_end_object(&request->answer);
}
