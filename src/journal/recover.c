#include "journal/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "journal/cursor.h"
#include "journal/scan.h"
#include "journal/seal.h"

#define COPY_SIZE (64u << 10)

struct recover {
    const struct sj_journal_io *io;
    const char *dir;
    const struct sj_head *before;
    struct sj_segment_list list;
    struct sj_segment_index *index;
    struct sj_recovered *state;
    struct sj_journal_recovery *told;
    uint64_t torn_seq[SJ_JOURNAL_SOURCES_MAX]; /* named by the header of a torn block */
    uint64_t floor;                            /* no position below it is given again */
    bool damaged;
    bool repaired; /* some segment had to be sealed */
};

static void lost_add(struct recover *recover, uint32_t src, uint64_t first_seq, uint64_t last_seq,
                     uint64_t position)
{
    struct sj_journal_recovery *told = recover->told;
    if (told->lost_count < SJ_JOURNAL_LOST_MAX)
        told->lost[told->lost_count] = (struct sj_journal_lost){src, first_seq, last_seq, position};
    told->lost_count++;
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* The end of the last byte that is not zero at or after `offset`; `offset` when there is none. */
static uint64_t content_end(struct sj_window *window, uint64_t offset)
{
    uint64_t end = offset;
    while ((offset = sj_window_next_data(window, offset)) < window->size) {
        uint64_t size = window->size - offset < COPY_SIZE ? window->size - offset : COPY_SIZE;
        const uint8_t *at = sj_window_get(window, offset, size);
        if (at == NULL)
            break;
        if (!all_zero(at, size)) {
            uint64_t last = size;
            while (at[last - 1] == 0)
                last--;
            end = offset + last;
        }
        offset += size;
    }
    return end;
}

/* Copies [offset, end) to DIR/damaged/POSITION.cut, durably. */
sj_rc sj_recover_save_aside(const struct sj_journal_io *io, const char *dir,
                            struct sj_window *window, uint64_t offset, uint64_t end,
                            uint64_t position)
{
    char folder[SJ_JOURNAL_PATH_MAX];
    char path[SJ_JOURNAL_PATH_MAX];
    snprintf(folder, sizeof(folder), "%s/damaged", dir);
    if (snprintf(path, sizeof(path), "%s/%020" PRIu64 ".cut", folder, position) >=
        (int)sizeof(path))
        return -ENAMETOOLONG;
    if (mkdir(folder, 0755) != 0 && errno != EEXIST)
        return -errno;
    int fd = io->open(io->context, path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (fd < 0)
        return fd;
    sj_rc rc = 0;
    for (uint64_t at = offset; rc == 0 && at < end;) {
        uint64_t size = end - at < COPY_SIZE ? end - at : COPY_SIZE;
        const uint8_t *bytes = sj_window_get(window, at, size);
        rc = bytes == NULL ? -EIO : sj_io_write(io, fd, bytes, size, at - offset);
        at += size;
    }
    if (rc == 0)
        rc = io->sync(io->context, fd);
    sj_io_close(&fd);
    return rc < 0 ? rc : io->sync_dir(io->context, folder);
}

static void count_block(struct recover *recover, const struct sj_block_head *head)
{
    struct sj_recovered *state = recover->state;
    if (head->flags & (SJ_BLOCK_REPEAT | SJ_BLOCK_VOID))
        return;
    if (head->prev_seq > state->last_seq[head->src])
        lost_add(recover, head->src, state->last_seq[head->src] + 1, head->prev_seq,
                 head->position);
    state->last_seq[head->src] = head->last_seq;
    /* Blocks count what came before them, so that a count stays exact over damage. */
    state->event_count = head->event_count + head->count;
}

/* Cuts what stands behind the last whole block. */
static sj_rc cut_tail(struct recover *recover, struct sj_window *window, const struct sj_scan *scan)
{
    uint64_t end = content_end(window, scan->offset);
    if (end == scan->offset)
        return 0;
    uint64_t position = scan->base + scan->offset;
    struct sj_block_head torn;
    const uint8_t *at = sj_window_get(window, scan->offset, sizeof(torn));
    if (at != NULL) {
        memcpy(&torn, at, sizeof(torn));
        if (sj_block_head_check(&torn) == 0 && torn.segment_nonce == scan->nonce &&
            torn.position == position && !(torn.flags & (SJ_BLOCK_REPEAT | SJ_BLOCK_VOID)))
            recover->torn_seq[torn.src] = torn.last_seq;
    }
    recover->told->cut_position = position;
    recover->told->cut_size += end - scan->offset;
    if (scan->base + end > recover->floor)
        recover->floor = scan->base + end;
    return sj_recover_save_aside(recover->io, recover->dir, window, scan->offset, end, position);
}

/* Reads an unsealed segment block by block, cuts its torn tail, and seals it. */
static sj_rc scan_and_seal(struct recover *recover, struct sj_window *window, uint64_t ordinal,
                           uint64_t end_known)
{
    struct sj_recovered *state = recover->state;
    struct sj_segment_source sources[SJ_JOURNAL_SOURCES_MAX];
    struct sj_scan scan;
    struct sj_scan_block block;
    bool clean = window->head_whole;
    sj_scan_init(&scan, window);
    if (end_known > scan.base && window->head_whole) {
        scan.limit = end_known - scan.base;
        scan.limit_known = true;
    }
    for (uint32_t src = 0; src < SJ_JOURNAL_SOURCES_MAX; src++)
        sources[src].last_seq = state->last_seq[src];
    sj_index_reset(recover->index,
                   sj_index_granule_size(window->head_whole ? window->head.size : window->size),
                   sources);
    for (sj_rc rc; (rc = sj_scan_next(&scan, &block)) != 0;) {
        if (rc < 0) {
            clean = false;
            continue;
        }
        count_block(recover, &block.head);
        sj_index_add_payload(recover->index, &block.head, block.payload,
                             block.head.position - scan.base);
    }
    recover->damaged |= !clean;
    if (scan.nonce == 0)
        return -SJ_E_CORRUPT;
    sj_rc rc = scan.limit_known ? 0 : cut_tail(recover, window, &scan);
    state->end = scan.base + scan.offset;
    struct sj_seal seal = {.ordinal = ordinal,
                           .journal_id = state->journal_id,
                           .nonce = scan.nonce,
                           .base = scan.base,
                           .end = state->end,
                           .clean = clean,
                           .index = recover->index};
    recover->repaired = true;
    return rc < 0 ? rc : sj_seal_write(recover->io, recover->dir, &seal);
}

/* A file in which nothing at all is whole is put aside under its name; its positions are not used
 * again. */
static sj_rc put_aside(struct recover *recover, uint64_t ordinal, uint64_t size)
{
    char from[SJ_JOURNAL_PATH_MAX];
    char to[SJ_JOURNAL_PATH_MAX];
    char folder[SJ_JOURNAL_PATH_MAX];
    snprintf(folder, sizeof(folder), "%s/damaged", recover->dir);
    if (mkdir(folder, 0755) != 0 && errno != EEXIST)
        return -errno;
    sj_segment_path(from, sizeof(from), recover->dir, ordinal, false);
    sj_segment_path(to, sizeof(to), folder, ordinal, false);
    recover->damaged = true;
    recover->told->cut_position = recover->state->end;
    recover->told->cut_size += size;
    recover->floor = sj_page_up(recover->state->end) + size;
    sj_rc rc = recover->io->rename(recover->io->context, from, to);
    return rc < 0 ? rc : recover->io->sync_dir(recover->io->context, folder);
}

/* Prepared, perhaps not to the end, but never begun: no byte of it is anything but zero. */
static bool is_spare(struct sj_window *window)
{
    return !window->head_whole && !window->sealed && content_end(window, 0) == 0;
}

static sj_rc take_sealed(struct recover *recover, const struct sj_window *window)
{
    struct sj_recovered *state = recover->state;
    sj_rc rc = sj_seal_read_index(window, recover->index);
    if (rc < 0)
        return rc;
    memcpy(state->last_seq, recover->index->last_seq, sizeof(state->last_seq));
    state->event_count = window->head.event_count + recover->index->event_count;
    state->end = window->trailer.end;
    return 0;
}

static uint64_t end_by_next(const struct recover *recover, size_t at)
{
    struct sj_window next;
    uint64_t end = 0;
    if (at + 1 >= recover->list.count ||
        sj_window_open(&next, recover->dir, recover->list.entries[at + 1].ordinal,
                       !recover->list.entries[at + 1].plain) < 0)
        return 0;
    if (next.head_whole)
        end = next.head.prev_end;
    sj_window_done(&next);
    return end;
}

static sj_rc recover_segment(struct recover *recover, size_t at)
{
    const struct sj_segment_entry *entry = &recover->list.entries[at];
    struct sj_window window;
    sj_rc rc = sj_window_open(&window, recover->dir, entry->ordinal, !entry->plain);
    if (rc < 0)
        return rc;
    if (is_spare(&window)) {
        char path[SJ_JOURNAL_PATH_MAX];
        sj_window_done(&window);
        sj_segment_path(path, sizeof(path), recover->dir, entry->ordinal, false);
        return recover->io->remove(recover->io->context, path);
    }
    recover->state->next_ordinal = entry->ordinal + 1;
    if (window.head_whole || window.sealed)
        recover->state->journal_id =
            window.head_whole ? window.head.journal_id : window.trailer.journal_id;
    bool done = window.sealed && window.head_whole && take_sealed(recover, &window) == 0;
    if (!done && entry->plain)
        rc = scan_and_seal(recover, &window, entry->ordinal, end_by_next(recover, at));
    uint64_t size = window.size;
    sj_window_done(&window);
    return rc == -SJ_E_CORRUPT && entry->plain ? put_aside(recover, entry->ordinal, size) : rc;
}

/* The newest segment from which everything before it is known. */
static size_t first_to_recover(struct recover *recover)
{
    size_t at = recover->list.count;
    while (at > 0) {
        struct sj_window window;
        const struct sj_segment_entry *entry = &recover->list.entries[--at];
        if (sj_window_open(&window, recover->dir, entry->ordinal, !entry->plain) < 0)
            continue;
        bool sealed =
            window.sealed && window.head_whole && sj_seal_read_index(&window, recover->index) == 0;
        if (!sealed && at == 0 && window.head_whole)
            for (uint32_t src = 0; src < SJ_JOURNAL_SOURCES_MAX; src++)
                recover->state->last_seq[src] = window.head.sources[src].last_seq;
        sj_window_done(&window);
        if (sealed)
            return at;
    }
    return 0;
}

static void read_definitions(struct recover *recover, sj_recover_definition *definition,
                             void *context)
{
    struct sj_window window;
    struct sj_scan scan;
    struct sj_scan_block block;
    sj_rc rc = -ENOENT;
    for (size_t at = recover->list.count; rc < 0 && at > 0; at--)
        rc = sj_window_open(&window, recover->dir, recover->list.entries[at - 1].ordinal,
                            !recover->list.entries[at - 1].plain);
    if (rc < 0)
        return;
    sj_scan_init(&scan, &window);
    scan.trust_payload = true;
    while ((rc = sj_scan_next(&scan, &block)) != 0) {
        if (rc < 0 || !(block.head.flags & SJ_BLOCK_DEFINITIONS))
            continue;
        const uint8_t *end = block.payload + block.head.payload_size;
        for (const uint8_t *at = block.payload; at < end; at += sj_frame_size(at)) {
            const struct sj_frame *frame = (const void *)at;
            if (frame->template_id == SJ_EVENT_INSTRUMENT &&
                sj_frame_size(at) >= sizeof(struct sj_instrument))
                definition(context, block.head.src, (const void *)at);
        }
    }
    sj_window_done(&window);
}

/* Positions the last run had accepted or a cursor has passed are not given to other bytes. */
static sj_rc choose_base(struct recover *recover)
{
    struct sj_recovered *state = recover->state;
    struct sj_cursor_range cursors;
    sj_rc rc = sj_cursor_range(recover->dir, &cursors);
    if (rc < 0)
        return rc;
    uint64_t base = state->end > recover->floor ? state->end : recover->floor;
    uint64_t accepted = atomic_load(&recover->before->accepted_position);
    if (recover->before->journal_id == state->journal_id && accepted > base &&
        accepted < UINT64_MAX / 4)
        base = accepted;
    if (cursors.highest > base && cursors.highest < UINT64_MAX / 4)
        base = cursors.highest;
    state->next_base = sj_page_up(base);
    return 0;
}

/* What the last run had accepted behind the last whole block was lost with it. */
static void tell_sources(struct recover *recover)
{
    struct sj_journal_recovery *told = recover->told;
    const struct sj_recovered *state = recover->state;
    bool same = state->journal_id != 0 && recover->before->journal_id == state->journal_id;
    for (uint32_t src = 0; src < SJ_JOURNAL_SOURCES_MAX; src++) {
        uint64_t accepted = same ? atomic_load(&recover->before->accepted_seq[src]) : 0;
        uint64_t last = state->last_seq[src];
        uint64_t reached = recover->torn_seq[src] > accepted ? recover->torn_seq[src] : accepted;
        if (reached > last)
            lost_add(recover, src, last + 1, reached, state->end);
        if (last == 0 && reached == 0)
            continue;
        told->sources[told->source_count].src = src;
        told->sources[told->source_count].last_seq = last;
        told->sources[told->source_count++].accepted_seq = accepted;
    }
    told->event_count = state->event_count;
    told->was_clean =
        !recover->damaged && !recover->repaired && told->lost_count == 0 && told->cut_size == 0;
}

static void tell_text(struct sj_journal_recovery *told, const struct sj_recovered *state)
{
    uint64_t lost = 0;
    for (uint64_t i = 0; i < told->lost_count && i < SJ_JOURNAL_LOST_MAX; i++)
        lost += told->lost[i].last_seq - told->lost[i].first_seq + 1;
    if (state->journal_id == 0)
        snprintf(told->text, sizeof(told->text), "new journal");
    else if (told->was_clean)
        snprintf(told->text, sizeof(told->text), "closed in order at position %" PRIu64,
                 state->end);
    else
        snprintf(told->text, sizeof(told->text),
                 "not closed in order: ends at position %" PRIu64 ", %" PRIu64
                 " torn bytes put aside, %" PRIu64 " events lost in %" PRIu64 " ranges",
                 state->end, told->cut_size, lost, told->lost_count);
}

sj_rc sj_recover(const struct sj_journal_io *io, const char *dir, const struct sj_head *before,
                 bool all, sj_recover_definition *definition, void *context,
                 struct sj_recovered *ret_recovered, struct sj_journal_recovery *ret_recovery)
{
    struct recover recover = {
        .io = io, .dir = dir, .before = before, .state = ret_recovered, .told = ret_recovery};
    memset(ret_recovered, 0, sizeof(*ret_recovered));
    memset(ret_recovery, 0, sizeof(*ret_recovery));
    sj_rc rc = sj_index_create(&recover.index);
    if (rc == 0)
        rc = sj_segment_list(dir, &recover.list);
    size_t first = rc == 0 && !all ? first_to_recover(&recover) : 0;
    for (size_t at = first; rc == 0 && at < recover.list.count; at++)
        rc = recover_segment(&recover, at);
    if (rc == 0)
        rc = choose_base(&recover);
    if (rc == 0) {
        read_definitions(&recover, definition, context);
        tell_sources(&recover);
        tell_text(ret_recovery, ret_recovered);
    }
    sj_segment_list_done(&recover.list);
    sj_index_close(recover.index);
    return rc;
}
