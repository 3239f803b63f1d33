#include "parse_reference.h"

#include "event/fields.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Wire names and the members they fill; `closing:` for those of the closing event. */
static const struct {
    const char *wire, *member;
} names[] = {
    {"open", "open_e6"},
    {"Open", "open_e6"},
    {"avg_price", "avg_price_e6"},
    {"close", "price_e6"},
    {"close", "close_e6"},
    {"Close", "price_e6"},
    {"Close", "close_e6"},
    {"high", "high_e6"},
    {"High", "high_e6"},
    {"low", "low_e6"},
    {"Low", "low_e6"},
    {"reference", "reference_e6"},
    {"Reference", "reference_e6"},
    {"amount", "amount_e6"},
    {"total_amount", "total_amount_e6"},
    {"amount_sum", "total_amount_e6"},
    {"volume", "volume"},
    {"total_volume", "total_volume"},
    {"vol_sum", "total_volume"},
    {"tick_type", "tick_type"},
    {"chg_type", "chg_type"},
    {"price_chg", "price_chg_e6"},
    {"diff_price", "price_chg_e6"},
    {"pct_chg", "pct_chg_e6"},
    {"bid_side_total_vol", "bid_side_total_vol"},
    {"ask_side_total_vol", "ask_side_total_vol"},
    {"bid_side_total_cnt", "bid_side_total_cnt"},
    {"ask_side_total_cnt", "ask_side_total_cnt"},
    {"closing_oddlot_shares", "closing:closing_oddlot_shares"},
    {"closing_oddlot_close", "closing:closing_oddlot_close_e6"},
    {"closing_oddlot_amount", "closing:closing_oddlot_amount_e6"},
    {"closing_oddlot_bid_price", "closing:closing_oddlot_bid_price_e6"},
    {"closing_oddlot_ask_price", "closing:closing_oddlot_ask_price_e6"},
    {"fixed_trade_vol", "closing:fixed_trade_vol"},
    {"fixed_trade_amount", "closing:fixed_trade_amount_e6"},
    {"underlying_price", "underlying_price_e6"},
    {"target_kind_price", "underlying_price_e6"},
    {"bid_price", "bid_price_e6"},
    {"bid_volume", "bid_volume"},
    {"diff_bid_vol", "diff_bid_vol"},
    {"ask_price", "ask_price_e6"},
    {"ask_volume", "ask_volume"},
    {"diff_ask_vol", "diff_ask_vol"},
    {"bid_total_vol", "bid_total_vol"},
    {"ask_total_vol", "ask_total_vol"},
    {"first_derived_bid_price", "derived_bid_price_e6"},
    {"first_derived_ask_price", "derived_ask_price_e6"},
    {"first_derived_bid_vol", "derived_bid_vol"},
    {"first_derived_ask_vol", "derived_ask_vol"},
    {"avail_borrowing", "avail_borrowing"},
};

struct state {
    struct reference *reference;
    const struct sj_event_fields *event;
    bool rounded;
    bool unsure;        /* a double has lost what the text said */
    char taken[64][32]; /* members filled */
    int taken_count;
};

