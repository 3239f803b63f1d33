#include "convert/join.h"

#include "base/json.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdarg.h>
#include <string.h>
#include <sys/uio.h>

void sj_join_init(struct sj_join *join, const struct sj_convert_options *options, const char *base,
                  struct sj_source *source, char *error)
{
    join->options = options;
    join->source = source;
    join->error = error;
    snprintf(join->rejects_path, sizeof join->rejects_path, "%s.rejects.jsonl", base);
}

/* Something is wrong with this line: the first such line of the piece is what the run stops at. */
__attribute__((format(printf, 4, 5))) static void stop_at(struct sj_join *join,
                                                          const struct sj_piece *piece,
                                                          uint64_t line, const char *format, ...)
{
    line = line ? line : 1;
    if (join->stop_line && line >= join->stop_line)
        return;
    join->stop_line = line;
    uint64_t file_line = join->account.file_lines + line;
    int used = snprintf(join->error, 512, "%.300s:%llu: ", join->options->inputs[piece->file],
                        (unsigned long long)file_line);
    va_list args;
    va_start(args, format);
    vsnprintf(join->error + used, 512 - (size_t)used, format, args);
    va_end(args);
}

static bool strict(const struct sj_join *join)
{
    return join->options->encode.strict;
}

static sj_rc write_reject(struct sj_join *join, const struct sj_piece *piece,
                          const struct sj_batch *batch, const struct sj_rejected *rejected)
{
    char line[2048 + 6 * SJ_REJECTED_TEXT];
    struct sj_json json;
    if (!join->rejects) {
        join->rejects = fopen(join->rejects_path, join->account.rejects_size ? "ae" : "we");
        if (!join->rejects)
            return -errno;
    }
    sj_json_init(&json, line, sizeof line);
    sj_json_begin_object(&json);
    sj_json_field_text(&json, "file", join->options->inputs[piece->file]);
    sj_json_field_uint(&json, "line", join->account.file_lines + rejected->line);
    sj_json_field_text(&json, "reason", sj_reject_name(rejected->reject));
    sj_json_key(&json, "text");
    sj_json_text_n(&json, batch->reject_text + rejected->text_at, rejected->text_size);
    sj_json_end_object(&json);
    sj_rc size = sj_json_finish(&json);
    if (size < 0)
        return size;
    line[size++] = '\n';
    join->account.rejects_size += (uint64_t)size;
    return fwrite(line, 1, (size_t)size, join->rejects) == (size_t)size ? 0 : -EIO;
}

static sj_rc take_rejects(struct sj_join *join, const struct sj_piece *piece,
                          const struct sj_batch *batch)
{
    for (size_t i = 0; i < batch->rejected_count; i++) {
        const struct sj_rejected *rejected = &batch->rejected[i];
        if (strict(join)) {
            stop_at(join, piece, rejected->line, "%s", sj_reject_text(rejected->reject));
            return 0;
        }
        sj_rc rc = write_reject(join, piece, batch, rejected);
        if (rc < 0) {
            snprintf(join->error, 512, "%.400s: %s", join->rejects_path, sj_rc_text(rc));
            return rc;
        }
    }
    return 0;
}

static void take_symbol(struct sj_join *join, const struct sj_piece *piece, struct sj_track *track,
                        const struct sj_batch *batch)
{
    const char *other = batch->other_symbol;
    uint64_t line = batch->other_line;
    if (!*batch->symbol)
        return;
    if (!*track->symbol)
        memcpy(track->symbol, batch->symbol, sizeof batch->symbol);
    if (strcmp(track->symbol, batch->symbol)) {
        other = batch->symbol;
        line = 1;
    }
    if (*other)
        stop_at(join, piece, line,
                "instrument %s after %s: a file of rows holds one; choose with --symbol, or put "
                "{symbol} in the output's name",
                other, track->symbol);
}

