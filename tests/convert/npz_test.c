/* Rows to files and back: npz stored and deflated, npy; what is damaged is refused. */
#include "base/rng.h"
#include "convert/npz.h"
#include "convert/npz_parse.h"

#include "convert_tests.h"

#define ROWS 40000

static struct sj_row *some_rows(uint64_t seed)
{
    struct sj_row *rows = calloc(ROWS, sizeof *rows);
    struct sj_rng rng;
    sj_rng_init(&rng, seed);
    for (size_t i = 0; i < ROWS; i++)
        rows[i] = (struct sj_row){.ev = SJ_ROW_EXCH | SJ_ROW_LOCAL | SJ_ROW_BUY | 1,
                                  .exch_ts = (int64_t)i * 1000,
                                  .local_ts = (int64_t)i * 1000 + 5,
                                  .px = (double)sj_rng_below(&rng, 100000) / 10,
                                  .qty = (double)sj_rng_below(&rng, 1000)};
    return rows;
}

static void write_rows(const char *path, enum sj_npz_kind kind, const struct sj_row *rows,
                       size_t count)
{
    struct sj_npz_writer *writer;
    assert_int_equal(sj_npz_create(path, kind, &writer), 0);
    for (size_t done = 0; done < count;) {
        size_t part = count - done < 777 ? count - done : 777;
        assert_int_equal(sj_npz_append(writer, rows + done, part), 0);
        done += part;
    }
    assert_int_equal(sj_npz_finish(writer), 0);
}

static void assert_reads_as(const char *path, const struct sj_row *rows, size_t count)
{
    struct sj_rows *reader;
    const struct sj_row *batch;
    char error[256];
    sj_rc got;
    assert_int_equal(sj_rows_open(path, &reader, error), 0);
    assert_int_equal(sj_rows_count(reader), count);
    for (int round = 0; round < 2; round++) {
        size_t at = 0;
        while ((got = sj_rows_next(reader, &batch)) > 0) {
            assert_memory_equal(batch, rows + at, (size_t)got * sizeof *rows);
            at += (size_t)got;
        }
        assert_int_equal(got, 0);
        assert_int_equal(at, count);
        assert_int_equal(sj_rows_rewind(reader), 0);
    }
    sj_rows_close(reader);
}

static void rows_written_are_the_rows_read(void **state)
{
    const struct sj_test_dir *dir = *state;
    struct sj_row *rows = some_rows(1);
    static const size_t counts[] = {0, 1, ROWS};
    for (int kind = SJ_NPZ_STORED; kind <= SJ_NPY; kind++)
        for (size_t i = 0; i < 3; i++) {
            const char *path = sj_test_path(dir, "rows.npz");
            write_rows(path, (enum sj_npz_kind)kind, rows, counts[i]);
            assert_reads_as(path, rows, counts[i]);
        }
    free(rows);
}

static void stored_rows_can_be_used_in_the_mapped_file(void **state)
{
    const char *path = sj_test_path(*state, "rows.npz");
    struct sj_row *rows = some_rows(2);
    struct sj_rows *reader;
    char error[256];
    write_rows(path, SJ_NPZ_STORED, rows, ROWS);
    assert_int_equal(sj_rows_open(path, &reader, error), 0);
    const struct sj_row *mapped = sj_rows_mapped(reader);
    assert_non_null(mapped);
    assert_int_equal((uintptr_t)mapped % 64, 0);
    assert_memory_equal(mapped, rows, ROWS * sizeof *rows);
    sj_rows_close(reader);
    free(rows);
}

static sj_rc read_all(const char *path)
{
    struct sj_rows *reader;
    const struct sj_row *batch;
    char error[256] = "";
    sj_rc rc = sj_rows_open(path, &reader, error);
    if (rc < 0) {
        assert_true(*error);
        return rc;
    }
    while ((rc = sj_rows_next(reader, &batch)) > 0)
        ;
    sj_rows_close(reader);
    return rc;
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    struct sj_row *rows = some_rows(3);
    for (int kind = SJ_NPZ_STORED; kind <= SJ_NPY; kind++) {
        const char *path = sj_test_path(*state, "rows.npz");
        write_rows(path, (enum sj_npz_kind)kind, rows, 1000);
        char *bytes;
        size_t size = sj_test_read(path, &bytes);
        for (size_t cut = 0; cut < size; cut += size / 97 + 1) {
            sj_test_write(path, bytes, cut);
            assert_true(read_all(path) < 0);
        }
        free(bytes);
    }
    free(rows);
}

static void a_changed_byte_in_the_rows_is_noticed(void **state)
{
    struct sj_row *rows = some_rows(4);
    for (int kind = SJ_NPZ_STORED; kind <= SJ_NPZ_DEFLATED; kind++) {
        const char *path = sj_test_path(*state, "rows.npz");
        char *bytes;
        write_rows(path, (enum sj_npz_kind)kind, rows, 1000);
        size_t size = sj_test_read(path, &bytes);
        bytes[size / 2] ^= 1;
        sj_test_write(path, bytes, size);
        assert_int_equal(read_all(path), -SJ_E_CORRUPT);
        free(bytes);
    }
    free(rows);
}

static void another_dtype_is_refused_with_its_reason(void **state)
{
    static const char header[] =
        "\x93NUMPY\x01\x00\x46\x00{'descr': '<f8', 'fortran_order': False, "
        "'shape': (0,), }                  \n";
    const char *path = sj_test_path(*state, "rows.npy");
    struct sj_rows *reader;
    char error[256];
    sj_test_write(path, header, sizeof header - 1);
    assert_int_equal(sj_rows_open(path, &reader, error), -SJ_E_MALFORMED);
    assert_non_null(strstr(error, "hftbacktest"));
}

static void sizes_beyond_32_bits_are_found_again(void **state)
{
    (void)state;
    struct sj_npz_shape shape = {.kind = SJ_NPZ_STORED, .row_count = UINT64_C(1) << 27, .crc = 77};
    shape.size = SJ_NPY_FRONT_SIZE + shape.row_count * sizeof(struct sj_row);
    uint64_t rows_end = SJ_NPZ_FRONT_SIZE + shape.row_count * sizeof(struct sj_row);
    uint8_t tail[SJ_NPZ_TAIL_MAX];
    uint64_t size = rows_end + sj_npz_tail(&shape, tail);
    uint8_t *file = sj_test_sparse(size);
    sj_npz_front(&shape, file);
    memcpy(file + rows_end, tail, size - rows_end);
    struct sj_npz_member member;
    char error[256];
    assert_int_equal(sj_npz_find(file, size, &member, error), 0);
    assert_int_equal(member.size, shape.size);
    assert_int_equal(member.offset, SJ_NPZ_FRONT_SIZE - SJ_NPY_FRONT_SIZE);
    assert_int_equal(member.crc, 77);
    sj_test_sparse_free(file, size);
}

int npz_tests(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIR(rows_written_are_the_rows_read),
        WITH_DIR(stored_rows_can_be_used_in_the_mapped_file),
        WITH_DIR(a_file_cut_anywhere_is_refused),
        WITH_DIR(a_changed_byte_in_the_rows_is_noticed),
        WITH_DIR(another_dtype_is_refused_with_its_reason),
        cmocka_unit_test(sizes_beyond_32_bits_are_found_again),
    };
    return cmocka_run_group_tests_name("convert/npz", tests, NULL, NULL);
}
