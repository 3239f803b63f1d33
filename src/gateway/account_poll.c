#include "gateway/account_poll.h"

#include "base/clock.h"
#include "base/http_client.h"
#include "base/rate.h"
#include "gateway/order_render.h"
#include "gateway/order_report_parse.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

/* The broker's 25 in 5 s, of which some are left to the user's own questions. */
#define CALLS_MAX 20
#define CALLS_WINDOW_NS (5 * SJ_NS_PER_S)

static const struct {
    enum sj_account_question question;
    char account_type;
    const char *path;
    const char *more; /* further fields of the body */
} questions[] = {
    {SJ_ACCOUNT_POSITIONS, 'S', "/portfolio/position_unit", ",\"unit\":\"Share\""},
    {SJ_ACCOUNT_BALANCE, 'S', "/portfolio/account_balance", ""},
    {SJ_ACCOUNT_SETTLEMENTS, 'S', "/portfolio/settlements", ""},
    {SJ_ACCOUNT_LIMITS, 'S', "/portfolio/trading_limits", ""},
    {SJ_ACCOUNT_POSITIONS, 'F', "/portfolio/position_unit", ",\"unit\":\"Common\""},
    {SJ_ACCOUNT_MARGIN, 'F', "/portfolio/margin", ""},
};

struct sj_account_poll {
    struct sj_account_poll_options options;
    struct sj_http_client *client;
    char base[SJ_ENDPOINT_TEXT_MAX];
    char authorization[300];
    struct sj_rate rate;
    uint32_t account_types; /* 0: not known yet */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool started, stop, soon; /* under the lock */
    struct sj_account_poll_stats stats;
};

static void lock(struct sj_account_poll *poll)
{
    pthread_mutex_lock(&poll->lock);
}

static void unlock(struct sj_account_poll *poll)
{
    pthread_mutex_unlock(&poll->lock);
}

/* Sleeps up to `ns`; true when there is to be no more. */
static bool wait_ns(struct sj_account_poll *poll, int64_t ns, bool wakes_soon)
{
    int64_t until_ns = sj_clock_mono_ns() + ns;
    const struct timespec until = {until_ns / SJ_NS_PER_S, until_ns % SJ_NS_PER_S};
    lock(poll);
    while (!poll->stop && !(wakes_soon && poll->soon) &&
           pthread_cond_timedwait(&poll->wake, &poll->lock, &until) != ETIMEDOUT)
        ;
    bool stop = poll->stop;
    if (wakes_soon)
        poll->soon = false;
    unlock(poll);
    return stop;
}

/* One call within the broker's limit. False: stopped meanwhile. */
static bool call(struct sj_account_poll *poll, const char *path, const char *body,
                 struct sj_http_response *ret_response)
{
    char url[SJ_ENDPOINT_TEXT_MAX + 64];
    const char *headers[] = {"Content-Type: application/json", poll->authorization};
    int64_t left_ns;
    while ((left_ns = sj_rate_take(&poll->rate, sj_clock_mono_ns(), false)) > 0)
        if (wait_ns(poll, left_ns, false))
            return false;
    snprintf(url, sizeof url, "%s/api/v1%s", poll->base, path);
    const struct sj_http_request request = {.url = url,
                                            .headers = headers,
                                            .header_count = poll->authorization[0] ? 2 : 1,
                                            .body = body,
                                            .body_size = body ? strlen(body) : 0};
    sj_rc rc = sj_http_perform(poll->client, &request, ret_response);
    bool well = rc >= 0 && ret_response->status >= 200 && ret_response->status < 300;
    lock(poll);
    poll->stats.calls++;
    poll->stats.failed += !well;
    poll->stats.bans += rc >= 0 && ret_response->status == 503;
    unlock(poll);
    return true;
}

static void hand_over(struct sj_account_poll *poll, enum sj_account_question question,
                      char account_type, sj_rc rc, int64_t asked_ns,
                      const struct sj_http_response *response)
{
    const struct sj_account_answer answer = {.question = question,
                                             .account_type = account_type,
                                             .rc = rc,
                                             .status = response ? response->status : 0,
                                             .asked_ns = asked_ns,
                                             .text = response ? response->body : NULL,
                                             .size = response ? response->body_size : 0};
    poll->options.answer(poll->options.context, &answer);
}

/* Asks one account everything. -SJ_E_STOPPED; -SJ_E_REFUSED: banned. */
static sj_rc ask_account(struct sj_account_poll *poll, char account_type)
{
    int64_t begun_ns = sj_clock_utc_ns();
    sj_rc round = 0;
    hand_over(poll, SJ_ACCOUNT_BEGIN, account_type, 0, begun_ns, NULL);
    for (size_t i = 0; i < sizeof questions / sizeof questions[0] && round >= 0; i++) {
        struct sj_http_response response = {0};
        uint32_t which = account_type == 'S' ? SJ_ACCOUNT_STOCK : SJ_ACCOUNT_FUTURES;
        char body[SJ_ORDER_ACCOUNT_BODY_MAX];
        if (questions[i].account_type != account_type)
            continue;
        sj_order_account_body(which, &poll->options.accounts[which], questions[i].more, body);
        int64_t asked_ns = sj_clock_utc_ns();
        if (!call(poll, questions[i].path, body, &response))
            return -SJ_E_STOPPED;
        if (response.rc < 0)
            round = response.rc;
        else if (response.status < 200 || response.status >= 300)
            round = -SJ_E_REFUSED;
        hand_over(poll, questions[i].question, account_type, round, asked_ns,
                  response.rc < 0 ? NULL : &response);
        if (response.rc >= 0 && response.status == 503)
            return -SJ_E_REFUSED;
    }
    hand_over(poll, SJ_ACCOUNT_END, account_type, round, begun_ns, NULL);
    return 0;
}

