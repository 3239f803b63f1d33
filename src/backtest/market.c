#include "backtest/market.h"

#include "base/clock.h"
#include "market/rules.h"

#include <errno.h>
#include <string.h>

#define PLAIN_KEYS (1 << 20) /* without a ladder */
#define PLAIN_TICK_E6 10000
/* Nothing for so long: total volumes may count anew. No two sessions are closer. */
#define NEW_SESSION_NS (30 * 60 * SJ_NS_PER_S)
/* The closing auction of the stock exchange may print minutes late (it extends itself). */
#define EXPIRES_AFTER_NS (5 * 60 * SJ_NS_PER_S)

static bool is_price(int64_t price_e6)
{
    return price_e6 != SJ_NULL_E6 && price_e6 > 0;
}

static const char *rule_of(const struct sj_instrument *definition)
{
    switch (definition->security) {
    case SJ_SECURITY_STK:
        return strncmp(definition->code, "00", 2) == 0 ? "ETF" : "STK";
    case SJ_SECURITY_WRT:
        return "WRT";
    case SJ_SECURITY_OPT:
        return "TXO";
    default:
        return NULL;
    }
}

static bool find_bands(const struct sj_market_rules *rules, const struct sj_instrument *definition,
                       uint32_t date, struct sj_tick_bands *ret_bands)
{
    char name[sizeof definition->tick_rule + 1] = "";
    const char *rule = rule_of(definition);
    if (definition->tick_e6 != SJ_NULL_E6 && definition->tick_e6 > 0) {
        *ret_bands = (struct sj_tick_bands){.count = 1};
        ret_bands->band[0] = (struct sj_tick_band){INT64_MAX, definition->tick_e6};
        return true;
    }
    memcpy(name, definition->tick_rule, sizeof definition->tick_rule);
    if (name[0] && sj_market_tick_bands(rules, name, date, ret_bands) >= 0)
        return true;
    return rule && sj_market_tick_bands(rules, rule, date, ret_bands) >= 0;
}

/* From limit to limit; without them from half to twice a price that it has. */
static sj_rc place(struct sj_bt_market *market, const struct sj_bt_market_options *options,
                   uint32_t date)
{
    const struct sj_instrument *definition = options->definition;
    struct sj_tick_bands bands;
    bool limited = is_price(definition->limit_up_e6) && is_price(definition->limit_down_e6);
    int64_t price_e6 = is_price(options->price_e6) ? options->price_e6 : definition->reference_e6;
    bool known = find_bands(options->rules, definition, date, &bands);
    if (!limited && !is_price(price_e6))
        return -SJ_E_UNKNOWN;
    int64_t low_e6 = limited ? definition->limit_down_e6 : price_e6 / 2;
    int64_t high_e6 = limited ? definition->limit_up_e6 : price_e6 * 2;
    market->prices.placed = true;
    if (known && sj_price_ladder_init(&market->ladder, &bands, low_e6, high_e6) >= 0) {
        market->prices.ladder = &market->ladder;
        market->prices.keys = (int32_t)market->ladder.rung_count;
        return 0;
    }
    int64_t tick_e6 = known ? bands.band[bands.count - 1].tick_e6 : PLAIN_TICK_E6;
    market->prices.tick_e6 = tick_e6;
    market->prices.keys = PLAIN_KEYS;
    market->prices.base_tick = (limited ? low_e6 : price_e6) / tick_e6 - PLAIN_KEYS / 2;
    return 0;
}

static void set_board(struct sj_bt_market *market, const struct sj_instrument *definition,
                      uint32_t date)
{
    char root[sizeof definition->root + 1] = "";
    memcpy(root, definition->root, sizeof definition->root);
    market->has_board = definition->exchange != SJ_EXCHANGE_UNKNOWN;
    market->board = sj_board_of((enum sj_security)definition->security, market->odd);
    market->option = definition->security == SJ_SECURITY_OPT;
    market->last_day = definition->delivery_date;
    market->night =
        market->board == SJ_BOARD_FUTURES && sj_market_has_night(market->rules, root, date);
}

double sj_bt_market_unit(const struct sj_instrument *definition, bool odd)
{
    bool by_lot =
        definition->security == SJ_SECURITY_FUT || definition->security == SJ_SECURITY_OPT;
    if (by_lot)
        return definition->multiplier_e6 > 0 ? (double)definition->multiplier_e6 / 1e6 : 1;
    return odd || definition->unit == 0 ? 1 : definition->unit;
}

