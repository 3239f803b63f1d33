#include "bench/gateway/parse_messages.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 64
#define FIELD_TEXT_MAX 160

struct instrument {
    char code[17];
    int64_t tick_e6;
    int64_t open_ticks;
    int64_t close_ticks;
    int64_t total_volume;
    int64_t total_amount;
};

struct message_maker {
    struct sj_instruments *table;
    struct instrument instruments[MESSAGE_INSTRUMENTS];
    uint64_t random;
    int64_t time_us;
    uint32_t field_count;
    char fields[FIELDS_MAX][FIELD_TEXT_MAX];
};

static uint64_t next_random(struct message_maker *maker)
{
    uint64_t z = maker->random += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

static int64_t below(struct message_maker *maker, int64_t bound)
{
    return (int64_t)(next_random(maker) % (uint64_t)bound);
}

/* Small numbers often, large ones seldom, as volumes are. */
static int64_t volume(struct message_maker *maker)
{
    static const int64_t bounds[] = {2, 5, 10, 10, 50, 100, 500, 5000};
    return 1 + below(maker, bounds[below(maker, 8)]);
}

static void make_instrument(struct message_maker *maker, uint32_t i)
{
    static const int64_t ticks[] = {10000, 50000, 100000, 500000, 1000000, 5000000};
    static const int64_t counts[] = {900, 900, 900, 900, 950, 400};
    struct instrument *instrument = &maker->instruments[i];
    uint32_t band = (uint32_t)below(maker, 6);
    if (i % 10 == 0)
        snprintf(instrument->code, sizeof(instrument->code), "TX%c%c%u", 'A' + i / 10 % 26,
                 'A' + i % 12, i / 260 % 10);
    else if (i % 10 < 3)
        snprintf(instrument->code, sizeof(instrument->code), "TXO%uL6", 10000 + i * 20);
    else if (i % 10 == 3)
        snprintf(instrument->code, sizeof(instrument->code), "%05uR", 600 + i);
    else
        snprintf(instrument->code, sizeof(instrument->code), "%u", 1101 + i);
    instrument->tick_e6 = ticks[band];
    instrument->open_ticks = 100 + below(maker, counts[band]);
    instrument->close_ticks = instrument->open_ticks;
    instrument->total_volume = volume(maker) * 40;
    instrument->total_amount = instrument->total_volume * 1000;
}

struct message_maker *message_maker_create(uint64_t seed)
{
    struct message_maker *maker = calloc(1, sizeof(*maker));
    if (!maker || sj_instruments_create(MESSAGE_INSTRUMENTS, &maker->table) < 0) {
        free(maker);
        return NULL;
    }
    maker->random = seed;
    maker->time_us = 9 * 3600 * 1000000LL;
    for (uint32_t i = 0; i < MESSAGE_INSTRUMENTS; i++) {
        struct sj_instrument definition = {0};
        uint32_t id;
        make_instrument(maker, i);
        memcpy(definition.code, maker->instruments[i].code, sizeof(definition.code));
        if (sj_instruments_put(maker->table, &definition, &id) < 0) {
            message_maker_close(maker);
            return NULL;
        }
    }
    return maker;
}

void message_maker_close(struct message_maker *maker)
{
    if (!maker)
        return;
    sj_instruments_close(maker->table);
    free(maker);
}

const struct sj_instruments *message_maker_table(const struct message_maker *maker)
{
    return maker->table;
}

enum sj_channel message_channel(enum message_kind kind)
{
    static const enum sj_channel channels[MESSAGE_KIND_COUNT] = {
        [MESSAGE_TICK] = SJ_CHANNEL_TICK_FOP,          [MESSAGE_BIDASK5] = SJ_CHANNEL_BIDASK_STK,
        [MESSAGE_QUOTE] = SJ_CHANNEL_QUOTE_STK,        [MESSAGE_TICK_FULL] = SJ_CHANNEL_TICK_STK,
        [MESSAGE_BIDASK_FULL] = SJ_CHANNEL_BIDASK_FOP,
    };
    return channels[kind];
}

/* Adds `"key":value`, the value in printf's manner. */
__attribute__((format(printf, 3, 4))) static void add(struct message_maker *maker, const char *key,
                                                      const char *format, ...)
{
    char *text = maker->fields[maker->field_count++];
    int size = snprintf(text, FIELD_TEXT_MAX, "\"%s\":", key);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + size, (size_t)(FIELD_TEXT_MAX - size), format, arguments);
    va_end(arguments);
}

