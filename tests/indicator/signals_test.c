/* The fused set equals the single indicators, bit for bit. */
#include <math.h>

#include "indicator_suites.h"
#include "shijim/indicator.h"
#include "support/test.h"

/* The single indicators, fed as the header of signals.h says. */
struct singles {
    struct sj_ofi ofi;
    struct sj_mlofi mlofi;
    struct sj_tfi tfi;
    struct sj_vpin vpin;
    struct sj_hawkes_pair pair;
    struct sj_shape shape;
    double vpin_value, tfi_value;
    int64_t time_ns;
};

static void start(struct singles *one, struct sj_signals *all)
{
    struct sj_signals_params params;
    sj_signals_params_default(&params);
    params.tfi_window = 20;
    params.vpin_window = 5;
    params.vpin_bucket = 30;
    params.mlofi_weight[3] = 0.25;
    assert_int_equal(sj_signals_init(all, &params), 0);
    sj_ofi_init(&one->ofi);
    assert_int_equal(sj_mlofi_init(&one->mlofi, 5, params.mlofi_weight), 0);
    assert_int_equal(sj_tfi_init(&one->tfi, 20), 0);
    assert_int_equal(sj_vpin_init(&one->vpin, 30, 5, 0), 0);
    assert_int_equal(sj_hawkes_pair_init(&one->pair, params.hawkes_base, params.hawkes_jump,
                                         params.hawkes_decay),
                     0);
    one->vpin_value = one->tfi_value = NAN;
    one->time_ns = INT64_MIN;
}

static void random_book(struct sj_book *book, uint64_t *seed)
{
    *book = (struct sj_book){.template_id = SJ_EVENT_BOOK};
    int64_t mid_e6 = 100000000 + (int64_t)(sj_test_random(seed) % 20) * 50000;
    for (int i = 0; i < SJ_LEVELS; i++) {
        uint64_t dice = sj_test_random(seed);
        book->bid_price_e6[i] = mid_e6 - i * 50000;
        book->ask_price_e6[i] = mid_e6 + (i + 1) * 50000 - (dice % 50 == 0 ? 100000 : 0);
        book->bid_volume[i] = (uint32_t)(dice >> 8) % 30;
        book->ask_volume[i] = (uint32_t)(dice >> 24) % 30;
        if (dice % 16 == 1) /* a missing level, once with a volume that no one should believe */
            book->bid_price_e6[i] = SJ_NULL_E6;
    }
}

static void feed_book(struct singles *one, const struct sj_book *book)
{
    double side[4][SJ_LEVELS];
    for (int i = 0; i < SJ_LEVELS; i++) {
        bool bid = book->bid_price_e6[i] != SJ_NULL_E6, ask = book->ask_price_e6[i] != SJ_NULL_E6;
        side[0][i] = bid ? (double)book->bid_price_e6[i] / 1e6 : NAN;
        side[1][i] = book->bid_volume[i];
        side[2][i] = ask ? (double)book->ask_price_e6[i] / 1e6 : NAN;
        side[3][i] = book->ask_volume[i];
    }
    sj_ofi_update(&one->ofi, side[0][0], side[1][0], side[2][0], side[3][0]);
    sj_mlofi_update(&one->mlofi, side[0], side[1], side[2], side[3], 5);
    sj_shape_update(&one->shape, side[0], side[1], side[2], side[3], 5);
}

static void feed_trade(struct singles *one, const struct sj_trade *trade)
{
    double flow = trade->tick_type == SJ_TICK_BUY    ? trade->volume
                  : trade->tick_type == SJ_TICK_SELL ? -(double)trade->volume
                                                     : 0;
    if (flow == 0)
        return;
    one->tfi_value = sj_tfi_update(&one->tfi, flow);
    one->vpin_value = sj_vpin_update(&one->vpin, flow);
    sj_hawkes_pair_update(&one->pair, one->time_ns, flow);
}

static void same(double a, double b)
{
    uint64_t left, right;
    memcpy(&left, &a, sizeof left);
    memcpy(&right, &b, sizeof right);
    if (!(isnan(a) && isnan(b)) && left != right)
        fail_msg("%.17g alone, %.17g fused", a, b);
}

static void compare(const struct singles *one, const struct sj_signals *all)
{
    const struct sj_signal_values *v = &all->values;
    double intensity[2];
    if (all->books > 0) {
        same(one->ofi.net, v->ofi);
        for (int i = 0; i < SJ_LEVELS; i++)
            same(one->mlofi.level[i], v->mlofi[i]);
        same(one->mlofi.weighted, v->mlofi_weighted);
        const double *alone = &one->shape.mid, *fused = &v->shape.mid;
        for (size_t i = 0; i < sizeof one->shape / sizeof *alone; i++)
            same(alone[i], fused[i]);
    }
    same(one->tfi_value, v->tfi);
    same(one->vpin_value, v->vpin);
    sj_hawkes_pair_at(&one->pair, one->time_ns, intensity);
    same(intensity[0], v->intensity[0]);
    same(intensity[1], v->intensity[1]);
    assert_int_equal(one->time_ns, v->time_ns);
}

