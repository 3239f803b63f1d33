/*
 * orders_config.h: the section `orders` of the configuration.
 *
 * Threads  [init].
 */
#ifndef SJ_ORDER_ORDERS_CONFIG_H
#define SJ_ORDER_ORDERS_CONFIG_H

#include "base/config.h"
#include "order/account_name.h"

enum sj_order_timeout_policy {
    SJ_ORDER_TIMEOUT_QUERY,  /* ask for the broker's list; never send again */
    SJ_ORDER_TIMEOUT_CANCEL, /* the same, and cancel the order as soon as it is found */
    SJ_ORDER_TIMEOUT_ALERT   /* say so, and go on waiting */
};

enum sj_order_quantity_meaning {
    SJ_ORDER_QUANTITY_LEFT, /* update_qty names what shall still work */
    SJ_ORDER_QUANTITY_LESS  /* update_qty names what is taken away */
};

struct sj_orders_config {
    char server[256];
    char socket[256];
    int64_t connections;
    int64_t queue_requests;
    int64_t answer_timeout_ms;
    int64_t ack_timeout_ms;
    int32_t timeout_policy; /* enum sj_order_timeout_policy */
    int64_t settle_ms;
    int64_t retry_ms;
    int64_t max_open;
    int64_t max_kept;
    bool fsync_first;
    int32_t quantity_meaning; /* enum sj_order_quantity_meaning */
    bool block_unknown_tags;
    int64_t account_poll_ms;
    bool post_only; /* GTX is taken: of backtests, in no file */
    char account_stock[SJ_ACCOUNT_TEXT_MAX + 1];
    char account_futures[SJ_ACCOUNT_TEXT_MAX + 1];
};

/* Fills `section` with the keys over `config`. */
const struct sj_config_section *sj_orders_config_section(struct sj_orders_config *config,
                                                         struct sj_config_section *section);

/* What the table of keys cannot say: the line of a mistake is in `error`. */
SJ_MUST_USE sj_rc sj_orders_config_check(const struct sj_orders_config *config,
                                         struct sj_config_error *error);

/* Every value's default. */
void sj_orders_config_default(struct sj_orders_config *config);

#endif
