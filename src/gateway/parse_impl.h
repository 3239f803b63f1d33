/*
 * parse_impl.h: what the files of the parser share (parse.c, parse_fields.c, parse_general.c,
 * parse_shape.c, parse_run.c).
 *
 * A payload's field is known by its key (parse_fields.c); where it goes depends on the message: a
 * target. The general path walks any JSON. The fast path runs a shape: the literals and the places
 * of the values, learned from a message that the general path accepted.
 */
#ifndef SJ_GATEWAY_PARSE_IMPL_H
#define SJ_GATEWAY_PARSE_IMPL_H

#include "gateway/parse.h"
#include "gateway/parse_scan.h"

#include <string.h>

#ifdef __AVX2__
#include <immintrin.h>
#endif

#define KEY_SIZE_MAX 31
#define KEY_SLOTS 256
#define MARKS_MAX 128 /* commas of a payload on the fast path */
#define MARKS_SPACE MARKS_ROOM(MARKS_MAX)
#define RECORDS_MAX 128
#define LITERALS_MAX 64
#define OTHERS_MAX 64
#define SHAPES_MAX 8 /* remembered per channel */
#define LITERAL_SIZE 32
#define HEAD_MAX 48 /* bytes between a comma and the value behind it */
#define TAIL_MAX 8  /* bytes between a value and the comma behind it */
#define QUOTES 4    /* commas between quotes looked at together */
#define NO_MARK UINT32_MAX
#define CREDIT_MAX 2048
#define CREDIT_HIT 16
#define MISSES_BEFORE_REST 64
#define TEXT_MAX 64      /* no key, code or decimal that matters is longer */
#define CODE_SIZE_MAX 63 /* of a code told with -SJ_E_UNKNOWN */

enum field {
    FIELD_UNKNOWN,
    FIELD_CODE,
    FIELD_DATE,
    FIELD_TIME,
    FIELD_EXCHANGE,
    FIELD_OPEN,
    FIELD_AVG_PRICE,
    FIELD_CLOSE,
    FIELD_HIGH,
    FIELD_LOW,
    FIELD_REFERENCE,
    FIELD_AMOUNT,
    FIELD_TOTAL_AMOUNT,
    FIELD_VOLUME,
    FIELD_TOTAL_VOLUME,
    FIELD_TICK_TYPE,
    FIELD_CHG_TYPE,
    FIELD_PRICE_CHG,
    FIELD_PCT_CHG,
    FIELD_BID_SIDE_TOTAL_VOL,
    FIELD_ASK_SIDE_TOTAL_VOL,
    FIELD_BID_SIDE_TOTAL_CNT,
    FIELD_ASK_SIDE_TOTAL_CNT,
    FIELD_CLOSING_SHARES,
    FIELD_CLOSING_CLOSE,
    FIELD_CLOSING_AMOUNT,
    FIELD_CLOSING_BID,
    FIELD_CLOSING_ASK,
    FIELD_FIXED_VOL,
    FIELD_FIXED_AMOUNT,
    FIELD_SUSPEND,
    FIELD_SIMTRADE,
    FIELD_INTRADAY_ODD,
    FIELD_UNDERLYING_PRICE,
    FIELD_BID_PRICE,
    FIELD_BID_VOLUME,
    FIELD_DIFF_BID_VOL,
    FIELD_ASK_PRICE,
    FIELD_ASK_VOLUME,
    FIELD_DIFF_ASK_VOL,
    FIELD_BID_TOTAL_VOL,
    FIELD_ASK_TOTAL_VOL,
    FIELD_DERIVED_BID_PRICE,
    FIELD_DERIVED_ASK_PRICE,
    FIELD_DERIVED_BID_VOL,
    FIELD_DERIVED_ASK_VOL,
    FIELD_AVAIL_BORROWING,
    FIELD_COUNT
};
_Static_assert(FIELD_COUNT <= 64, "a bit each");

/* How a value is read and where it goes. */
enum store {
    STORE_NONE,    /* not a field of this message: skipped and counted */
    STORE_IGNORED, /* a field of it that is not kept */
    STORE_CODE,
    STORE_DATE,
    STORE_TIME,
    STORE_E6,
    STORE_I64,
    STORE_U32,
    STORE_U8,
    STORE_TICK_TYPE,
    STORE_FLAG, /* offset: the flag */
    STORE_I32,
    STORE_ARRAY = 16 /* SJ_LEVELS of the store without this bit */
};

struct target {
    uint16_t offset;
    uint8_t store;
    bool closing; /* the offset is into struct sj_closing, not into the frame */
    bool element; /* of an array */
    bool wide;    /* mostly longer than a lane */
};

