/*
 * gateway_driver.c: the gateway alone, driven over stdin and stdout, for end-to-end tests against
 * the broker simulator: everything from socket to bus is the product's, only the reader is this
 * one.
 *
 *     gateway_driver BUS_DIR section.key=value ...
 *
 * Takes lines: "stat" (prints the account), "hold" (its gate reader stops reading), "go" (reads
 * on), "stop". Prints one JSON object a line: own events as they come, accounts when asked, and at
 * the end.
 */
#include "event/text.h"
#include "gateway/gateway.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct seen {
    uint64_t market;
    uint64_t channel[SJ_CHANNEL_COUNT];
    uint64_t duplicate, out_of_order;
    uint64_t order_breaks; /* sequence numbers that do not follow */
    uint64_t undefined;    /* events of instruments not yet defined */
    uint64_t next_seq;
};

struct driver {
    struct sj_gateway_config config;
    struct sj_instruments *instruments;
    struct sj_gateway *gateway;
    struct sj_bus_reader *reader[SJ_CONNECTIONS_MAX];
    struct seen seen[SJ_CONNECTIONS_MAX];
    uint8_t *defined;
    bool hold;
    bool stopping;
    char line[128];
    size_t line_size;
};

static void look_at(struct driver *driver, struct seen *seen, const struct sj_frame *frame)
{
    static char text[SJ_EVENT_JSON_MAX];
    seen->order_breaks += frame->seq != seen->next_seq;
    seen->next_seq = frame->seq + 1;
    if (frame->template_id == SJ_EVENT_INSTRUMENT) {
        driver->defined[frame->instrument & 0xffff] = 1;
        return;
    }
    seen->undefined += frame->instrument && !driver->defined[frame->instrument & 0xffff];
    if (frame->template_id <= SJ_EVENT_INDEX) {
        seen->market++;
        seen->duplicate += (frame->flags & SJ_FLAG_DUPLICATE) != 0;
        seen->out_of_order += (frame->flags & SJ_FLAG_OUT_OF_ORDER) != 0;
    } else if (sj_event_json(frame, driver->instruments, text, sizeof(text)) > 0) {
        puts(text);
    }
}

static uint32_t drain(struct driver *driver)
{
    uint32_t done = 0;
    for (uint32_t i = 0; i < sj_gateway_count(driver->gateway) && !driver->hold; i++) {
        struct sj_bus_span span;
        while (sj_bus_drain(driver->reader[i], 1 << 18, &span) > 0) {
            for (const uint8_t *at = span.begin; at < span.end; at += sj_frame_size(at))
                look_at(driver, &driver->seen[i], (const struct sj_frame *)at);
            done += span.count;
            if (sj_bus_release(driver->reader[i]) < 0)
                abort();
        }
    }
    return done;
}

#define NUMBER(name, value) printf("\"%s\":%lld,", name, (long long)(value))
#define COUNTER(field) NUMBER(#field, atomic_load(&counters->field))

static void print_connection(const struct driver *driver, uint32_t index)
{
    const struct sj_gateway_counters *counters = sj_gateway_counters(driver->gateway, index);
    const struct seen *seen = &driver->seen[index];
    struct sj_hist_summary latency;
    uint64_t malformed = 0;
    for (uint32_t i = 0; i < SJ_PARSE_FAULT_COUNT; i++)
        malformed += atomic_load(&counters->malformed[i]);
    sj_hist_summarise(&counters->latency, &latency);
    printf("{");
    COUNTER(bytes);
    COUNTER(messages);
    COUNTER(events);
    COUNTER(closings);
    COUNTER(own);
    COUNTER(beats);
    COUNTER(passed);
    NUMBER("malformed", malformed);
    NUMBER("ring_full", atomic_load(&counters->dropped[SJ_DROP_RING_FULL]));
    NUMBER("cut", atomic_load(&counters->dropped[SJ_DROP_CUT]));
    COUNTER(duplicates);
    COUNTER(out_of_order);
    COUNTER(connects);
    COUNTER(drops);
    COUNTER(subscribed);
    COUNTER(planned);
    COUNTER(silent);
    COUNTER(phase);
    COUNTER(rung);
    COUNTER(streams_open);
    COUNTER(logins);
    COUNTER(requests);
    COUNTER(fast_path);
    for (uint32_t i = 1; i <= 4; i++)
        printf("\"recovered_by_%u\":%llu,", i,
               (unsigned long long)atomic_load(&counters->recoveries[i]));
    for (uint32_t i = SJ_GAP_VOLUME; i <= SJ_GAP_PARSE; i++)
        printf("\"gaps_%u\":%llu,", i, (unsigned long long)atomic_load(&counters->gaps[i]));
    for (uint32_t i = SJ_COMPLETE; i <= SJ_SILENT; i++)
        printf("\"verdicts_%u\":%llu,", i, (unsigned long long)atomic_load(&counters->verdicts[i]));
    NUMBER("latency_p50_ns", latency.p50);
    NUMBER("latency_p99_ns", latency.p99);
    NUMBER("latency_p999_ns", latency.p999);
    NUMBER("latency_max_ns", latency.max);
    NUMBER("seen", seen->market);
    NUMBER("seen_duplicate", seen->duplicate);
    NUMBER("seen_out_of_order", seen->out_of_order);
    NUMBER("undefined", seen->undefined);
    printf("\"order_breaks\":%llu}", (unsigned long long)seen->order_breaks);
}

