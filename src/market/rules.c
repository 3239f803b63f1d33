#include "market/rules_private.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULES_SIZE_MAX (1 << 20)

/* The rules built in (made from data/market by the build). */
extern const unsigned char sj_market_rules_builtin[];
extern const size_t sj_market_rules_builtin_size;
extern const unsigned char sj_market_calendar_builtin[];
extern const size_t sj_market_calendar_builtin_size;
extern const unsigned char sj_market_fees_builtin[];
extern const size_t sj_market_fees_builtin_size;

/* Reads a text on top of `rules`. `where` names it in the error; NULL for a text without a name. */
static sj_rc read_text(struct sj_market_rules *rules, const char *where, const void *text,
                       size_t size, char error[SJ_RULES_ERROR_MAX])
{
    unsigned line = 0;
    const char *wrong = market_rules_read(rules, text, size, &line);
    if (!wrong)
        return 0;
    snprintf(error, SJ_RULES_ERROR_MAX, "%.100s%sline %u: %s", where ? where : "",
             where ? ", " : "", line, wrong);
    return -SJ_E_MALFORMED;
}

/* Called once everything is read: what the calendars look at. */
static void finish(struct sj_market_rules *rules)
{
    for (int i = 0; i < DAYS_COUNT; i++)
        rules->holidays[i] =
            (struct sj_tw_holidays){rules->days[i].closed, rules->days[i].closed_count,
                                    rules->days[i].open, rules->days[i].open_count};
}

sj_rc sj_market_rules_parse(const char *text, size_t size, char error[SJ_RULES_ERROR_MAX],
                            struct sj_market_rules **ret_rules)
{
    struct sj_market_rules *rules = calloc(1, sizeof *rules);
    if (!rules)
        return -ENOMEM;
    sj_rc rc = read_text(rules, NULL, text, size, error);
    if (rc < 0) {
        free(rules);
        return rc;
    }
    finish(rules);
    *ret_rules = rules;
    return 0;
}

static sj_rc read_builtin(struct sj_market_rules *rules, char error[SJ_RULES_ERROR_MAX])
{
    sj_rc rc = read_text(rules, "built-in tw.rules", sj_market_rules_builtin,
                         sj_market_rules_builtin_size, error);
    if (rc == 0)
        rc = read_text(rules, "built-in tw_calendar.rules", sj_market_calendar_builtin,
                       sj_market_calendar_builtin_size, error);
    if (rc == 0)
        rc = read_text(rules, "built-in tw_fees.rules", sj_market_fees_builtin,
                       sj_market_fees_builtin_size, error);
    return rc;
}

static sj_rc read_file(struct sj_market_rules *rules, const char *path,
                       char error[SJ_RULES_ERROR_MAX])
{
    FILE *file = fopen(path, "re");
    char *text = file ? malloc(RULES_SIZE_MAX + 1) : NULL;
    size_t size = text ? fread(text, 1, RULES_SIZE_MAX + 1, file) : 0;
    sj_rc rc = file && !ferror(file) ? 0 : -errno;
    if (file)
        fclose(file);
    if (rc < 0)
        snprintf(error, SJ_RULES_ERROR_MAX, "%.140s: %s", path, strerror(-rc));
    else if (!text)
        rc = -ENOMEM;
    else if (size > RULES_SIZE_MAX) {
        snprintf(error, SJ_RULES_ERROR_MAX, "%.140s: larger than 1 MiB", path);
        rc = -SJ_E_MALFORMED;
    } else
        rc = read_text(rules, path, text, size, error);
    free(text);
    return rc;
}

sj_rc sj_market_rules_load(const char *path, char error[SJ_RULES_ERROR_MAX],
                           struct sj_market_rules **ret_rules)
{
    struct sj_market_rules *rules = calloc(1, sizeof *rules);
    if (!rules) {
        snprintf(error, SJ_RULES_ERROR_MAX, "no memory");
        return -ENOMEM;
    }
    sj_rc rc = read_builtin(rules, error);
    if (rc == 0 && path)
        rc = read_file(rules, path, error);
    if (rc < 0) {
        free(rules);
        return rc;
    }
    finish(rules);
    *ret_rules = rules;
    return 0;
}

void sj_market_rules_free(struct sj_market_rules *rules)
{
    free(rules);
}

static struct sj_market_rules *shared_rules;

static void load_shared(void)
{
    char error[SJ_RULES_ERROR_MAX];
    if (sj_market_rules_load(NULL, error, &shared_rules) < 0)
        shared_rules = NULL;
}

const struct sj_market_rules *sj_market_rules_shared(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load_shared);
    return shared_rules;
}

const struct market_rule *market_rules_find(const struct sj_market_rules *rules, const char *kind,
                                            const char *name, uint32_t date)
{
    const struct market_rule *best = NULL;
    for (uint32_t i = 0; i < rules->count; i++) {
        const struct market_rule *rule = &rules->rule[i];
        if (rule->from_date <= date && (!best || rule->from_date >= best->from_date) &&
            strcmp(rule->kind, kind) == 0 && strcmp(rule->name, name) == 0)
            best = rule;
    }
    return best;
}

sj_rc sj_market_tick_bands(const struct sj_market_rules *rules, const char *name, uint32_t date,
                           struct sj_tick_bands *ret_bands)
{
    const struct market_rule *rule = market_rules_find(rules, "tick", name, date);
    if (!rule)
        return -SJ_E_UNKNOWN;
    *ret_bands = rule->bands;
    return 0;
}

sj_rc sj_market_session(const struct sj_market_rules *rules, const char *name, uint32_t date,
                        struct sj_session_plan *ret_plan)
{
    const struct market_rule *rule = market_rules_find(rules, "session", name, date);
    if (!rule)
        return -SJ_E_UNKNOWN;
    *ret_plan = rule->plan;
    return 0;
}

sj_rc sj_market_number(const struct sj_market_rules *rules, const char *kind, const char *name,
                       uint32_t date, int64_t *ret_value_e6)
{
    const struct market_rule *rule = market_rules_find(rules, kind, name, date);
    if (!rule || !rule->has_number)
        return -SJ_E_UNKNOWN;
    *ret_value_e6 = rule->number_e6;
    return 0;
}

enum sj_session_phase sj_session_at(const struct sj_session_plan *plan, int64_t time_ns,
                                    int64_t *ret_until_ns)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        if (time_ns < plan->span[i].from_ns) {
            *ret_until_ns = plan->span[i].from_ns;
            return SJ_SESSION_PHASE_NONE;
        }
        if (time_ns < plan->span[i].to_ns) {
            *ret_until_ns = plan->span[i].to_ns;
            return plan->span[i].phase;
        }
    }
    *ret_until_ns = INT64_MAX;
    return SJ_SESSION_PHASE_NONE;
}
