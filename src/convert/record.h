/*
 * record.h: what a line of text says, before it becomes rows or events: numbers, texts and levels
 * in numbered slots, the same whichever way the line was read.
 *
 * Units    a number is digits / 10^places, exactly as written. Times are in the line's own unit.
 * Memory   texts point into the line; valid as long as it is.
 */
#ifndef SJ_CONVERT_RECORD_H
#define SJ_CONVERT_RECORD_H

#include "base/rc.h"

#include <stddef.h>

struct sj_number {
    int64_t digits;
    int32_t places; /* may be negative: 1e3 is 1 and -3 */
};

/* The double nearest to the number, as a correct strtod of its text gives it. */
double sj_number_real(struct sj_number number);

/* The number in units of 10^-places. -SJ_E_RANGE: beyond int64, or (unless `ret_rounded` is given,
 * which then tells) not exact. Rounds half to even. */
SJ_MUST_USE sj_rc sj_number_scaled(struct sj_number number, int32_t places, int64_t *ret,
                                   bool *ret_rounded);

/* Why a line was not taken. */
#define SJ_REJECT_TABLE(X)                                                                         \
    X(NONE, "none")                                                                                \
    X(TRUNCATED, "truncated line")                                                                 \
    X(SYNTAX, "not JSON")                                                                          \
    X(MISSING, "a field is missing")                                                               \
    X(TYPE, "a field has the wrong type")                                                          \
    X(RANGE, "a value is out of range")                                                            \
    X(KIND, "an unknown kind of record")                                                           \
    X(SYMBOL, "an unknown instrument")                                                             \
    X(COLUMNS, "a wrong number of columns")                                                        \
    X(LONG, "a line too long")                                                                     \
    X(ORDER, "time runs backwards")                                                                \
    X(LATENCY, "received before it was sent")                                                      \
    X(DAY, "another trading day")                                                                  \
    X(ARCHIVE, "the archive ends early")                                                           \
    X(DAMAGE, "a damaged part of the journal")

enum sj_reject {
#define X(name, text) SJ_REJECT_##name,
    SJ_REJECT_TABLE(X)
#undef X
        SJ_REJECT_COUNT
};
const char *sj_reject_text(enum sj_reject reject);
/* The word used in reports: "truncated". */
const char *sj_reject_name(enum sj_reject reject);

/* Number slots. */
enum sj_slot {
    SJ_SLOT_TS,       /* the exchange's time */
    SJ_SLOT_LOCAL,    /* received */
    SJ_SLOT_EVENT_ID, /* hftbacktest's event number */
    SJ_SLOT_SIDE,     /* 1 buy, -1 sell, 0 none */
    SJ_SLOT_PRICE,
    SJ_SLOT_SIZE,
    SJ_SLOT_MAKER,   /* Binance: the buyer was the maker, so the seller took */
    SJ_SLOT_LAST_ID, /* Binance: the last update of this message, and of the one before */
    SJ_SLOT_BEFORE_ID,
    SJ_SLOT_BEST_BID,
    SJ_SLOT_BEST_BID_SIZE,
    SJ_SLOT_BEST_ASK,
    SJ_SLOT_BEST_ASK_SIZE,
    SJ_SLOT_INDEX_PRICE,
    SJ_SLOT_FUNDING,
    SJ_SLOT_CODE, /* an error message in the feed */
    SJ_SLOT_SIMTRADE,
    SJ_SLOT_TOTAL_VOLUME,
    /* From here on only journals take them. */
    SJ_SLOT_TOTAL_AMOUNT,
    SJ_SLOT_OPEN,
    SJ_SLOT_HIGH,
    SJ_SLOT_LOW,
    SJ_SLOT_AVG_PRICE,
    SJ_SLOT_AMOUNT,
    SJ_SLOT_TICK_TYPE,
    SJ_SLOT_CHG_TYPE,
    SJ_SLOT_PRICE_CHG,
    SJ_SLOT_PCT_CHG,
    SJ_SLOT_BID_SIDE_VOL,
    SJ_SLOT_ASK_SIDE_VOL,
    SJ_SLOT_BID_SIDE_CNT,
    SJ_SLOT_ASK_SIDE_CNT,
    SJ_SLOT_UNDERLYING,
    SJ_SLOT_SUSPEND,
    SJ_SLOT_ODD_LOT,
    SJ_SLOT_BID_TOTAL,
    SJ_SLOT_ASK_TOTAL,
    SJ_SLOT_DERIVED_BID,
    SJ_SLOT_DERIVED_ASK,
    SJ_SLOT_DERIVED_BID_VOL,
    SJ_SLOT_DERIVED_ASK_VOL,
    SJ_SLOT_COUNT,
    SJ_SLOT_IGNORED = 63 /* checked, not kept */
};
#define SJ_SLOTS_ROWS ((UINT64_C(1) << SJ_SLOT_TOTAL_AMOUNT) - 1)
#define SJ_SLOTS_ALL ((UINT64_C(1) << SJ_SLOT_COUNT) - 1)

/* Text slots. */
enum sj_text_slot {
    SJ_TEXT_SYMBOL,
    SJ_TEXT_SIDE,
    SJ_TEXT_KIND,       /* MD_TICK, MD_BOOK; depthUpdate, trade ... */
    SJ_TEXT_ASSET_TYPE, /* futures, stock */
    SJ_TEXT_EXCHANGE,
    SJ_TEXT_ORIGIN, /* Binance: MARKET, or a trade that is none */
    SJ_TEXT_COUNT
};

/* Arrays of numbers. */
enum sj_array_slot {
    SJ_ARRAY_BID_PRICES,
    SJ_ARRAY_BID_VOLUMES,
    SJ_ARRAY_ASK_PRICES,
    SJ_ARRAY_ASK_VOLUMES,
    SJ_ARRAY_DIFF_BID,
    SJ_ARRAY_DIFF_ASK,
    SJ_ARRAY_COUNT
};
#define SJ_ARRAY_MAX 16

/* Arrays of pairs, price and quantity. */
enum sj_pairs_slot { SJ_PAIRS_BIDS, SJ_PAIRS_ASKS, SJ_PAIRS_COUNT };
#define SJ_PAIRS_MAX 8192

struct sj_text {
    const char *begin;
    size_t size;
};

struct sj_record {
    uint64_t has_numbers; /* by slot; a null or absent one has no bit */
    uint32_t has_texts;
    uint32_t has_arrays;
    uint32_t has_pairs;
    uint32_t pairs_count[SJ_PAIRS_COUNT];
    uint8_t array_count[SJ_ARRAY_COUNT];
    bool blank; /* an empty line: neither a record nor a mistake */
    struct sj_text texts[SJ_TEXT_COUNT];
    struct sj_number numbers[SJ_SLOT_COUNT];
    struct sj_number arrays[SJ_ARRAY_COUNT][SJ_ARRAY_MAX];
    struct sj_number (*pairs[SJ_PAIRS_COUNT])[2]; /* SJ_PAIRS_MAX each, or NULL */
};

static inline bool sj_record_has(const struct sj_record *record, enum sj_slot slot)
{
    return record->has_numbers >> slot & 1;
}

static inline bool sj_text_is(struct sj_text text, const char *word, size_t size)
{
    return text.size == size && __builtin_memcmp(text.begin, word, size) == 0;
}
#define SJ_TEXT_IS(text, word) sj_text_is(text, word, sizeof(word) - 1)

static inline void sj_record_clear(struct sj_record *record)
{
    record->has_numbers = 0;
    record->has_texts = record->has_arrays = record->has_pairs = 0;
    record->blank = false;
}

#endif
