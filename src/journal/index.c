#include "journal/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct index_file {
    uint32_t granule_size;
    uint32_t instruments_whole;
    uint32_t first_count;
    uint32_t instrument_count;
    uint64_t event_count;
    uint64_t block_count;
    int64_t first_ns;
    int64_t last_ns;
    uint64_t last_seq[SJ_JOURNAL_SOURCES_MAX];
    struct sj_index_granule granules[SJ_INDEX_GRANULES];
    /* first_count x struct index_first, instrument_count x struct sj_index_instrument */
};

struct index_first {
    uint32_t granule;
    uint32_t src;
    uint64_t seq;
};

sj_rc sj_index_create(struct sj_segment_index **ret_index)
{
    void *map = mmap(NULL, sizeof(struct sj_segment_index), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return -errno;
    *ret_index = map;
    return 0;
}

void sj_index_close(struct sj_segment_index *index)
{
    if (index != NULL)
        munmap(index, sizeof(*index));
}

uint32_t sj_index_granule_size(uint64_t segment_size)
{
    uint64_t size = (segment_size + SJ_INDEX_GRANULES - 1) / SJ_INDEX_GRANULES;
    return (uint32_t)(size < SJ_JOURNAL_PAGE / 16 ? SJ_JOURNAL_PAGE / 16 : size);
}

void sj_index_reset(struct sj_segment_index *index, uint32_t granule_size,
                    const struct sj_segment_source *sources)
{
    /* Fresh zero pages are cheaper than clearing, and give memory back. */
    madvise(index, sizeof(*index), MADV_DONTNEED);
    index->granule_size = granule_size;
    index->instruments_whole = true;
    index->first_ns = INT64_MAX;
    index->last_ns = INT64_MIN;
    for (uint32_t src = 0; src < SJ_JOURNAL_SOURCES_MAX; src++)
        index->last_seq[src] = sources[src].last_seq;
}

void sj_index_add_block(struct sj_segment_index *index, const struct sj_block_head *head,
                        uint64_t offset)
{
    uint32_t at = sj_index_granule(index, offset);
    struct sj_index_granule *granule = &index->granules[at];
    index->block_count++;
    if (granule->offset == 0) {
        granule->offset = offset;
        granule->first_ns = INT64_MAX;
        granule->last_ns = index->last_ns;
        granule->event_count = index->event_count;
    }
    if (head->flags & (SJ_BLOCK_REPEAT | SJ_BLOCK_VOID))
        return;
    if (head->first_ns < granule->first_ns)
        granule->first_ns = head->first_ns;
    if (head->first_ns < index->first_ns)
        index->first_ns = head->first_ns;
    if (head->last_ns > index->last_ns)
        index->last_ns = head->last_ns;
    granule->last_ns = index->last_ns;
    index->event_count += head->count;
    if (index->first_seq[at][head->src] == 0)
        index->first_seq[at][head->src] = head->first_seq;
    index->last_seq[head->src] = head->last_seq;
}

void sj_index_add_payload(struct sj_segment_index *index, const struct sj_block_head *head,
                          const uint8_t *payload, uint64_t offset)
{
    const uint8_t *end = payload + head->payload_size;
    uint32_t granule = sj_index_granule(index, offset);
    if (head->flags & SJ_BLOCK_VOID)
        return;
    for (const uint8_t *at = payload; at < end; at += sj_frame_size(at))
        sj_index_add_instrument(index, granule,
                                ((const struct sj_frame *)(const void *)at)->instrument);
    sj_index_add_block(index, head, offset);
}

static bool is_used(const struct sj_segment_index *index, uint32_t instrument)
{
    const uint64_t *bits = index->bits[instrument];
    return (bits[0] | bits[1] | bits[2] | bits[3]) != 0;
}

sj_rc sj_index_save(const struct sj_segment_index *index, uint8_t **ret_bytes, uint32_t *ret_size)
{
    struct index_file file = {.granule_size = index->granule_size,
                              .instruments_whole = index->instruments_whole,
                              .event_count = index->event_count,
                              .block_count = index->block_count,
                              .first_ns = index->first_ns,
                              .last_ns = index->last_ns};
    for (uint32_t i = 0; i < SJ_INDEX_GRANULES * SJ_JOURNAL_SOURCES_MAX; i++)
        file.first_count +=
            index->first_seq[i / SJ_JOURNAL_SOURCES_MAX][i % SJ_JOURNAL_SOURCES_MAX] != 0;
    for (uint32_t i = 0; i < SJ_INDEX_INSTRUMENTS; i++)
        file.instrument_count += is_used(index, i);
    memcpy(file.last_seq, index->last_seq, sizeof(file.last_seq));
    memcpy(file.granules, index->granules, sizeof(file.granules));
    size_t size = sizeof(file) + file.first_count * sizeof(struct index_first) +
                  file.instrument_count * sizeof(struct sj_index_instrument);
    uint8_t *bytes = malloc(size);
    if (bytes == NULL)
        return -ENOMEM;
    memcpy(bytes, &file, sizeof(file));
    uint8_t *at = bytes + sizeof(file);
    for (uint32_t granule = 0; granule < SJ_INDEX_GRANULES; granule++)
        for (uint32_t src = 0; src < SJ_JOURNAL_SOURCES_MAX; src++)
            if (index->first_seq[granule][src] != 0) {
                struct index_first first = {granule, src, index->first_seq[granule][src]};
                memcpy(at, &first, sizeof(first));
                at += sizeof(first);
            }
    for (uint32_t i = 0; i < SJ_INDEX_INSTRUMENTS; i++)
        if (is_used(index, i)) {
            struct sj_index_instrument entry = {.instrument = i};
            memcpy(entry.granules, index->bits[i], sizeof(entry.granules));
            memcpy(at, &entry, sizeof(entry));
            at += sizeof(entry);
        }
    *ret_bytes = bytes;
    *ret_size = (uint32_t)size;
    return 0;
}

sj_rc sj_index_load(struct sj_segment_index *index, const uint8_t *bytes, size_t size)
{
    static const struct sj_segment_source none[SJ_JOURNAL_SOURCES_MAX];
    struct index_file file;
    if (size < sizeof(file))
        return -SJ_E_CORRUPT;
    memcpy(&file, bytes, sizeof(file));
    if (file.granule_size < SJ_JOURNAL_PAGE / 16 ||
        file.first_count > SJ_INDEX_GRANULES * SJ_JOURNAL_SOURCES_MAX ||
        file.instrument_count > SJ_INDEX_INSTRUMENTS ||
        size != sizeof(file) + file.first_count * sizeof(struct index_first) +
                    file.instrument_count * sizeof(struct sj_index_instrument))
        return -SJ_E_CORRUPT;
    sj_index_reset(index, file.granule_size, none);
    index->instruments_whole = file.instruments_whole;
    index->event_count = file.event_count;
    index->block_count = file.block_count;
    index->first_ns = file.first_ns;
    index->last_ns = file.last_ns;
    memcpy(index->last_seq, file.last_seq, sizeof(file.last_seq));
    memcpy(index->granules, file.granules, sizeof(file.granules));
    const uint8_t *at = bytes + sizeof(file);
    for (uint32_t i = 0; i < file.first_count; i++, at += sizeof(struct index_first)) {
        struct index_first first;
        memcpy(&first, at, sizeof(first));
        if (first.granule >= SJ_INDEX_GRANULES || first.src >= SJ_JOURNAL_SOURCES_MAX)
            return -SJ_E_CORRUPT;
        index->first_seq[first.granule][first.src] = first.seq;
    }
    for (uint32_t i = 0; i < file.instrument_count; i++, at += sizeof(struct sj_index_instrument)) {
        struct sj_index_instrument entry;
        memcpy(&entry, at, sizeof(entry));
        if (entry.instrument >= SJ_INDEX_INSTRUMENTS)
            return -SJ_E_CORRUPT;
        memcpy(index->bits[entry.instrument], entry.granules, sizeof(entry.granules));
    }
    return 0;
}
