#include "convert/job.h"

#include "base/json.h"
#include "base/tw_time.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void put_inputs(struct sj_json *json, const struct sj_job *job)
{
    sj_json_key(json, "inputs");
    sj_json_begin_array(json);
    for (uint32_t i = 0; i < job->options->input_count; i++) {
        char hash[33];
        struct stat stat_now;
        sj_json_begin_object(json);
        sj_json_field_text(json, "path", job->options->inputs[i]);
        bool journal = job->encode.dialect == SJ_DIALECT_JOURNAL;
        if (!journal && !stat(job->options->inputs[i], &stat_now))
            sj_json_field_uint(json, "bytes", (uint64_t)stat_now.st_size);
        if (job->source)
            sj_source_hash(job->source, i, hash);
        else
            sj_feed_hash(job->feed, i, hash);
        sj_json_field_text(json, journal ? "events_xxh128" : "xxh128", hash);
        sj_json_end_object(json);
    }
    sj_json_end_array(json);
}

static void put_options(struct sj_json *json, const struct sj_job *job)
{
    static const char *const formats[] = {"npz",   "npz_deflated", "npy",    "csv",
                                          "arrow", "parquet",      "journal"};
    static const char *const dialects[] = {"jsonl", "binance", "csv", "journal", "taifex"};
    const struct sj_convert_options *options = job->options;
    const struct sj_encode_options *encode = &options->encode;
    sj_json_key(json, "options");
    sj_json_begin_object(json);
    sj_json_field_text(json, "input", dialects[encode->dialect]);
    sj_json_field_text(json, "output", formats[options->format]);
    sj_json_field_text(json, "book",
                       encode->book_mode == SJ_BOOK_CHANGES ? "changes" : "snapshots");
    if (encode->symbol)
        sj_json_field_text(json, "symbol", encode->symbol);
    if (options->latency)
        sj_json_field_text(json, "latency", options->latency);
    sj_json_field_uint(json, "seed", options->seed);
    sj_json_field_bool(json, "mend_times", encode->mend_times);
    sj_json_field_bool(json, "simtrade", encode->simtrade);
    sj_json_field_bool(json, "marks", encode->marks);
    sj_json_field_bool(json, "tickers", encode->tickers);
    sj_json_field_bool(json, "shift_negative", options->shift_negative);
    sj_json_field_int(json, "base_latency_ns", options->base_latency_ns);
    sj_json_end_object(json);
}

static void put_rejects(struct sj_json *json, const struct sj_counts *counts)
{
    sj_json_key(json, "rejects");
    sj_json_begin_object(json);
    for (int i = 0; i < SJ_REJECT_COUNT; i++)
        if (counts->rejects[i])
            sj_json_field_uint(json, sj_reject_name((enum sj_reject)i), counts->rejects[i]);
    sj_json_end_object(json);
}

static void put_counts(struct sj_json *json, const struct sj_counts *counts)
{
    sj_json_key(json, "counts");
    sj_json_begin_object(json);
    sj_json_field_uint(json, "lines", counts->lines);
    sj_json_field_uint(json, "trades", counts->trades);
    if (counts->lots)
        sj_json_field_uint(json, "lots", counts->lots);
    sj_json_field_uint(json, "books", counts->books);
    sj_json_field_uint(json, "depth_updates", counts->depths);
    sj_json_field_uint(json, "tickers", counts->tickers);
    sj_json_field_uint(json, "simtrades_dropped", counts->simtrades_dropped);
    sj_json_field_uint(json, "others_dropped", counts->others_dropped);
    sj_json_field_uint(json, "notices", counts->notices);
    sj_json_field_uint(json, "gaps", counts->gaps);
    sj_json_field_uint(json, "times_mended", counts->mended);
    sj_json_field_uint(json, "sideless", counts->sideless);
    sj_json_field_uint(json, "late_rows", counts->late_rows);
    sj_json_field_uint(json, "late_local_rows", counts->late_local_rows);
    sj_json_field_uint(json, "negative_latency_rows", counts->negative_rows);
    sj_json_end_object(json);
    put_rejects(json, counts);
}

static void put_result(struct sj_json *json, const struct sj_convert_report *report)
{
    sj_json_field_text(json, "symbol", report->symbol);
    sj_json_field_uint(json, "rows", report->row_count);
    if (report->instrument_count)
        sj_json_field_uint(json, "instruments", report->instrument_count);
    sj_json_field_uint(json, "split_rows", report->split_rows);
    sj_json_field_int(json, "local_shift_ns", report->shift_ns);
    sj_json_field_int(json, "min_latency_ns", report->min_latency_ns);
    sj_json_field_int(json, "first_ns", report->first_ns);
    sj_json_field_int(json, "last_ns", report->last_ns);
    sj_json_key(json, "trading_days");
    sj_json_begin_array(json);
    for (uint32_t i = 0; i < report->day_count; i++) {
        sj_json_begin_object(json);
        sj_json_field_int(json, "day", report->days[i].day);
        sj_json_field_uint(json, "records", report->days[i].count);
        sj_json_end_object(json);
    }
    sj_json_end_array(json);
}

