#include "store/rows.h"

#include "base/assert.h"
#include "base/rng.h"
#include "base/tw_time.h"
#include "market/calendar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sj_rc sj_store_bytes_reserve(struct sj_store_bytes *bytes, size_t more)
{
    if (bytes->capacity - bytes->size >= more)
        return 0;
    size_t capacity = bytes->capacity < 4096 ? 4096 : bytes->capacity;
    while (capacity - bytes->size < more) {
        if (capacity > SIZE_MAX / 2)
            return -ENOMEM;
        capacity *= 2;
    }
    uint8_t *data = realloc(bytes->data, capacity);
    if (data == NULL)
        return -ENOMEM;
    bytes->data = data;
    bytes->capacity = capacity;
    return 0;
}

sj_rc sj_store_bytes_append(struct sj_store_bytes *bytes, const void *data, size_t size)
{
    sj_rc rc = sj_store_bytes_reserve(bytes, size);
    if (rc < 0)
        return rc;
    if (size > 0)
        memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
    return 0;
}

void sj_store_bytes_done(struct sj_store_bytes *bytes)
{
    free(bytes->data);
    memset(bytes, 0, sizeof(*bytes));
}

static void set_code(struct sj_store_symbol *cell, const char *code, size_t size)
{
    memset(cell->native, 0, sizeof(cell->native));
    cell->native[0] = (char)size;
    memcpy(cell->native + 1, code, size);
}

static void set_unknown(struct sj_store_symbol *cell, uint32_t id)
{
    char text[16];
    int length = id > 0 ? snprintf(text, sizeof(text), "#%u", id) : 0;
    memset(cell, 0, sizeof(*cell));
    set_code(cell, text, (size_t)length);
    cell->unit = 1;
}

sj_rc sj_store_symbols_init(struct sj_store_symbols *symbols, uint32_t capacity)
{
    memset(symbols, 0, sizeof(*symbols));
    symbols->cells = calloc(capacity, sizeof(*symbols->cells));
    symbols->definitions = calloc(capacity, sizeof(*symbols->definitions));
    if (symbols->cells == NULL || symbols->definitions == NULL) {
        sj_store_symbols_done(symbols);
        return -ENOMEM;
    }
    symbols->capacity = capacity;
    symbols->count = 1;
    for (uint32_t id = 0; id < capacity; id++)
        set_unknown(&symbols->cells[id], id);
    return 0;
}

void sj_store_symbols_done(struct sj_store_symbols *symbols)
{
    free(symbols->cells);
    free(symbols->definitions);
    memset(symbols, 0, sizeof(*symbols));
}

sj_rc sj_store_symbols_put(struct sj_store_symbols *symbols, const struct sj_instrument *definition)
{
    uint32_t id = definition->instrument;
    if (id == 0 || id >= symbols->capacity)
        return -SJ_E_RANGE;
    struct sj_store_symbol *cell = &symbols->cells[id];
    size_t size = strnlen(definition->code, sizeof(definition->code));
    bool is_same = cell->known != 0 && (size_t)cell->native[0] == size &&
                   memcmp(cell->native + 1, definition->code, size) == 0 &&
                   cell->asset == definition->security && cell->exchange == definition->exchange;
    if (is_same)
        return 0;
    set_code(cell, definition->code, size);
    cell->asset =
        definition->security <= sj_store_enum_max(SJ_STORE_ENUM_ASSET) ? definition->security : 0;
    cell->exchange = definition->exchange <= sj_store_enum_max(SJ_STORE_ENUM_EXCHANGE)
                         ? definition->exchange
                         : 0;
    cell->unit = definition->unit > 0 ? definition->unit : 1;
    symbols->known_count += cell->known == 0;
    cell->known = 1;
    symbols->definitions[id] = *definition;
    if (id >= symbols->count)
        symbols->count = id + 1;
    symbols->change_count++;
    symbols->is_ranked = false;
    return 1;
}

static int compare_cells(const void *a, const void *b, void *context)
{
    const struct sj_store_symbols *symbols = context;
    const struct sj_store_symbol *left = &symbols->cells[*(const uint32_t *)a];
    const struct sj_store_symbol *right = &symbols->cells[*(const uint32_t *)b];
    int order = memcmp(left->native + 1, right->native + 1, sizeof(left->native) - 1);
    return order != 0 ? order : left->native[0] - right->native[0];
}

void sj_store_symbols_rank(struct sj_store_symbols *symbols)
{
    if (symbols->is_ranked)
        return;
    uint32_t *ids = malloc(symbols->count * sizeof(*ids));
    if (ids == NULL)
        return; /* the server sorts what we do not */
    for (uint32_t id = 0; id < symbols->count; id++)
        ids[id] = id;
    qsort_r(ids, symbols->count, sizeof(*ids), compare_cells, symbols);
    for (uint32_t i = 0; i < symbols->count; i++)
        symbols->cells[ids[i]].rank = i;
    free(ids);
    symbols->is_ranked = true;
}

const struct sj_store_symbol *sj_store_symbol_of(const struct sj_store_symbols *symbols,
                                                 uint32_t id)
{
    return &symbols->cells[SJ_LIKELY(id < symbols->capacity) ? id : 0];
}

