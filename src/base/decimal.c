#include "base/decimal.h"

#include <stdbool.h>
#include <string.h>

#include "base/assert.h"

#define SHORT_SIZE 9
#define SHORT_PLACES_MAX 9

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Appends a digit; false when the magnitude leaves what int64 holds (2^63 is INT64_MIN's). */
static bool append_digit(uint64_t *magnitude, uint32_t digit)
{
    uint64_t next;
    if (__builtin_mul_overflow(*magnitude, 10, &next) || __builtin_add_overflow(next, digit, &next))
        return false;
    *magnitude = next;
    return next <= (uint64_t)INT64_MAX + 1;
}

/* Reads the digits after the point, filling up to `places`. */
static sj_rc parse_fraction(const char *at, const char *end, uint32_t places, uint64_t *magnitude)
{
    bool fits = true;
    for (; at < end && is_digit(*at); at++) {
        if (places > 0) {
            fits = fits && append_digit(magnitude, (uint32_t)(*at - '0'));
            places--;
        } else if (*at != '0') {
            fits = false;
        }
    }
    if (at != end)
        return -SJ_E_MALFORMED;
    while (fits && places-- > 0)
        fits = append_digit(magnitude, 0);
    return fits ? 0 : -SJ_E_RANGE;
}

/* The usual case: so few digits that nothing can overflow, and no more after the point than are
 * kept. False when it is anything else, right or wrong. */
static bool parse_short(const char *text, size_t size, uint32_t places, int64_t *ret_value)
{
    static const int64_t powers[] = {1,      10,      100,      1000,      10000,
                                     100000, 1000000, 10000000, 100000000, 1000000000};
    const char *at = text, *end = text + size;
    int64_t value = 0;
    bool negative = at < end && *at == '-';
    at += negative;
    const char *first = at;
    while (at < end && is_digit(*at))
        value = value * 10 + (*at++ - '0');
    size_t whole_count = (size_t)(at - first), fraction_count = 0;
    if (at < end && *at == '.') {
        first = ++at;
        while (at < end && is_digit(*at))
            value = value * 10 + (*at++ - '0');
        fraction_count = (size_t)(at - first);
        if (fraction_count == 0)
            return false;
    }
    if (at != end || whole_count == 0 || fraction_count > places)
        return false;
    value *= powers[places - fraction_count];
    *ret_value = negative ? -value : value;
    return true;
}

sj_rc sj_decimal_parse(const char *text, size_t size, uint32_t places, int64_t *ret_value)
{
    SJ_ASSERT(places <= SJ_DECIMAL_PLACES_MAX);
    /* At most SHORT_SIZE digits times 10^places stay below 2^63. */
    if (size <= SHORT_SIZE && places <= SHORT_PLACES_MAX &&
        parse_short(text, size, places, ret_value))
        return 0;
    const char *at = text, *end = text + size;
    bool negative = at < end && *at == '-';
    at += negative;
    const char *first = at;
    uint64_t magnitude = 0;
    bool fits = true;
    for (; at < end && is_digit(*at); at++)
        fits = fits && append_digit(&magnitude, (uint32_t)(*at - '0'));
    if (at == first)
        return -SJ_E_MALFORMED;
    if (at < end && (*at != '.' || ++at == end))
        return -SJ_E_MALFORMED;
    sj_rc rc = parse_fraction(at, end, places, &magnitude);
    if (rc < 0)
        return rc;
    if (!fits || (!negative && magnitude > (uint64_t)INT64_MAX))
        return -SJ_E_RANGE;
    *ret_value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return 0;
}

sj_rc sj_decimal_parse_e6(const char *text, size_t size, int64_t *ret_value_e6)
{
    return sj_decimal_parse(text, size, 6, ret_value_e6);
}

uint32_t sj_decimal_format(int64_t value, uint32_t places, char ret_text[SJ_DECIMAL_TEXT_MAX])
{
    SJ_ASSERT(places <= SJ_DECIMAL_PLACES_MAX);
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    while (places > 0 && magnitude % 10 == 0) {
        magnitude /= 10;
        places--;
    }
    /* From the right: digits after the point, the point, at least one digit before it. */
    char reversed[SJ_DECIMAL_TEXT_MAX];
    uint32_t size = 0;
    for (uint32_t i = 0; i < places; i++, magnitude /= 10)
        reversed[size++] = (char)('0' + magnitude % 10);
    if (places > 0)
        reversed[size++] = '.';
    do {
        reversed[size++] = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude);
    if (value < 0)
        reversed[size++] = '-';
    for (uint32_t i = 0; i < size; i++)
        ret_text[i] = reversed[size - 1 - i];
    ret_text[size] = '\0';
    return size;
}

uint32_t sj_decimal_format_e6(int64_t value_e6, char ret_text[SJ_DECIMAL_TEXT_MAX])
{
    return sj_decimal_format(value_e6, 6, ret_text);
}