static void print_account(const struct driver *driver, const char *type)
{
    printf("{\"type\":\"%s\",\"refused\":%u,\"connections\":[", type,
           sj_gateway_refused_count(driver->gateway));
    for (uint32_t i = 0; i < sj_gateway_count(driver->gateway); i++) {
        printf("%s", i ? "," : "");
        print_connection(driver, i);
    }
    puts("]}");
}

static void obey(struct driver *driver, const char *line)
{
    if (strcmp(line, "stat") == 0)
        print_account(driver, "stat");
    else if (strcmp(line, "hold") == 0)
        driver->hold = true;
    else if (strcmp(line, "go") == 0)
        driver->hold = false;
    else if (strcmp(line, "stop") == 0)
        driver->stopping = true;
}

static void read_commands(struct driver *driver)
{
    char byte;
    ssize_t size;
    while ((size = read(STDIN_FILENO, &byte, 1)) == 1) {
        if (byte != '\n' && driver->line_size + 1 < sizeof(driver->line)) {
            driver->line[driver->line_size++] = byte;
            continue;
        }
        driver->line[driver->line_size] = '\0';
        driver->line_size = 0;
        obey(driver, driver->line);
    }
    if (size == 0)
        driver->stopping = true; /* whoever started this is gone */
}

static int fail(const char *what)
{
    fprintf(stderr, "gateway_driver: %s\n", what);
    return 2;
}

static int run(struct driver *driver)
{
    uint32_t count = sj_gateway_count(driver->gateway);
    bool asked = false;
    for (uint64_t round = 0; !sj_gateway_stopped(driver->gateway); round++) {
        uint32_t done = 0;
        for (uint32_t i = 0; i < count; i++) {
            sj_rc rc = sj_gateway_work(driver->gateway, i);
            if (rc < 0)
                return fail(sj_rc_text(rc));
            done += (uint32_t)rc;
        }
        done += drain(driver);
        if (done == 0 || round % 64 == 0) {
            fflush(stdout);
            read_commands(driver);
        }
        if (driver->stopping && !asked) {
            asked = true;
            driver->hold = false;
            sj_gateway_stop(driver->gateway);
        }
        if (done == 0)
            sj_gateway_wait(driver->gateway, 0, 1);
    }
    sj_gateway_end_rings(driver->gateway);
    (void)drain(driver);
    print_account(driver, "account");
    return 0;
}

static int configure(struct driver *driver, int argc, char **argv)
{
    struct sj_config_section section;
    const struct sj_config_section *sections[] = {
        sj_gateway_config_section(&driver->config, &section)};
    struct sj_config config;
    struct sj_config_error error;
    if (sj_config_init(&config, sections, 1) < 0)
        return fail("out of memory");
    for (int i = 2; i < argc; i++)
        if (sj_config_set(&config, argv[i], &error) < 0)
            return fail(error.text);
    sj_config_done(&config);
    return 0;
}

int main(int argc, char **argv)
{
    static struct driver driver;
    char error[SJ_PLAN_ERROR_MAX];
    if (argc < 2)
        return fail("usage: gateway_driver BUS_DIR broker.key=value ...");
    if (configure(&driver, argc, argv) != 0)
        return 2;
    driver.defined = calloc(1, 65536);
    if (!driver.defined || sj_instruments_create(16000, &driver.instruments) < 0)
        return fail("out of memory");
    struct sj_gateway_options options = {
        .config = &driver.config, .bus_dir = argv[1], .instruments = driver.instruments, .seed = 1};
    if (sj_gateway_create(&options, &driver.gateway, error) < 0)
        return fail(error);
    for (uint32_t i = 0; i < sj_gateway_count(driver.gateway); i++) {
        char name[32];
        snprintf(name, sizeof(name), "gateway%u", i + 1);
        struct sj_bus_reader_options reader = {.dir = argv[1],
                                               .name = name,
                                               .reader_name = "driver",
                                               .policy = SJ_BUS_GATE,
                                               .from_seq = 1};
        driver.seen[i].next_seq = 1;
        if (sj_bus_attach(&reader, &driver.reader[i]) < 0)
            return fail("a ring cannot be attached");
    }
    (void)fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
    int status = run(&driver);
    for (uint32_t i = 0; i < sj_gateway_count(driver.gateway); i++)
        sj_bus_detach(driver.reader[i]);
    sj_gateway_close(driver.gateway);
    sj_instruments_close(driver.instruments);
    free(driver.defined);
    return status;
}
