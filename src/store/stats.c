#include "store/writer.h"

#include "base/clock.h"
#include "base/log.h"

#include <string.h>

/* A wait at a full queue is counted once for every queue_timeout_ms that it lasts. */
void sj_store_note_full(struct sj_store *store, enum sj_store_queue queue, bool is_full,
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

/* Accounts at the cursor and what the rounds in hand add to them. */
static void add_up_streams(struct sj_store *store)
{
    struct sj_store_stats *stats = &store->stats;
    const struct sj_store_accounts *accounts = &store->ledger.accounts;
    stats->stream_count = accounts->stream_count;
    memcpy(stats->streams, accounts->streams, sizeof(stats->streams));
    stats->dead_count = accounts->dead_count;
    for (uint32_t i = 0; i < store->count; i++) {
        const struct sj_store_round *round = sj_store_round_at(store, i);
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

void sj_store_publish(struct sj_store *store)
{
    struct sj_store_stats *stats = &store->stats;
    uint64_t head = sj_journal_reader_head(store->reader);
    const struct sj_store_round *oldest = store->count > 0 ? sj_store_round_at(store, 0) : NULL;
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
