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

double sj_hawkes_update(struct sj_hawkes *hawkes, int64_t time_ns)
{
    double value;
    if (hawkes->terms == 1) {
        double seconds = seconds_since(hawkes->last_ns, time_ns);
        double left = hawkes->excited[0] * exp_minus(hawkes->decay[0] * seconds);
        hawkes->excited[0] = left + hawkes->jump[0];
        value = hawkes->base + hawkes->excited[0];
    } else {
        /* Terms that are not used are 0 and stay so. */
        v4d excited =
            fade(hawkes->excited, hawkes->decay, hawkes->last_ns, time_ns) + v4_load(hawkes->jump);
        v4_store(hawkes->excited, excited);
        value = hawkes->base + v4_sum(excited);
    }
    hawkes->last_ns = time_ns > hawkes->last_ns ? time_ns : hawkes->last_ns;
    hawkes->count++;
    return value;
}

double sj_hawkes_at(const struct sj_hawkes *hawkes, int64_t time_ns)
{
    return hawkes->base + v4_sum(fade(hawkes->excited, hawkes->decay, hawkes->last_ns, time_ns));
}

/* One term, PIECE rows at once: the exponentials do not depend on the intensity. Pieces are short,
 * so that the CPU works on those of the next while the sums of this one wait for each other. */
#define PIECE 16

static void take_piece(struct sj_hawkes *hawkes, int64_t row, const struct sj_column *in,
                       const struct sj_column *out)
{
    double seconds[PIECE], factor[PIECE];
    int64_t last_ns = hawkes->last_ns;
    for (int i = 0; i < PIECE; i++) {
        int64_t time_ns = column_get_i64(in, row + i);
        seconds[i] = seconds_since(last_ns, time_ns);
        last_ns = time_ns > last_ns ? time_ns : last_ns;
    }
    for (int i = 0; i < PIECE; i += 4)
        v4_store(factor + i, v4_exp_minus(hawkes->decay[0] * v4_load(seconds + i)));
    double excited = hawkes->excited[0];
    for (int i = 0; i < PIECE; i++) {
        excited = excited * factor[i] + hawkes->jump[0];
        column_put(out, row + i, hawkes->base + excited);
    }
    hawkes->excited[0] = excited;
    hawkes->last_ns = last_ns;
    hawkes->count += PIECE;
}

void sj_hawkes_batch(struct sj_hawkes *hawkes, int64_t count, const struct sj_column in[1],
                     const struct sj_column out[1])
{
    int64_t row = 0;
    if (hawkes->terms == 1)
        for (; row + PIECE <= count; row += PIECE)
            take_piece(hawkes, row, in, out);
    for (; row < count; row++)
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
    pair_intensity(pair, fade(pair->excited, pair->decay, pair->last_ns, time_ns), ret_intensity);
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
