/* Builds the simulated market's list of contracts from universe.csv and the market's rules. */
#include "base/tw_time.h"
#include "brokersim/universe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LISTING_SIZE_MAX (1 << 22)
#define FIELDS_MAX 8
#define LINES_MAX 4096
#define FUTURE_MONTHS 3
#define WARRANT_MONTHS 5 /* until a warrant ends */

extern const unsigned char sj_sim_universe_builtin[];
extern const size_t sj_sim_universe_builtin_size;

struct listing {
    struct sj_sim_universe *universe;
    const struct sj_sim_universe_options *options;
    char *error;
    struct line {
        unsigned number;
        uint32_t field_count;
        const char *field[FIELDS_MAX];
    } * lines;
    uint32_t line_count;
};

static sj_rc fail(struct listing *listing, unsigned line, const char *what)
{
    snprintf(listing->error, SJ_SIM_ERROR_MAX, "universe line %u: %s", line, what);
    return -SJ_E_MALFORMED;
}

static bool parse_price(const char *text, int64_t *ret_e6)
{
    char *end;
    double value = strtod(text, &end);
    if (*end != 0 || !(value > 0) || value > 1e7)
        return false;
    *ret_e6 = (int64_t)(value * 1e6 + 0.5);
    return true;
}

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from);
}

/* Fills tick bands, limits and multiplier of a contract by the rules of the day. */
static sj_rc apply_rules(struct listing *listing, struct sj_sim_instrument *instrument,
                         const char *limit_name, int64_t limit_base_e6)
{
    const struct sj_sim_universe_options *options = listing->options;
    int64_t ratio_e6;
    sj_rc rc = sj_market_tick_bands(options->rules, instrument->tick_rule, options->date,
                                    &instrument->bands);
    if (rc < 0)
        return rc;
    rc = sj_market_number(options->rules, "limit", limit_name, options->date, &ratio_e6);
    if (rc < 0)
        return rc;
    int64_t tick = sj_tick_at(&instrument->bands, instrument->reference_e6);
    instrument->reference_e6 -= instrument->reference_e6 % tick;
    if (instrument->reference_e6 < tick)
        instrument->reference_e6 = tick;
    if (limit_base_e6 == 0) {
        sj_price_limits(&instrument->bands, instrument->reference_e6, ratio_e6,
                        &instrument->limit_down_e6, &instrument->limit_up_e6);
    } else {
        /* An option or a warrant moves by a part of its underlying, and never below one tick. */
        int64_t move = limit_base_e6 / 1000 * ratio_e6 / 1000;
        int64_t up = instrument->reference_e6 + move;
        int64_t down = instrument->reference_e6 - move;
        instrument->limit_up_e6 = up - up % sj_tick_at(&instrument->bands, up);
        instrument->limit_down_e6 = down < instrument->bands.band[0].tick_e6
                                        ? instrument->bands.band[0].tick_e6
                                        : down - down % sj_tick_at(&instrument->bands, down);
    }
    return 0;
}

static sj_rc add_stock(struct listing *listing, const struct line *line, bool etf)
{
    struct sj_sim_instrument stock = {
        .security = SJ_SECURITY_STK, .unit = 1000, .target = SJ_SIM_NONE};
    if (line->field_count != 6 || !parse_price(line->field[5], &stock.reference_e6))
        return fail(listing, line->number, "expected stock,EXCHANGE,CODE,NAME,CATEGORY,REFERENCE");
    stock.exchange = strcmp(line->field[1], "OTC") == 0 ? SJ_EXCHANGE_OTC : SJ_EXCHANGE_TSE;
    copy(stock.code, sizeof stock.code, line->field[2]);
    copy(stock.name, sizeof stock.name, line->field[3]);
    copy(stock.category, sizeof stock.category, line->field[4]);
    copy(stock.tick_rule, sizeof stock.tick_rule, etf ? "ETF" : "STK");
    sj_rc rc = apply_rules(listing, &stock, stock.tick_rule, 0);
    return rc < 0 ? rc : sj_sim_universe_add(listing->universe, &stock);
}

