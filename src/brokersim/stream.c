/* Streams: server-sent events of market data and orders, and the exact account of them. */
#include "brokersim/fault.h"
#include "brokersim/history.h"
#include "brokersim/server.h"

#include "base/assert.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#define ENTRIES_FIRST 1024
#define CHUNK_HEAD 5 /* "1ff\r\n" */

/* A stream whose client takes gzip: events gather in `plain` and are packed at each flush. */
struct gzip_stream {
    z_stream z;
    struct sj_reply plain;
    uint32_t packed_entry; /* entries before this one are in packed bytes */
};

enum sj_channel stream_channel(const struct sj_sim_instrument *instrument, enum topic_kind kind)
{
    if (instrument->security == SJ_SECURITY_IND)
        return SJ_CHANNEL_QUOTE_IDX;
    int base = sj_sim_is_fop((enum sj_security)instrument->security) ? SJ_CHANNEL_TICK_FOP
                                                                     : SJ_CHANNEL_TICK_STK;
    return (enum sj_channel)(base + (int)kind);
}

static void refresh_channels(struct server *server)
{
    server->channels_open = 0;
    for (uint32_t i = 0; i < server->stream_count; i++)
        server->channels_open |= server->streams[i]->channels;
}

void stream_begin(struct request *request, uint32_t channels)
{
    struct connection *conn = request->connection;
    struct server *server = conn->server;
    char head[400];
    if (conn->accepts_gzip) {
        conn->gzip = calloc(1, sizeof *conn->gzip);
        if (!conn->gzip || deflateInit2(&conn->gzip->z, 1, Z_DEFLATED, 15 + 16, 8, 0) != Z_OK) {
            free(conn->gzip);
            conn->gzip = NULL;
        }
    }
    int size = snprintf(head, sizeof head,
                        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                        "cache-control: no-cache\r\naccess-control-allow-origin: *\r\n"
                        "%stransfer-encoding: chunked\r\n\r\n",
                        conn->gzip ? "content-encoding: gzip\r\n" : "");
    conn_put(conn, head, (size_t)size);
    conn_flush(conn);
    if (conn->fd < 0)
        return;
    conn->streaming = true;
    conn->channels = channels;
    conn->id = ++conn->sim->next_id;
    conn->beat_ns = conn->sim->now_ns + conn->sim->options.heartbeat_ms * SJ_NS_PER_MS;
    conn->out_sent = (uint32_t) - (conn->out_tail - conn->out_head);
    conn->stream_slot = server->stream_count;
    server->streams[server->stream_count++] = conn;
    refresh_channels(server);
    request->no_answer = true;
}

static void count_drop(struct connection *conn, uint32_t topic, bool slow)
{
    if (topic == OUT_OTHER || (topic & OUT_DAMAGED))
        return;
    struct topic_account *account = &conn->sim->accounts[topic];
    if (slow)
        account->drop_slow++;
    else
        account->drop_closed++;
}

void stream_end(struct connection *conn)
{
    struct server *server = conn->server;
    for (; conn->entry_head != conn->entry_tail; conn->entry_head++)
        count_drop(conn, conn->entries[conn->entry_head & conn->entry_mask].topic, false);
    struct connection *last = server->streams[--server->stream_count];
    server->streams[conn->stream_slot] = last;
    last->stream_slot = conn->stream_slot;
    conn->streaming = false;
    refresh_channels(server);
    if (conn->gzip) {
        deflateEnd(&conn->gzip->z);
        sj_reply_done(&conn->gzip->plain);
        free(conn->gzip);
        conn->gzip = NULL;
    }
    free(conn->entries);
    conn->entries = NULL;
    conn->entry_mask = conn->entry_head = conn->entry_tail = 0;
}

/* Notes that an event ends at the present end of the stream. */
static bool note_end(struct connection *conn, uint32_t topic)
{
    uint32_t used = conn->entry_tail - conn->entry_head;
    if (!conn->entries || used > conn->entry_mask) {
        uint32_t capacity = conn->entries ? (conn->entry_mask + 1) * 2 : ENTRIES_FIRST;
        struct out_entry *entries = malloc(capacity * sizeof *entries);
        if (!entries)
            return false;
        for (uint32_t i = conn->entry_head; conn->entries && i != conn->entry_tail; i++)
            entries[i & (capacity - 1)] = conn->entries[i & conn->entry_mask];
        free(conn->entries);
        conn->entries = entries;
        conn->entry_mask = capacity - 1;
    }
    uint32_t end = conn->out_sent + (uint32_t)(conn->out_tail - conn->out_head);
    conn->entries[conn->entry_tail++ & conn->entry_mask] = (struct out_entry){end, topic};
    return true;
}

/* The kernel has taken bytes: the events that end in them are written. */
void stream_sent(struct connection *conn)
{
    while (conn->entry_head != conn->entry_tail) {
        const struct out_entry *entry = &conn->entries[conn->entry_head & conn->entry_mask];
        if ((int32_t)(entry->end - conn->out_sent) > 0)
            return;
        conn->written++;
        if (!(entry->topic & OUT_DAMAGED))
            conn->sim->accounts[entry->topic].written++;
        conn->entry_head++;
    }
}

