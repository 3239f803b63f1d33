#include "app/command.h"
#include "app/format.h"
#include "app/view.h"
#include "base/cli.h"
#include "base/clock.h"

#include "bus/bus.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEFAULT_ADDRESS "127.0.0.1:9464"

static volatile sig_atomic_t stop_asked;

static void ask_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

static const char *policy_name(enum sj_bus_policy policy)
{
    static const char *const names[] = {"gate", "lossy", "conflate", "evict"};
    return names[policy <= SJ_BUS_EVICT ? policy : 0];
}

struct rings {
    const char *dir;
    bool json;
    uint32_t count;
};

/* A producer that lives but no longer turns shows here. */
static int64_t beat_age_ns(const struct sj_bus_stat *stat)
{
    int64_t age_ns = sj_clock_mono_ns() - stat->beat_ns;
    return age_ns > 0 ? age_ns : 0;
}

static void print_ring(const struct sj_bus_stat *stat)
{
    printf("ring %-12s source %u  %s events  %s  %s refused  producer %d %s", stat->name, stat->src,
           SJ_COUNT(stat->last_seq), SJ_BYTES(stat->size), SJ_COUNT(stat->refused_count),
           stat->producer_pid,
           stat->closed           ? "closed"
           : stat->producer_alive ? "alive"
                                  : "dead");
    if (stat->producer_alive && !stat->closed)
        printf(", beat %.1f s ago", (double)beat_age_ns(stat) / 1e9);
    putchar('\n');
    for (uint32_t i = 0; i < stat->reader_count; i++) {
        const struct sj_bus_reader_stat *reader = &stat->readers[i];
        printf("  reader %-16s %-8s lag %s (most %s)  lost %s  %d %s\n", reader->name,
               policy_name(reader->policy), SJ_COUNT(reader->lag_count),
               SJ_COUNT(reader->lag_high_count), SJ_COUNT(reader->lost_count), reader->pid,
               reader->evicted ? "evicted"
               : reader->alive ? "alive"
                               : "dead");
    }
}

static void print_ring_json(const struct sj_bus_stat *stat)
{
    static char buffer[32768];
    struct sj_json json;
    sj_json_init(&json, buffer, sizeof buffer);
    sj_json_begin_object(&json);
    sj_json_field_text(&json, "ring", stat->name);
    sj_json_field_uint(&json, "src", stat->src);
    sj_json_field_uint(&json, "last_seq", stat->last_seq);
    sj_json_field_uint(&json, "refused", stat->refused_count);
    sj_json_field_uint(&json, "size_bytes", stat->size);
    sj_json_field_bool(&json, "producer_alive", stat->producer_alive);
    sj_json_field_bool(&json, "closed", stat->closed);
    sj_json_field_int(&json, "beat_age_ns", beat_age_ns(stat));
    sj_json_key(&json, "readers");
    sj_json_begin_array(&json);
    for (uint32_t i = 0; i < stat->reader_count; i++) {
        const struct sj_bus_reader_stat *reader = &stat->readers[i];
        sj_json_begin_object(&json);
        sj_json_field_text(&json, "name", reader->name);
        sj_json_field_text(&json, "policy", policy_name(reader->policy));
        sj_json_field_uint(&json, "lag", reader->lag_count);
        sj_json_field_uint(&json, "lag_high", reader->lag_high_count);
        sj_json_field_uint(&json, "lost", reader->lost_count);
        sj_json_field_bool(&json, "alive", reader->alive);
        sj_json_end_object(&json);
    }
    sj_json_end_array(&json);
    sj_json_end_object(&json);
    if (sj_json_finish(&json) >= 0)
        puts(buffer);
}

static int show_ring(const char *name, void *context)
{
    struct rings *rings = context;
    struct sj_bus_stat stat;
    if (sj_bus_stat(rings->dir, name, &stat) < 0)
        return 0;
    rings->count++;
    if (rings->json)
        print_ring_json(&stat);
    else
        print_ring(&stat);
    return 0;
}

/* {"process":ADDRESS,"status":the page /status as it is} */
static sj_rc print_process_json(struct sj_http_client *client, const char *address)
{
    const char *page;
    size_t size;
    sj_rc rc = sj_status_ask(client, address, &page, &size);
    if (rc < 0)
        return rc;
    printf("{\"process\":\"%s\",\"status\":%.*s}\n", address, (int)size, page);
    return 0;
}