static sj_rc add_index(struct listing *listing, const struct line *line)
{
    struct sj_sim_instrument index = {
        .security = SJ_SECURITY_IND, .unit = 1, .target = SJ_SIM_NONE};
    if (line->field_count != 5 || !parse_price(line->field[4], &index.reference_e6))
        return fail(listing, line->number, "expected index,EXCHANGE,CODE,NAME,REFERENCE");
    index.exchange = strcmp(line->field[1], "OTC") == 0 ? SJ_EXCHANGE_OTC : SJ_EXCHANGE_TSE;
    copy(index.code, sizeof index.code, line->field[2]);
    copy(index.name, sizeof index.name, line->field[3]);
    return sj_sim_universe_add(listing->universe, &index);
}

/* The third Wednesday of a month. */
static uint32_t delivery_date(uint32_t year, uint32_t month)
{
    int32_t first = (int32_t)(year * 10000 + month * 100 + 1);
    int32_t weekday = sj_date_weekday(first); /* 3 is Wednesday */
    return (uint32_t)sj_date_add(first, (3 - weekday + 7) % 7 + 14);
}

struct month {
    uint32_t year;
    uint32_t month;
};

/* The n-th delivery month that is still alive on a day. */
static struct month nth_month(uint32_t date, uint32_t n)
{
    struct month at = {date / 10000, date / 100 % 100};
    if (delivery_date(at.year, at.month) < date)
        n++;
    at.month += n;
    at.year += (at.month - 1) / 12;
    at.month = (at.month - 1) % 12 + 1;
    return at;
}

static sj_rc fill_derivative(struct listing *listing, const struct line *line, uint32_t n,
                             struct sj_sim_instrument *contract)
{
    struct month at = nth_month(listing->options->date, n);
    contract->unit = 1;
    contract->target = SJ_SIM_NONE;
    contract->exchange = SJ_EXCHANGE_TAIFEX;
    contract->delivery_date = delivery_date(at.year, at.month);
    snprintf(contract->delivery_month, sizeof contract->delivery_month, "%04u%02u", at.year % 10000,
             at.month % 100);
    copy(contract->root, sizeof contract->root, line->field[1]);
    copy(contract->underlying, sizeof contract->underlying, line->field[3]);
    copy(contract->tick_rule, sizeof contract->tick_rule, line->field[4]);
    return sj_market_number(listing->options->rules, "point", contract->root,
                            listing->options->date, &contract->multiplier_e6);
}

static sj_rc add_future(struct listing *listing, const struct line *line, uint32_t n)
{
    struct sj_sim_instrument future = {.security = SJ_SECURITY_FUT};
    if (line->field_count != 6 || !parse_price(line->field[5], &future.reference_e6))
        return fail(listing, line->number, "expected future,ROOT,NAME,UNDERLYING,RULE,REFERENCE");
    sj_rc rc = fill_derivative(listing, line, n, &future);
    if (rc < 0)
        return rc;
    future.reference_e6 += (int64_t)n * 60000000;
    struct month at = nth_month(listing->options->date, n);
    snprintf(future.code, sizeof future.code, "%s%c%u", future.root, (char)('A' + at.month - 1),
             at.year % 10);
    snprintf(future.name, sizeof future.name, "%.48s%02u", line->field[2], at.month);
    rc = apply_rules(listing, &future, "FUT", 0);
    return rc < 0 ? rc : sj_sim_universe_add(listing->universe, &future);
}

static sj_rc add_continuous(struct listing *listing, const struct line *line, uint32_t n)
{
    struct month at = nth_month(listing->options->date, n);
    char code[24];
    snprintf(code, sizeof code, "%.7s%c%u", line->field[1], (char)('A' + at.month - 1),
             at.year % 10);
    uint32_t target = sj_sim_universe_find(listing->universe, code);
    if (target == SJ_SIM_NONE)
        return 0;
    struct sj_sim_instrument alias = listing->universe->list[target];
    alias.target = target;
    snprintf(alias.code, sizeof alias.code, "%.7sR%u", line->field[1], n + 1);
    snprintf(alias.name, sizeof alias.name, "%.40s%s", line->field[2], n == 0 ? "近月" : "次月");
    return sj_sim_universe_add(listing->universe, &alias);
}

