#include "convert/dialect.h"

#include <string.h>

#define NUMBER(key, to)                                                                            \
    {                                                                                              \
        key, sizeof(key) - 1, SJ_STEP_NUMBER, SJ_SLOT_##to                                         \
    }
#define QUOTED(key, to)                                                                            \
    {                                                                                              \
        key, sizeof(key) - 1, SJ_STEP_QUOTED, SJ_SLOT_##to                                         \
    }
#define TEXT(key, to)                                                                              \
    {                                                                                              \
        key, sizeof(key) - 1, SJ_STEP_TEXT, SJ_TEXT_##to                                           \
    }
#define CONSTANT(key, to)                                                                          \
    {                                                                                              \
        key, sizeof(key) - 1, SJ_STEP_CONSTANT, SJ_TEXT_##to                                       \
    }
#define ARRAY(key, to)                                                                             \
    {                                                                                              \
        key, sizeof(key) - 1, SJ_STEP_ARRAY, SJ_ARRAY_##to                                         \
    }
#define PAIRS(key, to)                                                                             \
    {                                                                                              \
        key, sizeof(key) - 1, SJ_STEP_PAIRS, SJ_PAIRS_##to                                         \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, 0, 0, 0                                                                              \
    }

/* Keys that the outer object and `extras` both have carry the same value in both. */
static const struct sj_key original[] = {
    NUMBER("ts_ns", TS),
    TEXT("symbol", SYMBOL),
    CONSTANT("asset_type", ASSET_TYPE),
    CONSTANT("exchange", EXCHANGE),
    CONSTANT("type", KIND),
    NUMBER("price", PRICE),
    NUMBER("size", SIZE),
    TEXT("side", SIDE),
    NUMBER("side", SIDE),
    NUMBER("total_volume", TOTAL_VOLUME),
    NUMBER("total_amount", TOTAL_AMOUNT),
    NUMBER("price_chg", PRICE_CHG),
    NUMBER("pct_chg", PCT_CHG),
    NUMBER("event_id", EVENT_ID),
    NUMBER("exch_ts", TS),
    NUMBER("local_ts", LOCAL),
    NUMBER("quantity", SIZE),
    ARRAY("bid_prices", BID_PRICES),
    ARRAY("bid_volumes", BID_VOLUMES),
    ARRAY("ask_prices", ASK_PRICES),
    ARRAY("ask_volumes", ASK_VOLUMES),
    NUMBER("bid_total_vol", BID_TOTAL),
    NUMBER("ask_total_vol", ASK_TOTAL),
    NUMBER("underlying_price", UNDERLYING),
    NUMBER("open", OPEN),
    NUMBER("avg_price", AVG_PRICE),
    NUMBER("high", HIGH),
    NUMBER("low", LOW),
    NUMBER("amount", AMOUNT),
    NUMBER("tick_type", TICK_TYPE),
    NUMBER("chg_type", CHG_TYPE),
    NUMBER("bid_side_total_vol", BID_SIDE_VOL),
    NUMBER("ask_side_total_vol", ASK_SIDE_VOL),
    NUMBER("bid_side_total_cnt", BID_SIDE_CNT),
    NUMBER("ask_side_total_cnt", ASK_SIDE_CNT),
    NUMBER("suspend", SUSPEND),
    NUMBER("simtrade", SIMTRADE),
    NUMBER("intraday_odd", ODD_LOT),
    ARRAY("diff_bid_vol", DIFF_BID),
    ARRAY("diff_ask_vol", DIFF_ASK),
    NUMBER("first_derived_bid_price", DERIVED_BID),
    NUMBER("first_derived_ask_price", DERIVED_ASK),
    NUMBER("first_derived_bid_vol", DERIVED_BID_VOL),
    NUMBER("first_derived_ask_vol", DERIVED_ASK_VOL),
    END,
};

static const struct sj_key binance[] = {
    CONSTANT("e", KIND),      NUMBER("T", TS),
    TEXT("s", SYMBOL),        NUMBER("u", LAST_ID),
    NUMBER("pu", BEFORE_ID),  NUMBER("lastUpdateId", LAST_ID),
    QUOTED("p", PRICE),       QUOTED("q", SIZE),
    CONSTANT("X", ORIGIN),    NUMBER("m", MAKER),
    PAIRS("b", BIDS),         PAIRS("a", ASKS),
    PAIRS("bids", BIDS),      PAIRS("asks", ASKS),
    QUOTED("b", BEST_BID),    QUOTED("B", BEST_BID_SIZE),
    QUOTED("a", BEST_ASK),    QUOTED("A", BEST_ASK_SIZE),
    QUOTED("i", INDEX_PRICE), QUOTED("r", FUNDING),
    NUMBER("code", CODE),     END,
};

static const struct sj_key *const dialects[] = {original, binance};

const struct sj_key *sj_dialect_key(enum sj_dialect dialect, const char *key, size_t size,
                                    enum sj_step_kind kind)
{
    for (const struct sj_key *at = dialects[dialect]; at->name; at++) {
        bool fits = at->kind == kind || (kind == SJ_STEP_TEXT && at->kind != SJ_STEP_NUMBER &&
                                         at->kind < SJ_STEP_ARRAY);
        if (fits && at->size == size && !memcmp(at->name, key, size))
            return at;
    }
    return NULL;
}

bool sj_dialect_knows(enum sj_dialect dialect, const char *key, size_t size)
{
    for (const struct sj_key *at = dialects[dialect]; at->name; at++)
        if (at->size == size && !memcmp(at->name, key, size))
            return true;
    return false;
}

bool sj_dialect_opens(enum sj_dialect dialect, const char *key, size_t size)
{
    return dialect == SJ_DIALECT_ORIGINAL ? size == 6 && !memcmp(key, "extras", 6)
                                          : size == 4 && !memcmp(key, "data", 4);
}
