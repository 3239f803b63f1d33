/*
 * Arrow's IPC file format (columnar format 1.x, metadata version 5): flatbuffers written by hand.
 * They are built from their end to their beginning, so that what a table refers to is there before
 * it; offsets are counted from the end.
 */
#include "convert/columns.h"

#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 8
#define METADATA_V5 4
#define CONTINUATION UINT32_C(0xffffffff)

enum { HEADER_SCHEMA = 1, HEADER_BATCH = 3 };
enum { TYPE_INT = 2, TYPE_FLOAT = 3 };

struct flat {
    uint8_t *memory;
    size_t room;
    size_t size; /* used, at the end of memory */
    bool failed;
};

/* A table under construction: where its fields lie, counted from the end; 0: absent. */
struct table {
    size_t fields[FIELDS_MAX];
    unsigned count;
    size_t end;
};

static void push(struct flat *flat, const void *bytes, size_t size)
{
    if (flat->room - flat->size < size) {
        flat->failed = true;
        return;
    }
    flat->size += size;
    memcpy(flat->memory + flat->room - flat->size, bytes, size);
}

/* Pads so that after `size` more bytes the place is a multiple of `align`. */
static void align(struct flat *flat, size_t size, size_t to)
{
    static const uint8_t zeros[8];
    size_t rest = (flat->size + size) % to;
    if (rest)
        push(flat, zeros, to - rest);
}

static size_t push_scalar(struct flat *flat, uint64_t value, size_t size)
{
    align(flat, size, size);
    push(flat, &value, size);
    return flat->size;
}

static size_t push_offset(struct flat *flat, size_t target)
{
    align(flat, 4, 4);
    return push_scalar(flat, flat->size + 4 - target, 4);
}

static size_t push_text(struct flat *flat, const char *text)
{
    size_t size = strlen(text);
    align(flat, size + 1 + 4, 4);
    push(flat, text, size + 1);
    return push_scalar(flat, size, 4);
}

/* A vector of structs (or of nothing). */
static size_t push_structs(struct flat *flat, const void *items, size_t size, size_t count)
{
    align(flat, size * count + 4, 4);
    align(flat, size * count, 8);
    push(flat, items, size * count);
    return push_scalar(flat, count, 4);
}

static void begin_table(struct flat *flat, struct table *table)
{
    *table = (struct table){.end = flat->size};
}

static void set(struct table *table, unsigned field, size_t place)
{
    table->fields[field] = place;
    if (field >= table->count)
        table->count = field + 1;
}

/* The table's head is an offset to its vtable, which lies right before it. */
static size_t end_table(struct flat *flat, const struct table *table)
{
    size_t head = push_scalar(flat, 0, 4);
    uint16_t vtable[2 + FIELDS_MAX] = {(uint16_t)(4 + 2 * table->count),
                                       (uint16_t)(head - table->end)};
    for (unsigned i = 0; i < table->count; i++)
        vtable[2 + i] = table->fields[i] ? (uint16_t)(head - table->fields[i]) : 0;
    push(flat, vtable, vtable[0]);
    int32_t distance = (int32_t)vtable[0];
    if (!flat->failed)
        memcpy(flat->memory + flat->room - head, &distance, 4);
    return head;
}

static size_t push_type(struct flat *flat, enum sj_column_type type)
{
    struct table table;
    begin_table(flat, &table);
    if (type == SJ_COLUMN_F64) {
        set(&table, 0, push_scalar(flat, 2, 2)); /* double */
    } else {
        set(&table, 0, push_scalar(flat, 64, 4));
        set(&table, 1, push_scalar(flat, type == SJ_COLUMN_I64, 1));
    }
    return end_table(flat, &table);
}

static size_t push_field(struct flat *flat, const struct sj_column *column)
{
    struct table table;
    size_t name = push_text(flat, column->name);
    size_t type = push_type(flat, column->type);
    size_t children = push_structs(flat, "", 0, 0);
    begin_table(flat, &table);
    set(&table, 0, push_offset(flat, name));
    set(&table, 3, push_offset(flat, type));
    set(&table, 5, push_offset(flat, children));
    set(&table, 2, push_scalar(flat, column->type == SJ_COLUMN_F64 ? TYPE_FLOAT : TYPE_INT, 1));
    set(&table, 1, push_scalar(flat, 0, 1)); /* not nullable */
    return end_table(flat, &table);
}

