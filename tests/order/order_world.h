/*
 * order_world.h: orders with a link that only notes what it is given, and short ways to say what
 * happens to them.
 */
#ifndef TESTS_ORDER_ORDER_WORLD_H
#define TESTS_ORDER_ORDER_WORLD_H

#include "support/test.h"

#include "base/clock.h"
#include "order/order.h"
#include "order/tag.h"

#define WORLD_EVENTS_MAX 4096

union world_event {
    struct sj_frame frame;
    struct sj_order_update update;
    struct sj_fill fill;
    struct sj_control control;
};

struct world {
    struct sj_orders_config config;
    const struct sj_instruments *instruments;
    struct sj_orders *orders;
    int64_t now_ns;
    sj_rc send_rc; /* what the link answers */
    struct sj_order_request sent[WORLD_EVENTS_MAX];
    uint32_t sent_count;
    union world_event events[WORLD_EVENTS_MAX];
    uint32_t event_count;
};

struct world *world_create(void);
void world_close(struct world *world);
/* Another life of the same orders: what was emitted is restored into new ones. */
void world_restart(struct world *world, const struct sj_intent *intents, uint32_t count);

struct sj_intent world_intent(uint64_t intent_id, uint32_t quantity);
void world_place(struct world *world, uint64_t intent_id, uint32_t quantity);
sj_rc world_cancel(struct world *world, uint64_t target_id);

/* Reports to hand over, unfinished: kind, source, order id of intent N is "oN". */
struct sj_order_report world_report(enum sj_report_kind kind, enum sj_report_source source,
                                    uint64_t intent_id);
struct sj_order_report world_deal(uint64_t intent_id, uint32_t number, uint32_t quantity);
void world_say(struct world *world, struct sj_order_report report);
void world_ack(struct world *world, uint64_t intent_id); /* answer and event of its place */
/* The request of that kind sent last, or NULL. */
const struct sj_order_request *world_sent(const struct world *world,
                                          enum sj_order_request_kind kind);
uint32_t world_sent_count(const struct world *world, enum sj_order_request_kind kind);
uint32_t world_filled(const struct world *world, uint64_t intent_id); /* by FILL events */
uint32_t world_controls(const struct world *world, enum sj_control_kind kind);
enum sj_order_state world_state(const struct world *world, uint64_t intent_id);

/* A list: begin, then listed orders and deals by world_say, then end. */
void world_list_begin(struct world *world);
void world_list_end(struct world *world);
struct sj_order_report world_listed(uint64_t intent_id, uint32_t quantity,
                                    enum sj_broker_status status, uint32_t filled);
struct sj_order_report world_listed_deal(uint64_t intent_id, uint32_t number, uint32_t quantity);

#endif
