#include "convert/line.h"

#include "convert/shape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SHAPES_MAX 16
#define DEPTH_MAX 16

struct sj_line_parser {
    enum sj_dialect dialect;
    bool general_only;
    uint64_t wanted;
    uint64_t quick_count;
    uint64_t learned_count;
    uint64_t line_count;
    uint32_t shape_count;
    uint32_t last; /* the shape that fitted last */
    struct sj_shape *shapes;
    struct sj_shape_builder builder;
    struct sj_record *record;
    enum sj_reject reject;
    const char *end; /* of the line, its newline */
    struct sj_number (*pairs)[SJ_PAIRS_MAX][2];
};

sj_rc sj_line_parser_create(enum sj_dialect dialect, uint64_t wanted, bool general_only,
                            struct sj_line_parser **ret_parser)
{
    struct sj_line_parser *parser = calloc(1, sizeof *parser);
    if (!parser)
        return -ENOMEM;
    parser->dialect = dialect;
    parser->wanted = wanted;
    parser->general_only = general_only;
    /* One more, to build the next in. */
    parser->shapes = calloc(SHAPES_MAX + 1, sizeof *parser->shapes);
    if (dialect == SJ_DIALECT_BINANCE)
        parser->pairs = calloc(SJ_PAIRS_COUNT, sizeof *parser->pairs);
    if (!parser->shapes || (dialect == SJ_DIALECT_BINANCE && !parser->pairs)) {
        sj_line_parser_close(parser);
        return -ENOMEM;
    }
    *ret_parser = parser;
    return 0;
}

void sj_line_parser_close(struct sj_line_parser *parser)
{
    if (!parser)
        return;
    free(parser->pairs);
    free(parser->shapes);
    free(parser);
}

uint64_t sj_line_parser_quick_count(const struct sj_line_parser *parser)
{
    return parser->quick_count;
}

uint64_t sj_line_parser_learned_count(const struct sj_line_parser *parser)
{
    return parser->learned_count;
}

/* --- the general way: every function returns the byte behind what it read, or NULL with `reject`
 * set --- */

static const char *refuse(struct sj_line_parser *parser, enum sj_reject reject)
{
    parser->reject = reject;
    return NULL;
}

