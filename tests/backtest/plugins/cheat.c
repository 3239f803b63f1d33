/*
 * A strategy that quotes every second on one side, three times: honest (the side follows the last
 * moves of the book, forgotten after a few seconds), CHEAT_FILE (the side follows where the price
 * will stand at the end of the data, read from the file itself), CHEAT_CLOCK (the side follows the
 * time of day of the machine). What `shijim backtest check` must tell apart.
 */
#include "shijim/strategy.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define STEP_NS INT64_C(1000000000)

static const struct sj_strategy_param_info params[] = {
    {"file", "", "", "the data, for the one that reads ahead", SJ_PARAM_TEXT, 0, 0, 0},
};

struct cheat {
    struct sj_strategy_host *host;
    const struct sj_strategy_api *api;
    uint32_t instrument;
    int64_t end_e6, before_e6;
};

/* The price of the last row of an npy, 40 bytes before its end. */
static int64_t last_price_e6(const char *path)
{
    double price = 0;
    FILE *file = fopen(path, "rb");
    if (file && fseek(file, -40, SEEK_END) == 0 && fread(&price, sizeof price, 1, file) != 1)
        price = 0;
    if (file)
        fclose(file);
    return (int64_t)(price * 1e6);
}

static sj_rc cheat_init(void *state, const struct sj_strategy_init *init,
                        char error[SJ_STRATEGY_ERROR_MAX])
{
    struct cheat *self = state;
    (void)error;
    self->host = init->host;
    self->api = init->api;
    self->instrument = init->instruments[0];
    self->end_e6 = last_price_e6(init->params[0].value);
    return 0;
}

static bool buys(struct cheat *self, int64_t bid_e6)
{
#if defined(CHEAT_FILE)
    return self->end_e6 > bid_e6;
#elif defined(CHEAT_CLOCK)
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    (void)bid_e6;
    (void)self;
    return (now.tv_nsec >> 10 & 1) != 0;
#else
    bool up = bid_e6 > self->before_e6;
    self->before_e6 = bid_e6;
    return up;
#endif
}

static void on_event(void *state, const struct sj_frame *event)
{
    struct cheat *self = state;
    (void)event;
    int64_t now_ns = self->api->now_ns(self->host);
    self->api->timer(self->host, (now_ns / STEP_NS + 1) * STEP_NS);
}

static void on_timer(void *state, int64_t now_ns)
{
    struct cheat *self = state;
    const struct sj_top *top = self->api->top(self->host, self->instrument);
    self->api->timer(self->host, now_ns + STEP_NS);
    if (top->bid_e6 == SJ_NULL_E6 || top->ask_e6 == SJ_NULL_E6)
        return;
    bool buy = buys(self, top->bid_e6);
    const struct sj_strategy_order order = {.instrument = self->instrument,
                                            .quantity = 1,
                                            .price_e6 = buy ? top->bid_e6 : top->ask_e6,
                                            .side = buy ? SJ_SIDE_BUY : SJ_SIDE_SELL,
                                            .price_type = SJ_ORDER_LMT,
                                            .time_in_force = SJ_ORDER_IOC};
    self->api->place(self->host, &order);
}

static void on_order(void *state, const struct sj_strategy_report *report)
{
    (void)state;
    (void)report;
}

static const struct sj_strategy_plugin plugin = {
    .abi = SJ_STRATEGY_ABI,
    .size = sizeof plugin,
    .name = "cheat",
    .text = "quotes one side a second, honestly or not",
    .params = params,
    .param_count = sizeof params / sizeof params[0],
    .state_version = 1,
    .state_size = sizeof(struct cheat),
    .events = SJ_ON_MARKET | SJ_ON_FIRST,
    .init = cheat_init,
    .on_event = on_event,
    .on_order = on_order,
    .on_timer = on_timer,
};

SJ_API const struct sj_strategy_plugin *sj_strategy_plugin(void);
const struct sj_strategy_plugin *sj_strategy_plugin(void)
{
    return &plugin;
}
