/*
 * The general path: one walk over the payload, any order, any spacing, escapes, unknown fields.
 */
#include "gateway/parse_quick.h"

#include "event/code_key.h"

#define DEPTH_MAX 16

static void skip_space(struct walk *walk)
{
    while (walk->at < walk->end &&
           (*walk->at == ' ' || *walk->at == '\n' || *walk->at == '\t' || *walk->at == '\r'))
        walk->at++;
}

/* What the next token is wrong as: not there, or not that. */
static enum sj_parse_fault unexpected(const struct walk *walk)
{
    return walk->at >= walk->end ? SJ_PARSE_TRUNCATED : SJ_PARSE_SYNTAX;
}

static enum sj_parse_fault expect(struct walk *walk, char token)
{
    if (walk->at >= walk->end || *walk->at != token) {
        skip_space(walk);
        if (walk->at >= walk->end || *walk->at != token)
            return unexpected(walk);
    }
    walk->at++;
    return SJ_PARSE_NONE;
}

static char peek(struct walk *walk)
{
    skip_space(walk);
    return walk->at < walk->end ? *walk->at : '\0';
}

static void record(struct walk *walk, const char *start, const char *end, struct target target)
{
    struct sj_parse *parse = walk->parse;
    if (!walk->recording)
        return;
    if (parse->record_count >= RECORDS_MAX) {
        parse->record_count = UINT32_MAX;
        walk->recording = false;
        return;
    }
    parse->records[parse->record_count++] = (struct record){start, end, target};
}

/* Takes a string, walk->at being behind its opening quote. */
static enum sj_parse_fault take_string(struct walk *walk, char *buffer, struct text *ret_text)
{
    const char *start = walk->at;
    walk->at = scan_string(start, walk->end);
    if (walk->at >= walk->end)
        return SJ_PARSE_TRUNCATED;
    if (__builtin_expect(*walk->at != '"', 0))
        return sj_parse_special(walk, start, buffer, ret_text);
    *ret_text = (struct text){start, (size_t)(walk->at - start)};
    walk->at++;
    return SJ_PARSE_NONE;
}

static bool take_word(struct walk *walk, const char *word, size_t size)
{
    if ((size_t)(walk->end - walk->at) < size || memcmp(walk->at, word, size) != 0)
        return false;
    walk->at += size;
    return true;
}

static bool take_null(struct walk *walk)
{
    return take_word(walk, "null", 4);
}

/* The bytes up to where a number ends; what they are, the reader of the number says. */
static struct text take_token(struct walk *walk)
{
    const char *start = walk->at;
    walk->at = scan_number(start, walk->end);
    return (struct text){start, (size_t)(walk->at - start)};
}

/* A word cut short by the payload's end was on its way to true, false or null. */
static enum sj_parse_fault word_fault(const struct walk *walk)
{
    size_t left = (size_t)(walk->end - walk->at);
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < 3; i++)
        if (left < strlen(words[i]) && memcmp(walk->at, words[i], left) == 0)
            return SJ_PARSE_TRUNCATED;
    return SJ_PARSE_SYNTAX;
}

/* A value that does not begin as it should: of another type, or no value at all. */
static enum sj_parse_fault wrong_type(const struct walk *walk)
{
    if (walk->at >= walk->end)
        return SJ_PARSE_TRUNCATED;
    return *walk->at && strchr("\"{[tfn-0123456789", *walk->at) ? SJ_PARSE_TYPE : SJ_PARSE_SYNTAX;
}

static bool begins_number(char c)
{
    return c == '-' || (c >= '0' && c <= '9');
}

static enum sj_parse_fault skip_value(struct walk *walk, uint32_t depth);

static enum sj_parse_fault skip_container(struct walk *walk, uint32_t depth)
{
    bool object = *walk->at == '{';
    char close = object ? '}' : ']';
    struct text text;
    if (depth >= DEPTH_MAX)
        return SJ_PARSE_OVERSIZED;
    walk->at++;
    if (peek(walk) == close) {
        walk->at++;
        return SJ_PARSE_NONE;
    }
    for (;;) {
        if (object) {
            TRY(expect(walk, '"'));
            TRY(take_string(walk, walk->parse->value_text, &text));
            TRY(expect(walk, ':'));
        }
        TRY(skip_value(walk, depth + 1));
        char next = peek(walk);
        if (next != ',' && next != close)
            return unexpected(walk);
        walk->at++;
        if (next == close)
            return SJ_PARSE_NONE;
    }
}

