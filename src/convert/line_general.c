/* Any JSON, the general way. Every function returns the byte behind what it read, or NULL with
 * `reject` set */
#include "convert/line_parser.h"

#include <string.h>

#define DEPTH_MAX 16

static const char *refuse(struct sj_line_parser *parser, enum sj_reject reject)
{
    parser->reject = reject;
    return NULL;
}

static const char *syntax(struct sj_line_parser *parser, const char *at)
{
    return refuse(parser, at >= parser->end ? SJ_REJECT_TRUNCATED : SJ_REJECT_SYNTAX);
}

/* The string whose quotation mark is behind us. *ret_plain: it has no escapes. */
static const char *general_string(struct sj_line_parser *parser, const char *at,
                                  struct sj_text *ret, bool *ret_plain)
{
    ret->begin = at;
    *ret_plain = true;
    for (;; at++) {
        if (*at == '"')
            break;
        if ((unsigned char)*at < ' ')
            return syntax(parser, at);
        if (*at != '\\')
            continue;
        *ret_plain = false;
        at++;
        if (*at == 'u') {
            for (int i = 0; i < 4; i++)
                if (!strchr("0123456789abcdefABCDEF", *++at) || !*at)
                    return syntax(parser, at);
        } else if (!*at || !strchr("\"\\/bfnrt", *at)) {
            return syntax(parser, at);
        }
    }
    ret->size = (size_t)(at - ret->begin);
    return at + 1;
}

static void keep_number(struct sj_line_parser *parser, uint8_t slot, struct sj_number number)
{
    if (slot == SJ_SLOT_NOT_KEPT)
        return;
    parser->record->numbers[slot] = number;
    parser->record->has_numbers |= UINT64_C(1) << slot;
}

static uint8_t number_slot(const struct sj_line_parser *parser, const struct sj_key *key)
{
    return key && (parser->wanted >> key->slot & 1) ? key->slot : SJ_SLOT_NOT_KEPT;
}

static const char *general_number(struct sj_line_parser *parser, const char *at, uint8_t slot)
{
    struct sj_number number;
    bool range;
    const char *end = sj_number_slow(at, &number, &range);
    if (!end)
        return syntax(parser, at + (*at == '-'));
    if (range && slot != SJ_SLOT_NOT_KEPT)
        return refuse(parser, SJ_REJECT_RANGE);
    if (!range)
        keep_number(parser, slot, number);
    return end;
}

static const char *general_value(struct sj_line_parser *parser, const char *at, struct sj_text name,
                                 unsigned depth);

/* Behind an item of a list that `close` ends: the next item, or what is behind the list. */
static const char *go_on(struct sj_line_parser *parser, const char *at, char close, bool *ret_ended)
{
    at = sj_line_skip_space(at);
    *ret_ended = *at == close;
    if (*ret_ended)
        return at + 1;
    return *at == ',' ? sj_line_skip_space(at + 1) : syntax(parser, at);
}

/* The first item of a list, or what is behind an empty one. */
static const char *begin_list(const char *at, char close, bool *ret_ended)
{
    at = sj_line_skip_space(at + 1);
    *ret_ended = *at == close;
    return at + *ret_ended;
}

/* What is wanted is not there: the line is cut off, or something else is. */
static const char *wrong_type(struct sj_line_parser *parser, const char *at)
{
    return at >= parser->end ? syntax(parser, at) : refuse(parser, SJ_REJECT_TYPE);
}

/* ["price", "quantity"] */
static const char *general_pair(struct sj_line_parser *parser, const char *at,
                                struct sj_number pair[2])
{
    if (*at != '[')
        return wrong_type(parser, at);
    for (int i = 0; i < 2; i++) {
        bool range;
        at = sj_line_skip_space(at + 1);
        if (*at != '"')
            return wrong_type(parser, at);
        const char *end = sj_number_slow(at + 1, &pair[i], &range);
        if (!end || *end != '"')
            return refuse(parser, SJ_REJECT_TYPE);
        if (range)
            return refuse(parser, SJ_REJECT_RANGE);
        at = sj_line_skip_space(end + 1);
        if (*at != (i ? ']' : ','))
            return wrong_type(parser, at);
    }
    return at + 1;
}

