#include "store/native.h"

#include "base/assert.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/*
 * Rows are walked in runs small enough that their frames stay in the first-level cache while every
 * column takes its field from them. Where each column's values go is known before (plan_lanes), so
 * all columns are written in one pass, each with a loop that does one thing.
 */
#define RUN_ROWS 64

/* Where one column of the block is being written. */
struct lane {
    const struct sj_store_column *column;
    uint8_t *values;
    uint8_t *end;     /* of the column */
    uint8_t *nulls;   /* nullable only */
    uint8_t *ends;    /* arrays only: UInt64 */
    uint64_t element; /* arrays: values written so far */
};

/* The run that is being encoded. */
struct run {
    const uint8_t *frames;
    const uint32_t *srcs;
    size_t stride;
    uint32_t count;
    const struct sj_store_symbols *symbols;
    struct sj_store_days *days;
};

static size_t width_of(const struct sj_store_column *column)
{
    static const uint8_t widths[SJ_STORE_KIND_COUNT] = {
        [SJ_STORE_DAY] = 2,        [SJ_STORE_TS] = 8,         [SJ_STORE_ASSET] = 1,
        [SJ_STORE_SRC] = 4,        [SJ_STORE_EXCHANGE] = 1,   [SJ_STORE_I64] = 8,
        [SJ_STORE_U64] = 8,        [SJ_STORE_DEC] = 8,        [SJ_STORE_U32] = 4,
        [SJ_STORE_I32] = 4,        [SJ_STORE_U16] = 2,        [SJ_STORE_U8] = 1,
        [SJ_STORE_UNIT] = 4,       [SJ_STORE_BIT] = 1,        [SJ_STORE_ENUM] = 1,
        [SJ_STORE_DEC_LEVELS] = 8, [SJ_STORE_U32_LEVELS] = 4, [SJ_STORE_I32_LEVELS] = 4,
    };
    return widths[column->kind];
}

static bool is_levels(const struct sj_store_column *column)
{
    return column->kind == SJ_STORE_DEC_LEVELS || column->kind == SJ_STORE_U32_LEVELS ||
           column->kind == SJ_STORE_I32_LEVELS;
}

static uint32_t level_count(const uint8_t *frame, const struct sj_store_column *column)
{
    uint8_t count = frame[column->aux];
    return count < SJ_LEVELS ? count : SJ_LEVELS;
}

/* --- which columns --- */

static bool is_null(const uint8_t *frame, const struct sj_store_column *column)
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

