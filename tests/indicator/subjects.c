#include "subjects.h"

#include <math.h>

#include "support/test.h"

static void ok(sj_rc rc)
{
    if (rc < 0)
        abort();
}

static void init_ofi(void *state, uint32_t variant)
{
    (void)variant;
    sj_ofi_init(state);
}

static void update_ofi(void *state, const union cell *in, double *out)
{
    out[0] = sj_ofi_update(state, in[0].value, in[1].value, in[2].value, in[3].value);
}

static void batch_ofi(void *state, int64_t count, const struct sj_column *in,
                      const struct sj_column *out)
{
    sj_ofi_batch(state, count, in, out);
}

static void init_mlofi(void *state, uint32_t levels, uint32_t variant)
{
    const double weight[SJ_MLOFI_LEVELS_MAX] = {1, 0.5, 0.25, -3, 1e-3, 7, 0, 2, 0.1, 5};
    ok(sj_mlofi_init(state, levels, variant % 2 ? weight : NULL));
}

static void init_mlofi5(void *state, uint32_t variant)
{
    init_mlofi(state, 5, variant);
}

static void init_mlofi10(void *state, uint32_t variant)
{
    init_mlofi(state, 10, variant);
}

static void init_mlofi3(void *state, uint32_t variant)
{
    init_mlofi(state, 3, variant);
}

static void update_mlofi(void *state, const union cell *in, double *out)
{
    struct sj_mlofi *mlofi = state;
    uint32_t n = mlofi->levels;
    double side[4][SJ_MLOFI_LEVELS_MAX];
    for (uint32_t s = 0; s < 4; s++)
        for (uint32_t i = 0; i < n; i++)
            side[s][i] = in[s * n + i].value;
    out[n] = sj_mlofi_update(mlofi, side[0], side[1], side[2], side[3], n);
    memcpy(out, mlofi->level, n * sizeof *out);
}

static void batch_mlofi(void *state, int64_t count, const struct sj_column *in,
                        const struct sj_column *out)
{
    sj_mlofi_batch(state, count, in, out);
}

static void init_tfi(void *state, uint32_t variant)
{
    ok(sj_tfi_init(state, variant % 2 ? 7 : SJ_TFI_WINDOW_MAX));
}

static void update_tfi(void *state, const union cell *in, double *out)
{
    out[0] = sj_tfi_update(state, in[0].value);
}

static void batch_tfi(void *state, int64_t count, const struct sj_column *in,
                      const struct sj_column *out)
{
    sj_tfi_batch(state, count, in, out);
}

static void init_vpin(void *state, uint32_t variant)
{
    ok(sj_vpin_init(state, variant % 2 ? 7.3 : 100, variant % 2 ? 3 : 50, variant % 3 ? 0 : 2));
}

static void update_vpin(void *state, const union cell *in, double *out)
{
    out[0] = sj_vpin_update(state, in[0].value);
}

static void batch_vpin(void *state, int64_t count, const struct sj_column *in,
                       const struct sj_column *out)
{
    sj_vpin_batch(state, count, in, out);
}

static void update_vpin_bulk(void *state, const union cell *in, double *out)
{
    out[0] = sj_vpin_update_bulk(state, in[0].value, in[1].value);
}

static void batch_vpin_bulk(void *state, int64_t count, const struct sj_column *in,
                            const struct sj_column *out)
{
    sj_vpin_batch_bulk(state, count, in, out);
}

static void init_hawkes(void *state, uint32_t variant)
{
    const double jump[4] = {0.5, 0.25, 0.125, 3}, decay[4] = {1, 0.1, 50, 1e9};
    ok(sj_hawkes_init(state, 0.1, 1 + variant % 4, jump, decay));
}

static void update_hawkes(void *state, const union cell *in, double *out)
{
    out[0] = sj_hawkes_update(state, in[0].time_ns);
}

static void batch_hawkes(void *state, int64_t count, const struct sj_column *in,
                         const struct sj_column *out)
{
    sj_hawkes_batch(state, count, in, out);
}

static void init_pair(void *state, uint32_t variant)
{
    const double base[2] = {0.1, 0.2}, jump[4] = {0.5, 0.1, 0.2, 0.4};
    const double decay[4] = {1, variant % 2 ? 3 : 1, 0.5, 20};
    ok(sj_hawkes_pair_init(state, base, jump, decay));
}

