#include "base/json.h"

#include <math.h>

#include "suites.h"
#include "support/test.h"

static char buffer[512];
static struct sj_json json;

static int setup(void **state)
{
    (void)state;
    sj_json_init(&json, buffer, sizeof buffer);
    return 0;
}

static void assert_json(const char *wanted)
{
    assert_int_equal(sj_json_finish(&json), strlen(wanted));
    assert_string_equal(buffer, wanted);
}

static void json_nests_objects_and_arrays(void **state)
{
    (void)state;
    sj_json_begin_object(&json);
    sj_json_field_text(&json, "a", "b");
    sj_json_key(&json, "list");
    sj_json_begin_array(&json);
    sj_json_int(&json, -1);
    sj_json_begin_object(&json);
    sj_json_end_object(&json);
    sj_json_begin_array(&json);
    sj_json_end_array(&json);
    sj_json_null(&json);
    sj_json_end_array(&json);
    sj_json_field_bool(&json, "yes", true);
    sj_json_end_object(&json);
    assert_json("{\"a\":\"b\",\"list\":[-1,{},[],null],\"yes\":true}");
}

static void json_writes_numbers_that_read_back(void **state)
{
    (void)state;
    sj_json_begin_array(&json);
    sj_json_int(&json, INT64_MIN);
    sj_json_uint(&json, UINT64_MAX);
    sj_json_real(&json, 0.1);
    sj_json_real(&json, 1.0 / 3);
    sj_json_real(&json, 2.5e8);
    sj_json_real(&json, (double)NAN);
    sj_json_real(&json, (double)-INFINITY);
    sj_json_e6(&json, 18052500000);
    sj_json_end_array(&json);
    assert_json("[-9223372036854775808,18446744073709551615,0.1,0.3333333333333333,250000000,null,"
                "null,18052.5]");
}

static void json_escapes_what_it_must(void **state)
{
    (void)state;
    sj_json_text_n(&json, "q\" b\\ n\n t\t r\r z\0 d\x7f n", 22);
    assert_json("\"q\\\" b\\\\ n\\n t\\t r\\r z\\u0000 d\\u007f n\"");
}

static void json_keeps_utf8_and_replaces_what_is_not(void **state)
{
    (void)state;
    sj_json_begin_array(&json);
    sj_json_text(&json, "\xE5\x8F\xB0\xE6\x8C\x87\xE6\x9C\x9F"); /* Taiwan index futures */
    sj_json_text(&json, "\xF0\x9F\x93\x88");
    sj_json_text(&json, "a\xFFz");           /* no lead byte */
    sj_json_text(&json, "\xC0\x80");         /* overlong */
    sj_json_text(&json, "\xED\xA0\x80");     /* surrogate */
    sj_json_text(&json, "\xE5\x8F");         /* cut off */
    sj_json_text(&json, "\xF4\x90\x80\x80"); /* beyond U+10FFFF */
    sj_json_end_array(&json);
#define BAD "\xEF\xBF\xBD"
    assert_json("[\"\xE5\x8F\xB0\xE6\x8C\x87\xE6\x9C\x9F\",\"\xF0\x9F\x93\x88\",\"a" BAD
                "z\",\"" BAD BAD "\",\"" BAD BAD BAD "\",\"" BAD BAD "\",\"" BAD BAD BAD BAD "\"]");
}

static void json_tells_when_the_buffer_is_too_small_and_stays_inside(void **state)
{
    (void)state;
    for (size_t size = 1; size < 24; size++) {
        char small[32];
        memset(small, '#', sizeof small);
        sj_json_init(&json, small, size);
        sj_json_begin_object(&json);
        sj_json_field_text(&json, "key", "0123456789");
        sj_json_end_object(&json);
        sj_rc rc = sj_json_finish(&json);
        assert_int_equal(rc, size > 20 ? 20 : -SJ_E_LIMIT);
        for (size_t i = size; i < sizeof small; i++)
            assert_int_equal(small[i], '#');
    }
}

int json_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(json_nests_objects_and_arrays, setup),
        cmocka_unit_test_setup(json_writes_numbers_that_read_back, setup),
        cmocka_unit_test_setup(json_escapes_what_it_must, setup),
        cmocka_unit_test_setup(json_keeps_utf8_and_replaces_what_is_not, setup),
        cmocka_unit_test(json_tells_when_the_buffer_is_too_small_and_stays_inside),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
