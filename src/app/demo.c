#include "app/demo.h"

#include "app/format.h"
#include "app/view.h"
#include "base/clock.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MARK "shijim-demo"
#define POLL_NS (50 * SJ_NS_PER_MS)
#define SAMPLE_NS (500 * SJ_NS_PER_MS)
#define SETTLE_NS (20 * SJ_NS_PER_S)
#define STOP_NS (60 * SJ_NS_PER_S)

const char *sj_demo_path(const struct sj_demo *demo, const char *name,
                         char buffer[SJ_DEMO_PATH_MAX])
{
    snprintf(buffer, SJ_DEMO_PATH_MAX, "%s/%s", demo->dir, name);
    return buffer;
}

/* rm -r of our own folder, by a program that is on every machine. */
static sj_rc empty_folder(const char *dir)
{
    pid_t pid = fork();
    int status;
    if (pid == 0) {
        execlp("rm", "rm", "-rf", "--", dir, (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return -errno;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static sj_rc make_folder(struct sj_demo *demo)
{
    char mark[SJ_DEMO_PATH_MAX];
    sj_demo_path(demo, MARK, mark);
    if (access(demo->dir, F_OK) == 0) {
        if (access(mark, F_OK)) {
            sj_cli_fail(demo->cli, 0,
                        "%s is there and is not an earlier demo's; name another --dir", demo->dir);
            return -EEXIST;
        }
        sj_rc rc = empty_folder(demo->dir);
        if (rc < 0) {
            sj_cli_fail(demo->cli, 0, "emptying %s: %s", demo->dir, sj_rc_text(rc));
            return rc;
        }
    }
    FILE *file = mkdir(demo->dir, 0700) ? NULL : fopen(mark, "we");
    if (!file || fclose(file)) {
        sj_rc rc = -errno;
        sj_cli_fail(demo->cli, 0, "making %s: %s", demo->dir, sj_rc_text(rc));
        return rc;
    }
    return 0;
}

sj_rc sj_demo_prepare(struct sj_demo *demo)
{
    if (!demo->dir) {
        const char *tmp = getenv("TMPDIR");
        snprintf(demo->default_dir, sizeof demo->default_dir, "%.80s/shijim-demo-%u",
                 tmp && *tmp ? tmp : "/tmp", (unsigned)getuid());
        demo->dir = demo->default_dir;
    }
    /* Rings are memory: on a disk's file system their pages would be written back all the time, and
     * each fdatasync of the journal would wait for that. */
    snprintf(demo->bus_dir, sizeof demo->bus_dir, "/dev/shm/shijim-demo-%u-%d", (unsigned)getuid(),
             (int)getpid());
    sj_rc rc = make_folder(demo);
    if (rc < 0)
        return rc;
    rc = sj_http_create(NULL, &demo->client);
    if (rc < 0)
        sj_cli_fail(demo->cli, 0, "%s", sj_rc_text(rc));
    return rc;
}

static void write_servers(const struct sj_demo *demo, FILE *file)
{
    char ports[sizeof demo->sim_ports];
    char *rest = ports;
    char *port;
    memcpy(ports, demo->sim_ports, sizeof ports);
    fprintf(file, "broker:\n  servers:\n");
    while ((port = strsep(&rest, "\n")))
        if (*port)
            fprintf(file, "    - http://127.0.0.1:%s\n", port);
}

/* Two strategies on paper: one that quotes, one that takes. The simulated market is always open, so
 * the hours of the real one are not asked for. */
static void write_trading(const struct sj_demo *demo, FILE *file)
{
    fprintf(file,
            "trading:\n  mode: paper\n  state_dir: %s/state\n"
            "risk:\n  session_check: false\n  account_age_ms: 0\n  cash_check: false\n  "
            "margin_check: false\n"
            "strategies:\n"
            "  quotes:\n    use: market_maker\n    instruments: [\"FUT:TXF?6\", \"FUT:MXF?6\"]\n"
            "    calls: 100\n"
            "  signal:\n    use: micro_alpha\n    instruments: [\"FUT:TXF?7\"]\n",
            demo->dir);
}

sj_rc sj_demo_write_config(struct sj_demo *demo)
{
    char path[SJ_DEMO_PATH_MAX];
    FILE *file = fopen(sj_demo_path(demo, "shijim.yaml", path), "we");
    if (!file)
        return -errno;
    write_servers(demo, file);
    /* One subscription an instrument, so that 1,000 fit five connections of 200; continuous futures
     * (TXFR1) only repeat their month. */
    fprintf(file,
            "  instruments: [\"IND:*\", \"FUT:???[!R]?\", \"OPT:*\", \"STK:*\"]\n"
            "  subscribe_stocks: [tick]\n"
            "  subscribe_futures: [bidask]\n"
            "  calendar: always\n"
            "  login_budget_file: %s/logins\n",
            demo->dir);
    fprintf(file, "bus:\n  dir: %s\n", demo->bus_dir);
    fprintf(file, "journal:\n  dir: %s/journal\n", demo->dir);
    fprintf(file,
            "store:\n  url: http://127.0.0.1:%s\n  database: shijim\n  user: shijim\n"
            "  password_file: %s/store/writer.token\n",
            demo->store_port, demo->dir);
    if (demo->strategy)
        write_trading(demo, file);
    fprintf(file, "watch:\n  listen: 127.0.0.1:0\n  port_file: %s/run.port\n", demo->dir);
    return fclose(file) ? -errno : 0;
}

static bool all_subscribed(const struct sj_status *status)
{
    for (uint32_t i = 0; i < status->connection_count; i++)
        if (status->connections[i].planned == 0 ||
            status->connections[i].subscribed < status->connections[i].planned ||
            status->connections[i].streams == 0)
            return false;
    return status->connection_count > 0 && status->account.events > 0;
}

static sj_rc fetch(struct sj_demo *demo, struct sj_status *ret)
{
    char address[64];
    snprintf(address, sizeof address, "127.0.0.1:%s", demo->run_port);
    return sj_status_fetch(demo->client, address, ret);
}

sj_rc sj_demo_wait_subscribed(struct sj_demo *demo, int64_t timeout_ns,
                              const volatile sig_atomic_t *stop_asked)
{
    static struct sj_status status;
    int64_t deadline_ns = sj_clock_mono_ns() + timeout_ns;
    while (sj_clock_mono_ns() < deadline_ns && !*stop_asked) {
        if (fetch(demo, &status) >= 0 && all_subscribed(&status))
            return 0;
        if (!sj_child_running(&demo->run))
            break;
        nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
    }
    if (*stop_asked)
        return 0;
    sj_cli_fail(demo->cli, 0,
                "no data within %d s; the end of %s:", (int)(timeout_ns / SJ_NS_PER_S),
                demo->run.output);
    sj_child_show_end(&demo->run, 12);
    return -SJ_E_TIMEOUT;
}

/* --- the end --- */

/* The broker's own count of what it wrote to streams. */
struct sim_account {
    uint64_t written;
    uint64_t dropped;
    uint64_t pending;
    uint64_t late_ms;
    uint64_t market_events; /* subscribed or not */
};

static const char *sim_address(const struct sj_demo *demo, char buffer[64])
{
    snprintf(buffer, 64, "127.0.0.1:%.*s", (int)strcspn(demo->sim_ports, "\n"), demo->sim_ports);
    return buffer;
}

static uint64_t number(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

static uint64_t pending_events(const json_t *root)
{
    const json_t *server;
    const json_t *stream;
    uint64_t sum = 0;
    size_t i;
    size_t j;
    json_array_foreach(json_object_get(root, "servers"), i, server)
        json_array_foreach(json_object_get(server, "streams"), j, stream) sum +=
        number(stream, "pending_events");
    return sum;
}

static sj_rc ask_sim(struct sj_demo *demo, const char *path, const char *body,
                     struct sim_account *ret)
{
    char address[64];
    char url[160];
    struct sj_http_response response;
    static const char *const headers[] = {"Content-Type: application/json"};
    struct sj_http_request request = {.url = url,
                                      .body = body,
                                      .body_size = body ? strlen(body) : 0,
                                      .headers = headers,
                                      .header_count = body ? 1 : 0};
    snprintf(url, sizeof url, "http://%s%s", sim_address(demo, address), path);
    sj_rc rc = sj_http_perform(demo->client, &request, &response);
    if (rc < 0 || response.status != 200)
        return rc < 0 ? rc : -SJ_E_REFUSED;
    if (!ret)
        return 0;
    json_t *root = json_loadb(response.body, response.body_size, 0, NULL);
    const json_t *total = json_object_get(root, "total");
    *ret = (struct sim_account){
        .written = number(total, "written"),
        .dropped =
            number(total, "drop_fault") + number(total, "drop_slow") + number(total, "drop_closed"),
        .pending = pending_events(root),
        .late_ms = number(root, "market_late_ms"),
        .market_events = number(root, "market_events"),
    };
    bool whole = json_is_object(total);
    json_decref(root);
    return whole ? 0 : -SJ_E_MALFORMED;
}

/* Halts the market and waits until what the broker has written has all been received. */
static sj_rc run_dry(struct sj_demo *demo, struct sim_account *ret)
{
    static struct sj_status status;
    int64_t deadline_ns = sj_clock_mono_ns() + SETTLE_NS;
    sj_rc rc = ask_sim(demo, "/admin/market", "{\"action\":\"halt\"}", NULL);
    while (rc >= 0 && sj_clock_mono_ns() < deadline_ns) {
        rc = ask_sim(demo, "/admin/account", NULL, ret);
        if (rc >= 0)
            rc = fetch(demo, &status);
        if (rc >= 0 && ret->pending == 0 &&
            status.account.received >= ret->written + status.account.beats)
            return 0;
        nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
    }
    if (rc < 0)
        sj_cli_fail(demo->cli, 0, "asking the broker for its account: %s", sj_rc_text(rc));
    return rc;
}

static sj_rc read_account(struct sj_demo *demo, struct sj_status *ret)
{
    static char text[512 * 1024];
    char path[SJ_DEMO_PATH_MAX];
    FILE *file = fopen(sj_demo_path(demo, "account.json", path), "re");
    size_t size = file ? fread(text, 1, sizeof text, file) : 0;
    if (file)
        fclose(file);
    sj_rc rc = sj_status_parse(text, size, ret);
    if (rc < 0)
        sj_cli_fail(demo->cli, 0, "%s is no account; the end of %s:", path, demo->run.output);
    if (rc < 0)
        sj_child_show_end(&demo->run, 12);
    return rc;
}

/* `shijim audit` as a user would run it. */
static int audit(struct sj_demo *demo)
{
    char config[SJ_DEMO_PATH_MAX];
    char output[SJ_DEMO_PATH_MAX];
    struct sj_child child;
    const char *argv[] = {"shijim", "audit", "-c", sj_demo_path(demo, "shijim.yaml", config), NULL};
    sj_rc rc = sj_child_start(&child, "audit", sj_demo_path(demo, "audit.txt", output), argv);
    if (rc < 0)
        return SJ_EXIT_FAILED;
    while (sj_child_running(&child))
        nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
    if (child.exit_code || !demo->json)
        sj_child_show_end(&child, child.exit_code ? 12 : 8);
    return child.exit_code;
}

static bool check(struct sj_demo *demo, bool holds, const char *what)
{
    if (!demo->json)
        printf("  %-6s %s\n", holds ? "holds" : "BROKEN", what);
    else if (!holds)
        fprintf(stderr, "broken: %s\n", what);
    return holds;
}

static bool check_identities(struct sj_demo *demo, const struct sim_account *sim,
                             const struct sj_live_account *account, int audit_code)
{
    bool sent = check(demo, sim->written + account->beats + account->passed == account->received,
                      "sent by the broker + heartbeats + not market data = received");
    bool explained =
        check(demo,
              account->received == account->events + account->beats + account->passed +
                                       account->malformed + account->dropped,
              "received = events + heartbeats + not market data + malformed + dropped");
    bool accepted = check(demo, account->events + account->own == account->accepted,
                          "published = accepted by the journal");
    bool durable = check(demo, account->journal_accepted == account->durable, "accepted = durable");
    bool stored = check(
        demo, account->journal_events == account->acknowledged + account->waiting + account->dead,
        "durable = acknowledged + waiting + dead-lettered");
    bool audited = check(demo, audit_code == 0 && account->waiting == 0,
                         "every event of the journal is in ClickHouse exactly once (audit)");
    return sent && explained && accepted && durable && stored && audited;
}

static void add_latency(struct sj_json *json, const char *key,
                        const struct sj_status_latency *latency)
{
    sj_json_key(json, key);
    sj_json_begin_object(json);
    sj_json_field_uint(json, "count", latency->count);
    sj_json_field_int(json, "p50_ns", latency->p50_ns);
    sj_json_field_int(json, "p99_ns", latency->p99_ns);
    sj_json_field_int(json, "p999_ns", latency->p999_ns);
    sj_json_field_int(json, "max_ns", latency->max_ns);
    sj_json_end_object(json);
}

static void print_json(const struct sim_account *sim, const struct sj_status *status, double rate,
                       bool holds)
{
    char buffer[4096];
    struct sj_json json;
    sj_json_init(&json, buffer, sizeof buffer);
    sj_json_begin_object(&json);
    sj_json_field_bool(&json, "holds", holds);
    sj_json_field_real(&json, "rate", rate);
    sj_json_field_uint(&json, "sent", sim->written);
    sj_json_field_uint(&json, "received", status->account.received);
    sj_json_field_uint(&json, "events", status->account.events);
    sj_json_field_uint(&json, "malformed", status->account.malformed);
    sj_json_field_uint(&json, "dropped", status->account.dropped + sim->dropped);
    sj_json_field_uint(&json, "durable", status->account.durable);
    sj_json_field_uint(&json, "acknowledged", status->account.acknowledged);
    sj_json_field_uint(&json, "market_late_ms", sim->late_ms);
    add_latency(&json, "ingest_latency", &status->ingest);
    add_latency(&json, "durable_latency", &status->durable);
    sj_json_end_object(&json);
    if (sj_json_finish(&json) >= 0)
        puts(buffer);
}

static void print_words(const struct sj_demo *demo, const struct sim_account *sim,
                        const struct sj_status *status, double rate)
{
    printf("\nThe account of the run\n");
    printf("  %-28s %15s  market events, %s a second\n", "sent by the broker",
           SJ_COUNT(sim->written), SJ_COUNT(rate));
    if (sim->dropped)
        printf("  %-28s %15s  by the broker itself: the client was too slow\n", "",
               SJ_COUNT(sim->dropped));
    sj_view_account(stdout, &status->account);
    printf("\n");
    sj_view_latencies(stdout, status);
    printf("\nIdentities\n");
    (void)demo;
}

static void print_next(const struct sj_demo *demo)
{
    printf("\nLook on:\n"
           "  build/shijim journal cat %s/journal --type trade -n 3\n"
           "  build/shijim store --data %s/store --port 8123 &\n"
           "  build/shijim query -c %s/shijim.yaml --set store.url=http://127.0.0.1:8123 "
           "\"SELECT symbol, count(), sum(size) FROM ticks GROUP BY symbol ORDER BY 2 DESC LIMIT "
           "5\"\n",
           demo->dir, demo->dir, demo->dir);
}

int sj_demo_finish(struct sj_demo *demo)
{
    static struct sj_status status;
    struct sim_account sim = {0};
    double seconds = (double)(sj_clock_mono_ns() - demo->flow_ns) / 1e9;
    sj_rc rc = run_dry(demo, &sim);
    double rate = demo->flow_ns ? (double)(sim.written - demo->flow_written) / seconds : 0;
    sj_child_stop(&demo->run, STOP_NS);
    int run_code = demo->run.exit_code;
    if (rc >= 0)
        rc = read_account(demo, &status);
    int audit_code = rc < 0 ? SJ_EXIT_FAILED : audit(demo);
    sj_child_stop(&demo->sim, STOP_NS);
    sj_child_stop(&demo->store, STOP_NS);
    if (rc < 0)
        return SJ_EXIT_FAILED;
    if (!demo->json)
        print_words(demo, &sim, &status, rate);
    bool holds = check_identities(demo, &sim, &status.account, audit_code) && run_code == 0;
    if (demo->json)
        print_json(&sim, &status, rate, holds);
    else if (holds)
        print_next(demo);
    if (run_code && run_code != SJ_EXIT_IDENTITY) {
        sj_cli_fail(demo->cli, 0, "the recorder ended with code %d; the end of %s:", run_code,
                    demo->run.output);
        sj_child_show_end(&demo->run, 12);
        return SJ_EXIT_FAILED;
    }
    return holds ? SJ_EXIT_DONE : SJ_EXIT_IDENTITY;
}

/* Not every event of the market is subscribed: raises the market's rate until what is sent is what
 * was asked for. */
static sj_rc adjust_rate(struct sj_demo *demo)
{
    struct sim_account before;
    struct sim_account after;
    char body[96];
    sj_rc rc = ask_sim(demo, "/admin/account", NULL, &before);
    if (rc < 0)
        return rc;
    nanosleep(&(struct timespec){.tv_nsec = SAMPLE_NS}, NULL);
    rc = ask_sim(demo, "/admin/account", NULL, &after);
    if (rc < 0 || after.written <= before.written)
        return rc;
    double factor = (double)(after.market_events - before.market_events) /
                    (double)(after.written - before.written);
    snprintf(body, sizeof body, "{\"action\":\"rate\",\"value\":%.0f}",
             (double)demo->rate * factor);
    return ask_sim(demo, "/admin/market", body, NULL);
}

void sj_demo_clean(struct sj_demo *demo)
{
    sj_http_close(demo->client);
    if (empty_folder(demo->bus_dir) < 0)
        sj_cli_fail(demo->cli, 0, "%s is left behind", demo->bus_dir);
}

void sj_demo_note_flow(struct sj_demo *demo)
{
    struct sim_account sim;
    /* Twice: the first look still sees the market catching up. */
    for (int look = 0; look < 2; look++)
        if (adjust_rate(demo) < 0)
            return;
    if (ask_sim(demo, "/admin/account", NULL, &sim) < 0)
        return;
    demo->flow_ns = sj_clock_mono_ns();
    demo->flow_written = sim.written;
}
