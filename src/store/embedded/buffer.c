#include "store/embedded/buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAPACITY 256

void sj_emb_buffer_done(struct sj_emb_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct sj_emb_buffer){.limit = buffer->limit};
}

sj_rc sj_emb_buffer_reserve(struct sj_emb_buffer *buffer, size_t size)
{
    if (size > SIZE_MAX / 4 || buffer->size > SIZE_MAX / 4)
        return -ENOMEM;
    size_t wanted = buffer->size + size;
    if (buffer->limit > 0 && wanted > buffer->limit)
        return -SJ_E_LIMIT;
    if (wanted <= buffer->capacity)
        return 0;
    size_t capacity = buffer->capacity ? buffer->capacity : FIRST_CAPACITY;
    while (capacity < wanted)
        capacity *= 2;
    char *data = realloc(buffer->data, capacity);
    if (!data)
        return -ENOMEM;
    buffer->data = data;
    buffer->capacity = capacity;
    return 0;
}

sj_rc sj_emb_buffer_append(struct sj_emb_buffer *buffer, const void *data, size_t size)
{
    sj_rc rc = sj_emb_buffer_reserve(buffer, size);
    if (rc < 0 || size == 0)
        return rc;
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    return 0;
}

sj_rc sj_emb_buffer_printf(struct sj_emb_buffer *buffer, const char *format, ...)
{
    char small[512];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(small, sizeof(small), format, arguments);
    va_end(arguments);
    if (size < 0)
        return -EINVAL;
    if ((size_t)size < sizeof(small))
        return sj_emb_buffer_append(buffer, small, (size_t)size);
    sj_rc rc = sj_emb_buffer_reserve(buffer, (size_t)size + 1);
    if (rc < 0)
        return rc;
    va_start(arguments, format);
    vsnprintf(buffer->data + buffer->size, (size_t)size + 1, format, arguments);
    va_end(arguments);
    buffer->size += (size_t)size;
    return 0;
}

sj_rc sj_emb_buffer_quote(struct sj_emb_buffer *buffer, char quote, struct sj_emb_text text)
{
    sj_rc rc = sj_emb_buffer_append(buffer, &quote, 1);
    for (size_t i = 0; rc >= 0 && i < text.size; i++) {
        char c = text.data[i];
        if (c == '\0')
            rc = sj_emb_buffer_append(buffer, "\\0", 2);
        else if (c == quote || c == '\\')
            rc = sj_emb_buffer_append(buffer, (char[]){'\\', c}, 2);
        else
            rc = sj_emb_buffer_append(buffer, &c, 1);
    }
    return rc < 0 ? rc : sj_emb_buffer_append(buffer, &quote, 1);
}
