/* What must hold for every indicator: batches, splits and restored states give the same bits. */
#include <math.h>

#include "indicator_suites.h"
#include "subjects.h"
#include "support/test.h"

#define ROWS_MAX 700

/* Columns with strides and offsets of their own, some backwards, none aligned. */
struct table {
    uint32_t column_count;
    int64_t row_count;
    struct sj_column column[SUBJECT_INPUTS_MAX];
    char *memory;
};

static int64_t random_stride(uint64_t *seed, bool simple)
{
    static const int64_t strides[] = {8, 16, 24, 9, 13, 40, -8, -16};
    return simple ? 8 : strides[sj_test_random(seed) % (sizeof strides / sizeof *strides)];
}

static void make_table(struct table *table, uint32_t columns, int64_t rows, uint64_t *seed)
{
    const size_t column_size = ROWS_MAX * 40 + 64;
    bool simple = sj_test_random(seed) % 3 == 0;
    table->column_count = columns;
    table->row_count = rows;
    table->memory = malloc(columns * column_size);
    assert_non_null(table->memory);
    memset(table->memory, 0x5a, columns * column_size);
    for (uint32_t c = 0; c < columns; c++) {
        int64_t stride = random_stride(seed, simple);
        char *first = table->memory + c * column_size + (simple ? 0 : sj_test_random(seed) % 8);
        if (stride < 0)
            first += -stride * (rows > 0 ? rows - 1 : 0);
        table->column[c] = (struct sj_column){first, stride};
    }
}

static char *cell_at(const struct table *table, uint32_t column, int64_t row)
{
    return (char *)table->column[column].data + row * table->column[column].stride;
}

static void fill(struct table *table, const struct subject *subject, uint64_t *seed)
{
    int64_t walk[SUBJECT_INPUTS_MAX] = {0};
    /* Half of the tables have nothing odd in long stretches, as vectors like them. */
    for (int64_t row = 0; row < table->row_count; row++)
        for (uint32_t c = 0; c < table->column_count; c++) {
            union cell cell = subject_cell(subject->input[c], seed, &walk[c]);
            if (row % 128 >= 64 && subject->input[c] == INPUT_QUANTITY && !(cell.value >= 1))
                cell.value = 3;
            memcpy(cell_at(table, c, row), &cell, sizeof cell);
        }
}

/* Row by row through the update. */
static void run_updates(const struct subject *subject, void *state, const struct table *in,
                        double *out)
{
    for (int64_t row = 0; row < in->row_count; row++) {
        union cell cells[SUBJECT_INPUTS_MAX];
        for (uint32_t c = 0; c < in->column_count; c++)
            memcpy(&cells[c], cell_at(in, c, row), sizeof cells[c]);
        subject->update(state, cells, out + row * subject->output_count);
    }
}

