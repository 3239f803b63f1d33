#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "journal/head.h"
#include "journal/scan.h"
#include "journal/seal.h"

/* First and last sequences per source from an index. */
static void tell_sources(struct sj_journal_segment *segment, const struct sj_segment_index *index)
{
    for (uint32_t src = 0; src < SJ_JOURNAL_SOURCES_MAX; src++) {
        uint64_t first_seq = 0;
        for (uint32_t i = 0; i < SJ_INDEX_GRANULES && first_seq == 0; i++)
            first_seq = index->first_seq[i][src];
        if (first_seq == 0)
            continue;
        segment->sources[segment->source_count].src = src;
        segment->sources[segment->source_count].first_seq = first_seq;
        segment->sources[segment->source_count++].last_seq = index->last_seq[src];
    }
    segment->event_count = index->event_count;
    segment->block_count = index->block_count;
    segment->first_ns = index->event_count > 0 ? index->first_ns : 0;
    segment->last_ns = index->event_count > 0 ? index->last_ns : 0;
}

static void count_blocks(struct sj_window *window, uint64_t end, struct sj_segment_index *index,
                         struct sj_journal_segment *segment)
{
    struct sj_scan scan;
    struct sj_scan_block block;
    sj_rc rc;
    sj_index_reset(index, window->head.granule_size, window->head.sources);
    sj_scan_init(&scan, window);
    scan.trust_payload = true;
    if (end > scan.base) {
        scan.limit = end - scan.base;
        scan.limit_known = true;
    }
    while ((rc = sj_scan_next(&scan, &block)) != 0)
        if (rc > 0)
            sj_index_add_block(index, &block.head, block.head.position - scan.base);
    segment->end = scan.base + scan.offset;
    tell_sources(segment, index);
}

static void look(struct sj_window *window, uint64_t live_end, struct sj_segment_index *index,
                 struct sj_journal_segment *segment)
{
    segment->whole = window->head_whole;
    segment->sealed = window->sealed;
    segment->base = window->head.base;
    segment->created_ns = window->head.created_ns;
    if (window->sealed) {
        segment->clean = window->trailer.clean != 0;
        segment->end = window->trailer.end;
        if (sj_seal_read_index(window, index) == 0)
            tell_sources(segment, index);
        else
            segment->whole = false;
    } else if (window->head_whole) {
        count_blocks(window, live_end, index, segment);
    }
}

/* A live writer's end if it writes to `ordinal`, else 0. */
static uint64_t live_end_of(const struct sj_head *head, uint64_t ordinal)
{
    if (head == NULL ||
        atomic_load_explicit(&head->segment_ordinal, memory_order_acquire) != ordinal)
        return 0;
    return atomic_load_explicit(&head->written_position, memory_order_acquire);
}

sj_rc sj_journal_list(const char *dir,
                      void (*each)(const struct sj_journal_segment *segment, void *context),
                      void *context)
{
    struct sj_segment_list list;
    struct sj_segment_index *index = NULL;
    const struct sj_head *head = NULL;
    sj_rc rc = sj_segment_list(dir, &list);
    if (rc < 0)
        return rc;
    if (!sj_head_writer_lives(dir) || sj_head_map(dir, &head) < 0)
        head = NULL;
    rc = sj_index_create(&index);
    for (size_t i = 0; rc == 0 && i < list.count; i++) {
        const struct sj_segment_entry *entry = &list.entries[i];
        struct sj_journal_segment segment = {.ordinal = entry->ordinal,
                                             .compressed = entry->packed};
        struct sj_window window;
        struct stat stat;
        if (sj_window_open(&window, dir, entry->ordinal, entry->packed) < 0)
            continue;
        if (fstat(window.fd, &stat) == 0)
            segment.file_size = (uint64_t)stat.st_size;
        snprintf(segment.file, sizeof(segment.file), "%012" PRIu64 "%s", entry->ordinal,
                 entry->packed ? ".segz" : ".seg");
        look(&window, live_end_of(head, entry->ordinal), index, &segment);
        bool prepared =
            !window.head_whole && !window.sealed && sj_window_next_data(&window, 0) >= window.size;
        sj_window_done(&window);
        if (!prepared)
            each(&segment, context);
    }
    sj_index_close(index);
    sj_head_unmap(head);
    sj_segment_list_done(&list);
    return rc;
}

sj_rc sj_journal_verify(const char *dir,
                        void (*each)(const struct sj_journal_damage *damage, void *context),
                        void *context, struct sj_journal_check *ret)
{
    struct sj_journal_reader_options options = {.dir = dir, .repeats = true};
    struct sj_journal_reader *reader;
    struct sj_journal_check check = {0};
    struct sj_segment_list list;
    struct sj_journal_span span;
    sj_rc rc = sj_segment_list(dir, &list);
    if (rc < 0)
        return rc;
    check.segment_count = list.count;
    sj_segment_list_done(&list);
    rc = sj_journal_reader_open(&options, &reader);
    if (rc < 0)
        return rc;
    while ((rc = sj_journal_read(reader, &span)) > 0 || rc == -SJ_E_CORRUPT) {
        struct sj_journal_damage damage;
        if (rc > 0) {
            check.block_count++;
            check.event_count += span.repeat ? 0 : span.count;
            if (!span.repeat && span.prev_seq != 0)
                check.hole_count += span.first_seq - span.prev_seq - 1;
            continue;
        }
        sj_journal_reader_damage(reader, &damage);
        check.damage_count++;
        check.damage_size += damage.size;
        for (uint32_t i = 0; i < damage.lost_count && i < SJ_JOURNAL_DAMAGE_LOST_MAX; i++)
            check.lost_count += damage.lost[i].last_seq - damage.lost[i].first_seq + 1;
        if (each != NULL)
            each(&damage, context);
    }
    sj_journal_reader_close(reader);
    if (rc < 0)
        return rc;
    *ret = check;
    return check.damage_count > 0;
}

void sj_head_stat(const struct sj_head *head, struct sj_journal_stat *ret)
{
    *ret = (struct sj_journal_stat){
        .durable_count = atomic_load(&head->durable_count),
        .accepted_count = atomic_load(&head->accepted_count),
        .hole_count = atomic_load(&head->hole_count),
        .durable_position = atomic_load(&head->durable_position),
        .written_position = atomic_load(&head->written_position),
        .position = atomic_load(&head->accepted_position),
        .sync_count = atomic_load(&head->sync_count),
        .flush_interval_ns = atomic_load(&head->flush_interval_ns),
        .rate_ewma = (double)atomic_load(&head->rate_milli) / 1000,
        .full_count = atomic_load(&head->full_count),
        .sync_ewma_ns = atomic_load(&head->sync_ewma_ns),
        .stopped = (sj_rc)atomic_load(&head->stopped),
    };
}

sj_rc sj_journal_peek(const char *dir, struct sj_journal_stat *ret)
{
    const struct sj_head *head;
    if (!sj_head_writer_lives(dir))
        return -ENOENT;
    sj_rc rc = sj_head_map(dir, &head);
    if (rc < 0)
        return rc;
    sj_head_stat(head, ret);
    sj_head_unmap(head);
    return 0;
}
