#include "gateway/parse_number.h"

#include "base/tw_time.h"

#define PLACES 6
#define EXPONENT_MAX 1000

#ifdef __SSE4_1__
/* Place p of the point: whole digits from p-10 up to p-1 (below zero: none), places from p+1 on; an
 * index with its high bit set gives zero. */
#define WHOLE(p, j) (uint8_t)((p)-10 + (j) < 0 ? 0x80 : (p)-10 + (j))
#define PLACE(p, j) (uint8_t)((p) + 1 + (j) > 15 ? 0x80 : (p) + 1 + (j))
#define SHUFFLE(p)                                                                                 \
    {                                                                                              \
        WHOLE(p, 0), WHOLE(p, 1), WHOLE(p, 2), WHOLE(p, 3), WHOLE(p, 4), WHOLE(p, 5), WHOLE(p, 6), \
            WHOLE(p, 7), WHOLE(p, 8), WHOLE(p, 9), PLACE(p, 0), PLACE(p, 1), PLACE(p, 2),          \
            PLACE(p, 3), PLACE(p, 4), PLACE(p, 5)                                                  \
    }
const uint8_t sj_parse_point_shuffles[17][16] = {
    SHUFFLE(0),  SHUFFLE(1),  SHUFFLE(2),  SHUFFLE(3),  SHUFFLE(4),  SHUFFLE(5),
    SHUFFLE(6),  SHUFFLE(7),  SHUFFLE(8),  SHUFFLE(9),  SHUFFLE(10), SHUFFLE(11),
    SHUFFLE(12), SHUFFLE(13), SHUFFLE(14), SHUFFLE(15), SHUFFLE(16)};
#endif

/* A JSON number taken apart; digits point into the text. */
struct number {
    bool negative;
    const char *whole;
    size_t whole_size;
    const char *places;
    size_t places_size;
    int32_t exponent;
};

static size_t digit_run(const char *text, const char *end)
{
    const char *at = text;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return (size_t)(at - text);
}

/* The exponent's value, clamped: beyond EXPONENT_MAX any digit is out of range or rounds away. */
static bool take_exponent(const char *at, const char *end, int32_t *ret_exponent)
{
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    size_t size = digit_run(at, end);
    if (size == 0 || at + size != end)
        return false;
    int32_t exponent = 0;
    for (size_t i = 0; i < size; i++)
        exponent = exponent < EXPONENT_MAX * 100 ? exponent * 10 + (at[i] - '0') : exponent;
    *ret_exponent = negative ? -exponent : exponent;
    return true;
}

static bool take_number(const char *text, size_t size, struct number *number)
{
    const char *at = text, *end = text + size;
    *number = (struct number){.negative = size > 0 && *text == '-'};
    at += number->negative;
    number->whole = at;
    number->whole_size = digit_run(at, end);
    if (number->whole_size == 0 || (*at == '0' && number->whole_size > 1))
        return false;
    at += number->whole_size;
    number->places = at;
    if (at < end && *at == '.') {
        number->places = ++at;
        number->places_size = digit_run(at, end);
        if (number->places_size == 0)
            return false;
        at += number->places_size;
    }
    if (at < end && (*at == 'e' || *at == 'E'))
        return take_exponent(at + 1, end, &number->exponent);
    return at == end;
}

bool sj_parse_number_valid(const char *text, size_t size)
{
    struct number number;
    return take_number(text, size, &number);
}

/* Digit `i` of whole and places as one run; zero behind it. */
static uint32_t digit_at(const struct number *number, int64_t i)
{
    if (i < (int64_t)number->whole_size)
        return (uint32_t)(number->whole[i] - '0');
    i -= (int64_t)number->whole_size;
    return i < (int64_t)number->places_size ? (uint32_t)(number->places[i] - '0') : 0;
}

/* Adds one to the magnitude if the digits from `kept` on call for it. */
static bool round_half_even(const struct number *number, int64_t kept, uint64_t *magnitude)
{
    int64_t count = (int64_t)(number->whole_size + number->places_size);
    bool rest = false;
    for (int64_t i = kept < 0 ? 0 : kept; i < count; i++)
        rest |= digit_at(number, i) != 0 && i > kept;
    uint32_t next = kept >= 0 ? digit_at(number, kept) : 0;
    bool rounded = rest || next != 0;
    if (next > 5 || (next == 5 && (rest || (*magnitude & 1))))
        *magnitude += 1;
    return rounded;
}

