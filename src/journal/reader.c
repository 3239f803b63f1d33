#include "journal/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define LIVES_PERIOD_NS (20 * SJ_NS_PER_MS)
#define LOOK_AHEAD_BLOCKS 512

/* After a jump: what is missing until the next blocks is no loss. */
void sj_reader_forget_sources(struct sj_journal_reader *reader)
{
    memset(reader->last_seq, 0, sizeof(reader->last_seq));
    reader->sources_known = false;
}

void sj_reader_adopt_sources(struct sj_journal_reader *reader)
{
    if (!reader->window.head_whole)
        return;
    for (uint32_t src = 0; src < SJ_JOURNAL_SOURCES_MAX; src++)
        reader->last_seq[src] = reader->window.head.sources[src].last_seq;
    reader->sources_known = true;
}

static uint64_t learn_base(struct sj_window *window)
{
    struct sj_scan scan;
    struct sj_scan_block block;
    sj_rc rc;
    sj_scan_init(&scan, window);
    if (scan.nonce != 0)
        return scan.base;
    while ((rc = sj_scan_next(&scan, &block)) < 0)
        ;
    return rc == 1 ? scan.base : UINT64_MAX;
}

/* False: a prepared segment that was not begun yet. */
static bool segment_look(const char *dir, const struct sj_segment_entry *entry,
                         struct sj_reader_segment *ret)
{
    struct sj_window window;
    *ret = (struct sj_reader_segment){.ordinal = entry->ordinal, .base = UINT64_MAX};
    bool plain = !entry->packed;
    if (sj_window_open(&window, dir, entry->ordinal, !plain) < 0) {
        plain = !plain;
        if (sj_window_open(&window, dir, entry->ordinal, !plain) < 0)
            return false;
    }
    ret->plain = plain;
    ret->head_whole = window.head_whole;
    ret->base = window.head_whole ? window.head.base : learn_base(&window);
    ret->prev_end = window.head_whole ? window.head.prev_end : 0;
    if (window.sealed) {
        ret->end = window.trailer.end;
        ret->last_ns = window.trailer.last_ns;
    }
    bool begun = ret->base != UINT64_MAX || window.size < SJ_JOURNAL_SEGMENT_MIN ||
                 sj_window_next_data(&window, 0) < window.size;
    uint64_t first = 0;
    if (ret->base == UINT64_MAX && begun && sj_io_read(window.fd, &first, sizeof(first), 0) == 0 &&
        first == 0)
        begun = false;
    sj_window_done(&window);
    return begun;
}

static const struct sj_reader_segment *find_known(const struct sj_journal_reader *reader,
                                                  uint64_t ordinal)
{
    for (size_t i = reader->segment_count; i > 0; i--)
        if (reader->segments[i - 1].ordinal == ordinal)
            return &reader->segments[i - 1];
    return NULL;
}

sj_rc sj_reader_refresh(struct sj_journal_reader *reader)
{
    struct sj_segment_list list;
    sj_rc rc = sj_segment_list(reader->dir, &list);
    if (rc < 0)
        return rc;
    struct sj_reader_segment *segments = calloc(list.count + 1, sizeof(*segments));
    if (segments == NULL) {
        sj_segment_list_done(&list);
        return -ENOMEM;
    }
    uint64_t ordinal = reader->is_open ? reader->segments[reader->at].ordinal : 0;
    size_t count = 0;
    size_t at = 0;
    for (size_t i = 0; i < list.count; i++) {
        const struct sj_reader_segment *known = find_known(reader, list.entries[i].ordinal);
        bool same = known != NULL && known->end != 0 && known->plain == !list.entries[i].packed;
        if (same)
            segments[count] = *known;
        else if (!segment_look(reader->dir, &list.entries[i], &segments[count]))
            continue;
        if (segments[count].ordinal <= ordinal)
            at = count;
        count++;
    }
    sj_segment_list_done(&list);
    if (reader->is_open && (count == 0 || segments[at].ordinal != ordinal)) {
        /* Ours was deleted while we read it: it stays readable, and in the table. */
        size_t place = count > 0 && segments[at].ordinal < ordinal ? at + 1 : 0;
        memmove(&segments[place + 1], &segments[place], (count - place) * sizeof(*segments));
        segments[place] = reader->segments[reader->at];
        at = place;
        count++;
    }
    free(reader->segments);
    reader->segments = segments;
    reader->segment_count = count;
    reader->at = at;
    return 0;
}

