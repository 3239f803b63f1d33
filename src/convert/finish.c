/* The second pass, where rows must be put in order or in another format; and the outputs' names. */
#include "convert/job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static int64_t wanted_shift(const struct sj_job *job, const struct sj_track *track)
{
    if (!job->options->shift_negative || track->min_latency >= 0 || !track->row_count)
        return 0;
    return -track->min_latency + job->options->base_latency_ns;
}

static sj_rc sink_rows(const struct sj_row *rows, size_t count, void *context)
{
    return sj_sink_append(context, rows, count);
}

static sj_rc write_ordered(const struct sj_job *job, struct sj_output *output, int fd,
                           uint32_t threads)
{
    const struct sj_track *track = &output->track;
    struct sj_sink *sink;
    char path[4160];
    snprintf(path, sizeof path, "%s.ordered", output->part_path);
    sj_rc rc = sj_sink_create(path, job->options->format, threads, &sink);
    if (rc < 0)
        return rc;
    struct sj_order_options order = {.fd = fd,
                                     .front = job->front,
                                     .row_count = track->row_count,
                                     .sorted_exch = track->sorted_exch,
                                     .sorted_local = track->sorted_local,
                                     .shift_ns = output->shift_ns,
                                     .output = output->path,
                                     .threads = threads,
                                     .sink = sink_rows,
                                     .context = sink};
    rc = sj_order_rows(&order, &output->row_count);
    if (rc < 0)
        sj_sink_abandon(sink);
    else
        rc = sj_sink_finish(sink);
    if (rc < 0)
        unlink(path);
    output->ordered = rc >= 0;
    return rc;
}

static sj_rc write_at(int fd, const void *bytes, size_t size, uint64_t at)
{
    ssize_t done = pwrite(fd, bytes, size, (off_t)at);
    return done == (ssize_t)size ? 0 : done < 0 ? -errno : -EIO;
}

/* The rows lie as they shall: only what stands around them is missing. */
static sj_rc finish_in_place(const struct sj_job *job, struct sj_output *output, int fd)
{
    const struct sj_track *track = &output->track;
    uint64_t rows_size = track->row_count * sizeof(struct sj_row);
    uint8_t header[SJ_NPY_FRONT_SIZE];
    uint8_t front[SJ_NPZ_FRONT_SIZE];
    uint8_t tail[SJ_NPZ_TAIL_MAX];
    struct sj_npz_shape shape = {.kind = job->options->format == SJ_TO_NPY ? SJ_NPY : SJ_NPZ_STORED,
                                 .row_count = track->row_count,
                                 .size = SJ_NPY_FRONT_SIZE + rows_size};
    sj_npy_header(track->row_count, header);
    shape.crc = (uint32_t)crc32_combine64(crc32_z(0, header, sizeof header), track->crc,
                                          (z_off64_t)rows_size);
    sj_rc rc = write_at(fd, front, sj_npz_front(&shape, front), 0);
    if (rc >= 0)
        rc = write_at(fd, tail, sj_npz_tail(&shape, tail), job->front + rows_size);
    if (rc >= 0 && fdatasync(fd))
        rc = -errno;
    output->row_count = track->row_count;
    return rc;
}

static sj_rc finish_output(const struct sj_job *job, struct sj_output *output, uint32_t threads)
{
    const struct sj_track *track = &output->track;
    bool in_place = job->options->format == SJ_TO_NPZ || job->options->format == SJ_TO_NPY;
    bool own;
    int fd;
    sj_rc rc = sj_output_fd(output, &fd, &own);
    if (rc < 0)
        return rc;
    output->shift_ns = wanted_shift(job, track);
    uint64_t end = job->front + track->row_count * sizeof(struct sj_row);
    if (ftruncate(fd, (off_t)end))
        rc = -errno;
    else if (in_place && !output->shift_ns && track->sorted_exch && track->sorted_local)
        rc = finish_in_place(job, output, fd);
    else
        rc = write_ordered(job, output, fd, threads);
    if (own)
        close(fd);
    return rc;
}

/* Outputs are shared out among threads where there are several, else the threads go to the one. */
struct sharing {
    struct sj_job *job;
    _Atomic uint32_t next;
};

