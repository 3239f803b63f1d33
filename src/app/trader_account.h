/*
 * trader_account.h: what the broker says about our accounts, on its own ring: polled by a thread
 * that may wait, told as POSITION events and the ACCOUNT event that ends them.
 *
 * Threads  [init] create, close. [any] now, define. The ring is written by the poll's thread only.
 */
#ifndef SJ_APP_TRADER_ACCOUNT_H
#define SJ_APP_TRADER_ACCOUNT_H

#include "app/settings.h"
#include "bus/bus.h"
#include "event/instruments.h"

#include <stdatomic.h>

struct sj_trader_account;

struct sj_trader_account_options {
    const struct sj_settings *settings;
    const char *server;                       /* where orders go */
    struct sj_bus *ring;                      /* the caller's; outlives this */
    const struct sj_instruments *instruments; /* what is known now; copied */
    _Atomic uint64_t *published;
};

SJ_MUST_USE sj_rc sj_trader_account_create(const struct sj_trader_account_options *options,
                                           struct sj_trader_account **ret_account, char *error,
                                           size_t error_size);
/* Waits for the call under way. Accepts NULL. */
void sj_trader_account_close(struct sj_trader_account *account);

/* Asks soon: after a fill, in a panic. */
void sj_trader_account_now(struct sj_trader_account *account);

/* A contract that is new, or another one than it was. */
void sj_trader_account_define(struct sj_trader_account *account,
                              const struct sj_instrument *definition);

#endif
