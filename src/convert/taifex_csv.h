/*
 * taifex_csv.h: the lines of a TAIFEX day, parsed and in the order of time. Used by taifex.c;
 * apart, so that a fuzzer can reach it without a disk.
 */
#ifndef SJ_CONVERT_TAIFEX_CSV_H
#define SJ_CONVERT_TAIFEX_CSV_H

#include "base/rc.h"
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

struct sj_taifex_day {
    struct sj_taifex_row *rows; /* owned */
    size_t row_count;
    uint32_t trading_day; /* the latest date in the file, YYYYMMDD */
    char error[256];      /* "line 17: ..." when parsing failed */
};

/* Parses `size` bytes of CSV, adds each new instrument to `instruments`, sorts. */
SJ_MUST_USE sj_rc sj_taifex_parse(const char *csv, size_t size, struct sj_instruments *instruments,
                                  struct sj_taifex_day *ret_day);
void sj_taifex_day_done(struct sj_taifex_day *day);

#endif
