#include "store/store.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rng.h"
#include "event/instruments.h"
#include "store/ledger.h"
#include "store/round.h"
#include "store/setup.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYMBOLS_MAX (SJ_INSTRUMENTS_MAX + 1)
#define BLOCKS_PER_TURN 64 /* of the journal, before others have their turn */

struct sj_store {
    struct sj_store_config config;
    char dead_dir[SJ_STORE_PATH_MAX];
    struct sj_store_options options;
    struct sj_journal_reader *reader;
    struct sj_store_ledger ledger;
    struct sj_store_symbols symbols;
    struct sj_store_client *client;
    struct sj_store_setup setup;
    int64_t setup_try_ns;
    struct sj_backoff setup_backoff;
    struct sj_store_workshop workshop;
    struct sj_store_sender sender;

    /* rounds[first .. first + count - 1] (modulo) are in hand; the last one may be filling. */
    struct sj_store_round rounds[SJ_STORE_ROUNDS];
    uint32_t first;
    uint32_t count;
    uint32_t old_cut_count; /* cuts of an earlier life that are still to be made */
    uint32_t old_cut_next;
    uint64_t read_position;
    int64_t full_since_ns[SJ_STORE_QUEUE_COUNT]; /* 0: not full */
    bool is_adopted;                             /* what the setup told is in use */
    _Atomic bool is_flushing;
    int64_t published_ns;

    struct sj_store_stats stats; /* [owner] */
    struct sj_hist insert_hist;
    pthread_mutex_t lock; /* of `published` */
    struct sj_store_stats published;
};

static struct sj_store_round *round_at(struct sj_store *store, uint32_t i)
{
    return &store->rounds[(store->first + i) % SJ_STORE_ROUNDS];
}

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
    if (store->count > 0 && !round_at(store, store->count - 1)->is_cut)
        return round_at(store, store->count - 1);
    if (store->count == SJ_STORE_ROUNDS)
        return NULL;
    struct sj_store_round *round = round_at(store, store->count++);
    sj_store_round_begin(round, store->read_position);
    return round;
}

/* A wait at a full queue is counted once for every queue_timeout_ms that it lasts. */
static void note_full(struct sj_store *store, enum sj_store_queue queue, bool is_full,
                      int64_t now_ns)
{
    int64_t *since_ns = &store->full_since_ns[queue];
    if (!is_full || *since_ns == 0) {
        *since_ns = is_full ? now_ns : 0;
    } else if (now_ns - *since_ns >= store->config.queue_timeout_ms * SJ_NS_PER_MS) {
        store->stats.queue_timeout_count[queue]++;
        *since_ns = now_ns;
        sj_log_warn("store", "the queue of %s is full and has not moved for %ld ms: %s",
                    sj_store_queue_name(queue), store->config.queue_timeout_ms,
                    store->stats.last_error[0] != '\0' ? store->stats.last_error
                                                       : "the server is slow");
    }
}

