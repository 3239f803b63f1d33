/* Order calls over one Unix socket that stays open: how many a second, and how long an answer
 * takes. Beside it: the same bytes to and fro between two threads that do nothing else. */
#include "bench/brokersim/orders.h"

#include "base/clock.h"
#include "brokersim/brokersim.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CALLS 20000
#define ANSWER_BYTES 1500 /* about what a trade takes */
#define IN_FLIGHT 16      /* calls sent before their answers are read */
#define ID_SIZE 16

struct run {
    const struct sj_bench_options *options;
    struct sj_brokersim *sim;
    struct sj_hist *hist;
    char directory[64];
    uint32_t calls;
    uint32_t in_flight;
    uint32_t answered;
};

static void *serve(void *context)
{
    struct run *run = context;
    if (sj_brokersim_run(run->sim) < 0)
        run->answered = 0;
    return NULL;
}

static bool open_sim(struct run *run)
{
    struct sj_brokersim_options options;
    char error[SJ_SIM_MESSAGE_MAX];
    sj_brokersim_defaults(&options);
    options.port = 0;
    options.socket_dir = run->directory;
    options.instrument_count = 100;
    options.date = 20261123;
    options.always_open = true;
    options.rate = 1000;
    options.no_quota = true;
    options.seed = run->options->seed;
    if (sj_brokersim_init(&options, &run->sim, error) >= 0)
        return true;
    fprintf(stderr, "%s\n", error);
    return false;
}

static int connect_to(const struct run *run)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/server-%u.sock", run->directory,
             sj_brokersim_port(run->sim, 0));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static const char PLACE[] =
    "{\"contract\":{\"security_type\":\"STK\",\"exchange\":\"TSE\",\"code\":\"2330\"},"
    "\"stock_order\":{\"action\":\"Buy\",\"price\":990,\"quantity\":1,\"price_type\":\"LMT\","
    "\"order_type\":\"ROD\",\"order_lot\":\"Common\",\"custom_field\":\"bench\"}}";

/* Writes `count` calls at once: orders deep in the book, or the cancellations of `ids`. */
static bool send_calls(int fd, uint32_t count, char (*ids)[ID_SIZE], bool placing)
{
    char text[IN_FLIGHT * 512], cancel[64];
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        snprintf(cancel, sizeof cancel, "{\"trade_id\":\"%.15s\"}", ids[i]);
        const char *body = placing ? PLACE : cancel;
        size += (size_t)snprintf(text + size, sizeof text - size,
                                 "POST /api/v1/order/%s HTTP/1.1\r\nhost: localhost\r\n"
                                 "content-length: %zu\r\n\r\n%s",
                                 placing ? "place_order" : "cancel_order", strlen(body), body);
    }
    return write(fd, text, size) == (ssize_t)size;
}

/* The whole answer at `text`, or 0 when more has to come. */
static size_t answer_size(const char *text, size_t size)
{
    const char *end = memmem(text, size, "\r\n\r\n", 4);
    const char *content = end ? memmem(text, size, "content-length: ", 16) : NULL;
    size_t whole = content ? (size_t)(end - text) + 4 + strtoul(content + 16, NULL, 10) : 0;
    return whole <= size ? whole : 0;
}

/* Reads `count` answers; of placed orders keeps the ids. False when one is not 200. */
static bool read_answers(int fd, uint32_t count, char (*ids)[ID_SIZE])
{
    static char text[1 << 16];
    size_t size = 0, at = 0;
    for (uint32_t i = 0; i < count;) {
        size_t whole = answer_size(text + at, size - at);
        if (whole == 0) {
            ssize_t got = read(fd, text + size, sizeof text - 1 - size);
            if (got <= 0)
                return false;
            size += (size_t)got;
            text[size] = 0;
            continue;
        }
        const char *id = memmem(text + at, whole, "\"order\":{\"id\":\"", 15);
        if (strncmp(text + at, "HTTP/1.1 200", 12) != 0 || !id)
            return false;
        snprintf(ids[i++], ID_SIZE, "%.12s", id + 15);
        at += whole;
    }
    return true;
}

