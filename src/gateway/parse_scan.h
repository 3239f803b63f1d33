/*
 * parse_scan.h: finding ends in text, 32 bytes at a time. Reads up to SJ_PARSE_PADDING bytes behind
 * the payload.
 */
#ifndef SJ_GATEWAY_PARSE_SCAN_H
#define SJ_GATEWAY_PARSE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __AVX2__
#include <immintrin.h>
#endif

/* The first quote, backslash, control byte or byte beyond ASCII in [at, end), or end. */
static inline const char *scan_string(const char *at, const char *end)
{
#ifdef __AVX2__
    const __m256i quote = _mm256_set1_epi8('"'), slash = _mm256_set1_epi8('\\');
    for (; at < end; at += 32) {
        __m256i bytes = _mm256_loadu_si256((const __m256i *)at);
        __m256i plain = _mm256_cmpgt_epi8(bytes, _mm256_set1_epi8(0x1f));
        __m256i stops =
            _mm256_or_si256(_mm256_cmpeq_epi8(bytes, quote), _mm256_cmpeq_epi8(bytes, slash));
        uint32_t found = (uint32_t)_mm256_movemask_epi8(_mm256_andnot_si256(stops, plain));
        if (found != UINT32_MAX) {
            at += __builtin_ctz(~found);
            return at < end ? at : end;
        }
    }
    return end;
#else
    for (; at < end; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '"' || byte == '\\' || byte < 0x20 || byte >= 0x80)
            break;
    }
    return at;
#endif
}

/* The first comma, closing bracket or brace, space or control byte in [at, end), or end. */
static inline const char *scan_number(const char *at, const char *end)
{
#ifdef __SSE4_1__
    for (; at < end; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)at);
        __m128i stops = _mm_cmpgt_epi8(_mm_set1_epi8(0x21), bytes);
        stops = _mm_or_si128(stops, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(',')));
        /* ']' and '}' differ in one bit, and no other byte is like them but for it. */
        __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
        stops = _mm_or_si128(stops, _mm_cmpeq_epi8(folded, _mm_set1_epi8('}')));
        uint32_t found = (uint32_t)_mm_movemask_epi8(stops);
        if (found) {
            at += __builtin_ctz(found);
            return at < end ? at : end;
        }
    }
    return end;
#else
    while (at < end && (unsigned char)*at > 0x20 && *at != ',' && *at != ']' && *at != '}')
        at++;
    return at;
#endif
}

/* The commas of [text, text + size): their offsets, `size` behind the last. Returns how many, or
 * UINT32_MAX when there are more than `most` (marks has room for most + 9). */
static inline uint32_t scan_commas(const char *text, size_t size, uint32_t most, uint16_t *marks)
{
    uint32_t count = 0;
#if defined(__AVX2__) && defined(__BMI__)
    const __m256i comma = _mm256_set1_epi8(',');
    for (size_t at = 0; at < size; at += 64) {
        __m256i low = _mm256_loadu_si256((const __m256i *)(text + at));
        __m256i high = _mm256_loadu_si256((const __m256i *)(text + at + 32));
        uint64_t found = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, comma));
        found |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, comma)) << 32;
        if (size - at < 64)
            found &= (1ULL << (size - at)) - 1;
        uint32_t next = count + (uint32_t)__builtin_popcountll(found);
        if (next > most)
            return UINT32_MAX;
        /* Eight at once without a branch, more where there are more. */
        for (uint16_t *mark = marks + count; mark < marks + next; mark += 8) {
#define TAKE(i)                                                                                    \
    mark[i] = (uint16_t)(at + _tzcnt_u64(found));                                                  \
    found = _blsr_u64(found)
            TAKE(0);
            TAKE(1);
            TAKE(2);
            TAKE(3);
            TAKE(4);
            TAKE(5);
            TAKE(6);
            TAKE(7);
#undef TAKE
        }
        count = next;
    }
#else
    for (size_t at = 0; at < size; at++) {
        if (text[at] != ',')
            continue;
        if (count == most)
            return UINT32_MAX;
        marks[count++] = (uint16_t)at;
    }
#endif
    marks[count] = (uint16_t)size;
    return count;
}

#endif
