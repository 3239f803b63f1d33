#include "brokersim/body.h"

#include "base/tw_time.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const struct account ACCOUNT_LIST[ACCOUNTS] = {
    {"S", "A123456789", "9A95", "1234567"},
    {"F", "A123456789", "F002000", "7654321"},
    {"S", "A123456789", "9A95", "2345678"},
    {"F", "A123456789", "F002000", "8765432"},
};

json_t *body_parse(struct request *request)
{
    json_error_t error;
    json_t *body = json_loadb(request->body, request->body_size, JSON_REJECT_DUPLICATES, &error);
    char text[300];
    if (!body) {
        snprintf(text, sizeof text, "Invalid JSON body: %.200s", error.text);
        http_fail(request, 400, text);
        return NULL;
    }
    if (!json_is_object(body)) {
        json_decref(body);
        http_fail(request, 400, "Invalid JSON body: expected an object");
        return NULL;
    }
    return body;
}

const char *body_text(const json_t *object, const char *key, const char *otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) ? json_string_value(value) : otherwise;
}

bool body_integer(const json_t *object, const char *key, int64_t *ret_value)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_integer(value)) {
        *ret_value = json_integer_value(value);
        return true;
    }
    if (!json_is_real(value) || json_real_value(value) != floor(json_real_value(value)) ||
        fabs(json_real_value(value)) > 9e15)
        return false;
    *ret_value = (int64_t)json_real_value(value);
    return true;
}

bool body_e6(const json_t *object, const char *key, int64_t *ret_value)
{
    const json_t *value = json_object_get(object, key);
    double number = json_number_value(value);
    if (!json_is_number(value) || !(fabs(number) < 1e12))
        return false;
    *ret_value = llround(number * 1e6);
    return true;
}

const struct account *body_account(struct request *request, const json_t *object)
{
    const char *broker = body_text(object, "broker_id", "");
    const char *id = body_text(object, "account_id", "");
    const char *type = body_text(object, "account_type", "S");
    for (uint32_t i = 0; i < request->sim->options.accounts; i++) {
        const struct account *account = &ACCOUNT_LIST[i];
        bool named = *broker != 0 || *id != 0;
        if (named ? strcmp(account->broker_id, broker) == 0 && strcmp(account->account_id, id) == 0
                  : strcmp(account->type, type) == 0)
            return account;
    }
    http_fail(request, 404, "Account not found");
    return NULL;
}

void put_account(struct sj_reply *json, const char *key, const struct account *account)
{
    sj_reply_object(json, key);
    sj_reply_string(json, "account_type", account->type);
    sj_reply_string(json, "person_id", account->person_id);
    sj_reply_string(json, "broker_id", account->broker_id);
    sj_reply_string(json, "account_id", account->account_id);
    sj_reply_bool(json, "signed", true);
    sj_reply_string(json, "username", "");
    sj_reply_end_object(json);
}

uint32_t body_contract(struct request *request, const json_t *contract)
{
    const struct sj_sim_universe *universe = &request->sim->universe;
    const char *code = body_text(contract, "code", NULL);
    if (!code) {
        http_fail(request, 400, "missing field `code`");
        return SJ_SIM_NONE;
    }
    uint32_t found = sj_sim_universe_find(universe, code);
    const char *security = body_text(contract, "security_type", "");
    bool agrees = found != SJ_SIM_NONE &&
                  (*security == 0 ||
                   sj_sim_security(security) == (enum sj_security)universe->list[found].security);
    if (agrees)
        return found;
    char text[128];
    snprintf(text, sizeof text, "Contract not found: %.32s", code);
    http_fail(request, 404, text);
    return SJ_SIM_NONE;
}

bool body_date(struct request *request, const json_t *body, const char *key, uint32_t *ret_date)
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

void body_handle(struct request *request, void (*answer)(struct request *, const json_t *))
{
    json_t *body = body_parse(request);
    if (body)
        answer(request, body);
    json_decref(body);
}
