#include "bench/bench.h"

#include "base/clock.h"
#include "market.h"
#include "servers.h"
#include "store/batch.h"
#include "store/json_rows.h"
#include "store/setup.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH_ROWS 50000
#define BATCHES 12 /* a run of inserts: 600,000 rows */
#define IN_FLIGHT 2
#define INSTRUMENTS 1000

/* Trades of a made-up market, whole 29-field ticks, and what turns them into inserts. */
struct bench {
    struct market market;
    struct sj_store_symbols symbols;
    struct sj_store_workshop workshop;
    struct sj_trade *trades;
    uint32_t *srcs;
    struct sj_store_batch batches[IN_FLIGHT];
    struct sj_store_bytes packed;
    uint64_t expected_rows;
    /* inserts */
    struct sj_store_client *client;
    struct sj_store_setup setup;
    struct sj_store_request requests[IN_FLIGHT];
    bool is_flying[IN_FLIGHT];
    char settings[IN_FLIGHT][SJ_STORE_SETTINGS_MAX + SJ_STORE_TOKEN_MAX + 64];
    uint32_t failed_count;
    uint32_t serial;
};

static struct bench bench;

static bool prepare(uint64_t seed)
{
    memset(&bench, 0, sizeof(bench));
    market_init(&bench.market, seed, INSTRUMENTS, 100, 100000, 1774400000000000000);
    bench.trades = calloc(BATCH_ROWS, sizeof(*bench.trades));
    bench.srcs = calloc(BATCH_ROWS, sizeof(*bench.srcs));
    if (bench.trades == NULL || bench.srcs == NULL ||
        sj_store_symbols_init(&bench.symbols, UINT16_MAX) < 0 ||
        sj_store_workshop_init(&bench.workshop, &bench.symbols, "bench") < 0)
        return false;
    for (uint32_t id = 1; id <= INSTRUMENTS; id++) {
        struct sj_instrument definition;
        market_definition(&bench.market, id, &definition);
        (void)!sj_store_symbols_put(&bench.symbols, &definition);
    }
    sj_store_symbols_rank(&bench.symbols);
    for (uint32_t i = 0; i < BATCH_ROWS; i++) {
        bench.srcs[i] = 1;
        market_trade(&bench.market, &bench.trades[i]);
    }
    return true;
}

static void clean_up(void)
{
    for (uint32_t i = 0; i < IN_FLIGHT; i++) {
        sj_store_batch_done(&bench.batches[i]);
        sj_store_bytes_done(&bench.requests[i].reply);
    }
    sj_store_bytes_done(&bench.packed);
    sj_store_workshop_done(&bench.workshop);
    sj_store_symbols_done(&bench.symbols);
    free(bench.trades);
    free(bench.srcs);
}

/* --- encoders --- */

struct encoding {
    bool is_json;
    enum sj_store_packing packing;
    bool is_sorted_first;
};

/* Sorting into the table's order, encoding and packing 50,000 rows, twenty times. */
static double run_encode(void *context)
{
    const struct encoding *encoding = context;
    const uint32_t rounds = encoding->is_json ? 2 : 20;
    struct sj_store_batch *batch = &bench.batches[0];
    struct sj_store_plan plan;
    struct sj_store_rows rows = {sj_store_table_of(SJ_EVENT_TRADE),
                                 (uint8_t *)bench.trades,
                                 bench.srcs,
                                 NULL,
                                 BATCH_ROWS,
                                 false};
    if (batch->order == NULL)
        batch->order = calloc(BATCH_ROWS, sizeof(*batch->order));
    int64_t begin_ns = sj_clock_mono_ns();
    for (uint32_t i = 0; i < rounds; i++) {
        rows.order = NULL;
        if (encoding->is_sorted_first &&
            sj_store_rows_sort(&rows, &bench.symbols, bench.workshop.scratch, batch->order) > 0)
            rows.order = batch->order;
        bench.workshop.plain.size = 0;
        bench.packed.size = 0;
        sj_store_plan_columns(&rows, false, &plan);
        sj_rc rc =
            encoding->is_json
                ? sj_store_encode_json(&rows, &bench.symbols, &plan, &bench.workshop.plain)
                : sj_store_encode_native(&rows, &bench.symbols, &plan, &bench.workshop.plain);
        if (rc == 0 && encoding->packing != SJ_STORE_PACK_NONE)
            rc = sj_store_pack(bench.workshop.packer, encoding->packing, bench.workshop.plain.data,
                               bench.workshop.plain.size, &bench.packed);
        if (rc < 0)
            return 0;
    }
    return (double)rounds * BATCH_ROWS * 1e9 / (double)(sj_clock_mono_ns() - begin_ns);
}

