#include "risk/risk_private.h"

#include <stdio.h>

static int64_t ppm(double part)
{
    return (int64_t)(part * 1000000 + 0.5);
}

static void set_limits(struct limits *limits, const struct sj_risk_config *config)
{
    *limits = (struct limits){.reference_age_ns = config->reference_age_ms * SJ_NS_PER_MS,
                              .duplicate_ns = config->duplicate_ms * SJ_NS_PER_MS,
                              .account_age_ns = config->account_age_ms * SJ_NS_PER_MS,
                              .ratio_window_ns = config->cancel_ratio_window_s * SJ_NS_PER_S,
                              .window_ns = config->rate_window_ms * SJ_NS_PER_MS,
                              .aggressive_ppm = ppm(config->collar_aggressive),
                              .passive_ppm = ppm(config->collar_passive),
                              .cancel_ratio_ppm = ppm(config->cancel_ratio_max),
                              .margin_ppm = ppm(config->margin_ratio),
                              .group_value_e6 = config->group_value_max * SJ_DECIMAL_E6,
                              .gross_value_e6 = config->gross_value_max * SJ_DECIMAL_E6,
                              .cash_reserve_e6 = config->cash_reserve * SJ_DECIMAL_E6,
                              .margin_reserve_e6 = config->margin_reserve * SJ_DECIMAL_E6,
                              .daily_loss_e6 = config->daily_loss_max * SJ_DECIMAL_E6,
                              .drawdown_e6 = config->drawdown_max * SJ_DECIMAL_E6,
                              .odd_quantity = (uint32_t)config->odd_lot_quantity_max,
                              .open_orders = (uint32_t)config->open_orders_max,
                              .strategy_orders = (uint32_t)config->strategy_orders_max,
                              .ratio_orders = (uint32_t)config->cancel_ratio_orders,
                              .rate_window = (uint32_t)config->rate_account,
                              .rate_account =
                                  (uint32_t)(config->rate_account - config->rate_cancel_reserve),
                              .rate_side = (uint32_t)config->rate_side,
                              .rate_strategy = (uint32_t)config->rate_strategy,
                              .reference = config->reference,
                              .market_orders = config->market_orders,
                              .session = config->session_check,
                              .tick = config->tick_check,
                              .limits = config->limits_check,
                              .self_trade = config->self_trade_check,
                              .feed = config->feed_check,
                              .cash = config->cash_check,
                              .margin = config->margin_check};
}

static sj_rc check_options(const struct sj_risk_options *options, char error[SJ_RISK_ERROR_MAX])
{
    const struct sj_risk_config *config = options->config;
    if (config->rate_account > 0 && config->rate_cancel_reserve >= config->rate_account) {
        snprintf(error, SJ_RISK_ERROR_MAX,
                 "risk.rate_cancel_reserve (%lld) leaves nothing of risk.rate_account (%lld) to "
                 "orders; lower it",
                 (long long)config->rate_cancel_reserve, (long long)config->rate_account);
        return -SJ_E_RANGE;
    }
    if (config->session_check && !options->rules) {
        snprintf(error, SJ_RISK_ERROR_MAX, "risk.session_check needs the market's rules");
        return -SJ_E_RANGE;
    }
    for (uint32_t i = 0; i < config->limits_count; i++) {
        if (config->limits[i].match[0] == '\0') {
            snprintf(error, SJ_RISK_ERROR_MAX,
                     "risk_limits.%u.match is empty; name a code, or write TXF*", i);
            return -SJ_E_MALFORMED;
        }
    }
    if (options->instrument_max == 0 || options->instrument_max > SJ_RISK_INSTRUMENT_MAX) {
        snprintf(error, SJ_RISK_ERROR_MAX, "room for %u instruments was asked for; 1 to %d",
                 options->instrument_max, SJ_RISK_INSTRUMENT_MAX);
        return -SJ_E_RANGE;
    }
    return 0;
}

static sj_rc reserve_memory(struct sj_risk *risk, uint32_t instrument_max)
{
    size_t count = (size_t)instrument_max + 1;
    risk->instruments = aligned_alloc(64, count * sizeof *risk->instruments);
    risk->groups = aligned_alloc(64, count * sizeof *risk->groups);
    risk->group_names = calloc(count, sizeof *risk->group_names);
    risk->broker_units = calloc(count, sizeof *risk->broker_units);
    if (!risk->instruments || !risk->groups || !risk->group_names || !risk->broker_units)
        return -ENOMEM;
    memset(risk->instruments, 0, count * sizeof *risk->instruments);
    memset(risk->groups, 0, count * sizeof *risk->groups);
    return 0;
}

