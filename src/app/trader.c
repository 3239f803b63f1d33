/* The trader's turns: the switch, the link's answers, the rings, time; and what is due besides. */
#include "app/trader_private.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

#define RING_WARM 1024 /* what an order writes on its ring: note, intent, verdict, order */
#define BEAT_NS (100 * SJ_NS_PER_MS)
#define PICTURE_NS (200 * SJ_NS_PER_MS)
#define SAVE_NS (1 * SJ_NS_PER_S)

/* --- inputs --- */

/* True: somebody has touched it. */
bool trader_take_switch(struct sj_trader *trader, int64_t now_ns)
{
    uint64_t generation = sj_switch_generation(trader->sw);
    struct sj_switch_view view;
    if (generation == trader->seen)
        return false;
    trader->seen = generation;
    sj_switch_view(trader->sw, &view);
    if (view.killed != trader->killed) {
        struct sj_control control = {
            .kind = view.killed ? SJ_CONTROL_KILL : SJ_CONTROL_RESUME,
            .source = view.killed && view.source ? view.source : SJ_CONTROL_BY_COMMAND,
        };
        snprintf(control.text, sizeof control.text, "%.63s", view.killed ? view.reason : "resumed");
        trader->killed = view.killed;
        sj_decide_control(trader->decide, &control, now_ns);
    }
    if (view.panicking && view.panic_count != trader->panics) {
        struct sj_control control = {.kind = SJ_CONTROL_PANIC, .source = SJ_CONTROL_BY_COMMAND};
        snprintf(control.text, sizeof control.text, "%.63s", view.reason);
        trader->panics = view.panic_count;
        sj_decide_control(trader->decide, &control, now_ns);
    }
    return true;
}

/* --- a turn --- */

static void save(struct sj_trader *trader)
{
    void *room = sj_saved_begin(trader->saved);
    sj_rc rc = sj_decide_save(trader->decide, room, sj_decide_save_size(trader->decide));
    if (rc >= 0)
        sj_saved_commit(trader->saved, (size_t)rc);
}

/* What the turn has changed, for who looks from outside. */
static void show(struct sj_trader *trader)
{
    struct sj_decide_status status;
    sj_decide_status(trader->decide, &status);
    atomic_store_explicit(&trader->counters.open_orders, status.open_count, memory_order_relaxed);
    sj_switch_seen(trader->sw, trader->seen, status.open_count);
}

/* Due besides the work. Picture and state take time: they wait for a turn without work, but not for
 * longer than their own period. */
static void keep_up(struct sj_trader *trader, int64_t now_ns, bool is_idle)
{
    int64_t patience = is_idle ? 0 : 1;
    if (now_ns >= trader->next_beat_ns) {
        trader->next_beat_ns = now_ns + BEAT_NS;
        sj_bus_beat(trader->ring);
    }
    if (now_ns >= trader->next_picture_ns + patience * PICTURE_NS) {
        trader->next_picture_ns = now_ns + PICTURE_NS;
        trader_take_picture(trader);
    }
    if (now_ns >= trader->next_save_ns + patience * SAVE_NS) {
        trader->next_save_ns = now_ns + SAVE_NS;
        save(trader);
    }
}

static void begin(struct sj_trader *trader, int64_t now_ns)
{
    trader->begun = true;
    sj_decide_start(trader->decide, now_ns);
}

static void begin_stop(struct sj_trader *trader, int64_t now_ns)
{
    struct sj_control control = {.kind = SJ_CONTROL_STOP, .source = SJ_CONTROL_BY_COMMAND};
    snprintf(control.text, sizeof control.text, "trading ends in order");
    trader->stop_deadline_ns = now_ns + trader->settings->trading.stop_ms * SJ_NS_PER_MS;
    sj_decide_control(trader->decide, &control, now_ns);
}

/* The stop waits until nothing works at the exchange any more, or for as long as it was given. */
static void stop_turn(struct sj_trader *trader, int64_t now_ns)
{
    if (!trader->stop_deadline_ns)
        begin_stop(trader, now_ns);
    struct sj_decide_status status;
    sj_decide_status(trader->decide, &status);
    if (status.open_count > 0 && now_ns < trader->stop_deadline_ns)
        return;
    if (status.open_count > 0)
        sj_log_warn("trading", "%u orders still work at the exchange", status.open_count);
    save(trader);
    sj_saved_sync(trader->saved);
    trader_take_picture(trader);
    atomic_store_explicit(&trader->stopped, true, memory_order_release);
}

/* What the next order will write, which other work has pushed out of the caches. */
static void keep_warm(const struct sj_trader *trader)
{
    sj_decide_warm(trader->decide);
    sj_order_link_warm(trader->link);
    sj_bus_warm(trader->ring, RING_WARM);
}

sj_rc sj_trader_work(void *context)
{
    struct sj_trader *trader = context;
    uint32_t done = trader->followed;
    if (!atomic_load_explicit(&trader->prepared, memory_order_acquire) ||
        atomic_load_explicit(&trader->stopped, memory_order_relaxed))
        return 0;
    int64_t now_ns = sj_clock_utc_ns();
    trader->followed = 0;
    if (!trader->begun)
        begin(trader, now_ns);
    done += trader_take_switch(trader, now_ns);
    done += sj_order_link_work(trader->link);
    done += trader_send_held(trader);
    for (uint32_t i = 0; i < trader->ring_count; i++)
        done += trader_take_ring(trader, &trader->rings[i]);
    done += trader_take_processes(trader);
    if (sj_decide_due(trader->decide) <= now_ns) {
        sj_decide_time(trader->decide, now_ns);
        done++;
    }
    bool stopping = atomic_load_explicit(&trader->stop_asked, memory_order_acquire);
    if (stopping)
        stop_turn(trader, now_ns);
    if (done > 0 || stopping)
        show(trader);
    keep_up(trader, now_ns, done == 0);
    keep_warm(trader);
    return (sj_rc)done;
}

void sj_trader_stop(struct sj_trader *trader)
{
    atomic_store_explicit(&trader->stop_asked, true, memory_order_release);
}

bool sj_trader_stopped(const struct sj_trader *trader)
{
    return !atomic_load_explicit(&trader->prepared, memory_order_acquire) ||
           atomic_load_explicit(&trader->stopped, memory_order_acquire);
}

/* --- the main thread's share --- */

void sj_trader_look(struct sj_trader *trader)
{
    sj_switch_sync(trader->sw);
    trader_look_at_processes(trader);
    trader_look_at_dead_man(trader);
}
