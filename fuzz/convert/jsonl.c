/* Any bytes as lines of JSONL and of Binance's feed: read by shapes and in general to the same rows
 * and the same rejects, shared out by instrument and day to as many records, and to events without
 * harm. */
#include "convert/encode.h"

#include "base/assert.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MAX_TAKEN 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode(enum sj_dialect dialect, bool general, bool frames, const struct sj_piece *piece,
                   struct sj_bundle *bundle)
{
    struct sj_encode_options options = {.dialect = dialect,
                                        .frames = frames,
                                        .simtrade = true,
                                        .marks = true,
                                        .tickers = true,
                                        .strict = true};
    struct sj_line_parser *parser;
    sj_bundle_clear(bundle);
    SJ_ASSERT(sj_line_parser_create(dialect, frames ? SJ_SLOTS_ALL : SJ_SLOTS_ROWS, general,
                                    &parser) >= 0);
    sj_encode_piece(&options, parser, piece, bundle);
    sj_line_parser_close(parser);
}

static void share_out(enum sj_dialect dialect, const struct sj_piece *piece,
                      const struct sj_batch *whole)
{
    struct sj_bundle parts;
    uint64_t trades = 0;
    sj_bundle_init(&parts, true, true);
    encode(dialect, false, false, piece, &parts);
    for (uint32_t i = 0; i < parts.part_count; i++)
        trades += parts.parts[i]->counts.trades;
    /* A record without an instrument has no file to go to. */
    SJ_ASSERT(parts.main.row_count == 0 && parts.main.counts.lines == whole->counts.lines);
    SJ_ASSERT(trades <= whole->counts.trades);
    SJ_ASSERT(parts.main.rejected_count >= whole->rejected_count);
    sj_bundle_done(&parts);
}

static void compare(enum sj_dialect dialect, const struct sj_piece *piece)
{
    static struct sj_bundle bundles[2];
    const struct sj_batch *quick = &bundles[0].main;
    const struct sj_batch *general = &bundles[1].main;
    encode(dialect, false, false, piece, &bundles[0]);
    encode(dialect, true, false, piece, &bundles[1]);
    SJ_ASSERT(quick->row_count == general->row_count);
    SJ_ASSERT(!quick->row_count ||
              !memcmp(quick->rows, general->rows, quick->row_count * sizeof *quick->rows));
    SJ_ASSERT(!memcmp(&quick->counts, &general->counts, sizeof quick->counts));
    SJ_ASSERT(quick->rejected_count == general->rejected_count);
    for (size_t i = 0; i < quick->rejected_count; i++)
        SJ_ASSERT(quick->rejected[i].reject == general->rejected[i].reject &&
                  quick->rejected[i].line == general->rejected[i].line);
    share_out(dialect, piece, quick);
    if (dialect == SJ_DIALECT_ORIGINAL)
        encode(dialect, false, true, piece, &bundles[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > SIZE_MAX_TAKEN)
        return 0;
    char *memory = calloc(1, size + 1 + SJ_TEXT_PAD);
    memcpy(memory, data, size);
    memory[size] = '\n';
    struct sj_piece piece = {.begin = memory, .end = memory + size + 1};
    compare(SJ_DIALECT_ORIGINAL, &piece);
    compare(SJ_DIALECT_BINANCE, &piece);
    free(memory);
    return 0;
}
