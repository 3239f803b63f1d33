/* Lines to rows: the original system's records and Binance's messages. */
#include "convert/batch.h"
#include "convert/source.h"

#include "base/clock.h"

#include <string.h>

struct encode {
    const struct sj_encode_options *options;
    const struct sj_piece *piece;
    struct sj_batch *batch;
    const struct sj_record *record;
    const char *at; /* the line */
    uint64_t line;
    int64_t exch_ns;
    int64_t local_ns;
};

static bool whole(struct sj_number number, int64_t *ret)
{
    return sj_number_scaled(number, 0, ret, NULL) >= 0;
}

/* Taipei's wall time was taken for UTC, and a double of seconds kept it to 256 ns; the source had
 * microseconds. */
static int64_t mend(int64_t ns)
{
    return (ns + 500) / 1000 * 1000 - SJ_TAIPEI_OFFSET_NS;
}

static enum sj_reject read_time(struct encode *encode, enum sj_slot slot, int64_t *ret_ns)
{
    int64_t ns;
    if (!whole(encode->record->numbers[slot], &ns))
        return SJ_REJECT_TYPE;
    /* 1980 .. 2200: what lies outside is in another unit. */
    if (ns < INT64_C(315532800) * SJ_NS_PER_S || ns > INT64_C(7258118400) * SJ_NS_PER_S)
        return SJ_REJECT_RANGE;
    struct sj_batch *batch = encode->batch;
    batch->times_seen++;
    batch->times_off_256 += (ns & 255) != 0;
    batch->times_off_us += ns % 1000 != 0;
    if (encode->options->mend_times) {
        ns = mend(ns);
        batch->counts.mended++;
    }
    *ret_ns = ns;
    return SJ_REJECT_NONE;
}

static enum sj_reject read_times(struct encode *encode)
{
    const struct sj_record *record = encode->record;
    if (!sj_record_has(record, SJ_SLOT_TS))
        return SJ_REJECT_MISSING;
    enum sj_reject reject = read_time(encode, SJ_SLOT_TS, &encode->exch_ns);
    if (reject)
        return reject;
    if (sj_record_has(record, SJ_SLOT_LOCAL))
        return read_time(encode, SJ_SLOT_LOCAL, &encode->local_ns);
    encode->local_ns = encode->exch_ns;
    if (encode->options->latency)
        encode->local_ns +=
            sj_latency_of(encode->options->latency, encode->exch_ns, encode->piece->file,
                          encode->piece->offset + (uint64_t)(encode->at - encode->piece->begin));
    return SJ_REJECT_NONE;
}

/* A modelled feed is one connection: what is sent later does not arrive earlier. */
static void keep_feed_order(struct encode *encode)
{
    if (!sj_record_has(encode->record, SJ_SLOT_LOCAL) && encode->options->latency &&
        encode->local_ns < encode->batch->max_local)
        encode->local_ns = encode->batch->max_local;
}

/* One of several instruments is chosen; without a choice there may be only one. */
static enum sj_reject check_symbol(struct encode *encode, bool *ret_wanted)
{
    struct sj_batch *batch = encode->batch;
    const char *wanted = encode->options->symbol;
    struct sj_text text = encode->record->texts[SJ_TEXT_SYMBOL];
    *ret_wanted = true;
    if (!(encode->record->has_texts & 1u << SJ_TEXT_SYMBOL))
        return SJ_REJECT_NONE; /* records without one are of the one instrument there is */
    if (text.size == 0 || text.size > SJ_SYMBOL_SIZE)
        return SJ_REJECT_SYMBOL;
    if (wanted) {
        *ret_wanted = strlen(wanted) == text.size && !memcmp(wanted, text.begin, text.size);
        return SJ_REJECT_NONE;
    }
    if (!*batch->symbol)
        memcpy(batch->symbol, text.begin, text.size);
    else if ((memcmp(batch->symbol, text.begin, text.size) || batch->symbol[text.size]) &&
             !*batch->other_symbol) {
        memcpy(batch->other_symbol, text.begin, text.size);
        batch->other_line = encode->line;
    }
    return SJ_REJECT_NONE;
}

