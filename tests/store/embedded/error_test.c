#include "store/embedded/error.h"

#include "suites.h"
#include "support/test.h"

static void error_code_is_read_from_the_engines_words(void **state)
{
    (void)state;
    assert_int_equal(sj_emb_error_code("Code: 60. DB::Exception: no t. (UNKNOWN_TABLE)"), 60);
    assert_int_equal(
        sj_emb_error_code("Code: 49. DB::Exception: Code: 115. DB::Exception: x (version 1)"), 115);
    assert_int_equal(sj_emb_error_code("Code: x"), 1001);
    assert_int_equal(sj_emb_error_code(""), 1001);
    assert_int_equal(sj_emb_error_code("Code: 99999999999999999999. DB::Exception: "), 1001);
    assert_int_equal(sj_emb_error_code("Code: 62"), 62);
}

static void error_status_is_clickhouses(void **state)
{
    (void)state;
    static const struct {
        int code;
        int status;
    } cases[] = {{60, 404},  {81, 404},  {47, 404},  {115, 404}, {62, 400},
                 {27, 400},  {456, 400}, {159, 408}, {164, 403}, {497, 403},
                 {516, 403}, {194, 401}, {48, 501},  {241, 500}, {394, 500},
                 {373, 423}, {372, 404}, {0, 500},   {-1, 500},  {123456, 500}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(sj_emb_error_status(cases[i].code), cases[i].status);
    assert_string_equal(sj_emb_error_name(241), "MEMORY_LIMIT_EXCEEDED");
    assert_string_equal(sj_emb_error_name(-5), "UNKNOWN_EXCEPTION");
}

static void error_that_may_pass_is_retryable(void **state)
{
    (void)state;
    assert_true(sj_emb_error_retryable(241));
    assert_true(sj_emb_error_retryable(243));
    assert_true(sj_emb_error_retryable(202));
    assert_true(sj_emb_error_retryable(236));
    assert_false(sj_emb_error_retryable(60));
    assert_false(sj_emb_error_retryable(33));
}

static void error_trailer_holds_tag_message_and_size(void **state)
{
    (void)state;
    char out[200];
    size_t size = sj_emb_error_trailer(out, sizeof(out), "abcdefghijklmnop", "Code: 1");
    static const char wanted[] = "\r\n__exception__\r\nabcdefghijklmnop\r\nCode: 1\n8 "
                                 "abcdefghijklmnop\r\n__exception__\r\n";
    assert_int_equal(size, sizeof(wanted) - 1);
    assert_memory_equal(out, wanted, size);
    assert_int_equal(sj_emb_error_trailer(out, 20, "abcdefghijklmnop", "Code: 1"), 0);
}

int error_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_code_is_read_from_the_engines_words),
        cmocka_unit_test(error_status_is_clickhouses),
        cmocka_unit_test(error_that_may_pass_is_retryable),
        cmocka_unit_test(error_trailer_holds_tag_message_and_size),
    };
    return cmocka_run_group_tests_name("store_embedded_error", tests, NULL, NULL);
}
