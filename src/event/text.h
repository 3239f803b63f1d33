/*
 * text.h: events as JSON lines and as words, for `journal cat`, exports, logs and tests.
 *
 * Threads  [any thread]. Memory: the caller's buffer; no allocation.
 */
#ifndef SJ_EVENT_TEXT_H
#define SJ_EVENT_TEXT_H

#include "event/instruments.h"

#define SJ_EVENT_JSON_MAX 4096

/* Checks that `size` bytes hold one whole frame of a known type, version and length.
 * -SJ_E_MALFORMED, -SJ_E_LAYOUT (a newer schema: skip by its length), -SJ_E_UNKNOWN (type). */
SJ_MUST_USE sj_rc sj_event_check(const void *frame, size_t size);

/* "trade", "book", ... or "unknown". */
const char *sj_event_type_name(uint16_t template_id);

/* One frame as one JSON object without newline: type, seq, code (from `table`, may be NULL), every
 * field by its name (decimals exact and so without _e6, times as integer and ISO). Returns the
 * length. -SJ_E_RANGE: `size` is too small (SJ_EVENT_JSON_MAX always suffices). */
SJ_MUST_USE sj_rc sj_event_json(const void *frame, const struct sj_instruments *table, char *buffer,
                                size_t size);

#endif