sj_rc sj_reader_enter(struct sj_journal_reader *reader, size_t index)
{
    const struct sj_reader_segment *segment = &reader->segments[index];
    sj_window_done(&reader->window);
    reader->is_open = false;
    sj_rc rc = sj_window_open(&reader->window, reader->dir, segment->ordinal, !segment->plain);
    if (rc == -ENOENT)
        rc = sj_window_open(&reader->window, reader->dir, segment->ordinal, segment->plain);
    if (rc < 0)
        return rc;
    reader->at = index;
    reader->is_open = true;
    reader->synced = false;
    reader->filter_made = false;
    sj_scan_init(&reader->scan, &reader->window);
    return 0;
}

static void check_writer(struct sj_journal_reader *reader)
{
    int64_t now_ns = sj_clock_mono_ns();
    if (reader->lives_checked_ns != 0 && now_ns - reader->lives_checked_ns < LIVES_PERIOD_NS)
        return;
    reader->lives_checked_ns = now_ns;
    reader->writer_lives = sj_head_writer_lives(reader->dir);
    if (reader->head == NULL && sj_head_map(reader->dir, &reader->head) < 0)
        reader->head = NULL;
}

/* The live writer's end within our segment. False: it says nothing about it. */
static bool live_end(const struct sj_journal_reader *reader, uint64_t *ret_end)
{
    const struct sj_head *head = reader->head;
    uint64_t ordinal = reader->segments[reader->at].ordinal;
    if (head == NULL || !reader->writer_lives ||
        atomic_load_explicit(&head->state, memory_order_acquire) == 0)
        return false;
    uint64_t segment = atomic_load_explicit(&head->segment_ordinal, memory_order_acquire);
    for (;;) {
        uint64_t position =
            reader->durable_only
                ? atomic_load_explicit(&head->durable_position, memory_order_acquire)
                : atomic_load_explicit(&head->written_position, memory_order_acquire);
        uint64_t prev_end = atomic_load_explicit(&head->segment_prev_end, memory_order_acquire);
        uint64_t again = atomic_load_explicit(&head->segment_ordinal, memory_order_acquire);
        if (again != segment) { /* it went on to the next segment meanwhile */
            segment = again;
            continue;
        }
        if (segment < ordinal)
            position = 0; /* not begun to write to it yet */
        if (segment == ordinal + 1)
            position = prev_end;
        *ret_end = position;
        return segment <= ordinal + 1;
    }
}

void sj_reader_bound(struct sj_journal_reader *reader)
{
    struct sj_scan *scan = &reader->scan;
    uint64_t end = 0;
    if (reader->window.sealed)
        return;
    bool known = live_end(reader, &end);
    /* The next segment may be there by now, or what was an unwritten spare when we looked. */
    bool next_known =
        reader->at + 1 < reader->segment_count && reader->segments[reader->at + 1].head_whole;
    if (!known && reader->writer_lives && !next_known && sj_reader_refresh(reader) < 0)
        return;
    if (!known && reader->at + 1 < reader->segment_count &&
        reader->segments[reader->at + 1].head_whole) {
        end = reader->segments[reader->at + 1].prev_end;
        known = end > 0;
    }
    if (!known && reader->durable_only && !reader->synced && !reader->writer_lives) {
        /* Nobody will do it for us, so what we are about to hand on is made durable here. */
        reader->synced = fdatasync(reader->window.fd) == 0;
        if (!reader->synced && reader->head != NULL) {
            end = atomic_load_explicit(&reader->head->durable_position, memory_order_acquire);
            known = true;
        }
    }
    scan->limit_known = known;
    if (known) {
        scan->limit = end > scan->base ? end - scan->base : 0;
        if (scan->limit < scan->offset)
            scan->limit = scan->offset;
    }
    reader->window.filled = known ? scan->limit : 0;
}

static void damage_lost(struct sj_journal_reader *reader, uint32_t src, uint64_t reached)
{
    struct sj_journal_damage *damage = &reader->damage;
    uint64_t last_seq = reader->last_seq[src];
    if ((last_seq == 0 && !reader->sources_known) || reached <= last_seq)
        return;
    size_t used = strlen(damage->text);
    snprintf(damage->text + used, sizeof(damage->text) - used,
             "; source %u lost %" PRIu64 "..%" PRIu64, src, last_seq + 1, reached);
    if (damage->lost_count < SJ_JOURNAL_DAMAGE_LOST_MAX)
        damage->lost[damage->lost_count] =
            (struct sj_journal_lost){src, last_seq + 1, reached, damage->position};
    damage->lost_count++;
    reader->last_seq[src] = reached;
}

