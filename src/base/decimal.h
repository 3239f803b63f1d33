/*
 * decimal.h: exact decimals: text <-> int64 with a fixed number of digits after the point.
 *
 * Prices are millionths ("_e6"): 18052.5 is 18052500000. Nothing is ever rounded: text with more
 * digits than fit is refused.
 *
 * Errors   -SJ_E_MALFORMED: not -?digits[.digits]. -SJ_E_RANGE: beyond int64, or a digit that is
 * not zero after the last place kept. Threads  [any], no state.
 */
#ifndef SJ_BASE_DECIMAL_H
#define SJ_BASE_DECIMAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"

#define SJ_DECIMAL_E6 INT64_C(1000000)
#define SJ_DECIMAL_PLACES_MAX 18
/* Room for any formatted value and its NUL: sign, 19 digits, point, a zero before it. */
#define SJ_DECIMAL_TEXT_MAX 24

/* Reads all of text[0..size) as a decimal with `places` (0 .. 18) digits after the point:
 * "1.5" at 6 places is 1500000. A leading '+', spaces, exponents and empty text are malformed. */
SJ_MUST_USE sj_rc sj_decimal_parse(const char *text, size_t size, uint32_t places,
                                   int64_t *ret_value);

/* The same at 6 places. */
SJ_MUST_USE sj_rc sj_decimal_parse_e6(const char *text, size_t size, int64_t *ret_value_e6);

/* Writes the shortest text that parses back to `value` ("18052.5", "-0.25", "7"), ends it with NUL
 * and returns its length. `places` is at most 18. */
uint32_t sj_decimal_format(int64_t value, uint32_t places, char ret_text[SJ_DECIMAL_TEXT_MAX]);

/* The same at 6 places. */
uint32_t sj_decimal_format_e6(int64_t value_e6, char ret_text[SJ_DECIMAL_TEXT_MAX]);

#endif