static void note_times(struct encode *encode)
{
    struct sj_batch *batch = encode->batch;
    int64_t exch = encode->exch_ns;
    int64_t local = encode->local_ns;
    batch->has_times = true;
    batch->sorted_exch &= exch >= batch->max_exch;
    batch->sorted_local &= local >= batch->max_local;
    batch->max_exch = exch > batch->max_exch ? exch : batch->max_exch;
    batch->max_local = local > batch->max_local ? local : batch->max_local;
    batch->min_exch = exch < batch->min_exch ? exch : batch->min_exch;
    batch->min_local = local < batch->min_local ? local : batch->min_local;
    batch->min_latency = local - exch < batch->min_latency ? local - exch : batch->min_latency;
    sj_batch_count_day(batch, exch);
}

static void add_rows(struct encode *encode, size_t count)
{
    struct sj_batch *batch = encode->batch;
    if (encode->options->strict)
        for (size_t i = 0; i < count; i++)
            batch->row_lines[batch->row_count + i] = (uint32_t)encode->line;
    batch->row_count += count;
}

static void add_row(struct encode *encode, uint64_t ev, struct sj_number px, struct sj_number qty)
{
    struct sj_row *row = sj_batch_room(encode->batch, 1);
    if (!row)
        return;
    *row = (struct sj_row){.ev = SJ_ROW_EXCH | SJ_ROW_LOCAL | ev,
                           .exch_ts = encode->exch_ns,
                           .local_ts = encode->local_ns,
                           .px = sj_number_real(px),
                           .qty = sj_number_real(qty)};
    add_rows(encode, 1);
}

static void note_running(struct encode *encode, int64_t before, int64_t after)
{
    struct sj_batch *batch = encode->batch;
    if (!batch->has_running) {
        batch->running_before = before;
    } else if (batch->running_after != before) {
        if (!batch->counts.gaps++)
            batch->first_gap_line = encode->line;
    }
    batch->has_running = true;
    batch->running_after = after;
}

static bool is_simtrade(const struct encode *encode)
{
    return sj_record_has(encode->record, SJ_SLOT_SIMTRADE) &&
           encode->record->numbers[SJ_SLOT_SIMTRADE].digits != 0;
}

static enum sj_reject encode_tick(struct encode *encode)
{
    const struct sj_record *record = encode->record;
    struct sj_text side = record->texts[SJ_TEXT_SIDE];
    uint64_t ev = SJ_ROW_TRADE;
    int64_t total;
    int64_t size;
    if (!sj_record_has(record, SJ_SLOT_PRICE) || !sj_record_has(record, SJ_SLOT_SIZE))
        return SJ_REJECT_MISSING;
    if (record->numbers[SJ_SLOT_SIZE].digits < 0)
        return SJ_REJECT_RANGE;
    if (!(record->has_texts & 1u << SJ_TEXT_SIDE))
        side = (struct sj_text){"none", 4};
    if (SJ_TEXT_IS(side, "buy"))
        ev |= SJ_ROW_BUY;
    else if (SJ_TEXT_IS(side, "sell"))
        ev |= SJ_ROW_SELL;
    else if (SJ_TEXT_IS(side, "none"))
        encode->batch->counts.sideless++;
    else
        return SJ_REJECT_RANGE;
    keep_feed_order(encode);
    add_row(encode, ev, record->numbers[SJ_SLOT_PRICE], record->numbers[SJ_SLOT_SIZE]);
    if (!is_simtrade(encode) && sj_record_has(record, SJ_SLOT_TOTAL_VOLUME) &&
        whole(record->numbers[SJ_SLOT_TOTAL_VOLUME], &total) &&
        whole(record->numbers[SJ_SLOT_SIZE], &size))
        note_running(encode, total - size, total);
    encode->batch->counts.trades++;
    note_times(encode);
    return SJ_REJECT_NONE;
}

static enum sj_reject read_levels(const struct sj_record *record, struct sj_levels *ret)
{
    static const uint8_t arrays[2][2] = {{SJ_ARRAY_BID_PRICES, SJ_ARRAY_BID_VOLUMES},
                                         {SJ_ARRAY_ASK_PRICES, SJ_ARRAY_ASK_VOLUMES}};
    for (int side = 0; side < 2; side++) {
        uint8_t prices = arrays[side][0];
        uint8_t volumes = arrays[side][1];
        ret->count[side] = 0;
        if (!(record->has_arrays & 1u << prices) || !(record->has_arrays & 1u << volumes))
            return SJ_REJECT_MISSING;
        if (record->array_count[prices] != record->array_count[volumes])
            return SJ_REJECT_RANGE;
        for (uint32_t i = 0; i < record->array_count[prices]; i++) {
            struct sj_level level = {sj_number_real(record->arrays[prices][i]),
                                     sj_number_real(record->arrays[volumes][i])};
            if (level.qty < 0)
                return SJ_REJECT_RANGE;
            if (level.qty > 0) /* an empty level is written as price 0 or as quantity 0 */
                ret->levels[side][ret->count[side]++] = level;
        }
    }
    return SJ_REJECT_NONE;
}

