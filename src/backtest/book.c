#include "backtest/book.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static size_t levels_size(const struct sj_bt_book *book)
{
    return sizeof(double) * (size_t)book->keys;
}

sj_rc sj_bt_book_init(struct sj_bt_book *book, int32_t keys)
{
    *book = (struct sj_bt_book){
        .best = {SJ_BT_NO_KEY, SJ_BT_NO_KEY}, .low = {keys, keys}, .keys = keys};
    for (unsigned side = 0; side < 2; side++) {
        void *levels = mmap(NULL, levels_size(book), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (levels == MAP_FAILED) {
            sj_bt_book_done(book);
            return -ENOMEM;
        }
        book->levels[side] = levels;
    }
    return 0;
}

void sj_bt_book_done(struct sj_bt_book *book)
{
    for (unsigned side = 0; side < 2; side++)
        if (book->levels[side])
            munmap(book->levels[side], levels_size(book));
    *book = (struct sj_bt_book){0};
}

int32_t sj_bt_book_below(const struct sj_bt_book *book, unsigned side, int32_t key)
{
    const double *levels = book->levels[side];
    for (int32_t at = key - 1; at >= book->low[side]; at--)
        if (levels[at] != 0)
            return at;
    return SJ_BT_NO_KEY;
}

void sj_bt_book_clear(struct sj_bt_book *book, unsigned side, int32_t key)
{
    int32_t from = key > book->low[side] ? key : book->low[side];
    /* All of it: crossed levels above the best, too. */
    int32_t until = key == 0 ? book->keys - 1 : book->best[side];
    if (from <= until)
        memset(book->levels[side] + from, 0, sizeof(double) * (size_t)(until - from + 1));
    book->best[side] = sj_bt_book_below(book, side, key);
}
