/* What the tests of the converter share: the suites, a folder of their own, small files. */
#ifndef CONVERT_TESTS_H
#define CONVERT_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Each runs its group and returns how many failed. */
int taifex_tests(void);
int npz_tests(void);
int line_tests(void);
int rows_tests(void);
int formats_tests(void);
int outputs_tests(void);

/* A temporary folder as the state of a test. */
struct sj_test_dir {
    char path[64];
};
int sj_test_set_up(void **state);
int sj_test_tear_down(void **state);

/* DIR/name; the text is good until 64 calls after it. */
const char *sj_test_path(const void *dir, const char *name);

/* The whole file; *ret_bytes is the caller's to free and ends with a NUL. */
size_t sj_test_read(const char *path, char **ret_bytes);
void sj_test_write(const char *path, const void *bytes, size_t size);
void sj_test_write_text(const char *path, const char *text);

/* Address space that takes memory only where it is written. */
uint8_t *sj_test_sparse(uint64_t size);
void sj_test_sparse_free(uint8_t *memory, uint64_t size);

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, sj_test_set_up, sj_test_tear_down)

#endif
