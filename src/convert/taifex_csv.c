#include "convert/taifex_csv.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/decimal.h"
#include "base/tw_time.h"

#include <errno.h>
#include <iconv.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum column { DATE, PRODUCT, EXPIRY, TIME, PRICE, QUANTITY, NEAR, FAR, AUCTION, COLUMN_COUNT };
/* Options have as many columns, in another order. */
enum option_column {
    OPTION_DATE,
    OPTION_PRODUCT,
    OPTION_STRIKE,
    OPTION_EXPIRY,
    OPTION_RIGHT,
    OPTION_TIME,
    OPTION_PRICE,
    OPTION_QUANTITY,
    OPTION_AUCTION,
    OPTION_COLUMN_COUNT
};
_Static_assert((int)OPTION_COLUMN_COUNT == (int)COLUMN_COUNT, "one array of fields does for both");

/* The header's names in UTF-8. The Big5 bytes of some end in an ASCII letter or comma-like byte, so
 * the header is compared as a whole and never split. */
static const char header_utf8[] = "成交日期,商品代號,到期月份(週別),成交時間,成交價格,"
                                  "成交數量(B+S),近月價格,遠月價格,開盤集合競價";

static const char options_header_utf8[] = "成交日期,商品代號,履約價格,到期月份(週別),買賣權別,"
                                          "成交時間,成交價格,成交數量(B or S),開盤集合競價";

struct field {
    const char *begin;
    size_t size;
};

struct parse {
    struct sj_taifex_day *day;
    struct sj_instruments *instruments;
    uint32_t line;
    bool options; /* by the header */
    enum sj_reject reject;
};

__attribute__((format(printf, 3, 4))) static sj_rc refuse(struct parse *parse,
                                                          enum sj_reject reject, const char *format,
                                                          ...)
{
    struct sj_taifex_day *day = parse->day;
    va_list args;
    va_start(args, format);
    vsnprintf(day->error, sizeof day->error, format, args);
    va_end(args);
    day->error_line = parse->line;
    parse->reject = reject;
    return -SJ_E_MALFORMED;
}

static struct field trim(const char *begin, const char *end)
{
    while (begin < end && *begin == ' ')
        begin++;
    while (end > begin && end[-1] == ' ')
        end--;
    return (struct field){begin, (size_t)(end - begin)};
}

static bool split(const char *begin, const char *end, struct field fields[COLUMN_COUNT])
{
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        const char *comma = memchr(begin, ',', (size_t)(end - begin));
        bool last = i + 1 == COLUMN_COUNT;
        if (last != !comma)
            return false;
        fields[i] = trim(begin, comma ? comma : end);
        begin = comma ? comma + 1 : end;
    }
    return true;
}

/* All digits, at most nine of them. */
static bool parse_digits(struct field field, uint32_t *ret)
{
    uint32_t value = 0;
    if (field.size == 0 || field.size > 9)
        return false;
    for (size_t i = 0; i < field.size; i++) {
        unsigned digit = (unsigned char)field.begin[i] - '0';
        if (digit > 9)
            return false;
        value = value * 10 + digit;
    }
    *ret = value;
    return true;
}

static sj_rc parse_time(struct parse *parse, struct field date, struct field time, int64_t *ret_ns)
{
    uint32_t yyyymmdd;
    uint32_t hhmmss;
    if (date.size != 8 || !parse_digits(date, &yyyymmdd))
        return refuse(parse, SJ_REJECT_RANGE, "date '%.*s' is not YYYYMMDD", (int)date.size,
                      date.begin);
    if (time.size != 6 || !parse_digits(time, &hhmmss) || hhmmss / 10000 > 23 ||
        hhmmss / 100 % 100 > 59 || hhmmss % 100 > 59)
        return refuse(parse, SJ_REJECT_RANGE, "time '%.*s' is not HHMMSS", (int)time.size,
                      time.begin);
    if (!sj_date_valid((int32_t)yyyymmdd))
        return refuse(parse, SJ_REJECT_RANGE, "there is no date %u", yyyymmdd);
    int64_t seconds = (int64_t)(hhmmss / 10000) * 3600 + hhmmss / 100 % 100 * 60 + hhmmss % 100;
    *ret_ns = sj_tw_to_utc_ns((int32_t)yyyymmdd, seconds * SJ_NS_PER_S);
    if (yyyymmdd > parse->day->trading_day)
        parse->day->trading_day = yyyymmdd;
    return 0;
}