/* Which events are missing: by what the blocks behind the damage say stood before them, by the next
 * segment's header, and by the header of the damaged block itself where that is whole. */
static void name_losses(struct sj_journal_reader *reader)
{
    struct sj_scan ahead = reader->scan;
    struct sj_scan_block block;
    struct sj_block_head torn;
    bool seen[SJ_JOURNAL_SOURCES_MAX] = {false};
    sj_rc rc = 1;
    ahead.trust_payload = true;
    for (int i = 0; i < LOOK_AHEAD_BLOCKS && (rc = sj_scan_next(&ahead, &block)) != 0; i++) {
        if (rc < 0 || (block.head.flags & (SJ_BLOCK_REPEAT | SJ_BLOCK_VOID)) ||
            seen[block.head.src])
            continue;
        seen[block.head.src] = true;
        damage_lost(reader, block.head.src, block.head.prev_seq);
    }
    struct sj_window next;
    if (rc == 0 && reader->at + 1 < reader->segment_count &&
        reader->segments[reader->at + 1].head_whole &&
        sj_window_open(&next, reader->dir, reader->segments[reader->at + 1].ordinal,
                       !reader->segments[reader->at + 1].plain) == 0) {
        for (uint32_t src = 0; src < SJ_JOURNAL_SOURCES_MAX; src++)
            if (!seen[src])
                damage_lost(reader, src, next.head.sources[src].last_seq);
        sj_window_done(&next);
    }
    const uint8_t *at = sj_window_get(&reader->window, reader->scan.damage_offset, sizeof(torn));
    if (at == NULL)
        return;
    memcpy(&torn, at, sizeof(torn));
    if (sj_block_head_check(&torn) == 0 && torn.segment_nonce == reader->scan.nonce &&
        !(torn.flags & (SJ_BLOCK_REPEAT | SJ_BLOCK_VOID)) && !seen[torn.src] &&
        reader->last_seq[torn.src] == torn.prev_seq)
        damage_lost(reader, torn.src, torn.last_seq);
}

static sj_rc tell_damage(struct sj_journal_reader *reader)
{
    const struct sj_scan *scan = &reader->scan;
    const struct sj_reader_segment *segment = &reader->segments[reader->at];
    struct sj_journal_damage *damage = &reader->damage;
    *damage = (struct sj_journal_damage){.position = scan->base + scan->damage_offset,
                                         .size = scan->damage_size};
    snprintf(damage->file, sizeof(damage->file), "%012" PRIu64 "%s", segment->ordinal,
             segment->plain ? ".seg" : ".segz");
    snprintf(damage->text, sizeof(damage->text), "%s", scan->damage_text);
    name_losses(reader);
    return -SJ_E_CORRUPT;
}

static sj_rc tell_missing(struct sj_journal_reader *reader, uint64_t position, uint64_t size,
                          uint64_t first_ordinal, uint64_t last_ordinal, const char *what)
{
    struct sj_journal_damage *damage = &reader->damage;
    *damage = (struct sj_journal_damage){.position = position, .size = size};
    snprintf(damage->file, sizeof(damage->file), "%012" PRIu64 ".seg", first_ordinal);
    snprintf(damage->text, sizeof(damage->text), "segments %" PRIu64 " to %" PRIu64 " %s",
             first_ordinal, last_ordinal, what);
    if (reader->is_open)
        for (uint32_t src = 0; src < SJ_JOURNAL_SOURCES_MAX && reader->window.head_whole; src++)
            damage_lost(reader, src, reader->window.head.sources[src].last_seq);
    return -SJ_E_CORRUPT;
}

/* At the end of our segment: 1 when the next one was entered, 0 when there is none. */
static sj_rc enter_next(struct sj_journal_reader *reader)
{
    uint64_t ordinal = reader->segments[reader->at].ordinal;
    uint64_t end = reader->scan.base + reader->scan.offset;
    if (reader->at + 1 >= reader->segment_count ||
        reader->segments[reader->at + 1].base == UINT64_MAX) {
        sj_rc rc = sj_reader_refresh(reader);
        if (rc < 0 || reader->at + 1 >= reader->segment_count)
            return rc;
    }
    size_t next = reader->at + 1;
    /* One in which nothing is whole is passed over, and told. */
    while (next + 1 < reader->segment_count && reader->segments[next].base == UINT64_MAX)
        next++;
    if (reader->segments[next].base == UINT64_MAX)
        return 0;
    sj_rc rc = sj_reader_enter(reader, next);
    if (rc < 0)
        return rc;
    reader->scan.base = reader->segments[next].base;
    uint64_t now = reader->segments[next].ordinal;
    rc = 1;
    if (now > ordinal + 1)
        rc = tell_missing(reader, end, reader->segments[next].base - end, ordinal + 1, now - 1,
                          "are missing or hold nothing whole");
    sj_reader_adopt_sources(reader);
    return rc;
}

