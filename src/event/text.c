#include "event/text.h"

#include "event/fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A bounded buffer: what does not fit is counted, not written. */
struct out {
    char *at;
    size_t size;
    size_t used;
};

static void put(struct out *out, const char *text, size_t size)
{
    if (out->used + size <= out->size)
        memcpy(out->at + out->used, text, size);
    out->used += size;
}

static void put_text(struct out *out, const char *text)
{
    put(out, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static void put_format(struct out *out, const char *format,
                                                             ...)
{
    char text[96];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    put(out, text, (size_t)size);
}

/* JSON text in quotes; bytes that are no ASCII are passed as they are (UTF-8). */
static void put_quoted(struct out *out, const char *text, size_t size)
{
    put(out, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == '"' || byte == '\\')
            put_format(out, "\\%c", byte);
        else if (byte < 0x20)
            put_format(out, "\\u%04x", byte);
        else
            put(out, text + i, 1);
    }
    put(out, "\"", 1);
}

/* An exact decimal without a float: 1087500000 is 1087.5. */
static void put_e6(struct out *out, int64_t value)
{
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char fraction[8];
    snprintf(fraction, sizeof(fraction), "%06u", (unsigned)(magnitude % 1000000));
    size_t places = 6;
    while (places > 0 && fraction[places - 1] == '0')
        places--;
    put_format(out, "%s%llu", value < 0 ? "-" : "", (unsigned long long)(magnitude / 1000000));
    if (places > 0) {
        put(out, ".", 1);
        put(out, fraction, places);
    }
}

static void put_iso(struct out *out, int64_t time_ns)
{
    int64_t seconds = time_ns / 1000000000;
    int64_t rest = time_ns % 1000000000;
    if (rest < 0) {
        rest += 1000000000;
        seconds--;
    }
    struct tm tm;
    time_t when = (time_t)seconds;
    gmtime_r(&when, &tm);
    put_format(out, "\"%04d-%02d-%02dT%02d:%02d:%02d.%09dZ\"", tm.tm_year + 1900, tm.tm_mon + 1,
               tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)rest);
}

static void put_flags(struct out *out, uint32_t flags)
{
    const char *comma = "";
    put(out, "[", 1);
    for (uint32_t bit = 0; bit < 32; bit++) {
        if (!(flags >> bit & 1))
            continue;
        if (bit < SJ_FLAG_COUNT)
            put_format(out, "%s\"%s\"", comma, sj_flag_words[bit]);
        else
            put_format(out, "%s%u", comma, bit);
        comma = ",";
    }
    put(out, "]", 1);
}

static void put_word(struct out *out, const struct sj_field *field, uint8_t value)
{
    if (value < field->word_count && field->words[value])
        put_quoted(out, field->words[value], strlen(field->words[value]));
    else
        put_format(out, "%u", value);
}

static int64_t signed_at(const char *at, size_t size)
{
    int64_t i64 = 0;
    int32_t i32 = 0;
    if (size == sizeof(i64)) {
        memcpy(&i64, at, sizeof(i64));
        return i64;
    }
    memcpy(&i32, at, sizeof(i32));
    return i32;
}

static uint64_t unsigned_at(const char *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)(unsigned char)at[i] << (8 * i);
    return value;
}

static void put_element(struct out *out, const struct sj_field *field, const void *frame,
                        uint32_t index)
{
    size_t size = field->size / field->count;
    const char *at = (const char *)frame + field->offset + index * size;
    if (sj_field_is_null(field, frame, index)) {
        put_text(out, "null");
        return;
    }
    switch (field->kind) {
    case SJ_FIELD_TEXT:
    case SJ_FIELD_CHAR:
        put_quoted(out, at, strnlen(at, size));
        break;
    case SJ_FIELD_FLAGS:
        put_flags(out, (uint32_t)unsigned_at(at, size));
        break;
    case SJ_FIELD_ENUM:
        put_word(out, field, (uint8_t)*at);
        break;
    case SJ_FIELD_E6:
        put_e6(out, signed_at(at, size));
        break;
    case SJ_FIELD_I32:
    case SJ_FIELD_I64:
    case SJ_FIELD_TIME:
        put_format(out, "%lld", (long long)signed_at(at, size));
        break;
    default:
        put_format(out, "%llu", (unsigned long long)unsigned_at(at, size));
    }
}

