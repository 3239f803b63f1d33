/* `shijim convert jsonl`, `binance`, `csv`, `taifex` and `journal`: to files of rows or a journal.
 */
#include "app/convert_commands.h"
#include "app/convert_progress.h"
#include "app/convert_report.h"
#include "base/cli.h"

#include "convert/convert.h"
#include "convert/inputs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static atomic_bool stop_asked;

static void ask_stop(int signal_number)
{
    (void)signal_number;
    atomic_store_explicit(&stop_asked, true, memory_order_release);
}

struct rows_command {
    struct sj_convert_options options;
    struct sj_cli cli;
    const char *to;
    const char *book;
    const char *base_latency;
    uint64_t workers;
    bool json;
};

static const struct {
    const char *name;
    const char *ending;
    enum sj_convert_format format;
} formats[] = {
    {"npz", ".npz", SJ_TO_NPZ},       {"npz-deflated", NULL, SJ_TO_NPZ_DEFLATED},
    {"npy", ".npy", SJ_TO_NPY},       {"csv", ".csv", SJ_TO_CSV},
    {"arrow", ".arrow", SJ_TO_ARROW}, {"parquet", ".parquet", SJ_TO_PARQUET},
    {"journal", NULL, SJ_TO_JOURNAL},
};
#define FORMAT_COUNT (sizeof formats / sizeof formats[0])

static bool ends_with(const char *text, const char *end)
{
    if (!end)
        return false;
    size_t size = strlen(text);
    size_t end_size = strlen(end);
    return size >= end_size && !strcmp(text + size - end_size, end);
}

/* By name, or by OUT's ending; what has none of the endings is a journal's directory. */
static bool find_format(struct rows_command *command)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++)
        if (command->to ? !strcmp(command->to, formats[i].name)
                        : ends_with(command->options.output, formats[i].ending)) {
            command->options.format = formats[i].format;
            return true;
        }
    command->options.format = SJ_TO_JOURNAL;
    return !command->to;
}

static int choose_format(struct rows_command *command)
{
    struct sj_convert_options *options = &command->options;
    if (!find_format(command))
        return sj_cli_fail(&command->cli, SJ_EXIT_USER,
                           "--to takes npz, npz-deflated, npy, csv, arrow, parquet or journal, "
                           "not '%s'",
                           command->to);
    if (options->format == SJ_TO_JOURNAL && options->encode.dialect != SJ_DIALECT_ORIGINAL &&
        options->encode.dialect != SJ_DIALECT_TAIFEX)
        return sj_cli_fail(&command->cli, SJ_EXIT_USER,
                           "into a journal go TAIFEX's files and the original's JSONL: name OUT "
                           ".npz, .npy, .csv, .arrow or .parquet");
    if (options->format == SJ_TO_JOURNAL && strchr(options->output, '{'))
        return sj_cli_fail(&command->cli, SJ_EXIT_USER,
                           "a journal holds all instruments and days: leave {symbol} and {day} out "
                           "of its name, or let it end in .npz, .npy, .csv, .arrow or .parquet");
    if (!strcmp(command->book, "changes"))
        options->encode.book_mode = SJ_BOOK_CHANGES;
    else if (!strcmp(command->book, "snapshots"))
        options->encode.book_mode = SJ_BOOK_SNAPSHOTS;
    else
        return sj_cli_fail(&command->cli, SJ_EXIT_USER,
                           "--book takes changes or snapshots, not '%s'", command->book);
    if (command->base_latency) {
        options->shift_negative = true;
        if (sj_cli_duration(command->base_latency, &options->base_latency_ns) < 0)
            return sj_cli_fail(&command->cli, SJ_EXIT_USER,
                               "--shift-negative takes a time like 0s or 5us, not '%s'",
                               command->base_latency);
    }
    return -1;
}

static int exit_of(sj_rc rc)
{
    if (rc == -SJ_E_IDENTITY)
        return SJ_EXIT_IDENTITY;
    bool user = rc == -ENOENT || rc == -EISDIR || rc == -EEXIST || rc == -SJ_E_LAYOUT;
    return user ? SJ_EXIT_USER : SJ_EXIT_FAILED;
}

/* What the files of a folder end in, by dialect; a journal is a folder itself. */
static const char *const *endings_of(enum sj_dialect dialect)
{
    static const char *const jsonl[] = {".jsonl", ".jsonl.gz", ".jsonl.zst", NULL};
    static const char *const binance[] = {".gz", ".zst", ".txt", ".jsonl", ".json", NULL};
    static const char *const taifex[] = {".zip", ".csv", ".csv.gz", ".csv.zst", NULL};
    static const char *const csv[] = {".csv", ".csv.gz", ".csv.zst", ".tsv", NULL};
    switch (dialect) {
    case SJ_DIALECT_ORIGINAL:
        return jsonl;
    case SJ_DIALECT_BINANCE:
        return binance;
    case SJ_DIALECT_CSV:
        return csv;
    case SJ_DIALECT_TAIFEX:
        return taifex;
    default:
        return NULL;
    }
}

