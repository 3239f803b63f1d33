#include "gateway/tape.h"

#include <string.h>

void sj_tape_line_init(struct sj_tape_line *line)
{
    memset(line, 0, sizeof(*line));
}

static void hole_open(struct sj_tape_line *line, int64_t from, int64_t to)
{
    line->volume_missing += to - from;
    line->gap_count++;
    if (line->hole_count == SJ_TAPE_HOLES_MAX) {
        /* The oldest can no longer be filled; its volume stays missing. */
        memmove(line->hole, line->hole + 1, sizeof(line->hole) - sizeof(line->hole[0]));
        line->hole_count--;
    }
    line->hole[line->hole_count++] = (struct sj_tape_hole){from, to};
}

static void hole_remove(struct sj_tape_line *line, uint32_t index)
{
    line->hole_count--;
    memmove(line->hole + index, line->hole + index + 1,
            (line->hole_count - index) * sizeof(line->hole[0]));
}

/* A late trade covers (from, to]: true when it lies within a hole, which then shrinks or splits. */
static bool hole_fill(struct sj_tape_line *line, int64_t from, int64_t to)
{
    for (uint32_t i = 0; i < line->hole_count; i++) {
        struct sj_tape_hole hole = line->hole[i];
        if (from < hole.from || to > hole.to)
            continue;
        bool left = from > hole.from;
        bool right = to < hole.to;
        if (left && right) {
            if (line->hole_count == SJ_TAPE_HOLES_MAX)
                return false; /* no room to split; it stays missing, which is the safe side */
            line->hole[i].to = from;
            line->hole[line->hole_count++] = (struct sj_tape_hole){to, hole.to};
        } else if (left) {
            line->hole[i].to = from;
        } else if (right) {
            line->hole[i].from = to;
        } else {
            hole_remove(line, i);
        }
        line->volume_missing -= to - from;
        return true;
    }
    return false;
}

static void line_start(struct sj_tape_line *line, int64_t exch_ns, int64_t volume, int64_t total)
{
    line->started = true;
    line->volume_first = total - volume;
    line->volume_last = total;
    line->volume_seen = volume;
    line->last_exch_ns = exch_ns;
    line->trade_count = 1;
}

/* The total did not grow: a trade that comes late, comes twice, or a day that began again. */
static void trade_behind(struct sj_tape_line *line, int64_t exch_ns, int64_t volume, int64_t total,
                         struct sj_tape_result *ret)
{
    if (volume > 0 && hole_fill(line, total - volume, total)) {
        ret->flags = SJ_FLAG_OUT_OF_ORDER;
        line->late_count++;
        line->trade_count++;
        line->volume_seen += volume;
        return;
    }
    if (total < line->volume_last && exch_ns > line->last_exch_ns) {
        ret->restarted = true;
        return;
    }
    line->duplicate_count++;
    ret->flags = SJ_FLAG_DUPLICATE;
    if (total < line->volume_last || exch_ns < line->last_exch_ns)
        ret->flags |= SJ_FLAG_OUT_OF_ORDER;
}

void sj_tape_trade(struct sj_tape_line *line, int64_t exch_ns, int64_t volume, int64_t total,
                   struct sj_tape_result *ret)
{
    *ret = (struct sj_tape_result){0};
    if (!line->started) {
        line_start(line, exch_ns, volume, total);
        return;
    }
    if (total <= line->volume_last) {
        trade_behind(line, exch_ns, volume, total, ret);
        return;
    }
    int64_t expected = line->volume_last + volume;
    if (total > expected) {
        ret->gap = true;
        ret->expected_total = expected;
        ret->from_ns = line->last_exch_ns;
        hole_open(line, line->volume_last, total - volume);
    }
    /* total < expected: a volume larger than the total grew by. What is new is what the total says.
     */
    line->volume_seen += total < expected ? total - line->volume_last : volume;
    line->volume_last = total;
    line->trade_count++;
    if (exch_ns < line->last_exch_ns)
        ret->flags |= SJ_FLAG_OUT_OF_ORDER;
    else
        line->last_exch_ns = exch_ns;
}

void sj_tape_quote(struct sj_tape_line *line, int64_t exch_ns, int64_t volume, int64_t total,
                   struct sj_tape_result *ret)
{
    if (line->started && total == line->volume_last) {
        *ret = (struct sj_tape_result){0};
        if (exch_ns < line->last_exch_ns)
            ret->flags = SJ_FLAG_OUT_OF_ORDER;
        else
            line->last_exch_ns = exch_ns;
        return;
    }
    sj_tape_trade(line, exch_ns, volume, total, ret);
}

uint32_t sj_tape_book(struct sj_tape_books *books, int64_t exch_ns, uint64_t digest)
{
    uint32_t flags = 0;
    books->count++;
    if (exch_ns < books->last_exch_ns)
        flags = SJ_FLAG_OUT_OF_ORDER;
    else if (exch_ns == books->last_exch_ns && digest == books->last_digest)
        flags = SJ_FLAG_DUPLICATE;
    if (exch_ns >= books->last_exch_ns) {
        books->last_exch_ns = exch_ns;
        books->last_digest = digest;
    }
    return flags;
}

uint64_t sj_tape_book_digest(const int64_t *bid_price_e6, const int64_t *ask_price_e6,
                             const uint32_t *bid_volume, const uint32_t *ask_volume)
{
    uint64_t digest = (uint64_t)bid_price_e6[0] * 0x9e3779b97f4a7c15ULL ^
                      (uint64_t)ask_price_e6[0] * 0xc2b2ae3d27d4eb4fULL;
    for (uint32_t i = 0; i < SJ_LEVELS; i++)
        digest = digest * 0x100000001b3ULL ^ ((uint64_t)bid_volume[i] << 32 | ask_volume[i]);
    return digest;
}

enum sj_completeness_verdict sj_tape_verdict(const struct sj_tape_line *line, uint64_t event_count)
{
    if (!line->started)
        return event_count > 0 ? SJ_UNPROVEN : SJ_SILENT;
    if (line->volume_missing > 0)
        return SJ_INCOMPLETE;
    return line->volume_first == 0 ? SJ_COMPLETE : SJ_UNPROVEN;
}
