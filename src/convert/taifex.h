/*
 * taifex.h: a day's futures or options trades as the Taiwan Futures Exchange publishes them, into a
 * journal.
 *
 * Input is `Daily_YYYY_MM_DD.zip` with one CSV in it, or that CSV: Big5, a header, one trade a
 * line: date, product, expiry, time HHMMSS, price, quantity (buys + sells, so twice the lots), near
 * price, far price (of spreads), mark of an opening auction. The lines are not in the order of
 * time; the night session before the trading day carries earlier dates.
 *
 * A day of options (OptionsDaily_*) has strike and right, and its quantities are lots; the code of
 * an instrument is the broker's (TXO17000H1).
 *
 * Output: a definition for each (product, expiry), then one trade for each line in the order of
 * time (lines of one second keep the file's order); spreads and auctions keep their fields in a
 * legs event and SJ_FLAG_AUCTION. exch_ns = recv_ns, whole seconds as in the file.
 *
 * Errors   -SJ_E_MALFORMED with the line and what is wrong with it in report->error; nothing is
 *          written then. -SJ_E_BUSY: the directory already holds converted trades.
 * Memory   the file and 56 bytes a line; -SJ_E_LIMIT above SJ_TAIFEX_SIZE_MAX.
 */
#ifndef SJ_CONVERT_TAIFEX_H
#define SJ_CONVERT_TAIFEX_H

#include "base/rc.h"

#include <stdint.h>

#define SJ_TAIFEX_SIZE_MAX (1ULL << 31)

struct sj_taifex_report {
    uint64_t line_count;  /* trades in the file */
    uint64_t trade_count; /* trades read back from the journal after writing */
    uint64_t lot_count;
    uint32_t instrument_count;
    uint32_t trading_day; /* YYYYMMDD */
    int64_t first_ns;
    int64_t last_ns;
    char error[256];
};

SJ_MUST_USE sj_rc sj_convert_taifex(const char *path, const char *journal_dir,
                                    struct sj_taifex_report *ret_report);

#endif