static int convert(struct rows_command *command);

static int expand_and_convert(struct rows_command *command)
{
    struct sj_convert_options *options = &command->options;
    struct sj_inputs inputs;
    char error[512];
    size_t count = command->cli.value_count - 1;
    sj_rc rc = sj_inputs_expand(command->cli.values, count, endings_of(options->encode.dialect),
                                &inputs, error);
    if (rc < 0)
        return sj_cli_fail(&command->cli, exit_of(rc), "%s", error);
    options->inputs = (const char *const *)inputs.paths;
    options->input_count = inputs.count;
    options->output = command->cli.values[count];
    int exit_code = convert(command);
    sj_inputs_done(&inputs);
    return exit_code;
}

static int convert(struct rows_command *command)
{
    struct sj_convert_options *options = &command->options;
    struct sj_convert_report report;
    struct sj_convert_bar bar;
    options->workers = (uint32_t)command->workers;
    if (options->encode.dialect == SJ_DIALECT_CSV && !options->csv_map)
        return sj_cli_fail(&command->cli, SJ_EXIT_USER,
                           "--map FILE must say which column is what (docs/reference.md)");
    int exit_code = choose_format(command);
    if (exit_code >= 0)
        return exit_code;
    sj_convert_bar_init(&bar);
    options->progress = sj_convert_bar_draw;
    options->context = &bar;
    options->stop = &stop_asked;
    signal(SIGINT, ask_stop);
    signal(SIGTERM, ask_stop);
    sj_rc rc = sj_convert_rows(options, &report);
    sj_convert_bar_end(&bar);
    bool converted = rc >= 0 || rc == -SJ_E_CORRUPT;
    if (converted && command->json)
        sj_convert_print_json(options, &report);
    else if (converted)
        sj_convert_print_text(options, &report);
    if (converted)
        sj_convert_say_findings(&report);
    return rc < 0 ? sj_cli_fail(&command->cli, exit_of(rc), "%s", report.error) : SJ_EXIT_DONE;
}

#define OPTION_COUNT 16

static const char common_details[] =
    "IN is a file, a folder (all files below it, in the order of their names) or a pattern; files\n"
    "may be compressed with gzip or zstd. OUT is .npz or .npy (for hftbacktest), .csv, .arrow,\n"
    ".parquet, or else a journal's directory. {symbol} and {day} in OUT make one file an "
    "instrument\n"
    "and trading day. Beside OUT it leaves OUT.manifest.json, OUT.metrics.prom and, when lines "
    "were\n"
    "not taken, OUT.rejects.jsonl. Ctrl-C stops in order; --resume goes on from there, and from a\n"
    "crash. The same input gives the same bytes with any number of workers.";

static void add_option(struct sj_cli_option *options, struct sj_cli *cli,
                       struct sj_cli_option option)
{
    options[cli->option_count++] = option;
}

static void add_flag(struct sj_cli_option *options, struct sj_cli *cli, const char *name,
                     const char *text, bool *target)
{
    add_option(options, cli,
               (struct sj_cli_option){name, NULL, text, SJ_CLI_FLAG, target, 0, 0, 0});
}

static void add_text(struct sj_cli_option *options, struct sj_cli *cli, const char *name,
                     const char *value, const char *text, const char **target)
{
    add_option(options, cli,
               (struct sj_cli_option){name, value, text, SJ_CLI_TEXT, target, 0, 0, 0});
}

static void add_latency(struct sj_cli_option *options, struct rows_command *command)
{
    struct sj_cli *cli = &command->cli;
    add_text(options, cli, "latency", "MODEL",
             "receipt where lines do not say: 5ms, lognormal:300us,0.5, file:PATH",
             &command->options.latency);
    add_option(options, cli,
               (struct sj_cli_option){"seed", "N", "of the latency model", SJ_CLI_UINT,
                                      &command->options.seed, 0, 0, 0});
}

static void add_input_options(struct sj_cli_option *options, struct rows_command *command)
{
    struct sj_encode_options *encode = &command->options.encode;
    struct sj_cli *cli = &command->cli;
    if (encode->dialect == SJ_DIALECT_BINANCE) {
        add_flag(options, cli, "tickers", "rows 103, 104 from bookTicker messages",
                 &encode->tickers);
        add_flag(options, cli, "marks", "rows 100 .. 102 from markPriceUpdate messages",
                 &encode->marks);
        return;
    }
    if (encode->dialect == SJ_DIALECT_TAIFEX) {
        add_latency(options, command);
        return;
    }
    add_flag(options, cli, "simtrade", "keep trial matches", &encode->simtrade);
    add_text(options, cli, "book", "HOW", "whole books become changes or snapshots",
             &command->book);
    if (encode->dialect == SJ_DIALECT_JOURNAL)
        return;
    add_flag(options, cli, "mend-times",
             "times are Taipei's, taken for UTC through a float: mend them", &encode->mend_times);
    if (encode->dialect == SJ_DIALECT_CSV)
        add_text(options, cli, "map", "FILE", "which column is what (docs/reference.md); needed",
                 &command->options.csv_map);
    add_latency(options, command);
}