/* In pieces of random length; between them the state goes through a blob. */
static void run_batches(const struct subject *subject, void *state, const struct table *in,
                        struct table *out, uint64_t *seed)
{
    char blob[SUBJECT_STATE_MAX];
    for (int64_t row = 0; row < in->row_count;) {
        int64_t count = (int64_t)(sj_test_random(seed) % 300);
        struct sj_column from[SUBJECT_INPUTS_MAX], to[SUBJECT_OUTPUTS_MAX];
        if (count > in->row_count - row)
            count = in->row_count - row;
        for (uint32_t c = 0; c < in->column_count; c++)
            from[c] = (struct sj_column){cell_at(in, c, row), in->column[c].stride};
        for (uint32_t c = 0; c < out->column_count; c++)
            to[c] = (struct sj_column){cell_at(out, c, row), out->column[c].stride};
        subject->batch(state, count, from, to);
        row += count;
        if (subject->kind == 0)
            continue;
        sj_rc size = sj_indicator_save(subject->kind, state, blob, sizeof blob);
        assert_true(size > 0);
        memset(state, 0xa5, SUBJECT_STATE_MAX);
        if (sj_indicator_restore(subject->kind, blob, (size_t)size, state) != 0)
            fail_msg("%s: its own blob was refused", subject->name);
    }
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void compare(const struct subject *subject, const double *wanted, const struct table *out)
{
    for (int64_t row = 0; row < out->row_count; row++)
        for (uint32_t c = 0; c < out->column_count; c++) {
            double value, want = wanted[row * subject->output_count + c];
            memcpy(&value, cell_at(out, c, row), sizeof value);
            bool same = isnan(want) ? isnan(value) : bits_of(want) == bits_of(value);
            if (!same)
                fail_msg("%s, row %lld of %lld, output %u: %.17g by event, %.17g in a batch",
                         subject->name, (long long)row, (long long)out->row_count, c, want, value);
            if (isinf(value))
                fail_msg("%s, row %lld, output %u: infinite", subject->name, (long long)row, c);
        }
}

static void check_subject(const struct subject *subject, uint32_t variant, uint64_t *seed)
{
    static _Alignas(64) char by_event[SUBJECT_STATE_MAX], by_batch[SUBJECT_STATE_MAX];
    static double wanted[ROWS_MAX * SUBJECT_OUTPUTS_MAX];
    struct table in, out;
    int64_t rows = (int64_t)(sj_test_random(seed) % ROWS_MAX);
    make_table(&in, subject->input_count, rows, seed);
    make_table(&out, subject->output_count, rows, seed);
    fill(&in, subject, seed);
    memset(by_event, 0, sizeof by_event);
    memset(by_batch, 0, sizeof by_batch);
    subject->init(by_event, variant);
    subject->init(by_batch, variant);
    run_updates(subject, by_event, &in, wanted);
    run_batches(subject, by_batch, &in, &out, seed);
    compare(subject, wanted, &out);
    if (subject->kind)
        assert_memory_equal(by_event, by_batch, sj_indicator_state_size(subject->kind));
    free(in.memory);
    free(out.memory);
}

static void batches_split_anywhere_give_the_bits_of_single_updates(void **state)
{
    (void)state;
    uint64_t seed = sj_test_seed();
    for (uint32_t i = 0; i < subject_count; i++)
        for (uint32_t variant = 0; variant < 60; variant++)
            check_subject(&subjects[i], variant, &seed);
}

static void an_output_that_is_not_wanted_is_not_written(void **state)
{
    (void)state;
    uint64_t seed = sj_test_seed();
    for (uint32_t i = 0; i < subject_count; i++) {
        const struct subject *subject = &subjects[i];
        static _Alignas(64) char one[SUBJECT_STATE_MAX], other[SUBJECT_STATE_MAX];
        struct table in, out;
        struct sj_column nothing[SUBJECT_OUTPUTS_MAX] = {{0}};
        make_table(&in, subject->input_count, 300, &seed);
        make_table(&out, subject->output_count, 300, &seed);
        fill(&in, subject, &seed);
        memset(one, 0, sizeof one);
        memset(other, 0, sizeof other);
        subject->init(one, i);
        subject->init(other, i);
        subject->batch(one, 300, in.column, out.column);
        subject->batch(other, 300, in.column, nothing);
        assert_memory_equal(one, other, sizeof one);
        free(in.memory);
        free(out.memory);
    }
}

static void an_output_may_take_the_place_of_an_input(void **state)
{
    (void)state;
    uint64_t seed = sj_test_seed();
    for (uint32_t i = 0; i < subject_count; i++) {
        const struct subject *subject = &subjects[i];
        static _Alignas(64) char one[SUBJECT_STATE_MAX], other[SUBJECT_STATE_MAX];
        struct table in, out;
        struct sj_column to[SUBJECT_OUTPUTS_MAX] = {{0}};
        make_table(&in, subject->input_count, 500, &seed);
        make_table(&out, subject->output_count, 500, &seed);
        fill(&in, subject, &seed);
        memset(one, 0, sizeof one);
        memset(other, 0, sizeof other);
        subject->init(one, i);
        subject->init(other, i);
        subject->batch(one, 500, in.column, out.column);
        uint32_t place = (uint32_t)(sj_test_random(&seed) % subject->input_count);
        to[0] = in.column[place];
        subject->batch(other, 500, in.column, to);
        assert_memory_equal(one, other, sizeof one);
        for (int64_t row = 0; row < 500; row++)
            assert_memory_equal(cell_at(&in, place, row), cell_at(&out, 0, row), sizeof(double));
        free(in.memory);
        free(out.memory);
    }
}

int batch_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_split_anywhere_give_the_bits_of_single_updates),
        cmocka_unit_test(an_output_that_is_not_wanted_is_not_written),
        cmocka_unit_test(an_output_may_take_the_place_of_an_input),
    };
    return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
