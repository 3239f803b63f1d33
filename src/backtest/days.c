#include "backtest/days.h"

#include "backtest/pool.h"
#include "backtest/tape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *sj_bt_day_name(const struct sj_bt_day *day)
{
    const char *slash = strrchr(day->path, '/');
    return slash && slash[1] ? slash + 1 : day->path;
}

struct work {
    const struct sj_bt_days *days;
    const struct sj_bt_sink *sink;
    const struct sj_bt_sweep *sweep;
    FILE **tapes;
};

/* Samples pass the meter on their way. */
struct metered {
    struct sj_bt_meter *meter;
    const struct sj_bt_sink *sink;
};

static void on_order(void *context, const struct sj_bt_order_row *row)
{
    const struct sj_bt_sink *sink = ((struct metered *)context)->sink;
    sink->order(sink->context, row);
}

static void on_fill(void *context, const struct sj_bt_fill_row *row)
{
    const struct sj_bt_sink *sink = ((struct metered *)context)->sink;
    sink->fill(sink->context, row);
}

static void on_sample(void *context, const struct sj_bt_sample_row *row)
{
    const struct metered *metered = context;
    sj_bt_meter_sample(metered->meter, row);
    if (metered->sink->sample)
        metered->sink->sample(metered->sink->context, row);
}

static void on_log(void *context, uint32_t strategy, const char *text)
{
    const struct sj_bt_sink *sink = ((struct metered *)context)->sink;
    sink->log(sink->context, strategy, text);
}

static void on_event(void *context, const struct sj_frame *event)
{
    const struct sj_bt_sink *sink = ((struct metered *)context)->sink;
    sink->event(sink->context, event);
}

static sj_rc run_metered(const struct sj_bt_options *options, const struct sj_bt_sink *sink,
                         struct sj_bt_day_result *ret_result, char *error)
{
    struct sj_bt_options metered_options = *options;
    struct metered metered = {&ret_result->meter, sink};
    metered_options.sink = (struct sj_bt_sink){.context = &metered,
                                               .order = sink->order ? on_order : NULL,
                                               .fill = sink->fill ? on_fill : NULL,
                                               .sample = on_sample,
                                               .log = sink->log ? on_log : NULL,
                                               .event = sink->event ? on_event : NULL};
    sj_rc rc = sj_bt_run(&metered_options, &ret_result->result, error);
    if (rc >= 0)
        sj_bt_meter_finish(&ret_result->meter, &ret_result->result);
    return rc;
}

static struct sj_bt_options options_of(const struct sj_bt_days *days, uint32_t index)
{
    const struct sj_bt_day *day = &days->days[index];
    struct sj_bt_options options = *days->common;
    options.path = day->journal_count ? NULL : day->path;
    options.journals = day->journals;
    options.journal_count = day->journal_count;
    options.day = day->date;
    return options;
}

static sj_rc day_task(void *context, uint32_t index, void *ret_result, char error[SJ_BT_ERROR_MAX])
{
    const struct work *work = context;
    const struct sj_bt_options options = options_of(work->days, index);
    if (!work->tapes)
        return run_metered(&options, work->sink, ret_result, error);
    FILE *tape = work->tapes[index];
    const struct sj_bt_sink sink = sj_bt_tape_sink(tape, work->sink);
    sj_rc rc = run_metered(&options, &sink, ret_result, error);
    if (rc >= 0 && (fflush(tape) != 0 || ferror(tape))) {
        rc = -EIO;
        snprintf(error, SJ_BT_ERROR_MAX, "%s: no room for a temporary file",
                 work->days->days[index].path);
    }
    return rc;
}

static sj_rc play_tapes(const struct work *work, const struct sj_bt_day_result *results,
                        char *error)
{
    struct sj_bt_tape_offset offset = {0};
    for (uint32_t i = 0; i < work->days->count; i++) {
        sj_rc rc = sj_bt_tape_play(work->tapes[i], &offset, work->sink);
        if (rc < 0) {
            snprintf(error, SJ_BT_ERROR_MAX, "%s: its temporary file is damaged",
                     work->days->days[i].path);
            return rc;
        }
        offset.orders += results[i].result.orders;
        offset.equity += results[i].meter.last;
        offset.fee += results[i].result.fee;
    }
    return 0;
}

static sj_rc open_tapes(struct work *work, char *error)
{
    uint32_t count = work->days->count;
    work->tapes = calloc(count, sizeof *work->tapes);
    for (uint32_t i = 0; work->tapes && i < count; i++)
        if (!(work->tapes[i] = tmpfile())) {
            sj_rc rc = -errno;
            snprintf(error, SJ_BT_ERROR_MAX, "no temporary file: %s", sj_rc_text(rc));
            return rc;
        }
    return work->tapes ? 0 : -ENOMEM;
}

static void close_tapes(struct work *work)
{
    for (uint32_t i = 0; work->tapes && i < work->days->count; i++)
        if (work->tapes[i])
            fclose(work->tapes[i]);
    free(work->tapes);
}

