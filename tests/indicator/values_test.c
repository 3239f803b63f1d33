/* What each indicator answers, against the formula written out plainly, and to damaged input. */
#include <math.h>

#include "indicator/exponential.h"
#include "indicator_suites.h"
#include "shijim/indicator.h"
#include "support/test.h"

static void close_to(double value, double wanted, double tolerance)
{
    if (!(fabs(value - wanted) <= tolerance * fmax(fabs(wanted), 1)))
        fail_msg("%.17g, wanted %.17g", value, wanted);
}

static double uniform(uint64_t *seed)
{
    return (double)(sj_test_random(seed) >> 11) * 0x1p-53;
}

/* --- OFI --- */

static void a_side_that_vanishes_takes_its_quantity_away(void **state)
{
    (void)state;
    static const double nothing[][2] = {{100, 0},      {NAN, 5},        {100, NAN},
                                        {INFINITY, 5}, {100, -3},       {-INFINITY, 5},
                                        {2e15, 5},     {100, INFINITY}, {100, 2e15}};
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        struct sj_ofi ofi;
        sj_ofi_init(&ofi);
        assert_true(sj_ofi_update(&ofi, 100, 5, 101, 7) == 0);
        assert_true(sj_ofi_update(&ofi, nothing[i][0], nothing[i][1], 101, 7) == -5);
        assert_true(sj_ofi_update(&ofi, nothing[i][0], nothing[i][1], 101, 7) == 0);
        assert_true(sj_ofi_update(&ofi, 99, 3, 101, 7) == 3);
        assert_true(sj_ofi_update(&ofi, 99, 3, nothing[i][0], nothing[i][1]) == 7);
        assert_true(sj_ofi_update(&ofi, 99, 3, 105, 2) == -2);
        close_to(sj_ofi_sum(&ofi), -5 + 3 + 7 - 2, 0);
    }
}

static void a_crossed_book_and_a_spread_below_zero_follow_the_rule(void **state)
{
    (void)state;
    struct sj_ofi ofi;
    sj_ofi_init(&ofi);
    sj_ofi_update(&ofi, -3, 5, 0, 7);
    assert_true(sj_ofi_update(&ofi, -2, 4, 0, 7) == 4);
    assert_true(sj_ofi_update(&ofi, 1, 6, 0, 7) == 6);   /* bid above ask */
    assert_true(sj_ofi_update(&ofi, 1, 6, -1, 2) == -2); /* an ask that comes down is pressure */
    sj_ofi_begin(&ofi);
    assert_true(sj_ofi_sum(&ofi) == 0);
}

static void missing_levels_are_absent_levels(void **state)
{
    (void)state;
    const double bp[5] = {10, 9, 8, 7, 6}, bq[5] = {1, 2, 3, 4, 5};
    const double ap[5] = {11, 12, 13, 14, 15}, aq[5] = {5, 4, 3, 2, 1};
    const double weight[5] = {1, 0.5, 0.25, 0.125, 2};
    struct sj_mlofi whole, ragged;
    assert_int_equal(sj_mlofi_init(&whole, 5, weight), 0);
    assert_int_equal(sj_mlofi_init(&ragged, 5, weight), 0);
    sj_mlofi_update(&whole, bp, bq, ap, aq, 5);
    sj_mlofi_update(&ragged, bp, bq, ap, aq, 5);
    const double short_bq[5] = {1, 2, 0, 0, 0}, short_aq[5] = {5, 4, 0, 0, 0};
    double a = sj_mlofi_update(&whole, bp, short_bq, ap, short_aq, 5);
    double b = sj_mlofi_update(&ragged, bp, bq, ap, aq, 2);
    assert_memory_equal(&whole, &ragged, sizeof whole);
    assert_true(a == b);
    /* levels 3 to 5 vanish: -3 + 3, -4 + 2, -5 + 1 */
    close_to(a, 0 * 0.25 - 2 * 0.125 - 4 * 2, 0);
    assert_true(sj_mlofi_update(&ragged, NULL, NULL, NULL, NULL, 0) == 4 - 0.5 * -2);
}

