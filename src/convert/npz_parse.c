#include "convert/npz_parse.h"

#include "convert/npz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define END_SIZE 22
#define END_SEARCH (END_SIZE + 65535)
#define LOCATOR_SIZE 20
#define END64_SIZE 56
#define ENTRY_SIZE 46
#define LOCAL_SIZE 30
#define ENTRIES_MAX 1024

static const struct sj_npy_type event_rows = {
    "[('ev','<u8'),('exch_ts','<i8'),('local_ts','<i8'),('px','<f8'),('qty','<f8'),"
    "('order_id','<u8'),('ival','<i8'),('fval','<f8')]",
    "the array's rows are not hftbacktest's (ev, exch_ts, local_ts, px, qty, order_id, ival, "
    "fval)"};

static uint64_t get(const uint8_t *at, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = size; i-- > 0;)
        value = value << 8 | at[i];
    return value;
}

static sj_rc refuse(char error[256], const char *what)
{
    snprintf(error, 256, "%s", what);
    return -SJ_E_MALFORMED;
}

struct directory {
    uint64_t offset;
    uint64_t size;
    uint64_t count;
};

static const uint8_t *find_end(const uint8_t *file, uint64_t size)
{
    if (size < END_SIZE)
        return NULL;
    uint64_t lowest = size > END_SEARCH ? size - END_SEARCH : 0;
    for (uint64_t at = size - END_SIZE + 1; at-- > lowest;)
        if (!memcmp(file + at, "PK\5\6", 4) && at + END_SIZE + get(file + at + 20, 2) <= size)
            return file + at;
    return NULL;
}

static bool find_directory(const uint8_t *file, uint64_t size, struct directory *ret)
{
    const uint8_t *end = find_end(file, size);
    if (!end)
        return false;
    *ret = (struct directory){get(end + 16, 4), get(end + 12, 4), get(end + 10, 2)};
    uint64_t before = (uint64_t)(end - file);
    if (before >= LOCATOR_SIZE && !memcmp(end - LOCATOR_SIZE, "PK\6\7", 4)) {
        uint64_t at = get(end - LOCATOR_SIZE + 8, 8);
        if (before < END64_SIZE || at > before - END64_SIZE || memcmp(file + at, "PK\6\6", 4))
            return false;
        *ret = (struct directory){get(file + at + 48, 8), get(file + at + 40, 8),
                                  get(file + at + 32, 8)};
    }
    return ret->offset <= size && ret->size <= size - ret->offset && ret->count &&
           ret->count <= ENTRIES_MAX;
}

/* The zip64 field of a directory entry has those of (size, packed size, offset) that did not fit.
 */
static bool read_zip64(const uint8_t *extra, uint64_t extra_size, uint64_t *values[3])
{
    bool wanted = false;
    for (int i = 0; i < 3; i++)
        wanted = wanted || *values[i] == UINT32_MAX;
    if (!wanted)
        return true;
    while (extra_size >= 4) {
        uint64_t field_size = get(extra + 2, 2);
        if (field_size > extra_size - 4)
            return false;
        if (get(extra, 2) == 1) {
            const uint8_t *at = extra + 4;
            for (int i = 0; i < 3; i++)
                if (*values[i] == UINT32_MAX) {
                    if (at + 8 > extra + 4 + field_size)
                        return false;
                    *values[i] = get(at, 8);
                    at += 8;
                }
            return true;
        }
        extra += 4 + field_size;
        extra_size -= 4 + field_size;
    }
    return false;
}

static bool place_member(const uint8_t *file, uint64_t size, struct sj_npz_member *member)
{
    if (member->offset > size || size - member->offset < LOCAL_SIZE ||
        memcmp(file + member->offset, "PK\3\4", 4))
        return false;
    const uint8_t *local = file + member->offset;
    uint64_t skip = LOCAL_SIZE + get(local + 26, 2) + get(local + 28, 2);
    if (skip > size - member->offset)
        return false;
    member->offset += skip;
    return member->packed_size <= size - member->offset &&
           (member->deflated || member->packed_size == member->size);
}

