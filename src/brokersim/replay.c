/* The events of a journal, one after the other, as the state of their feeds. */
#include "brokersim/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIME_END_NS (INT64_MAX / 2) /* the year 2116: later times are no times */

/* A stock's event that ends a block: its closing event may begin the source's next block. */
struct held {
    uint64_t frame[SJ_EVENT_SIZE_MAX / 8];
    bool full;
};

struct replay {
    struct sj_market_source base;
    struct sj_journal_reader *reader;
    struct sj_replay_listing listing;
    struct sj_journal_span span;
    const uint8_t *at; /* the next frame of the span; NULL: no span */
    uint64_t burst_left;
    struct held held[SJ_JOURNAL_SOURCES_MAX];
};

/* Trades and quotes begin alike, books and quotes share their levels: parts are copied whole. */
#define TRADE_SIZE (offsetof(struct sj_quote, underlying_price_e6) + sizeof(int64_t))
#define BOOK_SIZE                                                                                  \
    (offsetof(struct sj_quote, derived_ask_vol) + sizeof(uint32_t) -                               \
     offsetof(struct sj_quote, bid_price_e6))
#define HEAD_SIZE offsetof(struct sj_quote, price_e6)
_Static_assert(offsetof(struct sj_trade, underlying_price_e6) + sizeof(int64_t) == TRADE_SIZE,
               "a trade is the beginning of a quote");
_Static_assert(offsetof(struct sj_book, derived_ask_vol) + sizeof(uint32_t) -
                       offsetof(struct sj_book, bid_price_e6) ==
                   BOOK_SIZE,
               "a book is the middle of a quote");

static struct replay *of(struct sj_market_source *source)
{
    return (struct replay *)source;
}

static bool is_time(int64_t time_ns)
{
    return time_ns > 0 && time_ns < TIME_END_NS;
}

static void note_trade(struct sj_sim_state *state)
{
    const struct sj_quote *quote = &state->quote;
    if (quote->price_e6 == SJ_NULL_E6 || (quote->flags & SJ_FLAG_SIMTRADE))
        return;
    state->last_e6 = quote->price_e6;
    state->last_volume = quote->volume == SJ_NULL_U32 ? 0 : quote->volume;
    state->last_tick_type = quote->tick_type <= SJ_TICK_SELL ? quote->tick_type : SJ_TICK_NONE;
}

static unsigned apply_trade(struct sj_sim_state *state, const struct sj_trade *trade)
{
    memcpy(&state->quote, trade, TRADE_SIZE);
    note_trade(state);
    return SJ_SIM_TICK;
}

static unsigned apply_book(struct sj_sim_state *state, const struct sj_book *book)
{
    memcpy(&state->quote, book, HEAD_SIZE);
    memcpy(state->quote.bid_price_e6, book->bid_price_e6, BOOK_SIZE);
    memcpy(state->quote.level_count, book->level_count, sizeof book->level_count);
    state->quote.underlying_price_e6 = book->underlying_price_e6;
    state->bid_total_vol = book->bid_total_vol;
    state->ask_total_vol = book->ask_total_vol;
    return SJ_SIM_BOOK;
}

static unsigned apply_quote(struct sj_sim_state *state, const struct sj_quote *quote)
{
    state->quote = *quote;
    note_trade(state);
    return SJ_SIM_QUOTE;
}

static unsigned apply_index(struct sj_sim_state *state, const struct sj_index *index)
{
    memcpy(&state->quote, index, HEAD_SIZE);
    state->quote.price_e6 = state->last_e6 = index->close_e6;
    state->quote.open_e6 = index->open_e6;
    state->quote.high_e6 = index->high_e6;
    state->quote.low_e6 = index->low_e6;
    state->quote.total_amount_e6 = index->total_amount_e6;
    state->quote.total_volume = index->total_volume;
    state->reference_e6 = index->reference_e6;
    return SJ_SIM_INDEX;
}

/* What kind of message an event becomes; 0 for those that have none. */
static unsigned kind_of(const struct sj_frame *frame)
{
    size_t size = sj_frame_size(frame);
    switch (frame->template_id) {
    case SJ_EVENT_TRADE:
        return size >= sizeof(struct sj_trade) ? SJ_SIM_TICK : 0;
    case SJ_EVENT_BOOK:
        return size >= sizeof(struct sj_book) ? SJ_SIM_BOOK : 0;
    case SJ_EVENT_QUOTE:
        return size >= sizeof(struct sj_quote) ? SJ_SIM_QUOTE : 0;
    case SJ_EVENT_INDEX:
        return size >= sizeof(struct sj_index) ? SJ_SIM_INDEX : 0;
    default:
        return 0;
    }
}

static uint32_t feed_of(const struct replay *replay, const struct sj_frame *frame)
{
    const struct sj_sim_universe *universe = replay->base.universe;
    if (frame->instrument == 0 || frame->instrument >= replay->listing.id_end)
        return SJ_SIM_NONE;
    uint32_t feed = replay->listing.feeds[frame->instrument];
    if (feed == SJ_SIM_NONE)
        return SJ_SIM_NONE;
    bool odd = (frame->flags & SJ_FLAG_ODD_LOT) != 0;
    return odd && universe->list[feed].security == SJ_SECURITY_STK ? feed + universe->count : feed;
}