static void measure_encoders(const struct sj_bench_options *options)
{
    static const struct {
        const char *name;
        struct encoding encoding;
    } cases[] = {
        {"encode_native", {false, SJ_STORE_PACK_NONE, false}},
        {"encode_native_sorted", {false, SJ_STORE_PACK_NONE, true}},
        {"encode_native_lz4", {false, SJ_STORE_PACK_LZ4_BLOCKS, true}},
        {"encode_json_gzip", {true, SJ_STORE_PACK_GZIP, true}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sj_bench_figure figure = {"store", cases[i].name, "rows_per_s", "1/s"};
        struct encoding encoding = cases[i].encoding;
        if (!sj_bench_wants(options, cases[i].name))
            continue;
        sj_bench_measure(options, &figure, run_encode, &encoding);
        sj_bench_report(options, &figure);
    }
}

/* --- inserts: rows in memory to the server's word that they are stored --- */

static void ended(struct sj_store_request *request)
{
    bench.is_flying[request - bench.requests] = false;
    if (request->answer.fate != SJ_STORE_DONE) {
        bench.failed_count++;
        fprintf(stderr, "shijim bench: insert: %s\n", request->answer.text);
    }
}

static sj_rc send_batch(uint32_t slot)
{
    char name[32];
    struct sj_store_batch *batch = &bench.batches[slot];
    struct sj_store_request *request = &bench.requests[slot];
    sj_store_batch_begin(batch, sj_store_table_of(SJ_EVENT_TRADE), 202603);
    for (uint32_t i = 0; i < BATCH_ROWS; i++) {
        bench.trades[i].seq += BATCH_ROWS; /* new rows each time */
        sj_rc rc = sj_store_batch_add(batch, &bench.trades[i], 1);
        if (rc < 0)
            return rc;
    }
    sj_rc rc = sj_store_batch_seal(batch, &bench.workshop);
    if (rc == 0) {
        snprintf(name, sizeof(name), "bench-%u", bench.serial++);
        rc = sj_store_batch_build(batch, &bench.workshop, name);
    }
    char *settings = bench.settings[slot];
    snprintf(settings, sizeof(bench.settings[slot]), "%s", bench.setup.settings);
    if (rc == 0 && bench.setup.abilities.has_tokens) /* as the writer does: no hash of the rows */
        rc = sj_store_settings_add(settings, sizeof(bench.settings[slot]),
                                   "insert_deduplication_token", batch->token);
    if (rc < 0)
        return rc;
    *request = (struct sj_store_request){
        .sql = batch->sql,
        .body = batch->body.data,
        .body_size = batch->body.size,
        .packing = batch->packing,
        .settings = settings,
        .done = ended,
        .reply = request->reply,
    };
    rc = sj_store_client_start(bench.client, request);
    bench.is_flying[slot] = rc == 0;
    return rc;
}

static double run_inserts(void *context)
{
    uint32_t sent = 0;
    uint32_t batches = *(uint32_t *)context;
    int64_t begin_ns = sj_clock_mono_ns();
    for (bool is_busy = true; is_busy || sent < batches;) {
        is_busy = false;
        for (uint32_t slot = 0; slot < IN_FLIGHT; slot++) {
            if (!bench.is_flying[slot] && sent < batches) {
                if (send_batch(slot) < 0)
                    return 0;
                sent++;
            }
            is_busy |= bench.is_flying[slot];
            sj_store_client_poll(bench.client, 0);
        }
        sj_store_client_poll(bench.client, 20);
    }
    bench.expected_rows += (uint64_t)batches * BATCH_ROWS;
    return batches * (double)BATCH_ROWS * 1e9 / (double)(sj_clock_mono_ns() - begin_ns);
}

static bool open_server(struct bench_server *server, enum sj_store_format format)
{
    snprintf(server->config.database, sizeof(server->config.database), "shijim");
    server->config.format = (int32_t)format;
    bench.expected_rows = 0;
    bench.failed_count = 0;
    if (sj_store_connect(&server->config, &bench.client) < 0 ||
        sj_store_setup_init(&bench.setup, &server->config, bench.client, true) < 0)
        return false;
    if (sj_store_setup_run(&bench.setup) < 0) {
        fprintf(stderr, "shijim bench: %s\n", bench.setup.answer.text);
        return false;
    }
    bench.workshop.database = "shijim";
    bench.workshop.format = format;
    bench.workshop.packed_tables = sj_store_setup_packed_tables(&bench.setup);
    bench.workshop.text_tables = sj_store_setup_text_tables(&bench.setup);
    bench.workshop.packing = sj_store_choose_packing(&server->config, &bench.setup.abilities);
    return true;
}

static void close_server(void)
{
    sj_store_setup_done(&bench.setup);
    sj_store_client_close(bench.client);
    bench.client = NULL;
}

static int measure_inserts(const struct sj_bench_options *options, struct bench_server *server,
                           enum sj_store_format format, const char *name)
{
    struct sj_bench_figure figure = {"store", name, "rows_per_s", "1/s"};
    uint32_t batches = format == SJ_STORE_JSON ? BATCHES / 3 : BATCHES;
    if (!sj_bench_wants(options, name))
        return 0;
    SJ_BENCH_CHECK(open_server(server, format), "the server cannot be used");
    bench_server_number(server, "TRUNCATE TABLE shijim.ticks");
    sj_bench_measure(options, &figure, run_inserts, &batches);
    close_server();
    double rows = bench_server_number(server, "SELECT count() FROM shijim.ticks");
    SJ_BENCH_CHECK(bench.failed_count == 0 && rows == (double)bench.expected_rows,
                   "%.0f rows instead of %lu", rows, bench.expected_rows);
    sj_bench_report(options, &figure);
    return 0;
}

/* --- bytes on disk: a million trades, merged --- */

static int measure_disk(const struct sj_bench_options *options, struct bench_server *server)
{
    struct sj_bench_figure figure = {"store", "disk", "bytes_per_row", "B"};
    if (!sj_bench_wants(options, "disk"))
        return 0;
    SJ_BENCH_CHECK(open_server(server, SJ_STORE_NATIVE), "the server cannot be used");
    bench_server_number(server, "TRUNCATE TABLE shijim.ticks");
    for (uint32_t batch = 0; batch < 20; batch++) {
        for (uint32_t i = 0; i < BATCH_ROWS; i++) {
            market_trade(&bench.market, &bench.trades[i]);
            bench.trades[i].seq -= BATCH_ROWS; /* send_batch adds it */
        }
        uint32_t one = 1;
        SJ_BENCH_CHECK(run_inserts(&one) > 0, "an insert failed");
    }
    close_server();
    bench_server_number(server, "OPTIMIZE TABLE shijim.ticks FINAL");
    double rows = bench_server_number(server, "SELECT count() FROM shijim.ticks");
    SJ_BENCH_CHECK(rows == (double)bench.expected_rows, "%.0f rows instead of %lu", rows,
                   bench.expected_rows);
    double size =
        bench_server_number(server, "SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts WHERE"
                                    " active AND database = 'shijim' AND table = 'ticks'");
    sj_bench_add(&figure, size);
    sj_bench_report(options, &figure);
    return 0;
}

int sj_bench_visible(const struct sj_bench_options *options, struct bench_server *server);
int sj_bench_store(const struct sj_bench_options *options);

static int measure_embedded(const struct sj_bench_options *options)
{
    struct bench_server server;
    bool wants = sj_bench_wants(options, "insert_embedded_50k") ||
                 sj_bench_wants(options, "visible_100k") || sj_bench_wants(options, "disk");
    if (!wants)
        return 0;
    if (!bench_server_start_embedded(&server, options->directory))
        return 1;
    int rc = measure_inserts(options, &server, SJ_STORE_NATIVE, "insert_embedded_50k");
    if (rc == 0)
        rc = measure_disk(options, &server);
    if (rc == 0)
        rc = sj_bench_visible(options, &server);
    bench_server_stop(&server);
    return rc;
}

static int measure_old(const struct sj_bench_options *options)
{
    struct bench_server server;
    bool wants = sj_bench_wants(options, "insert_native_50k") ||
                 sj_bench_wants(options, "insert_json_gzip_50k");
    if (!wants)
        return 0;
    if (!bench_server_start_old(&server, options->directory))
        return 1;
    int rc = measure_inserts(options, &server, SJ_STORE_NATIVE, "insert_native_50k");
    if (rc == 0)
        rc = measure_inserts(options, &server, SJ_STORE_JSON, "insert_json_gzip_50k");
    bench_server_stop(&server);
    return rc;
}

int sj_bench_store(const struct sj_bench_options *options)
{
    SJ_BENCH_CHECK(prepare(options->seed), "no memory");
    measure_encoders(options);
    int rc = measure_old(options);
    if (rc == 0)
        rc = measure_embedded(options);
    clean_up();
    return rc;
}
SJ_BENCH(store, "encoding events and writing them to ClickHouse");
