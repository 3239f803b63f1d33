/*
 * fields.h: what is in each message: one table of fields per event type, in the order of the
 * struct.
 *
 * Names are those of schema/shijim.xml and of the C members. For checking, text, exporters and
 * tests; reserved bytes are not fields.
 *
 * Threads  [any thread]; constant data.
 */
#ifndef SJ_EVENT_FIELDS_H
#define SJ_EVENT_FIELDS_H

#include "event/event.h"

#include <stdbool.h>

enum sj_field_kind {
    SJ_FIELD_U8,
    SJ_FIELD_U16,
    SJ_FIELD_U32, /* null: SJ_NULL_U32 */
    SJ_FIELD_U64, /* null: UINT64_MAX */
    SJ_FIELD_I32,
    SJ_FIELD_I64,   /* null: SJ_NULL_I64 */
    SJ_FIELD_E6,    /* int64, millionths; null: SJ_NULL_E6 */
    SJ_FIELD_TIME,  /* int64, ns UTC; null: SJ_NULL_I64 */
    SJ_FIELD_FLAGS, /* uint32, SJ_FLAG_* */
    SJ_FIELD_ENUM,  /* uint8; words in `words` */
    SJ_FIELD_CHAR,  /* one byte of text, 0 = absent */
    SJ_FIELD_TEXT   /* char[size], zero-filled */
};

struct sj_field {
    const char *name;
    const char *const *words; /* ENUM: word by value; a NULL word has no name */
    uint16_t offset;          /* from the start of the frame (16 more than in the SBE block) */
    uint16_t size;            /* all of it, in bytes */
    uint8_t kind;             /* enum sj_field_kind */
    uint8_t count;            /* elements of an array; 1 for a scalar and for text */
    uint8_t word_count;
};

struct sj_event_fields {
    const char *name; /* "trade" */
    const struct sj_field *fields;
    uint16_t template_id;
    uint16_t size; /* of the frame */
    uint16_t count;
};

/* The fields of an event type, all of the block (seq, the stamp before it, is not one). NULL: no
 * such type. */
const struct sj_event_fields *sj_event_fields(uint16_t template_id);

/* A field by its name, or NULL. */
const struct sj_field *sj_event_field(const struct sj_event_fields *event, const char *name);

/* Whether element `index` of the field holds its null value. */
bool sj_field_is_null(const struct sj_field *field, const void *frame, uint32_t index);

/* The words of SJ_FIELD_FLAGS, by bit. */
#define SJ_FLAG_COUNT 10
extern const char *const sj_flag_words[SJ_FLAG_COUNT];

/* The wire's name of a channel: "tick_stk"; "none" for 0, "unknown" beyond. */
const char *sj_channel_name(uint8_t channel);

#endif
