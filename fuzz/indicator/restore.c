/*
 * Blobs of indicator states: byte 0 chooses the kind, the rest is a blob, taken as it is and with
 * its head and checksum mended, so that the state's own checks are reached. What is accepted is
 * used: nothing may crash, hang or turn infinite.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "shijim/indicator.h"

#define HEAD_SIZE 24
#define CRC_AT 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Alignas(64) char state[16384];

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void use_book_signals(enum sj_indicator_kind kind)
{
    const double price[SJ_MLOFI_LEVELS_MAX] = {100, 99, NAN, 97}, quantity[10] = {5, 0, 7, 1e15};
    if (kind == SJ_INDICATOR_OFI)
        must(!isinf(sj_ofi_update((void *)state, 100, 5, 101, 6)));
    else if (kind == SJ_INDICATOR_MLOFI)
        must(!isinf(sj_mlofi_update((void *)state, price, quantity, price, quantity, 10)));
    else if (kind == SJ_INDICATOR_QUEUE)
        must(!isinf(sj_queue_trade((void *)state, 3) + sj_queue_level((void *)state, 20)));
}

static void use_flow_signals(enum sj_indicator_kind kind, double quantity)
{
    if (kind == SJ_INDICATOR_TFI)
        must(!isinf(sj_tfi_update((void *)state, quantity)));
    else if (kind == SJ_INDICATOR_VPIN)
        must(!isinf(sj_vpin_update((void *)state, quantity)) &&
             !isinf(sj_vpin_update_bulk((void *)state, 100 + quantity, fabs(quantity))));
    else if (kind == SJ_INDICATOR_KYLE)
        must(!isinf(sj_kyle_update((void *)state, 100 + quantity, quantity)));
    else if (kind == SJ_INDICATOR_BARS)
        sj_bars_update((void *)state, 5, 100, quantity);
    else if (kind == SJ_INDICATOR_VOLATILITY)
        must(!isinf(sj_volatility_update((void *)state, 100 + quantity)));
}

static void use_time_signals(enum sj_indicator_kind kind, int64_t time_ns)
{
    if (kind == SJ_INDICATOR_HAWKES)
        must(!isinf(sj_hawkes_update((void *)state, time_ns)));
    else if (kind == SJ_INDICATOR_HAWKES_PAIR)
        sj_hawkes_pair_update((void *)state, time_ns, 1);
    else if (kind == SJ_INDICATOR_SIGNALS) {
        struct sj_trade trade = {.exch_ns = time_ns, .volume = 1000, .tick_type = SJ_TICK_SELL};
        struct sj_book book = {.exch_ns = time_ns, .bid_volume = {5}, .ask_volume = {7}};
        sj_signals_trade((void *)state, &trade);
        sj_signals_book((void *)state, &book);
    }
}

static void restore_and_use(enum sj_indicator_kind kind, const uint8_t *blob, size_t size)
{
    static char again[16384];
    if (sj_indicator_restore(kind, blob, size, state) < 0)
        return;
    for (int i = 0; i < 50; i++) {
        use_book_signals(kind);
        use_flow_signals(kind, i % 7 == 6 ? 1e15 : i % 2 ? 3.5 : -40);
        use_time_signals(kind, i * INT64_C(500000000) - INT64_C(2000000000));
    }
    must(sj_indicator_save(kind, state, again, sizeof again) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > sizeof state)
        return 0;
    enum sj_indicator_kind kind = (enum sj_indicator_kind)(data[0] % (SJ_INDICATOR_KIND_END + 1));
    restore_and_use(kind, data + 1, size - 1);
    size_t wanted = sj_indicator_blob_size(kind);
    if (wanted == 0)
        return 0;
    /* The same bytes as a state with a good head. */
    static uint8_t blob[16384];
    uint32_t head[4] = {0, (uint32_t)kind, 1, (uint32_t)(wanted - HEAD_SIZE)};
    memset(blob, 0, wanted);
    memcpy(head, "SJIS", 4);
    memcpy(blob, head, sizeof head);
    size_t given = size - 1 < wanted - HEAD_SIZE ? size - 1 : wanted - HEAD_SIZE;
    memcpy(blob + HEAD_SIZE, data + 1, given);
    uint32_t crc = sj_crc32c(sj_crc32c(0, blob, CRC_AT), blob + HEAD_SIZE, wanted - HEAD_SIZE);
    memcpy(blob + CRC_AT, &crc, sizeof crc);
    restore_and_use(kind, blob, wanted);
    return 0;
}
