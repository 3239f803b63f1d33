#include "gateway/contract_check.h"

#include "base/clock.h"
#include "base/tw_time.h"

#include <string.h>

#define DIFFERS(field) (memcmp(&old->field, &fresh->field, sizeof old->field) != 0)

static bool is_other(const struct sj_instrument *old, const struct sj_instrument *fresh)
{
    if (DIFFERS(name) || DIFFERS(exchange) || DIFFERS(security) || DIFFERS(option_right) ||
        DIFFERS(currency) || DIFFERS(category) || DIFFERS(root) || DIFFERS(tick_rule) ||
        DIFFERS(underlying_code) || DIFFERS(strike_e6) || DIFFERS(multiplier_e6) ||
        DIFFERS(tick_e6) || DIFFERS(unit))
        return true;
    /* A continuous contract passes on to the next month: its delivery is another then. */
    if (!DIFFERS(target_code) && (DIFFERS(delivery_month) || DIFFERS(delivery_date)))
        return true;
    int64_t was = old->reference_e6, is = fresh->reference_e6;
    return was > 0 && is > 0 && (is >= was + was / 2 || is <= was / 2);
}

enum sj_contract_change sj_contract_compare(const struct sj_instrument *old,
                                            const struct sj_instrument *fresh)
{
    if (is_other(old, fresh))
        return SJ_CONTRACT_OTHER;
    bool daily = DIFFERS(target_code) || DIFFERS(delivery_month) || DIFFERS(delivery_date) ||
                 DIFFERS(day_trade) || DIFFERS(update_date) || DIFFERS(reference_e6) ||
                 DIFFERS(limit_up_e6) || DIFFERS(limit_down_e6);
    return daily ? SJ_CONTRACT_DAILY : SJ_CONTRACT_SAME;
}

bool sj_contract_too_many(uint32_t other_count, uint32_t count, double percent_max)
{
    return other_count > 1 && other_count * 100.0 > count * percent_max;
}

/* Two digits below `limit`. */
static bool two_digits(const char **text, int64_t limit, int64_t *ret_value)
{
    const char *at = *text;
    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
        return false;
    *ret_value = (at[0] - '0') * 10 + (at[1] - '0');
    *text = at + 2;
    return *ret_value < limit;
}

sj_rc sj_contract_times(const char *text, int64_t times_ns[SJ_CONTRACT_TIMES_MAX])
{
    sj_rc count = 0;
    for (;;) {
        int64_t hour, minute, second = 0;
        text += strspn(text, ", \t");
        if (*text == '\0')
            return count;
        if (count == SJ_CONTRACT_TIMES_MAX)
            return -SJ_E_LIMIT;
        if (!two_digits(&text, 24, &hour) || *text++ != ':' || !two_digits(&text, 60, &minute))
            return -SJ_E_MALFORMED;
        if (*text == ':' && (text++, !two_digits(&text, 60, &second)))
            return -SJ_E_MALFORMED;
        if (*text != '\0' && !strchr(", \t", *text))
            return -SJ_E_MALFORMED;
        times_ns[count++] = ((hour * 60 + minute) * 60 + second) * SJ_NS_PER_S;
    }
}

int64_t sj_contract_next_ns(const int64_t *times_ns, uint32_t count, int64_t utc_ns)
{
    int64_t next_ns = INT64_MAX;
    int64_t day_ns = sj_tw_to_utc_ns(sj_tw_date(utc_ns), 0);
    for (uint32_t i = 0; i < count; i++) {
        int64_t at_ns = day_ns + times_ns[i];
        if (at_ns <= utc_ns)
            at_ns += SJ_NS_PER_DAY;
        if (at_ns < next_ns)
            next_ns = at_ns;
    }
    return next_ns;
}
