/*
 * reply.h: builds a JSON text in a growing buffer. Commas are kept by the writer; nesting is the
 * caller's. After a failure to grow every call does nothing and `failed` stays set.
 *
 * Threads  [owner].
 */
#ifndef SJ_BROKERSIM_REPLY_H
#define SJ_BROKERSIM_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SJ_REPLY_SIZE_MAX (256u << 20)

struct sj_reply {
    char *data;
    size_t size;
    size_t capacity;
    bool failed;
    bool comma; /* a value came before: the next one needs a comma */
};

void sj_reply_done(struct sj_reply *json);

/* key is NULL inside arrays and at the top. */
void sj_reply_object(struct sj_reply *json, const char *key);
void sj_reply_array(struct sj_reply *json, const char *key);
void sj_reply_end_object(struct sj_reply *json);
void sj_reply_end_array(struct sj_reply *json);
void sj_reply_string(struct sj_reply *json, const char *key, const char *value);
/* A string, or null when it is NULL or empty. */
void sj_reply_text(struct sj_reply *json, const char *key, const char *value);
void sj_reply_int(struct sj_reply *json, const char *key, int64_t value);
void sj_reply_bool(struct sj_reply *json, const char *key, bool value);
void sj_reply_null(struct sj_reply *json, const char *key);
/* A decimal with at least one place: 600.0, 1087.5. */
void sj_reply_e6(struct sj_reply *json, const char *key, int64_t value_e6);
void sj_reply_raw(struct sj_reply *json, const char *key, const char *text, size_t size);
/* A string made by printf; 255 bytes at most. */
void sj_reply_format(struct sj_reply *json, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
