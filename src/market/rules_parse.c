/* Reads the lines of rules files: DATE KIND NAME VALUE... */
#include "market/rules_private.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX RULE_WORD_MAX
#define LINE_MAX_BYTES 512

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
    int32_t date;
    if (strlen(text) != 10 || text[4] != '-' || sj_date_parse(text, 10, &date) < 0)
        return false;
    *ret_date = (uint32_t)date;
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
    int end = 0;
    if (plan->count == SJ_SESSION_PHASES_MAX ||
        sscanf(word, "%15[a-z]@%2u:%2u:%2u-%2u:%2u:%2u%n", name, &t[0], &t[1], &t[2], &t[3], &t[4],
               &t[5], &end) != 7 ||
        word[end] != 0)
        return false;
    for (int i = 0; i < 6; i++)
        if (t[i] >= (i % 3 == 0 ? 48u : 60u))
            return false;
    struct sj_session_span *span = &plan->span[plan->count];
    span->phase = phase_of(name);
    span->from_ns = (t[0] * 3600LL + t[1] * 60 + t[2]) * 1000000000LL;
    span->to_ns = (t[3] * 3600LL + t[4] * 60 + t[5]) * 1000000000LL;
    if (span->phase == SJ_SESSION_PHASE_NONE || span->to_ns <= span->from_ns ||
        (plan->count > 0 && span->from_ns < span[-1].to_ns))
        return false;
    plan->count++;
    return true;
}

/* "LMT.ROD" as the bit of sj_order_bit. */
static bool parse_order(const char *word, uint32_t *orders)
{
    static const char *const prices[] = {"LMT", "MKT", "MKP"};
    static const char *const times[] = {"ROD", "IOC", "FOK"};
    for (uint32_t p = 0; p < 3; p++)
        for (uint32_t t = 0; t < 3; t++)
            if (strlen(word) == 7 && memcmp(word, prices[p], 3) == 0 && word[3] == '.' &&
                strcmp(word + 4, times[t]) == 0) {
                *orders |= sj_order_bit(p + 1, t + 1);
                return true;
            }
    return false;
}

static bool parse_value(struct market_rule *rule, const char *word)
{
    if (strcmp(rule->kind, "tick") == 0)
        return parse_band(word, &rule->bands);
    if (strcmp(rule->kind, "session") == 0)
        return parse_span(word, &rule->plan);
    if (strcmp(rule->kind, "orders") == 0)
        return parse_order(word, &rule->orders);
    if (rule->has_number)
        return false;
    rule->has_number = true;
    return parse_e6(word, &rule->number_e6);
}

static bool known_kind(const char *kind)
{
    static const char *const kinds[] = {
        "tick",     "session", "limit",  "interval",   "point",       "orders",      "lot",
        "lots_max", "night",   "closed", "open",       "fee",         "fee_min",     "lot_fee",
        "tax",      "day_tax", "margin", "margin_min", "maintenance", "maintain_min"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kind, kinds[i]) == 0)
            return true;
    return false;
}

/* Where a date stands, or would stand, in a rising list. */
static uint32_t place_of(const int32_t *dates, uint32_t count, int32_t date)
{
    uint32_t at = count;
    while (at > 0 && dates[at - 1] >= date)
        at--;
    return at;
}

static bool insert_date(int32_t *dates, uint32_t *count, int32_t date)
{
    uint32_t at = place_of(dates, *count, date);
    if (at < *count && dates[at] == date)
        return true;
    if (*count == HOLIDAYS_MAX)
        return false;
    memmove(dates + at + 1, dates + at, (*count - at) * sizeof *dates);
    dates[at] = date;
    ++*count;
    return true;
}

static void remove_date(int32_t *dates, uint32_t *count, int32_t date)
{
    uint32_t at = place_of(dates, *count, date);
    if (at == *count || dates[at] != date)
        return;
    --*count;
    memmove(dates + at, dates + at + 1, (*count - at) * sizeof *dates);
}

