#include "store/embedded/format.h"

#include "suites.h"
#include "support/test.h"

static size_t header_of(const char *format, const char *data, size_t size)
{
    size_t header = SIZE_MAX;
    assert_int_equal(sj_emb_format_header(sj_emb_format_find(format), data, size, &header), 0);
    return header;
}

static void format_unknown_is_made_in_one_piece(void **state)
{
    (void)state;
    assert_int_equal(sj_emb_format_find("Nope")->joint, SJ_EMB_JOINT_WHOLE);
    assert_int_equal(sj_emb_format_find("native")->joint, SJ_EMB_JOINT_WHOLE);
    assert_int_equal(sj_emb_format_find("JSON")->joint, SJ_EMB_JOINT_WHOLE);
    assert_int_equal(sj_emb_format_find("Native")->joint, SJ_EMB_JOINT_PLAIN);
}

static void format_header_of_lines_is_measured(void **state)
{
    (void)state;
    assert_int_equal(header_of("TSVWithNames", "a\tb\n1\t2\n", 8), 4);
    assert_int_equal(header_of("TSVWithNamesAndTypes", "a\nInt8\n1\n", 9), 7);
    assert_int_equal(header_of("CSVWithNames", "\"a\n\"\"b\"\n1\n", 10), 8);
    assert_int_equal(header_of("TSV", "a\n", 2), 0);
    assert_int_equal(header_of("JSON", "{", 1), 0);
}

static void format_header_of_row_binary_is_measured(void **state)
{
    (void)state;
    static const char data[] = "\x02\x01"
                               "a\x02"
                               "bc\x04"
                               "Int8\x05UInt8X";
    assert_int_equal(header_of("RowBinaryWithNames", data, sizeof(data) - 1), 6);
    assert_int_equal(header_of("RowBinaryWithNamesAndTypes", data, sizeof(data) - 1), 17);
}

static void format_document_that_ends_in_its_header_is_malformed(void **state)
{
    (void)state;
    size_t header = 0;
    const struct sj_emb_format *binary = sj_emb_format_find("RowBinaryWithNames");
    static const char huge[] = "\xff\xff\xff\xff\xff\xff\xff\xff\x7f";
    assert_int_equal(sj_emb_format_header(binary, "\x02\x01", 2, &header), -SJ_E_MALFORMED);
    assert_int_equal(sj_emb_format_header(binary, "\x01\x7f", 2, &header), -SJ_E_MALFORMED);
    assert_int_equal(sj_emb_format_header(binary, huge, 9, &header), -SJ_E_MALFORMED);
    assert_int_equal(sj_emb_format_header(sj_emb_format_find("CSVWithNames"), "a", 1, &header),
                     -SJ_E_MALFORMED);
}

int format_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format_unknown_is_made_in_one_piece),
        cmocka_unit_test(format_header_of_lines_is_measured),
        cmocka_unit_test(format_header_of_row_binary_is_measured),
        cmocka_unit_test(format_document_that_ends_in_its_header_is_malformed),
    };
    return cmocka_run_group_tests_name("store_embedded_format", tests, NULL, NULL);
}
