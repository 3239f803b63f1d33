/* /data/contracts...: lists, look-ups, information, tick bands. */
#include "brokersim/route.h"
#include "brokersim/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOTS_MAX 64

static const char *target_code(const struct sj_sim_universe *universe,
                               const struct sj_sim_instrument *one)
{
    return one->target == SJ_SIM_NONE ? NULL : universe->list[one->target].code;
}

static void base_fields(struct sj_reply *json, const struct sj_sim_universe *universe,
                        const struct sj_sim_instrument *one)
{
    const char *exchange = sj_sim_exchange_name((enum sj_exchange)one->exchange);
    sj_reply_string(json, "security_type", sj_sim_security_name((enum sj_security)one->security));
    sj_reply_string(json, "region", "TW");
    sj_reply_string(json, "exchange", exchange);
    sj_reply_string(json, "code", one->code);
    sj_reply_text(json, "target_code", target_code(universe, one));
    sj_reply_string(json, "name", one->name);
    sj_reply_string(json, "currency", "TWD");
}

void put_contract(struct sj_reply *json, const char *key, const struct sj_sim_universe *universe,
                  const struct sj_sim_instrument *one)
{
    sj_reply_object(json, key);
    base_fields(json, universe, one);
    sj_reply_format(json, "symbol", "%s%s", sj_sim_exchange_name((enum sj_exchange)one->exchange),
                    one->code);
    sj_reply_end_object(json);
}

static void put_date(struct sj_reply *json, const char *key, uint32_t date)
{
    if (date == 0)
        sj_reply_null(json, key);
    else
        sj_reply_format(json, key, "%04u-%02u-%02u", date / 10000, date / 100 % 100, date % 100);
}

static void put_limits(struct sj_reply *json, const struct sj_sim_universe *universe,
                       const struct sj_sim_instrument *one)
{
    sj_reply_e6(json, "reference", one->reference_e6);
    sj_reply_e6(json, "limit_up", one->limit_up_e6);
    sj_reply_e6(json, "limit_down", one->limit_down_e6);
    put_date(json, "update_date", universe->date);
}

static void put_derivative(struct sj_reply *json, const struct sj_sim_instrument *one)
{
    bool option = one->security == SJ_SECURITY_OPT;
    bool bands = one->bands.count > 0 && one->reference_e6 != SJ_NULL_E6;
    int64_t tick = bands ? sj_tick_at(&one->bands, one->reference_e6) : SJ_NULL_E6;
    bool valued = bands && one->multiplier_e6 != SJ_NULL_E6;
    sj_reply_string(json, "root", one->root);
    sj_reply_string(json, "delivery_month", one->delivery_month);
    put_date(json, "delivery_date", one->delivery_date);
    put_date(json, "last_trading_date", one->delivery_date);
    sj_reply_string(json, "underlying_kind", "I");
    sj_reply_string(json, "underlying_code", one->underlying);
    sj_reply_e6(json, "multiplier", one->multiplier_e6);
    sj_reply_string(json, "tick_basis", one->bands.count > 1 ? "premium" : "fixed");
    sj_reply_string(json, "tick_rule", one->tick_rule);
    sj_reply_e6(json, "tick", tick);
    sj_reply_e6(json, "tick_value",
                valued ? tick / 1000 * (one->multiplier_e6 / 1000) : SJ_NULL_E6);
    sj_reply_string(json, "spec_kind", option ? "index_opt" : "index_fut");
    if (option) {
        sj_reply_e6(json, "strike_price", one->strike_e6);
        sj_reply_string(json, "option_right", one->option_right == 'C' ? "Call" : "Put");
    }
}

static void put_warrant(struct sj_reply *json, const struct sj_sim_instrument *one)
{
    sj_reply_e6(json, "unit", one->unit * 1000000LL);
    sj_reply_string(json, "day_trade", "No");
    sj_reply_string(json, "underlying_code", one->underlying);
    sj_reply_string(json, "underlying_type", "STK");
    sj_reply_string(json, "call_put", one->option_right == 'C' ? "C" : "P");
    sj_reply_e6(json, "strike_price", one->strike_e6);
    sj_reply_e6(json, "exercise_ratio", one->multiplier_e6);
    put_date(json, "expiry_date", one->delivery_date);
    put_date(json, "last_trading_date", one->delivery_date);
}

