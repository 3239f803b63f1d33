/* Lines to rows and events: the original system's records. */
#include "convert/encode.h"

#include "convert/csv.h"
#include "convert/frames.h"
#include "convert/source.h"

#include "base/clock.h"

#include <string.h>

bool sj_encode_whole(struct sj_number number, int64_t *ret)
{
    return sj_number_scaled(number, 0, ret, NULL) >= 0;
}

/* Taipei's wall time was taken for UTC, and a double of seconds kept it to 256 ns; the source had
 * microseconds. */
static int64_t mend(int64_t ns)
{
    return (ns + 500) / 1000 * 1000 - SJ_TAIPEI_OFFSET_NS;
}

enum sj_reject sj_encode_time(struct sj_encode *encode, enum sj_slot slot, int64_t *ret_ns)
{
    int64_t ns;
    if (!sj_encode_whole(encode->record->numbers[slot], &ns))
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

static enum sj_reject read_times(struct sj_encode *encode)
{
    const struct sj_record *record = encode->record;
    if (!sj_record_has(record, SJ_SLOT_TS))
        return SJ_REJECT_MISSING;
    enum sj_reject reject = sj_encode_time(encode, SJ_SLOT_TS, &encode->exch_ns);
    if (reject)
        return reject;
    if (sj_record_has(record, SJ_SLOT_LOCAL))
        return sj_encode_time(encode, SJ_SLOT_LOCAL, &encode->local_ns);
    encode->local_ns = encode->exch_ns;
    if (encode->options->latency)
        encode->local_ns +=
            sj_latency_of(encode->options->latency, encode->exch_ns, encode->piece->file,
                          encode->piece->offset + (uint64_t)(encode->at - encode->piece->begin));
    return SJ_REJECT_NONE;
}

void sj_encode_keep_feed_order(struct sj_encode *encode)
{
    if (encode->options->latency && encode->local_ns < encode->batch->max_local)
        encode->local_ns = encode->batch->max_local;
}

static void keep_feed_order(struct sj_encode *encode)
{
    if (!sj_record_has(encode->record, SJ_SLOT_LOCAL))
        sj_encode_keep_feed_order(encode);
}

static bool is_wanted(const struct sj_encode *encode, struct sj_text symbol)
{
    const char *wanted = encode->options->symbol;
    return !wanted || !symbol.size ||
           (strlen(wanted) == symbol.size && !memcmp(wanted, symbol.begin, symbol.size));
}

static struct sj_text symbol_of(const struct sj_record *record)
{
    return record->has_texts & 1u << SJ_TEXT_SYMBOL ? record->texts[SJ_TEXT_SYMBOL]
                                                    : (struct sj_text){"", 0};
}

/* The batch of the output that a record of this instrument and time belongs to. */
static enum sj_reject switch_batch(struct sj_encode *encode, struct sj_text symbol)
{
    struct sj_bundle *bundle = encode->bundle;
    if (!bundle->by_symbol && !bundle->by_day)
        return SJ_REJECT_NONE;
    if (bundle->by_symbol && !symbol.size)
        return SJ_REJECT_MISSING;
    struct sj_batch *part = sj_bundle_part(bundle, symbol, encode->exch_ns, encode->day);
    if (part)
        encode->batch = part;
    return SJ_REJECT_NONE;
}

enum sj_reject sj_encode_choose(struct sj_encode *encode, struct sj_text symbol, bool *ret_wanted)
{
    const char *wanted = encode->options->symbol;
    *ret_wanted = is_wanted(encode, symbol);
    if (!*ret_wanted || encode->options->frames) /* events of all instruments go together */
        return SJ_REJECT_NONE;
    if (!symbol.size && wanted)
        symbol = (struct sj_text){wanted, strlen(wanted)};
    enum sj_reject reject = switch_batch(encode, symbol);
    if (reject || wanted || !symbol.size)
        return reject;
    struct sj_batch *batch = encode->batch;
    if (!*batch->symbol) {
        memcpy(batch->symbol, symbol.begin, symbol.size);
    } else if ((memcmp(batch->symbol, symbol.begin, symbol.size) || batch->symbol[symbol.size]) &&
               !*batch->other_symbol) {
        memcpy(batch->other_symbol, symbol.begin, symbol.size);
        batch->other_line = encode->line;
    }
    return SJ_REJECT_NONE;
}

enum sj_reject sj_encode_symbol(struct sj_encode *encode, bool *ret_wanted)
{
    const struct sj_record *record = encode->record;
    struct sj_text text = symbol_of(record);
    if (record->has_texts & 1u << SJ_TEXT_SYMBOL && (!text.size || text.size > SJ_SYMBOL_SIZE))
        return SJ_REJECT_SYMBOL;
    return sj_encode_choose(encode, text, ret_wanted);
}

void sj_encode_note_times(struct sj_encode *encode)
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
    sj_batch_count_day(batch, exch, encode->day, encode->line);
}