static const char HEX[] = "0123456789abcdef";

/* Frames `size` bytes at `start` + CHUNK_HEAD as one HTTP chunk. */
static size_t frame_chunk(char *start, size_t size)
{
    start[0] = HEX[size >> 8 & 15];
    start[1] = HEX[size >> 4 & 15];
    start[2] = HEX[size & 15];
    start[3] = '\r';
    start[4] = '\n';
    start[CHUNK_HEAD + size] = '\r';
    start[CHUNK_HEAD + size + 1] = '\n';
    return CHUNK_HEAD + size + 2;
}

bool stream_presses(const struct connection *conn, size_t more)
{
    size_t limit = (size_t)conn->sim->options.buffer_mb << 20;
    return conn->out_tail - conn->out_head + more > limit / 2;
}

/* A market that need not keep to a time waits for clients whose buffers are half full. */
static void note_pressure(struct connection *conn, size_t more)
{
    struct sj_brokersim *sim = conn->sim;
    if (sim->yields && stream_presses(conn, more))
        sim->source->pressed = true;
}

static void put_plain(struct connection *conn, const char *event, size_t size, uint32_t topic)
{
    struct sj_reply *plain = &conn->gzip->plain;
    plain->comma = false;
    sj_reply_raw(plain, NULL, event, size);
    if (plain->failed || !note_end(conn, topic))
        conn->close_after = true;
    note_pressure(conn, plain->size);
    conn_mark_dirty(conn);
}

void stream_put(struct connection *conn, const char *event, size_t size, uint32_t topic)
{
    SJ_ASSERT(size < 4096);
    if (conn->gzip) {
        put_plain(conn, event, size, topic);
        return;
    }
    char *room = conn_room(conn, size + CHUNK_HEAD + 2);
    if (!room) {
        count_drop(conn, topic, true);
        return;
    }
    memcpy(room + CHUNK_HEAD, event, size);
    conn->out_tail += frame_chunk(room, size);
    if (!note_end(conn, topic))
        conn->close_after = true;
    note_pressure(conn, 0);
    conn_mark_dirty(conn);
}

/* Packs what gathered on a gzip stream into one chunk. The events end with it. */
void stream_pack(struct connection *conn)
{
    if (!conn->gzip || conn->gzip->plain.size == 0)
        return;
    struct sj_reply *plain = &conn->gzip->plain;
    z_stream *z = &conn->gzip->z;
    size_t bound = deflateBound(z, plain->size) + 64;
    char *room = conn_room(conn, bound + 16);
    if (!room) {
        conn->close_after = true;
        return;
    }
    z->next_in = (Bytef *)plain->data;
    z->avail_in = (uInt)plain->size;
    z->next_out = (Bytef *)room + 10;
    z->avail_out = (uInt)bound;
    int rc = deflate(z, Z_SYNC_FLUSH);
    SJ_ASSERT(rc == Z_OK && z->avail_in == 0);
    size_t size = bound - z->avail_out;
    char head[11];
    snprintf(head, sizeof head, "%08zx\r\n", size);
    memcpy(room, head, 10);
    memcpy(room + 10 + size, "\r\n", 2);
    conn->out_tail += size + 12;
    plain->size = 0;
    uint32_t end = conn->out_sent + (uint32_t)(conn->out_tail - conn->out_head);
    for (uint32_t i = conn->gzip->packed_entry; i != conn->entry_tail; i++)
        conn->entries[i & conn->entry_mask].end = end;
    conn->gzip->packed_entry = conn->entry_tail;
}

/* Sends a held-back event after all. */
static void release_held(struct server *server)
{
    struct fault_set *set = server->faults;
    uint32_t size = set->held_size;
    bool sent = false;
    set->held_size = 0;
    for (uint32_t i = 0; i < server->stream_count && size > 0 && !sent; i++) {
        if (!(server->streams[i]->channels & 1u << set->held_channel))
            continue;
        stream_put(server->streams[i], set->held, size, set->held_topic);
        sent = true;
    }
    if (size > 0 && !sent) /* its stream is gone */
        server->sim->accounts[set->held_topic].drop_closed++;
}

/* An event that no decoder should take: cut in the middle of its JSON but ended as an event. */
static void put_garbage(struct connection *conn, const char *event, size_t size, uint32_t topic)
{
    char broken[SJ_RENDER_MAX];
    size_t kept = size * 2 / 3;
    memcpy(broken, event, kept);
    memcpy(broken + kept, "\n\n", 2);
    stream_put(conn, broken, kept + 2, topic | OUT_DAMAGED);
    conn->sim->accounts[topic].damaged++;
}

