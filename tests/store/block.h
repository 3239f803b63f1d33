/*
 * block.h: reads a Native block back, written from the format's description alone: the second
 * opinion on the encoder.
 */
#ifndef SJ_TESTS_STORE_BLOCK_H
#define SJ_TESTS_STORE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct block_column {
    char name[64];
    char type[512];
    const uint8_t *data; /* null map first where nullable */
    const uint8_t *nulls;
};

struct block {
    uint64_t column_count;
    uint64_t row_count;
    struct block_column columns[64];
};

/* False where the bytes are not one whole block. */
bool block_read(const uint8_t *data, size_t size, struct block *ret);

/* A column by name, or NULL. */
const struct block_column *block_column(const struct block *block, const char *name);

/* Values of a row. Text goes to `ret` (256 bytes). */
int64_t block_int(const struct block_column *column, uint64_t row);
bool block_is_null(const struct block_column *column, uint64_t row);
void block_text(const struct block_column *column, uint64_t row, char *ret);

/* The array of a row: its length; `ret` has room for 16. */
uint64_t block_array(const struct block_column *column, uint64_t rows, uint64_t row, int64_t *ret);

#endif
