#include "store/embedded/sql.h"

#include <errno.h>

#include "suites.h"
#include "support/test.h"

static sj_rc scan(const char *text, bool is_whole, struct sj_emb_sql *sql)
{
    return sj_emb_sql_scan(text, strlen(text), is_whole, sql);
}

static void expect_kind(const char *text, enum sj_emb_sql_kind kind)
{
    struct sj_emb_sql sql;
    sj_rc rc = scan(text, true, &sql);
    if (rc != 0 || sql.kind != kind)
        fail_msg("%s: rc %d kind %d, not %d", text, rc, (int)sql.kind, (int)kind);
}

static void sql_kind_is_that_of_the_first_word(void **state)
{
    (void)state;
    expect_kind("", SJ_EMB_SQL_EMPTY);
    expect_kind(" \n-- only a comment", SJ_EMB_SQL_EMPTY);
    expect_kind("SELECT 1", SJ_EMB_SQL_SELECT);
    expect_kind("/* a */ -- b\n# c\n#!d\n select 1", SJ_EMB_SQL_SELECT);
    expect_kind("WITH 1 AS x SELECT x", SJ_EMB_SQL_SELECT);
    expect_kind("(SELECT 1)", SJ_EMB_SQL_SELECT);
    expect_kind("FROM t SELECT a", SJ_EMB_SQL_SELECT);
    expect_kind("SHOW TABLES", SJ_EMB_SQL_OTHER);
    expect_kind("selectx", SJ_EMB_SQL_OTHER);
    expect_kind("SET a = 1", SJ_EMB_SQL_SET);
    expect_kind("USE d", SJ_EMB_SQL_USE);
    expect_kind("INSERT INTO t SELECT 1", SJ_EMB_SQL_INSERT_SELECT);
    expect_kind("INSERT INTO t (a) WITH 1 AS x SELECT x", SJ_EMB_SQL_INSERT_SELECT);
    expect_kind("INSERT INTO t (SELECT 1)", SJ_EMB_SQL_INSERT_SELECT);
    expect_kind("INSERT INTO t FROM INFILE 'x' FORMAT CSV", SJ_EMB_SQL_INSERT_FILE);
}

static void expect_format(const char *text, const char *format)
{
    struct sj_emb_sql sql;
    assert_int_equal(scan(text, true, &sql), 0);
    if (strcmp(sql.format, format) != 0)
        fail_msg("%s: '%s', not '%s'", text, sql.format, format);
}

static void sql_format_clause_is_found_only_where_it_is_one(void **state)
{
    (void)state;
    expect_format("SELECT 1 FORMAT JSON", "JSON");
    expect_format("SELECT 1 format JSON;", "JSON");
    expect_format("SELECT * FORMAT JSON SETTINGS max_threads = 1", "JSON");
    expect_format("SELECT 1 SETTINGS a = 1 FORMAT JSON", "JSON");
    expect_format("SELECT 1 FORMAT/**/JSON -- end", "JSON");
    expect_format("SHOW TABLES FORMAT TSV", "TSV");
    expect_format("SELECT f(x) FORMAT CSV", "CSV");
    expect_format("SELECT 'x' FORMAT CSV", "CSV");
    expect_format("SELECT 1", "");
    expect_format("SELECT format FROM t", "");
    expect_format("SELECT format x", "");
    expect_format("SELECT a, format x", "");
    expect_format("SELECT 1 AS format", "");
    expect_format("SELECT ' FORMAT JSON'", "");
    expect_format("SELECT `FORMAT JSON`", "");
    expect_format("SELECT $a$ FORMAT JSON$a$", "");
    expect_format("SELECT 1 -- FORMAT JSON", "");
    expect_format("SELECT format(CSV, '1')", "");
    expect_format("SELECT * FROM (SELECT 1 FORMAT JSON)", "");
    expect_format("SELECT 'a\\' FORMAT JSON'", "");
    expect_format("SELECT 'a'' FORMAT JSON'", "");
}

static void expect_data(const char *text, const char *head, const char *format, const char *data)
{
    struct sj_emb_sql sql;
    assert_int_equal(scan(text, true, &sql), 0);
    assert_int_equal(sql.kind, SJ_EMB_SQL_INSERT_DATA);
    assert_int_equal(sql.head_size, strlen(head));
    assert_memory_equal(text, head, sql.head_size);
    assert_string_equal(sql.format, format);
    assert_string_equal(text + sql.data_offset, data);
}

