#include "convert/npz.h"

#include "convert/npz_parse.h"

#include <errno.h>
#include <fcntl.h>
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BATCH_ROWS 16384
#define HEADER_MAX 4096
/* Mapped pages further behind than this are given back. */
#define BEHIND_SIZE (8u << 20)

struct sj_rows {
    const uint8_t *file; /* mapped */
    uint64_t file_size;
    struct sj_npz_member member;
    uint64_t row_count;
    uint64_t next; /* row */
    size_t header_size;
    bool in_place;
    uint64_t given_back; /* bytes of the file */
    uint32_t crc;
    struct inflate_state *inflate;
    struct sj_row *buffer;
    char error[256];
};

static sj_rc map_file(const char *path, struct sj_rows *rows)
{
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    sj_rc rc = fstat(fd, &stat) ? -errno : !S_ISREG(stat.st_mode) ? -EINVAL : 0;
    if (rc >= 0 && stat.st_size == 0)
        rc = -SJ_E_MALFORMED;
    if (rc >= 0) {
        void *map = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        rc = map == MAP_FAILED ? -errno : 0;
        if (rc >= 0) {
            rows->file = map;
            rows->file_size = (uint64_t)stat.st_size;
            madvise(map, rows->file_size, MADV_SEQUENTIAL);
        }
    }
    close(fd);
    return rc;
}

static void start_inflating(struct sj_rows *rows)
{
    isal_inflate_init(rows->inflate);
    rows->inflate->crc_flag = ISAL_DEFLATE;
    rows->inflate->next_in = (uint8_t *)(uintptr_t)(rows->file + rows->member.offset);
    rows->inflate->avail_in = 0;
}

/* How many of `size` bytes came out: fewer only at the end of the stream. */
static sj_rc inflate_some(struct sj_rows *rows, void *to, size_t size, size_t *ret_got)
{
    struct inflate_state *state = rows->inflate;
    const uint8_t *end = rows->file + rows->member.offset + rows->member.packed_size;
    state->next_out = to;
    state->avail_out = (uint32_t)size;
    unsigned idle = 0;
    while (state->avail_out && state->block_state != ISAL_BLOCK_FINISH) {
        if (!state->avail_in) {
            uint64_t left = (uint64_t)(end - state->next_in);
            state->avail_in = left < (1u << 20) ? (uint32_t)left : (1u << 20);
        }
        uint32_t in = state->avail_in;
        uint32_t out = state->avail_out;
        if (isal_inflate(state) < 0)
            return -SJ_E_CORRUPT;
        idle = in == state->avail_in && out == state->avail_out ? idle + 1 : 0;
        if (idle > 1)
            return -SJ_E_CORRUPT; /* cut; a single turn may only change its inner state */
    }
    *ret_got = size - state->avail_out;
    return 0;
}

static sj_rc read_header(struct sj_rows *rows)
{
    uint8_t start[HEADER_MAX];
    const uint8_t *bytes = rows->file + rows->member.offset;
    size_t size = rows->member.size < HEADER_MAX ? (size_t)rows->member.size : HEADER_MAX;
    if (rows->member.deflated) {
        start_inflating(rows);
        sj_rc rc = inflate_some(rows, start, size, &size);
        if (rc < 0)
            return rc;
        bytes = start;
    }
    sj_rc rc = sj_npy_parse(bytes, size, &rows->row_count, &rows->header_size, rows->error);
    if (rc < 0)
        return rc;
    if (rows->member.size - rows->header_size != rows->row_count * sizeof(struct sj_row)) {
        snprintf(rows->error, sizeof rows->error,
                 "the header says %llu rows, the array has %llu bytes",
                 (unsigned long long)rows->row_count,
                 (unsigned long long)(rows->member.size - rows->header_size));
        return -SJ_E_CORRUPT;
    }
    rows->in_place = !rows->member.deflated &&
                     (rows->member.offset + rows->header_size) % _Alignof(struct sj_row) == 0;
    return 0;
}

static sj_rc open_rows(const char *path, struct sj_rows *rows)
{
    sj_rc rc = map_file(path, rows);
    if (rc >= 0)
        rc = sj_npz_find(rows->file, rows->file_size, &rows->member, rows->error);
    if (rc >= 0 && rows->member.deflated) {
        rows->inflate = malloc(sizeof *rows->inflate);
        if (!rows->inflate)
            rc = -ENOMEM;
    }
    if (rc >= 0)
        rc = read_header(rows);
    if (rc >= 0 && !rows->in_place) {
        rows->buffer = malloc(BATCH_ROWS * sizeof *rows->buffer);
        if (!rows->buffer)
            rc = -ENOMEM;
    }
    return rc < 0 ? rc : sj_rows_rewind(rows);
}

