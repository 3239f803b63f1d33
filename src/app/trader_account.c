#include "app/trader_account.h"

#include "account/portfolio.h"
#include "base/clock.h"
#include "base/log.h"
#include "gateway/account_poll.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BAN_WAIT_NS (65 * SJ_NS_PER_S)
#define ACCOUNTS SJ_ACCOUNTS
#define TOLD_MAX 64

struct sj_trader_account {
    struct sj_account_poll *poll;
    struct sj_portfolio *portfolios[ACCOUNTS];
    bool whole[ACCOUNTS]; /* no answer of the round under way has failed */
    struct sj_bus *ring;
    _Atomic uint64_t *published;
    char told[TOLD_MAX][24]; /* codes that we do not know, told once */
    uint32_t told_count;
    pthread_mutex_t lock; /* of instruments: definitions are rare */
    struct sj_instruments *instruments;
};

static uint32_t find(void *context, const char *code, size_t size)
{
    struct sj_trader_account *account = context;
    pthread_mutex_lock(&account->lock);
    uint32_t id = sj_instruments_find(account->instruments, code, size);
    id = sj_instruments_traded(account->instruments, id);
    pthread_mutex_unlock(&account->lock);
    return id;
}

static uint32_t unit(void *context, uint32_t id)
{
    struct sj_trader_account *account = context;
    pthread_mutex_lock(&account->lock);
    const struct sj_instrument *instrument = sj_instruments_get(account->instruments, id);
    uint32_t units = instrument && instrument->unit ? instrument->unit : 1;
    pthread_mutex_unlock(&account->lock);
    return units;
}

static void publish(void *context, struct sj_frame *event)
{
    struct sj_trader_account *account = context;
    sj_rc rc = sj_bus_publish(account->ring, event);
    if (rc < 0)
        sj_log_error("account", "the ring takes no more: %s", sj_rc_text(rc));
    else
        atomic_fetch_add_explicit(account->published, 1, memory_order_relaxed);
}

/* Every poll finds it again. */
static void tell_unknown(void *context, const char *code, int64_t quantity)
{
    struct sj_trader_account *account = context;
    for (uint32_t i = 0; i < account->told_count; i++)
        if (strncmp(account->told[i], code, sizeof account->told[i] - 1) == 0)
            return;
    if (account->told_count == TOLD_MAX)
        return;
    snprintf(account->told[account->told_count++], sizeof account->told[0], "%s", code);
    bool combo = strchr(code, '/') != NULL;
    sj_log_warn(
        "account", "the broker holds %lld of %.23s, %s: it is left out", (long long)quantity, code,
        combo ? "a combo, which is not supported" : "which is not among broker.instruments");
}

static sj_rc take_text(struct sj_portfolio *portfolio, const struct sj_account_answer *answer,
                       char error[SJ_PORTFOLIO_ERROR_MAX])
{
    switch (answer->question) {
    case SJ_ACCOUNT_POSITIONS:
        return sj_portfolio_positions(portfolio, answer->text, answer->size,
                                      answer->account_type == 'S', error);
    case SJ_ACCOUNT_BALANCE:
        return sj_portfolio_balance(portfolio, answer->text, answer->size, error);
    case SJ_ACCOUNT_SETTLEMENTS:
        return sj_portfolio_settlements(portfolio, answer->text, answer->size, error);
    case SJ_ACCOUNT_LIMITS:
        return sj_portfolio_limits(portfolio, answer->text, answer->size, error);
    case SJ_ACCOUNT_MARGIN:
        return sj_portfolio_margin(portfolio, answer->text, answer->size, error);
    default:
        return 0;
    }
}

/* A round with one answer missing or unreadable tells nothing: no snapshot is better than half. */
static void take_answer(void *context, const struct sj_account_answer *answer)
{
    struct sj_trader_account *account = context;
    uint32_t number = answer->account_type == 'S' ? 0 : 1;
    struct sj_portfolio *portfolio = account->portfolios[number];
    if (answer->question == SJ_ACCOUNT_BEGIN) {
        sj_portfolio_begin(portfolio, answer->asked_ns);
        account->whole[number] = true;
        return;
    }
    if (answer->question == SJ_ACCOUNT_END) {
        if (answer->rc >= 0 && account->whole[number])
            sj_portfolio_finish(portfolio);
        return;
    }
    char error[SJ_PORTFOLIO_ERROR_MAX] = "";
    sj_rc rc = answer->rc < 0 ? answer->rc : take_text(portfolio, answer, error);
    if (rc >= 0)
        return;
    account->whole[number] = false;
    sj_log_warn("account", "%s account: %s (HTTP %d)", number ? "futures" : "stock",
                *error ? error : sj_rc_text(rc), answer->status);
}

