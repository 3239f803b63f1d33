#include "base/config_value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/assert.h"

#define NAME_LENGTH_MAX 64

static sj_rc parse_bool(const char *text, bool *ret_value)
{
    static const char *const yes[] = {"true", "yes", "on", "1"};
    static const char *const no[] = {"false", "no", "off", "0"};
    for (uint32_t i = 0; i < 4; i++) {
        if (strcasecmp(text, yes[i]) != 0 && strcasecmp(text, no[i]) != 0)
            continue;
        *ret_value = strcasecmp(text, yes[i]) == 0;
        return 0;
    }
    return -SJ_E_MALFORMED;
}

/* The factor of a unit's suffix; 0 when there is no such suffix. */
static int64_t suffix_factor(const char *suffix)
{
    static const struct {
        const char *name;
        int64_t factor;
    } suffixes[] = {{"", 1},         {"k", 1000},     {"M", 1000000},          {"G", 1000000000},
                    {"Ki", 1 << 10}, {"Mi", 1 << 20}, {"Gi", INT64_C(1) << 30}};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (strcmp(suffix, suffixes[i].name) == 0)
            return suffixes[i].factor;
    return 0;
}

static sj_rc parse_int(const char *text, int64_t *ret_value)
{
    char digits[32];
    uint32_t count = 0;
    const char *at = text;
    for (; *at == '-' || *at == '_' || (*at >= '0' && *at <= '9'); at++) {
        if (*at == '_')
            continue;
        if (count + 1 == sizeof digits)
            return -SJ_E_RANGE;
        digits[count++] = *at;
    }
    digits[count] = '\0';
    char *end;
    errno = 0;
    int64_t value = strtoll(digits, &end, 10);
    int64_t factor = suffix_factor(at);
    if (count == 0 || *end || *text == '_' || factor == 0)
        return -SJ_E_MALFORMED;
    if (errno == ERANGE || __builtin_mul_overflow(value, factor, ret_value))
        return -SJ_E_RANGE;
    return 0;
}

static sj_rc parse_real(const char *text, double *ret_value)
{
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (end == text || *end || !isfinite(value) || strpbrk(text, "xXpP \t"))
        return -SJ_E_MALFORMED;
    *ret_value = value;
    return 0;
}

static sj_rc parse_choice(const char *choices, const char *text, int32_t *ret_index)
{
    size_t length = strlen(text);
    int32_t index = 0;
    for (const char *at = choices; at; index++) {
        const char *end = strchrnul(at, '|');
        if ((size_t)(end - at) == length && memcmp(at, text, length) == 0) {
            *ret_index = index;
            return 0;
        }
        at = *end ? end + 1 : NULL;
    }
    return -SJ_E_RANGE;
}

static sj_rc parse_text(const struct sj_config_key *key, void *member, const char *text)
{
    size_t length = strlen(text);
    if (length >= key->size)
        return -SJ_E_RANGE;
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < ' ')
            return -SJ_E_MALFORMED;
    memcpy(member, text, length + 1);
    return 0;
}

static sj_rc parse_number(const struct sj_config_key *key, void *member, const char *text)
{
    int64_t whole = 0;
    double real = 0;
    bool is_int = key->type == SJ_CONFIG_TYPE_INT;
    sj_rc rc = is_int ? parse_int(text, &whole) : parse_real(text, &real);
    if (rc < 0)
        return rc;
    double value = is_int ? (double)whole : real;
    if (value < key->min || value > key->max)
        return -SJ_E_RANGE;
    memcpy(member, is_int ? (void *)&whole : (void *)&real, 8);
    return 0;
}

static sj_rc parse(const struct sj_config_key *key, void *member, const char *text)
{
    switch (key->type) {
    case SJ_CONFIG_TYPE_BOOL:
        return parse_bool(text, member);
    case SJ_CONFIG_TYPE_INT:
    case SJ_CONFIG_TYPE_REAL:
        SJ_ASSERT(key->size == 8);
        return parse_number(key, member, text);
    case SJ_CONFIG_TYPE_CHOICE:
        SJ_ASSERT(key->size == 4);
        return parse_choice(key->choices, text, member);
    case SJ_CONFIG_TYPE_TEXT:
    case SJ_CONFIG_TYPE_LIST:
        return parse_text(key, member, text);
    }
    return -SJ_E_UNKNOWN;
}

