#include "convert/frames.h"

#include <string.h>

struct fill {
    const struct sj_record *record;
    uint32_t flags;
    enum sj_reject reject; /* the first mistake */
};

static void refuse(struct fill *fill, enum sj_reject reject)
{
    if (!fill->reject)
        fill->reject = reject;
}

static int64_t e6_of(struct fill *fill, struct sj_number number)
{
    int64_t value = SJ_NULL_E6;
    bool rounded = false;
    if (sj_number_scaled(number, 6, &value, &rounded) < 0)
        refuse(fill, SJ_REJECT_RANGE);
    if (rounded)
        fill->flags |= SJ_FLAG_ROUNDED;
    return value;
}

static int64_t e6(struct fill *fill, enum sj_slot slot)
{
    return sj_record_has(fill->record, slot) ? e6_of(fill, fill->record->numbers[slot])
                                             : SJ_NULL_E6;
}

static int64_t whole_of(struct fill *fill, struct sj_number number, int64_t low, int64_t high)
{
    int64_t value = 0;
    sj_rc rc = sj_number_scaled(number, 0, &value, NULL);
    if (rc < 0)
        refuse(fill, SJ_REJECT_TYPE);
    else if (value < low || value > high)
        refuse(fill, SJ_REJECT_RANGE);
    return value;
}

static int64_t whole(struct fill *fill, enum sj_slot slot, int64_t low, int64_t high,
                     int64_t absent)
{
    return sj_record_has(fill->record, slot)
               ? whole_of(fill, fill->record->numbers[slot], low, high)
               : absent;
}

static int64_t i64(struct fill *fill, enum sj_slot slot)
{
    return whole(fill, slot, INT64_MIN + 1, INT64_MAX, SJ_NULL_I64);
}

static uint32_t u32(struct fill *fill, enum sj_slot slot)
{
    return (uint32_t)whole(fill, slot, 0, UINT32_MAX - 1, SJ_NULL_U32);
}

static void read_flags(struct fill *fill)
{
    static const struct {
        uint8_t slot;
        uint32_t flag;
    } flags[] = {{SJ_SLOT_SIMTRADE, SJ_FLAG_SIMTRADE},
                 {SJ_SLOT_SUSPEND, SJ_FLAG_SUSPEND},
                 {SJ_SLOT_ODD_LOT, SJ_FLAG_ODD_LOT}};
    for (size_t i = 0; i < 3; i++)
        if (sj_record_has(fill->record, (enum sj_slot)flags[i].slot) &&
            fill->record->numbers[flags[i].slot].digits)
            fill->flags |= flags[i].flag;
}

static uint8_t tick_type(struct fill *fill)
{
    const struct sj_record *record = fill->record;
    if (record->has_texts & 1u << SJ_TEXT_SIDE) {
        struct sj_text side = record->texts[SJ_TEXT_SIDE];
        if (SJ_TEXT_IS(side, "buy"))
            return SJ_TICK_BUY;
        if (SJ_TEXT_IS(side, "sell"))
            return SJ_TICK_SELL;
        if (!SJ_TEXT_IS(side, "none"))
            refuse(fill, SJ_REJECT_RANGE);
        return SJ_TICK_NONE;
    }
    int64_t side = whole(fill, SJ_SLOT_SIDE, -1, 1, 0);
    return side > 0 ? SJ_TICK_BUY : side < 0 ? SJ_TICK_SELL : SJ_TICK_NONE;
}