static void deliver(struct sj_journal_reader *reader, const struct sj_scan_block *block,
                    struct sj_journal_span *ret_span)
{
    const struct sj_block_head *head = &block->head;
    bool repeat = head->flags & SJ_BLOCK_REPEAT;
    if (!repeat)
        reader->last_seq[head->src] = head->last_seq;
    *ret_span = (struct sj_journal_span){
        .begin = block->payload,
        .end = block->payload + head->payload_size,
        .first_seq = head->first_seq,
        .count = head->count,
        .src = head->src,
        .position = head->position,
        .next_position = head->position + sizeof(*head) + head->payload_size,
        .first_ns = head->first_ns,
        .last_ns = head->last_ns,
        .prev_seq = head->prev_seq,
        .event_count = head->event_count,
        .repeat = repeat,
    };
}

static sj_rc begin_first(struct sj_journal_reader *reader)
{
    bool known = reader->segment_count > 0 && reader->segments[0].base != UINT64_MAX;
    sj_rc rc = known ? 0 : sj_reader_refresh(reader);
    size_t first = 0;
    while (first < reader->segment_count && reader->segments[first].base == UINT64_MAX)
        first++;
    if (rc < 0 || first >= reader->segment_count)
        return rc;
    rc = sj_reader_enter(reader, first);
    if (rc < 0)
        return rc;
    sj_reader_adopt_sources(reader);
    return 1;
}

/* What to do where the scan found nothing more: 1 to look again, 0 at the head. */
static sj_rc at_end(struct sj_journal_reader *reader)
{
    bool lived = reader->writer_lives;
    check_writer(reader);
    if (lived != reader->writer_lives) {
        sj_window_refresh(&reader->window);
        return 1;
    }
    uint64_t ordinal = reader->segments[reader->at].ordinal;
    uint64_t live = reader->head != NULL && reader->writer_lives
                        ? atomic_load_explicit(&reader->head->segment_ordinal, memory_order_acquire)
                        : UINT64_MAX;
    reader->window.buffer_size = 0; /* what is read next time must be read anew */
    if (live <= ordinal)
        return 0;
    return enter_next(reader);
}

sj_rc sj_journal_read(struct sj_journal_reader *reader, struct sj_journal_span *ret_span)
{
    struct sj_scan_block block;
    for (;;) {
        if (!reader->is_open) {
            sj_rc rc = begin_first(reader);
            if (rc <= 0)
                return rc;
        }
        sj_reader_bound(reader);
        if (reader->only != NULL && sj_reader_skip_unwanted(reader))
            sj_reader_forget_sources(reader);
        sj_rc rc = sj_scan_next(&reader->scan, &block);
        if (rc < 0)
            return tell_damage(reader);
        if (rc == 0) {
            rc = at_end(reader);
            if (rc <= 0)
                return rc;
            continue;
        }
        if ((block.head.flags & SJ_BLOCK_VOID) ||
            ((block.head.flags & SJ_BLOCK_REPEAT) && !reader->repeats))
            continue;
        deliver(reader, &block, ret_span);
        return (sj_rc)block.head.count;
    }
}

sj_rc sj_journal_reader_open(const struct sj_journal_reader_options *options,
                             struct sj_journal_reader **ret_reader)
{
    struct sj_journal_reader *reader = calloc(1, sizeof(*reader));
    if (reader == NULL)
        return -ENOMEM;
    reader->window.fd = -1;
    reader->durable_only = options->durable_only;
    reader->repeats = options->repeats;
    sj_rc rc = -ENAMETOOLONG;
    if (snprintf(reader->dir, sizeof(reader->dir), "%s", options->dir) < (int)sizeof(reader->dir))
        rc = sj_reader_refresh(reader);
    if (rc < 0) {
        sj_journal_reader_close(reader);
        return rc;
    }
    check_writer(reader);
    *ret_reader = reader;
    return 0;
}

void sj_journal_reader_close(struct sj_journal_reader *reader)
{
    if (reader == NULL)
        return;
    sj_window_done(&reader->window);
    sj_head_unmap(reader->head);
    free(reader->segments);
    free(reader->only);
    free(reader);
}

void sj_journal_reader_damage(const struct sj_journal_reader *reader, struct sj_journal_damage *ret)
{
    *ret = reader->damage;
}
