/* groups.h: the test files of this room; each returns how many of its tests failed. */
#ifndef SJ_TESTS_EVENT_GROUPS_H
#define SJ_TESTS_EVENT_GROUPS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

int instruments_tests(void);
int fields_tests(void);
int text_tests(void);
int schema_tests(void);

#endif
