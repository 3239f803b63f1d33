/*
 * sim_client.h: a broker simulator and its client in one process and thread, for tests: every call
 * moves the simulator until its answer is here, so nothing depends on the machine's speed. The
 * market stands still (rate 0): what an order meets is known.
 */
#ifndef SJ_TESTS_BROKERSIM_SIM_CLIENT_H
#define SJ_TESTS_BROKERSIM_SIM_CLIENT_H

#include "brokersim/desk_private.h"
#include "brokersim/fault.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_MAX (1 << 20)

struct sim_client {
    struct sj_brokersim *sim;
    int fd[SJ_SIM_SERVERS_MAX];
    int stream;
    size_t stream_size, stream_read;
    char stream_text[TEXT_MAX];
    char text[TEXT_MAX];
};

/* Starts a simulator with 12 contracts (or as `change` says) and connects to each server. */
struct sim_client *sim_start(void (*change)(struct sj_brokersim_options *options));
void sim_end(struct sim_client *client);

/* One request. Returns the status, 0 when the connection closed without a whole answer. `*ret` is
 * the decoded body or NULL; ret may be NULL. */
int sim_call(struct sim_client *client, uint32_t server, const char *method, const char *path,
             const char *body, json_t **ret);

/* POST under /api/v1 with a body made by printf, on server 0; it must answer 200. */
json_t *sim_post(struct sim_client *client, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Arms a fault on all servers, by the admin call; body as JSON fields: "\"count\":1". */
void sim_fault(struct sim_client *client, const char *kind, const char *fields);

/* Places a limit order ROD on 2330; side "Buy" or "Sell"; gives the trade or NULL. */
json_t *sim_place(struct sim_client *client, const char *side, double price, int quantity);

/* Opens a stream of a server: of order events, or "/CHANNEL", or "" for all. */
void sim_stream(struct sim_client *client, uint32_t server);
void sim_stream_of(struct sim_client *client, uint32_t server, const char *channel);

/* Moves the simulator once and reads what came on the stream into stream_text. */
void sim_read(struct sim_client *client);

/* The next order event, waited for at most `patience_ms` of the simulator's time: NULL if none
 * comes. The caller owns it. */
json_t *sim_event(struct sim_client *client, int patience_ms);

/* Moves the simulator once. */
void sim_work(struct sim_client *client);

/* The best price of a side of 2330's book. */
double sim_best(struct sim_client *client, const char *side);

/* Looks up "a.b.0.c" in JSON; NULL when it is not there. */
const json_t *sim_at(const json_t *json, const char *path);
const char *sim_text_at(const json_t *json, const char *path);
double sim_number_at(const json_t *json, const char *path);

#endif
