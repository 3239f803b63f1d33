/* The two identities: what holds, and what each difference says. */
#include "app/live.h"
#include "app/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "groups.h"

static struct sj_live_account whole(void)
{
    return (struct sj_live_account){
        .received = 110,
        .beats = 5,
        .passed = 2,
        .malformed = 2,
        .dropped = 1,
        .events = 100,
        .own = 10,
        .accepted = 110,
        .journal_accepted = 112,
        .durable = 112,
        .journal_events = 1112,
        .acknowledged = 1000,
        .waiting = 110,
        .dead = 2,
        .has_store = true,
    };
}

static void a_whole_account_holds(void **state)
{
    struct sj_live_account account = whole();
    char text[256] = "";
    (void)state;
    assert_true(sj_live_account_holds(&account, text, sizeof text));
    account.has_store = false;
    account.acknowledged = 0;
    assert_true(sj_live_account_holds(&account, text, sizeof text));
}

static void one_event_too_few_is_told_with_its_place(void **state)
{
    static const struct {
        size_t member;
        const char *says;
    } cases[] = {
        {offsetof(struct sj_live_account, dropped), "received ="},
        {offsetof(struct sj_live_account, accepted), "published = accepted"},
        {offsetof(struct sj_live_account, durable), "accepted = durable"},
        {offsetof(struct sj_live_account, acknowledged), "durable = acknowledged"},
        {offsetof(struct sj_live_account, waiting), "durable = acknowledged"},
        {offsetof(struct sj_live_account, dead), "durable = acknowledged"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sj_live_account account = whole();
        char text[256] = "";
        *(uint64_t *)(void *)((char *)&account + cases[i].member) -= 1;
        assert_false(sj_live_account_holds(&account, text, sizeof text));
        assert_non_null(strstr(text, cases[i].says));
        assert_non_null(strstr(text, "difference of 1"));
    }
}

static void events_taken_over_from_a_killed_process_are_part_of_what_was_accepted(void **state)
{
    struct sj_live_account account = whole();
    char text[256];
    (void)state;
    account.taken_over = 7;
    account.accepted += 7;
    assert_true(sj_live_account_holds(&account, text, sizeof text));
}

static void a_status_page_is_read_back(void **state)
{
    static const char page[] =
        "{\"version\":\"0\",\"uptime_ns\":5,\"rate\":2.5,\"account\":{\"received\":7,\"dead\":3},"
        "\"connections\":[{\"phase\":\"running\",\"planned\":4,\"subscribed\":3}],"
        "\"durable_latency\":{\"p99_ns\":123},\"store\":{\"connected\":true,\"version\":\"26\"},"
        "\"errors\":[{\"text\":\"first\"},{\"text\":\"second\"}]}";
    static struct sj_status status;
    (void)state;
    assert_int_equal(sj_status_parse(page, sizeof page - 1, &status), 0);
    assert_int_equal(status.account.received, 7);
    assert_int_equal(status.account.dead, 3);
    assert_true(status.account.has_store);
    assert_int_equal(status.connection_count, 1);
    assert_int_equal(status.connections[0].subscribed, 3);
    assert_int_equal(status.durable.p99_ns, 123);
    assert_string_equal(status.first_error, "first");
    assert_int_equal(status.error_count, 2);
}

static void what_is_no_status_page_is_refused(void **state)
{
    static const char *const pages[] = {"", "{", "[]", "{\"account\":1}", "\xff\xfe", "null"};
    static struct sj_status status;
    (void)state;
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        assert_int_equal(sj_status_parse(pages[i], strlen(pages[i]), &status), -SJ_E_MALFORMED);
}

int sj_test_account(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_account_holds),
        cmocka_unit_test(one_event_too_few_is_told_with_its_place),
        cmocka_unit_test(events_taken_over_from_a_killed_process_are_part_of_what_was_accepted),
        cmocka_unit_test(a_status_page_is_read_back),
        cmocka_unit_test(what_is_no_status_page_is_refused),
    };
    return cmocka_run_group_tests_name("app/account", tests, NULL, NULL);
}
