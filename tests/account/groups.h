/* groups.h: the groups of tests of one executable. */
#ifndef SJ_TESTS_ACCOUNT_GROUPS_H
#define SJ_TESTS_ACCOUNT_GROUPS_H

int account_book(void);
int account_portfolio(void);
int account_reconcile(void);

#endif
