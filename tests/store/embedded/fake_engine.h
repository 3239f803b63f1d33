/*
 * fake_engine.h: connections that count themselves, for tests of what manages them. Statements end
 * at once without an error; the last one is kept.
 */
#ifndef SJ_TESTS_STORE_FAKE_ENGINE_H
#define SJ_TESTS_STORE_FAKE_ENGINE_H

#include <stdatomic.h>

#include "store/embedded/engine.h"

extern atomic_int fake_open_count;

/* Fills `engine` with the fakes. */
void fake_engine_init(struct sj_emb_engine *engine);

/* How many statements held `text`. */
int fake_engine_ran(const char *text);

#endif
