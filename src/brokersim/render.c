#include "brokersim/render.h"

#include <string.h>

#define PUT(out, literal) (memcpy((out), literal, sizeof(literal) - 1), (out) + sizeof(literal) - 1)

static const char *const CHANNEL_NAMES[SJ_CHANNEL_COUNT] = {
    "",           "tick_stk",  "bidask_stk", "quote_stk",   "tick_fop",
    "bidask_fop", "quote_fop", "quote_idx",  "order_event", "contract_event"};

const char *sj_sim_channel_name(enum sj_channel channel)
{
    return CHANNEL_NAMES[channel];
}

static const char DIGIT_PAIRS[201] = "00010203040506070809101112131415161718192021222324"
                                     "25262728293031323334353637383940414243444546474849"
                                     "50515253545556575859606162636465666768697071727374"
                                     "75767778798081828384858687888990919293949596979899";

static char *put_unsigned(char *out, uint64_t value)
{
    char text[20];
    char *at = text + sizeof text;
    while (value >= 100) {
        uint64_t rest = value / 100;
        at -= 2;
        memcpy(at, DIGIT_PAIRS + 2 * (value - rest * 100), 2);
        value = rest;
    }
    if (value >= 10) {
        at -= 2;
        memcpy(at, DIGIT_PAIRS + 2 * value, 2);
    } else {
        *--at = (char)('0' + value);
    }
    size_t size = (size_t)(text + sizeof text - at);
    memcpy(out, at, size);
    return out + size;
}

char *sj_render_integer(char *out, int64_t value)
{
    if (value >= 0)
        return put_unsigned(out, (uint64_t)value);
    *out++ = '-';
    return put_unsigned(out, -(uint64_t)value);
}

char *sj_render_decimal(char *out, int64_t value_e6)
{
    uint64_t value = (uint64_t)value_e6;
    if (value_e6 < 0) {
        *out++ = '-';
        value = -value;
    }
    uint64_t whole = value / 1000000;
    uint32_t part = (uint32_t)(value - whole * 1000000);
    out = put_unsigned(out, whole);
    if (part == 0)
        return out;
    *out++ = '.';
    memcpy(out, DIGIT_PAIRS + 2 * (part / 10000), 2);
    memcpy(out + 2, DIGIT_PAIRS + 2 * (part / 100 % 100), 2);
    memcpy(out + 4, DIGIT_PAIRS + 2 * (part % 100), 2);
    out += 6;
    while (out[-1] == '0')
        out--;
    return out;
}

/* "1087.5", with its quotes. */
static char *put_price(char *out, int64_t value_e6)
{
    *out++ = '"';
    out = sj_render_decimal(out, value_e6);
    *out++ = '"';
    return out;
}

static char *put_bool(char *out, bool value)
{
    return value ? PUT(out, "true") : PUT(out, "false");
}

static void two(char *out, int64_t value)
{
    memcpy(out, DIGIT_PAIRS + 2 * value, 2);
}

static void set_second(struct sj_renderer *renderer, int64_t second)
{
    uint32_t date = (uint32_t)sj_date_from_day((int32_t)(second / 86400));
    int64_t of_day = second % 86400;
    renderer->second = second;
    two(renderer->date, date / 1000000);
    two(renderer->date + 2, date / 10000 % 100);
    renderer->date[4] = renderer->date[7] = '-';
    two(renderer->date + 5, date / 100 % 100);
    two(renderer->date + 8, date % 100);
    two(renderer->time, of_day / 3600);
    two(renderer->time + 3, of_day / 60 % 60);
    two(renderer->time + 6, of_day % 60);
    renderer->time[2] = renderer->time[5] = ':';
}

/* Taipei's second of a UTC time, made current in the renderer; gives the microseconds. */
static uint32_t at_time(struct sj_renderer *renderer, int64_t utc_ns)
{
    int64_t local = utc_ns + 8LL * 3600 * 1000000000LL;
    int64_t second = local / 1000000000LL;
    if (second != renderer->second)
        set_second(renderer, second);
    return (uint32_t)(local - second * 1000000000LL) / 1000;
}