/* Of a run that makes one file an instrument, a day, or both. */
static void put_outputs(struct sj_json *json, const struct sj_job *job)
{
    const struct sj_outputs *outputs = &job->join.outputs;
    if (!sj_outputs_many(outputs))
        return;
    sj_json_key(json, "outputs");
    sj_json_begin_array(json);
    for (uint32_t i = 0; i < outputs->count; i++) {
        const struct sj_output *output = outputs->list[i];
        const struct sj_track *track = &output->track;
        sj_json_begin_object(json);
        sj_json_field_text(json, "path", output->path);
        if (*track->symbol)
            sj_json_field_text(json, "symbol", track->symbol);
        if (track->day)
            sj_json_field_int(json, "day", track->day);
        sj_json_field_uint(json, "rows", output->row_count);
        sj_json_field_uint(json, "trades", track->counts.trades);
        sj_json_field_uint(json, "books", track->counts.books);
        sj_json_field_uint(json, "gaps", track->counts.gaps);
        sj_json_field_uint(json, "late_rows", track->counts.late_rows);
        sj_json_field_int(json, "local_shift_ns", output->shift_ns);
        sj_json_field_int(json, "first_ns", track->min_exch);
        sj_json_field_int(json, "last_ns", track->max_exch);
        sj_json_end_object(json);
    }
    sj_json_end_array(json);
}

static sj_rc write_file(const char *output, const char *suffix, const char *text, size_t size)
{
    char path[4128];
    snprintf(path, sizeof path, "%s%s", output, suffix);
    FILE *file = fopen(path, "we");
    if (!file)
        return -errno;
    bool whole = fwrite(text, 1, size, file) == size;
    return fclose(file) || !whole ? -EIO : 0;
}

static sj_rc write_metrics(const char *base, const struct sj_convert_report *report)
{
    char text[4096];
    double seconds = (double)report->elapsed_ns * 1e-9;
    uint64_t rejected = 0;
    for (int i = 0; i < SJ_REJECT_COUNT; i++)
        rejected += report->counts.rejects[i];
    int size = snprintf(
        text, sizeof text,
        "# TYPE shijim_convert_seconds gauge\nshijim_convert_seconds %.6f\n"
        "# TYPE shijim_convert_workers gauge\nshijim_convert_workers %u\n"
        "# TYPE shijim_convert_input_bytes gauge\nshijim_convert_input_bytes %llu\n"
        "# TYPE shijim_convert_text_bytes gauge\nshijim_convert_text_bytes %llu\n"
        "# TYPE shijim_convert_bytes_per_second gauge\nshijim_convert_bytes_per_second %.0f\n"
        "# TYPE shijim_convert_lines gauge\nshijim_convert_lines %llu\n"
        "# TYPE shijim_convert_rows gauge\nshijim_convert_rows %llu\n"
        "# TYPE shijim_convert_rejected_lines gauge\nshijim_convert_rejected_lines %llu\n",
        seconds, report->workers, (unsigned long long)report->input_size,
        (unsigned long long)report->text_size,
        seconds > 0 ? (double)report->text_size / seconds : 0,
        (unsigned long long)report->counts.lines, (unsigned long long)report->row_count,
        (unsigned long long)rejected);
    return write_file(base, ".metrics.prom", text, (size_t)size);
}

/* A byte of a path takes six at most, as a \\u sequence. */
static size_t room_for(const struct sj_job *job)
{
    const struct sj_convert_options *options = job->options;
    const struct sj_outputs *outputs = &job->join.outputs;
    size_t room = 65536 + SJ_CONVERT_DAYS_MAX * 64;
    for (uint32_t i = 0; i < options->input_count; i++)
        room += 6 * strlen(options->inputs[i]) + 128;
    for (uint32_t i = 0; i < outputs->count; i++)
        room += 6 * strlen(outputs->list[i]->path) + 512;
    return room;
}

sj_rc sj_job_manifest(const struct sj_job *job)
{
    size_t room = room_for(job);
    char *text = malloc(room);
    struct sj_json json;
    if (!text)
        return -ENOMEM;
    sj_json_init(&json, text, room);
    sj_json_begin_object(&json);
    sj_json_field_text(&json, "shijim", SJ_VERSION);
    sj_json_field_int(&json, "manifest", 1);
    put_inputs(&json, job);
    put_options(&json, job);
    put_counts(&json, &job->join.account.counts);
    put_result(&json, job->report);
    put_outputs(&json, job);
    sj_json_end_object(&json);
    sj_rc rc = sj_json_finish(&json);
    if (rc >= 0) {
        text[rc] = '\n';
        rc = write_file(job->base, ".manifest.json", text, (size_t)rc + 1);
    }
    free(text);
    return rc < 0 ? rc : write_metrics(job->base, job->report);
}
