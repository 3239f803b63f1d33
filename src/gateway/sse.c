#include "gateway/sse.h"

#include <string.h>

#ifdef __AVX2__
#include <immintrin.h>
#endif

static const char byte_order_mark[] = "\xef\xbb\xbf";
#define BYTE_ORDER_MARK_SIZE 3

void sj_sse_init(struct sj_sse *sse)
{
    memset(sse, 0, sizeof(*sse));
    sse->at_start = true;
}

/* The first CR or LF in [at, end), or end. */
static size_t find_line_end(const char *buffer, size_t at, size_t end)
{
#ifdef __AVX2__
    const __m256i cr = _mm256_set1_epi8('\r'), lf = _mm256_set1_epi8('\n');
    for (; at + 32 <= end; at += 32) {
        __m256i bytes = _mm256_loadu_si256((const __m256i *)(buffer + at));
        __m256i ends = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, cr), _mm256_cmpeq_epi8(bytes, lf));
        uint32_t found = (uint32_t)_mm256_movemask_epi8(ends);
        if (found)
            return at + (size_t)__builtin_ctz(found);
    }
#endif
    while (at < end && buffer[at] != '\r' && buffer[at] != '\n')
        at++;
    return at;
}

/* Whether the LF at `at`, where a line would begin, is the second half of a CRLF. */
static bool ends_crlf(const struct sj_sse *sse, const char *buffer, size_t at)
{
    return buffer[at] == '\n' && (at > 0 ? buffer[at - 1] == '\r' : sse->after_cr);
}

/* Looks for the blank line that ends the message at the front of `buffer`, on from where the last
 * look ended. Gives the offset behind it, or 0 when it is not there yet. */
static size_t find_message_end(struct sj_sse *sse, const char *buffer, size_t size)
{
    for (;;) {
        size_t at = find_line_end(buffer, sse->scanned, size);
        sse->scanned = at;
        if (at == size)
            return 0;
        sse->scanned = at + 1;
        bool blank = at == sse->line && !sse->mid_line;
        sse->line = at + 1;
        sse->mid_line = false;
        if (!blank)
            continue;
        if (!ends_crlf(sse, buffer, at))
            return at + 1;
    }
}

static void take_event(struct sj_sse *sse, const char *value, size_t size,
                       struct sj_sse_message *message)
{
    message->event_size = size < SJ_SSE_EVENT_MAX ? size : SJ_SSE_EVENT_MAX;
    memcpy(sse->event, value, message->event_size);
}

/* Appends a data line; the first stays where it is, the others move up to it. */
static void take_data(char *value, size_t size, struct sj_sse_message *message)
{
    if (!message->data) {
        message->data = value;
        message->size = size;
        return;
    }
    message->data[message->size++] = '\n';
    memmove(message->data + message->size, value, size);
    message->size += size;
}

/* Digits only, as the standard says; anything else is ignored. */
static void take_retry(struct sj_sse *sse, const char *value, size_t size)
{
    uint64_t ms = 0;
    if (size == 0 || size > 12)
        return;
    for (size_t i = 0; i < size; i++) {
        if (value[i] < '0' || value[i] > '9')
            return;
        ms = ms * 10 + (uint64_t)(value[i] - '0');
    }
    sse->retry_ms = ms;
}

static void take_line(struct sj_sse *sse, char *line, size_t size, struct sj_sse_message *message)
{
    char *colon = memchr(line, ':', size < 6 ? size : 6);
    size_t name_size = colon ? (size_t)(colon - line) : size;
    char *value = colon ? colon + 1 : line + size;
    size_t value_size = size - (size_t)(value - line);
    if (value_size > 0 && *value == ' ') {
        value++;
        value_size--;
    }
    if (name_size == 4 && memcmp(line, "data", 4) == 0)
        take_data(value, value_size, message);
    else if (name_size == 5 && memcmp(line, "event", 5) == 0)
        take_event(sse, value, value_size, message);
    else if (name_size == 5 && memcmp(line, "retry", 5) == 0)
        take_retry(sse, value, value_size);
}

/* Reads the lines of a whole message. A data line moved up ends before the next one begins. */
static void take_lines(struct sj_sse *sse, char *buffer, size_t size,
                       struct sj_sse_message *message)
{
    message->data = NULL;
    message->size = 0;
    message->event = sse->event;
    message->event_size = 0;
    for (size_t at = 0; at < size;) {
        size_t end = find_line_end(buffer, at, size);
        if (end > at)
            take_line(sse, buffer + at, end - at, message);
        at = end + 1;
    }
}

/* Forgets the message whose last byte consumed is `last`. */
static void start_next(struct sj_sse *sse, char last)
{
    sse->scanned = 0;
    sse->line = 0;
    sse->mid_line = false;
    sse->skipping = false;
    sse->after_cr = last == '\r';
}

/* Gives up on a message that is too long: its bytes are consumed, its end is still looked for. */
static size_t skip_pending(struct sj_sse *sse, const char *buffer, size_t size)
{
    sse->oversized += !sse->skipping;
    sse->skipping = true;
    sse->mid_line = sse->mid_line || sse->line < size;
    sse->after_cr = buffer[size - 1] == '\r';
    sse->scanned = 0;
    sse->line = 0;
    return size;
}

/* Bytes of a byte-order mark at the start of the stream, or size_t's maximum: not yet known. */
static size_t mark_size(const struct sj_sse *sse, const char *buffer, size_t size)
{
    size_t looked = size < BYTE_ORDER_MARK_SIZE ? size : BYTE_ORDER_MARK_SIZE;
    if (!sse->at_start || memcmp(buffer, byte_order_mark, looked) != 0)
        return 0;
    return looked < BYTE_ORDER_MARK_SIZE ? SIZE_MAX : BYTE_ORDER_MARK_SIZE;
}

int sj_sse_next(struct sj_sse *sse, char *buffer, size_t size, struct sj_sse_message *ret_message,
                size_t *ret_consumed)
{
    size_t start = mark_size(sse, buffer, size);
    *ret_consumed = 0;
    if (start == SIZE_MAX)
        return 0;
    sse->at_start = sse->at_start && size == 0;
    while (start < size) {
        char *message = buffer + start;
        size_t end = find_message_end(sse, message, size - start);
        if (end == 0) {
            if (sse->skipping || size - start > SJ_SSE_MESSAGE_MAX)
                start += skip_pending(sse, message, size - start);
            break;
        }
        bool skipped = sse->skipping || end > SJ_SSE_MESSAGE_MAX;
        sse->oversized += skipped && !sse->skipping;
        start_next(sse, message[end - 1]);
        start += end;
        if (skipped)
            continue;
        take_lines(sse, message, end, ret_message);
        if (ret_message->data) {
            sse->messages++;
            *ret_consumed = start;
            return 1;
        }
        sse->empty++;
    }
    *ret_consumed = start;
    return 0;
}
