#include "backtest/as_live.h"

#include "backtest/source.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCES_MAX SJ_JOURNAL_SOURCES_MAX
#define STARTS_MAX 1024

struct run {
    const struct sj_as_live_options *options;
    struct sj_as_live_result *result;
    char *error;
    struct sj_decide_ops ops;
    struct sj_instruments *instruments;
    struct sj_decide *decide;
    struct source own;                /* inputs */
    struct source expect;             /* what should come out */
    const struct sj_frame *looked_at; /* there */
    struct source others[SOURCES_MAX];
    bool open[SOURCES_MAX];
    uint64_t seq;               /* the last one published */
    uint64_t loads[STARTS_MAX]; /* the saved states that restarts loaded, by their sequence */
    uint32_t load_count;
    uint64_t saved_seq; /* what `saved` stands for; 0: nothing */
    uint8_t *saved;
    size_t saved_size, saved_room;
};

__attribute__((format(printf, 3, 4))) static sj_rc fail(struct run *run, sj_rc rc,
                                                        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    sj_rc_explain(run->error, SJ_AS_LIVE_ERROR_MAX, rc, format, args);
    va_end(args);
    return rc;
}

/* --- what comes out, against what came out then --- */

static const char *name_of(uint16_t template_id)
{
    switch (template_id) {
#define X(id, suffix, type, name)                                                                  \
    case id:                                                                                       \
        return name;
        SJ_EVENT_TABLE(X)
#undef X
    default:
        return "unknown";
    }
}

static void tell_difference(struct run *run, const struct sj_frame *event,
                            const struct sj_frame *expected)
{
    struct sj_as_live_result *result = run->result;
    if (result->unequal++)
        return;
    result->first_seq = event->seq;
    if (!expected) {
        snprintf(result->first, sizeof result->first, "%s %llu, where the journal has nothing",
                 name_of(event->template_id), (unsigned long long)event->seq);
        return;
    }
    size_t at = 0;
    while (at < sj_frame_size(event) &&
           ((const uint8_t *)event)[at] == ((const uint8_t *)expected)[at])
        at++;
    snprintf(
        result->first, sizeof result->first,
        "%s %llu of instrument %u, where the journal has %s of instrument %u; byte %zu differs",
        name_of(event->template_id), (unsigned long long)event->seq, event->instrument,
        name_of(expected->template_id), expected->instrument, at);
}

static void count_equal(struct sj_as_live_result *result, uint16_t template_id)
{
    if (template_id == SJ_EVENT_INTENT)
        result->intents++;
    else if (template_id == SJ_EVENT_VERDICT)
        result->verdicts++;
    else
        result->others++;
}

/* The journal's event of a sequence, or NULL; the last one asked for may be asked for again. */
static const struct sj_frame *expected_at(struct run *run, uint64_t seq)
{
    if (run->looked_at && run->looked_at->seq >= seq)
        return run->looked_at->seq == seq ? run->looked_at : NULL;
    if (source_seek(&run->expect, seq, &run->looked_at) < 0)
        run->looked_at = NULL;
    return run->looked_at;
}

static int64_t publish(void *context, struct sj_frame *event)
{
    struct run *run = context;
    event->seq = ++run->seq;
    const struct sj_frame *expected = expected_at(run, event->seq);
    bool same_kind = expected && expected->template_id == event->template_id;
    if (same_kind && event->template_id == SJ_EVENT_STATS)
        return (int64_t)event->seq;
    if (same_kind && sj_frame_size(expected) == sj_frame_size(event) &&
        memcmp(expected, event, sj_frame_size(event)) == 0)
        count_equal(run->result, event->template_id);
    else
        tell_difference(run, event, expected);
    return (int64_t)event->seq;
}

/* Nothing is sent; but what the link did not take then, it does not take now. */
static sj_rc send_nowhere(void *context, const struct sj_order_request *request)
{
    struct run *run = context;
    const struct sj_order_report *next =
        (const struct sj_order_report *)expected_at(run, run->seq + 1);
    bool unsent = next && next->template_id == SJ_EVENT_ORDER_REPORT &&
                  next->kind == SJ_REPORT_UNSENT && next->request_id == request->request_id;
    return unsent ? next->status : 0;
}

/* --- restarts --- */

