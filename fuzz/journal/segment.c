/*
 * Any bytes as the file of a segment: opening, reading, seeking, listing and verifying end, without
 * a crash and within bounded memory, and what is delivered is whole frames. Of the first byte, bit
 * 0 says compressed; bit 1 has the CRCs made right first, so that lies behind a right CRC are
 * tried, too.
 */
#include "journal/journal.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/crc32c.h"
#include "journal/format.h"

#define INPUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64];

static void dir_drop(void)
{
    char path[128];
    for (int packed = 0; packed < 2; packed++) {
        snprintf(path, sizeof path, "%s/000000000000.seg%s", dir, packed ? "z" : "");
        unlink(path);
    }
    rmdir(dir);
}

static void dir_make(void)
{
    snprintf(dir, sizeof dir, "/tmp/shijim-fuzz-XXXXXX");
    SJ_ASSERT(mkdtemp(dir) != NULL);
    atexit(dir_drop);
}

/* Makes every CRC of headers, blocks and trailer right. */
static void mend(uint8_t *bytes, size_t size)
{
    static const uint64_t magic = SJ_BLOCK_MAGIC;
    struct sj_segment_head head;
    struct sj_segment_trailer trailer;
    struct sj_block_head block;
    if (size < sizeof head + sizeof trailer)
        return;
    memcpy(&head, bytes, sizeof head);
    sj_segment_head_seal(&head);
    memcpy(bytes, &head, sizeof head);
    for (size_t at = sizeof head; at + sizeof block <= size; at += SJ_FRAME_UNIT) {
        if (memcmp(bytes + at, &magic, sizeof magic) != 0)
            continue;
        memcpy(&block, bytes + at, sizeof block);
        if (block.payload_size <= size - at - sizeof block)
            block.payload_crc = sj_crc32c(0, bytes + at + sizeof block, block.payload_size);
        sj_block_head_seal(&block);
        memcpy(bytes + at, &block, sizeof block);
    }
    memcpy(&trailer, bytes + size - sizeof trailer, sizeof trailer);
    if (trailer.index_offset <= size && trailer.index_size <= size - trailer.index_offset)
        trailer.index_crc = sj_crc32c(0, bytes + trailer.index_offset, trailer.index_size);
    sj_segment_trailer_seal(&trailer);
    memcpy(bytes + size - sizeof trailer, &trailer, sizeof trailer);
}

static void put(const uint8_t *data, size_t size, bool packed)
{
    char path[128];
    for (int other = 0; other < 2; other++) {
        snprintf(path, sizeof path, "%s/000000000000.seg%s", dir, other ? "z" : "");
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/000000000000.seg%s", dir, packed ? "z" : "");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    SJ_ASSERT(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
}

static void check_span(const struct sj_journal_span *span)
{
    uint32_t count = 0;
    const uint8_t *at = span->begin;
    for (; at < span->end; at += sj_frame_size(at), count++)
        SJ_ASSERT(sj_frame_size(at) >= SJ_FRAME_UNIT);
    SJ_ASSERT(at == span->end && count == span->count && span->src < SJ_JOURNAL_SOURCES_MAX);
    SJ_ASSERT(span->next_position > span->position);
}

/* Reads on from where the reader stands. Each call moves on by 32 bytes at least. */
static void read_on(struct sj_journal_reader *reader, size_t limit)
{
    struct sj_journal_span span;
    struct sj_journal_damage damage;
    sj_rc rc;
    for (size_t i = 0; (rc = sj_journal_read(reader, &span)) != 0; i++) {
        SJ_ASSERT(i < limit);
        if (rc > 0)
            check_span(&span);
        else if (rc == -SJ_E_CORRUPT)
            sj_journal_reader_damage(reader, &damage);
        else
            break;
    }
}

static void ignore_segment(const struct sj_journal_segment *segment, void *context)
{
    (void)segment, (void)context;
}

static void ignore_definition(const struct sj_instrument *definition, uint32_t src, void *context)
{
    (void)definition, (void)src, (void)context;
}

/* `limit`: more turns than the input can hold blocks. */
static void use_reader(size_t limit)
{
    struct sj_journal_reader_options options = {.dir = dir, .repeats = true};
    struct sj_journal_reader *reader;
    const uint32_t wanted = 1;
    if (sj_journal_reader_open(&options, &reader) < 0)
        return;
    read_on(reader, limit);
    sj_rc rc = sj_journal_reader_definitions(reader, ignore_definition, NULL);
    if (sj_journal_seek_time(reader, 5000) == 0)
        read_on(reader, limit);
    if (sj_journal_seek_seq(reader, 1, 2) == 0)
        read_on(reader, limit);
    if (sj_journal_seek(reader, 4096) == 0 && sj_journal_reader_only(reader, &wanted, 1) == 0)
        read_on(reader, limit);
    (void)rc;
    sj_journal_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sj_journal_check check;
    if (size < 1 || size > INPUT_MAX)
        return 0;
    if (dir[0] == 0)
        dir_make();
    bool packed = data[0] & 1;
    uint8_t *bytes = malloc(size);
    SJ_ASSERT(bytes != NULL);
    memcpy(bytes, data + 1, size - 1);
    if (data[0] & 2)
        mend(bytes, size - 1);
    put(bytes, size - 1, packed);
    free(bytes);
    /* A compressed input may unfold to more than itself; the unpacker bounds it. */
    use_reader(packed ? SIZE_MAX : size / 16 + 64);
    sj_rc rc = sj_journal_verify(dir, NULL, NULL, &check);
    if (rc == 0)
        SJ_ASSERT(check.damage_count == 0);
    rc = sj_journal_list(dir, ignore_segment, NULL);
    (void)rc;
    return 0;
}
