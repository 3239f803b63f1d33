#include "market/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULES_MAX 512
#define RULES_SIZE_MAX (1 << 20)
#define WORD_MAX 16

/* The rules built in (made from data/market/tw.rules by the build). */
extern const unsigned char sj_market_rules_builtin[];
extern const size_t sj_market_rules_builtin_size;

struct rule {
    uint32_t from_date;
    char kind[WORD_MAX];
    char name[WORD_MAX];
    union {
        struct sj_tick_bands bands;
        struct sj_session_plan plan;
        int64_t value_e6;
    };
};

struct sj_market_rules {
    uint32_t count;
    struct rule rule[RULES_MAX];
};

/* Parses a plain decimal of at most 6 places; false for anything else. */
static bool parse_e6(const char *text, int64_t *ret_value)
{
    int64_t value = 0;
    int places = -1, digits = 0;
    for (; *text; text++) {
        if (*text == '.' && places < 0) {
            places = 0;
        } else if (*text >= '0' && *text <= '9' && digits < 12 && places < 6) {
            value = value * 10 + (*text - '0');
            digits++;
            if (places >= 0)
                places++;
        } else {
            return false;
        }
    }
    for (int i = places < 0 ? 0 : places; i < 6; i++)
        value *= 10;
    *ret_value = value;
    return digits > 0;
}

static bool parse_date(const char *text, uint32_t *ret_date)
{
    unsigned year, month, day;
    char rest;
    if (sscanf(text, "%4u-%2u-%2u%c", &year, &month, &day, &rest) != 3 || month < 1 || month > 12 ||
        day < 1 || day > 31)
        return false;
    *ret_date = year * 10000 + month * 100 + day;
    return true;
}

static bool parse_band(const char *word, struct sj_tick_bands *bands)
{
    char below[WORD_MAX];
    const char *colon = strchr(word, ':');
    if (!colon || colon - word >= WORD_MAX || bands->count == SJ_TICK_BANDS_MAX)
        return false;
    memcpy(below, word, (size_t)(colon - word));
    below[colon - word] = 0;
    struct sj_tick_band *band = &bands->band[bands->count];
    if (!parse_e6(colon + 1, &band->tick_e6) || band->tick_e6 == 0)
        return false;
    if (strcmp(below, "*") == 0)
        band->below_e6 = INT64_MAX;
    else if (!parse_e6(below, &band->below_e6))
        return false;
    if (bands->count > 0 && band->below_e6 <= band[-1].below_e6)
        return false;
    bands->count++;
    return true;
}

static enum sj_session_phase phase_of(const char *name)
{
    if (strcmp(name, "auction") == 0)
        return SJ_SESSION_PHASE_AUCTION;
    if (strcmp(name, "continuous") == 0)
        return SJ_SESSION_PHASE_CONTINUOUS;
    return strcmp(name, "closing") == 0 ? SJ_SESSION_PHASE_CLOSING : SJ_SESSION_PHASE_NONE;
}

static bool parse_span(const char *word, struct sj_session_plan *plan)
{
    char name[WORD_MAX];
    unsigned t[6];
    if (plan->count == SJ_SESSION_PHASES_MAX ||
        sscanf(word, "%15[a-z]@%2u:%2u:%2u-%2u:%2u:%2u", name, &t[0], &t[1], &t[2], &t[3], &t[4],
               &t[5]) != 7)
        return false;
    struct sj_session_span *span = &plan->span[plan->count];
    span->phase = phase_of(name);
    span->from_ns = (t[0] * 3600LL + t[1] * 60 + t[2]) * 1000000000LL;
    span->to_ns = (t[3] * 3600LL + t[4] * 60 + t[5]) * 1000000000LL;
    if (span->phase == SJ_SESSION_PHASE_NONE || span->to_ns <= span->from_ns || t[0] > 47 ||
        t[3] > 47 || (plan->count > 0 && span->from_ns < span[-1].to_ns))
        return false;
    plan->count++;
    return true;
}

static bool parse_value(struct rule *rule, const char *word)
{
    if (strcmp(rule->kind, "tick") == 0)
        return parse_band(word, &rule->bands);
    if (strcmp(rule->kind, "session") == 0)
        return parse_span(word, &rule->plan);
    return parse_e6(word, &rule->value_e6);
}

static bool known_kind(const char *kind)
{
    static const char *const kinds[] = {
        "tick",    "session", "limit",   "interval", "point",      "fee",         "fee_min",
        "lot_fee", "tax",     "day_tax", "margin",   "margin_min", "maintenance", "maintain_min", "lots_max"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kind, kinds[i]) == 0)
            return true;
    return false;
}

