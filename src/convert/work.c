/* The first pass: pieces to rows, in their order, into PATH.part; or to events, into a journal. */
#include "convert/job.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAVE_INTERVAL_NS (10 * SJ_NS_PER_S)

static sj_rc save(struct sj_job *job)
{
    job->saved_ns = sj_clock_mono_ns();
    job->saving = true; /* no batch is taken until those under way are written */
    while (job->writing)
        pthread_cond_wait(&job->moved, &job->lock);
    sj_rc rc = job->tape ? sj_tape_sync(job->tape) : 0;
    if (rc >= 0)
        rc = sj_job_save(job);
    job->saving = false;
    pthread_cond_broadcast(&job->moved);
    return rc < 0 ? sj_job_fail(job, rc, job->resume_path) : 0;
}

static sj_rc put_events(struct sj_job *job, struct sj_batch *batch)
{
    sj_rc rc = sj_tape_put(job->tape, batch);
    job->join.account.seq = sj_tape_seq(job->tape);
    job->join.account.instrument_count = sj_tape_instrument_count(job->tape);
    return rc < 0 ? sj_job_fail(job, rc, job->options->output) : 0;
}

static bool out_of_memory(const struct sj_bundle *bundle)
{
    bool failed = bundle->failed || bundle->main.failed;
    for (uint32_t i = 0; i < bundle->part_count; i++)
        failed |= bundle->parts[i]->failed;
    return failed;
}

/* Waits for the piece's turn and takes its batches into the account. Under the lock. */
static sj_rc take_turn(struct sj_job *job, const struct sj_piece *piece, struct sj_bundle *bundle)
{
    while ((job->turn != piece->number || job->saving) && job->failed >= 0)
        pthread_cond_wait(&job->moved, &job->lock);
    if (job->failed < 0)
        return job->failed;
    sj_rc rc = out_of_memory(bundle) ? -ENOMEM : sj_join_take(&job->join, piece, bundle);
    if (rc >= 0 && job->tape)
        rc = put_events(job, &bundle->main);
    if (rc < 0)
        return rc;
    job->turn++;
    job->writing++;
    sj_job_show(job, "reading", false);
    return 0;
}

static sj_rc write_batch(struct sj_job *job, struct sj_output *output, const struct sj_batch *batch,
                         struct sj_piece_crc *ret_crc)
{
    bool own;
    int fd;
    sj_rc rc = sj_output_fd(output, &fd, &own);
    if (rc < 0)
        return rc;
    ret_crc->size = (batch->row_count + batch->place.inserted_count) * sizeof(struct sj_row);
    rc = sj_join_write(fd, job->front, batch, &ret_crc->crc);
    if (own)
        close(fd);
    return rc;
}

/* Writes the rows of a bundle that was taken, to each output its own. Not under the lock, but for
 * the table of outputs and their checksums. */
static sj_rc write_bundle(struct sj_job *job, struct sj_bundle *bundle)
{
    sj_rc rc = 0;
    for (uint32_t i = 0; rc >= 0 && !job->tape && i < sj_join_batch_count(bundle); i++) {
        struct sj_batch *batch = sj_join_batch(bundle, i);
        struct sj_piece_crc crc = {0};
        if (bundle->part_count && !sj_join_has_rows(batch))
            continue;
        pthread_mutex_lock(&job->lock);
        struct sj_output *output = job->join.outputs.list[batch->place.output];
        pthread_mutex_unlock(&job->lock);
        rc = write_batch(job, output, batch, &crc);
        if (rc < 0)
            break;
        pthread_mutex_lock(&job->lock);
        *sj_output_crc(output, batch->place.turn) = crc;
        pthread_mutex_unlock(&job->lock);
    }
    return rc;
}

static void give_up(struct sj_job *job, sj_rc rc, const char *what)
{
    if (job->failed >= 0) {
        job->failed = rc;
        sj_job_fail(job, rc, what);
    }
    pthread_cond_broadcast(&job->moved);
}

