#include "convert/from_taifex.h"

#include "convert/taifex_csv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_ROWS 16384

/* Running sums of an instrument over the trading day, as the broker's feed carries them. */
struct totals {
    int64_t volume;
    int64_t amount_e6;
    int64_t open_e6;
    int64_t high_e6;
    int64_t low_e6;
};

struct sj_from_taifex {
    const struct sj_encode_options *options;
    struct sj_taifex_file file;
    struct sj_taifex_day day;
    struct sj_instruments *instruments;
    struct sj_instrument *definitions; /* by instrument id, as the batches give them on */
    struct totals *totals;             /* by instrument id */
    size_t at;                         /* the next row */
    bool ended;
};

static sj_rc parse(struct sj_from_taifex *from, char error[512])
{
    sj_rc rc = sj_instruments_create(SJ_INSTRUMENTS_MAX, &from->instruments);
    if (rc < 0)
        return rc;
    rc = sj_taifex_parse(from->file.text, from->file.size, from->options->strict, from->instruments,
                         &from->day);
    if (rc == -SJ_E_MALFORMED)
        snprintf(error, 512, ":%u: %s", from->day.error_line, from->day.error);
    if (rc < 0)
        return rc;
    uint32_t count = sj_instruments_count(from->instruments);
    from->totals = calloc((size_t)count + 1, sizeof *from->totals);
    from->definitions = calloc((size_t)count + 1, sizeof *from->definitions);
    if (!from->totals || !from->definitions)
        return -ENOMEM;
    for (uint32_t id = 1; id <= count; id++) {
        from->definitions[id] = *sj_instruments_get(from->instruments, id);
        from->definitions[id].update_date = from->day.trading_day;
    }
    return 0;
}

sj_rc sj_from_taifex_open(const char *path, const struct sj_encode_options *options,
                          struct sj_from_taifex **ret_from, char error[512])
{
    struct sj_from_taifex *from = calloc(1, sizeof *from);
    char why[512] = "";
    if (!from)
        return -ENOMEM;
    from->options = options;
    sj_rc rc = sj_taifex_file_read(path, &from->file);
    if (rc >= 0)
        rc = parse(from, why);
    else if (rc == -SJ_E_MALFORMED)
        snprintf(why, sizeof why, ": the archive holds more than one file");
    if (rc < 0) {
        if (*why)
            snprintf(error, 512, "%.250s%.250s", path, why);
        else
            snprintf(error, 512, "%.400s: %s", path, sj_rc_text(rc));
        sj_from_taifex_close(from);
        return rc;
    }
    *ret_from = from;
    return 0;
}

void sj_from_taifex_close(struct sj_from_taifex *from)
{
    if (!from)
        return;
    sj_taifex_day_done(&from->day);
    sj_taifex_file_done(&from->file);
    sj_instruments_close(from->instruments);
    free(from->totals);
    free(from->definitions);
    free(from);
}

void sj_from_taifex_hash(const struct sj_from_taifex *from, char ret_hex[33])
{
    for (size_t i = 0; i < sizeof from->file.digest; i++)
        snprintf(ret_hex + 2 * i, 3, "%02x", from->file.digest[i]);
}

static const struct totals *count_totals(struct sj_from_taifex *from,
                                         const struct sj_taifex_row *row)
{
    struct totals *totals = &from->totals[row->instrument];
    if (totals->volume == 0)
        totals->open_e6 = totals->high_e6 = totals->low_e6 = row->price_e6;
    if (row->price_e6 > totals->high_e6)
        totals->high_e6 = row->price_e6;
    if (row->price_e6 < totals->low_e6)
        totals->low_e6 = row->price_e6;
    totals->volume += row->lots;
    totals->amount_e6 += row->price_e6 * row->lots;
    return totals;
}

static void put_legs(struct sj_batch *batch, uint32_t code, const struct sj_taifex_row *row)
{
    struct sj_legs *legs = sj_batch_frame(batch, sizeof *legs);
    if (!legs)
        return;
    *legs = (struct sj_legs){
        .instrument = code,
        .exch_ns = row->time_ns,
        .recv_ns = row->time_ns,
        .near_price_e6 = row->near_price_e6,
        .far_price_e6 = row->far_price_e6,
    };
    sj_frame_head(legs, SJ_EVENT_LEGS, sizeof *legs);
    sj_batch_keep_frame(batch);
}

