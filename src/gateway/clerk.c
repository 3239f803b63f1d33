#include "gateway/connection.h"

#include "gateway/rest_call.h"

#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sj_gateway *gateway_of(const struct clerk *clerk)
{
    return clerk->connection->gateway;
}

static bool stopping(const struct clerk *clerk)
{
    return atomic_load_explicit(&clerk->stop, memory_order_acquire);
}

static void nap(int64_t ns)
{
    struct timespec time = {.tv_sec = ns / SJ_NS_PER_S, .tv_nsec = ns % SJ_NS_PER_S};
    (void)nanosleep(&time, NULL);
}

void clerk_put_result(struct clerk *clerk, const struct clerk_result *result)
{
    while (!sj_spsc_put(&clerk->results, result) && !stopping(clerk))
        nap(SJ_NS_PER_MS); /* the duty is slow; this thread may wait */
}

/* The result of the last REST call of a job. */
struct clerk_result clerk_result_of(const struct clerk *clerk, const struct clerk_job *job,
                                    sj_rc rc)
{
    const struct sj_rest_answer *answer = sj_rest_answer(clerk->rest);
    struct clerk_result result = {.kind = job->kind,
                                  .index = job->index,
                                  .rc = rc,
                                  .status = answer->status,
                                  .refusal = rc < 0 ? answer->refusal : SJ_REFUSAL_NONE};
    if (rc < 0)
        snprintf(result.text, sizeof(result.text), "%s",
                 answer->text[0] ? answer->text : sj_rc_text(rc));
    return result;
}

sj_rc clerk_counted(struct clerk *clerk, sj_rc rc)
{
    SJ_COUNT_UP(clerk->connection->counters.requests, 1);
    if (rc < 0)
        SJ_COUNT_UP(clerk->connection->counters.requests_failed, 1);
    return rc;
}

/* --- the plan --- */

struct listing {
    struct sj_gateway *gateway;
    struct sj_selector selector;
};

static void plan_contract(struct sj_gateway *gateway, const struct sj_rest_contract *contract)
{
    if (sj_plan_add(&gateway->plan, contract) >= 0)
        return;
    SJ_COUNT_UP(gateway->refused, 1);
    if (gateway->plan.refused_count == 1)
        sj_log_error("gateway",
                     "no connection has room for %s and what follows it: %u connections of %u "
                     "subscriptions are full; add a server to broker.servers or ask for less",
                     contract->code, gateway->count, gateway->plan.options.subscriptions_max);
}

static sj_rc plan_listed(const struct sj_rest_contract *contract, void *context)
{
    struct listing *listing = context;
    if (sj_selector_matches(&listing->selector, contract))
        plan_contract(listing->gateway, contract);
    return 0;
}

static sj_rc plan_selector(struct clerk *clerk, const struct sj_selector *selector)
{
    struct sj_gateway *gateway = gateway_of(clerk);
    if (selector->security != SJ_SECURITY_UNKNOWN && strpbrk(selector->pattern, "*?[")) {
        struct listing listing = {gateway, *selector};
        return clerk_counted(
            clerk, sj_rest_contracts(clerk->rest, selector->security, plan_listed, &listing));
    }
    struct sj_rest_contract contract;
    sj_rc rc = clerk_counted(
        clerk, sj_rest_contract(clerk->rest, selector->pattern, selector->security, &contract));
    if (rc == -SJ_E_UNKNOWN) {
        sj_log_error("gateway", "the broker knows no contract '%s': check broker.instruments",
                     selector->pattern);
        SJ_COUNT_UP(gateway->refused, 1);
        return 0;
    }
    if (rc >= 0)
        plan_contract(gateway, &contract);
    return rc;
}

/* Made once, by the first clerk whose server answers; held under the gateway's lock. */
static sj_rc plan_make(struct clerk *clerk)
{
    struct sj_gateway *gateway = gateway_of(clerk);
    sj_plan_init(&gateway->plan, &gateway->plan_options);
    GAUGE(gateway->refused, 0);
    char error[SJ_PLAN_ERROR_MAX];
    const char *text = gateway->selectors;
    struct sj_selector selector;
    while (sj_selector_next(&text, &selector, error) > 0) {
        sj_rc rc = plan_selector(clerk, &selector);
        if (rc < 0)
            return rc;
    }
    gateway->planned = true;
    return 0;
}

