#include "convert/job.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHOW_INTERVAL_NS (200 * SJ_NS_PER_MS)

sj_rc sj_job_fail(struct sj_job *job, sj_rc rc, const char *path)
{
    if (!*job->report->error)
        snprintf(job->report->error, sizeof job->report->error, "%.400s: %s", path, sj_rc_text(rc));
    return rc;
}

bool sj_job_stopped(const struct sj_job *job)
{
    return job->options->stop && atomic_load_explicit(job->options->stop, memory_order_acquire);
}

void sj_job_show(struct sj_job *job, const char *phase, bool always)
{
    int64_t now_ns = sj_clock_mono_ns();
    if (!job->options->progress || (!always && now_ns - job->shown_ns < SHOW_INTERVAL_NS))
        return;
    job->shown_ns = now_ns;
    struct sj_convert_progress progress = {
        .done_size = job->feed ? sj_feed_taken(job->feed) : sj_source_taken(job->source),
        .size = job->feed ? sj_feed_size(job->feed) : sj_source_size(job->source),
        .row_count = job->join.account.row_count,
        .elapsed_ns = now_ns - job->began_ns,
        .phase = phase};
    job->options->progress(&progress, job->options->context);
}

static void report_times(struct sj_job *job)
{
    const struct sj_outputs *outputs = &job->join.outputs;
    struct sj_convert_report *report = job->report;
    bool any = false;
    for (uint32_t i = 0; i < outputs->count; i++) {
        const struct sj_track *track = &outputs->list[i]->track;
        if (track->min_exch > track->max_exch)
            continue;
        if (!any || track->min_exch < report->first_ns)
            report->first_ns = track->min_exch;
        if (!any || track->max_exch > report->last_ns)
            report->last_ns = track->max_exch;
        if (!any || track->min_latency < report->min_latency_ns)
            report->min_latency_ns = track->min_latency;
        any = true;
    }
}

static void fill_report(struct sj_job *job)
{
    const struct sj_account *account = &job->join.account;
    const struct sj_outputs *outputs = &job->join.outputs;
    struct sj_convert_report *report = job->report;
    const char *symbol = job->encode.symbol;
    report->counts = account->counts;
    report->input_size = job->feed ? sj_feed_size(job->feed) : sj_source_size(job->source);
    report->text_size = account->text_size;
    report->day_count = account->day_count;
    report->workers = job->worker_count;
    snprintf(report->rejects_path, sizeof report->rejects_path, "%.299s", job->join.rejects_path);
    memcpy(report->days, account->days, sizeof report->days);
    if (!symbol)
        symbol = outputs->count == 1 ? outputs->list[0]->track.symbol : "";
    snprintf(report->symbol, sizeof report->symbol, "%.*s", SJ_SYMBOL_SIZE, symbol);
    report_times(job);
    /* All multiples of 256 ns although not all whole microseconds: a double was in the way. */
    report->times_want_mending = !job->encode.mend_times && account->times_off_us &&
                                 !account->times_off_256 &&
                                 job->encode.dialect == SJ_DIALECT_ORIGINAL;
    report->elapsed_ns = sj_clock_mono_ns() - job->began_ns;
}

/* --- beginning --- */

static sj_rc open_journal(struct sj_job *job)
{
    const struct sj_account *account = &job->join.account;
    const char *dir = job->options->output;
    sj_rc rc = sj_tape_open(dir, account->seq, account->instrument_count, &job->tape);
    if (rc == -SJ_E_BUSY)
        snprintf(job->report->error, sizeof job->report->error,
                 "%.300s already holds converted events, or a writer; name another directory", dir);
    return rc < 0 ? sj_job_fail(job, rc, dir) : 0;
}

/* A run of one output has it from the beginning, even if nothing goes into it. */
static sj_rc begin_anew(struct sj_job *job)
{
    struct sj_output *output;
    unlink(job->resume_path);
    unlink(job->join.rejects_path);
    if (job->join.outputs.fileless)
        return open_journal(job);
    if (sj_outputs_many(&job->join.outputs))
        return 0;
    sj_rc rc = sj_outputs_get(&job->join.outputs, "", 0, &output);
    return rc < 0 ? sj_job_fail(job, rc, job->options->output) : 0;
}

static sj_rc start_or_resume(struct sj_job *job)
{
    const struct sj_account *account = &job->join.account;
    sj_rc rc = job->options->resume ? sj_job_load(job) : -ENOENT;
    if (rc == -ENOENT)
        return begin_anew(job);
    if (rc == -SJ_E_LAYOUT) {
        snprintf(
            job->report->error, sizeof job->report->error,
            "%.400s is of a run with other inputs or options; leave --resume out to begin anew",
            job->resume_path);
        return rc;
    }
    if (rc < 0)
        return sj_job_fail(job, rc, job->resume_path);
    if (job->join.outputs.fileless)
        rc = open_journal(job);
    if (rc < 0)
        return rc;
    job->turn = account->piece_count;
    job->report->resumed_at = account->piece_count;
    return job->source ? sj_source_seek(job->source, account->file, account->file_piece,
                                        account->piece_count, job->report->error)
                       : 0;
}

