#include "store/client.h"
#include "store/settings.h"
#include "suites.h"
#include "support/test.h"

static void address_understands_urls_and_the_dsn_of_before(void **state)
{
    (void)state;
    static const struct {
        const char *text, *url, *database, *user, *password;
    } cases[] = {
        {"http://127.0.0.1:8123", "http://127.0.0.1:8123", "d", "u", "p"},
        {"http://host", "http://host:8123", "d", "u", "p"},
        {"https://host/market", "https://host:8443", "market", "u", "p"},
        {"clickhouse://me:s%40cret@db:9000/market", "http://db:8123", "market", "me", "s@cret"},
        {"clickhouse://me:pw@db:18123/", "http://db:18123", "d", "me", "pw"},
        {"http://a:b@[::1]:99/x?y=1", "http://[::1]:99", "x", "a", "b"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sj_store_address address = {.database = "d", .user = "u", .password = "p"};
        assert_int_equal(sj_store_address_parse(cases[i].text, &address), 0);
        assert_string_equal(address.url, cases[i].url);
        assert_string_equal(address.database, cases[i].database);
        assert_string_equal(address.user, cases[i].user);
        assert_string_equal(address.password, cases[i].password);
    }
}

static void address_refuses_what_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",           "127.0.0.1:8123", "ftp://host",        "http://",         "http://:8123",
        "http://h:",  "http://h:0",     "http://h:99999",    "http://h:123456", "http://h:80x",
        "http://h\n", "http://[::1",    "http://a:%@h",      "http://a:%zz@h",  "http://a%00@h",
        "http://h e", "clickhouse://@", "http://h/a%0d%0ab",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sj_store_address address = {.database = "d"};
        if (sj_store_address_parse(texts[i], &address) != -SJ_E_MALFORMED)
            fail_msg("'%s' was taken", texts[i]);
        assert_string_equal(address.database, "d");
    }
}

static void settings_are_escaped_and_bounded(void **state)
{
    (void)state;
    char settings[40] = "";
    assert_int_equal(sj_store_settings_add(settings, sizeof(settings), "a", "1"), 0);
    assert_int_equal(sj_store_settings_add(settings, sizeof(settings), "b", "x&y=z"), 0);
    assert_string_equal(settings, "a=1&b=x%26y%3Dz");
    assert_int_equal(
        sj_store_settings_add(settings, sizeof(settings), "c", "much too long for what is left"),
        -SJ_E_RANGE);
    assert_string_equal(settings, "a=1&b=x%26y%3Dz");
}

int address_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_understands_urls_and_the_dsn_of_before),
        cmocka_unit_test(address_refuses_what_is_none),
        cmocka_unit_test(settings_are_escaped_and_bounded),
    };
    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