/* --- LOAD --- */

/* Fetches a contract's definition and gives it the house's id. A warrant, or a target that has no
 * info, is defined by what is known of it. */
static sj_rc define(struct clerk *clerk, const struct sj_rest_contract *contract)
{
    for (uint32_t i = 0; i < clerk->definition_count; i++)
        if (strncmp(clerk->definition[i].code, contract->code, sizeof(clerk->definition[i].code)) ==
            0)
            return 0;
    if (clerk->definition_count == CLERK_DEFINITIONS_MAX)
        return -SJ_E_LIMIT;
    struct sj_instrument *definition = &clerk->definition[clerk->definition_count];
    sj_rc rc = -SJ_E_UNKNOWN;
    if (contract->security != SJ_SECURITY_WRT)
        rc = clerk_counted(
            clerk, sj_rest_contract_info(clerk->rest, contract, sj_clock_utc_ns(), definition));
    if (rc == -SJ_E_UNKNOWN) {
        sj_rest_bare_definition(contract, sj_clock_utc_ns(), definition);
        rc = 0;
    }
    uint32_t id = 0;
    if (rc >= 0)
        rc = sj_instruments_put(gateway_of(clerk)->instruments, definition, &id);
    if (rc < 0)
        return rc;
    definition->instrument = id;
    clerk->definition_count++;
    return 0;
}

static sj_rc load_locked(struct clerk *clerk)
{
    struct sj_gateway *gateway = gateway_of(clerk);
    const struct sj_plan *plan = &gateway->plan;
    uint32_t index = clerk->connection->index;
    sj_rc rc = gateway->planned ? 0 : plan_make(clerk);
    clerk->definition_count = 0;
    for (uint32_t i = 0; rc >= 0 && i < plan->count[index]; i++) {
        const struct sj_rest_contract *contract = &plan->item[index][i].contract;
        rc = define(clerk, contract);
        if (rc < 0 || contract->target_code[0] == '\0')
            continue;
        /* Events of a continuous contract carry the code of the month it stands for. */
        struct sj_rest_contract target = *contract;
        memcpy(target.code, contract->target_code, sizeof(target.code));
        target.target_code[0] = '\0';
        rc = define(clerk, &target);
    }
    return rc;
}

/* Live and simulation are never mistaken for each other. */
static sj_rc check_simulation(struct clerk *clerk, const struct sj_rest_info *info)
{
    bool wanted = gateway_of(clerk)->config.simulation;
    GAUGE(clerk->connection->counters.simulation, info->simulation);
    if (info->simulation == wanted)
        return 0;
    return sj_rest_fault(clerk->rest, -SJ_E_REFUSED,
                         wanted ? "the server is live, but broker.simulation is true"
                                : "the server is a simulation, but broker.simulation is false");
}

static void load(struct clerk *clerk, const struct clerk_job *job)
{
    struct sj_gateway *gateway = gateway_of(clerk);
    struct sj_rest_info info;
    sj_rc rc = clerk_counted(clerk, sj_rest_info(clerk->rest, &info));
    if (rc >= 0)
        rc = check_simulation(clerk, &info);
    if (rc >= 0) {
        pthread_mutex_lock(&gateway->lock);
        rc = load_locked(clerk);
        pthread_mutex_unlock(&gateway->lock);
    }
    struct clerk_result result = clerk_result_of(clerk, job, rc);
    clerk_put_result(clerk, &result);
}

/* --- the other jobs --- */

static sj_rc subscribe_one(struct clerk *clerk, const struct clerk_job *job, uint32_t index)
{
    const struct sj_rest_subscription *item =
        &gateway_of(clerk)->plan.item[clerk->connection->index][index];
    struct clerk_job one = {job->kind, index};
    sj_rc rc =
        clerk_counted(clerk, job->kind == CLERK_SUBSCRIBE ? sj_rest_subscribe(clerk->rest, item)
                                                          : sj_rest_unsubscribe(clerk->rest, item));
    struct clerk_result result = clerk_result_of(clerk, &one, rc);
    clerk_put_result(clerk, &result);
    /* Beyond a refusal of this one subscription the others would only be refused too. */
    bool hopeless = result.status == 0 || result.status == 401 || result.status >= 500 ||
                    result.status == 429 || result.status == 451;
    return rc < 0 && hopeless ? rc : 0;
}

