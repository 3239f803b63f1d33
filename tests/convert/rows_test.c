/* Text to a file of rows, whole runs: what comes out, what is said of it, and that neither workers
 * nor stops change a byte. */
#include "convert/convert.h"
#include "convert/npz.h"
#include "convert/source.h"

#include "convert_tests.h"
#include "support/test.h"

#include <errno.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define T0 INT64_C(1627261200000000000)

struct text {
    char *bytes;
    size_t size;
    size_t room;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list args;
    if (text->room - text->size < 1024) {
        text->room = text->room ? 2 * text->room : 65536;
        text->bytes = realloc(text->bytes, text->room);
    }
    va_start(args, format);
    text->size += (size_t)vsnprintf(text->bytes + text->size, 1024, format, args);
    va_end(args);
}

static void add_tick(struct text *text, int64_t ns, double price, int size, const char *side,
                     long total)
{
    add(text,
        "{\"ts_ns\":%lld,\"symbol\":\"TXFH1\",\"asset_type\":\"futures\",\"exchange\":\"TAIFEX\","
        "\"extras\":{\"open\":17520.0,\"simtrade\":0},\"type\":\"MD_TICK\",\"price\":%.1f,"
        "\"size\":%d,\"side\":\"%s\",\"total_volume\":%ld}\n",
        (long long)ns, price, size, side, total);
}

static void add_book(struct text *text, int64_t ns, double bid, int first, int second)
{
    add(text,
        "{\"ts_ns\":%lld,\"symbol\":\"TXFH1\",\"extras\":{\"simtrade\":0},\"type\":\"MD_BOOK\","
        "\"bid_prices\":[%.1f,%.1f],\"bid_volumes\":[%d,%d],\"ask_prices\":[%.1f],"
        "\"ask_volumes\":[5]}\n",
        (long long)ns, bid, bid - 1, first, second, bid + 1);
}

static sj_rc run(const char *in, const char *out, struct sj_convert_options *options,
                 struct sj_convert_report *report)
{
    const char *inputs[] = {in};
    options->inputs = inputs;
    options->input_count = 1;
    options->output = out;
    sj_rc rc = sj_convert_rows(options, report);
    options->inputs = NULL;
    return rc;
}

/* All rows of a file; the caller frees. */
static struct sj_row *rows_of(const char *path, size_t *ret_count)
{
    struct sj_rows *reader;
    const struct sj_row *batch;
    char error[256];
    sj_rc got;
    assert_int_equal(sj_rows_open(path, &reader, error), 0);
    struct sj_row *rows = malloc((size_t)sj_rows_count(reader) * sizeof *rows + 1);
    size_t count = 0;
    while ((got = sj_rows_next(reader, &batch)) > 0) {
        memcpy(rows + count, batch, (size_t)got * sizeof *rows);
        count += (size_t)got;
    }
    assert_int_equal(got, 0);
    sj_rows_close(reader);
    *ret_count = count;
    return rows;
}

static void assert_row(const struct sj_row *row, uint64_t ev, int64_t exch, double px, double qty)
{
    assert_int_equal(row->ev, ev);
    assert_int_equal(row->exch_ts, exch);
    assert_true(row->px == px);
    assert_true(row->qty == qty);
}

#define BOTH (SJ_ROW_EXCH | SJ_ROW_LOCAL)

