/* The converter's reading of TAIFEX's CSV, and the whole way into a journal and back. */
#include "convert/convert.h"
#include "convert/taifex_csv.h"
#include "journal/journal.h"

#include "base/tw_time.h"

#include "convert_tests.h"

#include <errno.h>
#include <unistd.h>

/* The exchange's header in Big5. */
#define HEADER                                                                                     \
    "\xa6\xa8\xa5\xe6\xa4\xe9\xb4\xc1,\xb0\xd3\xab~\xa5N\xb8\xb9,"                                 \
    "\xa8\xec\xb4\xc1\xa4\xeb\xa5\xf7(\xb6g\xa7O),\xa6\xa8\xa5\xe6\xae\xc9\xb6\xa1,"               \
    "\xa6\xa8\xa5\xe6\xbb\xf9\xae\xe6,\xa6\xa8\xa5\xe6\xbc\xc6\xb6q(B+S),"                         \
    "\xaa\xf1\xa4\xeb\xbb\xf9\xae\xe6,\xbb\xb7\xa4\xeb\xbb\xf9\xae\xe6,"                           \
    "\xb6}\xbdL\xb6\xb0\xa6X\xc4v\xbb\xf9 \r\n"

struct fixture {
    struct sj_instruments *instruments;
    struct sj_taifex_day day;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    *state = fixture;
    return sj_instruments_create(64, &fixture->instruments);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    sj_taifex_day_done(&fixture->day);
    sj_instruments_close(fixture->instruments);
    free(fixture);
    return 0;
}

static sj_rc parse(struct fixture *fixture, const char *text)
{
    return sj_taifex_parse(text, strlen(text), true, fixture->instruments, &fixture->day);
}

static void one_line_becomes_one_exact_trade(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(
        parse(fixture, HEADER "20210723,TX     ,202108     ,173620,17345.5,6,-,-, \r\n"), 0);
    assert_int_equal(fixture->day.row_count, 1);
    const struct sj_taifex_row *row = &fixture->day.rows[0];
    assert_int_equal(row->price_e6, 17345500000);
    assert_int_equal(row->lots, 3);
    assert_int_equal(row->near_price_e6, SJ_NULL_E6);
    assert_false(row->auction);
    char text[SJ_TIME_TEXT_MAX];
    sj_tw_format(row->time_ns, 0, text);
    assert_string_equal(text, "2021-07-23 17:36:20");
    const struct sj_instrument *instrument = sj_instruments_get(fixture->instruments, 1);
    assert_memory_equal(instrument->code, "TX202108", 9);
    assert_memory_equal(instrument->root, "TXF", 4);
}

