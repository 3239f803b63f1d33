#include "convert/unpack.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#define INPUT_SIZE (256u << 10)

struct sj_unpack {
    enum sj_packing packing;
    int fd;
    bool ended;  /* the file */
    bool within; /* a member or frame */
    uint64_t taken;
    void (*each)(const void *bytes, size_t size, void *context);
    void *context;
    ZSTD_DStream *zstd;
    size_t in_at;
    size_t in_size;
    struct inflate_state gzip;
    uint8_t in[INPUT_SIZE];
};

enum sj_packing sj_packing_of(const uint8_t *begin, size_t size)
{
    if (size >= 3 && !memcmp(begin, "\x1f\x8b\x08", 3))
        return SJ_PACKING_GZIP;
    /* 0x184d2a5. is a skippable frame. */
    if (size >= 4 && (!memcmp(begin, "\x28\xb5\x2f\xfd", 4) ||
                      ((begin[0] & 0xf0) == 0x50 && !memcmp(begin + 1, "\x2a\x4d\x18", 3))))
        return SJ_PACKING_ZSTD;
    return SJ_PACKING_NONE;
}

static void start_member(struct sj_unpack *unpack)
{
    isal_inflate_init(&unpack->gzip);
    unpack->gzip.crc_flag = ISAL_GZIP;
}

sj_rc sj_unpack_create(enum sj_packing packing, int fd,
                       void (*each)(const void *bytes, size_t size, void *context), void *context,
                       struct sj_unpack **ret_unpack)
{
    struct sj_unpack *unpack = calloc(1, sizeof *unpack);
    if (!unpack)
        return -ENOMEM;
    unpack->packing = packing;
    unpack->fd = fd;
    unpack->each = each;
    unpack->context = context;
    if (packing == SJ_PACKING_ZSTD) {
        unpack->zstd = ZSTD_createDStream();
        /* Frames made with long windows would take their size in memory. */
        if (!unpack->zstd ||
            ZSTD_isError(ZSTD_DCtx_setParameter(unpack->zstd, ZSTD_d_windowLogMax, 27))) {
            sj_unpack_close(unpack);
            return -ENOMEM;
        }
    } else {
        start_member(unpack);
    }
    *ret_unpack = unpack;
    return 0;
}

void sj_unpack_close(struct sj_unpack *unpack)
{
    if (!unpack)
        return;
    ZSTD_freeDStream(unpack->zstd);
    free(unpack);
}

uint64_t sj_unpack_taken(const struct sj_unpack *unpack)
{
    return unpack->taken;
}

static sj_rc fill_input(struct sj_unpack *unpack)
{
    if (unpack->in_at < unpack->in_size || unpack->ended)
        return 0;
    ssize_t got;
    do
        got = read(unpack->fd, unpack->in, INPUT_SIZE);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    unpack->ended = got == 0;
    unpack->in_at = 0;
    unpack->in_size = (size_t)got;
    unpack->taken += (uint64_t)got;
    if (unpack->each && got)
        unpack->each(unpack->in, (size_t)got, unpack->context);
    return 0;
}

static sj_rc step_gzip(struct sj_unpack *unpack, uint8_t *to, size_t size, size_t *ret_got)
{
    struct inflate_state *gzip = &unpack->gzip;
    gzip->next_in = unpack->in + unpack->in_at;
    gzip->avail_in = (uint32_t)(unpack->in_size - unpack->in_at);
    gzip->next_out = to;
    gzip->avail_out = (uint32_t)size;
    int rc = isal_inflate(gzip);
    unpack->in_at = unpack->in_size - gzip->avail_in;
    *ret_got = size - gzip->avail_out;
    if (rc < 0)
        return -SJ_E_CORRUPT;
    unpack->within = gzip->block_state != ISAL_BLOCK_FINISH;
    if (!unpack->within)
        start_member(unpack);
    return 0;
}

static sj_rc step_zstd(struct sj_unpack *unpack, uint8_t *to, size_t size, size_t *ret_got)
{
    ZSTD_inBuffer in = {unpack->in, unpack->in_size, unpack->in_at};
    ZSTD_outBuffer out = {to, size, 0};
    size_t rc = ZSTD_decompressStream(unpack->zstd, &out, &in);
    unpack->in_at = in.pos;
    *ret_got = out.pos;
    if (ZSTD_isError(rc))
        return -SJ_E_CORRUPT;
    unpack->within = rc != 0;
    return 0;
}

sj_rc sj_unpack_read(struct sj_unpack *unpack, void *to, size_t size, size_t *ret_got)
{
    unsigned idle = 0;
    *ret_got = 0;
    while (*ret_got < size) {
        sj_rc rc = fill_input(unpack);
        if (rc < 0)
            return rc;
        bool starved = unpack->in_at == unpack->in_size;
        if (starved && !unpack->within)
            return 0;
        size_t in_at = unpack->in_at;
        size_t got = 0;
        rc = unpack->packing == SJ_PACKING_GZIP
                 ? step_gzip(unpack, (uint8_t *)to + *ret_got, size - *ret_got, &got)
                 : step_zstd(unpack, (uint8_t *)to + *ret_got, size - *ret_got, &got);
        *ret_got += got;
        if (rc < 0)
            return rc;
        /* Without input nothing more comes: the file ends within a member. One idle turn may be
         * one that only changed its inner state. */
        idle = got || in_at != unpack->in_at ? 0 : idle + 1;
        if (idle > 1)
            return -SJ_E_CORRUPT;
    }
    return 1;
}
