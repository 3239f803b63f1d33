#include "shijim/indicator/ofi.h"

#include "indicator/kernel.h"

void sj_ofi_init(struct sj_ofi *ofi)
{
    *ofi = (struct sj_ofi){.bid_price = -INFINITY, .ask_price = INFINITY};
}

double sj_ofi_update(struct sj_ofi *ofi, double bid_price, double bid_quantity, double ask_price,
                     double ask_quantity)
{
    bool bid_there = is_present(bid_price, bid_quantity);
    bool ask_there = is_present(ask_price, ask_quantity);
    double bp = bid_there ? bid_price : -INFINITY, bq = bid_there ? bid_quantity : 0;
    double ap = ask_there ? ask_price : INFINITY, aq = ask_there ? ask_quantity : 0;
    if (__builtin_expect(ofi->count == 0, 0)) {
        /* Nothing is before the first book: it is compared with itself, which gives 0. */
        ofi->bid_price = bp, ofi->bid_quantity = bq;
        ofi->ask_price = ap, ofi->ask_quantity = aq;
    }
    ofi->bid = ofi_side(bp, bq, ofi->bid_price, ofi->bid_quantity);
    ofi->ask = ofi_side(-ap, aq, -ofi->ask_price, ofi->ask_quantity);
    ofi->net = ofi->bid - ofi->ask;
    ofi->bid_price = bp, ofi->bid_quantity = bq;
    ofi->ask_price = ap, ofi->ask_quantity = aq;
    ofi->part[ofi->count++ % SJ_OFI_LANES] += ofi->net;
    return ofi->net;
}

double sj_ofi_sum(const struct sj_ofi *ofi)
{
    return (ofi->part[0] + ofi->part[1]) + (ofi->part[2] + ofi->part[3]);
}

void sj_ofi_begin(struct sj_ofi *ofi)
{
    memset(ofi->part, 0, sizeof ofi->part);
}

/* A block of rows as they are compared: [0] is the row before, absent levels are replaced. */
struct ofi_block {
    double bid_price[BLOCK + 1], bid_quantity[BLOCK + 1];
    double ask_price[BLOCK + 1], ask_quantity[BLOCK + 1];
    double bid[BLOCK], ask[BLOCK], net[BLOCK];
};

static void read_block(struct ofi_block *b, const struct sj_column in[4], int64_t row, int64_t n)
{
    column_read(&in[0], row, n, b->bid_price + 1);
    column_read(&in[1], row, n, b->bid_quantity + 1);
    column_read(&in[2], row, n, b->ask_price + 1);
    column_read(&in[3], row, n, b->ask_quantity + 1);
    for (int64_t i = 1; i <= n; i++) {
        bool bid_there = is_present(b->bid_price[i], b->bid_quantity[i]);
        bool ask_there = is_present(b->ask_price[i], b->ask_quantity[i]);
        b->bid_price[i] = bid_there ? b->bid_price[i] : -INFINITY;
        b->bid_quantity[i] = bid_there ? b->bid_quantity[i] : 0;
        b->ask_price[i] = ask_there ? b->ask_price[i] : INFINITY;
        b->ask_quantity[i] = ask_there ? b->ask_quantity[i] : 0;
    }
}

/* Adds to the four parts as if one by one; they turn by where the count stands. */
static void add_parts(struct sj_ofi *ofi, const double *net, int64_t n)
{
    double part[SJ_OFI_LANES];
    uint64_t first = ofi->count;
    for (uint64_t lane = 0; lane < SJ_OFI_LANES; lane++)
        part[lane] = ofi->part[(first + lane) % SJ_OFI_LANES];
    int64_t i = 0;
    for (; i + SJ_OFI_LANES <= n; i += SJ_OFI_LANES)
        for (int lane = 0; lane < SJ_OFI_LANES; lane++)
            part[lane] += net[i + lane];
    for (int lane = 0; i < n; i++, lane++)
        part[lane] += net[i];
    for (uint64_t lane = 0; lane < SJ_OFI_LANES; lane++)
        ofi->part[(first + lane) % SJ_OFI_LANES] = part[lane];
    ofi->count += (uint64_t)n;
}

void sj_ofi_batch(struct sj_ofi *ofi, int64_t count, const struct sj_column in[4],
                  const struct sj_column out[1])
{
    struct ofi_block b;
    for (int64_t row = 0; row < count; row += BLOCK) {
        int64_t n = count - row < BLOCK ? count - row : BLOCK;
        read_block(&b, in, row, n);
        int64_t before = ofi->count == 0 ? 1 : 0; /* the first book of all: itself */
        b.bid_price[0] = before ? b.bid_price[1] : ofi->bid_price;
        b.bid_quantity[0] = before ? b.bid_quantity[1] : ofi->bid_quantity;
        b.ask_price[0] = before ? b.ask_price[1] : ofi->ask_price;
        b.ask_quantity[0] = before ? b.ask_quantity[1] : ofi->ask_quantity;
        for (int64_t i = 0; i < n; i++) {
            b.bid[i] = ofi_side(b.bid_price[i + 1], b.bid_quantity[i + 1], b.bid_price[i],
                                b.bid_quantity[i]);
            b.ask[i] = ofi_side(-b.ask_price[i + 1], b.ask_quantity[i + 1], -b.ask_price[i],
                                b.ask_quantity[i]);
            b.net[i] = b.bid[i] - b.ask[i];
        }
        column_write(&out[0], row, n, b.net);
        add_parts(ofi, b.net, n);
        ofi->bid_price = b.bid_price[n], ofi->bid_quantity = b.bid_quantity[n];
        ofi->ask_price = b.ask_price[n], ofi->ask_quantity = b.ask_quantity[n];
        ofi->bid = b.bid[n - 1], ofi->ask = b.ask[n - 1], ofi->net = b.net[n - 1];
    }
}