static sj_rc find_member(const uint8_t *file, uint64_t size, const struct directory *directory,
                         struct sj_npz_member *ret, char error[256])
{
    const uint8_t *at = file + directory->offset;
    const uint8_t *end = at + directory->size;
    for (uint64_t i = 0; i < directory->count; i++) {
        if (end - at < ENTRY_SIZE || memcmp(at, "PK\1\2", 4))
            return refuse(error, "the zip's directory is damaged");
        uint64_t name_size = get(at + 28, 2);
        uint64_t extra_size = get(at + 30, 2);
        uint64_t entry_size = ENTRY_SIZE + name_size + extra_size + get(at + 32, 2);
        if ((uint64_t)(end - at) < entry_size)
            return refuse(error, "the zip's directory is damaged");
        bool named = name_size == 8 && !memcmp(at + ENTRY_SIZE, "data.npy", 8);
        if (named || directory->count == 1) {
            uint64_t method = get(at + 10, 2);
            struct sj_npz_member member = {.offset = get(at + 42, 4),
                                           .packed_size = get(at + 20, 4),
                                           .size = get(at + 24, 4),
                                           .crc = (uint32_t)get(at + 16, 4),
                                           .deflated = method == 8,
                                           .has_crc = true};
            uint64_t *values[3] = {&member.size, &member.packed_size, &member.offset};
            if ((method && method != 8) || get(at + 8, 2) & 1)
                return refuse(error, "the array is neither stored nor deflated");
            if (!read_zip64(at + ENTRY_SIZE + name_size, extra_size, values) ||
                !place_member(file, size, &member))
                return refuse(error, "the zip's directory points outside the file");
            *ret = member;
            return 0;
        }
        at += entry_size;
    }
    return refuse(error, "the zip holds no array named data");
}

sj_rc sj_npz_find(const uint8_t *file, uint64_t size, struct sj_npz_member *ret_member,
                  char error[256])
{
    struct directory directory;
    if (size >= 6 && !memcmp(file, "\x93NUMPY", 6)) {
        *ret_member = (struct sj_npz_member){.packed_size = size, .size = size};
        return 0;
    }
    if (size < 4 || memcmp(file, "PK", 2))
        return refuse(error, "neither an npz (zip) nor an npy file");
    if (!find_directory(file, size, &directory))
        return refuse(error, "the zip has no directory: was it written to its end?");
    return find_member(file, size, &directory, ret_member, error);
}

/* The value behind 'key':, or NULL. */
static const char *value_of(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    return at ? at + strlen(key) : NULL;
}

sj_rc sj_npy_parse_as(const struct sj_npy_type *type, const uint8_t *bytes, size_t size,
                      uint64_t *ret_row_count, size_t *ret_header_size, char error[256])
{
    char text[1024];
    if (size < 12 || memcmp(bytes, "\x93NUMPY", 6))
        return refuse(error, "the array has no npy header");
    size_t head = bytes[6] == 1 ? 10 : 12;
    uint64_t length = get(bytes + 8, bytes[6] == 1 ? 2 : 4);
    if (bytes[6] < 1 || bytes[6] > 3 || length > size - head)
        return refuse(error, "the array's npy header is cut or of an unknown version");
    size_t used = 0;
    for (size_t i = 0; i < length && used + 1 < sizeof text; i++)
        if (bytes[head + i] != ' ' && bytes[head + i] != '\n')
            text[used++] = (char)bytes[head + i];
    text[used] = 0;
    const char *descr = value_of(text, "'descr':");
    const char *order = value_of(text, "'fortran_order':");
    const char *shape = value_of(text, "'shape':(");
    if (!descr || strncmp(descr, type->descr, strlen(type->descr)))
        return refuse(error, type->refusal);
    if (!order || strncmp(order, "False", 5) || !shape || *shape < '0' || *shape > '9')
        return refuse(error, "the array is not one-dimensional");
    char *end;
    unsigned long long count = strtoull(shape, &end, 10);
    if (strncmp(end, ",)", 2) || count > UINT64_MAX / 128)
        return refuse(error, "the array is not one-dimensional");
    *ret_row_count = count;
    *ret_header_size = head + length;
    return 0;
}

sj_rc sj_npy_parse(const uint8_t *bytes, size_t size, uint64_t *ret_row_count,
                   size_t *ret_header_size, char error[256])
{
    return sj_npy_parse_as(&event_rows, bytes, size, ret_row_count, ret_header_size, error);
}
