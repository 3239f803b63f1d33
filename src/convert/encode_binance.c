/* Binance's futures stream to rows, as hftbacktest's own converter makes them. */
#include "convert/encode.h"

#include "base/clock.h"

static void add_pairs(struct sj_encode *encode, enum sj_pairs_slot slot, uint64_t ev)
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
    sj_encode_keep_rows(encode, count);
}

static enum sj_reject encode_depth(struct sj_encode *encode)
{
    const struct sj_record *record = encode->record;
    int64_t before;
    int64_t last;
    if (record->has_pairs != 3)
        return SJ_REJECT_MISSING;
    add_pairs(encode, SJ_PAIRS_BIDS, SJ_ROW_DEPTH | SJ_ROW_BUY);
    add_pairs(encode, SJ_PAIRS_ASKS, SJ_ROW_DEPTH | SJ_ROW_SELL);
    if (sj_record_has(record, SJ_SLOT_BEFORE_ID) && sj_record_has(record, SJ_SLOT_LAST_ID) &&
        sj_encode_whole(record->numbers[SJ_SLOT_BEFORE_ID], &before) &&
        sj_encode_whole(record->numbers[SJ_SLOT_LAST_ID], &last))
        sj_encode_running(encode, before, last);
    encode->batch->counts.depths++;
    sj_encode_note_times(encode);
    return SJ_REJECT_NONE;
}

static enum sj_reject encode_trade(struct sj_encode *encode)
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
    sj_encode_row(encode, SJ_ROW_TRADE | (seller_took ? SJ_ROW_SELL : SJ_ROW_BUY),
                  record->numbers[SJ_SLOT_PRICE], record->numbers[SJ_SLOT_SIZE]);
    encode->batch->counts.trades++;
    sj_encode_note_times(encode);
    return SJ_REJECT_NONE;
}

/* Rows of the user's own kinds: from which slots, and as what. */
struct extra_row {
    uint8_t kind;
    uint8_t px;
    uint8_t qty; /* SJ_SLOT_COUNT: none */
};

static enum sj_reject encode_extras(struct sj_encode *encode, bool asked_for,
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
        sj_encode_row(encode, rows[i].kind, record->numbers[rows[i].px],
                      rows[i].qty < SJ_SLOT_COUNT ? record->numbers[rows[i].qty] : none);
    encode->batch->counts.tickers++;
    sj_encode_note_times(encode);
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
static enum sj_reject encode_snapshot(struct sj_encode *encode)
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
        sj_encode_row(encode, SJ_ROW_CLEAR | bit, record->pairs[side][count - 1][0], none);
        add_pairs(encode, (enum sj_pairs_slot)side, SJ_ROW_SNAPSHOT | bit);
    }
    encode->batch->counts.books++;
    sj_encode_note_times(encode);
    return SJ_REJECT_NONE;
}

static enum sj_reject encode_message(struct sj_encode *encode)
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

enum sj_reject sj_encode_binance(struct sj_encode *encode)
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
    enum sj_reject reject = sj_encode_time(encode, SJ_SLOT_LOCAL, &encode->local_ns);
    if (reject)
        return reject;
    if (!sj_encode_whole(record->numbers[SJ_SLOT_TS], &ms))
        return SJ_REJECT_TYPE;
    if (ms < INT64_C(315532800000) || ms > INT64_C(7258118400000))
        return SJ_REJECT_RANGE;
    encode->exch_ns = ms * SJ_NS_PER_MS;
    reject = sj_encode_symbol(encode, &wanted);
    if (reject)
        return reject;
    if (wanted)
        return encode_message(encode);
    encode->batch->counts.others_dropped++;
    return SJ_REJECT_NONE;
}
