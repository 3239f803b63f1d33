#include "base/tw_time.h"

#include <stdio.h>
#include <string.h>

/* A market closed for longer than this is bad data, not a holiday. */
#define CLOSED_DAYS_MAX 60

static const uint8_t days_of_month[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

static bool is_leap(int32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool valid_ymd(int32_t year, int32_t month, int32_t day)
{
    if (year < 1700 || year > 2261 || month < 1 || month > 12 || day < 1)
        return false;
    return day <= days_of_month[month - 1] + (month == 2 && is_leap(year));
}

bool sj_date_valid(int32_t date)
{
    return valid_ymd(date / 10000, date / 100 % 100, date % 100);
}

/* Both conversions count from March, so that the leap day is the year's last
 * (H. Hinnant, "chrono-compatible low-level date algorithms"). */
int32_t sj_date_to_day(int32_t date)
{
    int32_t month = date / 100 % 100, day = date % 100;
    int32_t year = date / 10000 - (month <= 2);
    int32_t era = year / 400, year_of_era = year % 400;
    int32_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

int32_t sj_date_from_day(int32_t day)
{
    int32_t shifted = day + 719468;
    int32_t era = shifted / 146097, day_of_era = shifted % 146097;
    int32_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int32_t shifted_month = (5 * day_of_year + 2) / 153;
    int32_t day_of_month = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    int32_t month = shifted_month + (shifted_month < 10 ? 3 : -9);
    int32_t year = year_of_era + era * 400 + (month <= 2);
    return year * 10000 + month * 100 + day_of_month;
}

int32_t sj_date_weekday(int32_t date)
{
    /* 1970-01-01 was a Thursday; + 7 keeps the remainder of earlier days positive. */
    return ((sj_date_to_day(date) + 4) % 7 + 7) % 7;
}

int32_t sj_date_add(int32_t date, int32_t days)
{
    return sj_date_from_day(sj_date_to_day(date) + days);
}

/* Reads up to `digits_max` digits from *at; returns how many there were. */
static uint32_t read_digits(const char **at, const char *end, uint32_t digits_max, int64_t *ret)
{
    uint32_t count = 0;
    int64_t value = 0;
    while (*at < end && count < digits_max && **at >= '0' && **at <= '9') {
        value = value * 10 + (*(*at)++ - '0');
        count++;
    }
    *ret = value;
    return count;
}

static bool read_char(const char **at, const char *end, char wanted)
{
    if (*at == end || **at != wanted)
        return false;
    (*at)++;
    return true;
}

/* Reads a date from *at. */
static sj_rc read_date(const char **at, const char *end, int32_t *ret_date)
{
    int64_t year, month, day;
    if (read_digits(at, end, 4, &year) != 4)
        return -SJ_E_MALFORMED;
    char separator = *at < end && (**at == '-' || **at == '/') ? **at : '\0';
    if (separator) {
        if (!read_char(at, end, separator) || !read_digits(at, end, 2, &month) ||
            !read_char(at, end, separator) || !read_digits(at, end, 2, &day))
            return -SJ_E_MALFORMED;
    } else if (read_digits(at, end, 2, &month) != 2 || read_digits(at, end, 2, &day) != 2) {
        return -SJ_E_MALFORMED;
    }
    if (!valid_ymd((int32_t)year, (int32_t)month, (int32_t)day))
        return -SJ_E_RANGE;
    *ret_date = (int32_t)(year * 10000 + month * 100 + day);
    return 0;
}

sj_rc sj_date_parse(const char *text, size_t size, int32_t *ret_date)
{
    const char *at = text, *end = text + size;
    int32_t date;
    sj_rc rc = read_date(&at, end, &date);
    if (rc < 0)
        return rc;
    if (at != end)
        return -SJ_E_MALFORMED;
    *ret_date = date;
    return 0;
}

int32_t sj_tw_date(int64_t utc_ns)
{
    int64_t local_ns = utc_ns + SJ_TAIPEI_OFFSET_NS;
    int64_t day = local_ns / SJ_NS_PER_DAY - (local_ns % SJ_NS_PER_DAY < 0);
    return sj_date_from_day((int32_t)day);
}

int64_t sj_tw_time_of_day_ns(int64_t utc_ns)
{
    int64_t rest = (utc_ns + SJ_TAIPEI_OFFSET_NS) % SJ_NS_PER_DAY;
    return rest < 0 ? rest + SJ_NS_PER_DAY : rest;
}

int64_t sj_tw_to_utc_ns(int32_t date, int64_t time_of_day_ns)
{
    return sj_date_to_day(date) * SJ_NS_PER_DAY + time_of_day_ns - SJ_TAIPEI_OFFSET_NS;
}

/* Reads ".digits" if there is one, as ns. */
static bool read_fraction(const char **at, const char *end, int64_t *ret_ns)
{
    *ret_ns = 0;
    if (!read_char(at, end, '.'))
        return true;
    uint32_t digits = read_digits(at, end, 9, ret_ns);
    for (uint32_t i = digits; i < 9; i++)
        *ret_ns *= 10;
    return digits > 0;
}

sj_rc sj_time_of_day_parse(const char *text, size_t size, int64_t *ret_time_of_day_ns)
{
    const char *at = text, *end = text + size;
    int64_t hour, minute, second = 0, fraction_ns = 0;
    if (read_digits(&at, end, 2, &hour) != 2 || !read_char(&at, end, ':') ||
        read_digits(&at, end, 2, &minute) != 2)
        return -SJ_E_MALFORMED;
    if (read_char(&at, end, ':') &&
        (read_digits(&at, end, 2, &second) != 2 || !read_fraction(&at, end, &fraction_ns)))
        return -SJ_E_MALFORMED;
    if (at != end)
        return -SJ_E_MALFORMED;
    if (hour > 23 || minute > 59 || second > 59)
        return -SJ_E_RANGE;
    *ret_time_of_day_ns = (hour * 3600 + minute * 60 + second) * SJ_NS_PER_S + fraction_ns;
    return 0;
}

sj_rc sj_tw_parse(const char *text, size_t size, int64_t *ret_utc_ns)
{
    const char *at = text, *end = text + size;
    int32_t date;
    int64_t time_of_day_ns;
    sj_rc rc = read_date(&at, end, &date);
    if (rc < 0)
        return rc;
    if (!read_char(&at, end, 'T') && !read_char(&at, end, ' '))
        return -SJ_E_MALFORMED;
    rc = sj_time_of_day_parse(at, (size_t)(end - at), &time_of_day_ns);
    if (rc < 0)
        return rc;
    *ret_utc_ns = sj_tw_to_utc_ns(date, time_of_day_ns);
    return 0;
}

static uint32_t format(int32_t date, int64_t time_of_day_ns, uint32_t digits, char separator,
                       const char *zone, char ret_text[SJ_TIME_TEXT_MAX])
{
    int32_t second = (int32_t)(time_of_day_ns / SJ_NS_PER_S);
    int length = snprintf(ret_text, SJ_TIME_TEXT_MAX, "%04d-%02d-%02d%c%02d:%02d:%02d",
                          date / 10000, date / 100 % 100, date % 100, separator, second / 3600,
                          second / 60 % 60, second % 60);
    if (digits > 0) {
        int64_t fraction = time_of_day_ns % SJ_NS_PER_S;
        for (uint32_t i = digits; i < 9; i++)
            fraction /= 10;
        length += snprintf(ret_text + length, SJ_TIME_TEXT_MAX - (size_t)length, ".%0*lld",
                           (int)digits, (long long)fraction);
    }
    length += snprintf(ret_text + length, SJ_TIME_TEXT_MAX - (size_t)length, "%s", zone);
    return (uint32_t)length;
}

uint32_t sj_tw_format(int64_t utc_ns, uint32_t digits, char ret_text[SJ_TIME_TEXT_MAX])
{
    return format(sj_tw_date(utc_ns), sj_tw_time_of_day_ns(utc_ns), digits, ' ', "", ret_text);
}

uint32_t sj_utc_format(int64_t utc_ns, uint32_t digits, char ret_text[SJ_TIME_TEXT_MAX])
{
    int64_t as_taipei = utc_ns - SJ_TAIPEI_OFFSET_NS;
    return format(sj_tw_date(as_taipei), sj_tw_time_of_day_ns(as_taipei), digits, 'T', "Z",
                  ret_text);
}

static bool contains(const int32_t *dates, uint32_t count, int32_t date)
{
    uint32_t low = 0;
    while (low < count) {
        uint32_t middle = low + (count - low) / 2;
        if (dates[middle] == date)
            return true;
        if (dates[middle] < date)
            low = middle + 1;
        else
            count = middle;
    }
    return false;
}

bool sj_tw_is_trading_day(int32_t date, const struct sj_tw_holidays *holidays)
{
    int32_t weekday = sj_date_weekday(date);
    bool weekend = weekday == 0 || weekday == 6;
    if (!holidays)
        return !weekend;
    if (weekend)
        return contains(holidays->open, holidays->open_count, date);
    return !contains(holidays->closed, holidays->closed_count, date);
}

static int32_t step_trading_day(int32_t date, int32_t step, const struct sj_tw_holidays *holidays)
{
    for (int32_t i = 1; i <= CLOSED_DAYS_MAX; i++) {
        int32_t candidate = sj_date_add(date, i * step);
        if (sj_tw_is_trading_day(candidate, holidays))
            return candidate;
    }
    return sj_date_add(date, step);
}

int32_t sj_tw_next_trading_day(int32_t date, const struct sj_tw_holidays *holidays)
{
    return step_trading_day(date, 1, holidays);
}

int32_t sj_tw_previous_trading_day(int32_t date, const struct sj_tw_holidays *holidays)
{
    return step_trading_day(date, -1, holidays);
}

int32_t sj_tw_trading_day(int64_t utc_ns, const struct sj_tw_holidays *holidays)
{
    int32_t date = sj_tw_date(utc_ns);
    bool night = sj_tw_time_of_day_ns(utc_ns) >= SJ_TW_NIGHT_OPEN_NS;
    if (!night && sj_tw_is_trading_day(date, holidays))
        return date;
    return sj_tw_next_trading_day(date, holidays);
}
