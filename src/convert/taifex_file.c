#include "convert/taifex_file.h"

#include "convert/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zip.h>
#include <zlib.h>

struct bytes {
    char *data; /* owned */
    size_t size;
    size_t room;
};

static sj_rc reserve(struct bytes *bytes, size_t more)
{
    if (bytes->room - bytes->size >= more)
        return 0;
    if (bytes->size + more > SJ_TAIFEX_SIZE_MAX)
        return -SJ_E_LIMIT;
    size_t room = bytes->room ? bytes->room : 1u << 20;
    while (room - bytes->size < more)
        room *= 2;
    char *data = realloc(bytes->data, room);
    if (!data)
        return -ENOMEM;
    bytes->data = data;
    bytes->room = room;
    return 0;
}

static sj_rc read_all(int fd, struct bytes *to)
{
    ssize_t got = 0;
    do {
        sj_rc rc = reserve(to, 1u << 16);
        if (rc < 0)
            return rc;
        do
            got = read(fd, to->data + to->size, to->room - to->size);
        while (got < 0 && errno == EINTR);
        if (got < 0)
            return -errno;
        to->size += (size_t)got;
    } while (got);
    return 0;
}

/* Both gzip and zstd tell by themselves where they end. */
static sj_rc read_stream(enum sj_packing packing, int fd, struct bytes *to)
{
    struct sj_unpack *unpack;
    if (lseek(fd, 0, SEEK_SET))
        return -errno;
    sj_rc rc = sj_unpack_create(packing, fd, NULL, NULL, &unpack);
    if (rc < 0)
        return rc;
    do {
        size_t got = 0;
        rc = reserve(to, 1u << 16);
        if (rc >= 0)
            rc = sj_unpack_read(unpack, to->data + to->size, to->room - to->size, &got);
        to->size += got;
    } while (rc > 0);
    sj_unpack_close(unpack);
    return rc;
}

static sj_rc read_entry(zip_t *zip, struct bytes *to)
{
    struct zip_stat stat_now;
    if (zip_get_num_entries(zip, 0) != 1 || zip_stat_index(zip, 0, 0, &stat_now) ||
        !(stat_now.valid & ZIP_STAT_SIZE))
        return -SJ_E_MALFORMED;
    zip_file_t *file = zip_fopen_index(zip, 0, 0);
    if (!file)
        return -SJ_E_CORRUPT;
    zip_int64_t got;
    sj_rc rc;
    do {
        rc = reserve(to, 1u << 16);
        got = rc < 0 ? 0 : zip_fread(file, to->data + to->size, to->room - to->size);
        to->size += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    zip_fclose(file);
    if (rc >= 0 && (got < 0 || to->size != stat_now.size))
        rc = -SJ_E_CORRUPT;
    return rc;
}

static unsigned u16_at(const struct bytes *raw, size_t at)
{
    return (uint8_t)raw->data[at] | (unsigned)(uint8_t)raw->data[at + 1] << 8;
}

/* A zip without its end has no table of contents, but its first file stands at its beginning. */
static sj_rc salvage(const struct bytes *raw, struct bytes *to)
{
    z_stream inflater = {0};
    if (raw->size < 30 || u16_at(raw, 8) != 8)
        return -SJ_E_CORRUPT;
    size_t at = 30 + u16_at(raw, 26) + u16_at(raw, 28);
    if (at >= raw->size || inflateInit2(&inflater, -15) != Z_OK)
        return -SJ_E_CORRUPT;
    inflater.next_in = (Bytef *)raw->data + at;
    inflater.avail_in = (uInt)(raw->size - at);
    sj_rc rc;
    int state = Z_OK;
    do {
        rc = reserve(to, 1u << 16);
        if (rc < 0)
            break;
        size_t room = to->room - to->size;
        inflater.next_out = (Bytef *)to->data + to->size;
        inflater.avail_out = (uInt)room;
        state = inflate(&inflater, Z_NO_FLUSH);
        to->size += room - inflater.avail_out;
    } while (state == Z_OK);
    inflateEnd(&inflater);
    return rc < 0 ? rc : -SJ_E_CORRUPT;
}

static sj_rc read_zip(const struct bytes *raw, struct bytes *to)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(raw->data, raw->size, 0, &error);
    zip_t *zip = source ? zip_open_from_source(source, ZIP_RDONLY, &error) : NULL;
    zip_error_fini(&error);
    if (!zip) {
        zip_source_free(source);
        return salvage(raw, to);
    }
    sj_rc rc = read_entry(zip, to);
    zip_discard(zip);
    return rc;
}

static sj_rc unpack(int fd, struct bytes *raw, struct bytes *to, bool *ret_cut)
{
    enum sj_packing packing = sj_packing_of((const uint8_t *)raw->data, raw->size);
    bool zip = raw->size >= 4 && !memcmp(raw->data, "PK\3\4", 4);
    sj_rc rc = 0;
    if (zip) {
        rc = read_zip(raw, to);
    } else if (packing != SJ_PACKING_NONE) {
        rc = read_stream(packing, fd, to);
    } else {
        *to = *raw;
        *raw = (struct bytes){0};
    }
    *ret_cut = rc == -SJ_E_CORRUPT && to->size;
    return *ret_cut ? 0 : rc;
}

sj_rc sj_taifex_file_read(const char *path, struct sj_taifex_file *ret_file)
{
    struct bytes raw = {0};
    struct bytes text = {0};
    struct sj_taifex_file file = {0};
    XXH128_canonical_t digest;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    sj_rc rc = read_all(fd, &raw);
    if (rc >= 0) {
        XXH128_canonicalFromHash(&digest, XXH3_128bits(raw.data, raw.size));
        memcpy(file.digest, digest.digest, sizeof file.digest);
        rc = unpack(fd, &raw, &text, &file.cut);
    }
    close(fd);
    free(raw.data);
    if (rc < 0) {
        free(text.data);
        return rc;
    }
    file.text = text.data;
    file.size = text.size;
    *ret_file = file;
    return 0;
}

void sj_taifex_file_done(struct sj_taifex_file *file)
{
    free(file->text);
    *file = (struct sj_taifex_file){0};
}
