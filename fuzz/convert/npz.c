/* Any bytes as an npz or npy: refused with a reason, or a place of rows within the file. */
#include "convert/npz_parse.h"

#include "base/assert.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sj_npz_member member;
    char error[256] = "";
    uint64_t row_count;
    size_t header_size;
    if (sj_npz_find(data, size, &member, error) < 0) {
        SJ_ASSERT(*error);
        return 0;
    }
    SJ_ASSERT(member.offset <= size && member.packed_size <= size - member.offset);
    if (member.deflated)
        return 0;
    SJ_ASSERT(member.size == member.packed_size);
    if (sj_npy_parse(data + member.offset, (size_t)member.size, &row_count, &header_size, error) <
        0)
        SJ_ASSERT(*error);
    else
        SJ_ASSERT(header_size <= member.size);
    return 0;
}