/* A decimal of millionths without zeros behind. */
static const char *decimal(int64_t e6, char text[32])
{
    int64_t magnitude = e6 < 0 ? -e6 : e6;
    int size = snprintf(text, 32, "%s%lld.%06lld", e6 < 0 ? "-" : "",
                        (long long)(magnitude / 1000000), (long long)(magnitude % 1000000));
    while (text[size - 1] == '0')
        text[--size] = '\0';
    if (text[size - 1] == '.')
        text[--size] = '\0';
    return text;
}

static void add_decimal(struct message_maker *maker, const char *key, int64_t e6)
{
    char text[32];
    add(maker, key, "\"%s\"", decimal(e6, text));
}

static void add_integer(struct message_maker *maker, const char *key, int64_t value)
{
    add(maker, key, "%lld", (long long)value);
}

static void add_prices(struct message_maker *maker, const char *key, int64_t first_ticks,
                       int64_t step, int64_t tick_e6)
{
    char levels[5][32];
    for (int i = 0; i < 5; i++)
        decimal((first_ticks + step * i) * tick_e6, levels[i]);
    add(maker, key, "[\"%s\",\"%s\",\"%s\",\"%s\",\"%s\"]", levels[0], levels[1], levels[2],
        levels[3], levels[4]);
}

static void add_volumes(struct message_maker *maker, const char *key, bool changes)
{
    int64_t levels[5];
    for (int i = 0; i < 5; i++) {
        levels[i] = volume(maker);
        if (changes)
            levels[i] = below(maker, 3) == 0 ? levels[i] - 20 : 0;
    }
    add(maker, key, "[%lld,%lld,%lld,%lld,%lld]", (long long)levels[0], (long long)levels[1],
        (long long)levels[2], (long long)levels[3], (long long)levels[4]);
}

static void add_head(struct message_maker *maker, const struct instrument *instrument)
{
    maker->time_us += 1 + below(maker, 200);
    int64_t us = maker->time_us % (5 * 3600 * 1000000LL) + 9 * 3600 * 1000000LL;
    add(maker, "code", "\"%s\"", instrument->code);
    add(maker, "date", "\"2026-11-23\"");
    add(maker, "time", "\"%02d:%02d:%02d.%06d\"", (int)(us / 3600000000), (int)(us / 60000000 % 60),
        (int)(us / 1000000 % 60), (int)(us % 1000000));
}

static void add_flags(struct message_maker *maker, bool stock)
{
    if (stock)
        add(maker, "suspend", "false");
    add(maker, "simtrade", "false");
    if (stock)
        add(maker, "intraday_odd", "false");
}

static void add_book(struct message_maker *maker, const struct instrument *instrument)
{
    add_prices(maker, "bid_price", instrument->close_ticks - 1, -1, instrument->tick_e6);
    add_volumes(maker, "bid_volume", false);
    add_volumes(maker, "diff_bid_vol", true);
    add_prices(maker, "ask_price", instrument->close_ticks, 1, instrument->tick_e6);
    add_volumes(maker, "ask_volume", false);
    add_volumes(maker, "diff_ask_vol", true);
}

static void add_short_tick(struct message_maker *maker, const struct instrument *instrument)
{
    add_decimal(maker, "open", instrument->open_ticks * instrument->tick_e6);
    add_decimal(maker, "close", instrument->close_ticks * instrument->tick_e6);
    add_integer(maker, "volume", volume(maker));
    add_integer(maker, "total_volume", instrument->total_volume);
    add_integer(maker, "tick_type", below(maker, 3));
    add_decimal(maker, "price_chg",
                (instrument->close_ticks - instrument->open_ticks) * instrument->tick_e6);
}

static void add_statistics(struct message_maker *maker, const struct instrument *instrument)
{
    int64_t tick_e6 = instrument->tick_e6, close_ticks = instrument->close_ticks;
    int64_t change = close_ticks - instrument->open_ticks;
    add_decimal(maker, "open", instrument->open_ticks * tick_e6);
    add_decimal(maker, "avg_price", close_ticks * tick_e6 + below(maker, 100) * 10000);
    add_decimal(maker, "close", close_ticks * tick_e6);
    add_decimal(maker, "high", (close_ticks + below(maker, 9)) * tick_e6);
    add_decimal(maker, "low", (close_ticks - below(maker, 9)) * tick_e6);
    add_decimal(maker, "amount", close_ticks * tick_e6 * volume(maker));
    add_decimal(maker, "total_amount", instrument->total_amount * 1000000);
    add_integer(maker, "volume", volume(maker));
    add_integer(maker, "total_volume", instrument->total_volume);
    add_integer(maker, "tick_type", below(maker, 3));
    add_integer(maker, "chg_type", 1 + below(maker, 5));
    add_decimal(maker, "price_chg", change * tick_e6);
    add_decimal(maker, "pct_chg", change * 100000000 / instrument->open_ticks / 1000 * 1000);
    add_integer(maker, "bid_side_total_vol", instrument->total_volume / 2 + below(maker, 99));
    add_integer(maker, "ask_side_total_vol", instrument->total_volume / 2 + below(maker, 99));
    add_integer(maker, "bid_side_total_cnt", instrument->total_volume / 7);
    add_integer(maker, "ask_side_total_cnt", instrument->total_volume / 6);
    add_integer(maker, "closing_oddlot_shares", 0);
    add(maker, "closing_oddlot_close", "null");
    add(maker, "closing_oddlot_amount", "null");
    add(maker, "closing_oddlot_bid_price", "null");
    add(maker, "closing_oddlot_ask_price", "null");
    add_integer(maker, "fixed_trade_vol", 0);
    add(maker, "fixed_trade_amount", "null");
}