enum sj_parse_fault sj_parse_decimal(const char *text, size_t size, int64_t *ret_e6,
                                     bool *ret_rounded)
{
    struct number number;
    if (!take_number(text, size, &number))
        return SJ_PARSE_NUMBER;
    /* The digits kept, counted from the first; negative when all of them lie beyond the places. */
    int64_t kept = (int64_t)number.whole_size + number.exponent + PLACES;
    int64_t count = (int64_t)(number.whole_size + number.places_size);
    uint64_t magnitude = 0;
    bool zero = true;
    for (int64_t i = 0; i < kept && (i < count || !zero); i++) {
        uint32_t digit = digit_at(&number, i);
        zero = zero && digit == 0;
        if (__builtin_mul_overflow(magnitude, 10, &magnitude) ||
            __builtin_add_overflow(magnitude, digit, &magnitude))
            return SJ_PARSE_RANGE;
    }
    bool rounded = round_half_even(&number, kept, &magnitude);
    if (magnitude > (uint64_t)INT64_MAX)
        return SJ_PARSE_RANGE;
    *ret_e6 = number.negative ? -(int64_t)magnitude : (int64_t)magnitude;
    *ret_rounded = rounded;
    return SJ_PARSE_NONE;
}

enum sj_parse_fault sj_parse_integer(const char *text, size_t size, int64_t *ret_value)
{
    struct number number;
    if (!take_number(text, size, &number))
        return SJ_PARSE_NUMBER;
    if (number.places_size == 0 && number.exponent == 0) {
        int64_t value = 0;
        for (size_t i = 0; i < number.whole_size; i++) {
            if (__builtin_mul_overflow(value, 10, &value) ||
                __builtin_add_overflow(value, number.whole[i] - '0', &value))
                return SJ_PARSE_RANGE;
        }
        *ret_value = number.negative ? -value : value;
        return SJ_PARSE_NONE;
    }
    int64_t e6 = 0;
    bool rounded = false;
    enum sj_parse_fault fault = sj_parse_decimal(text, size, &e6, &rounded);
    if (fault == SJ_PARSE_NONE && (rounded || e6 % 1000000 != 0))
        fault = SJ_PARSE_RANGE;
    if (fault == SJ_PARSE_NONE)
        *ret_value = e6 / 1000000;
    return fault;
}

static bool two_digits(const char *text, int64_t most, int64_t *ret_value)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
        return false;
    *ret_value = (text[0] - '0') * 10 + (text[1] - '0');
    return *ret_value <= most;
}

bool sj_parse_time(const char *text, size_t size, int64_t *ret_ns)
{
    int64_t hours, minutes, seconds, rest = 0;
    if (size < 8 || size == 9 || size > 18 || text[2] != ':' || text[5] != ':' ||
        !two_digits(text, 23, &hours) || !two_digits(text + 3, 59, &minutes) ||
        !two_digits(text + 6, 59, &seconds))
        return false;
    if (size > 8) {
        if (text[8] != '.' || digit_run(text + 9, text + size) != size - 9)
            return false;
        for (size_t i = 9; i < 18; i++)
            rest = rest * 10 + (i < size ? text[i] - '0' : 0);
    }
    *ret_ns = ((hours * 60 + minutes) * 60 + seconds) * SJ_NS_PER_S + rest;
    return true;
}

#ifndef __SSE4_1__
bool sj_parse_decimal_plain(const char *start, const char *end, int64_t *ret_e6)
{
    const char *at = start + (*start == '-');
    uint64_t value = 0;
    size_t whole = digit_run(at, end);
    if (whole == 0 || whole > 12 || (*at == '0' && whole > 1))
        return false;
    for (size_t i = 0; i < whole; i++)
        value = value * 10 + (uint64_t)(at[i] - '0');
    at += whole;
    size_t places = 0;
    if (at < end && *at == '.') {
        places = digit_run(++at, end);
        if (places == 0 || places > PLACES)
            return false;
    }
    if (at + places != end)
        return false;
    for (size_t i = 0; i < PLACES; i++)
        value = value * 10 + (i < places ? (uint64_t)(at[i] - '0') : 0);
    *ret_e6 = *start == '-' ? -(int64_t)value : (int64_t)value;
    return true;
}
#endif