static void ticks_become_trades_and_books_become_changes(void **state)
{
    const char *in = sj_test_path(*state, "in.jsonl");
    const char *out = sj_test_path(*state, "out.npz");
    struct text text = {0};
    struct sj_convert_options options = {.workers = 1, .latency = "5ms"};
    struct sj_convert_report report;
    size_t count;
    add_tick(&text, T0, 17520.5, 3, "buy", 3);
    add_book(&text, T0 + 1, 17520, 7, 8);
    add_book(&text, T0 + 2, 17520, 7, 9);
    add_book(&text, T0 + 3, 17521, 4, 7);
    add_tick(&text, T0 + 4, 17521, 2, "sell", 5);
    sj_test_write(in, text.bytes, text.size);
    assert_int_equal(run(in, out, &options, &report), 0);
    struct sj_row *rows = rows_of(out, &count);
    assert_int_equal(count, 10);
    assert_row(&rows[0], BOTH | SJ_ROW_BUY | SJ_ROW_TRADE, T0, 17520.5, 3);
    assert_int_equal(rows[0].local_ts, T0 + 5000000);
    assert_row(&rows[1], BOTH | SJ_ROW_BUY | SJ_ROW_DEPTH, T0 + 1, 17520, 7);
    assert_row(&rows[2], BOTH | SJ_ROW_BUY | SJ_ROW_DEPTH, T0 + 1, 17519, 8);
    assert_row(&rows[3], BOTH | SJ_ROW_SELL | SJ_ROW_DEPTH, T0 + 1, 17521, 5);
    assert_row(&rows[4], BOTH | SJ_ROW_BUY | SJ_ROW_DEPTH, T0 + 2, 17519, 9);
    /* The book rose: what went is gone before what came is there. */
    assert_row(&rows[5], BOTH | SJ_ROW_BUY | SJ_ROW_DEPTH, T0 + 3, 17519, 0);
    assert_row(&rows[6], BOTH | SJ_ROW_SELL | SJ_ROW_DEPTH, T0 + 3, 17521, 0);
    assert_row(&rows[7], BOTH | SJ_ROW_BUY | SJ_ROW_DEPTH, T0 + 3, 17521, 4);
    assert_row(&rows[8], BOTH | SJ_ROW_SELL | SJ_ROW_DEPTH, T0 + 3, 17522, 5);
    assert_row(&rows[9], BOTH | SJ_ROW_SELL | SJ_ROW_TRADE, T0 + 4, 17521, 2);
    assert_int_equal(report.counts.trades, 2);
    assert_int_equal(report.counts.books, 3);
    assert_int_equal(report.counts.gaps, 0);
    assert_string_equal(report.symbol, "TXFH1");
    free(rows);
    free(text.bytes);
}

/* Several pieces of 1 MB: ticks and books, some lines bad, times mostly in order. */
static void add_day(struct text *text, uint64_t seed, size_t size, bool jumps)
{
    int64_t ns = T0;
    long total = 0;
    while (text->size < size) {
        uint64_t draw = sj_test_random(&seed);
        int lots = (int)(draw % 9) + 1;
        ns += (int64_t)(draw >> 8 & 0xffff) - (jumps && draw % 64 == 0 ? 300000 : 0);
        if (draw % 3)
            add_book(text, ns, 17500 + (double)(draw >> 32 & 31), lots, (int)(draw >> 40 & 7));
        else
            add_tick(text, ns, 17500, lots, draw & 64 ? "buy" : "sell", total += lots);
        if (draw % 1024 == 0)
            add(text, "{\"ts_ns\":%lld,\"sym\n", (long long)ns);
    }
}

static void assert_same_file(const char *a, const char *b)
{
    char *x;
    char *y;
    size_t size = sj_test_read(a, &x);
    assert_int_equal(size, sj_test_read(b, &y));
    assert_memory_equal(x, y, size);
    free(x);
    free(y);
}

static void any_number_of_workers_writes_the_same_bytes(void **state)
{
    const char *in = sj_test_path(*state, "in.jsonl");
    struct text text = {0};
    uint64_t seed = sj_test_seed();
    add_day(&text, seed, 5 << 20, true);
    sj_test_write(in, text.bytes, text.size);
    for (uint32_t workers = 1; workers <= 5; workers += 2) {
        char name[32];
        struct sj_convert_report report;
        struct sj_convert_options options = {
            .workers = workers, .latency = "lognormal:300us,1.5", .seed = 7};
        snprintf(name, sizeof name, "out%u.npz", workers);
        const char *out = sj_test_path(*state, name);
        assert_int_equal(run(in, out, &options, &report), 0);
        assert_true(report.counts.rejects[SJ_REJECT_TRUNCATED] > 3);
        assert_true(report.split_rows > 0);
        if (workers > 1) {
            assert_same_file(out, sj_test_path(*state, "out1.npz"));
            snprintf(name, sizeof name, "out%u.npz.rejects.jsonl", workers);
            assert_same_file(sj_test_path(*state, name),
                             sj_test_path(*state, "out1.npz.rejects.jsonl"));
            snprintf(name, sizeof name, "out%u.npz.manifest.json", workers);
            assert_same_file(sj_test_path(*state, name),
                             sj_test_path(*state, "out1.npz.manifest.json"));
        }
    }
    free(text.bytes);
}

