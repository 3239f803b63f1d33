/*
 * gate.h: the first wall: which statements are handed to the engine at all.
 */
#ifndef SJ_STORE_EMBEDDED_GATE_H
#define SJ_STORE_EMBEDDED_GATE_H

#include "store/embedded/exchange.h"

/* Judges the statement of an attached exchange with the engine's own classifier; FAILED when it
 * is not allowed. A reader may only read; a writer may also change tables, and SET and USE. */
bool sj_emb_gate_pass(struct sj_emb_exchange *exchange);

#endif
