/* The dead man: trading is killed when somebody who must touch a file does not, or the broker's
 * server says nothing any more. The main thread's. */
#include "app/trader_private.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <sys/stat.h>

static void kill_trading(struct sj_trader *trader, const char *reason)
{
    sj_rc rc = sj_switch_kill(trader->sw, SJ_CONTROL_BY_DEAD_MAN, reason);
    if (rc < 0)
        sj_log_error("trading", "the kill switch: %s", sj_rc_text(rc));
}

static void look_at_file(struct sj_trader *trader)
{
    const struct sj_trading_config *config = &trader->settings->trading;
    struct stat stat_of;
    if (!*config->dead_man_file)
        return;
    bool is_there = stat(config->dead_man_file, &stat_of) == 0;
    int64_t touched_ns =
        is_there ? stat_of.st_mtim.tv_sec * SJ_NS_PER_S + stat_of.st_mtim.tv_nsec : 0;
    if (is_there && sj_clock_utc_ns() - touched_ns <= config->dead_man_ms * SJ_NS_PER_MS)
        return;
    sj_log_error("trading", "%s was not touched for %lld ms: killed", config->dead_man_file,
                 (long long)config->dead_man_ms);
    kill_trading(trader, "the dead man's file is old");
}

/* Beats count, and so does any answer. */
static void look_at_broker(struct sj_trader *trader)
{
    char reason[64];
    int64_t most_ms = trader->settings->trading.broker_silence_ms;
    if (most_ms == 0 || !atomic_load_explicit(&trader->prepared, memory_order_acquire))
        return;
    int64_t silent_ns = sj_clock_mono_ns() - sj_order_link_heard_ns(trader->link);
    if (silent_ns <= most_ms * SJ_NS_PER_MS)
        return;
    snprintf(reason, sizeof reason, "the broker's server said nothing for %lld ms",
             (long long)(silent_ns / SJ_NS_PER_MS));
    sj_log_error("trading", "%s: killed", reason);
    kill_trading(trader, reason);
}

void trader_look_at_dead_man(struct sj_trader *trader)
{
    struct sj_switch_view view;
    sj_switch_view(trader->sw, &view);
    if (view.killed || sj_trader_stopped(trader))
        return;
    look_at_file(trader);
    look_at_broker(trader);
}
