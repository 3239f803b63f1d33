/*
 * risk_config.h: the section `risk` of the configuration, and the list `risk_limits` of exceptions.
 *
 * Limits are whole TWD, lots or ms in the file. 0 switches a limit off where the key says so.
 * Threads  [init].
 */
#ifndef SJ_RISK_RISK_CONFIG_H
#define SJ_RISK_RISK_CONFIG_H

#include "base/config.h"

#define SJ_RISK_LIMITS_MAX 64
#define SJ_RISK_LIST_SIZE 1024

enum sj_risk_reference { SJ_RISK_REFERENCE_AUTO, SJ_RISK_REFERENCE_LAST, SJ_RISK_REFERENCE_MID };

/* Limits of some instruments that differ from the rest's; the last that matches counts. */
struct sj_risk_limits {
    char match[64];
    int64_t order_quantity_max;
    int64_t order_value_max;
    int64_t position_max;
};

struct sj_risk_config {
    char allow[SJ_RISK_LIST_SIZE];
    char deny[SJ_RISK_LIST_SIZE];
    bool market_orders;
    bool session_check;
    bool tick_check;
    bool limits_check;
    bool self_trade_check;
    bool feed_check;
    bool cash_check;
    bool margin_check;
    int32_t reference;
    int64_t reference_age_ms;
    double collar_aggressive;
    double collar_passive;
    int64_t order_quantity_max;
    int64_t odd_lot_quantity_max;
    int64_t order_value_max;
    int64_t position_max;
    int64_t group_value_max;
    int64_t gross_value_max;
    int64_t open_orders_max;
    int64_t strategy_orders_max;
    int64_t duplicate_ms;
    double cancel_ratio_max;
    int64_t cancel_ratio_orders;
    int64_t cancel_ratio_window_s;
    int64_t account_age_ms;
    int64_t cash_reserve;
    int64_t margin_reserve;
    double margin_ratio;
    int64_t daily_loss_max;
    int64_t drawdown_max;
    int64_t rate_window_ms;
    int64_t rate_account; /* 0: any; no file says so, backtests do */
    int64_t rate_cancel_reserve;
    int64_t rate_side;
    int64_t rate_strategy;
    struct sj_risk_limits limits[SJ_RISK_LIMITS_MAX];
    uint32_t limits_count;
};

/* The sections `risk` and `risk_limits` over `config`, for sj_config_init. */
struct sj_config_section sj_risk_config_section(struct sj_risk_config *config);
struct sj_config_section sj_risk_limits_section(struct sj_risk_config *config);

/* Every key at its default. -ENOMEM. */
SJ_MUST_USE sj_rc sj_risk_config_default(struct sj_risk_config *ret_config);

#endif
