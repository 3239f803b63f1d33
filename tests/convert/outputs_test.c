/* One file an instrument and day, many inputs, journals and TAIFEX's days as inputs, resumed runs.
 */
#include "convert/convert.h"
#include "convert/inputs.h"
#include "convert/outputs.h"

#include "convert_tests.h"
#include "support/test.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#define T0 INT64_C(1627261200000000000)
#define DAY_NS INT64_C(86400000000000)
#define CODES 5

static const char *const codes[CODES] = {"TXFH1", "MXFH1", "2330", "TXO17000H1", "A/B"};
/* As they stand in file names. */
static const char *const names[CODES] = {"TXFH1", "MXFH1", "2330", "TXO17000H1", "A%2FB"};

/* Ticks and books of several instruments over three days, some times late, some lines bad. */
static void write_market(const char *path, uint64_t seed, int lines)
{
    FILE *file = fopen(path, "wb");
    long totals[CODES] = {0};
    int day = 0;
    assert_non_null(file);
    for (int i = 0; i < lines; i++) {
        int which = (int)(sj_test_random(&seed) % CODES);
        if (i * 3 / lines != day) {
            day = i * 3 / lines;
            memset(totals, 0, sizeof totals);
        }
        long long ns =
            T0 + day * DAY_NS + i * 1000000LL - (long long)(sj_test_random(&seed) % 1500000);
        int price = 17000 + (int)(sj_test_random(&seed) % 9);
        int size = 1 + (int)(sj_test_random(&seed) % 5);
        if (sj_test_random(&seed) % 50 == 0)
            fprintf(file, "{\"ts_ns\":%lld,\"symbol\":\"%s\",\"type\":\"MD_TI\n", ns, codes[which]);
        else if (sj_test_random(&seed) % 2)
            fprintf(
                file,
                "{\"ts_ns\":%lld,\"symbol\":\"%s\",\"type\":\"MD_TICK\",\"price\":%d,\"size\":%d,"
                "\"side\":\"buy\",\"total_volume\":%ld}\n",
                ns, codes[which], price, size, totals[which] += size);
        else
            fprintf(file,
                    "{\"ts_ns\":%lld,\"symbol\":\"%s\",\"type\":\"MD_BOOK\",\"bid_prices\":[%d,%d],"
                    "\"bid_volumes\":[%d,7],\"ask_prices\":[%d],\"ask_volumes\":[%d]}\n",
                    ns, codes[which], price, price - 1, size, price + 1, size + 1);
    }
    assert_int_equal(fclose(file), 0);
}

static sj_rc run(const char *in, const char *out, struct sj_convert_options *options,
                 struct sj_convert_report *report)
{
    options->inputs = &in;
    options->input_count = 1;
    options->output = out;
    sj_rc rc = sj_convert_rows(options, report);
    options->inputs = NULL;
    return rc;
}

static void assert_same_file(const char *a, const char *b)
{
    char *x;
    char *y;
    size_t size = sj_test_read(a, &x);
    assert_int_equal(sj_test_read(b, &y), size);
    assert_memory_equal(x, y, size);
    free(x);
    free(y);
}

static bool says(const char *path, const char *words)
{
    char *text;
    sj_test_read(path, &text);
    bool found = strstr(text, words);
    free(text);
    return found;
}

static const enum sj_convert_format formats[] = {SJ_TO_NPZ, SJ_TO_CSV, SJ_TO_PARQUET};
static const char *const endings[] = {"npz", "csv", "parquet"};

static void each_file_is_what_its_instrument_alone_gives(void **state)
{
    const char *in = sj_test_path(*state, "in.jsonl");
    struct sj_convert_report report;
    write_market(in, sj_test_seed(), 15000);
    for (int f = 0; f < 3; f++) {
        char name[64];
        for (uint32_t workers = 1; workers <= 4; workers += 3) {
            struct sj_convert_options options = {
                .workers = workers, .format = formats[f], .latency = "lognormal:300us,0.5"};
            snprintf(name, sizeof name, "w%u/{symbol}.%s", workers, endings[f]);
            assert_int_equal(run(in, sj_test_path(*state, name), &options, &report), 0);
            assert_int_equal(report.output_count, CODES);
            assert_true(report.counts.rejects[SJ_REJECT_TRUNCATED] > 50);
            assert_int_equal(report.counts.gaps, 0);
            assert_true(report.split_rows > 100);
        }
        uint64_t rows = 0;
        uint64_t all = report.row_count;
        for (int i = 0; i < CODES; i++) {
            struct sj_convert_options options = {.workers = 2,
                                                 .format = formats[f],
                                                 .latency = "lognormal:300us,0.5",
                                                 .encode = {.symbol = codes[i]}};
            const char *alone = sj_test_path(*state, "alone");
            assert_int_equal(run(in, alone, &options, &report), 0);
            rows += report.row_count;
            for (int workers = 1; workers <= 4; workers += 3) {
                snprintf(name, sizeof name, "w%d/%s.%s", workers, names[i], endings[f]);
                assert_same_file(sj_test_path(*state, name), alone);
            }
        }
        assert_int_equal(rows, all);
    }
    assert_same_file(sj_test_path(*state, "w1/all.npz.rejects.jsonl"),
                     sj_test_path(*state, "w4/all.npz.rejects.jsonl"));
    assert_true(says(sj_test_path(*state, "w4/all.npz.manifest.json"), "/w4/A%2FB.npz\""));
}

