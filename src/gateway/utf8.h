/* utf8.h: a code point out of an escape of JSON, and into UTF-8. */
#ifndef SJ_GATEWAY_UTF8_H
#define SJ_GATEWAY_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The value of the 4 hexadecimal digits at `at`; false: they are none. All 4 can be read. */
static inline bool sj_utf8_hex(const char *at, uint32_t *ret_value)
{
    *ret_value = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit > 15)
            return false;
        *ret_value = *ret_value << 4 | digit;
    }
    return true;
}

/* Writes a code point of at most 10ffff; returns its size. */
static inline size_t sj_utf8_put(uint32_t point, char out[4])
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)((0xf00 >> size & 0xff) | point);
    return size;
}

#endif