/* A modelled feed keeps its order from batch to batch. */
static void keep_feed_order(const struct sj_join *join, const struct sj_track *track,
                            struct sj_batch *batch)
{
    int64_t floor = track->max_local;
    if (!join->options->encode.latency || batch->min_local >= floor)
        return;
    for (size_t i = 0; i < batch->row_count && batch->rows[i].local_ts < floor; i++)
        batch->rows[i].local_ts = floor;
    if (batch->has_book && batch->first_book_local < floor)
        batch->first_book_local = floor;
    batch->min_local = floor;
    batch->max_local = batch->max_local > floor ? batch->max_local : floor;
}

static void insert_book(const struct sj_join *join, struct sj_track *track, struct sj_batch *batch)
{
    struct sj_join_place *place = &batch->place;
    place->inserted_count = 0;
    place->inserted_at = batch->row_count;
    if (!batch->has_book)
        return;
    place->inserted_at = batch->first_book_row;
    place->inserted_count = sj_book_rows(
        join->options->encode.book_mode, track->has_book ? &track->last_book : NULL,
        &batch->first_book, batch->first_book_exch, batch->first_book_local, place->inserted);
    track->has_book = true;
    track->last_book = batch->last_book;
}

static void look_at_row(struct sj_join *join, const struct sj_piece *piece, struct sj_track *track,
                        const struct sj_row *row, uint64_t line)
{
    if (row->exch_ts < track->max_exch) {
        track->counts.late_rows++;
        if (strict(join))
            stop_at(join, piece, line, "%s by %lld ns", sj_reject_text(SJ_REJECT_ORDER),
                    (long long)(track->max_exch - row->exch_ts));
    } else {
        track->max_exch = row->exch_ts;
    }
    if (row->local_ts < track->max_local) {
        track->counts.late_local_rows++;
        if (strict(join))
            stop_at(join, piece, line, "time of receipt runs backwards by %lld ns",
                    (long long)(track->max_local - row->local_ts));
    } else {
        track->max_local = row->local_ts;
    }
    if (row->local_ts < row->exch_ts) {
        track->counts.negative_rows++;
        if (strict(join))
            stop_at(join, piece, line, "%s by %lld ns", sj_reject_text(SJ_REJECT_LATENCY),
                    (long long)(row->exch_ts - row->local_ts));
    }
}

/* Row by row, only where something is out of order. */
static void look_at_rows(struct sj_join *join, const struct sj_piece *piece, struct sj_track *track,
                         const struct sj_batch *batch)
{
    const struct sj_join_place *place = &batch->place;
    for (size_t i = 0; i <= batch->row_count; i++) {
        if (i == place->inserted_at)
            for (size_t k = 0; k < place->inserted_count; k++)
                look_at_row(join, piece, track, &place->inserted[k], batch->first_book_line);
        if (i < batch->row_count)
            look_at_row(join, piece, track, &batch->rows[i],
                        batch->row_lines && strict(join) ? batch->row_lines[i] : 0);
    }
}

static void take_times(struct sj_join *join, const struct sj_piece *piece, struct sj_track *track,
                       const struct sj_batch *batch)
{
    if (!batch->has_times)
        return;
    bool in_order = batch->sorted_exch && batch->min_exch >= track->max_exch;
    bool in_local_order = batch->sorted_local && batch->min_local >= track->max_local;
    track->sorted_exch &= in_order;
    track->sorted_local &= in_local_order;
    track->min_exch = batch->min_exch < track->min_exch ? batch->min_exch : track->min_exch;
    track->min_latency =
        batch->min_latency < track->min_latency ? batch->min_latency : track->min_latency;
    if (!in_order || !in_local_order || batch->min_latency < 0)
        look_at_rows(join, piece, track, batch);
    track->max_exch = batch->max_exch > track->max_exch ? batch->max_exch : track->max_exch;
    track->max_local = batch->max_local > track->max_local ? batch->max_local : track->max_local;
}

