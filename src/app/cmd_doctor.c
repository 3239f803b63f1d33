#include "app/command.h"
#include "app/disk.h"
#include "app/format.h"
#include "app/settings.h"
#include "base/cli.h"

#include "base/clock.h"
#include "base/http_client.h"
#include "base/json.h"

#include <jansson.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <unistd.h>

#define TEXT_MAX 1024
#define DISK_WARN_SIZE (10ULL << 30)
#define SHM_WARN_SIZE (1ULL << 30)
#define FILES_WANTED 4096
#define CERTIFICATE_WARN_DAYS 14
#define BROKER_TIMEOUT_MS 3000
#define SYNC_WARN_NS (5 * SJ_NS_PER_MS)

enum verdict { FINE, WARNING, FAILURE };

struct doctor {
    const struct sj_settings *settings;
    bool json;
    bool colour;
    uint32_t counts[3];
};

__attribute__((format(printf, 4, 5))) static void say(struct doctor *doctor, enum verdict verdict,
                                                      const char *what, const char *format, ...)
{
    static const char *const words[] = {"fine", "warning", "failure"};
    static const char *const colours[] = {"\033[32m", "\033[33m", "\033[31m"};
    char text[TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    doctor->counts[verdict]++;
    if (doctor->json) {
        char buffer[4 * TEXT_MAX];
        struct sj_json json;
        sj_json_init(&json, buffer, sizeof buffer);
        sj_json_begin_object(&json);
        sj_json_field_text(&json, "check", what);
        sj_json_field_text(&json, "verdict", words[verdict]);
        sj_json_field_text(&json, "text", text);
        sj_json_end_object(&json);
        if (sj_json_finish(&json) >= 0)
            puts(buffer);
        return;
    }
    printf("%s%-8s%s %-16s %s\n", doctor->colour ? colours[verdict] : "", words[verdict],
           doctor->colour ? "\033[0m" : "", what, text);
}

static void check_machine(struct doctor *doctor)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (cores < 2)
        say(doctor, WARNING, "cores", "%ld; gateway, journal and store will share it", cores);
    else
        say(doctor, FINE, "cores", "%ld", cores);
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx2"))
        say(doctor, FAILURE, "processor", "no AVX2; build with meson -Dportable=true");
#endif
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max < FILES_WANTED)
        say(doctor, WARNING, "open files", "at most %llu; raise it to %d (ulimit -n)",
            (unsigned long long)files.rlim_max, FILES_WANTED);
    else
        say(doctor, FINE, "open files", "at most %llu", (unsigned long long)files.rlim_max);
}

static void check_clock(struct doctor *doctor)
{
    struct timex timex = {0};
    int state = adjtimex(&timex);
    if (state == -1 || state == TIME_ERROR || timex.status & STA_UNSYNC)
        say(doctor, WARNING, "clock",
            "not synchronised; receive times cannot be compared with the exchange's: run chrony");
    else
        say(doctor, FINE, "clock", "synchronised, estimated error %s",
            SJ_DURATION(timex.esterror * SJ_NS_PER_US));
}

static void check_space(struct doctor *doctor, const char *what, const char *dir, uint64_t wanted)
{
    uint64_t space;
    sj_rc rc = sj_disk_free(dir, &space);
    if (rc < 0)
        say(doctor, FAILURE, what, "%s cannot be written: %s", dir, sj_rc_text(rc));
    else if (space < wanted)
        say(doctor, WARNING, what, "%s has %s left; a busy day wants %s or more", dir,
            SJ_BYTES(space), SJ_BYTES(wanted));
    else
        say(doctor, FINE, what, "%s has %s left", dir, SJ_BYTES(space));
}

/* An event is durable when fdatasync has returned: no sooner than this. */
static void check_sync(struct doctor *doctor)
{
    const char *dir = doctor->settings->journal.dir;
    int64_t median_ns;
    int64_t max_ns;
    sj_rc rc = sj_disk_sync_times(dir, &median_ns, &max_ns);
    if (rc < 0)
        say(doctor, WARNING, "disk sync", "%s: cannot be measured: %s", dir, sj_rc_text(rc));
    else if (median_ns > SYNC_WARN_NS)
        say(doctor, WARNING, "disk sync",
            "64 KiB take %s, at most %s: events are on the disk that much later; use a faster disk "
            "for journal.dir",
            SJ_DURATION(median_ns), SJ_DURATION(max_ns));
    else
        say(doctor, FINE, "disk sync", "64 KiB take %s, at most %s", SJ_DURATION(median_ns),
            SJ_DURATION(max_ns));
}

static void check_health(struct doctor *doctor, const char *server, const json_t *health)
{
    const json_t *days = json_object_get(health, "ca_expires_in_days");
    const char *next = json_string_value(json_object_get(health, "next_maintenance"));
    const char *version = json_string_value(json_object_get(health, "version"));
    if (json_is_true(json_object_get(health, "token_stale")))
        say(doctor, FAILURE, "broker token", "%s says its token is stale; log in again", server);
    if (json_is_integer(days) && json_integer_value(days) < CERTIFICATE_WARN_DAYS)
        say(doctor, WARNING, "certificate", "%s: expires in %lld days; renew it", server,
            (long long)json_integer_value(days));
    if (json_is_true(json_object_get(health, "session_recovering")))
        say(doctor, WARNING, "broker", "%s is recovering its session", server);
    else
        say(doctor, FINE, "broker", "%s answers, version %s, next maintenance %s", server,
            version ? version : "?", next ? next : "not told");
}

