/*
 * driver.c: drives the store for end-to-end tests, without the rest of the program.
 *
 *   store_driver make DIR COUNT SEED [INSTRUMENTS] [TRADE_PERCENT]   a journal of a made-up market
 *   store_driver trade DIR                  a journal of a few orders (trading.c) of two
 * instruments store_driver live DIR RATE SECONDS SEED      appends to a journal at a rate, as a
 * recorder does store_driver write DIR [KEY=VALUE...]        writes it to the store until all is
 * acknowledged store_driver follow DIR [KEY=VALUE...]       the same, and goes on until SIGTERM
 *   store_driver audit DIR [KEY=VALUE...]
 *   store_driver retry DIR [KEY=VALUE...]        sends the dead letters again
 *   store_driver query SQL [KEY=VALUE...]
 *
 * KEY=VALUE: of the configuration's section `store`. Prints one JSON object.
 */
#include "base/clock.h"
#include "market.h"
#include "store/audit.h"
#include "store/dead_letter.h"
#include "trading.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct market market;
static volatile sig_atomic_t is_stopping;

static void stop(int number)
{
    (void)number;
    is_stopping = 1;
}

static int fail(const char *what, sj_rc rc)
{
    fprintf(stderr, "store_driver: %s: %s (%s)\n", what, sj_rc_text(rc), sj_rc_name(rc));
    return 1;
}

/* --- journals --- */

#define RUN_EVENTS 500

