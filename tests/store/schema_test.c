#include "store/schema.h"

#include "event/fields.h"
#include "suites.h"
#include "support/test.h"

static void schema_has_a_table_for_every_event_type(void **state)
{
    (void)state;
    uint32_t count = 0;
#define X(id, suffix, type, name)                                                                  \
    assert_non_null(sj_store_table_of(id));                                                        \
    assert_int_equal(sj_store_table_of(id)->template_id, id);                                      \
    assert_int_equal(sj_store_table_of(id)->row_size, sizeof(struct type));                        \
    count++;
    SJ_EVENT_TABLE(X)
#undef X
    assert_int_equal(count, SJ_STORE_TABLE_COUNT);
    assert_null(sj_store_table_of(0));
    assert_null(sj_store_table_of(63));
    assert_null(sj_store_table_of(UINT16_MAX));
}

/* Every byte that holds a field is read by some column: nothing of an event is lost. */
static void schema_keeps_every_field_of_every_event(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < SJ_STORE_TABLE_COUNT; i++) {
        const struct sj_store_table *table = sj_store_table_at(i);
        const struct sj_event_fields *event = sj_event_fields(table->template_id);
        assert_non_null(event);
        for (uint32_t f = 0; f < event->count; f++) {
            const struct sj_field *field = &event->fields[f];
            bool is_kept = strcmp(field->name, "bid_level_count") == 0 ||
                           strcmp(field->name, "ask_level_count") == 0 ||
                           strcmp(field->name, "level_count") == 0; /* the arrays' lengths */
            bool has_instrument = table->template_id != SJ_EVENT_ACCOUNT;
            for (uint32_t c = 0; c < table->column_count; c++)
                is_kept |= table->columns[c].offset == field->offset;
            if (!is_kept && has_instrument)
                fail_msg("%s.%s has no column", event->name, field->name);
        }
    }
}

static void schema_keeps_the_columns_of_the_system_before(void **state)
{
    (void)state;
    static const char *const ticks[] = {"trading_day",  "ts",          "symbol", "asset_type",
                                        "exchange",     "price",       "size",   "side",
                                        "total_volume", "total_amount"};
    static const char *const books[] = {"trading_day",   "ts",
                                        "symbol",        "asset_type",
                                        "exchange",      "bid_prices",
                                        "bid_volumes",   "ask_prices",
                                        "ask_volumes",   "bid_total_vol",
                                        "ask_total_vol", "underlying_price"};
    const struct sj_store_table *table = sj_store_table_named("ticks");
    for (size_t i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++)
        assert_string_equal(table->columns[i].name, ticks[i]);
    table = sj_store_table_named("orderbook");
    for (size_t i = 0; i < sizeof(books) / sizeof(books[0]); i++)
        assert_string_equal(table->columns[i].name, books[i]);
    assert_null(sj_store_table_named("nothing"));
}

static void schema_statements_fit_and_speak_the_servers_dialect(void **state)
{
    (void)state;
    char text[SJ_STORE_DDL_MAX];
    const struct sj_store_dialect old = {false, false};
    const struct sj_store_dialect new = {true, true};
    for (uint32_t i = 0; i < SJ_STORE_TABLE_COUNT; i++) {
        const struct sj_store_table *table = sj_store_table_at(i);
        assert_true(sj_store_create_statement(table, "market", &old, text, sizeof(text)) > 0);
        assert_null(strstr(text, "CODEC"));
        assert_null(strstr(text, "LowCardinality"));
        assert_non_null(strstr(text, "`extras` String"));
        assert_true(sj_store_create_statement(table, "market", &new, text, sizeof(text)) > 0);
        assert_non_null(strstr(text, "CODEC"));
        assert_non_null(strstr(text, "non_replicated_deduplication_window"));
        assert_int_equal(sj_store_create_statement(table, "market", &new, text, 100), -SJ_E_RANGE);
    }
    assert_true(sj_store_view_statement(0, "market", text, sizeof(text)) > 0);
    assert_int_equal(sj_store_view_statement(1, "market", text, sizeof(text)), 0);
}

int schema_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schema_has_a_table_for_every_event_type),
        cmocka_unit_test(schema_keeps_every_field_of_every_event),
        cmocka_unit_test(schema_keeps_the_columns_of_the_system_before),
        cmocka_unit_test(schema_statements_fit_and_speak_the_servers_dialect),
    };
    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
