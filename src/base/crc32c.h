/*
 * crc32c.h: CRC-32C (Castagnoli), as in iSCSI, ext4 and RFC 3720: guards every block kept on disk.
 *
 * On x86-64 with SSE4.2 and PCLMUL three interleaved streams of the crc32 instruction are folded
 * together; elsewhere a table does eight bytes a step.
 *
 * Threads  [any], no state.
 */
#ifndef SJ_BASE_CRC32C_H
#define SJ_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The CRC of what was summed up in `crc` (0 at first) followed by data[0..size). */
uint32_t sj_crc32c(uint32_t crc, const void *data, size_t size);

/* The same by the table, on every machine. For tests and comparisons. */
uint32_t sj_crc32c_portable(uint32_t crc, const void *data, size_t size);

#endif