static const char *general_pairs(struct sj_line_parser *parser, const char *at, uint8_t slot)
{
    struct sj_record *record = parser->record;
    uint32_t count = 0;
    bool ended;
    for (at = begin_list(at, ']', &ended); !ended;) {
        if (count == SJ_PAIRS_MAX)
            return refuse(parser, SJ_REJECT_RANGE);
        at = general_pair(parser, at, record->pairs[slot][count]);
        at = at ? go_on(parser, at, ']', &ended) : NULL;
        if (!at)
            return NULL;
        count++;
    }
    record->pairs_count[slot] = count;
    record->has_pairs |= 1u << slot;
    return at;
}

static const char *general_array(struct sj_line_parser *parser, const char *at, uint8_t slot)
{
    struct sj_record *record = parser->record;
    uint32_t count = 0;
    bool ended;
    for (at = begin_list(at, ']', &ended); !ended; count++) {
        struct sj_number number;
        bool range;
        const char *end = sj_number_slow(at, &number, &range);
        if (!end)
            return wrong_type(parser, at);
        if (slot != SJ_SLOT_NOT_KEPT) {
            if (range || count == SJ_ARRAY_MAX)
                return refuse(parser, SJ_REJECT_RANGE);
            record->arrays[slot][count] = number;
        }
        at = go_on(parser, end, ']', &ended);
        if (!at)
            return NULL;
    }
    if (slot != SJ_SLOT_NOT_KEPT) {
        record->array_count[slot] = (uint8_t)count;
        record->has_arrays |= 1u << slot;
    }
    return at;
}

/* An array of an unknown key: anything. What is not numbers only makes the line no shape. */
static const char *general_any_array(struct sj_line_parser *parser, const char *at, unsigned depth)
{
    static const struct sj_text nameless = {"", 0};
    bool ended;
    for (at = begin_list(at, ']', &ended); at && !ended;) {
        at = general_value(parser, at, nameless, depth + 1);
        at = at ? go_on(parser, at, ']', &ended) : NULL;
    }
    return at;
}

static const char *general_member(struct sj_line_parser *parser, const char *at, bool known,
                                  unsigned depth)
{
    struct sj_text key = {"", 0};
    bool plain;
    if (*at != '"')
        return syntax(parser, at);
    at = general_string(parser, at + 1, &key, &plain);
    if (!at)
        return NULL;
    at = sj_line_skip_space(at);
    if (*at != ':')
        return syntax(parser, at);
    if (!known || !plain)
        key.size = 0;
    return general_value(parser, sj_line_skip_space(at + 1), key, depth);
}

static const char *general_object(struct sj_line_parser *parser, const char *at, bool known,
                                  unsigned depth)
{
    bool ended;
    for (at = begin_list(at, '}', &ended); at && !ended;) {
        at = general_member(parser, at, known, depth);
        at = at ? go_on(parser, at, '}', &ended) : NULL;
    }
    return at;
}

static const char *text_value(struct sj_line_parser *parser, const char *at, struct sj_text name)
{
    struct sj_text text;
    bool plain;
    const char *begin = at + 1;
    const struct sj_key *key = sj_dialect_key(parser->dialect, name.begin, name.size, SJ_STEP_TEXT);
    at = general_string(parser, begin, &text, &plain);
    if (!at)
        return NULL;
    if (!key) {
        sj_shape_value(&parser->builder, begin, at - 1, SJ_STEP_TEXT, SJ_SLOT_NOT_KEPT);
        return at;
    }
    if (key->kind == SJ_STEP_QUOTED) {
        uint8_t slot = number_slot(parser, key);
        struct sj_number number;
        bool range;
        const char *end = sj_number_slow(begin, &number, &range);
        if (end != at - 1)
            return refuse(parser, SJ_REJECT_TYPE);
        sj_shape_value(&parser->builder, begin, end, SJ_STEP_QUOTED, slot);
        return general_number(parser, begin, slot) ? at : NULL;
    }
    if (!plain)
        return refuse(parser, SJ_REJECT_TYPE);
    parser->record->texts[key->slot] = text;
    parser->record->has_texts |= 1u << key->slot;
    if (key->kind == SJ_STEP_CONSTANT)
        sj_shape_constant(&parser->builder, begin, at - 1, key->slot);
    else
        sj_shape_value(&parser->builder, begin, at - 1, SJ_STEP_TEXT, key->slot);
    return at;
}