static sj_rc copy_instruments(struct sj_trader_account *account,
                              const struct sj_instruments *instruments)
{
    sj_rc rc = sj_instruments_create(SJ_GATEWAY_TOPICS, &account->instruments);
    for (uint32_t id = 1; rc >= 0 && id <= sj_instruments_id_max(instruments); id++) {
        const struct sj_instrument *definition = sj_instruments_get(instruments, id);
        uint32_t same;
        if (definition)
            rc = sj_instruments_put(account->instruments, definition, &same);
    }
    return rc;
}

static const char *account_id(const struct sj_settings *settings, uint32_t number)
{
    return number == SJ_ACCOUNT_STOCK ? settings->orders.account_stock
                                      : settings->orders.account_futures;
}

static sj_rc start_poll(struct sj_trader_account *account,
                        const struct sj_trader_account_options *options, char *line)
{
    const struct sj_settings *settings = options->settings;
    struct sj_endpoint endpoint;
    sj_rc rc = sj_endpoint_parse(options->server, &endpoint, line);
    if (rc < 0)
        return rc;
    struct sj_account_poll_options poll = {
        .endpoint = &endpoint,
        .token = settings->broker.token,
        .interval_ns = settings->orders.account_poll_ms * SJ_NS_PER_MS,
        .timeout_ns = settings->broker.request_timeout_ms * SJ_NS_PER_MS,
        .ban_wait_ns = BAN_WAIT_NS,
        .context = account,
        .answer = take_answer,
    };
    for (uint32_t i = 0; rc >= 0 && i < ACCOUNTS; i++)
        rc = sj_account_name_parse(account_id(settings, i), &poll.accounts[i]);
    return rc < 0 ? rc : sj_account_poll_create(&poll, &account->poll, line);
}

sj_rc sj_trader_account_create(const struct sj_trader_account_options *options,
                               struct sj_trader_account **ret_account, char *error,
                               size_t error_size)
{
    struct sj_trader_account *account = calloc(1, sizeof *account);
    char line[SJ_ENDPOINT_ERROR_MAX] = "";
    if (!account)
        return -ENOMEM;
    account->ring = options->ring;
    account->published = options->published;
    pthread_mutex_init(&account->lock, NULL);
    const struct sj_portfolio_ops ops = {account, find, unit, publish, tell_unknown};
    sj_rc rc = copy_instruments(account, options->instruments);
    for (uint32_t i = 0; rc >= 0 && i < ACCOUNTS; i++)
        rc =
            sj_portfolio_create(i, account_id(options->settings, i), &ops, &account->portfolios[i]);
    if (rc >= 0)
        rc = start_poll(account, options, line);
    if (rc < 0) {
        snprintf(error, error_size, "the account's poll: %s", *line ? line : sj_rc_text(rc));
        sj_trader_account_close(account);
        return rc;
    }
    *ret_account = account;
    return 0;
}

void sj_trader_account_close(struct sj_trader_account *account)
{
    if (!account)
        return;
    sj_account_poll_close(account->poll);
    for (uint32_t i = 0; i < ACCOUNTS; i++)
        sj_portfolio_close(account->portfolios[i]);
    sj_instruments_close(account->instruments);
    pthread_mutex_destroy(&account->lock);
    free(account);
}

void sj_trader_account_now(struct sj_trader_account *account)
{
    sj_account_poll_now(account->poll);
}

void sj_trader_account_define(struct sj_trader_account *account,
                              const struct sj_instrument *definition)
{
    uint32_t id;
    pthread_mutex_lock(&account->lock);
    sj_rc rc = sj_instruments_put(account->instruments, definition, &id);
    pthread_mutex_unlock(&account->lock);
    if (rc < 0)
        sj_log_warn("account", "no room for the instrument %.16s", definition->code);
}
