/*
 * code_key.h: an instrument's code as two 64-bit words, for finding it in a few nanoseconds.
 *
 * A code of at most 16 bytes, zero-filled, without a zero byte inside it.
 */
#ifndef SJ_EVENT_CODE_KEY_H
#define SJ_EVENT_CODE_KEY_H

#include "event/instruments.h"

#include <stdbool.h>
#include <string.h>

#define SJ_CODE_MAX 16

struct sj_code_key {
    uint64_t low; /* the first 8 bytes */
    uint64_t high;
};

/* The key of `size` (1..16) bytes. Reads exactly these. */
static inline struct sj_code_key sj_code_key_of(const char *code, size_t size)
{
    char filled[SJ_CODE_MAX] = {0};
    memcpy(filled, code, size);
    struct sj_code_key key;
    memcpy(&key, filled, sizeof(key));
    return key;
}

/* The same, reading 16 bytes at `code` whatever the size: for buffers with readable bytes behind.
 */
static inline struct sj_code_key sj_code_key_of_padded(const char *code, size_t size)
{
    static const uint8_t keep[2 * SJ_CODE_MAX] = {255, 255, 255, 255, 255, 255, 255, 255,
                                                  255, 255, 255, 255, 255, 255, 255, 255};
    struct sj_code_key key, mask;
    memcpy(&key, code, sizeof(key));
    memcpy(&mask, keep + SJ_CODE_MAX - size, sizeof(mask));
    return (struct sj_code_key){key.low & mask.low, key.high & mask.high};
}

static inline bool sj_code_key_equal(struct sj_code_key a, struct sj_code_key b)
{
    return ((a.low ^ b.low) | (a.high ^ b.high)) == 0;
}

/* Good in its upper bits. */
static inline uint64_t sj_code_key_hash(struct sj_code_key key)
{
    uint64_t mixed = (key.low * 0x9e3779b97f4a7c15ULL) ^ (key.high * 0xc2b2ae3d27d4eb4fULL);
    return (mixed ^ (mixed >> 32)) * 0xd6e8feb86659fd93ULL;
}

/* The id of a code by its key, or 0. [owner] */
uint32_t sj_instruments_find_key(const struct sj_instruments *table, struct sj_code_key key);

#endif
