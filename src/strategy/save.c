/*
 * What outlives a restart: a head, then for each strategy a record, its positions, its open orders
 * and what it saved of itself. Instruments are written by code, as ids belong to one journal.
 *
 * A blob may be damaged or made by somebody: the checksum finds the first, and each number is
 * checked for the second. It is read three times: to check it, to hand the strategies their parts
 * (which may refuse), and only then to change what the host keeps.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/crc32c.h"
#include "strategy/host_private.h"

#define MAGIC "SJSTRAT"
#define VERSION 1
#define PLUGIN_NAME_MAX 32
#define POSITION_MAX (INT64_C(1) << 40)
#define STATE_SPARE 4096 /* what a strategy may save beyond the size of its state */

struct blob_head {
    char magic[8];
    uint32_t version;
    uint32_t checksum; /* CRC-32C of all that follows it */
    uint64_t size;     /* of the blob */
    uint32_t count;
    uint32_t reserved;
};

struct blob_strategy {
    char name[SJ_STRATEGY_NAME_MAX];
    char plugin[PLUGIN_NAME_MAX];
    uint32_t state_version;
    uint32_t state_size; /* padded to 8 behind the orders */
    uint32_t position_count;
    uint32_t order_count;
    int64_t timer_ns;
    uint8_t armed;
    uint8_t disarmed_by;
    uint8_t lot_class;
    uint8_t reserved[5];
    char reason[64];
};

struct blob_position {
    char code[16];
    int64_t quantity;
};

struct blob_order {
    char code[16];
    uint64_t intent_id;
    int64_t price_e6;
    uint32_t quantity, filled_told, filled_seen, cancelled;
    uint8_t side, state;
    uint8_t reserved[6];
};

_Static_assert(sizeof(struct blob_head) == 32 && sizeof(struct blob_strategy) == 152 &&
                   sizeof(struct blob_position) == 24 && sizeof(struct blob_order) == 56,
               "no holes in what is written");

