#include "convert/job.h"

#include "base/clock.h"
#include "convert/from_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define SAVE_INTERVAL_NS (10 * SJ_NS_PER_S)
#define SHOW_INTERVAL_NS (200 * SJ_NS_PER_MS)

static sj_rc fail(struct sj_job *job, sj_rc rc, const char *path)
{
    if (!*job->report->error)
        snprintf(job->report->error, sizeof job->report->error, "%.400s: %s", path, sj_rc_text(rc));
    return rc;
}

static bool stopped(const struct sj_job *job)
{
    return job->options->stop && atomic_load_explicit(job->options->stop, memory_order_acquire);
}

static void show(struct sj_job *job, const char *phase, bool always)
{
    int64_t now_ns = sj_clock_mono_ns();
    if (!job->options->progress || (!always && now_ns - job->shown_ns < SHOW_INTERVAL_NS))
        return;
    job->shown_ns = now_ns;
    struct sj_convert_progress progress = {.done_size = job->source ? sj_source_taken(job->source)
                                                                    : job->join.state.text_size,
                                           .size = job->source ? sj_source_size(job->source) : 0,
                                           .row_count = job->join.state.row_count,
                                           .elapsed_ns = now_ns - job->began_ns,
                                           .phase = phase};
    job->options->progress(&progress, job->options->context);
}

/* --- first pass: pieces to rows, in their order, into OUT.part --- */

/* All batches taken are written: their checksums become one. Under the lock. */
static void fold_crcs(struct sj_job *job)
{
    for (uint64_t i = job->crc_first; i < job->turn; i++) {
        const struct sj_piece_crc *piece = &job->crcs[i - job->crc_first];
        job->join.state.crc =
            (uint32_t)crc32_combine64(job->join.state.crc, piece->crc, (z_off64_t)piece->size);
    }
    job->crc_first = job->turn;
}

static sj_rc save(struct sj_job *job)
{
    job->saved_ns = sj_clock_mono_ns();
    job->saving = true; /* no batch is taken until those under way are written */
    while (job->writing)
        pthread_cond_wait(&job->moved, &job->lock);
    fold_crcs(job);
    sj_rc rc = job->tape ? sj_tape_sync(job->tape) : 0;
    if (rc >= 0)
        rc = sj_job_save(job);
    job->saving = false;
    pthread_cond_broadcast(&job->moved);
    return rc < 0 ? fail(job, rc, job->resume_path) : 0;
}

static struct sj_piece_crc *crc_of(struct sj_job *job, uint64_t number)
{
    size_t at = (size_t)(number - job->crc_first);
    if (at >= job->crc_max) {
        size_t room = job->crc_max ? 2 * job->crc_max : 256;
        struct sj_piece_crc *crcs = realloc(job->crcs, room * sizeof *crcs);
        if (!crcs)
            return NULL;
        job->crcs = crcs;
        job->crc_max = room;
    }
    return &job->crcs[at];
}

static sj_rc put_events(struct sj_job *job, struct sj_batch *batch)
{
    sj_rc rc = sj_tape_put(job->tape, batch);
    job->join.state.seq = sj_tape_seq(job->tape);
    job->join.state.instrument_count = sj_tape_instrument_count(job->tape);
    return rc < 0 ? fail(job, rc, job->options->output) : 0;
}

/* Waits for the piece's turn and takes its batch into the account. Under the lock. */
static sj_rc take_turn(struct sj_job *job, const struct sj_piece *piece, struct sj_batch *batch,
                       struct sj_join_place *place)
{
    while ((job->turn != piece->number || job->saving) && job->failed >= 0)
        pthread_cond_wait(&job->moved, &job->lock);
    if (job->failed < 0)
        return job->failed;
    sj_rc rc = batch->failed ? -ENOMEM : sj_join_take(&job->join, piece, batch, place);
    if (rc >= 0 && job->tape)
        rc = put_events(job, batch);
    if (rc >= 0 && !crc_of(job, piece->number))
        rc = -ENOMEM;
    if (rc < 0)
        return rc;
    job->turn++;
    job->writing++;
    show(job, "reading", false);
    return 0;
}

