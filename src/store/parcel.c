#include "store/round.h"

#include "base/assert.h"
#include "base/clock.h"

#include <stdio.h>
#include <string.h>

static struct sj_store_range *last_range(struct sj_store_parcel *parcel)
{
    return &parcel->batch.ranges[parcel->batch.range_count - 1];
}

/* Rows leave the waiting ones for where they ended up. `first`: in the batch's order. */
static void account(struct sj_store_parcel *parcel, uint32_t first, uint32_t count, bool is_dead)
{
    const struct sj_store_batch *batch = &parcel->batch;
    struct sj_store_round *round = parcel->round;
    struct sj_store_stream *stream = NULL;
    for (uint32_t i = first; i < first + count; i++) {
        uint32_t src = batch->srcs[batch->order[i]];
        if (stream == NULL || stream->src != src)
            stream = sj_store_stream_of(round->streams, &round->stream_count, src);
        SJ_ASSERT(stream != NULL && stream->waiting_count > 0);
        stream->waiting_count--;
        stream->acked_count += !is_dead;
        stream->dead_count += is_dead;
    }
    if (!is_dead)
        parcel->sender->stats->rows_count[sj_store_table_index(batch->table)] += count;
}

/* The last range is done with. */
static void next_range(struct sj_store_parcel *parcel)
{
    parcel->batch.range_count--;
    parcel->is_built = false;
    parcel->cut_short_count = 0;
    parcel->stage = SJ_STORE_STAGE_READY;
    parcel->try_ns = 0;
    if (parcel->batch.range_count == 0) {
        parcel->stage = SJ_STORE_STAGE_DONE;
        parcel->round->done_count++;
    }
}

static void acknowledge(struct sj_store_parcel *parcel)
{
    const struct sj_store_range *range = last_range(parcel);
    account(parcel, range->first, range->count, false);
    sj_backoff_reset(&parcel->backoff);
    next_range(parcel);
}

static void wait_for(struct sj_store_parcel *parcel, enum sj_store_stage stage)
{
    parcel->stage = stage;
    parcel->try_ns = sj_clock_mono_ns() + sj_backoff_next_ns(&parcel->backoff);
}

/* Rows that will never be taken: into a file of their own, with the server's reason. */
static void bury(struct sj_store_parcel *parcel, const struct sj_store_answer *answer)
{
    struct sj_store_sender *sender = parcel->sender;
    struct sj_store_rows rows = sj_store_batch_rows(&parcel->batch);
    sj_rc rc = sj_store_dead_write(sender->dead_dir, &rows, sender->workshop->symbols, answer->text,
                                   answer->code, answer->http_status);
    if (rc < 0) {
        sender->broken = rc;
        wait_for(parcel, SJ_STORE_STAGE_READY);
        return;
    }
    account(parcel, last_range(parcel)->first, rows.count, true);
    parcel->bad_count += rows.count;
    next_range(parcel);
}

static void refuse(struct sj_store_parcel *parcel, const struct sj_store_answer *answer)
{
    parcel->is_built = false;
    if (parcel->bad_count < SJ_STORE_BAD_ROWS_MAX && sj_store_batch_halve(&parcel->batch)) {
        parcel->stage = SJ_STORE_STAGE_READY;
        return;
    }
    bury(parcel, answer);
}

/* --- answers --- */

static void tell(struct sj_store_sender *sender, const struct sj_store_answer *answer)
{
    struct sj_store_stats *stats = sender->stats;
    stats->is_connected = answer->http_status != 0;
    if (answer->fate == SJ_STORE_DONE)
        return;
    stats->retry_count[sj_store_reason_index(answer)]++;
    snprintf(stats->last_error, sizeof(stats->last_error), "%s", answer->text);
    /* Whoever answers next may be another: a restarted server, another version, no tables yet. */
    if (answer->http_status == 0 || answer->fate == SJ_STORE_CONFIG)
        sender->needs_setup = true;
}