static void scaled_mlofi_is_in_units_of_the_mean_depth(void **state)
{
    (void)state;
    const double bp[2] = {10, 9}, ap[2] = {11, 12};
    const double bq[3][2] = {{1, 2}, {3, 2}, {3, 8}}, aq[3][2] = {{4, 4}, {4, 1}, {4, 4}};
    struct sj_mlofi m;
    assert_int_equal(sj_mlofi_init(&m, 2, NULL), 0);
    assert_true(isnan(sj_mlofi_scaled(&m, 0)));
    for (int i = 0; i < 3; i++)
        sj_mlofi_update(&m, bp, bq[i], ap, aq[i], 2);
    double depth = (1 + 2 + 4 + 4 + 3 + 2 + 4 + 1 + 3 + 8 + 4 + 4) / 12.0;
    close_to(sj_mlofi_scaled(&m, 0), 2 / depth, 1e-15);
    close_to(sj_mlofi_scaled(&m, 1), (0 + 3 + 6 - 3) / depth, 1e-15);
    close_to(sj_mlofi_scaled_weighted(&m), (2 + 6) / depth, 1e-15);
    assert_true(isnan(sj_mlofi_scaled(&m, 2)));
    sj_mlofi_begin(&m);
    assert_true(isnan(sj_mlofi_scaled_weighted(&m)));
}

/* --- flow --- */

static void trade_flow_is_that_of_the_window(void **state)
{
    (void)state;
    uint64_t seed = sj_test_seed();
    struct sj_tfi tfi;
    double kept[1000];
    assert_int_equal(sj_tfi_init(&tfi, 37), 0);
    assert_true(isnan(sj_tfi_value(&tfi)));
    assert_true(isnan(sj_tfi_update(&tfi, NAN)));
    for (int i = 0; i < 1000; i++) {
        kept[i] = (uniform(&seed) - 0.4) * exp(20 * uniform(&seed));
        double value = sj_tfi_update(&tfi, kept[i]);
        assert_true(value == sj_tfi_update(&tfi, 0)); /* no trade: nothing changes */
        double net = 0, total = 0;
        for (int j = i < 36 ? 0 : i - 36; j <= i; j++) {
            net += kept[j];
            total += fabs(kept[j]);
        }
        close_to(value, net / total, 1e-12);
    }
}

static void a_trade_of_a_million_buckets_fills_the_window(void **state)
{
    (void)state;
    struct sj_vpin vpin;
    assert_int_equal(sj_vpin_init(&vpin, 10, 4, 0), 0);
    sj_vpin_update(&vpin, 4);
    assert_true(isnan(sj_vpin_update(&vpin, -3)));
    assert_true(sj_vpin_update(&vpin, 1e7) == 1);
    assert_int_equal(vpin.buckets, 1000000);
    close_to(vpin.filled, 7, 1e-9);
    assert_true(sj_vpin_update(&vpin, -3) < 1);
    /* The largest there is, into the smallest bucket. */
    assert_int_equal(sj_vpin_init(&vpin, SJ_VPIN_BUCKET_MIN, 256, 0), 0);
    for (int i = 0; i < 10; i++)
        assert_true(sj_vpin_update(&vpin, -SJ_VALUE_MAX) > 0.99); /* 1e-9 may miss in each */
    assert_true(vpin.filled >= 0 && vpin.filled < vpin.bucket);
}