sj_rc sj_bt_market_create(const struct sj_bt_market_options *options,
                          struct sj_bt_market **ret_market)
{
    struct sj_bt_market *market = calloc(1, sizeof *market);
    if (!market)
        return -ENOMEM;
    market->rules = options->rules;
    market->odd = options->odd;
    market->last_ns = INT64_MIN;
    market->expires_ns = INT64_MAX;
    market->moment.until_ns = INT64_MIN;
    uint32_t date =
        (uint32_t)sj_market_trading_day(options->rules, SJ_BOARD_FUTURES, options->now_ns);
    sj_rc rc = place(market, options, date);
    set_board(market, options->definition, date);
    struct sj_bt_venue *venue = &market->venue;
    venue->prices = &market->prices;
    venue->model = options->model;
    venue->partial = options->partial;
    venue->lot = 1;
    venue->unit = sj_bt_market_unit(options->definition, options->odd);
    venue->instrument = options->definition->instrument;
    venue->blind = true;
    venue->auction = options->odd;
    venue->seen_from[0] = venue->seen_from[1] = INT32_MAX;
    venue->context = options->context;
    venue->on_report = options->on_report;
    if (rc >= 0)
        rc = sj_bt_venue_init(venue, market->prices.keys);
    if (rc < 0) {
        free(market);
        return rc;
    }
    *ret_market = market;
    return 0;
}

void sj_bt_market_close(struct sj_bt_market *market)
{
    if (!market)
        return;
    sj_bt_venue_done(&market->venue);
    free(market);
}

/* --- hours --- */

static bool hours_are_auction(const struct sj_bt_market *market)
{
    return market->odd || (market->has_board && (market->moment.phase == SJ_SESSION_PHASE_AUCTION ||
                                                 market->moment.phase == SJ_SESSION_PHASE_CLOSING));
}

static void read_clock(struct sj_bt_market *market, int64_t now_ns)
{
    if (!market->has_board || now_ns < market->moment.until_ns)
        return;
    if (sj_market_moment(market->rules, market->board, market->last_day, market->night, now_ns,
                         &market->moment) < 0)
        market->has_board = false; /* the rules do not reach that far back: always open */
    market->venue.closed = market->has_board && market->moment.phase == SJ_SESSION_PHASE_NONE;
}

/* By the clock, and by whether the exchange tells of trial matches. What ends an auction without a
 * print (there was nothing to match) is a book that is real again. */
static sj_rc set_phase(struct sj_bt_market *market, int64_t now_ns, bool book)
{
    struct sj_bt_venue *venue = &market->venue;
    bool auction = market->trial || hours_are_auction(market);
    bool ended = venue->auction && !auction && book;
    bool seen = venue->blind && book && !auction;
    if (auction || book || !venue->auction)
        venue->auction = auction;
    if (seen)
        venue->blind = false;
    return ended || seen ? sj_bt_venue_open(venue, now_ns) : 0;
}

static int64_t session_end(const struct sj_bt_market *market, int64_t now_ns)
{
    struct sj_market_moment moment = market->moment;
    while (moment.phase != SJ_SESSION_PHASE_NONE && moment.until_ns != INT64_MAX) {
        now_ns = moment.until_ns;
        if (sj_market_moment(market->rules, market->board, market->last_day, market->night, now_ns,
                             &moment) < 0)
            return INT64_MAX;
    }
    return now_ns + EXPIRES_AFTER_NS;
}

static void set_expiry(struct sj_bt_market *market, int64_t now_ns)
{
    const struct sj_bt_venue *venue = &market->venue;
    if (venue->count[0] + venue->count[1] == 0)
        market->expires_ns = INT64_MAX;
    else if (market->has_board && market->expires_ns == INT64_MAX)
        market->expires_ns = session_end(market, now_ns);
}

sj_rc sj_bt_market_expire(struct sj_bt_market *market)
{
    int64_t at_ns = market->expires_ns;
    market->expires_ns = INT64_MAX;
    return sj_bt_venue_expire(&market->venue, at_ns);
}

/* --- books --- */

/* The levels that make sense, best first. Market orders stand at price 0 while limits are locked:
 * they are no level. */
static void read_levels(const struct sj_bt_market *market, unsigned side, const int64_t *prices,
                        const uint32_t *volumes, struct sj_bt_shown *ret_shown,
                        enum sj_bt_left *left)
{
    int32_t before = INT32_MAX;
    ret_shown->count = 0;
    for (unsigned i = 0; i < SJ_LEVELS; i++) {
        int32_t key;
        if (!is_price(prices[i]) || volumes[i] == 0 || volumes[i] == SJ_NULL_U32)
            continue;
        if (!sj_bt_price_key(&market->prices, side, prices[i], &key)) {
            *left = SJ_BT_OFF_TICK;
            continue;
        }
        if (key >= before) {
            *left = SJ_BT_MALFORMED;
            continue;
        }
        before = key;
        ret_shown->keys[ret_shown->count] = key;
        ret_shown->volumes[ret_shown->count++] = volumes[i];
    }
}

