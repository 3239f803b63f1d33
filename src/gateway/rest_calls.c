#include "gateway/rest_call.h"

#include "event/instruments.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PATH_CODE_SIZE 64
#define PATH_MAX_SIZE 256
#define PAGE_SIZE 1000
#define PAGES_MAX 200

static const char *const security_names[] = {"", "STK", "FUT", "OPT", "IND", "WRT"};
static const char *const exchange_names[] = {"", "TSE", "OTC", "OES", "TAIFEX"};
static const char *const quote_names[] = {"Tick", "BidAsk", "Quote"};

static uint32_t index_of(const char *const *names, uint32_t count, const char *name)
{
    for (uint32_t i = 1; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return 0;
}

const char *sj_security_name(enum sj_security security)
{
    return security_names[security <= SJ_SECURITY_WRT ? security : 0];
}

enum sj_security sj_security_of(const char *name)
{
    return (enum sj_security)index_of(security_names, SJ_SECURITY_WRT + 1, name);
}

const char *sj_exchange_name(enum sj_exchange exchange)
{
    return exchange_names[exchange <= SJ_EXCHANGE_TAIFEX ? exchange : 0];
}

enum sj_exchange sj_exchange_of(const char *name)
{
    return (enum sj_exchange)index_of(exchange_names, SJ_EXCHANGE_TAIFEX + 1, name);
}

const char *sj_quote_type_name(enum sj_quote_type type)
{
    return quote_names[type];
}

/* The text of a member, or "" where it is absent, null or of another type. */
static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* Copies text into a fixed field; false when it does not fit. */
static bool copy_text(char *field, size_t size, const char *text)
{
    size_t length = strlen(text);
    if (length > size)
        length = size;
    memset(field, 0, size);
    memcpy(field, text, length);
    return text[length] == '\0';
}

static bool flag_of(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static int64_t integer_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* A JSON number in millionths; null value where it is absent or beyond what fits. */
static int64_t decimal_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_number(value))
        return SJ_NULL_E6;
    double number = json_number_value(value);
    return fabs(number) < 9.0e12 ? llround(number * 1e6) : SJ_NULL_E6;
}

/* "2026-12-16" as 20261216; 0 where absent. */
static uint32_t date_of(const json_t *object, const char *key)
{
    unsigned year, month, day;
    if (sscanf(text_of(object, key), "%4u-%2u-%2u", &year, &month, &day) != 3)
        return 0;
    return year * 10000 + month * 100 + day;
}

sj_rc sj_rest_health(struct sj_rest *rest, struct sj_rest_health *ret_health)
{
    json_t *body;
    sj_rc rc = sj_rest_call(rest, "GET", "/api/v1/health", NULL, &body);
    if (rc < 0)
        return rc;
    struct sj_rest_health health = {0};
    health.healthy = strcmp(text_of(body, "status"), "healthy") == 0;
    health.recovering = flag_of(body, "session_recovering");
    health.token_stale = flag_of(body, "token_stale");
    health.contract_count = integer_of(body, "contract_count");
    copy_text(health.version, sizeof(health.version) - 1, text_of(body, "version"));
    copy_text(health.instance_id, sizeof(health.instance_id) - 1, text_of(body, "instance_id"));
    copy_text(health.last_maintenance, sizeof(health.last_maintenance) - 1,
              text_of(body, "last_maintenance"));
    bool is_object = json_is_object(body);
    json_decref(body);
    if (!is_object)
        return sj_rest_fault(rest, -SJ_E_MALFORMED, "/health is not an object");
    *ret_health = health;
    return 0;
}

sj_rc sj_rest_info(struct sj_rest *rest, struct sj_rest_info *ret_info)
{
    json_t *body;
    sj_rc rc = sj_rest_call(rest, "GET", "/api/v1/info", NULL, &body);
    if (rc < 0)
        return rc;
    struct sj_rest_info info = {.simulation = flag_of(body, "simulation")};
    copy_text(info.version, sizeof(info.version) - 1, text_of(body, "version"));
    bool has_simulation = json_is_boolean(json_object_get(body, "simulation"));
    json_decref(body);
    if (!has_simulation)
        return sj_rest_fault(rest, -SJ_E_MALFORMED, "/info has no flag 'simulation'");
    *ret_info = info;
    return 0;
}

sj_rc sj_rest_usage(struct sj_rest *rest, struct sj_rest_usage *ret_usage)
{
    json_t *body;
    sj_rc rc = sj_rest_call(rest, "GET", "/api/v1/auth/usage", NULL, &body);
    if (rc < 0)
        return rc;
    bool whole = json_is_integer(json_object_get(body, "remaining_bytes"));
    struct sj_rest_usage usage = {
        .connections = integer_of(body, "connections"),
        .bytes = integer_of(body, "bytes"),
        .limit_bytes = integer_of(body, "limit_bytes"),
        .remaining_bytes = integer_of(body, "remaining_bytes"),
    };
    json_decref(body);
    if (!whole)
        return sj_rest_fault(rest, -SJ_E_MALFORMED, "/auth/usage has no number 'remaining_bytes'");
    *ret_usage = usage;
    return 0;
}

