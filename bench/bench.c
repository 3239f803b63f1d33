#include "bench/bench.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/json.h"

static struct sj_bench_entry *entries;

void sj_bench_register(struct sj_bench_entry *entry)
{
    struct sj_bench_entry **at = &entries;
    while (*at && strcmp((*at)->name, entry->name) < 0)
        at = &(*at)->next;
    entry->next = *at;
    *at = entry;
}

const struct sj_bench_entry *sj_bench_first(void)
{
    return entries;
}

struct sj_bench_options sj_bench_options_default(void)
{
    return (struct sj_bench_options){
        .runs = SJ_BENCH_RUNS_MIN, .seed = 1, .directory = ".", .scale = 1, .out = stdout};
}

int sj_bench_run(const char *name, const struct sj_bench_options *options)
{
    bool found = false;
    int failed = 0;
    SJ_ASSERT(options->runs >= 1 && options->runs <= SJ_BENCH_RUNS_MAX);
    for (const struct sj_bench_entry *at = entries; at; at = at->next) {
        if (name && strcmp(name, at->name) != 0)
            continue;
        found = true;
        failed |= at->run(options) != 0;
        fflush(options->out);
    }
    if (found)
        return failed;
    fprintf(stderr, "shijim bench: no bench \"%s\"; there are:", name ? name : "");
    for (const struct sj_bench_entry *at = entries; at; at = at->next)
        fprintf(stderr, " %s", at->name);
    fputc('\n', stderr);
    return 2;
}

bool sj_bench_wants(const struct sj_bench_options *options, const char *name)
{
    return !options->only || strstr(name, options->only);
}

void sj_bench_add(struct sj_bench_figure *figure, double value)
{
    SJ_ASSERT(figure->value_count < SJ_BENCH_RUNS_MAX);
    figure->values[figure->value_count++] = value;
}

void sj_bench_add_reference(struct sj_bench_figure *figure, double value)
{
    SJ_ASSERT(figure->reference_count < SJ_BENCH_RUNS_MAX);
    figure->reference_values[figure->reference_count++] = value;
}

void sj_bench_measure(const struct sj_bench_options *options, struct sj_bench_figure *figure,
                      double (*run)(void *context), void *context)
{
    run(context);
    for (uint32_t i = 0; i < options->runs; i++)
        sj_bench_add(figure, run(context));
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

struct sj_bench_median sj_bench_median_of(const double *values, uint32_t count)
{
    double sorted[SJ_BENCH_RUNS_MAX];
    SJ_ASSERT(count > 0 && count <= SJ_BENCH_RUNS_MAX);
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, compare);
    double upper = sorted[count / 2], lower = sorted[(count - 1) / 2];
    return (struct sj_bench_median){(lower + upper) / 2, sorted[0], sorted[count - 1]};
}

static void print_json(const struct sj_bench_options *options, const struct sj_bench_figure *figure,
                       struct sj_bench_median value, struct sj_bench_median reference)
{
    char line[1024];
    struct sj_json json;
    sj_json_init(&json, line, sizeof line);
    sj_json_begin_object(&json);
    sj_json_field_text(&json, "bench", figure->bench);
    sj_json_field_text(&json, "case", figure->name);
    sj_json_field_text(&json, "metric", figure->metric);
    sj_json_field_real(&json, "value", value.median);
    sj_json_field_text(&json, "unit", figure->unit);
    sj_json_field_real(&json, "min", value.min);
    sj_json_field_real(&json, "max", value.max);
    sj_json_field_uint(&json, "runs", figure->value_count);
    if (figure->reference) {
        sj_json_field_text(&json, "reference", figure->reference);
        sj_json_field_real(&json, "reference_value", reference.median);
        sj_json_field_real(&json, "ratio", value.median / reference.median);
    }
    sj_json_end_object(&json);
    if (sj_json_finish(&json) >= 0)
        fprintf(options->out, "%s\n", line);
}

/* 1234567 as "1.235 M": four digits are what a run is good for. */
static const char *human(double value, char *text, size_t size)
{
    static const char *const prefixes[] = {"", " k", " M", " G", " T"};
    uint32_t step = 0;
    while (value >= 10000 && step < 4) {
        value /= 1000;
        step++;
    }
    snprintf(text, size, "%.4g%s", value, prefixes[step]);
    return text;
}

static void print_human(const struct sj_bench_options *options,
                        const struct sj_bench_figure *figure, struct sj_bench_median value,
                        struct sj_bench_median reference)
{
    char median[32], min[32], max[32], other[32];
    fprintf(options->out, "%-10s %-22s %-14s %12s %-5s (%s .. %s)", figure->bench, figure->name,
            figure->metric, human(value.median, median, sizeof median), figure->unit,
            human(value.min, min, sizeof min), human(value.max, max, sizeof max));
    if (figure->reference)
        fprintf(options->out, "  %.2f x %s (%s)", value.median / reference.median,
                figure->reference, human(reference.median, other, sizeof other));
    fputc('\n', options->out);
}

void sj_bench_report(const struct sj_bench_options *options, const struct sj_bench_figure *figure)
{
    struct sj_bench_median value = sj_bench_median_of(figure->values, figure->value_count);
    struct sj_bench_median reference = {0};
    if (figure->reference)
        reference = sj_bench_median_of(figure->reference_values, figure->reference_count);
    (options->json ? print_json : print_human)(options, figure, value, reference);
    fflush(options->out);
}

void sj_bench_report_hists(const struct sj_bench_options *options,
                           const struct sj_bench_figure *figure, const struct sj_hist *hists,
                           uint32_t hist_count)
{
    static const struct {
        const char *metric;
        double percent;
    } wanted[] = {
        {"p50_ns", 50}, {"p90_ns", 90}, {"p99_ns", 99}, {"p999_ns", 99.9}, {"max_ns", 100}};
    struct sj_bench_figure line = *figure;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        line.metric = wanted[i].metric;
        line.unit = "ns";
        line.value_count = 0;
        line.reference = i == 0 ? figure->reference : NULL;
        for (uint32_t run = 0; run < hist_count; run++)
            sj_bench_add(&line, (double)sj_hist_percentile(&hists[run], wanted[i].percent));
        sj_bench_report(options, &line);
    }
    line.metric = "count";
    line.unit = "1";
    line.value_count = 0;
    for (uint32_t run = 0; run < hist_count; run++)
        sj_bench_add(&line, (double)hists[run].count);
    sj_bench_report(options, &line);
}
