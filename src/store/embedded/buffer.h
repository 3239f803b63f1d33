/*
 * buffer.h: bytes that grow up to a bound, and the quoting of SQL text.
 *
 * Errors   -ENOMEM, or -SJ_E_LIMIT when `limit` bytes would be passed; the content is unchanged.
 * Threads  the owner of the buffer.
 * Memory   heap; sj_emb_buffer_done frees it (a zeroed buffer is valid).
 */
#ifndef SJ_STORE_EMBEDDED_BUFFER_H
#define SJ_STORE_EMBEDDED_BUFFER_H

#include <stddef.h>
#include <string.h>

#include "base/rc.h"

struct sj_emb_buffer {
    char *data;
    size_t size;
    size_t capacity;
    size_t limit; /* 0: no bound of its own */
};

/* A piece of somebody else's bytes; not terminated. */
struct sj_emb_text {
    const char *data;
    size_t size;
};

static inline struct sj_emb_text sj_emb_text_of(const char *string)
{
    return (struct sj_emb_text){string, strlen(string)};
}

static inline bool sj_emb_text_equals(struct sj_emb_text text, const char *string)
{
    return text.size == strlen(string) && memcmp(text.data, string, text.size) == 0;
}

void sj_emb_buffer_done(struct sj_emb_buffer *buffer);

/* Makes room for `size` more bytes behind the content. */
SJ_MUST_USE sj_rc sj_emb_buffer_reserve(struct sj_emb_buffer *buffer, size_t size);

SJ_MUST_USE sj_rc sj_emb_buffer_append(struct sj_emb_buffer *buffer, const void *data, size_t size);

SJ_MUST_USE sj_rc sj_emb_buffer_printf(struct sj_emb_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends `text` between `quote` marks (' or `), escaped so that it stays one token whatever
 * bytes it holds. */
SJ_MUST_USE sj_rc sj_emb_buffer_quote(struct sj_emb_buffer *buffer, char quote,
                                      struct sj_emb_text text);

#endif