/* A day that is closed is not open, and the other way round: the later line counts. */
static bool mark_day(struct market_days *days, int32_t date, bool closed)
{
    if (closed) {
        remove_date(days->open, &days->open_count, date);
        return insert_date(days->closed, &days->closed_count, date);
    }
    remove_date(days->closed, &days->closed_count, date);
    return insert_date(days->open, &days->open_count, date);
}

static const char *parse_day(struct sj_market_rules *rules, int32_t date, bool closed,
                             const char *market)
{
    bool all = strcmp(market, "TW") == 0;
    static const char *const names[DAYS_COUNT] = {"STK", "FUT", "FUT.NIGHT"};
    bool known = all, kept = true;
    for (int i = 0; i < DAYS_COUNT; i++) {
        if (!all && strcmp(market, names[i]) != 0)
            continue;
        known = true;
        kept = kept && mark_day(&rules->days[i], date, closed);
    }
    if (!known)
        return "the market is none of TW, STK, FUT, FUT.NIGHT";
    return kept ? NULL : "too many days";
}

/* What a rule must have beside well-formed values. */
static const char *check_rule(const struct market_rule *rule)
{
    if (strcmp(rule->kind, "tick") == 0 &&
        rule->bands.band[rule->bands.count - 1].below_e6 != INT64_MAX)
        return "the last tick band must begin with *:";
    static const char *const parts[] = {"limit", "fee", "tax", "day_tax"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strcmp(rule->kind, parts[i]) == 0 && rule->number_e6 > 1000000)
            return "a part is more than the whole";
    return NULL;
}

/* Parses one line (terminated, changed in place). Returns NULL or what is wrong with it. */
static const char *parse_line(struct sj_market_rules *rules, char *line)
{
    char *state;
    const char *date = strtok_r(line, " \t\r", &state);
    const char *kind = strtok_r(NULL, " \t\r", &state);
    const char *name = strtok_r(NULL, " \t\r", &state);
    const char *word = strtok_r(NULL, " \t\r", &state);
    struct market_rule rule = {0};
    if (!word)
        return "expected: DATE KIND NAME VALUE...";
    if (!parse_date(date, &rule.from_date))
        return "the date is not YYYY-MM-DD";
    if (!known_kind(kind))
        return "no rule is of that kind; src/market/rules.h lists them";
    if (strlen(name) >= WORD_MAX)
        return "the name is longer than 15 characters";
    if (strcmp(kind, "closed") == 0 || strcmp(kind, "open") == 0)
        return parse_day(rules, (int32_t)rule.from_date, *kind == 'c', name);
    snprintf(rule.kind, sizeof rule.kind, "%s", kind);
    snprintf(rule.name, sizeof rule.name, "%s", name);
    for (; word; word = strtok_r(NULL, " \t\r", &state))
        if (!parse_value(&rule, word))
            return "a value is malformed or out of order";
    const char *wrong = check_rule(&rule);
    if (wrong)
        return wrong;
    if (rules->count == RULES_MAX)
        return "too many rules";
    rules->rule[rules->count++] = rule;
    return NULL;
}

const char *market_rules_read(struct sj_market_rules *rules, const char *text, size_t size,
                              unsigned *ret_line)
{
    unsigned number = 0;
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end ? (size_t)(end - text) - at : size - at;
        char line[LINE_MAX_BYTES];
        *ret_line = ++number;
        if (length >= sizeof line)
            return "the line is longer than 511 bytes";
        if (memchr(text + at, 0, length))
            return "a zero byte";
        memcpy(line, text + at, length);
        line[length] = 0;
        char *start = line + strspn(line, " \t\r");
        const char *wrong = *start == 0 || *start == '#' ? NULL : parse_line(rules, start);
        if (wrong)
            return wrong;
        at += length + 1;
    }
    return NULL;
}
