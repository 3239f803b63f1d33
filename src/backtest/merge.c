#include "backtest/merge.h"

#include "base/clock.h"
#include "market/calendar.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 3, 4))) static sj_rc fail(char *error, sj_rc rc, const char *format,
                                                        ...)
{
    va_list args;
    va_start(args, format);
    sj_rc_explain(error, 400, rc, format, args);
    va_end(args);
    return rc;
}

#define NEWEST_DATE 29991231u

/* --- what is in a journal --- */

struct listing {
    uint64_t sources; /* bits */
    int64_t first_ns, last_ns;
    struct sj_journal_segment last;
    uint64_t segments;
};

static bool is_market_source(uint32_t src)
{
    return (src >= SJ_SRC_GATEWAY && src < SJ_SRC_STRATEGY) ||
           (src >= SJ_SRC_CONVERT && src < SJ_SRC_USER);
}

static void look_at_segment(const struct sj_journal_segment *segment, void *context)
{
    struct listing *listing = context;
    listing->segments++;
    listing->last = *segment;
    for (uint32_t i = 0; segment->whole && i < segment->source_count; i++)
        if (is_market_source(segment->sources[i].src))
            listing->sources |= UINT64_C(1) << segment->sources[i].src;
    if (segment->event_count == 0)
        return;
    if (listing->first_ns == 0 || segment->first_ns < listing->first_ns)
        listing->first_ns = segment->first_ns;
    if (segment->last_ns > listing->last_ns)
        listing->last_ns = segment->last_ns;
}

static void note_end(struct sj_bt_merge *merge, const char *dir, const struct listing *listing)
{
    const struct sj_journal_segment *last = &listing->last;
    if ((last->sealed && last->clean) || merge->ended[0])
        return;
    snprintf(merge->ended, sizeof merge->ended,
             "%.60s was not closed: read to the last whole block, %.31s at %llu", dir, last->file,
             (unsigned long long)last->end);
}

/* --- the day --- */

/* The first instant that belongs to a trading day or a later one. */
static int64_t day_begins(const struct sj_market_rules *rules, int32_t day)
{
    int64_t high = sj_tw_to_utc_ns(day, 12 * 3600 * SJ_NS_PER_S);
    int64_t low = high - 20 * SJ_NS_PER_DAY;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (sj_market_trading_day(rules, SJ_BOARD_FUTURES, middle) >= day)
            high = middle;
        else
            low = middle;
    }
    return high;
}

static sj_rc set_day(struct sj_bt_merge *merge, const struct sj_bt_merge_options *options,
                     char *error)
{
    merge->from_ns = INT64_MIN;
    merge->to_ns = INT64_MAX;
    if (options->day == 0)
        return 0;
    if (!sj_date_valid(options->day))
        return fail(error, -SJ_E_RANGE, "day %d: it is written YYYYMMDD", options->day);
    int32_t next =
        sj_tw_next_trading_day(options->day, sj_market_holidays(options->rules, SJ_BOARD_FUTURES));
    merge->from_ns = day_begins(options->rules, options->day);
    merge->to_ns = day_begins(options->rules, next);
    return 0;
}

/* --- definitions --- */

/* What a lot is worth stands in the rules where the definition does not say it (TAIFEX's files). */
static void complete(const struct sj_market_rules *rules, struct sj_instrument *definition)
{
    char root[sizeof definition->root + 1] = "";
    bool by_lot =
        definition->security == SJ_SECURITY_FUT || definition->security == SJ_SECURITY_OPT;
    uint32_t date = definition->update_date ? (uint32_t)definition->update_date : NEWEST_DATE;
    int64_t point_e6;
    memcpy(root, definition->root, sizeof definition->root);
    if (by_lot && definition->multiplier_e6 <= 0 &&
        sj_market_number(rules, "point", root, date, &point_e6) == 0)
        definition->multiplier_e6 = point_e6;
}

struct learning {
    struct sj_bt_merge *merge;
    uint32_t journal;
    bool only_new; /* what is known already stays */
    sj_rc rc;
};

static void learn(const struct sj_instrument *definition, uint32_t src, void *context)
{
    struct learning *learning = context;
    struct sj_bt_merge *merge = learning->merge;
    struct sj_instrument copy = *definition;
    uint32_t id, theirs = definition->instrument;
    (void)src;
    complete(merge->rules, &copy);
    if (learning->rc < 0 || theirs == 0 || theirs > SJ_INSTRUMENTS_MAX)
        return;
    id = sj_instruments_find(merge->instruments, copy.code, strnlen(copy.code, sizeof copy.code));
    if (id == 0 || !learning->only_new) {
        sj_rc rc = sj_instruments_put(merge->instruments, &copy, &id);
        if (rc == -SJ_E_MALFORMED)
            return; /* a code that none has: its events are of an unknown one */
        learning->rc = rc;
    }
    if (learning->rc >= 0)
        merge->ids[learning->journal][theirs] = id;
}

