#include "backtest/check.h"

#include "backtest/cut.h"
#include "backtest/decisions.h"
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DATA "{data}"

struct work {
    const struct sj_bt_check *check;
    struct sj_bt_span span;
    char dir[64], path[512]; /* of what is cut off */
    struct decisions whole;
    struct sj_bt_check_result *result;
    char *error;
};

/* The strategy's parameters with the data's path, where one is that, as `path`. */
static void aim_params(const struct work *work, const char *path,
                       struct sj_strategy_instance *strategy, struct sj_strategy_param *params)
{
    uint32_t count = strategy->param_count < SJ_STRATEGY_PARAMS_MAX ? strategy->param_count
                                                                    : SJ_STRATEGY_PARAMS_MAX;
    for (uint32_t i = 0; i < count; i++) {
        params[i] = strategy->params[i];
        if (strcmp(params[i].value, DATA) == 0 ||
            strcmp(params[i].value, work->check->day->path) == 0)
            params[i].value = path;
    }
    strategy->params = params;
}

static sj_rc run_over(const struct work *work, const char *path, struct decisions *ret_decisions)
{
    struct sj_bt_options options = *work->check->run;
    struct sj_strategy_instance strategy = options.strategies[0];
    struct sj_strategy_param params[SJ_STRATEGY_PARAMS_MAX];
    struct sj_bt_result result;
    aim_params(work, path, &strategy, params);
    options.strategies = &strategy;
    options.strategy_count = 1;
    options.path = path;
    options.sample_ns = 0;
    *ret_decisions = (struct decisions){0};
    options.sink = decisions_sink(ret_decisions);
    sj_rc rc = sj_bt_run(&options, &result, work->error);
    if (rc >= 0 && ret_decisions->full) {
        snprintf(work->error, SJ_BT_ERROR_MAX, "no memory for so many decisions");
        rc = -ENOMEM;
    }
    if (rc < 0)
        decisions_free(ret_decisions);
    return rc;
}

static void tell_difference(const struct decisions *whole, const struct decisions *other,
                            const char *name, size_t at, char text[SJ_BT_CHECK_TEXT_MAX])
{
    char one[128], two[128];
    snprintf(text, SJ_BT_CHECK_TEXT_MAX, "decision %zu: the whole run: %.110s; %s: %.110s", at + 1,
             decisions_text(whole, at, one), name, decisions_text(other, at, two));
}

/* Two runs in one second may see the same time of day. */
static void wait_for_another_second(void)
{
    int64_t now_ns = sj_clock_utc_ns();
    int64_t rest_ns = SJ_NS_PER_S - now_ns % SJ_NS_PER_S + 1000000;
    struct timespec until = {rest_ns / SJ_NS_PER_S, rest_ns % SJ_NS_PER_S};
    while (nanosleep(&until, &until) != 0 && errno == EINTR)
        ;
}

static sj_rc check_repeat(struct work *work)
{
    struct decisions again;
    size_t compared;
    wait_for_another_second();
    sj_rc rc = run_over(work, work->check->day->path, &again);
    if (rc < 0)
        return rc;
    size_t at = decisions_differ(&work->whole, &again, INT64_MAX, &compared);
    work->result->repeats = at == SIZE_MAX;
    if (at != SIZE_MAX)
        tell_difference(&work->whole, &again, "the same run again", at, work->result->repeat_text);
    decisions_free(&again);
    return 0;
}

static sj_rc run_part(struct work *work, const struct sj_bt_span *span,
                      struct decisions *ret_decisions)
{
    sj_rc rc = sj_bt_cut(work->check->day, span, work->path, work->error);
    if (rc >= 0)
        rc = run_over(work, work->path, ret_decisions);
    unlink(work->path);
    return rc;
}

static sj_rc check_cut(struct work *work, int64_t at_ns)
{
    const struct sj_bt_span span = {INT64_MIN, at_ns};
    struct sj_bt_check_cut *cut = &work->result->cuts[work->result->cut_count];
    struct decisions part;
    size_t compared;
    sj_rc rc = run_part(work, &span, &part);
    if (rc < 0)
        return rc;
    size_t at = decisions_differ(&work->whole, &part, at_ns, &compared);
    *cut = (struct sj_bt_check_cut){.at_ns = at_ns, .compared = compared, .holds = at == SIZE_MAX};
    if (at != SIZE_MAX)
        tell_difference(&work->whole, &part, "with the data cut", at, cut->text);
    work->result->cut_count++;
    decisions_free(&part);
    return 0;
}