static void fill_trade(struct fill *fill, struct sj_trade *trade, bool stock)
{
    if (!sj_record_has(fill->record, SJ_SLOT_PRICE) || !sj_record_has(fill->record, SJ_SLOT_SIZE))
        refuse(fill, SJ_REJECT_MISSING);
    trade->price_e6 = e6(fill, SJ_SLOT_PRICE);
    trade->volume = (uint32_t)whole(fill, SJ_SLOT_SIZE, 0, UINT32_MAX - 1, 0);
    trade->tick_type = tick_type(fill);
    trade->chg_type = (uint8_t)whole(fill, SJ_SLOT_CHG_TYPE, 0, 255, 0);
    trade->channel = stock ? SJ_CHANNEL_TICK_STK : SJ_CHANNEL_TICK_FOP;
    trade->total_volume = i64(fill, SJ_SLOT_TOTAL_VOLUME);
    trade->total_amount_e6 = e6(fill, SJ_SLOT_TOTAL_AMOUNT);
    trade->open_e6 = e6(fill, SJ_SLOT_OPEN);
    trade->high_e6 = e6(fill, SJ_SLOT_HIGH);
    trade->low_e6 = e6(fill, SJ_SLOT_LOW);
    trade->avg_price_e6 = e6(fill, SJ_SLOT_AVG_PRICE);
    trade->amount_e6 = e6(fill, SJ_SLOT_AMOUNT);
    trade->price_chg_e6 = e6(fill, SJ_SLOT_PRICE_CHG);
    trade->pct_chg_e6 = e6(fill, SJ_SLOT_PCT_CHG);
    trade->bid_side_total_vol = i64(fill, SJ_SLOT_BID_SIDE_VOL);
    trade->ask_side_total_vol = i64(fill, SJ_SLOT_ASK_SIDE_VOL);
    trade->bid_side_total_cnt = u32(fill, SJ_SLOT_BID_SIDE_CNT);
    trade->ask_side_total_cnt = u32(fill, SJ_SLOT_ASK_SIDE_CNT);
    trade->underlying_price_e6 = e6(fill, SJ_SLOT_UNDERLYING);
}

/* One side's levels; a missing one has price null and volume 0. */
static uint8_t fill_levels(struct fill *fill, enum sj_array_slot prices, enum sj_array_slot volumes,
                           int64_t price_e6[SJ_LEVELS], uint32_t volume[SJ_LEVELS])
{
    const struct sj_record *record = fill->record;
    for (uint32_t i = 0; i < SJ_LEVELS; i++)
        price_e6[i] = SJ_NULL_E6;
    if (!(record->has_arrays & 1u << prices) || !(record->has_arrays & 1u << volumes)) {
        refuse(fill, SJ_REJECT_MISSING);
        return 0;
    }
    uint32_t count = record->array_count[prices];
    if (count > SJ_LEVELS || count != record->array_count[volumes]) {
        refuse(fill, SJ_REJECT_RANGE);
        return 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        price_e6[i] = e6_of(fill, record->arrays[prices][i]);
        volume[i] = (uint32_t)whole_of(fill, record->arrays[volumes][i], 0, UINT32_MAX - 1);
    }
    return (uint8_t)count;
}

static void fill_differences(struct fill *fill, enum sj_array_slot slot, int32_t to[SJ_LEVELS])
{
    const struct sj_record *record = fill->record;
    if (!(record->has_arrays & 1u << slot))
        return;
    for (uint32_t i = 0; i < record->array_count[slot] && i < SJ_LEVELS; i++)
        to[i] = (int32_t)whole_of(fill, record->arrays[slot][i], INT32_MIN, INT32_MAX);
}

static void fill_book(struct fill *fill, struct sj_book *book, bool stock)
{
    book->level_count[0] = fill_levels(fill, SJ_ARRAY_BID_PRICES, SJ_ARRAY_BID_VOLUMES,
                                       book->bid_price_e6, book->bid_volume);
    book->level_count[1] = fill_levels(fill, SJ_ARRAY_ASK_PRICES, SJ_ARRAY_ASK_VOLUMES,
                                       book->ask_price_e6, book->ask_volume);
    fill_differences(fill, SJ_ARRAY_DIFF_BID, book->diff_bid_vol);
    fill_differences(fill, SJ_ARRAY_DIFF_ASK, book->diff_ask_vol);
    book->derived_bid_price_e6 = e6(fill, SJ_SLOT_DERIVED_BID);
    book->derived_ask_price_e6 = e6(fill, SJ_SLOT_DERIVED_ASK);
    book->derived_bid_vol = u32(fill, SJ_SLOT_DERIVED_BID_VOL);
    book->derived_ask_vol = u32(fill, SJ_SLOT_DERIVED_ASK_VOL);
    book->underlying_price_e6 = e6(fill, SJ_SLOT_UNDERLYING);
    book->bid_total_vol = u32(fill, SJ_SLOT_BID_TOTAL);
    book->ask_total_vol = u32(fill, SJ_SLOT_ASK_TOTAL);
    book->channel = stock ? SJ_CHANNEL_BIDASK_STK : SJ_CHANNEL_BIDASK_FOP;
}

