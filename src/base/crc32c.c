#include "base/crc32c.h"

#include <string.h>

#define POLYNOMIAL_REFLECTED 0x82F63B78u

/* tables[k][b]: the CRC of byte b followed by k zero bytes. */
static uint32_t tables[8][256];

__attribute__((constructor)) static void fill_tables(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? POLYNOMIAL_REFLECTED : 0);
        tables[0][i] = crc;
    }
    for (uint32_t k = 1; k < 8; k++)
        for (uint32_t i = 0; i < 256; i++)
            tables[k][i] = (tables[k - 1][i] >> 8) ^ tables[0][tables[k - 1][i] & 0xff];
}

static uint64_t load_u64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

uint32_t sj_crc32c_portable(uint32_t crc, const void *data, size_t size)
{
    const uint8_t *at = data;
    crc = ~crc;
    for (; size >= 8; size -= 8, at += 8) {
        uint64_t word = load_u64(at) ^ crc;
        crc = tables[7][word & 0xff] ^ tables[6][word >> 8 & 0xff] ^ tables[5][word >> 16 & 0xff] ^
              tables[4][word >> 24 & 0xff] ^ tables[3][word >> 32 & 0xff] ^
              tables[2][word >> 40 & 0xff] ^ tables[1][word >> 48 & 0xff] ^ tables[0][word >> 56];
    }
    while (size--)
        crc = (crc >> 8) ^ tables[0][(crc ^ *at++) & 0xff];
    return ~crc;
}

#if defined(__x86_64__)

#include <immintrin.h>

#define ACCELERATED __attribute__((target("sse4.2,pclmul")))

/* A stream's length in each of the two block sizes, and the factors that move the CRC of the first
 * and second stream to the block's end: x^(8n - 33) mod P, reflected, for n = 2 * length + 8 and
 * n = length + 8. The block ends with 8 bytes more, into which both are folded. */
#define LONG_STREAM 4096
#define SHORT_STREAM 248

/* The constants below are for these lengths only; crc32c_agrees_with_the_table_at_every_length
 * fails with any other. */
struct fold {
    size_t stream;
    uint32_t first, second;
};

static const struct fold long_fold = {LONG_STREAM, 0xe040e0ac, 0xc2a5b65e};
static const struct fold short_fold = {SHORT_STREAM, 0x4e36f0b0, 0xb9e02b86};

ACCELERATED static inline uint64_t multiply(uint32_t a, uint32_t b)
{
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi32_si128((int)a), _mm_cvtsi32_si128((int)b), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

/* The crc32 instruction takes 3 cycles and can start each cycle: three streams keep it busy. */
ACCELERATED static inline uint64_t fold_block(uint64_t crc, const uint8_t *at,
                                              const struct fold *fold)
{
    uint64_t first = crc, second = 0, third = 0;
    const uint8_t *end = at + fold->stream;
    for (; at < end; at += 8) {
        first = _mm_crc32_u64(first, load_u64(at));
        second = _mm_crc32_u64(second, load_u64(at + fold->stream));
        third = _mm_crc32_u64(third, load_u64(at + 2 * fold->stream));
    }
    uint64_t moved =
        multiply((uint32_t)first, fold->first) ^ multiply((uint32_t)second, fold->second);
    return _mm_crc32_u64(third, load_u64(at + 2 * fold->stream) ^ moved);
}

ACCELERATED static uint32_t crc32c_accelerated(uint32_t start, const void *data, size_t size)
{
    const uint8_t *at = data;
    uint64_t crc = (uint32_t)~start;
    for (; size >= 3 * LONG_STREAM + 8; size -= 3 * LONG_STREAM + 8, at += 3 * LONG_STREAM + 8)
        crc = fold_block(crc, at, &long_fold);
    for (; size >= 3 * SHORT_STREAM + 8; size -= 3 * SHORT_STREAM + 8, at += 3 * SHORT_STREAM + 8)
        crc = fold_block(crc, at, &short_fold);
    for (; size >= 8; size -= 8, at += 8)
        crc = _mm_crc32_u64(crc, load_u64(at));
    uint32_t tail = (uint32_t)crc;
    while (size--)
        tail = _mm_crc32_u8(tail, *at++);
    return ~tail;
}

uint32_t sj_crc32c(uint32_t crc, const void *data, size_t size)
{
    if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul"))
        return crc32c_accelerated(crc, data, size);
    return sj_crc32c_portable(crc, data, size);
}

#elif defined(__ARM_FEATURE_CRC32)

#include <arm_acle.h>

uint32_t sj_crc32c(uint32_t crc, const void *data, size_t size)
{
    const uint8_t *at = data;
    crc = ~crc;
    for (; size >= 8; size -= 8, at += 8)
        crc = __crc32cd(crc, load_u64(at));
    while (size--)
        crc = __crc32cb(crc, *at++);
    return ~crc;
}

#else

uint32_t sj_crc32c(uint32_t crc, const void *data, size_t size)
{
    return sj_crc32c_portable(crc, data, size);
}

#endif
