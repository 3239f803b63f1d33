/* /data/ticks, kbars, snapshots and the rankings. */
#include "brokersim/body.h"
#include "brokersim/fault.h"
#include "brokersim/history_private.h"
#include "brokersim/quota.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KBAR_DAYS_MAX 30

/* Over the traffic limit, or with a dead session, history answers empty and not with an error. */
static bool answers_empty(struct request *request)
{
    return quota_exhausted(request->server) || fault_hits(request->server, FAULT_DEAD);
}

static bool body_date(struct request *request, const json_t *body, const char *key,
                      uint32_t *ret_date)
{
    int32_t date;
    const char *text = body_text(body, key, "");
    if (sj_date_parse(text, strlen(text), &date) < 0) {
        char message[80];
        snprintf(message, sizeof message, "%s must be a date, YYYY-MM-DD", key);
        http_fail(request, 400, message);
        return false;
    }
    *ret_date = (uint32_t)date;
    return true;
}

static void put_local(struct sj_reply *json, int64_t local_ns)
{
    int64_t of_day = local_ns % SJ_NS_PER_DAY;
    int32_t date = sj_date_from_day((int32_t)(local_ns / SJ_NS_PER_DAY));
    int64_t second = of_day / SJ_NS_PER_S;
    sj_reply_format(json, NULL, "%04d-%02d-%02dT%02lld:%02lld:%02lld.%06lld", date / 10000,
                    date / 100 % 100, date % 100, (long long)(second / 3600),
                    (long long)(second / 60 % 60), (long long)(second % 60),
                    (long long)(of_day % SJ_NS_PER_S / 1000));
}

/* Which ticks of a day are asked for: indexes into its ring, and times of day. */
struct tick_range {
    const struct history_day *day;
    uint64_t first, end;
    int64_t from_ns, to_ns;
};

enum tick_column {
    COLUMN_TIME,
    COLUMN_CLOSE,
    COLUMN_VOLUME,
    COLUMN_BID,
    COLUMN_BID_VOLUME,
    COLUMN_ASK,
    COLUMN_ASK_VOLUME,
    COLUMN_TYPE,
    COLUMNS
};
static const char *const COLUMN_NAMES[COLUMNS] = {"datetime",   "close",      "volume",
                                                  "bid_price",  "bid_volume", "ask_price",
                                                  "ask_volume", "tick_type"};

static void put_cell(struct sj_reply *json, const struct past_tick *tick, enum tick_column column)
{
    switch (column) {
    case COLUMN_TIME:
        put_local(json, tick->local_ns);
        break;
    case COLUMN_CLOSE:
        sj_reply_e6(json, NULL, tick->price_e6);
        break;
    case COLUMN_VOLUME:
        sj_reply_int(json, NULL, tick->volume);
        break;
    case COLUMN_BID:
        sj_reply_e6(json, NULL, tick->bid_e6 == SJ_NULL_E6 ? 0 : tick->bid_e6);
        break;
    case COLUMN_BID_VOLUME:
        sj_reply_int(json, NULL, tick->bid_volume);
        break;
    case COLUMN_ASK:
        sj_reply_e6(json, NULL, tick->ask_e6 == SJ_NULL_E6 ? 0 : tick->ask_e6);
        break;
    case COLUMN_ASK_VOLUME:
        sj_reply_int(json, NULL, tick->ask_volume);
        break;
    default:
        sj_reply_int(json, NULL, tick->tick_type);
        break;
    }
}

static void put_columns(struct sj_reply *json, const struct tick_range *range)
{
    sj_reply_object(json, NULL);
    for (int column = 0; column < COLUMNS; column++) {
        sj_reply_array(json, COLUMN_NAMES[column]);
        for (uint64_t i = range->first; i < range->end; i++) {
            const struct past_tick *tick = &range->day->ticks[i % HISTORY_TICKS];
            int64_t of_day = tick->local_ns % SJ_NS_PER_DAY;
            if (of_day >= range->from_ns && of_day < range->to_ns)
                put_cell(json, tick, (enum tick_column)column);
        }
        sj_reply_end_array(json);
    }
    sj_reply_end_object(json);
}

