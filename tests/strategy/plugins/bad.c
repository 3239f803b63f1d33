/* Strategies that behave well for some events and then crash, loop, or send nonsense: what a live
 * process must outlive. */
#include "shijim/strategy.h"

#define GOOD_EVENTS 20

struct bad {
    struct sj_strategy_host *host;
    const struct sj_strategy_api *api;
    uint32_t count, instrument;
    volatile int *nowhere;
};

static sj_rc init(void *state, const struct sj_strategy_init *init,
                  char error[SJ_STRATEGY_ERROR_MAX])
{
    struct bad *self = state;
    (void)error;
    self->host = init->host;
    self->api = init->api;
    self->instrument = init->instruments[0];
    return 0;
}

static void misbehave(struct bad *self)
{
#if defined(BAD_CRASH)
    *self->nowhere = 1;
#elif defined(BAD_LOOP)
    for (;;)
        self->count++;
#else
    const struct sj_strategy_order order = {
        .instrument = self->instrument, .price_e6 = -1, .side = 77};
    self->api->place(self->host, &order);
#endif
}

static void on_event(void *state, const struct sj_frame *event)
{
    struct bad *self = state;
    (void)event;
    if (++self->count > GOOD_EVENTS)
        misbehave(self);
}

static void on_order(void *state, const struct sj_strategy_report *report)
{
    (void)state;
    (void)report;
}

static void on_timer(void *state, int64_t now_ns)
{
    (void)state;
    (void)now_ns;
}

static const struct sj_strategy_plugin plugin = {
    .abi = SJ_STRATEGY_ABI,
    .size = sizeof plugin,
    .name = "bad",
    .text = "behaves well, and then does not",
    .state_version = 1,
    .state_size = sizeof(struct bad),
    .events = SJ_ON(TRADE) | SJ_ON(BOOK),
    .init = init,
    .on_event = on_event,
    .on_order = on_order,
    .on_timer = on_timer,
};

SJ_API const struct sj_strategy_plugin *sj_strategy_plugin(void);

SJ_API const struct sj_strategy_plugin *sj_strategy_plugin(void)
{
    return &plugin;
}
