#include "convert/from_journal.h"

#include "convert/encode.h"
#include "event/instruments.h"
#include "journal/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define BATCH_EVENTS 16384

struct sj_from_journal {
    const struct sj_encode_options *options;
    struct sj_journal_reader *reader;
    struct sj_journal_span span;
    const uint8_t *at; /* in the span */
    uint32_t wanted;   /* the instrument; 0: not known yet */
    char (*codes)[SJ_SYMBOL_SIZE];
    XXH3_state_t *hash;
};

sj_rc sj_from_journal_open(const char *dir, const struct sj_encode_options *options,
                           struct sj_from_journal **ret_from)
{
    struct sj_journal_reader_options reader = {.dir = dir};
    struct sj_from_journal *from = calloc(1, sizeof *from);
    if (!from)
        return -ENOMEM;
    from->options = options;
    from->codes = calloc(SJ_INSTRUMENTS_MAX + 1, sizeof *from->codes);
    from->hash = XXH3_createState();
    if (from->hash)
        XXH3_128bits_reset(from->hash);
    sj_rc rc = from->codes && from->hash ? sj_journal_reader_open(&reader, &from->reader) : -ENOMEM;
    if (rc < 0) {
        sj_from_journal_close(from);
        return rc;
    }
    *ret_from = from;
    return 0;
}

void sj_from_journal_close(struct sj_from_journal *from)
{
    if (!from)
        return;
    if (from->reader)
        sj_journal_reader_close(from->reader);
    XXH3_freeState(from->hash);
    free(from->codes);
    free(from);
}

static double real(int64_t e6)
{
    return sj_number_real((struct sj_number){e6, 6});
}

static void learn(struct sj_from_journal *from, const struct sj_instrument *definition)
{
    const char *symbol = from->options->symbol;
    if (definition->instrument > SJ_INSTRUMENTS_MAX)
        return;
    memcpy(from->codes[definition->instrument], definition->code, SJ_SYMBOL_SIZE);
    if (symbol && strnlen(definition->code, SJ_SYMBOL_SIZE) == strlen(symbol) &&
        !memcmp(definition->code, symbol, strlen(symbol)))
        from->wanted = definition->instrument;
}

static bool is_of_another(const struct sj_from_journal *from, uint32_t instrument)
{
    return instrument > SJ_INSTRUMENTS_MAX || (from->options->symbol && instrument != from->wanted);
}

static void take_trade(struct sj_encode *encode, const struct sj_trade *trade)
{
    uint64_t side = trade->tick_type == SJ_TICK_BUY    ? SJ_ROW_BUY
                    : trade->tick_type == SJ_TICK_SELL ? SJ_ROW_SELL
                                                       : 0;
    encode->batch->counts.sideless += !side;
    encode->batch->counts.trades++;
    sj_encode_row(encode, SJ_ROW_TRADE | side, (struct sj_number){trade->price_e6, 6},
                  (struct sj_number){trade->volume, 0});
    if (trade->total_volume != SJ_NULL_I64 && !(trade->flags & SJ_FLAG_SIMTRADE))
        sj_encode_running(encode, trade->total_volume - trade->volume, trade->total_volume);
    sj_encode_note_times(encode);
}

static void take_book(struct sj_encode *encode, const struct sj_book *frame)
{
    const int64_t *prices[2] = {frame->bid_price_e6, frame->ask_price_e6};
    const uint32_t *volumes[2] = {frame->bid_volume, frame->ask_volume};
    struct sj_levels book = {0};
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < SJ_LEVELS; i++)
            if (volumes[side][i] && prices[side][i] != SJ_NULL_E6)
                book.levels[side][book.count[side]++] =
                    (struct sj_level){real(prices[side][i]), volumes[side][i]};
    sj_encode_book(encode, &book);
}

static void take_event(struct sj_from_journal *from, struct sj_encode *encode, const void *event)
{
    const struct sj_frame *frame = event;
    if (frame->template_id == SJ_EVENT_INSTRUMENT) {
        learn(from, event);
        return;
    }
    bool trade = frame->template_id == SJ_EVENT_TRADE;
    if ((!trade && frame->template_id != SJ_EVENT_BOOK) || is_of_another(from, frame->instrument)) {
        encode->batch->counts.others_dropped++;
        return;
    }
    encode->exch_ns = frame->exch_ns;
    encode->local_ns = ((const struct sj_trade *)event)->recv_ns;
    if (encode->exch_ns == SJ_NULL_I64 || encode->local_ns == SJ_NULL_I64) {
        sj_batch_reject(encode->batch, SJ_REJECT_MISSING, encode->line, "", 0);
        return;
    }
    const char *code = from->codes[frame->instrument];
    struct sj_text symbol = {code, strnlen(code, SJ_SYMBOL_SIZE)};
    bool wanted;
    enum sj_reject reject = sj_encode_choose(encode, symbol, &wanted);
    if (reject) {
        sj_batch_reject(encode->batch, reject, encode->line, "", 0);
        return;
    }
    if (frame->flags & SJ_FLAG_SIMTRADE && !from->options->simtrade) {
        encode->batch->counts.simtrades_dropped++;
        return;
    }
    if (trade)
        take_trade(encode, event);
    else
        take_book(encode, event);
}

static sj_rc next_span(struct sj_from_journal *from, char error[256])
{
    sj_rc rc = sj_journal_read(from->reader, &from->span);
    from->at = rc > 0 ? from->span.begin : NULL;
    if (rc > 0)
        XXH3_128bits_update(from->hash, from->span.begin,
                            (size_t)(from->span.end - from->span.begin));
    if (rc == -SJ_E_CORRUPT) {
        struct sj_journal_damage damage;
        sj_journal_reader_damage(from->reader, &damage);
        snprintf(error, 256, "%s: %s", damage.file, damage.text);
    }
    return rc;
}

void sj_from_journal_hash(const struct sj_from_journal *from, char ret_hex[33])
{
    XXH128_canonical_t digest;
    XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(from->hash));
    for (size_t i = 0; i < sizeof digest.digest; i++)
        snprintf(ret_hex + 2 * i, 3, "%02x", digest.digest[i]);
}

sj_rc sj_from_journal_next(struct sj_from_journal *from, struct sj_bundle *bundle,
                           uint64_t *ret_size, char error[256])
{
    struct sj_batch *batch = &bundle->main;
    struct sj_encode encode = {.options = from->options, .bundle = bundle};
    *ret_size = 0;
    while (batch->counts.lines < BATCH_EVENTS && !batch->failed && !bundle->failed) {
        if (!from->at || from->at == from->span.end) {
            sj_rc rc = next_span(from, error);
            if (rc < 0 && rc != -SJ_E_CORRUPT)
                return rc;
            if (rc == -SJ_E_CORRUPT) {
                encode.line = ++batch->counts.lines;
                sj_batch_reject(batch, SJ_REJECT_DAMAGE, encode.line, error, strlen(error));
                continue;
            }
            if (rc == 0)
                break;
        }
        encode.line = ++batch->counts.lines;
        encode.batch = batch;
        take_event(from, &encode, from->at);
        *ret_size += sj_frame_size(from->at);
        from->at += sj_frame_size(from->at);
    }
    return (sj_rc)batch->counts.lines;
}
