/* What the trader knows when it begins: the instruments, and what earlier runs traded, both from
 * the journal. What a killed process had left in its ring is in the journal too by then. */
#include "app/trader_private.h"

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

static void restore_span(struct sj_trader *trader, const uint8_t *begin, const uint8_t *end)
{
    for (const uint8_t *at = begin; at < end; at += sj_frame_size(at))
        sj_decide_restore(trader->decide, (const struct sj_frame *)at);
}

static sj_rc read_journal(struct sj_trader *trader, struct sj_journal_reader *reader)
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
        if (span.src == SJ_SRC_STRATEGY)
            restore_span(trader, span.begin, span.end);
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

static sj_rc restore(struct sj_trader *trader, struct sj_journal_reader *reader, char *error)
{
    sj_rc rc = learn(trader, reader);
    if (rc < 0)
        return trader_fail(error, rc, "the journal's instruments");
    rc = trader_create_decide(trader, error);
    if (rc < 0)
        return rc;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/trading", trader->settings->trading.state_dir);
    rc = sj_saved_open(path, sj_decide_save_size(trader->decide), &trader->saved);
    if (rc < 0)
        return trader_fail(error, rc, "%s", path);
    load_saved(trader);
    rc = read_journal(trader, reader);
    return rc < 0 ? trader_fail(error, rc, "reading what was traded before") : 0;
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
