/* Any bytes as a server's answer: an error's text stays one terminated line, versions stay in
 * range. */
#include "store/answer.h"
#include "base/assert.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const char *text, size_t size)
{
    size_t length = strnlen(text, size);
    SJ_ASSERT(length < size);
    for (size_t i = 0; i < length; i++)
        SJ_ASSERT((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[SJ_STORE_ERROR_TEXT_MAX] = "";
    char small[8] = "";
    const char *body = (const char *)data;
    int32_t code = sj_store_error_parse(body, size, text, sizeof(text));
    SJ_ASSERT(code >= 0);
    check_line(text, sizeof(text));
    SJ_ASSERT(sj_store_error_parse(body, size, small, sizeof(small)) == code);
    check_line(small, sizeof(small));
    int32_t late = sj_store_error_in_tail(body, size, text, sizeof(text));
    SJ_ASSERT(late >= 0);
    check_line(text, sizeof(text));
    SJ_ASSERT((uint32_t)sj_store_fate_of(0, 500, code) < SJ_STORE_FATE_COUNT);
    (void)sj_store_version_parse(body, size);
    return 0;
}
