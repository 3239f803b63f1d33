/*
 * state.c: states saved and restored. Each kind has a check of everything that the code relies on:
 * indices below their bounds, parameters as init accepts them, no NaN where sums are kept.
 */
#include "base/crc32c.h"
#include "indicator/kernel.h"
#include "shijim/indicator.h"

#define BLOB_MAGIC "SJIS"
#define BLOB_VERSION 1
/* No sum of numbers within SJ_VALUE_MAX gets here in a lifetime. */
#define SUM_MAX 1e60
/* What sums of parts may be beyond the whole. */
#define ROUNDING 1e-6

struct blob_head {
    char magic[4];
    uint32_t kind;
    uint32_t version;
    uint32_t size; /* of the state behind it */
    uint32_t crc;  /* of the head before it, then of the state */
    uint32_t reserved;
};

static bool within(double value, double low, double high)
{
    return value >= low && value <= high;
}

static bool all_within(const double *values, uint32_t count, double low, double high)
{
    for (uint32_t i = 0; i < count; i++)
        if (!within(values[i], low, high))
            return false;
    return true;
}

static bool are_equal(const double *left, const double *right, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (left[i] != right[i])
            return false;
    return true;
}

static bool is_value(double value, double low, double high)
{
    return isnan(value) || within(value, low, high);
}

/* A level as states keep it: a number, or the infinity of an absent one with quantity 0. */
static bool is_level(double price, double quantity)
{
    return within(quantity, 0, SJ_VALUE_MAX) &&
           (price == -INFINITY ? quantity == 0 : is_number(price));
}

static bool check_ofi(const void *state)
{
    const struct sj_ofi *ofi = state;
    return is_level(ofi->price[0], ofi->quantity[0]) && is_level(ofi->price[1], ofi->quantity[1]) &&
           all_within(ofi->side, 2, -SUM_MAX, SUM_MAX) && within(ofi->net, -SUM_MAX, SUM_MAX) &&
           all_within(ofi->part, SJ_OFI_LANES, -SUM_MAX, SUM_MAX);
}

static bool check_mlofi(const void *state)
{
    const struct sj_mlofi *m = state;
    if (m->levels < 1 || m->levels > SJ_MLOFI_LEVELS_MAX || m->interval_count > m->count)
        return false;
    for (uint32_t i = 0; i < m->levels / 4 * 4; i++)
        if (!is_level(m->bid_price[i], m->bid_quantity[i]) ||
            !is_level(m->ask_price[i], m->ask_quantity[i]))
            return false;
    for (uint32_t i = 0; i < m->levels % 4 * 2; i++)
        if (!is_level((&m->rest_price[0][0])[i], (&m->rest_quantity[0][0])[i]))
            return false;
    return all_within(m->weight, m->levels, -SJ_VALUE_MAX, SJ_VALUE_MAX) &&
           all_within(m->level, m->levels, -SUM_MAX, SUM_MAX) &&
           all_within(m->sum, m->levels, -SUM_MAX, SUM_MAX) && within(m->depth_sum, 0, SUM_MAX) &&
           within(m->weighted, -SUM_MAX, SUM_MAX);
}

static bool check_tfi(const void *state)
{
    const struct sj_tfi *tfi = state;
    return tfi->window >= 1 && tfi->window <= SJ_TFI_WINDOW_MAX && tfi->next < tfi->window &&
           within(tfi->net, -SUM_MAX, SUM_MAX) && within(tfi->total, 0, SUM_MAX) &&
           all_within(tfi->ring, tfi->window, -SJ_VALUE_MAX, SJ_VALUE_MAX);
}

static bool check_vpin(const void *state)
{
    const struct sj_vpin *v = state;
    struct sj_vpin probe;
    return sj_vpin_init(&probe, v->bucket, v->window, v->sigma) == 0 && v->next < v->window &&
           v->filled >= 0 && v->bucket - v->filled > 1e-9 && is_value(v->value, 0, 1) &&
           within(v->imbalance / v->bucket, -1 - ROUNDING, 1 + ROUNDING) &&
           within(v->sum, 0, SUM_MAX) && v->buckets <= UINT64_C(1) << 62 &&
           is_value(v->price, -SJ_VALUE_MAX, SJ_VALUE_MAX) &&
           within(v->change_mean, -SUM_MAX, SUM_MAX) && within(v->change_m2, 0, SUM_MAX) &&
           (v->bars == 0 || !isnan(v->price)) && all_within(v->ring, v->window, 0, SJ_VALUE_MAX);
}