static void take_running(struct sj_join *join, const struct sj_piece *piece, struct sj_track *track,
                         const struct sj_batch *batch)
{
    static const char text[] = "a gap: the running number of volume or updates jumps";
    if (batch->first_gap_line && strict(join))
        stop_at(join, piece, batch->first_gap_line, text);
    if (!batch->has_running)
        return;
    bool gap =
        track->has_running && track->running != batch->running_before &&
        (batch->running_before || !sj_running_restarts(track->running_ns, batch->running_first_ns));
    track->counts.gaps += gap;
    if (gap && strict(join))
        stop_at(join, piece, batch->running_line, text);
    track->has_running = true;
    track->running = batch->running_after;
    track->running_ns = batch->running_last_ns;
}

static void take_days(struct sj_join *join, const struct sj_piece *piece, struct sj_track *track,
                      const struct sj_batch *batch)
{
    struct sj_account *account = &join->account;
    for (uint32_t i = 0; i < batch->day_count; i++) {
        int32_t day = batch->days[i].day;
        uint32_t at = 0;
        while (at < account->day_count && account->days[at].day != day)
            at++;
        if (at == SJ_CONVERT_DAYS_MAX)
            at--;
        if (at == account->day_count)
            account->days[account->day_count++] = (struct sj_day_count){day, 0};
        account->days[at].count += batch->days[i].count;
        if (!track->first_day)
            track->first_day = day;
        if (day != track->first_day && strict(join))
            stop_at(join, piece, batch->day_lines[i], "%s (%d after %d)",
                    sj_reject_text(SJ_REJECT_DAY), day, track->first_day);
    }
}

static void add_counts(struct sj_counts *to, const struct sj_counts *from)
{
    uint64_t *a = (uint64_t *)to;
    const uint64_t *b = (const uint64_t *)from;
    _Static_assert(sizeof *to % sizeof *a == 0, "counts only");
    for (size_t i = 0; i < sizeof *to / sizeof *a; i++)
        a[i] += b[i];
}

static void move_on(struct sj_join *join, const struct sj_piece *piece,
                    const struct sj_batch *batch)
{
    struct sj_account *account = &join->account;
    account->times_seen += batch->times_seen;
    account->times_off_256 += batch->times_off_256;
    account->times_off_us += batch->times_off_us;
    account->text_size += (uint64_t)(piece->end - piece->begin) - piece->unterminated;
    account->piece_count++;
    account->file_lines = piece->ends_file ? 0 : account->file_lines + batch->counts.lines;
    account->file = piece->file + piece->ends_file;
    account->file_piece = piece->ends_file ? 0 : account->file_piece + 1;
}

static sj_rc take_cut(struct sj_join *join, const struct sj_piece *piece,
                      const struct sj_batch *batch)
{
    struct sj_rejected rejected = {SJ_REJECT_ARCHIVE, 0, batch->counts.lines, 0};
    if (!piece->cut)
        return 0;
    join->account.cut = true;
    join->account.counts.rejects[SJ_REJECT_ARCHIVE]++;
    if (!strict(join))
        return write_reject(join, piece, batch, &rejected);
    stop_at(join, piece, rejected.line, "%s", sj_reject_text(SJ_REJECT_ARCHIVE));
    return 0;
}

/* What the track counts itself is of rows in their order; the rest is the batch's. */
static void take_counts(struct sj_join *join, struct sj_track *track,
                        const struct sj_counts *before, const struct sj_batch *batch, bool part)
{
    struct sj_counts *all = &join->account.counts;
    all->gaps += track->counts.gaps - before->gaps;
    all->late_rows += track->counts.late_rows - before->late_rows;
    all->late_local_rows += track->counts.late_local_rows - before->late_local_rows;
    all->negative_rows += track->counts.negative_rows - before->negative_rows;
    add_counts(&track->counts, &batch->counts);
    if (part)
        add_counts(all, &batch->counts);
}