static sj_rc set_level(struct sj_bt_market *market, unsigned side, int32_t key, uint32_t volume,
                       int64_t ts)
{
    const struct sj_bt_step step = {
        .ts = ts, .quantity = volume, .key = key, .kind = SJ_BT_DEPTH, .side = (uint8_t)side};
    return sj_bt_venue_step(&market->venue, &step);
}

static bool shows(const struct sj_bt_shown *shown, int32_t key)
{
    for (uint32_t i = 0; i < shown->count; i++)
        if (shown->keys[i] == key)
            return true;
    return false;
}

/* What is gone, of both sides, before what is there: no side then meets the other in between. */
static sj_rc take_off(struct sj_bt_market *market, unsigned side, const struct sj_bt_shown *now,
                      int32_t seen_from, int64_t ts)
{
    const struct sj_bt_shown *was = &market->shown[side];
    sj_rc rc = 0;
    for (uint32_t i = 0; i < was->count && rc >= 0; i++) {
        if (shows(now, was->keys[i]))
            continue;
        if (was->keys[i] >= seen_from)
            rc = set_level(market, side, was->keys[i], 0, ts);
        else /* out of sight: nothing happened to it that we know of */
            (void)sj_bt_book_set(&market->venue.book, side, was->keys[i], 0);
    }
    return rc;
}

static sj_rc put_on(struct sj_bt_market *market, unsigned side, const struct sj_bt_shown *now,
                    int64_t ts)
{
    sj_rc rc = 0;
    for (uint32_t i = 0; i < now->count && rc >= 0; i++)
        if (market->venue.book.levels[side][now->keys[i]] != now->volumes[i])
            rc = set_level(market, side, now->keys[i], now->volumes[i], ts);
    return rc;
}

static sj_rc take_book(struct sj_bt_market *market, const int64_t *prices[2],
                       const uint32_t *volumes[2], int64_t ts, enum sj_bt_left *left)
{
    struct sj_bt_venue *venue = &market->venue;
    struct sj_bt_shown now[2];
    int32_t from[2];
    sj_rc rc = 0;
    for (unsigned side = 0; side < 2; side++) {
        read_levels(market, side, prices[side], volumes[side], &now[side], left);
        uint32_t count = now[side].count;
        from[side] = count == SJ_LEVELS ? now[side].keys[count - 1] : 0;
    }
    for (unsigned side = 0; side < 2 && rc >= 0; side++)
        rc = take_off(market, side, &now[side], from[side], ts);
    for (unsigned side = 0; side < 2 && rc >= 0; side++)
        rc = put_on(market, side, &now[side], ts);
    for (unsigned side = 0; side < 2; side++) {
        uint32_t count = now[side].count;
        market->shown[side] = now[side];
        venue->seen_from[side] = from[side];
        venue->book.low[side] = count ? now[side].keys[count - 1] : venue->book.keys;
    }
    sj_bt_venue_reveal(venue);
    return rc;
}

/* --- trades --- */

/* 0: the buyer took, 1: the seller did, 2: it may have been either. */
static unsigned taker_of(const struct sj_bt_market *market, uint8_t tick_type, int32_t key)
{
    const struct sj_bt_book *book = &market->venue.book;
    if (tick_type == SJ_TICK_BUY || tick_type == SJ_TICK_SELL)
        return tick_type == SJ_TICK_SELL;
    if (book->best[1] >= 0 && sj_bt_mirror(book, key) <= book->best[1])
        return 0;
    return book->best[0] >= 0 && key <= book->best[0] ? 1 : 2;
}

static sj_rc trade_step(struct sj_bt_market *market, unsigned taker, int64_t price_e6,
                        double volume, int64_t ts)
{
    struct sj_bt_step step = {
        .ts = ts, .quantity = volume, .kind = SJ_BT_TRADE, .side = (uint8_t)taker};
    if (!sj_bt_price_key(&market->prices, !taker, price_e6, &step.key))
        return 0;
    return sj_bt_venue_step(&market->venue, &step);
}

struct deal {
    int64_t price_e6, total;
    uint32_t volume;
    uint8_t tick_type;
    bool print, by_total; /* by_total: a quote repeats the last trade until there is another */
};