static enum sj_reject encode_book(struct encode *encode)
{
    struct sj_batch *batch = encode->batch;
    struct sj_levels book;
    enum sj_reject reject = read_levels(encode->record, &book);
    if (reject)
        return reject;
    keep_feed_order(encode);
    if (!batch->has_book) {
        batch->has_book = true;
        batch->first_book = book;
        batch->first_book_row = batch->row_count;
        batch->first_book_line = encode->line;
        batch->first_book_exch = encode->exch_ns;
        batch->first_book_local = encode->local_ns;
    } else {
        struct sj_row *rows = sj_batch_room(batch, SJ_BOOK_ROWS_MAX);
        if (rows)
            add_rows(encode, sj_book_rows(encode->options->book_mode, &batch->last_book, &book,
                                          encode->exch_ns, encode->local_ns, rows));
    }
    batch->last_book = book;
    batch->counts.books++;
    note_times(encode);
    return SJ_REJECT_NONE;
}

/* The normalised records: hftbacktest's event number and a signed side. */
static enum sj_reject encode_event(struct encode *encode)
{
    const struct sj_record *record = encode->record;
    int64_t kind;
    int64_t side = 0;
    if (!sj_record_has(record, SJ_SLOT_PRICE) || !sj_record_has(record, SJ_SLOT_SIZE) ||
        !sj_record_has(record, SJ_SLOT_LOCAL))
        return SJ_REJECT_MISSING;
    if (!whole(record->numbers[SJ_SLOT_EVENT_ID], &kind) ||
        (sj_record_has(record, SJ_SLOT_SIDE) && !whole(record->numbers[SJ_SLOT_SIDE], &side)))
        return SJ_REJECT_TYPE;
    if (record->has_texts & 1u << SJ_TEXT_SIDE)
        return SJ_REJECT_TYPE;
    if (kind < 1 || kind > 255 || side < -1 || side > 1)
        return SJ_REJECT_RANGE;
    encode->batch->counts.sideless += side == 0;
    encode->batch->counts.trades += kind == SJ_ROW_TRADE;
    encode->batch->counts.depths += kind != SJ_ROW_TRADE;
    add_row(encode,
            (uint64_t)kind | (side > 0   ? SJ_ROW_BUY
                              : side < 0 ? SJ_ROW_SELL
                                         : 0),
            record->numbers[SJ_SLOT_PRICE], record->numbers[SJ_SLOT_SIZE]);
    note_times(encode);
    return SJ_REJECT_NONE;
}

static enum sj_reject encode_original(struct encode *encode)
{
    const struct sj_record *record = encode->record;
    struct sj_text kind = record->texts[SJ_TEXT_KIND];
    bool named = record->has_texts & 1u << SJ_TEXT_KIND;
    bool tick = named && SJ_TEXT_IS(kind, "MD_TICK");
    if (!named && !sj_record_has(record, SJ_SLOT_EVENT_ID))
        return SJ_REJECT_MISSING;
    if (named && !tick && !SJ_TEXT_IS(kind, "MD_BOOK"))
        return SJ_REJECT_KIND;
    enum sj_reject reject = read_times(encode);
    if (reject)
        return reject;
    bool wanted;
    if (named && !(record->has_texts & 1u << SJ_TEXT_SYMBOL))
        return SJ_REJECT_MISSING;
    reject = check_symbol(encode, &wanted);
    if (reject)
        return reject;
    if (!wanted) {
        encode->batch->counts.others_dropped++;
        return SJ_REJECT_NONE;
    }
    if (!named)
        return encode_event(encode);
    if (is_simtrade(encode) && !encode->options->simtrade) {
        encode->batch->counts.simtrades_dropped++;
        return SJ_REJECT_NONE;
    }
    return tick ? encode_tick(encode) : encode_book(encode);
}

