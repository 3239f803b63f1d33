#include "store/native_fill.h"

#include "base/assert.h"

size_t sj_store_column_width(const struct sj_store_column *column)
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

#define EACH_ROW(run, i, frame)                                                                    \
    const uint8_t *frame = (run)->frames;                                                          \
    for (uint32_t i = 0; i < (run)->count; i++, frame += (run)->stride)

static void fill_8(struct sj_store_lane *lane, const struct sj_store_run *run)
{
    uint8_t *out = lane->values;
    const size_t offset = lane->column->offset;
    EACH_ROW(run, i, frame)
    memcpy(out + i * 8, frame + offset, 8);
    lane->values += run->count * 8;
}

static void fill_4(struct sj_store_lane *lane, const struct sj_store_run *run)
{
    uint8_t *out = lane->values;
    const size_t offset = lane->column->offset;
    EACH_ROW(run, i, frame)
    memcpy(out + i * 4, frame + offset, 4);
    lane->values += run->count * 4;
}

static void fill_2(struct sj_store_lane *lane, const struct sj_store_run *run)
{
    EACH_ROW(run, i, frame)
    memcpy(lane->values + i * 2, frame + lane->column->offset, 2);
    lane->values += run->count * 2;
}

static void fill_1(struct sj_store_lane *lane, const struct sj_store_run *run)
{
    const size_t offset = lane->column->offset;
    EACH_ROW(run, i, frame)
    lane->values[i] = frame[offset];
    lane->values += run->count;
}

static void fill_null_8(struct sj_store_lane *lane, const struct sj_store_run *run)
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

static void fill_null_4(struct sj_store_lane *lane, const struct sj_store_run *run)
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
static void fill_decimal(struct sj_store_lane *lane, const struct sj_store_run *run)
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

static void fill_ts(struct sj_store_lane *lane, const struct sj_store_run *run)
{
    uint8_t *out = lane->values;
    EACH_ROW(run, i, frame)
    {
        int64_t ts = sj_store_frame_ts(frame);
        memcpy(out + i * 8, &ts, 8);
    }
    lane->values += run->count * 8;
}

static void fill_day(struct sj_store_lane *lane, const struct sj_store_run *run)
{
    EACH_ROW(run, i, frame)
    {
        uint16_t day = sj_store_day_of(run->days, sj_store_frame_ts(frame));
        memcpy(lane->values + i * 2, &day, 2);
    }
    lane->values += run->count * 2;
}

static const struct sj_store_symbol *symbol_at(const struct sj_store_run *run, const uint8_t *frame)
{
    return sj_store_symbol_of(run->symbols, ((const struct sj_frame *)frame)->instrument);
}

static void fill_symbol(struct sj_store_lane *lane, const struct sj_store_run *run)
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

static void fill_unit(struct sj_store_lane *lane, const struct sj_store_run *run)
{
    EACH_ROW(run, i, frame)
    {
        uint32_t unit = sj_store_unit_of(frame, symbol_at(run, frame));
        memcpy(lane->values + i * 4, &unit, 4);
    }
    lane->values += run->count * 4;
}

static void fill_rest(struct sj_store_lane *lane, const struct sj_store_run *run)
{
    EACH_ROW(run, i, frame)
    {
        int64_t rest = sj_store_rest_of(frame, lane->column, symbol_at(run, frame));
        memcpy(lane->values + i * 8, &rest, 8);
    }
    lane->values += run->count * 8;
}

static void fill_null_rest(struct sj_store_lane *lane, const struct sj_store_run *run)
{
    EACH_ROW(run, i, frame)
    {
        bool null = sj_store_is_null(frame, lane->column);
        int64_t rest = null ? 0 : sj_store_rest_of(frame, lane->column, symbol_at(run, frame));
        memcpy(lane->values + i * 8, &rest, 8);
        lane->nulls[i] = null;
    }
    lane->values += run->count * 8;
    lane->nulls += run->count;
}

static void fill_asset(struct sj_store_lane *lane, const struct sj_store_run *run)
{
    EACH_ROW(run, i, frame)
    lane->values[i] = symbol_at(run, frame)->asset;
    lane->values += run->count;
}

static void fill_exchange(struct sj_store_lane *lane, const struct sj_store_run *run)
{
    EACH_ROW(run, i, frame)
    lane->values[i] = symbol_at(run, frame)->exchange;
    lane->values += run->count;
}

static void fill_src(struct sj_store_lane *lane, const struct sj_store_run *run)
{
    memcpy(lane->values, run->srcs, run->count * sizeof(uint32_t));
    lane->values += run->count * sizeof(uint32_t);
}

static void fill_bit(struct sj_store_lane *lane, const struct sj_store_run *run)
{
    const uint32_t bit = lane->column->aux;
    EACH_ROW(run, i, frame)
    lane->values[i] = (uint8_t)((((const struct sj_frame *)frame)->flags >> bit) & 1);
    lane->values += run->count;
}

static void fill_enum(struct sj_store_lane *lane, const struct sj_store_run *run)
{
    const uint8_t max = sj_store_enum_max((enum sj_store_enum)lane->column->aux);
    const size_t offset = lane->column->offset;
    EACH_ROW(run, i, frame)
    lane->values[i] = frame[offset] <= max ? frame[offset] : 0;
    lane->values += run->count;
}

static void fill_text(struct sj_store_lane *lane, const struct sj_store_run *run)
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

static void fill_levels_8(struct sj_store_lane *lane, const struct sj_store_run *run)
{
    uint8_t *out = lane->values;
    EACH_ROW(run, i, frame)
    {
        uint32_t count = sj_store_level_count(frame, lane->column);
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

static void fill_levels_4(struct sj_store_lane *lane, const struct sj_store_run *run)
{
    uint8_t *out = lane->values;
    EACH_ROW(run, i, frame)
    {
        uint32_t count = sj_store_level_count(frame, lane->column);
        memcpy(out, frame + lane->column->offset, count * 4);
        out += count * 4;
        lane->element += count;
        memcpy(lane->ends + i * 8, &lane->element, 8);
    }
    lane->ends += run->count * 8;
    lane->values = out;
}

sj_store_fill *sj_store_fill_of(const struct sj_store_column *column, bool is_packed)
{
    static sj_store_fill *const fills[SJ_STORE_KIND_COUNT] = {
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
        return sj_store_column_width(column) == 4 ? fill_null_4 : fill_null_8;
    return fills[column->kind];
}
