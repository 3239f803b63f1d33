#include "store/embedded/setup.h"

#include "suites.h"
#include "support/test.h"

static const struct sj_embedded_options options = {.database = "shijim",
                                                   .reader_memory_max_bytes = 1000,
                                                   .reader_time_max_s = 60,
                                                   .result_max_bytes = 5000};
static struct sj_emb_request request;

static int fresh(void **state)
{
    (void)state;
    sj_emb_request_init(&request);
    return 0;
}

static void set(const char *name, const char *value)
{
    assert_int_equal(sj_emb_request_argument(&request, sj_emb_text_of(name), sj_emb_text_of(value)),
                     0);
}

static const char *write(struct sj_emb_setup setup)
{
    static char text[4096];
    struct sj_emb_buffer sql = {0};
    setup.request = &request;
    setup.options = &options;
    setup.query_id = "q'1";
    assert_int_equal(sj_emb_setup_write(&setup, &sql), 0);
    assert_true(sql.size < sizeof(text));
    memcpy(text, sql.data, sql.size);
    text[sql.size] = '\0';
    sj_emb_buffer_done(&sql);
    return text;
}

static void setup_of_a_reader_gives_up_rights_first_and_ends_read_only(void **state)
{
    (void)state;
    set("max_block_size", "7");
    assert_string_equal(write((struct sj_emb_setup){.is_reader = true}),
                        "SET ROLE NONE; USE `shijim`; SET log_comment = 'q\\'1', "
                        "`max_block_size` = '7', max_memory_usage = 1000, "
                        "max_execution_time = 60, max_threads = 1, readonly = 2");
}

static void setup_of_a_reader_only_lowers_limits(void **state)
{
    (void)state;
    set("max_memory_usage", "999");
    set("max_execution_time", "0");
    set("max_threads", "64");
    set("readonly", "0");
    const char *sql = write((struct sj_emb_setup){.is_reader = true});
    assert_non_null(strstr(sql, "max_memory_usage = 999,"));
    assert_non_null(strstr(sql, "max_execution_time = 60,"));
    assert_non_null(strstr(sql, "max_threads = 1,"));
    assert_null(strstr(sql, "readonly` = '0'"));
    set("max_execution_time", "18446744073709551615");
    set("max_memory_usage", "-1");
    sql = write((struct sj_emb_setup){.is_reader = true});
    assert_non_null(strstr(sql, "max_memory_usage = 1000,"));
    assert_non_null(strstr(sql, "max_execution_time = 60,"));
}

static void setup_quotes_whatever_a_value_holds(void **state)
{
    (void)state;
    set("database", "a`; DROP TABLE t; --");
    set("max_block_size", "1', readonly = 0, x = '");
    const char *sql = write((struct sj_emb_setup){0});
    assert_non_null(strstr(sql, "USE `a\\`; DROP TABLE t; --`;"));
    assert_non_null(strstr(sql, "`max_block_size` = '1\\', readonly = 0, x = \\''"));
}

static void setup_of_an_insert_makes_one_block_unless_told_otherwise(void **state)
{
    (void)state;
    set("max_insert_block_size", "5");
    const char *sql = write((struct sj_emb_setup){.is_insert = true});
    assert_non_null(strstr(sql, "`max_insert_block_size` = '5'"));
    assert_null(strstr(sql, "`max_insert_block_size` = '10000000'"));
    assert_non_null(strstr(sql, "`min_insert_block_size_rows` = '10000000'"));
}

static void setup_bounds_a_result_in_one_piece(void **state)
{
    (void)state;
    assert_non_null(strstr(write((struct sj_emb_setup){.is_whole = true, .is_reader = true}),
                           "max_result_bytes = 5000, result_overflow_mode = 'throw'"));
    assert_null(strstr(write((struct sj_emb_setup){.is_reader = true}), "max_result_bytes"));
}

static void setup_of_a_session_leaves_its_database_and_default_means_ours(void **state)
{
    (void)state;
    assert_null(strstr(write((struct sj_emb_setup){.is_session = true}), "USE"));
    set("database", "default");
    assert_non_null(strstr(write((struct sj_emb_setup){0}), "USE `shijim`"));
}

int setup_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(setup_of_a_reader_gives_up_rights_first_and_ends_read_only, fresh),
        cmocka_unit_test_setup(setup_of_a_reader_only_lowers_limits, fresh),
        cmocka_unit_test_setup(setup_quotes_whatever_a_value_holds, fresh),
        cmocka_unit_test_setup(setup_of_an_insert_makes_one_block_unless_told_otherwise, fresh),
        cmocka_unit_test_setup(setup_bounds_a_result_in_one_piece, fresh),
        cmocka_unit_test_setup(setup_of_a_session_leaves_its_database_and_default_means_ours,
                               fresh),
    };
    return cmocka_run_group_tests_name("store_embedded_setup", tests, NULL, NULL);
}
