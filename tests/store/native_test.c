#include "store/native.h"

#include "base/tw_time.h"
#include "block.h"
#include "market.h"
#include "suites.h"
#include "support/test.h"

#define ROWS 1000
#define START_NS 1774400000000000000 /* 2026-03-25 09:33:20 in Taipei */

struct fixture {
    struct market market;
    struct sj_store_symbols symbols;
    uint8_t *frames;
    uint32_t srcs[ROWS];
    uint32_t order[ROWS];
    struct sj_store_bytes out;
    struct sj_store_plan plan;
    struct block block;
    bool is_packed;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    market_init(&f->market, sj_test_seed(), 50, 100, 100000, START_NS);
    f->frames = calloc(ROWS, SJ_EVENT_SIZE_MAX);
    if (sj_store_symbols_init(&f->symbols, 1000) < 0)
        return 1;
    for (uint32_t id = 1; id <= 50; id++) {
        struct sj_instrument definition;
        market_definition(&f->market, id, &definition);
        if (sj_store_symbols_put(&f->symbols, &definition) != 1)
            return 1;
    }
    sj_store_symbols_rank(&f->symbols);
    for (uint32_t i = 0; i < ROWS; i++)
        f->srcs[i] = 1 + i % 3;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    sj_store_symbols_done(&f->symbols);
    sj_store_bytes_done(&f->out);
    free(f->frames);
    free(f);
    return 0;
}

static struct sj_store_rows rows_of(struct fixture *f, enum sj_event_type type, uint32_t count)
{
    return (struct sj_store_rows){sj_store_table_of((uint16_t)type), f->frames, f->srcs, NULL,
                                  count};
}

static void encode(struct fixture *f, const struct sj_store_rows *rows)
{
    f->out.size = 0;
    sj_store_plan_columns(rows, f->is_packed, &f->plan);
    assert_int_equal(sj_store_encode_native(rows, &f->symbols, &f->plan, &f->out), 0);
    assert_true(block_read(f->out.data, f->out.size, &f->block));
    assert_int_equal(f->block.row_count, rows->count);
}

static int64_t int_at(struct fixture *f, const char *name, uint64_t row)
{
    const struct block_column *column = block_column(&f->block, name);
    assert_non_null(column);
    return block_int(column, row);
}

static void check_trade(struct fixture *f, const struct sj_trade *trade, uint32_t src, uint64_t row)
{
    char text[256];
    block_text(block_column(&f->block, "symbol"), row, text);
    assert_string_equal(text, f->market.instruments[trade->instrument - 1].definition.code);
    assert_int_equal(int_at(f, "ts", row), trade->exch_ns);
    assert_int_equal(int_at(f, "recv_ts", row), trade->recv_ns);
    assert_int_equal(int_at(f, "trading_day", row), sj_date_to_day(20260325));
    assert_int_equal(int_at(f, "src", row), src);
    assert_int_equal(int_at(f, "seq", row), trade->seq);
    assert_int_equal(int_at(f, "price", row), trade->price_e6);
    assert_int_equal(int_at(f, "size", row), trade->volume);
    assert_int_equal(int_at(f, "side", row), trade->tick_type);
    assert_int_equal(int_at(f, "asset_type", row), SJ_SECURITY_FUT);
    assert_int_equal(int_at(f, "exchange", row), SJ_EXCHANGE_TAIFEX);
    assert_int_equal(int_at(f, "total_volume", row), trade->total_volume);
    assert_int_equal(int_at(f, "total_amount", row), trade->total_amount_e6);
    assert_int_equal(int_at(f, "pct_chg", row), trade->pct_chg_e6);
    assert_int_equal(int_at(f, "ask_side_total_cnt", row), trade->ask_side_total_cnt);
    assert_int_equal(int_at(f, "underlying_price", row), trade->underlying_price_e6);
    assert_int_equal(int_at(f, "simtrade", row), trade->flags & SJ_FLAG_SIMTRADE ? 1 : 0);
    assert_int_equal(int_at(f, "odd_lot", row), trade->flags & SJ_FLAG_ODD_LOT ? 1 : 0);
}

