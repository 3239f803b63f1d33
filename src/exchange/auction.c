#include "exchange/book.h"

#include <stdlib.h>

/* What an auction would trade at one rung, while walking the crossed range upwards. */
struct candidate {
    uint64_t volume;
    uint64_t left_over;
    int32_t rung;
    int32_t distance;
};

static bool better(const struct candidate *a, const struct candidate *b)
{
    if (a->volume != b->volume)
        return a->volume > b->volume;
    if (a->left_over != b->left_over)
        return a->left_over < b->left_over;
    return a->distance < b->distance;
}

/* Sum of a side's quantity from rung `low` to `high`. */
static uint64_t sum_range(const struct book *book, uint32_t side, int32_t low, int32_t high)
{
    uint64_t sum = 0;
    for (int32_t rung = low; rung <= high; rung++)
        sum += book->levels[side][rung].quantity;
    return sum;
}

uint64_t sj_exchange_indicative(const struct sj_exchange_engine *exchange, uint32_t book_index,
                                int32_t reference_rung, int32_t *ret_rung)
{
    const struct book *book = &exchange->books[book_index];
    int32_t low = book->best[1], high = book->best[0];
    if (low < 0 || high < low)
        return 0;
    /* Only the crossed range can match: bids at or above a rung, asks at or below it. */
    uint64_t bids = sum_range(book, 0, low, high), asks = 0;
    struct candidate best = {.rung = -1};
    for (int32_t rung = low; rung <= high; rung++) {
        asks += book->levels[1][rung].quantity;
        struct candidate here = {.volume = bids < asks ? bids : asks,
                                 .left_over = bids < asks ? asks - bids : bids - asks,
                                 .rung = rung,
                                 .distance = abs(rung - reference_rung)};
        if (best.rung < 0 || better(&here, &best))
            best = here;
        bids -= book->levels[0][rung].quantity;
    }
    *ret_rung = best.rung;
    return best.volume;
}

uint64_t sj_exchange_uncross(struct sj_exchange_engine *exchange, uint32_t book_index,
                             int32_t reference_rung, int32_t *ret_rung)
{
    struct book *book = &exchange->books[book_index];
    int32_t rung;
    uint64_t volume = sj_exchange_indicative(exchange, book_index, reference_rung, &rung);
    uint64_t left = volume;
    while (left > 0) {
        /* The buyer at the head gives the quantity; the seller at the head takes his part of it. */
        uint32_t buyer = book->levels[0][book->best[0]].head;
        uint32_t wanted = exchange->slots[buyer].quantity;
        if (wanted > left)
            wanted = (uint32_t)left;
        struct sj_exchange_fill ask = {.book = book_index, .rung = rung};
        uint32_t matched = sj_exchange_take_head_(exchange, book, 1, wanted, &ask);
        struct sj_exchange_fill bid = {.book = book_index, .rung = rung};
        sj_exchange_take_head_(exchange, book, 0, matched, &bid);
        ask.taker_side = SJ_SIDE_NONE;
        ask.taker_owner = bid.maker_owner;
        ask.taker_id = bid.maker_id;
        exchange->on_fill(exchange->context, &ask);
        left -= matched;
    }
    if (volume > 0)
        *ret_rung = rung;
    return volume;
}
