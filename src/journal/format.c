#include "journal/format.h"

#include "base/crc32c.h"

void sj_block_head_seal(struct sj_block_head *head)
{
    head->magic = SJ_BLOCK_MAGIC;
    head->version = SJ_JOURNAL_VERSION;
    head->head_size = sizeof(*head);
    head->head_crc = sj_crc32c(0, head, offsetof(struct sj_block_head, head_crc));
}

void sj_segment_head_seal(struct sj_segment_head *head)
{
    head->magic = SJ_SEGMENT_MAGIC;
    head->version = SJ_JOURNAL_VERSION;
    head->schema_id = SJ_SCHEMA_ID;
    head->schema_version = SJ_SCHEMA_VERSION;
    head->crc = sj_crc32c(0, head, offsetof(struct sj_segment_head, crc));
}

void sj_segment_trailer_seal(struct sj_segment_trailer *trailer)
{
    trailer->magic = SJ_TRAILER_MAGIC;
    trailer->version = SJ_JOURNAL_VERSION;
    trailer->crc = sj_crc32c(0, trailer, offsetof(struct sj_segment_trailer, crc));
}

sj_rc sj_block_head_check(const struct sj_block_head *head)
{
    if (head->magic != SJ_BLOCK_MAGIC ||
        head->head_crc != sj_crc32c(0, head, offsetof(struct sj_block_head, head_crc)))
        return -SJ_E_CORRUPT;
    if (head->version != SJ_JOURNAL_VERSION)
        return -SJ_E_LAYOUT;
    /* A CRC proves the bytes, not the sense: a foreign writer's header must not lead us astray. */
    bool is_void = head->flags & SJ_BLOCK_VOID;
    bool sane = head->head_size == sizeof(*head) && head->src < SJ_JOURNAL_SOURCES_MAX &&
                is_void == (head->count == 0) && head->payload_size % SJ_FRAME_UNIT == 0 &&
                head->payload_size <= SJ_JOURNAL_BLOCK_MAX - sizeof(*head) &&
                head->count <= head->payload_size / SJ_FRAME_UNIT &&
                head->position % SJ_FRAME_UNIT == 0 && head->position < UINT64_MAX / 2;
    if (sane && !(head->flags & (SJ_BLOCK_REPEAT | SJ_BLOCK_VOID)))
        sane = head->first_seq > head->prev_seq && head->last_seq >= head->first_seq &&
               head->last_seq - head->first_seq == head->count - 1;
    return sane ? 0 : -SJ_E_CORRUPT;
}

sj_rc sj_segment_head_check(const struct sj_segment_head *head)
{
    if (head->magic != SJ_SEGMENT_MAGIC ||
        head->crc != sj_crc32c(0, head, offsetof(struct sj_segment_head, crc)))
        return -SJ_E_CORRUPT;
    if (head->version != SJ_JOURNAL_VERSION || head->schema_id != SJ_SCHEMA_ID)
        return -SJ_E_LAYOUT;
    bool sane = head->base % SJ_JOURNAL_PAGE == 0 && head->base < UINT64_MAX / 2 &&
                head->prev_end <= head->base && head->granule_size >= SJ_JOURNAL_PAGE / 16 &&
                head->size >= SJ_JOURNAL_SEGMENT_MIN && head->size < UINT64_MAX / 4;
    return sane ? 0 : -SJ_E_CORRUPT;
}

sj_rc sj_segment_trailer_check(const struct sj_segment_trailer *trailer)
{
    if (trailer->magic != SJ_TRAILER_MAGIC ||
        trailer->crc != sj_crc32c(0, trailer, offsetof(struct sj_segment_trailer, crc)))
        return -SJ_E_CORRUPT;
    return trailer->version == SJ_JOURNAL_VERSION ? 0 : -SJ_E_LAYOUT;
}

sj_rc sj_block_payload_check(const struct sj_block_head *head, const void *payload)
{
    if (sj_crc32c(0, payload, head->payload_size) != head->payload_crc)
        return -SJ_E_CORRUPT;
    if (head->flags & SJ_BLOCK_VOID)
        return 0;
    const uint8_t *at = payload;
    const uint8_t *end = at + head->payload_size;
    uint32_t count = 0;
    while (at < end) {
        uint32_t size = sj_frame_fits(at, (uint64_t)(end - at));
        if (size == 0)
            return -SJ_E_CORRUPT;
        at += size;
        count++;
    }
    return count == head->count ? 0 : -SJ_E_CORRUPT;
}