static void check_server(struct doctor *doctor, const char *server)
{
    struct sj_http_client *client;
    struct sj_http_response response;
    char url[512];
    bool is_socket = server[0] == '/';
    struct sj_http_options options = {.timeout_ms = BROKER_TIMEOUT_MS,
                                      .unix_socket = is_socket ? server : NULL};
    snprintf(url, sizeof url, "%s/api/v1/health", is_socket ? "http://localhost" : server);
    if (sj_http_create(&options, &client) < 0)
        return;
    struct sj_http_request request = {.url = url};
    sj_rc rc = sj_http_perform(client, &request, &response);
    json_t *health = rc < 0 ? NULL : json_loadb(response.body, response.body_size, 0, NULL);
    if (rc < 0)
        say(doctor, FAILURE, "broker", "%s: %s; is the server started?", server, sj_rc_text(rc));
    else if (!json_is_object(health) || response.status != 200)
        say(doctor, FAILURE, "broker", "%s answers %d, not as a Shioaji server does", server,
            response.status);
    else
        check_health(doctor, server, health);
    json_decref(health);
    sj_http_close(client);
}

static void check_broker(struct doctor *doctor)
{
    char servers[sizeof doctor->settings->broker.servers];
    char *rest = servers;
    char *server;
    memcpy(servers, doctor->settings->broker.servers, sizeof servers);
    while ((server = strsep(&rest, ",")))
        if (*server)
            check_server(doctor, server);
}

/* Asks the store for one word. Its database may not be there before the first run. */
static sj_rc ask_store(const struct doctor *doctor, const char *sql, char *ret_word, size_t size,
                       struct sj_store_error *ret_error)
{
    struct sj_store_config config = doctor->settings->store;
    char *answer = NULL;
    size_t answer_size = 0;
    snprintf(config.database, sizeof config.database, "default");
    FILE *out = open_memstream(&answer, &answer_size);
    sj_rc rc = sj_store_query(&config, sql, "TabSeparatedRaw", out, ret_error);
    fclose(out);
    snprintf(ret_word, size, "%.*s", rc < 0 ? 0 : (int)strcspn(answer, "\n"), answer);
    free(answer);
    return rc;
}

static void check_store(struct doctor *doctor)
{
    struct sj_store_error error;
    const char *url = doctor->settings->store.url;
    char shown[256];
    char version[64];
    if (!*url) {
        say(doctor, WARNING, "store", "store.url is empty: the journal is kept, nothing is stored");
        return;
    }
    sj_config_redact(url, shown, sizeof shown);
    if (ask_store(doctor, "SELECT version()", version, sizeof version, &error) < 0)
        say(doctor, FAILURE, "store", "%s: %s", shown, error.text);
    else
        say(doctor, FINE, "store", "%s answers, ClickHouse %s", shown, version);
}

/* ClickHouse writing parts makes the journal's fdatasync wait: where they share a disk, the slowest
 * hundredth of events is durable some milliseconds later. */
static void check_neighbours(struct doctor *doctor)
{
    const char *url = doctor->settings->store.url;
    const char *dir = doctor->settings->journal.dir;
    char path[PATH_MAX];
    struct sj_store_error error;
    bool is_here = strstr(url, "127.0.0.1") || strstr(url, "[::1]") || strstr(url, "localhost");
    if (!is_here ||
        (ask_store(doctor, "SELECT path FROM system.disks LIMIT 1", path, sizeof path, &error) <
             0 &&
         ask_store(doctor, "SELECT data_path FROM system.databases WHERE name = 'default'", path,
                   sizeof path, &error) < 0))
        return;
    if (sj_disk_is_shared(dir, path) == 1)
        say(doctor, WARNING, "disks",
            "the journal (%s) and the store's data (%s) share one: fdatasync waits for "
            "ClickHouse's "
            "writing, so that 1 event in 100 is durable some ms later; give journal.dir its own",
            dir, path);
    else
        say(doctor, FINE, "disks", "the journal does not share the store's");
}

static int examine(struct doctor *doctor)
{
    const char *bus_dir = doctor->settings->bus.dir;
    check_machine(doctor);
    check_clock(doctor);
    check_space(doctor, "shared memory", *bus_dir ? bus_dir : "/dev/shm", SHM_WARN_SIZE);
    check_space(doctor, "disk", doctor->settings->journal.dir, DISK_WARN_SIZE);
    check_sync(doctor);
    check_broker(doctor);
    check_store(doctor);
    check_neighbours(doctor);
    fprintf(stderr, "%u fine, %u warning%s, %u failure%s\n", doctor->counts[FINE],
            doctor->counts[WARNING], doctor->counts[WARNING] == 1 ? "" : "s",
            doctor->counts[FAILURE], doctor->counts[FAILURE] == 1 ? "" : "s");
    return doctor->counts[FAILURE] ? SJ_EXIT_FAILED : SJ_EXIT_DONE;
}

int sj_cmd_doctor(int argc, char **argv)
{
    struct sj_settings_source source = {0};
    struct doctor doctor = {.colour = sj_format_colour(1)};
    const struct sj_cli_option options[] = {
        SJ_SETTINGS_OPTIONS(source),
        {"json", NULL, "one JSON object a check", SJ_CLI_FLAG, &doctor.json, 0, 0, 0},
    };
    struct sj_cli cli = {
        .command = "doctor",
        .arguments = "",
        .summary = "Checks machine, configuration, broker and store, and says what to fix.",
        .details = "Exit code 0: nothing is broken (there may be warnings); 1: something is.",
        .example = "shijim doctor -c shijim.yaml",
        .options = options,
        .option_count = SJ_SETTINGS_OPTION_COUNT + 1,
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    doctor.settings = sj_settings_load(&cli, &source);
    if (!doctor.settings)
        return SJ_EXIT_USER;
    int exit_code = examine(&doctor);
    sj_settings_done((struct sj_settings *)(uintptr_t)doctor.settings);
    return exit_code;
}
