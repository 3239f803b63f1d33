/*
 * arrow_build.c: rows to Arrow's columns. Each array owns its buffers, children and dictionary, so
 * a consumer may move any of them out and release it on its own.
 */
#include "arrow.h"

#include <stdlib.h>
#include <string.h>

#define BUFFERS_MAX 3

struct owned {
    const void *buffers[BUFFERS_MAX];
};

static void release_array(struct ArrowArray *array)
{
    struct owned *owned = array->private_data;
    for (int64_t i = 0; i < array->n_children; i++) {
        if (array->children[i] && array->children[i]->release)
            array->children[i]->release(array->children[i]);
        free(array->children[i]);
    }
    free((void *)array->children);
    if (array->dictionary && array->dictionary->release)
        array->dictionary->release(array->dictionary);
    free(array->dictionary);
    for (int i = 0; i < BUFFERS_MAX; i++)
        free((void *)(uintptr_t)owned->buffers[i]);
    free(owned);
    array->release = NULL;
}

static int begin_array(struct ArrowArray *array, int64_t length, int64_t buffer_count,
                       int64_t child_count)
{
    struct owned *owned = calloc(1, sizeof(*owned));
    struct ArrowArray **children = calloc((size_t)child_count + 1, sizeof(*children));
    if (!owned || !children) {
        free(owned);
        free((void *)children);
        return -1;
    }
    *array = (struct ArrowArray){.length = length,
                                 .n_buffers = buffer_count,
                                 .n_children = child_count,
                                 .buffers = owned->buffers,
                                 .children = children,
                                 .release = release_array,
                                 .private_data = owned};
    return 0;
}

static void *new_buffer(struct ArrowArray *array, int index, size_t size)
{
    void *buffer = aligned_alloc(64, (size + 127) / 64 * 64);
    if (buffer)
        memset(buffer, 0, (size + 127) / 64 * 64);
    ((struct owned *)array->private_data)->buffers[index] = buffer;
    return buffer;
}

/* The validity bits, made when the first null is met. */
static int set_null(struct ArrowArray *array, int64_t row)
{
    uint8_t *bits = (uint8_t *)(uintptr_t)array->buffers[0];
    if (!bits) {
        bits = new_buffer(array, 0, (size_t)array->length / 8 + 1);
        if (!bits)
            return -1;
        memset(bits, 0xff, (size_t)array->length / 8 + 1);
    }
    bits[row / 8] &= (uint8_t) ~(1u << (row % 8));
    array->null_count++;
    return 0;
}

struct source {
    const struct sj_arrow_column *column;
    const uint8_t *at; /* of the column in the first row */
    size_t row_size;
};

/* A column of one width, each value looked at for its null. */
#define PLAIN(name, from_type, to_type, is_null, value_of)                                         \
    static int name(const struct source *from, struct ArrowArray *array)                           \
    {                                                                                              \
        to_type *to = new_buffer(array, 1, (size_t)array->length * sizeof(to_type));               \
        if (!to)                                                                                   \
            return -1;                                                                             \
        const uint8_t *at = from->at;                                                              \
        for (int64_t row = 0; row < array->length; row++, at += from->row_size) {                  \
            from_type value;                                                                       \
            memcpy(&value, at, sizeof(value));                                                     \
            if (is_null) {                                                                         \
                if (set_null(array, row) < 0)                                                      \
                    return -1;                                                                     \
            } else {                                                                               \
                to[row] = value_of;                                                                \
            }                                                                                      \
        }                                                                                          \
        return 0;                                                                                  \
    }
PLAIN(fill_u8, uint8_t, uint8_t, false, value)
PLAIN(fill_u16, uint16_t, uint16_t, false, value)
PLAIN(fill_u32, uint32_t, uint32_t, value == UINT32_MAX, value)
PLAIN(fill_u64, uint64_t, uint64_t, value == UINT64_MAX, value)
PLAIN(fill_i32, int32_t, int32_t, false, value)
PLAIN(fill_i64, int64_t, int64_t, value == INT64_MIN, value)
PLAIN(fill_price, int64_t, double, value == INT64_MIN, (double)value / 1e6)
PLAIN(fill_flags, uint32_t, uint32_t, false, value)
PLAIN(fill_enum, uint8_t, int16_t,
      value >= from->column->word_count || !*from->column->words[value], (int16_t)value)
PLAIN(fill_symbol, uint32_t, int32_t,
      value >= from->column->word_count || !*from->column->words[value], (int32_t)value)

/* How many bytes of valid UTF-8 begin at `at`, 0: none. */
static size_t utf8_size(const uint8_t *at, size_t left)
{
    if (at[0] < 0x80)
        return 1;
    size_t size = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || size > left)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
    bool beyond = (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf4 && at[1] > 0x8f);
    return overlong || beyond ? 0 : size;
}

/* Copies text; a byte that is no UTF-8 becomes '?'. Consumers trust it to be. */
static void put_text(uint8_t *to, const uint8_t *from, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t step = utf8_size(from + i, size - i);
        if (step == 0) {
            to[i++] = '?';
            continue;
        }
        memcpy(to + i, from + i, step);
        i += step;
    }
}

static int fill_text(const struct source *from, struct ArrowArray *array)
{
    uint32_t size_max = from->column->size;
    int32_t *offsets = new_buffer(array, 1, ((size_t)array->length + 1) * sizeof(*offsets));
    uint8_t *text = new_buffer(array, 2, (size_t)array->length * size_max);
    if (!offsets || !text)
        return -1;
    int32_t used = 0;
    const uint8_t *at = from->at;
    for (int64_t row = 0; row < array->length; row++, at += from->row_size) {
        size_t size = strnlen((const char *)at, size_max);
        if (size == 0 && set_null(array, row) < 0)
            return -1;
        put_text(text + used, at, size);
        used += (int32_t)size;
        offsets[row + 1] = used;
    }
    return 0;
}

