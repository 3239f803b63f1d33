#include "store/writer.h"

#include "base/assert.h"
#include "base/clock.h"

#include <string.h>

#define BLOCKS_PER_TURN 64 /* of the journal, before others have their turn */

/* --- reading --- */

static void take_definition(struct sj_store *store, const void *frame)
{
    struct sj_instrument definition;
    if (sj_frame_size(frame) != sizeof(definition))
        return;
    memcpy(&definition, frame, sizeof(definition));
    /* An id beyond the table's room shows as its number; the event itself is kept all the same. */
    (void)!sj_store_symbols_put(&store->symbols, &definition);
}

static sj_rc take_span(struct sj_store *store, struct sj_store_round *round,
                       const struct sj_journal_span *span)
{
    sj_rc rc = 0;
    for (const uint8_t *at = span->begin; rc == 0 && at < span->end; at += sj_frame_size(at)) {
        if (((const struct sj_frame *)at)->template_id == SJ_EVENT_INSTRUMENT)
            take_definition(store, at);
        if (!span->repeat)
            rc = sj_store_round_add(round, at, span->src);
    }
    round->end = span->next_position;
    store->read_position = span->next_position;
    return rc;
}

/* The next block into the round. Returns its frames; 0: none yet. */
static sj_rc read_block(struct sj_store *store, struct sj_store_round *round)
{
    struct sj_journal_span span;
    sj_rc rc = sj_journal_read(store->reader, &span);
    if (rc == -SJ_E_CORRUPT) {
        store->stats.corrupt_count++;
        return 1;
    }
    if (rc <= 0)
        return rc;
    sj_rc taken = take_span(store, round, &span);
    return taken < 0 ? taken : rc;
}

/* --- rounds --- */

static bool is_due(struct sj_store *store, const struct sj_store_round *round, int64_t now_ns)
{
    const struct sj_store_config *config = &store->config;
    if (store->old_cut_count > 0)
        return round->end >= store->ledger.cuts[store->old_cut_next];
    if (round->event_count == 0)
        return false;
    return round->row_max >= config->batch_rows || round->size >= (uint64_t)config->batch_bytes ||
           now_ns - round->opened_ns >= config->linger_ms * SJ_NS_PER_MS ||
           (atomic_load_explicit(&store->is_flushing, memory_order_relaxed) &&
            sj_journal_reader_head(store->reader) <= store->read_position);
}

/* Keeps the cut before anything of it is sent: a later life will cut it the same way. */
static sj_rc cut(struct sj_store *store, struct sj_store_round *round)
{
    bool is_old = store->old_cut_count > 0;
    sj_store_symbols_rank(&store->symbols);
    sj_rc rc = sj_store_round_cut(round, round->end, is_old);
    if (rc < 0)
        return rc;
    if (is_old) {
        store->old_cut_count--;
        store->old_cut_next++;
        return 1;
    }
    store->ledger.cuts[store->ledger.cut_count++] = round->end;
    rc = sj_store_ledger_save_cuts(&store->ledger);
    return rc < 0 ? rc : 1;
}

static struct sj_store_round *filling_round(struct sj_store *store)
{
    if (store->count > 0 && !sj_store_round_at(store, store->count - 1)->is_cut)
        return sj_store_round_at(store, store->count - 1);
    if (store->count == SJ_STORE_ROUNDS)
        return NULL;
    struct sj_store_round *round = sj_store_round_at(store, store->count++);
    sj_store_round_begin(round, store->read_position);
    return round;
}

sj_rc sj_store_feed_fill(struct sj_store *store, int64_t now_ns)
{
    sj_rc work = 0;
    struct sj_store_round *round = filling_round(store);
    bool is_full = round == NULL && sj_journal_reader_head(store->reader) > store->read_position;
    sj_store_note_full(store, SJ_STORE_QUEUE_ROUNDS, is_full, now_ns);
    if (round == NULL)
        return 0;
    for (uint32_t i = 0; i < BLOCKS_PER_TURN && !is_due(store, round, now_ns); i++) {
        sj_rc rc = read_block(store, round);
        if (rc < 0)
            return rc;
        if (rc == 0)
            break;
        work++;
    }
    if (is_due(store, round, now_ns)) {
        sj_rc rc = cut(store, round);
        return rc < 0 ? rc : work + rc;
    }
    return work;
}

