#include "exchange/exchange.h"

#include "base/assert.h"
#include "exchange/book.h"

#include <errno.h>
#include <stdlib.h>

static uint64_t slot_id(const struct sj_exchange_engine *exchange, uint32_t index)
{
    return (uint64_t)exchange->slots[index].generation << 32 | (index + 1);
}

static struct order_slot *find_slot(const struct sj_exchange_engine *exchange, uint64_t id)
{
    uint32_t index = (uint32_t)id - 1;
    if (index >= exchange->slot_max)
        return NULL;
    struct order_slot *slot = &exchange->slots[index];
    bool alive = slot->quantity != 0 && slot->generation == (uint32_t)(id >> 32);
    return alive ? slot : NULL;
}

sj_rc sj_exchange_create(uint32_t book_count, uint32_t order_max, sj_exchange_fill_fn on_fill,
                         void *context, struct sj_exchange_engine **ret_exchange)
{
    if (book_count == 0 || order_max == 0 || order_max >= SLOT_NONE - 1 || !on_fill)
        return -SJ_E_RANGE;
    struct sj_exchange_engine *exchange = calloc(1, sizeof *exchange);
    if (!exchange)
        return -ENOMEM;
    exchange->slots = calloc(order_max, sizeof *exchange->slots);
    exchange->books = calloc(book_count, sizeof *exchange->books);
    if (!exchange->slots || !exchange->books) {
        sj_exchange_close(exchange);
        return -ENOMEM;
    }
    exchange->slot_max = order_max;
    exchange->book_count = book_count;
    exchange->on_fill = on_fill;
    exchange->context = context;
    for (uint32_t i = 0; i < order_max; i++)
        exchange->slots[i].next = i + 1 < order_max ? i + 1 : SLOT_NONE;
    *ret_exchange = exchange;
    return 0;
}

void sj_exchange_close(struct sj_exchange_engine *exchange)
{
    if (!exchange)
        return;
    for (uint32_t i = 0; exchange->books && i < exchange->book_count; i++)
        free(exchange->books[i].levels[0]);
    free(exchange->books);
    free(exchange->slots);
    free(exchange);
}

sj_rc sj_exchange_open_book(struct sj_exchange_engine *exchange, uint32_t book_index,
                            uint32_t rung_count)
{
    if (book_index >= exchange->book_count || rung_count == 0 || rung_count > SJ_EXCHANGE_RUNG_MAX)
        return -SJ_E_RANGE;
    struct book *book = &exchange->books[book_index];
    if (book->rung_count != 0)
        return -SJ_E_BUSY;
    size_t words = (rung_count + 63) / 64;
    /* One allocation: levels of both sides, then their bitmaps. */
    struct book_level *levels =
        calloc(1, 2 * rung_count * sizeof *levels + 2 * words * sizeof(uint64_t));
    if (!levels)
        return -ENOMEM;
    uint64_t *bits = (uint64_t *)(levels + 2 * (size_t)rung_count);
    for (uint32_t side = 0; side < 2; side++) {
        book->levels[side] = levels + side * (size_t)rung_count;
        book->bits[side] = bits + side * words;
        book->best[side] = -1;
        for (uint32_t rung = 0; rung < rung_count; rung++)
            book->levels[side][rung] = (struct book_level){.head = SLOT_NONE, .tail = SLOT_NONE};
    }
    book->rung_count = rung_count;
    return 0;
}

static int32_t scan_up(const struct book *book, uint32_t side, int32_t rung)
{
    int32_t word = rung >> 6;
    int32_t word_count = (int32_t)((book->rung_count + 63) / 64);
    uint64_t bits = book->bits[side][word] & (~0ull << (rung & 63));
    while (bits == 0) {
        if (++word == word_count)
            return -1;
        bits = book->bits[side][word];
    }
    return word * 64 + __builtin_ctzll(bits);
}

static int32_t scan_down(const struct book *book, uint32_t side, int32_t rung)
{
    int32_t word = rung >> 6;
    uint64_t bits = book->bits[side][word] & (~0ull >> (63 - (rung & 63)));
    while (bits == 0) {
        if (word-- == 0)
            return -1;
        bits = book->bits[side][word];
    }
    return word * 64 + 63 - __builtin_clzll(bits);
}

int32_t sj_exchange_scan_(const struct book *book, uint32_t side, int32_t rung)
{
    if (rung < 0 || rung >= (int32_t)book->rung_count)
        return -1;
    return side == 0 ? scan_down(book, side, rung) : scan_up(book, side, rung);
}

