/*
 * switch.h: the kill switch: one page of a file, mapped by the process that trades and by whoever
 * stops it. Throwing it is a store to memory that the trading loop loads every turn; and because it
 * is a file, it is still thrown after a crash, a restart or a reboot. Only a resume lifts it.
 *
 * Units    _ns: UTC.
 * Errors   -errno of the file. -SJ_E_MALFORMED: the file is not a switch, or of another version.
 * Threads  [any] thread of any process, all at once: changes take a lock on the file.
 * Memory   one page mapped.
 */
#ifndef SJ_APP_SWITCH_H
#define SJ_APP_SWITCH_H

#include "base/rc.h"
#include "event/event.h"

#include <stdbool.h>

#define SJ_SWITCH_REASON_MAX 96

struct sj_switch;

/* What somebody from outside sees. */
struct sj_switch_view {
    bool killed;
    uint8_t source; /* enum sj_control_source */
    int64_t killed_ns;
    char reason[SJ_SWITCH_REASON_MAX];
    uint64_t panic_count;
    bool panicking; /* a panic was asked for and is not finished */
    int32_t pid;    /* of the process that trades; 0: none */
    bool alive;     /* it is there and took the latest change */
    uint32_t open_orders;
};

/* Opens DIR/switch, with `create` made (not thrown) where it is missing. */
SJ_MUST_USE sj_rc sj_switch_open(const char *dir, bool create, struct sj_switch **ret_switch);
void sj_switch_close(struct sj_switch *sw);

/* Throws it: durable when it returns. A second kill keeps the first reason. */
SJ_MUST_USE sj_rc sj_switch_kill(struct sj_switch *sw, enum sj_control_source source,
                                 const char *reason);
/* Lifts it. -SJ_E_BUSY: a panic is under way. */
SJ_MUST_USE sj_rc sj_switch_resume(struct sj_switch *sw);
/* Asks for a panic: the process cancels, flattens and kills itself. Thrown at once as well. */
SJ_MUST_USE sj_rc sj_switch_panic(struct sj_switch *sw, const char *reason);

void sj_switch_view(const struct sj_switch *sw, struct sj_switch_view *ret_view);

/* Waits until the trading process has taken the latest change. False: nobody did in time. */
bool sj_switch_wait(const struct sj_switch *sw, int64_t timeout_ns);
/* Waits until the last panic is finished. False: not in time. */
bool sj_switch_wait_panic(const struct sj_switch *sw, int64_t timeout_ns);

/* The trading process: attaches (-SJ_E_BUSY: another one is), and detaches by close. */
SJ_MUST_USE sj_rc sj_switch_own(struct sj_switch *sw);
/* The generation of the last change: one load. A turn compares it with what it saw last. */
uint64_t sj_switch_generation(const struct sj_switch *sw);
/* It has acted on `generation`; how many orders are open. */
void sj_switch_seen(struct sj_switch *sw, uint64_t generation, uint32_t open_orders);
/* The panic `panic_count` is finished. */
void sj_switch_panic_done(struct sj_switch *sw, uint64_t panic_count);
/* As kill, but from the trading loop: a store, no lock, no system call; the main thread makes it
 * durable (sj_switch_sync). */
void sj_switch_trip(struct sj_switch *sw, enum sj_control_source source, const char *reason);
void sj_switch_sync(struct sj_switch *sw);

#endif
