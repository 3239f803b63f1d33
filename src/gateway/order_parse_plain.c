/* The small answers around orders: error bodies, accounts, what kind of server it is. */
#include "gateway/order_report_parse.h"

#include <string.h>

void sj_order_parse_message(const char *text, size_t size, char *ret_text, size_t text_size)
{
    struct sj_jin in;
    struct sj_jin_text key, value = {NULL, 0};
    memset(ret_text, 0, text_size);
    sj_jin_init(&in, text, size);
    if (sj_jin_peek(&in) != '{' || !sj_jin_enter(&in, '{'))
        return;
    while (sj_jin_key(&in, &key)) {
        if (sj_jin_is(&key, "message") && sj_jin_peek(&in) == '"')
            (void)sj_jin_string(&in, &value);
        else
            (void)sj_jin_skip(&in);
    }
    if (value.text)
        (void)sj_jin_copy(&value, ret_text, text_size);
}

/* One account: an object. False: it is none. */
static bool take_account(struct sj_jin *in, const struct sj_account_name *wanted,
                         struct sj_order_accounts *accounts)
{
    struct sj_jin_text key, type = {0}, broker = {0}, id = {0};
    if (!sj_jin_enter(in, '{'))
        return false;
    while (sj_jin_key(in, &key)) {
        struct sj_jin_text *field = sj_jin_is(&key, "account_type") ? &type
                                    : sj_jin_is(&key, "broker_id")  ? &broker
                                    : sj_jin_is(&key, "account_id") ? &id
                                                                    : NULL;
        if (!field || sj_jin_peek(in) != '"')
            (void)sj_jin_skip(in);
        else if (!sj_jin_string(in, field))
            return false;
    }
    if (!type.text || (!sj_jin_is(&type, "S") && !sj_jin_is(&type, "F")))
        return !in->failed;
    uint32_t which = sj_jin_is(&type, "S") ? SJ_ACCOUNT_STOCK : SJ_ACCOUNT_FUTURES;
    accounts->types |= 1u << which;
    accounts->count[which]++;
    if (broker.text && id.text && sj_jin_is(&broker, wanted[which].broker_id) &&
        sj_jin_is(&id, wanted[which].account_id))
        accounts->found[which] = true;
    return !in->failed;
}

sj_rc sj_order_parse_accounts(const char *text, size_t size,
                              const struct sj_account_name wanted[SJ_ACCOUNTS],
                              struct sj_order_accounts *ret_accounts)
{
    struct sj_jin in;
    struct sj_order_accounts accounts = {0};
    sj_jin_init(&in, text, size);
    if (!sj_jin_enter(&in, '['))
        return -SJ_E_MALFORMED;
    while (sj_jin_item(&in))
        if (!take_account(&in, wanted, &accounts))
            return -SJ_E_MALFORMED;
    if (!sj_jin_end(&in))
        return -SJ_E_MALFORMED;
    *ret_accounts = accounts;
    return 0;
}

sj_rc sj_order_parse_simulation(const char *text, size_t size, bool *ret_simulation)
{
    struct sj_jin in;
    struct sj_jin_text key;
    bool found = false, simulation = false;
    sj_jin_init(&in, text, size);
    if (!sj_jin_enter(&in, '{'))
        return -SJ_E_MALFORMED;
    while (sj_jin_key(&in, &key)) {
        if (sj_jin_is(&key, "simulation"))
            found = sj_jin_bool(&in, &simulation);
        else
            (void)sj_jin_skip(&in);
    }
    if (!sj_jin_end(&in) || !found)
        return -SJ_E_MALFORMED;
    *ret_simulation = simulation;
    return 0;
}
