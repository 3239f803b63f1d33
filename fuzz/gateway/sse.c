/*
 * Fuzzes the SSE splitter: the first byte says how the rest is cut; the messages must be those of
 * the rest in one piece.
 */
#include "gateway/sse.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Feeds it in pieces; returns a sum over all messages. */
static uint64_t feed(const uint8_t *data, size_t size, size_t piece, uint64_t *ret_count)
{
    struct sj_sse sse;
    char *buffer = malloc(size + 1);
    size_t held = 0, fed = 0;
    uint64_t sum = 0;
    if (!buffer)
        abort();
    sj_sse_init(&sse);
    while (fed < size) {
        struct sj_sse_message message;
        size_t count = piece < size - fed ? piece : size - fed, start = 0, consumed = 0;
        memcpy(buffer + held, data + fed, count);
        held += count;
        fed += count;
        while (sj_sse_next(&sse, buffer + start, held - start, &message, &consumed)) {
            for (size_t i = 0; i < message.size; i++)
                sum = sum * 31 + (unsigned char)message.data[i];
            for (size_t i = 0; i < message.event_size; i++)
                sum = sum * 37 + (unsigned char)message.event[i];
            sum = sum * 41 + 1;
            start += consumed;
        }
        start += consumed;
        if (start > held)
            abort();
        memmove(buffer, buffer + start, held - start);
        held -= start;
    }
    free(buffer);
    *ret_count = sse.messages;
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t whole_count, cut_count;
    /* Beyond the limit what is skipped depends on how much was there at once. */
    if (size < 2 || size > SJ_SSE_MESSAGE_MAX)
        return 0;
    uint64_t whole = feed(data + 1, size - 1, size, &whole_count);
    uint64_t cut = feed(data + 1, size - 1, 1U + data[0], &cut_count);
    if (whole != cut || whole_count != cut_count)
        abort();
    return 0;
}