static int rows_main(struct rows_command *command, int argc, char **argv)
{
    struct sj_cli_option options[OPTION_COUNT];
    struct sj_cli *cli = &command->cli;
    bool journal = command->options.encode.dialect == SJ_DIALECT_JOURNAL;
    add_text(options, cli, "to", "FORMAT",
             "npz, npz-deflated, npy, csv, arrow, parquet, journal (by OUT's ending)",
             &command->to);
    add_text(options, cli, "symbol", "CODE", "only this instrument",
             &command->options.encode.symbol);
    add_flag(options, cli, "strict", "stop at the first thing wrong, with file and line",
             &command->options.encode.strict);
    add_text(options, cli, "shift-negative", "TIME",
             "receipt before sending: move all times of receipt, and TIME more",
             &command->base_latency);
    add_flag(options, cli, "json", "the report as JSON", &command->json);
    add_flag(options, cli, "resume", "go on where a stopped run was", &command->options.resume);
    add_option(options, cli,
               (struct sj_cli_option){"workers", "N", "threads (as many as cores)", SJ_CLI_UINT,
                                      &command->workers, 1, SJ_CONVERT_WORKERS_MAX, 0});
    add_input_options(options, command);
    command->book = "changes";
    command->options.seed = 1;
    cli->options = options;
    cli->details = common_details;
    cli->arguments = journal ? "DIR... OUT" : "IN... OUT";
    cli->arguments_min = 2;
    cli->arguments_max = SJ_CLI_ARGUMENTS_ANY;
    sj_rc rc = sj_cli_parse(cli, argc, argv);
    return rc != 1 ? sj_cli_exit(rc) : expand_and_convert(command);
}

int sj_convert_command_jsonl(int argc, char **argv)
{
    struct rows_command command = {
        .cli = {.command = "convert jsonl",
                .summary = "Converts the original system's recorder files (MD_TICK, MD_BOOK and "
                           "normalised events).",
                .example = "shijim convert jsonl md_events_*.jsonl TXFL5.npz --symbol TXFL5 "
                           "--mend-times --latency 5ms\n"
                           "shijim convert jsonl raw/ 'rows/{symbol}/{day}.npz' --mend-times"}};
    command.options.encode.dialect = SJ_DIALECT_ORIGINAL;
    return rows_main(&command, argc, argv);
}

int sj_convert_command_binance(int argc, char **argv)
{
    struct rows_command command = {
        .cli = {.command = "convert binance",
                .summary = "Converts Binance's raw futures feed (receive time and message a line).",
                .example = "shijim convert binance btcusdt_20240808.gz btcusdt.npz "
                           "--shift-negative 0s"}};
    command.options.encode.dialect = SJ_DIALECT_BINANCE;
    return rows_main(&command, argc, argv);
}

int sj_convert_command_journal(int argc, char **argv)
{
    struct rows_command command = {
        .cli = {.command = "convert journal",
                .summary = "Converts trades and books out of journals.",
                .example = "shijim convert journal data/journal TXFH1.npz --symbol TXFH1\n"
                           "shijim convert journal data/journal rows/{symbol}_{day}.npz"}};
    command.options.encode.dialect = SJ_DIALECT_JOURNAL;
    return rows_main(&command, argc, argv);
}

int sj_convert_command_csv(int argc, char **argv)
{
    struct rows_command command = {
        .cli = {.command = "convert csv",
                .summary = "Converts CSV files, by a mapping file that says which column is what.",
                .example = "shijim convert csv trades.csv.gz trades.npz --map trades.map"}};
    command.options.encode.dialect = SJ_DIALECT_CSV;
    return rows_main(&command, argc, argv);
}

int sj_convert_command_taifex(int argc, char **argv)
{
    struct rows_command command = {
        .cli = {.command = "convert taifex",
                .summary = "Converts days of TAIFEX futures or options trades (Daily_*, "
                           "OptionsDaily_*; zip or CSV).",
                .example = "shijim convert taifex Daily_2021_07_26.zip ./day\n"
                           "shijim convert taifex days/ 'rows/{symbol}_{day}.npz' --latency 5ms"}};
    command.options.encode.dialect = SJ_DIALECT_TAIFEX;
    return rows_main(&command, argc, argv);
}
