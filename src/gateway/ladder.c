#include "gateway/ladder.h"

void sj_ladder_init(struct sj_ladder *ladder, const struct sj_ladder_options *options)
{
    *ladder = (struct sj_ladder){.options = *options};
    sj_backoff_init(&ladder->backoff, options->backoff_min_ns, options->backoff_max_ns,
                    options->seed);
}

static bool exists(const struct sj_ladder *ladder, enum sj_rung rung)
{
    return (rung != SJ_RUNG_LOGIN || ladder->options.has_login) &&
           (rung != SJ_RUNG_RESTART || ladder->options.has_restart);
}

enum sj_rung sj_ladder_above(const struct sj_ladder *ladder, enum sj_rung rung)
{
    for (uint32_t next = rung + 1; next <= ladder->highest; next++)
        if (exists(ladder, (enum sj_rung)next))
            return (enum sj_rung)next;
    return SJ_RUNG_NONE;
}

static void due(struct sj_ladder *ladder, enum sj_rung rung, int64_t at_ns)
{
    ladder->state = SJ_LADDER_DUE;
    ladder->rung = rung;
    ladder->due_ns = at_ns;
}

void sj_ladder_fault(struct sj_ladder *ladder, int64_t now_ns, enum sj_rung from,
                     enum sj_rung highest)
{
    if (ladder->state == SJ_LADDER_IDLE) {
        ladder->highest = highest;
        ladder->fault_ns = now_ns;
        ladder->attempts = 0;
        int64_t wait_ns = 0;
        if (ladder->recovered_ns != 0 && now_ns - ladder->recovered_ns < ladder->options.watch_ns)
            wait_ns = sj_backoff_next_ns(&ladder->backoff);
        else
            sj_backoff_reset(&ladder->backoff);
        due(ladder, exists(ladder, from) ? from : SJ_RUNG_STREAM, now_ns + wait_ns);
        return;
    }
    if (highest > ladder->highest)
        ladder->highest = highest;
    /* The cure in force is below what this fault needs: go there as soon as it is out of hand. */
    if (from > ladder->rung && ladder->state != SJ_LADDER_ACTING && exists(ladder, from))
        due(ladder, from, now_ns);
}

enum sj_rung sj_ladder_poll(struct sj_ladder *ladder, int64_t now_ns)
{
    if (ladder->state == SJ_LADDER_WATCHING && now_ns >= ladder->due_ns) {
        enum sj_rung next = sj_ladder_above(ladder, ladder->rung);
        if (next != SJ_RUNG_NONE) {
            due(ladder, next, now_ns);
        } else {
            due(ladder, ladder->highest < SJ_RUNG_STREAM ? ladder->highest : SJ_RUNG_STREAM,
                now_ns + sj_backoff_next_ns(&ladder->backoff));
        }
    }
    if (ladder->state != SJ_LADDER_DUE || now_ns < ladder->due_ns || now_ns < ladder->hold_ns)
        return SJ_RUNG_NONE;
    ladder->state = SJ_LADDER_ACTING;
    ladder->attempts++;
    return ladder->rung;
}

void sj_ladder_done(struct sj_ladder *ladder, int64_t now_ns, bool ok)
{
    if (ladder->state != SJ_LADDER_ACTING)
        return; /* data came while the action was under way */
    if (ok) {
        ladder->state = SJ_LADDER_WATCHING;
        ladder->due_ns = now_ns + ladder->options.watch_ns;
        return;
    }
    /* A stream that cannot be opened is tried a few times, ever later, before a login is spent. */
    enum sj_rung next = sj_ladder_above(ladder, ladder->rung);
    if (next == SJ_RUNG_NONE || (ladder->rung == SJ_RUNG_STREAM && ladder->attempts % 3 != 0))
        next = ladder->rung;
    due(ladder, next, now_ns + sj_backoff_next_ns(&ladder->backoff));
}

enum sj_rung sj_ladder_data(struct sj_ladder *ladder, int64_t now_ns)
{
    if (ladder->state == SJ_LADDER_IDLE)
        return SJ_RUNG_NONE;
    enum sj_rung rung = ladder->rung;
    ladder->state = SJ_LADDER_IDLE;
    ladder->rung = SJ_RUNG_NONE;
    ladder->recovered_ns = now_ns;
    return rung;
}

void sj_ladder_hold(struct sj_ladder *ladder, int64_t until_ns)
{
    if (until_ns > ladder->hold_ns)
        ladder->hold_ns = until_ns;
}
