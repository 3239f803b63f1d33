#include "gateway/parse_impl.h"

#include "event/fields.h"

#include <string.h>

/* The names on the wire; where servers differ (1.5.x, the index feed), all of them. */
static const struct {
    const char *text;
    enum field field;
} names[] = {
    {"code", FIELD_CODE},
    {"Code", FIELD_CODE},
    {"date", FIELD_DATE},
    {"Date", FIELD_DATE},
    {"time", FIELD_TIME},
    {"Time", FIELD_TIME},
    {"exchange", FIELD_EXCHANGE},
    {"Exchange", FIELD_EXCHANGE},
    {"open", FIELD_OPEN},
    {"Open", FIELD_OPEN},
    {"avg_price", FIELD_AVG_PRICE},
    {"close", FIELD_CLOSE},
    {"Close", FIELD_CLOSE},
    {"high", FIELD_HIGH},
    {"High", FIELD_HIGH},
    {"low", FIELD_LOW},
    {"Low", FIELD_LOW},
    {"reference", FIELD_REFERENCE},
    {"Reference", FIELD_REFERENCE},
    {"amount", FIELD_AMOUNT},
    {"total_amount", FIELD_TOTAL_AMOUNT},
    {"amount_sum", FIELD_TOTAL_AMOUNT},
    {"AmountSum", FIELD_TOTAL_AMOUNT},
    {"TotalAmount", FIELD_TOTAL_AMOUNT},
    {"volume", FIELD_VOLUME},
    {"total_volume", FIELD_TOTAL_VOLUME},
    {"vol_sum", FIELD_TOTAL_VOLUME},
    {"VolSum", FIELD_TOTAL_VOLUME},
    {"TotalVolume", FIELD_TOTAL_VOLUME},
    {"tick_type", FIELD_TICK_TYPE},
    {"chg_type", FIELD_CHG_TYPE},
    {"price_chg", FIELD_PRICE_CHG},
    {"diff_price", FIELD_PRICE_CHG},
    {"pct_chg", FIELD_PCT_CHG},
    {"bid_side_total_vol", FIELD_BID_SIDE_TOTAL_VOL},
    {"ask_side_total_vol", FIELD_ASK_SIDE_TOTAL_VOL},
    {"bid_side_total_cnt", FIELD_BID_SIDE_TOTAL_CNT},
    {"ask_side_total_cnt", FIELD_ASK_SIDE_TOTAL_CNT},
    {"closing_oddlot_shares", FIELD_CLOSING_SHARES},
    {"closing_oddlot_close", FIELD_CLOSING_CLOSE},
    {"closing_oddlot_amount", FIELD_CLOSING_AMOUNT},
    {"closing_oddlot_bid_price", FIELD_CLOSING_BID},
    {"closing_oddlot_ask_price", FIELD_CLOSING_ASK},
    {"fixed_trade_vol", FIELD_FIXED_VOL},
    {"fixed_trade_amount", FIELD_FIXED_AMOUNT},
    {"suspend", FIELD_SUSPEND},
    {"simtrade", FIELD_SIMTRADE},
    {"intraday_odd", FIELD_INTRADAY_ODD},
    {"underlying_price", FIELD_UNDERLYING_PRICE},
    {"target_kind_price", FIELD_UNDERLYING_PRICE},
    {"bid_price", FIELD_BID_PRICE},
    {"bid_volume", FIELD_BID_VOLUME},
    {"diff_bid_vol", FIELD_DIFF_BID_VOL},
    {"ask_price", FIELD_ASK_PRICE},
    {"ask_volume", FIELD_ASK_VOLUME},
    {"diff_ask_vol", FIELD_DIFF_ASK_VOL},
    {"bid_total_vol", FIELD_BID_TOTAL_VOL},
    {"ask_total_vol", FIELD_ASK_TOTAL_VOL},
    {"first_derived_bid_price", FIELD_DERIVED_BID_PRICE},
    {"first_derived_ask_price", FIELD_DERIVED_ASK_PRICE},
    {"first_derived_bid_vol", FIELD_DERIVED_BID_VOL},
    {"first_derived_ask_vol", FIELD_DERIVED_ASK_VOL},
    {"avail_borrowing", FIELD_AVAIL_BORROWING},
};

