/* Any bytes as a TAIFEX CSV: refused with a line number, or rows in the order of time and the lines
 * that are none. */
#include "convert/taifex_csv.h"

#include "base/assert.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sj_instruments *instruments;
    struct sj_taifex_day day;
    if (sj_instruments_create(1024, &instruments) < 0)
        return 0;
    sj_rc rc = sj_taifex_parse((const char *)data, size, size % 2, instruments, &day);
    if (rc < 0)
        SJ_ASSERT(!day.rows && !day.bad && (day.error_line || !size) && *day.error);
    for (size_t i = 0; i < day.bad_count; i++)
        SJ_ASSERT(day.bad[i].reject && day.bad[i].at + day.bad[i].size <= size &&
                  day.bad[i].line <= day.line_count);
    for (size_t i = 0; rc >= 0 && i < day.row_count; i++) {
        SJ_ASSERT(day.rows[i].lots > 0);
        SJ_ASSERT(i == 0 || day.rows[i - 1].time_ns <= day.rows[i].time_ns);
        SJ_ASSERT(sj_instruments_get(instruments, day.rows[i].instrument));
    }
    sj_taifex_day_done(&day);
    sj_instruments_close(instruments);
    return 0;
}