static void subscribe(struct clerk *clerk, const struct clerk_job *job)
{
    if (job->index != CLERK_ALL) {
        (void)subscribe_one(clerk, job, job->index);
        return;
    }
    sj_rc rc = 0;
    uint32_t count = gateway_of(clerk)->plan.count[clerk->connection->index];
    for (uint32_t i = 0; rc >= 0 && i < count && !stopping(clerk); i++)
        rc = subscribe_one(clerk, job, i);
    struct clerk_result result = clerk_result_of(clerk, job, rc);
    clerk_put_result(clerk, &result);
}

static void probe(struct clerk *clerk, const struct clerk_job *job)
{
    struct sj_rest_health health = {0};
    sj_rc rc = clerk_counted(clerk, sj_rest_health(clerk->rest, &health));
    struct clerk_result result = clerk_result_of(clerk, job, rc);
    result.recovering = health.recovering;
    memcpy(result.instance_id, health.instance_id, sizeof(result.instance_id));
    memcpy(result.last_maintenance, health.last_maintenance, sizeof(result.last_maintenance));
    struct sj_rest_usage usage;
    if (rc >= 0 && job->index == 1 &&
        clerk_counted(clerk, sj_rest_usage(clerk->rest, &usage)) >= 0) {
        GAUGE(clerk->connection->counters.traffic_remaining_bytes, usage.remaining_bytes);
        GAUGE(clerk->connection->counters.broker_connections, usage.connections);
    }
    clerk_put_result(clerk, &result);
}

/* Runs the configured command; it must end by itself, having started the server in the background.
 */
static sj_rc run_command(const struct clerk *clerk, const char *command, int64_t deadline_ns)
{
    char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)command, NULL};
    pid_t pid;
    int error = posix_spawn(&pid, argv[0], NULL, NULL, argv, environ);
    if (error != 0)
        return -error;
    for (;;) {
        int status;
        pid_t ended = waitpid(pid, &status, WNOHANG);
        if (ended == pid)
            return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -SJ_E_REFUSED;
        if (ended < 0 && errno != EINTR)
            return -errno;
        if (stopping(clerk) || sj_clock_mono_ns() > deadline_ns) {
            kill(pid, SIGKILL);
            (void)waitpid(pid, &status, 0);
            return -SJ_E_TIMEOUT;
        }
        nap(10 * SJ_NS_PER_MS);
    }
}

/* The server answers again, healthy. */
static sj_rc wait_healthy(struct clerk *clerk, int64_t deadline_ns)
{
    for (;;) {
        struct sj_rest_health health;
        sj_rc rc = clerk_counted(clerk, sj_rest_health(clerk->rest, &health));
        if (rc >= 0 && health.healthy)
            return 0;
        if (stopping(clerk) || sj_clock_mono_ns() > deadline_ns)
            return rc < 0 ? rc : -SJ_E_TIMEOUT;
        nap(100 * SJ_NS_PER_MS);
    }
}

static sj_rc new_session(struct clerk *clerk, enum clerk_kind kind)
{
    const struct sj_gateway_config *config = &gateway_of(clerk)->config;
    if (kind == CLERK_LOGIN)
        return clerk_counted(
            clerk, sj_rest_login(clerk->rest, config->login_path, clerk->connection->index));
    int64_t deadline_ns = sj_clock_mono_ns() + config->restart_timeout_ms * SJ_NS_PER_MS;
    sj_rc rc = run_command(clerk, config->restart_command, deadline_ns);
    return rc < 0 ? rc : wait_healthy(clerk, deadline_ns);
}

/* LOGIN and RESTART (which logs in): one at a time on this machine, within the day's budget. */
static void login(struct clerk *clerk, const struct clerk_job *job)
{
    int64_t retry_ns = 0;
    int64_t now_ns = sj_clock_utc_ns();
    sj_rc rc = sj_budget_take(&clerk->budget, now_ns, &retry_ns);
    if (rc < 0) {
        struct clerk_result result = {.kind = job->kind, .rc = rc, .retry_ns = retry_ns};
        if (retry_ns == 0)
            result.retry_ns = now_ns + (rc == -SJ_E_BUSY ? 1 : 60) * SJ_NS_PER_S;
        snprintf(result.text, sizeof(result.text), "our login budget: %s",
                 rc == -SJ_E_BUSY    ? "another login is under way"
                 : rc == -SJ_E_LIMIT ? "used up for today"
                 : rc == -EAGAIN     ? "too soon after the last login"
                                     : sj_rc_text(rc));
        SJ_COUNT_UP(clerk->connection->counters.logins_refused, 1);
        clerk_put_result(clerk, &result);
        return;
    }
    SJ_COUNT_UP(clerk->connection->counters.logins, 1);
    rc = new_session(clerk, job->kind);
    sj_budget_give(&clerk->budget);
    struct clerk_result result = clerk_result_of(clerk, job, rc);
    clerk_put_result(clerk, &result);
}

