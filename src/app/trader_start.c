/* What the trader knows when it begins: the instruments, and what earlier runs traded, both from
 * the journal. What a killed process had left in its ring is in the journal too by then. */
#include "app/trader_private.h"

#include "app/deciding.h"
#include "app/names.h"
#include "base/clock.h"
#include "base/log.h"
#include "journal/journal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A trading day with the night session before it, and a weekend between. */
#define LOOK_BACK_NS (4 * SJ_NS_PER_DAY)
#define DURABLE_WAIT_NS (10 * SJ_NS_PER_S)

static void put_definition(const struct sj_instrument *definition, uint32_t src, void *context)
{
    uint32_t id;
    (void)src;
    if (sj_instruments_put(context, definition, &id) < 0)
        sj_log_warn("trading", "no room for the instrument %.16s", definition->code);
}

typedef void take_event(struct sj_trader *trader, const struct sj_frame *event);

static void restore_event(struct sj_trader *trader, const struct sj_frame *event)
{
    sj_decide_restore(trader->decide, event);
}

/* Hands over every event of the own ring that the journal has of the last days. */
static sj_rc read_journal(struct sj_trader *trader, struct sj_journal_reader *reader,
                          take_event *take)
{
    struct sj_journal_span span;
    uint64_t head = sj_journal_reader_head(reader);
    sj_rc rc = sj_journal_seek_time(reader, sj_clock_utc_ns() - LOOK_BACK_NS);
    while (rc >= 0) {
        rc = sj_journal_read(reader, &span);
        if (rc == -SJ_E_CORRUPT) { /* told by the journal's own recovery */
            rc = 0;
            continue;
        }
        if (rc <= 0)
            break;
        for (const uint8_t *at = span.begin; span.src == SJ_SRC_STRATEGY && at < span.end;
             at += sj_frame_size(at))
            take(trader, (const struct sj_frame *)at);
        if (span.next_position >= head)
            break;
    }
    return rc < 0 ? rc : 0;
}

static void load_saved(struct sj_trader *trader)
{
    char error[SJ_DECIDE_ERROR_MAX];
    for (unsigned i = 0; i < 2; i++) {
        size_t size;
        const void *slot = sj_saved_slot(trader->saved, i, &size);
        if (!slot || size == 0)
            continue;
        uint64_t knows = sj_decide_saved_seq(slot, size);
        if (knows > sj_bus_last_seq(trader->ring)) { /* instruments have other numbers there */
            sj_log_warn("trading",
                        "saved state %u is of another journal (it knows %llu events, here are "
                        "%llu): not loaded; trading.state_dir and journal.dir belong together",
                        i, (unsigned long long)knows,
                        (unsigned long long)sj_bus_last_seq(trader->ring));
            continue;
        }
        if (sj_decide_load(trader->decide, slot, size, error) >= 0)
            return;
        sj_log_warn("trading", "saved state %u: %s", i, error);
    }
}

/* Everything that is on the rings by now must be in the journal before it is read: what comes later
 * reaches us by the rings themselves. */
static bool is_durable(const struct sj_trader *trader, const struct sj_journal *journal)
{
    for (uint32_t i = 0; i < trader->ring_count; i++)
        if (sj_journal_durable_seq(journal, trader->rings[i].src) + 1 <
            sj_bus_reader_next_seq(trader->rings[i].reader))
            return false;
    return sj_journal_durable_seq(journal, SJ_SRC_STRATEGY) >= sj_bus_last_seq(trader->ring);
}

static sj_rc wait_durable(const struct sj_trader *trader, const struct sj_journal *journal)
{
    int64_t deadline_ns = sj_clock_mono_ns() + DURABLE_WAIT_NS;
    while (!is_durable(trader, journal)) {
        if (sj_clock_mono_ns() > deadline_ns)
            return -ETIMEDOUT;
        nanosleep(&(struct timespec){.tv_nsec = SJ_NS_PER_MS}, NULL);
    }
    return 0;
}

static sj_rc learn(struct sj_trader *trader, struct sj_journal_reader *reader)
{
    sj_rc rc = sj_instruments_create(SJ_GATEWAY_TOPICS, &trader->instruments);
    if (rc >= 0)
        rc = sj_journal_seek(reader, sj_journal_reader_head(reader));
    return rc < 0 ? rc : sj_journal_reader_definitions(reader, put_definition, trader->instruments);
}