static atomic_bool stop_now;

static void stop_soon(const struct sj_convert_progress *progress, void *context)
{
    (void)context;
    if (progress->row_count)
        atomic_store(&stop_now, true);
}

static void a_stopped_run_goes_on_to_the_same_bytes(void **state)
{
    const char *in = sj_test_path(*state, "in.jsonl");
    const char *whole = sj_test_path(*state, "whole.npz");
    const char *out = sj_test_path(*state, "out.npz");
    struct text text = {0};
    struct sj_convert_report report;
    add_day(&text, sj_test_seed(), 6 << 20, false);
    sj_test_write(in, text.bytes, text.size);
    struct sj_convert_options plain = {.workers = 2};
    assert_int_equal(run(in, whole, &plain, &report), 0);
    struct sj_convert_options options = {.workers = 2, .stop = &stop_now, .progress = stop_soon};
    int stops = 0;
    sj_rc rc;
    do {
        atomic_store(&stop_now, false);
        rc = run(in, out, &options, &report);
        options.resume = true;
        stops += rc == -EINTR;
        assert_true(stops < 20);
    } while (rc == -EINTR);
    assert_int_equal(rc, 0);
    assert_true(stops > 0);
    assert_true(report.resumed_at > 0);
    assert_same_file(out, whole);
    assert_same_file(sj_test_path(*state, "out.npz.manifest.json"),
                     sj_test_path(*state, "whole.npz.manifest.json"));
    assert_same_file(sj_test_path(*state, "out.npz.rejects.jsonl"),
                     sj_test_path(*state, "whole.npz.rejects.jsonl"));
    assert_int_equal(access(sj_test_path(*state, "out.npz.resume"), F_OK), -1);
    free(text.bytes);
}

static void a_run_is_not_resumed_with_other_options(void **state)
{
    const char *in = sj_test_path(*state, "in.jsonl");
    const char *out = sj_test_path(*state, "out.npz");
    struct text text = {0};
    struct sj_convert_report report;
    add_day(&text, sj_test_seed(), 4 << 20, false);
    sj_test_write(in, text.bytes, text.size);
    atomic_store(&stop_now, false);
    struct sj_convert_options options = {.workers = 1, .stop = &stop_now, .progress = stop_soon};
    assert_int_equal(run(in, out, &options, &report), -EINTR);
    options.resume = true;
    options.encode.simtrade = true;
    atomic_store(&stop_now, false);
    assert_int_equal(run(in, out, &options, &report), -SJ_E_LAYOUT);
    assert_non_null(strstr(report.error, "--resume"));
    free(text.bytes);
}

static void write_packed(const char *path, const struct text *text, bool zstd)
{
    if (zstd) {
        size_t room = ZSTD_compressBound(text->size);
        char *packed = malloc(room);
        size_t size = ZSTD_compress(packed, room, text->bytes, text->size, 1);
        assert_false(ZSTD_isError(size));
        sj_test_write(path, packed, size);
        free(packed);
        return;
    }
    /* Two members, as of a file that was appended to. */
    size_t half = text->size / 2;
    for (int i = 0; i < 2; i++) {
        gzFile file = gzopen(path, i ? "ab1" : "wb1");
        assert_int_equal(
            gzwrite(file, text->bytes + (i ? half : 0), (unsigned)(i ? text->size - half : half)),
            i ? text->size - half : half);
        assert_int_equal(gzclose(file), Z_OK);
    }
}