/* One event on one stream, by way of the faults. */
static void put_faulty(struct connection *conn, enum sj_channel channel, const char *event,
                       size_t size, uint32_t topic)
{
    struct server *server = conn->server;
    struct fault_set *set = server->faults;
    struct topic_account *account = &conn->sim->accounts[topic];
    account->offered++;
    if (fault_hits(server, FAULT_DEAD) || fault_hits(server, FAULT_DROP)) {
        account->drop_fault++;
    } else if (fault_hits(server, FAULT_HALF)) {
        stream_put(conn, event, size / 2, topic | OUT_DAMAGED);
        conn->close_after = true;
        account->damaged++;
    } else if (fault_hits(server, FAULT_GARBAGE)) {
        put_garbage(conn, event, size, topic);
    } else if (set->held_size == 0 && server->stream_count == 1 &&
               fault_hits(server, FAULT_REORDER)) {
        memcpy(set->held, event, size);
        set->held_topic = topic;
        set->held_channel = channel;
        set->held_size = (uint32_t)size;
    } else {
        stream_put(conn, event, size, topic);
        if (fault_hits(server, FAULT_DUPLICATE)) {
            account->duplicated++;
            account->offered++;
            stream_put(conn, event, size, topic);
        }
        if (set->held_size > 0)
            release_held(server);
    }
}

/* One event of a topic to all streams of its channel. */
static void deliver(struct server *server, uint32_t feed, enum topic_kind kind)
{
    struct sj_brokersim *sim = server->sim;
    uint32_t topic = topic_index(sim, server->index, feed, kind);
    struct topic_account *account = &sim->accounts[topic];
    uint32_t count = sim->universe.count;
    const struct sj_sim_instrument *instrument =
        &sim->universe.list[feed < count ? feed : feed - count];
    enum sj_channel channel = stream_channel(instrument, kind);
    account->generated++;
    if (!(server->channels_open & 1u << channel)) {
        account->unheard++;
        return;
    }
    char event[SJ_RENDER_MAX];
    size_t size =
        sj_render_event(&sim->renderer, channel, instrument, &sim->source->states[feed], event);
    for (uint32_t i = 0; i < server->stream_count; i++) {
        struct connection *conn = server->streams[i];
        if (!(conn->channels & 1u << channel))
            continue;
        if (server->faults->active != 0 || server->faults->held_size > 0) {
            put_faulty(conn, channel, event, size, topic);
            continue;
        }
        account->offered++;
        stream_put(conn, event, size, topic);
    }
}

/* Which topics an event of a kind belongs to. */
static uint8_t topics_of(unsigned kinds)
{
    if (kinds & SJ_SIM_INDEX)
        return 1 << TOPIC_TICK | 1 << TOPIC_BOOK | 1 << TOPIC_QUOTE;
    return (uint8_t)((kinds & SJ_SIM_QUOTE ? 1 << TOPIC_QUOTE : 0) |
                     (kinds & SJ_SIM_TICK ? 1 << TOPIC_TICK : 0) |
                     (kinds & SJ_SIM_BOOK ? 1 << TOPIC_BOOK : 0));
}

void stream_emit(void *context, uint32_t feed, unsigned kinds)
{
    struct sj_brokersim *sim = context;
    if (!sim->source)
        return; /* the market is being built: what traded before nobody hears of */
    const uint8_t *masks = sim->subscriptions + (size_t)feed * SJ_SIM_SERVERS_MAX;
    uint8_t topics = topics_of(kinds);
    sim->market_events++;
    bool heard = false;
    if (kinds & SJ_SIM_TICK)
        history_note(sim, feed);
    for (uint32_t i = 0; i < sim->server_count; i++) {
        uint8_t wanted = masks[i] & topics;
        if (wanted == 0)
            continue;
        heard = true;
        if (kinds & SJ_SIM_INDEX)
            wanted = 1 << TOPIC_QUOTE; /* an index has one topic, however it was asked for */
        for (int kind = 0; kind < TOPIC_KINDS; kind++)
            if (wanted & 1 << kind)
                deliver(&sim->servers[i], feed, (enum topic_kind)kind);
    }
    sim->unheard_events += !heard;
}

void stream_broadcast(struct server *server, enum sj_channel channel, const char *event,
                      size_t size)
{
    for (uint32_t i = 0; i < server->stream_count; i++)
        if (server->streams[i]->channels & 1u << channel)
            stream_put(server->streams[i], event, size, OUT_OTHER);
}

static void beat(struct connection *conn)
{
    char event[200], time[32];
    time_t seconds = (time_t)(conn->sim->utc_ns / SJ_NS_PER_S);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%SZ", &utc);
    int size = snprintf(event, sizeof event,
                        "event: heartbeat\ndata: {\"type\":\"heartbeat\",\"timestamp\":\"%s\","
                        "\"connection_id\":\"%llu\"}\n\n",
                        time, (unsigned long long)conn->id);
    stream_put(conn, event, (size_t)size, OUT_OTHER);
    conn->beat_ns += conn->sim->options.heartbeat_ms * SJ_NS_PER_MS;
}

void stream_seconds(struct sj_brokersim *sim)
{
    for (uint32_t i = 0; i < sim->server_count; i++)
        release_held(&sim->servers[i]);
    for (uint32_t i = 0; i < sim->connection_count; i++) {
        struct connection *conn = sim->connections[i];
        if (conn->fd >= 0 && conn->streaming && sim->now_ns >= conn->beat_ns)
            beat(conn);
    }
}
