#include "block.h"

#include <string.h>

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool is_bad;
};

static uint64_t varint(struct cursor *cursor)
{
    uint64_t value = 0;
    for (uint32_t shift = 0; shift < 64; shift += 7) {
        if (cursor->at == cursor->end)
            break;
        uint8_t byte = *cursor->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return value;
    }
    cursor->is_bad = true;
    return 0;
}

static const uint8_t *take(struct cursor *cursor, uint64_t size)
{
    const uint8_t *at = cursor->at;
    if ((uint64_t)(cursor->end - at) < size) {
        cursor->is_bad = true;
        return at;
    }
    cursor->at += size;
    return at;
}

static void text(struct cursor *cursor, char *ret, size_t size)
{
    uint64_t length = varint(cursor);
    const uint8_t *from = take(cursor, length);
    if (length >= size)
        cursor->is_bad = true;
    if (cursor->is_bad)
        return;
    memcpy(ret, from, length);
    ret[length] = '\0';
}

static const char *inner(const char *type)
{
    if (strncmp(type, "Nullable(", 9) == 0)
        return type + 9;
    return strncmp(type, "Array(", 6) == 0 ? type + 6 : type;
}

static uint64_t width(const char *type)
{
    static const struct {
        const char *name;
        uint64_t width;
    } widths[] = {{"Date", 2},  {"Int64", 8},  {"UInt64", 8}, {"Decimal(18, 6)", 8}, {"UInt32", 4},
                  {"Int32", 4}, {"UInt16", 2}, {"UInt8", 1},  {"Enum8(", 1}};
    type = inner(type);
    for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
        if (strncmp(type, widths[i].name, strlen(widths[i].name)) == 0)
            return widths[i].width;
    }
    return 0;
}

static uint64_t load(const uint8_t *at, uint64_t size)
{
    uint64_t value = 0;
    memcpy(&value, at, size);
    return value;
}

static void skip_values(struct cursor *cursor, struct block_column *column, uint64_t rows)
{
    if (strcmp(column->type, "String") == 0) {
        column->data = cursor->at;
        for (uint64_t row = 0; row < rows && !cursor->is_bad; row++)
            take(cursor, varint(cursor));
        return;
    }
    if (strncmp(column->type, "Nullable(", 9) == 0)
        column->nulls = take(cursor, rows);
    column->data = cursor->at;
    if (strncmp(column->type, "Array(", 6) == 0) {
        const uint8_t *ends = take(cursor, rows * 8);
        uint64_t count = cursor->is_bad || rows == 0 ? 0 : load(ends + (rows - 1) * 8, 8);
        take(cursor, count * width(column->type));
        return;
    }
    cursor->is_bad |= width(column->type) == 0;
    take(cursor, rows * width(column->type));
}

bool block_read(const uint8_t *data, size_t size, struct block *ret)
{
    struct cursor cursor = {data, data + size, false};
    memset(ret, 0, sizeof(*ret));
    ret->column_count = varint(&cursor);
    ret->row_count = varint(&cursor);
    if (ret->column_count > 64)
        return false;
    for (uint64_t i = 0; i < ret->column_count && !cursor.is_bad; i++) {
        struct block_column *column = &ret->columns[i];
        text(&cursor, column->name, sizeof(column->name));
        text(&cursor, column->type, sizeof(column->type));
        skip_values(&cursor, column, ret->row_count);
    }
    return !cursor.is_bad && cursor.at == cursor.end;
}

const struct block_column *block_column(const struct block *block, const char *name)
{
    for (uint64_t i = 0; i < block->column_count; i++) {
        if (strcmp(block->columns[i].name, name) == 0)
            return &block->columns[i];
    }
    return NULL;
}

int64_t block_int(const struct block_column *column, uint64_t row)
{
    uint64_t size = width(column->type);
    uint64_t value = load(column->data + row * size, size);
    return strstr(column->type, "Int32") == inner(column->type) ? (int32_t)value : (int64_t)value;
}

bool block_is_null(const struct block_column *column, uint64_t row)
{
    return column->nulls != NULL && column->nulls[row] != 0;
}

void block_text(const struct block_column *column, uint64_t row, char *ret)
{
    const uint8_t *at = column->data;
    for (uint64_t i = 0; i < row; i++)
        at += 1 + *at; /* all texts here are shorter than 128 */
    memcpy(ret, at + 1, *at);
    ret[*at] = '\0';
}

uint64_t block_array(const struct block_column *column, uint64_t rows, uint64_t row, int64_t *ret)
{
    uint64_t end = load(column->data + row * 8, 8);
    uint64_t begin = row > 0 ? load(column->data + (row - 1) * 8, 8) : 0;
    uint64_t size = width(column->type);
    for (uint64_t i = begin; i < end && i - begin < 16; i++) {
        uint64_t value = load(column->data + rows * 8 + i * size, size);
        ret[i - begin] = strstr(column->type, "Int32") != NULL && size == 4 &&
                                 strstr(column->type, "UInt32") == NULL
                             ? (int32_t)value
                             : (int64_t)value;
    }
    return end - begin;
}