static size_t padded(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

static size_t state_room(const struct sj_strategy_host *host)
{
    return host->plugin->save ? padded(host->plugin->state_size + STATE_SPARE) : 0;
}

size_t sj_strategies_save_size(const struct sj_strategies *s)
{
    size_t size = sizeof(struct blob_head) + s->intents.capacity * sizeof(struct blob_order);
    for (uint32_t i = 0; i < s->count; i++)
        size += sizeof(struct blob_strategy) + state_room(s->hosts[i]) +
                (size_t)s->hosts[i]->instrument_count * sizeof(struct blob_position);
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

static bool put_positions(struct writer *writer, const struct sj_strategy_host *host,
                          uint32_t *ret_count)
{
    for (uint32_t i = 0; i < host->instrument_count; i++) {
        uint32_t instrument = host->instruments[i];
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

struct state_call {
    struct sj_strategy_host *host;
    void *buffer;
    size_t size;
    sj_rc rc;
};

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

/* --- reading --- */

enum pass { PASS_CHECK, PASS_STATES, PASS_APPLY };

struct reader {
    struct sj_strategies *s;
    const uint8_t *at, *end;
    enum pass pass;
    uint64_t seen; /* bits of the strategies that were named */
    uint32_t order_count;
    char *error;
};

__attribute__((format(printf, 3, 4))) static sj_rc refuse(const struct reader *reader, sj_rc rc,
                                                          const char *format, ...)
{
    char what[SJ_STRATEGIES_ERROR_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(reader->error, SJ_STRATEGIES_ERROR_MAX, "saved strategies: %.300s", what);
    return rc;
}

static bool take(struct reader *reader, void *bytes, size_t size)
{
    if ((size_t)(reader->end - reader->at) < size)
        return false;
    memcpy(bytes, reader->at, size);
    reader->at += size;
    return true;
}

static bool is_text(const char *text, size_t size)
{
    return text[0] && memchr(text, 0, size) != NULL;
}

/* The instrument of a code that the strategy trades, or 0. */
static uint32_t own_instrument(const struct sj_strategy_host *host, const char code[16])
{
    uint32_t id = sj_instruments_find(host->owner->instruments, code, strnlen(code, 16));
    return id && id <= host->owner->instrument_max && (host->owner->takers[id] & sj_host_bit(host))
               ? id
               : 0;
}

static sj_rc take_position(struct reader *reader, struct sj_strategy_host *host)
{
    struct blob_position position;
    if (!take(reader, &position, sizeof position))
        return refuse(reader, -SJ_E_CORRUPT, "it ends in a position of %s", host->name);
    uint32_t instrument = own_instrument(host, position.code);
    if (!instrument)
        return refuse(
            reader, -SJ_E_UNKNOWN,
            "%s has a position in %.16s, which it is not given to trade; add it, or flatten "
            "it first",
            host->name, position.code);
    if (reader->pass == PASS_APPLY)
        host->positions[instrument] = position.quantity;
    return 0;
}

static sj_rc take_order(struct reader *reader, struct sj_strategy_host *host)
{
    struct blob_order order;
    struct sj_intent_table *table = &host->owner->intents;
    if (!take(reader, &order, sizeof order))
        return refuse(reader, -SJ_E_CORRUPT, "it ends in an order of %s", host->name);
    uint32_t instrument = own_instrument(host, order.code);
    if (!instrument || order.intent_id == 0 || order.state == SJ_ORDER_NONE ||
        order.state >= SJ_ORDER_FILLED ||
        (order.side != SJ_SIDE_BUY && order.side != SJ_SIDE_SELL) ||
        ++reader->order_count > table->capacity / 2)
        return refuse(reader, -SJ_E_CORRUPT, "an order of %s (%.16s) makes no sense", host->name,
                      order.code);
    if (reader->pass != PASS_APPLY)
        return 0;
    if (sj_intent_table_find(table, order.intent_id))
        return 0; /* named twice: the first counts */
    struct sj_intent_entry *entry = sj_intent_table_add(table, order.intent_id);
    entry->price_e6 = order.price_e6;
    entry->instrument = instrument;
    entry->quantity = order.quantity;
    entry->filled_told = order.filled_told;
    entry->filled_seen = order.filled_seen;
    entry->cancelled = order.cancelled;
    entry->strategy = (uint8_t)host->number;
    entry->kind = SJ_INTENT_PLACE;
    entry->side = order.side;
    sj_intent_table_set_state(table, entry, (enum sj_order_state)order.state);
    return 0;
}

static void call_restore(void *argument)
{
    struct state_call *call = argument;
    call->rc = call->host->plugin->restore(call->host->state, call->buffer, call->size);
}

static sj_rc take_state(struct reader *reader, struct sj_strategy_host *host, uint32_t size)
{
    if ((size_t)(reader->end - reader->at) < padded(size))
        return refuse(reader, -SJ_E_CORRUPT, "it ends in the state of %s", host->name);
    struct state_call call = {host, (void *)(uintptr_t)reader->at, size, 0};
    reader->at += padded(size);
    if (size == 0 || reader->pass != PASS_STATES || !host->plugin->restore)
        return 0;
    host->in_init = true; /* it may set its timer, and place nothing */
    bool returned = sj_host_guarded(host, call_restore, &call);
    host->in_init = false;
    reader->s->doomed &= ~sj_host_bit(host);
    if (!returned)
        return refuse(reader, -SJ_E_REFUSED, "%s: restore: %s", host->name, host->reason);
    if (call.rc < 0)
        return refuse(reader, call.rc, "%s does not take its state back: %s", host->name,
                      sj_rc_text(call.rc));
    return 0;
}

static void apply_record(struct sj_strategy_host *host, const struct blob_strategy *record)
{
    struct sj_strategies *s = host->owner;
    /* Like its state, a timer belongs to a strategy that saves itself; others begin anew. */
    if (record->state_size > 0)
        sj_host_set_timer(host, record->timer_ns);
    host->lot_class = record->lot_class;
    host->armed = record->armed;
    host->disarmed_by = (enum sj_control_source)record->disarmed_by;
    memcpy(host->reason, record->reason, sizeof host->reason);
    host->reason[sizeof host->reason - 1] = 0;
    s->armed = host->armed ? s->armed | sj_host_bit(host) : s->armed & ~sj_host_bit(host);
    if (!host->armed)
        sj_host_set_timer(host, INT64_MAX);
}

/* Whose record it is; NULL after a refusal. */
static struct sj_strategy_host *match(struct reader *reader, const struct blob_strategy *record,
                                      sj_rc *ret_rc)
{
    if (!is_text(record->name, sizeof record->name) ||
        !is_text(record->plugin, sizeof record->plugin) || record->armed > 1 ||
        record->lot_class > LOT_ODD) {
        *ret_rc = refuse(reader, -SJ_E_CORRUPT, "a record is not one");
        return NULL;
    }
    struct sj_strategy_host *host =
        sj_host_get(reader->s, sj_strategies_find(reader->s, record->name));
    if (!host) {
        *ret_rc = refuse(reader, -SJ_E_UNKNOWN,
                         "there is no strategy \"%s\" any more; keep it in the configuration until "
                         "its orders and positions are gone",
                         record->name);
        return NULL;
    }
    if (reader->seen & sj_host_bit(host)) {
        *ret_rc = refuse(reader, -SJ_E_CORRUPT, "%s is in it twice", record->name);
        return NULL;
    }
    if (strncmp(host->plugin->name, record->plugin, sizeof record->plugin - 1) != 0 ||
        host->plugin->state_version != record->state_version) {
        *ret_rc = refuse(reader, -SJ_E_LAYOUT,
                         "%s was %s (state version %u) and is %s (%u); give it another name",
                         record->name, record->plugin, record->state_version, host->plugin->name,
                         host->plugin->state_version);
        return NULL;
    }
    reader->seen |= sj_host_bit(host);
    return host;
}

static sj_rc take_strategy(struct reader *reader)
{
    struct blob_strategy record;
    sj_rc rc = 0;
    if (!take(reader, &record, sizeof record))
        return refuse(reader, -SJ_E_CORRUPT, "it ends in a record");
    struct sj_strategy_host *host = match(reader, &record, &rc);
    if (!host)
        return rc;
    for (uint32_t i = 0; rc >= 0 && i < record.position_count; i++)
        rc = take_position(reader, host);
    for (uint32_t i = 0; rc >= 0 && i < record.order_count; i++)
        rc = take_order(reader, host);
    if (rc >= 0)
        rc = take_state(reader, host, record.state_size);
    if (rc >= 0 && reader->pass == PASS_APPLY)
        apply_record(host, &record);
    return rc;
}

static sj_rc read_pass(struct sj_strategies *s, const void *buffer, size_t size, enum pass pass,
                       char *error)
{
    struct blob_head head;
    struct reader reader = {
        .s = s, .at = buffer, .end = (const uint8_t *)buffer + size, .pass = pass, .error = error};
    size_t skip = offsetof(struct blob_head, size);
    if (!take(&reader, &head, sizeof head) || memcmp(head.magic, MAGIC, sizeof head.magic) != 0)
        return refuse(&reader, -SJ_E_CORRUPT, "this is not what was saved");
    if (head.version != VERSION)
        return refuse(&reader, -SJ_E_LAYOUT, "version %u; this shijim knows %d", head.version,
                      VERSION);
    if (head.size != size ||
        sj_crc32c(0, (const uint8_t *)buffer + skip, size - skip) != head.checksum)
        return refuse(&reader, -SJ_E_CORRUPT, "the bytes are not what was written");
    sj_rc rc = 0;
    for (uint32_t i = 0; rc >= 0 && i < head.count; i++)
        rc = take_strategy(&reader);
    if (rc >= 0 && reader.at != reader.end)
        return refuse(&reader, -SJ_E_CORRUPT, "it goes on behind its end");
    return rc;
}

/* What a refused restore may have left in the states. */
static void begin_anew(struct sj_strategies *s)
{
    char ignored[SJ_STRATEGIES_ERROR_MAX];
    for (uint32_t i = 0; i < s->count; i++)
        if (s->hosts[i]->armed && sj_host_init_state(s->hosts[i], ignored) < 0)
            sj_host_doom(s->hosts[i], SJ_CONTROL_BY_PROCESS, 0,
                         "init failed after a refused restore");
}

sj_rc sj_strategies_restore(struct sj_strategies *s, const void *buffer, size_t size,
                            int64_t now_ns, char error[SJ_STRATEGIES_ERROR_MAX])
{
    sj_host_begin_turn(s, now_ns);
    sj_rc rc = read_pass(s, buffer, size, PASS_CHECK, error);
    if (rc >= 0) {
        rc = read_pass(s, buffer, size, PASS_STATES, error);
        if (rc < 0)
            begin_anew(s);
        else
            rc = read_pass(s, buffer, size, PASS_APPLY, error);
    }
    sj_host_end_turn(s);
    return rc < 0 ? rc : 0;
}