static void put_info(struct sj_reply *json, const struct sj_sim_universe *universe,
                     const struct sj_sim_instrument *one)
{
    sj_reply_object(json, NULL);
    sj_reply_format(json, "dataset", "TW/%s",
                    sj_sim_security_name((enum sj_security)one->security));
    base_fields(json, universe, one);
    if (one->security == SJ_SECURITY_STK) {
        sj_reply_string(json, "category", one->category);
        sj_reply_e6(json, "unit", one->unit * 1000000LL);
        sj_reply_string(json, "day_trade", "Yes");
        put_limits(json, universe, one);
        sj_reply_bool(json, "margin_shortable", true);
        sj_reply_bool(json, "sbl_shortable", true);
        sj_reply_bool(json, "below_ref_shortable", true);
    } else if (one->security == SJ_SECURITY_IND) {
        sj_reply_e6(json, "reference", one->reference_e6);
        put_date(json, "update_date", universe->date);
    } else if (one->security == SJ_SECURITY_WRT) {
        put_warrant(json, one);
        put_limits(json, universe, one);
    } else {
        put_derivative(json, one);
        put_limits(json, universe, one);
    }
    sj_reply_end_object(json);
}

/* Reads a page number; true when the parameter is there and good. Answers 400 itself. */
static bool page_parameter(struct request *request, const char *name, uint32_t *ret_value,
                           bool *ret_bad)
{
    char text[16], *end;
    if (!http_query(request, name, text, sizeof text))
        return false;
    unsigned long value = strtoul(text, &end, 10);
    if (*end != 0 || value == 0 || value > 1000000) {
        http_fail(request, 400, "page and page_size must be whole numbers from 1");
        *ret_bad = true;
        return false;
    }
    *ret_value = (uint32_t)value;
    return true;
}

void rest_contract_list(struct request *request)
{
    const struct sj_sim_universe *universe = &request->sim->universe;
    struct sj_reply *json = &request->answer;
    char name[8] = "";
    http_query(request, "security_type", name, sizeof name);
    enum sj_security security = sj_sim_security(name);
    if (security == SJ_SECURITY_UNKNOWN) {
        http_fail(request, 400, "security_type must be STK, IND, FUT, OPT or WRT");
        return;
    }
    uint32_t page = 1, page_size = 500, total = 0;
    bool bad = false;
    bool paged = page_parameter(request, "page", &page, &bad);
    paged |= page_parameter(request, "page_size", &page_size, &bad);
    if (bad)
        return;
    uint64_t first = paged ? (uint64_t)(page - 1) * page_size : 0;
    uint64_t end = paged ? first + page_size : UINT64_MAX;
    sj_reply_object(json, NULL);
    sj_reply_array(json, "contracts");
    for (uint32_t i = 0; i < universe->total; i++) {
        if ((enum sj_security)universe->list[i].security != security)
            continue;
        if (total >= first && total < end)
            put_contract(json, NULL, universe, &universe->list[i]);
        total++;
    }
    sj_reply_end_array(json);
    sj_reply_string(json, "security_type", name);
    sj_reply_string(json, "region", "TW");
    sj_reply_int(json, "total", total);
    if (paged) {
        sj_reply_int(json, "page", page);
        sj_reply_int(json, "page_size", page_size);
        sj_reply_int(json, "max_page", (total + page_size - 1) / page_size);
    }
    sj_reply_end_object(json);
}

/* A query parameter is absent or equal to `value`. */
static bool wanted(const struct request *request, const char *parameter, const char *value)
{
    char text[32];
    return !http_query(request, parameter, text, sizeof text) || strcmp(text, value) == 0;
}

static void collection(struct request *request, enum sj_security security)
{
    const struct sj_sim_universe *universe = &request->sim->universe;
    struct sj_reply *json = &request->answer;
    char text[32];
    if (security == SJ_SECURITY_OPT && !http_query(request, "root", text, sizeof text)) {
        http_fail(request, 400, "missing query parameter root");
        return;
    }
    sj_reply_array(json, NULL);
    for (uint32_t i = 0; i < universe->total; i++) {
        const struct sj_sim_instrument *one = &universe->list[i];
        const char right[2] = {one->option_right, 0};
        if ((enum sj_security)one->security == security && wanted(request, "root", one->root) &&
            wanted(request, "underlying_code", one->underlying) &&
            wanted(request, "delivery_month", one->delivery_month) &&
            (security != SJ_SECURITY_OPT || wanted(request, "option_right", right)) &&
            (security != SJ_SECURITY_WRT || wanted(request, "call_put", right)))
            put_info(json, universe, one);
    }
    sj_reply_end_array(json);
}

static uint32_t warrant_count(const struct sj_sim_universe *universe, const char *underlying)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < universe->count; i++)
        count += universe->list[i].security == SJ_SECURITY_WRT &&
                 strcmp(universe->list[i].underlying, underlying) == 0;
    return count;
}

