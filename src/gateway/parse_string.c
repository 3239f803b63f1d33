/* Escapes and UTF-8 of strings. */
#include "gateway/parse_walk.h"
#include "gateway/utf8.h"

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
    if (!sj_utf8_hex(walk->at, &point) || (point >= 0xdc00 && point < 0xe000))
        return SJ_PARSE_TEXT;
    walk->at += 4;
    if (point >= 0xd800 && point < 0xdc00) {
        size_t left = (size_t)(walk->end - walk->at);
        if (memcmp(walk->at, "\\u", left < 2 ? left : 2) != 0)
            return SJ_PARSE_TEXT;
        if (left < 6)
            return SJ_PARSE_TRUNCATED;
        if (!sj_utf8_hex(walk->at + 2, &second) || second < 0xdc00 || second >= 0xe000)
            return SJ_PARSE_TEXT;
        walk->at += 6;
        point = 0x10000 + ((point - 0xd800) << 10) + (second - 0xdc00);
    }
    *ret_size = sj_utf8_put(point, out);
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
