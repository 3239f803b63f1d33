#include "store/native.h"

#include "base/assert.h"
#include "store/native_fill.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/*
 * Rows are walked in runs small enough that their frames stay in the first-level cache while every
 * column takes its field from them. Where each column's values go is known before (plan_lanes), so
 * all columns are written in one pass, each with a loop that does one thing.
 */
#define RUN_ROWS 64

/* --- which columns --- */

static bool has_value(const struct sj_store_rows *rows, const struct sj_store_column *column)
{
    if (!column->nullable)
        return true;
    for (uint32_t row = 0; row < rows->count; row++) {
        if (!sj_store_is_null(sj_store_rows_any(rows, row), column))
            return true;
    }
    return false;
}

void sj_store_plan_columns(const struct sj_store_rows *rows, bool is_packed,
                           struct sj_store_plan *ret_plan)
{
    ret_plan->is_packed = is_packed;
    ret_plan->column_count = 0;
    for (uint32_t i = 0; i < rows->table->column_count; i++) {
        if (has_value(rows, &rows->table->columns[i]))
            ret_plan->columns[ret_plan->column_count++] = (uint8_t)i;
    }
}

sj_rc sj_store_plan_text(const struct sj_store_table *table, const struct sj_store_plan *plan,
                         char *ret_text, size_t size)
{
    size_t used = 0;
    for (uint32_t i = 0; i < plan->column_count; i++) {
        char name[80];
        sj_rc rc = sj_store_name_text(&table->columns[plan->columns[i]], plan->is_packed, name,
                                      sizeof(name));
        int length =
            rc < 0 ? -1 : snprintf(ret_text + used, size - used, "%s`%s`", i > 0 ? "," : "(", name);
        if (length < 0 || used + (size_t)length + 2 > size)
            return -SJ_E_RANGE;
        used += (size_t)length;
    }
    memcpy(ret_text + used, ")", 2);
    return (sj_rc)(used + 1);
}

/* --- how large --- */

static size_t text_size(const struct sj_store_rows *rows, const struct sj_store_symbols *symbols,
                        const struct sj_store_column *column)
{
    size_t size = 0;
    for (uint32_t row = 0; row < rows->count; row++) {
        const uint8_t *frame = sj_store_rows_any(rows, row);
        if (column->kind == SJ_STORE_TEXT)
            size += 1 + strnlen((const char *)frame + column->offset, column->aux);
        else
            size += 1 + (uint8_t)sj_store_symbol_of(symbols,
                                                    ((const struct sj_frame *)frame)->instrument)
                            ->native[0];
    }
    return size;
}

static size_t levels_size(const struct sj_store_rows *rows, const struct sj_store_column *column)
{
    size_t count = 0;
    for (uint32_t row = 0; row < rows->count; row++)
        count += sj_store_level_count(sj_store_rows_any(rows, row), column);
    return rows->count * sizeof(uint64_t) + count * sj_store_column_width(column);
}

static size_t column_size(const struct sj_store_rows *rows, const struct sj_store_symbols *symbols,
                          const struct sj_store_column *column)
{
    if (column->kind == SJ_STORE_SYMBOL || column->kind == SJ_STORE_TEXT)
        return text_size(rows, symbols, column);
    if (sj_store_column_is_levels(column))
        return levels_size(rows, column);
    return rows->count * (sj_store_column_width(column) + column->nullable);
}

/* --- the block --- */

