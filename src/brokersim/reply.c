#include "brokersim/reply.h"

#include "brokersim/render.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sj_reply_done(struct sj_reply *json)
{
    free(json->data);
    *json = (struct sj_reply){0};
}

static char *reserve(struct sj_reply *json, size_t size)
{
    if (json->failed)
        return NULL;
    if (json->size + size > json->capacity) {
        size_t capacity = json->capacity ? json->capacity : 1024;
        while (capacity < json->size + size)
            capacity *= 2;
        char *data = capacity <= SJ_REPLY_SIZE_MAX ? realloc(json->data, capacity) : NULL;
        if (!data) {
            json->failed = true;
            return NULL;
        }
        json->data = data;
        json->capacity = capacity;
    }
    return json->data + json->size;
}

static void put(struct sj_reply *json, const char *text, size_t size)
{
    char *to = reserve(json, size);
    if (!to)
        return;
    /* cppcheck-suppress uninitvar ; callers hand in `size` bytes they have written */
    memcpy(to, text, size);
    json->size += size;
}

static void put_escaped(struct sj_reply *json, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    put(json, "\"", 1);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            put(json, (const char[]){'\\', (char)c}, 2);
        } else if (c < 0x20) {
            put(json, (const char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
        } else {
            put(json, text, 1);
        }
    }
    put(json, "\"", 1);
}

static void begin(struct sj_reply *json, const char *key)
{
    if (json->comma)
        put(json, ",", 1);
    json->comma = true;
    if (key) {
        put_escaped(json, key);
        put(json, ":", 1);
    }
}

void sj_reply_object(struct sj_reply *json, const char *key)
{
    begin(json, key);
    put(json, "{", 1);
    json->comma = false;
}

void sj_reply_array(struct sj_reply *json, const char *key)
{
    begin(json, key);
    put(json, "[", 1);
    json->comma = false;
}

void sj_reply_end_object(struct sj_reply *json)
{
    put(json, "}", 1);
    json->comma = true;
}

void sj_reply_end_array(struct sj_reply *json)
{
    put(json, "]", 1);
    json->comma = true;
}

void sj_reply_string(struct sj_reply *json, const char *key, const char *value)
{
    begin(json, key);
    put_escaped(json, value);
}

void sj_reply_text(struct sj_reply *json, const char *key, const char *value)
{
    if (value && *value)
        sj_reply_string(json, key, value);
    else
        sj_reply_null(json, key);
}

void sj_reply_int(struct sj_reply *json, const char *key, int64_t value)
{
    char text[24];
    begin(json, key);
    put(json, text, (size_t)(sj_render_integer(text, value) - text));
}

void sj_reply_bool(struct sj_reply *json, const char *key, bool value)
{
    begin(json, key);
    put(json, value ? "true" : "false", value ? 4 : 5);
}

void sj_reply_null(struct sj_reply *json, const char *key)
{
    begin(json, key);
    put(json, "null", 4);
}

void sj_reply_e6(struct sj_reply *json, const char *key, int64_t value_e6)
{
    char text[40];
    if (value_e6 == SJ_NULL_E6) {
        sj_reply_null(json, key);
        return;
    }
    char *end = sj_render_decimal(text, value_e6);
    if (value_e6 % 1000000 == 0) {
        *end++ = '.';
        *end++ = '0';
    }
    begin(json, key);
    put(json, text, (size_t)(end - text));
}

void sj_reply_raw(struct sj_reply *json, const char *key, const char *text, size_t size)
{
    begin(json, key);
    put(json, text, size);
}

void sj_reply_format(struct sj_reply *json, const char *key, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    sj_reply_string(json, key, text);
}
