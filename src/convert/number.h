/*
 * number.h: JSON numbers from text, 16 digits at a time.
 *
 * Text must have SJ_TEXT_PAD readable bytes behind its end. Only what JSON allows and 18 digits
 * hold is read here, without exponents; the caller gives everything else to the general way
 * (sj_number_slow), which reads the same numbers to the same values.
 *
 * Threads  [any], no state.
 */
#ifndef SJ_CONVERT_NUMBER_H
#define SJ_CONVERT_NUMBER_H

#include "convert/record.h"

#include <string.h>
#ifdef __AVX2__
#include <immintrin.h>
#endif

#define SJ_TEXT_PAD 64

/* Any JSON number at `text`: returns the byte behind it, NULL when there is none. *ret_range: it is
 * one, but has more digits than int64 holds or an exponent beyond a double's; *ret is not set. */
const char *sj_number_slow(const char *text, struct sj_number *ret, bool *ret_range);

#ifdef __AVX2__

/* Where digits and points are in the next 32 bytes. */
struct sj_number_scan {
    uint32_t length; /* of the run of digits and points */
    uint32_t points; /* bits of the points in it */
};

static inline struct sj_number_scan sj_number_scan(const char *text)
{
    __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)text);
    __m256i value = _mm256_sub_epi8(bytes, _mm256_set1_epi8('0'));
    __m256i digit = _mm256_cmpeq_epi8(_mm256_min_epu8(value, _mm256_set1_epi8(9)), value);
    __m256i point = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('.'));
    uint32_t points = (uint32_t)_mm256_movemask_epi8(point);
    uint64_t other = ~(uint64_t)((uint32_t)_mm256_movemask_epi8(digit) | points);
    struct sj_number_scan scan;
    scan.length = (uint32_t)__builtin_ctzll(other); /* bit 32 and up are set: at most 32 */
    scan.points = points & (uint32_t)((UINT64_C(1) << scan.length) - 1);
    return scan;
}

/* Whether the run is a JSON number by itself: at most one point, digits on both sides of it, no
 * needless zero in front. */
static inline bool sj_number_is_json(const char *text, struct sj_number_scan scan)
{
    uint32_t point = scan.points ? (uint32_t)__builtin_ctz(scan.points) : scan.length;
    bool form = scan.length && scan.length < 32 && !(scan.points & (scan.points - 1)) && point &&
                (point == scan.length || point + 1 < scan.length);
    return form && (*text != '0' || point == 1);
}

/* The value of the first 16 digits at most: `count` of them, with the point before digit `point`
 * skipped. */
static inline uint64_t sj_number_digits(const char *text, uint32_t count, uint32_t point)
{
    const __m128i iota = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __m128i low = _mm_loadu_si128((const __m128i *)(const void *)text);
    __m128i index = _mm_add_epi8(iota, _mm_set1_epi8((char)(count - 16)));
    __m128i behind = _mm_cmpgt_epi8(index, _mm_set1_epi8((char)((int)point - 1)));
    __m128i source = _mm_sub_epi8(index, behind);
    low = _mm_sub_epi8(low, _mm_set1_epi8('0'));
    __m128i digits = _mm_shuffle_epi8(low, source); /* negative: zero */
    __m128i tens = _mm_maddubs_epi16(
        digits, _mm_setr_epi8(10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1));
    __m128i hundreds = _mm_madd_epi16(tens, _mm_setr_epi16(100, 1, 100, 1, 100, 1, 100, 1));
    __m128i packed = _mm_packus_epi32(hundreds, hundreds);
    __m128i eights = _mm_madd_epi16(packed, _mm_setr_epi16(10000, 1, 10000, 1, 10000, 1, 10000, 1));
    uint64_t pair = (uint64_t)_mm_cvtsi128_si64(eights);
    return (pair & 0xffffffff) * 100000000 + (pair >> 32);
}

/* The number of a run of at most 16 bytes that is one. */
static inline struct sj_number sj_number_of(const char *text, struct sj_number_scan scan)
{
    uint32_t point = scan.points ? (uint32_t)__builtin_ctz(scan.points) : scan.length;
    return (struct sj_number){
        (int64_t)sj_number_digits(text, scan.length - (scan.points != 0), point),
        scan.points ? (int32_t)(scan.length - point - 1) : 0};
}

static inline const char *sj_number_skip(const char *text)
{
    text += *text == '-';
    struct sj_number_scan scan = sj_number_scan(text);
    return sj_number_is_json(text, scan) ? text + scan.length : NULL;
}

static inline const char *sj_number_read(const char *text, struct sj_number *ret)
{
    bool negative = *text == '-';
    text += negative;
    struct sj_number_scan scan = sj_number_scan(text);
    if (__builtin_expect(!sj_number_is_json(text, scan), 0))
        return NULL;
    uint32_t point = scan.points ? (uint32_t)__builtin_ctz(scan.points) : scan.length;
    uint64_t value;
    if (__builtin_expect(scan.length <= 16, 1)) {
        value = sj_number_digits(text, scan.length - (scan.points != 0), point);
    } else {
        if (scan.points || scan.length > 19)
            return NULL;
        value = sj_number_digits(text, 16, 16);
        for (uint32_t i = 16; i < scan.length; i++)
            value = value * 10 + (uint64_t)(text[i] - '0');
        if (value > INT64_MAX)
            return NULL;
    }
    ret->digits = negative ? -(int64_t)value : (int64_t)value;
    ret->places = scan.points ? (int32_t)(scan.length - point - 1) : 0;
    return text + scan.length;
}

#else

static inline const char *sj_number_read(const char *text, struct sj_number *ret)
{
    bool range;
    text = sj_number_slow(text, ret, &range);
    return range ? NULL : text;
}

static inline const char *sj_number_skip(const char *text)
{
    struct sj_number number;
    return sj_number_read(text, &number);
}

#endif

#endif
