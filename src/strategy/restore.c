/*
 * What outlived a restart, read back. A blob may be damaged or made by somebody: the checksum finds
 * the first, and each number is checked for the second. It is read three times: to check it, to
 * hand the strategies their parts (one that refuses begins anew), and only then to change what the
 * host keeps.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "strategy/blob.h"

#define POSITION_MAX (INT64_C(1) << 40)

enum pass { PASS_CHECK, PASS_STATES, PASS_APPLY };

struct reader {
    struct sj_strategies *s;
    const uint8_t *at, *end;
    enum pass pass;
    uint64_t seen; /* bits of the strategies that were named */
    uint64_t anew; /* and of those that do not take their state back */
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

/* A line about what is not taken over; once, while it is applied. */
__attribute__((format(printf, 3, 4))) static void tell(const struct reader *reader,
                                                       struct sj_strategy_host *host,
                                                       const char *format, ...)
{
    char line[SJ_STRATEGIES_ERROR_MAX];
    va_list arguments;
    if (reader->pass != PASS_APPLY)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    sj_host_log(host, line);
}

/* The instrument of a code; 0, and a line: there is none any more. */
static uint32_t known_instrument(const struct reader *reader, struct sj_strategy_host *host,
                                 const char code[16], const char *what)
{
    struct sj_strategies *s = host->owner;
    uint32_t id = sj_instruments_find(s->instruments, code, strnlen(code, 16));
    if (id && id <= s->instrument_max && (reader->pass != PASS_APPLY || sj_host_keep(host, id)))
        return id;
    tell(reader, host, "%s in %.16s is dropped: there is no such instrument any more", what, code);
    return 0;
}

static sj_rc take_position(struct reader *reader, struct sj_strategy_host *host)
{
    struct blob_position position;
    if (!take(reader, &position, sizeof position))
        return refuse(reader, -SJ_E_CORRUPT, "it ends in a position of %s", host->name);
    if (position.quantity > POSITION_MAX || position.quantity < -POSITION_MAX)
        return refuse(reader, -SJ_E_CORRUPT, "a position of %s (%.16s) makes no sense", host->name,
                      position.code);
    uint32_t instrument = known_instrument(reader, host, position.code, "its position");
    if (instrument && reader->pass == PASS_APPLY)
        host->positions[instrument] = position.quantity;
    return 0;
}