/* What a channel's payload becomes. */
struct message {
    struct target targets[FIELD_COUNT];
    uint64_t required; /* bits of enum field */
    uint64_t any_of;   /* one of these at least; 0: no such rule */
    uint16_t type;     /* enum sj_event_type */
    uint16_t size;
    uint16_t channel_offset; /* 0: the message has none */
    uint16_t levels_offset;  /* of level_count; 0: none */
    uint16_t volumes_offset; /* of bid_volume */
};

/* By enum sj_channel; type 0: no market event. */
extern const struct message sj_parse_messages[SJ_CHANNEL_COUNT];

struct key {
    char text[KEY_SIZE_MAX + 1]; /* zero-filled */
    uint8_t size;                /* 0: a free slot */
    uint8_t field;
};

/* Values that are read in no way of enum store. */
enum {
    STEP_STRING = STORE_ARRAY, /* not kept */
    STEP_NUMBER,
    STEP_CLOSING_E6 /* the offset is into struct sj_closing */
};

/* Bytes that never change, and which of the 32 they are. */
struct literal {
    _Alignas(32) uint8_t text[LITERAL_SIZE];
    uint8_t mask[LITERAL_SIZE];
};

/* Each stands behind a value, or at a comma that has none before it. */
struct literals {
    struct literal literals[LITERALS_MAX];
    uint16_t marks[LITERALS_MAX];
    uint16_t count;
};

/* A value that no lane reads. */
struct other {
    uint16_t mark;   /* the comma behind it */
    uint16_t offset; /* or the flag */
    uint8_t store;   /* enum store, or STEP_* */
};

/* How numbers read in lanes go into the message: by kind, these behind one another. */
enum { MOVE_8, MOVE_4, MOVE_1, MOVE_CLOSING, MOVE_5X8, MOVE_5X4, MOVE_COUNT };

struct move {
    uint16_t from; /* the comma behind the number */
    uint16_t to;
    uint16_t most; /* MOVE_1: the greatest value */
};

/* A value has the number of the comma behind it (parse_scan.h), the last one that of the payload's
 * end. The arrays have an entry for each. */
struct shape {
    _Alignas(64) int32_t heads[MARKS_SPACE]; /* from the comma before a value to the value */
    int32_t tails[MARKS_SPACE];              /* from its end to the comma behind it */
    int64_t numbers[MARKS_SPACE];            /* as lanes_read() wants them */
    int64_t kinds[MARKS_SPACE];
    int64_t naturals[MARKS_SPACE];
    uint8_t stores[MARKS_SPACE];
    uint32_t last_mark; /* the last comma */
    int32_t last_size;  /* of what is behind the last comma, if that never changes; else 0 */
    uint16_t code, date, time;
    uint16_t quotes_count, flag_count, other_count, group_count;
    uint16_t move_ends[MOVE_COUNT];      /* how many up to this kind */
    uint16_t quotes[MARKS_MAX / QUOTES]; /* so many commas from here on stand between quotes */
    uint16_t groups[MARKS_MAX];          /* the first number of each group of lanes */
    struct other flags[OTHERS_MAX];
    struct other others[OTHERS_MAX];
    struct move moves[RECORDS_MAX];
    struct literals literals;
    struct literals longer; /* 32 bytes further on: what did not fit */
    uint32_t frame_size;
    uint32_t unknown_fields;
    bool has_closing;
    _Alignas(32) char frame[SJ_EVENT_SIZE_MAX]; /* the message with its absent fields null */
    struct sj_closing closing;
};

struct shape_list {
    struct shape *shapes[SHAPES_MAX]; /* the latest used first */
    uint32_t count;
    uint32_t misses; /* payloads since the last hit */
    uint32_t credit; /* learning costs it, hits earn it: shapes that never repeat cost little */
};

/* A value the general path stored, for learning the shape. */
struct record {
    const char *start;
    const char *end;
    struct target target; /* its store without STORE_ARRAY, or STEP_* */
};

typedef bool parse_run(struct sj_parse *parse, struct shape_list *list, const char *json,
                       size_t size, void *frame);

struct sj_parse {
    const struct sj_instruments *table;
    struct shape_list lists[SJ_CHANNEL_COUNT];
    char date[16];   /* the last date's text, 10 bytes */
    int64_t date_ns; /* its midnight in Taipei, UTC */
    enum sj_parse_way way;
    bool has_closing;
    parse_run *run;
    uint32_t lane_count; /* of `run` */
    enum sj_parse_fault fault;
    size_t fault_offset;
    char code[CODE_SIZE_MAX + 1];
    struct sj_closing closing;
    struct sj_parse_counts counts;
    struct key keys[KEY_SLOTS];
    _Alignas(
        32) char blanks[SJ_CHANNEL_COUNT][SJ_EVENT_SIZE_MAX]; /* frames with every field null */
    struct sj_closing blank_closing;
    uint32_t record_count; /* of the payload at hand; UINT32_MAX: it can't be learned */
    uint32_t record_unknown_fields;
    struct record records[RECORDS_MAX];
    char key_text[TEXT_MAX]; /* unescaped copies of the payload at hand */
    char value_text[TEXT_MAX];
    char code_text[TEXT_MAX];
    struct shape *memory;
};