static void mark_empty(struct book *book, uint32_t side, int32_t rung)
{
    book->bits[side][rung >> 6] &= ~(1ull << (rung & 63));
    if (book->best[side] == rung)
        book->best[side] = sj_exchange_scan_(book, side, rung);
}

static void mark_used(struct book *book, uint32_t side, int32_t rung)
{
    book->bits[side][rung >> 6] |= 1ull << (rung & 63);
    int32_t best = book->best[side];
    if (best < 0 || (side == 0 ? rung > best : rung < best))
        book->best[side] = rung;
}

void sj_exchange_remove_(struct sj_exchange_engine *exchange, uint32_t index)
{
    struct order_slot *slot = &exchange->slots[index];
    struct book *book = &exchange->books[slot->book];
    struct book_level *level = &book->levels[slot->side_index][slot->rung];
    if (slot->prev != SLOT_NONE)
        exchange->slots[slot->prev].next = slot->next;
    else
        level->head = slot->next;
    if (slot->next != SLOT_NONE)
        exchange->slots[slot->next].prev = slot->prev;
    else
        level->tail = slot->prev;
    level->quantity -= slot->quantity;
    if (--level->count == 0)
        mark_empty(book, slot->side_index, slot->rung);
    slot->quantity = 0;
    slot->generation++;
    slot->next = exchange->free_head;
    exchange->free_head = index;
    exchange->used--;
}

/* Puts an order at the back of its level. A free slot was checked for. */
static uint64_t rest(struct sj_exchange_engine *exchange, const struct sj_exchange_order *order,
                     int32_t rung, uint32_t quantity)
{
    uint32_t index = exchange->free_head;
    SJ_ASSERT(index != SLOT_NONE);
    struct order_slot *slot = &exchange->slots[index];
    struct book *book = &exchange->books[order->book];
    uint32_t side = side_index(order->side);
    struct book_level *level = &book->levels[side][rung];
    exchange->free_head = slot->next;
    exchange->used++;
    slot->next = SLOT_NONE;
    slot->prev = level->tail;
    slot->rung = rung;
    slot->quantity = quantity;
    slot->owner = order->owner;
    slot->book = order->book;
    slot->side_index = (uint8_t)side;
    if (level->tail != SLOT_NONE)
        exchange->slots[level->tail].next = index;
    else
        level->head = index;
    level->tail = index;
    level->quantity += quantity;
    if (level->count++ == 0)
        mark_used(book, side, rung);
    return slot_id(exchange, index);
}

uint32_t sj_exchange_take_head_(struct sj_exchange_engine *exchange, struct book *book,
                                uint32_t side, uint32_t quantity, struct sj_exchange_fill *fill)
{
    int32_t rung = book->best[side];
    struct book_level *level = &book->levels[side][rung];
    uint32_t index = level->head;
    struct order_slot *maker = &exchange->slots[index];
    uint32_t matched = maker->quantity < quantity ? maker->quantity : quantity;
    fill->quantity = matched;
    fill->maker_owner = maker->owner;
    fill->maker_id = slot_id(exchange, index);
    fill->maker_left = maker->quantity - matched;
    if (matched == maker->quantity) {
        sj_exchange_remove_(exchange, index);
    } else {
        maker->quantity -= matched;
        level->quantity -= matched;
    }
    return matched;
}

/* The worst rung an order may match or rest at. */
static int32_t reach(const struct book *book, const struct sj_exchange_order *order)
{
    bool buy = order->side == SJ_SIDE_BUY;
    int32_t limit = buy ? (int32_t)book->rung_count - 1 : 0;
    if (order->price_type == SJ_PRICE_LMT)
        return order->rung;
    if (order->price_type == SJ_PRICE_MKT || book->phase == SJ_PHASE_AUCTION)
        return limit;
    /* Protection counts from the best price of the order's own side, else from the other one. */
    int32_t from = book->best[buy ? 0 : 1];
    if (from < 0)
        from = book->best[buy ? 1 : 0];
    if (from < 0)
        return limit;
    int32_t rung = buy ? from + order->protection_rungs : from - order->protection_rungs;
    return buy ? (rung > limit ? limit : rung) : (rung < 0 ? 0 : rung);
}

