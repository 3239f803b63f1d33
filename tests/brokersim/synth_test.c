#include "brokersim/render.h"
#include "brokersim/source.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEED 42
#define RATE 20000

struct market {
    struct sj_market_rules *rules;
    struct sj_sim_universe universe;
    struct sj_market_source *source;
    struct sj_renderer renderer;
    int64_t *volumes; /* sum of ticks by feed */
    int64_t *amounts;
    uint64_t events, ticks, trials;
    uint64_t digest;
};

static void check_side(const struct market *market, uint32_t feed, const int64_t *price,
                       const uint32_t *volume, int sign)
{
    const struct sj_sim_instrument *one = &market->universe.list[feed % market->universe.count];
    for (int i = 0; i < SJ_LEVELS; i++) {
        if (price[i] == SJ_NULL_E6) {
            assert_int_equal(volume[i], 0);
            continue;
        }
        assert_true(volume[i] > 0);
        assert_true(sj_price_ladder_rung(&one->ladder, price[i]) >=
                    0); /* on tick, within the limits */
        if (i > 0 && price[i - 1] != SJ_NULL_E6)
            assert_true((price[i - 1] - price[i]) * sign > 0);
    }
}

static void check_totals(struct market *market, uint32_t feed, const struct sj_quote *quote)
{
    market->volumes[feed] += quote->volume;
    market->amounts[feed] += quote->amount_e6;
    if (quote->total_volume == quote->volume) { /* the first: it may follow an unheard opening */
        market->volumes[feed] = quote->total_volume;
        market->amounts[feed] = quote->total_amount_e6;
    }
    assert_true(quote->low_e6 <= quote->price_e6 && quote->price_e6 <= quote->high_e6);
    assert_true(quote->bid_side_total_vol + quote->ask_side_total_vol <= quote->total_volume);
}

static void on_emit(void *context, uint32_t feed, unsigned kinds)
{
    struct market *market = context;
    if (!market->source)
        return;
    const struct sj_sim_state *state = &market->source->states[feed];
    const struct sj_quote *quote = &state->quote;
    char event[SJ_RENDER_MAX];
    market->events++;
    if (kinds & SJ_SIM_INDEX)
        return;
    check_side(market, feed, quote->bid_price_e6, quote->bid_volume, 1);
    check_side(market, feed, quote->ask_price_e6, quote->ask_volume, -1);
    if (state->phase == SJ_PHASE_CONTINUOUS && quote->bid_price_e6[0] != SJ_NULL_E6 &&
        quote->ask_price_e6[0] != SJ_NULL_E6)
        assert_true(quote->bid_price_e6[0] < quote->ask_price_e6[0]);
    if ((kinds & SJ_SIM_TICK) && (quote->flags & SJ_FLAG_SIMTRADE)) {
        market->trials++;
    } else if (kinds & SJ_SIM_TICK) {
        market->ticks++;
        check_totals(market, feed, quote);
    }
    bool fop = sj_sim_is_fop((enum sj_security)market->universe.list[feed].security);
    size_t size =
        sj_render_event(&market->renderer, fop ? SJ_CHANNEL_QUOTE_FOP : SJ_CHANNEL_QUOTE_STK,
                        &market->universe.list[feed], state, event);
    for (size_t i = 0; i < size; i++)
        market->digest = (market->digest ^ (uint8_t)event[i]) * 1099511628211ull;
}

static void on_user_fill(void *context, uint32_t owner, int64_t price_e6, uint32_t quantity)
{
    struct market *market = context;
    assert_true(price_e6 > 0 && quantity > 0);
    market->digest += owner;
}

