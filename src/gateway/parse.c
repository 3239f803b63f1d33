#include "gateway/parse_impl.h"

#include "base/tw_time.h"

#include <errno.h>
#include <stdlib.h>

#define DATE_SIZE 10
#define CREDIT_FIRST 2048 /* the first shapes of a channel are learned at once */

static bool run_never(struct sj_parse *parse, struct shape_list *list, const char *json,
                      size_t size, void *frame)
{
    (void)parse, (void)list, (void)json, (void)size, (void)frame;
    return false;
}

void sj_parse_set_way(struct sj_parse *parse, enum sj_parse_way way)
{
    parse->way = way;
    parse->run = way == SJ_PARSE_GENERAL ? run_never : sj_parse_fast;
    parse->lane_count = sj_parse_fast_lanes;
#ifdef SJ_PARSE_AVX512
    if (way == SJ_PARSE_BEST && __builtin_cpu_supports("avx512vbmi2")) {
        parse->run = sj_parse_fast_avx512;
        parse->lane_count = sj_parse_fast_avx512_lanes;
    }
#endif
    /* What was learned is for the lanes of another way. */
    for (int channel = 0; channel < SJ_CHANNEL_COUNT; channel++) {
        parse->lists[channel].count = 0;
        parse->lists[channel].credit = CREDIT_FIRST;
        parse->lists[channel].shapes[0]->last_mark = NO_MARK;
    }
}

sj_rc sj_parse_create(const struct sj_instruments *table, struct sj_parse **ret_parse)
{
    struct sj_parse *parse = aligned_alloc(64, (sizeof(*parse) + 63) / 64 * 64);
    if (!parse)
        return -ENOMEM;
    memset(parse, 0, sizeof(*parse));
    size_t count = (size_t)SJ_CHANNEL_COUNT * SHAPES_MAX;
    parse->memory = aligned_alloc(64, (count * sizeof(struct shape) + 63) / 64 * 64);
    if (!parse->memory) {
        free(parse);
        return -ENOMEM;
    }
    memset(parse->memory, 0, count * sizeof(struct shape));
    for (int channel = 0; channel < SJ_CHANNEL_COUNT; channel++) {
        struct shape_list *list = &parse->lists[channel];
        for (int i = 0; i < SHAPES_MAX; i++)
            list->shapes[i] = &parse->memory[channel * SHAPES_MAX + i];
        if (sj_parse_messages[channel].type != 0)
            sj_parse_frame_init(&sj_parse_messages[channel], (enum sj_channel)channel,
                                parse->blanks[channel]);
    }
    sj_parse_closing_init(&parse->blank_closing);
    sj_parse_keys_init(parse->keys);
    parse->table = table;
    sj_parse_set_way(parse, SJ_PARSE_BEST);
    *ret_parse = parse;
    return 0;
}

void sj_parse_close(struct sj_parse *parse)
{
    if (!parse)
        return;
    free(parse->memory);
    free(parse);
}

enum sj_channel sj_parse_channel(const char *event, size_t size)
{
    static const char *const names[SJ_CHANNEL_COUNT] = {
        [SJ_CHANNEL_TICK_STK] = "tick_stk",       [SJ_CHANNEL_BIDASK_STK] = "bidask_stk",
        [SJ_CHANNEL_QUOTE_STK] = "quote_stk",     [SJ_CHANNEL_TICK_FOP] = "tick_fop",
        [SJ_CHANNEL_BIDASK_FOP] = "bidask_fop",   [SJ_CHANNEL_QUOTE_FOP] = "quote_fop",
        [SJ_CHANNEL_QUOTE_IDX] = "quote_idx",     [SJ_CHANNEL_ORDER] = "order_event",
        [SJ_CHANNEL_CONTRACT] = "contract_event",
    };
    for (int i = 1; i < SJ_CHANNEL_COUNT; i++)
        if (strlen(names[i]) == size && memcmp(names[i], event, size) == 0)
            return (enum sj_channel)i;
    return SJ_CHANNEL_NONE;
}

/* YYYY-MM-DD or YYYY/MM/DD, nothing shorter. */
static bool date_form(const char *text, size_t size)
{
    if (size != DATE_SIZE || (text[4] != '-' && text[4] != '/') || text[7] != text[4])
        return false;
    for (size_t i = 0; i < size; i++)
        if (i != 4 && i != 7 && (text[i] < '0' || text[i] > '9'))
            return false;
    return true;
}

bool sj_parse_date(struct sj_parse *parse, const char *text, size_t size, int64_t *ret_ns)
{
    int32_t date;
    if (size != DATE_SIZE || memcmp(text, parse->date, DATE_SIZE) != 0) {
        if (!date_form(text, size) || sj_date_parse(text, size, &date) < 0)
            return false;
        parse->date_ns = sj_tw_to_utc_ns(date, 0);
        memcpy(parse->date, text, DATE_SIZE);
    }
    *ret_ns = parse->date_ns;
    return true;
}