/* --- which strategy has which number --- */

/* Every start writes all of them, in their order. */
static void take_name(struct sj_trader *trader, const struct sj_frame *event)
{
    const struct sj_control *control = (const struct sj_control *)event;
    char name[sizeof control->text + 1];
    if (event->template_id != SJ_EVENT_CONTROL || control->kind != SJ_CONTROL_NAME)
        return;
    snprintf(name, sizeof name, "%.*s", (int)sizeof control->text, control->text);
    if (sj_strategy_names_bind(&trader->names, name) < 0)
        sj_log_warn("trading", "no number for the strategy %s of the journal", name);
}

static sj_rc learn_names(struct sj_trader *trader, struct sj_journal_reader *reader, char *error)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/strategies", trader->settings->trading.state_dir);
    sj_rc rc = sj_names_load(path, &trader->names);
    if (rc == -ENOENT)
        rc = read_journal(trader, reader, take_name);
    if (rc < 0)
        return trader_fail(error, rc,
                           "%s, the numbers of strategies; without the file the journal's last "
                           "days tell them",
                           path);
    uint32_t known = trader->names.count;
    rc = sj_deciding_bind(&trader->settings->strategies, &trader->names, error);
    if (rc < 0)
        return rc;
    for (uint32_t i = known; i < trader->names.count; i++)
        sj_log_info("trading", "strategies.%s is new: number %u", trader->names.name[i], i + 1);
    rc = sj_names_store(path, &trader->names);
    return rc < 0 ? trader_fail(error, rc, "%s", path) : 0;
}

/* A strategy that was removed, or renamed, has left something behind. */
static void tell_retired(const struct sj_trader *trader)
{
    const struct sj_strategies *strategies = sj_decide_strategies(trader->decide);
    for (uint32_t i = 1; i <= trader->names.count; i++) {
        if (!(trader->names.retired >> (i - 1) & 1))
            continue;
        uint32_t orders = sj_strategies_open_orders(strategies, i, NULL, 0);
        uint32_t held = 0;
        for (uint32_t id = 1; id <= sj_instruments_id_max(trader->instruments); id++)
            held += sj_strategies_position(strategies, i, id) != 0;
        if (orders || held)
            sj_log_warn("trading",
                        "strategies.%s is not configured any more: %u orders still work and %u "
                        "instruments are held under its name, which nobody looks after; if it was "
                        "renamed, give it its name back",
                        trader->names.name[i - 1], orders, held);
    }
}

static sj_rc restore(struct sj_trader *trader, struct sj_journal_reader *reader, char *error)
{
    sj_rc rc = learn(trader, reader);
    if (rc < 0)
        return trader_fail(error, rc, "the journal's instruments");
    rc = learn_names(trader, reader, error);
    if (rc >= 0)
        rc = trader_create_decide(trader, error);
    if (rc < 0)
        return rc;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/trading", trader->settings->trading.state_dir);
    rc = sj_saved_open(path, sj_decide_save_size(trader->decide), &trader->saved);
    if (rc < 0)
        return trader_fail(error, rc, "%s", path);
    load_saved(trader);
    rc = read_journal(trader, reader, restore_event);
    if (rc < 0)
        return trader_fail(error, rc, "reading what was traded before");
    tell_retired(trader);
    return 0;
}

sj_rc trader_prepare(struct sj_trader *trader, const struct sj_journal *journal,
                     char error[SJ_TRADER_ERROR_MAX])
{
    const struct sj_journal_reader_options options = {.dir = trader->settings->journal.dir};
    struct sj_journal_reader *reader;
    sj_rc rc = wait_durable(trader, journal);
    if (rc < 0)
        return trader_fail(error, rc, "the journal does not keep up with the rings");
    rc = sj_journal_reader_open(&options, &reader);
    if (rc < 0)
        return trader_fail(error, rc, "journal.dir %s", options.dir);
    rc = restore(trader, reader, error);
    sj_journal_reader_close(reader);
    return rc;
}
