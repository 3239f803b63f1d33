#include "indicator/flow_kernel.h"

/* Counting stops here rather than wrap round to "no buckets yet". */
#define BUCKETS_MAX (UINT64_C(1) << 62)

sj_rc sj_vpin_init(struct sj_vpin *vpin, double bucket, uint32_t window, double sigma)
{
    if (!(bucket >= SJ_VPIN_BUCKET_MIN && bucket <= SJ_VALUE_MAX) || window < 1 ||
        window > SJ_VPIN_WINDOW_MAX || !(sigma >= 0 && sigma <= SJ_VALUE_MAX))
        return -SJ_E_RANGE;
    *vpin = (struct sj_vpin){
        .bucket = bucket, .window = window, .sigma = sigma, .value = NAN, .price = NAN};
    return 0;
}

static void end_bucket(struct sj_vpin *vpin)
{
    double size = fabs(vpin->imbalance);
    vpin->sum = fmax((vpin->sum - vpin->ring[vpin->next]) + size, 0);
    vpin->ring[vpin->next] = size;
    if (++vpin->next == vpin->window) {
        /* Taken anew once round, so that rounding does not gather in the sum. */
        vpin->next = 0;
        vpin->sum = sum_of(vpin->ring, vpin->window);
    }
    if (vpin->buckets < BUCKETS_MAX)
        vpin->buckets++;
    vpin->filled = 0;
    vpin->imbalance = 0;
    if (vpin->buckets >= vpin->window)
        vpin->value = fmin(vpin->sum / (vpin->bucket * vpin->window), 1);
}

/* A trade of very many buckets: all but the last `window` of them would be overwritten anyway.
 * Returns the quantity that is left to fill in. */
static double skip_buckets(struct sj_vpin *vpin, double quantity)
{
    double kept = (vpin->window + 2) * vpin->bucket;
    double rest = fmod(quantity, vpin->bucket) + kept;
    double skipped = (quantity - rest) / vpin->bucket;
    uint64_t room = BUCKETS_MAX - vpin->buckets;
    vpin->buckets += skipped < (double)room ? (uint64_t)skipped : room;
    return rest;
}

void sj_vpin_fill(struct sj_vpin *vpin, double quantity, double lean)
{
    if (quantity / vpin->bucket > vpin->window + 4.0)
        quantity = skip_buckets(vpin, quantity);
    while (quantity > 0) {
        double room = vpin->bucket - vpin->filled;
        double part = quantity < room ? quantity : room;
        vpin->filled += part;
        vpin->imbalance += lean * part;
        quantity -= part;
        if (vpin->bucket - vpin->filled <= BUCKET_SLACK)
            end_bucket(vpin);
    }
}

double sj_vpin_update(struct sj_vpin *vpin, double signed_quantity)
{
    return vpin_take_signed(vpin, signed_quantity);
}

/* Twice the bought part minus one, by the bar's change and the deviation of those before it. */
static double bulk_lean(struct sj_vpin *vpin, double price)
{
    if (vpin->bars++ == 0) {
        vpin->price = price;
        return 0;
    }
    double change = price - vpin->price;
    double sigma = vpin->sigma;
    uint64_t earlier = vpin->bars - 2;
    if (sigma == 0 && earlier >= 2)
        sigma = sqrt(vpin->change_m2 / (double)(earlier - 1));
    double from_mean = change - vpin->change_mean;
    vpin->change_mean += from_mean / (double)(earlier + 1);
    vpin->change_m2 += fmax(from_mean * (change - vpin->change_mean), 0); /* rounding aside */
    vpin->price = price;
    if (change == 0)
        return 0;
    return sigma > 0 ? erf(change / (sigma * M_SQRT2)) : copysign(1, change);
}

double sj_vpin_update_bulk(struct sj_vpin *vpin, double price, double quantity)
{
    if (!is_number(price) || !is_flow(quantity) || quantity < 0)
        return vpin->value;
    double lean = bulk_lean(vpin, price);
    return vpin_take(vpin, quantity, lean * quantity, lean);
}

void sj_vpin_batch(struct sj_vpin *vpin, int64_t count, const struct sj_column in[1],
                   const struct sj_column out[1])
{
    /* The bucket being filled stays in registers; what vpin_take does, in its order. */
    double filled = vpin->filled, imbalance = vpin->imbalance, value = vpin->value;
    const double bucket = vpin->bucket;
    for (int64_t row = 0; row < count; row++) {
        double flow = column_get(&in[0], row);
        double sum = filled + fabs(flow);
        if (__builtin_expect(is_flow(flow) & (bucket - sum > BUCKET_SLACK), 1)) {
            filled = sum;
            imbalance += flow;
        } else if (is_flow(flow)) {
            vpin->filled = filled;
            vpin->imbalance = imbalance;
            sj_vpin_fill(vpin, fabs(flow), copysign(1, flow));
            filled = vpin->filled;
            imbalance = vpin->imbalance;
            value = vpin->value;
        }
        column_put(&out[0], row, value);
    }
    vpin->filled = filled;
    vpin->imbalance = imbalance;
}

void sj_vpin_batch_bulk(struct sj_vpin *vpin, int64_t count, const struct sj_column in[2],
                        const struct sj_column out[1])
{
    for (int64_t row = 0; row < count; row++)
        column_put(&out[0], row,
                   sj_vpin_update_bulk(vpin, column_get(&in[0], row), column_get(&in[1], row)));
}