static void update_pair(void *state, const union cell *in, double *out)
{
    struct sj_hawkes_pair *pair = state;
    sj_hawkes_pair_update(pair, in[0].time_ns, in[1].value);
    memcpy(out, pair->intensity, sizeof pair->intensity);
}

static void batch_pair(void *state, int64_t count, const struct sj_column *in,
                       const struct sj_column *out)
{
    sj_hawkes_pair_batch(state, count, in, out);
}

static void init_kyle(void *state, uint32_t variant)
{
    ok(sj_kyle_init(state, variant % 2 ? 5 : 100));
}

static void update_kyle(void *state, const union cell *in, double *out)
{
    out[0] = sj_kyle_update(state, in[0].value, in[1].value);
}

static void batch_kyle(void *state, int64_t count, const struct sj_column *in,
                       const struct sj_column *out)
{
    sj_kyle_batch(state, count, in, out);
}

static void init_volatility(void *state, uint32_t variant)
{
    ok(sj_volatility_init(state, variant % 2 ? 4 : 20));
}

static void update_volatility(void *state, const union cell *in, double *out)
{
    out[0] = sj_volatility_update(state, in[0].value);
}

static void batch_volatility(void *state, int64_t count, const struct sj_column *in,
                             const struct sj_column *out)
{
    sj_volatility_batch(state, count, in, out);
}

static void init_queue(void *state, uint32_t variant)
{
    ok(sj_queue_init(state, (enum sj_queue_model)(variant % SJ_QUEUE_MODEL_END), 50));
}

static void update_queue(void *state, const union cell *in, double *out)
{
    out[1] = sj_queue_trade(state, in[0].value);
    out[0] = sj_queue_level(state, in[1].value);
}

static void batch_queue(void *state, int64_t count, const struct sj_column *in,
                        const struct sj_column *out)
{
    sj_queue_batch(state, count, in, out);
}

static void init_bars(void *state, uint32_t variant)
{
    ok(sj_bars_init(state, variant % 2 ? SJ_BARS_BY_DOLLAR : SJ_BARS_BY_VOLUME,
                    variant % 2 ? 1e6 : 40, 1));
}

static void update_bars(void *state, const union cell *in, double *out)
{
    struct sj_bars *bars = state;
    out[0] = sj_bars_update(bars, in[0].time_ns, in[1].value, in[2].value) ? bars->ended.close : 0;
}

/* Bars come as an array of structs: laid out again as one value a row, by asking for one at a time.
 */
static void batch_bars(void *state, int64_t count, const struct sj_column *in,
                       const struct sj_column *out)
{
    for (int64_t row = 0; row < count;) {
        struct sj_bar bar[1];
        struct sj_column rest[3];
        int64_t written, taken;
        for (int i = 0; i < 3; i++)
            rest[i] = (struct sj_column){(char *)in[i].data + row * in[i].stride, in[i].stride};
        /* as far as the next bar, which is the last row of what was taken, if there is one */
        int64_t step = 0;
        do {
            taken = sj_bars_batch(state, 1, rest, bar, 1, &written);
            double value = written ? bar->close : 0;
            if (out[0].data)
                memcpy((char *)out[0].data + (row + step) * out[0].stride, &value, sizeof value);
            for (int i = 0; i < 3; i++)
                rest[i].data = (char *)rest[i].data + rest[i].stride;
        } while (++step < 7 && row + step < count && taken == 1);
        row += step;
    }
}

static void init_nothing(void *state, uint32_t variant)
{
    (void)state, (void)variant;
}

static void update_microprice(void *state, const union cell *in, double *out)
{
    (void)state;
    out[0] = sj_microprice(in[0].value, in[1].value, in[2].value, in[3].value);
}

static void batch_microprice(void *state, int64_t count, const struct sj_column *in,
                             const struct sj_column *out)
{
    (void)state;
    sj_microprice_batch(count, in, out);
}

static void update_shape(void *state, const union cell *in, double *out)
{
    (void)state;
    double side[4][5];
    struct sj_shape shape;
    for (int s = 0; s < 4; s++)
        for (int i = 0; i < 5; i++)
            side[s][i] = in[s * 5 + i].value;
    sj_shape_update(&shape, side[0], side[1], side[2], side[3], 5);
    memcpy(out, &shape, sizeof shape);
}

static void batch_shape(void *state, int64_t count, const struct sj_column *in,
                        const struct sj_column *out)
{
    (void)state;
    sj_shape_batch(5, count, in, out);
}

