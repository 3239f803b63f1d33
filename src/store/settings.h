/*
 * settings.h: which settings travel with an insert: those that were asked for and that the server
 * knows. A server refuses the whole insert for one it does not know.
 *
 * Threads  [any], no state. Memory: the caller's buffers.
 */
#ifndef SJ_STORE_SETTINGS_H
#define SJ_STORE_SETTINGS_H

#include "store/store.h"

/* Appends "name=value" (escaped) to a settings text. -SJ_E_RANGE: no room, or no name of a setting.
 */
SJ_MUST_USE sj_rc sj_store_settings_add(char *settings, size_t size, const char *name,
                                        const char *value);

/* A question for those of our settings' names that the server knows, one a line. */
void sj_store_settings_question(const struct sj_store_config *config, char *ret_sql, size_t size);

/* Whether the answer has the name. */
bool sj_store_settings_knows(const char *answer, size_t size, const char *name);

/* The settings of an insert, from the configuration and that answer (SJ_STORE_SETTINGS_MAX bytes).
 */
void sj_store_settings_choose(const struct sj_store_config *config, const char *answer, size_t size,
                              char *ret_settings);

#endif
