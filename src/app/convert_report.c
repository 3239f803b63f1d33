/* What a conversion says when it is done. */
#include "app/convert_report.h"

#include "app/format.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>

static uint64_t rejected_count(const struct sj_convert_report *report)
{
    uint64_t count = 0;
    for (int i = 0; i < SJ_REJECT_COUNT; i++)
        count += report->counts.rejects[i];
    return count;
}

/* What a user must not overlook; one line each. */
void sj_convert_say_findings(const struct sj_convert_report *report)
{
    const struct sj_counts *counts = &report->counts;
    if (rejected_count(report)) {
        fprintf(stderr, "%s lines were not taken (%s):", SJ_COUNT(rejected_count(report)),
                report->rejects_path);
        for (int i = 0; i < SJ_REJECT_COUNT; i++)
            if (counts->rejects[i])
                fprintf(stderr, " %s %s", SJ_COUNT(counts->rejects[i]),
                        sj_reject_name((enum sj_reject)i));
        fputc('\n', stderr);
    }
    if (counts->late_rows || counts->late_local_rows)
        fprintf(stderr,
                "times run backwards: %s rows by the exchange's time, %s by receipt; %s rows were "
                "split into an exchange's and a local one\n",
                SJ_COUNT(counts->late_rows), SJ_COUNT(counts->late_local_rows),
                SJ_COUNT(report->split_rows));
    if (report->shift_ns)
        fprintf(stderr,
                "all times of receipt were moved by %lld ns: the earliest was %lld ns "
                "before its sending\n",
                (long long)report->shift_ns, (long long)-report->min_latency_ns);
    else if (counts->negative_rows)
        fprintf(stderr,
                "%s rows were received before they were sent (by up to %lld ns) and left so; "
                "--shift-negative 0s moves all\n",
                SJ_COUNT(counts->negative_rows), (long long)-report->min_latency_ns);
    if (counts->gaps)
        fprintf(stderr, "%s gaps: the running volume or update number jumps\n",
                SJ_COUNT(counts->gaps));
    if (report->day_count > 1)
        fprintf(stderr, "%u trading days are in it (%d .. %d)\n", report->day_count,
                report->days[0].day, report->days[report->day_count - 1].day);
    if (counts->simtrades_dropped)
        fprintf(stderr, "%s trial matches were left out; --simtrade keeps them\n",
                SJ_COUNT(counts->simtrades_dropped));
    if (counts->mended)
        fprintf(stderr, "%s times were mended: 8 h back, to whole microseconds\n",
                SJ_COUNT(counts->mended));
    if (report->times_want_mending)
        fprintf(stderr, "the times look like Taipei time taken for UTC through a float (all are "
                        "multiples of 256 ns); --mend-times mends them\n");
}

void sj_convert_print_json(const struct sj_convert_options *options,
                           const struct sj_convert_report *report)
{
    char text[8192];
    struct sj_json json;
    sj_json_init(&json, text, sizeof text);
    sj_json_begin_object(&json);
    sj_json_field_text(&json, "output", options->output);
    sj_json_field_text(&json, "symbol", report->symbol);
    sj_json_field_uint(&json, "outputs", report->output_count);
    sj_json_field_uint(&json, "rows", report->row_count);
    sj_json_field_uint(&json, "split_rows", report->split_rows);
    sj_json_field_uint(&json, "lines", report->counts.lines);
    sj_json_field_uint(&json, "trades", report->counts.trades);
    sj_json_field_uint(&json, "books", report->counts.books);
    if (report->counts.lots)
        sj_json_field_uint(&json, "lots", report->counts.lots);
    if (report->instrument_count)
        sj_json_field_uint(&json, "instruments", report->instrument_count);
    sj_json_field_uint(&json, "rejected", rejected_count(report));
    sj_json_field_uint(&json, "gaps", report->counts.gaps);
    sj_json_field_uint(&json, "late_rows", report->counts.late_rows);
    sj_json_field_uint(&json, "negative_latency_rows", report->counts.negative_rows);
    sj_json_field_int(&json, "local_shift_ns", report->shift_ns);
    sj_json_field_uint(&json, "trading_days", report->day_count);
    if (report->day_count)
        sj_json_field_int(&json, "trading_day", report->days[report->day_count - 1].day);
    sj_json_field_int(&json, "first_ns", report->first_ns);
    sj_json_field_int(&json, "last_ns", report->last_ns);
    sj_json_field_uint(&json, "bytes", report->text_size);
    sj_json_field_real(&json, "seconds", (double)report->elapsed_ns * 1e-9);
    sj_json_end_object(&json);
    if (sj_json_finish(&json) >= 0)
        puts(text);
}

void sj_convert_print_text(const struct sj_convert_options *options,
                           const struct sj_convert_report *report)
{
    double seconds = (double)report->elapsed_ns * 1e-9;
    const char *output = options->output;
    if (options->format == SJ_TO_JOURNAL)
        printf("%s: %s events of %u instruments", output, SJ_COUNT(report->row_count),
               report->instrument_count);
    else if (strchr(output, '{'))
        printf("%s: %s rows in %u files", output, SJ_COUNT(report->row_count),
               report->output_count);
    else
        printf("%s: %s rows of %s", output, SJ_COUNT(report->row_count),
               *report->symbol ? report->symbol : "one instrument");
    printf(" from %s %s, %s in %.2f s (%s/s)\n", SJ_COUNT(report->counts.lines),
           options->encode.dialect == SJ_DIALECT_JOURNAL ? "events" : "lines",
           SJ_BYTES(report->text_size), seconds,
           SJ_BYTES(seconds > 0 ? (double)report->text_size / seconds : 0));
    if (options->format == SJ_TO_JOURNAL)
        fprintf(stderr, "next: shijim journal ls %s\n      shijim broker-sim --replay %s\n", output,
                output);
}
