/*
 * broker_model.h: a broker, the way to it and a process that is killed, all in memory and drawn
 * from one seed: requests are lost, late or answered 409; words of the stream are lost, repeated,
 * late and out of order; lists fail; the process dies between any two of its acts.
 */
#ifndef TESTS_ORDER_BROKER_MODEL_H
#define TESTS_ORDER_BROKER_MODEL_H

#include "support/test.h"

#include "order/order.h"

#define MODEL_ORDERS_MAX 256
#define MODEL_DEALS_MAX 1024
#define MODEL_WORDS_MAX 8192
#define MODEL_JOURNAL_MAX 8192

struct model_order {
    uint64_t intent_id; /* as the request said: what the test knows, not the broker */
    char id[24];
    char tag[8];
    uint32_t instrument, quantity, filled, cancelled;
    int64_t price_e6, placed_ns;
    uint8_t side, status;
};

struct model_deal {
    uint32_t order, quantity, number, list_number;
    int64_t ns, price_e6;
};

/* Something on its way, either way. */
struct model_word {
    int64_t due_ns;
    uint64_t turn; /* among equals */
    bool request;
    struct sj_order_request asked;
    struct sj_order_report report;
};

struct model_event {
    union {
        struct sj_frame frame;
        struct sj_intent intent;
        struct sj_fill fill;
        uint8_t bytes[SJ_EVENT_SIZE_MAX];
    } of;
};

struct model {
    uint64_t random;
    int64_t now_ns;
    struct sj_orders_config config;
    struct sj_orders *orders;
    bool link_up;
    bool dead;          /* the process is: nothing it does has an effect */
    uint32_t acts_left; /* until it dies; UINT32_MAX: it lives */
    bool calm;          /* nothing goes wrong any more */
    bool same_numbers;  /* lists number deals as the stream does */
    struct model_order order[MODEL_ORDERS_MAX];
    uint32_t order_count;
    struct model_deal deal[MODEL_DEALS_MAX];
    uint32_t deal_count;
    struct model_word word[MODEL_WORDS_MAX];
    uint32_t word_count;
    uint64_t turn;
    struct model_event journal[MODEL_JOURNAL_MAX];
    uint32_t journal_count;
    uint64_t intent_count;
    uint32_t kills, faults;
};

/* Instrument 1 carries tags, instrument 2 does not (as futures' words may not). */
enum { MODEL_TAGGED = 1, MODEL_UNTAGGED = 2 };

struct model *model_create(uint64_t seed);
void model_close(struct model *model);
/* One step: time passes, something happens. */
void model_step(struct model *model);
/* Nothing goes wrong any more; runs until all is decided or can never be. */
void model_settle(struct model *model);
/* Both sides equal. */
void model_check(struct model *model);

#endif
