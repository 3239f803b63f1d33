/* REFRESH: what contracts are described as now, judged against what they were, before it is used.
 */
#include "gateway/connection.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

static bool stopping(const struct clerk *clerk)
{
    return atomic_load_explicit(&clerk->stop, memory_order_acquire);
}

/* The description of now of one contract in use. A contract that has none keeps its old one. */
static sj_rc fetch(struct clerk *clerk, const struct sj_instrument *old,
                   struct sj_instrument *ret_fresh)
{
    struct sj_rest_contract contract = {.security = (enum sj_security)old->security,
                                        .exchange = (enum sj_exchange)old->exchange};
    memcpy(contract.code, old->code, sizeof old->code);
    memcpy(contract.target_code, old->target_code, sizeof old->target_code);
    memcpy(contract.name, old->name, sizeof old->name);
    *ret_fresh = *old;
    if (old->security == SJ_SECURITY_WRT)
        return 0;
    /* Which month a continuous contract stands for is in its identity only. */
    sj_rc rc = old->target_code[0] == '\0'
                   ? 0
                   : clerk_counted(clerk, sj_rest_contract(clerk->rest, contract.code,
                                                           contract.security, &contract));
    if (rc >= 0)
        rc = clerk_counted(
            clerk, sj_rest_contract_info(clerk->rest, &contract, sj_clock_utc_ns(), ret_fresh));
    ret_fresh->instrument = old->instrument;
    return rc;
}

static sj_rc fetch_all(struct clerk *clerk)
{
    clerk->fresh_count = 0;
    for (uint32_t i = 0; i < clerk->definition_count; i++) {
        sj_rc rc =
            stopping(clerk) ? -SJ_E_STOPPED : fetch(clerk, &clerk->definition[i], &clerk->fresh[i]);
        if (rc == -SJ_E_UNKNOWN)
            clerk->fresh[i].code[0] = '\0'; /* gone, or never had one */
        else if (rc < 0)
            return rc;
        clerk->fresh_count++;
    }
    return 0;
}

/* Those that are others now; the first of them is named in `text`. */
static uint32_t count_others(const struct clerk *clerk, char text[SJ_REST_TEXT_MAX])
{
    uint32_t others = 0;
    for (uint32_t i = 0; i < clerk->fresh_count; i++) {
        const struct sj_instrument *old = &clerk->definition[i], *fresh = &clerk->fresh[i];
        /* What had no description before is not gone now. */
        bool gone = fresh->code[0] == '\0' && old->update_date != 0;
        if (!gone &&
            (fresh->code[0] == '\0' || sj_contract_compare(old, fresh) != SJ_CONTRACT_OTHER))
            continue;
        if (others++ == 0)
            snprintf(text, SJ_REST_TEXT_MAX, "%.16s (%.48s) %s%.48s", old->code, old->name,
                     gone ? "is gone" : "became ", gone ? "" : fresh->name);
    }
    return others;
}

/* Takes the new descriptions over: into the house's table, and into `changed` for the ring. */
static sj_rc take_over(struct clerk *clerk)
{
    struct sj_gateway *gateway = clerk->connection->gateway;
    sj_rc rc = 0;
    clerk->changed_count = 0;
    pthread_mutex_lock(&gateway->lock);
    for (uint32_t i = 0; i < clerk->fresh_count && rc >= 0; i++) {
        const struct sj_instrument *fresh = &clerk->fresh[i];
        uint32_t id;
        if (fresh->code[0] == '\0' ||
            sj_contract_compare(&clerk->definition[i], fresh) == SJ_CONTRACT_SAME)
            continue;
        rc = sj_instruments_put(gateway->instruments, fresh, &id);
        clerk->definition[i] = *fresh;
        clerk->changed[clerk->changed_count++] = *fresh;
    }
    pthread_mutex_unlock(&gateway->lock);
    return rc;
}

void clerk_refresh(struct clerk *clerk, const struct clerk_job *job)
{
    double percent_max = clerk->connection->gateway->config.contract_change_max_percent;
    char first[SJ_REST_TEXT_MAX] = "";
    sj_rc rc = fetch_all(clerk);
    uint32_t others = rc >= 0 ? count_others(clerk, first) : 0;
    bool refused = rc >= 0 && sj_contract_too_many(others, clerk->fresh_count, percent_max);
    if (rc >= 0 && !refused)
        rc = take_over(clerk);
    struct clerk_result result = clerk_result_of(clerk, job, refused ? -SJ_E_CORRUPT : rc);
    result.index = clerk->changed_count;
    if (refused)
        snprintf(result.text, sizeof result.text, "%u of %u contracts are others: %.120s", others,
                 clerk->fresh_count, first);
    else if (others > 0)
        snprintf(result.text, sizeof result.text, "%.180s", first);
    clerk_put_result(clerk, &result);
}
