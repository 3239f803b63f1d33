#include "gateway/connection.h"

#include <stdlib.h>
#include <string.h>

/* Exchange and receive time further apart: a replay, or a simulated market's own clock. */
#define REPLAYED_NS (3600 * SJ_NS_PER_S)

/* After a loss only a later total proves that nothing of this instrument was in it. */
static enum sj_completeness_verdict judge(const struct connection *conn, const struct slot *slot,
                                          bool odd, const struct sj_tape_line *line,
                                          uint64_t event_count)
{
    enum sj_completeness_verdict verdict = sj_tape_verdict(line, event_count);
    bool tail_unknown = conn->loss_ns > slot->proven_ns[odd] && conn->loss_ns > slot->first_ns;
    return verdict == SJ_COMPLETE && tail_unknown ? SJ_UNPROVEN : verdict;
}

/* Adds a verdict over one line (with its books) of a slot to the outbox. */
static void verdict(struct connection *conn, const struct slot *slot, bool odd,
                    const struct sj_tape_line *line, uint64_t event_count, const struct item *item)
{
    struct sj_completeness event = {
        .instrument = slot->instrument,
        .flags = odd ? SJ_FLAG_ODD_LOT : 0,
        .trading_day = slot->session.trading_day,
        .night = slot->session.night,
        .verdict = (uint8_t)judge(conn, slot, odd, line, event_count),
        .trade_count = line->trade_count,
        .book_count = slot->books[odd].count + (odd ? 0 : slot->other_count),
        .volume_first = line->started ? line->volume_first : SJ_NULL_I64,
        .volume_last = line->started ? line->volume_last : SJ_NULL_I64,
        .volume_seen = line->volume_seen,
        .volume_missing = line->volume_missing,
        .first_ns = slot->first_ns,
        .last_ns = slot->last_ns,
        .gap_count = line->gap_count,
    };
    if (item)
        event.silence_max_ms = (uint32_t)(item->feed.silence_max_ns / SJ_NS_PER_MS);
    outbox_completeness(conn, &event);
}

/* The line that proves an instrument's tape: ticks where they are subscribed, else quotes. */
static const struct sj_tape_line *proving_line(const struct slot *slot, bool odd)
{
    const struct sj_tape_line *tick = &slot->line[odd ? TAPE_TICK_ODD : TAPE_TICK];
    const struct sj_tape_line *quote = &slot->line[odd ? TAPE_QUOTE_ODD : TAPE_QUOTE];
    return tick->started || !quote->started ? tick : quote;
}

static const struct item *slot_item(const struct connection *conn, const struct slot *slot,
                                    bool odd)
{
    for (uint32_t type = 0; type < SJ_QUOTE_TYPE_COUNT; type++)
        if (slot->item[type][odd])
            return &conn->item[slot->item[type][odd] - 1];
    return NULL;
}

static void slot_reset(struct slot *slot)
{
    memset(slot->line, 0, sizeof(slot->line));
    memset(slot->books, 0, sizeof(slot->books));
    slot->other_count = 0;
    slot->first_ns = slot->last_ns = 0;
    slot->proven_ns[0] = slot->proven_ns[1] = 0;
}

/* Verdicts of what a slot has seen since its session began; then it begins anew. */
void account_close(struct connection *conn, struct slot *slot)
{
    for (uint32_t odd = 0; odd < 2; odd++) {
        const struct sj_tape_line *line = proving_line(slot, odd);
        uint64_t events = slot->books[odd].count + (odd ? 0 : slot->other_count);
        const struct item *item = slot_item(conn, slot, odd);
        bool silent =
            item && item->was_expected && !item->heard && slot->instrument == item->instrument;
        if (line->started || events > 0 || silent)
            verdict(conn, slot, odd, line, events, item);
    }
    slot_reset(slot);
}

/* The session of the slot has ended by the event's or the wall clock's time. */
static void next_session(struct connection *conn, struct slot *slot, int64_t time_ns)
{
    account_close(conn, slot);
    sj_hours_session(&conn->hours, slot->market, time_ns, &slot->session);
    for (uint32_t type = 0; type < SJ_QUOTE_TYPE_COUNT; type++)
        for (uint32_t odd = 0; odd < 2; odd++)
            if (slot->item[type][odd]) {
                struct item *item = &conn->item[slot->item[type][odd] - 1];
                item->was_expected = item->heard = false;
                item->feed.silence_max_ns = 0;
            }
}

/* Trades are missing: the total stands at seen_volume where expected_volume was due. */
static void volume_gap(struct connection *conn, const struct sj_trade *trade,
                       const struct sj_tape_result *result)
{
    struct sj_gap gap = {
        .instrument = trade->instrument,
        .flags = trade->flags & SJ_FLAG_ODD_LOT,
        .exch_ns = trade->exch_ns,
        .kind = SJ_GAP_VOLUME,
        .channel = trade->channel,
        .lost_count = UINT64_MAX,
        .expected_volume = result->expected_total,
        .seen_volume = trade->total_volume,
        .from_ns = result->from_ns,
        .to_ns = trade->exch_ns,
    };
    outbox_gap(conn, &gap);
}

