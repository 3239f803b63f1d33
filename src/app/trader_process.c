/* Strategies in processes of their own: their rings, what they ask for, and whether they live. */
#include "app/trader_private.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sj_rc trader_make_processes(struct sj_trader *trader, char *error)
{
    const struct sj_strategies_config *config = &trader->settings->strategies;
    char line[SJ_TRADER_ERROR_MAX], why[SJ_PARAM_WHY_MAX];
    trader->user_frames = calloc(1, sizeof *trader->user_frames);
    if (!trader->user_frames)
        return trader_fail(error, -ENOMEM, "trading");
    for (uint32_t i = 0; i < config->count; i++) {
        const struct sj_strategy_config *one = &config->list[i];
        struct trader_process *process = &trader->processes[trader->process_count];
        struct sj_strategy_process what;
        sj_rc rc = one->enabled ? sj_strategy_config_process(one, &what, why) : 0;
        if (rc < 0)
            return trader_fail(error, rc, "strategies.%s.%s", one->name, why);
        if (!one->enabled || what.src == 0)
            continue;
        if (trader->process_count == SJ_USER_SOURCES)
            return trader_fail(error, -SJ_E_LIMIT, "strategies.%s", one->name);
        rc = sj_user_ring_make(trader->options.bus_dir, what.ring, what.src,
                               trader->options.user_last_seq[what.src - SJ_SRC_USER], line,
                               sizeof line);
        if (rc < 0)
            return trader_fail(error, rc, "strategies.%s: %s", one->name, line);
        process->process = what;
        process->intents_max = (uint32_t)one->intents_max;
        snprintf(process->name, sizeof process->name, "%s", one->name);
        trader->process_count++;
    }
    return 0;
}

/* Lossy, and from the next event on: what was asked while nobody traded is not done later. */
sj_rc trader_attach_processes(struct sj_trader *trader, char *error)
{
    for (uint32_t i = 0; i < trader->process_count; i++) {
        struct trader_process *process = &trader->processes[i];
        const struct sj_bus_reader_options reader = {.dir = trader->options.bus_dir,
                                                     .name = process->process.ring,
                                                     .reader_name = SJ_TRADER_RING,
                                                     .policy = SJ_BUS_LOSSY};
        process->strategy = sj_strategies_find(sj_decide_strategies(trader->decide), process->name);
        sj_rc rc = sj_bus_attach(&reader, &process->reader);
        if (rc < 0)
            return trader_fail(error, rc, "the ring %s", process->process.ring);
    }
    return 0;
}

void trader_detach_processes(struct sj_trader *trader)
{
    for (uint32_t i = 0; i < trader->process_count; i++)
        sj_bus_detach(trader->processes[i].reader);
    free(trader->user_frames);
}

uint32_t sj_trader_process_count(const struct sj_trader *trader)
{
    return trader->process_count;
}

const char *sj_trader_process_ring(const struct sj_trader *trader, uint32_t index,
                                   uint32_t *ret_src)
{
    *ret_src = trader->processes[index].process.src;
    return trader->processes[index].process.ring;
}

/* --- turns --- */

static void disarm(struct sj_trader *trader, const struct trader_process *process,
                   enum sj_control_source source, const char *why)
{
    struct sj_control control = {
        .kind = SJ_CONTROL_DISARM, .source = (uint8_t)source, .strategy = process->strategy};
    snprintf(control.text, sizeof control.text, "%s", why);
    sj_decide_control(trader->decide, &control, sj_clock_utc_ns());
}

static uint32_t break_ring(struct sj_trader *trader, struct trader_process *process,
                           const char *why)
{
    sj_log_error("trading", "the ring %s of strategy %s holds what is no event (%s)",
                 process->process.ring, process->name, why);
    process->broken = true;
    disarm(trader, process, SJ_CONTROL_BY_CRASH, "its ring holds what is no event");
    return 1;
}

static uint32_t tell_lost(struct sj_trader *trader, struct trader_process *process)
{
    uint64_t lost = sj_bus_reader_lost(process->reader);
    sj_decide_lost(trader->decide, process->process.src, lost - process->lost, sj_clock_utc_ns());
    process->lost = lost;
    return 1;
}

/* No more than intents_max in a turn: what is behind waits in the ring. Only what is known not to
 * have been overwritten while it was copied counts. */
static uint32_t take(struct sj_trader *trader, struct trader_process *process)
{
    struct sj_user_frames *frames = trader->user_frames;
    struct sj_bus_span span;
    size_t size_max = process->intents_max * sizeof(struct sj_intent);
    sj_rc rc = sj_bus_drain(process->reader,
                            size_max < SJ_USER_SPAN_MAX ? size_max : SJ_USER_SPAN_MAX, &span);
    if (rc == -SJ_E_LAPPED)
        return tell_lost(trader, process);
    if (rc == -SJ_E_CLOSED || rc == 0)
        return 0;
    if (rc < 0)
        return break_ring(trader, process, sj_rc_text(rc));
    bool good = sj_user_frames_take(frames, &span);
    rc = sj_bus_release(process->reader);
    if (rc == -SJ_E_LAPPED)
        return tell_lost(trader, process);
    if (rc < 0 || !good)
        return break_ring(trader, process, rc < 0 ? sj_rc_text(rc) : "not of a strategy");
    sj_decide_batch(trader->decide, process->process.src, span.first_seq,
                    span.first_seq + frames->count - 1, frames->count, sj_clock_utc_ns());
    for (size_t at = 0; at < frames->size;) {
        const struct sj_frame *event = (const struct sj_frame *)(frames->bytes + at);
        at += sj_frame_size(event);
        sj_decide_event(trader->decide, event);
    }
    return frames->count;
}

/* What has ended is told of once; a greeting begins again. */
static uint32_t take_life(struct sj_trader *trader, struct trader_process *process)
{
    enum trader_life life = atomic_load_explicit(&process->life, memory_order_relaxed);
    if (life == LIFE_LIVES)
        process->told_end = false;
    if (life != LIFE_ENDED || process->told_end)
        return 0;
    process->told_end = true;
    disarm(trader, process, SJ_CONTROL_BY_DEAD_MAN, "its process gives no sign of life");
    return 1;
}

uint32_t trader_take_processes(struct sj_trader *trader)
{
    uint32_t done = 0;
    for (uint32_t i = 0; i < trader->process_count; i++) {
        struct trader_process *process = &trader->processes[i];
        if (process->broken)
            continue;
        done += take(trader, process);
        if (!process->broken)
            done += take_life(trader, process);
    }
    return done;
}

void trader_look_at_processes(struct sj_trader *trader)
{
    for (uint32_t i = 0; i < trader->process_count; i++) {
        struct trader_process *process = &trader->processes[i];
        struct sj_bus_stat stat;
        bool lives = sj_bus_stat(trader->options.bus_dir, process->process.ring, &stat) >= 0 &&
                     !stat.closed && stat.producer_alive &&
                     sj_clock_mono_ns() - stat.beat_ns < process->process.silence_ns;
        atomic_store_explicit(&process->life, lives ? LIFE_LIVES : LIFE_ENDED,
                              memory_order_relaxed);
    }
}