/* Skips any value, checking it. Scalars are recorded at depth 0. */
static enum sj_parse_fault skip_value(struct walk *walk, uint32_t depth)
{
    struct text text;
    char first = peek(walk);
    if (first == '"') {
        walk->at++;
        TRY(take_string(walk, walk->parse->value_text, &text));
        if (depth == 0 && walk->recording)
            record(walk, text.start, text.start + text.size, (struct target){.store = STEP_STRING});
        return SJ_PARSE_NONE;
    }
    if (begins_number(first)) {
        text = take_token(walk);
        if (!sj_parse_number_valid(text.start, text.size))
            return walk->at >= walk->end ? SJ_PARSE_TRUNCATED : SJ_PARSE_NUMBER;
        if (depth == 0)
            record(walk, text.start, text.start + text.size, (struct target){.store = STEP_NUMBER});
        return SJ_PARSE_NONE;
    }
    if (first == '{' || first == '[') {
        never_learn(walk);
        return skip_container(walk, depth);
    }
    if (take_null(walk) || take_word(walk, "true", 4) || take_word(walk, "false", 5))
        return SJ_PARSE_NONE;
    return walk->at >= walk->end ? SJ_PARSE_TRUNCATED : word_fault(walk);
}

/* A number was not one: cut short where the payload ends behind it. */
static enum sj_parse_fault number_fault(const struct walk *walk, enum sj_parse_fault fault)
{
    return fault == SJ_PARSE_NUMBER && walk->at >= walk->end ? SJ_PARSE_TRUNCATED : fault;
}

static enum sj_parse_fault read_e6(struct walk *walk, struct text text, int64_t *ret_e6)
{
    bool rounded = false;
    const char *end = text.start + text.size;
    bool near = text.start != walk->parse->value_text && end - walk->start >= NUMBER_LOOKBEHIND;
    if (near && text.size > 0 && decimal_quick(text.start, end, ret_e6))
        return SJ_PARSE_NONE;
    TRY(sj_parse_decimal(text.start, text.size, ret_e6, &rounded));
    if (rounded)
        walk->flags |= SJ_FLAG_ROUNDED;
    return SJ_PARSE_NONE;
}

/* A decimal: a string or a number. False: it is null. */
static enum sj_parse_fault take_e6(struct walk *walk, struct target target, void *to)
{
    int64_t e6;
    struct text text;
    char first = peek(walk);
    if (first == '"') {
        walk->at++;
        TRY(take_string(walk, walk->parse->value_text, &text));
        TRY(read_e6(walk, text, &e6));
    } else if (begins_number(first)) {
        text = take_token(walk);
        enum sj_parse_fault fault = read_e6(walk, text, &e6);
        if (fault != SJ_PARSE_NONE)
            return number_fault(walk, fault);
    } else {
        return wrong_type(walk);
    }
    memcpy(to, &e6, sizeof(e6));
    record(walk, text.start, text.start + text.size, target);
    return SJ_PARSE_NONE;
}

static enum sj_parse_fault take_integer(struct walk *walk, struct target target, void *to)
{
    int64_t value;
    uint32_t natural;
    if (!begins_number(peek(walk)))
        return wrong_type(walk);
    struct text text = take_token(walk);
    if (natural_quick(text.start, text.size, &natural)) {
        value = natural;
    } else {
        enum sj_parse_fault fault = sj_parse_integer(text.start, text.size, &value);
        if (fault != SJ_PARSE_NONE)
            return number_fault(walk, fault);
    }
    if (!store_integer(target.store, value, to))
        return SJ_PARSE_RANGE;
    record(walk, text.start, walk->at, target);
    return SJ_PARSE_NONE;
}