static sj_rc fill(struct sj_store *store, int64_t now_ns)
{
    sj_rc work = 0;
    struct sj_store_round *round = filling_round(store);
    bool is_full = round == NULL && sj_journal_reader_head(store->reader) > store->read_position;
    note_full(store, SJ_STORE_QUEUE_ROUNDS, is_full, now_ns);
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
    struct sj_store_round *round = round_at(store, 0);
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

static sj_rc advance(struct sj_store *store, int64_t now_ns)
{
    sj_rc work = 0;
    for (uint32_t i = 0; i < store->count; i++) {
        sj_rc rc = sj_store_round_step(round_at(store, i), now_ns);
        if (rc < 0)
            return rc;
        work += rc;
    }
    while (store->count > 0 && sj_store_round_is_done(round_at(store, 0))) {
        sj_rc rc = finish_first(store);
        if (rc < 0)
            return rc;
        work += rc;
    }
    return work;
}

/* --- the server --- */

static void note_failure(struct sj_store *store, int64_t now_ns)
{
    const struct sj_store_answer *answer = &store->setup.answer;
    store->stats.is_connected = answer->http_status != 0;
    store->stats.retry_count[sj_store_reason_index(answer)]++;
    snprintf(store->stats.last_error, sizeof(store->stats.last_error), "%s", answer->text);
    sj_log_warn("store", "the server at %s does not take events yet: %s",
                sj_store_client_url(store->client), answer->text);
    store->setup_try_ns = now_ns + sj_backoff_next_ns(&store->setup_backoff);
}

/* What the server is decides how rows travel. Bodies made for another one are made again. */
static void adopt_server(struct sj_store *store)
{
    const struct sj_store_abilities *abilities = &store->setup.abilities;
    store->is_adopted = true;
    store->stats.is_connected = true;
    memcpy(store->stats.server_version, abilities->version, sizeof(abilities->version));
    sj_backoff_reset(&store->setup_backoff);
    store->workshop.format = (enum sj_store_format)store->config.format;
    store->workshop.is_packed = abilities->has_codecs;
    store->workshop.packing = sj_store_choose_packing(&store->config, abilities);
    for (uint32_t i = 0; i < store->count; i++)
        sj_store_round_unbuild(round_at(store, i));
}

/* Whether the server is known. Begins to ask what it is, and again after each loss. */
static bool is_server_known(struct sj_store *store, int64_t now_ns)
{
    struct sj_store_setup *setup = &store->setup;
    if (setup->state == SJ_STORE_SETUP_DONE && !store->sender.needs_setup) {
        if (!store->is_adopted)
            adopt_server(store);
        return true;
    }
    if (setup->state == SJ_STORE_SETUP_BUSY || store->sender.flying_count > 0)
        return false;
    if (setup->state == SJ_STORE_SETUP_FAILED && store->setup_try_ns == 0)
        note_failure(store, now_ns);
    if (now_ns < store->setup_try_ns)
        return false;
    store->setup_try_ns = 0;
    store->is_adopted = false;
    store->sender.needs_setup = false;
    sj_store_setup_start(setup);
    return false;
}

/* --- statistics --- */

/* Accounts at the cursor and what the rounds in hand add to them. */
static void add_up_streams(struct sj_store *store)
{
    struct sj_store_stats *stats = &store->stats;
    const struct sj_store_accounts *accounts = &store->ledger.accounts;
    stats->stream_count = accounts->stream_count;
    memcpy(stats->streams, accounts->streams, sizeof(stats->streams));
    stats->dead_count = accounts->dead_count;
    for (uint32_t i = 0; i < store->count; i++) {
        const struct sj_store_round *round = round_at(store, i);
        for (uint32_t s = 0; s < round->stream_count; s++) {
            const struct sj_store_stream *from = &round->streams[s];
            struct sj_store_stream *to =
                sj_store_stream_of(stats->streams, &stats->stream_count, from->src);
            if (to == NULL)
                continue;
            to->first_seq = to->read_count == 0 ? from->first_seq : to->first_seq;
            to->last_seq = from->last_seq;
            to->read_count += from->read_count;
            to->acked_count += from->acked_count;
            to->waiting_count += from->waiting_count;
            to->dead_count += from->dead_count;
            to->hole_count += from->hole_count;
            stats->dead_count += from->dead_count;
        }
    }
}

static void publish(struct sj_store *store)
{
    struct sj_store_stats *stats = &store->stats;
    uint64_t head = sj_journal_reader_head(store->reader);
    const struct sj_store_round *oldest = store->count > 0 ? round_at(store, 0) : NULL;
    bool has_oldest = oldest != NULL && oldest->event_count > 0;
    int64_t age_ns = has_oldest ? sj_clock_utc_ns() - oldest->oldest_ns : 0;
    stats->backlog_ns = age_ns > 0 ? age_ns : 0;
    stats->backlog_bytes = head > store->ledger.position ? head - store->ledger.position : 0;
    stats->acked_position = store->ledger.position;
    stats->acked_count = store->ledger.event_count;
    stats->queue_depth[SJ_STORE_QUEUE_ROUNDS] = store->count;
    stats->queue_limit[SJ_STORE_QUEUE_ROUNDS] = SJ_STORE_ROUNDS;
    stats->queue_depth[SJ_STORE_QUEUE_REQUESTS] = store->sender.flying_count;
    stats->queue_limit[SJ_STORE_QUEUE_REQUESTS] = (uint64_t)store->config.connections;
    add_up_streams(store);
    pthread_mutex_lock(&store->lock);
    store->published = *stats;
    pthread_mutex_unlock(&store->lock);
}

void sj_store_stats_get(struct sj_store *store, struct sj_store_stats *ret)
{
    pthread_mutex_lock(&store->lock);
    *ret = store->published;
    pthread_mutex_unlock(&store->lock);
}

const struct sj_hist *sj_store_insert_hist(const struct sj_store *store)
{
    return &store->insert_hist;
}

bool sj_store_identity_holds(const struct sj_store_stats *stats, uint32_t *ret_src)
{
    for (uint32_t i = 0; i < stats->stream_count; i++) {
        const struct sj_store_stream *stream = &stats->streams[i];
        bool adds_up =
            stream->read_count ==
                stream->acked_count + stream->waiting_count + stream->dead_count &&
            stream->read_count + stream->hole_count == stream->last_seq - stream->first_seq + 1;
        if (adds_up || stream->read_count == 0)
            continue;
        if (ret_src != NULL)
            *ret_src = stream->src;
        return false;
    }
    return true;
}

const char *sj_store_queue_name(enum sj_store_queue queue)
{
    return queue == SJ_STORE_QUEUE_ROUNDS ? "store_rounds" : "store_requests";
}

/* --- the duty --- */

sj_rc sj_store_do_work(struct sj_store *store)
{
    int64_t now_ns = sj_clock_mono_ns();
    sj_rc work = sj_store_client_poll(store->client, 0);
    bool is_known = is_server_known(store, now_ns);
    if (is_known) {
        sj_rc rc = advance(store, now_ns);
        if (rc < 0)
            return rc;
        work += rc;
    }
    bool is_full = store->sender.flying_count >= (uint32_t)store->config.connections;
    note_full(store, SJ_STORE_QUEUE_REQUESTS, is_full && work == 0, now_ns);
    sj_rc rc = fill(store, now_ns);
    if (rc < 0)
        return rc;
    work += rc;
    if (store->sender.broken < 0) {
        rc = store->sender.broken;
        store->sender.broken = 0;
        return rc;
    }
    if (work == 0 && store->options.poll_wait_ms > 0)
        work += sj_store_client_poll(store->client, store->options.poll_wait_ms);
    if (work > 0 || now_ns - store->published_ns > 100 * SJ_NS_PER_MS) {
        store->published_ns = now_ns;
        publish(store);
    }
    return work;
}

sj_rc sj_store_duty_work(void *store)
{
    return sj_store_do_work(store);
}

void sj_store_flush(struct sj_store *store)
{
    atomic_store_explicit(&store->is_flushing, true, memory_order_relaxed);
}

bool sj_store_is_caught_up(const struct sj_store *store)
{
    bool is_empty =
        store->count == 0 || (store->count == 1 && store->rounds[store->first].event_count == 0);
    return is_empty && sj_journal_reader_head(store->reader) <= store->read_position;
}

/* --- life --- */

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

static sj_rc open_journal(struct sj_store *store)
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

static sj_rc open_sender(struct sj_store *store, uint64_t seed)
{
    sj_rc rc = sj_store_connect(&store->config, &store->client);
    if (rc == 0)
        rc = sj_store_setup_init(&store->setup, &store->config, store->client,
                                 store->config.create_tables);
    if (rc == 0)
        rc = sj_store_workshop_init(&store->workshop, &store->symbols, store->setup.database);
    if (rc < 0)
        return rc;
    store->sender = (struct sj_store_sender){
        .client = store->client,
        .setup = &store->setup,
        .config = &store->config,
        .workshop = &store->workshop,
        .dead_dir = store->dead_dir,
        .stream_name = store->options.cursor,
        .stats = &store->stats,
        .insert_hist = &store->insert_hist,
    };
    sj_backoff_init(&store->setup_backoff, store->config.retry_min_ms * SJ_NS_PER_MS,
                    store->config.retry_max_ms * SJ_NS_PER_MS, seed);
    for (uint32_t i = 0; rc == 0 && i < SJ_STORE_ROUNDS; i++)
        rc = sj_store_round_init(&store->rounds[i], &store->sender, seed + i * 1000 + 1);
    return rc;
}

sj_rc sj_store_create(const struct sj_store_options *options, struct sj_store **ret_store)
{
    struct sj_store *store = calloc(1, sizeof(*store));
    if (store == NULL)
        return -ENOMEM;
    pthread_mutex_init(&store->lock, NULL);
    store->config = *options->config;
    store->options = *options;
    if (store->options.cursor == NULL)
        store->options.cursor = SJ_STORE_CURSOR;
    sj_store_dead_dir(&store->config, options->journal_dir, store->dead_dir);
    sj_rc rc = sj_store_symbols_init(&store->symbols, SYMBOLS_MAX);
    if (rc == 0)
        rc = open_sender(store, options->seed != 0 ? options->seed : sj_rng_fresh_seed());
    if (rc == 0)
        rc = open_journal(store);
    if (rc < 0) {
        sj_store_close(store);
        return rc;
    }
    publish(store);
    *ret_store = store;
    return 0;
}

void sj_store_close(struct sj_store *store)
{
    if (store == NULL)
        return;
    sj_store_client_close(store->client);
    for (uint32_t i = 0; i < SJ_STORE_ROUNDS; i++)
        sj_store_round_done(&store->rounds[i]);
    sj_store_workshop_done(&store->workshop);
    sj_store_setup_done(&store->setup);
    sj_store_symbols_done(&store->symbols);
    sj_journal_reader_close(store->reader);
    pthread_mutex_destroy(&store->lock);
    free(store);
}
