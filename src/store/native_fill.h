/*
 * native_fill.h: one column's values of one run of rows: the loops of the Native encoder, each of
 * which does one thing. For native.c alone.
 *
 * Threads  [any], no state.
 */
#ifndef SJ_STORE_NATIVE_FILL_H
#define SJ_STORE_NATIVE_FILL_H

#include "store/rows.h"

#include <string.h>

/* Where one column of the block is being written. */
struct sj_store_lane {
    const struct sj_store_column *column;
    uint8_t *values;
    uint8_t *end;     /* of the column */
    uint8_t *nulls;   /* nullable only */
    uint8_t *ends;    /* arrays only: UInt64 */
    uint64_t element; /* arrays: values written so far */
};

/* The run that is being encoded. */
struct sj_store_run {
    const uint8_t *frames;
    const uint32_t *srcs;
    size_t stride;
    uint32_t count;
    const struct sj_store_symbols *symbols;
    struct sj_store_days *days;
};

/* Writes the run's values at the lane and moves it on. */
typedef void sj_store_fill(struct sj_store_lane *lane, const struct sj_store_run *run);

/* What fills the column; `is_packed`: derived columns travel as their rests. */
sj_store_fill *sj_store_fill_of(const struct sj_store_column *column, bool is_packed);

/* Bytes of a value; of an element, where there are levels. */
size_t sj_store_column_width(const struct sj_store_column *column);

static inline bool sj_store_column_is_levels(const struct sj_store_column *column)
{
    return column->kind == SJ_STORE_DEC_LEVELS || column->kind == SJ_STORE_U32_LEVELS ||
           column->kind == SJ_STORE_I32_LEVELS;
}

static inline uint32_t sj_store_level_count(const uint8_t *frame,
                                            const struct sj_store_column *column)
{
    uint8_t count = frame[column->aux];
    return count < SJ_LEVELS ? count : SJ_LEVELS;
}

static inline bool sj_store_is_null(const uint8_t *frame, const struct sj_store_column *column)
{
    if (column->kind == SJ_STORE_U32) {
        uint32_t value;
        memcpy(&value, frame + column->offset, sizeof(value));
        return value == SJ_NULL_U32;
    }
    int64_t value;
    memcpy(&value, frame + column->offset, sizeof(value));
    return value == SJ_NULL_I64;
}

#endif