/* "code":"2330","date":"2026-11-23","time":"09:00:01.123456" */
static char *put_head(struct sj_renderer *renderer, char *out, const char *code, int64_t utc_ns)
{
    uint32_t micros = at_time(renderer, utc_ns);
    out = PUT(out, "{\"code\":\"");
    size_t size = strlen(code);
    memcpy(out, code, size);
    out += size;
    out = PUT(out, "\",\"date\":\"");
    memcpy(out, renderer->date, 10);
    out = PUT(out + 10, "\",\"time\":\"");
    memcpy(out, renderer->time, 8);
    out += 8;
    *out++ = '.';
    two(out, micros / 10000);
    two(out + 2, micros / 100 % 100);
    two(out + 4, micros % 100);
    out += 6;
    *out++ = '"';
    return out;
}

/* Ends an array behind its last comma, or an empty one. */
static char *end_array(char *out)
{
    out -= out[-1] == ',';
    *out++ = ']';
    return out;
}

static char *put_prices(const struct sj_renderer *renderer, char *out, const int64_t *prices,
                        int count)
{
    *out++ = '[';
    for (int i = 0; i < count; i++) {
        if (prices[i] == SJ_NULL_E6)
            out = renderer->nulls ? PUT(out, "null") : PUT(out, "\"0\"");
        else
            out = put_price(out, prices[i]);
        *out++ = ',';
    }
    return end_array(out);
}

/* Null volumes stand at the end, where fewer of them came than prices. */
static char *put_volumes(char *out, const uint32_t *volumes, int count)
{
    *out++ = '[';
    for (int i = 0; i < count && volumes[i] != SJ_NULL_U32; i++) {
        out = put_unsigned(out, volumes[i]);
        *out++ = ',';
    }
    return end_array(out);
}

static char *put_diffs(char *out, const int32_t *diffs, int count)
{
    *out++ = '[';
    for (int i = 0; i < count; i++) {
        out = sj_render_integer(out, diffs[i]);
        *out++ = ',';
    }
    return end_array(out);
}

/* Fields that are null are left out. */
#define PRICE_FIELD(name, value)                                                                   \
    do {                                                                                           \
        if ((value) != SJ_NULL_E6)                                                                 \
            out = put_price(PUT(out, ",\"" name "\":"), (value));                                  \
    } while (0)
#define INTEGER_FIELD(name, value)                                                                 \
    do {                                                                                           \
        if ((value) != SJ_NULL_I64)                                                                \
            out = sj_render_integer(PUT(out, ",\"" name "\":"), (value));                          \
    } while (0)
#define COUNT_FIELD(name, value)                                                                   \
    do {                                                                                           \
        if ((uint32_t)(value) != SJ_NULL_U32)                                                      \
            out = put_unsigned(PUT(out, ",\"" name "\":"), (value));                               \
    } while (0)
#define BOOL_FIELD(name, value) (out = put_bool(PUT(out, ",\"" name "\":"), (value)))

/* From "amount" to "pct_chg": the same in all ticks and quotes. */
static char *put_trade(char *out, const struct sj_quote *quote)
{
    PRICE_FIELD("amount", quote->amount_e6);
    PRICE_FIELD("total_amount", quote->total_amount_e6);
    COUNT_FIELD("volume", quote->volume);
    INTEGER_FIELD("total_volume", quote->total_volume);
    COUNT_FIELD("tick_type", quote->tick_type);
    COUNT_FIELD("chg_type", quote->chg_type);
    PRICE_FIELD("price_chg", quote->price_chg_e6);
    PRICE_FIELD("pct_chg", quote->pct_chg_e6);
    return out;
}

static char *put_side_totals(char *out, const struct sj_quote *quote)
{
    INTEGER_FIELD("bid_side_total_vol", quote->bid_side_total_vol);
    INTEGER_FIELD("ask_side_total_vol", quote->ask_side_total_vol);
    return out;
}

static char *put_side_counts(char *out, const struct sj_quote *quote)
{
    COUNT_FIELD("bid_side_total_cnt", quote->bid_side_total_cnt);
    COUNT_FIELD("ask_side_total_cnt", quote->ask_side_total_cnt);
    return out;
}

