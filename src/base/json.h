/*
 * json.h: writes JSON into the caller's buffer, never past its end.
 *
 *     char buffer[1024];
 *     struct sj_json json;
 *     sj_json_init(&json, buffer, sizeof buffer);
 *     sj_json_begin_object(&json);
 *     sj_json_field_text(&json, "bench", "bus");
 *     sj_json_field_int(&json, "count", 7);
 *     sj_json_end_object(&json);
 *     sj_rc length = sj_json_finish(&json);
 *
 * Errors   Writing never fails by itself: what does not fit is remembered and sj_json_finish says
 *          -SJ_E_LIMIT. Wrong nesting is a bug and asserts.
 * Text     Bytes that are not UTF-8 become U+FFFD; control characters are escaped. Numbers that
 * JSON lacks (NaN, infinities) become null. Threads  [any], one writer a struct. No allocation.
 */
#ifndef SJ_BASE_JSON_H
#define SJ_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"

#define SJ_JSON_DEPTH_MAX 16

struct sj_json {
    char *buffer;
    size_t size, used;
    bool overflowed, after_key;
    uint32_t depth;
    char closers[SJ_JSON_DEPTH_MAX];
    bool has_items[SJ_JSON_DEPTH_MAX + 1];
};

void sj_json_init(struct sj_json *json, char *buffer, size_t size);

/* Ends the text with NUL; returns its length, or -SJ_E_LIMIT when the buffer was too small (it then
 * holds no whole JSON). Asserts that everything begun was ended. */
SJ_MUST_USE sj_rc sj_json_finish(struct sj_json *json);

void sj_json_begin_object(struct sj_json *json);
void sj_json_end_object(struct sj_json *json);
void sj_json_begin_array(struct sj_json *json);
void sj_json_end_array(struct sj_json *json);

/* Inside an object, before each value. */
void sj_json_key(struct sj_json *json, const char *key);

void sj_json_text(struct sj_json *json, const char *text);
void sj_json_text_n(struct sj_json *json, const char *text, size_t size);
void sj_json_int(struct sj_json *json, int64_t value);
void sj_json_uint(struct sj_json *json, uint64_t value);
/* The shortest digits that read back as `value`. */
void sj_json_real(struct sj_json *json, double value);
void sj_json_bool(struct sj_json *json, bool value);
void sj_json_null(struct sj_json *json);
/* An exact decimal of millionths, as a number: 18052500000 is 18052.5. */
void sj_json_e6(struct sj_json *json, int64_t value_e6);
/* Text that is JSON already. */
void sj_json_raw(struct sj_json *json, const char *text);

/* A key and its value. */
void sj_json_field_text(struct sj_json *json, const char *key, const char *text);
void sj_json_field_int(struct sj_json *json, const char *key, int64_t value);
void sj_json_field_uint(struct sj_json *json, const char *key, uint64_t value);
void sj_json_field_real(struct sj_json *json, const char *key, double value);
void sj_json_field_bool(struct sj_json *json, const char *key, bool value);
void sj_json_field_e6(struct sj_json *json, const char *key, int64_t value_e6);

#endif
