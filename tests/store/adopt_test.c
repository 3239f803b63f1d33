#include "store/adopt.h"

#include "suites.h"
#include "support/test.h"

static const struct sj_store_dialect old = {.has_codecs = false};
static const struct sj_store_dialect current = {.has_codecs = true, .has_gcd = true};

/* What a server tells of a table with shijim's own columns, but for `changed`, whose line reads
 * `type` (NULL: it is missing). */
static void tell(const struct sj_store_table *table, const char *changed, const char *type,
                 char *ret_text, size_t size)
{
    size_t used = (size_t)snprintf(ret_text, size, "%s\t\tMergeTree ORDER BY ts\t\n", table->name);
    for (uint32_t i = 0; i < table->column_count; i++) {
        char ours[512];
        const char *line = ours;
        assert_true(sj_store_type_text(&table->columns[i], ours, sizeof(ours)) > 0);
        if (strcmp(table->columns[i].name, changed) == 0)
            line = type;
        if (line != NULL)
            used += (size_t)snprintf(ret_text + used, size - used, "%s\t%s\t%s\t\n", table->name,
                                     table->columns[i].name, line);
    }
    assert_true(used < size);
}

static sj_rc adopt(const char *table_name, const char *changed, const char *type, char *ret_sql)
{
    static char text[32768];
    const struct sj_store_table *table = sj_store_table_named(table_name);
    tell(table, changed, type, text, sizeof(text));
    const struct sj_store_found found = {text, strlen(text)};
    return sj_store_adopt_statement(table, "db", &old, &found, ret_sql, SJ_STORE_DDL_MAX);
}

static void adopt_leaves_a_whole_table_alone(void **state)
{
    (void)state;
    char sql[SJ_STORE_DDL_MAX];
    for (uint32_t i = 0; i < SJ_STORE_TABLE_COUNT; i++)
        assert_int_equal(adopt(sj_store_table_at(i)->name, "", NULL, sql), 0);
}

static void adopt_adds_just_the_column_that_is_missing(void **state)
{
    (void)state;
    char sql[SJ_STORE_DDL_MAX];
    assert_true(adopt("ticks", "total_volume", NULL, sql) > 0);
    assert_string_equal(sql, "ALTER TABLE `db`.`ticks` ADD COLUMN `total_volume` Nullable(Int64)");
}

static void adopt_takes_types_that_lose_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *table, *column, *type;
    } cases[] = {
        {"ticks", "price", "Float64"},
        {"ticks", "price", "Decimal(38, 8)"},
        {"ticks", "price", "Nullable(Decimal(18, 6))"},
        {"ticks", "size", "Int64"},
        {"ticks", "size", "UInt64"},
        {"ticks", "ts", "UInt64"},
        {"ticks", "side", "String"},
        {"ticks", "side", "LowCardinality(String)"},
        {"ticks", "side", "Enum8('none' = 0, 'buy' = 1, 'sell' = 2, 'both' = 3)"},
        {"ticks", "symbol", "LowCardinality(String)"},
        {"ticks", "symbol", "LowCardinality(Nullable(String))"},
        {"ticks", "trading_day", "Date32"},
        {"ticks", "total_amount", "Nullable(Float64)"},
        {"orderbook", "bid_prices", "Array(Float64)"},
        {"orderbook", "bid_volumes", "Array(Int64)"},
    };
    char sql[SJ_STORE_DDL_MAX];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sj_rc rc = adopt(cases[i].table, cases[i].column, cases[i].type, sql);
        if (rc != 0)
            fail_msg("%s %s: %d %s", cases[i].column, cases[i].type, rc, rc < 0 ? sql : "");
    }
}

static void adopt_refuses_types_that_would_lose_something(void **state)
{
    (void)state;
    static const struct {
        const char *table, *column, *type;
    } cases[] = {
        {"ticks", "price", "Float32"},
        {"ticks", "price", "String"},
        {"ticks", "price", "Decimal(18, 4)"},
        {"ticks", "price", "Decimal(16, 6)"},
        {"ticks", "price", "Decimal(,)"},
        {"ticks", "size", "Int32"},
        {"ticks", "size", "UInt16"},
        {"ticks", "size", "Float64"},
        {"ticks", "ts", "DateTime"},
        {"ticks", "ts", "DateTime64(9)"},
        {"ticks", "ts", "Int32"},
        {"ticks", "side", "Enum8('buy' = 0, 'sell' = 1)"},
        {"ticks", "side", "Enum8('none' = 0, 'buy' = 2)"},
        {"ticks", "symbol", "FixedString(8)"},
        {"ticks", "total_volume", "Int64"},
        {"ticks", "trading_day", "String"},
        {"orderbook", "bid_prices", "Float64"},
        {"orderbook", "bid_prices", "Array(Float32)"},
        {"orderbook", "bid_prices", "Array(Array(Float64))"},
        {"ticks", "price", ""},
        {"ticks", "price", "Nullable("},
        {"ticks", "price", "LowCardinality()"},
    };
    char sql[SJ_STORE_DDL_MAX];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sj_rc rc = adopt(cases[i].table, cases[i].column, cases[i].type, sql);
        if (rc != -SJ_E_REFUSED)
            fail_msg("%s %s: %d", cases[i].column, cases[i].type, rc);
        assert_non_null(strstr(sql, cases[i].column));
        assert_non_null(strstr(sql, cases[i].type));
        assert_null(strchr(sql, '\n'));
    }
}