/* Equation 6 and 7 written out, with whole bars as buckets. */
static void bulk_classification_splits_a_bar_by_its_move(void **state)
{
    (void)state;
    uint64_t seed = sj_test_seed();
    struct sj_vpin given, estimated;
    double price = 100, lean[400], changes[400];
    assert_int_equal(sj_vpin_init(&given, 50, 20, 0.7), 0);
    assert_int_equal(sj_vpin_init(&estimated, 50, 20, 0), 0);
    for (int i = 0; i < 400; i++) {
        changes[i] = i == 0 ? 0 : 2 * (uniform(&seed) - 0.5);
        price += changes[i];
        double value = sj_vpin_update_bulk(&given, price, 50);
        double bought = 50 * (0.5 * erfc(-changes[i] / 0.7 / sqrt(2)));
        lean[i] = fabs(2 * bought - 50);
        double sum = 0;
        for (int j = i - 19; j >= 0 && j <= i; j++)
            sum += lean[j];
        if (i >= 19)
            close_to(value, sum / (20 * 50), 1e-10);
        double mean = 0, squares = 0;
        for (int j = 1; j < i; j++)
            mean += changes[j] / (i - 1);
        for (int j = 1; j < i; j++)
            squares += (changes[j] - mean) * (changes[j] - mean) / (i - 2);
        sj_vpin_update_bulk(&estimated, price, 50);
        double by_estimate =
            i < 3 ? copysign(i > 0, changes[i]) : erf(changes[i] / sqrt(squares) / sqrt(2));
        double newest = estimated.ring[(estimated.next + 19) % 20];
        close_to(newest, 50 * fabs(by_estimate), 1e-9);
    }
}

/* --- Hawkes --- */

static void the_exponential_is_good_to_1e14(void **state)
{
    (void)state;
    uint64_t seed = sj_test_seed();
    for (int i = 0; i < 200000; i++) {
        double x = i < 100000 ? 700 * uniform(&seed) : exp(40 * (uniform(&seed) - 0.8));
        if (x > 700)
            x = 700;
        double value = exp_minus(x), wanted = exp(-x);
        if (!(fabs(value - wanted) <= 1e-14 * wanted))
            fail_msg("exp(-%.17g): %.17g, wanted %.17g", x, value, wanted);
        v4d four = v4_exp_minus((v4d){x, 0, x, 700});
        assert_memory_equal(&(double){four[2]}, &value, sizeof value);
        assert_true(four[1] == 1);
    }
    assert_true(exp_minus(1e300) == exp_minus(700) && exp_minus(INFINITY) < 1e-300);
}

static void intensities_are_the_sum_over_all_events(void **state)
{
    (void)state;
    uint64_t seed = sj_test_seed();
    const double jump[3] = {0.5, 0.3, 2}, decay[3] = {0.7, 4, 0.05};
    const double base[2] = {0.3, 0.4}, jumps[4] = {0.5, 0.1, 0.2, 0.6}, decays[4] = {1, 2, 3, 0.5};
    struct sj_hawkes hawkes;
    struct sj_hawkes_pair pair;
    int64_t times[300];
    int sides[300];
    assert_int_equal(sj_hawkes_init(&hawkes, 0.2, 3, jump, decay), 0);
    assert_int_equal(sj_hawkes_pair_init(&pair, base, jumps, decays), 0);
    assert_true(sj_hawkes_at(&hawkes, 5) == 0.2);
    int64_t now_ns = INT64_C(1700000000000000000);
    for (int i = 0; i < 300; i++) {
        times[i] = now_ns += (int64_t)(uniform(&seed) * 1e9);
        sides[i] = sj_test_random(&seed) % 2 ? 1 : -1;
        sj_hawkes_update(&hawkes, times[i]);
        sj_hawkes_pair_update(&pair, times[i], sides[i]);
        int64_t at_ns = times[i] + 300000000;
        double one = 0.2, two[2] = {base[0], base[1]}, seen[2];
        for (int j = 0; j <= i; j++) {
            double seconds = (double)(at_ns - times[j]) * 1e-9;
            for (int k = 0; k < 3; k++)
                one += jump[k] * exp(-decay[k] * seconds);
            for (int r = 0; r < 2; r++) {
                int term = 2 * r + (sides[j] < 0);
                two[r] += jumps[term] * exp(-decays[term] * seconds);
            }
        }
        close_to(sj_hawkes_at(&hawkes, at_ns), one, 1e-11);
        sj_hawkes_pair_at(&pair, at_ns, seen);
        close_to(seen[0], two[0], 1e-11);
        close_to(seen[1], two[1], 1e-11);
    }
}

