#include "convert/join.h"

#include "base/json.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdarg.h>
#include <string.h>
#include <sys/uio.h>

void sj_join_init(struct sj_join *join, const struct sj_convert_options *options,
                  struct sj_source *source, char *error)
{
    *join = (struct sj_join){.options = options, .source = source, .error = error};
    snprintf(join->rejects_path, sizeof join->rejects_path, "%s.rejects.jsonl", options->output);
    join->state.sorted_exch = join->state.sorted_local = true;
    join->state.max_exch = join->state.max_local = INT64_MIN;
    join->state.min_exch = join->state.min_latency = INT64_MAX;
}

__attribute__((format(printf, 4, 5))) static sj_rc stop_at(struct sj_join *join,
                                                           const struct sj_piece *piece,
                                                           uint64_t line, const char *format, ...)
{
    uint64_t file_line = join->state.file_lines + line;
    int used = snprintf(join->error, 512, "%.300s:%llu: ", join->options->inputs[piece->file],
                        (unsigned long long)file_line);
    va_list args;
    va_start(args, format);
    vsnprintf(join->error + used, 512 - (size_t)used, format, args);
    va_end(args);
    return -SJ_E_MALFORMED;
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
        join->rejects = fopen(join->rejects_path, join->state.rejects_size ? "ae" : "we");
        if (!join->rejects)
            return -errno;
    }
    sj_json_init(&json, line, sizeof line);
    sj_json_begin_object(&json);
    sj_json_field_text(&json, "file", join->options->inputs[piece->file]);
    sj_json_field_uint(&json, "line", join->state.file_lines + rejected->line);
    sj_json_field_text(&json, "reason", sj_reject_name(rejected->reject));
    sj_json_key(&json, "text");
    sj_json_text_n(&json, batch->reject_text + rejected->text_at, rejected->text_size);
    sj_json_end_object(&json);
    sj_rc size = sj_json_finish(&json);
    if (size < 0)
        return size;
    line[size++] = '\n';
    join->state.rejects_size += (uint64_t)size;
    return fwrite(line, 1, (size_t)size, join->rejects) == (size_t)size ? 0 : -EIO;
}

static sj_rc take_rejects(struct sj_join *join, const struct sj_piece *piece,
                          const struct sj_batch *batch)
{
    for (size_t i = 0; i < batch->rejected_count; i++) {
        const struct sj_rejected *rejected = &batch->rejected[i];
        if (strict(join))
            return stop_at(join, piece, rejected->line, "%s", sj_reject_text(rejected->reject));
        sj_rc rc = write_reject(join, piece, batch, rejected);
        if (rc < 0) {
            snprintf(join->error, 512, "%.400s: %s", join->rejects_path, sj_rc_text(rc));
            return rc;
        }
    }
    return 0;
}

static sj_rc take_symbol(struct sj_join *join, const struct sj_piece *piece,
                         const struct sj_batch *batch)
{
    struct sj_join_state *state = &join->state;
    const char *other = batch->other_symbol;
    uint64_t line = batch->other_line;
    if (!*batch->symbol)
        return 0;
    if (!*state->symbol)
        memcpy(state->symbol, batch->symbol, sizeof state->symbol);
    if (strcmp(state->symbol, batch->symbol)) {
        other = batch->symbol;
        line = 1;
    }
    if (!*other)
        return 0;
    return stop_at(join, piece, line,
                   "instrument %s after %s: a file of rows holds one; choose with --symbol", other,
                   state->symbol);
}

/* A modelled feed keeps its order from batch to batch. */
static void keep_feed_order(struct sj_join *join, struct sj_batch *batch)
{
    int64_t floor = join->state.max_local;
    if (!join->options->encode.latency || batch->min_local >= floor)
        return;
    for (size_t i = 0; i < batch->row_count && batch->rows[i].local_ts < floor; i++)
        batch->rows[i].local_ts = floor;
    if (batch->has_book && batch->first_book_local < floor)
        batch->first_book_local = floor;
    batch->min_local = floor;
    batch->max_local = batch->max_local > floor ? batch->max_local : floor;
}

static void insert_book(struct sj_join *join, const struct sj_batch *batch,
                        struct sj_join_place *place)
{
    struct sj_join_state *state = &join->state;
    place->inserted_count = 0;
    place->inserted_at = batch->row_count;
    if (!batch->has_book)
        return;
    place->inserted_at = batch->first_book_row;
    place->inserted_count = sj_book_rows(
        join->options->encode.book_mode, state->has_book ? &state->last_book : NULL,
        &batch->first_book, batch->first_book_exch, batch->first_book_local, place->inserted);
    state->has_book = true;
    state->last_book = batch->last_book;
}

static sj_rc look_at_row(struct sj_join *join, const struct sj_piece *piece,
                         const struct sj_row *row, uint64_t line)
{
    struct sj_join_state *state = &join->state;
    if (row->exch_ts < state->max_exch) {
        state->counts.late_rows++;
        if (strict(join))
            return stop_at(join, piece, line, "%s by %lld ns", sj_reject_text(SJ_REJECT_ORDER),
                           (long long)(state->max_exch - row->exch_ts));
    } else {
        state->max_exch = row->exch_ts;
    }
    if (row->local_ts < state->max_local) {
        state->counts.late_local_rows++;
        if (strict(join))
            return stop_at(join, piece, line, "time of receipt runs backwards by %lld ns",
                           (long long)(state->max_local - row->local_ts));
    } else {
        state->max_local = row->local_ts;
    }
    if (row->local_ts < row->exch_ts) {
        state->counts.negative_rows++;
        if (strict(join))
            return stop_at(join, piece, line, "%s by %lld ns", sj_reject_text(SJ_REJECT_LATENCY),
                           (long long)(row->exch_ts - row->local_ts));
    }
    return 0;
}

