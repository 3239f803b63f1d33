/* A plug-in for tests: calls the functions it is given. Variants of it are broken by macros. */
#include "probe.h"

#include <stdlib.h>
#include <string.h>

#ifndef PROBE_ABI
#define PROBE_ABI SJ_STRATEGY_ABI
#endif
#ifndef PROBE_SIZE
#define PROBE_SIZE sizeof(struct sj_strategy_plugin)
#endif
#ifndef PROBE_STATE_SIZE
#define PROBE_STATE_SIZE sizeof(struct probe_state)
#endif
#ifndef PROBE_SYMBOL
#define PROBE_SYMBOL sj_strategy_plugin
#endif

static const struct sj_strategy_param_info params[] = {
    {"hooks", "", "0", "address of struct probe_hooks", SJ_PARAM_INTEGER, 0, 0, 0},
    {"lots", "lots", "3", "a number", SJ_PARAM_INTEGER, 0, 1, 10},
    {"share", "", "0.5", "a decimal", SJ_PARAM_DECIMAL, 0, 0, 1},
    {"pause", "", "250us", "a duration", SJ_PARAM_DURATION, 0, 0, 60},
};

static sj_rc probe_init(void *state, const struct sj_strategy_init *init,
                        char error[SJ_STRATEGY_ERROR_MAX])
{
    struct probe_state *self = state;
    const struct probe_hooks *hooks = (const struct probe_hooks *)(uintptr_t)init->params[0].number;
    if (init->params[1].number == 7) {
        strcpy(error, "lots: 7 is an unlucky number");
        return -SJ_E_RANGE;
    }
    *self = (struct probe_state){init->host, init->api, hooks, 0, init->strategy, 0};
    if (init->instrument_count)
        self->instrument = init->instruments[0];
    if (hooks && hooks->on_init)
        hooks->on_init(self, hooks->context);
    return 0;
}

static void probe_event(void *state, const struct sj_frame *event)
{
    struct probe_state *self = state;
    if (self->hooks && self->hooks->on_event)
        self->hooks->on_event(self, event, self->hooks->context);
}

static void probe_order(void *state, const struct sj_strategy_report *report)
{
    struct probe_state *self = state;
    if (self->hooks && self->hooks->on_order)
        self->hooks->on_order(self, report, self->hooks->context);
}

static void probe_timer(void *state, int64_t now_ns)
{
    struct probe_state *self = state;
    if (self->hooks && self->hooks->on_timer)
        self->hooks->on_timer(self, now_ns, self->hooks->context);
}

static sj_rc probe_save(const void *state, void *buffer, size_t size)
{
    const struct probe_state *self = state;
    if (size < sizeof self->kept)
        return -SJ_E_LIMIT;
    memcpy(buffer, &self->kept, sizeof self->kept);
    return sizeof self->kept;
}

static sj_rc probe_restore(void *state, const void *buffer, size_t size)
{
    struct probe_state *self = state;
    if (size != sizeof self->kept)
        return -SJ_E_MALFORMED;
    memcpy(&self->kept, buffer, sizeof self->kept);
    return self->kept == 666 ? -SJ_E_RANGE : 0;
}

static const struct sj_strategy_plugin plugin = {
    .abi = PROBE_ABI,
    .size = PROBE_SIZE,
    .name = "probe",
    .text = "for tests",
    .params = params,
    .param_count = sizeof params / sizeof params[0],
    .state_version = 1,
    .state_size = PROBE_STATE_SIZE,
    .events = SJ_ON_MARKET | SJ_ON_SESSIONS,
    .init = probe_init,
    .on_event = probe_event,
    .on_order = probe_order,
    .on_timer = probe_timer,
    .save = probe_save,
    .restore = probe_restore,
};

SJ_API const struct sj_strategy_plugin *PROBE_SYMBOL(void);

SJ_API const struct sj_strategy_plugin *PROBE_SYMBOL(void)
{
#ifdef PROBE_CRASH_AT_ONCE
    abort();
#endif
    return &plugin;
}
