/*
 * Parquet's metadata (format 2, Thrift's compact protocol): page headers and the footer. Numbers in
 * the calls are the field ids and enum values of parquet.thrift.
 */
#include "convert/columns.h"

#include <string.h>

enum { T_I32 = 5, T_I64 = 6, T_TEXT = 8, T_LIST = 9, T_STRUCT = 12 };
enum { TYPE_INT64 = 2, TYPE_DOUBLE = 5 };
enum { CONVERTED_UINT_64 = 14, CONVERTED_INT_64 = 18 };
enum { ENCODING_PLAIN = 0, ENCODING_RLE = 3, CODEC_ZSTD = 6 };

struct thrift {
    struct sj_bytes *out;
    unsigned depth;
    unsigned last[8]; /* field id, by depth */
};

static void put_byte(struct thrift *thrift, unsigned byte)
{
    uint8_t value = (uint8_t)byte;
    sj_bytes_put(thrift->out, &value, 1);
}

static void put_varint(struct thrift *thrift, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        put_byte(thrift, (unsigned)(value & 0x7f) | 0x80);
    put_byte(thrift, (unsigned)value);
}

static void put_field(struct thrift *thrift, unsigned id, unsigned type)
{
    put_byte(thrift, (id - thrift->last[thrift->depth]) << 4 | type);
    thrift->last[thrift->depth] = id;
}

static void put_int(struct thrift *thrift, unsigned id, unsigned type, uint64_t value)
{
    put_field(thrift, id, type);
    put_varint(thrift, value << 1); /* zigzag of what is not negative */
}

static void put_text_value(struct thrift *thrift, const char *text)
{
    put_varint(thrift, strlen(text));
    sj_bytes_put(thrift->out, text, strlen(text));
}

static void put_list(struct thrift *thrift, unsigned id, unsigned type, size_t count)
{
    put_field(thrift, id, T_LIST);
    put_byte(thrift, count < 15 ? (unsigned)count << 4 | type : 0xf0 | type);
    if (count >= 15)
        put_varint(thrift, count);
}

static void begin_struct(struct thrift *thrift)
{
    thrift->last[++thrift->depth] = 0;
}

static void end_struct(struct thrift *thrift)
{
    put_byte(thrift, 0);
    thrift->depth--;
}

void sj_parquet_page(struct sj_bytes *out, size_t count, size_t plain_size, size_t size)
{
    struct thrift thrift = {.out = out};
    put_int(&thrift, 1, T_I32, 0); /* a data page */
    put_int(&thrift, 2, T_I32, plain_size);
    put_int(&thrift, 3, T_I32, size);
    put_field(&thrift, 5, T_STRUCT);
    begin_struct(&thrift);
    put_int(&thrift, 1, T_I32, count);
    put_int(&thrift, 2, T_I32, ENCODING_PLAIN);
    put_int(&thrift, 3, T_I32, ENCODING_RLE);
    put_int(&thrift, 4, T_I32, ENCODING_RLE);
    end_struct(&thrift);
    put_byte(&thrift, 0);
}

static uint64_t type_of(const struct sj_column *column)
{
    return column->type == SJ_COLUMN_F64 ? TYPE_DOUBLE : TYPE_INT64;
}

static void put_schema(struct thrift *thrift)
{
    put_list(thrift, 2, T_STRUCT, 1 + SJ_COLUMNS);
    begin_struct(thrift);
    put_field(thrift, 4, T_TEXT);
    put_text_value(thrift, "rows");
    put_int(thrift, 5, T_I32, SJ_COLUMNS);
    end_struct(thrift);
    for (unsigned i = 0; i < SJ_COLUMNS; i++) {
        const struct sj_column *column = &sj_columns[i];
        begin_struct(thrift);
        put_int(thrift, 1, T_I32, type_of(column));
        put_int(thrift, 3, T_I32, 0); /* required */
        put_field(thrift, 4, T_TEXT);
        put_text_value(thrift, column->name);
        if (column->type != SJ_COLUMN_F64)
            put_int(thrift, 6, T_I32,
                    column->type == SJ_COLUMN_U64 ? CONVERTED_UINT_64 : CONVERTED_INT_64);
        end_struct(thrift);
    }
}

static void put_chunk(struct thrift *thrift, const struct sj_column *column,
                      const struct sj_parquet_chunk *chunk, uint64_t row_count)
{
    begin_struct(thrift);
    put_int(thrift, 2, T_I64, chunk->offset);
    put_field(thrift, 3, T_STRUCT);
    begin_struct(thrift);
    put_int(thrift, 1, T_I32, type_of(column));
    put_list(thrift, 2, T_I32, 1);
    put_varint(thrift, ENCODING_PLAIN << 1);
    put_list(thrift, 3, T_TEXT, 1);
    put_text_value(thrift, column->name);
    put_int(thrift, 4, T_I32, CODEC_ZSTD);
    put_int(thrift, 5, T_I64, row_count);
    put_int(thrift, 6, T_I64, chunk->plain_size);
    put_int(thrift, 7, T_I64, chunk->size);
    put_int(thrift, 9, T_I64, chunk->offset);
    end_struct(thrift);
    end_struct(thrift);
}

static void put_group(struct thrift *thrift, const struct sj_parquet_group *group)
{
    uint64_t size = 0;
    begin_struct(thrift);
    put_list(thrift, 1, T_STRUCT, SJ_COLUMNS);
    for (unsigned i = 0; i < SJ_COLUMNS; i++) {
        put_chunk(thrift, &sj_columns[i], &group->chunks[i], group->row_count);
        size += group->chunks[i].plain_size;
    }
    put_int(thrift, 2, T_I64, size);
    put_int(thrift, 3, T_I64, group->row_count);
    end_struct(thrift);
}

void sj_parquet_end(struct sj_bytes *out, const struct sj_parquet_group *groups, size_t count)
{
    struct thrift thrift = {.out = out};
    size_t begin = out->size;
    uint64_t rows = 0;
    for (size_t i = 0; i < count; i++)
        rows += groups[i].row_count;
    put_int(&thrift, 1, T_I32, 1);
    put_schema(&thrift);
    put_int(&thrift, 3, T_I64, rows);
    put_list(&thrift, 4, T_STRUCT, count);
    for (size_t i = 0; i < count; i++)
        put_group(&thrift, &groups[i]);
    put_field(&thrift, 6, T_TEXT);
    put_text_value(&thrift, "shijim " SJ_VERSION);
    put_byte(&thrift, 0);
    uint32_t size = (uint32_t)(out->size - begin);
    sj_bytes_put(out, &size, sizeof size);
    sj_bytes_put(out, "PAR1", 4);
}