static bool crosses(const struct book *book, uint32_t maker_side, int32_t rung)
{
    int32_t best = book->best[maker_side];
    return best >= 0 && (maker_side == 1 ? best <= rung : best >= rung);
}

/* Whether `quantity` can be matched at once within `rung`. */
static bool fillable(const struct book *book, uint32_t maker_side, int32_t rung, uint32_t quantity)
{
    uint64_t sum = 0;
    int32_t at = book->best[maker_side];
    while (at >= 0 && (maker_side == 1 ? at <= rung : at >= rung)) {
        sum += book->levels[maker_side][at].quantity;
        if (sum >= quantity)
            return true;
        at = sj_exchange_scan_(book, maker_side, maker_side == 1 ? at + 1 : at - 1);
    }
    return false;
}

static uint32_t match(struct sj_exchange_engine *exchange, const struct sj_exchange_order *order,
                      int32_t rung)
{
    struct book *book = &exchange->books[order->book];
    uint32_t maker_side = 1 - side_index(order->side);
    uint32_t left = order->quantity;
    struct sj_exchange_fill fill = {
        .book = order->book, .taker_side = order->side, .taker_owner = order->owner};
    while (left > 0 && crosses(book, maker_side, rung)) {
        fill.rung = book->best[maker_side];
        left -= sj_exchange_take_head_(exchange, book, maker_side, left, &fill);
        exchange->on_fill(exchange->context, &fill);
    }
    return order->quantity - left;
}

static sj_rc check_order(const struct sj_exchange_engine *exchange,
                         const struct sj_exchange_order *order)
{
    if (order->book >= exchange->book_count)
        return -SJ_E_RANGE;
    const struct book *book = &exchange->books[order->book];
    bool limit = order->price_type == SJ_PRICE_LMT;
    if (order->side != SJ_SIDE_BUY && order->side != SJ_SIDE_SELL)
        return -SJ_E_RANGE;
    if (order->price_type < SJ_PRICE_LMT || order->price_type > SJ_PRICE_MKP ||
        order->time_in_force < SJ_TIF_ROD || order->time_in_force > SJ_TIF_FOK)
        return -SJ_E_RANGE;
    if (order->quantity == 0 || order->quantity > SJ_EXCHANGE_QUANTITY_MAX)
        return -SJ_E_RANGE;
    if (limit && (order->rung < 0 || order->rung >= (int32_t)book->rung_count))
        return -SJ_E_RANGE;
    if (book->phase == SJ_PHASE_CLOSED)
        return -SJ_E_REFUSED;
    if (book->phase == SJ_PHASE_AUCTION && order->time_in_force != SJ_TIF_ROD)
        return -SJ_E_REFUSED;
    if (exchange->free_head == SLOT_NONE)
        return -SJ_E_LIMIT;
    return 0;
}

sj_rc sj_exchange_submit(struct sj_exchange_engine *exchange, const struct sj_exchange_order *order,
                         struct sj_exchange_result *ret_result)
{
    sj_rc rc = check_order(exchange, order);
    if (rc < 0)
        return rc;
    const struct book *book = &exchange->books[order->book];
    int32_t rung = reach(book, order);
    struct sj_exchange_result result = {.rung = rung};
    bool all_or_none = order->time_in_force == SJ_TIF_FOK;
    bool may_match = book->phase == SJ_PHASE_CONTINUOUS;
    if (all_or_none && !fillable(book, 1 - side_index(order->side), rung, order->quantity))
        may_match = false;
    if (may_match)
        result.filled = match(exchange, order, rung);
    uint32_t left = order->quantity - result.filled;
    if (left > 0 && order->time_in_force == SJ_TIF_ROD) {
        result.id = rest(exchange, order, rung, left);
        result.resting = left;
    } else {
        result.cancelled = left;
    }
    *ret_result = result;
    return 0;
}

sj_rc sj_exchange_cancel(struct sj_exchange_engine *exchange, uint64_t id, uint32_t *ret_quantity)
{
    struct order_slot *slot = find_slot(exchange, id);
    if (!slot)
        return -SJ_E_UNKNOWN;
    *ret_quantity = slot->quantity;
    sj_exchange_remove_(exchange, (uint32_t)id - 1);
    return 0;
}