#define P INPUT_PRICE
#define Q INPUT_QUANTITY
#define F INPUT_FLOW
#define T INPUT_TIME
#define P5 P, P, P, P, P
#define Q5 Q, Q, Q, Q, Q

const struct subject subjects[] = {
    {"ofi", SJ_INDICATOR_OFI, 4, 1, {P, Q, P, Q}, init_ofi, update_ofi, batch_ofi},
    {"mlofi3",
     SJ_INDICATOR_MLOFI,
     12,
     4,
     {P, P, P, Q, Q, Q, P, P, P, Q, Q, Q},
     init_mlofi3,
     update_mlofi,
     batch_mlofi},
    {"mlofi5", SJ_INDICATOR_MLOFI, 20, 6, {P5, Q5, P5, Q5}, init_mlofi5, update_mlofi, batch_mlofi},
    {"mlofi10",
     SJ_INDICATOR_MLOFI,
     40,
     11,
     {P5, P5, Q5, Q5, P5, P5, Q5, Q5},
     init_mlofi10,
     update_mlofi,
     batch_mlofi},
    {"tfi", SJ_INDICATOR_TFI, 1, 1, {F}, init_tfi, update_tfi, batch_tfi},
    {"vpin", SJ_INDICATOR_VPIN, 1, 1, {F}, init_vpin, update_vpin, batch_vpin},
    {"vpin_bulk", SJ_INDICATOR_VPIN, 2, 1, {P, Q}, init_vpin, update_vpin_bulk, batch_vpin_bulk},
    {"hawkes", SJ_INDICATOR_HAWKES, 1, 1, {T}, init_hawkes, update_hawkes, batch_hawkes},
    {"hawkes_pair", SJ_INDICATOR_HAWKES_PAIR, 2, 2, {T, F}, init_pair, update_pair, batch_pair},
    {"kyle", SJ_INDICATOR_KYLE, 2, 1, {P, F}, init_kyle, update_kyle, batch_kyle},
    {"volatility",
     SJ_INDICATOR_VOLATILITY,
     1,
     1,
     {P},
     init_volatility,
     update_volatility,
     batch_volatility},
    {"queue", SJ_INDICATOR_QUEUE, 2, 2, {Q, Q}, init_queue, update_queue, batch_queue},
    {"bars", SJ_INDICATOR_BARS, 3, 1, {T, P, F}, init_bars, update_bars, batch_bars},
    {"microprice", 0, 4, 1, {P, Q, P, Q}, init_nothing, update_microprice, batch_microprice},
    {"shape", 0, 20, 8, {P5, Q5, P5, Q5}, init_nothing, update_shape, batch_shape},
};
const uint32_t subject_count = sizeof subjects / sizeof *subjects;

static union cell odd_cell(enum input_kind kind, uint64_t *seed)
{
    static const double numbers[] = {0,    -0.0,   NAN,    INFINITY, -INFINITY, 1e300, -1e300,
                                     1e15, 1.1e15, 5e-324, -7,       1e-9,      1e14};
    static const int64_t times[] = {INT64_MIN, INT64_MAX, 0, -1, 1};
    uint64_t dice = sj_test_random(seed);
    if (kind == INPUT_TIME)
        return (union cell){.time_ns = times[dice % (sizeof times / sizeof *times)]};
    return (union cell){.value = numbers[dice % (sizeof numbers / sizeof *numbers)]};
}

union cell subject_cell(enum input_kind kind, uint64_t *seed, int64_t *walk)
{
    uint64_t dice = sj_test_random(seed);
    /* The extremes of time are for one test in many: after them nothing fades any more. */
    if (dice % 16 == 0 && (kind != INPUT_TIME || dice % 4096 == 0))
        return odd_cell(kind, seed);
    switch (kind) {
    case INPUT_PRICE:
        *walk += (int64_t)(dice >> 8) % 3 - 1;
        return (union cell){.value = 100 + 0.05 * (double)*walk};
    case INPUT_QUANTITY:
        return (union cell){.value = (double)((dice >> 8) % 40)};
    case INPUT_FLOW:
        return (union cell){.value = (double)((dice >> 8) % 41) - 20 + 0.1 * (double)(dice % 3)};
    default:
        *walk += (int64_t)((dice >> 8) % 1000000000) - 100000000;
        return (union cell){.time_ns = INT64_C(1700000000000000000) + *walk};
    }
}
