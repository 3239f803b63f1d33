/*
 * jin.h: reads JSON where it lies: a strict cursor over text that came from outside, for what is
 * too seldom for parse.c and too hot (or too large) for a tree. No allocation, no copies.
 *
 *     sj_jin_init(&in, text, size);
 *     if (sj_jin_enter(&in, '{'))
 *         while (sj_jin_key(&in, &key))
 *             if (sj_jin_is(&key, "price")) sj_jin_number(&in, &number); else sj_jin_skip(&in);
 *
 * After each key (or sj_jin_item of an array) exactly one value is to be taken or skipped. The
 * first fault makes every later call answer false: look at `failed` once, at the end.
 *
 * Limits   depth SJ_JIN_DEPTH_MAX. Threads  [owner]. Memory: the struct only.
 */
#ifndef SJ_GATEWAY_JIN_H
#define SJ_GATEWAY_JIN_H

#include "base/rc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SJ_JIN_DEPTH_MAX 24

struct sj_jin {
    const char *at, *end;
    uint32_t depth;
    uint32_t started; /* bit per depth: a member was read there */
    bool failed;
};

/* A piece of the text: a string without its quotes (escapes as they stand), or a number. */
struct sj_jin_text {
    const char *text;
    size_t size;
};

void sj_jin_init(struct sj_jin *in, const char *text, size_t size);

/* The first byte of the next value ('{' '[' '"' 't' 'f' 'n', a digit or '-'), or 0. */
char sj_jin_peek(struct sj_jin *in);

/* Enters an object ('{') or array ('['); false: the next value is something else (a fault). */
bool sj_jin_enter(struct sj_jin *in, char open);
/* The next key of the object entered last; false at its end, which is then left. */
bool sj_jin_key(struct sj_jin *in, struct sj_jin_text *ret_key);
/* Whether the array entered last has another item; false at its end, which is then left. */
bool sj_jin_item(struct sj_jin *in);

bool sj_jin_string(struct sj_jin *in, struct sj_jin_text *ret_text);
bool sj_jin_number(struct sj_jin *in, struct sj_jin_text *ret_text);
bool sj_jin_bool(struct sj_jin *in, bool *ret_value);
/* Whatever comes next. */
bool sj_jin_skip(struct sj_jin *in);
/* Nothing but blanks is left, and nothing failed. */
bool sj_jin_end(struct sj_jin *in);

bool sj_jin_is(const struct sj_jin_text *text, const char *word);
/* Copies a string with its escapes undone into `size` bytes, zero-filled, cut at a whole character
 * where it is too long. False: it was cut, or an escape is none. */
bool sj_jin_copy(const struct sj_jin_text *text, char *to, size_t size);

#endif