static void add_fields(struct message_maker *maker, enum message_kind kind,
                       const struct instrument *instrument)
{
    int64_t price_e6 = instrument->close_ticks * instrument->tick_e6;
    add_head(maker, instrument);
    switch (kind) {
    case MESSAGE_TICK:
        add_short_tick(maker, instrument);
        add_flags(maker, false);
        break;
    case MESSAGE_BIDASK5:
        add_book(maker, instrument);
        add_flags(maker, true);
        break;
    case MESSAGE_TICK_FULL:
        add_statistics(maker, instrument);
        add_flags(maker, true);
        break;
    case MESSAGE_QUOTE:
        add_statistics(maker, instrument);
        add_book(maker, instrument);
        add_integer(maker, "avail_borrowing", below(maker, 10000000));
        add_flags(maker, true);
        break;
    default:
        add_integer(maker, "bid_total_vol", 50 + volume(maker));
        add_integer(maker, "ask_total_vol", 50 + volume(maker));
        add_book(maker, instrument);
        add_decimal(maker, "first_derived_bid_price", price_e6 - instrument->tick_e6);
        add_decimal(maker, "first_derived_ask_price", price_e6 + instrument->tick_e6);
        add_integer(maker, "first_derived_bid_vol", volume(maker));
        add_integer(maker, "first_derived_ask_vol", volume(maker));
        add_decimal(maker, "underlying_price", price_e6 - 1010000);
        add_flags(maker, false);
    }
}

static void trade(struct message_maker *maker, struct instrument *instrument)
{
    instrument->close_ticks += below(maker, 3) - 1;
    if (instrument->close_ticks < 20)
        instrument->close_ticks = 20;
    int64_t traded = volume(maker);
    instrument->total_volume += traded;
    instrument->total_amount += traded * instrument->close_ticks * instrument->tick_e6 / 1000;
}

static void shuffle(struct message_maker *maker)
{
    for (uint32_t i = maker->field_count - 1; i > 0; i--) {
        char text[FIELD_TEXT_MAX];
        uint32_t other = (uint32_t)below(maker, i + 1);
        memcpy(text, maker->fields[i], sizeof(text));
        memcpy(maker->fields[i], maker->fields[other], sizeof(text));
        memcpy(maker->fields[other], text, sizeof(text));
    }
}

/* The first letter of the code as an escape. */
static void escape_code(struct message_maker *maker, const struct instrument *instrument)
{
    snprintf(maker->fields[0], FIELD_TEXT_MAX, "\"code\":\"\\u%04x%s\"", instrument->code[0],
             instrument->code + 1);
}

size_t message_make(struct message_maker *maker, enum message_kind kind, enum message_form form,
                    char *json)
{
    struct instrument *instrument = &maker->instruments[below(maker, MESSAGE_INSTRUMENTS)];
    char *at = json;
    trade(maker, instrument);
    maker->field_count = 0;
    add_fields(maker, kind, instrument);
    if (form == MESSAGE_ESCAPED)
        escape_code(maker, instrument);
    if (form == MESSAGE_SHUFFLED)
        shuffle(maker);
    *at++ = '{';
    for (uint32_t i = 0; i < maker->field_count; i++) {
        const char *field = maker->fields[i];
        const char *value = strchr(field, ':') + 1;
        bool spaced = form == MESSAGE_SHUFFLED;
        at += sprintf(at, "%s%.*s%s%s",
                      i == 0   ? ""
                      : spaced ? ", "
                               : ",",
                      (int)(value - field), field, spaced ? " " : "", value);
    }
    *at++ = '}';
    *at = '\0';
    return (size_t)(at - json);
}
