/*
 * dialect.h: which keys of a JSON line mean what: from key (and how its value is written) to a
 * slot.
 */
#ifndef SJ_CONVERT_DIALECT_H
#define SJ_CONVERT_DIALECT_H

#include "convert/line.h"

/* What a value is read as. */
enum sj_step_kind {
    SJ_STEP_END,      /* the line ends behind the text */
    SJ_STEP_NUMBER,   /* number, null, true or false */
    SJ_STEP_QUOTED,   /* a number within quotation marks; the marks belong to the text around */
    SJ_STEP_TEXT,     /* a string; likewise */
    SJ_STEP_CONSTANT, /* a string that the shape takes as text: one shape for each value */
    SJ_STEP_ARRAY,
    SJ_STEP_PAIRS
};

struct sj_key {
    const char *name;
    uint8_t size;
    uint8_t kind; /* enum sj_step_kind */
    uint8_t slot;
};

/* What `key` means when its value is written as `kind` is; a value's kind must be one of the key's.
 * NULL: an unknown key, to be checked and dropped. */
const struct sj_key *sj_dialect_key(enum sj_dialect dialect, const char *key, size_t size,
                                    enum sj_step_kind kind);

/* Whether `key` is known at all; then a value of another kind is a wrong type. */
bool sj_dialect_knows(enum sj_dialect dialect, const char *key, size_t size);

/* Keys of the object behind `key` are read as if they stood in the outer one. */
bool sj_dialect_opens(enum sj_dialect dialect, const char *key, size_t size);

#endif