static void adopt_gives_an_enum_the_values_it_lacks(void **state)
{
    (void)state;
    char sql[SJ_STORE_DDL_MAX];
    assert_true(adopt("ticks", "side", "Enum8('none' = 0, 'buy' = 1)", sql) > 0);
    assert_string_equal(sql,
                        "ALTER TABLE `db`.`ticks` MODIFY COLUMN `side` Enum8('none' = 0, 'buy' "
                        "= 1, 'sell' = 2)");
}

static void adopt_writes_computed_columns_of_other_tables_as_they_are(void **state)
{
    (void)state;
    static const char text[] = "ticks\t\tMergeTree\t\nticks\tprice\tFloat64\t\n";
    const struct sj_store_found found = {text, sizeof(text) - 1};
    const struct sj_store_table *ticks = sj_store_table_named("ticks");
    char sql[SJ_STORE_DDL_MAX];
    assert_false(sj_store_adopt_is_packed(ticks, &found));
    assert_true(sj_store_adopt_is_packed(sj_store_table_named("orderbook"), &found));
    assert_true(sj_store_adopt_statement(ticks, "db", &current, &found, sql, sizeof(sql)) > 0);
    assert_non_null(strstr(sql, "ADD COLUMN `amount` "));
    assert_null(strstr(sql, "amount_rest"));
    assert_null(strstr(sql, "`price` "));
    assert_non_null(strstr(sql, "MODIFY SETTING non_replicated_deduplication_window = 1000"));
}

static void adopt_adds_a_rest_and_its_alias_where_rests_are_kept(void **state)
{
    (void)state;
    static const char text[] =
        "ticks\t\tMergeTree SETTINGS non_replicated_deduplication_window = 1000\t\n"
        "ticks\trecv_ts_rest\tInt64\t\nticks\trecv_ts\tInt64\tALIAS\n";
    const struct sj_store_found found = {text, sizeof(text) - 1};
    const struct sj_store_table *ticks = sj_store_table_named("ticks");
    char sql[SJ_STORE_DDL_MAX];
    assert_true(sj_store_adopt_is_packed(ticks, &found));
    assert_true(sj_store_adopt_statement(ticks, "db", &current, &found, sql, sizeof(sql)) > 0);
    assert_non_null(strstr(sql, "ADD COLUMN `amount_rest` "));
    assert_non_null(strstr(sql, "ADD COLUMN `amount` Nullable(Decimal(18, 6)) ALIAS "));
    assert_null(strstr(sql, "`recv_ts"));
    assert_null(strstr(sql, "MODIFY SETTING"));
}

static void adopt_refuses_a_computed_column_where_it_writes(void **state)
{
    (void)state;
    static const char text[] = "ticks\t\tMergeTree\t\nticks\tprice\tDecimal(18, 6)\tMATERIALIZED\n";
    const struct sj_store_found found = {text, sizeof(text) - 1};
    char sql[SJ_STORE_DDL_MAX];
    assert_int_equal(sj_store_adopt_statement(sj_store_table_named("ticks"), "db", &old, &found,
                                              sql, sizeof(sql)),
                     -SJ_E_REFUSED);
    assert_non_null(strstr(sql, "MATERIALIZED"));
}

/* Answers are outside input: copies on the heap, so that a sanitizer sees a read beyond. */
static void adopt_survives_any_answer(void **state)
{
    (void)state;
    static char text[32768];
    char sql[SJ_STORE_DDL_MAX];
    uint64_t seed = sj_test_seed();
    const struct sj_store_table *table = sj_store_table_named("ticks");
    tell(table, "", NULL, text, sizeof(text));
    const size_t whole = strlen(text);
    for (int i = 0; i < 2000; i++) {
        size_t size = sj_test_random(&seed) % (whole + 1);
        char *copy = malloc(size + (size == 0));
        assert_non_null(copy);
        memcpy(copy, text, size);
        for (int flips = (int)(sj_test_random(&seed) % 6); size > 0 && flips > 0; flips--)
            copy[sj_test_random(&seed) % size] = "\t\n(),'= 0E"[sj_test_random(&seed) % 10];
        const struct sj_store_found found = {copy, size};
        (void)!sj_store_adopt_is_packed(table, &found);
        (void)!sj_store_adopt_is_exact(table, &found);
        sj_rc rc = sj_store_adopt_statement(table, "db", i % 2 ? &old : &current, &found, sql,
                                            sizeof(sql));
        assert_true(rc >= 0 || rc == -SJ_E_REFUSED);
        free(copy);
    }
}

int adopt_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adopt_leaves_a_whole_table_alone),
        cmocka_unit_test(adopt_adds_just_the_column_that_is_missing),
        cmocka_unit_test(adopt_takes_types_that_lose_nothing),
        cmocka_unit_test(adopt_refuses_types_that_would_lose_something),
        cmocka_unit_test(adopt_gives_an_enum_the_values_it_lacks),
        cmocka_unit_test(adopt_writes_computed_columns_of_other_tables_as_they_are),
        cmocka_unit_test(adopt_adds_a_rest_and_its_alias_where_rests_are_kept),
        cmocka_unit_test(adopt_refuses_a_computed_column_where_it_writes),
        cmocka_unit_test(adopt_survives_any_answer),
    };
    return cmocka_run_group_tests_name("adopt", tests, NULL, NULL);
}