static void native_block_of_trades_reads_back_field_by_field(void **state)
{
    struct fixture *f = *state;
    struct sj_trade *trades = (struct sj_trade *)(void *)f->frames;
    for (uint32_t i = 0; i < ROWS; i++) {
        market_trade(&f->market, &trades[i]);
        trades[i].flags = i % 4 == 0 ? SJ_FLAG_SIMTRADE : i % 7 == 0 ? SJ_FLAG_ODD_LOT : 0;
    }
    struct sj_store_rows rows = rows_of(f, SJ_EVENT_TRADE, ROWS);
    encode(f, &rows);
    for (uint32_t i = 0; i < ROWS; i++)
        check_trade(f, &trades[i], f->srcs[i], i);
    uint32_t *scratch = calloc(f->symbols.count + 1, sizeof(*scratch));
    assert_int_equal(sj_store_rows_sort(&rows, &f->symbols, scratch, f->order), 1);
    free(scratch);
    rows.order = f->order;
    encode(f, &rows);
    char before[256] = "";
    for (uint32_t i = 0; i < ROWS; i++) {
        char symbol[256];
        check_trade(f, &trades[f->order[i]], f->srcs[f->order[i]], i);
        block_text(block_column(&f->block, "symbol"), i, symbol);
        assert_true(strcmp(before, symbol) <= 0);
        strcpy(before, symbol);
    }
}

static void native_block_of_ragged_books_reads_back(void **state)
{
    struct fixture *f = *state;
    struct sj_book *books = (struct sj_book *)(void *)f->frames;
    for (uint32_t i = 0; i < ROWS; i++) {
        market_book(&f->market, &books[i]);
        books[i].level_count[0] = (uint8_t)(i % 6);
        books[i].level_count[1] = (uint8_t)(i % 9); /* 6, 7, 8: more than there can be */
    }
    struct sj_store_rows rows = rows_of(f, SJ_EVENT_BOOK, ROWS);
    encode(f, &rows);
    for (uint32_t i = 0; i < ROWS; i++) {
        int64_t values[16];
        uint64_t bids = i % 6;
        uint64_t asks = i % 9 < 5 ? i % 9 : 5;
        const struct block *block = &f->block;
        assert_int_equal(block_array(block_column(block, "bid_prices"), ROWS, i, values), bids);
        for (uint64_t level = 0; level < bids; level++)
            assert_int_equal(values[level], books[i].bid_price_e6[level]);
        assert_int_equal(block_array(block_column(block, "ask_volumes"), ROWS, i, values), asks);
        for (uint64_t level = 0; level < asks; level++)
            assert_int_equal(values[level], books[i].ask_volume[level]);
        assert_int_equal(block_array(block_column(block, "diff_ask_vols"), ROWS, i, values), asks);
        for (uint64_t level = 0; level < asks; level++)
            assert_int_equal(values[level], books[i].diff_ask_vol[level]);
    }
}

static void native_leaves_out_columns_that_are_null_throughout(void **state)
{
    struct fixture *f = *state;
    struct sj_trade *trades = (struct sj_trade *)(void *)f->frames;
    for (uint32_t i = 0; i < 100; i++) {
        market_trade(&f->market, &trades[i]);
        trades[i].underlying_price_e6 = SJ_NULL_E6;
        trades[i].bid_side_total_cnt = i == 99 ? 5 : SJ_NULL_U32;
    }
    struct sj_store_rows rows = rows_of(f, SJ_EVENT_TRADE, 100);
    encode(f, &rows);
    assert_null(block_column(&f->block, "underlying_price"));
    const struct block_column *column = block_column(&f->block, "bid_side_total_cnt");
    assert_non_null(column);
    assert_true(block_is_null(column, 0));
    assert_int_equal(block_int(column, 0), 0);
    assert_false(block_is_null(column, 99));
    assert_int_equal(block_int(column, 99), 5);
    char text[SJ_STORE_COLUMNS_MAX * 32];
    assert_true(sj_store_plan_text(rows.table, &f->plan, text, sizeof(text)) > 0);
    assert_null(strstr(text, "underlying_price"));
    assert_int_equal(sj_store_plan_text(rows.table, &f->plan, text, 40), -SJ_E_RANGE);
}

static void native_block_of_every_table_is_whole(void **state)
{
    struct fixture *f = *state;
    uint64_t random = sj_test_seed();
    for (uint32_t t = 0; t < SJ_STORE_TABLE_COUNT; t++) {
        const struct sj_store_table *table = sj_store_table_at(t);
        for (uint32_t count = 1; count <= 130; count += 43) {
            for (size_t i = 0; i < (size_t)count * table->row_size; i += 8) {
                uint64_t value = sj_test_random(&random);
                memcpy(f->frames + i, &value, 8);
            }
            struct sj_store_rows rows = rows_of(f, (enum sj_event_type)table->template_id, count);
            encode(f, &rows);
            assert_int_equal(f->block.column_count, f->plan.column_count);
        }
    }
}