/* Fills the table of keys. */
void sj_parse_keys_init(struct key keys[KEY_SLOTS]);

/* First and last 8 bytes and the length tell all keys apart but a few. Reads 8 bytes at `text`. */
static inline uint32_t sj_parse_key_slot(const char *text, size_t size)
{
    uint64_t first, last = 0;
    memcpy(&first, text, sizeof(first));
    if (size < sizeof(first))
        first &= (1ULL << (8 * size)) - 1;
    else
        memcpy(&last, text + size - sizeof(last), sizeof(last));
    uint64_t mixed = (first + size) * 0x9e3779b97f4a7c15ULL + last * 0xc2b2ae3d27d4eb4fULL;
    return (uint32_t)((mixed ^ (mixed >> 29)) * 0xd6e8feb86659fd93ULL >> 56) % KEY_SLOTS;
}

static inline bool sj_parse_key_equal(const struct key *key, const char *text, size_t size)
{
#ifdef __AVX2__
    __m256i bytes = _mm256_loadu_si256((const __m256i *)text);
    __m256i known = _mm256_loadu_si256((const __m256i *)key->text);
    uint32_t equal = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, known));
    return key->size == size && (~equal & ((1U << size) - 1)) == 0;
#else
    return key->size == size && memcmp(key->text, text, size) == 0;
#endif
}

/* The field of a key, FIELD_UNKNOWN if none. Reads 32 bytes at `text`. */
static inline enum field sj_parse_key_find(const struct key keys[KEY_SLOTS], const char *text,
                                           size_t size)
{
    if (size == 0 || size > KEY_SIZE_MAX)
        return FIELD_UNKNOWN;
    for (uint32_t slot = sj_parse_key_slot(text, size);; slot = (slot + 1) % KEY_SLOTS) {
        if (sj_parse_key_equal(&keys[slot], text, size))
            return (enum field)keys[slot].field;
        if (keys[slot].size == 0)
            return FIELD_UNKNOWN;
    }
}

/* A frame with its head and every field null. */
void sj_parse_frame_init(const struct message *message, enum sj_channel channel, void *frame);
void sj_parse_closing_init(struct sj_closing *closing);

/* The general path: any JSON. Gives the frame's fields all but recv_ns; records when `record`. */
enum sj_parse_fault sj_parse_general(struct sj_parse *parse, enum sj_channel channel,
                                     const char *json, size_t size, void *frame, bool record);

/* The fast path: true if a shape fitted and the frame is finished (but for recv_ns). */
parse_run sj_parse_fast;
parse_run sj_parse_fast_avx512; /* for processors that have it (with VBMI2) */
extern const uint32_t sj_parse_fast_lanes, sj_parse_fast_avx512_lanes;

/* Makes the shape that fitted the first to be tried. */
void sj_parse_shape_to_front(struct shape_list *list, uint32_t at);

/* Counts a payload that no shape fitted; true if its shape shall be learned. */
bool sj_parse_worth_learning(struct shape_list *list);

/* Learns the shape of the payload just recorded, whose frame is finished. */
void sj_parse_learn(struct sj_parse *parse, enum sj_channel channel, const char *json, size_t size,
                    const void *frame);

/* Stores a whole number; false: out of the field's range. */
static inline bool store_integer(uint8_t store, int64_t value, void *to)
{
    uint32_t u32 = (uint32_t)value;
    switch (store) {
    case STORE_I64:
        memcpy(to, &value, sizeof(value));
        return true;
    case STORE_U32:
        memcpy(to, &u32, sizeof(u32));
        return (uint64_t)value < SJ_NULL_U32;
    case STORE_I32:
        memcpy(to, &u32, sizeof(u32));
        return value == (int32_t)u32;
    case STORE_U8:
        *(uint8_t *)to = (uint8_t)value;
        return (uint64_t)value <= UINT8_MAX;
    default:
        *(uint8_t *)to = (uint8_t)value;
        return (uint64_t)value <= SJ_TICK_SELL;
    }
}

/* Midnight in Taipei of a date's text, UTC; false: no date. Keeps the last one. */
bool sj_parse_date(struct sj_parse *parse, const char *text, size_t size, int64_t *ret_ns);

#endif
