/*
 * taifex_csv.h: the lines of a TAIFEX day, parsed and in the order of time. Used by taifex.c;
 * apart, so that a fuzzer can reach it without a disk.
 */
#ifndef SJ_CONVERT_TAIFEX_CSV_H
#define SJ_CONVERT_TAIFEX_CSV_H

#include "convert/record.h"
#include "event/instruments.h"

struct sj_taifex_row {
    int64_t time_ns;
    int64_t price_e6;
    int64_t near_price_e6; /* SJ_NULL_E6 where the file has '-' */
    int64_t far_price_e6;
    uint32_t line;
    uint32_t instrument;
    uint32_t lots;
    bool auction;
};

/* A line that is not what it should be. */
struct sj_taifex_bad {
    enum sj_reject reject;
    uint32_t line;
    size_t at; /* its text in the CSV */
    uint32_t size;
};

struct sj_taifex_day {
    struct sj_taifex_row *rows; /* owned */
    size_t row_count;
    struct sj_taifex_bad *bad; /* owned */
    size_t bad_count;
    uint32_t line_count;
    uint32_t trading_day; /* the latest date in the file, YYYYMMDD */
    uint32_t error_line;  /* when parsing failed: where, */
    char error[256];      /* and why */
};

/* Parses `size` bytes of CSV, adds each new instrument to `instruments`, sorts. Lines that are
 * wrong are noted and left out, or end it (`strict`). -SJ_E_MALFORMED: that, or it is no such file.
 */
SJ_MUST_USE sj_rc sj_taifex_parse(const char *csv, size_t size, bool strict,
                                  struct sj_instruments *instruments,
                                  struct sj_taifex_day *ret_day);
void sj_taifex_day_done(struct sj_taifex_day *day);

#endif