static uint8_t *put_varint(uint8_t *out, uint64_t value)
{
    while (value >= 0x80) {
        *out++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *out++ = (uint8_t)value;
    return out;
}

static uint8_t *put_text(uint8_t *out, const char *text, size_t size)
{
    out = put_varint(out, size);
    memcpy(out, text, size);
    return out + size;
}

#define TYPE_TEXT_MAX 512
#define COLUMN_HEAD_MAX (TYPE_TEXT_MAX + 80)

/* Writes the heads of the columns and gives each lane its place behind its head. */
static sj_rc plan_lanes(const struct sj_store_rows *rows, const struct sj_store_symbols *symbols,
                        const struct sj_store_plan *plan, struct sj_store_lane *lanes,
                        struct sj_store_bytes *out)
{
    sj_rc rc = sj_store_bytes_reserve(out, 32);
    if (rc < 0)
        return rc;
    uint8_t *at = out->data + out->size;
    at = put_varint(at, plan->column_count);
    at = put_varint(at, rows->count);
    out->size = (size_t)(at - out->data);
    size_t places[SJ_STORE_COLUMNS_MAX]; /* the buffer may move while it grows */
    size_t sizes[SJ_STORE_COLUMNS_MAX];
    for (uint32_t i = 0; i < plan->column_count; i++) {
        const struct sj_store_column *column = &rows->table->columns[plan->columns[i]];
        size_t size = column_size(rows, symbols, column);
        rc = sj_store_bytes_reserve(out, COLUMN_HEAD_MAX + size);
        if (rc < 0)
            return rc;
        char type[TYPE_TEXT_MAX];
        sj_rc type_size = sj_store_type_text(column, type, sizeof(type));
        SJ_ASSERT(type_size > 0);
        char name[80];
        sj_rc name_size = sj_store_name_text(column, plan->is_packed, name, sizeof(name));
        SJ_ASSERT(name_size > 0);
        at = put_text(out->data + out->size, name, (size_t)name_size);
        at = put_text(at, type, (size_t)type_size);
        places[i] = (size_t)(at - out->data);
        out->size = places[i] + size;
        sizes[i] = size;
        lanes[i] = (struct sj_store_lane){.column = column};
    }
    for (uint32_t i = 0; i < plan->column_count; i++) {
        struct sj_store_lane *lane = &lanes[i];
        lane->values = out->data + places[i];
        lane->end = lane->values + sizes[i];
        if (lane->column->nullable) {
            lane->nulls = lane->values;
            lane->values += rows->count;
        } else if (sj_store_column_is_levels(lane->column)) {
            lane->ends = lane->values;
            lane->values += rows->count * sizeof(uint64_t);
        }
    }
    return 0;
}

/* Copies the rows of a run into the order they are to be written in. */
static void gather(const struct sj_store_rows *rows, uint32_t first, uint32_t count,
                   uint8_t *frames, uint32_t *srcs)
{
    const size_t size = rows->table->row_size;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = rows->order[first + i];
        const uint8_t *from = rows->frames + row * size;
        uint8_t *to = frames + i * size;
        for (size_t at = 0; at < size; at += SJ_FRAME_UNIT)
            memcpy(to + at, from + at, SJ_FRAME_UNIT);
        srcs[i] = rows->srcs[row];
    }
}

sj_rc sj_store_encode_native(const struct sj_store_rows *rows,
                             const struct sj_store_symbols *symbols,
                             const struct sj_store_plan *plan, struct sj_store_bytes *out)
{
    struct sj_store_lane lanes[SJ_STORE_COLUMNS_MAX];
    const size_t size_before = out->size;
    sj_rc rc = plan_lanes(rows, symbols, plan, lanes, out);
    if (rc < 0) {
        out->size = size_before;
        return rc;
    }
    sj_store_fill *fills[SJ_STORE_COLUMNS_MAX] = {0};
    for (uint32_t i = 0; i < plan->column_count; i++)
        // cppcheck-suppress legacyUninitvar ; the array is set to NULL just above
        fills[i] = sj_store_fill_of(lanes[i].column, plan->is_packed);
    _Alignas(64) uint8_t frames[RUN_ROWS * SJ_EVENT_SIZE_MAX];
    uint32_t srcs[RUN_ROWS];
    struct sj_store_days days = {0};
    for (uint32_t first = 0; first < rows->count; first += RUN_ROWS) {
        struct sj_store_run run = {
            .frames = rows->frames + (size_t)first * rows->table->row_size,
            .srcs = rows->srcs + first,
            .stride = rows->table->row_size,
            .count = rows->count - first < RUN_ROWS ? rows->count - first : RUN_ROWS,
            .symbols = symbols,
            .days = &days,
        };
        if (rows->order != NULL) {
            gather(rows, first, run.count, frames, srcs);
            run.frames = frames;
            run.srcs = srcs;
        }
        for (uint32_t i = 0; i < plan->column_count; i++)
            fills[i](&lanes[i], &run);
    }
    return 0;
}
