#include "gateway_suites.h"

#include "gateway/tape.h"

#include <stdbool.h>

#define TRADES_MAX 400

struct trade {
    int64_t exch_ns, volume, total;
    bool lost;
};

static struct sj_tape_result follow(struct sj_tape_line *line, const struct trade *trade)
{
    struct sj_tape_result result;
    sj_tape_trade(line, trade->exch_ns, trade->volume, trade->total, &result);
    return result;
}

static void tape_in_order_is_complete(void **state)
{
    (void)state;
    struct sj_tape_line line;
    sj_tape_line_init(&line);
    for (int64_t i = 1; i <= 100; i++) {
        struct sj_tape_result result = follow(&line, &(struct trade){i, 3, 3 * i, false});
        assert_true(!result.gap && result.flags == 0 && !result.restarted);
    }
    assert_int_equal(line.volume_seen, 300);
    assert_int_equal(sj_tape_verdict(&line, 0), SJ_COMPLETE);
}

static void tape_joined_late_is_unproven(void **state)
{
    (void)state;
    struct sj_tape_line line;
    sj_tape_line_init(&line);
    assert_int_equal(sj_tape_verdict(&line, 0), SJ_SILENT);
    assert_int_equal(sj_tape_verdict(&line, 5), SJ_UNPROVEN);
    assert_false(follow(&line, &(struct trade){1, 2, 1000, false}).gap);
    assert_int_equal(line.volume_first, 998);
    assert_int_equal(sj_tape_verdict(&line, 0), SJ_UNPROVEN);
}

static void tape_names_the_hole_and_a_late_trade_closes_it(void **state)
{
    (void)state;
    struct sj_tape_line line;
    sj_tape_line_init(&line);
    follow(&line, &(struct trade){10, 5, 5, false});
    struct sj_tape_result result = follow(&line, &(struct trade){30, 1, 10, false});
    assert_true(result.gap);
    assert_int_equal(result.expected_total, 6);
    assert_int_equal(result.from_ns, 10);
    assert_int_equal(line.volume_missing, 4);
    assert_int_equal(sj_tape_verdict(&line, 0), SJ_INCOMPLETE);
    result = follow(&line, &(struct trade){20, 2, 8, false}); /* covers 6..8 of 5..9 */
    assert_int_equal(result.flags, SJ_FLAG_OUT_OF_ORDER);
    assert_int_equal(line.volume_missing, 2);
    assert_int_equal(line.hole_count, 2);
    result = follow(&line, &(struct trade){20, 2, 8, false}); /* the same again */
    assert_int_equal(result.flags, SJ_FLAG_DUPLICATE | SJ_FLAG_OUT_OF_ORDER);
    follow(&line, &(struct trade){15, 1, 6, false});
    follow(&line, &(struct trade){25, 1, 9, false});
    assert_int_equal(line.volume_missing, 0);
    assert_int_equal(line.hole_count, 0);
    assert_int_equal(line.gap_count, 1);
    assert_int_equal(sj_tape_verdict(&line, 0), SJ_COMPLETE);
}

static void tape_flags_a_duplicate_and_counts_it_once(void **state)
{
    (void)state;
    struct sj_tape_line line;
    sj_tape_line_init(&line);
    follow(&line, &(struct trade){10, 5, 5, false});
    assert_int_equal(follow(&line, &(struct trade){10, 5, 5, false}).flags, SJ_FLAG_DUPLICATE);
    assert_int_equal(line.volume_seen, 5);
    assert_int_equal(line.trade_count, 1);
    assert_int_equal(line.duplicate_count, 1);
}

static void tape_says_when_the_day_began_anew(void **state)
{
    (void)state;
    struct sj_tape_line line;
    sj_tape_line_init(&line);
    follow(&line, &(struct trade){10, 500, 500, false});
    struct sj_tape_result result = follow(&line, &(struct trade){20, 2, 2, false});
    assert_true(result.restarted);
    assert_int_equal(line.volume_last, 500); /* untouched: its account can still be closed */
}

/* Seeded: trades are lost, doubled and swapped; what the line says must be what was done to it. */
static void tape_accounts_for_every_loss_duplicate_and_swap(void **state)
{
    (void)state;
    uint64_t random = sj_test_seed();
    for (uint32_t round = 0; round < 500; round++) {
        struct trade trade[TRADES_MAX];
        struct sj_tape_line line;
        int64_t total = 0;
        int64_t lost_volume = 0;
        uint32_t count = 20 + (uint32_t)(sj_test_random(&random) % (TRADES_MAX - 20));
        uint64_t duplicates = 0;
        uint32_t holes = 0;
        for (uint32_t i = 0; i < count; i++) {
            int64_t volume = 1 + (int64_t)(sj_test_random(&random) % 50);
            total += volume;
            trade[i] = (struct trade){1000 + i * 10, volume, total, false};
            /* The first and last stay: a loss there cannot be seen from the totals. */
            trade[i].lost = i > 0 && i + 1 < count && sj_test_random(&random) % 20 == 0;
            if (trade[i].lost) {
                lost_volume += volume;
                holes += i == 0 || !trade[i - 1].lost;
            }
        }
        sj_tape_line_init(&line);
        uint32_t gaps = 0;
        for (uint32_t i = 0; i < count; i++) {
            if (trade[i].lost)
                continue;
            gaps += follow(&line, &trade[i]).gap;
            if (sj_test_random(&random) % 25 == 0) {
                struct sj_tape_result result = follow(&line, &trade[i]);
                assert_int_equal(result.flags & SJ_FLAG_DUPLICATE, SJ_FLAG_DUPLICATE);
                duplicates++;
            }
        }
        assert_int_equal(line.volume_missing, lost_volume);
        assert_int_equal(line.volume_seen, total - lost_volume);
        assert_int_equal(line.duplicate_count, duplicates);
        assert_int_equal(gaps, holes);
        assert_int_equal(sj_tape_verdict(&line, 0), lost_volume ? SJ_INCOMPLETE : SJ_COMPLETE);
    }
}

