#include "backtest/book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "suites.h"

#define MIDDLE (SJ_BT_KEYS / 2)

static int setup(void **state)
{
    static struct sj_bt_book book;
    *state = &book;
    return sj_bt_book_init(&book, SJ_BT_KEYS);
}

static int teardown(void **state)
{
    sj_bt_book_done(*state);
    return 0;
}

static void bid(struct sj_bt_book *book, int32_t tick, double quantity)
{
    (void)sj_bt_book_set(book, 0, tick, quantity);
}

static void ask(struct sj_bt_book *book, int32_t tick, double quantity)
{
    (void)sj_bt_book_set(book, 1, sj_bt_mirror(book, tick), quantity);
}

static void expect_best(const struct sj_bt_book *book, int32_t bid_tick, int32_t ask_tick)
{
    assert_int_equal(book->best[0], bid_tick);
    assert_int_equal(book->best[1] < 0 ? -1 : sj_bt_mirror(book, book->best[1]), ask_tick);
}

static void the_best_goes_to_the_next_level_when_it_empties(void **state)
{
    struct sj_bt_book *book = *state;
    expect_best(book, -1, -1);
    bid(book, MIDDLE - 5, 1);
    bid(book, MIDDLE - 1, 2);
    ask(book, MIDDLE + 1, 1);
    ask(book, MIDDLE + 9, 1);
    expect_best(book, MIDDLE - 1, MIDDLE + 1);
    assert_true(sj_bt_book_set(book, 0, MIDDLE - 1, 0) == 2);
    ask(book, MIDDLE + 1, 0);
    expect_best(book, MIDDLE - 5, MIDDLE + 9);
    bid(book, MIDDLE - 5, 0);
    expect_best(book, -1, MIDDLE + 9);
}

static void a_crossing_bid_moves_the_best_ask_and_keeps_the_levels(void **state)
{
    struct sj_bt_book *book = *state;
    ask(book, MIDDLE + 1, 1);
    ask(book, MIDDLE + 2, 1);
    ask(book, MIDDLE + 4, 1);
    bid(book, MIDDLE + 2, 3);
    expect_best(book, MIDDLE + 2, MIDDLE + 4);
    /* Unseen, until the bid is gone and a better ask is asked for anew. */
    bid(book, MIDDLE + 2, 0);
    expect_best(book, -1, MIDDLE + 4);
    ask(book, MIDDLE + 1, 2);
    expect_best(book, -1, MIDDLE + 1);
    ask(book, MIDDLE + 1, 0);
    expect_best(book, -1, MIDDLE + 2);
}

static void clearing_takes_the_levels_from_the_best(void **state)
{
    struct sj_bt_book *book = *state;
    bid(book, MIDDLE - 1, 1);
    bid(book, MIDDLE - 2, 1);
    bid(book, MIDDLE - 3, 1);
    sj_bt_book_clear(book, 0, MIDDLE - 2);
    expect_best(book, MIDDLE - 3, -1);
    bid(book, MIDDLE - 1, 1);
    bid(book, MIDDLE - 1, 0);
    expect_best(book, MIDDLE - 3, -1);
    sj_bt_book_clear(book, 0, 0);
    expect_best(book, -1, -1);
    assert_true(book->levels[0][MIDDLE - 3] == 0);
}

static void the_ends_of_the_window_hold_levels(void **state)
{
    struct sj_bt_book *book = *state;
    bid(book, 0, 1);
    ask(book, SJ_BT_KEYS - 1, 1);
    expect_best(book, 0, SJ_BT_KEYS - 1);
    assert_false(sj_bt_meets(book, book->best[0], book->best[1]));
    assert_false(sj_bt_meets(book, SJ_BT_KEYS - 1, SJ_BT_NO_KEY));
}

int book_suite(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_best_goes_to_the_next_level_when_it_empties, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_crossing_bid_moves_the_best_ask_and_keeps_the_levels,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(clearing_takes_the_levels_from_the_best, setup, teardown),
        cmocka_unit_test_setup_teardown(the_ends_of_the_window_hold_levels, setup, teardown),
    };
    return cmocka_run_group_tests_name("book", tests, NULL, NULL);
}