static enum sj_parse_fault take_flag(struct walk *walk, struct target target)
{
    char first = peek(walk);
    const char *start = walk->at;
    if (take_word(walk, "true", 4)) {
        walk->flags |= target.offset;
    } else if (first == '0' || first == '1') {
        struct text text = take_token(walk);
        never_learn(walk);
        if (text.size != 1)
            return number_fault(walk, SJ_PARSE_TYPE);
        walk->flags |= first == '1' ? target.offset : 0;
    } else if (!take_word(walk, "false", 5)) {
        return word_fault(walk) == SJ_PARSE_TRUNCATED ? SJ_PARSE_TRUNCATED : wrong_type(walk);
    }
    record(walk, start, walk->at, target);
    return SJ_PARSE_NONE;
}

static enum sj_parse_fault take_text(struct walk *walk, struct target target)
{
    struct text text;
    if (peek(walk) != '"')
        return wrong_type(walk);
    walk->at++;
    char *buffer = target.store == STORE_CODE ? walk->parse->code_text : walk->parse->value_text;
    TRY(take_string(walk, buffer, &text));
    bool taken = true;
    if (target.store == STORE_CODE) {
        walk->code = text.start;
        walk->code_size = text.size;
    } else if (target.store == STORE_DATE) {
        taken = sj_parse_date(walk->parse, text.start, text.size, &walk->date_ns);
    } else {
        taken = sj_parse_time(text.start, text.size, &walk->time_ns);
    }
    if (!taken)
        return SJ_PARSE_TIME;
    record(walk, text.start, text.start + text.size, target);
    return SJ_PARSE_NONE;
}

static enum sj_parse_fault take_scalar(struct walk *walk, struct target target, void *to)
{
    switch (target.store) {
    case STORE_CODE:
    case STORE_DATE:
    case STORE_TIME:
        return take_text(walk, target);
    case STORE_E6:
        return take_e6(walk, target, to);
    case STORE_FLAG:
        return take_flag(walk, target);
    default:
        return take_integer(walk, target, to);
    }
}

/* The null of an element of an array. */
static void store_null(uint8_t store, void *to)
{
    int64_t null64 = SJ_NULL_E6;
    uint32_t null32 = SJ_NULL_U32;
    if (store == STORE_E6)
        memcpy(to, &null64, sizeof(null64));
    else if (store == STORE_U32)
        memcpy(to, &null32, sizeof(null32));
}

static enum sj_parse_fault take_array(struct walk *walk, enum field field, struct target target)
{
    uint8_t count = 0;
    target.store &= STORE_ARRAY - 1;
    uint16_t width = target.store == STORE_E6 ? sizeof(int64_t) : sizeof(int32_t);
    if (peek(walk) != '[')
        return wrong_type(walk);
    walk->at++;
    if (peek(walk) == ']') {
        walk->at++;
        return SJ_PARSE_NONE;
    }
    for (;;) {
        if (count == SJ_LEVELS)
            return SJ_PARSE_LEVELS;
        skip_space(walk);
        if (take_null(walk))
            store_null(target.store, walk->frame + target.offset);
        else
            TRY(take_scalar(walk, target, walk->frame + target.offset));
        count++;
        target.offset = (uint16_t)(target.offset + width);
        char next = peek(walk);
        if (next != ',' && next != ']')
            return unexpected(walk);
        walk->at++;
        if (next == ']')
            break;
    }
    walk->levels[field] = count;
    return SJ_PARSE_NONE;
}

static enum sj_parse_fault take_field(struct walk *walk, enum field field)
{
    struct target target = walk->message->targets[field];
    if (target.store == STORE_NONE) {
        walk->unknown_fields++;
        return skip_value(walk, 0);
    }
    if (walk->named >> field & 1)
        return SJ_PARSE_DUPLICATE;
    walk->named |= 1ULL << field;
    if (*walk->at == 'n' || peek(walk) == 'n') {
        if (take_null(walk))
            return SJ_PARSE_NONE;
        return word_fault(walk);
    }
    walk->seen |= 1ULL << field;
    if (target.store == STORE_IGNORED)
        return skip_value(walk, 0);
    if (target.store & STORE_ARRAY)
        return take_array(walk, field, target);
    walk->has_closing |= target.closing;
    char *base = target.closing ? (char *)&walk->parse->closing : walk->frame;
    return take_scalar(walk, target, target.store == STORE_FLAG ? base : base + target.offset);
}