static void days_go_to_files_of_their_own_and_are_no_gaps(void **state)
{
    const char *in = sj_test_path(*state, "in.jsonl");
    struct sj_convert_report report;
    write_market(in, sj_test_seed(), 9000);
    struct sj_convert_options options = {.workers = 2, .encode = {.symbol = "2330"}};
    assert_int_equal(run(in, sj_test_path(*state, "whole.npz"), &options, &report), 0);
    uint64_t trades = report.counts.trades;
    assert_int_equal(report.day_count, 3);
    assert_int_equal(report.counts.gaps, 0);
    assert_int_equal(run(in, sj_test_path(*state, "{day}/x{symbol}.npz"), &options, &report), 0);
    assert_int_equal(report.output_count, 3);
    assert_int_equal(access(sj_test_path(*state, "20210726/x2330.npz"), F_OK), 0);
    assert_int_equal(access(sj_test_path(*state, "20210728/x2330.npz"), F_OK), 0);
    assert_int_equal(access(sj_test_path(*state, "all_xall.npz.manifest.json"), F_OK), 0);
    assert_int_equal(report.counts.trades, trades);
    options.encode.strict = true;
    assert_int_equal(run(in, sj_test_path(*state, "strict.npz"), &options, &report),
                     -SJ_E_MALFORMED);
}

static void names_keep_to_their_folder_and_tell_all_codes_apart(void **state)
{
    struct sj_outputs outputs;
    struct sj_output *output;
    char base[4096];
    const char *name = sj_test_path(*state, "o/{symbol}-{day}.npy");
    assert_int_equal(sj_outputs_init(&outputs, name), 0);
    assert_int_equal(sj_outputs_get(&outputs, "../../x", 20210726, &output), 0);
    assert_string_equal(output->path, sj_test_path(*state, "o/%2E.%2F..%2Fx-20210726.npy"));
    assert_int_equal(sj_outputs_get(&outputs, "a%b\x01", 20210726, &output), 0);
    assert_string_equal(output->path, sj_test_path(*state, "o/a%25b%01-20210726.npy"));
    sj_outputs_base(&outputs, base, sizeof base);
    assert_string_equal(base, sj_test_path(*state, "o/all-all.npy"));
    struct sj_output *again;
    assert_int_equal(sj_outputs_get(&outputs, "a%b\x01", 20210726, &again), 0);
    assert_ptr_equal(again, output);
    assert_int_equal(sj_outputs_get(&outputs, "a%b\x01", 20210727, &again), 0);
    assert_ptr_not_equal(again, output);
    assert_int_equal(outputs.count, 3);
    sj_outputs_done(&outputs);
    assert_int_equal(sj_outputs_init(&outputs, "x{sym}.npz"), -SJ_E_MALFORMED);
}

/* --- stopped and resumed --- */

static atomic_bool stop_now;

static void stop_soon(const struct sj_convert_progress *progress, void *context)
{
    if (progress->row_count > *(uint64_t *)context)
        atomic_store(&stop_now, true);
}

/* Runs until it is done, stopped again and again on the way. Returns how often. */
static int run_with_stops(const char *in, const char *out, struct sj_convert_options *options,
                          struct sj_convert_report *report)
{
    uint64_t until = 0;
    int stops = 0;
    sj_rc rc;
    options->stop = &stop_now;
    options->progress = stop_soon;
    options->context = &until;
    do {
        atomic_store(&stop_now, false);
        rc = run(in, out, options, report);
        options->resume = true;
        stops += rc == -EINTR;
        until += 20000;
        assert_true(stops < 1000);
    } while (rc == -EINTR);
    assert_int_equal(rc, 0);
    options->stop = NULL;
    options->progress = NULL;
    options->resume = false;
    return stops;
}

