#include "support.h"

static void keep(void *context, struct sj_frame *event)
{
    struct desk *desk = context;
    assert_true(desk->kept_count < KEPT_MAX);
    assert_true(sj_frame_size(event) <= sizeof desk->kept[0]);
    memcpy(&desk->kept[desk->kept_count++], event, sj_frame_size(event));
}

static void define(struct desk *desk, uint32_t id, const char *code, const char *root,
                   uint8_t security, int64_t multiplier, uint32_t unit)
{
    struct sj_instrument one = {.instrument = id,
                                .security = security,
                                .multiplier_e6 = multiplier ? multiplier * E6 : SJ_NULL_E6,
                                .unit = unit};
    uint32_t given;
    sj_frame_head(&one, SJ_EVENT_INSTRUMENT, sizeof one);
    memcpy(one.code, code, strlen(code));
    memcpy(one.root, root, strlen(root));
    assert_int_equal(sj_instruments_put(desk->instruments, &one, &given), 0);
    assert_int_equal(given, id);
}

void desk_init(struct desk *desk)
{
    char error[SJ_RULES_ERROR_MAX] = "";
    memset(desk, 0, sizeof *desk);
    desk->now_ns = sj_tw_to_utc_ns(20261124, 10 * 3600 * S);
    assert_int_equal(sj_account_config_default(&desk->config), 0);
    assert_int_equal(sj_market_rules_load(NULL, error, &desk->rules), 0);
    assert_int_equal(sj_instruments_create(16, &desk->instruments), 0);
    define(desk, STOCK, "2330", "", SJ_SECURITY_STK, 0, 1000);
    define(desk, FUND, "0050", "", SJ_SECURITY_STK, 0, 1000);
    define(desk, FUTURE, "TXFL6", "TXF", SJ_SECURITY_FUT, 200, 1);
}

struct sj_account *desk_create(struct desk *desk)
{
    struct sj_account *account = NULL;
    struct sj_account_options options = {.config = &desk->config,
                                         .instruments = desk->instruments,
                                         .rules = desk->rules,
                                         .instrument_max = 16,
                                         .ops = {desk, keep}};
    assert_int_equal(sj_account_create(&options, &account), 0);
    return account;
}

void desk_start(struct desk *desk)
{
    desk->account = desk_create(desk);
}

void desk_done(struct desk *desk)
{
    sj_account_close(desk->account);
    sj_instruments_close(desk->instruments);
    sj_market_rules_free(desk->rules);
}

struct sj_fill desk_fill(struct desk *desk, uint64_t order, uint32_t strategy, uint32_t instrument,
                         enum sj_side side, uint32_t quantity, int64_t price)
{
    struct sj_fill fill = {.instrument = instrument,
                           .recv_ns = ++desk->now_ns,
                           .intent_id = order,
                           .price_e6 = price * E6,
                           .quantity = quantity,
                           .strategy = strategy,
                           .daytrade_short = desk->declare_short,
                           .side = (uint8_t)side};
    sj_frame_head(&fill, SJ_EVENT_FILL, sizeof fill);
    sj_account_fill(desk->account, &fill);
    return fill;
}

void desk_trade(struct desk *desk, uint32_t instrument, int64_t price)
{
    struct sj_trade trade = {
        .instrument = instrument, .recv_ns = ++desk->now_ns, .price_e6 = price * E6};
    sj_frame_head(&trade, SJ_EVENT_TRADE, sizeof trade);
    sj_account_market(desk->account, (struct sj_frame *)&trade);
}

void desk_position(struct desk *desk, uint32_t instrument, int64_t quantity, int64_t price)
{
    struct sj_position_snapshot snapshot = {.instrument = instrument,
                                            .recv_ns = ++desk->now_ns,
                                            .quantity = quantity,
                                            .own_quantity = SJ_NULL_I64,
                                            .avg_price_e6 = price * E6,
                                            .last_price_e6 = SJ_NULL_E6};
    sj_frame_head(&snapshot, SJ_EVENT_POSITION, sizeof snapshot);
    sj_account_event(desk->account, (struct sj_frame *)&snapshot);
}

void desk_snapshot(struct desk *desk, int64_t cash)
{
    struct sj_account_snapshot snapshot = {
        .recv_ns = ++desk->now_ns, .cash_e6 = cash * E6, .margin_available_e6 = SJ_NULL_E6};
    sj_frame_head(&snapshot, SJ_EVENT_ACCOUNT, sizeof snapshot);
    sj_account_event(desk->account, (struct sj_frame *)&snapshot);
}

struct sj_account_position desk_held(const struct desk *desk, uint32_t strategy,
                                     uint32_t instrument)
{
    struct sj_account_position position;
    sj_account_position(desk->account, strategy, instrument, &position);
    return position;
}
