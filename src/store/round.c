#include "store/round.h"

#include "base/assert.h"
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sj_rc sj_store_round_init(struct sj_store_round *round, struct sj_store_sender *sender,
                          uint64_t seed)
{
    memset(round, 0, sizeof(*round));
    round->parcels = calloc(SJ_STORE_BATCHES_MAX, sizeof(*round->parcels));
    if (round->parcels == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < SJ_STORE_BATCHES_MAX; i++) {
        struct sj_store_parcel *parcel = &round->parcels[i];
        parcel->sender = sender;
        parcel->round = round;
        sj_backoff_init(&parcel->backoff, sender->config->retry_min_ms * SJ_NS_PER_MS,
                        sender->config->retry_max_ms * SJ_NS_PER_MS, seed + i);
    }
    return 0;
}

void sj_store_round_done(struct sj_store_round *round)
{
    for (uint32_t i = 0; round->parcels != NULL && i < SJ_STORE_BATCHES_MAX; i++) {
        sj_store_batch_done(&round->parcels[i].batch);
        sj_store_bytes_done(&round->parcels[i].request.reply);
    }
    free(round->parcels);
    memset(round, 0, sizeof(*round));
}

void sj_store_round_begin(struct sj_store_round *round, uint64_t position)
{
    round->begin = position;
    round->end = position;
    round->event_count = 0;
    round->size = 0;
    round->row_max = 0;
    round->opened_ns = 0;
    round->oldest_ns = 0;
    round->is_cut = false;
    round->parcel_count = 0;
    round->done_count = 0;
    round->stream_count = 0;
}

/* --- filling --- */

static struct sj_store_parcel *parcel_of(struct sj_store_round *round,
                                         const struct sj_store_table *table, int32_t month)
{
    for (uint32_t i = 0; i < round->parcel_count; i++) {
        const struct sj_store_batch *batch = &round->parcels[i].batch;
        if (batch->table == table && batch->month == month)
            return &round->parcels[i];
    }
    if (round->parcel_count == SJ_STORE_BATCHES_MAX)
        return NULL;
    struct sj_store_parcel *parcel = &round->parcels[round->parcel_count++];
    sj_store_batch_begin(&parcel->batch, table, month);
    parcel->stage = SJ_STORE_STAGE_READY;
    parcel->is_built = false;
    parcel->is_asking = false;
    parcel->try_ns = 0;
    parcel->attempt = 0;
    parcel->cut_short_count = 0;
    parcel->bad_count = 0;
    sj_backoff_reset(&parcel->backoff);
    return parcel;
}

static void note_first(struct sj_store_round *round, const void *frame)
{
    const struct sj_frame *head = frame;
    round->opened_ns = sj_clock_mono_ns();
    round->oldest_ns = head->template_id == SJ_EVENT_TIMER
                           ? head->exch_ns
                           : ((const struct sj_trade *)frame)->recv_ns;
}

/* What no table is for: a later version's event. It is kept as a dead letter until a version that
 * knows it sends it again. */
static sj_rc bury_unknown(struct sj_store_round *round, const void *frame, uint32_t src,
                          struct sj_store_stream *stream)
{
    struct sj_store_sender *sender = round->parcels[0].sender;
    const struct sj_store_table unknown = {
        .name = "unknown",
        .template_id = ((const struct sj_frame *)frame)->template_id,
        .row_size = (uint16_t)sj_frame_size(frame),
    };
    const struct sj_store_rows rows = {&unknown, frame, &src, NULL, 1, false};
    sj_rc rc =
        sj_store_dead_write(sender->dead_dir, &rows, sender->workshop->symbols,
                            "an event of a type or version this program does not know", 0, 0);
    if (rc < 0)
        return rc;
    stream->dead_count++;
    return 0;
}

sj_rc sj_store_round_add(struct sj_store_round *round, const void *frame, uint32_t src)
{
    const struct sj_frame *head = frame;
    struct sj_store_stream *stream = sj_store_stream_of(round->streams, &round->stream_count, src);
    if (stream == NULL)
        return -SJ_E_LIMIT;
    const struct sj_store_table *table = sj_store_table_of(head->template_id);
    bool is_known = table != NULL && sj_frame_size(frame) == table->row_size;
    int32_t month = is_known ? sj_store_month_of(&round->days, sj_store_frame_ts(frame)) : 0;
    struct sj_store_parcel *parcel = is_known ? parcel_of(round, table, month) : NULL;
    sj_rc rc = parcel != NULL ? sj_store_batch_add(&parcel->batch, frame, src)
                              : bury_unknown(round, frame, src, stream);
    if (rc < 0)
        return rc;
    if (round->event_count++ == 0)
        note_first(round, frame);
    if (parcel != NULL && parcel->batch.count > round->row_max)
        round->row_max = parcel->batch.count;
    round->size += sj_frame_size(frame);
    if (stream->read_count == 0)
        stream->first_seq = head->seq;
    else if (head->seq > stream->last_seq + 1)
        stream->hole_count += head->seq - stream->last_seq - 1;
    stream->last_seq = head->seq;
    stream->read_count++;
    stream->waiting_count += parcel != NULL;
    return 0;
}

sj_rc sj_store_round_cut(struct sj_store_round *round, uint64_t end, bool is_suspect)
{
    round->end = end;
    round->is_cut = true;
    for (uint32_t i = 0; i < round->parcel_count; i++) {
        struct sj_store_parcel *parcel = &round->parcels[i];
        sj_rc rc = sj_store_batch_seal(&parcel->batch, parcel->sender->workshop);
        if (rc < 0)
            return rc;
        parcel->stage = is_suspect && !parcel->sender->setup->abilities.has_tokens
                            ? SJ_STORE_STAGE_DOUBT
                            : SJ_STORE_STAGE_READY;
    }
    return 0;
}

bool sj_store_round_is_done(const struct sj_store_round *round)
{
    return round->is_cut && round->done_count == round->parcel_count;
}

void sj_store_round_unbuild(struct sj_store_round *round)
{
    for (uint32_t i = 0; i < round->parcel_count; i++)
        round->parcels[i].is_built &= round->parcels[i].stage == SJ_STORE_STAGE_FLYING;
}
