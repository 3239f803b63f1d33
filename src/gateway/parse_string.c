/* Escapes and UTF-8 of strings. */
#include "gateway/parse_walk.h"

static bool hex4(const char *at, uint32_t *ret_value)
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

/* Writes a code point as UTF-8; returns its size. */
static size_t put_utf8(uint32_t point, char *out)
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

/* Takes the escape at walk->at (behind the backslash); gives its UTF-8 bytes. */
static enum sj_parse_fault take_escape(struct walk *walk, char out[4], size_t *ret_size)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    uint32_t point, second;
    if (walk->at >= walk->end)
        return SJ_PARSE_TRUNCATED;
    char name = *walk->at++;
    const char *found = name ? strchr(names, name) : NULL;
    if (found) {
        out[0] = values[found - names];
        *ret_size = 1;
        return SJ_PARSE_NONE;
    }
    if (name != 'u')
        return SJ_PARSE_TEXT;
    if (walk->end - walk->at < 4)
        return SJ_PARSE_TRUNCATED;
    if (!hex4(walk->at, &point) || (point >= 0xdc00 && point < 0xe000))
        return SJ_PARSE_TEXT;
    walk->at += 4;
    if (point >= 0xd800 && point < 0xdc00) {
        size_t left = (size_t)(walk->end - walk->at);
        if (memcmp(walk->at, "\\u", left < 2 ? left : 2) != 0)
            return SJ_PARSE_TEXT;
        if (left < 6)
            return SJ_PARSE_TRUNCATED;
        if (!hex4(walk->at + 2, &second) || second < 0xdc00 || second >= 0xe000)
            return SJ_PARSE_TEXT;
        walk->at += 6;
        point = 0x10000 + ((point - 0xd800) << 10) + (second - 0xdc00);
    }
    *ret_size = put_utf8(point, out);
    return SJ_PARSE_NONE;
}

/* Takes one UTF-8 sequence beyond ASCII: no overlong forms, surrogates or points above 10ffff. */
static enum sj_parse_fault take_utf8(struct walk *walk, char out[4], size_t *ret_size)
{
    const unsigned char *at = (const unsigned char *)walk->at;
    size_t left = (size_t)(walk->end - walk->at);
    size_t size = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4)
        return SJ_PARSE_TEXT;
    for (size_t i = 1; i < size; i++) {
        if (i >= left)
            return SJ_PARSE_TRUNCATED;
        if ((at[i] & 0xc0) != 0x80)
            return SJ_PARSE_TEXT;
    }
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return SJ_PARSE_TEXT;
    memcpy(out, at, size);
    walk->at += size;
    *ret_size = size;
    return SJ_PARSE_NONE;
}

enum sj_parse_fault sj_parse_special(struct walk *walk, const char *start, char *buffer,
                                     struct text *ret_text)
{
    size_t size = (size_t)(walk->at - start);
    bool fits = size < TEXT_MAX;
    if (fits)
        memcpy(buffer, start, size);
    never_learn(walk);
    for (;;) {
        char bytes[4];
        size_t count = 1;
        if (walk->at >= walk->end)
            return SJ_PARSE_TRUNCATED;
        unsigned char byte = (unsigned char)*walk->at;
        if (byte == '"')
            break;
        if (byte < 0x20)
            return SJ_PARSE_TEXT;
        if (byte == '\\') {
            walk->at++;
            TRY(take_escape(walk, bytes, &count));
        } else if (byte >= 0x80) {
            TRY(take_utf8(walk, bytes, &count));
        } else {
            bytes[0] = *walk->at++;
        }
        fits = fits && size + count < TEXT_MAX;
        if (fits)
            memcpy(buffer + size, bytes, count);
        size += count;
    }
    walk->at++;
    *ret_text = (struct text){buffer, fits ? size : TEXT_MAX};
    if (!fits)
        memset(buffer, 0, TEXT_MAX);
    return SJ_PARSE_NONE;
}