static void put_trade(struct sj_batch *batch, uint32_t code, const struct totals *totals,
                      const struct sj_taifex_row *row)
{
    struct sj_trade *trade = sj_batch_frame(batch, sizeof *trade);
    if (!trade)
        return;
    *trade = (struct sj_trade){
        .instrument = code,
        .flags = row->auction ? SJ_FLAG_AUCTION : 0,
        .exch_ns = row->time_ns,
        .recv_ns = row->time_ns,
        .price_e6 = row->price_e6,
        .volume = row->lots,
        .channel = SJ_CHANNEL_TICK_FOP,
        .total_volume = totals->volume,
        .total_amount_e6 = totals->amount_e6,
        .open_e6 = totals->open_e6,
        .high_e6 = totals->high_e6,
        .low_e6 = totals->low_e6,
        .amount_e6 = row->price_e6 * row->lots,
        .avg_price_e6 = SJ_NULL_E6,
        .price_chg_e6 = SJ_NULL_E6,
        .pct_chg_e6 = SJ_NULL_E6,
        .bid_side_total_vol = SJ_NULL_I64,
        .ask_side_total_vol = SJ_NULL_I64,
        .bid_side_total_cnt = SJ_NULL_U32,
        .ask_side_total_cnt = SJ_NULL_U32,
        .underlying_price_e6 = SJ_NULL_E6,
    };
    sj_frame_head(trade, SJ_EVENT_TRADE, sizeof *trade);
    sj_batch_keep_frame(batch);
}

static void put_events(struct sj_from_taifex *from, struct sj_encode *encode,
                       const struct sj_taifex_row *row)
{
    const struct sj_instrument *definition = &from->definitions[row->instrument];
    struct sj_text symbol = {definition->code, strnlen(definition->code, SJ_SYMBOL_SIZE)};
    struct sj_batch *batch = encode->batch;
    uint32_t code = sj_batch_code(batch, symbol, definition->exchange, definition->security);
    if (!code)
        return;
    batch->codes[code - 1].definition = definition;
    put_trade(batch, code, &from->totals[row->instrument], row);
    if (row->near_price_e6 != SJ_NULL_E6)
        put_legs(batch, code, row);
}

static void take_row(struct sj_from_taifex *from, struct sj_encode *encode,
                     const struct sj_taifex_row *row)
{
    const struct sj_instrument *definition = &from->definitions[row->instrument];
    struct sj_text symbol = {definition->code, strnlen(definition->code, SJ_SYMBOL_SIZE)};
    const struct totals *totals = count_totals(from, row);
    encode->line = row->line;
    encode->exch_ns = encode->local_ns = row->time_ns;
    encode->day = (int32_t)from->day.trading_day;
    bool wanted;
    if (sj_encode_choose(encode, symbol, &wanted) || !wanted) {
        encode->batch->counts.others_dropped++;
        return;
    }
    if (encode->options->latency)
        encode->local_ns +=
            sj_latency_of(encode->options->latency, row->time_ns, encode->piece->file, row->line);
    sj_encode_keep_feed_order(encode);
    encode->batch->counts.trades++;
    encode->batch->counts.lots += row->lots;
    if (encode->options->frames) {
        put_events(from, encode, row);
    } else {
        encode->batch->counts.sideless++;
        sj_encode_row(encode, SJ_ROW_TRADE, (struct sj_number){row->price_e6, 6},
                      (struct sj_number){row->lots, 0});
        sj_encode_running(encode, totals->volume - row->lots, totals->volume);
    }
    sj_encode_note_times(encode);
}

sj_rc sj_from_taifex_next(struct sj_from_taifex *from, struct sj_bundle *bundle,
                          struct sj_piece *piece, uint64_t *ret_size)
{
    struct sj_encode encode = {.options = from->options, .piece = piece, .bundle = bundle};
    struct sj_batch *batch = &bundle->main;
    if (from->ended)
        return 0;
    for (size_t i = 0; !from->at && i < from->day.bad_count; i++) {
        const struct sj_taifex_bad *bad = &from->day.bad[i];
        sj_batch_reject(batch, bad->reject, bad->line, from->file.text + bad->at, bad->size);
    }
    size_t end = from->at + BATCH_ROWS;
    end = end < from->day.row_count ? end : from->day.row_count;
    for (; from->at < end && !batch->failed && !bundle->failed; from->at++) {
        encode.batch = batch;
        take_row(from, &encode, &from->day.rows[from->at]);
    }
    from->ended = end == from->day.row_count;
    *ret_size = from->ended ? from->file.size : 0;
    if (from->ended)
        batch->counts.lines = from->day.line_count;
    piece->ends_file = from->ended;
    piece->cut = from->ended && from->file.cut;
    return 1;
}