static int64_t time_of_day(const char *text, int64_t otherwise)
{
    unsigned hour, minute, second;
    if (!text || sscanf(text, "%2u:%2u:%2u", &hour, &minute, &second) != 3)
        return otherwise;
    return (hour * 3600LL + minute * 60 + second) * SJ_NS_PER_S;
}

static void ticks(struct request *request, const json_t *body)
{
    uint32_t date;
    int64_t count;
    uint32_t found = body_contract(request, json_object_get(body, "contract"));
    if (found == SJ_SIM_NONE || !body_date(request, body, "date", &date))
        return;
    const struct sj_sim_instrument *one = &request->sim->universe.list[found];
    found = one->target == SJ_SIM_NONE ? found : one->target;
    struct history_day *made = NULL;
    struct tick_range range = {.to_ns = INT64_MAX};
    if (!answers_empty(request))
        range.day = history_day(request->sim, found, date, &made);
    if (range.day) {
        range.end = range.day->tick_count;
        range.first = range.end > HISTORY_TICKS ? range.end - HISTORY_TICKS : 0;
        const char *type = body_text(body, "query_type", "AllDay");
        if (strcmp(type, "LastCount") == 0 && body_integer(body, "last_cnt", &count) &&
            count >= 0 && (uint64_t)count < range.end - range.first)
            range.first = range.end - (uint64_t)count;
        if (strcmp(type, "RangeTime") == 0) {
            range.from_ns = time_of_day(body_text(body, "time_start", NULL), 0);
            range.to_ns = time_of_day(body_text(body, "time_end", NULL), INT64_MAX);
        }
    }
    put_columns(&request->answer, &range);
    quota_traffic(request->server, request->answer.size);
    free(made);
}

static void each_body(struct request *request, void (*answer)(struct request *, const json_t *))
{
    json_t *body = body_parse(request);
    if (body)
        answer(request, body);
    json_decref(body);
}

void rest_ticks(struct request *request)
{
    each_body(request, ticks);
}

static int64_t bar_value(const struct past_bar *bar, int column)
{
    const int64_t values[] = {0, bar->open_e6, bar->high_e6, bar->low_e6, bar->close_e6};
    return values[column];
}

static void put_bars(struct sj_reply *json, const struct history_day *const *days, uint32_t count)
{
    static const char *const names[] = {"datetime", "Open",   "High",  "Low",
                                        "Close",    "Volume", "Amount"};
    sj_reply_object(json, NULL);
    for (int column = 0; column < 7; column++) {
        sj_reply_array(json, names[column]);
        for (uint32_t d = 0; d < count; d++) {
            uint64_t end = days[d]->bar_count;
            for (uint64_t i = end > HISTORY_BARS ? end - HISTORY_BARS : 0; i < end; i++) {
                const struct past_bar *bar = &days[d]->bars[i % HISTORY_BARS];
                if (column == 0)
                    put_local(json, bar->minute * MINUTE_NS);
                else if (column == 5)
                    sj_reply_int(json, NULL, bar->volume);
                else
                    sj_reply_e6(json, NULL, column == 6 ? bar->amount_e6 : bar_value(bar, column));
            }
        }
        sj_reply_end_array(json);
    }
    sj_reply_end_object(json);
}

static void kbars(struct request *request, const json_t *body)
{
    uint32_t start, end;
    uint32_t found = body_contract(request, json_object_get(body, "contract"));
    if (found == SJ_SIM_NONE || !body_date(request, body, "start", &start) ||
        !body_date(request, body, "end", &end))
        return;
    int32_t first = sj_date_to_day((int32_t)start), last = sj_date_to_day((int32_t)end);
    if (last < first || last - first >= KBAR_DAYS_MAX) {
        http_fail(request, 400, "kbars: start to end may be at most 30 days");
        return;
    }
    const struct sj_sim_instrument *one = &request->sim->universe.list[found];
    found = one->target == SJ_SIM_NONE ? found : one->target;
    const struct history_day *days[KBAR_DAYS_MAX];
    struct history_day *made[KBAR_DAYS_MAX] = {0};
    uint32_t count = 0;
    bool empty = answers_empty(request);
    for (int32_t day = first; day <= last && !empty; day++) {
        uint32_t date = (uint32_t)sj_date_from_day(day);
        days[count] = history_day(request->sim, found, date, &made[day - first]);
        if (days[count])
            count++;
    }
    put_bars(&request->answer, days, count);
    quota_traffic(request->server, request->answer.size);
    for (int i = 0; i < KBAR_DAYS_MAX; i++)
        free(made[i]);
}

