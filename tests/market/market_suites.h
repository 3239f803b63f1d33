/* The test files of the room: each has `int <suite>_tests(void)`, run by market_main.c. */
#ifndef SJ_TESTS_MARKET_SUITES_H
#define SJ_TESTS_MARKET_SUITES_H

#include "market/rules.h"
#include "support/test.h"

#define MARKET_SUITES(X) X(rules) X(calendar) X(fees) X(cost)

#define X(suite) int suite##_tests(void);
MARKET_SUITES(X)
#undef X

/* The rules built in. */
static inline struct sj_market_rules *load_rules(void)
{
    char error[SJ_RULES_ERROR_MAX] = "";
    struct sj_market_rules *rules = NULL;
    sj_rc rc = sj_market_rules_load(NULL, error, &rules);
    if (rc < 0)
        fail_msg("%s", error);
    return rules;
}

#endif
