/* The other ways in and out: CSV by a mapping, a journal and back, made-up loads, and the second
 * pass that puts rows in order. */
#include "convert/convert.h"
#include "convert/csv.h"
#include "convert/npz.h"
#include "convert/order.h"
#include "convert/sink.h"
#include "convert/synth.h"

#include "convert_tests.h"
#include "support/test.h"

#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#define T0 INT64_C(1627260300000000000)

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

static void csv_is_read_by_its_mapping(void **state)
{
    const char *map = sj_test_path(*state, "map");
    const char *in = sj_test_path(*state, "in.csv");
    const char *out = sj_test_path(*state, "out.csv");
    struct sj_convert_options options = {
        .workers = 1, .format = SJ_TO_CSV, .csv_map = map, .encode.dialect = SJ_DIALECT_CSV};
    struct sj_convert_report report;
    char *text;
    sj_test_write_text(map, "delimiter: ;\nexch_ts: t ms # milliseconds\nlocal_ts: 2 ns\n"
                            "price: px\nquantity: q\nside: who buy=B sell=S\n"
                            "kind: what trade=T depth=D\n");
    sj_test_write_text(in, "t;recv;px;q;who;what\n"
                           "1627260300000.5;1627260300000600000;17520.5;3;B;T\n"
                           "1627260300001;1627260300001000001;\"-0.25\";0;S;D\r\n"
                           "1627260300001;1627260300001000001;1;1;S;X\n"
                           "\n"
                           "1627260300001;1627260300001000001;1\n"
                           "1627260300001;1627260300001000001;1;1;x;T");
    assert_int_equal(run(in, out, &options, &report), 0);
    assert_int_equal(report.counts.lines, 7);
    assert_int_equal(report.counts.rejects[SJ_REJECT_KIND], 1);
    assert_int_equal(report.counts.rejects[SJ_REJECT_COLUMNS], 1);
    assert_int_equal(report.counts.sideless, 1);
    sj_test_read(out, &text);
    assert_string_equal(text, "ev,exch_ts,local_ts,px,qty,order_id,ival,fval\n"
                              "3758096386,1627260300000500000,1627260300000600000,17520.5,3,0,0,0\n"
                              "3489660929,1627260300001000000,1627260300001000001,-0.25,0,0,0,0\n"
                              "3221225474,1627260300001000000,1627260300001000001,1,1,0,0,0\n");
    free(text);
}