static sj_rc parse_price(struct parse *parse, struct field field, bool may_miss, int64_t *ret_e6)
{
    if (may_miss && field.size == 1 && *field.begin == '-') {
        *ret_e6 = SJ_NULL_E6;
        return 0;
    }
    /* The exchange writes -.09 for -0.09. */
    char text[32];
    bool negative = field.size > 0 && *field.begin == '-';
    size_t sign = negative ? 1 : 0;
    bool bare = field.size > sign && field.begin[sign] == '.';
    int size = snprintf(text, sizeof text, "%s%s%.*s", negative ? "-" : "", bare ? "0" : "",
                        (int)(field.size - sign), field.begin + sign);
    if (size >= (int)sizeof text || sj_decimal_parse_e6(text, (size_t)size, ret_e6) < 0)
        return refuse(parse, SJ_REJECT_RANGE, "price '%.*s' is not a decimal of at most 6 places",
                      (int)field.size, field.begin);
    return 0;
}

/* What all contracts of the exchange have in common. */
static sj_rc define(struct parse *parse, struct sj_instrument *definition, uint32_t *ret_id)
{
    definition->exchange = SJ_EXCHANGE_TAIFEX;
    memcpy(definition->currency, "TWD", 3);
    sj_rc rc = sj_instruments_put(parse->instruments, definition, ret_id);
    return rc < 0 ? refuse(parse, SJ_REJECT_SYMBOL, "more instruments than the table holds: %s",
                           sj_rc_text(rc))
                  : 0;
}

/* Four products of the exchange's files are shorter there than anywhere else; rules, fees and the
 * broker know the contracts by the three letters. */
static void set_root(struct field product, char *root)
{
    static const char *const names[][2] = {
        {"TX", "TXF"}, {"MTX", "MXF"}, {"TE", "EXF"}, {"TF", "FXF"}};
    memcpy(root, product.begin, product.size);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i][0]) == product.size &&
            memcmp(names[i][0], product.begin, product.size) == 0)
            memcpy(root, names[i][1], strlen(names[i][1]));
}

/* The broker names a contract by one code; the exchange by product and expiry: both, joined. */
static sj_rc parse_contract(struct parse *parse, struct field product, struct field expiry,
                            uint32_t *ret_id)
{
    struct sj_instrument definition = sj_instrument_blank();
    if (product.size == 0 || expiry.size == 0 || product.size > sizeof definition.root ||
        product.size + expiry.size > sizeof definition.code)
        return refuse(parse, SJ_REJECT_SYMBOL,
                      "product '%.*s' with expiry '%.*s' is empty or longer than %zu",
                      (int)product.size, product.begin, (int)expiry.size, expiry.begin,
                      sizeof definition.code);
    memcpy(definition.code, product.begin, product.size);
    memcpy(definition.code + product.size, expiry.begin, expiry.size);
    for (size_t i = 0; i < product.size + expiry.size; i++)
        if (definition.code[i] <= ' ' || definition.code[i] > '~')
            return refuse(parse, SJ_REJECT_SYMBOL,
                          "product or expiry holds bytes that are not ASCII");
    *ret_id = sj_instruments_find(parse->instruments, definition.code, product.size + expiry.size);
    if (*ret_id)
        return 0;
    set_root(product, definition.root);
    const char *slash = memchr(expiry.begin, '/', expiry.size);
    size_t month_size = slash ? (size_t)(slash - expiry.begin) : expiry.size;
    if (month_size <= sizeof definition.delivery_month)
        memcpy(definition.delivery_month, expiry.begin, month_size);
    definition.security = SJ_SECURITY_FUT;
    return define(parse, &definition, ret_id);
}