static void native_places_night_trades_on_the_next_trading_day(void **state)
{
    struct fixture *f = *state;
    struct sj_trade *trades = (struct sj_trade *)(void *)f->frames;
    static const struct {
        int32_t date, hour, day;
    } cases[] = {
        {20260325, 9, 20260325},  {20260325, 14, 20260325}, {20260325, 15, 20260326},
        {20260326, 3, 20260326},  {20260211, 16, 20260223}, /* before the lunar new year */
        {20260327, 16, 20260330}, {20260328, 4, 20260330},
    };
    const uint32_t count = sizeof(cases) / sizeof(cases[0]);
    for (uint32_t i = 0; i < count; i++) {
        market_trade(&f->market, &trades[i]);
        trades[i].exch_ns = sj_tw_to_utc_ns(cases[i].date, cases[i].hour * 3600 * SJ_NS_PER_S);
    }
    trades[count - 1].recv_ns = trades[count - 1].exch_ns;
    trades[count - 1].exch_ns = SJ_NULL_I64; /* the receive time places it then */
    struct sj_store_rows rows = rows_of(f, SJ_EVENT_TRADE, count);
    encode(f, &rows);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(int_at(f, "trading_day", i), sj_date_to_day(cases[i].day));
    assert_int_equal(int_at(f, "ts", count - 1), trades[count - 1].recv_ns);
}

/* What a current server computes from the rests is the event's own value, whatever it is. */
static void native_rests_add_up_to_the_exact_values(void **state)
{
    struct fixture *f = *state;
    uint64_t random = sj_test_seed();
    struct sj_trade *trades = (struct sj_trade *)(void *)f->frames;
    f->is_packed = true;
    for (uint32_t i = 0; i < ROWS; i++) {
        market_trade(&f->market, &trades[i]);
        trades[i].avg_price_e6 += (int64_t)(sj_test_random(&random) % 2001) - 1000;
        trades[i].amount_e6 += (int64_t)(sj_test_random(&random) % 3) - 1;
        if (i % 50 == 0)
            trades[i].total_amount_e6 = SJ_NULL_E6;
        if (i % 70 == 0)
            trades[i].total_volume = 0;
    }
    struct sj_store_rows rows = rows_of(f, SJ_EVENT_TRADE, ROWS);
    encode(f, &rows);
    for (uint32_t i = 0; i < ROWS; i++) {
        const struct sj_trade *trade = &trades[i];
        int64_t volume = trade->total_volume > 0 ? trade->total_volume : 1;
        int64_t total = trade->total_amount_e6 == SJ_NULL_E6 ? 0 : trade->total_amount_e6;
        int64_t amount = int_at(f, "price", i) * int_at(f, "size", i) * int_at(f, "amount_unit", i);
        assert_int_equal(int_at(f, "ts", i) + int_at(f, "recv_ts_rest", i), trade->recv_ns);
        assert_int_equal(amount + int_at(f, "amount_rest", i), trade->amount_e6);
        assert_int_equal(total / volume + int_at(f, "avg_price_rest", i), trade->avg_price_e6);
        assert_int_equal(int_at(f, "price", i) - int_at(f, "price_chg_rest", i),
                         trade->price_chg_e6);
    }
    assert_null(block_column(&f->block, "amount"));
}

static void native_names_undefined_instruments_by_number(void **state)
{
    struct fixture *f = *state;
    struct sj_trade *trades = (struct sj_trade *)(void *)f->frames;
    char text[256];
    market_trade(&f->market, &trades[0]);
    market_trade(&f->market, &trades[1]);
    trades[0].instrument = 777;
    trades[1].instrument = 0;
    struct sj_store_rows rows = rows_of(f, SJ_EVENT_TRADE, 2);
    encode(f, &rows);
    block_text(block_column(&f->block, "symbol"), 0, text);
    assert_string_equal(text, "#777");
    block_text(block_column(&f->block, "symbol"), 1, text);
    assert_string_equal(text, "");
}

int native_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(native_block_of_trades_reads_back_field_by_field, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(native_block_of_ragged_books_reads_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(native_leaves_out_columns_that_are_null_throughout, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(native_block_of_every_table_is_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(native_places_night_trades_on_the_next_trading_day, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(native_rests_add_up_to_the_exact_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(native_names_undefined_instruments_by_number, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests_name("native", tests, NULL, NULL);
}