/* A made-up but plausible premium: intrinsic value and a hump of time value at the money. */
static int64_t option_premium_e6(int64_t underlying_e6, int64_t strike_e6, char right)
{
    int64_t distance = underlying_e6 - strike_e6;
    int64_t intrinsic = right == 'C' ? distance : -distance;
    int64_t away = distance < 0 ? -distance : distance;
    int64_t hump = 320000000 - away / 4;
    return (intrinsic > 0 ? intrinsic : 0) + (hump > 5000000 ? hump : 5000000);
}

static sj_rc add_option(struct listing *listing, const struct line *line, uint32_t n)
{
    struct sj_sim_instrument option = {.security = SJ_SECURITY_OPT};
    int64_t step_e6;
    if (line->field_count != 6 || !parse_price(line->field[5], &step_e6))
        return fail(listing, line->number, "expected option,ROOT,NAME,UNDERLYING,RULE,STRIKE_STEP");
    uint32_t base = sj_sim_universe_find(listing->universe, line->field[3]);
    if (base == SJ_SIM_NONE)
        return fail(listing, line->number, "the option's underlying is not listed");
    int64_t spot = listing->universe->list[base].reference_e6;
    sj_rc rc = fill_derivative(listing, line, 0, &option);
    if (rc < 0)
        return rc;
    /* Strikes outwards from the money, call then put at each. */
    int64_t away = (int64_t)(n / 4 + 1) * (n / 2 % 2 ? -1 : 1);
    if (n < 2)
        away = 0;
    option.strike_e6 = (spot + step_e6 / 2) / step_e6 * step_e6 + away * step_e6;
    option.option_right = n % 2 == 0 ? 'C' : 'P';
    option.reference_e6 = option_premium_e6(spot, option.strike_e6, option.option_right);
    uint32_t month = option.delivery_date / 100 % 100;
    char letter = (char)((option.option_right == 'C' ? 'A' : 'M') + month - 1);
    snprintf(option.code, sizeof option.code, "%s%05lld%c%u", option.root,
             (long long)(option.strike_e6 / 1000000 % 100000), letter,
             option.delivery_date / 10000 % 10);
    snprintf(option.name, sizeof option.name, "%.40s%02u月%lld%c", line->field[2], month,
             (long long)(option.strike_e6 / 1000000), option.option_right);
    rc = apply_rules(listing, &option, "OPT", spot);
    if (rc >= 0)
        rc = sj_sim_universe_add(listing->universe, &option);
    return rc == -SJ_E_BUSY ? 0 : rc;
}

/* warrant,EXCHANGE,CODE,NAME,UNDERLYING,C or P,STRIKE,RATIO: a right on RATIO shares. Its price is
 * made up: what it is worth now, and time value that is most at the money. */