/* --- the thread --- */

static void do_job(struct clerk *clerk, const struct clerk_job *job)
{
    switch (job->kind) {
    case CLERK_LOAD:
        load(clerk, job);
        break;
    case CLERK_SUBSCRIBE:
    case CLERK_UNSUBSCRIBE:
        subscribe(clerk, job);
        break;
    case CLERK_REFRESH:
        clerk_refresh(clerk, job);
        break;
    case CLERK_PROBE:
        probe(clerk, job);
        break;
    case CLERK_LOGIN:
    case CLERK_RESTART:
        login(clerk, job);
        break;
    }
}

static void log_notes(struct clerk *clerk)
{
    struct clerk_note note;
    while (sj_spsc_take(&clerk->notes, &note))
        sj_log(note.level, "gateway", "connection %u: %s", clerk->connection->index + 1, note.text);
}

static void *clerk_main(void *context)
{
    struct clerk *clerk = context;
    while (!stopping(clerk)) {
        struct clerk_job job;
        log_notes(clerk);
        if (sj_spsc_take(&clerk->jobs, &job)) {
            do_job(clerk, &job);
            continue;
        }
        while (sem_wait(&clerk->work) != 0 && errno == EINTR)
            continue;
    }
    log_notes(clerk);
    return NULL;
}

sj_rc clerk_start(struct clerk *clerk, struct connection *connection)
{
    const struct sj_gateway_config *config = &connection->gateway->config;
    struct sj_budget_limits limits = {.per_day = (uint32_t)config->login_budget,
                                      .interval_ns = config->login_interval_ms * SJ_NS_PER_MS};
    clerk->connection = connection;
    sj_spsc_init(&clerk->jobs, clerk->job_items, CLERK_JOBS, sizeof(struct clerk_job));
    sj_spsc_init(&clerk->results, clerk->result_items, CLERK_RESULTS, sizeof(struct clerk_result));
    sj_spsc_init(&clerk->notes, clerk->note_items, CLERK_NOTES, sizeof(struct clerk_note));
    sj_budget_init(&clerk->budget, config->login_budget_file, &limits);
    sj_rc rc = sj_rest_create(&connection->endpoint, config->token[0] ? config->token : NULL,
                              config->request_timeout_ms * SJ_NS_PER_MS, &clerk->rest);
    if (rc < 0)
        return rc;
    if (sem_init(&clerk->work, 0, 0) != 0)
        return -errno;
    int error = pthread_create(&clerk->thread, NULL, clerk_main, clerk);
    clerk->started = error == 0;
    return -error;
}

void clerk_stop(struct clerk *clerk)
{
    if (clerk->started) {
        atomic_store_explicit(&clerk->stop, true, memory_order_release);
        sem_post(&clerk->work);
        pthread_join(clerk->thread, NULL);
        sem_destroy(&clerk->work);
        clerk->started = false;
    }
    sj_rest_close(clerk->rest);
    clerk->rest = NULL;
}

bool clerk_post(struct clerk *clerk, enum clerk_kind kind, uint32_t index)
{
    struct clerk_job job = {kind, index};
    bool posted = sj_spsc_put(&clerk->jobs, &job);
    sem_post(&clerk->work);
    return posted;
}

bool clerk_result(struct clerk *clerk, struct clerk_result *ret_result)
{
    return sj_spsc_take(&clerk->results, ret_result);
}

void clerk_note(struct clerk *clerk, enum sj_log_level level, const char *format, ...)
{
    struct clerk_note note = {.level = level};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(note.text, sizeof(note.text), format, arguments);
    va_end(arguments);
    if (!sj_spsc_put(&clerk->notes, &note))
        SJ_COUNT_UP(clerk->connection->counters.notes_lost, 1);
    sem_post(&clerk->work);
}