/* By enum sj_column_kind. */
static const struct {
    const char *format;
    int (*fill)(const struct source *from, struct ArrowArray *array);
    int buffer_count;
    bool dictionary;
} kinds[SJ_ARROW_KINDS] = {
    [SJ_ARROW_U8] = {"C", fill_u8, 2, false},
    [SJ_ARROW_U16] = {"S", fill_u16, 2, false},
    [SJ_ARROW_U32] = {"I", fill_u32, 2, false},
    [SJ_ARROW_U64] = {"L", fill_u64, 2, false},
    [SJ_ARROW_I32] = {"i", fill_i32, 2, false},
    [SJ_ARROW_I64] = {"l", fill_i64, 2, false},
    [SJ_ARROW_E6] = {"l", fill_i64, 2, false},
    [SJ_ARROW_PRICE] = {"g", fill_price, 2, false},
    [SJ_ARROW_TIME] = {"tsn:UTC", fill_i64, 2, false},
    [SJ_ARROW_FLAGS] = {"I", fill_flags, 2, false},
    [SJ_ARROW_ENUM] = {"s", fill_enum, 2, true},
    [SJ_ARROW_CHAR] = {"u", fill_text, 3, false},
    [SJ_ARROW_TEXT] = {"u", fill_text, 3, false},
    [SJ_ARROW_SYMBOL] = {"i", fill_symbol, 2, true},
};

static int add_dictionary(const struct sj_arrow_column *column, struct ArrowArray *array)
{
    struct ArrowArray *words = calloc(1, sizeof(*words));
    size_t size = 0;
    for (uint32_t i = 0; i < column->word_count; i++)
        size += strlen(column->words[i]);
    array->dictionary = words;
    if (!words || size > INT32_MAX || begin_array(words, column->word_count, 3, 0) < 0)
        return -1;
    int32_t *offsets = new_buffer(words, 1, ((size_t)column->word_count + 1) * sizeof(*offsets));
    uint8_t *text = new_buffer(words, 2, size);
    if (!offsets || !text)
        return -1;
    for (uint32_t i = 0; i < column->word_count; i++) {
        size_t word_size = strlen(column->words[i]);
        memcpy(text + offsets[i], column->words[i], word_size);
        offsets[i + 1] = offsets[i] + (int32_t)word_size;
    }
    return 0;
}

static int add_column(const struct sj_arrow_column *column, const uint8_t *rows, size_t row_size,
                      int64_t row_count, struct ArrowArray *array)
{
    struct source from = {.column = column, .at = rows + column->offset, .row_size = row_size};
    if (begin_array(array, row_count, kinds[column->kind].buffer_count, 0) < 0)
        return -1;
    if (kinds[column->kind].dictionary && add_dictionary(column, array) < 0)
        return -1;
    return kinds[column->kind].fill(&from, array);
}

int sj_arrow_array(const struct sj_arrow_column *columns, int64_t count, const uint8_t *rows,
                   size_t row_size, int64_t row_count, struct ArrowArray *ret)
{
    struct ArrowArray array;
    if (begin_array(&array, row_count, 1, count) < 0)
        return -1;
    for (int64_t i = 0; i < count; i++) {
        array.children[i] = calloc(1, sizeof(struct ArrowArray));
        if (!array.children[i] ||
            add_column(&columns[i], rows, row_size, row_count, array.children[i]) < 0) {
            array.release(&array);
            return -1;
        }
    }
    *ret = array;
    return 0;
}

static void release_schema(struct ArrowSchema *schema)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i] && schema->children[i]->release)
            schema->children[i]->release(schema->children[i]);
        free(schema->children[i]);
    }
    free((void *)schema->children);
    if (schema->dictionary && schema->dictionary->release)
        schema->dictionary->release(schema->dictionary);
    free(schema->dictionary);
    free(schema->private_data); /* the name */
    schema->release = NULL;
}

static int begin_schema(struct ArrowSchema *schema, const char *format, const char *name,
                        int64_t child_count)
{
    char *copy = strdup(name);
    struct ArrowSchema **children = calloc((size_t)child_count + 1, sizeof(*children));
    if (!copy || !children) {
        free(copy);
        free((void *)children);
        return -1;
    }
    *schema = (struct ArrowSchema){.format = format,
                                   .name = copy,
                                   .flags = child_count ? 0 : ARROW_FLAG_NULLABLE,
                                   .n_children = child_count,
                                   .children = children,
                                   .release = release_schema,
                                   .private_data = copy};
    return 0;
}

int sj_arrow_schema(const struct sj_arrow_column *columns, int64_t count, struct ArrowSchema *ret)
{
    struct ArrowSchema schema;
    if (begin_schema(&schema, "+s", "", count) < 0)
        return -1;
    schema.flags = 0;
    for (int64_t i = 0; i < count; i++) {
        struct ArrowSchema *child = schema.children[i] = calloc(1, sizeof(*child));
        bool good =
            child && begin_schema(child, kinds[columns[i].kind].format, columns[i].name, 0) == 0;
        if (good && kinds[columns[i].kind].dictionary) {
            child->dictionary = calloc(1, sizeof(*child));
            good = child->dictionary && begin_schema(child->dictionary, "u", "", 0) == 0;
        }
        if (!good) {
            schema.release(&schema);
            return -1;
        }
    }
    *ret = schema;
    return 0;
}