/* The mapping's columns are found by the first line of the first file. */
static sj_rc map_columns(struct sj_job *job)
{
    const struct sj_convert_options *options = job->options;
    struct sj_piece piece = {.memory = malloc(SJ_PIECE_MEMORY)};
    struct sj_source *source = NULL;
    char *error = job->report->error;
    sj_rc rc = piece.memory ? sj_csv_map_read(options->csv_map, &job->csv, error) : -ENOMEM;
    if (rc >= 0)
        rc = sj_source_open(options->inputs, 1, &source, error);
    if (rc >= 0)
        rc = sj_source_next(source, &piece);
    if (rc > 0 && piece.begin < piece.end)
        rc = sj_csv_resolve(&job->csv, piece.begin, error);
    sj_source_close(source);
    free(piece.memory);
    job->encode.csv = &job->csv;
    return rc < 0 ? rc : 0;
}

static sj_rc name_outputs(struct sj_job *job)
{
    const struct sj_convert_options *options = job->options;
    struct sj_outputs *outputs = &job->join.outputs;
    char *error = job->report->error;
    sj_rc rc = sj_outputs_init(outputs, options->output);
    outputs->fileless = options->format == SJ_TO_JOURNAL;
    if (rc >= 0 && outputs->fileless && sj_outputs_many(outputs)) {
        snprintf(error, 256, "%.200s: a journal holds all instruments and days", options->output);
        return -SJ_E_MALFORMED;
    }
    if (rc < 0)
        snprintf(error, 256, "%.100s: of words in braces, {symbol} and {day} may be in a name",
                 options->output);
    sj_outputs_base(outputs, job->base, sizeof job->base);
    snprintf(job->resume_path, sizeof job->resume_path, "%s.resume", job->base);
    return rc;
}

static sj_rc open_inputs(struct sj_job *job)
{
    const struct sj_convert_options *options = job->options;
    enum sj_dialect dialect = options->encode.dialect;
    char *error = job->report->error;
    if (dialect == SJ_DIALECT_JOURNAL || dialect == SJ_DIALECT_TAIFEX)
        return sj_feed_open(options, &job->encode, &job->feed, error);
    sj_rc rc = sj_source_open(options->inputs, options->input_count, &job->source, error);
    if (rc >= 0 && dialect == SJ_DIALECT_CSV)
        rc = map_columns(job);
    return rc < 0 && dialect == SJ_DIALECT_CSV ? sj_job_fail(job, rc, options->csv_map) : rc;
}

static sj_rc prepare(struct sj_job *job)
{
    const struct sj_convert_options *options = job->options;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    job->worker_count = options->workers ? options->workers : cores > 0 ? (uint32_t)cores : 1;
    if (job->worker_count > SJ_CONVERT_WORKERS_MAX)
        job->worker_count = SJ_CONVERT_WORKERS_MAX;
    job->front = options->format == SJ_TO_NPY ? SJ_NPY_FRONT_SIZE : SJ_NPZ_FRONT_SIZE;
    job->encode = options->encode;
    job->encode.frames = options->format == SJ_TO_JOURNAL;
    sj_rc rc = name_outputs(job);
    if (rc >= 0 && options->latency)
        rc = sj_latency_create(options->latency, NULL, options->seed, &job->latency,
                               job->report->error);
    job->encode.latency = job->latency;
    if (rc >= 0)
        rc = open_inputs(job);
    if (rc >= 0)
        rc = sj_job_digest(options, &job->digest);
    if (rc < 0)
        return sj_job_fail(job, rc, "starting");
    job->joined = *options;
    job->joined.encode = job->encode;
    sj_join_init(&job->join, &job->joined, job->base, job->source, job->report->error);
    return start_or_resume(job);
}

static void clean_up(struct sj_job *job, sj_rc rc)
{
    if (job->join.rejects)
        fclose(job->join.rejects);
    bool keep = rc == -EINTR || rc == -SJ_E_LAYOUT || rc == -ENOSPC || rc == -EIO;
    if (!keep) {
        if (rc < 0 && !job->join.outputs.fileless)
            sj_outputs_unlink(&job->join.outputs);
        unlink(job->resume_path);
    }
    if (sj_tape_close(job->tape) < 0 && !*job->report->error)
        sj_job_fail(job, -EIO, job->options->output);
    sj_outputs_done(&job->join.outputs);
    sj_source_close(job->source);
    sj_feed_close(job->feed);
    sj_latency_close(job->latency);
    pthread_cond_destroy(&job->moved);
    pthread_mutex_destroy(&job->lock);
}

sj_rc sj_convert_rows(const struct sj_convert_options *options,
                      struct sj_convert_report *ret_report)
{
    struct sj_job *job = calloc(1, sizeof *job);
    if (!job)
        return -ENOMEM;
    job->options = options;
    job->report = ret_report;
    memset(ret_report, 0, sizeof *ret_report);
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->moved, NULL);
    job->began_ns = sj_clock_mono_ns();
    sj_rc rc = prepare(job);
    if (rc >= 0)
        rc = sj_job_work(job);
    if (rc >= 0)
        rc = sj_job_finish(job);
    if (rc >= 0) {
        fill_report(job);
        rc = sj_job_manifest(job);
    }
    if (rc >= 0 && job->join.account.cut) {
        snprintf(ret_report->error, sizeof ret_report->error,
                 "an archive ends early (see %.400s); what it held was converted",
                 job->join.rejects_path);
        rc = -SJ_E_CORRUPT;
    }
    clean_up(job, rc);
    free(job);
    return rc;
}