static sj_rc take_order(struct reader *reader, struct sj_strategy_host *host)
{
    struct blob_order order;
    struct sj_intent_table *table = &host->owner->intents;
    if (!take(reader, &order, sizeof order))
        return refuse(reader, -SJ_E_CORRUPT, "it ends in an order of %s", host->name);
    if (order.intent_id == 0 || order.state == SJ_ORDER_NONE || order.state >= SJ_ORDER_FILLED ||
        (order.side != SJ_SIDE_BUY && order.side != SJ_SIDE_SELL) ||
        ++reader->order_count > table->capacity / 2)
        return refuse(reader, -SJ_E_CORRUPT, "an order of %s (%.16s) makes no sense", host->name,
                      order.code);
    if (reader->pass != PASS_APPLY)
        return 0;
    uint32_t instrument = known_instrument(reader, host, order.code, "its order");
    if (!instrument)
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

/* Its orders and positions stay; its state is as after init. */
static void begin_anew(struct sj_strategy_host *host)
{
    char ignored[SJ_STRATEGIES_ERROR_MAX];
    if (!host->retired && sj_host_init_state(host, ignored) < 0)
        sj_host_doom(host, SJ_CONTROL_BY_PROCESS, 0, "init failed after a refused restore");
}

static void give_state(struct reader *reader, struct sj_strategy_host *host, void *bytes,
                       uint32_t size)
{
    struct state_call call = {host, bytes, size, 0};
    host->in_init = true; /* it may set its timer, and place nothing */
    bool returned = sj_host_guarded(host, call_restore, &call);
    host->in_init = false;
    reader->s->doomed &= ~sj_host_bit(host);
    if (returned && call.rc >= 0)
        return;
    char line[SJ_STRATEGIES_ERROR_MAX];
    snprintf(line, sizeof line, "does not take its state back (%s): it begins anew",
             returned ? sj_rc_text(call.rc) : host->reason);
    sj_host_log(host, line);
    host->reason[0] = 0;
    begin_anew(host);
    reader->anew |= sj_host_bit(host);
}

static sj_rc take_state(struct reader *reader, struct sj_strategy_host *host, uint32_t size)
{
    if ((size_t)(reader->end - reader->at) < padded(size))
        return refuse(reader, -SJ_E_CORRUPT, "it ends in the state of %s", host->name);
    void *bytes = (void *)(uintptr_t)reader->at;
    reader->at += padded(size);
    if (size > 0 && reader->pass == PASS_STATES && host->plugin->restore &&
        !(reader->anew & sj_host_bit(host)))
        give_state(reader, host, bytes, size);
    return 0;
}

static void apply_record(const struct reader *reader, struct sj_strategy_host *host,
                         const struct blob_strategy *record)
{
    struct sj_strategies *s = host->owner;
    host->lot_class = record->lot_class;
    if (reader->anew & sj_host_bit(host))
        return;
    /* Like its state, a timer belongs to a strategy that saves itself; others begin anew. */
    if (record->state_size > 0)
        sj_host_set_timer(host, record->timer_ns);
    host->armed = record->armed;
    host->disarmed_by = (enum sj_control_source)record->disarmed_by;
    memcpy(host->reason, record->reason, sizeof host->reason);
    host->reason[sizeof host->reason - 1] = 0;
    s->armed = host->armed ? s->armed | sj_host_bit(host) : s->armed & ~sj_host_bit(host);
    if (!host->armed)
        sj_host_set_timer(host, INT64_MAX);
}

/* Another plug-in under the name, or none any more: the state means nothing to it. */
static void compare_plugins(struct reader *reader, struct sj_strategy_host *host,
                            const struct blob_strategy *record)
{
    if (strncmp(host->plugin->name, record->plugin, sizeof record->plugin - 1) == 0 &&
        host->plugin->state_version == record->state_version && !host->retired)
        return;
    reader->anew |= sj_host_bit(host);
    if (!host->retired && strcmp(record->plugin, SJ_STRATEGY_RETIRED) != 0)
        tell(reader, host,
             "was %s (state version %u) and is %s (%u): it begins anew; its orders and positions "
             "stay",
             record->plugin, record->state_version, host->plugin->name,
             host->plugin->state_version);
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
    reader->seen |= sj_host_bit(host);
    compare_plugins(reader, host, record);
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
        apply_record(reader, host, &record);
    return rc;
}

static sj_rc read_pass(struct sj_strategies *s, const void *buffer, size_t size, enum pass pass,
                       uint64_t *anew, char *error)
{
    struct blob_head head;
    struct reader reader = {.s = s,
                            .at = buffer,
                            .end = (const uint8_t *)buffer + size,
                            .pass = pass,
                            .anew = *anew,
                            .error = error};
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
    *anew = reader.anew;
    if (rc >= 0 && reader.at != reader.end)
        return refuse(&reader, -SJ_E_CORRUPT, "it goes on behind its end");
    return rc;
}

sj_rc sj_strategies_restore(struct sj_strategies *s, const void *buffer, size_t size,
                            int64_t now_ns, char error[SJ_STRATEGIES_ERROR_MAX])
{
    uint64_t anew = 0;
    sj_host_begin_turn(s, now_ns);
    sj_rc rc = read_pass(s, buffer, size, PASS_CHECK, &anew, error);
    if (rc >= 0)
        rc = read_pass(s, buffer, size, PASS_STATES, &anew, error);
    if (rc >= 0)
        rc = read_pass(s, buffer, size, PASS_APPLY, &anew, error);
    sj_host_end_turn(s);
    return rc < 0 ? rc : 0;
}