void rest_kbars(struct request *request)
{
    each_body(request, kbars);
}

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

static void snapshots(struct request *request, const json_t *body)
{
    const json_t *contracts = json_object_get(body, "contracts");
    const struct sj_sim_universe *universe = &request->sim->universe;
    if (!json_is_array(contracts) || json_array_size(contracts) > 500) {
        http_fail(request, 400, "contracts must be an array of at most 500");
        return;
    }
    bool empty = answers_empty(request);
    sj_reply_array(&request->answer, NULL);
    for (size_t i = 0; i < json_array_size(contracts); i++) {
        uint32_t found = body_contract(request, json_array_get(contracts, i));
        if (found == SJ_SIM_NONE)
            return;
        if (universe->list[found].target != SJ_SIM_NONE)
            found = universe->list[found].target;
        if (!empty)
            put_snapshot(&request->answer, request->sim, found);
    }
    sj_reply_end_array(&request->answer);
    quota_traffic(request->server, request->answer.size);
}

void rest_snapshots(struct request *request)
{
    each_body(request, snapshots);
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
    each_body(request, scanner);
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
    each_body(request, daily_quotes);
}

static void credit(struct request *request, const json_t *body)
{
    const json_t *contracts = json_object_get(body, "contracts");
    struct sj_reply *json = &request->answer;
    sj_reply_array(json, NULL);
    for (size_t i = 0; i < json_array_size(contracts) && i < 500; i++) {
        uint32_t found = body_contract(request, json_array_get(contracts, i));
        if (found == SJ_SIM_NONE)
            return;
        sj_reply_object(json, NULL);
        put_utc(json, "update_time", request->sim->utc_ns + SJ_TAIPEI_OFFSET_NS);
        sj_reply_string(json, "system", "HN");
        sj_reply_string(json, "stock_id", request->sim->universe.list[found].code);
        sj_reply_int(json, "margin_loan_ratio", 60);
        sj_reply_int(json, "short_margin_ratio", 90);
        sj_reply_int(json, "margin_unit", 1000);
        sj_reply_int(json, "short_unit", 500);
        sj_reply_end_object(json);
    }
    sj_reply_end_array(json);
}

void rest_credit(struct request *request)
{
    each_body(request, credit);
}

static void short_sources(struct request *request, const json_t *body)
{
    const json_t *contracts = json_object_get(body, "contracts");
    struct sj_reply *json = &request->answer;
    sj_reply_array(json, NULL);
    for (size_t i = 0; i < json_array_size(contracts) && i < 500; i++) {
        uint32_t found = body_contract(request, json_array_get(contracts, i));
        if (found == SJ_SIM_NONE)
            return;
        sj_reply_object(json, NULL);
        sj_reply_string(json, "code", request->sim->universe.list[found].code);
        sj_reply_int(json, "short_stock_source",
                     request->sim->source->states[found].quote.avail_borrowing);
        put_utc(json, "datetime", request->sim->utc_ns + SJ_TAIPEI_OFFSET_NS);
        sj_reply_end_object(json);
    }
    sj_reply_end_array(json);
}

void rest_short_sources(struct request *request)
{
    each_body(request, short_sources);
}

/* Nothing is under disposition or attention in the simulated market. */
void rest_regulatory(struct request *request)
{
    sj_reply_object(&request->answer, NULL);
    sj_reply_array(&request->answer, "code");
    sj_reply_end_array(&request->answer);
    sj_reply_end_object(&request->answer);
}
