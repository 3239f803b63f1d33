/* arrow.h: the Arrow C data interface (three structs, fixed for ever), and building its arrays. */
#ifndef SJ_PY_ARROW_H
#define SJ_PY_ARROW_H

#include "native.h"

#define ARROW_FLAG_NULLABLE 2

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};

/* What a column is made of. */
enum sj_column_kind {
    SJ_ARROW_U8,
    SJ_ARROW_U16,
    SJ_ARROW_U32, /* null: all bits set */
    SJ_ARROW_U64, /* null: all bits set */
    SJ_ARROW_I32,
    SJ_ARROW_I64,    /* null: the least one; so for the next three */
    SJ_ARROW_E6,     /* as int64 */
    SJ_ARROW_PRICE,  /* millionths as float64 */
    SJ_ARROW_TIME,   /* ns UTC */
    SJ_ARROW_FLAGS,  /* uint32 without a null */
    SJ_ARROW_ENUM,   /* uint8, a dictionary of words; null: a value without a word */
    SJ_ARROW_CHAR,   /* text of one character; null: 0 */
    SJ_ARROW_TEXT,   /* text; null: empty */
    SJ_ARROW_SYMBOL, /* uint32, a dictionary of codes by id; null: an id without one */
    SJ_ARROW_KINDS
};

struct sj_arrow_column {
    char *name;
    enum sj_column_kind kind;
    uint32_t offset; /* in the row */
    uint32_t size;
    uint32_t word_count;
    char **words; /* "": no word */
};

/* The schema of a struct of these columns. -1: out of memory, and nothing is left. */
int sj_arrow_schema(const struct sj_arrow_column *columns, int64_t count, struct ArrowSchema *ret);

/* The rows as columns, all copied. -1: out of memory, and nothing is left. No GIL needed. */
int sj_arrow_array(const struct sj_arrow_column *columns, int64_t count, const uint8_t *rows,
                   size_t row_size, int64_t row_count, struct ArrowArray *ret);

int sj_py_add_arrow(PyObject *module);

#endif
