/*
 * common.h: what all indicators share: columns of a batch, and states saved and restored.
 */
#ifndef SHIJIM_INDICATOR_COMMON_H
#define SHIJIM_INDICATOR_COMMON_H

#include <stddef.h>
#include <stdint.h>

#include "shijim/rc.h"

/* Prices and quantities beyond this are taken for damage, like NaN: sums of them would lose whole
 * lots. */
#define SJ_VALUE_MAX 1e15
/* A quantity below this is none. */
#define SJ_VALUE_MIN 1e-15

/* A column of a batch: row i begins at data + i * stride bytes. Any stride (0 repeats one value,
 * negative runs backwards), any alignment: a column of a NumPy array or a field of an array of
 * structs is passed as it lies. Values are double unless the header says int64. An output column
 * with data NULL is not written. Outputs must not overlap inputs unless they are the same place
 * with the same stride. */
struct sj_column {
    void *data;
    int64_t stride;
};

/* What a blob holds. Numbers are never reused. */
enum sj_indicator_kind {
    SJ_INDICATOR_OFI = 1,
    SJ_INDICATOR_MLOFI,
    SJ_INDICATOR_TFI,
    SJ_INDICATOR_VPIN,
    SJ_INDICATOR_HAWKES,
    SJ_INDICATOR_HAWKES_PAIR,
    SJ_INDICATOR_KYLE,
    SJ_INDICATOR_VOLATILITY,
    SJ_INDICATOR_QUEUE,
    SJ_INDICATOR_BARS,
    SJ_INDICATOR_SIGNALS,
    SJ_INDICATOR_KIND_END
};

/* The size of the kind's struct, and of its blob; 0 for no such kind. */
SJ_API size_t sj_indicator_state_size(enum sj_indicator_kind kind);
SJ_API size_t sj_indicator_blob_size(enum sj_indicator_kind kind);

/* Writes a state to `blob`: magic, kind, version, size, CRC-32C, then the state, little-endian.
 * Returns the bytes written. -SJ_E_UNKNOWN: no such kind. -SJ_E_LIMIT: `size` is too small. */
SJ_MUST_USE SJ_API sj_rc sj_indicator_save(enum sj_indicator_kind kind, const void *state,
                                           void *blob, size_t size);

/* Reads a state back; `state` is written on success only. A blob may come from anywhere: whatever
 * it holds, a state that was accepted can be used like one that was initialised.
 * -SJ_E_MALFORMED: no blob, another kind, or cut. -SJ_E_LAYOUT: another version.
 * -SJ_E_CORRUPT: the checksum differs. -SJ_E_RANGE: a value that no such state has. */
SJ_MUST_USE SJ_API sj_rc sj_indicator_restore(enum sj_indicator_kind kind, const void *blob,
                                              size_t size, void *state);

#endif