void sj_encode_keep_rows(struct sj_encode *encode, size_t count)
{
    struct sj_batch *batch = encode->batch;
    if (encode->options->strict)
        for (size_t i = 0; i < count; i++)
            batch->row_lines[batch->row_count + i] = (uint32_t)encode->line;
    batch->row_count += count;
}

void sj_encode_row(struct sj_encode *encode, uint64_t ev, struct sj_number px, struct sj_number qty)
{
    struct sj_row *row = sj_batch_room(encode->batch, 1);
    if (!row)
        return;
    *row = (struct sj_row){.ev = SJ_ROW_EXCH | SJ_ROW_LOCAL | ev,
                           .exch_ts = encode->exch_ns,
                           .local_ts = encode->local_ns,
                           .px = sj_number_real(px),
                           .qty = sj_number_real(qty)};
    sj_encode_keep_rows(encode, 1);
}

void sj_encode_running(struct sj_encode *encode, int64_t before, int64_t after)
{
    struct sj_batch *batch = encode->batch;
    if (!batch->has_running) {
        batch->running_before = before;
        batch->running_first_ns = encode->exch_ns;
        batch->running_line = encode->line;
    } else if (batch->running_after != before &&
               (before || !sj_running_restarts(batch->running_last_ns, encode->exch_ns))) {
        if (!batch->counts.gaps++)
            batch->first_gap_line = encode->line;
    }
    batch->has_running = true;
    batch->running_after = after;
    batch->running_last_ns = encode->exch_ns;
}

static bool is_simtrade(const struct sj_encode *encode)
{
    return sj_record_has(encode->record, SJ_SLOT_SIMTRADE) &&
           encode->record->numbers[SJ_SLOT_SIMTRADE].digits != 0;
}

static enum sj_reject encode_tick(struct sj_encode *encode)
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
    sj_encode_row(encode, ev, record->numbers[SJ_SLOT_PRICE], record->numbers[SJ_SLOT_SIZE]);
    if (!is_simtrade(encode) && sj_record_has(record, SJ_SLOT_TOTAL_VOLUME) &&
        sj_encode_whole(record->numbers[SJ_SLOT_TOTAL_VOLUME], &total) &&
        sj_encode_whole(record->numbers[SJ_SLOT_SIZE], &size))
        sj_encode_running(encode, total - size, total);
    encode->batch->counts.trades++;
    sj_encode_note_times(encode);
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

void sj_encode_book(struct sj_encode *encode, const struct sj_levels *book)
{
    struct sj_batch *batch = encode->batch;
    if (!batch->has_book) {
        batch->has_book = true;
        batch->first_book = *book;
        batch->first_book_row = batch->row_count;
        batch->first_book_line = encode->line;
        batch->first_book_exch = encode->exch_ns;
        batch->first_book_local = encode->local_ns;
    } else {
        struct sj_row *rows = sj_batch_room(batch, SJ_BOOK_ROWS_MAX);
        if (rows)
            sj_encode_keep_rows(encode,
                                sj_book_rows(encode->options->book_mode, &batch->last_book, book,
                                             encode->exch_ns, encode->local_ns, rows));
    }
    batch->last_book = *book;
    batch->counts.books++;
    sj_encode_note_times(encode);
}

static enum sj_reject encode_book(struct sj_encode *encode)
{
    struct sj_levels book;
    enum sj_reject reject = read_levels(encode->record, &book);
    if (reject)
        return reject;
    keep_feed_order(encode);
    sj_encode_book(encode, &book);
    return SJ_REJECT_NONE;
}