static void a_wrong_mapping_is_one_line_with_its_place(void **state)
{
    static const struct {
        const char *map;
        const char *wanted;
    } cases[] = {
        {"exch_ts: t\n", ":1: exch_ts needs a unit"},
        {"exch_ts: t ns\nprize: p\n", ":2: there is no key 'prize'"},
        {"exch_ts: t ns\n", "must be mapped"},
        {"exch_ts: t ns\nprice: p\nquantity: q\nkind: k trade=T\n", ":4: kind needs"},
        {"exch_ts: t ns\nprice: p\nquantity: q\nkind: trade\nsymbol: zz\n",
         "no column 'zz' for symbol"},
    };
    const char *map = sj_test_path(*state, "map");
    const char *in = sj_test_path(*state, "in.csv");
    sj_test_write_text(in, "t,p,q\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sj_convert_options options = {
            .workers = 1, .csv_map = map, .encode.dialect = SJ_DIALECT_CSV};
        struct sj_convert_report report;
        sj_test_write_text(map, cases[i].map);
        assert_int_equal(run(in, sj_test_path(*state, "out.npz"), &options, &report),
                         -SJ_E_MALFORMED);
        if (!strstr(report.error, cases[i].wanted))
            fail_msg("%s: not in: %s", cases[i].wanted, report.error);
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

static void synth(const char *path, struct sj_synth_options options, bool jsonl)
{
    uint64_t count;
    char error[256];
    options.book_percent = 50;
    options.rate = 1000;
    assert_int_equal(sj_synth_write(&options, path, jsonl, SJ_TO_NPZ, &count, error), 0);
}

/* Events in a journal and rows out of it are the rows of the text itself. */
static void rows_by_way_of_a_journal_are_the_same(void **state)
{
    const char *in = sj_test_path(*state, "in.jsonl");
    const char *journal = sj_test_path(*state, "journal");
    const char *direct = sj_test_path(*state, "direct.npz");
    const char *out = sj_test_path(*state, "out.npz");
    struct sj_convert_report report;
    synth(in, (struct sj_synth_options){.seed = 3, .event_count = 9000, .instrument_count = 3},
          true);
    struct sj_convert_options to_journal = {.workers = 2, .format = SJ_TO_JOURNAL};
    assert_int_equal(run(in, journal, &to_journal, &report), 0);
    assert_int_equal(report.row_count, 9000);
    assert_int_equal(report.instrument_count, 3);
    assert_int_equal(run(in, journal, &to_journal, &report), -SJ_E_BUSY);
    struct sj_convert_options rows = {.workers = 2, .encode.symbol = "SYN0002"};
    assert_int_equal(run(in, direct, &rows, &report), 0);
    rows.encode.dialect = SJ_DIALECT_JOURNAL;
    assert_int_equal(run(journal, out, &rows, &report), 0);
    assert_true(report.row_count > 1000);
    assert_same_file(direct, out);
    rows.encode.symbol = NULL;
    assert_int_equal(run(journal, out, &rows, &report), -SJ_E_MALFORMED);
    assert_non_null(strstr(report.error, "choose with --symbol"));
    rows.encode.symbol = "NONE";
    assert_int_equal(run(journal, out, &rows, &report), -SJ_E_UNKNOWN);
}

static void made_up_loads_follow_their_seed_alone(void **state)
{
    const char *a = sj_test_path(*state, "a.jsonl");
    const char *b = sj_test_path(*state, "b.jsonl");
    const char *rows = sj_test_path(*state, "rows.npz");
    const char *out = sj_test_path(*state, "out.npz");
    struct sj_convert_report report;
    struct sj_synth_options options = {.seed = 5, .event_count = 5000, .instrument_count = 1};
    synth(a, options, true);
    synth(b, options, true);
    assert_same_file(a, b);
    /* The same market as rows is what the converter makes of the text. */
    synth(rows, options, false);
    struct sj_convert_options convert = {.workers = 1, .encode.strict = true};
    assert_int_equal(run(a, out, &convert, &report), 0);
    assert_same_file(out, rows);
    options.seed = 6;
    synth(b, options, true);
    char *x;
    char *y;
    sj_test_read(a, &x);
    sj_test_read(b, &y);
    assert_true(strcmp(x, y) != 0);
    free(x);
    free(y);
    options.bad_share = 0.01;
    options.late_share = 0.01;
    synth(b, options, true);
    convert.encode.strict = false;
    assert_int_equal(run(b, out, &convert, &report), 0);
    assert_true(
        report.counts.rejects[SJ_REJECT_SYNTAX] + report.counts.rejects[SJ_REJECT_TRUNCATED] > 10);
    assert_true(report.counts.late_rows > 10);
}

/* --- the order of rows, against the plainest way to do it --- */

#define ROWS 3000

struct collected {
    struct sj_row *rows;
    size_t count;
};

static sj_rc collect(const struct sj_row *rows, size_t count, void *context)
{
    struct collected *collected = context;
    memcpy(collected->rows + collected->count, rows, count * sizeof *rows);
    collected->count += count;
    return 0;
}

/* Insertion sort: slow, stable, obviously right. */
static void sort_by(struct sj_row *rows, size_t count, bool local)
{
    for (size_t i = 1; i < count; i++) {
        struct sj_row row = rows[i];
        size_t at = i;
        while (at && (local ? rows[at - 1].local_ts > row.local_ts
                            : rows[at - 1].exch_ts > row.exch_ts)) {
            rows[at] = rows[at - 1];
            at--;
        }
        rows[at] = row;
    }
}

static size_t reference_order(const struct sj_row *rows, size_t count, struct sj_row *to)
{
    struct sj_row *exch = malloc(count * sizeof *rows);
    struct sj_row *local = malloc(count * sizeof *rows);
    size_t e = 0;
    size_t l = 0;
    size_t n = 0;
    memcpy(exch, rows, count * sizeof *rows);
    memcpy(local, rows, count * sizeof *rows);
    sort_by(exch, count, false);
    sort_by(local, count, true);
    while (e < count || l < count) {
        bool both = e < count && l < count && exch[e].exch_ts == local[l].exch_ts &&
                    exch[e].local_ts == local[l].local_ts;
        bool exch_first =
            e < count &&
            (l == count || exch[e].exch_ts < local[l].exch_ts ||
             (exch[e].exch_ts == local[l].exch_ts && exch[e].local_ts < local[l].local_ts));
        to[n] = both || exch_first ? exch[e] : local[l];
        to[n].ev &= ~(SJ_ROW_EXCH | SJ_ROW_LOCAL);
        to[n++].ev |= both ? SJ_ROW_EXCH | SJ_ROW_LOCAL : exch_first ? SJ_ROW_EXCH : SJ_ROW_LOCAL;
        e += both || exch_first;
        l += both || !exch_first;
    }
    free(exch);
    free(local);
    return n;
}

static void rows_out_of_order_are_split_as_the_plain_way_does(void **state)
{
    uint64_t seed = sj_test_seed();
    struct sj_row *rows = calloc(ROWS, sizeof *rows);
    struct sj_row *wanted = calloc(2 * ROWS, sizeof *rows);
    struct collected got = {.rows = calloc(2 * ROWS, sizeof *rows)};
    const char *path = sj_test_path(*state, "rows");
    for (int round = 0; round < 8; round++) {
        for (size_t i = 0; i < ROWS; i++) {
            int64_t exch = (int64_t)i / 3 * 10 - (int64_t)(sj_test_random(&seed) % (1u << round));
            rows[i] = (struct sj_row){.ev = SJ_ROW_EXCH | SJ_ROW_LOCAL | 1,
                                      .exch_ts = exch,
                                      .local_ts = exch + (int64_t)(sj_test_random(&seed) % 40),
                                      .px = (double)i};
        }
        sj_test_write(path, rows, ROWS * sizeof *rows);
        uint64_t count;
        struct sj_order_options options = {.fd = open(path, O_RDONLY),
                                           .row_count = ROWS,
                                           .output = path,
                                           .run_rows = 100 + (uint32_t)round * 613,
                                           .threads = (uint32_t)round % 4,
                                           .sink = collect,
                                           .context = &got};
        got.count = 0;
        assert_int_equal(sj_order_rows(&options, &count), 0);
        close(options.fd);
        assert_int_equal(count, got.count);
        assert_int_equal(count, reference_order(rows, ROWS, wanted));
        assert_memory_equal(got.rows, wanted, count * sizeof *rows);
        assert_true(count > ROWS);
    }
    free(rows);
    free(wanted);
    free(got.rows);
}

/* Numbers as they come (few places) and such that need all their digits. */
static double some_number(uint64_t *seed)
{
    uint64_t bits = sj_test_random(seed);
    double value;
    switch (sj_test_random(seed) % 24) {
    case 0:
        return (double)(bits % 100000) / 10;
    case 1:
        return -(double)(bits % 100000000) / 1e6;
    case 2:
        return (double)(bits % 1000) * 1e15;
    case 3:
        return (double)bits / 1e19;
    case 4:
        return -0.0;
    case 5:
        memcpy(&value, &bits, sizeof value);
        return value;
    default:
        return (double)(bits % 1000000) / 100;
    }
}

static void write_rows(const char *path, enum sj_convert_format format, uint32_t threads,
                       uint64_t seed, const struct sj_row *rows, size_t count)
{
    struct sj_sink *sink;
    assert_int_equal(sj_sink_create(path, format, threads, &sink), 0);
    for (size_t done = 0; done < count;) {
        size_t part = sj_test_random(&seed) % 9000;
        part = part < count - done ? part : count - done;
        assert_int_equal(sj_sink_append(sink, rows + done, part), 0);
        done += part;
    }
    assert_int_equal(sj_sink_finish(sink), 0);
}

static void threads_of_a_sink_change_no_byte_and_csv_reads_back(void **state)
{
    static const enum sj_convert_format formats[] = {SJ_TO_CSV, SJ_TO_ARROW, SJ_TO_PARQUET};
    const size_t count = 140000;
    uint64_t seed = sj_test_seed();
    struct sj_row *rows = calloc(count, sizeof *rows);
    const char *one = sj_test_path(*state, "one");
    const char *many = sj_test_path(*state, "many");
    for (size_t i = 0; i < count; i++)
        rows[i] = (struct sj_row){.ev = sj_test_random(&seed),
                                  .exch_ts = (int64_t)sj_test_random(&seed),
                                  .local_ts = i ? (int64_t)i : INT64_MIN,
                                  .px = some_number(&seed),
                                  .qty = some_number(&seed)};
    for (int f = 0; f < 3; f++) {
        write_rows(one, formats[f], 1, seed, rows, count);
        write_rows(many, formats[f], 5, seed + 1, rows, count);
        assert_same_file(many, one);
    }
    write_rows(one, SJ_TO_CSV, 3, seed, rows, count);
    FILE *file = fopen(one, "rb");
    char line[512];
    assert_non_null(fgets(line, sizeof line, file));
    for (size_t i = 0; i < count; i++) {
        char *at;
        assert_non_null(fgets(line, sizeof line, file));
        assert_true(strtoull(line, &at, 10) == rows[i].ev);
        assert_true(strtoll(at + 1, &at, 10) == rows[i].exch_ts);
        assert_true(strtoll(at + 1, &at, 10) == rows[i].local_ts);
        double px = strtod(at + 1, &at);
        if (isnan(rows[i].px))
            assert_int_equal(*at, ',');
        else
            assert_memory_equal(&px, &rows[i].px, sizeof px);
    }
    fclose(file);
    free(rows);
}

static void latencies_come_from_their_model_and_seed(void **state)
{
    const char *path = sj_test_path(*state, "latency");
    struct sj_latency *latency;
    char error[256];
    char text[256];
    assert_int_equal(sj_latency_create("5ms", NULL, 1, &latency, error), 0);
    assert_int_equal(sj_latency_of(latency, T0, 0, 7), 5000000);
    sj_latency_close(latency);

    assert_int_equal(sj_latency_create("lognormal:300us,0.5", NULL, 9, &latency, error), 0);
    int below = 0;
    for (uint64_t i = 0; i < 10000; i++) {
        int64_t ns = sj_latency_of(latency, T0, 0, i);
        assert_int_equal(ns, sj_latency_of(latency, T0, 0, i));
        assert_true(ns > 0);
        below += ns < 300000;
    }
    assert_in_range(below, 4800, 5200); /* the median, give or take four deviations */
    sj_latency_close(latency);

    snprintf(text, sizeof text, "file:%s", path);
    sj_test_write_text(path, "# ns\n100\n200\n");
    assert_int_equal(sj_latency_create(text, NULL, 1, &latency, error), 0);
    int first = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        int64_t ns = sj_latency_of(latency, T0, 0, i);
        assert_true(ns == 100 || ns == 200);
        first += ns == 100;
    }
    assert_in_range(first, 400, 600);
    sj_latency_close(latency);

    sj_test_write_text(path, "1000 100\n2000 300\n");
    assert_int_equal(sj_latency_create(text, NULL, 1, &latency, error), 0);
    assert_int_equal(sj_latency_of(latency, 500, 0, 0), 100);
    assert_int_equal(sj_latency_of(latency, 1500, 0, 0), 200);
    assert_int_equal(sj_latency_of(latency, 9000, 0, 0), 300);
    sj_latency_close(latency);

    static const char *const bad[] = {"",        "5", "-5ms", "lognormal:5ms", "lognormal:5ms,9",
                                      "file:/no"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_true(sj_latency_create(bad[i], NULL, 1, &latency, error) < 0);
    sj_test_write_text(path, "100\nx\n");
    assert_int_equal(sj_latency_create(text, NULL, 1, &latency, error), -SJ_E_MALFORMED);
    assert_non_null(strstr(error, ":2: want one latency"));
}

int formats_tests(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIR(csv_is_read_by_its_mapping),
        WITH_DIR(a_wrong_mapping_is_one_line_with_its_place),
        WITH_DIR(rows_by_way_of_a_journal_are_the_same),
        WITH_DIR(made_up_loads_follow_their_seed_alone),
        WITH_DIR(rows_out_of_order_are_split_as_the_plain_way_does),
        WITH_DIR(threads_of_a_sink_change_no_byte_and_csv_reads_back),
        WITH_DIR(latencies_come_from_their_model_and_seed),
    };
    return cmocka_run_group_tests_name("convert/formats", tests, NULL, NULL);
}