/* Row by row, only where something is out of order. */
static sj_rc look_at_rows(struct sj_join *join, const struct sj_piece *piece,
                          const struct sj_batch *batch, const struct sj_join_place *place)
{
    sj_rc rc = 0;
    for (size_t i = 0; rc >= 0 && i <= batch->row_count; i++) {
        if (i == place->inserted_at)
            for (size_t k = 0; rc >= 0 && k < place->inserted_count; k++)
                rc = look_at_row(join, piece, &place->inserted[k], batch->first_book_line);
        if (rc >= 0 && i < batch->row_count)
            rc = look_at_row(join, piece, &batch->rows[i],
                             batch->row_lines && strict(join) ? batch->row_lines[i] : 0);
    }
    return rc;
}

static sj_rc take_times(struct sj_join *join, const struct sj_piece *piece,
                        const struct sj_batch *batch, const struct sj_join_place *place)
{
    struct sj_join_state *state = &join->state;
    if (!batch->has_times)
        return 0;
    bool in_order = batch->sorted_exch && batch->min_exch >= state->max_exch;
    bool in_local_order = batch->sorted_local && batch->min_local >= state->max_local;
    state->sorted_exch &= in_order;
    state->sorted_local &= in_local_order;
    state->min_exch = batch->min_exch < state->min_exch ? batch->min_exch : state->min_exch;
    state->min_latency =
        batch->min_latency < state->min_latency ? batch->min_latency : state->min_latency;
    if (!in_order || !in_local_order || batch->min_latency < 0) {
        sj_rc rc = look_at_rows(join, piece, batch, place);
        if (rc < 0)
            return rc;
    }
    state->max_exch = batch->max_exch > state->max_exch ? batch->max_exch : state->max_exch;
    state->max_local = batch->max_local > state->max_local ? batch->max_local : state->max_local;
    return 0;
}

static sj_rc take_running(struct sj_join *join, const struct sj_piece *piece,
                          const struct sj_batch *batch)
{
    struct sj_join_state *state = &join->state;
    uint64_t gaps = batch->counts.gaps;
    if (batch->has_running) {
        bool gap = state->has_running && state->running != batch->running_before;
        state->counts.gaps += gap;
        gaps += gap;
        state->has_running = true;
        state->running = batch->running_after;
    }
    if (gaps && strict(join))
        return stop_at(join, piece, batch->first_gap_line ? batch->first_gap_line : 1,
                       "a gap: the running number of volume or updates jumps");
    return 0;
}

static sj_rc take_days(struct sj_join *join, const struct sj_piece *piece,
                       const struct sj_batch *batch)
{
    struct sj_join_state *state = &join->state;
    for (uint32_t i = 0; i < batch->day_count; i++) {
        uint32_t at = 0;
        while (at < state->day_count && state->days[at].day != batch->days[i].day)
            at++;
        if (at == SJ_DAYS_MAX)
            at--;
        if (at == state->day_count)
            state->days[state->day_count++] = (struct sj_day_count){batch->days[i].day, 0};
        state->days[at].count += batch->days[i].count;
        if (at && strict(join))
            return stop_at(join, piece, 1, "near here: %s (%d after %d)",
                           sj_reject_text(SJ_REJECT_DAY), state->days[at].day, state->days[0].day);
    }
    return 0;
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
    struct sj_join_state *state = &join->state;
    state->times_seen += batch->times_seen;
    state->times_off_256 += batch->times_off_256;
    state->times_off_us += batch->times_off_us;
    state->text_size += (uint64_t)(piece->end - piece->begin) - piece->unterminated;
    state->piece_count++;
    state->file_lines = piece->ends_file ? 0 : state->file_lines + batch->counts.lines;
    state->file = piece->file + piece->ends_file;
    state->file_piece = piece->ends_file ? 0 : state->file_piece + 1;
}

static sj_rc take_cut(struct sj_join *join, const struct sj_piece *piece,
                      const struct sj_batch *batch)
{
    struct sj_rejected rejected = {SJ_REJECT_ARCHIVE, 0, batch->counts.lines, 0};
    if (!piece->cut)
        return 0;
    join->state.cut = true;
    join->state.counts.rejects[SJ_REJECT_ARCHIVE]++;
    if (strict(join))
        return stop_at(join, piece, rejected.line, "%s", sj_reject_text(SJ_REJECT_ARCHIVE));
    return write_reject(join, piece, batch, &rejected);
}

sj_rc sj_join_take(struct sj_join *join, const struct sj_piece *piece, struct sj_batch *batch,
                   struct sj_join_place *ret_place)
{
    sj_rc rc = take_symbol(join, piece, batch);
    if (rc < 0)
        return rc;
    sj_source_hashed(join->source, piece);
    keep_feed_order(join, batch);
    insert_book(join, batch, ret_place);
    rc = take_times(join, piece, batch, ret_place);
    if (rc >= 0)
        rc = take_rejects(join, piece, batch);
    if (rc >= 0)
        rc = take_cut(join, piece, batch);
    if (rc >= 0)
        rc = take_running(join, piece, batch);
    if (rc >= 0)
        rc = take_days(join, piece, batch);
    if (rc < 0)
        return rc;
    add_counts(&join->state.counts, &batch->counts);
    ret_place->first_row = join->state.row_count;
    join->state.row_count += batch->row_count + ret_place->inserted_count + batch->frame_count;
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

sj_rc sj_join_write(int fd, uint64_t front, const struct sj_batch *batch,
                    const struct sj_join_place *place, uint32_t *ret_crc)
{
    const size_t row = sizeof(struct sj_row);
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