static sj_rc append_definitions(struct sj_journal *journal, uint32_t src)
{
    for (uint32_t id = 1; id <= market.instrument_count; id++) {
        struct sj_instrument definition;
        market_definition(&market, id, &definition);
        sj_rc rc = sj_journal_append(journal, src, &definition, sizeof(definition), 1);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static sj_rc append_events(struct sj_journal *journal, uint32_t src, uint32_t count, bool is_now)
{
    static _Alignas(64) uint8_t run[RUN_EVENTS * sizeof(struct sj_book)];
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct sj_trade *head = (struct sj_trade *)(void *)(run + size);
        size += market_next(&market, run + size);
        if (is_now)
            head->recv_ns = sj_clock_utc_ns();
    }
    return sj_journal_append(journal, src, run, size, count);
}

static sj_rc open_journal(const char *dir, struct sj_journal **ret_journal)
{
    const struct sj_journal_options options = {.dir = dir, .segment_size = 64u << 20};
    struct sj_journal_recovery recovery;
    return sj_journal_open(&options, &recovery, ret_journal);
}

static int make(int argc, char **argv)
{
    struct sj_journal *journal;
    uint64_t count = strtoull(argv[3], NULL, 10);
    market_init(&market, strtoull(argv[4], NULL, 10), argc > 5 ? (uint32_t)atoi(argv[5]) : 100,
                argc > 6 ? (uint32_t)atoi(argv[6]) : 50, 100000, 1774400000000000000);
    sj_rc rc = open_journal(argv[2], &journal);
    if (rc < 0)
        return fail("opening the journal", rc);
    rc = append_definitions(journal, 1);
    for (uint64_t done = 0; rc >= 0 && done < count; done += RUN_EVENTS) {
        uint64_t left = count - done;
        rc = append_events(journal, 1, left < RUN_EVENTS ? (uint32_t)left : RUN_EVENTS, false);
        if (rc >= 0)
            rc = sj_journal_do_work(journal, sj_clock_mono_ns());
    }
    if (rc >= 0)
        rc = sj_journal_close(journal);
    if (rc < 0)
        return fail("appending", rc);
    printf("{\"events\":%lu}\n", market.seq);
    return 0;
}

static int append_trading(void *context, const void *frame, uint32_t size)
{
    return sj_journal_append(context, SJ_SRC_STRATEGY, frame, size, 1);
}

static int trade(const char *dir)
{
    struct sj_journal *journal;
    market_init(&market, 1, 2, 50, 1000, 1774400000000000000);
    sj_rc rc = open_journal(dir, &journal);
    if (rc < 0)
        return fail("opening the journal", rc);
    rc = append_definitions(journal, 1);
    int count = rc < 0 ? rc : trading_events(append_trading, journal);
    rc = count < 0 ? count : sj_journal_close(journal);
    if (rc < 0)
        return fail("appending", rc);
    printf("{\"events\":%lu}\n", market.seq + (uint64_t)count);
    return 0;
}

static int live(char **argv)
{
    struct sj_journal *journal;
    uint32_t rate = (uint32_t)atoi(argv[3]);
    int64_t begin_ns = sj_clock_mono_ns();
    int64_t end_ns = begin_ns + atoll(argv[4]) * SJ_NS_PER_S;
    market_init(&market, strtoull(argv[5], NULL, 10), 1000, 50, rate, sj_clock_utc_ns());
    sj_rc rc = open_journal(argv[2], &journal);
    if (rc < 0)
        return fail("opening the journal", rc);
    rc = append_definitions(journal, 1);
    uint64_t sent = 0;
    for (int64_t now = begin_ns; rc >= 0 && now < end_ns && !is_stopping;
         now = sj_clock_mono_ns()) {
        uint64_t due = (uint64_t)((double)(now - begin_ns) * rate / 1e9);
        for (; rc >= 0 && sent < due; sent += due - sent < 100 ? due - sent : 100)
            rc = append_events(journal, 1, due - sent < 100 ? (uint32_t)(due - sent) : 100, true);
        if (rc >= 0)
            rc = sj_journal_do_work(journal, sj_clock_mono_ns());
        usleep(500);
    }
    if (rc >= 0)
        rc = sj_journal_close(journal);
    if (rc < 0)
        return fail("appending", rc);
    printf("{\"events\":%lu}\n", market.seq);
    return 0;
}

/* --- the writer --- */

static bool configure(int argc, char **argv, int from, struct sj_store_config *config)
{
    static struct sj_config_section section;
    static const struct sj_config_section *sections[] = {&section};
    struct sj_config values;
    struct sj_config_error error;
    section = sj_store_config_section(config);
    if (sj_config_init(&values, sections, 1) < 0)
        return false;
    for (int i = from; i < argc; i++) {
        char assignment[1024];
        snprintf(assignment, sizeof(assignment), "store.%s", argv[i]);
        if (sj_config_set(&values, assignment, &error) < 0) {
            fprintf(stderr, "store_driver: %s\n", error.text);
            return false;
        }
    }
    sj_config_done(&values);
    return true;
}

static void print_stats(const struct sj_store_stats *stats, double seconds)
{
    uint32_t bad_src = 0;
    bool holds = sj_store_identity_holds(stats, &bad_src);
    uint64_t rows = 0;
    uint64_t retries = 0;
    uint64_t waiting = 0;
    for (uint32_t i = 0; i < SJ_STORE_TABLE_COUNT; i++)
        rows += stats->rows_count[i];
    for (uint32_t i = 0; i < SJ_STORE_REASON_COUNT; i++)
        retries += stats->retry_count[i];
    for (uint32_t i = 0; i < stats->stream_count; i++)
        waiting += stats->streams[i].waiting_count;
    printf(
        "{\"identity\":%s,\"acknowledged\":%lu,\"waiting\":%lu,\"dead\":%lu,\"rows\":%lu,"
        "\"batches\":%lu,\"retries\":%lu,\"reconciled\":%lu,\"found\":%lu,\"queue_timeouts\":%lu,"
        "\"sent_bytes\":%lu,\"plain_bytes\":%lu,\"seconds\":%.3f,\"version\":\"%s\"}\n",
        holds ? "true" : "false", stats->acked_count, waiting, stats->dead_count, rows,
        stats->batch_count, retries, stats->reconcile_count, stats->found_count,
        stats->queue_timeout_count[SJ_STORE_QUEUE_ROUNDS], stats->sent_bytes, stats->plain_bytes,
        seconds, stats->server_version);
}

static int write_all(const struct sj_store_config *config, const char *dir, bool is_following)
{
    const struct sj_store_options options = {
        .config = config, .journal_dir = dir, .poll_wait_ms = 1, .durable_only = true};
    struct sj_store *store;
    struct sj_store_stats stats;
    int64_t begin_ns = sj_clock_mono_ns();
    sj_rc rc = sj_store_create(&options, &store);
    if (rc < 0)
        return fail("opening the store's cursor", rc);
    if (!is_following)
        sj_store_flush(store);
    while (is_following ? !is_stopping : !sj_store_is_caught_up(store) && !is_stopping) {
        rc = sj_store_do_work(store);
        if (rc < 0)
            break;
        sj_store_stats_get(store, &stats);
        if (!sj_store_identity_holds(&stats, NULL)) {
            rc = -SJ_E_IDENTITY;
            break;
        }
        if (rc == 0)
            usleep(200);
    }
    if (rc >= 0)
        (void)!sj_store_do_work(store); /* publishes the end */
    sj_store_stats_get(store, &stats);
    print_stats(&stats, (double)(sj_clock_mono_ns() - begin_ns) / 1e9);
    sj_store_close(store);
    return rc < 0 ? fail("writing", rc) : 0;
}

static int audit(const struct sj_store_config *config, const char *dir)
{
    const struct sj_store_audit_options options = {.config = config, .journal_dir = dir};
    struct sj_store_audit result;
    struct sj_store_error error;
    sj_rc rc = sj_store_audit_run(&options, &result, &error);
    if (rc < 0) {
        fprintf(stderr, "store_driver: %s\n", error.text);
        return 1;
    }
    rc = sj_store_audit_json(&result, false, stdout);
    bool holds = result.holds;
    sj_store_audit_done(&result);
    return rc < 0 ? 1 : holds ? 0 : 3;
}

static int retry(const struct sj_store_config *config, const char *dir)
{
    struct sj_store_retry_report report = {0};
    struct sj_store_error error;
    char dead_dir[SJ_STORE_PATH_MAX];
    sj_store_dead_dir(config, dir, dead_dir);
    sj_rc rc = sj_store_retry_dead_letters(config, dead_dir, &report, &error);
    if (rc < 0) {
        fprintf(stderr, "store_driver: %s\n", error.text);
        return 1;
    }
    printf("{\"files\":%lu,\"rows\":%lu,\"inserted\":%lu,\"failed\":%lu,\"damaged\":%lu}\n",
           report.file_count, report.row_count, report.inserted_count, report.failed_count,
           report.damaged_count);
    return 0;
}

static int query(const struct sj_store_config *config, const char *sql)
{
    struct sj_store_error error;
    sj_rc rc = sj_store_query(config, sql, "TabSeparated", stdout, &error);
    if (rc < 0)
        fprintf(stderr, "store_driver: %s\n", error.text);
    return rc < 0;
}

int main(int argc, char **argv)
{
    static struct sj_store_config config;
    signal(SIGTERM, stop);
    signal(SIGPIPE, SIG_IGN);
    if (argc >= 5 && strcmp(argv[1], "make") == 0)
        return make(argc, argv);
    if (argc == 3 && strcmp(argv[1], "trade") == 0)
        return trade(argv[2]);
    if (argc >= 6 && strcmp(argv[1], "live") == 0)
        return live(argv);
    if (argc < 3 || !configure(argc, argv, 3, &config))
        return 2;
    if (strcmp(argv[1], "write") == 0)
        return write_all(&config, argv[2], false);
    if (strcmp(argv[1], "follow") == 0)
        return write_all(&config, argv[2], true);
    if (strcmp(argv[1], "audit") == 0)
        return audit(&config, argv[2]);
    if (strcmp(argv[1], "retry") == 0)
        return retry(&config, argv[2]);
    if (strcmp(argv[1], "query") == 0)
        return query(&config, argv[2]);
    return 2;
}
