#include "convert/line_parser.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
    parser->shapes = calloc(SJ_SHAPES_MAX + 1, sizeof *parser->shapes);
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
    if (index < SJ_SHAPES_MAX) {
        parser->shape_count++;
    } else {
        index = 0;
        for (uint32_t i = 1; i < SJ_SHAPES_MAX; i++)
            if (parser->shapes[i].used < parser->shapes[index].used)
                index = i;
    }
    struct sj_shape *shape = &parser->shapes[index];
    *shape = parser->shapes[SJ_SHAPES_MAX];
    /* The constants point into the text of the one it was built in. */
    for (uint32_t slot = 0; slot < SJ_TEXT_COUNT; slot++)
        if (shape->has_constants >> slot & 1)
            shape->constants[slot].begin =
                shape->text + (shape->constants[slot].begin - parser->shapes[SJ_SHAPES_MAX].text);
    shape->used = parser->line_count;
    shape->follower = index;
    parser->learned_count++;
}

static enum sj_reject general(struct sj_line_parser *parser, const char *at)
{
    parser->end = rawmemchr(at, '\n');
    sj_record_clear(parser->record);
    if (sj_line_skip_space(at) == parser->end) {
        parser->record->blank = true;
        return SJ_REJECT_NONE;
    }
    if (!sj_line_general(parser, at))
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
