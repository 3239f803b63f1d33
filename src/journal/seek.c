#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "journal/reader.h"
#include "journal/seal.h"

/* The last segment whose base is at or below `position`; segment_count when there is none. */
static size_t segment_of(const struct sj_journal_reader *reader, uint64_t position)
{
    size_t found = reader->segment_count;
    for (size_t i = 0; i < reader->segment_count; i++)
        if (reader->segments[i].base != UINT64_MAX && reader->segments[i].base <= position)
            found = i;
    return found;
}

static void leave(struct sj_journal_reader *reader)
{
    sj_window_done(&reader->window);
    reader->is_open = false;
    sj_reader_forget_sources(reader);
}

sj_rc sj_journal_seek(struct sj_journal_reader *reader, uint64_t position)
{
    sj_rc rc = sj_reader_refresh(reader);
    if (rc < 0)
        return rc;
    size_t at = segment_of(reader, position);
    if (at == reader->segment_count) {
        leave(reader); /* the next read begins with the first there is */
        return position > 0 && reader->segment_count > 0 ? 1 : 0;
    }
    rc = sj_reader_enter(reader, at);
    if (rc < 0)
        return rc;
    sj_reader_forget_sources(reader);
    uint64_t offset = position - reader->segments[at].base;
    if (offset > SJ_JOURNAL_PAGE)
        sj_scan_jump(&reader->scan, offset);
    else
        sj_reader_adopt_sources(reader);
    return 0;
}

/* Walks headers from where the scan stands to the first block for which `wanted` holds, and stands
 * there. 0: none in this segment. */
typedef bool wanted_fn(const struct sj_block_head *head, int64_t time_ns, uint32_t src,
                       uint64_t seq);

static sj_rc walk_to(struct sj_journal_reader *reader, wanted_fn *wanted, int64_t time_ns,
                     uint32_t src, uint64_t seq)
{
    struct sj_scan_block block;
    struct sj_scan scan;
    sj_rc rc;
    sj_reader_bound(reader);
    scan = reader->scan;
    scan.trust_payload = true;
    while ((rc = sj_scan_next(&scan, &block)) != 0) {
        if (rc < 0 || (block.head.flags & (SJ_BLOCK_REPEAT | SJ_BLOCK_VOID)) ||
            !wanted(&block.head, time_ns, src, seq))
            continue;
        sj_scan_jump(&reader->scan, block.head.position - scan.base);
        return 1;
    }
    return 0;
}

static bool at_time(const struct sj_block_head *head, int64_t time_ns, uint32_t src, uint64_t seq)
{
    (void)src, (void)seq;
    return head->last_ns >= time_ns;
}

static bool at_seq(const struct sj_block_head *head, int64_t time_ns, uint32_t src, uint64_t seq)
{
    (void)time_ns;
    return head->src == src && head->last_seq >= seq;
}

/* The sealed segment's index, or NULL: then its headers are walked from the start. */
static struct sj_segment_index *index_of(const struct sj_journal_reader *reader)
{
    struct sj_segment_index *index;
    if (!reader->window.sealed || sj_index_create(&index) < 0)
        return NULL;
    if (sj_seal_read_index(&reader->window, index) == 0)
        return index;
    sj_index_close(index);
    return NULL;
}

static uint64_t offset_by_time(const struct sj_segment_index *index, int64_t time_ns)
{
    for (uint32_t i = 0; i < SJ_INDEX_GRANULES; i++)
        if (index->granules[i].offset != 0 && index->granules[i].last_ns >= time_ns)
            return index->granules[i].offset;
    return 0;
}

static uint64_t offset_by_seq(const struct sj_segment_index *index, uint32_t src, uint64_t seq)
{
    uint64_t offset = 0;
    for (uint32_t i = 0; i < SJ_INDEX_GRANULES; i++)
        if (index->first_seq[i][src] != 0 && index->first_seq[i][src] <= seq)
            offset = index->granules[i].offset;
    return offset;
}