static sj_rc parse_auction(struct parse *parse, struct field mark, struct sj_taifex_row *row)
{
    row->auction = mark.size == 1 && *mark.begin == '*';
    if (!row->auction && mark.size)
        return refuse(parse, SJ_REJECT_RANGE, "the auction mark is '%.*s', neither * nor empty",
                      (int)mark.size, mark.begin);
    return 0;
}

static sj_rc parse_option_row(struct parse *parse, const struct field *fields,
                              struct sj_taifex_row *row);

static sj_rc parse_row(struct parse *parse, const char *begin, const char *end,
                       struct sj_taifex_row *row)
{
    struct field fields[COLUMN_COUNT];
    uint32_t both_sides;
    if (!split(begin, end, fields))
        return refuse(parse, SJ_REJECT_COLUMNS, "does not have %d fields", COLUMN_COUNT);
    *row = (struct sj_taifex_row){.line = parse->line};
    if (parse->options)
        return parse_option_row(parse, fields, row);
    sj_rc rc = parse_time(parse, fields[DATE], fields[TIME], &row->time_ns);
    if (rc >= 0)
        rc = parse_contract(parse, fields[PRODUCT], fields[EXPIRY], &row->instrument);
    if (rc >= 0)
        rc = parse_price(parse, fields[PRICE], false, &row->price_e6);
    if (rc >= 0)
        rc = parse_price(parse, fields[NEAR], true, &row->near_price_e6);
    if (rc >= 0)
        rc = parse_price(parse, fields[FAR], true, &row->far_price_e6);
    if (rc < 0)
        return rc;
    if (!parse_digits(fields[QUANTITY], &both_sides) || both_sides == 0 || both_sides % 2)
        return refuse(parse, SJ_REJECT_RANGE,
                      "quantity '%.*s' is not an even number (buys + sells)",
                      (int)fields[QUANTITY].size, fields[QUANTITY].begin);
    row->lots = both_sides / 2;
    return parse_auction(parse, fields[AUCTION], row);
}

/* The exchange lists options of one week under the monthly product; the broker's codes have a
 * product for each: TXO of 202108W1 is TX1, of 202507F2 (the second Friday) is TXV. */
static void weekly_root(struct field expiry, char root[static 4])
{
    static const char fridays[] = "UVXYZ";
    unsigned week = expiry.size == 8 ? (unsigned)expiry.begin[7] - '1' : 5;
    if (week >= 5 || strcmp(root, "TXO") != 0)
        return;
    if (expiry.begin[6] == 'W')
        root[2] = (char)('1' + week);
    else if (expiry.begin[6] == 'F')
        root[2] = fridays[week];
}

/* Five digits: of points for indices and gold (products of T), of tenths for all others; as it is
 * where they do not hold it. */
static void strike_text(const char *root, int64_t strike_e6, char text[SJ_DECIMAL_TEXT_MAX])
{
    int64_t unit = *root == 'T' ? SJ_DECIMAL_E6 : SJ_DECIMAL_E6 / 10;
    if (strike_e6 < 0 || strike_e6 % unit || strike_e6 / unit > 99999)
        sj_decimal_format_e6(strike_e6, text);
    else
        snprintf(text, SJ_DECIMAL_TEXT_MAX, "%05lld", (long long)(strike_e6 / unit));
}

/* The broker's code of an option: product, strike, a letter for month and right (calls A .. L, puts
 * M .. X), the year's last digit. */
