/*
 * desk.h: the broker's order desk: users' orders from the REST call to the exchange and back as
 * trades and order events.
 *
 * Threads  [owner]. Memory: the book of orders is reserved at create.
 */
#ifndef SJ_BROKERSIM_DESK_H
#define SJ_BROKERSIM_DESK_H

#include "brokersim/server.h"

/* -SJ_E_*, with a line for the user in `error` where it is about the options. */
SJ_MUST_USE sj_rc desk_create(struct sj_brokersim *sim, char error[SJ_SIM_MESSAGE_MAX]);
void desk_close(struct sj_brokersim *sim);

/* Carries out what is due. Returns how much was done. */
uint64_t desk_work(struct sj_brokersim *sim);
/* Cancels the orders of contracts whose session is over: ROD ends with it. */
void desk_expire(struct sj_brokersim *sim);
/* Something of users' orders is due later. */
bool desk_waits(const struct sj_brokersim *sim);

/* The program of one server ends: it knows no trade id until /order/trades names them. */
void desk_forget(struct server *server);

/* What the exchange and the broker hold true of users' orders, as JSON: GET /admin/trading. */
void desk_json(const struct sj_brokersim *sim, struct sj_reply *json);

/* The market's fills: the sink of the source. */
void desk_fill(void *context, uint32_t owner, int64_t price_e6, uint32_t quantity);

#endif