static bool fits(const struct replay *replay, uint32_t feed, unsigned kind)
{
    uint32_t count = replay->base.universe->count;
    bool index = replay->base.universe->list[feed % count].security == SJ_SECURITY_IND;
    return index == (kind == SJ_SIM_INDEX);
}

/* Gives an event to the sink, with the closing event that came behind it (or NULL). */
static bool publish(struct replay *replay, const struct sj_frame *frame,
                    const struct sj_closing *closing)
{
    unsigned kind = kind_of(frame);
    uint32_t feed = feed_of(replay, frame);
    if (kind == 0 || feed == SJ_SIM_NONE || !fits(replay, feed, kind)) {
        replay->base.skipped++;
        return false;
    }
    struct sj_sim_state *state = &replay->base.states[feed];
    const void *event = frame;
    if (kind == SJ_SIM_TICK)
        apply_trade(state, event);
    else if (kind == SJ_SIM_BOOK)
        apply_book(state, event);
    else if (kind == SJ_SIM_QUOTE)
        apply_quote(state, event);
    else
        apply_index(state, event);
    if (!is_time(state->quote.exch_ns))
        state->quote.exch_ns = is_time(state->quote.recv_ns) ? state->quote.recv_ns : 0;
    state->closing = closing;
    replay->base.sink.emit(replay->base.sink.context, feed, kind);
    state->closing = NULL;
    return true;
}

static bool may_have_closing(const struct replay *replay, const struct sj_frame *frame)
{
    uint32_t feed = feed_of(replay, frame);
    unsigned kind = kind_of(frame);
    uint32_t count = replay->base.universe->count;
    return (kind == SJ_SIM_TICK || kind == SJ_SIM_QUOTE) && feed != SJ_SIM_NONE &&
           !sj_sim_is_fop((enum sj_security)replay->base.universe->list[feed % count].security);
}

static const struct sj_closing *as_closing(const struct sj_frame *frame, uint32_t instrument)
{
    bool is = frame && frame->template_id == SJ_EVENT_CLOSING && frame->instrument == instrument &&
              sj_frame_size(frame) >= sizeof(struct sj_closing);
    return is ? (const struct sj_closing *)frame : NULL;
}

/* The market is over: what is held back goes out as it is. */
static uint64_t finish(struct replay *replay)
{
    uint64_t made = 0;
    for (uint32_t src = 0; src < SJ_JOURNAL_SOURCES_MAX; src++) {
        struct held *held = &replay->held[src];
        if (held->full)
            made += publish(replay, (const struct sj_frame *)held->frame, NULL);
        held->full = false;
    }
    replay->base.ended = true;
    return made;
}

/* Goes to the next block; false at the end of the journal, which ends the market. */
static bool enter_block(struct replay *replay, uint64_t *made)
{
    sj_rc rc;
    while ((rc = sj_journal_read(replay->reader, &replay->span)) == -SJ_E_CORRUPT) {
        struct sj_journal_damage damage;
        sj_journal_reader_damage(replay->reader, &damage);
        replay->base.damaged_size += damage.size;
    }
    if (rc <= 0) {
        replay->base.failed = rc;
        *made += finish(replay);
        return false;
    }
    replay->at = replay->span.begin;
    struct held *held = &replay->held[replay->span.src % SJ_JOURNAL_SOURCES_MAX];
    if (held->full) {
        const struct sj_frame *frame = (const struct sj_frame *)held->frame;
        const uint8_t *at = replay->at;
        const struct sj_closing *closing =
            as_closing(sj_replay_frame(&replay->span, &at), frame->instrument);
        held->full = false;
        *made += publish(replay, frame, closing);
        if (closing)
            replay->at = at;
    }
    return true;
}

/* One frame and its closing, or holds it back until the source's next block. */
static uint64_t take(struct replay *replay, const struct sj_frame *frame)
{
    if (!may_have_closing(replay, frame))
        return publish(replay, frame, NULL);
    if (replay->at == replay->span.end && sj_frame_size(frame) <= SJ_EVENT_SIZE_MAX) {
        struct held *held = &replay->held[replay->span.src % SJ_JOURNAL_SOURCES_MAX];
        memcpy(held->frame, frame, sj_frame_size(frame));
        held->full = true;
        return 0;
    }
    const uint8_t *at = replay->at;
    const struct sj_closing *closing =
        as_closing(sj_replay_frame(&replay->span, &at), frame->instrument);
    if (closing)
        replay->at = at;
    return publish(replay, frame, closing);
}

/* When a frame is due: its receive time where it has one. */
static int64_t due_ns(const struct replay *replay, const struct sj_frame *frame)
{
    int64_t time_ns = replay->base.now_ns;
    if (kind_of(frame) != 0) {
        const struct sj_trade *event = (const void *)frame;
        time_ns = is_time(event->recv_ns) ? event->recv_ns : event->exch_ns;
    }
    return is_time(time_ns) && time_ns > replay->base.now_ns ? time_ns : replay->base.now_ns;
}

