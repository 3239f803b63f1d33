/*
 * What outlives a restart: a head, then for each strategy a record, its positions, its open orders
 * and what it saved of itself. Instruments are written by code, as ids belong to one journal.
 */
#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "strategy/blob.h"

#define STATE_SPARE 4096 /* what a strategy may save beyond the size of its state */

static size_t state_room(const struct sj_strategy_host *host)
{
    return host->plugin->save ? padded(host->plugin->state_size + STATE_SPARE) : 0;
}

size_t sj_strategies_save_size(const struct sj_strategies *s)
{
    size_t size = sizeof(struct blob_head) + s->intents.capacity * sizeof(struct blob_order);
    for (uint32_t i = 0; i < s->count; i++)
        size += sizeof(struct blob_strategy) + state_room(s->hosts[i]) +
                ((size_t)s->hosts[i]->instrument_count + KEPT_MAX) * sizeof(struct blob_position);
    return size;
}

/* --- writing --- */

struct writer {
    uint8_t *at, *end;
};

static bool put(struct writer *writer, const void *bytes, size_t size)
{
    if ((size_t)(writer->end - writer->at) < size)
        return false;
    memcpy(writer->at, bytes, size);
    writer->at += size;
    return true;
}

static void copy_code(const struct sj_strategies *s, uint32_t instrument, char code[16])
{
    const struct sj_instrument *definition = sj_instruments_get(s->instruments, instrument);
    if (definition)
        memcpy(code, definition->code, 16);
}

static bool put_positions_in(struct writer *writer, const struct sj_strategy_host *host,
                             const uint32_t *instruments, uint32_t count, uint32_t *ret_count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t instrument = instruments[i];
        struct blob_position position = {.quantity = host->positions[instrument]};
        if (position.quantity == 0)
            continue;
        copy_code(host->owner, instrument, position.code);
        if (!put(writer, &position, sizeof position))
            return false;
        ++*ret_count;
    }
    return true;
}

static bool put_positions(struct writer *writer, const struct sj_strategy_host *host,
                          uint32_t *ret_count)
{
    return put_positions_in(writer, host, host->instruments, host->instrument_count, ret_count) &&
           put_positions_in(writer, host, host->kept, host->kept_count, ret_count);
}

static bool put_orders(struct writer *writer, const struct sj_strategy_host *host,
                       uint32_t *ret_count)
{
    const struct sj_strategies *s = host->owner;
    uint32_t open = s->intents.open_count; /* saves are frequent, and open orders few */
    for (uint32_t i = 0; i < s->intents.capacity && open > 0; i++) {
        const struct sj_intent_entry *entry = &s->intents.entries[i];
        if (!sj_intent_entry_open(entry))
            continue;
        open--;
        if (entry->strategy != host->number)
            continue;
        struct blob_order order = {.intent_id = entry->intent_id,
                                   .price_e6 = entry->price_e6,
                                   .quantity = entry->quantity,
                                   .filled_told = entry->filled_told,
                                   .filled_seen = entry->filled_seen,
                                   .cancelled = entry->cancelled,
                                   .side = entry->side,
                                   .state = entry->state};
        copy_code(s, entry->instrument, order.code);
        if (!put(writer, &order, sizeof order))
            return false;
        ++*ret_count;
    }
    return true;
}

static void call_save(void *argument)
{
    struct state_call *call = argument;
    call->rc = call->host->plugin->save(call->host->state, call->buffer, call->size);
}

/* What it saves goes straight into the blob. Nothing of one that is not armed: its state is made
 * anew when it is armed again. */
static sj_rc put_state(struct writer *writer, struct sj_strategy_host *host, uint32_t *ret_size)
{
    size_t room = (size_t)(writer->end - writer->at);
    size_t most = host->plugin->state_size + STATE_SPARE;
    struct state_call call = {host, writer->at, room < most ? room : most, 0};
    if (!host->plugin->save || !host->armed)
        return 0;
    if (!sj_host_guarded(host, call_save, &call))
        return 0; /* it is disarmed at the end of the turn, and saves nothing */
    if (call.rc < 0)
        return call.rc;
    if ((size_t)call.rc > call.size || padded((size_t)call.rc) > room)
        return -SJ_E_LIMIT;
    memset(writer->at + call.rc, 0, padded((size_t)call.rc) - (size_t)call.rc);
    writer->at += padded((size_t)call.rc);
    *ret_size = (uint32_t)call.rc;
    return 0;
}

static sj_rc put_strategy(struct writer *writer, struct sj_strategy_host *host)
{
    uint8_t *begin = writer->at;
    struct blob_strategy record = {.state_version = host->plugin->state_version,
                                   .timer_ns = host->timer_ns,
                                   .armed = host->armed,
                                   .disarmed_by = (uint8_t)host->disarmed_by,
                                   .lot_class = host->lot_class};
    snprintf(record.name, sizeof record.name, "%s", host->name);
    snprintf(record.plugin, sizeof record.plugin, "%s", host->plugin->name);
    memcpy(record.reason, host->reason, sizeof record.reason);
    if (!put(writer, &record, sizeof record) ||
        !put_positions(writer, host, &record.position_count) ||
        !put_orders(writer, host, &record.order_count))
        return -SJ_E_LIMIT;
    sj_rc rc = put_state(writer, host, &record.state_size);
    memcpy(begin, &record, sizeof record);
    return rc;
}

sj_rc sj_strategies_save(struct sj_strategies *s, void *buffer, size_t size)
{
    struct blob_head head = {.magic = MAGIC, .version = VERSION, .count = s->count};
    struct writer writer = {buffer, (uint8_t *)buffer + size};
    if (!put(&writer, &head, sizeof head))
        return -SJ_E_LIMIT;
    sj_host_begin_turn(s, s->now_ns);
    sj_rc rc = 0;
    for (uint32_t i = 0; rc >= 0 && i < s->count; i++)
        rc = put_strategy(&writer, s->hosts[i]);
    sj_host_end_turn(s);
    if (rc < 0)
        return rc;
    size_t used = (size_t)(writer.at - (uint8_t *)buffer), skip = offsetof(struct blob_head, size);
    head.size = used;
    memcpy(buffer, &head, sizeof head);
    head.checksum = sj_crc32c(0, (uint8_t *)buffer + skip, used - skip);
    memcpy(buffer, &head, sizeof head);
    return used <= INT32_MAX ? (sj_rc)used : -SJ_E_LIMIT;
}
