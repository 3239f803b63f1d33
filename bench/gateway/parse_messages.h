/*
 * parse_messages.h: made-up payloads of the broker's stream as a day has them: 1,000 instruments,
 * prices that walk by ticks, other lengths and values in every message.
 */
#ifndef SJ_BENCH_GATEWAY_PARSE_MESSAGES_H
#define SJ_BENCH_GATEWAY_PARSE_MESSAGES_H

#include "gateway/parse.h"

#define MESSAGE_SIZE_MAX 2048
#define MESSAGE_INSTRUMENTS 1000

enum message_kind {
    MESSAGE_TICK,        /* ten fields, some 172 bytes */
    MESSAGE_BIDASK5,     /* five levels with their changes and three flags, some 340 bytes */
    MESSAGE_QUOTE,       /* tick and book in one, 36 fields */
    MESSAGE_TICK_FULL,   /* the 29 fields of a stock's tick */
    MESSAGE_BIDASK_FULL, /* the 19 fields of a future's book */
    MESSAGE_KIND_COUNT
};

/* How a payload departs from what the server usually sends. */
enum message_form {
    MESSAGE_USUAL,
    MESSAGE_SHUFFLED, /* fields in another order in every message, spaces behind ':' and ',' */
    MESSAGE_ESCAPED   /* as usual, but a letter of the code is written as \u00xx */
};

struct message_maker;

struct message_maker *message_maker_create(uint64_t seed);
void message_maker_close(struct message_maker *maker);

/* The table of the instruments that the messages name. */
const struct sj_instruments *message_maker_table(const struct message_maker *maker);

enum sj_channel message_channel(enum message_kind kind);

/* Writes a payload; returns its size. */
size_t message_make(struct message_maker *maker, enum message_kind kind, enum message_form form,
                    char *json);

#endif
