/* Any text as a file of rules: refused with the line, or loaded and looked up. */
#include <stdlib.h>
#include <string.h>

#include "market/calendar.h"
#include "market/ladder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_up(const struct sj_market_rules *rules)
{
    struct sj_tick_bands bands;
    struct sj_market_moment moment;
    int64_t utc_ns = INT64_C(1795500000000000000);
    if (sj_market_tick_bands(rules, "STK", 20261124, &bands) == 0) {
        struct sj_price_ladder ladder;
        if (sj_price_ladder_init(&ladder, &bands, 90000000, 110000000) == 0 &&
            sj_price_ladder_price(&ladder, 0) < 90000000)
            abort();
    }
    for (enum sj_board board = 0; board < SJ_BOARD_COUNT; board++) {
        sj_market_trading_day(rules, board, utc_ns);
        if (sj_market_moment(rules, board, 0, true, utc_ns, &moment) == 0 &&
            moment.until_ns <= utc_ns)
            abort();
        sj_market_orders(rules, board, SJ_SESSION_PHASE_AUCTION, 20261124);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[SJ_RULES_ERROR_MAX] = "";
    struct sj_market_rules *rules;
    if (sj_market_rules_parse((const char *)data, size, error, &rules) < 0) {
        if (strncmp(error, "line ", 5) != 0)
            abort();
        return 0;
    }
    look_up(rules);
    sj_market_rules_free(rules);
    return 0;
}
