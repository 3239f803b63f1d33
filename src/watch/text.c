#include "watch/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_SOURCE_MAX 64

void sj_text_done(struct sj_text *text)
{
    free(text->bytes);
    *text = (struct sj_text){0};
}

bool sj_text_failed(const struct sj_text *text)
{
    return text->failed;
}

static bool reserve(struct sj_text *text, size_t more)
{
    size_t wanted = text->size + more + 1;
    if (wanted <= text->capacity)
        return true;
    size_t capacity = text->capacity ? text->capacity : 4096;
    while (capacity < wanted)
        capacity *= 2;
    char *bytes = capacity > SJ_TEXT_SIZE_MAX ? NULL : realloc(text->bytes, capacity);
    if (!bytes) {
        text->failed = true;
        return false;
    }
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

void sj_text_add(struct sj_text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (text->failed || size < 0 || !reserve(text, (size_t)size))
        return;
    va_start(args, format);
    vsnprintf(text->bytes + text->size, (size_t)size + 1, format, args);
    va_end(args);
    text->size += (size_t)size;
}

const char *sj_text_label(const char *value, char buffer[SJ_LABEL_MAX])
{
    char *out = buffer;
    for (size_t i = 0; i < LABEL_SOURCE_MAX && value[i]; i++) {
        if (value[i] == '\\' || value[i] == '"')
            *out++ = '\\';
        if (value[i] == '\n') {
            *out++ = '\\';
            *out++ = 'n';
        } else {
            *out++ = value[i];
        }
    }
    *out = 0;
    return buffer;
}

void sj_prom_family(struct sj_text *text, const char *name, const char *type, const char *help)
{
    sj_text_add(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_name(struct sj_text *text, const char *name, const char *labels)
{
    if (*labels)
        sj_text_add(text, "%s{%s} ", name, labels);
    else
        sj_text_add(text, "%s ", name);
}

void sj_prom_uint(struct sj_text *text, const char *name, const char *labels, uint64_t value)
{
    add_name(text, name, labels);
    sj_text_add(text, "%llu\n", (unsigned long long)value);
}

void sj_prom_real(struct sj_text *text, const char *name, const char *labels, double value)
{
    add_name(text, name, labels);
    sj_text_add(text, "%.9g\n", value);
}

void sj_prom_summary(struct sj_text *text, const char *name, const char *help, const char *labels,
                     const struct sj_hist *hist_ns)
{
    struct sj_hist_summary summary;
    sj_hist_summarise(hist_ns, &summary);
    const struct {
        const char *quantile;
        int64_t ns;
    } rows[] = {
        {"0.5", summary.p50}, {"0.9", summary.p90}, {"0.99", summary.p99}, {"0.999", summary.p999}};
    const char *comma = *labels ? "," : "";
    sj_prom_family(text, name, "summary", help);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        sj_text_add(text, "%s{%s%squantile=\"%s\"} %.9g\n", name, labels, comma, rows[i].quantile,
                    (double)rows[i].ns / 1e9);
    char part[128];
    snprintf(part, sizeof part, "%s_sum", name);
    sj_prom_real(text, part, labels, (double)summary.sum / 1e9);
    snprintf(part, sizeof part, "%s_count", name);
    sj_prom_uint(text, part, labels, summary.count);
    snprintf(part, sizeof part, "%s_max", name);
    sj_prom_family(text, part, "gauge", "The largest seen");
    sj_prom_real(text, part, labels, (double)summary.max / 1e9);
}