/* Digit by digit; half to even. False: not a number, or beyond int64. */
static bool decimal(const char *text, int64_t *ret_e6, bool *rounded)
{
    char digits[512] = "";
    int count = 0, point = -1, exponent = 0;
    bool negative = *text == '-';
    text += negative;
    if (*text < '0' || *text > '9' || (text[0] == '0' && text[1] >= '0' && text[1] <= '9'))
        return false;
    for (; (*text >= '0' && *text <= '9') || (*text == '.' && point < 0); text++) {
        if (*text == '.')
            point = count;
        else if (count < 400)
            digits[count++] = *text;
    }
    if (point == count)
        return false;
    if (*text == 'e' || *text == 'E') {
        char *end;
        if (text[1] != '-' && text[1] != '+' && (text[1] < '0' || text[1] > '9'))
            return false;
        long wanted = strtol(text + 1, &end, 10);
        exponent = wanted > 9999 ? 9999 : wanted < -9999 ? -9999 : (int)wanted;
        if (end == text + 1 || (end == text + 2 && (end[-1] == '-' || end[-1] == '+')))
            return false;
        text = end;
    }
    if (*text != '\0')
        return false;
    int keep = (point < 0 ? count : point) + exponent + 6;
    uint64_t value = 0; /* ten times INT64_MAX would not fit: checked before */
    for (int i = 0; i < keep; i++) {
        if (value > INT64_MAX / 10)
            return false;
        value = value * 10 + (i < count ? (uint64_t)(digits[i] - '0') : 0);
        if (value > INT64_MAX)
            return false;
        if (value == 0 && i >= count)
            break;
    }
    int next = keep >= 0 && keep < count ? digits[keep] - '0' : 0;
    bool rest = false;
    for (int i = keep < 0 ? 0 : keep; i < count; i++)
        rest = rest || (i > keep && digits[i] != '0');
    if (next > 5 || (next == 5 && (rest || value % 2 == 1)))
        value++;
    if (value > INT64_MAX)
        return false;
    *rounded = *rounded || next != 0 || rest;
    *ret_e6 = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

static bool value_e6(struct state *state, const json_t *json, int64_t *ret_e6)
{
    char text[512];
    if (json_is_string(json))
        return strlen(json_string_value(json)) == json_string_length(json) &&
               decimal(json_string_value(json), ret_e6, &state->rounded);
    if (json_is_integer(json))
        snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(json));
    else if (json_is_real(json))
        snprintf(text, sizeof(text), "%.6f", json_real_value(json));
    else
        return false;
    if (json_is_real(json) && strtod(text, NULL) != json_real_value(json))
        state->unsure = true;
    bool ignored = false;
    return decimal(text, ret_e6, &ignored);
}

static bool value_integer(struct state *state, const json_t *json, int64_t *ret_value)
{
    if (json_is_integer(json)) {
        *ret_value = json_integer_value(json);
        return *ret_value != INT64_MIN;
    }
    double real = json_real_value(json);
    state->unsure |= json_is_real(json) && real == 0;
    if (!json_is_real(json) || real != (double)(int64_t)real || real > 9e12 || real < -9e12)
        return false;
    *ret_value = (int64_t)real;
    return true;
}

static bool fill(struct state *state, const struct sj_field *field, const json_t *json, char *at)
{
    int64_t value;
    int32_t narrow;
    if (field->kind == SJ_FIELD_E6) {
        if (!value_e6(state, json, &value))
            return false;
        memcpy(at, &value, 8);
        return true;
    }
    if (!value_integer(state, json, &value))
        return false;
    narrow = (int32_t)value;
    switch (field->kind) {
    case SJ_FIELD_I64:
        memcpy(at, &value, 8);
        return true;
    case SJ_FIELD_U32:
        memcpy(at, &narrow, 4);
        return value >= 0 && value < UINT32_MAX;
    case SJ_FIELD_I32:
        memcpy(at, &narrow, 4);
        return value == narrow;
    default:
        *at = (char)value;
        return value >= 0 && value <= (field->kind == SJ_FIELD_ENUM ? 2 : 255);
    }
}

static bool fill_array(struct state *state, const struct sj_field *field, const json_t *json)
{
    size_t width = field->size / field->count;
    if (!json_is_array(json) || json_array_size(json) > field->count)
        return false;
    for (size_t i = 0; i < json_array_size(json); i++) {
        char *at = state->reference->frame + field->offset + i * width;
        const json_t *element = json_array_get(json, i);
        int64_t null64 = SJ_NULL_E6;
        if (!json_is_null(element)) {
            if (!fill(state, field, element, at))
                return false;
        } else if (field->kind == SJ_FIELD_E6) {
            memcpy(at, &null64, 8);
        } else if (field->kind == SJ_FIELD_U32) {
            memset(at, 0xff, 4);
        }
    }
    return true;
}

static bool take(struct state *state, const char *member)
{
    for (int i = 0; i < state->taken_count; i++)
        if (strcmp(state->taken[i], member) == 0)
            return false;
    snprintf(state->taken[state->taken_count++], sizeof(state->taken[0]), "%s", member);
    return true;
}