static bool is_cut_short(const struct sj_store_answer *answer)
{
    return answer->code == 32 || answer->code == 33 || answer->code == 271;
}

static void take_insert(struct sj_store_parcel *parcel)
{
    struct sj_store_sender *sender = parcel->sender;
    const struct sj_store_request *request = &parcel->request;
    const struct sj_store_answer *answer = &request->answer;
    sender->flying_count--;
    tell(sender, answer);
    enum sj_store_fate fate = answer->fate;
    if (is_cut_short(answer) && ++parcel->cut_short_count >= SJ_STORE_CUT_SHORT_MAX)
        fate = SJ_STORE_POISON;
    switch (fate) {
    case SJ_STORE_DONE:
        sj_hist_record(sender->insert_hist, request->ended_ns - request->started_ns);
        sender->stats->batch_count++;
        acknowledge(parcel);
        break;
    case SJ_STORE_UNKNOWN:
        /* A server that knows tokens tells a second copy from the first by itself. */
        wait_for(parcel,
                 sender->setup->abilities.has_tokens ? SJ_STORE_STAGE_READY : SJ_STORE_STAGE_DOUBT);
        break;
    case SJ_STORE_POISON:
        refuse(parcel, answer);
        break;
    default:
        wait_for(parcel, SJ_STORE_STAGE_READY);
        break;
    }
}

static void take_running(struct sj_store_parcel *parcel)
{
    const struct sj_store_bytes *reply = &parcel->request.reply;
    tell(parcel->sender, &parcel->request.answer);
    bool is_over =
        parcel->request.answer.fate == SJ_STORE_DONE && reply->size > 0 && reply->data[0] == '0';
    if (!is_over) {
        wait_for(parcel, SJ_STORE_STAGE_DOUBT);
        return;
    }
    parcel->stage = SJ_STORE_STAGE_ASKING;
    parcel->try_ns = 0;
}

static void take_present(struct sj_store_parcel *parcel)
{
    struct sj_store_sender *sender = parcel->sender;
    const struct sj_store_bytes *reply = &parcel->request.reply;
    tell(sender, &parcel->request.answer);
    sj_rc found = parcel->request.answer.fate == SJ_STORE_DONE
                      ? sj_store_batch_strike(&parcel->batch, reply->data, reply->size)
                      : -SJ_E_TIMEOUT;
    if (found < 0) {
        wait_for(parcel, SJ_STORE_STAGE_DOUBT);
        return;
    }
    const struct sj_store_range *range = last_range(parcel);
    account(parcel, range->first + range->count, (uint32_t)found, false);
    sender->stats->reconcile_count++;
    sender->stats->found_count += (uint32_t)found;
    sj_backoff_reset(&parcel->backoff);
    parcel->is_built = parcel->is_built && found == 0;
    if (range->count == 0)
        next_range(parcel);
    else
        parcel->stage = SJ_STORE_STAGE_READY;
    parcel->try_ns = 0;
}

static void ended(struct sj_store_request *request)
{
    struct sj_store_parcel *parcel = request->context;
    if (parcel->stage == SJ_STORE_STAGE_FLYING)
        take_insert(parcel);
    else if (parcel->is_asking)
        take_present(parcel);
    else
        take_running(parcel);
    parcel->is_asking = false;
}

/* --- requests --- */

static sj_rc start(struct sj_store_parcel *parcel, const char *sql)
{
    struct sj_store_request *request = &parcel->request;
    request->sql = sql;
    request->body = NULL;
    request->settings = NULL;
    request->query_id = NULL;
    request->packing = SJ_STORE_PACK_NONE;
    request->done = ended;
    request->context = parcel;
    return sj_store_client_start(parcel->sender->client, request);
}

