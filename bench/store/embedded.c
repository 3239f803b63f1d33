/* The embedded store by itself: Native batches over HTTP into a table like `ticks`, one client. */
#include <arpa/inet.h>
#include <ftw.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/bench.h"
#include "store/embedded/buffer.h"
#include "store/embedded/embedded.h"

#define ROWS_PER_BATCH 50000
#define BATCHES_PER_RUN 40
#define TRIPS_PER_RUN 500
#define START_WAIT_S 30

int sj_bench_store_embedded(const struct sj_bench_options *options);

struct rig {
    char dir[4096];
    char token[128];
    uint16_t port;
    pid_t child;
    int fd;
    struct sj_emb_buffer batch;
    struct sj_hist batches;
    uint64_t batch_count;
    bool failed;
};

static void put_string(struct sj_emb_buffer *out, const char *text)
{
    unsigned char size = (unsigned char)strlen(text);
    if (sj_emb_buffer_append(out, &size, 1) < 0 || sj_emb_buffer_append(out, text, size) < 0)
        abort();
}

static void put_varint(struct sj_emb_buffer *out, uint64_t value)
{
    do {
        unsigned char byte = (unsigned char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        if (sj_emb_buffer_append(out, &byte, 1) < 0)
            abort();
        value >>= 7;
    } while (value > 0);
}

static void put_number(struct sj_emb_buffer *out, uint64_t value, size_t size)
{
    if (sj_emb_buffer_append(out, &value, size) < 0)
        abort();
}

/* One block: ts, seq, code, price, volume, side. Sequences start at `first`. */
static void make_batch(struct sj_emb_buffer *out, uint64_t first)
{
    static const struct {
        const char *name, *type;
        size_t size;
    } columns[] = {{"ts", "DateTime64(9)", 8}, {"seq", "UInt64", 8},    {"code", "String", 0},
                   {"price", "Int64", 8},      {"volume", "UInt32", 4}, {"side", "UInt8", 1}};
    out->size = 0;
    put_varint(out, sizeof(columns) / sizeof(columns[0]));
    put_varint(out, ROWS_PER_BATCH);
    for (size_t column = 0; column < sizeof(columns) / sizeof(columns[0]); column++) {
        put_string(out, columns[column].name);
        put_string(out, columns[column].type);
        for (uint64_t row = first; row < first + ROWS_PER_BATCH; row++) {
            char code[8];
            uint64_t values[] = {1700000000000000000ULL + row * 10000,     row,        0,
                                 100000000 + (row * 7919) % 1000 * 500000, row % 1000, row % 3};
            snprintf(code, sizeof(code), "%04u", (unsigned)(row % 1000));
            if (columns[column].size == 0)
                put_string(out, code);
            else
                put_number(out, values[column], columns[column].size);
        }
    }
}

static bool send_all(int fd, const void *data, size_t size)
{
    const char *bytes = data;
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* Reads one answer with a Content-Length; true for 200. The body goes to `body`. */
static bool read_answer(int fd, char *body, size_t body_size)
{
    char head[4096];
    size_t used = 0;
    char *end = NULL;
    while (!end && used < sizeof(head) - 1) {
        ssize_t got = recv(fd, head + used, sizeof(head) - 1 - used, 0);
        if (got <= 0)
            return false;
        used += (size_t)got;
        head[used] = '\0';
        end = strstr(head, "\r\n\r\n");
    }
    const char *length = end ? strcasestr(head, "\r\nContent-Length: ") : NULL;
    if (!length)
        return false;
    size_t left = strtoull(length + 18, NULL, 10);
    size_t have = used - (size_t)(end + 4 - head);
    if (left < have || left >= body_size)
        return false;
    memcpy(body, end + 4, have);
    for (; have < left;) {
        ssize_t got = recv(fd, body + have, left - have, 0);
        if (got <= 0)
            return false;
        have += (size_t)got;
    }
    body[have] = '\0';
    return strncmp(head, "HTTP/1.1 200", 12) == 0;
}

/* POSTs to `path` as the writer. */
static bool post(struct rig *rig, const char *path, const void *data, size_t size, char *body,
                 size_t body_size)
{
    char head[512];
    int head_size = snprintf(head, sizeof(head),
                             "POST %s HTTP/1.1\r\nHost: x\r\nX-ClickHouse-User: %s\r\n"
                             "X-ClickHouse-Key: %s\r\nContent-Length: %zu\r\n\r\n",
                             path, SJ_EMBEDDED_WRITER, rig->token, size);
    return send_all(rig->fd, head, (size_t)head_size) && send_all(rig->fd, data, size) &&
           read_answer(rig->fd, body, body_size);
}

static bool run_sql(struct rig *rig, const char *sql, char *body, size_t body_size)
{
    return post(rig, "/", sql, strlen(sql), body, body_size);
}

static double insert_run(void *context)
{
    struct rig *rig = context;
    char body[4096];
    int64_t spent_ns = 0;
    for (int i = 0; i < BATCHES_PER_RUN; i++) {
        make_batch(&rig->batch, rig->batch_count * ROWS_PER_BATCH);
        int64_t began_ns = sj_clock_mono_ns();
        rig->failed |= !post(rig, "/?query=INSERT+INTO+b+FORMAT+Native", rig->batch.data,
                             rig->batch.size, body, sizeof(body));
        int64_t took_ns = sj_clock_mono_ns() - began_ns;
        sj_hist_record(&rig->batches, took_ns);
        spent_ns += took_ns;
        rig->batch_count++;
    }
    return (double)BATCHES_PER_RUN * ROWS_PER_BATCH * 1e9 / (double)spent_ns;
}

static double trip_run(void *context, const char *path, const char *sql)
{
    struct rig *rig = context;
    char body[256];
    int64_t began_ns = sj_clock_mono_ns();
    for (int i = 0; i < TRIPS_PER_RUN; i++)
        rig->failed |= !post(rig, path, sql, strlen(sql), body, sizeof(body));
    return (double)(sj_clock_mono_ns() - began_ns) / TRIPS_PER_RUN;
}

static double ping_run(void *context)
{
    return trip_run(context, "/ping", "");
}

static double select_run(void *context)
{
    return trip_run(context, "/", "SELECT 1");
}

static bool read_line(const char *dir, const char *name, char *line, size_t size)
{
    char path[4200];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "r");
    bool found = file && fgets(line, (int)size, file) && strchr(line, '\n');
    if (file)
        fclose(file);
    if (found)
        line[strcspn(line, "\n")] = '\0';
    return found;
}

static bool connect_to(struct rig *rig)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(rig->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    rig->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = 60};
    int one = 1; /* a request is sent in two pieces: do not wait with the second */
    setsockopt(rig->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(rig->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return connect(rig->fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static void serve(const struct rig *rig)
{
    char data[4200];
    char port_file[4200];
    snprintf(data, sizeof(data), "%s/data", rig->dir);
    snprintf(port_file, sizeof(port_file), "%s/port", rig->dir);
    if (!freopen("/dev/null", "w", stdout))
        _exit(1);
    struct sj_embedded_options options = {.data_dir = data, .port_file = port_file};
    _exit(sj_store_embedded_main(&options));
}

/* Starts the store in a child and connects. */
static bool start(struct rig *rig, const char *directory)
{
    snprintf(rig->dir, sizeof(rig->dir), "%s/store_bench_XXXXXX", directory);
    if (!mkdtemp(rig->dir))
        return false;
    fflush(NULL);
    rig->child = fork();
    if (rig->child == 0)
        serve(rig);
    char port[32];
    for (int i = 0; rig->child > 0 && i < START_WAIT_S * 20; i++) {
        if (read_line(rig->dir, "port", port, sizeof(port)))
            break;
        if (waitpid(rig->child, NULL, WNOHANG) == rig->child) {
            rig->child = 0;
            return false;
        }
        poll(NULL, 0, 50);
    }
    rig->port = (uint16_t)strtoul(port, NULL, 10);
    return rig->child > 0 && read_line(rig->dir, "data/writer.token", rig->token, 128) &&
           connect_to(rig);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void stop(struct rig *rig)
{
    if (rig->fd >= 0)
        close(rig->fd);
    if (rig->child > 0) {
        kill(rig->child, SIGTERM);
        waitpid(rig->child, NULL, 0);
    }
    if (rig->dir[0] != '\0')
        nftw(rig->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    sj_emb_buffer_done(&rig->batch);
}

static bool check_rows(struct rig *rig)
{
    char body[4096];
    char wanted[64];
    uint64_t count = rig->batch_count * ROWS_PER_BATCH;
    snprintf(wanted, sizeof(wanted), "%llu\t%llu\n", (unsigned long long)count,
             (unsigned long long)(count * (count - 1) / 2));
    return run_sql(rig, "SELECT count(), sum(seq) FROM b", body, sizeof(body)) &&
           strcmp(body, wanted) == 0;
}

static void report(const struct sj_bench_options *options, struct rig *rig)
{
    struct sj_bench_figure rate = {.bench = "store_embedded",
                                   .name = "insert_native_50k",
                                   .metric = "rows_per_s",
                                   .unit = "rows/s"};
    struct sj_bench_figure trip = {.bench = "store_embedded",
                                   .name = "select_1",
                                   .metric = "ns_per_op",
                                   .unit = "ns",
                                   .reference = "ping"};
    if (sj_bench_wants(options, rate.name)) {
        sj_bench_measure(options, &rate, insert_run, rig);
        sj_bench_report(options, &rate);
        sj_bench_report_hists(options, &rate, &rig->batches, 1);
    }
    if (sj_bench_wants(options, trip.name)) {
        for (uint32_t i = 0; i < options->runs; i++) {
            sj_bench_add(&trip, select_run(rig));
            sj_bench_add_reference(&trip, ping_run(rig));
        }
        sj_bench_report(options, &trip);
    }
}

int sj_bench_store_embedded(const struct sj_bench_options *options)
{
    static struct rig rig;
    rig = (struct rig){.fd = -1};
    char body[4096];
    bool is_ready =
        start(&rig, options->directory) &&
        run_sql(&rig,
                "CREATE TABLE b (ts DateTime64(9) CODEC(DoubleDelta, ZSTD), seq UInt64 "
                "CODEC(DoubleDelta, ZSTD), code LowCardinality(String), price Int64 CODEC(ZSTD), "
                "volume UInt32 CODEC(ZSTD), side UInt8 CODEC(ZSTD)) ENGINE = MergeTree "
                "ORDER BY (code, ts)",
                body, sizeof(body));
    if (is_ready)
        report(options, &rig);
    bool is_right = is_ready && !rig.failed && check_rows(&rig);
    stop(&rig);
    SJ_BENCH_CHECK(is_ready,
                   "the embedded store does not start: is libchdb installed (./dev deps)?");
    SJ_BENCH_CHECK(is_right, "rows are missing or a request failed");
    return 0;
}
SJ_BENCH(store_embedded, "inserting into the embedded store, its answer to a small query");
