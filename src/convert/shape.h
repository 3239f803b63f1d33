/*
 * shape.h: the text between the values of a line, and reading lines by it.
 *
 * A shape is made by whoever reads a line the general way: sj_shape_begin, sj_shape_value for each
 * value in its order, sj_shape_end. Used by line.c.
 */
#ifndef SJ_CONVERT_SHAPE_H
#define SJ_CONVERT_SHAPE_H

#include "convert/dialect.h"

#define SJ_SHAPE_TEXT_MAX 4096
#define SJ_SHAPE_STEPS_MAX 128
#define SJ_SLOT_NOT_KEPT 0xff

struct sj_shape_step {
    uint16_t text_at; /* what comes before the value */
    uint16_t text_size;
    uint8_t kind;  /* enum sj_step_kind */
    uint8_t slot;  /* SJ_SLOT_NOT_KEPT: checked only */
    uint16_t size; /* of the value, last time */
};

struct sj_shape {
    uint32_t step_count;
    uint32_t text_size;
    uint32_t follower; /* index of the shape that came after it last */
    uint32_t has_constants;
    uint64_t used; /* when: a count of lines */
    struct sj_text constants[SJ_TEXT_COUNT];
    struct sj_shape_step steps[SJ_SHAPE_STEPS_MAX];
    char text[SJ_SHAPE_TEXT_MAX + SJ_TEXT_PAD];
};

struct sj_shape_builder {
    struct sj_shape *shape;
    const char *from; /* of the text not taken yet */
    bool possible;
};

void sj_shape_begin(struct sj_shape_builder *builder, struct sj_shape *shape, const char *line);

/* A value at begin..end. The text before it ends at `begin`. */
void sj_shape_value(struct sj_shape_builder *builder, const char *begin, const char *end,
                    enum sj_step_kind kind, uint8_t slot);

/* A constant string stays part of the text. */
void sj_shape_constant(struct sj_shape_builder *builder, const char *begin, const char *end,
                       uint8_t slot);

/* The line ends at `end` (its newline). False: it can be no shape. */
bool sj_shape_end(struct sj_shape_builder *builder, const char *end);

/* Reads the line by the shape, and notes the sizes of its values for the next time. Returns its
 * newline, or NULL: it does not fit, and the record is half filled. */
const char *sj_shape_read(struct sj_shape *shape, const char *at, struct sj_record *record);

#endif
