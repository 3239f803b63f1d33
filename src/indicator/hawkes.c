#include "indicator/hawkes_kernel.h"

static bool is_parameter(double value)
{
    return value >= 0 && value <= SJ_HAWKES_PARAMETER_MAX;
}

sj_rc sj_hawkes_init(struct sj_hawkes *hawkes, double base, uint32_t terms, const double *jump,
                     const double *decay)
{
    if (terms < 1 || terms > SJ_HAWKES_TERMS_MAX || !is_parameter(base))
        return -SJ_E_RANGE;
    struct sj_hawkes fresh = {.base = base, .terms = terms, .last_ns = INT64_MIN};
    for (uint32_t i = 0; i < terms; i++) {
        if (!is_parameter(jump[i]) || !is_parameter(decay[i]))
            return -SJ_E_RANGE;
        fresh.jump[i] = jump[i];
        fresh.decay[i] = decay[i];
    }
    *hawkes = fresh;
    return 0;
}

/* Terms that are not used are 0 and stay so. */
static inline double sum_terms(const double excited[SJ_HAWKES_TERMS_MAX])
{
    return (excited[0] + excited[1]) + (excited[2] + excited[3]);
}

double sj_hawkes_update(struct sj_hawkes *hawkes, int64_t time_ns)
{
    double seconds = seconds_since(hawkes->last_ns, time_ns);
    hawkes->last_ns = time_ns > hawkes->last_ns ? time_ns : hawkes->last_ns;
    hawkes->count++;
    if (hawkes->terms == 1) {
        double left = hawkes->excited[0] * exp_minus(hawkes->decay[0] * seconds);
        hawkes->excited[0] = left + hawkes->jump[0];
        return hawkes->base + hawkes->excited[0];
    }
    for (int i = 0; i < SJ_HAWKES_TERMS_MAX; i++) {
        double left = hawkes->excited[i] * exp_minus(hawkes->decay[i] * seconds);
        hawkes->excited[i] = left + hawkes->jump[i];
    }
    return hawkes->base + sum_terms(hawkes->excited);
}

double sj_hawkes_at(const struct sj_hawkes *hawkes, int64_t time_ns)
{
    double seconds = seconds_since(hawkes->last_ns, time_ns);
    double left[SJ_HAWKES_TERMS_MAX];
    for (int i = 0; i < SJ_HAWKES_TERMS_MAX; i++)
        left[i] = hawkes->excited[i] * exp_minus(hawkes->decay[i] * seconds);
    return hawkes->base + sum_terms(left);
}

/* One term: the exponentials do not depend on the intensity, so a block of them is taken at once.
 */
static void batch_one(struct sj_hawkes *hawkes, int64_t row, int64_t n, const struct sj_column *in,
                      const struct sj_column *out)
{
    double seconds[BLOCK], factor[BLOCK], value[BLOCK];
    int64_t last_ns = hawkes->last_ns;
    for (int64_t i = 0; i < n; i++) {
        int64_t time_ns = column_get_i64(in, row + i);
        seconds[i] = seconds_since(last_ns, time_ns);
        last_ns = time_ns > last_ns ? time_ns : last_ns;
    }
    for (int64_t i = 0; i < n; i++)
        factor[i] = exp_minus(hawkes->decay[0] * seconds[i]);
    double excited = hawkes->excited[0];
    for (int64_t i = 0; i < n; i++) {
        excited = excited * factor[i] + hawkes->jump[0];
        value[i] = hawkes->base + excited;
    }
    column_write(out, row, n, value);
    hawkes->excited[0] = excited;
    hawkes->last_ns = last_ns;
    hawkes->count += (uint64_t)n;
}

void sj_hawkes_batch(struct sj_hawkes *hawkes, int64_t count, const struct sj_column in[1],
                     const struct sj_column out[1])
{
    if (hawkes->terms == 1) {
        for (int64_t row = 0; row < count; row += BLOCK)
            batch_one(hawkes, row, count - row < BLOCK ? count - row : BLOCK, in, out);
        return;
    }
    for (int64_t row = 0; row < count; row++)
        column_put(out, row, sj_hawkes_update(hawkes, column_get_i64(in, row)));
}

sj_rc sj_hawkes_pair_init(struct sj_hawkes_pair *pair, const double base[2], const double jump[4],
                          const double decay[4])
{
    struct sj_hawkes_pair fresh = {.last_ns = INT64_MIN};
    for (int i = 0; i < 2; i++) {
        if (!is_parameter(base[i]))
            return -SJ_E_RANGE;
        fresh.base[i] = fresh.intensity[i] = base[i];
    }
    for (int i = 0; i < 4; i++) {
        if (!is_parameter(jump[i]) || !is_parameter(decay[i]))
            return -SJ_E_RANGE;
        fresh.jump[i] = jump[i];
        fresh.decay[i] = decay[i];
    }
    *pair = fresh;
    return 0;
}

void sj_hawkes_pair_update(struct sj_hawkes_pair *pair, int64_t time_ns, double side)
{
    pair_take(pair, time_ns, side);
}

void sj_hawkes_pair_at(const struct sj_hawkes_pair *pair, int64_t time_ns, double ret_intensity[2])
{
    double left[4];
    pair_fade(pair, time_ns, left);
    pair_intensity(pair, left, ret_intensity);
}

void sj_hawkes_pair_batch(struct sj_hawkes_pair *pair, int64_t count, const struct sj_column in[2],
                          const struct sj_column out[2])
{
    for (int64_t row = 0; row < count; row++) {
        pair_take(pair, column_get_i64(&in[0], row), column_get(&in[1], row));
        column_put(&out[0], row, pair->intensity[0]);
        column_put(&out[1], row, pair->intensity[1]);
    }
}
