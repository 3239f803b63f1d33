#include "risk/risk_config.h"

#include "base/rate.h"

#include <string.h>

#define TWD_MAX 1e12
#define DAY_MS 86400000

#define OWNER struct sj_risk_config
static const struct sj_config_key keys[] = {
    SJ_CONFIG_LIST(OWNER, allow, "*", "codes that may be traded; * at the end matches any rest"),
    SJ_CONFIG_LIST(OWNER, deny, "", "codes that may not, of those"),
    SJ_CONFIG_BOOL(OWNER, market_orders, "false",
                   "whether market orders (MKT, MKP) may be sent; their worst price is the daily "
                   "limit"),
    SJ_CONFIG_BOOL(OWNER, session_check, "true",
                   "refuse orders that the session's phase does not take"),
    SJ_CONFIG_BOOL(OWNER, tick_check, "true", "refuse prices that are not on a tick"),
    SJ_CONFIG_BOOL(OWNER, limits_check, "true", "refuse prices outside the daily limits"),
    SJ_CONFIG_BOOL(OWNER, self_trade_check, "true",
                   "refuse orders that would meet a working order of our own"),
    SJ_CONFIG_BOOL(OWNER, feed_check, "true", "refuse orders while market data is lost"),
    SJ_CONFIG_BOOL(OWNER, cash_check, "true",
                   "refuse purchases of stocks beyond the broker's cash and trading limit"),
    SJ_CONFIG_BOOL(OWNER, margin_check, "true",
                   "refuse opening futures and options beyond the margin available"),
    SJ_CONFIG_CHOICE(OWNER, reference, "auto|last|mid", "auto",
                     "price the collar is around; auto: the auction's in an auction, else mid, "
                     "else last"),
    SJ_CONFIG_INT(OWNER, reference_age_ms, 0, DAY_MS, "30000",
                  "an older reference price refuses; 0: any age"),
    SJ_CONFIG_REAL(OWNER, collar_aggressive, 0, 1, "0.02",
                   "how far past the reference a price may go, as a part of it; 0: no collar"),
    SJ_CONFIG_REAL(OWNER, collar_passive, 0, 1, "0.1",
                   "how far behind the reference a price may lie, as a part of it; 0: no collar"),
    SJ_CONFIG_INT(OWNER, order_quantity_max, 0, 1e6, "10", "lots of an order; 0: any"),
    SJ_CONFIG_INT(OWNER, odd_lot_quantity_max, 0, 999, "999", "shares of an odd-lot order; 0: any"),
    SJ_CONFIG_INT(OWNER, order_value_max, 0, TWD_MAX, "20000000", "TWD of an order; 0: any"),
    SJ_CONFIG_INT(OWNER, position_max, 0, 1e6, "50",
                  "lots of an instrument, long or short, working orders included; 0: any"),
    SJ_CONFIG_INT(OWNER, group_value_max, 0, TWD_MAX, "100000000",
                  "TWD, long or short, of all instruments on one underlying; 0: any"),
    SJ_CONFIG_INT(OWNER, gross_value_max, 0, TWD_MAX, "200000000",
                  "TWD of all positions, long and short added; 0: any"),
    SJ_CONFIG_INT(OWNER, open_orders_max, 1, 2048, "200", "orders that may work at a time"),
    SJ_CONFIG_INT(OWNER, strategy_orders_max, 0, 2048, "100",
                  "orders of one strategy that may work at a time; 0: any"),
    SJ_CONFIG_INT(OWNER, duplicate_ms, 0, 10000, "100",
                  "an order equal to one of the same strategy this recent is refused; 0: only "
                  "the same id"),
    SJ_CONFIG_REAL(OWNER, cancel_ratio_max, 0, 1000, "0.98",
                   "a strategy's cancels and changes for each order; above, no new orders; 0: any"),
    SJ_CONFIG_INT(OWNER, cancel_ratio_orders, 1, 1e6, "200",
                  "orders before cancel_ratio_max counts"),
    SJ_CONFIG_INT(OWNER, cancel_ratio_window_s, 1, 86400, "600",
                  "the ratio is over this and the window before"),
    SJ_CONFIG_INT(OWNER, account_age_ms, 0, DAY_MS, "120000",
                  "an older account snapshot refuses what needs cash or margin; 0: any age"),
    SJ_CONFIG_INT(OWNER, cash_reserve, 0, TWD_MAX, "0", "TWD of cash to leave"),
    SJ_CONFIG_INT(OWNER, margin_reserve, 0, TWD_MAX, "0", "TWD of margin to leave"),
    SJ_CONFIG_REAL(
        OWNER, margin_ratio, 0.001, 1, "0.15",
        "margin that opening takes where the market's rules have none for the root, as a part of "
        "the contract's value"),
    SJ_CONFIG_INT(OWNER, daily_loss_max, 0, TWD_MAX, "100000",
                  "TWD lost in a trading day, realised or not, that kill; 0: any"),
    SJ_CONFIG_INT(OWNER, drawdown_max, 0, TWD_MAX, "100000",
                  "TWD below the day's best that kill; 0: any"),
    SJ_CONFIG_INT(OWNER, rate_window_ms, 10000, 60000, "10500",
                  "window of the rate limits: the broker's 10 s and what calls may close up on "
                  "their way"),
    SJ_CONFIG_INT(OWNER, rate_account, 1, SJ_ORDER_CALLS_MAX, "240",
                  "calls (place, change, cancel, status) of an account in the window"),
    SJ_CONFIG_INT(OWNER, rate_cancel_reserve, 0, SJ_ORDER_CALLS_MAX - 1, "60",
                  "of them, those kept for cancels"),
    SJ_CONFIG_INT(OWNER, rate_side, 0, SJ_ORDER_CALLS_MAX, "150",
                  "orders and price changes of a side and account in the window; 0: any"),
    SJ_CONFIG_INT(OWNER, rate_strategy, 0, SJ_ORDER_CALLS_MAX, "150",
                  "orders and changes of a strategy in the window; 0: any"),
};
#undef OWNER

