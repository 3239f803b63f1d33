/*
 * route.h: every path that is served: who answers it, what it counts against, and how
 * /openapi.json describes it. What is not in this table is not served.
 *
 * Threads  [owner]; the table is constant.
 */
#ifndef SJ_BROKERSIM_ROUTE_H
#define SJ_BROKERSIM_ROUTE_H

#include "brokersim/quota.h"

#define ROUTE_PREFIX "/api/v1"

struct route {
    enum http_method method;
    const char *path; /* under the prefix; {x} is one segment, handed on as request->parameter */
    enum quota_class quota;
    void (*handle)(struct request *request);
    const char *summary;
    /* "name:type" separated by blanks, ! behind what is required; types: string integer number
     * boolean array object. */
    const char *query;
    const char *body;
    bool streams; /* answers with server-sent events */
};

extern const struct route ROUTES[];
extern const uint32_t ROUTE_COUNT;

/* Answers with the description of the table, OpenAPI 3. */
void openapi_json(struct sj_reply *json);

/* One answer each, in rest_*.c. */
void rest_health(struct request *request);
void rest_info(struct request *request);
void rest_usage(struct request *request);
void rest_accounts(struct request *request);
void rest_ca_expiry(struct request *request);
void rest_subscribe_trade(struct request *request);
void rest_unsubscribe_trade(struct request *request);

void rest_contract_list(struct request *request);
void rest_contract(struct request *request);
void rest_contract_info(struct request *request);
void rest_futures(struct request *request);
void rest_options(struct request *request);
void rest_warrants(struct request *request);
void rest_future_roots(struct request *request);
void rest_option_roots(struct request *request);
void rest_warrant_underlyings(struct request *request);
void rest_tick_bands(struct request *request);

void rest_ticks(struct request *request);
void rest_kbars(struct request *request);
void rest_snapshots(struct request *request);
void rest_scanner(struct request *request);
void rest_daily_quotes(struct request *request);
void rest_credit(struct request *request);
void rest_short_sources(struct request *request);
void rest_regulatory(struct request *request);

void rest_place(struct request *request);
void rest_cancel(struct request *request);
void rest_update_price(struct request *request);
void rest_update_quantity(struct request *request);
void rest_trades(struct request *request);
void rest_combo_order(struct request *request);
void rest_combo_trades(struct request *request);

void rest_positions(struct request *request);
void rest_position_detail(struct request *request);
void rest_balance(struct request *request);
void rest_margin(struct request *request);
void rest_trading_limits(struct request *request);
void rest_settlements(struct request *request);
void rest_profit_loss(struct request *request);
void rest_profit_detail(struct request *request);
void rest_profit_sum(struct request *request);

void rest_subscribe(struct request *request);
void rest_unsubscribe(struct request *request);
void rest_stream_status(struct request *request);
void rest_receivers(struct request *request);
void rest_stream_data(struct request *request);

#endif