sj_rc sj_rows_open(const char *path, struct sj_rows **ret_rows, char error[256])
{
    struct sj_rows *rows = calloc(1, sizeof *rows);
    if (!rows)
        return -ENOMEM;
    sj_rc rc = open_rows(path, rows);
    if (rc < 0) {
        snprintf(error, 256, "%s", *rows->error ? rows->error : sj_rc_text(rc));
        sj_rows_close(rows);
        return rc;
    }
    *ret_rows = rows;
    return 0;
}

void sj_rows_close(struct sj_rows *rows)
{
    if (!rows)
        return;
    if (rows->file)
        munmap((void *)(uintptr_t)rows->file, rows->file_size);
    free(rows->inflate);
    free(rows->buffer);
    free(rows);
}

uint64_t sj_rows_count(const struct sj_rows *rows)
{
    return rows->row_count;
}

const char *sj_rows_error(const struct sj_rows *rows)
{
    return rows->error;
}

const struct sj_row *sj_rows_mapped(const struct sj_rows *rows)
{
    const uint8_t *begin = rows->file + rows->member.offset + rows->header_size;
    return rows->in_place ? (const struct sj_row *)(const void *)begin : NULL;
}

sj_rc sj_rows_rewind(struct sj_rows *rows)
{
    uint8_t header[HEADER_MAX];
    const uint8_t *bytes = rows->file + rows->member.offset;
    size_t got = rows->header_size;
    rows->next = 0;
    rows->given_back = 0;
    if (rows->member.deflated) {
        start_inflating(rows);
        sj_rc rc = inflate_some(rows, header, rows->header_size, &got);
        if (rc < 0)
            return rc;
        bytes = header;
    }
    rows->crc = libdeflate_crc32(0, bytes, rows->header_size);
    return 0;
}

static void give_back(struct sj_rows *rows)
{
    uint64_t at = rows->member.offset + rows->header_size + rows->next * sizeof(struct sj_row);
    if (rows->member.deflated)
        at = (uint64_t)(rows->inflate->next_in - rows->file);
    uint64_t until = at / BEHIND_SIZE * BEHIND_SIZE;
    if (until <= rows->given_back + BEHIND_SIZE)
        return;
    until -= BEHIND_SIZE;
    madvise((void *)(uintptr_t)(rows->file + rows->given_back), until - rows->given_back,
            MADV_DONTNEED);
    rows->given_back = until;
}

static sj_rc check_end(struct sj_rows *rows)
{
    if (!rows->member.has_crc || rows->crc == rows->member.crc)
        return 0;
    snprintf(rows->error, sizeof rows->error, "the checksum of the array is wrong");
    return -SJ_E_CORRUPT;
}

static sj_rc fill_buffer(struct sj_rows *rows, size_t count)
{
    size_t size = count * sizeof(struct sj_row);
    size_t got = size;
    const uint8_t *from = rows->file + rows->member.offset + rows->header_size;
    if (rows->member.deflated) {
        sj_rc rc = inflate_some(rows, rows->buffer, size, &got);
        if (rc < 0 || got < size) {
            snprintf(rows->error, sizeof rows->error, "damaged or cut near row %llu",
                     (unsigned long long)rows->next);
            return -SJ_E_CORRUPT;
        }
    } else {
        memcpy(rows->buffer, from + rows->next * sizeof(struct sj_row), size);
    }
    return 0;
}

sj_rc sj_rows_next(struct sj_rows *rows, const struct sj_row **ret)
{
    uint64_t left = rows->row_count - rows->next;
    size_t count = left < BATCH_ROWS ? (size_t)left : BATCH_ROWS;
    if (!count)
        return 0;
    give_back(rows);
    const struct sj_row *batch = rows->buffer;
    if (rows->in_place) {
        batch = sj_rows_mapped(rows) + rows->next;
    } else {
        sj_rc rc = fill_buffer(rows, count);
        if (rc < 0)
            return rc;
    }
    rows->crc = crc32_gzip_refl(rows->crc, (const uint8_t *)batch, count * sizeof *batch);
    rows->next += count;
    if (rows->next == rows->row_count) {
        sj_rc rc = check_end(rows);
        if (rc < 0)
            return rc;
    }
    *ret = batch;
    return (sj_rc)count;
}
