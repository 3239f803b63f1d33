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

/* Commas have numbers: the first this one, so that the values behind the first three begin with a
 * whole vector. The number before it stands for the place before the text. */
#define MARK_FIRST 5

/* Room for `most` commas. Stands at the beginning of a line. */
#define MARKS_ROOM(most) (((most) + MARK_FIRST + 64) / 16 * 16)

/*
 * The commas of [text, text + size): their offsets by their numbers, `size` behind the last and -1
 * before the first. Returns the last one's number (MARK_FIRST - 1: there is none), or UINT32_MAX
 * when there are more than `most`, or so many close together that no market event is like it.
 */
#ifdef __AVX512VBMI2__
static inline uint32_t scan_commas(const char *text, size_t size, uint32_t most, int32_t *marks)
{
    const __m512i numbers = _mm512_set_epi64(
        0x3f3e3d3c3b3a3938, 0x3736353433323130, 0x2f2e2d2c2b2a2928, 0x2726252423222120,
        0x1f1e1d1c1b1a1918, 0x1716151413121110, 0x0f0e0d0c0b0a0908, 0x0706050403020100);
    /* Sixteen are gathered in a register and written as one: whoever loads a vector that several
     * stores made waits until they have all left the processor. */
    __m512i chunk = _mm512_set1_epi32(-1);
    uint32_t fill = MARK_FIRST;
    int32_t *to = marks;
    for (size_t at = 0; at < size; at += 64) {
        __m512i bytes = _mm512_loadu_si512(text + at);
        uint64_t found = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(','));
        if (size - at < 64)
            found &= (1ULL << (size - at)) - 1;
        uint32_t count = (uint32_t)__builtin_popcountll(found);
        if (count > 16 || to - marks > (ptrdiff_t)most)
            return UINT32_MAX;
        __m512i places = _mm512_maskz_compress_epi8(found, numbers);
        places = _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(places)),
                                  _mm512_set1_epi32((int)at));
        chunk = _mm512_mask_expand_epi32(chunk, (__mmask16)(0xffffU << fill), places);
        _mm512_store_si512(to, chunk);
        /* What did not fit begins the next one. */
        uint32_t full = (fill + count) / 16;
        uint32_t rest = (0xffff0000U >> fill) & -full;
        chunk = _mm512_mask_compress_epi32(chunk, (__mmask16)rest, places);
        fill = (fill + count) % 16;
        to += 16 * full;
    }
    chunk = _mm512_mask_mov_epi32(chunk, (__mmask16)(1U << fill), _mm512_set1_epi32((int)size));
    _mm512_store_si512(to, chunk);
    uint32_t last = (uint32_t)(to - marks) + fill - 1;
    return last > most + MARK_FIRST - 1 ? UINT32_MAX : last;
}
#else
static inline uint32_t scan_commas(const char *text, size_t size, uint32_t most, int32_t *marks)
{
    uint32_t number = MARK_FIRST;
    for (uint32_t i = 0; i < MARK_FIRST; i++)
        marks[i] = -1;
#ifdef __AVX2__
    const __m256i comma = _mm256_set1_epi8(',');
    for (size_t at = 0; at < size; at += 64) {
        __m256i low = _mm256_loadu_si256((const __m256i *)(text + at));
        __m256i high = _mm256_loadu_si256((const __m256i *)(text + at + 32));
        uint64_t found = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, comma));
        found = found << 32 | (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, comma));
        if (size - at < 64)
            found &= (1ULL << (size - at)) - 1;
        uint32_t next = number + (uint32_t)__builtin_popcountll(found);
        if (next > most + MARK_FIRST)
            return UINT32_MAX;
        /* Eight at once without a branch, more where there are more. */
        for (; number < next; number += 8)
            for (uint32_t i = 0; i < 8; i++) {
                marks[number + i] = (int32_t)(at + _tzcnt_u64(found));
                found &= found - 1;
            }
        number = next;
    }
#else
    for (size_t at = 0; at < size; at++) {
        if (text[at] != ',')
            continue;
        if (number == most + MARK_FIRST)
            return UINT32_MAX;
        marks[number++] = (int32_t)at;
    }
#endif
    marks[number] = (int32_t)size;
    return number - 1;
}
#endif

#endif