static void the_fused_set_equals_the_single_indicators(void **state)
{
    (void)state;
    uint64_t seed = sj_test_seed();
    struct singles one;
    struct sj_signals all;
    start(&one, &all);
    int64_t now_ns = INT64_C(1700000000000000000);
    for (int i = 0; i < 20000; i++) {
        uint64_t dice = sj_test_random(&seed);
        struct sj_book book;
        struct sj_trade trade = {.template_id = SJ_EVENT_TRADE};
        uint32_t flags = dice % 64 == 0 ? SJ_FLAG_SIMTRADE : dice % 64 == 1 ? SJ_FLAG_ODD_LOT : 0;
        now_ns += (int64_t)(dice >> 20) % 100000000 - 10000000; /* now and then backwards */
        if (flags == 0 && now_ns > one.time_ns)
            one.time_ns = now_ns;
        if (dice >> 8 & 1) {
            random_book(&book, &seed);
            book.flags = flags;
            book.exch_ns = now_ns;
            if (flags == 0)
                feed_book(&one, &book);
            sj_rc changed = sj_signals_frame(&all, (const struct sj_frame *)&book);
            assert_int_equal(changed, flags == 0);
        } else {
            trade.flags = flags;
            trade.exch_ns = dice >> 9 & 1 ? now_ns : SJ_NULL_I64;
            trade.recv_ns = now_ns;
            trade.price_e6 = 100000000;
            trade.volume = (uint32_t)(dice >> 40) % 25;
            trade.tick_type = (uint8_t)((dice >> 10) % 3);
            if (flags == 0)
                feed_trade(&one, &trade);
            sj_signals_trade(&all, &trade);
        }
        compare(&one, &all);
    }
    assert_true(all.skipped > 100 && all.books > 1000 && all.trades > 1000);
    same(sj_mlofi_scaled(&one.mlofi, 0), sj_mlofi_scaled(&all.mlofi, 0));
    sj_signals_begin(&all);
    assert_true(isnan(sj_mlofi_scaled(&all.mlofi, 0)));
}

static void before_the_first_event_there_are_no_values(void **state)
{
    (void)state;
    struct sj_signals_params params;
    struct sj_signals all;
    sj_signals_params_default(&params);
    assert_int_equal(sj_signals_init(&all, &params), 0);
    assert_true(all.values.ofi == 0 && isnan(all.values.tfi) && isnan(all.values.vpin));
    assert_true(isnan(all.values.last) && isnan(all.values.shape.microprice));
    assert_true(all.values.intensity[0] == params.hawkes_base[0]);
    const struct sj_frame other = {.template_id = SJ_EVENT_GAP};
    assert_int_equal(sj_signals_frame(&all, &other), 0);
    params.vpin_bucket = 0;
    assert_int_equal(sj_signals_init(&all, &params), -SJ_E_RANGE);
}

static void a_quote_trades_when_the_days_volume_grew(void **state)
{
    (void)state;
    struct sj_signals_params params;
    struct sj_signals all;
    sj_signals_params_default(&params);
    assert_int_equal(sj_signals_init(&all, &params), 0);
    struct sj_quote quote = {.template_id = SJ_EVENT_QUOTE,
                             .exch_ns = 1,
                             .price_e6 = 100000000,
                             .volume = 3,
                             .tick_type = SJ_TICK_SELL,
                             .total_volume = 50};
    const struct sj_frame *frame = (const struct sj_frame *)&quote;
    assert_int_equal(sj_signals_frame(&all, frame), 1); /* the trade was before our time */
    assert_int_equal(all.trades, 0);
    quote.total_volume = 53;
    sj_signals_frame(&all, frame);
    assert_int_equal(all.trades, 1);
    assert_true(all.values.tfi == -1 && all.values.last == 100);
    sj_signals_frame(&all, frame);
    assert_int_equal(all.trades, 1);
    assert_int_equal(all.books, 3);
    quote.total_volume = SJ_NULL_I64;
    sj_signals_frame(&all, frame);
    assert_int_equal(all.trades, 1);
}

int signals_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fused_set_equals_the_single_indicators),
        cmocka_unit_test(before_the_first_event_there_are_no_values),
        cmocka_unit_test(a_quote_trades_when_the_days_volume_grew),
    };
    return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
