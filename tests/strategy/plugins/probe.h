/*
 * probe.h: what the test's plug-in does is decided by the test: a pointer to these functions is its
 * parameter.
 */
#ifndef SJ_TESTS_STRATEGY_PROBE_H
#define SJ_TESTS_STRATEGY_PROBE_H

#include "shijim/strategy.h"

/* What the probe keeps; `self` of the functions. */
struct probe_state {
    struct sj_strategy_host *host;
    const struct sj_strategy_api *api;
    const struct probe_hooks *hooks;
    uint32_t instrument; /* the first it was given */
    uint32_t strategy;
    uint64_t kept; /* what it saves */
};

struct probe_hooks {
    void *context;
    void (*on_init)(struct probe_state *self, void *context);
    void (*on_event)(struct probe_state *self, const struct sj_frame *event, void *context);
    void (*on_order)(struct probe_state *self, const struct sj_strategy_report *report,
                     void *context);
    void (*on_timer)(struct probe_state *self, int64_t now_ns, void *context);
};

#endif
