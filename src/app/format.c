#include "app/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *sj_format_count(uint64_t value, char buffer[SJ_FORMAT_MAX])
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    char *out = buffer;
    for (int i = 0; i < size; i++) {
        if (i && (size - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = 0;
    return buffer;
}

struct scale {
    double factor;
    const char *unit;
};

static const char *scaled(double value, const struct scale *scales, size_t count,
                          char buffer[SJ_FORMAT_MAX])
{
    size_t i = 0;
    while (i + 1 < count && value >= scales[i + 1].factor)
        i++;
    double shown = value / scales[i].factor;
    int places = i == 0 || shown >= 100 ? 0 : shown >= 10 ? 1 : 2;
    snprintf(buffer, SJ_FORMAT_MAX, "%.*f %s", places, shown, scales[i].unit);
    return buffer;
}

const char *sj_format_ns(int64_t ns, char buffer[SJ_FORMAT_MAX])
{
    static const struct scale scales[] = {{1, "ns"}, {1e3, "us"}, {1e6, "ms"}, {1e9, "s"}};
    return scaled(ns < 0 ? 0 : (double)ns, scales, sizeof scales / sizeof scales[0], buffer);
}

const char *sj_format_bytes(uint64_t bytes, char buffer[SJ_FORMAT_MAX])
{
    static const struct scale scales[] = {{1, "B"},
                                          {1024.0, "KiB"},
                                          {1024.0 * 1024, "MiB"},
                                          {1024.0 * 1024 * 1024, "GiB"},
                                          {1024.0 * 1024 * 1024 * 1024, "TiB"}};
    return scaled((double)bytes, scales, sizeof scales / sizeof scales[0], buffer);
}

bool sj_format_colour(int fd)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return isatty(fd) && !(no_color && *no_color) && !(term && !strcmp(term, "dumb"));
}
