/* The groups of this room's tests beside decide_test.c, each in its file. */
#ifndef SJ_TESTS_DECIDE_GROUPS_H
#define SJ_TESTS_DECIDE_GROUPS_H

int sj_test_decide_process(void);

#endif
