#include "order/orders_config.h"

#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

#define OWNER struct sj_orders_config
static const struct sj_config_key keys[] = {
    SJ_CONFIG_TEXT(OWNER, server, "",
                   "broker server that takes the orders, as in broker.servers; empty: the first of "
                   "those"),
    SJ_CONFIG_TEXT(OWNER, socket, "",
                   "its Unix socket; empty: SJ_UDS_PATH or ~/.shioaji/server-PORT.sock where there "
                   "is one; none: TCP always"),
    SJ_CONFIG_INT(OWNER, connections, 1, 16, "4", "kept open for requests"),
    SJ_CONFIG_INT(OWNER, queue_requests, 1, 4096, "256",
                  "requests that may wait for a free connection; more are refused"),
    SJ_CONFIG_INT(OWNER, answer_timeout_ms, 10, 600000, "5000",
                  "a request without an answer for so long is in doubt"),
    SJ_CONFIG_INT(OWNER, ack_timeout_ms, 10, 600000, "3000",
                  "an order or change not acknowledged for so long is looked into"),
    SJ_CONFIG_CHOICE(OWNER, timeout_policy, "query|cancel|alert", "query",
                     "then: ask for the broker's list; also cancel it when found; only say so"),
    SJ_CONFIG_INT(OWNER, settle_ms, 0, 600000, "5000",
                  "an order in doubt for less is not given up for absent from a list"),
    SJ_CONFIG_INT(OWNER, retry_ms, 10, 600000, "1000",
                  "between two looks at what could not be decided"),
    SJ_CONFIG_INT(OWNER, max_open, 1, 65536, "4096", "orders open at a time; more are refused"),
    SJ_CONFIG_INT(OWNER, max_kept, 16, 1048576, "65536",
                  "orders remembered, ended ones too, so that late deals find them"),
    SJ_CONFIG_BOOL(OWNER, fsync_first, "false",
                   "an intent is on the disk, not only on the bus, before it is sent"),
    SJ_CONFIG_CHOICE(OWNER, quantity_meaning, "left|less", "left",
                     "what update_qty takes: the quantity that shall still work, or how much less"),
    SJ_CONFIG_BOOL(OWNER, block_unknown_tags, "true",
                   "a working order with a tag of our form that no intent explains blocks its "
                   "instrument"),
    SJ_CONFIG_INT(OWNER, account_poll_ms, 1000, 3600000, "5000",
                  "between two looks at positions, margin and balance"),
    SJ_CONFIG_TEXT(OWNER, account_stock, "",
                   "account of stocks, as 9A95-1234567; empty: the login's default"),
    SJ_CONFIG_TEXT(OWNER, account_futures, "",
                   "account of futures and options; empty: the login's default"),
};
#undef OWNER

const struct sj_config_section *sj_orders_config_section(struct sj_orders_config *config,
                                                         struct sj_config_section *section)
{
    *section = (struct sj_config_section){
        .name = "orders",
        .text = "how orders are sent, watched and reconciled",
        .keys = keys,
        .key_count = sizeof(keys) / sizeof(keys[0]),
        .values = config,
    };
    return section;
}

sj_rc sj_orders_config_check(const struct sj_orders_config *config, struct sj_config_error *error)
{
    struct sj_account_name name;
    const char *const texts[] = {config->account_stock, config->account_futures};
    static const char *const keys_of[] = {"account_stock", "account_futures"};
    for (int i = 0; i < SJ_ACCOUNTS; i++)
        if (sj_account_name_parse(texts[i], &name) < 0) {
            snprintf(error->text, sizeof error->text,
                     "orders.%s is BROKER-ACCOUNT, as 9A95-1234567, not '%s'", keys_of[i],
                     texts[i]);
            return -SJ_E_MALFORMED;
        }
    return 0;
}

void sj_orders_config_default(struct sj_orders_config *config)
{
    struct sj_config_section section;
    const struct sj_config_section *sections[] = {sj_orders_config_section(config, &section)};
    struct sj_config loaded;
    sj_rc rc = sj_config_init(&loaded, sections, 1);
    SJ_ASSERT(rc >= 0);
    config->post_only = false;
    sj_config_done(&loaded);
}
