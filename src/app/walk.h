/*
 * walk.h: a walk over the events of a journal that a user narrows down: by time, type, code,
 * source. Definitions are learnt on the way, whatever the filter, so that every event has its code.
 *
 * Threads  one. Memory: the instrument table, at open.
 */
#ifndef SJ_APP_WALK_H
#define SJ_APP_WALK_H

#include "base/cli.h"
#include "event/instruments.h"
#include "journal/journal.h"

struct sj_walk_filter {
    struct sj_cli_list types; /* names of event.h; none = all */
    struct sj_cli_list codes; /* none = all */
    const char *from;         /* ISO time, Taipei unless it ends in Z; NULL = the beginning */
    const char *to;
    uint64_t src;   /* UINT64_MAX = all */
    uint64_t limit; /* events; 0 = all */
};

#define SJ_WALK_FILTER_ALL                                                                         \
    (struct sj_walk_filter)                                                                        \
    {                                                                                              \
        .src = UINT64_MAX                                                                          \
    }

/* The options of a filter, for a command's table of options. */
#define SJ_WALK_OPTIONS(filter)                                                                    \
    {"type", "NAME", "only events of this type (repeatable)", SJ_CLI_LIST, &(filter).types, 0,     \
     0,      't'},                                                                                 \
        {"code", "CODE", "only this instrument (repeatable)", SJ_CLI_LIST, &(filter).codes, 0,     \
         0,      'c'},                                                                             \
        {"from",                                                                                   \
         "TIME",                                                                                   \
         "from this receive time, e.g. 2026-11-23T09:00 (Taipei)",                                 \
         SJ_CLI_TEXT,                                                                              \
         &(filter).from,                                                                           \
         0,                                                                                        \
         0,                                                                                        \
         0},                                                                                       \
        {"to", "TIME", "before this receive time", SJ_CLI_TEXT, &(filter).to, 0, 0, 0},            \
        {"src", "N", "only this source", SJ_CLI_UINT, &(filter).src, 0, 63, 0},                    \
    {                                                                                              \
        "limit", "N", "stop after N events", SJ_CLI_UINT, &(filter).limit, 0, 0, 'n'               \
    }
#define SJ_WALK_OPTION_COUNT 6

struct sj_walk {
    struct sj_walk_filter filter;
    struct sj_journal_reader *reader;
    struct sj_instruments *instruments;
    struct sj_journal_span span;
    const uint8_t *at; /* the next frame in the span */
    uint64_t type_mask;
    int64_t from_ns;
    int64_t to_ns;
    uint64_t seen_count;
    uint64_t damage_count;
};

/* -SJ_E_UNKNOWN or -SJ_E_MALFORMED: a filter's word is wrong; one line went to stderr. */
SJ_MUST_USE sj_rc sj_walk_open(struct sj_walk *walk, const struct sj_cli *cli, const char *dir,
                               const struct sj_walk_filter *filter);
void sj_walk_close(struct sj_walk *walk);

/* The exit code for what sj_walk_open returned when it was negative. */
int sj_walk_exit(sj_rc rc);

/* The next event that passes, in place; NULL in *ret_frame at the (live) head or at the limit (then
 * returns 0). Returns 1 for an event. Damaged ranges are told on stderr, counted and passed over.
 */
SJ_MUST_USE sj_rc sj_walk_next(struct sj_walk *walk, const struct sj_frame **ret_frame);

#endif
