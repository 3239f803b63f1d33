#include "store/embedded/listen.h"

#include <errno.h>
#include <unistd.h>

#include "suites.h"
#include "support/test.h"

static void listen_knows_which_addresses_stay_on_this_machine(void **state)
{
    (void)state;
    assert_int_equal(sj_emb_listen_is_local("127.0.0.1"), 1);
    assert_int_equal(sj_emb_listen_is_local("127.9.9.9"), 1);
    assert_int_equal(sj_emb_listen_is_local("::1"), 1);
    assert_int_equal(sj_emb_listen_is_local("0.0.0.0"), 0);
    assert_int_equal(sj_emb_listen_is_local("::"), 0);
    assert_int_equal(sj_emb_listen_is_local("::ffff:127.0.0.1"), 0);
    assert_int_equal(sj_emb_listen_is_local("128.0.0.1"), 0);
    assert_int_equal(sj_emb_listen_is_local("localhost"), -EINVAL);
    assert_int_equal(sj_emb_listen_is_local(""), -EINVAL);
}

static void listen_on_port_0_gets_one_and_a_second_is_refused_there(void **state)
{
    (void)state;
    char error[200];
    uint16_t port = 0;
    uint16_t second = 0;
    sj_rc fd = sj_emb_listen("127.0.0.1", 0, &port, error, sizeof(error));
    assert_true(fd >= 0);
    assert_true(port > 0);
    assert_int_equal(sj_emb_listen("127.0.0.1", port, &second, error, sizeof(error)), -EADDRINUSE);
    assert_non_null(strstr(error, "127.0.0.1"));
    close(fd);
}

int listen_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listen_knows_which_addresses_stay_on_this_machine),
        cmocka_unit_test(listen_on_port_0_gets_one_and_a_second_is_refused_there),
    };
    return cmocka_run_group_tests_name("store_embedded_listen", tests, NULL, NULL);
}