/* A bundle is taken and written; false: the run ends. */
static bool hand_in(struct sj_job *job, const struct sj_piece *piece, struct sj_bundle *bundle,
                    uint64_t event_size)
{
    pthread_mutex_lock(&job->lock);
    sj_rc rc = take_turn(job, piece, bundle);
    job->join.account.text_size += rc < 0 ? 0 : event_size;
    pthread_cond_broadcast(&job->moved);
    if (rc < 0) {
        give_up(job, rc, job->options->inputs[piece->file]);
        pthread_mutex_unlock(&job->lock);
        return false;
    }
    pthread_mutex_unlock(&job->lock);
    rc = write_bundle(job, bundle);
    pthread_mutex_lock(&job->lock);
    job->writing--;
    if (rc >= 0 && sj_clock_mono_ns() - job->saved_ns > SAVE_INTERVAL_NS)
        rc = save(job);
    if (rc < 0)
        give_up(job, rc, job->base);
    pthread_cond_broadcast(&job->moved);
    pthread_mutex_unlock(&job->lock);
    return rc >= 0;
}

static bool work_piece(struct sj_job *job, struct sj_line_parser *parser, struct sj_piece *piece,
                       struct sj_bundle *bundle)
{
    sj_rc rc = sj_job_stopped(job) ? 0 : sj_source_next(job->source, piece);
    if (rc <= 0) {
        pthread_mutex_lock(&job->lock);
        if (rc < 0 && job->failed >= 0) {
            snprintf(job->report->error, sizeof job->report->error, "%s",
                     sj_source_error(job->source));
            give_up(job, rc, "");
        }
        pthread_mutex_unlock(&job->lock);
        return false;
    }
    sj_bundle_clear(bundle);
    sj_encode_piece(&job->encode, parser, piece, bundle);
    return hand_in(job, piece, bundle, 0);
}

static void *worker_main(void *context)
{
    struct sj_job *job = context;
    const struct sj_outputs *outputs = &job->join.outputs;
    struct sj_line_parser *parser = NULL;
    struct sj_piece piece = {.memory = malloc(SJ_PIECE_MEMORY)};
    struct sj_bundle bundle;
    sj_bundle_init(&bundle, outputs->by_symbol, outputs->by_day);
    sj_rc rc = job->encode.csv
                   ? 0
                   : sj_line_parser_create(job->encode.dialect,
                                           job->encode.frames ? SJ_SLOTS_ALL : SJ_SLOTS_ROWS, false,
                                           &parser);
    if (rc < 0 || !piece.memory) {
        pthread_mutex_lock(&job->lock);
        give_up(job, -ENOMEM, "starting a worker");
        pthread_mutex_unlock(&job->lock);
    } else {
        while (work_piece(job, parser, &piece, &bundle))
            ;
    }
    sj_line_parser_close(parser);
    sj_bundle_done(&bundle);
    free(piece.memory);
    return NULL;
}

static sj_rc run_workers(struct sj_job *job)
{
    pthread_t threads[SJ_CONVERT_WORKERS_MAX];
    uint32_t started = 0;
    for (; started < job->worker_count; started++)
        if (pthread_create(&threads[started], NULL, worker_main, job))
            break;
    if (!started)
        return sj_job_fail(job, -EAGAIN, "starting a worker");
    for (uint32_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    return job->failed;
}

/* What one thread reads. A run that is resumed reads what was taken before again, and drops it. */
static sj_rc run_feed(struct sj_job *job)
{
    const struct sj_outputs *outputs = &job->join.outputs;
    struct sj_bundle bundle;
    struct sj_piece piece;
    uint64_t size;
    sj_rc rc = 1;
    bool going = true;
    sj_bundle_init(&bundle, outputs->by_symbol, outputs->by_day);
    while (going && !sj_job_stopped(job)) {
        sj_bundle_clear(&bundle);
        rc = sj_feed_next(job->feed, &bundle, &piece, &size, job->report->error);
        if (rc <= 0)
            break;
        if (piece.number >= job->report->resumed_at)
            going = hand_in(job, &piece, &bundle, size);
    }
    sj_bundle_done(&bundle);
    return rc < 0 ? sj_job_fail(job, rc, "reading") : job->failed;
}

sj_rc sj_job_work(struct sj_job *job)
{
    job->saved_ns = sj_clock_mono_ns();
    sj_rc rc = job->feed ? run_feed(job) : run_workers(job);
    if (rc < 0 || !sj_job_stopped(job))
        return rc;
    pthread_mutex_lock(&job->lock);
    rc = save(job);
    pthread_mutex_unlock(&job->lock);
    if (rc < 0)
        return rc;
    snprintf(job->report->error, sizeof job->report->error,
             "stopped after %llu rows; the same command with --resume goes on",
             (unsigned long long)job->join.account.row_count);
    return -EINTR;
}
