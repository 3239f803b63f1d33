#include "convert/number.h"

#define EXPONENT_MAX 400

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* One more digit of the value. Digits that are zero at the end of a fraction take no room. */
static bool take_digit(char c, struct sj_number *number, uint32_t *zeros, bool fraction)
{
    if (fraction && c == '0') {
        ++*zeros;
        return true;
    }
    for (uint32_t i = 0; i <= *zeros; i++) {
        if (__builtin_mul_overflow(number->digits, 10, &number->digits))
            return false;
        number->places += fraction;
    }
    *zeros = 0;
    return !__builtin_sub_overflow(number->digits, c - '0', &number->digits);
}

static const char *read_exponent(const char *text, int32_t *ret)
{
    bool negative = *text == '-';
    int32_t exponent = 0;
    if (*text == '-' || *text == '+')
        text++;
    if (!is_digit(*text))
        return NULL;
    for (; is_digit(*text); text++)
        if (exponent <= EXPONENT_MAX)
            exponent = exponent * 10 + (*text - '0');
    *ret = negative ? -exponent : exponent;
    return text;
}

/* The value is built as a negative one, which int64 holds more of. */
const char *sj_number_slow(const char *text, struct sj_number *ret, bool *ret_range)
{
    struct sj_number number = {0};
    uint32_t zeros = 0;
    bool fits = true;
    int32_t exponent = 0;
    *ret_range = false;
    bool negative = *text == '-';
    text += negative;
    if (!is_digit(*text) || (*text == '0' && is_digit(text[1])))
        return NULL;
    for (; is_digit(*text); text++)
        fits = fits && take_digit(*text, &number, &zeros, false);
    if (*text == '.') {
        if (!is_digit(*++text))
            return NULL;
        for (; is_digit(*text); text++)
            fits = fits && take_digit(*text, &number, &zeros, true);
    }
    if (*text == 'e' || *text == 'E') {
        text = read_exponent(text + 1, &exponent);
        if (!text)
            return NULL;
    }
    if (!fits || exponent > EXPONENT_MAX || exponent < -EXPONENT_MAX ||
        (!negative && number.digits == INT64_MIN)) {
        *ret_range = true;
        return text;
    }
    number.places -= exponent;
    if (!negative)
        number.digits = -number.digits;
    *ret = number;
    return text;
}