static const char *word_value(struct sj_line_parser *parser, const char *at, struct sj_text name,
                              const struct sj_key *key)
{
    static const char *const words[] = {"null", "true", "false"};
    bool known = sj_dialect_knows(parser->dialect, name.begin, name.size);
    for (int i = 0; i < 3; i++) {
        size_t size = strlen(words[i]);
        if (strncmp(at, words[i], size))
            continue;
        /* A null may stand for any kind of value; where no number may stand it is text. */
        if (known && !key)
            return i ? refuse(parser, SJ_REJECT_TYPE) : at + size;
        uint8_t slot = number_slot(parser, key);
        sj_shape_value(&parser->builder, at, at + size, SJ_STEP_NUMBER, slot);
        if (i)
            keep_number(parser, slot, (struct sj_number){i == 1, 0});
        return at + size;
    }
    return syntax(parser, at);
}

static const char *array_value(struct sj_line_parser *parser, const char *at, struct sj_text name,
                               unsigned depth)
{
    static const enum sj_step_kind kinds[] = {SJ_STEP_ARRAY, SJ_STEP_PAIRS};
    for (int i = 0; i < 2; i++) {
        const struct sj_key *key = sj_dialect_key(parser->dialect, name.begin, name.size, kinds[i]);
        if (!key)
            continue;
        const char *end = kinds[i] == SJ_STEP_PAIRS ? general_pairs(parser, at, key->slot)
                                                    : general_array(parser, at, key->slot);
        if (end)
            sj_shape_value(&parser->builder, at, end, kinds[i], key->slot);
        return end;
    }
    if (sj_dialect_knows(parser->dialect, name.begin, name.size))
        return refuse(parser, SJ_REJECT_TYPE);
    parser->builder.possible = false;
    return general_any_array(parser, at, depth);
}

static const char *general_value(struct sj_line_parser *parser, const char *at, struct sj_text name,
                                 unsigned depth)
{
    if (depth > DEPTH_MAX)
        return refuse(parser, SJ_REJECT_RANGE);
    if (*at == '"') {
        if (!sj_dialect_key(parser->dialect, name.begin, name.size, SJ_STEP_TEXT) &&
            sj_dialect_knows(parser->dialect, name.begin, name.size))
            return refuse(parser, SJ_REJECT_TYPE);
        return text_value(parser, at, name);
    }
    if (*at == '[')
        return array_value(parser, at, name, depth);
    if (*at == '{') {
        bool opens = depth == 1 && sj_dialect_opens(parser->dialect, name.begin, name.size);
        if (sj_dialect_knows(parser->dialect, name.begin, name.size))
            return refuse(parser, SJ_REJECT_TYPE);
        return general_object(parser, at, opens, depth + 1);
    }
    const struct sj_key *key =
        sj_dialect_key(parser->dialect, name.begin, name.size, SJ_STEP_NUMBER);
    if (*at != '-' && (*at < '0' || *at > '9'))
        return word_value(parser, at, name, key);
    if (!key && sj_dialect_knows(parser->dialect, name.begin, name.size))
        return refuse(parser, SJ_REJECT_TYPE);
    uint8_t slot = number_slot(parser, key);
    const char *end = general_number(parser, at, slot);
    if (end)
        sj_shape_value(&parser->builder, at, end, SJ_STEP_NUMBER, slot);
    return end;
}

/* Binance's lines begin with the time they were received at. */
static const char *general_prefix(struct sj_line_parser *parser, const char *at)
{
    const char *end = general_number(parser, at, SJ_SLOT_LOCAL);
    if (!end)
        return NULL;
    sj_shape_value(&parser->builder, at, end, SJ_STEP_NUMBER, SJ_SLOT_LOCAL);
    if (*end != ' ')
        return syntax(parser, end);
    return end + 1;
}

const char *sj_line_general(struct sj_line_parser *parser, const char *at)
{
    sj_shape_begin(&parser->builder, &parser->shapes[SJ_SHAPES_MAX], at);
    if (parser->dialect == SJ_DIALECT_BINANCE)
        at = general_prefix(parser, at);
    if (!at)
        return NULL;
    at = sj_line_skip_space(at);
    if (*at != '{')
        return syntax(parser, at);
    at = general_object(parser, at, true, 1);
    if (!at)
        return NULL;
    at = sj_line_skip_space(at);
    return at == parser->end ? at : refuse(parser, SJ_REJECT_SYNTAX);
}