void sj_config_value_describe(const struct sj_config_key *key, char *ret_text, size_t size)
{
    switch (key->type) {
    case SJ_CONFIG_TYPE_BOOL:
        snprintf(ret_text, size, "true or false");
        break;
    case SJ_CONFIG_TYPE_INT:
        snprintf(ret_text, size, "a whole number, %.0f .. %.0f", key->min, key->max);
        break;
    case SJ_CONFIG_TYPE_REAL:
        snprintf(ret_text, size, "a number, %g .. %g", key->min, key->max);
        break;
    case SJ_CONFIG_TYPE_CHOICE:
        snprintf(ret_text, size, "one of %s", key->choices);
        break;
    case SJ_CONFIG_TYPE_TEXT:
        snprintf(ret_text, size, "text of at most %zu bytes", key->size - 1);
        break;
    case SJ_CONFIG_TYPE_LIST:
        snprintf(ret_text, size, "a list, at most %zu bytes joined by commas", key->size - 1);
        break;
    }
}

sj_rc sj_config_value_parse(const struct sj_config_key *key, void *values, const char *text,
                            char *why, size_t why_size)
{
    sj_rc rc = parse(key, (char *)values + key->offset, text);
    if (rc < 0) {
        char wanted[160];
        sj_config_value_describe(key, wanted, sizeof wanted);
        if (key->secret)
            snprintf(why, why_size, "the value given is not %s", wanted);
        else
            snprintf(why, why_size, "\"%.80s\" is not %s", text, wanted);
    }
    return rc;
}

static void format_choice(const struct sj_config_key *key, int32_t index, char *ret_text,
                          size_t size)
{
    const char *at = key->choices;
    while (index-- > 0)
        at = strchr(at, '|') + 1;
    snprintf(ret_text, size, "%.*s", (int)(strchrnul(at, '|') - at), at);
}

void sj_config_value_format(const struct sj_config_key *key, const void *values, char *ret_text,
                            size_t size)
{
    const void *member = (const char *)values + key->offset;
    switch (key->type) {
    case SJ_CONFIG_TYPE_BOOL:
        snprintf(ret_text, size, "%s", *(const bool *)member ? "true" : "false");
        break;
    case SJ_CONFIG_TYPE_INT:
        snprintf(ret_text, size, "%" PRId64, *(const int64_t *)member);
        break;
    case SJ_CONFIG_TYPE_REAL:
        snprintf(ret_text, size, "%.17g", *(const double *)member);
        break;
    case SJ_CONFIG_TYPE_CHOICE:
        format_choice(key, *(const int32_t *)member, ret_text, size);
        break;
    case SJ_CONFIG_TYPE_TEXT:
    case SJ_CONFIG_TYPE_LIST:
        snprintf(ret_text, size, "%s", (const char *)member);
        break;
    }
}

/* Levenshtein's distance over one row. */
static uint32_t distance(const char *a, const char *b)
{
    uint32_t row[NAME_LENGTH_MAX + 1];
    uint32_t a_length = (uint32_t)strnlen(a, NAME_LENGTH_MAX);
    uint32_t b_length = (uint32_t)strnlen(b, NAME_LENGTH_MAX);
    for (uint32_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (uint32_t i = 1; i <= a_length; i++) {
        uint32_t diagonal = row[0];
        row[0] = i;
        for (uint32_t j = 1; j <= b_length; j++) {
            uint32_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            row[j] = best;
        }
    }
    return row[b_length];
}

const char *sj_config_nearest(const char *wrong, const char *const *names, uint32_t count)
{
    const char *nearest = NULL;
    uint32_t best = (uint32_t)strlen(wrong) / 3 + 2;
    for (uint32_t i = 0; i < count; i++) {
        /* "rows" for "batch_rows": part of a name counts as near. */
        uint32_t far =
            strlen(wrong) >= 3 && strstr(names[i], wrong) ? 1 : distance(wrong, names[i]);
        if (far < best) {
            best = far;
            nearest = names[i];
        }
    }
    return nearest;
}