static sj_rc build(struct sj_store_parcel *parcel)
{
    char name[SJ_STORE_TOKEN_MAX];
    const struct sj_store_round *round = parcel->round;
    const struct sj_store_range *range = last_range(parcel);
    if (parcel->is_built)
        return 0;
    snprintf(name, sizeof(name), "shijim-%s-%lu-%lu-%u", parcel->sender->stream_name, round->begin,
             round->end, range->first);
    sj_rc rc = sj_store_batch_build(&parcel->batch, parcel->sender->workshop, name);
    parcel->is_built = rc == 0;
    return rc;
}

static sj_rc send_insert(struct sj_store_parcel *parcel)
{
    struct sj_store_sender *sender = parcel->sender;
    struct sj_store_request *request = &parcel->request;
    struct sj_store_batch *batch = &parcel->batch;
    if (sender->flying_count >= (uint32_t)sender->config->connections)
        return 0;
    sj_rc rc = build(parcel);
    if (rc < 0)
        return rc;
    snprintf(parcel->settings, sizeof(parcel->settings), "%s", sender->setup->settings);
    if (sender->setup->abilities.has_tokens) {
        rc = sj_store_settings_add(parcel->settings, sizeof(parcel->settings),
                                   "insert_deduplication_token", batch->token);
        if (rc < 0)
            return rc;
    }
    snprintf(parcel->query_id, sizeof(parcel->query_id), "%s.%u", batch->token, parcel->attempt++);
    *request = (struct sj_store_request){
        .sql = batch->sql,
        .body = batch->body.data,
        .body_size = batch->body.size,
        .packing = batch->packing,
        .settings = parcel->settings,
        .query_id = parcel->query_id,
        .done = ended,
        .context = parcel,
        .reply = request->reply,
    };
    rc = sj_store_client_start(sender->client, request);
    if (rc < 0)
        return rc == -SJ_E_FULL ? 0 : rc;
    parcel->stage = SJ_STORE_STAGE_FLYING;
    sender->flying_count++;
    sender->stats->sent_bytes += batch->body.size;
    sender->stats->plain_bytes += batch->plain_size;
    return 1;
}

/* An insert whose answer was lost may be running still: first wait for its end. */
static sj_rc ask_running(struct sj_store_parcel *parcel)
{
    sj_rc rc = build(parcel);
    if (rc < 0)
        return rc;
    snprintf(parcel->sql, sizeof(parcel->sql),
             "SELECT count() FROM system.processes WHERE query_id LIKE '%s.%%'",
             parcel->batch.token);
    rc = start(parcel, parcel->sql);
    if (rc < 0)
        return rc == -SJ_E_FULL ? 0 : rc;
    parcel->stage = SJ_STORE_STAGE_RUNNING;
    return 1;
}

static sj_rc ask_present(struct sj_store_parcel *parcel)
{
    if (parcel->is_asking)
        return 0;
    sj_rc rc = sj_store_batch_question(&parcel->batch, parcel->sender->setup->database, parcel->sql,
                                       sizeof(parcel->sql));
    if (rc > 0)
        rc = start(parcel, parcel->sql);
    if (rc < 0)
        return rc == -SJ_E_FULL ? 0 : rc;
    parcel->is_asking = true;
    return 1;
}

static sj_rc step(struct sj_store_parcel *parcel, int64_t now_ns)
{
    if (now_ns < parcel->try_ns)
        return 0;
    switch (parcel->stage) {
    case SJ_STORE_STAGE_READY:
        return send_insert(parcel);
    case SJ_STORE_STAGE_DOUBT:
        return ask_running(parcel);
    case SJ_STORE_STAGE_ASKING:
        return ask_present(parcel);
    default:
        return 0;
    }
}

sj_rc sj_store_round_step(struct sj_store_round *round, int64_t now_ns)
{
    sj_rc work = 0;
    if (!round->is_cut)
        return 0;
    for (uint32_t i = 0; i < round->parcel_count; i++) {
        sj_rc rc = step(&round->parcels[i], now_ns);
        if (rc < 0)
            return rc;
        work += rc;
    }
    return work;
}