static void a_run_of_many_files_goes_on_where_it_was(void **state)
{
    const char *in = sj_test_path(*state, "in.jsonl");
    struct sj_convert_report report;
    struct sj_convert_options options = {.workers = 2, .format = SJ_TO_NPY};
    write_market(in, sj_test_seed(), 24000);
    assert_int_equal(run(in, sj_test_path(*state, "a/{symbol}.npy"), &options, &report), 0);
    assert_true(run_with_stops(in, sj_test_path(*state, "b/{symbol}.npy"), &options, &report) > 0);
    assert_true(report.resumed_at > 0);
    for (int i = 0; i < CODES; i++) {
        char name[64];
        snprintf(name, sizeof name, "a/%s.npy", names[i]);
        const char *whole = sj_test_path(*state, name);
        *strchr(name, 'a') = 'b';
        assert_same_file(sj_test_path(*state, name), whole);
    }
    assert_same_file(sj_test_path(*state, "b/all.npy.rejects.jsonl"),
                     sj_test_path(*state, "a/all.npy.rejects.jsonl"));
    assert_int_equal(access(sj_test_path(*state, "b/all.npy.resume"), F_OK), -1);
}

static void journals_are_read_and_written_on_where_they_were(void **state)
{
    const char *in = sj_test_path(*state, "in.jsonl");
    const char *journal = sj_test_path(*state, "journal");
    const char *whole = sj_test_path(*state, "whole.npz");
    const char *out = sj_test_path(*state, "out.npz");
    struct sj_convert_report report;
    write_market(in, sj_test_seed(), 24000);
    struct sj_convert_options to = {.workers = 2, .format = SJ_TO_JOURNAL};
    assert_true(run_with_stops(in, journal, &to, &report) > 0);
    assert_true(report.resumed_at > 0);
    struct sj_convert_options from = {.encode = {.dialect = SJ_DIALECT_JOURNAL, .symbol = "2330"}};
    assert_int_equal(run(journal, whole, &from, &report), 0);
    assert_true(run_with_stops(journal, out, &from, &report) > 0);
    assert_true(report.resumed_at > 0);
    assert_same_file(out, whole);
    assert_same_file(sj_test_path(*state, "out.npz.manifest.json"),
                     sj_test_path(*state, "whole.npz.manifest.json"));
    struct sj_convert_options direct = {.encode = {.symbol = "2330"}};
    assert_int_equal(run(in, out, &direct, &report), 0);
    assert_same_file(out, whole);
    from.encode.symbol = NULL;
    assert_int_equal(run(journal, sj_test_path(*state, "j/{symbol}.npz"), &from, &report), 0);
    assert_int_equal(report.output_count, CODES);
    assert_same_file(sj_test_path(*state, "j/2330.npz"), whole);
}

/* --- strict --- */

static void strict_names_the_first_wrong_line_whatever_is_wrong_with_it(void **state)
{
    static const struct {
        const char *lines[3]; /* after two good ones */
        const char *says;
    } cases[] = {
        {{"1627261203000000000 9", "x", "1627261200000000000 10"}, ":3: a gap"},
        {{"x", "1627261203000000000 9", ""}, ":3: not JSON"},
        {{"1627261200000000001 3", "1627347600000000000 1", "x"}, ":3: time runs backwards by 1"},
        {{"1627347600000000000 1", "x", "1627261203000000000 9"},
         ":3: another trading day (20210727"},
        {{"1627261203000000000 3", "1627347600000000000 1", "x"},
         ":4: another trading day (20210727"},
        {{"1627261203000000000 3", "1627261204000000000 9", "x"}, ":4: a gap"},
    };
    const char *in = sj_test_path(*state, "in.jsonl");
    const char *out = sj_test_path(*state, "out.npz");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sj_convert_report report;
        struct sj_convert_options options = {.workers = 1, .encode = {.strict = true}};
        FILE *file = fopen(in, "wb");
        assert_non_null(file);
        for (int k = -2; k < 3; k++) {
            static const char *const good[] = {"1627261200000000001 1", "1627261200000000002 2"};
            long long ns;
            int total;
            const char *line = k < 0 ? good[k + 2] : cases[i].lines[k];
            if (sscanf(line, "%lld %d", &ns, &total) == 2)
                fprintf(file,
                        "{\"ts_ns\":%lld,\"symbol\":\"X\",\"type\":\"MD_TICK\",\"price\":1,"
                        "\"size\":1,\"total_volume\":%d}\n",
                        ns, total);
            else
                fprintf(file, "%s\n", line);
        }
        assert_int_equal(fclose(file), 0);
        assert_int_equal(run(in, out, &options, &report), -SJ_E_MALFORMED);
        if (!strstr(report.error, cases[i].says))
            fail_msg("'%s' does not say '%s'", report.error, cases[i].says);
        assert_int_equal(access(out, F_OK), -1);
    }
}

