/*
 * parse_number.h: decimals, integers and times from text, exactly.
 *
 * The quick functions take what is usual (up to 10 digits before the point and 6 behind it) and
 * answer false for the rest, valid or not; the full ones decide. What a quick one takes, the full
 * one takes with the same value. The quick ones read up to 16 bytes before `end`.
 */
#ifndef SJ_GATEWAY_PARSE_NUMBER_H
#define SJ_GATEWAY_PARSE_NUMBER_H

#include "gateway/parse.h"

#include <string.h>

#ifdef __SSE4_1__
#include <immintrin.h>
#endif

#define NUMBER_LOOKBEHIND 16

/* A JSON number's text (digits, point, exponent) in millionths; more places are rounded half to
 * even. SJ_PARSE_NUMBER, SJ_PARSE_RANGE. */
enum sj_parse_fault sj_parse_decimal(const char *text, size_t size, int64_t *ret_e6,
                                     bool *ret_rounded);

/* A JSON number that is whole ("12", "1e3", "4.0"). SJ_PARSE_NUMBER, SJ_PARSE_RANGE. */
enum sj_parse_fault sj_parse_integer(const char *text, size_t size, int64_t *ret_value);

/* "HH:MM:SS" with up to 9 digits behind a point, as ns since midnight. */
bool sj_parse_time(const char *text, size_t size, int64_t *ret_ns);

/* Whether the text is a number as JSON has them. */
bool sj_parse_number_valid(const char *text, size_t size);

#ifdef __SSE4_1__
/* The value of 16 digits (0..9 each). */
static inline uint64_t digits16(__m128i digits)
{
    const __m128i by10 = _mm_set1_epi16(0x010a);
    const __m128i by100 = _mm_set1_epi32(0x00010064);
    const __m128i by10000 = _mm_set1_epi32(0x00012710);
    __m128i pairs = _mm_maddubs_epi16(digits, by10);
    __m128i fours = _mm_madd_epi16(pairs, by100);
    __m128i eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours), by10000);
    uint64_t both = (uint64_t)_mm_cvtsi128_si64(eights);
    return (both & 0xffffffffULL) * 100000000ULL + (both >> 32);
}

/* The last `size` of 16 bytes at `end`, as digit values, the others zero. */
static inline __m128i digits_before(const char *end, size_t size)
{
    static const uint8_t keep[32] = {[16] = 255, 255, 255, 255, 255, 255, 255, 255,
                                     255,        255, 255, 255, 255, 255, 255, 255};
    __m128i bytes = _mm_loadu_si128((const __m128i *)(end - 16));
    __m128i mask = _mm_loadu_si128((const __m128i *)(keep + size));
    return _mm_and_si128(_mm_sub_epi8(bytes, _mm_set1_epi8('0')), mask);
}

/* Shuffles by the place of the point (16: none): 10 digits before it, then 6 behind it. */
extern const uint8_t sj_parse_point_shuffles[17][16];

static inline bool decimal_quick(const char *start, const char *end, int64_t *ret_e6)
{
    bool negative = *start == '-';
    start += negative;
    size_t size = (size_t)(end - start);
    if (__builtin_expect(size - 1 > 15, 0))
        return false;
    __m128i digits = digits_before(end, size);
    uint32_t points = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(digits, _mm_set1_epi8('.' - '0')));
    uint32_t point = (uint32_t)__builtin_ctz(points | 0x10000);
    uint32_t whole = point + (uint32_t)size - 16; /* digits before the point */
    /* 1..10 of them without a leading zero, and none or 1..6 behind the point. */
    if (__builtin_expect(
            whole - 1 > 9 || !(0x17e00 >> point & 1) || ((*start == '0') & (whole > 1)), 0))
        return false;
    digits =
        _mm_shuffle_epi8(digits, _mm_loadu_si128((const __m128i *)sj_parse_point_shuffles[point]));
    /* Whatever is no digit, a second point also, is above 9 and leaves the low four bits here. */
    __m128i over = _mm_adds_epu8(digits, _mm_set1_epi8(6));
    if (__builtin_expect(!_mm_testz_si128(over, _mm_set1_epi8((char)0xf0)), 0))
        return false;
    int64_t value = (int64_t)digits16(digits);
    *ret_e6 = negative ? -value : value;
    return true;
}

/* "HH:MM:SS.ffffff". Reads 16 bytes at `text`. */
static inline bool time_quick(const char *text, int64_t *ret_ns)
{
    const __m128i zero =
        _mm_setr_epi8('0', '0', ':', '0', '0', ':', '0', '0', '.', '0', '0', '0', '0', '0', '0', 0);
    const __m128i most = _mm_setr_epi8(9, 9, 0, 9, 9, 0, 9, 9, 0, 9, 9, 9, 9, 9, 9, -1);
    const __m128i order = _mm_setr_epi8(0, 1, 3, 4, 6, 7, -1, -1, 9, 10, 11, 12, 13, 14, -1, -1);
    const __m128i pair_most = _mm_setr_epi16(23, 59, 59, 0, 99, 99, 99, 0);
    const __m128i weights = _mm_setr_epi16(3600, 60, 1, 0, 10000, 100, 1, 0);
    __m128i digits = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)text), zero);
    __m128i low = _mm_min_epu8(digits, most);
    __m128i pairs = _mm_maddubs_epi16(_mm_shuffle_epi8(digits, order), _mm_set1_epi16(0x010a));
    __m128i over = _mm_or_si128(_mm_cmpgt_epi16(pairs, pair_most), _mm_xor_si128(low, digits));
    __m128i sums = _mm_madd_epi16(pairs, weights);
    sums = _mm_add_epi32(sums, _mm_srli_epi64(sums, 32));
    int64_t seconds = _mm_extract_epi32(sums, 0), micros = _mm_extract_epi32(sums, 2);
    *ret_ns = (seconds * 1000000 + micros) * 1000;
    return _mm_testz_si128(over, over);
}

/* The value of 8 digits (0..9 each), the first in the lowest byte. */
static inline uint32_t digits8(uint64_t word)
{
    __m128i pairs = _mm_maddubs_epi16(_mm_cvtsi64_si128((int64_t)word), _mm_set1_epi16(0x010a));
    __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(0x00010064));
    __m128i eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours), _mm_set1_epi32(0x00012710));
    return (uint32_t)_mm_cvtsi128_si32(eights);
}
#else
bool sj_parse_decimal_plain(const char *start, const char *end, int64_t *ret_e6);

static inline bool decimal_quick(const char *start, const char *end, int64_t *ret_e6)
{
    return sj_parse_decimal_plain(start, end, ret_e6);
}

static inline bool time_quick(const char *text, int64_t *ret_ns)
{
    return sj_parse_time(text, 15, ret_ns);
}

static inline uint32_t digits8(uint64_t word)
{
    word = (word * 10 + (word >> 8)) & 0x00ff00ff00ff00ffULL;
    word = (word * 100 + (word >> 16)) & 0x0000ffff0000ffffULL;
    return (uint32_t)(word * 10000 + (word >> 32));
}
#endif

/* 1..8 digits. Reads 8 bytes at `start`. */
static inline bool natural_quick(const char *start, size_t size, uint32_t *ret_value)
{
    uint64_t word;
    if (__builtin_expect(size - 1 > 7, 0))
        return false;
    memcpy(&word, start, sizeof(word));
    word = (word ^ 0x3030303030303030ULL) << (64 - 8 * size);
    *ret_value = digits8(word);
    return (((word + 0x7676767676767676ULL) | word) & 0x8080808080808080ULL) == 0 &&
           !((*start == '0') & (size > 1));
}

#endif