static uint64_t run(struct sj_market_source *source, int64_t until_ns, uint64_t event_max)
{
    struct replay *replay = of(source);
    uint64_t made = 0;
    while (made < event_max && !source->pressed) {
        const uint8_t *at = replay->at;
        const struct sj_frame *frame = at ? sj_replay_frame(&replay->span, &at) : NULL;
        if (!frame) {
            if (!enter_block(replay, &made))
                break;
            continue;
        }
        int64_t due = due_ns(replay, frame);
        if (due > until_ns && replay->burst_left == 0) {
            source->now_ns = until_ns > source->now_ns ? until_ns : source->now_ns;
            break;
        }
        source->now_ns = due;
        replay->at = at;
        uint64_t one = take(replay, frame);
        replay->burst_left -= replay->burst_left > 0 ? one : 0;
        made += one;
    }
    return made;
}

/* The next `count` events come at once, whenever they are due. */
static void burst(struct sj_market_source *source, uint64_t count)
{
    of(source)->burst_left += count;
}

static void activate(struct sj_market_source *source, uint32_t feed)
{
    (void)source;
    (void)feed;
}

/* What is past takes no orders. */
static sj_rc submit(struct sj_market_source *source, const struct sj_sim_order *order,
                    struct sj_exchange_result *ret_result)
{
    (void)source;
    (void)order;
    (void)ret_result;
    return -SJ_E_REFUSED;
}

static sj_rc cancel(struct sj_market_source *source, uint64_t id, uint32_t *ret_quantity)
{
    (void)source;
    (void)id;
    (void)ret_quantity;
    return -SJ_E_UNKNOWN;
}

static sj_rc reduce(struct sj_market_source *source, uint64_t id, uint32_t quantity)
{
    (void)source;
    (void)id;
    (void)quantity;
    return -SJ_E_UNKNOWN;
}

static sj_rc reprice(struct sj_market_source *source, uint32_t feed, uint64_t id, int64_t price_e6,
                     struct sj_exchange_result *ret_result)
{
    (void)feed;
    (void)price_e6;
    (void)ret_result;
    return reduce(source, id, 0);
}

static uint32_t left(struct sj_market_source *source, uint64_t id)
{
    (void)source;
    (void)id;
    return 0;
}

static void close_replay(struct sj_market_source *source)
{
    struct replay *replay = of(source);
    sj_journal_reader_close(replay->reader);
    free(replay->listing.feeds);
    free(replay->base.states);
    free(replay);
}

static const struct sj_market_source_ops REPLAY_OPS = {.run = run,
                                                       .burst = burst,
                                                       .activate = activate,
                                                       .submit = submit,
                                                       .cancel = cancel,
                                                       .reduce = reduce,
                                                       .reprice = reprice,
                                                       .left = left,
                                                       .close = close_replay};

/* Before its first event a feed knows its reference and nothing else. */
static void init_state(struct sj_sim_state *state, const struct sj_sim_instrument *instrument)
{
    struct sj_quote *quote = &state->quote;
    state->reference_e6 = state->last_e6 = instrument->reference_e6;
    quote->price_e6 = instrument->reference_e6;
    quote->open_e6 = quote->high_e6 = quote->low_e6 = quote->avg_price_e6 = SJ_NULL_E6;
    for (int i = 0; i < SJ_LEVELS; i++)
        quote->bid_price_e6[i] = quote->ask_price_e6[i] = SJ_NULL_E6;
}

static sj_rc open_replay(struct replay *replay, const struct sj_replay_options *options)
{
    const struct sj_sim_universe *universe = replay->base.universe;
    struct sj_journal_reader_options reader = {.dir = options->dir};
    replay->base.states = calloc(2 * (size_t)universe->count, sizeof *replay->base.states);
    if (!replay->base.states)
        return -ENOMEM;
    for (uint32_t feed = 0; feed < 2 * universe->count; feed++)
        init_state(&replay->base.states[feed], &universe->list[feed % universe->count]);
    return sj_journal_reader_open(&reader, &replay->reader);
}

sj_rc sj_replay_create(const struct sj_replay_options *options, struct sj_sim_universe *universe,
                       struct sj_market_source **ret_source, char error[SJ_SIM_ERROR_MAX])
{
    struct replay *replay = calloc(1, sizeof *replay);
    if (!replay)
        return -ENOMEM;
    replay->base = (struct sj_market_source){
        .ops = &REPLAY_OPS, .sink = options->sink, .universe = universe, .speed = options->speed};
    sj_rc rc = sj_replay_list(options, universe, &replay->listing, error);
    if (rc >= 0) {
        replay->base.now_ns = is_time(replay->listing.first_ns) ? replay->listing.first_ns : 0;
        rc = open_replay(replay, options);
        if (rc < 0)
            snprintf(error, SJ_SIM_ERROR_MAX, "--replay: %.120s: %s", options->dir, sj_rc_text(rc));
    }
    if (rc < 0) {
        close_replay(&replay->base);
        return rc;
    }
    *ret_source = &replay->base;
    return 0;
}
