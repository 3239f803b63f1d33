/*
 * replay.h: a journal as a market source: its instruments are the universe, and every trade, book,
 * quote and index event goes out again as the broker's message it was.
 *
 * Events come in the journal's order, paced by their receive times. A journal that is still being
 * written is replayed up to where it was when the replay came there. Definitions, sessions, gaps
 * and legs have no message and are passed over.
 *
 * Errors   the reason in `error`, one line.
 * Threads  [owner]. Memory: reserved at create, for the definitions of the journal.
 */
#ifndef SJ_BROKERSIM_REPLAY_H
#define SJ_BROKERSIM_REPLAY_H

#include "brokersim/source.h"
#include "market/rules.h"
#include "shijim/journal.h"

struct sj_replay_options {
    const char *dir;
    const struct sj_market_rules *rules;
    struct sj_market_sink sink;
    double speed;
    uint32_t date; /* the trading day; 0: what the definitions say, else the first event's day */
};

/* Which feed an instrument's id of the journal is; SJ_SIM_NONE where nothing defines it. */
struct sj_replay_listing {
    uint32_t *feeds;
    uint32_t id_end;  /* ids are below this */
    int64_t first_ns; /* receive time of the first event with a message */
};

/* Reads the journal once: its contracts into a new universe, continuous ones last. */
SJ_MUST_USE sj_rc sj_replay_list(const struct sj_replay_options *options,
                                 struct sj_sim_universe *ret_universe,
                                 struct sj_replay_listing *ret_listing,
                                 char error[SJ_SIM_ERROR_MAX]);

/* Lists the contracts into `universe` (which must outlive the source) and opens the replay. */
SJ_MUST_USE sj_rc sj_replay_create(const struct sj_replay_options *options,
                                   struct sj_sim_universe *universe,
                                   struct sj_market_source **ret_source,
                                   char error[SJ_SIM_ERROR_MAX]);

/* The next whole frame of a span at *at, which moves behind it; NULL at the end of the span (or
 * where its rest is no frame). */
const struct sj_frame *sj_replay_frame(const struct sj_journal_span *span, const uint8_t **at);

#endif
