/* parser_groups.h: the test files of the parser and the SSE splitter. */
#ifndef SJ_TESTS_GATEWAY_PARSER_GROUPS_H
#define SJ_TESTS_GATEWAY_PARSER_GROUPS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

int sse_tests(void);
int parse_tests(void);
int parse_random_tests(void);

#endif
