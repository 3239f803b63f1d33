#include "convert/batch.h"

#include "base/clock.h"
#include "base/tw_time.h"
#include "event/instruments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void sj_batch_init(struct sj_batch *batch)
{
    *batch = (struct sj_batch){0};
    sj_batch_clear(batch);
}

void sj_batch_clear(struct sj_batch *batch)
{
    if (batch->code_slots)
        memset(batch->code_slots, 0, batch->code_slots_max * sizeof *batch->code_slots);
    struct sj_batch kept = {.frames = batch->frames,
                            .frames_max = batch->frames_max,
                            .codes = batch->codes,
                            .code_max = batch->code_max,
                            .code_slots = batch->code_slots,
                            .code_slots_max = batch->code_slots_max,
                            .rows = batch->rows,
                            .row_lines = batch->row_lines,
                            .row_max = batch->row_max,
                            .rejected = batch->rejected,
                            .rejected_max = batch->rejected_max,
                            .reject_text = batch->reject_text,
                            .reject_text_max = batch->reject_text_max,
                            .sorted_exch = true,
                            .sorted_local = true,
                            .min_exch = INT64_MAX,
                            .max_exch = INT64_MIN,
                            .min_local = INT64_MAX,
                            .max_local = INT64_MIN,
                            .min_latency = INT64_MAX};
    *batch = kept;
}

void sj_batch_done(struct sj_batch *batch)
{
    free(batch->frames);
    free(batch->codes);
    free(batch->code_slots);
    free(batch->rows);
    free(batch->row_lines);
    free(batch->rejected);
    free(batch->reject_text);
    *batch = (struct sj_batch){0};
}

static bool grow(void **memory, size_t *room, size_t wanted, size_t unit)
{
    if (wanted <= *room)
        return true;
    size_t more = *room ? *room : 4096 / unit + 1;
    while (more < wanted)
        more *= 2;
    void *grown = realloc(*memory, more * unit);
    if (!grown)
        return false;
    *memory = grown;
    *room = more;
    return true;
}

struct sj_row *sj_batch_room(struct sj_batch *batch, size_t count)
{
    size_t wanted = batch->row_count + count;
    if (__builtin_expect(wanted > batch->row_max, 0)) {
        size_t room = batch->row_max;
        bool grown = grow((void **)&batch->rows, &room, wanted, sizeof *batch->rows);
        uint32_t *lines = grown ? realloc(batch->row_lines, room * sizeof *batch->row_lines) : NULL;
        if (!lines) {
            batch->failed = true;
            return NULL;
        }
        batch->row_lines = lines;
        batch->row_max = room;
    }
    return batch->rows + batch->row_count;
}

void *sj_batch_frame(struct sj_batch *batch, size_t size)
{
    if (!grow((void **)&batch->frames, &batch->frames_max, batch->frames_size + size, 1)) {
        batch->failed = true;
        return NULL;
    }
    return memset(batch->frames + batch->frames_size, 0, size);
}

void sj_batch_keep_frame(struct sj_batch *batch)
{
    batch->frames_size += sj_frame_size(batch->frames + batch->frames_size);
    batch->frame_count++;
}

static uint32_t *code_slot(struct sj_batch *batch, const char code[SJ_SYMBOL_SIZE])
{
    uint64_t parts[2];
    memcpy(parts, code, sizeof parts);
    size_t at = (size_t)sj_mix(1, parts[0], parts[1]);
    for (;; at++) {
        uint32_t *slot = &batch->code_slots[at & (batch->code_slots_max - 1)];
        if (!*slot || !memcmp(batch->codes[*slot - 1].code, code, SJ_SYMBOL_SIZE))
            return slot;
    }
}

/* At most half full, so that a search ends soon. */
static bool grow_slots(struct sj_batch *batch)
{
    if (2 * ((size_t)batch->code_count + 1) <= batch->code_slots_max)
        return true;
    size_t room = batch->code_slots_max ? 2 * batch->code_slots_max : 1024;
    uint32_t *slots = calloc(room, sizeof *slots);
    if (!slots)
        return false;
    free(batch->code_slots);
    batch->code_slots = slots;
    batch->code_slots_max = room;
    for (uint32_t i = 0; i < batch->code_count; i++)
        *code_slot(batch, batch->codes[i].code) = i + 1;
    return true;
}

uint32_t sj_batch_code(struct sj_batch *batch, struct sj_text code, uint8_t exchange,
                       uint8_t security)
{
    struct sj_batch_code entry = {.exchange = exchange, .security = security};
    memcpy(entry.code, code.begin, code.size);
    if (!grow_slots(batch) || !grow((void **)&batch->codes, &batch->code_max,
                                    (size_t)batch->code_count + 1, sizeof entry)) {
        batch->failed = true;
        return 0;
    }
    uint32_t *slot = code_slot(batch, entry.code);
    if (!*slot) {
        batch->codes[batch->code_count++] = entry;
        *slot = batch->code_count;
    }
    return *slot;
}

struct sj_instrument sj_batch_definition(const struct sj_batch_code *code, int64_t ns)
{
    struct sj_instrument definition = code->definition ? *code->definition : sj_instrument_blank();
    if (!code->definition) {
        definition.exchange = code->exchange;
        definition.security = code->security;
        definition.unit = code->security == SJ_SECURITY_STK ? 1000 : 1;
    }
    definition.exch_ns = definition.recv_ns = ns;
    memcpy(definition.code, code->code, sizeof code->code);
    sj_frame_head(&definition, SJ_EVENT_INSTRUMENT, sizeof definition);
    return definition;
}

