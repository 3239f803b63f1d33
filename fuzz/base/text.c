/* Any bytes as a decimal, a date, a time, a text for JSON: refused, or read back the same. */
#include <string.h>

#include "base/assert.h"
#include "base/decimal.h"
#include "base/json.h"
#include "base/tw_time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_decimal(const char *text, size_t size)
{
    for (uint32_t places = 0; places <= SJ_DECIMAL_PLACES_MAX; places += 3) {
        int64_t value, again;
        char back[SJ_DECIMAL_TEXT_MAX];
        if (sj_decimal_parse(text, size, places, &value) < 0)
            continue;
        uint32_t length = sj_decimal_format(value, places, back);
        sj_rc rc = sj_decimal_parse(back, length, places, &again);
        SJ_ASSERT(rc == 0 && again == value);
    }
}

static void check_time(const char *text, size_t size)
{
    int32_t date;
    int64_t time_ns, again;
    char back[SJ_TIME_TEXT_MAX];
    if (sj_date_parse(text, size, &date) == 0)
        SJ_ASSERT(sj_date_valid(date) && sj_date_from_day(sj_date_to_day(date)) == date);
    if (sj_time_of_day_parse(text, size, &time_ns) == 0)
        SJ_ASSERT(time_ns >= 0 && time_ns < SJ_NS_PER_DAY);
    if (sj_tw_parse(text, size, &time_ns) == 0) {
        uint32_t length = sj_tw_format(time_ns, 9, back);
        sj_rc rc = sj_tw_parse(back, length, &again);
        SJ_ASSERT(rc == 0 && again == time_ns);
    }
}

static void check_json(const char *text, size_t size)
{
    static char buffer[4096];
    struct sj_json json;
    sj_json_init(&json, buffer, sizeof buffer);
    sj_json_text_n(&json, text, size);
    sj_rc length = sj_json_finish(&json);
    SJ_ASSERT(length >= 2 || length == -SJ_E_LIMIT);
    for (sj_rc i = 0; i < length; i++)
        SJ_ASSERT((unsigned char)buffer[i] >= ' ');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_decimal((const char *)data, size);
    check_time((const char *)data, size);
    check_json((const char *)data, size);
    return 0;
}
