/*
 * check.h: whether a strategy decides by what it has been told, and by nothing else; and how long
 * it takes from any beginning until it decides as it would have anyway.
 *
 * Repeated    the same run again, begun in another second of the wall clock, must decide the same:
 *             what a clock, chance or something hidden has a part in does not.
 * Look-ahead  with the data cut at a time T, decisions before T must be those of the whole run.
 *             The cut data are a file of their own, of the same name: a parameter of the strategy
 *             that is the data's path, or {data}, becomes the path of the cut one.
 * Warm-up     begun at a time B, after which time decisions are those of the whole run. Numbers of
 *             orders are not compared, but times, prices and quantities are.
 *
 * A decision is an intent, whatever became of it.
 *
 * Errors   those of run.h and cut.h. What does not hold is not an error: the result says it.
 * Threads  as pool.h. Memory: 64 bytes a decision and run. Disk: a copy of the day at a time.
 */
#ifndef SJ_BACKTEST_CHECK_H
#define SJ_BACKTEST_CHECK_H

#include "backtest/days.h"

#define SJ_BT_CHECKS_MAX 64
#define SJ_BT_CHECK_TEXT_MAX 320

struct sj_bt_check {
    const struct sj_bt_options *run; /* its input and sink are not looked at */
    const struct sj_bt_day *day;
    uint32_t cuts, begins; /* times, evenly over the day; 0: not checked */
};

struct sj_bt_check_cut {
    int64_t at_ns;
    uint64_t compared;
    bool holds;
    char text[SJ_BT_CHECK_TEXT_MAX]; /* the first difference */
};

struct sj_bt_check_begin {
    int64_t at_ns;
    uint64_t compared; /* decisions of the whole run from there on */
    bool agrees;       /* from some time on; false with compared 0: there was nothing to agree on */
    int64_t warm_ns;   /* how long that took */
};

struct sj_bt_check_result {
    uint64_t decisions; /* of the whole run */
    bool repeats;
    char repeat_text[SJ_BT_CHECK_TEXT_MAX];
    uint32_t cut_count, begin_count;
    struct sj_bt_check_cut cuts[SJ_BT_CHECKS_MAX];
    struct sj_bt_check_begin begins[SJ_BT_CHECKS_MAX];
};

SJ_MUST_USE sj_rc sj_bt_check_run(const struct sj_bt_check *check,
                                  struct sj_bt_check_result *ret_result,
                                  char error[SJ_BT_ERROR_MAX]);

/* Nothing looked ahead and the run repeats. */
bool sj_bt_check_is_pure(const struct sj_bt_check_result *result);

/* From every beginning decisions agreed in the end, within `limit_ns` (INT64_MAX: whenever). */
bool sj_bt_check_is_warm(const struct sj_bt_check_result *result, int64_t limit_ns);

#endif