/* --- inputs --- */

static void make_folder(void *state, const char *name)
{
    assert_int_equal(mkdir(sj_test_path(state, name), 0755), 0);
}

static void folders_and_patterns_stand_for_files_in_their_order(void **state)
{
    static const char *const jsonl[] = {".jsonl", ".jsonl.gz", NULL};
    static const char *const files[] = {"raw/20210727/b.jsonl",    "raw/20210726/b.JSONL",
                                        "raw/20210726/a.jsonl.gz", "raw/20210726/c.txt",
                                        "raw/.hidden.jsonl",       "raw/20210726/[x].jsonl"};
    static const char *const order[] = {"raw/20210726/[x].jsonl", "raw/20210726/a.jsonl.gz",
                                        "raw/20210726/b.JSONL", "raw/20210727/b.jsonl"};
    struct sj_inputs inputs;
    char error[512];
    make_folder(*state, "raw");
    make_folder(*state, "raw/20210726");
    make_folder(*state, "raw/20210727");
    make_folder(*state, "empty");
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        sj_test_write_text(sj_test_path(*state, files[i]), "");
    const char *named[2] = {sj_test_path(*state, "raw"), NULL};
    assert_int_equal(sj_inputs_expand(named, 1, jsonl, &inputs, error), 0);
    assert_int_equal(inputs.count, 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_string_equal(inputs.paths[i], sj_test_path(*state, order[i]));
    sj_inputs_done(&inputs);
    named[0] = sj_test_path(*state, "raw/*/b*");
    assert_int_equal(sj_inputs_expand(named, 1, jsonl, &inputs, error), 0);
    assert_int_equal(inputs.count, 2);
    sj_inputs_done(&inputs);
    named[0] = sj_test_path(*state, "raw/20210726/[x].jsonl"); /* a file of that name, no pattern */
    assert_int_equal(sj_inputs_expand(named, 1, jsonl, &inputs, error), 0);
    assert_int_equal(inputs.count, 1);
    sj_inputs_done(&inputs);
    named[0] = sj_test_path(*state, "raw/*.nothing");
    assert_int_equal(sj_inputs_expand(named, 1, jsonl, &inputs, error), -ENOENT);
    assert_non_null(strstr(error, "nothing matches"));
    named[0] = sj_test_path(*state, "empty");
    assert_int_equal(sj_inputs_expand(named, 1, jsonl, &inputs, error), -ENOENT);
    assert_non_null(strstr(error, ".jsonl.gz"));
    named[0] = sj_test_path(*state, "raw");
    named[1] = sj_test_path(*state, "raw/../raw/20210727/b.jsonl");
    assert_int_equal(sj_inputs_expand(named, 2, jsonl, &inputs, error), -EEXIST);
    assert_non_null(strstr(error, "named twice"));
    named[0] = sj_test_path(*state, "empty");
    assert_int_equal(sj_inputs_expand(named, 1, NULL, &inputs, error), 0); /* a journal */
    assert_int_equal(inputs.count, 1);
    sj_inputs_done(&inputs);
}

/* --- TAIFEX --- */

#define HEADER                                                                                     \
    "\xa6\xa8\xa5\xe6\xa4\xe9\xb4\xc1,\xb0\xd3\xab~\xa5N\xb8\xb9,"                                 \
    "\xa8\xec\xb4\xc1\xa4\xeb\xa5\xf7(\xb6g\xa7O),\xa6\xa8\xa5\xe6\xae\xc9\xb6\xa1,"               \
    "\xa6\xa8\xa5\xe6\xbb\xf9\xae\xe6,\xa6\xa8\xa5\xe6\xbc\xc6\xb6q(B+S),"                         \
    "\xaa\xf1\xa4\xeb\xbb\xf9\xae\xe6,\xbb\xb7\xa4\xeb\xbb\xf9\xae\xe6,"                           \
    "\xb6}\xbdL\xb6\xb0\xa6X\xc4v\xbb\xf9 \r\n"

static size_t write_taifex(const char *path, uint64_t seed)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(HEADER, file);
    for (int product = 0; product < 3; product++)
        for (int i = 0; i < 20000; i++)
            fprintf(file, "20210726,T%cF,202108,%02d%02d%02d,%d,2,-,-,\r\n", 'A' + product,
                    9 + i / 6000, i / 100 % 60, i / 2 % 60, (int)(sj_test_random(&seed) % 99 + 1));
    long size = ftell(file);
    assert_int_equal(fclose(file), 0);
    return (size_t)size;
}

