/*
 * auth.h: who is asking: the reader or the writer.
 *
 * Errors   sj_rc and one line in `error`. Threads: open once; check is [any thread].
 */
#ifndef SJ_STORE_EMBEDDED_AUTH_H
#define SJ_STORE_EMBEDDED_AUTH_H

#include "store/embedded/buffer.h"

#define SJ_EMB_SECRET_SIZE_MAX 256

enum sj_emb_identity { SJ_EMB_NOBODY, SJ_EMB_READER, SJ_EMB_WRITER };

struct sj_emb_auth {
    char reader_password[SJ_EMB_SECRET_SIZE_MAX + 1]; /* "": none is asked for */
    char writer_token[SJ_EMB_SECRET_SIZE_MAX + 1];
};

/* Reads the first line of `path` as a secret. -EACCES: others may read the file. */
SJ_MUST_USE sj_rc sj_emb_secret_read(const char *path, char *ret_secret, size_t secret_size,
                                     char *error, size_t error_size);

/* Reads the writer's token at `path`, or makes one (256 random bits, mode 0600). */
SJ_MUST_USE sj_rc sj_emb_token_open(const char *path, char *ret_token, size_t token_size,
                                    char *error, size_t error_size);

/* Who this is; an empty user is the reader. The time taken does not tell how much was right. */
enum sj_emb_identity sj_emb_auth_check(const struct sj_emb_auth *auth, struct sj_emb_text user,
                                       struct sj_emb_text password);

#endif
