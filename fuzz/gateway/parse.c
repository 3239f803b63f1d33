/*
 * Fuzzes the parser: the first byte is the channel, the rest a payload. All ways must agree; the
 * payload is parsed twice, so that a shape learned from it is tried on itself.
 */
#include "gateway/parse.h"
#include "event/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sj_instruments *table;
#define WAYS 3

static struct sj_parse *parsers[WAYS]; /* by enum sj_parse_way */

static void set_up(void)
{
    static const char *const codes[] = {"2330", "TXFL6", "IX0001"};
    uint32_t id;
    if (sj_instruments_create(8, &table) < 0)
        abort();
    for (int i = 0; i < 3; i++) {
        struct sj_instrument definition = {0};
        memcpy(definition.code, codes[i], strlen(codes[i]));
        if (sj_instruments_put(table, &definition, &id) < 0)
            abort();
    }
    for (int i = 0; i < WAYS; i++) {
        if (sj_parse_create(table, &parsers[i]) < 0)
            abort();
        sj_parse_set_way(parsers[i], (enum sj_parse_way)i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _Alignas(32) char frames[WAYS][SJ_EVENT_SIZE_MAX];
    if (!table)
        set_up();
    if (size < 1)
        return 0;
    enum sj_channel channel = (enum sj_channel)(data[0] % 16);
    char *json = malloc(size - 1 + SJ_PARSE_PADDING);
    if (!json)
        return 0;
    memcpy(json, data + 1, size - 1);
    memset(json + size - 1, ',', SJ_PARSE_PADDING);
    for (int round = 0; round < 2; round++) {
        sj_rc rcs[WAYS];
        for (int i = 0; i < WAYS; i++)
            rcs[i] = sj_parse_event(parsers[i], channel, json, size - 1, 1, frames[i]);
        for (int i = 1; i < WAYS; i++)
            if (rcs[i] != rcs[0] ||
                (rcs[0] > 0 && memcmp(frames[i], frames[0], (size_t)rcs[0]) != 0))
                abort();
        if (rcs[0] > 0 && sj_event_check(frames[0], (size_t)rcs[0]) < 0)
            abort();
    }
    free(json);
    return 0;
}