static sj_rc parse_option(struct parse *parse, const struct field *fields, uint32_t *ret_id)
{
    struct field product = fields[OPTION_PRODUCT];
    struct field expiry = fields[OPTION_EXPIRY];
    struct field right = fields[OPTION_RIGHT];
    struct sj_instrument definition = sj_instrument_blank();
    struct field yyyymm = {expiry.begin, 6};
    int64_t strike_e6;
    uint32_t month;
    char strike[SJ_DECIMAL_TEXT_MAX];
    sj_rc rc = parse_price(parse, fields[OPTION_STRIKE], false, &strike_e6);
    if (rc < 0)
        return rc;
    if (right.size != 1 || (*right.begin != 'C' && *right.begin != 'P'))
        return refuse(parse, SJ_REJECT_RANGE, "the right is '%.*s', neither C nor P",
                      (int)right.size, right.begin);
    if (expiry.size < 6 || expiry.size > sizeof definition.delivery_month ||
        !parse_digits(yyyymm, &month) || month % 100 < 1 || month % 100 > 12)
        return refuse(parse, SJ_REJECT_SYMBOL, "expiry '%.*s' is not YYYYMM or YYYYMMWn",
                      (int)expiry.size, expiry.begin);
    if (product.size == 0 || product.size > 3)
        return refuse(parse, SJ_REJECT_SYMBOL, "product '%.*s' has not 1 to 3 letters",
                      (int)product.size, product.begin);
    char root[4] = {0};
    char code[64];
    memcpy(root, product.begin, product.size);
    weekly_root(expiry, root);
    strike_text(root, strike_e6, strike);
    int size =
        snprintf(code, sizeof code, "%s%s%c%u", root, strike,
                 (*right.begin == 'C' ? 'A' : 'M') + (int)(month % 100) - 1, month / 100 % 10);
    if (size > (int)sizeof definition.code)
        return refuse(parse, SJ_REJECT_SYMBOL, "the code %s is too long", code);
    for (int i = 0; i < size; i++)
        if (code[i] <= ' ' || code[i] > '~')
            return refuse(parse, SJ_REJECT_SYMBOL, "the product holds bytes that are not ASCII");
    memcpy(definition.code, code, (size_t)size);
    memcpy(definition.root, root, strlen(root));
    memcpy(definition.delivery_month, expiry.begin, expiry.size);
    definition.security = SJ_SECURITY_OPT;
    definition.option_right = (uint8_t)*right.begin;
    definition.strike_e6 = strike_e6;
    *ret_id = sj_instruments_find(parse->instruments, code, (size_t)size);
    if (!*ret_id)
        return define(parse, &definition, ret_id);
    const struct sj_instrument *known = sj_instruments_get(parse->instruments, *ret_id);
    if (known->strike_e6 != strike_e6 || memcmp(known->delivery_month, definition.delivery_month,
                                                sizeof definition.delivery_month) != 0)
        return refuse(parse, SJ_REJECT_SYMBOL, "two contracts have the code %s", code);
    return 0;
}

/* Quantities are of one side here, so they are the lots. */
static sj_rc parse_option_row(struct parse *parse, const struct field *fields,
                              struct sj_taifex_row *row)
{
    struct field auction = fields[OPTION_AUCTION];
    row->near_price_e6 = row->far_price_e6 = SJ_NULL_E6;
    sj_rc rc = parse_time(parse, fields[OPTION_DATE], fields[OPTION_TIME], &row->time_ns);
    if (rc >= 0)
        rc = parse_option(parse, fields, &row->instrument);
    if (rc >= 0)
        rc = parse_price(parse, fields[OPTION_PRICE], false, &row->price_e6);
    if (rc < 0)
        return rc;
    if (!parse_digits(fields[OPTION_QUANTITY], &row->lots) || row->lots == 0)
        return refuse(parse, SJ_REJECT_RANGE, "quantity '%.*s' is not a number of lots",
                      (int)fields[OPTION_QUANTITY].size, fields[OPTION_QUANTITY].begin);
    return parse_auction(parse, auction, row);
}

