/* The groups of this room's tests, each in its file. */
#ifndef SJ_TESTS_APP_GROUPS_H
#define SJ_TESTS_APP_GROUPS_H

int sj_test_format(void);
int sj_test_account(void);
int sj_test_recorder(void);
int sj_test_switch(void);
int sj_test_saved(void);
int sj_test_trader(void);
int sj_test_names(void);
int sj_test_view(void);
int sj_test_user_ring(void);

#endif
