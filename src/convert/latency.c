#include "convert/latency.h"

#include "base/clock.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATENCY_MAX (SJ_NS_PER_DAY)
#define SAMPLES_MAX 10000000

enum model { CONSTANT, LOGNORMAL, SAMPLES, CURVE };

struct sj_latency {
    enum model model;
    uint64_t seed;
    int64_t median_ns;
    double sigma;
    size_t count;
    int64_t *times; /* CURVE, rising */
    int64_t *values;
};

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

__attribute__((format(printf, 2, 3))) static sj_rc refuse(char error[256], const char *format, ...)
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
        if (!strncmp(end, units[i].unit, size) && value * units[i].ns <= (double)LATENCY_MAX) {
            *ret_ns = llround(value * units[i].ns);
            *ret_end = end + size;
            return true;
        }
    }
    return false;
}

static sj_rc add_sample(struct sj_latency *latency, const char *path, uint64_t number,
                        const char *line, char error[256])
{
    long long first;
    long long second;
    char rest;
    int fields = sscanf(line, "%lld%*1[, \t]%lld %c", &first, &second, &rest);
    enum model model = fields == 2 ? CURVE : SAMPLES;
    int64_t value = fields == 2 ? second : first;
    if (fields < 1 || fields > 2 || (latency->count && model != latency->model))
        return refuse(error, "%s:%llu: want one latency in ns, or exchange time and latency", path,
                      (unsigned long long)number);
    if (value < 0 || value > LATENCY_MAX)
        return refuse(error, "%s:%llu: a latency is 0 .. 1 day, not %lld ns", path,
                      (unsigned long long)number, (long long)value);
    if (model == CURVE && latency->count && first < latency->times[latency->count - 1])
        return refuse(error, "%s:%llu: the times must rise", path, (unsigned long long)number);
    latency->model = model;
    if (model == CURVE)
        latency->times[latency->count] = first;
    latency->values[latency->count++] = value;
    return 0;
}

static sj_rc read_samples(struct sj_latency *latency, const char *path, char error[256])
{
    FILE *file = fopen(path, "re");
    char line[128];
    uint64_t number = 0;
    size_t room = 0;
    sj_rc rc = 0;
    if (!file) {
        rc = -errno;
        snprintf(error, 256, "%s: %s", path, sj_rc_text(rc));
        return rc;
    }
    while (rc >= 0 && fgets(line, sizeof line, file)) {
        number++;
        if (*line == '#' || *line == '\n')
            continue;
        if (latency->count == room) {
            room = room ? 2 * room : 1024;
            int64_t *times = realloc(latency->times, room * sizeof *times);
            latency->times = times ? times : latency->times;
            int64_t *values = realloc(latency->values, room * sizeof *values);
            latency->values = values ? values : latency->values;
            if (!times || !values || room > 2 * SAMPLES_MAX) {
                rc = -ENOMEM;
                snprintf(error, 256, "%s: more than %d latencies", path, SAMPLES_MAX);
                break;
            }
        }
        rc = add_sample(latency, path, number, line, error);
    }
    fclose(file);
    if (rc >= 0 && !latency->count)
        rc = refuse(error, "%s: there is no latency in it", path);
    return rc;
}

static sj_rc parse(struct sj_latency *latency, const char *text, char error[256])
{
    const char *end;
    if (!strncmp(text, "file:", 5))
        return read_samples(latency, text + 5, error);
    if (!strncmp(text, "constant:", 9))
        text += 9;
    if (!strncmp(text, "lognormal:", 10)) {
        latency->model = LOGNORMAL;
        char *sigma_end;
        if (!parse_duration(text + 10, &latency->median_ns, &end) || *end != ',')
            return refuse(error, "want lognormal:MEDIAN,SIGMA as in lognormal:300us,0.5");
        latency->sigma = strtod(end + 1, &sigma_end);
        if (*sigma_end || sigma_end == end + 1 || !(latency->sigma >= 0 && latency->sigma <= 5))
            return refuse(error, "sigma is a number 0 .. 5, not '%s'", end + 1);
        return 0;
    }
    if (!parse_duration(text, &latency->median_ns, &end) || *end)
        return refuse(error, "'%s' is no latency: want 5ms, lognormal:300us,0.5 or file:PATH",
                      text);
    return 0;
}

sj_rc sj_latency_create(const char *text, uint64_t seed, struct sj_latency **ret_latency,
                        char error[256])
{
    struct sj_latency *latency = calloc(1, sizeof *latency);
    if (!latency)
        return -ENOMEM;
    latency->seed = seed;
    sj_rc rc = parse(latency, text, error);
    if (rc < 0) {
        sj_latency_close(latency);
        return rc;
    }
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

int64_t sj_latency_of(const struct sj_latency *latency, int64_t exch_ns, uint32_t file,
                      uint64_t offset)
{
    if (latency->model == CONSTANT)
        return latency->median_ns;
    if (latency->model == CURVE)
        return interpolated(latency, exch_ns);
    uint64_t draw = sj_mix(latency->seed, file, offset);
    if (latency->model == SAMPLES)
        return latency->values[draw % latency->count];
    /* Box and Muller, from the two halves of a second draw. */
    uint64_t other = sj_mix(draw, 1, 2);
    double u = ((double)(draw >> 11) + 1) * 0x1p-53;
    double v = (double)(other >> 11) * 0x1p-53;
    double normal = sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
    double value = (double)latency->median_ns * exp(latency->sigma * normal);
    return value < (double)LATENCY_MAX ? llround(value) : LATENCY_MAX;
}
