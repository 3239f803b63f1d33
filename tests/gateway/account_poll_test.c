/* The account's questions against the broker simulator, whose one thread the test moves. */
#include "support/test.h"

#include "../brokersim/sim_client.h"

#include "account/portfolio.h"
#include "base/clock.h"
#include "gateway/account_poll.h"

#include <pthread.h>
#include <stdatomic.h>

#define PATIENCE_NS (20 * SJ_NS_PER_S)

struct asker {
    struct sim_client *client;
    struct sj_account_poll *poll;
    struct sj_portfolio *portfolio; /* the poll's thread */
    _Atomic uint32_t ends[2], failed_ends, positions;
    _Atomic int64_t quantity;
    char error[SJ_PORTFOLIO_ERROR_MAX];
    _Atomic uint32_t errors;
};

static uint32_t find(void *context, const char *code, size_t size)
{
    (void)context;
    return size == 4 && memcmp(code, "2330", 4) == 0 ? 1 : 0;
}

static uint32_t unit(void *context, uint32_t instrument)
{
    (void)context;
    return instrument == 1 ? 1000 : 1;
}

static void emit(void *context, struct sj_frame *event)
{
    struct asker *asker = context;
    if (event->template_id == SJ_EVENT_POSITION) {
        atomic_fetch_add(&asker->positions, 1);
        atomic_store(&asker->quantity, ((const struct sj_position_snapshot *)event)->quantity);
    }
}

static sj_rc take(struct asker *asker, const struct sj_account_answer *answer)
{
    switch (answer->question) {
    case SJ_ACCOUNT_POSITIONS:
        return sj_portfolio_positions(asker->portfolio, answer->text, answer->size,
                                      answer->account_type == 'S', asker->error);
    case SJ_ACCOUNT_BALANCE:
        return sj_portfolio_balance(asker->portfolio, answer->text, answer->size, asker->error);
    case SJ_ACCOUNT_SETTLEMENTS:
        return sj_portfolio_settlements(asker->portfolio, answer->text, answer->size, asker->error);
    case SJ_ACCOUNT_LIMITS:
        return sj_portfolio_limits(asker->portfolio, answer->text, answer->size, asker->error);
    case SJ_ACCOUNT_MARGIN:
        return sj_portfolio_margin(asker->portfolio, answer->text, answer->size, asker->error);
    default:
        return 0;
    }
}

static void take_answer(void *context, const struct sj_account_answer *answer)
{
    struct asker *asker = context;
    if (answer->question == SJ_ACCOUNT_BEGIN)
        sj_portfolio_begin(asker->portfolio, answer->asked_ns);
    if (answer->rc >= 0 && take(asker, answer) < 0)
        atomic_fetch_add(&asker->errors, 1);
    if (answer->question != SJ_ACCOUNT_END)
        return;
    if (answer->rc >= 0)
        sj_portfolio_finish(asker->portfolio);
    atomic_fetch_add(
        answer->rc >= 0 ? &asker->ends[answer->account_type == 'F'] : &asker->failed_ends, 1);
}

#define WAIT_FOR(asker, condition)                                                                 \
    do {                                                                                           \
        int64_t until = sj_clock_mono_ns() + PATIENCE_NS;                                          \
        while (!(condition) && sj_clock_mono_ns() < until)                                         \
            sim_work((asker)->client);                                                             \
        assert_true(condition);                                                                    \
    } while (0)

static struct asker *asker_start(int64_t interval_ns)
{
    struct asker *asker = calloc(1, sizeof *asker);
    struct sj_endpoint endpoint;
    char url[64], error[SJ_ENDPOINT_ERROR_MAX];
    const struct sj_portfolio_ops ops = {asker, find, unit, emit};
    assert_non_null(asker);
    asker->client = sim_start(NULL);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", sj_brokersim_port(asker->client->sim, 0));
    assert_int_equal(sj_endpoint_parse(url, &endpoint, error), 0);
    assert_int_equal(sj_portfolio_create(0, "", &ops, &asker->portfolio), 0);
    const struct sj_account_poll_options options = {.endpoint = &endpoint,
                                                    .interval_ns = interval_ns,
                                                    .timeout_ns = 5 * SJ_NS_PER_S,
                                                    .ban_wait_ns = 50 * SJ_NS_PER_MS,
                                                    .context = asker,
                                                    .answer = take_answer};
    assert_int_equal(sj_account_poll_create(&options, &asker->poll, error), 0);
    return asker;
}

static void *close_poll(void *context)
{
    sj_account_poll_close(context);
    return NULL;
}

static void asker_end(struct asker *asker)
{
    /* The call under way needs its answer: the simulator is moved until the thread is done. */
    pthread_t closer;
    assert_int_equal(pthread_create(&closer, NULL, close_poll, asker->poll), 0);
    while (pthread_tryjoin_np(closer, NULL) != 0)
        sim_work(asker->client);
    if (asker->errors)
        print_message("# %s\n", asker->error);
    assert_int_equal(asker->errors, 0);
    sj_portfolio_close(asker->portfolio);
    sim_end(asker->client);
    free(asker);
}

static void both_accounts_are_asked_again_and_again_and_understood(void **state)
{
    (void)state;
    struct asker *asker = asker_start(20 * SJ_NS_PER_MS);
    WAIT_FOR(asker, asker->ends[0] >= 2 && asker->ends[1] >= 2);
    assert_int_equal(asker->failed_ends, 0);
    asker_end(asker);
}

static void a_fill_is_seen_soon_when_it_is_asked_for(void **state)
{
    (void)state;
    struct asker *asker = asker_start(3600 * SJ_NS_PER_S);
    WAIT_FOR(asker, asker->ends[1] >= 1);
    json_decref(sim_place(asker->client, "Buy", sim_best(asker->client, "Sell") + 20, 2));
    for (int i = 0; i < 20; i++)
        sim_work(asker->client);
    sj_account_poll_now(asker->poll);
    WAIT_FOR(asker, asker->quantity == 2);
    asker_end(asker);
}

static void calls_stay_within_the_brokers_limit_however_often_it_is_woken(void **state)
{
    (void)state;
    struct asker *asker = asker_start(1);
    struct sj_account_poll_stats stats;
    WAIT_FOR(asker, asker->ends[1] >= 2);
    int64_t until = sj_clock_mono_ns() + 300 * SJ_NS_PER_MS;
    while (sj_clock_mono_ns() < until) {
        sj_account_poll_now(asker->poll);
        sim_work(asker->client);
    }
    sj_account_poll_stats(asker->poll, &stats);
    assert_true(stats.calls <= 20);
    asker_end(asker);
}

static void a_ban_ends_the_round_and_is_waited_out(void **state)
{
    (void)state;
    struct asker *asker = asker_start(20 * SJ_NS_PER_MS);
    struct sj_account_poll_stats stats;
    sim_fault(asker->client, "503", "\"count\":3");
    WAIT_FOR(asker, (sj_account_poll_stats(asker->poll, &stats), stats.bans >= 1));
    sim_fault(asker->client, "clear", "\"count\":1");
    WAIT_FOR(asker, asker->ends[0] >= 1 && asker->ends[1] >= 1);
    asker_end(asker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_accounts_are_asked_again_and_again_and_understood),
        cmocka_unit_test(a_fill_is_seen_soon_when_it_is_asked_for),
        cmocka_unit_test(calls_stay_within_the_brokers_limit_however_often_it_is_woken),
        cmocka_unit_test(a_ban_ends_the_round_and_is_waited_out),
    };
    return cmocka_run_group_tests_name("account_poll", tests, NULL, NULL);
}