/* Follows a tick or quote; returns the flags it earned. */
static uint32_t trade_flags(struct connection *conn, struct slot *slot,
                            const struct sj_trade *trade, enum tape_kind kind)
{
    bool quote = kind == TAPE_QUOTE || kind == TAPE_QUOTE_ODD;
    struct sj_tape_line *line = &slot->line[kind];
    if (trade->flags & SJ_FLAG_SIMTRADE || trade->total_volume == SJ_NULL_I64 ||
        trade->volume == SJ_NULL_U32)
        return 0; /* a trial match moves no total */
    struct sj_tape_result result = {0};
    (quote ? sj_tape_quote : sj_tape_trade)(line, trade->exch_ns, trade->volume,
                                            trade->total_volume, &result);
    if (result.restarted) {
        account_close(conn, slot);
        (quote ? sj_tape_quote : sj_tape_trade)(line, trade->exch_ns, trade->volume,
                                                trade->total_volume, &result);
    }
    slot->proven_ns[kind == TAPE_TICK_ODD || kind == TAPE_QUOTE_ODD] = trade->recv_ns;
    if (result.gap)
        volume_gap(conn, trade, &result);
    return result.flags;
}

/* Events decide which session it is: those of a replayed day are not of the wall clock's. */
static void follow_session(struct connection *conn, struct slot *slot, int64_t exch_ns,
                           int64_t recv_ns)
{
    if (slot->first_ns == 0) {
        slot->replayed = llabs(recv_ns - exch_ns) > REPLAYED_NS;
        sj_hours_session(&conn->hours, slot->market, exch_ns, &slot->session);
    } else if (exch_ns >= slot->session.to_ns) {
        next_session(conn, slot, exch_ns);
    }
}

static void feed_data(struct connection *conn, const struct slot *slot, enum sj_quote_type type,
                      bool odd, int64_t recv_ns)
{
    uint16_t index = slot->item[type][odd];
    if (index) {
        struct item *item = &conn->item[index - 1];
        item->heard = true;
        sj_feed_data(&item->feed, recv_ns);
    }
    sj_feed_data(&conn->market[slot->market], recv_ns);
}

/* Judges a parsed event in place, before it is shown: sets its flags, keeps its instrument's
 * account and its feed's clock. Returns the flags that were set. */
uint32_t account_event(struct connection *conn, void *frame)
{
    struct sj_trade *trade = frame; /* head and trade fields lie alike in trade and quote */
    struct slot *slot = &conn->slot[conn->slot_of[trade->instrument]];
    bool odd = trade->flags & SJ_FLAG_ODD_LOT;
    uint32_t flags = 0;
    follow_session(conn, slot, trade->exch_ns, trade->recv_ns);
    switch (trade->template_id) {
    case SJ_EVENT_TRADE:
        flags = trade_flags(conn, slot, trade, odd ? TAPE_TICK_ODD : TAPE_TICK);
        feed_data(conn, slot, SJ_QUOTE_TICK, odd, trade->recv_ns);
        break;
    case SJ_EVENT_BOOK: {
        struct sj_book *book = frame;
        flags = sj_tape_book(&slot->books[odd], book->exch_ns,
                             sj_tape_book_digest(book->bid_price_e6, book->ask_price_e6,
                                                 book->bid_volume, book->ask_volume));
        feed_data(conn, slot, SJ_QUOTE_BIDASK, odd, book->recv_ns);
        break;
    }
    case SJ_EVENT_QUOTE: {
        struct sj_quote *quote = frame;
        uint32_t repeat = sj_tape_book(&slot->books[odd], quote->exch_ns,
                                       sj_tape_book_digest(quote->bid_price_e6, quote->ask_price_e6,
                                                           quote->bid_volume, quote->ask_volume) ^
                                           (uint64_t)quote->total_volume);
        flags = trade_flags(conn, slot, trade, odd ? TAPE_QUOTE_ODD : TAPE_QUOTE) | repeat;
        feed_data(conn, slot, SJ_QUOTE_QUOTE, odd, quote->recv_ns);
        break;
    }
    default:
        slot->other_count++;
        feed_data(conn, slot, SJ_QUOTE_QUOTE, false, trade->recv_ns);
        break;
    }
    if (slot->first_ns == 0)
        slot->first_ns = trade->recv_ns;
    slot->last_ns = trade->recv_ns;
    trade->flags |= flags;
    return flags;
}

/* Data of this item is due: its instrument has a session even when nothing comes. */
void account_expected(struct connection *conn, const struct item *item, int64_t utc_ns)
{
    struct slot *slot = &conn->slot[conn->slot_of[item->instrument]];
    if (slot->session.to_ns == 0)
        sj_hours_session(&conn->hours, slot->market, utc_ns, &slot->session);
}

/* By the wall clock: sessions that ended without an event of the next. */
void account_session_ends(struct connection *conn, int64_t utc_ns)
{
    for (uint32_t i = 1; i <= conn->slot_count; i++) {
        struct slot *slot = &conn->slot[i];
        if (slot->session.to_ns != 0 && utc_ns >= slot->session.to_ns && !slot->replayed)
            next_session(conn, slot, utc_ns);
    }
}

void account_stop(struct connection *conn)
{
    for (uint32_t i = 1; i <= conn->slot_count; i++)
        if (conn->slot[i].session.to_ns != 0)
            account_close(conn, &conn->slot[i]);
}
