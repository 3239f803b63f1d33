/*
 * instruments.h: the table of instruments: a dense id for each contract, and its definition.
 *
 * Ids count from 1, are given in the order of first sight and are stable for the life of a journal:
 * the table is rebuilt from the definitions in it. Codes are at most 16 bytes. The pair (exchange
 * unknown, code) finds by code alone, as the broker's stream names instruments.
 *
 * Errors   -SJ_E_LIMIT: the table is full. -SJ_E_UNKNOWN: no such instrument.
 * Threads  [owner] writes. Lookups are [owner] too, except sj_instruments_get on ids that the owner
 *          handed over through a ring (a definition is whole before its id travels).
 * Memory   all reserved at create for `capacity` instruments.
 */
#ifndef SJ_EVENT_INSTRUMENTS_H
#define SJ_EVENT_INSTRUMENTS_H

#include "event/event.h"
#include "shijim/rc.h"

#define SJ_INSTRUMENTS_MAX 65535

struct sj_instruments;

/* A definition of which nothing is known yet: no limit, no reference, a lot of one unit. */
static inline struct sj_instrument sj_instrument_blank(void)
{
    struct sj_instrument blank = {.reference_e6 = SJ_NULL_E6,
                                  .limit_up_e6 = SJ_NULL_E6,
                                  .limit_down_e6 = SJ_NULL_E6,
                                  .strike_e6 = SJ_NULL_E6,
                                  .multiplier_e6 = SJ_NULL_E6,
                                  .tick_e6 = SJ_NULL_E6,
                                  .unit = 1};
    sj_frame_head(&blank, SJ_EVENT_INSTRUMENT, sizeof blank);
    return blank;
}

SJ_MUST_USE sj_rc sj_instruments_create(uint32_t capacity, struct sj_instruments **ret_table);
void sj_instruments_close(struct sj_instruments *table);

/* Adds or replaces the definition of `definition->code`. Gives the id: the known one, the one asked
 * for in definition->instrument when that is not 0 and free, or the next. [owner] */
SJ_MUST_USE sj_rc sj_instruments_put(struct sj_instruments *table,
                                     const struct sj_instrument *definition, uint32_t *ret_id);

/* The id of a code (`code_size` bytes, not terminated), or 0. No allocation; ~10 ns. [owner] */
uint32_t sj_instruments_find(const struct sj_instruments *table, const char *code,
                             size_t code_size);

/* The contract that an alias stands for: the month of TXFR1. An id that is no alias, or one of a
 * contract that is not in the table, is itself. [owner] */
uint32_t sj_instruments_traded(const struct sj_instruments *table, uint32_t id);

/* The definition of an id, or NULL. */
const struct sj_instrument *sj_instruments_get(const struct sj_instruments *table, uint32_t id);

/* How many there are; ids 1..count are all defined unless ids were asked for with holes. */
uint32_t sj_instruments_count(const struct sj_instruments *table);
uint32_t sj_instruments_id_max(const struct sj_instruments *table);

#endif
