/* groups.h: the groups of tests of one executable. */
#ifndef SJ_TESTS_RISK_GROUPS_H
#define SJ_TESTS_RISK_GROUPS_H

int risk_checks(void);
int risk_model(void);
int risk_save(void);

#endif
