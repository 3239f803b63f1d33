/*
 * The whole way, as users run it: `shijim demo` in processes of its own, at a rate, for some
 * seconds. A run counts only when the demo's account holds (exit code 0).
 */
#include "bench/bench.h"

#include "base/clock.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RESULT_MAX 65536
#define SECONDS 10
#define RATE 100000
#define DURABLE_LIMIT_NS 5000000
#define INGEST_LIMIT_NS 1000000

/* The search for the highest rate: a look of PROBE_SECONDS each, halving the range until it is
 * RATE_STEP wide; then RUNS of the found rate, and of lower ones until one is confirmed. */
#define RATE_MIN 50000
#define RATE_MAX 800000
#define RATE_STEP 1.1
#define PROBE_SECONDS 4
#define PROBE_TRIES 2
#define SEARCH_NS (210 * SJ_NS_PER_S)

int sj_bench_e2e(const struct sj_bench_options *options);

static const struct sj_bench_options *settings;

/* Runs the demo; its result as JSON, or NULL when its account did not hold. */
static json_t *run_demo(uint64_t rate, uint32_t seconds)
{
    char dir[] = "/tmp/shijim-e2e-XXXXXX";
    char text[RESULT_MAX];
    char data[64];
    char rate_text[24];
    char seconds_text[24];
    int ends[2];
    if (!mkdtemp(dir) || pipe(ends))
        return NULL;
    snprintf(data, sizeof data, "%s/demo", dir);
    snprintf(rate_text, sizeof rate_text, "%llu", (unsigned long long)rate);
    snprintf(seconds_text, sizeof seconds_text, "%u", seconds);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execl("/proc/self/exe", "shijim", "demo", "--json", "--rate", rate_text, "--seconds",
              seconds_text, "--dir", data, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    size_t size = 0;
    ssize_t got;
    while (size < sizeof text && (got = read(ends[0], text + size, sizeof text - size)) > 0)
        size += (size_t)got;
    close(ends[0]);
    int status;
    waitpid(pid, &status, 0);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    if (system(command))
        fprintf(stderr, "shijim bench: %s is left behind\n", dir);
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        return NULL;
    return json_loadb(text, size, 0, NULL);
}

static double number(const json_t *result, const char *object, const char *key)
{
    const json_t *from = *object ? json_object_get(result, object) : result;
    return json_number_value(json_object_get(from, key));
}

static const char *const metrics[] = {"p50_ns", "p99_ns", "p999_ns", "max_ns"};
#define METRIC_COUNT 4

static int bench_demo(void)
{
    struct sj_bench_figure bus[METRIC_COUNT];
    struct sj_bench_figure disk[METRIC_COUNT];
    struct sj_bench_figure dropped = {"e2e", "demo_100k", "dropped", "events"};
    for (int m = 0; m < METRIC_COUNT; m++) {
        bus[m] = (struct sj_bench_figure){"e2e", "demo_100k_bus", metrics[m], "ns"};
        disk[m] = (struct sj_bench_figure){"e2e", "demo_100k_durable", metrics[m], "ns"};
    }
    for (uint32_t run = 0; run < settings->runs; run++) {
        json_t *result = run_demo(RATE, SECONDS);
        SJ_BENCH_CHECK(result, "the demo's account does not hold");
        for (int m = 0; m < METRIC_COUNT; m++) {
            sj_bench_add(&bus[m], number(result, "ingest_latency", metrics[m]));
            sj_bench_add(&disk[m], number(result, "durable_latency", metrics[m]));
        }
        sj_bench_add(&dropped, number(result, "", "dropped"));
        json_decref(result);
    }
    for (int m = 0; m < METRIC_COUNT; m++)
        sj_bench_report(settings, &bus[m]);
    for (int m = 0; m < METRIC_COUNT; m++)
        sj_bench_report(settings, &disk[m]);
    sj_bench_report(settings, &dropped);
    return 0;
}

/* What one run says. */
struct run {
    bool is_whole; /* all accounted for, nothing dropped, and the rate was really there */
    bool is_quick; /* both latencies within their limits */
    double rate;
    double bus_p99_ns;
    double durable_p99_ns;
};

static struct run run_at(double rate)
{
    struct run run = {0};
    json_t *result = run_demo((uint64_t)rate, PROBE_SECONDS);
    if (!result)
        return run;
    run.rate = number(result, "", "rate");
    run.bus_p99_ns = number(result, "ingest_latency", "p99_ns");
    run.durable_p99_ns = number(result, "durable_latency", "p99_ns");
    run.is_whole = number(result, "", "dropped") == 0 && number(result, "", "malformed") == 0 &&
                   run.rate >= 0.97 * rate;
    run.is_quick = run.bus_p99_ns < INGEST_LIMIT_NS && run.durable_p99_ns < DURABLE_LIMIT_NS;
    json_decref(result);
    return run;
}

/* Others use the machine, too: a look counts as failed when it fails twice. */
static bool holds_at(double rate)
{
    for (int i = 0; i < PROBE_TRIES; i++) {
        struct run run = run_at(rate);
        fprintf(stderr, "shijim bench: %.0f/s: bus p99 %.2f ms, disk p99 %.2f ms%s\n", rate,
                run.bus_p99_ns / 1e6, run.durable_p99_ns / 1e6,
                run.is_whole ? "" : ", rate missed or events dropped");
        if (run.is_whole && run.is_quick)
            return true;
    }
    return false;
}

/* The figures of a rate. */
struct max_rate {
    struct sj_bench_figure rate, bus, durable;
};

/* Runs the rate until most runs were within the limits, or cannot be. Every run must be whole. */
static bool confirm(double rate, struct max_rate *ret)
{
    *ret = (struct max_rate){{"e2e", "max_rate", "events_per_s", "1/s"},
                             {"e2e", "max_rate_bus", "p99_ns", "ns"},
                             {"e2e", "max_rate_durable", "p99_ns", "ns"}};
    uint32_t slow_count = 0;
    for (uint32_t i = 0; i < settings->runs; i++) {
        struct run run = run_at(rate);
        slow_count += !run.is_quick;
        if (!run.is_whole || slow_count > settings->runs / 2)
            return false;
        sj_bench_add(&ret->rate, run.rate);
        sj_bench_add(&ret->bus, run.bus_p99_ns);
        sj_bench_add(&ret->durable, run.durable_p99_ns);
    }
    return true;
}

static int bench_max_rate(void)
{
    int64_t end_ns = sj_clock_mono_ns() + SEARCH_NS;
    double low = RATE_MIN;
    double high = RATE_MAX;
    while (high / low > RATE_STEP) {
        double middle = sqrt(low * high);
        if (holds_at(middle))
            low = middle;
        else
            high = middle;
    }
    struct max_rate found;
    int64_t begin_ns = sj_clock_mono_ns();
    while (!confirm(low, &found)) {
        /* As long as a try takes, no other would end in time. */
        int64_t now_ns = sj_clock_mono_ns();
        SJ_BENCH_CHECK(2 * now_ns - begin_ns < end_ns,
                       "%.0f/s was not confirmed: too much else runs on this machine", low);
        begin_ns = now_ns;
        low /= RATE_STEP;
    }
    sj_bench_report(settings, &found.rate);
    sj_bench_report(settings, &found.bus);
    sj_bench_report(settings, &found.durable);
    return 0;
}

int sj_bench_e2e(const struct sj_bench_options *options)
{
    settings = options;
    if (sj_bench_wants(options, "demo_100k") && bench_demo())
        return 1;
    if (sj_bench_wants(options, "max_rate") && bench_max_rate())
        return 1;
    return 0;
}
SJ_BENCH(e2e, "the whole way: broker simulator to ClickHouse");