static size_t push_schema(struct flat *flat)
{
    struct table table;
    size_t fields[SJ_COLUMNS];
    for (unsigned i = 0; i < SJ_COLUMNS; i++)
        fields[i] = push_field(flat, &sj_columns[i]);
    align(flat, 4 * SJ_COLUMNS + 4, 4);
    for (unsigned i = SJ_COLUMNS; i-- > 0;)
        push_offset(flat, fields[i]);
    size_t vector = push_scalar(flat, SJ_COLUMNS, 4);
    begin_table(flat, &table);
    set(&table, 1, push_offset(flat, vector));
    set(&table, 0, push_scalar(flat, 0, 2)); /* little-endian */
    return end_table(flat, &table);
}

static size_t push_record_batch(struct flat *flat, size_t row_count)
{
    struct table table;
    int64_t nodes[SJ_COLUMNS][2];
    int64_t buffers[2 * SJ_COLUMNS][2];
    int64_t size = (int64_t)(8 * row_count);
    for (unsigned i = 0; i < SJ_COLUMNS; i++) {
        nodes[i][0] = (int64_t)row_count;
        nodes[i][1] = 0;
        /* No bitmap of nulls, and the values. */
        buffers[2 * i][0] = buffers[2 * i + 1][0] = (int64_t)i * size;
        buffers[2 * i][1] = 0;
        buffers[2 * i + 1][1] = size;
    }
    size_t buffers_at = push_structs(flat, buffers, 16, sizeof buffers / 16);
    size_t nodes_at = push_structs(flat, nodes, 16, SJ_COLUMNS);
    begin_table(flat, &table);
    set(&table, 0, push_scalar(flat, row_count, 8));
    set(&table, 1, push_offset(flat, nodes_at));
    set(&table, 2, push_offset(flat, buffers_at));
    return end_table(flat, &table);
}

static void finish(struct flat *flat, size_t root)
{
    /* The root's offset comes first, and the whole is a multiple of 8 bytes. */
    align(flat, 4, 8);
    push_offset(flat, root);
}

static void put_message(struct sj_bytes *out, int header_type, size_t row_count)
{
    uint8_t memory[4096];
    struct flat flat = {memory, sizeof memory, 0, false};
    struct table table;
    size_t header =
        header_type == HEADER_SCHEMA ? push_schema(&flat) : push_record_batch(&flat, row_count);
    begin_table(&flat, &table);
    set(&table, 3, push_scalar(&flat, 8 * SJ_COLUMNS * (uint64_t)row_count, 8));
    set(&table, 2, push_offset(&flat, header));
    set(&table, 0, push_scalar(&flat, METADATA_V5, 2));
    set(&table, 1, push_scalar(&flat, (uint64_t)header_type, 1));
    finish(&flat, end_table(&flat, &table));
    uint32_t prefix[2] = {CONTINUATION, (uint32_t)flat.size};
    out->failed |= flat.failed;
    sj_bytes_put(out, prefix, sizeof prefix);
    sj_bytes_put(out, memory + sizeof memory - flat.size, flat.size);
}

void sj_arrow_begin(struct sj_bytes *out)
{
    sj_bytes_put(out, "ARROW1\0\0", 8);
    put_message(out, HEADER_SCHEMA, 0);
}

void sj_arrow_batch(struct sj_bytes *out, size_t row_count)
{
    put_message(out, HEADER_BATCH, row_count);
}

void sj_arrow_end(struct sj_bytes *out, const struct sj_arrow_block *blocks, size_t count)
{
    struct flat flat = {.room = count * sizeof *blocks + 4096};
    struct table table;
    const uint32_t end[2] = {CONTINUATION, 0};
    flat.memory = malloc(flat.room);
    if (!flat.memory) {
        out->failed = true;
        return;
    }
    size_t batches = push_structs(&flat, blocks, sizeof *blocks, count);
    size_t schema = push_schema(&flat);
    begin_table(&flat, &table);
    set(&table, 1, push_offset(&flat, schema));
    set(&table, 3, push_offset(&flat, batches));
    set(&table, 0, push_scalar(&flat, METADATA_V5, 2));
    finish(&flat, end_table(&flat, &table));
    uint32_t size = (uint32_t)flat.size;
    out->failed |= flat.failed;
    sj_bytes_put(out, end, sizeof end);
    sj_bytes_put(out, flat.memory + flat.room - flat.size, flat.size);
    sj_bytes_put(out, &size, sizeof size);
    sj_bytes_put(out, "ARROW1", 6);
    free(flat.memory);
}
