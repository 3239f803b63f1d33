#include "store/embedded/request.h"

#include "suites.h"
#include "support/test.h"

static struct sj_emb_request request;

static int fresh(void **state)
{
    (void)state;
    sj_emb_request_init(&request);
    return 0;
}

static sj_rc argument(const char *name, const char *value)
{
    return sj_emb_request_argument(&request, sj_emb_text_of(name), sj_emb_text_of(value));
}

static void request_arguments_find_their_places(void **state)
{
    (void)state;
    assert_int_equal(argument("query", "SELECT 1"), 0);
    assert_int_equal(argument("database", "d"), 0);
    assert_int_equal(argument("session_id", "s"), 0);
    assert_int_equal(argument("session_timeout", "5"), 0);
    assert_int_equal(argument("session_check", "1"), 0);
    assert_int_equal(argument("param_x", "7"), 0);
    assert_int_equal(argument("max_threads", "3"), 0);
    assert_int_equal(argument("client_protocol_version", "54460"), 0);
    assert_int_equal(argument("quota_key", "ignored"), 0);
    assert_true(sj_emb_text_equals(request.query, "SELECT 1"));
    assert_true(sj_emb_text_equals(request.database, "d"));
    assert_true(sj_emb_text_equals(request.session_id, "s"));
    assert_int_equal(request.session_timeout_s, 5);
    assert_true(request.session_check);
    assert_int_equal(request.client_revision, 54460);
    assert_int_equal(request.param_count, 1);
    assert_true(sj_emb_text_equals(request.params[0].name, "x"));
    assert_int_equal(request.setting_count, 1);
    assert_true(sj_emb_text_equals(*sj_emb_request_setting(&request, "max_threads"), "3"));
    assert_null(sj_emb_request_setting(&request, "max_thread"));
}

static void request_last_of_two_settings_counts(void **state)
{
    (void)state;
    assert_int_equal(argument("a", "1"), 0);
    assert_int_equal(argument("a", "2"), 0);
    assert_int_equal(request.setting_count, 1);
    assert_true(sj_emb_text_equals(*sj_emb_request_setting(&request, "a"), "2"));
}

static void request_names_that_could_not_be_settings_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"",    "a b", "a`",       "a'",
                                        "a=1", "a;",  "\xc3\xa4", "param_a b"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(argument(names[i], "1"), -SJ_E_MALFORMED);
    assert_true(request.complaint[0] != '\0');
}

static void request_numbers_and_ids_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(argument("session_timeout", "x"), -SJ_E_MALFORMED);
    assert_int_equal(argument("session_timeout", "99999"), -SJ_E_RANGE);
    assert_int_equal(argument("session_timeout", ""), -SJ_E_MALFORMED);
    assert_int_equal(argument("query_id", "a\nb"), -SJ_E_MALFORMED);
    char long_id[SJ_EMB_ID_SIZE_MAX + 2];
    memset(long_id, 'x', sizeof(long_id) - 1);
    long_id[sizeof(long_id) - 1] = '\0';
    assert_int_equal(argument("session_id", long_id), -SJ_E_LIMIT);
}

static void request_table_of_settings_is_bounded(void **state)
{
    (void)state;
    char names[SJ_EMB_PAIR_MAX + 1][8];
    for (int i = 0; i <= SJ_EMB_PAIR_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "s%d", i);
        assert_int_equal(argument(names[i], "1"), i < SJ_EMB_PAIR_MAX ? 0 : -SJ_E_LIMIT);
    }
}

static void request_headers_are_read_and_the_url_wins(void **state)
{
    (void)state;
    assert_int_equal(argument("database", "url"), 0);
    assert_int_equal(
        sj_emb_request_header(&request, "x-clickhouse-database", sj_emb_text_of("header")), 0);
    assert_int_equal(sj_emb_request_header(&request, "X-ClickHouse-User", sj_emb_text_of("u")), 0);
    assert_int_equal(sj_emb_request_header(&request, "Content-Encoding", sj_emb_text_of(" LZ4 ")),
                     0);
    assert_int_equal(sj_emb_request_header(&request, "Content-Encoding", sj_emb_text_of("br")),
                     -SJ_E_UNKNOWN);
    assert_true(sj_emb_text_equals(request.database, "url"));
    assert_true(sj_emb_text_equals(request.user, "u"));
}

static void request_coding_is_the_best_that_is_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        enum sj_emb_encoding encoding;
    } cases[] = {
        {"", SJ_EMB_ENCODING_NONE},
        {"gzip", SJ_EMB_ENCODING_GZIP},
        {"br, GZIP;q=0.5", SJ_EMB_ENCODING_GZIP},
        {"lz4,zstd,gzip,deflate", SJ_EMB_ENCODING_ZSTD},
        {"deflate , lz4", SJ_EMB_ENCODING_LZ4},
        {"zstd;q=0, gzip", SJ_EMB_ENCODING_GZIP},
        {"zstd;q=0.000, deflate;q=0.1", SJ_EMB_ENCODING_DEFLATE},
        {"br,,;", SJ_EMB_ENCODING_NONE},
        {"gzipp", SJ_EMB_ENCODING_NONE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(sj_emb_encoding_choose(sj_emb_text_of(cases[i].accept)),
                         cases[i].encoding);
}

int request_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(request_arguments_find_their_places, fresh),
        cmocka_unit_test_setup(request_last_of_two_settings_counts, fresh),
        cmocka_unit_test_setup(request_names_that_could_not_be_settings_are_refused, fresh),
        cmocka_unit_test_setup(request_numbers_and_ids_are_bounded, fresh),
        cmocka_unit_test_setup(request_table_of_settings_is_bounded, fresh),
        cmocka_unit_test_setup(request_headers_are_read_and_the_url_wins, fresh),
        cmocka_unit_test_setup(request_coding_is_the_best_that_is_accepted, fresh),
    };
    return cmocka_run_group_tests_name("store_embedded_request", tests, NULL, NULL);
}
