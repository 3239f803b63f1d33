/* pack_format.h: the table of a compressed segment. */
#ifndef SJ_JOURNAL_PACK_FORMAT_H
#define SJ_JOURNAL_PACK_FORMAT_H

#include <stdint.h>

#define SJ_PACK_CHUNK_MAX (1u << 20)

struct sj_pack_chunk {
    uint64_t offset; /* in the uncompressed segment */
    uint64_t file_offset;
    uint32_t raw_size;
    uint32_t packed_size;
    uint32_t crc; /* of the packed bytes */
    uint32_t reserved;
};

#endif
