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

sj_rc sj_order_parse_accounts(const char *text, size_t size, uint32_t *ret_types)
{
    struct sj_jin in;
    struct sj_jin_text key, value;
    uint32_t types = 0;
    sj_jin_init(&in, text, size);
    if (!sj_jin_enter(&in, '['))
        return -SJ_E_MALFORMED;
    while (sj_jin_item(&in)) {
        if (!sj_jin_enter(&in, '{'))
            return -SJ_E_MALFORMED;
        while (sj_jin_key(&in, &key)) {
            if (!sj_jin_is(&key, "account_type") || sj_jin_peek(&in) != '"') {
                (void)sj_jin_skip(&in);
            } else if (sj_jin_string(&in, &value)) {
                types |= sj_jin_is(&value, "S") ? 1u : sj_jin_is(&value, "F") ? 2u : 0u;
            }
        }
    }
    if (!sj_jin_end(&in))
        return -SJ_E_MALFORMED;
    *ret_types = types;
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
