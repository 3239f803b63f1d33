/* Section "strategies": what a user writes, and what is told when it is wrong. */
#include "stage.h"
#include "suites.h"

#include "strategy/strategy_config.h"

#include <unistd.h>

static struct sj_strategies_config strategies;
static struct sj_config config;
static struct sj_config_error error;
static struct sj_config_section section;
static const struct sj_config_section *const sections[] = {&section};

static sj_rc load(const char *text)
{
    char path[] = "/tmp/shijim-strategies-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    memset(&strategies, 0, sizeof strategies);
    section = sj_strategies_config_section(&strategies);
    assert_int_equal(sj_config_init(&config, sections, 1), 0);
    sj_rc rc = sj_config_load_file(&config, path, &error);
    if (rc >= 0)
        rc = sj_strategies_config_check(&config, &strategies, &error);
    sj_config_done(&config);
    unlink(path);
    return rc;
}

static void an_instance_is_what_the_file_says(void **state)
{
    (void)state;
    struct sj_strategy_param params[SJ_STRATEGY_PARAMS_MAX];
    assert_int_equal(load("strategies:\n"
                          "  touch: {use: touch_quoter, instruments: [2330], qty: 3, step: 2s,\n"
                          "          budget_us: 9, overrun_max: 0}\n"
                          "  mine: {use: ./mine.so, anything: 1}\n"),
                     0);
    assert_int_equal(strategies.count, 2);
    struct sj_strategy_instance touch = sj_strategy_config_instance(&strategies.list[0], params);
    assert_string_equal(touch.name, "touch");
    assert_string_equal(touch.use, "touch_quoter");
    assert_int_equal(touch.param_count, 2);
    assert_string_equal(touch.params[0].name, "qty");
    assert_string_equal(touch.params[1].value, "2s");
    assert_int_equal(touch.budget_ns, 9000);
    assert_int_equal(touch.hard_budget_ns, 100 * MS);
    assert_int_equal(touch.overrun_max, UINT32_MAX);
    assert_int_equal(touch.nonsense_max, 10);
    assert_string_equal(strategies.list[0].instruments, "2330");
    assert_true(strategies.list[1].enabled);
}

static void what_is_wrong_is_named_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *tells;
        sj_rc rc;
    } cases[] = {
        {"strategies:\n  a:\n    use: touch_quoter\n    qyt: 1\n",
         ":4: strategies.a: no key or parameter of touch_quoter \"qyt\": did you mean \"qty\"?",
         -SJ_E_UNKNOWN},
        {"strategies:\n  a:\n    use: touch_quoter\n    budget: 1\n", "did you mean \"budget_us\"?",
         -SJ_E_UNKNOWN},
        {"strategies:\n  a:\n    use: touch_quoter\n    step: 1 day\n",
         ":4: strategies.a.step is \"1 day\"; it takes a duration", -SJ_E_MALFORMED},
        {"strategies:\n  a:\n    qty: 1\n", "strategies.a: use must name", -SJ_E_MALFORMED},
        {"strategies:\n  a: {use: touch_quoters}\n",
         "strategies.a.use: no built-in \"touch_quoters\"; there are:", -SJ_E_UNKNOWN},
        {"strategies:\n  a: {use: touch_quoter, budget_us: 0}\n", "strategies.a.budget_us: \"0\"",
         -SJ_E_RANGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(load(cases[i].text), cases[i].rc);
        if (!strstr(error.text, cases[i].tells))
            fail_msg("\"%s\" lacks \"%s\"", error.text, cases[i].tells);
    }
}

int config_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_instance_is_what_the_file_says),
        cmocka_unit_test(what_is_wrong_is_named_with_its_line),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
