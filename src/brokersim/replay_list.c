/* The contracts of a journal as a universe. */
#include "brokersim/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDS_MAX 65536

/* What one reading of the journal tells of an instrument. */
struct seen {
    struct sj_instrument definition; /* the last one; template_id 0: none */
    uint8_t security;                /* by its events, where the definition does not say */
};

struct listing {
    const struct sj_replay_options *options;
    struct seen *seen;
    uint32_t id_end;
    uint32_t defined;
    uint32_t update_date;
    int64_t first_ns;
    char *error;
};

const struct sj_frame *sj_replay_frame(const struct sj_journal_span *span, const uint8_t **at)
{
    size_t left = (size_t)(span->end - *at);
    const struct sj_frame *frame = (const void *)*at;
    if (left < sizeof *frame || sj_frame_size(frame) > left ||
        sj_frame_size(frame) < sizeof(struct sj_timer))
        return NULL;
    *at += sj_frame_size(frame);
    return frame;
}

/* A code that can stand in JSON and in a path as it is. */
static bool is_code(const char code[16])
{
    size_t size = strnlen(code, 16);
    for (size_t i = 0; i < size; i++)
        if (code[i] <= ' ' || code[i] >= 0x7f || code[i] == '"' || code[i] == '\\')
            return false;
    return size > 0;
}

static void note_definition(struct listing *listing, const struct sj_instrument *definition)
{
    struct seen *seen = &listing->seen[definition->instrument];
    if (!is_code(definition->code))
        return;
    listing->defined += seen->definition.template_id == 0;
    seen->definition = *definition;
    if (definition->instrument >= listing->id_end)
        listing->id_end = definition->instrument + 1;
    if (definition->update_date > listing->update_date &&
        sj_date_valid((int32_t)definition->update_date))
        listing->update_date = definition->update_date;
}

static uint8_t security_of(uint8_t channel)
{
    bool fop = channel >= SJ_CHANNEL_TICK_FOP && channel <= SJ_CHANNEL_QUOTE_FOP;
    return fop ? SJ_SECURITY_FUT : SJ_SECURITY_STK;
}

static void note_event(struct listing *listing, const struct sj_frame *frame)
{
    struct seen *seen = &listing->seen[frame->instrument];
    size_t size = sj_frame_size(frame);
    if (frame->template_id == SJ_EVENT_TRADE && size >= sizeof(struct sj_trade))
        seen->security = security_of(((const struct sj_trade *)frame)->channel);
    else if (frame->template_id == SJ_EVENT_BOOK && size >= sizeof(struct sj_book))
        seen->security = security_of(((const struct sj_book *)frame)->channel);
    else if (frame->template_id == SJ_EVENT_QUOTE && size >= sizeof(struct sj_quote))
        seen->security = security_of(((const struct sj_quote *)frame)->channel);
    else if (frame->template_id == SJ_EVENT_INDEX && size >= sizeof(struct sj_index))
        seen->security = SJ_SECURITY_IND;
    else
        return;
    if (listing->first_ns == 0)
        listing->first_ns = ((const struct sj_trade *)frame)->recv_ns;
}

static sj_rc read_all(struct listing *listing, struct sj_journal_reader *reader)
{
    struct sj_journal_span span;
    for (;;) {
        sj_rc rc = sj_journal_read(reader, &span);
        if (rc == -SJ_E_CORRUPT)
            continue; /* told when the replay itself comes there */
        if (rc <= 0)
            return rc;
        const uint8_t *at = span.begin;
        for (const struct sj_frame *frame; (frame = sj_replay_frame(&span, &at)) != NULL;) {
            if (frame->instrument == 0 || frame->instrument >= IDS_MAX)
                continue;
            if (frame->template_id == SJ_EVENT_INSTRUMENT &&
                sj_frame_size(frame) >= sizeof(struct sj_instrument))
                note_definition(listing, (const struct sj_instrument *)frame);
            else
                note_event(listing, frame);
        }
    }
}

static void copy_text(char *to, size_t size, const char *from, size_t from_size)
{
    snprintf(to, size, "%.*s", (int)strnlen(from, from_size), from);
}

#define TEXT(to, from) copy_text(to, sizeof(to), from, sizeof(from))

/* The steps of its prices: by rule, else its one tick; none where neither is known. */
static void find_bands(const struct listing *listing, uint32_t date,
                       const struct sj_instrument *definition, struct sj_sim_instrument *one)
{
    int64_t tick = definition->tick_e6;
    if (tick > 0)
        one->bands = (struct sj_tick_bands){.count = 1, .band = {{INT64_MAX, tick}}};
    else if (one->tick_rule[0] == 0 ||
             sj_market_tick_bands(listing->options->rules, one->tick_rule, date, &one->bands) < 0)
        one->bands = (struct sj_tick_bands){0};
}