static sj_rc take_batch(struct sj_join *join, const struct sj_piece *piece, struct sj_batch *batch,
                        bool part)
{
    struct sj_output *output;
    if (part && !sj_join_has_rows(batch)) {
        add_counts(&join->account.counts, &batch->counts);
        return 0;
    }
    sj_rc rc = sj_outputs_get(&join->outputs, batch->symbol, batch->day, &output);
    if (rc < 0) {
        snprintf(join->error, 512, "%.300s: output %u, of %s: %s", join->options->output,
                 join->outputs.count + 1, batch->symbol, sj_rc_text(rc));
        return rc;
    }
    struct sj_track *track = &output->track;
    struct sj_counts before = track->counts;
    take_symbol(join, piece, track, batch);
    keep_feed_order(join, track, batch);
    insert_book(join, track, batch);
    take_times(join, piece, track, batch);
    take_running(join, piece, track, batch);
    take_days(join, piece, track, batch);
    take_counts(join, track, &before, batch, part);
    batch->place.output = (uint32_t)(output->slot);
    batch->place.turn = output->turn++;
    batch->place.first_row = track->row_count;
    track->row_count += batch->row_count + batch->place.inserted_count;
    join->account.row_count += batch->row_count + batch->place.inserted_count;
    struct sj_piece_crc *crc = sj_output_crc(output, batch->place.turn);
    if (!crc)
        return -ENOMEM;
    *crc = (struct sj_piece_crc){0}; /* of events nobody writes rows, nor their checksum */
    return 0;
}

sj_rc sj_join_take(struct sj_join *join, const struct sj_piece *piece, struct sj_bundle *bundle)
{
    bool parts = sj_outputs_many(&join->outputs);
    const struct sj_batch *batch = &bundle->main;
    join->stop_line = 0;
    sj_source_hashed(join->source, piece);
    sj_rc rc = 0;
    for (uint32_t i = 0; rc >= 0 && i < sj_join_batch_count(bundle); i++)
        rc = take_batch(join, piece, sj_join_batch(bundle, i), parts);
    if (rc >= 0)
        rc = take_rejects(join, piece, batch);
    if (rc >= 0)
        rc = take_cut(join, piece, batch);
    if (rc >= 0 && join->stop_line)
        rc = -SJ_E_MALFORMED;
    if (rc < 0)
        return rc;
    add_counts(&join->account.counts, &batch->counts);
    join->account.row_count += batch->frame_count;
    move_on(join, piece, batch);
    return 0;
}

static sj_rc write_all(int fd, struct iovec *parts, int count, uint64_t at)
{
    while (count) {
        if (!parts->iov_len) {
            parts++;
            count--;
            continue;
        }
        ssize_t done = pwritev(fd, parts, count, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? -errno : -EIO;
        at += (uint64_t)done;
        for (size_t left = (size_t)done; left && count;) {
            size_t part = left < parts->iov_len ? left : parts->iov_len;
            parts->iov_base = (char *)parts->iov_base + part;
            parts->iov_len -= part;
            left -= part;
            if (!parts->iov_len) {
                parts++;
                count--;
            }
        }
    }
    return 0;
}

sj_rc sj_join_write(int fd, uint64_t front, const struct sj_batch *batch, uint32_t *ret_crc)
{
    const size_t row = sizeof(struct sj_row);
    const struct sj_join_place *place = &batch->place;
    size_t before = place->inserted_at;
    struct iovec parts[3] = {
        {batch->rows, before * row},
        {(void *)(uintptr_t)place->inserted, place->inserted_count * row},
        {batch->rows ? batch->rows + before : NULL, (batch->row_count - before) * row},
    };
    uint32_t crc = 0;
    for (int i = 0; i < 3; i++)
        if (parts[i].iov_len)
            crc = libdeflate_crc32(crc, parts[i].iov_base, parts[i].iov_len);
    *ret_crc = crc;
    return write_all(fd, parts, 3, front + place->first_row * row);
}