static const char *skip_space(const char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\r')
        at++;
    return at;
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

static const char *general_array(struct sj_line_parser *parser, const char *at, uint8_t slot);
static const char *general_value(struct sj_line_parser *parser, const char *at, struct sj_text name,
                                 unsigned depth);

static const char *general_pairs(struct sj_line_parser *parser, const char *at, uint8_t slot)
{
    struct sj_record *record = parser->record;
    uint32_t count = 0;
    at = skip_space(at + 1);
    if (*at == ']')
        at++;
    else
        for (;;) {
            if (count == SJ_PAIRS_MAX)
                return refuse(parser, SJ_REJECT_RANGE);
            if (*at != '[')
                return at >= parser->end ? syntax(parser, at) : refuse(parser, SJ_REJECT_TYPE);
            for (int i = 0; i < 2; i++) {
                bool range;
                at = skip_space(at + 1);
                if (*at != '"')
                    return at >= parser->end ? syntax(parser, at) : refuse(parser, SJ_REJECT_TYPE);
                const char *end = sj_number_slow(at + 1, &record->pairs[slot][count][i], &range);
                if (!end || *end != '"')
                    return refuse(parser, SJ_REJECT_TYPE);
                if (range)
                    return refuse(parser, SJ_REJECT_RANGE);
                at = skip_space(end + 1);
                if (*at != (i ? ']' : ','))
                    return at >= parser->end ? syntax(parser, at) : refuse(parser, SJ_REJECT_TYPE);
            }
            count++;
            at = skip_space(at + 1);
            if (*at == ']') {
                at++;
                break;
            }
            if (*at != ',')
                return syntax(parser, at);
            at = skip_space(at + 1);
        }
    record->pairs_count[slot] = count;
    record->has_pairs |= 1u << slot;
    return at;
}

static const char *general_array(struct sj_line_parser *parser, const char *at, uint8_t slot)
{
    struct sj_record *record = parser->record;
    uint32_t count = 0;
    at = skip_space(at + 1);
    if (*at == ']')
        at++;
    else
        for (;;) {
            struct sj_number number;
            bool range;
            const char *end = sj_number_slow(at, &number, &range);
            if (!end)
                return at >= parser->end ? syntax(parser, at) : refuse(parser, SJ_REJECT_TYPE);
            if (slot != SJ_SLOT_NOT_KEPT) {
                if (range || count == SJ_ARRAY_MAX)
                    return refuse(parser, SJ_REJECT_RANGE);
                record->arrays[slot][count] = number;
            }
            count++;
            at = skip_space(end);
            if (*at == ']') {
                at++;
                break;
            }
            if (*at != ',')
                return syntax(parser, at);
            at = skip_space(at + 1);
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
    at = skip_space(at + 1);
    if (*at == ']')
        return at + 1;
    for (;;) {
        at = general_value(parser, at, nameless, depth + 1);
        if (!at)
            return NULL;
        at = skip_space(at);
        if (*at == ']')
            return at + 1;
        if (*at != ',')
            return syntax(parser, at);
        at = skip_space(at + 1);
    }
}

static const char *general_object(struct sj_line_parser *parser, const char *at, bool known,
                                  unsigned depth)
{
    at = skip_space(at + 1);
    if (*at == '}')
        return at + 1;
    for (;;) {
        struct sj_text key = {"", 0};
        bool plain;
        if (*at != '"')
            return syntax(parser, at);
        at = general_string(parser, at + 1, &key, &plain);
        if (!at)
            return NULL;
        at = skip_space(at);
        if (*at != ':')
            return syntax(parser, at);
        if (!known || !plain)
            key.size = 0;
        at = general_value(parser, skip_space(at + 1), key, depth);
        if (!at)
            return NULL;
        at = skip_space(at);
        if (*at == '}')
            return at + 1;
        if (*at != ',')
            return syntax(parser, at);
        at = skip_space(at + 1);
    }
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

static const char *general_line(struct sj_line_parser *parser, const char *at)
{
    sj_shape_begin(&parser->builder, &parser->shapes[SHAPES_MAX], at);
    if (parser->dialect == SJ_DIALECT_BINANCE)
        at = general_prefix(parser, at);
    if (!at)
        return NULL;
    at = skip_space(at);
    if (*at != '{')
        return syntax(parser, at);
    at = general_object(parser, at, true, 1);
    if (!at)
        return NULL;
    at = skip_space(at);
    return at == parser->end ? at : refuse(parser, SJ_REJECT_SYNTAX);
}

/* --- shapes --- */

static const char *read_by(struct sj_line_parser *parser, uint32_t index, const char *at)
{
    struct sj_shape *shape = &parser->shapes[index];
    sj_record_clear(parser->record);
    const char *end = sj_shape_read(shape, at, parser->record);
    if (!end)
        return NULL;
    shape->used = parser->line_count;
    parser->shapes[parser->last].follower = index;
    parser->last = index;
    parser->quick_count++;
    return end;
}

static const char *quick_line(struct sj_line_parser *parser, const char *at)
{
    if (!parser->shape_count)
        return NULL;
    uint32_t guess = parser->shapes[parser->last].follower;
    const char *end = read_by(parser, guess, at);
    for (uint32_t i = 0; !end && i < parser->shape_count; i++)
        if (i != guess)
            end = read_by(parser, i, at);
    return end;
}

static void learn(struct sj_line_parser *parser)
{
    uint32_t index = parser->shape_count;
    if (!sj_shape_end(&parser->builder, parser->end))
        return;
    if (index < SHAPES_MAX) {
        parser->shape_count++;
    } else {
        index = 0;
        for (uint32_t i = 1; i < SHAPES_MAX; i++)
            if (parser->shapes[i].used < parser->shapes[index].used)
                index = i;
    }
    struct sj_shape *shape = &parser->shapes[index];
    *shape = parser->shapes[SHAPES_MAX];
    /* The constants point into the text of the one it was built in. */
    for (uint32_t slot = 0; slot < SJ_TEXT_COUNT; slot++)
        if (shape->has_constants >> slot & 1)
            shape->constants[slot].begin =
                shape->text + (shape->constants[slot].begin - parser->shapes[SHAPES_MAX].text);
    shape->used = parser->line_count;
    shape->follower = index;
    parser->learned_count++;
}

static enum sj_reject general(struct sj_line_parser *parser, const char *at)
{
    parser->end = rawmemchr(at, '\n');
    sj_record_clear(parser->record);
    if (skip_space(at) == parser->end) {
        parser->record->blank = true;
        return SJ_REJECT_NONE;
    }
    if (!general_line(parser, at))
        return parser->reject;
    if (!parser->general_only)
        learn(parser);
    return SJ_REJECT_NONE;
}

enum sj_reject sj_line_parse(struct sj_line_parser *parser, const char *at, const char **ret_next,
                             struct sj_record *ret_record)
{
    parser->record = ret_record;
    parser->line_count++;
    for (uint32_t i = 0; parser->pairs && i < SJ_PAIRS_COUNT; i++)
        ret_record->pairs[i] = parser->pairs[i];
    if (!parser->general_only) {
        const char *end = quick_line(parser, at);
        if (end) {
            *ret_next = end + 1;
            return SJ_REJECT_NONE;
        }
    }
    enum sj_reject reject = general(parser, at);
    *ret_next = parser->end + 1;
    return reject;
}
