#include "gateway/jin.h"

#include "gateway/parse_number.h"
#include "gateway/utf8.h"

#include <string.h>

void sj_jin_init(struct sj_jin *in, const char *text, size_t size)
{
    *in = (struct sj_jin){.at = text, .end = text + size};
}

static bool fail(struct sj_jin *in)
{
    in->failed = true;
    in->at = in->end;
    return false;
}

static char next(struct sj_jin *in)
{
    while (in->at < in->end &&
           (*in->at == ' ' || *in->at == '\n' || *in->at == '\r' || *in->at == '\t'))
        in->at++;
    return in->at < in->end ? *in->at : '\0';
}

char sj_jin_peek(struct sj_jin *in)
{
    return next(in);
}

bool sj_jin_enter(struct sj_jin *in, char open)
{
    if (next(in) != open || in->depth == SJ_JIN_DEPTH_MAX)
        return fail(in);
    in->at++;
    in->depth++;
    in->started &= ~(1u << in->depth);
    return true;
}

/* Before another member: false at the end, which is left. */
static bool more(struct sj_jin *in, char close)
{
    if (in->failed || in->depth == 0)
        return fail(in);
    char c = next(in);
    uint32_t bit = 1u << in->depth;
    if (c == close) {
        in->at++;
        in->depth--;
        return false;
    }
    if (in->started & bit) {
        if (c != ',')
            return fail(in);
        in->at++;
        if (next(in) == close)
            return fail(in);
    }
    in->started |= bit;
    return true;
}

bool sj_jin_key(struct sj_jin *in, struct sj_jin_text *ret_key)
{
    if (!more(in, '}') || !sj_jin_string(in, ret_key))
        return false;
    if (next(in) != ':')
        return fail(in);
    in->at++;
    return true;
}

bool sj_jin_item(struct sj_jin *in)
{
    return more(in, ']');
}

bool sj_jin_string(struct sj_jin *in, struct sj_jin_text *ret_text)
{
    if (next(in) != '"')
        return fail(in);
    const char *at = in->at + 1;
    while (at < in->end && *at != '"') {
        if ((unsigned char)*at < 0x20)
            return fail(in);
        at += *at == '\\' ? 2 : 1;
    }
    if (at >= in->end)
        return fail(in);
    *ret_text = (struct sj_jin_text){in->at + 1, (size_t)(at - in->at - 1)};
    in->at = at + 1;
    return true;
}

static bool ends_number(char c)
{
    return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool sj_jin_number(struct sj_jin *in, struct sj_jin_text *ret_text)
{
    char c = next(in);
    const char *at = in->at;
    if (c != '-' && (c < '0' || c > '9'))
        return fail(in);
    while (at < in->end && !ends_number(*at))
        at++;
    size_t size = (size_t)(at - in->at);
    if (size > 64 || !sj_parse_number_valid(in->at, size))
        return fail(in);
    *ret_text = (struct sj_jin_text){in->at, size};
    in->at = at;
    return true;
}

static bool word(struct sj_jin *in, const char *text)
{
    size_t size = strlen(text);
    if ((size_t)(in->end - in->at) < size || memcmp(in->at, text, size) != 0)
        return fail(in);
    in->at += size;
    return true;
}

bool sj_jin_bool(struct sj_jin *in, bool *ret_value)
{
    bool value = next(in) == 't';
    if (!word(in, value ? "true" : "false"))
        return false;
    *ret_value = value;
    return true;
}

static bool skip_plain(struct sj_jin *in)
{
    struct sj_jin_text text;
    switch (next(in)) {
    case '"':
        return sj_jin_string(in, &text);
    case 't':
        return word(in, "true");
    case 'f':
        return word(in, "false");
    case 'n':
        return word(in, "null");
    default:
        return sj_jin_number(in, &text);
    }
}

/* One step into or over the next value; the bit of each depth in `arrays` says what it is. */
static bool skip_step(struct sj_jin *in, uint32_t *arrays)
{
    char c = next(in);
    if (c != '{' && c != '[')
        return skip_plain(in);
    if (!sj_jin_enter(in, c))
        return false;
    *arrays = c == '[' ? *arrays | 1u << in->depth : *arrays & ~(1u << in->depth);
    return true;
}

bool sj_jin_skip(struct sj_jin *in)
{
    uint32_t from = in->depth, arrays = 0;
    struct sj_jin_text key;
    if (!skip_step(in, &arrays))
        return false;
    while (in->depth > from && !in->failed) {
        bool another = arrays >> in->depth & 1 ? sj_jin_item(in) : sj_jin_key(in, &key);
        if (another && !skip_step(in, &arrays))
            return false;
    }
    return !in->failed;
}

bool sj_jin_end(struct sj_jin *in)
{
    return !in->failed && in->depth == 0 && next(in) == '\0' && in->at == in->end;
}

bool sj_jin_is(const struct sj_jin_text *text, const char *word_text)
{
    return strlen(word_text) == text->size && memcmp(text->text, word_text, text->size) == 0;
}

/* The character at *at (behind it afterwards) as UTF-8; 0: no escape, or half a surrogate. */
static size_t one_escape(const char **at, const char *end, char out[4])
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found;
    uint32_t code, low;
    char c = (*at)[1];
    if (c != 'u') {
        found = c ? strchr(from, c) : NULL;
        if (!found)
            return 0;
        out[0] = to[found - from];
        *at += 2;
        return 1;
    }
    if (end - *at < 6 || !sj_utf8_hex(*at + 2, &code))
        return 0;
    *at += 6;
    if (code >= 0xd800 && code < 0xe000) {
        if (code >= 0xdc00 || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u' ||
            !sj_utf8_hex(*at + 2, &low) || low < 0xdc00 || low > 0xdfff)
            return 0;
        *at += 6;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    return sj_utf8_put(code, out);
}

bool sj_jin_copy(const struct sj_jin_text *text, char *to, size_t size)
{
    const char *at = text->text, *end = at + text->size;
    size_t used = 0;
    memset(to, 0, size);
    while (at < end) {
        char out[4];
        size_t count = 1;
        if (*at == '\\') {
            count = one_escape(&at, end, out);
            if (count == 0)
                return false;
        } else {
            /* A whole UTF-8 character at a time, so that none is cut. */
            unsigned char first = (unsigned char)*at;
            count = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
            if (count > (size_t)(end - at))
                count = (size_t)(end - at);
            memcpy(out, at, count);
            at += count;
        }
        if (used + count > size)
            return false;
        memcpy(to + used, out, count);
        used += count;
    }
    return true;
}