static void time_that_steps_back_fades_nothing(void **state)
{
    (void)state;
    const double jump = 1, decay = 2;
    struct sj_hawkes hawkes, same;
    assert_int_equal(sj_hawkes_init(&hawkes, 0, 1, &jump, &decay), 0);
    same = hawkes;
    sj_hawkes_update(&hawkes, 1000000000);
    assert_true(sj_hawkes_update(&hawkes, 0) == 2);
    assert_true(sj_hawkes_at(&hawkes, INT64_MIN) == 2);
    /* and the step back is not counted twice afterwards */
    sj_hawkes_update(&same, 1000000000);
    sj_hawkes_update(&same, 1000000000);
    assert_true(sj_hawkes_update(&hawkes, 2000000000) == sj_hawkes_update(&same, 2000000000));
    assert_true(sj_hawkes_update(&hawkes, INT64_MAX) == 1);
    assert_true(sj_hawkes_update(&hawkes, INT64_MIN) == 2);
}

/* --- price impact, shape --- */

static void lambda_is_the_slope_of_least_squares(void **state)
{
    (void)state;
    uint64_t seed = sj_test_seed();
    struct sj_kyle kyle;
    double x[500], y[500], price = 100;
    assert_int_equal(sj_kyle_init(&kyle, 40), 0);
    sj_kyle_update(&kyle, price, 5); /* sets the price only */
    for (int i = 0; i < 500; i++) {
        x[i] = (uniform(&seed) - 0.5) * 100;
        y[i] = 0.02 * x[i] + uniform(&seed) - 0.5;
        double value = sj_kyle_update(&kyle, price += y[i], x[i]);
        if (i < 39) {
            assert_true(isnan(value));
            continue;
        }
        double mean_x = 0, mean_y = 0, xy = 0, xx = 0;
        for (int j = i - 39; j <= i; j++)
            mean_x += x[j] / 40, mean_y += y[j] / 40;
        for (int j = i - 39; j <= i; j++) {
            xy += (x[j] - mean_x) * (y[j] - mean_y);
            xx += (x[j] - mean_x) * (x[j] - mean_x);
        }
        close_to(value, xy / xx, 1e-9);
        assert_true(sj_kyle_update(&kyle, NAN, 1) == value);
    }
    for (int i = 0; i < 40; i++)
        sj_kyle_update(&kyle, price += 1, 7);
    assert_true(isnan(kyle.value)); /* all quantities equal: no slope */
}

static void the_shape_of_a_book_is_as_defined(void **state)
{
    (void)state;
    const double bp[3] = {99, 98, 97}, bq[3] = {2, 4, 6}, ap[3] = {101, 102, 103},
                 aq[3] = {1, 1, 2};
    struct sj_shape s;
    sj_shape_update(&s, bp, bq, ap, aq, 3);
    close_to(s.mid, 100, 0);
    close_to(s.spread, 2, 0);
    close_to(s.microprice, (101 * 2 + 99 * 1) / 3.0, 1e-15);
    close_to(s.imbalance, 1 / 3.0, 1e-15);
    close_to(s.depth_ratio, 3, 0);
    double bids = 2 + 4 / 2.0 + 6 / 3.0, asks = 1 + 1 / 2.0 + 2 / 3.0;
    close_to(s.pressure, (bids - asks) / (bids + asks), 1e-15);
    close_to(s.bid_slope, (1 * 2 + 2 * 6 + 3 * 12) / 14.0, 1e-15);
    close_to(s.ask_slope, (1 * 1 + 2 * 2 + 3 * 4) / 14.0, 1e-15);
}

