/*
 * npz_parse.h: where the rows of an npz or npy lie: the zip directory and the array's header, from
 * the bytes of a mapped file. Apart from npz_reader.c, so that a fuzzer reaches it without a disk.
 */
#ifndef SJ_CONVERT_NPZ_PARSE_H
#define SJ_CONVERT_NPZ_PARSE_H

#include "base/rc.h"

#include <stddef.h>

/* A member of the archive: its bytes as they lie in the file. */
struct sj_npz_member {
    uint64_t offset;
    uint64_t packed_size;
    uint64_t size;
    uint32_t crc;
    bool deflated;
    bool has_crc; /* an npy has none */
};

/* Finds the member `data.npy`, or the only one there is; a bare npy is a member itself.
 * -SJ_E_MALFORMED, with a line in `error`. */
SJ_MUST_USE sj_rc sj_npz_find(const uint8_t *file, uint64_t size, struct sj_npz_member *ret_member,
                              char error[256]);

/* Reads the array's header from the first `size` bytes of the member. ret_header_size: where the
 * rows begin. */
SJ_MUST_USE sj_rc sj_npy_parse(const uint8_t *bytes, size_t size, uint64_t *ret_row_count,
                               size_t *ret_header_size, char error[256]);

/* Rows of another kind. descr: as in the header, without blanks. */
struct sj_npy_type {
    const char *descr;
    const char *refusal; /* the line for an array that has other rows */
};
SJ_MUST_USE sj_rc sj_npy_parse_as(const struct sj_npy_type *type, const uint8_t *bytes, size_t size,
                                  uint64_t *ret_row_count, size_t *ret_header_size,
                                  char error[256]);

#endif