static sj_rc collect_loads(struct run *run)
{
    struct source source;
    const struct sj_frame *event;
    sj_rc rc = source_open(&source, run->options->journal_dir, SJ_SRC_STRATEGY);
    while (rc >= 0 && (rc = source_next(&source, &event)) > 0) {
        const struct sj_control *control = (const struct sj_control *)event;
        if (event->template_id != SJ_EVENT_CONTROL || control->kind != SJ_CONTROL_START)
            continue;
        if (control->value > 0 && run->load_count < STARTS_MAX)
            run->loads[run->load_count++] = (uint64_t)control->value;
    }
    source_close(&source);
    return rc;
}

/* The live process saved its state when `seq` was the last of its events. */
static sj_rc save_if_loaded(struct run *run)
{
    bool wanted = false;
    for (uint32_t i = 0; i < run->load_count && !wanted; i++)
        wanted = run->loads[i] == run->seq;
    if (!wanted)
        return 0;
    size_t room = sj_decide_save_size(run->decide);
    if (room > run->saved_room) {
        free(run->saved);
        run->saved = malloc(room);
        run->saved_room = run->saved ? room : 0;
        if (!run->saved)
            return -ENOMEM;
    }
    sj_rc rc = sj_decide_save(run->decide, run->saved, run->saved_room);
    run->saved_size = rc > 0 ? (size_t)rc : 0;
    run->saved_seq = run->seq;
    return rc < 0 ? rc : 0;
}

static void put_definition(const struct sj_instrument *definition, uint32_t src, void *context)
{
    uint32_t id;
    sj_rc rc = sj_instruments_put(context, definition, &id);
    (void)src;
    (void)rc; /* the live process had the same table, and room in it */
}

/* Every event of the own ring up to `seq`, as the restarted process read them from its journal. */
static sj_rc restore_up_to(struct run *run, uint64_t seq)
{
    struct source source;
    const struct sj_frame *event;
    sj_rc rc = source_open(&source, run->options->journal_dir, SJ_SRC_STRATEGY);
    while (rc >= 0 && (rc = source_next(&source, &event)) > 0 && event->seq < seq)
        sj_decide_restore(run->decide, event);
    source_close(&source);
    return rc < 0 ? rc : 0;
}

/* The names that follow a START, by number. */
static sj_rc read_names(struct run *run, uint64_t start_seq, struct sj_strategy_names *ret_names)
{
    struct source source;
    const struct sj_frame *event;
    memset(ret_names, 0, sizeof *ret_names);
    sj_rc rc = source_open(&source, run->options->journal_dir, SJ_SRC_STRATEGY);
    if (rc >= 0)
        rc = source_seek(&source, start_seq, &event);
    while (rc >= 0 && (rc = source_next(&source, &event)) > 0) {
        const struct sj_control *control = (const struct sj_control *)event;
        char name[sizeof control->text + 1];
        if (event->template_id != SJ_EVENT_CONTROL || control->kind != SJ_CONTROL_NAME)
            break;
        snprintf(name, sizeof name, "%.*s", (int)sizeof control->text, control->text);
        rc = sj_strategy_names_bind(ret_names, name);
        if (rc > 0 && control->value == 0)
            ret_names->retired |= UINT64_C(1) << ((uint32_t)rc - 1);
    }
    source_close(&source);
    return rc < 0 ? rc : 0;
}

static sj_rc begin(struct run *run, const struct sj_control *start)
{
    sj_decide_close(run->decide);
    sj_instruments_close(run->instruments);
    run->decide = NULL;
    run->instruments = NULL;
    sj_rc rc = sj_instruments_create(SJ_INSTRUMENTS_MAX, &run->instruments);
    if (rc >= 0)
        rc = sj_journal_reader_definitions(run->own.reader, put_definition, run->instruments);
    if (rc < 0)
        return fail(run, rc, "the instruments");
    struct sj_strategy_names names;
    rc = read_names(run, start->seq, &names);
    if (rc < 0)
        return fail(run, rc, "the names of strategies");
    rc = run->options->create(run->options->context, &names, &run->ops, run->instruments,
                              run->error, &run->decide);
    if (rc < 0)
        return rc;
    if (start->value > 0 && run->saved_seq != (uint64_t)start->value)
        return fail(run, -SJ_E_UNKNOWN,
                    "the state that the START at %llu loaded (%lld) is not of "
                    "this journal",
                    (unsigned long long)start->seq, (long long)start->value);
    if (start->value > 0)
        rc = sj_decide_load(run->decide, run->saved, run->saved_size, run->error);
    if (rc >= 0)
        rc = restore_up_to(run, start->seq);
    run->seq = start->seq - 1;
    run->result->starts++;
    return rc < 0 ? fail(run, rc, "the restart at %llu", (unsigned long long)start->seq) : 0;
}

