#include "market.h"
#include "store/batch.h"
#include "store/round.h"
#include "suites.h"
#include "support/test.h"

#define ROWS 500
#define INSTRUMENTS 20
#define MONTH 202603

/* A batch of trades with all that building needs, made from nothing as after a restart. */
struct bench {
    struct market market;
    struct sj_store_symbols symbols;
    struct sj_store_workshop workshop;
    struct sj_store_batch batch;
};

static void begin(struct bench *bench, uint64_t seed)
{
    memset(bench, 0, sizeof(*bench));
    market_init(&bench->market, seed, INSTRUMENTS, 100, 1000, 1774400000000000000);
    assert_int_equal(sj_store_symbols_init(&bench->symbols, 64), 0);
    assert_int_equal(sj_store_workshop_init(&bench->workshop, &bench->symbols, "shijim"), 0);
    for (uint32_t id = 1; id <= INSTRUMENTS; id++) {
        struct sj_instrument definition;
        market_definition(&bench->market, id, &definition);
        assert_int_equal(sj_store_symbols_put(&bench->symbols, &definition), 1);
    }
    sj_store_symbols_rank(&bench->symbols);
    bench->workshop.packing = SJ_STORE_PACK_LZ4_BLOCKS;
    sj_store_batch_begin(&bench->batch, sj_store_table_of(SJ_EVENT_TRADE), MONTH);
    for (uint32_t i = 0; i < ROWS; i++) {
        struct sj_trade trade;
        market_trade(&bench->market, &trade);
        assert_int_equal(sj_store_batch_add(&bench->batch, &trade, 1 + i % 2), 0);
    }
    assert_int_equal(sj_store_batch_seal(&bench->batch, &bench->workshop), 0);
}

static void finish(struct bench *bench)
{
    sj_store_batch_done(&bench->batch);
    sj_store_workshop_done(&bench->workshop);
    sj_store_symbols_done(&bench->symbols);
}

static void assert_same_insert(struct bench *left, struct bench *right)
{
    assert_int_equal(sj_store_batch_build(&left->batch, &left->workshop, "life"), 0);
    assert_int_equal(sj_store_batch_build(&right->batch, &right->workshop, "life"), 0);
    assert_string_equal(left->batch.token, right->batch.token);
    assert_string_equal(left->batch.sql, right->batch.sql);
    assert_int_equal(left->batch.body.size, right->batch.body.size);
    assert_memory_equal(left->batch.body.data, right->batch.body.data, left->batch.body.size);
}

static void batch_of_the_same_rows_is_the_same_bytes_in_another_life(void **state)
{
    (void)state;
    static struct bench first, second;
    uint64_t seed = sj_test_seed();
    begin(&first, seed);
    begin(&second, seed);
    assert_same_insert(&first, &second);
    assert_same_insert(&first, &second); /* and when it is built again in the same life */
    finish(&first);
    finish(&second);
}

static void batch_halves_the_same_way_in_another_life_down_to_single_rows(void **state)
{
    (void)state;
    static struct bench first, second;
    uint64_t seed = sj_test_seed();
    begin(&first, seed);
    begin(&second, seed);
    uint32_t halvings = 0;
    while (sj_store_batch_halve(&first.batch)) {
        assert_true(sj_store_batch_halve(&second.batch));
        assert_same_insert(&first, &second);
        halvings++;
    }
    assert_int_equal(halvings, 8); /* 500 rows: 250, 125, 62, 31, 15, 7, 3, 1 */
    uint32_t rows = 0;
    for (uint32_t i = 0; i < first.batch.range_count; i++)
        rows += first.batch.ranges[i].count;
    assert_int_equal(rows, ROWS);
    finish(&first);
    finish(&second);
}

static void batch_with_one_other_row_has_another_token(void **state)
{
    (void)state;
    static struct bench first, second;
    uint64_t seed = sj_test_seed();
    begin(&first, seed);
    begin(&second, seed);
    ((struct sj_trade *)(void *)second.batch.frames)->volume++;
    assert_int_equal(sj_store_batch_build(&first.batch, &first.workshop, "life"), 0);
    assert_int_equal(sj_store_batch_build(&second.batch, &second.workshop, "life"), 0);
    assert_string_not_equal(first.batch.token, second.batch.token);
    finish(&first);
    finish(&second);
}

static void put_name(uint8_t *answer, uint32_t src, uint64_t seq)
{
    memcpy(answer, &src, sizeof(src));
    memcpy(answer + 4, &seq, sizeof(seq));
}

static void batch_strikes_what_the_server_has_and_nothing_else(void **state)
{
    (void)state;
    static struct bench bench;
    static uint8_t answer[12 * (ROWS / 3 + 2)];
    size_t size = 0;
    begin(&bench, sj_test_seed());
    for (uint32_t i = 0; i < ROWS; i += 3, size += 12)
        put_name(answer + size, bench.batch.srcs[i],
                 ((struct sj_trade *)(void *)bench.batch.frames)[i].seq);
    put_name(answer + size, 7, 1); /* a row of another source */
    size += 12;
    assert_int_equal(sj_store_batch_strike(&bench.batch, answer, size), (ROWS + 2) / 3);
    struct sj_store_rows rows = sj_store_batch_rows(&bench.batch);
    assert_int_equal(rows.count, ROWS - (ROWS + 2) / 3);
    for (uint32_t i = 0; i < rows.count; i++)
        assert_int_not_equal(rows.order[i] % 3, 0);
    assert_int_equal(sj_store_batch_strike(&bench.batch, answer, 11), -SJ_E_MALFORMED);
    assert_int_equal(sj_store_batch_strike(&bench.batch, answer, 0), 0);
    finish(&bench);
}

int batch_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_of_the_same_rows_is_the_same_bytes_in_another_life),
        cmocka_unit_test(batch_halves_the_same_way_in_another_life_down_to_single_rows),
        cmocka_unit_test(batch_with_one_other_row_has_another_token),
        cmocka_unit_test(batch_strikes_what_the_server_has_and_nothing_else),
    };
    return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
