/*
 * line_parser.h: what the two ways of reading a line share; of line.c (shapes) and line_general.c.
 *
 * Threads  One owner a parser.
 */
#ifndef SJ_CONVERT_LINE_PARSER_H
#define SJ_CONVERT_LINE_PARSER_H

#include "convert/line.h"
#include "convert/shape.h"

/* Learned ones; one more is there to build the next in. */
#define SJ_SHAPES_MAX 16

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

/* The first byte that is no blank. */
static inline const char *sj_line_skip_space(const char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\r')
        at++;
    return at;
}

/* Reads the line into parser->record the general way, and tells parser->builder of every value.
 * parser->end: its newline. Returns the byte behind what it read, or NULL, with parser->reject. */
const char *sj_line_general(struct sj_line_parser *parser, const char *at);

#endif
