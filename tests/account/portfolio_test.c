#include "account/portfolio.h"

#include "groups.h"
#include "support.h"

#include <stdio.h>

struct poll {
    struct sj_portfolio *portfolio;
    struct sj_position_snapshot positions[8];
    uint32_t position_count;
    struct sj_account_snapshot account;
    uint32_t account_count;
    char error[SJ_PORTFOLIO_ERROR_MAX];
};

static uint32_t find(void *context, const char *code, size_t size)
{
    static const char *const codes[] = {"", "2330", "0050", "TXFL6"};
    (void)context;
    for (uint32_t id = 1; id < 4; id++)
        if (strlen(codes[id]) == size && memcmp(codes[id], code, size) == 0)
            return id;
    return 0;
}

static uint32_t unit(void *context, uint32_t id)
{
    (void)context;
    return id == FUTURE ? 1 : 1000;
}

static void keep(void *context, struct sj_frame *event)
{
    struct poll *poll = context;
    if (event->template_id == SJ_EVENT_POSITION) {
        assert_true(poll->position_count < 8);
        assert_int_equal(poll->account_count, 0); /* positions come first */
        memcpy(&poll->positions[poll->position_count++], event, sizeof poll->positions[0]);
    } else {
        assert_int_equal(event->template_id, SJ_EVENT_ACCOUNT);
        memcpy(&poll->account, event, sizeof poll->account);
        poll->account_count++;
    }
}

static void start(struct poll *poll)
{
    struct sj_portfolio_ops ops = {poll, find, unit, keep};
    memset(poll, 0, sizeof *poll);
    assert_int_equal(sj_portfolio_create(1, "F002000-7654321", &ops, &poll->portfolio), 0);
}

static void begin(struct poll *poll)
{
    poll->position_count = poll->account_count = 0;
    sj_portfolio_begin(poll->portfolio, 77);
}

static sj_rc positions(struct poll *poll, const char *text, bool shares)
{
    return sj_portfolio_positions(poll->portfolio, text, strlen(text), shares, poll->error);
}

static void reads_positions_as_the_broker_sends_them(void **state)
{
    (void)state;
    struct poll poll;
    start(&poll);
    begin(&poll);
    assert_int_equal(positions(&poll,
                               "[{\"id\":0,\"code\":\"2330\",\"direction\":\"Buy\",\"quantity\":1,"
                               "\"price\":600.0,\"last_price\":601.0,\"pnl\":1000.0,"
                               "\"yd_quantity\":1,\"cond\":\"Cash\"},"
                               "{\"id\":1,\"code\":\"TXFL6\",\"direction\":\"Sell\",\"quantity\":3,"
                               "\"price\":20000.5,\"last_price\":null,\"pnl\":-5},"
                               "{\"code\":\"9999\",\"direction\":\"Buy\",\"quantity\":1}]",
                               false),
                     2);
    assert_int_equal(poll.position_count, 0); /* not before the snapshot is whole */
    sj_portfolio_finish(poll.portfolio);
    assert_int_equal(poll.position_count, 2);
    assert_int_equal(poll.positions[0].instrument, STOCK);
    assert_int_equal(poll.positions[0].quantity, 1);
    assert_int_equal(poll.positions[0].avg_price_e6, 600 * E6);
    assert_int_equal(poll.positions[0].last_price_e6, 601 * E6);
    assert_int_equal(poll.positions[0].account, 1);
    assert_int_equal(poll.positions[0].recv_ns, 77);
    assert_true(poll.positions[0].own_quantity == SJ_NULL_I64);
    assert_int_equal(poll.positions[1].quantity, -3);
    assert_int_equal(poll.positions[1].avg_price_e6, 20000500000);
    assert_true(poll.positions[1].last_price_e6 == SJ_NULL_E6);
    assert_int_equal(sj_portfolio_counts(poll.portfolio).unknown_count, 1);
    assert_int_equal(poll.account_count, 1);
    sj_portfolio_close(poll.portfolio);
}

static void tells_a_position_that_went_as_zero_once(void **state)
{
    (void)state;
    struct poll poll;
    start(&poll);
    begin(&poll);
    assert_int_equal(
        positions(&poll, "[{\"code\":\"2330\",\"direction\":\"Buy\",\"quantity\":2,\"price\":1}]",
                  false),
        1);
    sj_portfolio_finish(poll.portfolio);
    begin(&poll);
    assert_int_equal(positions(&poll, "[]", false), 0);
    sj_portfolio_finish(poll.portfolio);
    assert_int_equal(poll.position_count, 1);
    assert_int_equal(poll.positions[0].instrument, STOCK);
    assert_int_equal(poll.positions[0].quantity, 0);
    begin(&poll);
    assert_int_equal(positions(&poll, "[]", false), 0);
    sj_portfolio_finish(poll.portfolio);
    assert_int_equal(poll.position_count, 0);
    sj_portfolio_close(poll.portfolio);
}

static void adds_rows_of_one_contract_and_keeps_odd_shares(void **state)
{
    (void)state;
    struct poll poll;
    start(&poll);
    begin(&poll);
    assert_int_equal(
        positions(&poll,
                  "[{\"code\":\"2330\",\"direction\":\"Buy\",\"quantity\":1000,\"price\":600},"
                  "{\"code\":\"2330\",\"direction\":\"Buy\",\"quantity\":500,\"price\":603},"
                  "{\"code\":\"0050\",\"direction\":\"Buy\",\"quantity\":2000,\"price\":100}]",
                  true),
        2);
    sj_portfolio_finish(poll.portfolio);
    assert_int_equal(poll.positions[0].quantity, 1500);
    assert_int_equal(poll.positions[0].flags, SJ_FLAG_ODD_LOT);
    assert_int_equal(poll.positions[0].avg_price_e6, 601 * E6);
    assert_int_equal(poll.positions[1].quantity, 2); /* whole lots */
    assert_int_equal(poll.positions[1].flags, 0);
    sj_portfolio_close(poll.portfolio);
}

