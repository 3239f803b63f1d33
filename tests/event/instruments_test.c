#include "groups.h"

#include "event/code_key.h"
#include "event/instruments.h"

#include <stdio.h>

static struct sj_instrument definition_of(const char *code)
{
    struct sj_instrument definition = {0};
    memcpy(definition.code, code, strnlen(code, sizeof(definition.code)));
    return definition;
}

static uint32_t put(struct sj_instruments *table, const char *code)
{
    struct sj_instrument definition = definition_of(code);
    uint32_t id = 0;
    assert_int_equal(sj_instruments_put(table, &definition, &id), 0);
    return id;
}

static void instruments_get_dense_ids_in_order_of_first_sight(void **state)
{
    (void)state;
    struct sj_instruments *table;
    assert_int_equal(sj_instruments_create(8, &table), 0);
    assert_int_equal(put(table, "2330"), 1);
    assert_int_equal(put(table, "TXFL6"), 2);
    assert_int_equal(put(table, "2330"), 1);
    assert_int_equal(put(table, "0050"), 3);
    assert_int_equal(sj_instruments_count(table), 3);
    assert_int_equal(sj_instruments_id_max(table), 3);
    assert_string_equal(sj_instruments_get(table, 2)->code, "TXFL6");
    assert_int_equal(sj_instruments_get(table, 2)->instrument, 2);
    assert_int_equal(sj_instruments_get(table, 2)->template_id, SJ_EVENT_INSTRUMENT);
    assert_null(sj_instruments_get(table, 4));
    assert_null(sj_instruments_get(table, 0));
    assert_null(sj_instruments_get(table, 9));
    sj_instruments_close(table);
}

static void instruments_keep_the_id_that_was_asked_for_when_it_is_free(void **state)
{
    (void)state;
    struct sj_instruments *table;
    assert_int_equal(sj_instruments_create(4, &table), 0);
    struct sj_instrument definition = definition_of("TXO18000L6");
    definition.instrument = 3;
    uint32_t id = 0;
    assert_int_equal(sj_instruments_put(table, &definition, &id), 0);
    assert_int_equal(id, 3);
    definition = definition_of("TXO18100L6");
    definition.instrument = 3; /* taken: the next free one */
    assert_int_equal(sj_instruments_put(table, &definition, &id), 0);
    assert_int_equal(id, 1);
    definition = definition_of("TXO18200L6");
    definition.instrument = 5;
    assert_int_equal(sj_instruments_put(table, &definition, &id), -SJ_E_LIMIT);
    assert_int_equal(id, 1);
    assert_int_equal(put(table, "A"), 2);
    assert_int_equal(put(table, "B"), 4);
    assert_int_equal(sj_instruments_id_max(table), 4);
    definition = definition_of("C");
    assert_int_equal(sj_instruments_put(table, &definition, &id), -SJ_E_LIMIT);
    assert_int_equal(put(table, "B"), 4);
    sj_instruments_close(table);
}

static void instruments_are_found_only_by_their_exact_code(void **state)
{
    (void)state;
    struct sj_instruments *table;
    assert_int_equal(sj_instruments_create(16, &table), 0);
    uint32_t longest = put(table, "ABCDEFGHIJKLMNOP");
    uint32_t eight = put(table, "ABCDEFGH");
    assert_int_equal(sj_instruments_find(table, "ABCDEFGHIJKLMNOPQ", 16), longest);
    assert_int_equal(sj_instruments_find(table, "ABCDEFGHIJKLMNOPQ", 17), 0);
    assert_int_equal(sj_instruments_find(table, "ABCDEFGHX", 8), eight);
    assert_int_equal(sj_instruments_find(table, "ABCDEFGHX", 9), 0);
    assert_int_equal(sj_instruments_find(table, "ABCDEFGH\0", 9), 0);
    assert_int_equal(sj_instruments_find(table, "ABCDEFG", 7), 0);
    assert_int_equal(sj_instruments_find(table, "", 0), 0);
    struct sj_instrument nameless = definition_of("");
    uint32_t id;
    assert_int_equal(sj_instruments_put(table, &nameless, &id), -SJ_E_MALFORMED);
    struct sj_instrument quoted = definition_of("A\"B");
    assert_int_equal(sj_instruments_put(table, &quoted, &id), -SJ_E_MALFORMED);
    sj_instruments_close(table);
}

static void instruments_fill_to_capacity_and_are_all_found(void **state)
{
    (void)state;
    struct sj_instruments *table;
    assert_int_equal(sj_instruments_create(SJ_INSTRUMENTS_MAX, &table), 0);
    char code[17];
    for (uint32_t i = 1; i <= SJ_INSTRUMENTS_MAX; i++) {
        snprintf(code, sizeof(code), i % 2 ? "%05u" : "TXO%05uL6", i);
        assert_int_equal(put(table, code), i);
    }
    for (uint32_t i = 1; i <= SJ_INSTRUMENTS_MAX; i++) {
        int size = snprintf(code, sizeof(code), i % 2 ? "%05u" : "TXO%05uL6", i);
        assert_int_equal(sj_instruments_find(table, code, (size_t)size), i);
    }
    assert_int_equal(sj_instruments_find(table, "TXO00001L6", 10), 0);
    sj_instruments_close(table);
    assert_int_equal(sj_instruments_create(SJ_INSTRUMENTS_MAX + 1, &table), -SJ_E_RANGE);
    assert_int_equal(sj_instruments_create(0, &table), -SJ_E_RANGE);
    sj_instruments_close(NULL);
}

static void instruments_replaced_leave_the_copy_a_reader_holds_whole(void **state)
{
    (void)state;
    struct sj_instruments *table;
    assert_int_equal(sj_instruments_create(2, &table), 0);
    struct sj_instrument definition = definition_of("2330");
    definition.limit_up_e6 = 1100000000;
    uint32_t id;
    assert_int_equal(sj_instruments_put(table, &definition, &id), 0);
    const struct sj_instrument *held = sj_instruments_get(table, id);
    assert_int_equal(sj_instruments_put(table, &definition, &id), 0);
    assert_ptr_equal(sj_instruments_get(table, id), held);
    definition.limit_up_e6 = 1200000000;
    assert_int_equal(sj_instruments_put(table, &definition, &id), 0);
    assert_int_equal(held->limit_up_e6, 1100000000);
    assert_int_equal(sj_instruments_get(table, id)->limit_up_e6, 1200000000);
    sj_instruments_close(table);
}

static void code_keys_are_the_same_with_and_without_padding(void **state)
{
    (void)state;
    const char *bytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (size_t size = 1; size <= SJ_CODE_MAX; size++)
        assert_true(
            sj_code_key_equal(sj_code_key_of(bytes, size), sj_code_key_of_padded(bytes, size)));
}

int instruments_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instruments_get_dense_ids_in_order_of_first_sight),
        cmocka_unit_test(instruments_keep_the_id_that_was_asked_for_when_it_is_free),
        cmocka_unit_test(instruments_are_found_only_by_their_exact_code),
        cmocka_unit_test(instruments_fill_to_capacity_and_are_all_found),
        cmocka_unit_test(instruments_replaced_leave_the_copy_a_reader_holds_whole),
        cmocka_unit_test(code_keys_are_the_same_with_and_without_padding),
    };
    return cmocka_run_group_tests_name("instruments", tests, NULL, NULL);
}