static sj_rc take_trade(struct sj_bt_market *market, const struct deal *deal, int64_t ts,
                        enum sj_bt_left *left)
{
    struct sj_bt_venue *venue = &market->venue;
    int32_t key;
    bool told = deal->total != SJ_NULL_I64 && deal->total > 0;
    int64_t volume = deal->volume == SJ_NULL_U32 ? 0 : deal->volume;
    if (!is_price(deal->price_e6) || (deal->by_total && !told))
        return 0;
    if (told && deal->total < market->total_volume / 2)
        market->total_volume = 0; /* counted anew */
    if (told && deal->total <= market->total_volume)
        return 0;
    if (told && deal->by_total)
        volume = market->total_volume ? deal->total - market->total_volume : 0;
    if (told)
        market->total_volume = deal->total;
    if (volume <= 0)
        return 0;
    if (!sj_bt_price_key(&market->prices, 0, deal->price_e6, &key)) {
        *left = SJ_BT_OFF_TICK;
        return 0;
    }
    /* Both sides are in a print; of a trade whose taker is not known both may have been, too. */
    if (deal->print || venue->auction || venue->blind) {
        bool was = venue->auction;
        venue->auction = was || deal->print;
        sj_rc rc = sj_bt_venue_print(venue, ts, key, (double)volume);
        venue->auction = was;
        return rc;
    }
    unsigned taker = taker_of(market, deal->tick_type, key);
    sj_rc rc = taker != 1 ? trade_step(market, 0, deal->price_e6, (double)volume, ts) : 0;
    return rc < 0 || taker == 0 ? rc : trade_step(market, 1, deal->price_e6, (double)volume, ts);
}

sj_rc sj_bt_market_event(struct sj_bt_market *market, const struct sj_frame *event, int64_t exch_ns,
                         enum sj_bt_left *ret_left)
{
    const struct sj_trade *trade = (const struct sj_trade *)(const void *)event;
    const struct sj_book *book = (const struct sj_book *)(const void *)event;
    const struct sj_quote *quote = (const struct sj_quote *)(const void *)event;
    bool is_quote = event->template_id == SJ_EVENT_QUOTE;
    bool has_trade = is_quote || event->template_id == SJ_EVENT_TRADE;
    bool has_book = is_quote || event->template_id == SJ_EVENT_BOOK;
    bool trial = (event->flags & SJ_FLAG_SIMTRADE) != 0;
    *ret_left = SJ_BT_TAKEN;
    if (event->flags & (SJ_FLAG_DUPLICATE | SJ_FLAG_BACKFILLED)) {
        *ret_left = SJ_BT_REPEATED;
        return 0;
    }
    if (exch_ns < market->last_ns) {
        *ret_left = SJ_BT_BACKWARDS;
        exch_ns = market->last_ns;
    }
    if (exch_ns - NEW_SESSION_NS > market->last_ns)
        market->total_volume = 0;
    market->last_ns = exch_ns;
    sj_rc rc = 0;
    if (has_trade && !trial) {
        /* Where the auction's hours, or its trial matches, were until now, this is its trade. */
        const struct deal deal = {.price_e6 = trade->price_e6,
                                  .total = trade->total_volume,
                                  .volume = trade->volume,
                                  .tick_type = trade->tick_type,
                                  .print = (event->flags & SJ_FLAG_AUCTION) != 0,
                                  .by_total = is_quote};
        rc = take_trade(market, &deal, exch_ns, ret_left);
    }
    read_clock(market, exch_ns);
    market->trial = trial;
    if (rc >= 0 && trial)
        rc = set_phase(market, exch_ns, false);
    if (rc >= 0 && has_book) {
        const int64_t *prices[2] = {is_quote ? quote->bid_price_e6 : book->bid_price_e6,
                                    is_quote ? quote->ask_price_e6 : book->ask_price_e6};
        const uint32_t *volumes[2] = {is_quote ? quote->bid_volume : book->bid_volume,
                                      is_quote ? quote->ask_volume : book->ask_volume};
        rc = take_book(market, prices, volumes, exch_ns, ret_left);
    }
    if (rc >= 0 && !trial)
        rc = set_phase(market, exch_ns, has_book);
    if (rc >= 0 && !trial && !has_book && !hours_are_auction(market))
        market->venue.auction = false; /* the auction has printed */
    set_expiry(market, exch_ns);
    return rc;
}

/* --- requests --- */

static bool is_too_much(const struct sj_bt_market *market, const struct sj_bt_request *request)
{
    uint32_t most;
    uint32_t date = (uint32_t)market->moment.trading_day;
    return request->kind == SJ_BT_PLACE && market->has_board &&
           sj_market_quantity_max(market->rules, market->board, market->option,
                                  market->moment.night, request->market ? 2 : 1, date,
                                  &most) >= 0 &&
           request->quantity > most;
}

sj_rc sj_bt_market_request(struct sj_bt_market *market, const struct sj_bt_request *request,
                           const char **ret_why)
{
    struct sj_bt_request one = *request;
    *ret_why = NULL;
    one.at_ns = one.at_ns > market->last_ns ? one.at_ns : market->last_ns;
    market->last_ns = one.at_ns;
    read_clock(market, one.at_ns);
    sj_rc rc = set_phase(market, one.at_ns, false);
    if (rc >= 0 && is_too_much(market, &one))
        *ret_why = "more than the exchange takes in one order";
    else if (rc >= 0)
        rc = sj_bt_venue_request(&market->venue, &one);
    set_expiry(market, one.at_ns);
    return rc;
}
