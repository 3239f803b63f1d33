/* open_sim.h: the simulator that the fuzzers of this room talk to: a market that stands still. */
#ifndef SJ_FUZZ_BROKERSIM_OPEN_SIM_H
#define SJ_FUZZ_BROKERSIM_OPEN_SIM_H

#include "base/assert.h"
#include "brokersim/server.h"

static inline struct sj_brokersim *open_sim(void)
{
    struct sj_brokersim_options options;
    struct sj_brokersim *sim = NULL;
    char error[SJ_SIM_MESSAGE_MAX];
    sj_brokersim_defaults(&options);
    options.port = 0;
    options.instrument_count = 24;
    options.date = 20261123;
    options.always_open = true;
    options.rate = 0;
    options.no_quota = true;
    options.order_latency_ms = 0;
    sj_rc rc = sj_brokersim_init(&options, &sim, error);
    SJ_ASSERT(rc >= 0);
    return sim;
}

#endif
