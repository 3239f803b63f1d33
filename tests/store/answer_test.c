#include "store/answer.h"

#include "suites.h"
#include "support/test.h"

#include <curl/curl.h>

static void answer_finds_the_error_of_either_age(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int32_t code;
        const char *text;
    } cases[] = {
        {"Code: 60, e.displayText() = DB::Exception: Table default.nope doesn't exist., e.what() ="
         " DB::Exception\n",
         60, "Table default.nope doesn't exist."},
        {"Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE) (version 26.7.2.1)\n", 60,
         "Unknown table. (UNKNOWN_TABLE)"},
        {"Code: 241. DB::Exception: Memory limit exceeded", 241, "Memory limit exceeded"},
        {"Code: 115. DB::Exception: Code: 115. DB::Exception: Setting x is unknown\nmore", 115,
         "Code: 115. DB::Exception: Setting x is unknown"},
        {"Code: 60. DB::Exception: a\tb\x01"
         "c",
         60, "a b c"},
        {"Code: 0. DB::Exception: none", 0, NULL},
        {"Code: x", 0, NULL},
        {"Code: ", 0, NULL},
        {"Code: 12", 0, NULL},
        {"", 0, NULL},
        {"Ok.\n", 0, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[SJ_STORE_ERROR_TEXT_MAX] = "untouched";
        int32_t code =
            sj_store_error_parse(cases[i].body, strlen(cases[i].body), text, sizeof(text));
        assert_int_equal(code, cases[i].code);
        assert_string_equal(text, cases[i].text != NULL ? cases[i].text : "untouched");
    }
}

static void answer_that_breaks_off_with_an_error_is_known_by_its_tail(void **state)
{
    (void)state;
    char text[SJ_STORE_ERROR_TEXT_MAX];
    static const char old[] = "1\n2\nCode: 153, e.displayText() = DB::Exception: Division by zero:"
                              " while executing, e.what() = DB::Exception";
    assert_int_equal(sj_store_error_in_tail(old, sizeof(old) - 1, text, sizeof(text)), 153);
    assert_string_equal(text, "Division by zero: while executing");
    static const char data[] = "a column that says Code: 153. or Code: 9, and nothing more\n";
    assert_int_equal(sj_store_error_in_tail(data, sizeof(data) - 1, text, sizeof(text)), 0);
}

static void answer_fate_follows_code_then_status_then_transfer(void **state)
{
    (void)state;
    static const struct {
        int32_t curl, status, code;
        enum sj_store_fate fate;
        const char *reason;
    } cases[] = {
        {CURLE_OK, 200, 0, SJ_STORE_DONE, "unknown"},
        {CURLE_OK, 500, 241, SJ_STORE_RETRY, "memory"},
        {CURLE_OK, 500, 252, SJ_STORE_RETRY, "overload"},
        {CURLE_OK, 500, 33, SJ_STORE_UNKNOWN, "link"},
        {CURLE_OK, 408, 159, SJ_STORE_UNKNOWN, "timeout"},
        {CURLE_OK, 404, 60, SJ_STORE_CONFIG, "config"},
        {CURLE_OK, 403, 516, SJ_STORE_CONFIG, "config"},
        {CURLE_OK, 400, 27, SJ_STORE_POISON, "data"},
        {CURLE_OK, 500, 53, SJ_STORE_POISON, "data"},
        {CURLE_OK, 200, 53, SJ_STORE_POISON, "data"},
        {CURLE_OK, 502, 0, SJ_STORE_UNKNOWN, "server"},
        {CURLE_OK, 413, 0, SJ_STORE_POISON, "data"},
        {CURLE_OK, 429, 0, SJ_STORE_RETRY, "overload"},
        {CURLE_OK, 302, 0, SJ_STORE_CONFIG, "config"},
        {CURLE_COULDNT_CONNECT, 0, 0, SJ_STORE_RETRY, "refused"},
        {CURLE_OPERATION_TIMEDOUT, 0, 0, SJ_STORE_UNKNOWN, "timeout"},
        {CURLE_GOT_NOTHING, 0, 0, SJ_STORE_UNKNOWN, "link"},
        {CURLE_SEND_FAIL_REWIND, 0, 0, SJ_STORE_UNKNOWN, "link"},
        {CURLE_PARTIAL_FILE, 200, 0, SJ_STORE_UNKNOWN, "link"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sj_store_answer answer = {
            .curl_code = cases[i].curl, .http_status = cases[i].status, .code = cases[i].code};
        assert_string_equal(
            sj_store_fate_name(sj_store_fate_of(cases[i].curl, cases[i].status, cases[i].code)),
            sj_store_fate_name(cases[i].fate));
        assert_string_equal(sj_store_reason(&answer), cases[i].reason);
    }
}

static void answer_version_is_understood_or_zero(void **state)
{
    (void)state;
    assert_int_equal(sj_store_version_parse("18.16.1", 7), 18016);
    assert_int_equal(sj_store_version_parse("26.7.2.1", 8), 26007);
    assert_int_equal(sj_store_version_parse("26", 2), 0);
    assert_int_equal(sj_store_version_parse("26.", 3), 0);
    assert_int_equal(sj_store_version_parse("x.1", 3), 0);
    assert_int_equal(sj_store_version_parse("99999.1", 7), 0);
}

int answer_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_finds_the_error_of_either_age),
        cmocka_unit_test(answer_that_breaks_off_with_an_error_is_known_by_its_tail),
        cmocka_unit_test(answer_fate_follows_code_then_status_then_transfer),
        cmocka_unit_test(answer_version_is_understood_or_zero),
    };
    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