/* The normalised records: hftbacktest's event number and a signed side. */
static enum sj_reject encode_event(struct sj_encode *encode)
{
    const struct sj_record *record = encode->record;
    int64_t kind;
    int64_t side = 0;
    if (!sj_record_has(record, SJ_SLOT_PRICE) || !sj_record_has(record, SJ_SLOT_SIZE) ||
        (!sj_record_has(record, SJ_SLOT_LOCAL) && !encode->options->csv))
        return SJ_REJECT_MISSING;
    if (!sj_encode_whole(record->numbers[SJ_SLOT_EVENT_ID], &kind) ||
        (sj_record_has(record, SJ_SLOT_SIDE) &&
         !sj_encode_whole(record->numbers[SJ_SLOT_SIDE], &side)))
        return SJ_REJECT_TYPE;
    if (record->has_texts & 1u << SJ_TEXT_SIDE)
        return SJ_REJECT_TYPE;
    if (kind < 1 || kind > 255 || side < -1 || side > 1)
        return SJ_REJECT_RANGE;
    keep_feed_order(encode);
    encode->batch->counts.sideless += side == 0;
    encode->batch->counts.trades += kind == SJ_ROW_TRADE;
    encode->batch->counts.depths += kind != SJ_ROW_TRADE;
    sj_encode_row(encode,
                  (uint64_t)kind | (side > 0   ? SJ_ROW_BUY
                                    : side < 0 ? SJ_ROW_SELL
                                               : 0),
                  record->numbers[SJ_SLOT_PRICE], record->numbers[SJ_SLOT_SIZE]);
    sj_encode_note_times(encode);
    return SJ_REJECT_NONE;
}

/* Events keep what rows leave out: trial matches are flagged, several instruments are welcome. */
static enum sj_reject encode_frame(struct sj_encode *encode, bool tick)
{
    const struct sj_record *record = encode->record;
    struct sj_batch *batch = encode->batch;
    int64_t kind = SJ_ROW_TRADE;
    if (!(record->has_texts & 1u << SJ_TEXT_KIND)) {
        if (!sj_encode_whole(record->numbers[SJ_SLOT_EVENT_ID], &kind))
            return SJ_REJECT_TYPE;
        if (kind != SJ_ROW_TRADE)
            return SJ_REJECT_KIND; /* one level of a book is no event of ours */
        tick = true;
    }
    keep_feed_order(encode);
    enum sj_reject reject = sj_frame_of(record, encode->exch_ns, encode->local_ns, batch);
    if (reject)
        return reject;
    batch->counts.trades += tick;
    batch->counts.books += !tick;
    sj_encode_note_times(encode);
    return SJ_REJECT_NONE;
}

static enum sj_reject encode_original(struct sj_encode *encode)
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
    if (encode->options->frames && is_wanted(encode, symbol_of(record)))
        return encode_frame(encode, tick);
    reject = sj_encode_symbol(encode, &wanted);
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

static enum sj_reject take_line(struct sj_encode *encode, struct sj_line_parser *parser,
                                const char **ret_next, struct sj_record *record)
{
    const struct sj_encode_options *options = encode->options;
    enum sj_reject reject;
    if (options->csv)
        reject = sj_csv_line(options->csv, encode->at, ret_next, record);
    else
        reject = sj_line_parse(parser, encode->at, ret_next, record);
    if (reject || record->blank)
        return reject;
    return options->dialect == SJ_DIALECT_BINANCE ? sj_encode_binance(encode)
                                                  : encode_original(encode);
}

void sj_encode_piece(const struct sj_encode_options *options, struct sj_line_parser *parser,
                     const struct sj_piece *piece, struct sj_bundle *bundle)
{
    struct sj_record record = {0};
    struct sj_batch *batch = &bundle->main;
    struct sj_encode encode = {
        .options = options, .piece = piece, .bundle = bundle, .record = &record};
    const char *at = piece->begin;
    if (options->csv && options->csv->header && piece->starts_file && at < piece->end) {
        at = (const char *)rawmemchr(at, '\n') + 1;
        batch->counts.lines++;
    }
    while (at < piece->end && !batch->failed && !bundle->failed) {
        const char *next;
        encode.at = at;
        encode.batch = batch;
        encode.line = ++batch->counts.lines;
        enum sj_reject reject = take_line(&encode, parser, &next, &record);
        if (reject)
            sj_batch_reject(batch, reject, encode.line, at, (size_t)(next - at) - 1);
        at = next;
    }
    if (piece->too_long)
        sj_batch_reject(batch, SJ_REJECT_LONG, ++batch->counts.lines, "", 0);
}