static void half_a_book_and_a_crossed_one_have_answers(void **state)
{
    (void)state;
    const double bp[2] = {99, 98}, bq[2] = {2, 4}, ap[2] = {101, 102}, aq[2] = {1, 3};
    const double none[2] = {0, 0}, high[2] = {101.5, 98};
    struct sj_shape s;
    sj_shape_update(&s, bp, bq, ap, none, 2);
    assert_true(isnan(s.mid) && isnan(s.spread) && isnan(s.microprice) && isnan(s.bid_slope));
    assert_true(s.imbalance == 1 && s.pressure == 1 && isnan(s.depth_ratio));
    sj_shape_update(&s, bp, none, ap, aq, 2);
    assert_true(s.imbalance == -1 && s.pressure == -1 && s.depth_ratio == 0);
    sj_shape_update(&s, bp, none, ap, none, 2);
    assert_true(isnan(s.imbalance) && isnan(s.pressure) && isnan(s.depth_ratio));
    sj_shape_update(&s, bp, bq, ap, aq, 0);
    assert_true(isnan(s.mid) && isnan(s.imbalance));
    sj_shape_update(&s, high, bq, ap, aq, 2); /* crossed */
    assert_true(s.spread == -0.5 && s.mid == 101.25);
    assert_true(isnan(s.microprice) && isnan(s.bid_slope) && isnan(s.ask_slope));
    assert_true(s.depth_ratio == 1.5);
    assert_true(isnan(sj_microprice(101.5, 2, 101, 1)));
    assert_true(sj_microprice(101, 2, 101, 1) == 101); /* locked */
    assert_true(isnan(sj_microprice(NAN, 2, 101, 1)) && isnan(sj_microprice(100, 0, 101, 1)));
}

/* --- volatility, queue, bars --- */

static void realised_variance_is_the_published_formula(void **state)
{
    (void)state;
    uint64_t seed = sj_test_seed();
    enum { K = 10, N = 400 };
    struct sj_volatility v;
    double r[N], price = 100, last = 0;
    assert_int_equal(sj_volatility_init(&v, K), 0);
    assert_true(isnan(sj_volatility_update(&v, price)));
    for (int i = 0; i < N; i++) {
        double next = price * exp(0.001 * (uniform(&seed) - 0.5));
        r[i] = log(next / price);
        price = next;
        last = sj_volatility_update(&v, price);
        assert_true(isnan(last) == (i + 1 < K - 1));
    }
    double psi1 = 0, psi2 = 0, z2 = 0, r2 = 0;
    for (int j = 0; j <= K; j++) {
        double g = fmin((double)j / K, 1 - (double)j / K);
        double before = fmin((j - 1.0) / K, 1 - (j - 1.0) / K);
        psi1 += j > 0 ? K * (g - before) * (g - before) : 0;
        psi2 += g * g / K;
    }
    for (int i = 0; i + K - 1 <= N; i++) {
        double z = 0;
        for (int j = 1; j < K; j++)
            z += fmin((double)j / K, 1 - (double)j / K) * r[i + j - 1];
        z2 += z * z;
    }
    for (int i = 0; i < N; i++)
        r2 += r[i] * r[i];
    double wanted = (double)N / (N - K + 2) * z2 / (K * psi2) - psi1 / (2 * K * K * psi2) * r2;
    assert_true(wanted > 0);
    if (fabs(last / wanted - 1) > 1e-10)
        fail_msg("%.17g, wanted %.17g", last, wanted);
    assert_true(sj_volatility_update(&v, -1) == last && sj_volatility_update(&v, NAN) == last);
    sj_volatility_begin(&v);
    assert_true(isnan(sj_volatility_update(&v, price)));
}

/* Noise of half a tick doubles the plain sum of squares many times over, not the estimate. */
static void noise_does_not_pass_for_volatility(void **state)
{
    (void)state;
    uint64_t seed = sj_test_seed();
    struct sj_volatility v;
    double price = 100, plain = 0, before = 100, variance = 0;
    const double step = 2e-5, noise = 5e-4;
    assert_int_equal(sj_volatility_init(&v, 60), 0);
    for (int i = 0; i < 20000; i++) {
        price *= exp(step * (sj_test_random(&seed) % 2 ? 1 : -1));
        double seen = price * (1 + noise * (sj_test_random(&seed) % 2 ? 1 : -1));
        variance += step * step;
        plain += log(seen / before) * log(seen / before);
        before = seen;
        sj_volatility_update(&v, seen);
    }
    assert_true(plain > 100 * variance);
    assert_true(v.value < 4 * variance);
}