static bool check_hawkes(const void *state)
{
    const struct sj_hawkes *h = state;
    struct sj_hawkes probe;
    return sj_hawkes_init(&probe, h->base, h->terms, h->jump, h->decay) == 0 &&
           are_equal(probe.jump, h->jump, SJ_HAWKES_TERMS_MAX) &&
           are_equal(probe.decay, h->decay, SJ_HAWKES_TERMS_MAX) &&
           all_within(h->excited, h->terms, 0, SUM_MAX) &&
           all_within(h->excited + h->terms, SJ_HAWKES_TERMS_MAX - h->terms, 0, 0);
}

static bool check_hawkes_pair(const void *state)
{
    const struct sj_hawkes_pair *h = state;
    struct sj_hawkes_pair probe;
    return sj_hawkes_pair_init(&probe, h->base, h->jump, h->decay) == 0 &&
           all_within(h->excited, 4, 0, SUM_MAX) && all_within(h->intensity, 2, 0, SUM_MAX);
}

static bool check_kyle(const void *state)
{
    const struct sj_kyle *k = state;
    return k->window >= 2 && k->window <= SJ_KYLE_WINDOW_MAX && k->next < k->window &&
           k->count <= k->seen && within(k->price, -SJ_VALUE_MAX, SJ_VALUE_MAX) &&
           all_within(&k->sum_x, 4, -SUM_MAX, SUM_MAX) && is_value(k->value, -SUM_MAX, SUM_MAX) &&
           all_within(k->x, k->window, -SJ_VALUE_MAX, SJ_VALUE_MAX) &&
           all_within(k->y, k->window, -2 * SJ_VALUE_MAX, 2 * SJ_VALUE_MAX);
}

static bool check_volatility(const void *state)
{
    const struct sj_volatility *v = state;
    struct sj_volatility probe;
    return sj_volatility_init(&probe, v->window) == 0 && v->next < v->window - 1 &&
           are_equal(probe.weight, v->weight, SJ_VOLATILITY_WINDOW_MAX) &&
           within(v->price, 0, SJ_VALUE_MAX) && within(v->sum_r2, 0, SUM_MAX) &&
           within(v->sum_z2, 0, SUM_MAX) && is_value(v->value, 0, SUM_MAX) &&
           all_within(v->ring, 2 * (v->window - 1), -SUM_MAX, SUM_MAX);
}

static bool check_queue(const void *state)
{
    const struct sj_queue *q = state;
    return q->model < SJ_QUEUE_MODEL_END && within(q->ahead, 0, SJ_VALUE_MAX) &&
           within(q->level, 0, SJ_VALUE_MAX) && within(q->traded, 0, SJ_VALUE_MAX);
}

static bool is_bar(const struct sj_bar *bar)
{
    return all_within(&bar->open, 4, -SJ_VALUE_MAX, SJ_VALUE_MAX) &&
           within(bar->quantity, 0, SUM_MAX) && within(bar->signed_quantity, -SUM_MAX, SUM_MAX) &&
           within(bar->turnover, 0, SUM_MAX);
}

static bool check_bars(const void *state)
{
    const struct sj_bars *b = state;
    struct sj_bars probe;
    return sj_bars_init(&probe, (enum sj_bars_by)b->by, b->threshold, b->multiplier) == 0 &&
           is_bar(&b->bar) && is_bar(&b->ended);
}

static bool check_values(const struct sj_signal_values *v)
{
    double shape[sizeof v->shape / sizeof(double)];
    memcpy(shape, &v->shape, sizeof shape);
    for (uint32_t i = 0; i < sizeof shape / sizeof *shape; i++)
        if (!is_value(shape[i], -SUM_MAX, SUM_MAX))
            return false;
    return within(v->ofi, -SUM_MAX, SUM_MAX) &&
           all_within(v->mlofi, SJ_LEVELS, -SUM_MAX, SUM_MAX) &&
           within(v->mlofi_weighted, -SUM_MAX, SUM_MAX) &&
           is_value(v->last, -SJ_VALUE_MAX, SJ_VALUE_MAX) && is_value(v->tfi, -1, 1) &&
           is_value(v->vpin, 0, 1) && all_within(v->intensity, 2, 0, SUM_MAX);
}

