/*
 * The whole way, as users run it: `shijim demo` in processes of its own, at a rate, for some
 * seconds. A run counts only when the demo's account holds (exit code 0).
 */
#include "bench/bench.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RESULT_MAX 65536
#define SECONDS 10
#define RATE 100000
#define RATE_STEP 1.15
#define RATE_MAX 1000000
#define DURABLE_LIMIT_NS 5000000
#define INGEST_LIMIT_NS 1000000

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

/* Whether the way holds at a rate: all accounted for, nothing dropped, both latencies within their
 * limits, and the rate was really there. */
static bool holds_at(uint64_t rate)
{
    json_t *result = run_demo(rate, SECONDS);
    if (!result)
        return false;
    bool holds = number(result, "", "dropped") == 0 && number(result, "", "malformed") == 0 &&
                 number(result, "ingest_latency", "p99_ns") < INGEST_LIMIT_NS &&
                 number(result, "durable_latency", "p99_ns") < DURABLE_LIMIT_NS &&
                 number(result, "", "rate") >= 0.97 * (double)rate;
    json_decref(result);
    return holds;
}

static double find_max_rate(void)
{
    double best = 0;
    for (double rate = RATE; rate <= RATE_MAX; rate *= RATE_STEP) {
        if (!holds_at((uint64_t)rate))
            break;
        best = rate;
    }
    return best;
}

int sj_bench_e2e(const struct sj_bench_options *options)
{
    settings = options;
    if (sj_bench_wants(options, "demo_100k") && bench_demo())
        return 1;
    if (sj_bench_wants(options, "max_rate")) {
        struct sj_bench_figure figure = {"e2e", "max_rate", "events_per_s", "1/s"};
        for (uint32_t run = 0; run < options->runs; run++)
            sj_bench_add(&figure, find_max_rate());
        sj_bench_report(options, &figure);
    }
    return 0;
}
SJ_BENCH(e2e, "the whole way: broker simulator to ClickHouse");