static sj_rc add_warrant(struct listing *listing, const struct line *line, uint32_t n)
{
    struct sj_sim_instrument warrant = {
        .security = SJ_SECURITY_WRT, .unit = 1000, .target = SJ_SIM_NONE};
    int64_t ratio_e6;
    (void)n;
    if (line->field_count != 8 || !parse_price(line->field[6], &warrant.strike_e6) ||
        !parse_price(line->field[7], &ratio_e6) || ratio_e6 > 1000000 ||
        (strcmp(line->field[5], "C") != 0 && strcmp(line->field[5], "P") != 0))
        return fail(listing, line->number,
                    "expected warrant,EXCHANGE,CODE,NAME,UNDERLYING,C|P,STRIKE,RATIO");
    uint32_t base = sj_sim_universe_find(listing->universe, line->field[4]);
    if (base == SJ_SIM_NONE)
        return 0; /* a small market without its underlying is one without the warrant */
    int64_t spot = listing->universe->list[base].reference_e6;
    warrant.exchange = listing->universe->list[base].exchange;
    warrant.option_right = line->field[5][0];
    warrant.multiplier_e6 = ratio_e6;
    copy(warrant.code, sizeof warrant.code, line->field[2]);
    copy(warrant.name, sizeof warrant.name, line->field[3]);
    copy(warrant.underlying, sizeof warrant.underlying, line->field[4]);
    copy(warrant.tick_rule, sizeof warrant.tick_rule, "WRT");
    struct month at = nth_month(listing->options->date, WARRANT_MONTHS);
    warrant.delivery_date = delivery_date(at.year, at.month);
    int64_t away = llabs(spot - warrant.strike_e6);
    bool inside = (warrant.option_right == 'C') == (spot > warrant.strike_e6);
    int64_t hump = spot / 16 - away / 4, least = spot / 200;
    int64_t worth = (inside ? away : 0) + (hump > least ? hump : least);
    warrant.reference_e6 = worth / 1000 * ratio_e6 / 1000;
    sj_rc rc = apply_rules(listing, &warrant, "STK", spot / 1000 * ratio_e6 / 1000);
    return rc < 0 ? rc : sj_sim_universe_add(listing->universe, &warrant);
}

static sj_rc add_made_up_stock(struct listing *listing, uint32_t n)
{
    uint64_t hash = (listing->options->seed + n + 1) * 0x9E3779B97F4A7C15ull;
    hash ^= hash >> 29;
    static const double scales[] = {8, 14, 22, 35, 48, 63, 88, 120, 240, 460, 720, 1500};
    double scale = scales[hash % 12] * (0.8 + (double)(hash >> 40 & 0xff) / 512.0);
    char code[24], name[32], price[32];
    snprintf(code, sizeof code, "%04u", 1102 + n);
    snprintf(name, sizeof name, "模擬%04u", 1102 + n);
    snprintf(price, sizeof price, "%.2f", scale);
    const struct line line = {0, 6, {"stock", n % 3 == 0 ? "OTC" : "TSE", code, name, "91", price}};
    sj_rc rc = add_stock(listing, &line, false);
    return rc == -SJ_E_BUSY ? 0 : rc; /* the code is a real one of the list */
}

static bool is(const struct line *line, const char *kind)
{
    return strcmp(line->field[0], kind) == 0;
}

static bool full(const struct listing *listing)
{
    return listing->universe->count >= listing->options->count;
}

/* Splits the text into lines and fields, in place. */
static sj_rc split(struct listing *listing, char *text)
{
    char *state;
    unsigned number = 0;
    for (char *row = text; row; row = state) {
        state = strchr(row, '\n');
        if (state)
            *state++ = 0;
        number++;
        row[strcspn(row, "\r")] = 0;
        if (*row == 0 || *row == '#')
            continue;
        if (listing->line_count == LINES_MAX)
            return fail(listing, number, "too many lines");
        struct line *line = &listing->lines[listing->line_count++];
        line->number = number;
        for (char *field = row; field; field = field ? field + 1 : NULL) {
            if (line->field_count == FIELDS_MAX)
                return fail(listing, number, "too many fields");
            line->field[line->field_count++] = field;
            field = strchr(field, ',');
            if (field)
                *field = 0;
        }
        if (!is(line, "stock") && !is(line, "etf") && !is(line, "index") && !is(line, "future") &&
            !is(line, "option") && !is(line, "warrant"))
            return fail(listing, number,
                        "begins with none of index, future, option, stock, etf, warrant");
    }
    return 0;
}

typedef sj_rc add_fn(struct listing *listing, const struct line *line, uint32_t n);

static sj_rc add_stock_line(struct listing *listing, const struct line *line, uint32_t n)
{
    (void)n;
    return add_stock(listing, line, is(line, "etf"));
}

static sj_rc add_index_line(struct listing *listing, const struct line *line, uint32_t n)
{
    (void)n;
    return add_index(listing, line);
}

/* Adds `repeat` contracts for every line of a kind, as long as there is room; first_only stops
 * after the first line. */
