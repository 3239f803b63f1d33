/* What a run lets pass when nobody says otherwise. */
#include "backtest/run.h"

#define NEVER_MS 600000
#define OPEN_MAX 256

void sj_bt_orders_default(struct sj_orders_config *ret_config)
{
    sj_orders_config_default(ret_config);
    ret_config->answer_timeout_ms = ret_config->ack_timeout_ms = NEVER_MS;
    ret_config->max_open = OPEN_MAX;
    /* Reports come once and in order: what has ended need not be remembered for late ones. */
    ret_config->max_kept = OPEN_MAX;
}

sj_rc sj_bt_risk_default(struct sj_risk_config *ret_config)
{
    sj_rc rc = sj_risk_config_default(ret_config);
    if (rc < 0)
        return rc;
    ret_config->market_orders = true;
    ret_config->session_check = false;
    ret_config->limits_check = false;
    ret_config->self_trade_check = false;
    ret_config->feed_check = false;
    ret_config->cash_check = false;
    ret_config->margin_check = false;
    ret_config->reference_age_ms = 0;
    ret_config->collar_aggressive = ret_config->collar_passive = 0;
    ret_config->order_quantity_max = ret_config->odd_lot_quantity_max = 0;
    ret_config->order_value_max = ret_config->position_max = 0;
    ret_config->group_value_max = ret_config->gross_value_max = 0;
    ret_config->open_orders_max = SJ_RISK_ORDER_MAX;
    ret_config->strategy_orders_max = 0;
    ret_config->duplicate_ms = 0;
    ret_config->cancel_ratio_max = 0;
    ret_config->account_age_ms = 0;
    ret_config->daily_loss_max = ret_config->drawdown_max = 0;
    ret_config->rate_account = ret_config->rate_cancel_reserve = 0;
    ret_config->rate_side = ret_config->rate_strategy = 0;
    return 0;
}