static bool has_value(const struct sj_store_rows *rows, const struct sj_store_column *column)
{
    if (!column->nullable)
        return true;
    for (uint32_t row = 0; row < rows->count; row++) {
        if (!is_null(sj_store_rows_any(rows, row), column))
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
        count += level_count(sj_store_rows_any(rows, row), column);
    return rows->count * sizeof(uint64_t) + count * width_of(column);
}

static size_t column_size(const struct sj_store_rows *rows, const struct sj_store_symbols *symbols,
                          const struct sj_store_column *column)
{
    if (column->kind == SJ_STORE_SYMBOL || column->kind == SJ_STORE_TEXT)
        return text_size(rows, symbols, column);
    if (is_levels(column))
        return levels_size(rows, column);
    return rows->count * (width_of(column) + column->nullable);
}

/* --- one run of one column --- */

#define EACH_ROW(run, i, frame)                                                                    \
    const uint8_t *frame = (run)->frames;                                                          \
    for (uint32_t i = 0; i < (run)->count; i++, frame += (run)->stride)

static void fill_8(struct lane *lane, const struct run *run)
{
    uint8_t *out = lane->values;
    const size_t offset = lane->column->offset;
    EACH_ROW(run, i, frame)
    memcpy(out + i * 8, frame + offset, 8);
    lane->values += run->count * 8;
}

static void fill_4(struct lane *lane, const struct run *run)
{
    uint8_t *out = lane->values;
    const size_t offset = lane->column->offset;
    EACH_ROW(run, i, frame)
    memcpy(out + i * 4, frame + offset, 4);
    lane->values += run->count * 4;
}

static void fill_2(struct lane *lane, const struct run *run)
{
    EACH_ROW(run, i, frame)
    memcpy(lane->values + i * 2, frame + lane->column->offset, 2);
    lane->values += run->count * 2;
}

static void fill_1(struct lane *lane, const struct run *run)
{
    const size_t offset = lane->column->offset;
    EACH_ROW(run, i, frame)
    lane->values[i] = frame[offset];
    lane->values += run->count;
}

static void fill_null_8(struct lane *lane, const struct run *run)
{
    uint8_t *out = lane->values;
    uint8_t *nulls = lane->nulls;
    const size_t offset = lane->column->offset;
    EACH_ROW(run, i, frame)
    {
        int64_t value;
        memcpy(&value, frame + offset, 8);
        uint8_t null = value == SJ_NULL_I64;
        value = null ? 0 : value;
        memcpy(out + i * 8, &value, 8);
        nulls[i] = null;
    }
    lane->values += run->count * 8;
    lane->nulls += run->count;
}

static void fill_null_4(struct lane *lane, const struct run *run)
{
    uint8_t *out = lane->values;
    const size_t offset = lane->column->offset;
    EACH_ROW(run, i, frame)
    {
        uint32_t value;
        memcpy(&value, frame + offset, 4);
        uint8_t null = value == SJ_NULL_U32;
        value = null ? 0 : value;
        memcpy(out + i * 4, &value, 4);
        lane->nulls[i] = null;
    }
    lane->values += run->count * 4;
    lane->nulls += run->count;
}

/* A decimal that has no column for its null: 0 stands for it. */
static void fill_decimal(struct lane *lane, const struct run *run)
{
    uint8_t *out = lane->values;
    const size_t offset = lane->column->offset;
    EACH_ROW(run, i, frame)
    {
        int64_t value;
        memcpy(&value, frame + offset, 8);
        value = value == SJ_NULL_E6 ? 0 : value;
        memcpy(out + i * 8, &value, 8);
    }
    lane->values += run->count * 8;
}

static void fill_ts(struct lane *lane, const struct run *run)
{
    uint8_t *out = lane->values;
    EACH_ROW(run, i, frame)
    {
        int64_t ts = sj_store_frame_ts(frame);
        memcpy(out + i * 8, &ts, 8);
    }
    lane->values += run->count * 8;
}

static void fill_day(struct lane *lane, const struct run *run)
{
    EACH_ROW(run, i, frame)
    {
        uint16_t day = sj_store_day_of(run->days, sj_store_frame_ts(frame));
        memcpy(lane->values + i * 2, &day, 2);
    }
    lane->values += run->count * 2;
}

static const struct sj_store_symbol *symbol_at(const struct run *run, const uint8_t *frame)
{
    return sj_store_symbol_of(run->symbols, ((const struct sj_frame *)frame)->instrument);
}

static void fill_symbol(struct lane *lane, const struct run *run)
{
    uint8_t *out = lane->values;
    EACH_ROW(run, i, frame)
    {
        const struct sj_store_symbol *symbol = symbol_at(run, frame);
        size_t size = 1 + (size_t)(uint8_t)symbol->native[0];
        /* What is copied beyond the text is overwritten by the next row, so never at the end. */
        if (SJ_LIKELY((size_t)(lane->end - out) >= sizeof(symbol->native)))
            memcpy(out, symbol->native, sizeof(symbol->native));
        else
            memcpy(out, symbol->native, size);
        out += size;
    }
    lane->values = out;
}

static void fill_unit(struct lane *lane, const struct run *run)
{
    EACH_ROW(run, i, frame)
    {
        uint32_t unit = sj_store_unit_of(frame, symbol_at(run, frame));
        memcpy(lane->values + i * 4, &unit, 4);
    }
    lane->values += run->count * 4;
}

static void fill_rest(struct lane *lane, const struct run *run)
{
    EACH_ROW(run, i, frame)
    {
        int64_t rest = sj_store_rest_of(frame, lane->column, symbol_at(run, frame));
        memcpy(lane->values + i * 8, &rest, 8);
    }
    lane->values += run->count * 8;
}

static void fill_null_rest(struct lane *lane, const struct run *run)
{
    EACH_ROW(run, i, frame)
    {
        bool null = is_null(frame, lane->column);
        int64_t rest = null ? 0 : sj_store_rest_of(frame, lane->column, symbol_at(run, frame));
        memcpy(lane->values + i * 8, &rest, 8);
        lane->nulls[i] = null;
    }
    lane->values += run->count * 8;
    lane->nulls += run->count;
}

static void fill_asset(struct lane *lane, const struct run *run)
{
    EACH_ROW(run, i, frame)
    lane->values[i] = symbol_at(run, frame)->asset;
    lane->values += run->count;
}

static void fill_exchange(struct lane *lane, const struct run *run)
{
    EACH_ROW(run, i, frame)
    lane->values[i] = symbol_at(run, frame)->exchange;
    lane->values += run->count;
}

static void fill_src(struct lane *lane, const struct run *run)
{
    memcpy(lane->values, run->srcs, run->count * sizeof(uint32_t));
    lane->values += run->count * sizeof(uint32_t);
}

static void fill_bit(struct lane *lane, const struct run *run)
{
    const uint32_t bit = lane->column->aux;
    EACH_ROW(run, i, frame)
    lane->values[i] = (uint8_t)((((const struct sj_frame *)frame)->flags >> bit) & 1);
    lane->values += run->count;
}

static void fill_enum(struct lane *lane, const struct run *run)
{
    const uint8_t max = sj_store_enum_max((enum sj_store_enum)lane->column->aux);
    const size_t offset = lane->column->offset;
    EACH_ROW(run, i, frame)
    lane->values[i] = frame[offset] <= max ? frame[offset] : 0;
    lane->values += run->count;
}

static void fill_text(struct lane *lane, const struct run *run)
{
    uint8_t *out = lane->values;
    EACH_ROW(run, i, frame)
    {
        const char *text = (const char *)frame + lane->column->offset;
        size_t length = strnlen(text, lane->column->aux);
        *out++ = (uint8_t)length;
        memcpy(out, text, length);
        out += length;
    }
    lane->values = out;
}

static void fill_levels_8(struct lane *lane, const struct run *run)
{
    uint8_t *out = lane->values;
    EACH_ROW(run, i, frame)
    {
        uint32_t count = level_count(frame, lane->column);
        for (uint32_t level = 0; level < count; level++, out += 8) {
            int64_t value;
            memcpy(&value, frame + lane->column->offset + level * 8, 8);
            value = value == SJ_NULL_E6 ? 0 : value;
            memcpy(out, &value, 8);
        }
        lane->element += count;
        memcpy(lane->ends + i * 8, &lane->element, 8);
    }
    lane->ends += run->count * 8;
    lane->values = out;
}

static void fill_levels_4(struct lane *lane, const struct run *run)
{
    uint8_t *out = lane->values;
    EACH_ROW(run, i, frame)
    {
        uint32_t count = level_count(frame, lane->column);
        memcpy(out, frame + lane->column->offset, count * 4);
        out += count * 4;
        lane->element += count;
        memcpy(lane->ends + i * 8, &lane->element, 8);
    }
    lane->ends += run->count * 8;
    lane->values = out;
}

typedef void fill_function(struct lane *lane, const struct run *run);

static fill_function *fill_of(const struct sj_store_column *column, bool is_packed)
{
    static fill_function *const fills[SJ_STORE_KIND_COUNT] = {
        [SJ_STORE_DAY] = fill_day,
        [SJ_STORE_TS] = fill_ts,
        [SJ_STORE_SYMBOL] = fill_symbol,
        [SJ_STORE_ASSET] = fill_asset,
        [SJ_STORE_EXCHANGE] = fill_exchange,
        [SJ_STORE_SRC] = fill_src,
        [SJ_STORE_I64] = fill_8,
        [SJ_STORE_U64] = fill_8,
        [SJ_STORE_DEC] = fill_decimal,
        [SJ_STORE_U32] = fill_4,
        [SJ_STORE_I32] = fill_4,
        [SJ_STORE_U16] = fill_2,
        [SJ_STORE_U8] = fill_1,
        [SJ_STORE_UNIT] = fill_unit,
        [SJ_STORE_BIT] = fill_bit,
        [SJ_STORE_ENUM] = fill_enum,
        [SJ_STORE_TEXT] = fill_text,
        [SJ_STORE_DEC_LEVELS] = fill_levels_8,
        [SJ_STORE_U32_LEVELS] = fill_levels_4,
        [SJ_STORE_I32_LEVELS] = fill_levels_4,
    };
    if (is_packed && column->derive != SJ_STORE_DERIVE_NONE)
        return column->nullable ? fill_null_rest : fill_rest;
    if (column->nullable)
        return width_of(column) == 4 ? fill_null_4 : fill_null_8;
    return fills[column->kind];
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
                        const struct sj_store_plan *plan, struct lane *lanes,
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
        lanes[i] = (struct lane){.column = column};
    }
    for (uint32_t i = 0; i < plan->column_count; i++) {
        struct lane *lane = &lanes[i];
        lane->values = out->data + places[i];
        lane->end = lane->values + sizes[i];
        if (lane->column->nullable) {
            lane->nulls = lane->values;
            lane->values += rows->count;
        } else if (is_levels(lane->column)) {
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
    struct lane lanes[SJ_STORE_COLUMNS_MAX];
    const size_t size_before = out->size;
    sj_rc rc = plan_lanes(rows, symbols, plan, lanes, out);
    if (rc < 0) {
        out->size = size_before;
        return rc;
    }
    fill_function *fills[SJ_STORE_COLUMNS_MAX] = {0};
    for (uint32_t i = 0; i < plan->column_count; i++)
        // cppcheck-suppress legacyUninitvar ; the array is set to NULL just above
        fills[i] = fill_of(lanes[i].column, plan->is_packed);
    _Alignas(64) uint8_t frames[RUN_ROWS * SJ_EVENT_SIZE_MAX];
    uint32_t srcs[RUN_ROWS];
    struct sj_store_days days = {0};
    for (uint32_t first = 0; first < rows->count; first += RUN_ROWS) {
        struct run run = {
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