/* Fills a contract from its JSON. False: a code that is absent or too long. */
static bool contract_of(const json_t *object, struct sj_rest_contract *ret)
{
    struct sj_rest_contract contract = {0};
    contract.security = sj_security_of(text_of(object, "security_type"));
    contract.exchange = sj_exchange_of(text_of(object, "exchange"));
    bool fits = copy_text(contract.code, sizeof(contract.code) - 1, text_of(object, "code"));
    fits &= copy_text(contract.target_code, sizeof(contract.target_code) - 1,
                      text_of(object, "target_code"));
    copy_text(contract.name, sizeof(contract.name) - 1, text_of(object, "name"));
    *ret = contract;
    return fits && contract.code[0] != '\0';
}

/* A code that may stand in a request's JSON as it is: letters and digits, and the slash between the
 * months of a spread. */
static bool is_plain(const char *code)
{
    for (const char *c = code; *c; c++)
        if (!((*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') ||
              *c == '_' || *c == '-' || *c == '.' || *c == '/'))
            return false;
    return code[0] != '\0';
}

/* The same within a path. */
static const char *in_path(const char *code, char ret[PATH_CODE_SIZE])
{
    char *out = ret;
    for (const char *c = code; *c && out < ret + PATH_CODE_SIZE - 4; c++) {
        if (*c == '/')
            out = stpcpy(out, "%2F");
        else
            *out++ = *c;
    }
    *out = '\0';
    return ret;
}

sj_rc sj_rest_contract(struct sj_rest *rest, const char *code, enum sj_security security,
                       struct sj_rest_contract *ret)
{
    char path[PATH_MAX_SIZE];
    if (!is_plain(code))
        return -SJ_E_UNKNOWN;
    snprintf(path, sizeof(path), "/api/v1/data/contracts/%s%s%s",
             in_path(code, (char[PATH_CODE_SIZE]){0}), security ? "?security_type=" : "",
             sj_security_name(security));
    json_t *body;
    sj_rc rc = sj_rest_call(rest, "GET", path, NULL, &body);
    if (rc < 0)
        return sj_rest_answer(rest)->status == 404 ? -SJ_E_UNKNOWN : rc;
    struct sj_rest_contract contract;
    bool whole = contract_of(body, &contract);
    json_decref(body);
    if (!whole || contract.security == SJ_SECURITY_UNKNOWN)
        return sj_rest_fault(rest, -SJ_E_MALFORMED, "a contract without code or security_type");
    *ret = contract;
    return 0;
}

/* One page of a list. Returns the count of contracts on it; *ret_pages is how many there are. */
static sj_rc contracts_page(struct sj_rest *rest, enum sj_security security, uint32_t page,
                            sj_rc (*each)(const struct sj_rest_contract *, void *), void *context,
                            int64_t *ret_pages)
{
    char path[PATH_MAX_SIZE];
    snprintf(path, sizeof(path),
             "/api/v1/data/contracts?region=TW&security_type=%s&page=%u&page_size=%d",
             sj_security_name(security), page, PAGE_SIZE);
    json_t *body;
    sj_rc rc = sj_rest_call(rest, "GET", path, NULL, &body);
    if (rc < 0)
        return rc;
    const json_t *list = json_object_get(body, "contracts");
    size_t i;
    json_t *item;
    if (!json_is_array(list))
        rc = sj_rest_fault(rest, -SJ_E_MALFORMED, "a contract list without 'contracts'");
    json_array_foreach(list, i, item)
    {
        struct sj_rest_contract contract;
        if (rc >= 0 && contract_of(item, &contract))
            rc = each(&contract, context);
        if (rc != 0)
            break;
    }
    if (rc == 0)
        *ret_pages = integer_of(body, "max_page");
    json_decref(body);
    return rc;
}

sj_rc sj_rest_contracts(struct sj_rest *rest, enum sj_security security,
                        sj_rc (*each)(const struct sj_rest_contract *contract, void *context),
                        void *context)
{
    int64_t pages = 1;
    for (uint32_t page = 1; page <= pages && page <= PAGES_MAX; page++) {
        sj_rc rc = contracts_page(rest, security, page, each, context, &pages);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static uint8_t day_trade_of(const char *text)
{
    if (strcmp(text, "Yes") == 0)
        return 'Y';
    if (strcmp(text, "OnlyBuy") == 0)
        return 'O';
    return text[0] ? 'N' : 0;
}

void sj_rest_bare_definition(const struct sj_rest_contract *contract, int64_t now_ns,
                             struct sj_instrument *ret_definition)
{
    struct sj_instrument definition = sj_instrument_blank();
    definition.exch_ns = definition.recv_ns = now_ns;
    definition.exchange = (uint8_t)contract->exchange;
    definition.security = (uint8_t)contract->security;
    copy_text(definition.code, sizeof(definition.code), contract->code);
    copy_text(definition.target_code, sizeof(definition.target_code), contract->target_code);
    copy_text(definition.name, sizeof(definition.name), contract->name);
    *ret_definition = definition;
}

static void fill_definition(const json_t *body, const struct sj_rest_contract *contract,
                            int64_t now_ns, struct sj_instrument *definition)
{
    sj_rest_bare_definition(contract, now_ns, definition);
#define TEXT(field, key) copy_text(definition->field, sizeof(definition->field), text_of(body, key))
    TEXT(name, "name");
    TEXT(currency, "currency");
    TEXT(category, "category");
    TEXT(root, "root");
    TEXT(tick_rule, "tick_rule");
    TEXT(delivery_month, "delivery_month");
    TEXT(underlying_code, "underlying_code");
#undef TEXT
    const char *right = text_of(body, "option_right");
    definition->option_right = right[0] == 'C' || right[0] == 'P' ? (uint8_t)right[0] : 0;
    definition->day_trade = day_trade_of(text_of(body, "day_trade"));
    definition->delivery_date = date_of(body, "delivery_date");
    definition->update_date = date_of(body, "update_date");
    definition->reference_e6 = decimal_of(body, "reference");
    definition->limit_up_e6 = decimal_of(body, "limit_up");
    definition->limit_down_e6 = decimal_of(body, "limit_down");
    definition->strike_e6 = decimal_of(body, "strike_price");
    definition->multiplier_e6 = decimal_of(body, "multiplier");
    bool banded = strcmp(text_of(body, "tick_basis"), "fixed") != 0;
    definition->tick_e6 = banded ? SJ_NULL_E6 : decimal_of(body, "tick");
    int64_t unit_e6 = decimal_of(body, "unit");
    definition->unit =
        unit_e6 > 0 && unit_e6 < INT64_C(4000000000000000) ? (uint32_t)(unit_e6 / 1000000) : 1;
}

sj_rc sj_rest_contract_info(struct sj_rest *rest, const struct sj_rest_contract *contract,
                            int64_t now_ns, struct sj_instrument *ret_definition)
{
    char path[PATH_MAX_SIZE];
    if (!is_plain(contract->code))
        return -SJ_E_UNKNOWN;
    snprintf(path, sizeof(path), "/api/v1/data/contracts/%s/info?region=TW&security_type=%s",
             in_path(contract->code, (char[PATH_CODE_SIZE]){0}),
             sj_security_name(contract->security));
    json_t *body;
    sj_rc rc = sj_rest_call(rest, "GET", path, NULL, &body);
    if (rc < 0)
        return sj_rest_answer(rest)->status == 404 ? -SJ_E_UNKNOWN : rc;
    bool same = strcmp(text_of(body, "code"), contract->code) == 0;
    if (same)
        fill_definition(body, contract, now_ns, ret_definition);
    json_decref(body);
    /* A contract file with another contract's values happened (users.md 8): never take it. */
    return same ? 0
                : sj_rest_fault(rest, -SJ_E_MALFORMED,
                                "the info of another contract than was asked for");
}

static sj_rc subscription_call(struct sj_rest *rest, const char *path,
                               const struct sj_rest_subscription *subscription)
{
    char text[512];
    char target[32] = "null";
    const struct sj_rest_contract *contract = &subscription->contract;
    if (!is_plain(contract->code))
        return -SJ_E_UNKNOWN;
    if (is_plain(contract->target_code))
        snprintf(target, sizeof(target), "\"%s\"", contract->target_code);
    snprintf(text, sizeof(text),
             "{\"security_type\":\"%s\",\"exchange\":\"%s\",\"code\":\"%s\",\"target_code\":%s,"
             "\"quote_type\":\"%s\",\"intraday_odd\":%s}",
             sj_security_name(contract->security), sj_exchange_name(contract->exchange),
             contract->code, target, sj_quote_type_name(subscription->quote_type),
             subscription->odd_lot ? "true" : "false");
    json_t *body;
    sj_rc rc = sj_rest_call(rest, "POST", path, text, &body);
    if (rc < 0)
        return rc;
    if (json_is_false(json_object_get(body, "success")))
        rc = sj_rest_fault(rest, -SJ_E_REFUSED, text_of(body, "message"));
    json_decref(body);
    return rc;
}

sj_rc sj_rest_subscribe(struct sj_rest *rest, const struct sj_rest_subscription *subscription)
{
    return subscription_call(rest, "/api/v1/stream/subscribe", subscription);
}

sj_rc sj_rest_unsubscribe(struct sj_rest *rest, const struct sj_rest_subscription *subscription)
{
    return subscription_call(rest, "/api/v1/stream/unsubscribe", subscription);
}

sj_rc sj_rest_login(struct sj_rest *rest, const char *path, uint32_t server)
{
    char body[32];
    snprintf(body, sizeof(body), "{\"server\":%u}", server);
    return sj_rest_call(rest, "POST", path, body, NULL);
}