static sj_rc add_kind(struct listing *listing, const char *kind, add_fn *add, uint32_t repeat,
                      bool first_only)
{
    for (uint32_t i = 0; i < listing->line_count; i++) {
        if (!is(&listing->lines[i], kind))
            continue;
        for (uint32_t n = 0; n < repeat && !full(listing); n++) {
            sj_rc rc = add(listing, &listing->lines[i], n);
            if (rc < 0 && rc != -SJ_E_BUSY)
                return rc;
        }
        if (first_only)
            break;
    }
    return 0;
}

static sj_rc add_all(struct listing *listing)
{
    uint32_t options = listing->options->count / 10;
    sj_rc rc = add_kind(listing, "index", add_index_line, 1, true);
    /* The head of each kind first, so that a small market still has one of everything. */
    if (rc >= 0)
        rc = add_kind(listing, "stock", add_stock_line, 1, true);
    if (rc >= 0)
        rc = add_kind(listing, "future", add_future, 2, true);
    if (rc >= 0 && listing->options->count >= 20)
        rc = add_kind(listing, "warrant", add_warrant, 1, true);
    if (rc >= 0)
        rc = add_kind(listing, "option", add_option, options < 2 ? 2 : options, false);
    if (rc >= 0 && listing->options->count >= 50)
        rc = add_kind(listing, "index", add_index_line, 1, false);
    if (rc >= 0 && listing->options->count >= 20)
        rc = add_kind(listing, "future", add_future, FUTURE_MONTHS, false);
    if (rc >= 0)
        rc = add_kind(listing, "stock", add_stock_line, 1, false);
    if (rc >= 0)
        rc = add_kind(listing, "etf", add_stock_line, 1, false);
    if (rc >= 0)
        rc = add_kind(listing, "warrant", add_warrant, 1, false);
    for (uint32_t n = 0; rc >= 0 && !full(listing); n++)
        rc = add_made_up_stock(listing, n);
    for (uint32_t i = 0; rc >= 0 && i < listing->line_count; i++)
        for (uint32_t n = 0; rc >= 0 && n < 2 && is(&listing->lines[i], "future"); n++)
            rc = add_continuous(listing, &listing->lines[i], n);
    return rc;
}

static sj_rc read_text(const char *path, char **ret_text, char *error)
{
    char *text = malloc(LISTING_SIZE_MAX + 1);
    if (!text)
        return -ENOMEM;
    size_t size = sj_sim_universe_builtin_size;
    if (!path) {
        memcpy(text, sj_sim_universe_builtin, size);
    } else {
        FILE *file = fopen(path, "re");
        if (!file) {
            int code = errno;
            snprintf(error, SJ_SIM_ERROR_MAX, "%s: %s", path, strerror(code));
            free(text);
            return -code;
        }
        size = fread(text, 1, LISTING_SIZE_MAX, file);
        fclose(file);
    }
    text[size] = 0;
    *ret_text = text;
    return 0;
}

sj_rc sj_sim_universe_build(struct sj_sim_universe *universe,
                            const struct sj_sim_universe_options *options,
                            char error[SJ_SIM_ERROR_MAX])
{
    char *text = NULL;
    error[0] = 0;
    sj_rc rc = read_text(options->path, &text, error);
    if (rc < 0)
        return rc;
    struct listing listing = {.universe = universe,
                              .options = options,
                              .error = error,
                              .lines = calloc(LINES_MAX, sizeof(struct line))};
    rc = listing.lines ? 0 : -ENOMEM;
    if (rc >= 0)
        rc = sj_sim_universe_init(universe, options->count + 64, options->date);
    if (rc >= 0)
        rc = split(&listing, text);
    if (rc >= 0)
        rc = add_all(&listing);
    if (rc < 0 && error[0] == 0)
        snprintf(error, SJ_SIM_ERROR_MAX, "building the list of contracts: %s", sj_rc_text(rc));
    if (rc < 0)
        sj_sim_universe_done(universe);
    free(listing.lines);
    free(text);
    return rc;
}