/* Parses one line (terminated, changed in place). Returns NULL or what is wrong with it. */
static const char *parse_line(char *line, struct rule *rule)
{
    char *state;
    const char *date = strtok_r(line, " \t\r", &state);
    const char *kind = strtok_r(NULL, " \t\r", &state);
    const char *name = strtok_r(NULL, " \t\r", &state);
    const char *word = strtok_r(NULL, " \t\r", &state);
    if (!word)
        return "expected: DATE KIND NAME VALUE...";
    if (!parse_date(date, &rule->from_date))
        return "the date is not YYYY-MM-DD";
    if (!known_kind(kind))
        return "no rule is of that kind; src/market/rules.h lists them";
    if (strlen(name) >= WORD_MAX)
        return "the name is longer than 15 characters";
    snprintf(rule->kind, sizeof rule->kind, "%s", kind);
    snprintf(rule->name, sizeof rule->name, "%s", name);
    for (; word; word = strtok_r(NULL, " \t\r", &state))
        if (!parse_value(rule, word))
            return "a value is malformed or out of order";
    if (strcmp(kind, "tick") == 0 && rule->bands.band[rule->bands.count - 1].below_e6 != INT64_MAX)
        return "the last tick band must begin with *:";
    return NULL;
}

sj_rc sj_market_rules_parse(const char *text, size_t size, char error[SJ_RULES_ERROR_MAX],
                            struct sj_market_rules **ret_rules)
{
    struct sj_market_rules *rules = calloc(1, sizeof *rules);
    if (!rules)
        return -ENOMEM;
    const char *wrong = NULL;
    unsigned number = 0;
    for (size_t at = 0; at < size && !wrong; number++) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end ? (size_t)(end - text) - at : size - at;
        char line[512];
        if (length >= sizeof line) {
            wrong = "the line is longer than 511 bytes";
        } else {
            memcpy(line, text + at, length);
            line[length] = 0;
            char *start = line + strspn(line, " \t\r");
            bool empty = *start == 0 || *start == '#';
            if (!empty && rules->count == RULES_MAX)
                wrong = "too many rules";
            else if (!empty)
                wrong = parse_line(start, &rules->rule[rules->count++]);
        }
        at += length + 1;
    }
    if (wrong) {
        snprintf(error, SJ_RULES_ERROR_MAX, "line %u: %s", number, wrong);
        free(rules);
        return -SJ_E_MALFORMED;
    }
    *ret_rules = rules;
    return 0;
}

sj_rc sj_market_rules_load(const char *path, char error[SJ_RULES_ERROR_MAX],
                           struct sj_market_rules **ret_rules)
{
    if (!path)
        return sj_market_rules_parse((const char *)sj_market_rules_builtin,
                                     sj_market_rules_builtin_size, error, ret_rules);
    FILE *file = fopen(path, "re");
    if (!file) {
        int code = errno;
        snprintf(error, SJ_RULES_ERROR_MAX, "%s: %s", path, strerror(code));
        return -code;
    }
    char *text = malloc(RULES_SIZE_MAX);
    size_t size = text ? fread(text, 1, RULES_SIZE_MAX, file) : 0;
    fclose(file);
    sj_rc rc = text ? sj_market_rules_parse(text, size, error, ret_rules) : -ENOMEM;
    free(text);
    return rc;
}

void sj_market_rules_free(struct sj_market_rules *rules)
{
    free(rules);
}

static const struct rule *find(const struct sj_market_rules *rules, const char *kind,
                               const char *name, uint32_t date)
{
    const struct rule *best = NULL;
    for (uint32_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rule[i];
        if (rule->from_date <= date && strcmp(rule->kind, kind) == 0 &&
            strcmp(rule->name, name) == 0 && (!best || rule->from_date > best->from_date))
            best = rule;
    }
    return best;
}

sj_rc sj_market_tick_bands(const struct sj_market_rules *rules, const char *name, uint32_t date,
                           struct sj_tick_bands *ret_bands)
{
    const struct rule *rule = find(rules, "tick", name, date);
    if (!rule)
        return -SJ_E_UNKNOWN;
    *ret_bands = rule->bands;
    return 0;
}

sj_rc sj_market_session(const struct sj_market_rules *rules, const char *name, uint32_t date,
                        struct sj_session_plan *ret_plan)
{
    const struct rule *rule = find(rules, "session", name, date);
    if (!rule)
        return -SJ_E_UNKNOWN;
    *ret_plan = rule->plan;
    return 0;
}

sj_rc sj_market_number(const struct sj_market_rules *rules, const char *kind, const char *name,
                       uint32_t date, int64_t *ret_value_e6)
{
    const struct rule *rule = find(rules, kind, name, date);
    if (!rule || strcmp(kind, "tick") == 0 || strcmp(kind, "session") == 0)
        return -SJ_E_UNKNOWN;
    *ret_value_e6 = rule->value_e6;
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