static void sql_insert_is_cut_into_head_format_and_data(void **state)
{
    (void)state;
    expect_data("INSERT INTO t FORMAT Native\nDATA", "INSERT INTO t ", "Native", "DATA");
    expect_data("INSERT INTO t FORMAT Native\r\nDATA", "INSERT INTO t ", "Native", "DATA");
    expect_data("INSERT INTO t FORMAT TSV \t \n\nX", "INSERT INTO t ", "TSV", "\nX");
    expect_data("INSERT INTO t FORMAT JSONEachRow {\"a\":1}", "INSERT INTO t ", "JSONEachRow",
                "{\"a\":1}");
    expect_data("INSERT INTO t (a, b) VALUES (1, 'x')", "INSERT INTO t (a, b) ", "Values",
                " (1, 'x')");
    expect_data("insert into `values`.`format` values(1)", "insert into `values`.`format` ",
                "Values", "(1)");
    expect_data("INSERT INTO values VALUES (1)", "INSERT INTO values ", "Values", " (1)");
    expect_data("INSERT INTO db . format (`values`) SETTINGS a = 1 FORMAT CSV\n1",
                "INSERT INTO db . format (`values`) SETTINGS a = 1 ", "CSV", "1");
    expect_data("INSERT t VALUES", "INSERT t ", "Values", "");
    expect_data("INSERT INTO FUNCTION file('x') VALUES (1)", "INSERT INTO FUNCTION file('x') ",
                "Values", " (1)");
}

static void sql_insert_in_pieces_gives_the_same_as_whole(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "INSERT INTO t FORMAT Native\nDATA", "INSERT INTO t (a) VALUES (1)",
        "INSERT INTO `a b`.t SETTINGS x='FORMAT' FORMAT RowBinary\r\nDATA",
        "/* FORMAT x */ INSERT INTO t -- VALUES\n FORMAT CSV\n1"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sj_emb_sql whole;
        assert_int_equal(scan(texts[i], true, &whole), 0);
        for (size_t size = 0; size <= strlen(texts[i]); size++) {
            struct sj_emb_sql part;
            sj_rc rc = sj_emb_sql_scan(texts[i], size, false, &part);
            if (rc == -EAGAIN || (rc == 0 && part.kind == SJ_EMB_SQL_EMPTY))
                continue;
            assert_int_equal(rc, 0);
            assert_int_equal(part.kind, whole.kind);
            assert_int_equal(part.data_offset, whole.data_offset);
            assert_string_equal(part.format, whole.format);
        }
    }
}

static void sql_insert_without_data_is_malformed_only_when_whole(void **state)
{
    (void)state;
    struct sj_emb_sql sql;
    assert_int_equal(scan("INSERT INTO t (a", false, &sql), -EAGAIN);
    assert_int_equal(scan("INSERT INTO t (a", true, &sql), -SJ_E_MALFORMED);
    assert_int_equal(scan("INSERT INTO t FORMAT", true, &sql), -SJ_E_MALFORMED);
    char long_name[200] = "INSERT INTO t FORMAT ";
    memset(long_name + strlen(long_name), 'x', 100);
    assert_int_equal(scan(long_name, true, &sql), -SJ_E_MALFORMED);
}

static void sql_totals_are_noticed(void **state)
{
    (void)state;
    struct sj_emb_sql sql;
    assert_int_equal(scan("SELECT a GROUP BY a WITH TOTALS", true, &sql), 0);
    assert_true(sql.has_totals);
    assert_int_equal(scan("SELECT 'TOTALS'", true, &sql), 0);
    assert_false(sql.has_totals);
}

static void expect_breach(const char *text, enum sj_emb_sql_breach breach)
{
    enum sj_emb_sql_breach got = sj_emb_sql_guard(text, strlen(text));
    if (got != breach)
        fail_msg("%s: %d, not %d", text, (int)got, (int)breach);
}