static void open_market(struct market *market, const char *clock)
{
    char error[SJ_SIM_ERROR_MAX] = "";
    memset(market, 0, sizeof *market);
    unsigned hour = 0, minute = 0, second = 0;
    assert_int_equal(sscanf(clock, "%u:%u:%u", &hour, &minute, &second), 3);
    assert_int_equal(sj_market_rules_load(NULL, error, &market->rules), 0);
    struct sj_sim_universe_options universe = {
        .rules = market->rules, .date = 20261123, .count = 60, .seed = SEED};
    assert_int_equal(sj_sim_universe_build(&market->universe, &universe, error), 0);
    market->volumes = calloc(2 * market->universe.count, sizeof *market->volumes);
    market->amounts = calloc(2 * market->universe.count, sizeof *market->amounts);
    struct sj_synth_options options = {
        .rules = market->rules,
        .universe = &market->universe,
        .sink = {.context = market, .emit = on_emit, .fill = on_user_fill},
        .seed = SEED,
        .rate = RATE,
        .speed = 1,
        .start_ns =
            sj_sim_midnight_ns(20261123) + (hour * 3600LL + minute * 60 + second) * 1000000000LL,
        .order_max = 64};
    assert_int_equal(sj_synth_create(&options, &market->source), 0);
    for (uint32_t i = 0; i < market->universe.count; i++) {
        market->volumes[i] = market->source->states[i].quote.total_volume;
        market->amounts[i] = market->source->states[i].quote.total_amount_e6;
    }
}

static void close_market(struct market *market)
{
    market->source->ops->close(market->source);
    sj_sim_universe_done(&market->universe);
    sj_market_rules_free(market->rules);
    free(market->volumes);
    free(market->amounts);
}

/* Runs `seconds` of market time in steps of `step` events. */
static void run(struct market *market, int seconds, uint64_t step)
{
    int64_t until = market->source->now_ns + seconds * 1000000000LL;
    while (market->source->ops->run(market->source, until, step) > 0)
        ;
}

static void the_day_holds_its_invariants_from_auction_to_close(void **state)
{
    (void)state;
    struct market market;
    print_message("seed %d\n", SEED);
    open_market(&market, "08:59:58");
    run(&market, 5, 4096);
    assert_true(market.trials > 0); /* the opening auction's trial matches */
    assert_true(market.ticks > 1000);
    for (uint32_t i = 0; i < market.universe.count; i++) {
        const struct sj_quote *quote = &market.source->states[i].quote;
        if (market.universe.list[i].security == SJ_SECURITY_IND)
            continue;
        assert_int_equal(market.volumes[i], quote->total_volume);
        assert_int_equal(market.amounts[i], quote->total_amount_e6);
    }
    close_market(&market);
    open_market(&market, "13:29:58");
    run(&market, 3, 4096);
    uint64_t at_close = market.ticks;
    assert_true(at_close > 0);
    close_market(&market);
}

static void the_same_seed_makes_the_same_market_however_it_is_paced(void **state)
{
    (void)state;
    struct market a, b;
    open_market(&a, "08:59:58");
    open_market(&b, "08:59:58");
    run(&a, 3, 4096);
    run(&b, 3, 7);
    assert_int_equal(a.events, b.events);
    assert_int_equal(a.digest, b.digest);
    close_market(&a);
    close_market(&b);
}

static void a_burst_happens_at_one_instant(void **state)
{
    (void)state;
    struct market market;
    open_market(&market, "09:30:00");
    run(&market, 1, 4096);
    int64_t now = market.source->now_ns;
    uint64_t before = market.events;
    market.source->ops->burst(market.source, 70000);
    while (market.events - before < 70000)
        assert_true(market.source->ops->run(market.source, now, 4096) > 0);
    assert_int_equal(market.source->now_ns, now);
    close_market(&market);
}

/* The names of an event's fields, in order, from its text. */
static json_t *names_of(const char *event, const char **ret_kind)
{
    static char kind[32];
    assert_int_equal(sscanf(event, "event: %31s", kind), 1);
    *ret_kind = kind;
    json_t *body = json_loads(strchr(event, '{'), JSON_DISABLE_EOF_CHECK, NULL);
    assert_non_null(body);
    json_t *names = json_array();
    const char *key;
    json_t *value;
    json_object_foreach(body, key, value)
        json_array_append_new(names, json_pack("[s,i]", key, json_typeof(value)));
    json_decref(body);
    return names;
}

