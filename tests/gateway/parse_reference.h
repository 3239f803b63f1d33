/*
 * parse_reference.h: what a payload means, found the slow way: jansson for the JSON, decimals digit
 * by digit from their text, fields by their names. Shares nothing with the parser but
 * event/fields.h.
 */
#ifndef SJ_TESTS_GATEWAY_PARSE_REFERENCE_H
#define SJ_TESTS_GATEWAY_PARSE_REFERENCE_H

#include "event/instruments.h"

#include <stdbool.h>

struct reference {
    _Alignas(32) char frame[SJ_EVENT_SIZE_MAX];
    size_t size;
    bool has_closing;
    struct sj_closing closing;
};

enum reference_answer {
    REFERENCE_EVENT,
    REFERENCE_REFUSED,
    REFERENCE_UNSURE /* jansson does not say: a key twice, a number beyond double */
};

enum reference_answer reference_parse(const struct sj_instruments *table, enum sj_channel channel,
                                      const char *json, size_t size, struct reference *reference);

#endif
