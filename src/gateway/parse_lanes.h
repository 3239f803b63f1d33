/*
 * parse_lanes.h: several numbers of a payload at once, one in each 64-bit lane of a vector.
 *
 * A lane takes a number of up to eight bytes, sign and point among them. Nothing branches on what
 * the numbers are: what is wrong is gathered, and looked at once. Eight lanes with AVX-512, four
 * with AVX2; without either there are none.
 */
#ifndef SJ_GATEWAY_PARSE_LANES_H
#define SJ_GATEWAY_PARSE_LANES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512VBMI2__)
#define LANES 8
#elif defined(__AVX2__)
#define LANES 4
#else
#define LANES 0
#endif

/* The kinds of numbers: what is added to the point's code. A point is one too many for an integer.
 */
#define LANE_DECIMAL 0
#define LANE_INTEGER 9

#if LANES > 0
#include <immintrin.h>

typedef int64_t lanes __attribute__((vector_size(8 * LANES)));
typedef int8_t lane_bytes __attribute__((vector_size(8 * LANES)));
typedef int32_t lane_places __attribute__((vector_size(4 * LANES)));

#if LANES == 8
#define LANE_OP(name) _mm512_##name
#define LANES_OF(value) ((__m512i)(value))
#else
#define LANE_OP(name) _mm256_##name
#define LANES_OF(value) ((__m256i)(value))
#endif

/* What is wrong in any lane so far. */
struct lanes_wrong {
    lanes shifts; /* 8 x (8 - size): beyond the bits of 0..56 */
    lanes points; /* beyond 15 */
    lanes digits; /* a byte above 9 */
    lanes others; /* any bit */
};

static inline lanes lanes_all(int64_t value)
{
    return (lanes){0} + value;
}

static inline lanes lanes_at(const void *from)
{
    lanes value;
    memcpy(&value, from, sizeof(value));
    return value;
}

static inline lane_places lane_places_at(const int32_t *from)
{
    lane_places value;
    memcpy(&value, from, sizeof(value));
    return value;
}

/* Eight bytes at each place, a "1" in lanes without a number. */
static inline lanes lanes_gather(const char *text, lane_places places, lanes numbers)
{
    const lanes ones = lanes_all(0x3030303030303031);
#if LANES == 8
    return (lanes)_mm512_mask_i32gather_epi64((__m512i)ones, _mm512_movepi64_mask((__m512i)numbers),
                                              (__m256i)places, text, 1);
#else
    return (lanes)_mm256_mask_i32gather_epi64((__m256i)ones, (const long long *)text,
                                              (__m128i)places, (__m256i)numbers, 1);
#endif
}

/* Power of ten by the code of a point (lanes_drop_point) or of a number's kind. */
static inline lanes lanes_scale(lanes code)
{
#if LANES == 8
    const __m512i scales = _mm512_setr_epi64(1000000, 1, 1, 10, 100, 1000, 10000, 100000);
    return (lanes)_mm512_permutexvar_epi64((__m512i)code, scales);
#else
    const __m256i scales = _mm256_setr_epi32(1000000, 1, 1, 10, 100, 1000, 10000, 100000);
    return (lanes)_mm256_permutevar8x32_epi32(scales, (__m256i)code);
#endif
}

static inline bool lanes_fine(const struct lanes_wrong *wrong)
{
    lanes digits = (lanes)LANE_OP(subs_epu8)(LANES_OF(wrong->digits), LANE_OP(set1_epi8)(9));
    lanes any = digits | wrong->others | (wrong->shifts & ~0x38LL) | (wrong->points & ~15LL);
#if LANES == 8
    return _mm512_test_epi64_mask((__m512i)any, (__m512i)any) == 0;
#else
    return _mm256_testz_si256((__m256i)any, (__m256i)any);
#endif
}

/* The value of a lane's eight digits. */
static inline lanes lanes_value(lanes digits)
{
    lanes fours = (lanes)LANE_OP(madd_epi16)(
        LANE_OP(maddubs_epi16)(LANES_OF(digits), LANE_OP(set1_epi16)(0x010a)),
        LANE_OP(set1_epi32)(0x00010064));
    lanes high = (lanes)LANE_OP(mul_epu32)(LANES_OF(fours), LANE_OP(set1_epi32)(10000));
    return high + (lanes)LANE_OP(srli_epi64)(LANES_OF(fours), 32);
}

/* Takes the point out of digits that end with the lane: those before it move up. Gives its code: 0
 * if there is none, 15 - d with d digits (1..6) behind it, else or with two points beyond 15. */
static inline lanes lanes_drop_point(lanes *digits)
{
    const lanes codes = lanes_all(0x100f0e0d0c0b0a10);
    lanes points = (lanes)((lane_bytes)*digits == ('.' ^ '0'));
    lanes code = (lanes)LANE_OP(sad_epu8)(LANES_OF(points & codes), LANES_OF((lanes){0}));
    lanes before = (points & 0x0101010101010101) - 1;
    lanes rest = *digits & ~points;
    /* Up by a byte if there is a point, by none if not. */
    *digits = ((rest & before) << (code & 8)) | (rest & ~before);
    return code;
}

static inline lanes lanes_widened(lane_places places)
{
#if LANES == 8
    return (lanes)_mm512_cvtepi32_epi64((__m256i)places);
#else
    return (lanes)_mm256_cvtepi32_epi64((__m128i)places);
#endif
}

/* The first byte above the second. */
static inline lanes lanes_first_two(lanes bytes)
{
    /* Bytes are taken from a lane or its neighbour: two at a time are numbered. */
    const int64_t low = (int64_t)0x8080808080800001, high = (int64_t)0x8080808080800809;
#if LANES == 8
    const lanes order = {low, high, low, high, low, high, low, high};
#else
    const lanes order = {low, high, low, high};
#endif
    return (lanes)LANE_OP(shuffle_epi8)(LANES_OF(bytes), LANES_OF(order));
}

/*
 * The numbers at `places` that leave `spares` bits of a lane: whole ones as they are, decimals in
 * millionths. numbers: all ones for a lane that has one. naturals: all ones where a sign is wrong.
 * Reads eight bytes at each place. The byte behind a number must not be a digit.
 */
static inline lanes lanes_read(const char *text, lane_places places, lane_places spares,
                               lanes numbers, lanes kinds, lanes naturals,
                               struct lanes_wrong *wrong)
{
    lanes bytes = lanes_gather(text, places, numbers) ^ 0x3030303030303030;
    lanes minus = (bytes & 0xff) == ('-' ^ '0');
    lanes skipped = minus & 8;
    bytes = (lanes)LANE_OP(srlv_epi64)(LANES_OF(bytes), LANES_OF(skipped));
    lanes spare = lanes_widened(spares), shift = spare + skipped;
    lanes digits = (lanes)LANE_OP(sllv_epi64)(LANES_OF(bytes), LANES_OF(shift));
    wrong->shifts |= (spare | shift) & numbers;
    /* No digit in front; or a zero, and behind it another digit. */
    lanes front = lanes_first_two(bytes);
    wrong->others |= (front < 10) | (front > 0x9ff);
    wrong->others |= minus & naturals;
    lanes code = lanes_drop_point(&digits) + kinds;
    wrong->points |= code;
    wrong->digits = (lanes)LANE_OP(max_epu8)(LANES_OF(wrong->digits), LANES_OF(digits));
    lanes value =
        (lanes)LANE_OP(mul_epu32)(LANES_OF(lanes_value(digits)), LANES_OF(lanes_scale(code)));
    return (value ^ minus) - minus;
}
#endif

#endif
