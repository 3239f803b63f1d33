#include "shijim/indicator/signals.h"

#include "indicator/flow_kernel.h"
#include "indicator/hawkes_kernel.h"
#include "indicator/mlofi_kernel.h"
#include "indicator/shape_kernel.h"

#define FLAGS_SKIPPED (SJ_FLAG_SIMTRADE | SJ_FLAG_SUSPEND | SJ_FLAG_ODD_LOT)

void sj_signals_params_default(struct sj_signals_params *params)
{
    *params = (struct sj_signals_params){
        .tfi_window = 100,
        .vpin_window = 50,
        .vpin_bucket = 100,
        .mlofi_weight = {1, 1, 1, 1, 1},
        .hawkes_base = {0.1, 0.1},
        .hawkes_jump = {0.5, 0.1, 0.1, 0.5},
        .hawkes_decay = {1, 1, 1, 1},
    };
}

sj_rc sj_signals_init(struct sj_signals *signals, const struct sj_signals_params *params)
{
    struct sj_signals fresh = {.total_volume = -1};
    sj_rc rc = sj_mlofi_init(&fresh.mlofi, SJ_LEVELS, params->mlofi_weight);
    if (rc == 0)
        rc = sj_hawkes_pair_init(&fresh.hawkes, params->hawkes_base, params->hawkes_jump,
                                 params->hawkes_decay);
    if (rc == 0)
        rc = sj_tfi_init(&fresh.tfi, params->tfi_window);
    if (rc == 0)
        rc = sj_vpin_init(&fresh.vpin, params->vpin_bucket, params->vpin_window, 0);
    if (rc < 0)
        return rc;
    fresh.values = (struct sj_signal_values){
        .time_ns = INT64_MIN,
        .shape = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN},
        .last = NAN,
        .tfi = NAN,
        .vpin = NAN,
        .intensity = {params->hawkes_base[0], params->hawkes_base[1]},
    };
    *signals = fresh;
    return 0;
}

static inline void read_side(const int64_t price_e6[SJ_LEVELS], const uint32_t volume[SJ_LEVELS],
                             double ret_price[SJ_LEVELS], double ret_quantity[SJ_LEVELS])
{
    for (int i = 0; i < SJ_LEVELS; i++) {
        ret_price[i] = (double)price_e6[i] / 1e6;
        ret_quantity[i] = price_e6[i] == SJ_NULL_E6 ? 0 : (double)volume[i];
    }
}

/* Never backwards: a late event does not take the values back in time. */
static inline void move_time(struct sj_signals *s, int64_t exch_ns, int64_t recv_ns)
{
    int64_t time_ns = exch_ns == SJ_NULL_I64 ? recv_ns : exch_ns;
    s->values.time_ns = time_ns > s->values.time_ns ? time_ns : s->values.time_ns;
}

static inline void take_book(struct sj_signals *s, const int64_t bid_price_e6[SJ_LEVELS],
                             const uint32_t bid_volume[SJ_LEVELS],
                             const int64_t ask_price_e6[SJ_LEVELS],
                             const uint32_t ask_volume[SJ_LEVELS])
{
    double bp[SJ_LEVELS], bq[SJ_LEVELS], ap[SJ_LEVELS], aq[SJ_LEVELS];
    read_side(bid_price_e6, bid_volume, bp, bq);
    read_side(ask_price_e6, ask_volume, ap, aq);
    struct sj_signal_values *v = &s->values;
    v->mlofi_weighted = mlofi_take_arrays(&s->mlofi, bp, bq, ap, aq, SJ_LEVELS);
    memcpy(v->mlofi, s->mlofi.level, sizeof v->mlofi);
    v->ofi = v->mlofi[0];
    shape_take(&v->shape, bp, bq, ap, aq, SJ_LEVELS);
    s->books++;
}

static inline double side_sign(uint8_t tick_type)
{
    return tick_type == SJ_TICK_BUY ? 1 : tick_type == SJ_TICK_SELL ? -1 : 0;
}

static inline void take_trade(struct sj_signals *s, int64_t price_e6, uint32_t volume,
                              uint8_t tick_type)
{
    struct sj_signal_values *v = &s->values;
    double flow = side_sign(tick_type) * (double)volume;
    if (price_e6 != SJ_NULL_E6)
        v->last = (double)price_e6 / 1e6;
    if (flow != 0) {
        v->tfi = tfi_take(&s->tfi, flow);
        v->vpin = vpin_take_signed(&s->vpin, flow);
        pair_take(&s->hawkes, v->time_ns, flow);
    }
    s->trades++;
}

static inline void take_intensity(struct sj_signals *s)
{
    sj_hawkes_pair_at(&s->hawkes, s->values.time_ns, s->values.intensity);
}

/* Trial matches, odd lots and suspended instruments tell nothing of the book that trades. */
static inline bool skips(struct sj_signals *s, uint32_t flags)
{
    bool skipped = (flags & FLAGS_SKIPPED) != 0;
    s->skipped += skipped;
    return skipped;
}

void sj_signals_book(struct sj_signals *signals, const struct sj_book *book)
{
    if (skips(signals, book->flags))
        return;
    move_time(signals, book->exch_ns, book->recv_ns);
    take_book(signals, book->bid_price_e6, book->bid_volume, book->ask_price_e6, book->ask_volume);
    take_intensity(signals);
}

void sj_signals_trade(struct sj_signals *signals, const struct sj_trade *trade)
{
    if (skips(signals, trade->flags))
        return;
    move_time(signals, trade->exch_ns, trade->recv_ns);
    take_trade(signals, trade->price_e6, trade->volume, trade->tick_type);
    take_intensity(signals);
}

/* A quote repeats the last trade: it is a new one when the day's volume grew. */
static void take_quote(struct sj_signals *s, const struct sj_quote *quote)
{
    move_time(s, quote->exch_ns, quote->recv_ns);
    if (s->total_volume >= 0 && quote->total_volume > s->total_volume)
        take_trade(s, quote->price_e6, quote->volume, quote->tick_type);
    if (quote->total_volume >= 0)
        s->total_volume = quote->total_volume;
    take_book(s, quote->bid_price_e6, quote->bid_volume, quote->ask_price_e6, quote->ask_volume);
    take_intensity(s);
}

int32_t sj_signals_frame(struct sj_signals *signals, const struct sj_frame *frame)
{
    uint64_t skipped = signals->skipped;
    switch (frame->template_id) {
    case SJ_EVENT_TRADE:
        sj_signals_trade(signals, (const struct sj_trade *)frame);
        break;
    case SJ_EVENT_BOOK:
        sj_signals_book(signals, (const struct sj_book *)frame);
        break;
    case SJ_EVENT_QUOTE:
        if (!skips(signals, frame->flags))
            take_quote(signals, (const struct sj_quote *)frame);
        break;
    default:
        return 0;
    }
    return signals->skipped == skipped;
}

void sj_signals_begin(struct sj_signals *signals)
{
    sj_mlofi_begin(&signals->mlofi);
}
