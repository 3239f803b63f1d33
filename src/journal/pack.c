#include "journal/pack.h"

sj_rc sj_unpacker_open(int fd, uint64_t file_size, const struct sj_segment_trailer *trailer,
                       struct sj_unpacker **ret_unpacker, uint64_t *ret_size)
{
    (void)fd, (void)file_size, (void)trailer, (void)ret_unpacker, (void)ret_size;
    return -SJ_E_LAYOUT;
}
void sj_unpacker_close(struct sj_unpacker *unpacker)
{
    (void)unpacker;
}
const uint8_t *sj_unpacker_get(struct sj_unpacker *unpacker, uint64_t offset, size_t size)
{
    (void)unpacker, (void)offset, (void)size;
    return NULL;
}
