/*
 * Fuzzes the parser: the first byte is the channel, the rest a payload. Both paths must agree; the
 * payload is parsed twice, so that a shape learned from it is tried on itself.
 */
#include "gateway/parse.h"
#include "event/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sj_instruments *table;
static struct sj_parse *parsers[2];

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
    for (int i = 0; i < 2; i++)
        if (sj_parse_create(table, &parsers[i]) < 0)
            abort();
    sj_parse_set_fast(parsers[1], false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _Alignas(32) char frames[2][SJ_EVENT_SIZE_MAX];
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
        sj_rc fast = sj_parse_event(parsers[0], channel, json, size - 1, 1, frames[0]);
        sj_rc general = sj_parse_event(parsers[1], channel, json, size - 1, 1, frames[1]);
        if (fast != general || (fast > 0 && memcmp(frames[0], frames[1], (size_t)fast) != 0))
            abort();
        if (fast > 0 && sj_event_check(frames[0], (size_t)fast) < 0)
            abort();
    }
    free(json);
    return 0;
}