static sj_rc rc_of(enum sj_parse_fault fault)
{
    switch (fault) {
    case SJ_PARSE_INSTRUMENT:
        return -SJ_E_UNKNOWN;
    case SJ_PARSE_RANGE:
        return -SJ_E_RANGE;
    default:
        return -SJ_E_MALFORMED;
    }
}

static sj_rc fail(struct sj_parse *parse, enum sj_parse_fault fault)
{
    parse->fault = fault;
    parse->counts.faults[fault]++;
    return rc_of(fault);
}

static inline sj_rc finished(struct sj_parse *parse, enum sj_channel channel, int64_t recv_ns,
                             void *frame)
{
    struct sj_trade *event = frame; /* all begin alike */
    event->recv_ns = recv_ns;
    parse->counts.events++;
    if (parse->has_closing) {
        parse->closing.instrument = event->instrument;
        parse->closing.flags = event->flags;
        parse->closing.exch_ns = event->exch_ns;
        parse->closing.recv_ns = recv_ns;
    }
    return (sj_rc)sj_parse_messages[channel].size;
}

/* The general path, and the shape learned from it. */
static __attribute__((noinline)) sj_rc parse_slowly(struct sj_parse *parse, enum sj_channel channel,
                                                    const char *json, size_t size, int64_t recv_ns,
                                                    void *frame)
{
    if (sj_parse_messages[channel].type == 0)
        return -SJ_E_REFUSED;
    parse->fault_offset = 0;
    if (size > SJ_PARSE_SIZE_MAX)
        return fail(parse, SJ_PARSE_OVERSIZED);
    bool learn = parse->way != SJ_PARSE_GENERAL && sj_parse_worth_learning(&parse->lists[channel]);
    enum sj_parse_fault fault = sj_parse_general(parse, channel, json, size, frame, learn);
    if (fault != SJ_PARSE_NONE)
        return fail(parse, fault);
    if (learn)
        sj_parse_learn(parse, channel, json, size, frame);
    return finished(parse, channel, recv_ns, frame);
}

sj_rc sj_parse_event(struct sj_parse *parse, enum sj_channel channel, const char *json, size_t size,
                     int64_t recv_ns, void *frame)
{
    if ((unsigned)channel >= SJ_CHANNEL_COUNT)
        return -SJ_E_REFUSED;
    struct shape_list *list = &parse->lists[channel];
    /* While nothing fits, only some payloads are tried. */
    bool try =
        size <= SJ_PARSE_SIZE_MAX && (list->misses <= MISSES_BEFORE_REST || list->misses % 8 == 0);
    if (!try || !parse->run(parse, list, json, size, frame))
        return parse_slowly(parse, channel, json, size, recv_ns, frame);
    list->misses = 0;
    if (list->credit < CREDIT_MAX)
        list->credit += CREDIT_HIT;
    parse->counts.fast++;
    return finished(parse, channel, recv_ns, frame);
}

static bool is_set(int64_t value)
{
    return value != SJ_NULL_I64 && value != 0;
}

bool sj_parse_closing(const struct sj_parse *parse, struct sj_closing *closing)
{
    const struct sj_closing *from = &parse->closing;
    if (!parse->has_closing ||
        !(is_set(from->closing_oddlot_shares) || is_set(from->closing_oddlot_close_e6) ||
          is_set(from->closing_oddlot_amount_e6) || is_set(from->closing_oddlot_bid_price_e6) ||
          is_set(from->closing_oddlot_ask_price_e6) || is_set(from->fixed_trade_vol) ||
          is_set(from->fixed_trade_amount_e6)))
        return false;
    *closing = *from;
    return true;
}

enum sj_parse_fault sj_parse_fault(const struct sj_parse *parse, size_t *ret_offset)
{
    *ret_offset = parse->fault_offset;
    return parse->fault;
}

const char *sj_parse_code(const struct sj_parse *parse)
{
    return parse->code;
}

const struct sj_parse_counts *sj_parse_counts(const struct sj_parse *parse)
{
    return &parse->counts;
}

static const struct {
    const char *name;
    const char *text;
} faults[SJ_PARSE_FAULT_COUNT] = {
#define X(id, name, text) {name, text},
    SJ_PARSE_FAULT_TABLE(X)
#undef X
};

const char *sj_parse_fault_name(enum sj_parse_fault fault)
{
    return (unsigned)fault < SJ_PARSE_FAULT_COUNT ? faults[fault].name : "unknown";
}

const char *sj_parse_fault_text(enum sj_parse_fault fault)
{
    return (unsigned)fault < SJ_PARSE_FAULT_COUNT ? faults[fault].text : "unknown";
}