static json_t *load_shapes(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return NULL;
    json_t *shapes = json_object();
    char line[4096], event[8192] = "";
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "event: ", 7) == 0)
            snprintf(event, sizeof event, "%s", line);
        if (strncmp(line, "data: ", 6) == 0) {
            const char *kind;
            strncat(event, line, sizeof event - strlen(event) - 1);
            json_t *names = names_of(event, &kind);
            json_object_set_new(shapes, kind, names);
        }
    }
    fclose(file);
    return shapes;
}

static void every_event_has_the_brokers_fields_in_its_order(void **state)
{
    (void)state;
    json_t *shapes = load_shapes(GOLDEN_PAYLOADS);
    if (!shapes) {
        print_message("the broker's payloads are not here\n");
        skip();
    }
    struct market market;
    open_market(&market, "09:30:00");
    run(&market, 1, 4096);
    for (int channel = SJ_CHANNEL_TICK_STK; channel <= SJ_CHANNEL_QUOTE_IDX; channel++) {
        uint32_t i = 0;
        bool fop = channel >= SJ_CHANNEL_TICK_FOP && channel < SJ_CHANNEL_QUOTE_IDX;
        enum sj_security wanted = channel == SJ_CHANNEL_QUOTE_IDX ? SJ_SECURITY_IND
                                  : fop                           ? SJ_SECURITY_FUT
                                                                  : SJ_SECURITY_STK;
        while ((enum sj_security)market.universe.list[i].security != wanted)
            i++;
        char event[SJ_RENDER_MAX + 1];
        const char *kind;
        size_t size = sj_render_event(&market.renderer, (enum sj_channel)channel,
                                      &market.universe.list[i], &market.source->states[i], event);
        event[size] = 0;
        json_t *names = names_of(event, &kind);
        assert_string_equal(kind, sj_sim_channel_name((enum sj_channel)channel));
        assert_true(json_equal(names, json_object_get(shapes, kind)));
        json_decref(names);
    }
    json_decref(shapes);
    close_market(&market);
}

static void decimals_have_no_trailing_zeros(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        const char *text;
    } cases[] = {{0, "0"},
                 {1087500000, "1087.5"},
                 {-3000000, "-3"},
                 {-500000, "-0.5"},
                 {28036220000, "28036.22"},
                 {1, "0.000001"},
                 {10, "0.00001"},
                 {INT64_MAX, "9223372036854.775807"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[40];
        *sj_render_decimal(text, cases[i].value) = 0;
        assert_string_equal(text, cases[i].text);
    }
}

static void the_longest_event_fits(void **state)
{
    (void)state;
    struct sj_sim_state worst;
    struct sj_sim_instrument one = {.code = "ABCDEFGHIJKLMNOP", .security = SJ_SECURITY_STK};
    struct sj_renderer renderer = {.second = -1};
    char event[SJ_RENDER_MAX];
    memset(&worst, 0, sizeof worst);
    struct sj_quote *quote = &worst.quote;
    for (int i = 0; i < SJ_LEVELS; i++) {
        quote->bid_price_e6[i] = quote->ask_price_e6[i] = INT64_MIN + 1;
        quote->bid_volume[i] = quote->ask_volume[i] = UINT32_MAX;
        quote->diff_bid_vol[i] = quote->diff_ask_vol[i] = INT32_MIN;
    }
    quote->price_e6 = quote->open_e6 = quote->high_e6 = quote->low_e6 = INT64_MIN + 1;
    quote->total_amount_e6 = quote->amount_e6 = quote->avg_price_e6 = INT64_MIN + 1;
    quote->total_volume = quote->bid_side_total_vol = quote->ask_side_total_vol = INT64_MIN + 1;
    size_t size = sj_render_event(&renderer, SJ_CHANNEL_QUOTE_STK, &one, &worst, event);
    assert_true(size < SJ_RENDER_MAX / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_day_holds_its_invariants_from_auction_to_close),
        cmocka_unit_test(the_same_seed_makes_the_same_market_however_it_is_paced),
        cmocka_unit_test(a_burst_happens_at_one_instant),
        cmocka_unit_test(every_event_has_the_brokers_fields_in_its_order),
        cmocka_unit_test(decimals_have_no_trailing_zeros),
        cmocka_unit_test(the_longest_event_fits),
    };
    return cmocka_run_group_tests_name("brokersim", tests, NULL, NULL);
}
