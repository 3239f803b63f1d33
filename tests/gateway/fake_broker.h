/*
 * fake_broker.h: a scripted broker server for tests of one connection: it answers the REST calls
 * and sends on its stream exactly the bytes it is told to, cut as it is told to. What a market does
 * is the simulator's; this is for what no market does.
 */
#ifndef SJ_TESTS_GATEWAY_FAKE_BROKER_H
#define SJ_TESTS_GATEWAY_FAKE_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fake_broker;

struct fake_broker *fake_broker_start(void);
void fake_broker_stop(struct fake_broker *broker);

/* "http://127.0.0.1:PORT" */
const char *fake_broker_url(const struct fake_broker *broker);

/* Sends `data` on the open stream as chunks of at most chunk_size bytes, each written in pieces of
 * at most piece_size; waits for a stream to be open. */
void fake_broker_send(struct fake_broker *broker, const char *data, size_t size, size_t chunk_size,
                      size_t piece_size);

/* Sends a heartbeat where a stream is open; waits for nothing. */
void fake_broker_beat(struct fake_broker *broker);

/* Ends the open stream: with a last chunk, or in the middle of everything. */
void fake_broker_end_stream(struct fake_broker *broker, bool in_order);

/* From now on requests of paths beginning so are answered by this status and body; NULL ends it. */
void fake_broker_refuse(struct fake_broker *broker, const char *path, int status, const char *body);
/* All contracts have this name from now on. */
void fake_broker_rename(struct fake_broker *broker, const char *name);
void fake_broker_maintain(struct fake_broker *broker, const char *last_maintenance);

struct fake_broker_counts {
    uint32_t streams; /* opened */
    uint32_t subscribes;
    uint32_t unsubscribes;
    uint32_t logins;
};
struct fake_broker_counts fake_broker_counts(struct fake_broker *broker);

#endif
