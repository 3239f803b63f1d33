/*
 * trading.h: a few orders of two made-up strategies from intent to fill, as the events that a run
 * journals, for tests of what the store tells about trading. The table in trading.c says all.
 */
#ifndef SJ_TESTS_STORE_TRADING_H
#define SJ_TESTS_STORE_TRADING_H

#include "event/event.h"

/* Takes an event with its sequence, in order. Negative: stop. */
typedef int trading_function(void *context, const void *frame, uint32_t size);

/* Gives every event to `take`. Returns how many, or what `take` returned. */
int trading_events(trading_function *take, void *context);

#endif