static bool fill_member(struct state *state, const char *member, const json_t *json)
{
    bool closing = strncmp(member, "closing:", 8) == 0;
    const struct sj_event_fields *event = state->event;
    if (closing && event->template_id != SJ_EVENT_TRADE && event->template_id != SJ_EVENT_QUOTE)
        return true;
    if (closing) {
        event = sj_event_fields(SJ_EVENT_CLOSING);
        member += 8;
    }
    const struct sj_field *field = sj_event_field(event, member);
    if (!field)
        return true;
    if (!take(state, member))
        return false;
    if (json_is_null(json))
        return true;
    state->reference->has_closing |= closing;
    if (field->count > 1)
        return fill_array(state, field, json);
    return fill(state, field, json,
                (closing ? (char *)&state->reference->closing : state->reference->frame) +
                    field->offset);
}

static void set_nulls(const struct sj_event_fields *event, char *frame)
{
    int64_t null64 = SJ_NULL_I64;
    memset(frame, 0, event->size);
    for (uint16_t i = 0; i < event->count; i++) {
        const struct sj_field *field = &event->fields[i];
        bool wide = field->kind == SJ_FIELD_I64 || field->kind == SJ_FIELD_E6;
        for (int k = 0; wide && k < field->count; k++)
            memcpy(frame + field->offset + k * 8, &null64, 8);
        if (field->kind == SJ_FIELD_U32 && field->count == 1)
            memset(frame + field->offset, 0xff, 4);
    }
    sj_frame_head(frame, (enum sj_event_type)event->template_id, event->size);
}

static const json_t *either(const json_t *root, const char *a, const char *b)
{
    const json_t *value = json_object_get(root, a);
    return value ? value : json_object_get(root, b);
}

static bool digits_at(const char *text, const char *form)
{
    for (; *form; form++, text++)
        if (*form == '0' ? *text < '0' || *text > '9' : *text != *form)
            return false;
    return true;
}