#define BIT(field) (1ULL << FIELD_##field)
#define TO(field, type, member, kind)                                                              \
    [FIELD_##field] = {.offset = offsetof(struct type, member), .store = STORE_##kind}
/* Mostly more than eight bytes. */
#define WIDE_TO(field, type, member)                                                               \
    [FIELD_##field] = {.offset = offsetof(struct type, member), .store = STORE_E6, .wide = true}
#define ARRAY_TO(field, type, member, kind)                                                        \
    [FIELD_##field] = {.offset = offsetof(struct type, member),                                    \
                       .store = STORE_##kind | STORE_ARRAY,                                        \
                       .element = true}
#define CLOSING_TO(field, member, kind)                                                            \
    [FIELD_##field] = {                                                                            \
        .offset = offsetof(struct sj_closing, member), .store = STORE_##kind, .closing = true}
#define FLAG_TO(field, flag) [FIELD_##field] = {.offset = SJ_FLAG_##flag, .store = STORE_FLAG}

#define HEAD_TARGETS                                                                               \
    [FIELD_CODE] = {.store = STORE_CODE}, [FIELD_DATE] = {.store = STORE_DATE},                    \
    [FIELD_TIME] = {.store = STORE_TIME}, [FIELD_EXCHANGE] = {.store = STORE_IGNORED},             \
    FLAG_TO(SUSPEND, SUSPEND), FLAG_TO(SIMTRADE, SIMTRADE), FLAG_TO(INTRADAY_ODD, ODD_LOT)

#define TRADE_TARGETS(type)                                                                        \
    TO(CLOSE, type, price_e6, E6), TO(VOLUME, type, volume, U32),                                  \
        TO(TICK_TYPE, type, tick_type, TICK_TYPE), TO(CHG_TYPE, type, chg_type, U8),               \
        TO(TOTAL_VOLUME, type, total_volume, I64), WIDE_TO(TOTAL_AMOUNT, type, total_amount_e6),   \
        TO(OPEN, type, open_e6, E6), TO(HIGH, type, high_e6, E6), TO(LOW, type, low_e6, E6),       \
        WIDE_TO(AVG_PRICE, type, avg_price_e6), WIDE_TO(AMOUNT, type, amount_e6),                  \
        TO(PRICE_CHG, type, price_chg_e6, E6), TO(PCT_CHG, type, pct_chg_e6, E6),                  \
        TO(BID_SIDE_TOTAL_VOL, type, bid_side_total_vol, I64),                                     \
        TO(ASK_SIDE_TOTAL_VOL, type, ask_side_total_vol, I64),                                     \
        TO(BID_SIDE_TOTAL_CNT, type, bid_side_total_cnt, U32),                                     \
        TO(ASK_SIDE_TOTAL_CNT, type, ask_side_total_cnt, U32),                                     \
        TO(UNDERLYING_PRICE, type, underlying_price_e6, E6),                                       \
        CLOSING_TO(CLOSING_SHARES, closing_oddlot_shares, I64),                                    \
        CLOSING_TO(CLOSING_CLOSE, closing_oddlot_close_e6, E6),                                    \
        CLOSING_TO(CLOSING_AMOUNT, closing_oddlot_amount_e6, E6),                                  \
        CLOSING_TO(CLOSING_BID, closing_oddlot_bid_price_e6, E6),                                  \
        CLOSING_TO(CLOSING_ASK, closing_oddlot_ask_price_e6, E6),                                  \
        CLOSING_TO(FIXED_VOL, fixed_trade_vol, I64),                                               \
        CLOSING_TO(FIXED_AMOUNT, fixed_trade_amount_e6, E6)

#define BOOK_TARGETS(type)                                                                         \
    ARRAY_TO(BID_PRICE, type, bid_price_e6, E6), ARRAY_TO(ASK_PRICE, type, ask_price_e6, E6),      \
        ARRAY_TO(BID_VOLUME, type, bid_volume, U32), ARRAY_TO(ASK_VOLUME, type, ask_volume, U32),  \
        ARRAY_TO(DIFF_BID_VOL, type, diff_bid_vol, I32),                                           \
        ARRAY_TO(DIFF_ASK_VOL, type, diff_ask_vol, I32),                                           \
        TO(DERIVED_BID_PRICE, type, derived_bid_price_e6, E6),                                     \
        TO(DERIVED_ASK_PRICE, type, derived_ask_price_e6, E6),                                     \
        TO(DERIVED_BID_VOL, type, derived_bid_vol, U32),                                           \
        TO(DERIVED_ASK_VOL, type, derived_ask_vol, U32)

#define ALWAYS (BIT(CODE) | BIT(DATE) | BIT(TIME))

#define TRADE_MESSAGE                                                                              \
    {                                                                                              \
        .targets = {HEAD_TARGETS, TRADE_TARGETS(sj_trade)}, .type = SJ_EVENT_TRADE,                \
        .required = ALWAYS | BIT(CLOSE) | BIT(VOLUME), .size = sizeof(struct sj_trade),            \
        .channel_offset = offsetof(struct sj_trade, channel)                                       \
    }
#define BOOK_MESSAGE                                                                               \
    {                                                                                              \
        .targets = {HEAD_TARGETS, BOOK_TARGETS(sj_book),                                           \
                    TO(BID_TOTAL_VOL, sj_book, bid_total_vol, U32),                                \
                    TO(ASK_TOTAL_VOL, sj_book, ask_total_vol, U32),                                \
                    TO(UNDERLYING_PRICE, sj_book, underlying_price_e6, E6)},                       \
        .type = SJ_EVENT_BOOK, .required = ALWAYS, .any_of = BIT(BID_PRICE) | BIT(ASK_PRICE),      \
        .size = sizeof(struct sj_book), .channel_offset = offsetof(struct sj_book, channel),       \
        .levels_offset = offsetof(struct sj_book, level_count),                                    \
        .volumes_offset = offsetof(struct sj_book, bid_volume)                                     \
    }
#define QUOTE_MESSAGE                                                                              \
    {                                                                                              \
        .targets = {HEAD_TARGETS, TRADE_TARGETS(sj_quote), BOOK_TARGETS(sj_quote),                 \
                    TO(AVAIL_BORROWING, sj_quote, avail_borrowing, I64)},                          \
        .type = SJ_EVENT_QUOTE, .required = ALWAYS,                                                \
        .any_of = BIT(CLOSE) | BIT(BID_PRICE) | BIT(ASK_PRICE), .size = sizeof(struct sj_quote),   \
        .channel_offset = offsetof(struct sj_quote, channel),                                      \
        .levels_offset = offsetof(struct sj_quote, level_count),                                   \
        .volumes_offset = offsetof(struct sj_quote, bid_volume)                                    \
    }

const struct message sj_parse_messages[SJ_CHANNEL_COUNT] = {
    [SJ_CHANNEL_TICK_STK] = TRADE_MESSAGE,
    [SJ_CHANNEL_TICK_FOP] = TRADE_MESSAGE,
    [SJ_CHANNEL_BIDASK_STK] = BOOK_MESSAGE,
    [SJ_CHANNEL_BIDASK_FOP] = BOOK_MESSAGE,
    [SJ_CHANNEL_QUOTE_STK] = QUOTE_MESSAGE,
    [SJ_CHANNEL_QUOTE_FOP] = QUOTE_MESSAGE,
    [SJ_CHANNEL_QUOTE_IDX] =
        {
            .targets = {HEAD_TARGETS, TO(CLOSE, sj_index, close_e6, E6),
                        TO(REFERENCE, sj_index, reference_e6, E6), TO(OPEN, sj_index, open_e6, E6),
                        TO(HIGH, sj_index, high_e6, E6), TO(LOW, sj_index, low_e6, E6),
                        WIDE_TO(TOTAL_AMOUNT, sj_index, total_amount_e6),
                        TO(TOTAL_VOLUME, sj_index, total_volume, I64)},
            .type = SJ_EVENT_INDEX,
            .required = ALWAYS | BIT(CLOSE),
            .size = sizeof(struct sj_index),
        },
};

void sj_parse_keys_init(struct key keys[KEY_SLOTS])
{
    memset(keys, 0, KEY_SLOTS * sizeof(keys[0]));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct key key = {.size = (uint8_t)strlen(names[i].text), .field = (uint8_t)names[i].field};
        memcpy(key.text, names[i].text, key.size);
        uint32_t slot = sj_parse_key_slot(key.text, key.size);
        while (keys[slot].size > 0)
            slot = (slot + 1) % KEY_SLOTS;
        keys[slot] = key;
    }
}

static void null_field(const struct sj_field *field, char *frame)
{
    int64_t null64 = SJ_NULL_I64;
    uint32_t null32 = SJ_NULL_U32;
    char *at = frame + field->offset;
    switch (field->kind) {
    case SJ_FIELD_I64:
    case SJ_FIELD_E6:
    case SJ_FIELD_TIME:
        for (uint8_t i = 0; i < field->count; i++)
            memcpy(at + i * sizeof(null64), &null64, sizeof(null64));
        break;
    case SJ_FIELD_U32:
        /* Levels that are not there have volume 0. */
        if (field->count == 1)
            memcpy(at, &null32, sizeof(null32));
        break;
    default:
        break;
    }
}

static void null_frame(enum sj_event_type type, size_t size, void *frame)
{
    const struct sj_event_fields *fields = sj_event_fields((uint16_t)type);
    memset(frame, 0, size);
    for (uint16_t i = 0; i < fields->count; i++)
        null_field(&fields->fields[i], frame);
    sj_frame_head(frame, type, size);
}

void sj_parse_frame_init(const struct message *message, enum sj_channel channel, void *frame)
{
    null_frame((enum sj_event_type)message->type, message->size, frame);
    if (message->channel_offset > 0)
        ((uint8_t *)frame)[message->channel_offset] = (uint8_t)channel;
}

void sj_parse_closing_init(struct sj_closing *closing)
{
    null_frame(SJ_EVENT_CLOSING, sizeof(*closing), closing);
}