static void add_pairs(struct encode *encode, enum sj_pairs_slot slot, uint64_t ev)
{
    const struct sj_record *record = encode->record;
    uint32_t count = record->pairs_count[slot];
    struct sj_row *rows = sj_batch_room(encode->batch, count);
    if (!rows)
        return;
    ev |= SJ_ROW_EXCH | SJ_ROW_LOCAL;
    for (uint32_t i = 0; i < count; i++)
        rows[i] = (struct sj_row){.ev = ev,
                                  .exch_ts = encode->exch_ns,
                                  .local_ts = encode->local_ns,
                                  .px = sj_number_real(record->pairs[slot][i][0]),
                                  .qty = sj_number_real(record->pairs[slot][i][1])};
    add_rows(encode, count);
}

static enum sj_reject encode_depth(struct encode *encode)
{
    const struct sj_record *record = encode->record;
    int64_t before;
    int64_t last;
    if (record->has_pairs != 3)
        return SJ_REJECT_MISSING;
    add_pairs(encode, SJ_PAIRS_BIDS, SJ_ROW_DEPTH | SJ_ROW_BUY);
    add_pairs(encode, SJ_PAIRS_ASKS, SJ_ROW_DEPTH | SJ_ROW_SELL);
    if (sj_record_has(record, SJ_SLOT_BEFORE_ID) && sj_record_has(record, SJ_SLOT_LAST_ID) &&
        whole(record->numbers[SJ_SLOT_BEFORE_ID], &before) &&
        whole(record->numbers[SJ_SLOT_LAST_ID], &last))
        note_running(encode, before, last);
    encode->batch->counts.depths++;
    note_times(encode);
    return SJ_REJECT_NONE;
}

static enum sj_reject encode_trade(struct encode *encode)
{
    const struct sj_record *record = encode->record;
    if (!sj_record_has(record, SJ_SLOT_PRICE) || !sj_record_has(record, SJ_SLOT_SIZE) ||
        !sj_record_has(record, SJ_SLOT_MAKER))
        return SJ_REJECT_MISSING;
    /* Liquidations by the insurance fund and the like are reported as trades, too. */
    if (record->has_texts & 1u << SJ_TEXT_ORIGIN &&
        !SJ_TEXT_IS(record->texts[SJ_TEXT_ORIGIN], "MARKET")) {
        encode->batch->counts.others_dropped++;
        return SJ_REJECT_NONE;
    }
    bool seller_took = record->numbers[SJ_SLOT_MAKER].digits != 0;
    add_row(encode, SJ_ROW_TRADE | (seller_took ? SJ_ROW_SELL : SJ_ROW_BUY),
            record->numbers[SJ_SLOT_PRICE], record->numbers[SJ_SLOT_SIZE]);
    encode->batch->counts.trades++;
    note_times(encode);
    return SJ_REJECT_NONE;
}

/* Rows of the user's own kinds: from which slots, and as what. */
struct extra_row {
    uint8_t kind;
    uint8_t px;
    uint8_t qty; /* SJ_SLOT_COUNT: none */
};

static enum sj_reject encode_extras(struct encode *encode, bool asked_for,
                                    const struct extra_row *rows, size_t count)
{
    const struct sj_record *record = encode->record;
    static const struct sj_number none = {0, 0};
    if (!asked_for) {
        encode->batch->counts.others_dropped++;
        return SJ_REJECT_NONE;
    }
    for (size_t i = 0; i < count; i++)
        if (!sj_record_has(record, (enum sj_slot)rows[i].px) ||
            (rows[i].qty < SJ_SLOT_COUNT && !sj_record_has(record, (enum sj_slot)rows[i].qty)))
            return SJ_REJECT_MISSING;
    for (size_t i = 0; i < count; i++)
        add_row(encode, rows[i].kind, record->numbers[rows[i].px],
                rows[i].qty < SJ_SLOT_COUNT ? record->numbers[rows[i].qty] : none);
    encode->batch->counts.tickers++;
    note_times(encode);
    return SJ_REJECT_NONE;
}