/* "exch_ns" is told again as "exch_time": the name without its unit. */
static void put_time(struct out *out, const struct sj_field *field, const void *frame)
{
    int stem = (int)strlen(field->name) - (int)strlen("_ns");
    put_format(out, ",\"%.*s%s\":", stem, field->name,
               strcmp(field->name, "time_ns") ? "_time" : "");
    if (sj_field_is_null(field, frame, 0))
        put_text(out, "null");
    else
        put_iso(out, signed_at((const char *)frame + field->offset, sizeof(int64_t)));
}

static void put_field(struct out *out, const struct sj_field *field, const void *frame)
{
    /* A decimal is told as such, so its name is without the unit in which it is kept. */
    size_t name_size = strlen(field->name) - (field->kind == SJ_FIELD_E6 ? strlen("_e6") : 0);
    put_format(out, ",\"%.*s\":", (int)name_size, field->name);
    if (field->count > 1)
        put(out, "[", 1);
    for (uint32_t i = 0; i < field->count; i++) {
        if (i > 0)
            put(out, ",", 1);
        put_element(out, field, frame, i);
    }
    if (field->count > 1)
        put(out, "]", 1);
    if (field->kind == SJ_FIELD_TIME)
        put_time(out, field, frame);
}

const char *sj_event_type_name(uint16_t template_id)
{
    const struct sj_event_fields *event = sj_event_fields(template_id);
    return event ? event->name : "unknown";
}

sj_rc sj_event_check(const void *frame, size_t size)
{
    struct sj_frame head;
    if (size < SJ_FRAME_UNIT)
        return -SJ_E_MALFORMED;
    memcpy(&head, frame, sizeof(head));
    size_t frame_size = (size_t)head.block_length + SJ_FRAME_HEAD_SIZE;
    if (head.schema_id != SJ_SCHEMA_ID || head.version == 0 || frame_size % SJ_FRAME_UNIT != 0 ||
        frame_size > size || frame_size > SJ_EVENT_SIZE_MAX)
        return -SJ_E_MALFORMED;
    if (head.version > SJ_SCHEMA_VERSION)
        return -SJ_E_LAYOUT;
    const struct sj_event_fields *event = sj_event_fields(head.template_id);
    if (!event)
        return -SJ_E_UNKNOWN;
    return frame_size == event->size ? 0 : -SJ_E_MALFORMED;
}

sj_rc sj_event_json(const void *frame, const struct sj_instruments *table, char *buffer,
                    size_t size)
{
    const struct sj_frame *head = frame;
    const struct sj_event_fields *event = sj_event_fields(head->template_id);
    if (!event)
        return -SJ_E_UNKNOWN;
    struct out out = {.at = buffer, .size = size};
    put_format(&out, "{\"type\":\"%s\",\"seq\":%llu", event->name, (unsigned long long)head->seq);
    const struct sj_instrument *instrument = NULL;
    if (table && head->template_id != SJ_EVENT_INSTRUMENT)
        instrument = sj_instruments_get(table, head->instrument);
    if (instrument) {
        put_text(&out, ",\"code\":");
        put_quoted(&out, instrument->code, strnlen(instrument->code, sizeof(instrument->code)));
    }
    for (uint16_t i = 0; i < event->count; i++)
        put_field(&out, &event->fields[i], frame);
    put(&out, "}", 1);
    if (out.used >= out.size)
        return -SJ_E_RANGE;
    buffer[out.used] = '\0';
    return (sj_rc)out.used;
}