static void packed_input_gives_the_rows_of_the_plain_one(void **state)
{
    const char *in = sj_test_path(*state, "in.jsonl");
    const char *plain = sj_test_path(*state, "plain.npz");
    const char *packed = sj_test_path(*state, "in.packed");
    const char *out = sj_test_path(*state, "out.npz");
    struct text text = {0};
    struct sj_convert_report report;
    struct sj_convert_options options = {.workers = 3};
    add_day(&text, sj_test_seed(), 3 << 20, false);
    sj_test_write(in, text.bytes, text.size);
    assert_int_equal(run(in, plain, &options, &report), 0);
    for (int zstd = 0; zstd < 2; zstd++) {
        write_packed(packed, &text, zstd);
        assert_int_equal(run(packed, out, &options, &report), 0);
        assert_same_file(out, plain);
        assert_int_equal(report.text_size, text.size);
    }
    free(text.bytes);
}

static void an_archive_that_ends_early_is_converted_and_reported(void **state)
{
    const char *packed = sj_test_path(*state, "in.packed");
    const char *out = sj_test_path(*state, "out.npz");
    struct text text = {0};
    struct sj_convert_report report;
    add_day(&text, sj_test_seed(), 3 << 20, false);
    for (int zstd = 0; zstd < 2; zstd++) {
        struct stat stat_now;
        char *side;
        struct sj_convert_options options = {.workers = 2};
        write_packed(packed, &text, zstd);
        assert_int_equal(stat(packed, &stat_now), 0);
        assert_int_equal(truncate(packed, stat_now.st_size * 3 / 4), 0);
        assert_int_equal(run(packed, out, &options, &report), -SJ_E_CORRUPT);
        assert_non_null(strstr(report.error, "ends early"));
        assert_int_equal(report.counts.rejects[SJ_REJECT_ARCHIVE], 1);
        assert_true(report.row_count > 1000);
        sj_test_read(sj_test_path(*state, "out.npz.rejects.jsonl"), &side);
        assert_non_null(strstr(side, "\"reason\":\"archive\""));
        free(side);
        options.encode.strict = true;
        assert_true(run(packed, out, &options, &report) < 0);
    }
    free(text.bytes);
}

static void rejects_name_their_line_and_strict_stops_at_it(void **state)
{
    const char *in = sj_test_path(*state, "in.jsonl");
    const char *out = sj_test_path(*state, "out.npz");
    static const struct {
        const char *line;
        enum sj_reject reject;
    } bad[] = {
        {"{\"ts_ns\":1627261200000000000,\"symbol\":\"TX", SJ_REJECT_TRUNCATED},
        {"{\"ts_ns\":\"x\",\"symbol\":\"TXFH1\",\"type\":\"MD_TICK\"}", SJ_REJECT_TYPE},
        {"{\"symbol\":\"TXFH1\",\"type\":\"MD_TICK\",\"price\":1,\"size\":1}", SJ_REJECT_MISSING},
        {"{\"ts_ns\":1627261200,\"symbol\":\"TXFH1\",\"type\":\"MD_TICK\",\"price\":1,"
         "\"size\":1}",
         SJ_REJECT_RANGE},
        {"{\"ts_ns\":1627261200000000000,\"symbol\":\"TXFH1\",\"type\":\"MD_NEWS\"}",
         SJ_REJECT_KIND},
        {"{\"ts_ns\":1627261200000000000,\"symbol\":\"\",\"type\":\"MD_TICK\",\"price\":1,"
         "\"size\":1}",
         SJ_REJECT_SYMBOL},
        {"{\"ts_ns\":1627261200000000000,\"symbol\":\"TXFH1\",\"type\":\"MD_BOOK\","
         "\"bid_prices\":[1,2],\"bid_volumes\":[1],\"ask_prices\":[],\"ask_volumes\":[]}",
         SJ_REJECT_RANGE},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct text text = {0};
        struct sj_convert_report report;
        struct sj_convert_options options = {.workers = 1};
        char *side;
        char wanted[256];
        add_tick(&text, T0, 17520, 1, "buy", 1);
        add(&text, "\n%s\n", bad[i].line);
        add_tick(&text, T0, 17520, 1, "buy", 2);
        sj_test_write(in, text.bytes, text.size);
        assert_int_equal(run(in, out, &options, &report), 0);
        assert_int_equal(report.counts.rejects[bad[i].reject], 1);
        assert_int_equal(report.row_count, 2);
        sj_test_read(sj_test_path(*state, "out.npz.rejects.jsonl"), &side);
        snprintf(wanted, sizeof wanted, "\"line\":3,\"reason\":\"%s\"",
                 sj_reject_name(bad[i].reject));
        assert_non_null(strstr(side, wanted));
        free(side);
        options.encode.strict = true;
        assert_int_equal(run(in, out, &options, &report), -SJ_E_MALFORMED);
        snprintf(wanted, sizeof wanted, "in.jsonl:3: %s", sj_reject_text(bad[i].reject));
        assert_non_null(strstr(report.error, wanted));
        free(text.bytes);
    }
}