static void init(struct sj_risk *risk, const struct sj_risk_options *options)
{
    risk->config = *options->config;
    risk->rules = options->rules;
    risk->holidays = options->holidays;
    risk->ops = options->ops;
    risk->instrument_max = options->instrument_max;
    risk->band_count = 1; /* 0: none */
    set_limits(&risk->limits, options->config);
    risk->limits.post_only = options->post_only;
    for (uint32_t i = 0; i < SJ_RISK_ORDER_MAX; i++)
        risk->orders[i].next = i + 1 < SJ_RISK_ORDER_MAX ? i + 1 : NONE;
    for (uint32_t i = 0; i < SJ_RISK_ACCOUNT_MAX; i++)
        risk->accounts[i].cash_e6 = risk->accounts[i].margin_e6 = SJ_NULL_E6;
    if (!options->instruments)
        return;
    uint32_t id_max = sj_instruments_id_max(options->instruments);
    for (uint32_t id = 1; id <= id_max; id++) {
        const struct sj_instrument *definition = sj_instruments_get(options->instruments, id);
        if (definition)
            instrument_define(risk, definition);
    }
}

sj_rc sj_risk_create(const struct sj_risk_options *options, char error[SJ_RISK_ERROR_MAX],
                     struct sj_risk **ret_risk)
{
    sj_rc rc = check_options(options, error);
    if (rc < 0)
        return rc;
    struct sj_risk *risk = aligned_alloc(64, (sizeof *risk + 63) / 64 * 64);
    if (risk) {
        memset(risk, 0, sizeof *risk);
        rc = reserve_memory(risk, options->instrument_max);
    }
    if (!risk || rc < 0) {
        snprintf(error, SJ_RISK_ERROR_MAX, "no memory for %u instruments", options->instrument_max);
        sj_risk_close(risk);
        return -ENOMEM;
    }
    init(risk, options);
    *ret_risk = risk;
    return 0;
}

void sj_risk_close(struct sj_risk *risk)
{
    if (!risk)
        return;
    free(risk->instruments);
    free(risk->groups);
    free(risk->group_names);
    free(risk->broker_units);
    free(risk);
}

void sj_risk_count_call(struct sj_risk *risk, uint32_t account, int64_t now_ns)
{
    if (account >= SJ_RISK_ACCOUNT_MAX)
        return;
    now_ns = clock_advance(risk, now_ns);
    window_roll(&risk->accounts[account].calls, now_ns, risk->limits.window_ns);
    window_add(&risk->accounts[account].calls, now_ns);
}

void sj_risk_status(const struct sj_risk *risk, struct sj_risk_status *ret_status)
{
    *ret_status = (struct sj_risk_status){.killed = risk->killed,
                                          .panic = risk->panic,
                                          .kill_source = risk->killed ? risk->kill_source : 0,
                                          .killed_ns = risk->killed ? risk->killed_ns : 0,
                                          .open_count = risk->open_count,
                                          .feeds_lost = risk->feeds_lost,
                                          .trading_day = risk->trading_day,
                                          .pnl_e6 = clip(risk->pnl_e6),
                                          .pnl_peak_e6 = clip(risk->pnl_peak_e6),
                                          .gross_e6 = clip(risk->gross_e6),
                                          .accepted_count = risk->accepted_count,
                                          .stray_count = risk->stray_count};
    for (uint32_t i = 0; i <= SJ_RISK_CHECK_MAX; i++) {
        ret_status->refused_by[i] = risk->refused_by[i];
        ret_status->refused_count += risk->refused_by[i];
    }
}

void sj_risk_exposure(const struct sj_risk *risk, uint32_t instrument,
                      struct sj_risk_exposure *ret_exposure)
{
    const struct instrument *ins = instrument_of(risk, instrument);
    *ret_exposure = (struct sj_risk_exposure){0};
    if (ins)
        *ret_exposure = (struct sj_risk_exposure){ins->position[OWN], ins->position[BROKER],
                                                  ins->working[BUY], ins->working[SELL]};
}
