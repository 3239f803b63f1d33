/*
 * csv.h: lines of any CSV to records, by a mapping file.
 *
 * A mapping is lines of `key: value`; '#' begins a comment. Columns are names of the header, or
 * numbers from 1:
 *     delimiter: ,                  one character, or "tab"
 *     header: yes                   the first line of each file names the columns (and is the same
 * in all) exch_ts: time ms              column and unit: ns us ms s, or iso, taipei (2021-07-26
 * 08:45:00.123) local_ts: received ns         optional price: px quantity: qty symbol: code
 * optional side: side buy=B sell=S       optional; words for the sides kind: type trade=T depth=D
 * or a constant: `kind: trade`, `kind: depth`
 *
 * Errors   -SJ_E_MALFORMED or an errno with "FILE:LINE: ..." in `error`.
 * Threads  [any] once resolved.
 */
#ifndef SJ_CONVERT_CSV_H
#define SJ_CONVERT_CSV_H

#include "convert/record.h"

#define SJ_CSV_COLUMNS_MAX 256
#define SJ_CSV_WORD_MAX 64

enum sj_csv_field {
    SJ_CSV_EXCH,
    SJ_CSV_LOCAL,
    SJ_CSV_PRICE,
    SJ_CSV_QUANTITY,
    SJ_CSV_SYMBOL,
    SJ_CSV_SIDE,
    SJ_CSV_KIND,
    SJ_CSV_FIELDS
};

struct sj_csv_column {
    char name[SJ_CSV_WORD_MAX];
    char unit[8];
    char words[2][SJ_CSV_WORD_MAX]; /* buy, sell; trade, depth */
    int32_t index;                  /* from 0; -1: not mapped */
};

struct sj_csv_map {
    char delimiter;
    bool header;
    int32_t constant_kind; /* hftbacktest's number, or 0 */
    struct sj_csv_column columns[SJ_CSV_FIELDS];
};

SJ_MUST_USE sj_rc sj_csv_map_read(const char *path, struct sj_csv_map *ret_map, char error[256]);

/* Finds the columns by the first line of a file (which a newline ends). */
SJ_MUST_USE sj_rc sj_csv_resolve(struct sj_csv_map *map, const char *line, char error[256]);

/* Reads a line: times in ns, price, quantity, side and event number into their slots. */
enum sj_reject sj_csv_line(const struct sj_csv_map *map, const char *at, const char **ret_next,
                           struct sj_record *record);

#endif