/* Places orders and cancels them, so many at a time. */
static uint32_t trade(struct run *run, int fd)
{
    char ids[IN_FLIGHT][ID_SIZE] = {""};
    uint32_t done = 0;
    for (bool placing = true; done < run->calls; placing = !placing, done += run->in_flight) {
        int64_t from = sj_clock_mono_ns();
        if (!send_calls(fd, run->in_flight, ids, placing) || !read_answers(fd, run->in_flight, ids))
            return done;
        sj_hist_record(run->hist, sj_clock_mono_ns() - from);
    }
    return done;
}

static double run_orders(void *context)
{
    struct run *run = context;
    pthread_t thread;
    run->answered = 0;
    if (!open_sim(run))
        return 0;
    int fd = connect_to(run);
    if (fd < 0 || pthread_create(&thread, NULL, serve, run) != 0)
        return 0;
    int64_t from = sj_clock_mono_ns();
    run->answered = trade(run, fd);
    double seconds = (double)(sj_clock_mono_ns() - from) / 1e9;
    sj_brokersim_stop(run->sim);
    pthread_join(thread, NULL);
    close(fd);
    sj_brokersim_close(run->sim);
    return run->answered / seconds;
}

static void *echo(void *context)
{
    int fd = *(int *)context;
    char data[ANSWER_BYTES];
    while (read(fd, data, sizeof data) > 0)
        if (write(fd, data, sizeof data) != (ssize_t)sizeof data)
            break;
    return NULL;
}

static double run_echo(void *context)
{
    struct run *run = context;
    int pair[2];
    char data[ANSWER_BYTES] = "";
    pthread_t thread;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 ||
        pthread_create(&thread, NULL, echo, &pair[1]) != 0)
        return 0;
    int64_t from = sj_clock_mono_ns();
    for (uint32_t i = 0; i < run->calls; i++)
        if (write(pair[0], data, 300) != 300 || read(pair[0], data, sizeof data) <= 0)
            break;
    double seconds = (double)(sj_clock_mono_ns() - from) / 1e9;
    close(pair[0]);
    pthread_join(thread, NULL);
    close(pair[1]);
    return run->calls / seconds;
}

/* `run` with so many calls in flight; the answers' times of one at a time. */
static int measure(struct run *run, const char *name, uint32_t in_flight)
{
    static struct sj_hist hists[SJ_BENCH_RUNS_MAX];
    const struct sj_bench_options *options = run->options;
    struct sj_bench_figure rate = {.bench = "brokersim",
                                   .name = name,
                                   .metric = "calls_per_s",
                                   .unit = "1/s",
                                   .reference = in_flight == 1 ? "echo_per_s" : NULL};
    struct sj_bench_figure answer = {.bench = "brokersim", .name = name};
    if (!sj_bench_wants(options, name))
        return 0;
    run->in_flight = in_flight;
    for (uint32_t i = 0; i < options->runs; i++) {
        run->hist = &hists[i];
        sj_hist_reset(run->hist);
        sj_bench_add(&rate, run_orders(run));
        SJ_BENCH_CHECK(run->answered == run->calls, "%u of %u calls answered", run->answered,
                       run->calls);
        if (in_flight == 1)
            sj_bench_add_reference(&rate, run_echo(run));
    }
    sj_bench_report(options, &rate);
    if (in_flight == 1)
        sj_bench_report_hists(options, &answer, hists, options->runs);
    return 0;
}

int bench_brokersim_orders(const struct sj_bench_options *options)
{
    uint32_t rounds = (uint32_t)(CALLS * options->scale) / (2 * IN_FLIGHT) + 1;
    struct run run = {.options = options, .calls = rounds * 2 * IN_FLIGHT};
    snprintf(run.directory, sizeof run.directory, "%.48s/sj-XXXXXX", options->directory);
    SJ_BENCH_CHECK(mkdtemp(run.directory), "%s: no directory for the socket", run.directory);
    int rc = measure(&run, "orders_one_in_flight", 1);
    if (rc == 0)
        rc = measure(&run, "orders_16_in_flight", IN_FLIGHT);
    rmdir(run.directory);
    return rc;
}
