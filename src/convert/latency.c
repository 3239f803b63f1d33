#include "convert/latency_private.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REDRAWS_MAX 64

uint64_t sj_mix(uint64_t seed, uint64_t a, uint64_t b)
{
    uint64_t z = seed;
    const uint64_t parts[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        z = (z ^ parts[i]) + UINT64_C(0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
        z ^= z >> 31;
    }
    return z;
}

sj_rc sj_latency_refuse(char error[256], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error, 256, format, args);
    va_end(args);
    return -SJ_E_MALFORMED;
}

/* "300us" at `text`; *ret_end behind it. */
static bool parse_duration(const char *text, int64_t *ret_ns, const char **ret_end)
{
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    char *end;
    double value = strtod(text, &end);
    if (end == text || !isfinite(value) || value < 0)
        return false;
    for (size_t i = 0; i < 4; i++) {
        size_t size = strlen(units[i].unit);
        if (!strncmp(end, units[i].unit, size) && value * units[i].ns <= (double)SJ_LATENCY_MAX) {
            *ret_ns = llround(value * units[i].ns);
            *ret_end = end + size;
            return true;
        }
    }
    return false;
}

static sj_rc parse_distribution(struct sj_latency *latency, const char *text, char error[256])
{
    static const struct {
        const char *name;
        enum sj_latency_model model;
        double low, high; /* of the second number, where it is one */
        const char *want;
    } kinds[] = {
        {"lognormal:", SJ_LATENCY_LOGNORMAL, 0, 5,
         "want lognormal:MEDIAN:SIGMA as in lognormal:300us:0.5; sigma is 0 .. 5"},
        {"pareto:", SJ_LATENCY_PARETO, 0.1, 100,
         "want pareto:LEAST:ALPHA as in pareto:200us:2.5; alpha is 0.1 .. 100"},
        {"normal:", SJ_LATENCY_NORMAL, 0, 0, "want normal:MEAN:DEVIATION as in normal:1ms:200us"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const char *end;
        int64_t deviation_ns = 0;
        size_t size = strlen(kinds[i].name);
        if (strncmp(text, kinds[i].name, size) != 0)
            continue;
        latency->model = kinds[i].model;
        if (!parse_duration(text + size, &latency->first_ns, &end) || (*end != ':' && *end != ','))
            return sj_latency_refuse(error, "%s", kinds[i].want);
        if (latency->model == SJ_LATENCY_NORMAL) {
            if (!parse_duration(end + 1, &deviation_ns, &end) || *end)
                return sj_latency_refuse(error, "%s", kinds[i].want);
            latency->second = (double)deviation_ns;
            return 0;
        }
        char *number_end;
        latency->second = strtod(end + 1, &number_end);
        if (*number_end || number_end == end + 1 ||
            !(latency->second >= kinds[i].low && latency->second <= kinds[i].high))
            return sj_latency_refuse(error, "%s", kinds[i].want);
        return 0;
    }
    return sj_latency_refuse(error,
                             "'%s' is no latency: want 5ms, normal:1ms:200us, lognormal:300us:0.5, "
                             "pareto:200us:2.5 or file:PATH",
                             text);
}

static sj_rc parse(struct sj_latency *latency, const char *text, const char *stream,
                   char error[256])
{
    const char *end;
    if (!strncmp(text, "file:", 5))
        return sj_latency_read(latency, text + 5, stream, error);
    const char *constant = !strncmp(text, "constant:", 9) ? text + 9 : text;
    if (parse_duration(constant, &latency->first_ns, &end) && !*end)
        return 0;
    return parse_distribution(latency, text, error);
}

sj_rc sj_latency_create(const char *text, const char *stream, uint64_t seed,
                        struct sj_latency **ret_latency, char error[256])
{
    struct sj_latency *latency = calloc(1, sizeof *latency);
    if (!latency) {
        snprintf(error, 256, "no memory for a latency model");
        return -ENOMEM;
    }
    latency->seed = seed;
    sj_rc rc = parse(latency, text, stream, error);
    if (rc < 0) {
        sj_latency_close(latency);
        return rc;
    }
    *ret_latency = latency;
    return 0;
}

sj_rc sj_latency_of_curve(int64_t *times, int64_t *values, size_t count,
                          struct sj_latency **ret_latency)
{
    struct sj_latency *latency = calloc(1, sizeof *latency);
    if (!latency)
        return -ENOMEM;
    *latency = (struct sj_latency){
        .model = SJ_LATENCY_CURVE, .count = count, .times = times, .values = values};
    *ret_latency = latency;
    return 0;
}

void sj_latency_close(struct sj_latency *latency)
{
    if (!latency)
        return;
    free(latency->times);
    free(latency->values);
    free(latency);
}

static int64_t interpolated(const struct sj_latency *latency, int64_t exch_ns)
{
    size_t low = 0;
    size_t high = latency->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (latency->times[middle] <= exch_ns)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return latency->values[0];
    if (low == latency->count)
        return latency->values[low - 1];
    double span = (double)(latency->times[low] - latency->times[low - 1]);
    double part = span > 0 ? (double)(exch_ns - latency->times[low - 1]) / span : 0;
    double from = (double)latency->values[low - 1];
    return llround(from + part * ((double)latency->values[low] - from));
}

/* The value at whose running count the draw falls. */
static int64_t from_histogram(const struct sj_latency *latency, uint64_t draw)
{
    uint64_t place = draw % (uint64_t)latency->times[latency->count - 1];
    size_t low = 0, high = latency->count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((uint64_t)latency->times[middle] <= place)
            low = middle + 1;
        else
            high = middle;
    }
    return latency->values[low];
}

/* 0 < u <= 1 */
static double unit(uint64_t draw)
{
    return ((double)(draw >> 11) + 1) * 0x1p-53;
}

/* Box and Muller, from the two halves of a second draw. */
static double normal(uint64_t draw)
{
    double v = (double)(sj_mix(draw, 1, 2) >> 11) * 0x1p-53;
    return sqrt(-2 * log(unit(draw))) * cos(6.283185307179586 * v);
}

static double from_distribution(const struct sj_latency *latency, uint64_t draw)
{
    double first = (double)latency->first_ns;
    if (latency->model == SJ_LATENCY_LOGNORMAL)
        return first * exp(latency->second * normal(draw));
    if (latency->model == SJ_LATENCY_PARETO)
        return first * pow(unit(draw), -1 / latency->second);
    /* What falls below 0 is drawn again: there is no such latency. */
    double value = first + latency->second * normal(draw);
    for (uint64_t again = 1; value < 0 && again <= REDRAWS_MAX; again++)
        value = first + latency->second * normal(sj_mix(draw, 3, again));
    return value < 0 ? first : value;
}

int64_t sj_latency_of(const struct sj_latency *latency, int64_t sent_ns, uint32_t a, uint64_t b)
{
    if (latency->model == SJ_LATENCY_CONSTANT)
        return latency->first_ns;
    if (latency->model == SJ_LATENCY_CURVE)
        return interpolated(latency, sent_ns);
    uint64_t draw = sj_mix(latency->seed, a, b);
    if (latency->model == SJ_LATENCY_SAMPLES)
        return latency->values[draw % latency->count];
    if (latency->model == SJ_LATENCY_HISTOGRAM)
        return from_histogram(latency, draw);
    double value = from_distribution(latency, draw);
    return value < (double)SJ_LATENCY_MAX ? llround(value) : SJ_LATENCY_MAX;
}