static void strict_stops_at_what_is_out_of_order(void **state)
{
    const char *in = sj_test_path(*state, "in.jsonl");
    const char *out = sj_test_path(*state, "out.npz");
    struct sj_convert_report report;
    struct sj_convert_options options = {.workers = 1};
    options.encode.strict = true;
    for (int i = 0; i < 3; i++) {
        struct text text = {0};
        add_tick(&text, T0, 1, 1, "buy", 1);
        add_tick(&text,
                 i == 0   ? T0 - 5
                 : i == 1 ? T0
                          : T0 + INT64_C(86400000000000),
                 1, 1, "buy", i == 1 ? 4 : 2);
        sj_test_write(in, text.bytes, text.size);
        assert_int_equal(run(in, out, &options, &report), -SJ_E_MALFORMED);
        const char *const wanted[] = {"in.jsonl:2: time runs backwards by 5 ns",
                                      "in.jsonl:2: a gap", "another trading day"};
        assert_non_null(strstr(report.error, wanted[i]));
        free(text.bytes);
    }
}

static void a_second_instrument_is_named_unless_one_is_chosen(void **state)
{
    const char *in = sj_test_path(*state, "in.jsonl");
    const char *out = sj_test_path(*state, "out.npz");
    struct text text = {0};
    struct sj_convert_report report;
    struct sj_convert_options options = {.workers = 1};
    add_tick(&text, T0, 1, 1, "buy", 1);
    add(&text,
        "{\"ts_ns\":%lld,\"symbol\":\"MXFH1\",\"type\":\"MD_TICK\",\"price\":2,\"size\":2}\n",
        (long long)T0);
    sj_test_write(in, text.bytes, text.size);
    assert_int_equal(run(in, out, &options, &report), -SJ_E_MALFORMED);
    assert_non_null(strstr(report.error, "in.jsonl:2: instrument MXFH1 after TXFH1"));
    options.encode.symbol = "MXFH1";
    assert_int_equal(run(in, out, &options, &report), 0);
    assert_int_equal(report.row_count, 1);
    assert_int_equal(report.counts.others_dropped, 1);
    free(text.bytes);
}

static void mended_times_are_utc_in_whole_microseconds(void **state)
{
    const char *in = sj_test_path(*state, "in.jsonl");
    const char *out = sj_test_path(*state, "out.npz");
    struct text text = {0};
    struct sj_convert_report report;
    struct sj_convert_options options = {.workers = 1};
    size_t count;
    add_tick(&text, INT64_C(1627052624875000064), 1, 1, "buy", 1);
    add_tick(&text, INT64_C(1627054426333332992), 1, 1, "buy", 2);
    sj_test_write(in, text.bytes, text.size);
    assert_int_equal(run(in, out, &options, &report), 0);
    assert_true(report.times_want_mending);
    options.encode.mend_times = true;
    assert_int_equal(run(in, out, &options, &report), 0);
    assert_false(report.times_want_mending);
    assert_int_equal(report.counts.mended, 2);
    struct sj_row *rows = rows_of(out, &count);
    assert_int_equal(rows[0].exch_ts, INT64_C(1627052624875000000) - INT64_C(28800000000000));
    assert_int_equal(rows[1].exch_ts, INT64_C(1627054426333333000) - INT64_C(28800000000000));
    free(rows);
    free(text.bytes);
}