static void sql_guard_finds_the_function_file_however_it_is_written(void **state)
{
    (void)state;
    expect_breach("SELECT file('x')", SJ_EMB_SQL_READS_FILE);
    expect_breach("SELECT file /* */ ('x')", SJ_EMB_SQL_READS_FILE);
    expect_breach("SELECT `file`('x')", SJ_EMB_SQL_READS_FILE);
    expect_breach("SELECT \"file\"('x')", SJ_EMB_SQL_READS_FILE);
    expect_breach("SELECT * APPLY(file)", SJ_EMB_SQL_READS_FILE);
    expect_breach("SELECT 1 -- it's\n, file('x')", SJ_EMB_SQL_READS_FILE);
    expect_breach("SELECT $a$ ' $a$, file('x')", SJ_EMB_SQL_READS_FILE);
    expect_breach("SELECT \xe2\x80\x98'\xe2\x80\x99, file('x')", SJ_EMB_SQL_READS_FILE);
    expect_breach("SELECT /* ' file */ 1", SJ_EMB_SQL_READS_FILE);
    expect_breach("SELECT file\xc2\xa0('x')", SJ_EMB_SQL_READS_FILE);
    expect_breach("SELECT\xc2\xa0"
                  "file('x')",
                  SJ_EMB_SQL_READS_FILE);
    expect_breach("SELECT $ ' $ ' $ ' $, file('x')", SJ_EMB_SQL_READS_FILE);
    expect_breach("SELECT 1.file('x')", SJ_EMB_SQL_READS_FILE);
    expect_breach("SELECT `\\x66ile`('x')", SJ_EMB_SQL_ESCAPED_NAME);
    expect_breach("SELECT 'file'", SJ_EMB_SQL_CLEAN);
    expect_breach("SELECT 'it''s a file'", SJ_EMB_SQL_CLEAN);
    expect_breach("SELECT 'a\\'file(x)'", SJ_EMB_SQL_CLEAN);
    expect_breach("SELECT profile, files, t.file FROM t", SJ_EMB_SQL_CLEAN);
}

static void sql_guard_finds_settings_in_a_subquery(void **state)
{
    (void)state;
    expect_breach("SELECT * FROM (SELECT 1 SETTINGS max_threads = 9)", SJ_EMB_SQL_NESTED_SETTINGS);
    expect_breach("SELECT 1 SETTINGS max_threads = 9", SJ_EMB_SQL_CLEAN);
    expect_breach("SELECT (1), [2] SETTINGS max_threads = 9", SJ_EMB_SQL_CLEAN);
}

static void sql_engines_with_data_elsewhere_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_own;
    } cases[] = {
        {"CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a", true},
        {"CREATE TABLE t (a Int8) engine ReplacingMergeTree ORDER BY a", true},
        {"CREATE TABLE t (a Int8) ENGINE = Memory", true},
        {"CREATE TABLE t (engine String, b Int8) ENGINE=Log", false},
        {"CREATE TABLE t (`engine` String) ENGINE=Log", true},
        {"CREATE TABLE t (a Int8) ENGINE = Executable('x', TSV)", false},
        {"CREATE TABLE t (a Int8) ENGINE = `Executable`('x', TSV)", false},
        {"CREATE TABLE t (a Int8) ENGINE/**/=/**/File(CSV)", false},
        {"ALTER TABLE t ADD COLUMN a Int8", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (sj_emb_sql_engines_are_own(cases[i].text, strlen(cases[i].text)) != cases[i].is_own)
            fail_msg("%s", cases[i].text);
    }
}

int sql_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sql_kind_is_that_of_the_first_word),
        cmocka_unit_test(sql_format_clause_is_found_only_where_it_is_one),
        cmocka_unit_test(sql_insert_is_cut_into_head_format_and_data),
        cmocka_unit_test(sql_insert_in_pieces_gives_the_same_as_whole),
        cmocka_unit_test(sql_insert_without_data_is_malformed_only_when_whole),
        cmocka_unit_test(sql_totals_are_noticed),
        cmocka_unit_test(sql_guard_finds_the_function_file_however_it_is_written),
        cmocka_unit_test(sql_guard_finds_settings_in_a_subquery),
        cmocka_unit_test(sql_engines_with_data_elsewhere_are_told_apart),
    };
    return cmocka_run_group_tests_name("store_embedded_sql", tests, NULL, NULL);
}