#define TAKE(what, text) sj_portfolio_##what(poll.portfolio, text, strlen(text), poll.error)

static void cash_is_the_balance_with_what_settles(void **state)
{
    (void)state;
    struct poll poll;
    start(&poll);
    begin(&poll);
    assert_int_equal(TAKE(balance, "{\"acc_balance\":1000000.25,\"date\":\"x\",\"errmsg\":\"\"}"),
                     0);
    assert_int_equal(TAKE(settlements, "[{\"date\":\"a\",\"amount\":5,\"T\":0},"
                                       "{\"date\":\"b\",\"amount\":-7,\"T\":0},"
                                       "{\"date\":\"c\",\"amount\":-600000.0,\"T\":2}]"),
                     0);
    assert_int_equal(
        TAKE(limits, "{\"trading_limit\":9,\"trading_used\":2,\"trading_available\":7}"), 0);
    assert_int_equal(TAKE(profit, "[{\"pnl\":10.5},{\"pnl\":-3}]"), 0);
    sj_portfolio_finish(poll.portfolio);
    assert_int_equal(poll.position_count, 0);
    assert_int_equal(poll.account.cash_e6, 399993250000);
    assert_int_equal(poll.account.margin_available_e6, 7 * E6);
    assert_int_equal(poll.account.realized_pnl_e6, 7500000);
    assert_true(poll.account.equity_e6 == SJ_NULL_E6);
    sj_portfolio_close(poll.portfolio);
}

static void reads_the_margin_of_futures(void **state)
{
    (void)state;
    struct poll poll;
    start(&poll);
    begin(&poll);
    assert_int_equal(TAKE(margin, "{\"today_balance\":500,\"equity\":600,\"initial_margin\":90,"
                                  "\"maintenance_margin\":70,\"available_margin\":410.5,"
                                  "\"fee\":3,\"tax\":2,\"future_open_position\":-4}"),
                     0);
    sj_portfolio_finish(poll.portfolio);
    assert_int_equal(poll.account.margin_available_e6, 410500000);
    assert_int_equal(poll.account.equity_e6, 600 * E6);
    assert_int_equal(poll.account.margin_initial_e6, 90 * E6);
    assert_int_equal(poll.account.cash_e6, 500 * E6);
    assert_int_equal(poll.account.fees_e6, 5 * E6);
    assert_int_equal(poll.account.unrealized_pnl_e6, -4 * E6);
    sj_portfolio_close(poll.portfolio);
}

static void refuses_what_is_not_of_the_form_and_keeps_nothing_of_it(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "{}",
        "[1]",
        "[{\"code\":\"2330\"}]",
        "nonsense",
        "[{\"code\":2330,\"direction\":\"Buy\",\"quantity\":1}]",
        "[{\"code\":\"2330\",\"direction\":\"Up\",\"quantity\":1}]",
        "[{\"code\":\"2330\",\"direction\":\"Buy\",\"quantity\":1e300}]",
        "[{\"code\":\"2330\",\"direction\":\"Buy\",\"quantity\":1.5}]",
        "[{\"code\":\"2330\",\"direction\":\"Buy\",\"quantity\":\"1\"}]",
        "[{\"code\":\"2330\",\"direction\":\"Buy\",\"quantity\":1,\"price\":\"600\"}]"};
    struct poll poll;
    start(&poll);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        begin(&poll);
        poll.error[0] = '\0';
        assert_true(positions(&poll, wrong[i], false) < 0);
        assert_memory_equal(poll.error, "the broker's positions: ", 24);
        sj_portfolio_finish(poll.portfolio);
        assert_int_equal(poll.position_count, 0);
    }
    assert_int_equal(TAKE(balance, "{\"acc_balance\":1,\"errmsg\":\"no such account\"}"),
                     -SJ_E_REFUSED);
    assert_int_equal(TAKE(balance, "{\"acc_balance\":\"1\",\"errmsg\":\"\"}"), -SJ_E_MALFORMED);
    assert_int_equal(TAKE(balance, "{\"acc_balance\":1e200}"), -SJ_E_MALFORMED);
    assert_int_equal(TAKE(margin, "{}"), -SJ_E_MALFORMED);
    assert_int_equal(TAKE(limits, "[]"), -SJ_E_MALFORMED);
    assert_int_equal(TAKE(settlements, "[{\"T\":2}]"), -SJ_E_MALFORMED);
    assert_int_equal(TAKE(profit, "[{}]"), -SJ_E_MALFORMED);
    sj_portfolio_close(poll.portfolio);
}

int account_portfolio(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_positions_as_the_broker_sends_them),
        cmocka_unit_test(tells_a_position_that_went_as_zero_once),
        cmocka_unit_test(adds_rows_of_one_contract_and_keeps_odd_shares),
        cmocka_unit_test(cash_is_the_balance_with_what_settles),
        cmocka_unit_test(reads_the_margin_of_futures),
        cmocka_unit_test(refuses_what_is_not_of_the_form_and_keeps_nothing_of_it),
    };
    return cmocka_run_group_tests_name("portfolio", tests, NULL, NULL);
}
