/*
 * line.h: a line of JSON to a record. Two ways with the same result: the general one reads any
 * JSON; a learned shape reads lines that differ from one read before in their values only, at some
 * 3 GB/s.
 *
 * A shape is the text between the values of a line that was read well: the next line is compared
 * with it piece by piece and its values are read in between. The shape that followed this one last
 * time is tried first. What fits no shape goes the general way and becomes one.
 *
 * Units    as in record.h.
 * Errors   a line that cannot be taken is an enum sj_reject.
 * Threads  One owner a parser.
 * Memory   all taken at create: 0.5 MB with pairs, 40 KB without.
 */
#ifndef SJ_CONVERT_LINE_H
#define SJ_CONVERT_LINE_H

#include "convert/number.h"

enum sj_dialect {
    SJ_DIALECT_ORIGINAL, /* the original system's MD_TICK, MD_BOOK and normalised events */
    SJ_DIALECT_BINANCE,  /* receive time, space, Binance's futures stream message */
    SJ_DIALECT_CSV,      /* csv.h */
    SJ_DIALECT_JOURNAL,  /* no lines, but events of ours */
    SJ_DIALECT_TAIFEX    /* from_taifex.h */
};

struct sj_line_parser;

/* `wanted`: the number slots to keep (SJ_SLOTS_ROWS or SJ_SLOTS_ALL); others are only checked.
 * `general_only`: never uses a shape; for tests and comparisons. */
SJ_MUST_USE sj_rc sj_line_parser_create(enum sj_dialect dialect, uint64_t wanted, bool general_only,
                                        struct sj_line_parser **ret_parser);
void sj_line_parser_close(struct sj_line_parser *parser);

/* Reads the line at `at`, which a newline ends; SJ_TEXT_PAD bytes behind that must be readable. On
 * success the record is set. *ret_next: behind the newline, always. */
enum sj_reject sj_line_parse(struct sj_line_parser *parser, const char *at, const char **ret_next,
                             struct sj_record *ret_record);

/* Lines read by a shape, and shapes learned. */
uint64_t sj_line_parser_quick_count(const struct sj_line_parser *parser);
uint64_t sj_line_parser_learned_count(const struct sj_line_parser *parser);

#endif
