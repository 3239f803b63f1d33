#include "store/writer.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rng.h"
#include "event/instruments.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYMBOLS_MAX (SJ_INSTRUMENTS_MAX + 1)

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
    store->workshop.packed_tables = sj_store_setup_packed_tables(&store->setup);
    store->workshop.text_tables = sj_store_setup_text_tables(&store->setup);
    store->workshop.packing = sj_store_choose_packing(&store->config, abilities);
    for (uint32_t i = 0; i < store->count; i++)
        sj_store_round_unbuild(sj_store_round_at(store, i));
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

/* --- the duty --- */

sj_rc sj_store_do_work(struct sj_store *store)
{
    int64_t now_ns = sj_clock_mono_ns();
    sj_rc work = sj_store_client_poll(store->client, 0);
    bool is_known = is_server_known(store, now_ns);
    if (is_known) {
        sj_rc rc = sj_store_feed_advance(store, now_ns);
        if (rc < 0)
            return rc;
        work += rc;
    }
    bool is_full = store->sender.flying_count >= (uint32_t)store->config.connections;
    sj_store_note_full(store, SJ_STORE_QUEUE_REQUESTS, is_full && work == 0, now_ns);
    sj_rc rc = sj_store_feed_fill(store, now_ns);
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
        sj_store_publish(store);
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
        rc = sj_store_feed_open(store);
    if (rc < 0) {
        sj_store_close(store);
        return rc;
    }
    sj_store_publish(store);
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