static sj_rc learn_all(struct sj_bt_merge *merge, uint32_t journal,
                       struct sj_journal_reader *reader, bool only_new)
{
    struct learning learning = {merge, journal, only_new, 0};
    sj_rc rc = sj_journal_reader_definitions(reader, learn, &learning);
    return rc < 0 ? rc : learning.rc;
}

/* --- inputs --- */

static size_t least_size(uint16_t template_id)
{
    switch (template_id) {
#define X(id, suffix, type, name)                                                                  \
    case id:                                                                                       \
        return sizeof(struct type);
        SJ_EVENT_TABLE(X)
#undef X
    default:
        return 0;
    }
}

static bool is_event(const struct sj_frame *event)
{
    size_t size = sj_frame_size(event), least = least_size(event->template_id);
    return least != 0 && size >= least && size <= SJ_EVENT_SIZE_MAX &&
           event->template_id != SJ_EVENT_TIMER;
}

static sj_rc tell_trouble(struct sj_bt_merge *merge, const struct sj_bt_input *input,
                          const char *what, uint64_t lost)
{
    const struct sj_bt_trouble trouble = {merge->journals[input->journal], input->source.src,
                                          input->seq, lost, what};
    return merge->on_trouble(merge->context, &trouble);
}

static sj_rc pass_damage(struct sj_bt_merge *merge, const struct sj_bt_input *input)
{
    uint64_t lost = 0;
    sj_journal_reader_damage(input->source.reader, &merge->damage);
    for (uint32_t i = 0; i < merge->damage.lost_count && i < SJ_JOURNAL_DAMAGE_LOST_MAX; i++)
        if (merge->damage.lost[i].src == input->source.src)
            lost += merge->damage.lost[i].last_seq - merge->damage.lost[i].first_seq + 1;
    return tell_trouble(merge, input, merge->damage.text, lost);
}

/* The next event of one input that belongs to the day. */
static sj_rc advance(struct sj_bt_merge *merge, struct sj_bt_input *input)
{
    for (;;) {
        const struct sj_frame *event;
        sj_rc rc = source_next(&input->source, &event);
        if (rc == -SJ_E_CORRUPT)
            rc = pass_damage(merge, input);
        else if (rc > 0 && !is_event(event))
            rc = tell_trouble(merge, input, "no event of a known form", 1);
        else if (rc > 0) {
            int64_t recv_ns = ((const struct sj_trade *)(const void *)event)->recv_ns;
            input->seq = event->seq;
            if (recv_ns < merge->from_ns)
                continue;
            input->event = recv_ns < merge->to_ns ? event : NULL;
            input->recv_ns = recv_ns;
            return 0;
        } else if (rc == 0) {
            input->event = NULL;
            return 0;
        }
        if (rc < 0)
            return rc;
    }
}

static sj_rc open_input(struct sj_bt_merge *merge, uint32_t journal, uint32_t src)
{
    if (merge->input_count == SJ_BT_INPUTS_MAX)
        return -SJ_E_LIMIT;
    struct sj_bt_input *input = &merge->inputs[merge->input_count];
    input->journal = journal;
    sj_rc rc = source_open(&input->source, merge->journals[journal], src);
    if (rc < 0)
        return rc;
    merge->input_count++;
    if (merge->from_ns != INT64_MIN)
        rc = sj_journal_seek_time(input->source.reader, merge->from_ns);
    if (rc >= 0)
        rc = learn_all(merge, journal, input->source.reader, false);
    return rc < 0 ? rc : advance(merge, input);
}

/* Those that come only later in the day: who trades them must know them before. */
static sj_rc learn_the_rest(struct sj_bt_merge *merge, uint32_t journal)
{
    const struct sj_journal_reader_options options = {.dir = merge->journals[journal]};
    struct sj_journal_reader *reader;
    sj_rc rc = sj_journal_reader_open(&options, &reader);
    if (rc < 0)
        return rc;
    rc = sj_journal_seek(reader, sj_journal_reader_head(reader));
    if (rc >= 0)
        rc = learn_all(merge, journal, reader, true);
    sj_journal_reader_close(reader);
    return rc;
}

