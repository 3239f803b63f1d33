/*
 * unpack.h: a gzip or zstd file as a stream of bytes.
 *
 * Several gzip members or zstd frames one after the other are one stream. Memory: 1.2 MB.
 * Threads  One owner.
 */
#ifndef SJ_CONVERT_UNPACK_H
#define SJ_CONVERT_UNPACK_H

#include "base/rc.h"

#include <stddef.h>

struct sj_unpack;

enum sj_packing { SJ_PACKING_NONE, SJ_PACKING_GZIP, SJ_PACKING_ZSTD };

/* By the first bytes. */
enum sj_packing sj_packing_of(const uint8_t *begin, size_t size);

/* `fd` stays the caller's. Every byte read from it is given to `each` in order, when that is not
 * NULL. */
SJ_MUST_USE sj_rc sj_unpack_create(enum sj_packing packing, int fd,
                                   void (*each)(const void *bytes, size_t size, void *context),
                                   void *context, struct sj_unpack **ret_unpack);
void sj_unpack_close(struct sj_unpack *unpack);

/* Fills `to` as far as there is anything; *ret_got is set in any case. Returns 0 at the end of the
 * stream, else
 * 1. -SJ_E_CORRUPT: damaged, or it ends early; what was good is in `to`. */
SJ_MUST_USE sj_rc sj_unpack_read(struct sj_unpack *unpack, void *to, size_t size, size_t *ret_got);

/* Bytes of the packed file read so far. */
uint64_t sj_unpack_taken(const struct sj_unpack *unpack);

#endif