/* Only the usual forms: the tests make no others that are valid. */
static bool set_time(struct sj_frame *head, const json_t *root)
{
    const json_t *date = either(root, "date", "Date"), *time = either(root, "time", "Time");
    if (!json_is_string(date) || !json_is_string(time))
        return false;
    const char *d = json_string_value(date), *t = json_string_value(time);
    size_t size = json_string_length(time);
    struct tm tm = {0};
    if (json_string_length(date) != 10 || !digits_at(d, "0000-00-00") || size < 8 || size == 9 ||
        size > 18 || !digits_at(t, "00:00:00") || (size > 8 && t[8] != '.'))
        return false;
    sscanf(d, "%d-%d-%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
    sscanf(t, "%d:%d:%d", &tm.tm_hour, &tm.tm_min, &tm.tm_sec);
    struct tm wanted = tm;
    if (tm.tm_year < 1700 || tm.tm_year > 2261 || tm.tm_hour > 23 || tm.tm_min > 59 ||
        tm.tm_sec > 59)
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    int64_t seconds = timegm(&tm) - 8 * 3600;
    if (tm.tm_year != wanted.tm_year - 1900 || tm.tm_mon != wanted.tm_mon - 1 ||
        tm.tm_mday != wanted.tm_mday)
        return false;
    int64_t ns = 0;
    for (size_t i = 9; i < 18; i++) {
        if (i < size && (t[i] < '0' || t[i] > '9'))
            return false;
        ns = ns * 10 + (i < size ? t[i] - '0' : 0);
    }
    head->exch_ns = seconds * 1000000000 + ns;
    return true;
}

static bool set_flag(struct sj_frame *head, const json_t *root, const char *name, uint32_t flag)
{
    const json_t *value = json_object_get(root, name);
    if (json_is_integer(value) && (json_integer_value(value) & ~1LL) == 0)
        head->flags |= json_integer_value(value) ? flag : 0;
    else if (json_is_true(value))
        head->flags |= flag;
    else
        return !value || json_is_null(value) || json_is_false(value);
    return true;
}

static void set_levels(struct state *state, const json_t *root, uint16_t levels_offset,
                       uint16_t volumes_offset)
{
    static const char *const prices[] = {"bid_price", "ask_price"};
    static const char *const volumes[] = {"bid_volume", "ask_volume"};
    for (int side = 0; side < 2; side++) {
        size_t price_count = json_array_size(json_object_get(root, prices[side]));
        size_t volume_count = json_array_size(json_object_get(root, volumes[side]));
        for (size_t i = volume_count; i < price_count; i++)
            memset(state->reference->frame + volumes_offset + (side * 5 + i) * 4, 0xff, 4);
        state->reference->frame[levels_offset + side] =
            (char)(price_count > volume_count ? price_count : volume_count);
    }
}

static bool is_there(const json_t *root, const char *name)
{
    const json_t *value = json_object_get(root, name);
    return value && !json_is_null(value);
}

static bool complete(const struct state *state, const json_t *root)
{
    bool close = is_there(root, "close") || is_there(root, "Close");
    bool prices = is_there(root, "bid_price") || is_there(root, "ask_price");
    switch (state->event->template_id) {
    case SJ_EVENT_TRADE:
        return close && is_there(root, "volume");
    case SJ_EVENT_BOOK:
        return prices;
    case SJ_EVENT_QUOTE:
        return close || prices;
    default:
        return close;
    }
}

static bool twice(const json_t *root)
{
    static const char *const pairs[][2] = {{"code", "Code"}, {"date", "Date"}, {"time", "Time"}};
    for (int i = 0; i < 3; i++)
        if (json_object_get(root, pairs[i][0]) && json_object_get(root, pairs[i][1]))
            return true;
    return false;
}

static bool read_object(struct state *state, const struct sj_instruments *table,
                        enum sj_channel channel, json_t *root)
{
    struct sj_frame *head = (struct sj_frame *)state->reference->frame;
    const json_t *code = either(root, "code", "Code");
    const char *key;
    json_t *value;
    if (!json_is_object(root) || json_object_size(root) > 64 || twice(root) ||
        !json_is_string(code))
        return false;
    json_object_foreach(
        root, key, value) for (size_t i = 0; i < sizeof(names) / sizeof(names[0]);
                               i++) if (strcmp(names[i].wire, key) == 0 &&
                                        !fill_member(state, names[i].member, value)) return false;
    head->instrument =
        sj_instruments_find(table, json_string_value(code), json_string_length(code));
    if (head->instrument == 0 || !set_time(head, root) || !complete(state, root) ||
        !set_flag(head, root, "simtrade", SJ_FLAG_SIMTRADE) ||
        !set_flag(head, root, "suspend", SJ_FLAG_SUSPEND) ||
        !set_flag(head, root, "intraday_odd", SJ_FLAG_ODD_LOT))
        return false;
    head->flags |= state->rounded ? SJ_FLAG_ROUNDED : 0;
    const struct sj_field *field = sj_event_field(state->event, "channel");
    if (field)
        state->reference->frame[field->offset] = (char)channel;
    field = sj_event_field(state->event, "level_count");
    if (field)
        set_levels(state, root, field->offset, sj_event_field(state->event, "bid_volume")->offset);
    return true;
}

enum reference_answer reference_parse(const struct sj_instruments *table, enum sj_channel channel,
                                      const char *json, size_t size, struct reference *reference)
{
    static const uint16_t types[SJ_CHANNEL_COUNT] = {
        [SJ_CHANNEL_TICK_STK] = SJ_EVENT_TRADE,  [SJ_CHANNEL_TICK_FOP] = SJ_EVENT_TRADE,
        [SJ_CHANNEL_BIDASK_STK] = SJ_EVENT_BOOK, [SJ_CHANNEL_BIDASK_FOP] = SJ_EVENT_BOOK,
        [SJ_CHANNEL_QUOTE_STK] = SJ_EVENT_QUOTE, [SJ_CHANNEL_QUOTE_FOP] = SJ_EVENT_QUOTE,
        [SJ_CHANNEL_QUOTE_IDX] = SJ_EVENT_INDEX,
    };
    json_error_t error;
    struct state state = {.reference = reference, .event = sj_event_fields(types[channel])};
    json_t *root = json_loadb(json, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (!root) {
        enum json_error_code code = json_error_code(&error);
        return code == json_error_duplicate_key || code == json_error_numeric_overflow
                   ? REFERENCE_UNSURE
                   : REFERENCE_REFUSED;
    }
    reference->size = state.event->size;
    reference->has_closing = false;
    set_nulls(state.event, reference->frame);
    set_nulls(sj_event_fields(SJ_EVENT_CLOSING), (char *)&reference->closing);
    bool read = read_object(&state, table, channel, root);
    json_decref(root);
    if (state.unsure)
        return REFERENCE_UNSURE;
    return read ? REFERENCE_EVENT : REFERENCE_REFUSED;
}