static void written(struct sj_job *job, const struct sj_piece *piece, const struct sj_batch *batch,
                    const struct sj_join_place *place, uint32_t crc)
{
    *crc_of(job, piece->number) = (struct sj_piece_crc){
        crc, (batch->row_count + place->inserted_count) * sizeof(struct sj_row)};
    job->writing--;
}

static void give_up(struct sj_job *job, sj_rc rc, const char *what)
{
    if (job->failed >= 0) {
        job->failed = rc;
        fail(job, rc, what);
    }
    pthread_cond_broadcast(&job->moved);
}

static bool work_piece(struct sj_job *job, struct sj_line_parser *parser, struct sj_piece *piece,
                       struct sj_batch *batch)
{
    struct sj_join_place place;
    uint32_t crc = 0;
    sj_rc rc = stopped(job) ? 0 : sj_source_next(job->source, piece);
    if (rc <= 0) {
        pthread_mutex_lock(&job->lock);
        if (rc < 0) {
            snprintf(job->report->error, sizeof job->report->error, "%s",
                     sj_source_error(job->source));
            give_up(job, rc, "");
        }
        pthread_mutex_unlock(&job->lock);
        return false;
    }
    sj_batch_clear(batch);
    sj_encode_piece(&job->encode, parser, piece, batch);
    pthread_mutex_lock(&job->lock);
    rc = take_turn(job, piece, batch, &place);
    pthread_cond_broadcast(&job->moved);
    if (rc < 0) {
        give_up(job, rc, job->options->inputs[piece->file]);
        pthread_mutex_unlock(&job->lock);
        return false;
    }
    pthread_mutex_unlock(&job->lock);
    rc = job->tape ? 0 : sj_join_write(job->part_fd, job->front, batch, &place, &crc);
    pthread_mutex_lock(&job->lock);
    written(job, piece, batch, &place, crc);
    if (rc >= 0 && sj_clock_mono_ns() - job->saved_ns > SAVE_INTERVAL_NS)
        rc = save(job);
    if (rc < 0)
        give_up(job, rc, job->part_path);
    pthread_cond_broadcast(&job->moved);
    pthread_mutex_unlock(&job->lock);
    return rc >= 0;
}

static void *worker_main(void *context)
{
    struct sj_job *job = context;
    struct sj_line_parser *parser = NULL;
    struct sj_piece piece = {.memory = malloc(SJ_PIECE_MEMORY)};
    struct sj_batch batch;
    sj_batch_init(&batch);
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
        while (work_piece(job, parser, &piece, &batch))
            ;
    }
    sj_line_parser_close(parser);
    sj_batch_done(&batch);
    free(piece.memory);
    return NULL;
}

/* A journal is read by one thread: its events are rows nearly as they are. */
static sj_rc run_journal(struct sj_job *job)
{
    const char *dir = job->options->inputs[0];
    struct sj_from_journal *from;
    struct sj_batch batch;
    struct sj_join_place place;
    sj_rc rc = sj_from_journal_open(dir, &job->encode, &from);
    if (rc < 0)
        return fail(job, rc, dir);
    sj_batch_init(&batch);
    do {
        char error[256];
        struct sj_piece piece = {.number = job->turn};
        uint64_t size;
        uint32_t crc = 0;
        sj_batch_clear(&batch);
        rc = stopped(job) ? -EINTR : sj_from_journal_next(from, &batch, &size, error);
        if (rc <= 0)
            break;
        pthread_mutex_lock(&job->lock);
        rc = take_turn(job, &piece, &batch, &place);
        job->join.state.text_size += size;
        pthread_mutex_unlock(&job->lock);
        if (rc >= 0)
            rc = sj_join_write(job->part_fd, job->front, &batch, &place, &crc);
        if (rc >= 0)
            written(job, &piece, &batch, &place, crc);
    } while (rc >= 0);
    fold_crcs(job);
    sj_from_journal_close(from);
    sj_batch_done(&batch);
    return rc < 0 ? fail(job, rc, dir) : 0;
}