/* What a type's contracts are of: the roots of futures and options, what warrants are on. */
static void roots(struct request *request, enum sj_security security)
{
    const struct sj_sim_universe *universe = &request->sim->universe;
    struct sj_reply *json = &request->answer;
    const char *seen[ROOTS_MAX];
    uint32_t count = 0;
    bool warrants = security == SJ_SECURITY_WRT;
    sj_reply_array(json, NULL);
    for (uint32_t i = 0; i < universe->count && count < ROOTS_MAX; i++) {
        const struct sj_sim_instrument *one = &universe->list[i];
        const char *root = warrants ? one->underlying : one->root;
        bool known = (enum sj_security)one->security != security;
        for (uint32_t n = 0; n < count && !known; n++)
            known = strcmp(seen[n], root) == 0;
        if (known)
            continue;
        seen[count++] = root;
        uint32_t base = warrants ? sj_sim_universe_find(universe, root) : i;
        sj_reply_object(json, NULL);
        sj_reply_string(json, warrants ? "underlying_code" : "root", root);
        sj_reply_string(json, "name", universe->list[base != SJ_SIM_NONE ? base : i].name);
        if (warrants)
            sj_reply_int(json, "warrant_count", warrant_count(universe, root));
        sj_reply_end_object(json);
    }
    sj_reply_end_array(json);
}

void rest_tick_bands(struct request *request)
{
    const char *rule = request->parameter;
    const struct sj_sim_universe *universe = &request->sim->universe;
    struct sj_reply *json = &request->answer;
    struct sj_tick_bands bands;
    char security[8];
    if (!http_query(request, "security_type", security, sizeof security)) {
        http_fail(request, 400, "missing query parameter security_type");
        return;
    }
    if (sj_market_tick_bands(request->sim->rules, rule, universe->date, &bands) < 0) {
        http_fail(request, 404, "Tick rule not found");
        return;
    }
    sj_reply_object(json, NULL);
    sj_reply_string(json, "region", "TW");
    sj_reply_string(json, "security_type", security);
    sj_reply_string(json, "rule", rule);
    sj_reply_string(json, "basis", bands.count > 1 ? "premium" : "fixed");
    sj_reply_array(json, "bands");
    for (uint32_t i = 0; i < bands.count; i++) {
        sj_reply_object(json, NULL);
        sj_reply_e6(json, "min", i == 0 ? 0 : bands.band[i - 1].below_e6);
        if (bands.band[i].below_e6 == INT64_MAX)
            sj_reply_null(json, "max");
        else
            sj_reply_e6(json, "max", bands.band[i].below_e6);
        sj_reply_e6(json, "tick", bands.band[i].tick_e6);
        sj_reply_end_object(json);
    }
    sj_reply_end_array(json);
    sj_reply_end_object(json);
}

/* The contract that the path names; answers 404 itself. */
static const struct sj_sim_instrument *path_contract(struct request *request)
{
    const struct sj_sim_universe *universe = &request->sim->universe;
    char security[8], text[80];
    uint32_t found = sj_sim_universe_find(universe, request->parameter);
    if (found != SJ_SIM_NONE && http_query(request, "security_type", security, sizeof security) &&
        sj_sim_security(security) != (enum sj_security)universe->list[found].security)
        found = SJ_SIM_NONE;
    if (found != SJ_SIM_NONE)
        return &universe->list[found];
    snprintf(text, sizeof text, "Contract not found: %.40s", request->parameter);
    http_fail(request, 404, text);
    return NULL;
}

void rest_contract(struct request *request)
{
    const struct sj_sim_instrument *one = path_contract(request);
    if (one)
        put_contract(&request->answer, NULL, &request->sim->universe, one);
}

void rest_contract_info(struct request *request)
{
    const struct sj_sim_instrument *one = path_contract(request);
    if (one)
        put_info(&request->answer, &request->sim->universe, one);
}

void rest_futures(struct request *request)
{
    collection(request, SJ_SECURITY_FUT);
}

void rest_options(struct request *request)
{
    collection(request, SJ_SECURITY_OPT);
}

void rest_warrants(struct request *request)
{
    collection(request, SJ_SECURITY_WRT);
}

void rest_future_roots(struct request *request)
{
    roots(request, SJ_SECURITY_FUT);
}

void rest_option_roots(struct request *request)
{
    roots(request, SJ_SECURITY_OPT);
}

void rest_warrant_underlyings(struct request *request)
{
    roots(request, SJ_SECURITY_WRT);
}