static int watch(struct sj_http_client *client, const char *address)
{
    struct sj_view view;
    sj_view_init(&view, stdout);
    while (!stop_asked) {
        static struct sj_status status;
        char title[192];
        sj_rc rc = sj_status_fetch(client, address, &status);
        if (rc < 0)
            snprintf(title, sizeof title, "shijim at %s does not answer: %s", address,
                     sj_rc_text(rc));
        else
            snprintf(title, sizeof title, "shijim at %s, up %s", address,
                     SJ_DURATION(status.uptime_ns));
        sj_view_draw(&view, title, rc < 0 ? NULL : &status);
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    }
    return SJ_EXIT_DONE;
}

/* `address` NULL: nobody was named, so rings without a process are an answer, too. */
static int show_once(const struct sj_cli *cli, struct sj_http_client *client, const char *address,
                     struct rings *rings)
{
    static struct sj_status status;
    const char *asked = address ? address : DEFAULT_ADDRESS;
    sj_rc rc = sj_status_fetch(client, asked, &status);
    if (rc < 0 && address)
        return sj_cli_fail(cli, SJ_EXIT_FAILED,
                           "no process answers at %s (%s); its log names the address, which is "
                           "watch.listen",
                           asked, sj_rc_text(rc));
    if (rc >= 0 && !rings->dir && *status.bus_dir)
        rings->dir = status.bus_dir;
    if (rc >= 0 && rings->json) {
        rc = print_process_json(client, asked);
    } else if (rc >= 0) {
        sj_view_latencies(stdout, &status);
        sj_view_account(stdout, &status.account);
    }
    sj_rc listed = sj_bus_list(rings->dir, show_ring, rings);
    if (rc < 0 && (listed < 0 || rings->count == 0))
        return sj_cli_fail(cli, SJ_EXIT_FAILED,
                           "no process answers at %s (%s) and there is no ring; start one with "
                           "shijim run or shijim demo",
                           asked, sj_rc_text(rc));
    return SJ_EXIT_DONE;
}

static int look(const struct sj_cli *cli, const char *address, struct rings *rings, bool follow)
{
    struct sj_http_client *client;
    sj_rc rc = sj_http_create(NULL, &client);
    if (rc < 0)
        return sj_cli_fail(cli, SJ_EXIT_FAILED, "%s", sj_rc_text(rc));
    signal(SIGINT, ask_stop);
    signal(SIGTERM, ask_stop);
    int exit_code = follow ? watch(client, address ? address : DEFAULT_ADDRESS)
                           : show_once(cli, client, address, rings);
    sj_http_close(client);
    return exit_code;
}

int sj_cmd_stat(int argc, char **argv)
{
    struct rings rings = {0};
    const char *address = NULL;
    bool follow = false;
    const struct sj_cli_option options[] = {
        {"address", "HOST:PORT", "of the process (watch.listen; default " DEFAULT_ADDRESS ")",
         SJ_CLI_TEXT, &address, 0, 0, 'a'},
        {"bus-dir", "DIR", "directory of the rings", SJ_CLI_TEXT, &rings.dir, 0, 0, 0},
        {"watch", NULL, "look again every second", SJ_CLI_FLAG, &follow, 0, 0, 'w'},
        {"json", NULL, "one JSON object a line: the process, then each ring", SJ_CLI_FLAG,
         &rings.json, 0, 0, 0},
    };
    struct sj_cli cli = {
        .command = "stat",
        .arguments = "",
        .summary = "One look at a running process and at the rings of this machine.",
        .example = "shijim stat --watch",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    if (follow && rings.json)
        return sj_cli_fail(&cli, SJ_EXIT_USER, "--watch draws, --json prints once; give one");
    return look(&cli, address, &rings, follow);
}

int sj_cmd_top(int argc, char **argv)
{
    const char *address = NULL;
    const struct sj_cli_option options[] = {
        {"address", "HOST:PORT", "of the process (watch.listen; default " DEFAULT_ADDRESS ")",
         SJ_CLI_TEXT, &address, 0, 0, 'a'},
    };
    struct sj_cli cli = {
        .command = "top",
        .arguments = "",
        .summary = "A live view of a running process, until Ctrl-C.",
        .details = "On a terminal it draws in place; elsewhere it prints a line a second.",
        .example = "shijim top",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    return rc == 1 ? look(&cli, address, NULL, true) : sj_cli_exit(rc);
}