static uint8_t security_of(const struct sj_record *record)
{
    struct sj_text type = record->texts[SJ_TEXT_ASSET_TYPE];
    if (!(record->has_texts & 1u << SJ_TEXT_ASSET_TYPE))
        return SJ_SECURITY_UNKNOWN;
    if (SJ_TEXT_IS(type, "futures") || SJ_TEXT_IS(type, "future"))
        return SJ_SECURITY_FUT;
    if (SJ_TEXT_IS(type, "options") || SJ_TEXT_IS(type, "option"))
        return SJ_SECURITY_OPT;
    if (SJ_TEXT_IS(type, "stock") || SJ_TEXT_IS(type, "stocks"))
        return SJ_SECURITY_STK;
    if (SJ_TEXT_IS(type, "index"))
        return SJ_SECURITY_IND;
    return SJ_SECURITY_UNKNOWN;
}

static uint8_t exchange_of(const struct sj_record *record)
{
    struct sj_text name = record->texts[SJ_TEXT_EXCHANGE];
    if (!(record->has_texts & 1u << SJ_TEXT_EXCHANGE))
        return SJ_EXCHANGE_UNKNOWN;
    if (SJ_TEXT_IS(name, "TAIFEX"))
        return SJ_EXCHANGE_TAIFEX;
    if (SJ_TEXT_IS(name, "TSE"))
        return SJ_EXCHANGE_TSE;
    if (SJ_TEXT_IS(name, "OTC"))
        return SJ_EXCHANGE_OTC;
    return SJ_TEXT_IS(name, "OES") ? SJ_EXCHANGE_OES : SJ_EXCHANGE_UNKNOWN;
}

/* A code that the table of instruments takes: printable ASCII, no quotation mark, no backslash. */
static bool code_is_good(struct sj_text code)
{
    if (code.size == 0 || code.size > SJ_SYMBOL_SIZE)
        return false;
    for (size_t i = 0; i < code.size; i++)
        if (code.begin[i] <= ' ' || code.begin[i] > '~' || code.begin[i] == '"' ||
            code.begin[i] == '\\')
            return false;
    return true;
}

enum sj_reject sj_frame_of(const struct sj_record *record, int64_t exch_ns, int64_t recv_ns,
                           struct sj_batch *batch)
{
    struct fill fill = {.record = record};
    struct sj_text code = record->texts[SJ_TEXT_SYMBOL];
    bool is_book = record->has_texts & 1u << SJ_TEXT_KIND &&
                   SJ_TEXT_IS(record->texts[SJ_TEXT_KIND], "MD_BOOK");
    if (!(record->has_texts & 1u << SJ_TEXT_SYMBOL))
        return SJ_REJECT_MISSING;
    if (!code_is_good(code))
        return SJ_REJECT_SYMBOL;
    size_t size = is_book ? sizeof(struct sj_book) : sizeof(struct sj_trade);
    struct sj_trade *frame = sj_batch_frame(batch, size);
    if (!frame)
        return SJ_REJECT_NONE;
    uint8_t security = security_of(record);
    read_flags(&fill);
    sj_frame_head(frame, is_book ? SJ_EVENT_BOOK : SJ_EVENT_TRADE, size);
    frame->exch_ns = exch_ns;
    frame->recv_ns = recv_ns;
    if (is_book)
        fill_book(&fill, (struct sj_book *)(void *)frame, security == SJ_SECURITY_STK);
    else
        fill_trade(&fill, frame, security == SJ_SECURITY_STK);
    if (fill.reject)
        return fill.reject;
    frame->flags = fill.flags;
    frame->instrument = sj_batch_code(batch, code, exchange_of(record), security);
    sj_batch_keep_frame(batch);
    return SJ_REJECT_NONE;
}