static void lines_are_sorted_by_time_and_keep_the_order_of_the_file_within_a_second(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(parse(fixture, HEADER "20210726,TX,202108,090000,3,2,-,-,\n"
                                           "20210723,TX,202108,150001,1,2,-,-,\n"
                                           "20210726,MTX,202108,090000,4,2,-,-,\n"
                                           "20210724,TX,202108,000001,2,2,-,-,\n"),
                     0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(fixture->day.rows[i].price_e6, (int64_t)(i + 1) * 1000000);
    assert_int_equal(fixture->day.trading_day, 20210726);
    assert_int_equal(sj_instruments_count(fixture->instruments), 2);
}

static void spreads_keep_negative_prices_and_their_legs(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(
        parse(fixture, HEADER "20210726,CAF,202108/202109,084531,-.09,40,88.2,88.19,\n"), 0);
    assert_int_equal(fixture->day.rows[0].price_e6, -90000);
    assert_int_equal(fixture->day.rows[0].near_price_e6, 88200000);
    assert_int_equal(fixture->day.rows[0].far_price_e6, 88190000);
}

static void an_auction_mark_is_kept(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(parse(fixture, HEADER "20210726,TX,202108,084500,17300,2,-,-,*\n"), 0);
    assert_true(fixture->day.rows[0].auction);
}

static void each_kind_of_bad_line_is_refused_by_its_number(void **state)
{
    static const struct {
        const char *line;
        const char *says;
    } cases[] = {
        {"20210726,TX,202108,084500,17300,2,-,-", "fields"},
        {"20210726,TX,202108,084500,17300,2,-,-,,", "fields"},
        {"20210732,TX,202108,084500,17300,2,-,-,", "no date"},
        {"2021072,TX,202108,084500,17300,2,-,-,", "YYYYMMDD"},
        {"20210726,TX,202108,246000,17300,2,-,-,", "HHMMSS"},
        {"20210726,TX,202108,084500,17300.0000001,2,-,-,", "price"},
        {"20210726,TX,202108,084500,,2,-,-,", "price"},
        {"20210726,TX,202108,084500,-,2,-,-,", "price"},
        {"20210726,TX,202108,084500,1e3,2,-,-,", "price"},
        {"20210726,TX,202108,084500,17300,3,-,-,", "even"},
        {"20210726,TX,202108,084500,17300,0,-,-,", "even"},
        {"20210726,,202108,084500,17300,2,-,-,", "product"},
        {"20210726,TX,202108/202109/2021,084500,17300,2,-,-,", "longer"},
        {"20210726,TX,202108,084500,17300,2,-,-,x", "auction"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, HEADER "20210726,TX,202108,084500,17300,2,-,-,\n%s\n",
                 cases[i].line);
        assert_int_equal(parse(fixture, text), -SJ_E_MALFORMED);
        assert_int_equal(fixture->day.error_line, 3);
        if (!strstr(fixture->day.error, cases[i].says))
            fail_msg("'%s' does not speak of %s", fixture->day.error, cases[i].says);
        assert_null(fixture->day.rows);
    }
}

static void another_header_and_an_empty_file_are_refused(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(parse(fixture, "date,product\n1,2\n"), -SJ_E_MALFORMED);
    assert_non_null(strstr(fixture->day.error, "header"));
    assert_int_equal(parse(fixture, HEADER), -SJ_E_MALFORMED);
    assert_non_null(strstr(fixture->day.error, "without a trade"));
    assert_int_equal(parse(fixture, ""), -SJ_E_MALFORMED);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static sj_rc convert(const char *in, const char *out, enum sj_convert_format format, bool strict,
                     struct sj_convert_report *report)
{
    struct sj_convert_options options = {
        .inputs = &in,
        .input_count = 1,
        .output = out,
        .format = format,
        .encode = {.dialect = SJ_DIALECT_TAIFEX, .strict = strict}};
    return sj_convert_rows(&options, report);
}

static void a_file_goes_into_a_journal_once(void **state)
{
    const char *csv = sj_test_path(*state, "day.csv");
    const char *journal = sj_test_path(*state, "journal");
    struct sj_convert_report report;
    write_file(csv, HEADER "20210726,TX,202108,090000,17300,2,-,-,\n"
                           "20210723,TX,202108,150001,17310,4,-,-,\n"
                           "20210726,CAF,202108/202109,084531,-.09,40,88.2,88.19,\n");
    assert_int_equal(convert(csv, journal, SJ_TO_JOURNAL, true, &report), 0);
    assert_int_equal(report.counts.trades, 3);
    assert_int_equal(report.counts.lots, 23);
    assert_int_equal(report.instrument_count, 2);
    assert_int_equal(report.days[0].day, 20210726);
    assert_int_equal(convert(csv, journal, SJ_TO_JOURNAL, true, &report), -SJ_E_BUSY);
    assert_non_null(strstr(report.error, "already holds"));
    assert_int_equal(convert("/nowhere.csv", journal, SJ_TO_JOURNAL, true, &report), -ENOENT);
    assert_non_null(strstr(report.error, "/nowhere.csv"));
}

/* What a journal says of itself is what the file said. */
static void a_journal_has_legs_behind_their_trades_and_running_totals(void **state)
{
    const char *csv = sj_test_path(*state, "day.csv");
    const char *dir = sj_test_path(*state, "journal");
    struct sj_convert_report report;
    struct sj_journal_reader_options options = {.dir = dir};
    struct sj_journal_reader *reader;
    struct sj_journal_span span;
    uint64_t trade_seq = 0;
    int trades = 0;
    int legs = 0;
    write_file(csv, HEADER "20210726,CAF,202108/202109,084531,-.09,40,88.2,88.19,*\n"
                           "20210726,CAF,202108/202109,084532,-.07,2,88.2,88.13,\n");
    assert_int_equal(convert(csv, dir, SJ_TO_JOURNAL, true, &report), 0);
    assert_int_equal(sj_journal_reader_open(&options, &reader), 0);
    while (sj_journal_read(reader, &span) > 0)
        for (const uint8_t *at = span.begin; at < span.end; at += sj_frame_size(at)) {
            const struct sj_trade *trade = (const struct sj_trade *)(const void *)at;
            const struct sj_legs *both = (const struct sj_legs *)(const void *)at;
            if (trade->template_id == SJ_EVENT_TRADE) {
                trade_seq = trade->seq;
                assert_int_equal(trade->total_volume, trades ? 21 : 20);
                assert_int_equal(trade->flags, trades ? 0 : SJ_FLAG_AUCTION);
                assert_int_equal(trade->low_e6, -90000);
                trades++;
            } else if (trade->template_id == SJ_EVENT_LEGS) {
                assert_int_equal(both->trade_seq, trade_seq);
                assert_int_equal(both->near_price_e6, 88200000);
                legs++;
            }
        }
    sj_journal_reader_close(reader);
    assert_int_equal(trades, 2);
    assert_int_equal(legs, 2);
}

static void wrong_lines_are_rejects_or_stop_a_strict_run_at_file_and_line(void **state)
{
    const char *csv = sj_test_path(*state, "day.csv");
    const char *out = sj_test_path(*state, "out.npz");
    struct sj_convert_report report;
    char *rejects;
    char place[256];
    write_file(csv, HEADER "20210726,TX,202108,090000,17300,2,-,-,\n"
                           "20210726,TX,202108,0900,17300,2,-,-,\n"
                           "20210726,TX,202108\n"
                           "20210726,TX,202108,090001,17301,4,-,-,\n");
    assert_int_equal(convert(csv, out, SJ_TO_NPZ, false, &report), 0);
    assert_int_equal(report.row_count, 2);
    assert_int_equal(report.counts.lines, 5);
    assert_int_equal(report.counts.rejects[SJ_REJECT_RANGE], 1);
    assert_int_equal(report.counts.rejects[SJ_REJECT_COLUMNS], 1);
    sj_test_read(sj_test_path(*state, "out.npz.rejects.jsonl"), &rejects);
    assert_non_null(strstr(rejects, "\"line\":3,\"reason\":\"range\""));
    assert_non_null(strstr(rejects, "\"line\":4,\"reason\":\"columns\""));
    free(rejects);
    const char *other = sj_test_path(*state, "other.npz");
    assert_int_equal(convert(csv, other, SJ_TO_NPZ, true, &report), -SJ_E_MALFORMED);
    snprintf(place, sizeof place, "%s:3: time '0900' is not HHMMSS", csv);
    assert_string_equal(report.error, place);
    assert_int_equal(access(other, F_OK), -1);
}

/* The exchange's header of options, in Big5. */
static const char options_header[] =
    "\246\250\245\346\244\351\264\301\054\260\323\253\176\245\116\270\271\054"
    "\274\151\254\371\273\371\256\346\054\250\354\264\301\244\353\245\367\050"
    "\266\147\247\117\051\054\266\122\275\346\305\166\247\117\054\246\250\245"
    "\346\256\311\266\241\054\246\250\245\346\273\371\256\346\054\246\250\245"
    "\346\274\306\266\161\050\102\040\157\162\040\123\051\054\266\175\275\114"
    "\266\260\246\130\304\166\273\371\040\015\012";

static void options_carry_strike_right_and_the_brokers_code(void **state)
{
    struct fixture *fixture = *state;
    char text[512];
    snprintf(text, sizeof text, "%s%s", options_header,
             "20210726,TXO       ,17000.0000     ,202108     ,C       ,084501  ,310.5,7, \r\n"
             "20210726,CDO,62.5,202112W1,P,084500,-.5,1,*\r\n");
    assert_int_equal(parse(fixture, text), 0);
    assert_int_equal(fixture->day.row_count, 2);
    const struct sj_taifex_row *put = &fixture->day.rows[0];
    const struct sj_taifex_row *call = &fixture->day.rows[1];
    assert_int_equal(call->price_e6, 310500000);
    assert_int_equal(call->lots, 7);
    assert_true(put->auction);
    const struct sj_instrument *instrument =
        sj_instruments_get(fixture->instruments, call->instrument);
    assert_memory_equal(instrument->code, "TXO17000H1", 11);
    assert_int_equal(instrument->security, SJ_SECURITY_OPT);
    assert_int_equal(instrument->option_right, 'C');
    assert_int_equal(instrument->strike_e6, 17000000000);
    instrument = sj_instruments_get(fixture->instruments, put->instrument);
    assert_memory_equal(instrument->code, "CDO00625X1", 11);
    assert_memory_equal(instrument->delivery_month, "202112W1", 8);
    sj_taifex_day_done(&fixture->day);
    snprintf(text, sizeof text, "%s20210726,TXO,17000,202108,X,084501,1,1,\n", options_header);
    assert_int_equal(parse(fixture, text), -SJ_E_MALFORMED);
    assert_int_equal(fixture->day.error_line, 2);
    assert_string_equal(fixture->day.error, "the right is 'X', neither C nor P");
}

/* A week's option has another product at the broker than the month's. */
static void options_of_a_week_are_other_instruments_than_those_of_the_month(void **state)
{
    static const struct {
        const char *expiry;
        const char *code;
    } cases[] = {{"202108", "TXO09900H1"},   {"202108W1", "TX109900H1"},
                 {"202108W5", "TX509900H1"}, {"202108F1", "TXU09900H1"},
                 {"202108F3", "TXX09900H1"}, {"202108F5", "TXZ09900H1"}};
    struct fixture *fixture = *state;
    char text[2048];
    size_t used = (size_t)snprintf(text, sizeof text, "%s", options_header);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "20210726,TXO,9900,%s,C,084501,1,1,\n", cases[i].expiry);
    assert_int_equal(parse(fixture, text), 0);
    assert_int_equal(sj_instruments_count(fixture->instruments), sizeof cases / sizeof cases[0]);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_not_equal(
            sj_instruments_find(fixture->instruments, cases[i].code, strlen(cases[i].code)), 0);
    sj_taifex_day_done(&fixture->day);
    snprintf(text, sizeof text,
             "%s20210726,TXO,17000,202108,C,084501,1,1,\n"
             "20210726,TXO,17000,203108,C,084501,1,1,\n",
             options_header);
    assert_int_equal(parse(fixture, text), -SJ_E_MALFORMED);
    assert_string_equal(fixture->day.error, "two contracts have the code TXO17000H1");
}

int taifex_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_line_becomes_one_exact_trade, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            lines_are_sorted_by_time_and_keep_the_order_of_the_file_within_a_second, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(spreads_keep_negative_prices_and_their_legs, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_auction_mark_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_kind_of_bad_line_is_refused_by_its_number, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(another_header_and_an_empty_file_are_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(options_carry_strike_right_and_the_brokers_code, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            options_of_a_week_are_other_instruments_than_those_of_the_month, set_up, tear_down),
        WITH_DIR(a_file_goes_into_a_journal_once),
        WITH_DIR(a_journal_has_legs_behind_their_trades_and_running_totals),
        WITH_DIR(wrong_lines_are_rejects_or_stop_a_strict_run_at_file_and_line),
    };
    return cmocka_run_group_tests_name("convert/taifex", tests, NULL, NULL);
}
