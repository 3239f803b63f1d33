#include "shijim/indicator/ofi.h"

#include "indicator/kernel.h"
#include "indicator/vector.h"

void sj_ofi_init(struct sj_ofi *ofi)
{
    *ofi = (struct sj_ofi){.price = {-INFINITY, -INFINITY}};
}

double sj_ofi_update(struct sj_ofi *ofi, double bid_price, double bid_quantity, double ask_price,
                     double ask_quantity)
{
    v2d price = {bid_price, -ask_price}, quantity = {bid_quantity, ask_quantity};
    v2_replace_absent(&price, &quantity);
    v2d price_before = v2_load(ofi->price), quantity_before = v2_load(ofi->quantity);
    if (__builtin_expect(ofi->count == 0, 0)) {
        /* Nothing is before the first book: it is compared with itself, which gives 0. */
        price_before = price;
        quantity_before = quantity;
    }
    v2d side = v2_ofi(price, quantity, price_before, quantity_before);
    double net = side[0] - side[1];
    v2_store(ofi->price, price);
    v2_store(ofi->quantity, quantity);
    v2_store(ofi->side, side);
    ofi->net = net;
    ofi->part[ofi->count++ % SJ_OFI_LANES] += net;
    return net;
}

double sj_ofi_sum(const struct sj_ofi *ofi)
{
    return (ofi->part[0] + ofi->part[1]) + (ofi->part[2] + ofi->part[3]);
}

void sj_ofi_begin(struct sj_ofi *ofi)
{
    memset(ofi->part, 0, sizeof ofi->part);
}

/* Rows as contiguous columns. */
struct rows {
    const double *bid_price, *bid_quantity, *ask_price, *ask_quantity;
    double *net;
};

static bool both_present(const struct rows *r, int64_t i)
{
    return is_present(r->bid_price[i], r->bid_quantity[i]) &&
           is_present(r->ask_price[i], r->ask_quantity[i]);
}

static void take_one(struct sj_ofi *ofi, const struct rows *r, int64_t i)
{
    r->net[i] = sj_ofi_update(ofi, r->bid_price[i], r->bid_quantity[i], r->ask_price[i],
                              r->ask_quantity[i]);
}

/* e_n of rows i .. i + 3, all of them and the row before with both sides present, or false. */
static inline bool take_four(const struct rows *r, int64_t i, v4d *ret_net)
{
    v4d bp = v4_load(r->bid_price + i), bq = v4_load(r->bid_quantity + i);
    v4d ap = v4_load(r->ask_price + i), aq = v4_load(r->ask_quantity + i);
    v4d bid = v4_ofi(bp, bq, v4_load(r->bid_price + i - 1), v4_load(r->bid_quantity + i - 1));
    /* the prices of asks change places where the rule negates them */
    v4d ap_before = v4_load(r->ask_price + i - 1), aq_before = v4_load(r->ask_quantity + i - 1);
    v4d ask = v4_and(ap <= ap_before, aq) - v4_and(ap >= ap_before, aq_before);
    *ret_net = bid - ask;
    return v4_all(v4_both_present(bp, bq, ap, aq));
}

/* Rows from *i on, four at a time, as long as all sides are present and one row is left over;
 * row *i - 1 has both. */
static void take_run(struct sj_ofi *ofi, const struct rows *r, int64_t n, int64_t *i)
{
    int64_t at = *i;
    uint64_t first = ofi->count;
    /* Update i goes to part i % 4: the parts turn by where the count stands. */
    v4d part = {0}, net;
    for (uint64_t lane = 0; lane < SJ_OFI_LANES; lane++)
        part[lane] = ofi->part[(first + lane) % SJ_OFI_LANES];
    for (; at + 4 < n && take_four(r, at, &net); at += 4) {
        v4_store(r->net + at, net);
        part += net;
    }
    for (uint64_t lane = 0; lane < SJ_OFI_LANES; lane++)
        ofi->part[(first + lane) % SJ_OFI_LANES] = part[lane];
    ofi->count += (uint64_t)(at - *i);
    ofi->price[0] = r->bid_price[at - 1], ofi->price[1] = -r->ask_price[at - 1];
    ofi->quantity[0] = r->bid_quantity[at - 1], ofi->quantity[1] = r->ask_quantity[at - 1];
    *i = at;
}

/* The last row is always taken by itself: it leaves the whole state as an update does. */
static void take_rows(struct sj_ofi *ofi, const struct rows *r, int64_t n)
{
    for (int64_t i = 0; i < n;) {
        if (i > 0 && both_present(r, i - 1))
            take_run(ofi, r, n, &i);
        /* What stopped the run, or begins one, goes one by one. */
        for (int64_t end = i + 4; i < end && i < n; i++)
            take_one(ofi, r, i);
    }
}

/* Whether the columns can be used where they lie: contiguous, and the output is none of them. */
static bool lie_in_place(const struct sj_column in[4], const struct sj_column *out)
{
    bool in_place = out->data && out->stride == sizeof(double);
    for (int i = 0; i < 4; i++)
        in_place = in_place && in[i].stride == sizeof(double) && in[i].data != out->data;
    return in_place;
}

static bool is_aligned(const struct sj_column in[4], const struct sj_column *out)
{
    uintptr_t bits = (uintptr_t)out->data;
    for (int i = 0; i < 4; i++)
        bits |= (uintptr_t)in[i].data;
    return bits % _Alignof(double) == 0;
}

void sj_ofi_batch(struct sj_ofi *ofi, int64_t count, const struct sj_column in[4],
                  const struct sj_column out[1])
{
    if (lie_in_place(in, out) && is_aligned(in, out)) {
        struct rows rows = {in[0].data, in[1].data, in[2].data, in[3].data, out->data};
        take_rows(ofi, &rows, count);
        return;
    }
    double side[4][BLOCK], net[BLOCK];
    struct rows rows = {side[0], side[1], side[2], side[3], net};
    for (int64_t row = 0; row < count; row += BLOCK) {
        int64_t n = count - row < BLOCK ? count - row : BLOCK;
        for (int s = 0; s < 4; s++)
            column_read(&in[s], row, n, side[s]);
        take_rows(ofi, &rows, n);
        column_write(&out[0], row, n, net);
    }
}