static sj_rc enter_and_walk(struct sj_journal_reader *reader, size_t at, wanted_fn *wanted,
                            int64_t time_ns, uint32_t src, uint64_t seq)
{
    sj_rc rc = sj_reader_enter(reader, at);
    if (rc < 0)
        return rc;
    struct sj_segment_index *index = index_of(reader);
    if (index != NULL) {
        uint64_t offset =
            wanted == at_time ? offset_by_time(index, time_ns) : offset_by_seq(index, src, seq);
        if (offset != 0)
            sj_scan_jump(&reader->scan, offset);
        sj_index_close(index);
    }
    return walk_to(reader, wanted, time_ns, src, seq);
}

sj_rc sj_journal_seek_time(struct sj_journal_reader *reader, int64_t time_ns)
{
    sj_rc rc = sj_reader_refresh(reader);
    sj_reader_forget_sources(reader);
    for (size_t i = 0; rc == 0 && i < reader->segment_count; i++) {
        const struct sj_reader_segment *segment = &reader->segments[i];
        if (segment->base == UINT64_MAX || (segment->end != 0 && segment->last_ns < time_ns))
            continue;
        rc = enter_and_walk(reader, i, at_time, time_ns, 0, 0);
    }
    if (rc != 0)
        return rc < 0 ? rc : 0;
    return sj_journal_seek(reader, sj_journal_reader_head(reader));
}

sj_rc sj_journal_seek_seq(struct sj_journal_reader *reader, uint32_t src, uint64_t seq)
{
    if (src >= SJ_JOURNAL_SOURCES_MAX)
        return -SJ_E_RANGE;
    sj_rc rc = sj_reader_refresh(reader);
    if (rc < 0)
        return rc;
    uint64_t back = reader->is_open ? reader->scan.base + reader->scan.offset : 0;
    size_t from = 0;
    for (size_t i = 0; i < reader->segment_count; i++) {
        struct sj_window window;
        if (!reader->segments[i].head_whole ||
            sj_window_open(&window, reader->dir, reader->segments[i].ordinal,
                           !reader->segments[i].plain) < 0)
            continue;
        if (window.head.sources[src].last_seq < seq)
            from = i;
        sj_window_done(&window);
    }
    for (size_t i = from; i < reader->segment_count && rc == 0; i++)
        if (reader->segments[i].base != UINT64_MAX)
            rc = enter_and_walk(reader, i, at_seq, 0, src, seq);
    if (rc == 0) {
        rc = sj_journal_seek(reader, back);
        return rc < 0 ? rc : -SJ_E_UNKNOWN;
    }
    sj_reader_forget_sources(reader);
    return rc < 0 ? rc : 0;
}

uint64_t sj_journal_reader_head(struct sj_journal_reader *reader)
{
    if (reader->head != NULL && reader->writer_lives)
        return reader->durable_only
                   ? atomic_load_explicit(&reader->head->durable_position, memory_order_acquire)
                   : atomic_load_explicit(&reader->head->written_position, memory_order_acquire);
    if (sj_reader_refresh(reader) < 0 || reader->segment_count == 0)
        return 0;
    size_t last = reader->segment_count - 1;
    while (last > 0 && reader->segments[last].base == UINT64_MAX)
        last--;
    if (reader->segments[last].end != 0)
        return reader->segments[last].end;
    /* Left open by a writer that is gone: its blocks tell. */
    struct sj_window window;
    struct sj_scan scan;
    struct sj_scan_block block;
    if (sj_window_open(&window, reader->dir, reader->segments[last].ordinal, false) < 0)
        return 0;
    sj_scan_init(&scan, &window);
    scan.trust_payload = true;
    while (sj_scan_next(&scan, &block) != 0)
        ;
    sj_window_done(&window);
    return scan.base + scan.offset;
}