static bool check_signals(const void *state)
{
    const struct sj_signals *s = state;
    return check_values(&s->values) && s->total_volume >= -1 && check_mlofi(&s->mlofi) &&
           s->mlofi.levels == SJ_LEVELS && check_hawkes_pair(&s->hawkes) && check_tfi(&s->tfi) &&
           check_vpin(&s->vpin);
}

static const struct {
    uint32_t size;
    bool (*check)(const void *state);
} kinds[SJ_INDICATOR_KIND_END] = {
    [SJ_INDICATOR_OFI] = {sizeof(struct sj_ofi), check_ofi},
    [SJ_INDICATOR_MLOFI] = {sizeof(struct sj_mlofi), check_mlofi},
    [SJ_INDICATOR_TFI] = {sizeof(struct sj_tfi), check_tfi},
    [SJ_INDICATOR_VPIN] = {sizeof(struct sj_vpin), check_vpin},
    [SJ_INDICATOR_HAWKES] = {sizeof(struct sj_hawkes), check_hawkes},
    [SJ_INDICATOR_HAWKES_PAIR] = {sizeof(struct sj_hawkes_pair), check_hawkes_pair},
    [SJ_INDICATOR_KYLE] = {sizeof(struct sj_kyle), check_kyle},
    [SJ_INDICATOR_VOLATILITY] = {sizeof(struct sj_volatility), check_volatility},
    [SJ_INDICATOR_QUEUE] = {sizeof(struct sj_queue), check_queue},
    [SJ_INDICATOR_BARS] = {sizeof(struct sj_bars), check_bars},
    [SJ_INDICATOR_SIGNALS] = {sizeof(struct sj_signals), check_signals},
};

size_t sj_indicator_state_size(enum sj_indicator_kind kind)
{
    return (uint32_t)kind < SJ_INDICATOR_KIND_END ? kinds[kind].size : 0;
}

size_t sj_indicator_blob_size(enum sj_indicator_kind kind)
{
    size_t size = sj_indicator_state_size(kind);
    return size ? sizeof(struct blob_head) + size : 0;
}

static uint32_t checksum(const struct blob_head *head, const void *state)
{
    return sj_crc32c(sj_crc32c(0, head, offsetof(struct blob_head, crc)), state, head->size);
}

sj_rc sj_indicator_save(enum sj_indicator_kind kind, const void *state, void *blob, size_t size)
{
    size_t wanted = sj_indicator_blob_size(kind);
    if (wanted == 0)
        return -SJ_E_UNKNOWN;
    if (size < wanted)
        return -SJ_E_LIMIT;
    struct blob_head head = {.magic = BLOB_MAGIC,
                             .kind = (uint32_t)kind,
                             .version = BLOB_VERSION,
                             .size = kinds[kind].size};
    head.crc = checksum(&head, state);
    memcpy(blob, &head, sizeof head);
    memcpy((char *)blob + sizeof head, state, head.size);
    return (sj_rc)wanted;
}

sj_rc sj_indicator_restore(enum sj_indicator_kind kind, const void *blob, size_t size, void *state)
{
    size_t wanted = sj_indicator_blob_size(kind);
    struct blob_head head;
    if (wanted == 0 || size < sizeof head)
        return -SJ_E_MALFORMED;
    memcpy(&head, blob, sizeof head);
    if (memcmp(head.magic, BLOB_MAGIC, sizeof head.magic) != 0 || head.kind != (uint32_t)kind)
        return -SJ_E_MALFORMED;
    if (head.version != BLOB_VERSION)
        return -SJ_E_LAYOUT;
    if (head.size != kinds[kind].size || size != wanted)
        return -SJ_E_MALFORMED;
    const char *bytes = (const char *)blob + sizeof head;
    if (head.crc != checksum(&head, bytes))
        return -SJ_E_CORRUPT;
    /* Checked as a copy: the blob may lie at any address. Large enough for every kind. */
    union {
        struct sj_signals signals;
        struct sj_kyle kyle;
        double alignment;
    } copy;
    _Static_assert(sizeof copy >= sizeof(struct sj_vpin), "every kind fits");
    memcpy(&copy, bytes, head.size);
    if (!kinds[kind].check(&copy))
        return -SJ_E_RANGE;
    memcpy(state, &copy, head.size);
    return 0;
}
