#include "convert/record.h"

#include <stdio.h>
#include <stdlib.h>

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
#define EXACT_MAX (INT64_C(1) << 53)

double sj_number_real(struct sj_number number)
{
    /* Both operands are exact doubles, so the one division rounds correctly. */
    if (number.places >= 0 && number.places <= 22 && number.digits <= EXACT_MAX &&
        number.digits >= -EXACT_MAX)
        return (double)number.digits / powers[number.places];
    char text[48];
    snprintf(text, sizeof text, "%llde%d", (long long)number.digits, -number.places);
    return strtod(text, NULL);
}

static sj_rc scale_up(int64_t digits, int32_t by, int64_t *ret)
{
    if (digits == 0)
        by = 0;
    for (; by > 0; by--)
        if (__builtin_mul_overflow(digits, 10, &digits))
            return -SJ_E_RANGE;
    *ret = digits;
    return 0;
}

sj_rc sj_number_scaled(struct sj_number number, int32_t places, int64_t *ret, bool *ret_rounded)
{
    if (places >= number.places)
        return scale_up(number.digits, places - number.places, ret);
    int32_t down = number.places - places;
    int64_t unit = 1;
    for (int32_t i = 0; i < down && i < 19; i++)
        if (__builtin_mul_overflow(unit, 10, &unit))
            break;
    if (down > 18) {
        if (number.digits && !ret_rounded)
            return -SJ_E_RANGE;
        if (ret_rounded)
            *ret_rounded |= number.digits != 0;
        *ret = 0; /* |digits| < 10^18 is less than half a unit, or rounds to even */
        return 0;
    }
    int64_t value = number.digits / unit;
    int64_t rest = number.digits % unit;
    if (rest) {
        if (!ret_rounded)
            return -SJ_E_RANGE;
        *ret_rounded = true;
        int64_t twice = llabs(rest) - (unit - llabs(rest)); /* > 0: more than half */
        if (twice > 0 || (twice == 0 && value % 2))
            value += number.digits < 0 ? -1 : 1;
    }
    *ret = value;
    return 0;
}

static const char *const texts[] = {
#define X(name, text) text,
    SJ_REJECT_TABLE(X)
#undef X
};

const char *sj_reject_text(enum sj_reject reject)
{
    return (unsigned)reject < SJ_REJECT_COUNT ? texts[reject] : "unknown";
}

const char *sj_reject_name(enum sj_reject reject)
{
    static const char *const names[] = {"none",  "truncated", "syntax", "missing", "type",
                                        "range", "kind",      "symbol", "columns", "too_long",
                                        "order", "latency",   "day",    "archive", "damage"};
    _Static_assert(sizeof names / sizeof names[0] == SJ_REJECT_COUNT, "a name for each");
    return (unsigned)reject < SJ_REJECT_COUNT ? names[reject] : "unknown";
}