static sj_rc check_begin(struct work *work, int64_t at_ns)
{
    const struct sj_bt_span span = {at_ns, INT64_MAX};
    struct sj_bt_check_begin *begin = &work->result->begins[work->result->begin_count];
    const struct decisions *whole = &work->whole;
    struct decisions part;
    sj_rc rc = run_part(work, &span, &part);
    if (rc < 0)
        return rc;
    size_t first = 0; /* of the whole run's at or after the beginning */
    while (first < whole->count && whole->list[first].time_ns < at_ns)
        first++;
    size_t same = decisions_same_end(whole, &part), late = whole->count - first;
    *begin = (struct sj_bt_check_begin){.at_ns = at_ns, .compared = late};
    begin->agrees = same > 0 && late > 0;
    /* Equal all the way, and nothing more was decided: warm at once. Else from the first of the
     * common end. */
    if (begin->agrees && (same < late || part.count > same))
        begin->warm_ns = whole->list[whole->count - (same < late ? same : late)].time_ns - at_ns;
    work->result->begin_count++;
    decisions_free(&part);
    return 0;
}

static sj_rc make_dir(struct work *work)
{
    const char *base = getenv("TMPDIR");
    int length = snprintf(work->dir, sizeof work->dir, "%s/shijim-check-XXXXXX",
                          base && strlen(base) < 30 ? base : "/tmp");
    if (length < 0 || !mkdtemp(work->dir)) {
        sj_rc rc = -errno;
        snprintf(work->error, SJ_BT_ERROR_MAX, "no temporary folder: %s", sj_rc_text(rc));
        return rc;
    }
    length = snprintf(work->path, sizeof work->path, "%s/%s", work->dir,
                      sj_bt_day_name(work->check->day));
    if (length < (int)sizeof work->path)
        return 0;
    snprintf(work->error, SJ_BT_ERROR_MAX, "%s: too long a name", work->check->day->path);
    return -ENAMETOOLONG;
}

static sj_rc check_times(struct work *work)
{
    const struct sj_bt_check *check = work->check;
    int64_t from_ns = work->span.from_ns, length_ns = work->span.until_ns - from_ns;
    sj_rc rc = 0;
    for (uint32_t i = 1; i <= check->cuts && rc >= 0; i++)
        rc = check_cut(work, from_ns + length_ns / (check->cuts + 1) * i);
    for (uint32_t i = 1; i <= check->begins && rc >= 0; i++)
        rc = check_begin(work, from_ns + length_ns / (check->begins + 1) * i);
    return rc;
}

sj_rc sj_bt_check_run(const struct sj_bt_check *check, struct sj_bt_check_result *ret_result,
                      char error[SJ_BT_ERROR_MAX])
{
    struct work work = {.check = check, .result = ret_result, .error = error};
    *error = 0;
    *ret_result = (struct sj_bt_check_result){0};
    if (check->cuts > SJ_BT_CHECKS_MAX || check->begins > SJ_BT_CHECKS_MAX) {
        snprintf(error, SJ_BT_ERROR_MAX, "at most %d times", SJ_BT_CHECKS_MAX);
        return -SJ_E_RANGE;
    }
    sj_rc rc = sj_bt_cut_span(check->day, &work.span, error);
    if (rc >= 0)
        rc = make_dir(&work);
    if (rc < 0)
        return rc;
    rc = run_over(&work, check->day->path, &work.whole);
    if (rc >= 0) {
        ret_result->decisions = work.whole.count;
        rc = check_repeat(&work);
    }
    if (rc >= 0)
        rc = check_times(&work);
    decisions_free(&work.whole);
    rmdir(work.dir);
    return rc;
}

bool sj_bt_check_is_pure(const struct sj_bt_check_result *result)
{
    bool pure = result->repeats;
    for (uint32_t i = 0; i < result->cut_count; i++)
        pure = pure && result->cuts[i].holds;
    return pure;
}

bool sj_bt_check_is_warm(const struct sj_bt_check_result *result, int64_t limit_ns)
{
    for (uint32_t i = 0; i < result->begin_count; i++) {
        const struct sj_bt_check_begin *begin = &result->begins[i];
        if (begin->compared && (!begin->agrees || begin->warm_ns > limit_ns))
            return false;
    }
    return true;
}
