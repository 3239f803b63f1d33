#include "store/embedded/buffer.h"

#include "suites.h"
#include "support/test.h"

static void buffer_stops_at_its_limit_unchanged(void **state)
{
    (void)state;
    struct sj_emb_buffer buffer = {.limit = 10};
    assert_int_equal(sj_emb_buffer_append(&buffer, "12345678", 8), 0);
    assert_int_equal(sj_emb_buffer_append(&buffer, "123", 3), -SJ_E_LIMIT);
    assert_int_equal(buffer.size, 8);
    sj_emb_buffer_done(&buffer);
    assert_int_equal(buffer.limit, 10);
}

static void buffer_quotes_text_as_one_token(void **state)
{
    (void)state;
    struct sj_emb_buffer buffer = {0};
    struct sj_emb_text text = {"a'b\\c\0d`", 8};
    assert_int_equal(sj_emb_buffer_quote(&buffer, '\'', text), 0);
    assert_int_equal(sj_emb_buffer_append(&buffer, "", 1), 0);
    assert_string_equal(buffer.data, "'a\\'b\\\\c\\0d`'");
    sj_emb_buffer_done(&buffer);
}

static void buffer_prints_more_than_fits_on_the_stack(void **state)
{
    (void)state;
    struct sj_emb_buffer buffer = {0};
    assert_int_equal(sj_emb_buffer_printf(&buffer, "%2000d", 7), 0);
    assert_int_equal(buffer.size, 2000);
    assert_int_equal(buffer.data[1999], '7');
    sj_emb_buffer_done(&buffer);
}

int buffer_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffer_stops_at_its_limit_unchanged),
        cmocka_unit_test(buffer_quotes_text_as_one_token),
        cmocka_unit_test(buffer_prints_more_than_fits_on_the_stack),
    };
    return cmocka_run_group_tests_name("store_embedded_buffer", tests, NULL, NULL);
}