/* --- inputs --- */

static sj_rc other_source(struct run *run, uint32_t src, struct source **ret_source)
{
    if (src >= SOURCES_MAX)
        return -SJ_E_RANGE;
    if (!run->open[src]) {
        sj_rc rc = source_open(&run->others[src], run->options->journal_dir, src);
        if (rc < 0)
            return rc;
        run->open[src] = true;
    }
    *ret_source = &run->others[src];
    return 0;
}

static sj_rc feed_batch(struct run *run, const struct sj_drained *note)
{
    struct source *source;
    const struct sj_frame *event;
    sj_rc rc = other_source(run, note->src, &source);
    if (rc < 0)
        return rc;
    sj_decide_batch(run->decide, note->src, note->first_seq, note->last_seq, note->count,
                    note->recv_ns);
    rc = note->count ? source_seek(source, note->first_seq, &event) : 0;
    for (uint32_t i = 0; rc > 0 && i < note->count; i++) {
        sj_decide_event(run->decide, event);
        run->result->market_events++;
        if (i + 1 < note->count)
            rc = source_next(source, &event);
    }
    if (rc <= 0 && note->count)
        return fail(run, rc < 0 ? rc : -SJ_E_CORRUPT, "events %llu to %llu of source %u",
                    (unsigned long long)note->first_seq, (unsigned long long)note->last_seq,
                    note->src);
    return 0;
}

static sj_rc feed(struct run *run, const struct sj_frame *event)
{
    const struct sj_control *control = (const struct sj_control *)event;
    bool start = event->template_id == SJ_EVENT_CONTROL && control->kind == SJ_CONTROL_START;
    sj_rc rc = start ? begin(run, control) : 0;
    if (rc < 0 || !run->decide)
        return rc;
    /* What the run published by itself is an output: it has been compared. */
    if (event->seq <= run->seq)
        return 0;
    run->result->inputs++;
    if (event->template_id == SJ_EVENT_DRAINED)
        rc = feed_batch(run, (const struct sj_drained *)event);
    else
        sj_decide_again(run->decide, event);
    return rc < 0 ? rc : save_if_loaded(run);
}

static sj_rc walk(struct run *run)
{
    const struct sj_frame *event;
    sj_rc rc;
    while ((rc = source_next(&run->own, &event)) > 0) {
        uint64_t seq = event->seq;
        rc = feed(run, event);
        if (rc < 0)
            return rc;
        /* It did nothing with an event of the journal: the two have parted. */
        if (run->decide && run->seq < seq) {
            tell_difference(run, event, NULL);
            run->seq = seq;
        }
    }
    return rc < 0 ? fail(run, rc, "journal %s", run->options->journal_dir) : 0;
}

sj_rc sj_as_live_run(const struct sj_as_live_options *options, struct sj_as_live_result *ret_result,
                     char error[SJ_AS_LIVE_ERROR_MAX])
{
    struct run *run = calloc(1, sizeof *run);
    *error = '\0';
    if (!run)
        return -ENOMEM;
    memset(ret_result, 0, sizeof *ret_result);
    run->options = options;
    run->result = ret_result;
    run->error = error;
    run->ops = (struct sj_decide_ops){.context = run, .publish = publish, .send = send_nowhere};
    sj_rc rc = collect_loads(run);
    if (rc >= 0)
        rc = source_open(&run->own, options->journal_dir, SJ_SRC_STRATEGY);
    if (rc >= 0)
        rc = source_open(&run->expect, options->journal_dir, SJ_SRC_STRATEGY);
    rc = rc < 0 ? fail(run, rc, "journal %s", options->journal_dir) : walk(run);
    sj_decide_close(run->decide);
    sj_instruments_close(run->instruments);
    source_close(&run->own);
    source_close(&run->expect);
    for (uint32_t i = 0; i < SOURCES_MAX; i++)
        if (run->open[i])
            source_close(&run->others[i]);
    free(run->saved);
    free(run);
    return rc;
}