static sj_rc run_workers(struct sj_job *job)
{
    pthread_t threads[SJ_CONVERT_WORKERS_MAX];
    uint32_t started = 0;
    job->saved_ns = sj_clock_mono_ns();
    for (; started < job->worker_count; started++)
        if (pthread_create(&threads[started], NULL, worker_main, job))
            break;
    if (!started)
        return fail(job, -EAGAIN, "starting a worker");
    for (uint32_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (job->failed < 0)
        return job->failed;
    pthread_mutex_lock(&job->lock);
    fold_crcs(job);
    sj_rc rc = stopped(job) ? save(job) : 0;
    pthread_mutex_unlock(&job->lock);
    if (rc >= 0 && stopped(job)) {
        snprintf(job->report->error, sizeof job->report->error,
                 "stopped after %llu rows; the same command with --resume goes on",
                 (unsigned long long)job->join.state.row_count);
        rc = -EINTR;
    }
    return rc;
}

/* --- second pass, or the end of the first --- */

static int64_t wanted_shift(const struct sj_job *job)
{
    const struct sj_join_state *state = &job->join.state;
    if (!job->options->shift_negative || state->min_latency >= 0 || !state->row_count)
        return 0;
    return -state->min_latency + job->options->base_latency_ns;
}

static sj_rc sink_rows(const struct sj_row *rows, size_t count, void *context)
{
    return sj_sink_append(context, rows, count);
}

static sj_rc write_ordered(struct sj_job *job, int64_t shift_ns)
{
    const struct sj_join_state *state = &job->join.state;
    struct sj_sink *sink;
    char path[4128];
    snprintf(path, sizeof path, "%s.ordered", job->part_path);
    sj_rc rc = sj_sink_create(path, job->options->format, &sink);
    if (rc < 0)
        return fail(job, rc, path);
    struct sj_order_options order = {.fd = job->part_fd,
                                     .front = job->front,
                                     .row_count = state->row_count,
                                     .sorted_exch = state->sorted_exch,
                                     .sorted_local = state->sorted_local,
                                     .shift_ns = shift_ns,
                                     .output = job->options->output,
                                     .sink = sink_rows,
                                     .context = sink};
    show(job, "ordering", true);
    rc = sj_order_rows(&order, &job->report->row_count);
    if (rc < 0)
        sj_sink_abandon(sink);
    else
        rc = sj_sink_finish(sink);
    if (rc >= 0 && rename(path, job->options->output))
        rc = -errno;
    if (rc < 0) {
        unlink(path);
        return fail(job, rc, path);
    }
    job->report->split_rows = job->report->row_count - state->row_count;
    job->report->shift_ns = shift_ns;
    unlink(job->part_path);
    return 0;
}

static sj_rc write_at(int fd, const void *bytes, size_t size, uint64_t at)
{
    ssize_t done = pwrite(fd, bytes, size, (off_t)at);
    return done == (ssize_t)size ? 0 : done < 0 ? -errno : -EIO;
}

/* The rows lie as they shall: only what stands around them is missing. */
static sj_rc finish_in_place(struct sj_job *job)
{
    const struct sj_join_state *state = &job->join.state;
    uint64_t rows_size = state->row_count * sizeof(struct sj_row);
    uint8_t header[SJ_NPY_FRONT_SIZE];
    uint8_t front[SJ_NPZ_FRONT_SIZE];
    uint8_t tail[SJ_NPZ_TAIL_MAX];
    struct sj_npz_shape shape = {.kind = job->options->format == SJ_TO_NPY ? SJ_NPY : SJ_NPZ_STORED,
                                 .row_count = state->row_count,
                                 .size = SJ_NPY_FRONT_SIZE + rows_size};
    sj_npy_header(state->row_count, header);
    shape.crc = (uint32_t)crc32_combine64(crc32_z(0, header, sizeof header), state->crc,
                                          (z_off64_t)rows_size);
    sj_rc rc = write_at(job->part_fd, front, sj_npz_front(&shape, front), 0);
    if (rc >= 0)
        rc = write_at(job->part_fd, tail, sj_npz_tail(&shape, tail), job->front + rows_size);
    if (rc >= 0 && fdatasync(job->part_fd))
        rc = -errno;
    if (rc >= 0 && rename(job->part_path, job->options->output))
        rc = -errno;
    job->report->row_count = state->row_count;
    return rc < 0 ? fail(job, rc, job->part_path) : 0;
}

/* Success is said only of what was read back. */
static sj_rc finish_journal(struct sj_job *job)
{
    uint64_t there;
    job->report->row_count = job->join.state.row_count;
    job->report->instrument_count = job->join.state.instrument_count;
    sj_rc rc = sj_tape_close(job->tape);
    job->tape = NULL;
    if (rc >= 0)
        rc = sj_tape_count(job->options->output, &there);
    if (rc < 0)
        return fail(job, rc, job->options->output);
    if (there == job->report->row_count)
        return 0;
    snprintf(job->report->error, sizeof job->report->error,
             "%.300s: %llu events were read back, %llu were written", job->options->output,
             (unsigned long long)there, (unsigned long long)job->report->row_count);
    return -SJ_E_IDENTITY;
}

static sj_rc finish(struct sj_job *job)
{
    const struct sj_join_state *state = &job->join.state;
    if (job->encode.symbol && !state->row_count) {
        snprintf(job->report->error, sizeof job->report->error,
                 "nothing of instrument %.32s is in the input (%llu records of others are)",
                 job->encode.symbol, (unsigned long long)state->counts.others_dropped);
        return -SJ_E_UNKNOWN;
    }
    if (job->tape)
        return finish_journal(job);
    int64_t shift_ns = wanted_shift(job);
    uint64_t end = job->front + state->row_count * sizeof(struct sj_row);
    if (ftruncate(job->part_fd, (off_t)end))
        return fail(job, -errno, job->part_path);
    if (shift_ns || !state->sorted_exch || !state->sorted_local ||
        (job->options->format != SJ_TO_NPZ && job->options->format != SJ_TO_NPY))
        return write_ordered(job, shift_ns);
    return finish_in_place(job);
}

static void fill_report(struct sj_job *job)
{
    const struct sj_join_state *state = &job->join.state;
    struct sj_convert_report *report = job->report;
    report->counts = state->counts;
    report->input_size = job->source ? sj_source_size(job->source) : state->text_size;
    report->text_size = state->text_size;
    report->min_latency_ns = state->row_count ? state->min_latency : 0;
    report->first_ns = state->row_count ? state->min_exch : 0;
    report->last_ns = state->row_count ? state->max_exch : 0;
    report->day_count = state->day_count;
    report->workers = job->worker_count;
    memcpy(report->days, state->days, sizeof report->days);
    snprintf(report->symbol, sizeof report->symbol, "%s",
             job->encode.symbol ? job->encode.symbol : state->symbol);
    /* All multiples of 256 ns although not all whole microseconds: a double was in the way. */
    report->times_want_mending = !job->encode.mend_times && state->times_off_us &&
                                 !state->times_off_256 &&
                                 job->encode.dialect == SJ_DIALECT_ORIGINAL;
    report->elapsed_ns = sj_clock_mono_ns() - job->began_ns;
}

/* --- beginning --- */

static sj_rc open_journal(struct sj_job *job)
{
    const struct sj_join_state *state = &job->join.state;
    const char *dir = job->options->output;
    sj_rc rc = sj_tape_open(dir, state->seq, state->instrument_count, &job->tape);
    if (rc == -SJ_E_BUSY)
        snprintf(job->report->error, sizeof job->report->error,
                 "%.300s already holds converted events, or a writer; name another directory", dir);
    return rc < 0 ? fail(job, rc, dir) : 0;
}

static sj_rc start_or_resume(struct sj_job *job)
{
    bool journal = job->options->format == SJ_TO_JOURNAL;
    if (!journal) {
        job->part_fd = open(job->part_path, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
        if (job->part_fd < 0)
            return fail(job, -errno, job->part_path);
    }
    sj_rc rc = job->options->resume ? sj_job_load(job) : -ENOENT;
    if (rc == -ENOENT) {
        unlink(job->resume_path);
        unlink(job->join.rejects_path);
        if (!journal)
            return ftruncate(job->part_fd, 0) ? fail(job, -errno, job->part_path) : 0;
        return open_journal(job);
    }
    if (rc == -SJ_E_LAYOUT) {
        snprintf(
            job->report->error, sizeof job->report->error,
            "%.400s is of a run with other inputs or options; leave --resume out to begin anew",
            job->resume_path);
        return rc;
    }
    if (rc < 0)
        return fail(job, rc, job->resume_path);
    if (journal)
        rc = open_journal(job);
    if (rc < 0)
        return rc;
    const struct sj_join_state *state = &job->join.state;
    job->turn = job->crc_first = state->piece_count;
    job->report->resumed_at = state->piece_count;
    return sj_source_seek(job->source, state->file, state->file_piece, state->piece_count,
                          job->report->error);
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

static sj_rc prepare(struct sj_job *job)
{
    const struct sj_convert_options *options = job->options;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    job->worker_count = options->workers ? options->workers : cores > 0 ? (uint32_t)cores : 1;
    if (job->worker_count > SJ_CONVERT_WORKERS_MAX)
        job->worker_count = SJ_CONVERT_WORKERS_MAX;
    job->front = options->format == SJ_TO_NPY ? SJ_NPY_FRONT_SIZE : SJ_NPZ_FRONT_SIZE;
    snprintf(job->part_path, sizeof job->part_path, "%s.part", options->output);
    snprintf(job->resume_path, sizeof job->resume_path, "%s.resume", options->output);
    sj_rc rc = 0;
    if (options->encode.dialect != SJ_DIALECT_JOURNAL)
        rc =
            sj_source_open(options->inputs, options->input_count, &job->source, job->report->error);
    if (rc >= 0)
        rc = sj_job_digest(options, &job->digest);
    if (rc >= 0 && options->latency)
        rc = sj_latency_create(options->latency, NULL, options->seed, &job->latency, job->report->error);
    if (rc < 0)
        return fail(job, rc, "starting");
    job->encode = options->encode;
    job->encode.latency = job->latency;
    if (options->encode.dialect == SJ_DIALECT_CSV) {
        rc = map_columns(job);
        if (rc < 0)
            return fail(job, rc, options->csv_map);
    }
    job->encode.frames = options->format == SJ_TO_JOURNAL;
    job->joined = *options;
    job->joined.encode = job->encode;
    sj_join_init(&job->join, &job->joined, job->source, job->report->error);
    return start_or_resume(job);
}

static void clean_up(struct sj_job *job, sj_rc rc)
{
    if (job->join.rejects)
        fclose(job->join.rejects);
    if (job->part_fd >= 0)
        close(job->part_fd);
    bool keep = rc == -EINTR || rc == -SJ_E_LAYOUT || rc == -ENOSPC || rc == -EIO;
    if (!keep) {
        if (rc < 0 && job->part_fd >= 0)
            unlink(job->part_path);
        unlink(job->resume_path);
    }
    if (sj_tape_close(job->tape) < 0 && !*job->report->error)
        fail(job, -EIO, job->options->output);
    sj_source_close(job->source);
    sj_latency_close(job->latency);
    free(job->crcs);
    pthread_cond_destroy(&job->moved);
    pthread_mutex_destroy(&job->lock);
}

sj_rc sj_convert_rows(const struct sj_convert_options *options,
                      struct sj_convert_report *ret_report)
{
    struct sj_job job = {.options = options, .report = ret_report, .part_fd = -1};
    *ret_report = (struct sj_convert_report){0};
    pthread_mutex_init(&job.lock, NULL);
    pthread_cond_init(&job.moved, NULL);
    job.began_ns = sj_clock_mono_ns();
    sj_rc rc = prepare(&job);
    if (rc >= 0)
        rc = options->encode.dialect == SJ_DIALECT_JOURNAL ? run_journal(&job) : run_workers(&job);
    if (rc >= 0)
        rc = finish(&job);
    if (rc >= 0) {
        fill_report(&job);
        rc = sj_job_manifest(&job);
    }
    if (rc >= 0 && job.join.state.cut) {
        snprintf(ret_report->error, sizeof ret_report->error,
                 "an archive ends early (see %.400s); what it held was converted",
                 job.join.rejects_path);
        rc = -SJ_E_CORRUPT;
    }
    clean_up(&job, rc);
    return rc;
}
