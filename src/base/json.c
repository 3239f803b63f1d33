#include "base/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/decimal.h"

void sj_json_init(struct sj_json *json, char *buffer, size_t size)
{
    SJ_ASSERT(size > 0);
    memset(json, 0, sizeof *json);
    json->buffer = buffer;
    json->size = size;
}

/* One byte is kept for the NUL. */
static void put(struct sj_json *json, const char *bytes, size_t size)
{
    if (json->overflowed || size > json->size - 1 - json->used) {
        json->overflowed = true;
        return;
    }
    memcpy(json->buffer + json->used, bytes, size);
    json->used += size;
}

static void put_text(struct sj_json *json, const char *text)
{
    put(json, text, strlen(text));
}

sj_rc sj_json_finish(struct sj_json *json)
{
    SJ_ASSERT(json->depth == 0 && !json->after_key);
    json->buffer[json->used] = '\0';
    return json->overflowed ? -SJ_E_LIMIT : (sj_rc)json->used;
}

/* What every value and key begins with: the comma, where one is due. */
static void begin_item(struct sj_json *json)
{
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    bool in_object = json->depth > 0 && json->closers[json->depth - 1] == '}';
    SJ_ASSERT(!in_object);
    if (json->has_items[json->depth])
        put(json, ",", 1);
    json->has_items[json->depth] = true;
}

static void open_level(struct sj_json *json, char opener, char closer)
{
    SJ_ASSERT(json->depth < SJ_JSON_DEPTH_MAX);
    begin_item(json);
    put(json, &opener, 1);
    json->closers[json->depth++] = closer;
    json->has_items[json->depth] = false;
}

static void close_level(struct sj_json *json, char closer)
{
    SJ_ASSERT(json->depth > 0 && json->closers[json->depth - 1] == closer && !json->after_key);
    json->depth--;
    put(json, &closer, 1);
}

void sj_json_begin_object(struct sj_json *json)
{
    open_level(json, '{', '}');
}

void sj_json_end_object(struct sj_json *json)
{
    close_level(json, '}');
}

void sj_json_begin_array(struct sj_json *json)
{
    open_level(json, '[', ']');
}

void sj_json_end_array(struct sj_json *json)
{
    close_level(json, ']');
}

/* Length of the UTF-8 sequence at `at`, 0 when it is none (overlong, surrogate, cut off). */
static size_t utf8_length(const unsigned char *at, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = at[0] < 0x80 ? 1 : at[0] < 0xC0 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    if (length < 2)
        return length;
    if (length > left || at[0] > 0xF4)
        return 0;
    uint32_t code = at[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3Fu);
    }
    bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    return code < least[length] || surrogate || code > 0x10FFFF ? 0 : length;
}

static void put_escaped(struct sj_json *json, unsigned char c)
{
    char escape[8];
    const char *simple = strchr("\"\"\\\\\nn\rr\tt", c);
    /* In that list each character is followed by its letter. */
    if (c && simple && (c == '"' || c == '\\' || c < ' '))
        snprintf(escape, sizeof escape, "\\%c", simple[1]);
    else
        snprintf(escape, sizeof escape, "\\u%04x", c);
    put_text(json, escape);
}

static void put_string(struct sj_json *json, const char *text, size_t size)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + size;
    put(json, "\"", 1);
    while (at < end) {
        const unsigned char *plain = at;
        while (at < end && *at >= ' ' && *at < 0x7F && *at != '"' && *at != '\\')
            at++;
        put(json, (const char *)plain, (size_t)(at - plain));
        if (at == end)
            break;
        size_t length = utf8_length(at, (size_t)(end - at));
        if (length == 0)
            put_text(json, "\xEF\xBF\xBD");
        else if (length == 1)
            put_escaped(json, *at);
        else
            put(json, (const char *)at, length);
        at += length ? length : 1;
    }
    put(json, "\"", 1);
}

void sj_json_key(struct sj_json *json, const char *key)
{
    SJ_ASSERT(json->depth > 0 && json->closers[json->depth - 1] == '}' && !json->after_key);
    if (json->has_items[json->depth])
        put(json, ",", 1);
    json->has_items[json->depth] = true;
    put_string(json, key, strlen(key));
    put(json, ":", 1);
    json->after_key = true;
}

void sj_json_text_n(struct sj_json *json, const char *text, size_t size)
{
    begin_item(json);
    put_string(json, text, size);
}

void sj_json_text(struct sj_json *json, const char *text)
{
    sj_json_text_n(json, text, strlen(text));
}

void sj_json_int(struct sj_json *json, int64_t value)
{
    char text[24];
    begin_item(json);
    snprintf(text, sizeof text, "%" PRId64, value);
    put_text(json, text);
}

void sj_json_uint(struct sj_json *json, uint64_t value)
{
    char text[24];
    begin_item(json);
    snprintf(text, sizeof text, "%" PRIu64, value);
    put_text(json, text);
}

void sj_json_real(struct sj_json *json, double value)
{
    char text[32];
    if (!isfinite(value)) {
        sj_json_null(json);
        return;
    }
    begin_item(json);
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    put_text(json, text);
}

void sj_json_bool(struct sj_json *json, bool value)
{
    sj_json_raw(json, value ? "true" : "false");
}

void sj_json_null(struct sj_json *json)
{
    sj_json_raw(json, "null");
}

void sj_json_e6(struct sj_json *json, int64_t value_e6)
{
    char text[SJ_DECIMAL_TEXT_MAX];
    sj_decimal_format_e6(value_e6, text);
    sj_json_raw(json, text);
}

void sj_json_raw(struct sj_json *json, const char *text)
{
    begin_item(json);
    put_text(json, text);
}

void sj_json_field_text(struct sj_json *json, const char *key, const char *text)
{
    sj_json_key(json, key);
    sj_json_text(json, text);
}

void sj_json_field_int(struct sj_json *json, const char *key, int64_t value)
{
    sj_json_key(json, key);
    sj_json_int(json, value);
}

void sj_json_field_uint(struct sj_json *json, const char *key, uint64_t value)
{
    sj_json_key(json, key);
    sj_json_uint(json, value);
}

void sj_json_field_real(struct sj_json *json, const char *key, double value)
{
    sj_json_key(json, key);
    sj_json_real(json, value);
}

void sj_json_field_bool(struct sj_json *json, const char *key, bool value)
{
    sj_json_key(json, key);
    sj_json_bool(json, value);
}

void sj_json_field_e6(struct sj_json *json, const char *key, int64_t value_e6)
{
    sj_json_key(json, key);
    sj_json_e6(json, value_e6);
}