static char *put_book(const struct sj_renderer *renderer, char *out, const struct sj_quote *quote)
{
    int bids = quote->level_count[0] < SJ_LEVELS ? quote->level_count[0] : SJ_LEVELS;
    int asks = quote->level_count[1] < SJ_LEVELS ? quote->level_count[1] : SJ_LEVELS;
    out = put_prices(renderer, PUT(out, ",\"bid_price\":"), quote->bid_price_e6, bids);
    out = put_volumes(PUT(out, ",\"bid_volume\":"), quote->bid_volume, bids);
    out = put_diffs(PUT(out, ",\"diff_bid_vol\":"), quote->diff_bid_vol, bids);
    out = put_prices(renderer, PUT(out, ",\"ask_price\":"), quote->ask_price_e6, asks);
    out = put_volumes(PUT(out, ",\"ask_volume\":"), quote->ask_volume, asks);
    return put_diffs(PUT(out, ",\"diff_ask_vol\":"), quote->diff_ask_vol, asks);
}

static char *put_derived(char *out, const struct sj_quote *quote)
{
    PRICE_FIELD("first_derived_bid_price", quote->derived_bid_price_e6);
    PRICE_FIELD("first_derived_ask_price", quote->derived_ask_price_e6);
    COUNT_FIELD("first_derived_bid_vol", quote->derived_bid_vol);
    COUNT_FIELD("first_derived_ask_vol", quote->derived_ask_vol);
    return out;
}

#define CLOSING_NONE                                                                               \
    ",\"closing_oddlot_shares\":0,\"closing_oddlot_close\":null,\"closing_oddlot_amount\":null,"   \
    "\"closing_oddlot_bid_price\":null,\"closing_oddlot_ask_price\":null,\"fixed_trade_vol\":0,"   \
    "\"fixed_trade_amount\":null"

static char *put_closing(char *out, const struct sj_closing *closing)
{
    INTEGER_FIELD("closing_oddlot_shares", closing->closing_oddlot_shares);
    PRICE_FIELD("closing_oddlot_close", closing->closing_oddlot_close_e6);
    PRICE_FIELD("closing_oddlot_amount", closing->closing_oddlot_amount_e6);
    PRICE_FIELD("closing_oddlot_bid_price", closing->closing_oddlot_bid_price_e6);
    PRICE_FIELD("closing_oddlot_ask_price", closing->closing_oddlot_ask_price_e6);
    INTEGER_FIELD("fixed_trade_vol", closing->fixed_trade_vol);
    PRICE_FIELD("fixed_trade_amount", closing->fixed_trade_amount_e6);
    return out;
}

/* From "open" to "ask_side_total_cnt" and the closing fields of a stock's tick or quote. */
static char *put_stock_trade(char *out, const struct sj_quote *quote,
                             const struct sj_closing *closing)
{
    PRICE_FIELD("open", quote->open_e6);
    PRICE_FIELD("avg_price", quote->avg_price_e6);
    PRICE_FIELD("close", quote->price_e6);
    PRICE_FIELD("high", quote->high_e6);
    PRICE_FIELD("low", quote->low_e6);
    out = put_trade(out, quote);
    out = put_side_totals(out, quote);
    out = put_side_counts(out, quote);
    return closing ? put_closing(out, closing) : PUT(out, CLOSING_NONE);
}

static char *put_stock_flags(char *out, uint32_t flags, bool odd_too)
{
    BOOL_FIELD("suspend", flags & SJ_FLAG_SUSPEND);
    BOOL_FIELD("simtrade", flags & SJ_FLAG_SIMTRADE);
    if (odd_too)
        BOOL_FIELD("intraday_odd", flags & SJ_FLAG_ODD_LOT);
    return out;
}

static char *stock_body(const struct sj_renderer *renderer, char *out, enum sj_channel channel,
                        const struct sj_sim_state *state)
{
    const struct sj_quote *quote = &state->quote;
    if (channel != SJ_CHANNEL_BIDASK_STK)
        out = put_stock_trade(out, quote, state->closing);
    if (channel != SJ_CHANNEL_TICK_STK)
        out = put_book(renderer, out, quote);
    if (channel == SJ_CHANNEL_QUOTE_STK)
        INTEGER_FIELD("avail_borrowing", quote->avail_borrowing);
    return put_stock_flags(out, quote->flags, channel != SJ_CHANNEL_QUOTE_STK);
}