static sj_rc open_journal(struct sj_bt_merge *merge, uint32_t journal, char *error)
{
    const char *dir = merge->journals[journal];
    struct listing listing = {0};
    merge->ids[journal] = calloc(SJ_INSTRUMENTS_MAX + 1, sizeof *merge->ids[journal]);
    if (!merge->ids[journal])
        return -ENOMEM;
    sj_rc rc = sj_journal_list(dir, look_at_segment, &listing);
    if (rc >= 0 && listing.segments == 0)
        rc = -ENOENT;
    if (rc < 0)
        return fail(error, rc, "journal %s", dir);
    note_end(merge, dir, &listing);
    for (uint32_t src = 0; src < SJ_JOURNAL_SOURCES_MAX && rc >= 0; src++)
        if (listing.sources >> src & 1)
            rc = open_input(merge, journal, src);
    if (rc >= 0)
        rc = learn_the_rest(merge, journal);
    return rc < 0 && !*error ? fail(error, rc, "journal %s", dir) : rc;
}

static bool is_empty(const struct sj_bt_merge *merge)
{
    for (uint32_t i = 0; i < merge->input_count; i++)
        if (merge->inputs[i].event)
            return false;
    return true;
}

sj_rc sj_bt_merge_open(struct sj_bt_merge *merge, const struct sj_bt_merge_options *options,
                       char error[400])
{
    *merge = (struct sj_bt_merge){.journals = options->journals,
                                  .journal_count = options->journal_count,
                                  .instruments = options->instruments,
                                  .rules = options->rules,
                                  .context = options->context,
                                  .on_trouble = options->on_trouble};
    if (options->journal_count > SJ_BT_JOURNALS_MAX)
        return fail(error, -SJ_E_LIMIT, "%u journals of one day", options->journal_count);
    sj_rc rc = set_day(merge, options, error);
    for (uint32_t i = 0; i < options->journal_count && rc >= 0; i++)
        rc = open_journal(merge, i, error);
    if (rc >= 0 && is_empty(merge))
        rc = fail(error, -SJ_E_UNKNOWN,
                  options->day ? "journal %s: nothing of the day %d in it"
                               : "journal %s: no market data in it",
                  options->journals[0], options->day);
    if (rc < 0)
        sj_bt_merge_close(merge);
    return rc;
}

void sj_bt_merge_close(struct sj_bt_merge *merge)
{
    for (uint32_t i = 0; i < merge->input_count; i++)
        source_close(&merge->inputs[i].source);
    for (uint32_t i = 0; i < SJ_BT_JOURNALS_MAX; i++)
        free(merge->ids[i]);
    memset(merge, 0, sizeof *merge);
}

/* A definition that comes in between is known from here on. */
static uint32_t id_of(struct sj_bt_merge *merge, uint32_t journal, const struct sj_frame *event)
{
    if (event->template_id == SJ_EVENT_INSTRUMENT) {
        struct learning learning = {merge, journal, false, 0};
        learn((const struct sj_instrument *)(const void *)event, 0, &learning);
    }
    return event->instrument <= SJ_INSTRUMENTS_MAX ? merge->ids[journal][event->instrument] : 0;
}

sj_rc sj_bt_merge_next(struct sj_bt_merge *merge, struct sj_bt_merged *ret_merged)
{
    struct sj_bt_input *first = NULL;
    /* The one handed out last has gone on only now: its event was valid until this call. */
    for (uint32_t i = 0; i < merge->input_count; i++) {
        struct sj_bt_input *input = &merge->inputs[i];
        if (input->taken) {
            sj_rc rc = advance(merge, input);
            input->taken = false;
            if (rc < 0)
                return rc;
        }
        if (input->event && (!first || input->recv_ns < first->recv_ns))
            first = input;
    }
    if (!first)
        return 0;
    const struct sj_frame *event = first->event;
    if (event->template_id == SJ_EVENT_INSTRUMENT) {
        memcpy(&merge->definition, event, sizeof merge->definition);
        complete(merge->rules, &merge->definition);
        event = (const struct sj_frame *)(const void *)&merge->definition;
    }
    first->taken = true;
    *ret_merged = (struct sj_bt_merged){.event = event,
                                        .instrument = id_of(merge, first->journal, event),
                                        .journal = first->journal,
                                        .src = first->source.src,
                                        .exch_ns = first->event->exch_ns,
                                        .recv_ns = first->recv_ns};
    return 1;
}