static void *share_main(void *context)
{
    struct sharing *sharing = context;
    struct sj_job *job = sharing->job;
    const struct sj_outputs *outputs = &job->join.outputs;
    for (;;) {
        uint32_t index = atomic_fetch_add(&sharing->next, 1);
        pthread_mutex_lock(&job->lock);
        bool over = index >= outputs->count || job->failed < 0;
        sj_job_show(job, "ordering", false);
        pthread_mutex_unlock(&job->lock);
        if (over)
            return NULL;
        sj_rc rc = finish_output(job, outputs->list[index], 1);
        if (rc >= 0)
            continue;
        pthread_mutex_lock(&job->lock);
        if (job->failed >= 0)
            job->failed = sj_job_fail(job, rc, outputs->list[index]->path);
        pthread_mutex_unlock(&job->lock);
    }
}

static sj_rc finish_outputs(struct sj_job *job)
{
    const struct sj_outputs *outputs = &job->join.outputs;
    struct sharing sharing = {.job = job};
    pthread_t threads[SJ_CONVERT_WORKERS_MAX];
    uint32_t started = 0;
    if (outputs->count == 1) {
        sj_rc rc = finish_output(job, outputs->list[0], job->worker_count);
        return rc < 0 ? sj_job_fail(job, rc, outputs->list[0]->path) : 0;
    }
    while (started + 1 < job->worker_count && started + 1 < outputs->count &&
           !pthread_create(&threads[started], NULL, share_main, &sharing))
        started++;
    share_main(&sharing);
    for (uint32_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    return job->failed;
}

/* From here on only names change, so a run that is resumed has little to do again. */
static sj_rc name_outputs(struct sj_job *job)
{
    const struct sj_outputs *outputs = &job->join.outputs;
    sj_rc rc = 0;
    if (outputs->count > 1) {
        job->join.account.finishing = true;
        rc = sj_job_save(job);
        if (rc < 0)
            return sj_job_fail(job, rc, job->resume_path);
    }
    for (uint32_t i = 0; rc >= 0 && i < outputs->count; i++) {
        const struct sj_output *output = outputs->list[i];
        char path[4160];
        snprintf(path, sizeof path, "%s%s", output->part_path, output->ordered ? ".ordered" : "");
        if (rename(path, output->path))
            rc = sj_job_fail(job, -errno, output->path);
    }
    if (rc < 0)
        return rc;
    /* The state first: it must not speak of parts that are gone. */
    unlink(job->resume_path);
    for (uint32_t i = 0; i < outputs->count; i++)
        if (outputs->list[i]->ordered)
            unlink(outputs->list[i]->part_path);
    return 0;
}

static void report_outputs(struct sj_job *job)
{
    const struct sj_outputs *outputs = &job->join.outputs;
    struct sj_convert_report *report = job->report;
    for (uint32_t i = 0; i < outputs->count; i++) {
        const struct sj_output *output = outputs->list[i];
        report->row_count += output->row_count;
        report->split_rows += output->row_count - output->track.row_count;
        if (output->shift_ns > report->shift_ns)
            report->shift_ns = output->shift_ns;
    }
    report->output_count = outputs->count;
}

/* Success is said only of what was read back. */
static sj_rc finish_journal(struct sj_job *job)
{
    uint64_t there;
    job->report->row_count = job->join.account.row_count;
    job->report->instrument_count = job->join.account.instrument_count;
    job->report->output_count = 1;
    sj_rc rc = sj_tape_close(job->tape);
    job->tape = NULL;
    if (rc >= 0)
        rc = sj_tape_count(job->options->output, &there);
    if (rc < 0)
        return sj_job_fail(job, rc, job->options->output);
    if (there == job->report->row_count)
        return 0;
    snprintf(job->report->error, sizeof job->report->error,
             "%.300s: %llu events were read back, %llu were written", job->options->output,
             (unsigned long long)there, (unsigned long long)job->report->row_count);
    return -SJ_E_IDENTITY;
}

sj_rc sj_job_finish(struct sj_job *job)
{
    const struct sj_account *account = &job->join.account;
    struct sj_outputs *outputs = &job->join.outputs;
    if (job->encode.symbol && !account->row_count) {
        snprintf(job->report->error, sizeof job->report->error,
                 "nothing of instrument %.32s is in the input (%llu records of others are)%s",
                 job->encode.symbol, (unsigned long long)account->counts.others_dropped,
                 account->cut ? "; an archive ends early" : "");
        return -SJ_E_UNKNOWN;
    }
    if (job->tape)
        return finish_journal(job);
    for (uint32_t i = 0; i < outputs->count; i++)
        sj_output_fold(outputs->list[i]);
    sj_job_show(job, "ordering", true);
    sj_rc rc = finish_outputs(job);
    if (rc >= 0)
        rc = name_outputs(job);
    if (rc >= 0)
        report_outputs(job);
    return rc;
}