/* Takes a field and the comma or brace behind it, the slow way. */
static enum sj_parse_fault take_any_field(struct walk *walk, bool *ret_closed)
{
    struct text key;
    TRY(expect(walk, '"'));
    TRY(take_string(walk, walk->parse->key_text, &key));
    TRY(expect(walk, ':'));
    skip_space(walk);
    if (++walk->field_count > SJ_PARSE_FIELDS_MAX)
        return SJ_PARSE_OVERSIZED;
    TRY(take_field(walk, sj_parse_key_find(walk->parse->keys, key.start, key.size)));
    char next = peek(walk);
    if (next != ',' && next != '}')
        return unexpected(walk);
    walk->at++;
    *ret_closed = next == '}';
    return SJ_PARSE_NONE;
}

static enum sj_parse_fault take_object(struct walk *walk)
{
    bool closed = false;
    TRY(expect(walk, '{'));
    if (peek(walk) == '}') {
        walk->at++;
        return SJ_PARSE_NONE;
    }
    while (!closed) {
        /* What is learned must be recorded, which only the slow way does. */
        closed = !walk->recording && quick_fields(walk);
        if (!closed)
            TRY(take_any_field(walk, &closed));
    }
    return SJ_PARSE_NONE;
}

/* Counts the levels of both sides; where prices are more than volumes the volume is null. */
static void finish_levels(struct walk *walk)
{
    static const enum field prices[] = {FIELD_BID_PRICE, FIELD_ASK_PRICE};
    static const enum field volumes[] = {FIELD_BID_VOLUME, FIELD_ASK_VOLUME};
    const struct message *message = walk->message;
    for (int side = 0; side < 2; side++) {
        uint8_t price_count = walk->levels[prices[side]],
                volume_count = walk->levels[volumes[side]];
        uint32_t *volume = (uint32_t *)(walk->frame + message->volumes_offset) + side * SJ_LEVELS;
        for (uint8_t level = volume_count; level < price_count; level++)
            volume[level] = SJ_NULL_U32;
        walk->frame[message->levels_offset + side] =
            (char)(price_count > volume_count ? price_count : volume_count);
    }
}

static enum sj_parse_fault finish(struct walk *walk)
{
    const struct message *message = walk->message;
    struct sj_parse *parse = walk->parse;
    if ((walk->seen & message->required) != message->required ||
        (message->any_of && !(walk->seen & message->any_of)))
        return SJ_PARSE_MISSING;
    uint32_t id = sj_instruments_find(parse->table, walk->code, walk->code_size);
    if (id == 0) {
        size_t size = walk->code_size < CODE_SIZE_MAX ? walk->code_size : CODE_SIZE_MAX;
        if (size > 0)
            memcpy(parse->code, walk->code, size);
        parse->code[size] = '\0';
        return SJ_PARSE_INSTRUMENT;
    }
    if (message->levels_offset > 0)
        finish_levels(walk);
    struct sj_frame *frame = (struct sj_frame *)walk->frame;
    frame->instrument = id;
    frame->flags = walk->flags;
    frame->exch_ns = walk->date_ns + walk->time_ns;
    parse->has_closing = walk->has_closing;
    parse->record_unknown_fields = walk->unknown_fields;
    parse->counts.unknown_fields += walk->unknown_fields;
    parse->counts.rounded += (walk->flags & SJ_FLAG_ROUNDED) != 0;
    return SJ_PARSE_NONE;
}

enum sj_parse_fault sj_parse_general(struct sj_parse *parse, enum sj_channel channel,
                                     const char *json, size_t size, void *frame, bool record)
{
    struct walk walk = {
        .parse = parse,
        .message = &sj_parse_messages[channel],
        .start = json,
        .at = json,
        .end = json + size,
        .frame = frame,
        .recording = record,
    };
    parse->record_count = 0;
    memcpy(frame, parse->blanks[channel], walk.message->size);
    parse->closing = parse->blank_closing;
    enum sj_parse_fault fault = take_object(&walk);
    if (fault == SJ_PARSE_NONE) {
        skip_space(&walk);
        fault = walk.at < walk.end ? SJ_PARSE_TRAILING : finish(&walk);
    }
    parse->fault_offset = (size_t)(walk.at - json);
    return fault;
}