uint64_t sj_journal_reader_first(struct sj_journal_reader *reader)
{
    if (sj_reader_refresh(reader) < 0)
        return 0;
    for (size_t i = 0; i < reader->segment_count; i++)
        if (reader->segments[i].base != UINT64_MAX)
            return reader->segments[i].base;
    return 0;
}

sj_rc sj_journal_reader_only(struct sj_journal_reader *reader, const uint32_t *instruments,
                             uint32_t count)
{
    uint32_t *copy = NULL;
    if (count > 0) {
        copy = malloc(count * sizeof(*copy));
        if (copy == NULL)
            return -ENOMEM;
        memcpy(copy, instruments, count * sizeof(*copy));
    }
    free(reader->only);
    reader->only = copy;
    reader->only_count = count;
    reader->filter_made = false;
    return 0;
}

/* The granules of the open segment that hold any of the wanted instruments. */
static void make_filter(struct sj_journal_reader *reader)
{
    reader->filter_made = true;
    reader->filter_holds = false;
    struct sj_segment_index *index = index_of(reader);
    if (index == NULL)
        return;
    reader->filter_holds = index->instruments_whole;
    reader->filter_granule_size = index->granule_size;
    memset(reader->filter, 0, sizeof(reader->filter));
    for (uint32_t i = 0; i < reader->only_count; i++) {
        if (reader->only[i] >= SJ_INDEX_INSTRUMENTS)
            continue;
        for (uint32_t word = 0; word < SJ_INDEX_GRANULES / 64; word++)
            reader->filter[word] |= index->bits[reader->only[i]][word];
    }
    for (uint32_t i = 0; i < SJ_INDEX_GRANULES; i++)
        reader->filter_offsets[i] = index->granules[i].offset;
    sj_index_close(index);
}

bool sj_reader_skip_unwanted(struct sj_journal_reader *reader)
{
    if (!reader->filter_made)
        make_filter(reader);
    if (!reader->filter_holds)
        return false;
    uint64_t granule = reader->scan.offset / reader->filter_granule_size;
    bool moved = false;
    for (; granule < SJ_INDEX_GRANULES; granule++) {
        if (reader->filter_offsets[granule] < reader->scan.offset && moved)
            continue; /* no block begins in it */
        if (reader->filter[granule / 64] >> granule % 64 & 1)
            break;
        moved = true;
    }
    if (!moved)
        return false;
    sj_scan_jump(&reader->scan, granule < SJ_INDEX_GRANULES ? reader->filter_offsets[granule]
                                                            : reader->scan.limit);
    return true;
}

sj_rc sj_journal_reader_definitions(struct sj_journal_reader *reader,
                                    void (*each)(const struct sj_instrument *definition,
                                                 uint32_t src, void *context),
                                    void *context)
{
    struct sj_window window;
    struct sj_scan scan;
    struct sj_scan_block block;
    if (!reader->is_open)
        return 0;
    const struct sj_reader_segment *segment = &reader->segments[reader->at];
    sj_rc rc = sj_window_open(&window, reader->dir, segment->ordinal, !segment->plain);
    if (rc < 0)
        return rc;
    sj_scan_init(&scan, &window);
    scan.trust_payload = true;
    while (scan.offset < reader->scan.offset && (rc = sj_scan_next(&scan, &block)) != 0) {
        if (rc < 0 || !(block.head.flags & SJ_BLOCK_DEFINITIONS))
            continue;
        const uint8_t *end = block.payload + block.head.payload_size;
        uint32_t size; /* the payload's CRC was not looked at: a frame may be any bytes */
        for (const uint8_t *at = block.payload;
             (size = sj_frame_fits(at, (uint64_t)(end - at))) != 0; at += size)
            if (((const struct sj_frame *)(const void *)at)->template_id == SJ_EVENT_INSTRUMENT &&
                size >= sizeof(struct sj_instrument))
                each((const void *)at, block.head.src, context);
    }
    sj_window_done(&window);
    return 0;
}
