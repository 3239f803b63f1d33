/* Any bytes as lines of a CSV with a mapping: records or reasons, nothing else. */
#include "convert/csv.h"

#include "base/assert.h"
#include "convert/number.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sj_record record;
    struct sj_csv_map map = {.delimiter = ',', .header = false};
    char error[256];
    for (int i = 0; i < SJ_CSV_FIELDS; i++) {
        map.columns[i].index = -1;
        map.columns[i].name[0] = (char)('1' + i);
    }
    static const char *const units[] = {"ns", "ms", "iso", "taipei"};
    strcpy(map.columns[SJ_CSV_EXCH].unit, units[size % 4]);
    strcpy(map.columns[SJ_CSV_LOCAL].unit, "s");
    strcpy(map.columns[SJ_CSV_SIDE].words[0], "B");
    strcpy(map.columns[SJ_CSV_SIDE].words[1], "S");
    strcpy(map.columns[SJ_CSV_KIND].words[0], "T");
    strcpy(map.columns[SJ_CSV_KIND].words[1], "D");
    char *memory = calloc(1, size + 1 + SJ_TEXT_PAD);
    memcpy(memory, data, size);
    memory[size] = '\n';
    const char *end = memory + size + 1;
    if (sj_csv_resolve(&map, memory, error) >= 0)
        for (const char *at = memory; at < end;) {
            const char *next;
            enum sj_reject reject = sj_csv_line(&map, at, &next, &record);
            SJ_ASSERT(next > at && next <= end && (unsigned)reject < SJ_REJECT_COUNT);
            at = next;
        }
    free(memory);
    return 0;
}