static const struct extra_row ticker_rows[] = {
    {SJ_ROW_BEST_BID, SJ_SLOT_BEST_BID, SJ_SLOT_BEST_BID_SIZE},
    {SJ_ROW_BEST_ASK, SJ_SLOT_BEST_ASK, SJ_SLOT_BEST_ASK_SIZE},
};
static const struct extra_row mark_rows[] = {
    {SJ_ROW_MARK_INDEX, SJ_SLOT_INDEX_PRICE, SJ_SLOT_COUNT},
    {SJ_ROW_MARK_PRICE, SJ_SLOT_PRICE, SJ_SLOT_COUNT},
    {SJ_ROW_FUNDING, SJ_SLOT_FUNDING, SJ_SLOT_COUNT},
};

/* A whole book, as its REST interface gives it: what it covers is cleared, then set. */
static enum sj_reject encode_snapshot(struct encode *encode)
{
    const struct sj_record *record = encode->record;
    static const struct sj_number none = {0, 0};
    for (int side = 0; side < SJ_PAIRS_COUNT; side++) {
        uint64_t bit = side ? SJ_ROW_SELL : SJ_ROW_BUY;
        uint32_t count = record->pairs_count[side];
        if (!(record->has_pairs & 1u << side))
            return SJ_REJECT_MISSING;
        if (!count)
            continue;
        add_row(encode, SJ_ROW_CLEAR | bit, record->pairs[side][count - 1][0], none);
        add_pairs(encode, (enum sj_pairs_slot)side, SJ_ROW_SNAPSHOT | bit);
    }
    encode->batch->counts.books++;
    note_times(encode);
    return SJ_REJECT_NONE;
}

static enum sj_reject encode_message(struct encode *encode)
{
    struct sj_text kind = encode->record->texts[SJ_TEXT_KIND];
    if (!(encode->record->has_texts & 1u << SJ_TEXT_KIND))
        return encode_snapshot(encode);
    if (SJ_TEXT_IS(kind, "depthUpdate"))
        return encode_depth(encode);
    if (SJ_TEXT_IS(kind, "trade"))
        return encode_trade(encode);
    if (SJ_TEXT_IS(kind, "bookTicker"))
        return encode_extras(encode, encode->options->tickers, ticker_rows, 2);
    if (SJ_TEXT_IS(kind, "markPriceUpdate"))
        return encode_extras(encode, encode->options->marks, mark_rows, 3);
    encode->batch->counts.others_dropped++;
    return SJ_REJECT_NONE;
}

static enum sj_reject encode_binance(struct encode *encode)
{
    const struct sj_record *record = encode->record;
    int64_t ms;
    bool wanted;
    if (sj_record_has(record, SJ_SLOT_CODE) && !sj_record_has(record, SJ_SLOT_TS)) {
        encode->batch->counts.notices++;
        return SJ_REJECT_NONE;
    }
    if (!sj_record_has(record, SJ_SLOT_TS) || !sj_record_has(record, SJ_SLOT_LOCAL))
        return SJ_REJECT_MISSING;
    enum sj_reject reject = read_time(encode, SJ_SLOT_LOCAL, &encode->local_ns);
    if (reject)
        return reject;
    if (!whole(record->numbers[SJ_SLOT_TS], &ms))
        return SJ_REJECT_TYPE;
    if (ms < INT64_C(315532800000) || ms > INT64_C(7258118400000))
        return SJ_REJECT_RANGE;
    encode->exch_ns = ms * SJ_NS_PER_MS;
    reject = check_symbol(encode, &wanted);
    if (reject)
        return reject;
    if (wanted)
        return encode_message(encode);
    encode->batch->counts.others_dropped++;
    return SJ_REJECT_NONE;
}

void sj_encode_piece(const struct sj_encode_options *options, struct sj_line_parser *parser,
                     const struct sj_piece *piece, struct sj_batch *batch)
{
    struct sj_record record = {0};
    struct encode encode = {.options = options, .piece = piece, .batch = batch, .record = &record};
    const char *at = piece->begin;
    while (at < piece->end && !batch->failed) {
        const char *next;
        encode.at = at;
        encode.line = ++batch->counts.lines;
        enum sj_reject reject = sj_line_parse(parser, at, &next, &record);
        if (!reject && !record.blank)
            reject = options->dialect == SJ_DIALECT_BINANCE ? encode_binance(&encode)
                                                            : encode_original(&encode);
        if (reject)
            sj_batch_reject(batch, reject, encode.line, at, (size_t)(next - at) - 1);
        at = next;
    }
    if (piece->too_long)
        sj_batch_reject(batch, SJ_REJECT_LONG, ++batch->counts.lines, "", 0);
}