static char *tick_fop_body(char *out, const struct sj_quote *quote)
{
    PRICE_FIELD("open", quote->open_e6);
    PRICE_FIELD("close", quote->price_e6);
    PRICE_FIELD("high", quote->high_e6);
    PRICE_FIELD("low", quote->low_e6);
    PRICE_FIELD("underlying_price", quote->underlying_price_e6);
    out = put_side_totals(out, quote);
    PRICE_FIELD("avg_price", quote->avg_price_e6);
    return put_trade(out, quote);
}

static char *bidask_fop_body(const struct sj_renderer *renderer, char *out,
                             const struct sj_sim_state *state)
{
    COUNT_FIELD("bid_total_vol", state->bid_total_vol);
    COUNT_FIELD("ask_total_vol", state->ask_total_vol);
    out = put_derived(put_book(renderer, out, &state->quote), &state->quote);
    PRICE_FIELD("underlying_price", state->quote.underlying_price_e6);
    return out;
}

static char *quote_fop_body(const struct sj_renderer *renderer, char *out,
                            const struct sj_quote *quote)
{
    PRICE_FIELD("underlying_price", quote->underlying_price_e6);
    PRICE_FIELD("open", quote->open_e6);
    PRICE_FIELD("avg_price", quote->avg_price_e6);
    PRICE_FIELD("close", quote->price_e6);
    PRICE_FIELD("high", quote->high_e6);
    PRICE_FIELD("low", quote->low_e6);
    out = put_trade(out, quote);
    out = put_side_totals(out, quote);
    out = put_side_counts(out, quote);
    return put_derived(put_book(renderer, out, quote), quote);
}

static char *put_text(char *out, const char *text, size_t size)
{
    memcpy(out, text, size);
    return out + size;
}

static char *index_event(struct sj_renderer *renderer, char *out,
                         const struct sj_sim_instrument *instrument,
                         const struct sj_sim_state *state)
{
    const char *exchange = sj_sim_exchange_name((enum sj_exchange)instrument->exchange);
    at_time(renderer, state->quote.exch_ns);
    out = PUT(out, "event: quote_idx\ndata: {\"exchange\":\"");
    out = put_text(out, exchange, strlen(exchange));
    out = PUT(out, "\",\"code\":\"");
    out = put_text(out, instrument->code, strlen(instrument->code));
    out = PUT(out, "\",\"Date\":\"");
    out = put_text(out, renderer->date, 10);
    out = PUT(out, "\",\"Time\":\"");
    out = put_text(out, renderer->time, 8);
    *out++ = '"';
    PRICE_FIELD("Reference", state->reference_e6);
    PRICE_FIELD("Open", state->quote.open_e6);
    PRICE_FIELD("High", state->quote.high_e6);
    PRICE_FIELD("Low", state->quote.low_e6);
    PRICE_FIELD("Close", state->quote.price_e6);
    return PUT(out, "}\n\n");
}

size_t sj_render_event(struct sj_renderer *renderer, enum sj_channel channel,
                       const struct sj_sim_instrument *instrument, const struct sj_sim_state *state,
                       char out[SJ_RENDER_MAX])
{
    const char *start = out;
    if (channel == SJ_CHANNEL_QUOTE_IDX)
        return (size_t)(index_event(renderer, out, instrument, state) - start);
    out = PUT(out, "event: ");
    out = put_text(out, CHANNEL_NAMES[channel], strlen(CHANNEL_NAMES[channel]));
    out = PUT(out, "\ndata: ");
    out = put_head(renderer, out, instrument->code, state->quote.exch_ns);
    switch (channel) {
    case SJ_CHANNEL_TICK_FOP:
        out = tick_fop_body(out, &state->quote);
        break;
    case SJ_CHANNEL_BIDASK_FOP:
        out = bidask_fop_body(renderer, out, state);
        break;
    case SJ_CHANNEL_QUOTE_FOP:
        out = quote_fop_body(renderer, out, &state->quote);
        break;
    default:
        out = stock_body(renderer, out, channel, state);
        return (size_t)(PUT(out, "}\n\n") - start);
    }
    BOOL_FIELD("simtrade", state->quote.flags & SJ_FLAG_SIMTRADE);
    return (size_t)(PUT(out, "}\n\n") - start);
}