sj_rc sj_bt_days_run(const struct sj_bt_days *days, const struct sj_bt_sink *sink,
                     struct sj_bt_day_result *ret_results, char error[SJ_BT_ERROR_MAX])
{
    struct work work = {.days = days, .sink = sink};
    struct sj_bt_pool pool = {.jobs = days->count > 1 ? days->jobs : 1,
                              .task_count = days->count,
                              .result_size = sizeof *ret_results,
                              .context = &work,
                              .task = day_task};
    void *results = sj_bt_pool_results(&pool);
    sj_rc rc = results ? 0 : -ENOMEM;
    if (rc < 0)
        snprintf(error, SJ_BT_ERROR_MAX, "no memory for the results");
    if (rc >= 0 && days->count > 1)
        rc = open_tapes(&work, error);
    if (rc >= 0)
        rc = sj_bt_pool_run(&pool, results, error);
    if (rc >= 0) {
        memcpy(ret_results, results, days->count * sizeof *ret_results);
        rc = work.tapes ? play_tapes(&work, ret_results, error) : 0;
    }
    close_tapes(&work);
    sj_bt_pool_free(&pool, results);
    return rc;
}

static void add_rows(struct sj_bt_feed_counts *into, const struct sj_bt_feed_counts *from)
{
    into->rows += from->rows;
    into->depth += from->depth;
    into->trades += from->trades;
    into->clears += from->clears;
    into->orders += from->orders;
    into->others += from->others;
    into->malformed += from->malformed;
    into->far += from->far;
    into->backwards += from->backwards;
}

static void add_events(struct sj_bt_event_counts *into, const struct sj_bt_event_counts *from)
{
    into->events += from->events;
    into->market += from->market;
    into->gaps += from->gaps;
    into->off_tick += from->off_tick;
    into->malformed += from->malformed;
    into->unknown += from->unknown;
    into->repeated += from->repeated;
    into->backwards += from->backwards;
    into->late += from->late;
    into->damaged += from->damaged;
    if (!*into->first_bad)
        memcpy(into->first_bad, from->first_bad, sizeof into->first_bad);
}

static void add_result(struct sj_bt_result *into, const struct sj_bt_result *from)
{
    add_rows(&into->rows, &from->rows);
    add_events(&into->events, &from->events);
    into->orders += from->orders;
    into->cancels += from->cancels;
    into->changes += from->changes;
    into->refused += from->refused;
    into->expired += from->expired;
    into->fills += from->fills;
    into->denied += from->denied;
    into->open += from->open;
    into->position += from->position;
    into->balance += from->balance;
    into->fee += from->fee;
    into->volume += from->volume;
    into->value += from->value;
    into->known_position += from->known_position;
    into->last_ns = from->last_ns;
    into->best_bid_e6 = from->best_bid_e6;
    into->best_ask_e6 = from->best_ask_e6;
    if (from->instrument_count > into->instrument_count)
        into->instrument_count = from->instrument_count;
    for (unsigned i = 0; i < SJ_BT_STREAM_COUNT; i++)
        sj_bt_latency_merge(&into->latency[i], &from->latency[i]);
}

void sj_bt_days_total(const struct sj_bt_day_result *results, uint32_t count,
                      struct sj_bt_day_result *ret_total)
{
    *ret_total = results[0];
    for (uint32_t i = 1; i < count; i++) {
        add_result(&ret_total->result, &results[i].result);
        sj_bt_meter_add(&ret_total->meter, &results[i].meter);
    }
    ret_total->result.equity = ret_total->meter.last;
}

/* --- sweeps --- */

static sj_rc cell_task(void *context, uint32_t index, void *ret_result, char error[SJ_BT_ERROR_MAX])
{
    static const struct sj_bt_sink nobody;
    const struct work *work = context;
    uint32_t combination = index / work->days->count;
    struct sj_bt_options options = options_of(work->days, index % work->days->count);
    struct sj_strategy_instance strategy = options.strategies[0];
    struct sj_strategy_param params[SJ_STRATEGY_PARAMS_MAX];
    sj_rc rc = sj_bt_sweep_params(work->sweep, combination, &strategy, params);
    struct sj_bt_day_result *result = rc < 0 ? NULL : calloc(1, sizeof *result);
    if (!result) {
        snprintf(error, SJ_BT_ERROR_MAX, "too many parameters, or no memory");
        return rc < 0 ? rc : -ENOMEM;
    }
    options.strategies = &strategy;
    options.strategy_count = 1;
    rc = run_metered(&options, &nobody, result, error);
    if (rc >= 0)
        memcpy(ret_result, &result->meter, sizeof result->meter);
    free(result);
    return rc;
}

sj_rc sj_bt_days_sweep(const struct sj_bt_days *days, const struct sj_bt_sweep *sweep,
                       struct sj_bt_meter *ret_cells, char error[SJ_BT_ERROR_MAX])
{
    struct work work = {.days = days, .sweep = sweep};
    const struct sj_bt_pool pool = {.jobs = days->jobs,
                                    .task_count = sj_bt_sweep_count(sweep) * days->count,
                                    .result_size = sizeof *ret_cells,
                                    .context = &work,
                                    .task = cell_task};
    void *cells = sj_bt_pool_results(&pool);
    if (!cells) {
        snprintf(error, SJ_BT_ERROR_MAX, "no memory for the results");
        return -ENOMEM;
    }
    sj_rc rc = sj_bt_pool_run(&pool, cells, error);
    if (rc >= 0)
        memcpy(ret_cells, cells, (size_t)pool.task_count * sizeof *ret_cells);
    sj_bt_pool_free(&pool, cells);
    return rc;
}