#define OWNER struct sj_risk_limits
static const struct sj_config_key limit_keys[] = {
    SJ_CONFIG_TEXT(OWNER, match, "",
                   "a code, or the beginning of codes and *; the last that matches counts"),
    SJ_CONFIG_INT(OWNER, order_quantity_max, -1, 1e6, "-1", "lots of an order; -1: as in risk"),
    SJ_CONFIG_INT(OWNER, order_value_max, -1, TWD_MAX, "-1", "TWD of an order; -1: as in risk"),
    SJ_CONFIG_INT(OWNER, position_max, -1, 1e6, "-1",
                  "lots, long or short, working orders included; -1: as in risk"),
};
#undef OWNER

struct sj_config_section sj_risk_config_section(struct sj_risk_config *config)
{
    return (struct sj_config_section){
        .name = "risk",
        .text = "what an order must pass; `shijim run` refuses the rest by the check's name",
        .keys = keys,
        .key_count = sizeof keys / sizeof *keys,
        .values = config,
    };
}

struct sj_config_section sj_risk_limits_section(struct sj_risk_config *config)
{
    return (struct sj_config_section){
        .name = "risk_limits",
        .text = "limits of some instruments that differ from those in risk",
        .keys = limit_keys,
        .key_count = sizeof limit_keys / sizeof *limit_keys,
        .values = config->limits,
        .max = SJ_RISK_LIMITS_MAX,
        .stride = sizeof *config->limits,
        .count = &config->limits_count,
    };
}

sj_rc sj_risk_config_default(struct sj_risk_config *ret_config)
{
    memset(ret_config, 0, sizeof *ret_config);
    struct sj_config_section risk = sj_risk_config_section(ret_config);
    struct sj_config_section limits = sj_risk_limits_section(ret_config);
    const struct sj_config_section *const sections[] = {&risk, &limits};
    struct sj_config config;
    sj_rc rc = sj_config_init(&config, sections, 2);
    if (rc >= 0)
        sj_config_done(&config);
    return rc;
}