static sj_rc check_header(struct parse *parse, const char *begin, const char *end)
{
    char text[sizeof options_header_utf8 + 64] = {0};
    char *in = (char *)(uintptr_t)begin;
    char *out = text;
    size_t in_left = (size_t)(end - begin);
    size_t out_left = sizeof text - 1;
    iconv_t big5 = iconv_open("UTF-8", "BIG5");
    SJ_ASSERT(big5 != (iconv_t)-1);
    size_t rc = iconv(big5, &in, &in_left, &out, &out_left);
    iconv_close(big5);
    parse->options = !strncmp(text, options_header_utf8, sizeof options_header_utf8 - 1);
    if (rc == (size_t)-1 || (!parse->options && strncmp(text, header_utf8, sizeof header_utf8 - 1)))
        return refuse(parse, SJ_REJECT_SYNTAX,
                      "is not the header of TAIFEX's daily futures or options trades in Big5");
    return 0;
}

static int by_time_then_line(const void *a, const void *b)
{
    const struct sj_taifex_row *x = a;
    const struct sj_taifex_row *y = b;
    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

static sj_rc note_bad(struct parse *parse, const char *csv, const char *begin, const char *end)
{
    struct sj_taifex_day *day = parse->day;
    if (!(day->bad_count & (day->bad_count - 1))) { /* a power of two: full */
        size_t room = day->bad_count ? 2 * day->bad_count : 1;
        struct sj_taifex_bad *bad = realloc(day->bad, room * sizeof *bad);
        if (!bad)
            return -ENOMEM;
        day->bad = bad;
    }
    day->bad[day->bad_count++] = (struct sj_taifex_bad){
        parse->reject, parse->line, (size_t)(begin - csv), (uint32_t)(end - begin)};
    return 0;
}

static sj_rc parse_lines(struct parse *parse, const char *csv, const char *end, bool strict)
{
    struct sj_taifex_day *day = parse->day;
    for (const char *at = csv; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *line_end = newline ? newline : end;
        if (line_end > at && line_end[-1] == '\r')
            line_end--;
        day->line_count = ++parse->line;
        sj_rc rc = 0;
        if (parse->line == 1) {
            rc = check_header(parse, at, line_end);
        } else if (line_end > at) {
            rc = parse_row(parse, at, line_end, &day->rows[day->row_count]);
            if (rc >= 0)
                day->row_count++;
            else if (!strict && rc == -SJ_E_MALFORMED)
                rc = note_bad(parse, csv, at, line_end);
        }
        if (rc < 0)
            return rc;
        at = newline ? newline + 1 : end;
    }
    if (day->row_count == 0)
        return refuse(parse, SJ_REJECT_MISSING, "the file ends without a trade");
    return 0;
}

static size_t count_lines(const char *csv, const char *end)
{
    size_t count = 1;
    while ((csv = memchr(csv, '\n', (size_t)(end - csv)))) {
        count++;
        csv++;
    }
    return count;
}

sj_rc sj_taifex_parse(const char *csv, size_t size, bool strict, struct sj_instruments *instruments,
                      struct sj_taifex_day *ret_day)
{
    struct parse parse = {.day = ret_day, .instruments = instruments};
    *ret_day = (struct sj_taifex_day){0};
    ret_day->rows = calloc(count_lines(csv, csv + size), sizeof *ret_day->rows);
    if (!ret_day->rows)
        return -ENOMEM;
    sj_rc rc = parse_lines(&parse, csv, csv + size, strict);
    if (rc < 0) {
        sj_taifex_day_done(ret_day);
        return rc;
    }
    qsort(ret_day->rows, ret_day->row_count, sizeof *ret_day->rows, by_time_then_line);
    return 0;
}

void sj_taifex_day_done(struct sj_taifex_day *day)
{
    free(day->rows);
    free(day->bad);
    day->rows = NULL;
    day->bad = NULL;
    day->row_count = day->bad_count = 0;
}