static void write_zip(const char *path, const char *csv)
{
    int error;
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &error);
    assert_non_null(zip);
    zip_source_t *source = zip_source_file(zip, csv, 0, -1);
    assert_non_null(source);
    assert_true(zip_file_add(zip, "Daily.csv", source, 0) >= 0);
    assert_int_equal(zip_close(zip), 0);
}

static void a_taifex_day_becomes_rows_directly_as_by_way_of_a_journal(void **state)
{
    const char *csv = sj_test_path(*state, "day.csv");
    const char *zip = sj_test_path(*state, "day.zip");
    const char *journal = sj_test_path(*state, "journal");
    struct sj_convert_report report;
    struct sj_convert_options options = {.encode = {.dialect = SJ_DIALECT_TAIFEX}};
    size_t size = write_taifex(csv, sj_test_seed());
    write_zip(zip, csv);
    assert_int_equal(run(csv, sj_test_path(*state, "a/{symbol}.npz"), &options, &report), 0);
    assert_int_equal(report.row_count, 60000);
    assert_int_equal(report.counts.lines, 60001);
    assert_int_equal(report.text_size, size);
    assert_int_equal(run(zip, sj_test_path(*state, "b/{symbol}.npz"), &options, &report), 0);
    assert_true(run_with_stops(zip, sj_test_path(*state, "c/{symbol}.npz"), &options, &report) > 0);
    options.format = SJ_TO_JOURNAL;
    assert_int_equal(run(zip, journal, &options, &report), 0);
    struct sj_convert_options from = {.encode = {.dialect = SJ_DIALECT_JOURNAL}};
    assert_int_equal(run(journal, sj_test_path(*state, "d/{symbol}.npz"), &from, &report), 0);
    for (const char *other = "bcd"; *other; other++)
        for (int product = 0; product < 3; product++) {
            char name[2][64];
            snprintf(name[0], 64, "a/T%cF202108.npz", 'A' + product);
            snprintf(name[1], 64, "%c/T%cF202108.npz", *other, 'A' + product);
            assert_same_file(sj_test_path(*state, name[1]), sj_test_path(*state, name[0]));
        }
}

static void a_zip_that_ends_early_is_converted_and_reported(void **state)
{
    const char *csv = sj_test_path(*state, "day.csv");
    const char *zip = sj_test_path(*state, "day.zip");
    const char *out = sj_test_path(*state, "{symbol}.npy");
    struct sj_convert_report report;
    struct sj_convert_options options = {.format = SJ_TO_NPY,
                                         .encode = {.dialect = SJ_DIALECT_TAIFEX}};
    struct stat stat_now;
    write_taifex(csv, sj_test_seed());
    write_zip(zip, csv);
    assert_int_equal(stat(zip, &stat_now), 0);
    assert_int_equal(truncate(zip, stat_now.st_size / 2), 0);
    assert_int_equal(run(zip, out, &options, &report), -SJ_E_CORRUPT);
    assert_int_equal(report.counts.rejects[SJ_REJECT_ARCHIVE], 1);
    assert_in_range(report.row_count, 10000, 50000);
    assert_true(says(sj_test_path(*state, "all.npy.rejects.jsonl"), "\"reason\":\"archive\""));
    options.encode.strict = true;
    assert_true(run(zip, sj_test_path(*state, "s{symbol}.npy"), &options, &report) < 0);
    assert_int_equal(truncate(zip, 20), 0);
    options.encode.strict = false;
    assert_int_equal(run(zip, out, &options, &report), -SJ_E_CORRUPT);
}

int outputs_tests(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIR(each_file_is_what_its_instrument_alone_gives),
        WITH_DIR(days_go_to_files_of_their_own_and_are_no_gaps),
        WITH_DIR(names_keep_to_their_folder_and_tell_all_codes_apart),
        WITH_DIR(a_run_of_many_files_goes_on_where_it_was),
        WITH_DIR(journals_are_read_and_written_on_where_they_were),
        WITH_DIR(strict_names_the_first_wrong_line_whatever_is_wrong_with_it),
        WITH_DIR(folders_and_patterns_stand_for_files_in_their_order),
        WITH_DIR(a_taifex_day_becomes_rows_directly_as_by_way_of_a_journal),
        WITH_DIR(a_zip_that_ends_early_is_converted_and_reported),
    };
    return cmocka_run_group_tests_name("convert/outputs", tests, NULL, NULL);
}