/* --- acknowledging --- */

static sj_rc finish_first(struct sj_store *store)
{
    struct sj_store_round *round = sj_store_round_at(store, 0);
    struct sj_store_accounts accounts = store->ledger.accounts;
    accounts.position = round->end;
    for (uint32_t i = 0; i < round->stream_count; i++) {
        const struct sj_store_stream *from = &round->streams[i];
        struct sj_store_stream *to =
            sj_store_stream_of(accounts.streams, &accounts.stream_count, from->src);
        SJ_ASSERT(to != NULL && from->waiting_count == 0);
        if (to->read_count == 0)
            to->first_seq = from->first_seq;
        else if (from->first_seq > to->last_seq + 1)
            to->hole_count += from->first_seq - to->last_seq - 1;
        to->last_seq = from->last_seq;
        to->read_count += from->read_count;
        to->acked_count += from->acked_count;
        to->dead_count += from->dead_count;
        to->hole_count += from->hole_count;
        accounts.dead_count += from->dead_count;
    }
    sj_rc rc = sj_store_ledger_advance(
        &store->ledger, &accounts, store->ledger.event_count + round->event_count, &store->symbols);
    if (rc < 0)
        return rc;
    if (store->old_cut_next > 0)
        store->old_cut_next--; /* the cuts moved up */
    store->first = (store->first + 1) % SJ_STORE_ROUNDS;
    store->count--;
    return 1;
}

sj_rc sj_store_feed_advance(struct sj_store *store, int64_t now_ns)
{
    sj_rc work = 0;
    for (uint32_t i = 0; i < store->count; i++) {
        sj_rc rc = sj_store_round_step(sj_store_round_at(store, i), now_ns);
        if (rc < 0)
            return rc;
        work += rc;
    }
    while (store->count > 0 && sj_store_round_is_done(sj_store_round_at(store, 0))) {
        sj_rc rc = finish_first(store);
        if (rc < 0)
            return rc;
        work += rc;
    }
    return work;
}

/* --- the last life --- */

/* Definitions before the cursor, from the journal itself: where our own file of them is lost. */
static sj_rc read_definitions(struct sj_store *store)
{
    struct sj_journal_span span;
    sj_rc rc = sj_journal_seek(store->reader, sj_journal_reader_first(store->reader));
    while (rc >= 0) {
        rc = sj_journal_read(store->reader, &span);
        if (rc == -SJ_E_CORRUPT) {
            rc = 1;
            continue;
        }
        if (rc <= 0 || span.position >= store->ledger.position)
            break;
        for (const uint8_t *at = span.begin; at < span.end; at += sj_frame_size(at)) {
            if (((const struct sj_frame *)at)->template_id == SJ_EVENT_INSTRUMENT)
                take_definition(store, at);
        }
    }
    return rc < 0 ? rc : 0;
}

sj_rc sj_store_feed_open(struct sj_store *store)
{
    const struct sj_journal_reader_options options = {
        .dir = store->options.journal_dir,
        .durable_only = store->options.durable_only,
        .repeats =
            true, /* older segments may be gone: definitions come from the heads of later ones */
    };
    sj_rc rc = sj_journal_reader_open(&options, &store->reader);
    if (rc < 0)
        return rc;
    rc = sj_store_ledger_load(&store->ledger, store->options.journal_dir, store->options.cursor,
                              &store->symbols);
    if (rc == 1)
        rc = read_definitions(store);
    if (rc < 0)
        return rc;
    uint64_t first = sj_journal_reader_first(store->reader);
    if (store->ledger.position < first)
        store->ledger.position = first;
    store->read_position = store->ledger.position;
    store->old_cut_count = store->ledger.cut_count;
    return sj_journal_seek(store->reader, store->read_position);
}
