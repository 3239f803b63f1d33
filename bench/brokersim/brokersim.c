/* What the broker simulator sustains to one client that only reads. */
#include "bench/brokersim/orders.h"
#include "brokersim/server.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 1000000

/* One run: the server on a thread of its own, flat out, the reader on this one. */
struct run {
    const struct sj_bench_options *options;
    struct sj_brokersim *sim;
    uint64_t read_events;
    double cpu_seconds;
    bool failed;
};

static double thread_seconds(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static void *serve(void *context)
{
    struct run *run = context;
    double from = thread_seconds();
    sj_rc rc = 0;
    while (rc >= 0) {
        rc = sj_brokersim_do_work(run->sim, 0);
        if (run->sim->halted)
            sj_brokersim_stop(run->sim);
    }
    run->cpu_seconds = thread_seconds() - from;
    run->failed = rc != -SJ_E_STOPPED;
    return NULL;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    static const char request[] = "GET /api/v1/stream/data HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        write(fd, request, sizeof request - 1) != (ssize_t)sizeof request - 1) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

/* Counts the events in what comes until `expected` of them are here. */
static uint64_t read_events(int fd, uint64_t expected)
{
    static char data[1 << 18];
    uint64_t count = 0;
    size_t kept = 0;
    while (count < expected) {
        ssize_t size = read(fd, data + kept, sizeof data - kept);
        if (size <= 0)
            break;
        const char *at = data, *end = data + kept + size, *found;
        while ((found = memmem(at, (size_t)(end - at), "event: ", 7))) {
            count++;
            at = found + 7;
        }
        kept = end - at < 6 ? (size_t)(end - at) : 6;
        memmove(data, end - kept, kept);
    }
    return count;
}

static bool open_sim(struct run *run)
{
    struct sj_brokersim_options options;
    char error[SJ_SIM_MESSAGE_MAX];
    sj_brokersim_defaults(&options);
    options.port = 0;
    options.instrument_count = 200;
    options.start_second = 9 * 3600 + 60;
    options.date = 20261123;
    options.speed = 0;
    options.rate = 300000;
    options.seed = run->options->seed;
    options.event_max = (uint64_t)(EVENTS * run->options->scale);
    options.wait_subscriptions = 1;
    if (sj_brokersim_init(&options, &run->sim, error) < 0) {
        fprintf(stderr, "%s\n", error);
        return false;
    }
    /* Ticks and books of every contract: each market event is one message. */
    for (uint32_t feed = 0; feed < run->sim->universe.count; feed++)
        run->sim->subscriptions[feed * SJ_SIM_SERVERS_MAX] = 1 << TOPIC_TICK | 1 << TOPIC_BOOK;
    return true;
}

static double run_once(void *context)
{
    struct run *run = context;
    pthread_t thread;
    struct timespec from, to;
    if (!open_sim(run))
        return 0;
    int fd = connect_to(sj_brokersim_port(run->sim, 0));
    while (fd >= 0 && run->sim->servers[0].stream_count == 0)
        if (sj_brokersim_do_work(run->sim, 1) < 0)
            break;
    run->sim->servers[0].subscription_count = 1; /* the market starts */
    clock_gettime(CLOCK_MONOTONIC, &from);
    if (fd < 0 || pthread_create(&thread, NULL, serve, run) != 0)
        return 0;
    run->read_events = read_events(fd, run->sim->options.event_max);
    clock_gettime(CLOCK_MONOTONIC, &to);
    pthread_join(thread, NULL);
    uint64_t written = 0;
    for (uint32_t i = 0; i < run->sim->universe.count * TOPIC_KINDS; i++)
        written += run->sim->accounts[i].written;
    run->failed |= written != run->read_events || written < run->sim->options.event_max;
    close(fd);
    sj_brokersim_close(run->sim);
    return (double)written /
           ((double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) * 1e-9);
}

static double run_cpu(void *context)
{
    struct run *run = context;
    run_once(run);
    return run->cpu_seconds * 1e9 / (double)(run->read_events ? run->read_events : 1);
}

int sj_bench_brokersim(const struct sj_bench_options *options);

int sj_bench_brokersim(const struct sj_bench_options *options)
{
    struct run run = {.options = options};
    struct sj_bench_figure rate = {
        .bench = "brokersim", .name = "sse_one_client", .metric = "events_per_s", .unit = "1/s"};
    struct sj_bench_figure cost = {
        .bench = "brokersim", .name = "sse_one_client", .metric = "cpu_per_event_ns", .unit = "ns"};
    if (!sj_bench_wants(options, "sse_one_client"))
        return bench_brokersim_orders(options);
    sj_bench_measure(options, &rate, run_once, &run);
    SJ_BENCH_CHECK(!run.failed, "read %llu events", (unsigned long long)run.read_events);
    sj_bench_measure(options, &cost, run_cpu, &run);
    SJ_BENCH_CHECK(!run.failed, "read %llu events", (unsigned long long)run.read_events);
    sj_bench_report(options, &rate);
    sj_bench_report(options, &cost);
    return bench_brokersim_orders(options);
}
SJ_BENCH(brokersim, "the broker simulator: its stream to one client, order calls");