void sj_batch_reject(struct sj_batch *batch, enum sj_reject reject, uint64_t line, const char *text,
                     size_t size)
{
    size_t kept = size < SJ_REJECTED_TEXT ? size : SJ_REJECTED_TEXT;
    batch->counts.rejects[reject]++;
    if (!grow((void **)&batch->rejected, &batch->rejected_max, batch->rejected_count + 1,
              sizeof *batch->rejected) ||
        !grow((void **)&batch->reject_text, &batch->reject_text_max,
              batch->reject_text_size + SJ_REJECTED_TEXT, 1)) {
        batch->failed = true;
        return;
    }
    memcpy(batch->reject_text + batch->reject_text_size, text, kept);
    batch->rejected[batch->rejected_count++] =
        (struct sj_rejected){reject, (uint32_t)kept, line, batch->reject_text_size};
    batch->reject_text_size += kept;
}

bool sj_running_restarts(int64_t before_ns, int64_t ns)
{
    return sj_tw_trading_day(before_ns, NULL) != sj_tw_trading_day(ns, NULL);
}

static uint32_t count_day(struct sj_batch *batch, int32_t day, uint64_t line)
{
    uint32_t at = 0;
    while (at < batch->day_count && batch->days[at].day != day)
        at++;
    if (at == SJ_DAYS_MAX)
        at--; /* that many days in one file: the last one counts the rest */
    if (at == batch->day_count) {
        batch->day_lines[at] = line;
        batch->days[batch->day_count++] = (struct sj_day_count){day, 0};
    }
    batch->days[at].count++;
    return at;
}

void sj_batch_count_day(struct sj_batch *batch, int64_t exch_ns, int32_t day, uint64_t line)
{
    if (day) {
        count_day(batch, day, line);
        return;
    }
    if (batch->day_count && exch_ns >= batch->day_from && exch_ns < batch->day_until) {
        batch->days[batch->day_count - 1].count++;
        return;
    }
    uint32_t at = count_day(batch, sj_tw_trading_day(exch_ns, NULL), line);
    /* What stays the same until the next quarter of an hour need not be worked out again; only for
     * the day counted last, which is nearly always the one. */
    if (at + 1 == batch->day_count) {
        const int64_t quarter = 900 * SJ_NS_PER_S;
        batch->day_from = exch_ns - exch_ns % quarter;
        batch->day_until = batch->day_from + quarter;
    }
}

static const struct sj_level *find_level(const struct sj_levels *book, int side, double px)
{
    for (uint32_t i = 0; i < book->count[side]; i++)
        if (book->levels[side][i].px == px)
            return &book->levels[side][i];
    return NULL;
}

static uint64_t side_bit(int side)
{
    return side ? SJ_ROW_SELL : SJ_ROW_BUY;
}

static struct sj_row book_row(uint64_t kind, int side, struct sj_level level, int64_t exch_ns,
                              int64_t local_ns)
{
    return (struct sj_row){.ev = SJ_ROW_EXCH | SJ_ROW_LOCAL | side_bit(side) | kind,
                           .exch_ts = exch_ns,
                           .local_ts = local_ns,
                           .px = level.px,
                           .qty = level.qty};
}

static size_t snapshot_rows(const struct sj_levels *after, int64_t exch_ns, int64_t local_ns,
                            struct sj_row *rows)
{
    size_t count = 0;
    for (int side = 0; side < 2; side++) {
        uint32_t levels = after->count[side];
        struct sj_level last = {levels ? after->levels[side][levels - 1].px : NAN, 0};
        rows[count++] = book_row(SJ_ROW_CLEAR, side, last, exch_ns, local_ns);
        for (uint32_t i = 0; i < levels; i++)
            rows[count++] =
                book_row(SJ_ROW_SNAPSHOT, side, after->levels[side][i], exch_ns, local_ns);
    }
    return count;
}

/* Levels that are gone come first, of both sides: so a book that moved does not cross itself on the
 * way. */
size_t sj_book_rows(enum sj_book_mode mode, const struct sj_levels *before,
                    const struct sj_levels *after, int64_t exch_ns, int64_t local_ns,
                    struct sj_row *rows)
{
    size_t count = 0;
    if (mode == SJ_BOOK_SNAPSHOTS)
        return snapshot_rows(after, exch_ns, local_ns, rows);
    for (int side = 0; before && side < 2; side++)
        for (uint32_t i = 0; i < before->count[side]; i++) {
            struct sj_level gone = {before->levels[side][i].px, 0};
            if (!find_level(after, side, gone.px))
                rows[count++] = book_row(SJ_ROW_DEPTH, side, gone, exch_ns, local_ns);
        }
    for (int side = 0; side < 2; side++)
        for (uint32_t i = 0; i < after->count[side]; i++) {
            struct sj_level level = after->levels[side][i];
            const struct sj_level *was = before ? find_level(before, side, level.px) : NULL;
            if (!was || was->qty != level.qty)
                rows[count++] = book_row(SJ_ROW_DEPTH, side, level, exch_ns, local_ns);
        }
    return count;
}