static sj_rc learn_accounts(struct sj_account_poll *poll)
{
    struct sj_http_response response = {0};
    if (!call(poll, "/auth/accounts", NULL, &response))
        return -SJ_E_STOPPED;
    if (response.rc < 0)
        return response.rc;
    if (response.status != 200)
        return response.status == 503 ? -SJ_E_REFUSED : -SJ_E_MALFORMED;
    struct sj_order_accounts accounts;
    sj_rc rc = sj_order_parse_accounts(response.body, response.body_size, poll->options.accounts,
                                       &accounts);
    if (rc >= 0)
        poll->account_types = accounts.types;
    return rc;
}

static sj_rc round_of(struct sj_account_poll *poll)
{
    sj_rc rc = poll->account_types == 0 ? learn_accounts(poll) : 0;
    for (int which = 0; which < 2 && rc >= 0; which++)
        if (poll->account_types & 1u << which)
            rc = ask_account(poll, which == 0 ? 'S' : 'F');
    return rc;
}

static void *run(void *context)
{
    struct sj_account_poll *poll = context;
    bool stop = false;
    while (!stop) {
        sj_rc rc = round_of(poll);
        lock(poll);
        poll->stats.rounds += rc >= 0;
        unlock(poll);
        if (rc == -SJ_E_STOPPED)
            break;
        stop = rc == -SJ_E_REFUSED ? wait_ns(poll, poll->options.ban_wait_ns, false)
                                   : wait_ns(poll, poll->options.interval_ns, true);
    }
    return NULL;
}

static sj_rc begin(struct sj_account_poll *poll)
{
    pthread_condattr_t attributes;
    pthread_mutex_init(&poll->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&poll->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    int code = pthread_create(&poll->thread, NULL, run, poll);
    poll->started = code == 0;
    return -code;
}

sj_rc sj_account_poll_create(const struct sj_account_poll_options *options,
                             struct sj_account_poll **ret_poll, char error[SJ_ENDPOINT_ERROR_MAX])
{
    const struct sj_endpoint *endpoint = options->endpoint;
    struct sj_http_options http = {.connect_timeout_ms = options->timeout_ns / SJ_NS_PER_MS,
                                   .timeout_ms = options->timeout_ns / SJ_NS_PER_MS,
                                   .response_size_max = SJ_ACCOUNT_POLL_TEXT_MAX};
    struct sj_account_poll *poll = calloc(1, sizeof *poll);
    if (!poll) {
        snprintf(error, SJ_ENDPOINT_ERROR_MAX, "account poll: %s", sj_rc_text(-ENOMEM));
        return -ENOMEM;
    }
    poll->options = *options;
    snprintf(poll->base, sizeof poll->base, "http://%s", endpoint->host);
    if (options->token)
        snprintf(poll->authorization, sizeof poll->authorization, "Authorization: Bearer %s",
                 options->token);
    if (endpoint->address.ss_family == AF_UNIX)
        http.unix_socket = ((const struct sockaddr_un *)&endpoint->address)->sun_path;
    sj_rc rc = sj_rate_init(&poll->rate, CALLS_MAX, 0, CALLS_WINDOW_NS);
    if (rc >= 0)
        rc = sj_http_create(&http, &poll->client);
    if (rc >= 0)
        rc = begin(poll);
    if (rc < 0) {
        snprintf(error, SJ_ENDPOINT_ERROR_MAX, "account poll: %s", sj_rc_text(rc));
        sj_account_poll_close(poll);
        return rc;
    }
    *ret_poll = poll;
    return 0;
}

void sj_account_poll_close(struct sj_account_poll *poll)
{
    if (!poll)
        return;
    if (poll->started) {
        lock(poll);
        poll->stop = true;
        pthread_cond_signal(&poll->wake);
        unlock(poll);
        pthread_join(poll->thread, NULL);
        pthread_cond_destroy(&poll->wake);
        pthread_mutex_destroy(&poll->lock);
    }
    sj_http_close(poll->client);
    free(poll);
}

void sj_account_poll_now(struct sj_account_poll *poll)
{
    lock(poll);
    poll->soon = true;
    pthread_cond_signal(&poll->wake);
    unlock(poll);
}

void sj_account_poll_stats(struct sj_account_poll *poll, struct sj_account_poll_stats *ret_stats)
{
    lock(poll);
    *ret_stats = poll->stats;
    unlock(poll);
}