/* The days a Date column of any server holds. */
#define DAY_NUMBER_MAX 49709 /* 2106-02-06; the last that 18.16 shows right */

static void find_day(struct sj_store_days *days, int64_t utc_ns)
{
    int64_t last_ns = (DAY_NUMBER_MAX - 1) * SJ_NS_PER_DAY;
    int64_t ns = utc_ns < 0 ? 0 : utc_ns > last_ns ? last_ns : utc_ns;
    const struct sj_market_rules *rules = sj_market_rules_shared();
    int32_t date =
        sj_tw_trading_day(ns, rules ? sj_market_holidays(rules, SJ_BOARD_FUTURES) : NULL);
    days->day_number = sj_date_to_day(date);
    days->month = date / 100;
    /* The answer can only change at 00:00 and 15:00 Taipei: hold it for the hour asked about. */
    days->from_ns = utc_ns - (ns % (3600 * SJ_NS_PER_S));
    days->to_ns = days->from_ns + 3600 * SJ_NS_PER_S;
    if (ns != utc_ns)
        days->to_ns = days->from_ns; /* out of range: never remembered */
}

uint16_t sj_store_day_of(struct sj_store_days *days, int64_t utc_ns)
{
    if (SJ_UNLIKELY(utc_ns < days->from_ns || utc_ns >= days->to_ns))
        find_day(days, utc_ns);
    return (uint16_t)days->day_number;
}

int32_t sj_store_month_of(struct sj_store_days *days, int64_t utc_ns)
{
    if (SJ_UNLIKELY(utc_ns < days->from_ns || utc_ns >= days->to_ns))
        find_day(days, utc_ns);
    return days->month;
}

int64_t sj_store_frame_ts(const void *frame)
{
    const struct sj_frame *head = frame;
    if (head->exch_ns != SJ_NULL_I64 || head->template_id == SJ_EVENT_TIMER)
        return head->exch_ns;
    return ((const struct sj_trade *)frame)->recv_ns;
}

static uint32_t rank_of(const struct sj_store_rows *rows, const struct sj_store_symbols *symbols,
                        uint32_t row)
{
    const struct sj_frame *frame =
        (const struct sj_frame *)(rows->frames + (size_t)row * rows->table->row_size);
    return sj_store_symbol_of(symbols, frame->instrument)->rank;
}

int sj_store_rows_sort(const struct sj_store_rows *rows, const struct sj_store_symbols *symbols,
                       uint32_t *scratch, uint32_t *ret_order)
{
    bool is_sorted = true;
    uint32_t before = 0;
    memset(scratch, 0, (symbols->count + 1) * sizeof(*scratch));
    for (uint32_t row = 0; row < rows->count; row++) {
        uint32_t rank = rank_of(rows, symbols, row);
        is_sorted &= rank >= before;
        before = rank;
        scratch[rank + 1]++;
    }
    if (is_sorted)
        return 0;
    for (uint32_t rank = 0; rank < symbols->count; rank++)
        scratch[rank + 1] += scratch[rank];
    for (uint32_t row = 0; row < rows->count; row++)
        ret_order[scratch[rank_of(rows, symbols, row)]++] = row;
    return 1;
}

#define DECIMAL_MAX 1000000000000000000 /* 18 digits */

static int64_t price_of(const struct sj_trade *trade)
{
    return trade->price_e6 == SJ_NULL_E6 ? 0 : trade->price_e6;
}

uint32_t sj_store_unit_of(const void *frame, const struct sj_store_symbol *symbol)
{
    const struct sj_trade *trade = frame;
    uint32_t unit = (trade->flags & SJ_FLAG_ODD_LOT) != 0 ? 1 : symbol->unit;
    sj_int128 amount = (sj_int128)price_of(trade) * trade->volume * unit;
    return amount < DECIMAL_MAX && amount > -DECIMAL_MAX ? unit : 0;
}

/* As the alias divides: towards zero. */
static int64_t average_of(const struct sj_trade *trade)
{
    if (trade->total_amount_e6 == SJ_NULL_E6)
        return 0;
    return trade->total_amount_e6 / (trade->total_volume > 0 ? trade->total_volume : 1);
}

int64_t sj_store_rest_of(const void *frame, const struct sj_store_column *column,
                         const struct sj_store_symbol *symbol)
{
    const struct sj_trade *trade = frame; /* and a quote: both begin with the same fields */
    int64_t value;
    memcpy(&value, (const uint8_t *)frame + column->offset, sizeof(value));
    uint64_t bits = (uint64_t)value;
    switch ((enum sj_store_derive)column->derive) {
    case SJ_STORE_DERIVE_DELAY:
        return (int64_t)(bits - (uint64_t)sj_store_frame_ts(frame));
    case SJ_STORE_DERIVE_AMOUNT:
        return (int64_t)(bits - (uint64_t)price_of(trade) * trade->volume *
                                    sj_store_unit_of(frame, symbol));
    case SJ_STORE_DERIVE_AVERAGE:
        return (int64_t)(bits - (uint64_t)average_of(trade));
    case SJ_STORE_DERIVE_CHANGE:
        return (int64_t)((uint64_t)price_of(trade) - bits);
    default:
        return value;
    }
}