static void tape_of_swapped_trades_is_complete_in_the_end(void **state)
{
    (void)state;
    uint64_t random = sj_test_seed();
    for (uint32_t round = 0; round < 300; round++) {
        struct trade trade[TRADES_MAX];
        struct sj_tape_line line;
        int64_t total = 0;
        for (uint32_t i = 0; i < TRADES_MAX; i++) {
            int64_t volume = 1 + (int64_t)(sj_test_random(&random) % 50);
            total += volume;
            trade[i] = (struct trade){1000 + i * 10, volume, total, false};
        }
        uint32_t swaps = 0;
        for (uint32_t i = 1; i + 2 < TRADES_MAX; i++)
            if (sj_test_random(&random) % 10 == 0) {
                struct trade first = trade[i];
                trade[i] = trade[i + 1];
                trade[++i] = first;
                swaps++;
            }
        sj_tape_line_init(&line);
        for (uint32_t i = 0; i < TRADES_MAX; i++)
            assert_false(follow(&line, &trade[i]).restarted);
        assert_int_equal(line.late_count, swaps);
        assert_int_equal(line.volume_missing, 0);
        assert_int_equal(line.volume_seen, total);
        assert_int_equal(sj_tape_verdict(&line, 0), SJ_COMPLETE);
    }
}

static void tape_more_holes_than_it_can_list_stay_missing(void **state)
{
    (void)state;
    struct sj_tape_line line;
    sj_tape_line_init(&line);
    follow(&line, &(struct trade){1, 1, 1, false});
    for (int64_t i = 1; i <= 20; i++)
        follow(&line, &(struct trade){1 + i, 1, 1 + 2 * i, false});
    assert_int_equal(line.volume_missing, 20);
    assert_int_equal(line.gap_count, 20);
    assert_true(line.hole_count <= SJ_TAPE_HOLES_MAX);
}

static void tape_quote_that_moves_no_total_is_a_book_change(void **state)
{
    (void)state;
    struct sj_tape_line line;
    struct sj_tape_result result;
    sj_tape_line_init(&line);
    sj_tape_quote(&line, 10, 5, 5, &result);
    sj_tape_quote(&line, 20, 5, 5, &result);
    assert_true(!result.gap && result.flags == 0);
    assert_int_equal(line.trade_count, 1);
    sj_tape_quote(&line, 30, 1, 8, &result);
    assert_true(result.gap);
    assert_int_equal(line.volume_missing, 2);
}

static void tape_books_are_judged_by_time_and_content(void **state)
{
    (void)state;
    struct sj_tape_books books = {0};
    int64_t bid[SJ_LEVELS] = {5, 4, 3, 2, 1};
    int64_t ask[SJ_LEVELS] = {6, 7, 8, 9, 10};
    uint32_t volume[SJ_LEVELS] = {1, 2, 3, 4, 5};
    uint64_t digest = sj_tape_book_digest(bid, ask, volume, volume);
    assert_int_equal(sj_tape_book(&books, 10, digest), 0);
    assert_int_equal(sj_tape_book(&books, 10, digest), SJ_FLAG_DUPLICATE);
    volume[4]++;
    assert_int_equal(sj_tape_book(&books, 10, sj_tape_book_digest(bid, ask, volume, volume)), 0);
    assert_int_equal(sj_tape_book(&books, 9, digest), SJ_FLAG_OUT_OF_ORDER);
    assert_int_equal(books.count, 4);
}

int tape_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tape_in_order_is_complete),
        cmocka_unit_test(tape_joined_late_is_unproven),
        cmocka_unit_test(tape_names_the_hole_and_a_late_trade_closes_it),
        cmocka_unit_test(tape_flags_a_duplicate_and_counts_it_once),
        cmocka_unit_test(tape_says_when_the_day_began_anew),
        cmocka_unit_test(tape_accounts_for_every_loss_duplicate_and_swap),
        cmocka_unit_test(tape_of_swapped_trades_is_complete_in_the_end),
        cmocka_unit_test(tape_more_holes_than_it_can_list_stay_missing),
        cmocka_unit_test(tape_quote_that_moves_no_total_is_a_book_change),
        cmocka_unit_test(tape_books_are_judged_by_time_and_content),
    };
    return cmocka_run_group_tests_name("tape", tests, NULL, NULL);
}