static void negative_latency_is_counted_and_moved_only_when_asked(void **state)
{
    const char *in = sj_test_path(*state, "in.jsonl");
    const char *out = sj_test_path(*state, "out.npz");
    struct sj_convert_report report;
    struct sj_convert_options options = {.workers = 1};
    struct text text = {0};
    size_t count;
    add(&text,
        "{\"event_id\":2,\"exch_ts\":%lld,\"local_ts\":%lld,\"side\":1,\"price\":1,"
        "\"quantity\":1}\n",
        (long long)T0, (long long)T0 - 7);
    add(&text,
        "{\"event_id\":2,\"exch_ts\":%lld,\"local_ts\":%lld,\"side\":1,\"price\":1,"
        "\"quantity\":1}\n",
        (long long)T0 + 1, (long long)T0 + 3);
    sj_test_write(in, text.bytes, text.size);
    assert_int_equal(run(in, out, &options, &report), 0);
    assert_int_equal(report.counts.negative_rows, 1);
    assert_int_equal(report.shift_ns, 0);
    options.shift_negative = true;
    options.base_latency_ns = 2;
    assert_int_equal(run(in, out, &options, &report), 0);
    assert_int_equal(report.shift_ns, 9);
    struct sj_row *rows = rows_of(out, &count);
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].local_ts, T0 + 2);
    assert_int_equal(rows[1].local_ts, T0 + 12);
    free(rows);
    free(text.bytes);
}

static void lines_at_the_borders_of_pieces_are_whole_and_long_ones_are_refused(void **state)
{
    const char *in = sj_test_path(*state, "in.jsonl");
    const char *out = sj_test_path(*state, "out.npz");
    struct sj_convert_report report;
    struct sj_convert_options options = {.workers = 2};
    /* Padding moves the lines over the border byte by byte. */
    for (size_t pad = 0; pad < 300; pad += 7) {
        size_t size = SJ_PIECE_SIZE - 200 + pad;
        struct text text = {malloc(2 * SJ_PIECE_SIZE), size, 2 * SJ_PIECE_SIZE};
        memset(text.bytes, ' ', size);
        text.bytes[size - 1] = '\n';
        add_tick(&text, T0, 1, 1, "buy", 1);
        add_tick(&text, T0, 1, 1, "buy", 2);
        text.size--; /* the last one without its newline */
        sj_test_write(in, text.bytes, text.size);
        assert_int_equal(run(in, out, &options, &report), 0);
        assert_int_equal(report.row_count, 2);
        assert_int_equal(report.counts.lines, 3);
        free(text.bytes);
    }
    struct text text = {malloc(4 << 20), 3 << 20, 4 << 20};
    memset(text.bytes, 'x', text.size);
    text.bytes[text.size - 1] = '\n';
    add_tick(&text, T0, 1, 1, "buy", 1);
    sj_test_write(in, text.bytes, text.size);
    assert_int_equal(run(in, out, &options, &report), 0);
    assert_int_equal(report.counts.rejects[SJ_REJECT_LONG], 1);
    assert_int_equal(report.counts.lines, 2);
    assert_int_equal(report.row_count, 1);
    free(text.bytes);
}

int rows_tests(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIR(ticks_become_trades_and_books_become_changes),
        WITH_DIR(any_number_of_workers_writes_the_same_bytes),
        WITH_DIR(a_stopped_run_goes_on_to_the_same_bytes),
        WITH_DIR(a_run_is_not_resumed_with_other_options),
        WITH_DIR(packed_input_gives_the_rows_of_the_plain_one),
        WITH_DIR(an_archive_that_ends_early_is_converted_and_reported),
        WITH_DIR(rejects_name_their_line_and_strict_stops_at_it),
        WITH_DIR(strict_stops_at_what_is_out_of_order),
        WITH_DIR(a_second_instrument_is_named_unless_one_is_chosen),
        WITH_DIR(mended_times_are_utc_in_whole_microseconds),
        WITH_DIR(negative_latency_is_counted_and_moved_only_when_asked),
        WITH_DIR(lines_at_the_borders_of_pieces_are_whole_and_long_ones_are_refused),
    };
    return cmocka_run_group_tests_name("convert/rows", tests, NULL, NULL);
}