static void trades_move_a_queue_and_cancels_move_it_by_the_model(void **state)
{
    (void)state;
    static const struct {
        enum sj_queue_model model;
        double wanted;
    } cases[] = {
        /* 60 ahead, 30 behind, 9 cancelled */
        {SJ_QUEUE_FRONT_NONE, 60},
        {SJ_QUEUE_POWER_1, 60 - 9 * 60 / 90.0},
        {SJ_QUEUE_POWER_2, 60 - 9 * 3600 / 4500.0},
        {SJ_QUEUE_POWER_3, 60 - 9 * 216000 / 243000.0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sj_queue q;
        assert_int_equal(sj_queue_init(&q, cases[i].model, 80), 0);
        assert_true(sj_queue_trade(&q, 20) == 0);
        assert_true(sj_queue_level(&q, 60) == 60); /* the trade explains it */
        assert_true(sj_queue_level(&q, 90) == 60); /* others join behind */
        close_to(sj_queue_level(&q, 81), cases[i].wanted, 1e-12);
        close_to(sj_queue_position(&q), cases[i].wanted / 81, 1e-12);
        assert_true(sj_queue_trade(&q, 81) > 0); /* reaches us */
        assert_true(q.ahead == 0);
        assert_true(sj_queue_trade(&q, NAN) == 0 && sj_queue_level(&q, -1) == 0);
        assert_true(sj_queue_level(&q, 0) == 0 && sj_queue_position(&q) == 0);
    }
    struct sj_queue q;
    assert_int_equal(sj_queue_init(&q, SJ_QUEUE_LOG, 60), 0);
    sj_queue_level(&q, 90);
    double front = log(61), back = log(31);
    close_to(sj_queue_level(&q, 81), 60 - 9 * front / (front + back), 1e-12);
    assert_int_equal(sj_queue_init(&q, SJ_QUEUE_MODEL_END, 60), -SJ_E_RANGE);
    assert_int_equal(sj_queue_init(&q, SJ_QUEUE_LOG, NAN), -SJ_E_RANGE);
}

static void a_bar_ends_with_the_trade_that_fills_it(void **state)
{
    (void)state;
    struct sj_bars bars;
    assert_int_equal(sj_bars_init(&bars, SJ_BARS_BY_VOLUME, 10, 1), 0);
    assert_int_equal(sj_bars_update(&bars, 1, 100, 4), 0);
    assert_int_equal(sj_bars_update(&bars, 2, 103, NAN), 0);
    assert_int_equal(sj_bars_update(&bars, 3, 99, -5), 0);
    assert_int_equal(sj_bars_update(&bars, 4, 101, 7), 1);
    const struct sj_bar wanted = {1, 4, 100, 101, 99, 101, 16, 6, 400 + 495 + 707, 3};
    assert_memory_equal(&bars.ended, &wanted, sizeof wanted);
    assert_int_equal(bars.bar.count, 0);
    assert_int_equal(sj_bars_init(&bars, SJ_BARS_BY_DOLLAR, 1000, 2), 0);
    assert_int_equal(sj_bars_update(&bars, 1, 100, 4), 0);
    assert_int_equal(sj_bars_update(&bars, 1, -100, 1), 1); /* a spread */
}

static void a_batch_of_bars_stops_where_the_room_ends(void **state)
{
    (void)state;
    struct {
        int64_t time_ns;
        double price, quantity;
    } rows[7];
    struct sj_bars bars;
    struct sj_bar out[3];
    int64_t written;
    for (int i = 0; i < 7; i++)
        rows[i].time_ns = i, rows[i].price = 100 + i, rows[i].quantity = 5;
    struct sj_column in[3] = {{&rows[0].time_ns, sizeof *rows},
                              {&rows[0].price, sizeof *rows},
                              {&rows[0].quantity, sizeof *rows}};
    assert_int_equal(sj_bars_init(&bars, SJ_BARS_BY_VOLUME, 10, 1), 0);
    assert_int_equal(sj_bars_batch(&bars, 7, in, out, 2, &written), 5);
    assert_int_equal(written, 2);
    assert_true(out[0].close == 101 && out[1].close == 103);
    for (int i = 0; i < 3; i++)
        in[i].data = (char *)in[i].data + 5 * sizeof *rows;
    assert_int_equal(sj_bars_batch(&bars, 2, in, out, 3, &written), 2);
    assert_int_equal(written, 1);
    assert_true(out[0].open == 104 && out[0].close == 105);
}

static void parameters_out_of_range_change_nothing(void **state)
{
    (void)state;
    struct sj_vpin vpin;
    struct sj_hawkes hawkes;
    struct sj_kyle kyle;
    struct sj_mlofi mlofi;
    const double good = 1, bad = NAN, negative = -1;
    assert_int_equal(sj_vpin_init(&vpin, 100, 50, 0), 0);
    struct sj_vpin kept = vpin;
    assert_int_equal(sj_vpin_init(&vpin, NAN, 50, 0), -SJ_E_RANGE);
    assert_int_equal(sj_vpin_init(&vpin, 1e-7, 50, 0), -SJ_E_RANGE);
    assert_int_equal(sj_vpin_init(&vpin, 100, 257, 0), -SJ_E_RANGE);
    assert_int_equal(sj_vpin_init(&vpin, 100, 50, -1), -SJ_E_RANGE);
    assert_memory_equal(&vpin, &kept, sizeof kept);
    assert_int_equal(sj_hawkes_init(&hawkes, 0, 0, &good, &good), -SJ_E_RANGE);
    assert_int_equal(sj_hawkes_init(&hawkes, 0, 5, &good, &good), -SJ_E_RANGE);
    assert_int_equal(sj_hawkes_init(&hawkes, bad, 1, &good, &good), -SJ_E_RANGE);
    assert_int_equal(sj_hawkes_init(&hawkes, 0, 1, &good, &negative), -SJ_E_RANGE);
    assert_int_equal(sj_kyle_init(&kyle, 1), -SJ_E_RANGE);
    assert_int_equal(sj_mlofi_init(&mlofi, 1, &bad), -SJ_E_RANGE);
    assert_int_equal(sj_mlofi_init(&mlofi, 11, NULL), -SJ_E_RANGE);
    assert_int_equal(sj_mlofi_init(&mlofi, 0, NULL), -SJ_E_RANGE);
}

int values_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_side_that_vanishes_takes_its_quantity_away),
        cmocka_unit_test(a_crossed_book_and_a_spread_below_zero_follow_the_rule),
        cmocka_unit_test(missing_levels_are_absent_levels),
        cmocka_unit_test(scaled_mlofi_is_in_units_of_the_mean_depth),
        cmocka_unit_test(trade_flow_is_that_of_the_window),
        cmocka_unit_test(a_trade_of_a_million_buckets_fills_the_window),
        cmocka_unit_test(bulk_classification_splits_a_bar_by_its_move),
        cmocka_unit_test(the_exponential_is_good_to_1e14),
        cmocka_unit_test(intensities_are_the_sum_over_all_events),
        cmocka_unit_test(time_that_steps_back_fades_nothing),
        cmocka_unit_test(lambda_is_the_slope_of_least_squares),
        cmocka_unit_test(the_shape_of_a_book_is_as_defined),
        cmocka_unit_test(half_a_book_and_a_crossed_one_have_answers),
        cmocka_unit_test(realised_variance_is_the_published_formula),
        cmocka_unit_test(noise_does_not_pass_for_volatility),
        cmocka_unit_test(trades_move_a_queue_and_cancels_move_it_by_the_model),
        cmocka_unit_test(a_bar_ends_with_the_trade_that_fills_it),
        cmocka_unit_test(a_batch_of_bars_stops_where_the_room_ends),
        cmocka_unit_test(parameters_out_of_range_change_nothing),
    };
    return cmocka_run_group_tests_name("values", tests, NULL, NULL);
}