static void describe(const struct listing *listing, uint32_t date, const struct seen *seen,
                     struct sj_sim_instrument *one)
{
    const struct sj_instrument *from = &seen->definition;
    *one = (struct sj_sim_instrument){.delivery_date = from->delivery_date,
                                      .target = SJ_SIM_NONE,
                                      .security = from->security,
                                      .exchange = from->exchange,
                                      .option_right = from->option_right,
                                      .unit = from->unit ? from->unit : 1,
                                      .reference_e6 = from->reference_e6,
                                      .limit_up_e6 = from->limit_up_e6,
                                      .limit_down_e6 = from->limit_down_e6,
                                      .strike_e6 = from->strike_e6,
                                      .multiplier_e6 = from->multiplier_e6};
    TEXT(one->code, from->code);
    TEXT(one->name, from->name);
    if (one->name[0] == 0)
        TEXT(one->name, from->code);
    TEXT(one->category, from->category);
    TEXT(one->root, from->root);
    TEXT(one->tick_rule, from->tick_rule);
    TEXT(one->underlying, from->underlying_code);
    TEXT(one->delivery_month, from->delivery_month);
    if (one->security == SJ_SECURITY_UNKNOWN || one->security > SJ_SECURITY_WRT)
        one->security = seen->security ? seen->security : SJ_SECURITY_STK;
    if (one->exchange > SJ_EXCHANGE_TAIFEX)
        one->exchange = SJ_EXCHANGE_UNKNOWN;
    if (one->exchange == SJ_EXCHANGE_UNKNOWN)
        one->exchange =
            sj_sim_is_fop((enum sj_security)one->security) ? SJ_EXCHANGE_TAIFEX : SJ_EXCHANGE_TSE;
    find_bands(listing, date, from, one);
}

/* Adds what trades (`continuous` false) or what points at it; notes the feed of each id. */
static sj_rc add_all(const struct listing *listing, struct sj_sim_universe *universe,
                     uint32_t *feeds, bool continuous)
{
    for (uint32_t id = 1; id < listing->id_end; id++) {
        const struct seen *seen = &listing->seen[id];
        struct sj_sim_instrument one;
        char target[17];
        if (seen->definition.template_id == 0 ||
            (seen->definition.target_code[0] != 0) != continuous)
            continue;
        describe(listing, universe->date, seen, &one);
        TEXT(target, seen->definition.target_code);
        if (continuous) {
            one.target = sj_sim_universe_find(universe, target);
            if (one.target == SJ_SIM_NONE || one.target >= universe->count)
                continue; /* what it points at is not in the journal */
        }
        sj_rc rc = sj_sim_universe_add(universe, &one);
        if (rc < 0 && rc != -SJ_E_BUSY) /* busy: a second id of the same code */
            return rc;
        uint32_t found = sj_sim_universe_find(universe, one.code);
        feeds[id] =
            universe->list[found].target == SJ_SIM_NONE ? found : universe->list[found].target;
    }
    return 0;
}

static sj_rc build(const struct listing *listing, struct sj_sim_universe *ret_universe,
                   struct sj_replay_listing *ret_listing)
{
    uint32_t date = listing->options->date;
    if (date == 0)
        date = listing->update_date;
    if (date == 0)
        date = (uint32_t)sj_tw_date(listing->first_ns);
    struct sj_sim_universe universe;
    sj_rc rc = sj_sim_universe_init(&universe, listing->defined, date);
    if (rc < 0)
        return rc;
    uint32_t *feeds = calloc(listing->id_end, sizeof *feeds);
    rc = feeds ? 0 : -ENOMEM;
    for (uint32_t id = 0; feeds && id < listing->id_end; id++)
        feeds[id] = SJ_SIM_NONE;
    if (rc >= 0)
        rc = add_all(listing, &universe, feeds, false);
    if (rc >= 0)
        rc = add_all(listing, &universe, feeds, true);
    if (rc >= 0 && universe.count == 0)
        rc = -SJ_E_UNKNOWN;
    if (rc < 0) {
        free(feeds);
        sj_sim_universe_done(&universe);
        return rc;
    }
    *ret_universe = universe;
    *ret_listing = (struct sj_replay_listing){feeds, listing->id_end, listing->first_ns};
    return 0;
}

static sj_rc list(struct listing *listing, struct sj_sim_universe *ret_universe,
                  struct sj_replay_listing *ret_listing)
{
    const char *dir = listing->options->dir;
    struct sj_journal_reader_options options = {.dir = dir, .repeats = true};
    struct sj_journal_reader *reader;
    sj_rc rc = sj_journal_reader_open(&options, &reader);
    if (rc < 0) {
        snprintf(listing->error, SJ_SIM_ERROR_MAX, "--replay: opening the journal in %.120s: %s",
                 dir, sj_rc_text(rc));
        return rc;
    }
    rc = read_all(listing, reader);
    sj_journal_reader_close(reader);
    if (rc >= 0 && (listing->defined == 0 || listing->first_ns == 0)) {
        snprintf(listing->error, SJ_SIM_ERROR_MAX,
                 "--replay: the journal in %.120s holds no market events; name another directory",
                 dir);
        return -SJ_E_UNKNOWN;
    }
    if (rc >= 0 && listing->defined > SJ_SIM_INSTRUMENTS_MAX) {
        snprintf(listing->error, SJ_SIM_ERROR_MAX,
                 "--replay: %u instruments are in the journal; at most %d can be replayed",
                 listing->defined, SJ_SIM_INSTRUMENTS_MAX);
        return -SJ_E_LIMIT;
    }
    if (rc >= 0)
        rc = build(listing, ret_universe, ret_listing);
    if (rc < 0)
        snprintf(listing->error, SJ_SIM_ERROR_MAX, "--replay: reading the journal in %.120s: %s",
                 dir, sj_rc_text(rc));
    return rc;
}

sj_rc sj_replay_list(const struct sj_replay_options *options, struct sj_sim_universe *ret_universe,
                     struct sj_replay_listing *ret_listing, char error[SJ_SIM_ERROR_MAX])
{
    struct listing listing = {.options = options, .error = error};
    listing.seen = calloc(IDS_MAX, sizeof *listing.seen);
    if (!listing.seen) {
        snprintf(error, SJ_SIM_ERROR_MAX, "--replay: %s", sj_rc_text(-ENOMEM));
        return -ENOMEM;
    }
    sj_rc rc = list(&listing, ret_universe, ret_listing);
    free(listing.seen);
    return rc;
}
