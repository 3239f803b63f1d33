#include "convert/npz.h"

#include "base/assert.h"

#include <stdio.h>
#include <string.h>

#define ZIP_LOCAL 0x04034b50
#define ZIP_DIRECTORY 0x02014b50
#define ZIP_END 0x06054b50
#define ZIP64_END 0x06064b50
#define ZIP64_LOCATOR 0x07064b50
#define ZIP_VERSION 45 /* zip64 */
#define MEMBER "data.npy"
#define MEMBER_SIZE 8
#define LOCAL_SIZE (SJ_NPZ_FRONT_SIZE - SJ_NPY_FRONT_SIZE)
#define LIMIT_32 UINT32_MAX

/* 1980-01-01, the zip epoch: the same rows give the same bytes on every day. */
#define DOS_DATE 0x21

static const char descr[] = "[('ev', '<u8'), ('exch_ts', '<i8'), ('local_ts', '<i8'), "
                            "('px', '<f8'), ('qty', '<f8'), ('order_id', '<u8'), "
                            "('ival', '<i8'), ('fval', '<f8')]";

static uint8_t *put16(uint8_t *at, uint64_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    return at + 2;
}

static uint8_t *put32(uint8_t *at, uint64_t value)
{
    return put16(put16(at, value), value >> 16);
}

static uint8_t *put64(uint8_t *at, uint64_t value)
{
    return put32(put32(at, value), value >> 32);
}

void sj_npy_header(uint64_t row_count, uint8_t ret_header[SJ_NPY_FRONT_SIZE])
{
    char text[SJ_NPY_FRONT_SIZE];
    int used =
        snprintf(text, sizeof text, "{'descr': %s, 'fortran_order': False, 'shape': (%llu,), }",
                 descr, (unsigned long long)row_count);
    SJ_ASSERT(used > 0 && used + 11 <= SJ_NPY_FRONT_SIZE);
    memset(ret_header, ' ', SJ_NPY_FRONT_SIZE);
    memcpy(ret_header, "\x93NUMPY\x01\x00", 8);
    put16(ret_header + 8, SJ_NPY_FRONT_SIZE - 10);
    memcpy(ret_header + 10, text, (size_t)used);
    ret_header[SJ_NPY_FRONT_SIZE - 1] = '\n';
}

static uint64_t plain_size(const struct sj_npz_shape *shape)
{
    return SJ_NPY_FRONT_SIZE + shape->row_count * sizeof(struct sj_row);
}

/* The local header: sizes always in the zip64 field, as numpy writes it, and a field of padding
 * that puts the array at a multiple of 64 bytes. */
static void put_local(const struct sj_npz_shape *shape, uint8_t *at)
{
    uint8_t *begin = at;
    at = put32(at, ZIP_LOCAL);
    at = put16(at, ZIP_VERSION);
    at = put16(at, 0);
    at = put16(at, shape->kind == SJ_NPZ_DEFLATED ? 8 : 0);
    at = put16(at, 0);
    at = put16(at, DOS_DATE);
    at = put32(at, shape->crc);
    at = put32(at, LIMIT_32);
    at = put32(at, LIMIT_32);
    at = put16(at, MEMBER_SIZE);
    at = put16(at, LOCAL_SIZE - 30 - MEMBER_SIZE);
    memcpy(at, MEMBER, MEMBER_SIZE);
    at = put16(at + MEMBER_SIZE, 1);
    at = put16(at, 16);
    at = put64(at, plain_size(shape));
    at = put64(at, shape->size);
    at = put16(at, 0xd935); /* alignment */
    at = put16(at, 2);
    at = put16(at, 64);
    SJ_ASSERT(at == begin + LOCAL_SIZE);
}

size_t sj_npz_front(const struct sj_npz_shape *shape, uint8_t ret_front[SJ_NPZ_FRONT_SIZE])
{
    if (shape->kind == SJ_NPY) {
        sj_npy_header(shape->row_count, ret_front);
        return SJ_NPY_FRONT_SIZE;
    }
    put_local(shape, ret_front);
    if (shape->kind == SJ_NPZ_DEFLATED)
        return LOCAL_SIZE;
    sj_npy_header(shape->row_count, ret_front + LOCAL_SIZE);
    return SJ_NPZ_FRONT_SIZE;
}

static uint8_t *put_directory(const struct sj_npz_shape *shape, uint8_t *at)
{
    bool big = plain_size(shape) >= LIMIT_32 || shape->size >= LIMIT_32;
    at = put32(at, ZIP_DIRECTORY);
    at = put16(at, ZIP_VERSION | 3 << 8); /* made on Unix */
    at = put16(at, ZIP_VERSION);
    at = put16(at, 0);
    at = put16(at, shape->kind == SJ_NPZ_DEFLATED ? 8 : 0);
    at = put16(at, 0);
    at = put16(at, DOS_DATE);
    at = put32(at, shape->crc);
    at = put32(at, big ? LIMIT_32 : shape->size);
    at = put32(at, big ? LIMIT_32 : plain_size(shape));
    at = put16(at, MEMBER_SIZE);
    at = put16(at, big ? 20 : 0);
    at = put16(at, 0);
    at = put16(at, 0);
    at = put16(at, 0);
    at = put32(at, UINT32_C(0600) << 16);
    at = put32(at, 0);
    memcpy(at, MEMBER, MEMBER_SIZE);
    at += MEMBER_SIZE;
    if (!big)
        return at;
    at = put16(at, 1);
    at = put16(at, 16);
    at = put64(at, plain_size(shape));
    return put64(at, shape->size);
}

static uint8_t *put_end64(uint8_t *at, uint64_t begin, uint64_t size)
{
    at = put32(at, ZIP64_END);
    at = put64(at, 44);
    at = put16(at, ZIP_VERSION | 3 << 8);
    at = put16(at, ZIP_VERSION);
    at = put32(at, 0);
    at = put32(at, 0);
    at = put64(at, 1);
    at = put64(at, 1);
    at = put64(at, size);
    at = put64(at, begin);
    at = put32(at, ZIP64_LOCATOR);
    at = put32(at, 0);
    at = put64(at, begin + size);
    return put32(at, 1);
}

size_t sj_npz_tail(const struct sj_npz_shape *shape, uint8_t ret_tail[SJ_NPZ_TAIL_MAX])
{
    if (shape->kind == SJ_NPY)
        return 0;
    uint64_t begin = LOCAL_SIZE + shape->size;
    uint8_t *at = put_directory(shape, ret_tail);
    uint64_t size = (uint64_t)(at - ret_tail);
    bool big = begin >= LIMIT_32;
    if (big)
        at = put_end64(at, begin, size);
    at = put32(at, ZIP_END);
    at = put32(at, 0);
    at = put16(at, 1);
    at = put16(at, 1);
    at = put32(at, size);
    at = put32(at, big ? LIMIT_32 : begin);
    at = put16(at, 0);
    SJ_ASSERT(at <= ret_tail + SJ_NPZ_TAIL_MAX);
    return (size_t)(at - ret_tail);
}