sj_rc sj_exchange_reduce(struct sj_exchange_engine *exchange, uint64_t id, uint32_t quantity)
{
    struct order_slot *slot = find_slot(exchange, id);
    if (!slot)
        return -SJ_E_UNKNOWN;
    if (quantity > slot->quantity)
        return -SJ_E_REFUSED;
    if (quantity == slot->quantity) {
        sj_exchange_remove_(exchange, (uint32_t)id - 1);
        return 0;
    }
    exchange->books[slot->book].levels[slot->side_index][slot->rung].quantity -= quantity;
    slot->quantity -= quantity;
    return 0;
}

sj_rc sj_exchange_reprice(struct sj_exchange_engine *exchange, uint64_t id, int32_t rung,
                          struct sj_exchange_result *ret_result)
{
    struct order_slot *slot = find_slot(exchange, id);
    if (!slot)
        return -SJ_E_UNKNOWN;
    const struct book *book = &exchange->books[slot->book];
    if (rung < 0 || rung >= (int32_t)book->rung_count)
        return -SJ_E_RANGE;
    if (book->phase == SJ_PHASE_CLOSED)
        return -SJ_E_REFUSED;
    struct sj_exchange_order order = {.book = slot->book,
                                      .rung = rung,
                                      .quantity = slot->quantity,
                                      .owner = slot->owner,
                                      .side = slot->side_index == 0 ? SJ_SIDE_BUY : SJ_SIDE_SELL,
                                      .price_type = SJ_PRICE_LMT,
                                      .time_in_force = SJ_TIF_ROD};
    sj_exchange_remove_(exchange, (uint32_t)id - 1);
    return sj_exchange_submit(exchange, &order, ret_result);
}

sj_rc sj_exchange_set_phase(struct sj_exchange_engine *exchange, uint32_t book_index,
                            enum sj_exchange_phase phase, int32_t reference_rung)
{
    if (book_index >= exchange->book_count || exchange->books[book_index].rung_count == 0)
        return -SJ_E_RANGE;
    struct book *book = &exchange->books[book_index];
    int32_t rung;
    if (phase == SJ_PHASE_CONTINUOUS && book->phase != SJ_PHASE_CONTINUOUS)
        sj_exchange_uncross(exchange, book_index, reference_rung, &rung);
    book->phase = (uint8_t)phase;
    return 0;
}

enum sj_exchange_phase sj_exchange_phase(const struct sj_exchange_engine *exchange, uint32_t book)
{
    return (enum sj_exchange_phase)exchange->books[book].phase;
}

int32_t sj_exchange_best(const struct sj_exchange_engine *exchange, uint32_t book,
                         enum sj_side side)
{
    return exchange->books[book].best[side_index(side)];
}

int32_t sj_exchange_behind(const struct sj_exchange_engine *exchange, uint32_t book,
                           enum sj_side side, int32_t rung)
{
    uint32_t index = side_index(side);
    return sj_exchange_scan_(&exchange->books[book], index, index == 0 ? rung - 1 : rung + 1);
}

static const struct book_level *level_at(const struct sj_exchange_engine *exchange,
                                         uint32_t book_index, enum sj_side side, int32_t rung)
{
    const struct book *book = &exchange->books[book_index];
    SJ_ASSERT(rung >= 0 && rung < (int32_t)book->rung_count);
    return &book->levels[side_index(side)][rung];
}

uint64_t sj_exchange_quantity(const struct sj_exchange_engine *exchange, uint32_t book,
                              enum sj_side side, int32_t rung)
{
    return level_at(exchange, book, side, rung)->quantity;
}

uint32_t sj_exchange_count(const struct sj_exchange_engine *exchange, uint32_t book,
                           enum sj_side side, int32_t rung)
{
    return level_at(exchange, book, side, rung)->count;
}

uint64_t sj_exchange_youngest(const struct sj_exchange_engine *exchange, uint32_t book,
                              enum sj_side side, int32_t rung, uint32_t owner)
{
    uint32_t index = level_at(exchange, book, side, rung)->tail;
    for (int looked = 0; looked < 16 && index != SLOT_NONE; looked++) {
        if (exchange->slots[index].owner == owner)
            return slot_id(exchange, index);
        index = exchange->slots[index].prev;
    }
    return 0;
}

uint32_t sj_exchange_left(const struct sj_exchange_engine *exchange, uint64_t id)
{
    const struct order_slot *slot = find_slot(exchange, id);
    return slot ? slot->quantity : 0;
}

uint32_t sj_exchange_order_count(const struct sj_exchange_engine *exchange)
{
    return exchange->used;
}
