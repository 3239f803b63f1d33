#include "shijim/indicator/volatility.h"

#include "indicator/kernel.h"
#include "indicator/vector.h"

sj_rc sj_volatility_init(struct sj_volatility *volatility, uint32_t window)
{
    if (window < 4 || window > SJ_VOLATILITY_WINDOW_MAX || window % 2 != 0)
        return -SJ_E_RANGE;
    *volatility = (struct sj_volatility){.window = window, .value = NAN};
    for (uint32_t j = 1; j < window; j++)
        volatility->weight[j - 1] = fmin((double)j / window, 1 - (double)j / window);
    return 0;
}

void sj_volatility_begin(struct sj_volatility *volatility)
{
    volatility->next = 0;
    volatility->count = 0;
    volatility->sum_r2 = volatility->sum_z2 = 0;
    volatility->value = NAN;
    memset(volatility->ring, 0, sizeof volatility->ring);
}

/* Z of the last k - 1 returns; r[0] is the oldest. */
static double average(const struct sj_volatility *v, const double *r)
{
    uint32_t count = v->window - 1, j = 0;
    v4d sum = {0};
    for (; j + 4 <= count; j += 4)
        sum += v4_load(v->weight + j) * v4_load(r + j);
    double z = v4_sum(sum);
    for (; j < count; j++)
        z += v->weight[j] * r[j];
    return z;
}

/* psi1 and psi2 of the triangle, exactly: k * k * (1/k)^2 = 1 for even k, and
 * 1/k * sum g^2 = (k^2 + 2) / (12 k^2). */
static double variance(const struct sj_volatility *v)
{
    double k = v->window, n = (double)v->count;
    if (v->count + 1 < v->window)
        return NAN;
    double psi2 = (k * k + 2) / (12 * k * k);
    double raw = n / (n - k + 2) * v->sum_z2 / (k * psi2) - v->sum_r2 / (2 * k * k * psi2);
    return fmax(raw, 0);
}

double sj_volatility_update(struct sj_volatility *volatility, double price)
{
    if (!is_number(price) || !(price * SJ_VALUE_MAX >= 1))
        return volatility->value;
    double before = volatility->price;
    volatility->price = price;
    if (before == 0)
        return volatility->value;
    uint32_t kept = volatility->window - 1;
    double r = log(price / before);
    volatility->ring[volatility->next] = volatility->ring[volatility->next + kept] = r;
    volatility->next = volatility->next + 1 == kept ? 0 : volatility->next + 1;
    volatility->count++;
    volatility->sum_r2 += r * r;
    if (volatility->count >= kept) {
        double z = average(volatility, volatility->ring + volatility->next);
        volatility->sum_z2 += z * z;
    }
    volatility->value = variance(volatility);
    return volatility->value;
}

void sj_volatility_batch(struct sj_volatility *volatility, int64_t count,
                         const struct sj_column in[1], const struct sj_column out[1])
{
    for (int64_t row = 0; row < count; row++)
        column_put(&out[0], row, sj_volatility_update(volatility, column_get(&in[0], row)));
}
