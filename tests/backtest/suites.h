#ifndef SJ_TESTS_BACKTEST_SUITES_H
#define SJ_TESTS_BACKTEST_SUITES_H

int book_suite(void);
int check_suite(void);
int day_suite(void);
int days_suite(void);
int l3_suite(void);
int latency_suite(void);
int measure_suite(void);
int queue_suite(void);
int run_suite(void);
int output_suite(void);
int golden_suite(void);

#endif
