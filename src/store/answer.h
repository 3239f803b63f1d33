/*
 * answer.h: what a server's answer means: the error in it, and what to do with the batch.
 *
 * Answers are outside input: any bytes, of any length, may come.
 *
 * Threads  [any], no state. Memory: the caller's.
 */
#ifndef SJ_STORE_ANSWER_H
#define SJ_STORE_ANSWER_H

#include "shijim/rc.h"

#include <stddef.h>

#define SJ_STORE_ERROR_TEXT_MAX 256

/* What became of a request, and so what to do next. */
enum sj_store_fate {
    SJ_STORE_DONE,    /* the server says so */
    SJ_STORE_RETRY,   /* surely not executed; the same may succeed later */
    SJ_STORE_UNKNOWN, /* may or may not have been executed: ask before sending it again */
    SJ_STORE_CONFIG,  /* refused for what a person must mend: wait and try again, say so */
    SJ_STORE_POISON,  /* these rows will never be taken */
    SJ_STORE_FATE_COUNT
};

struct sj_store_answer {
    enum sj_store_fate fate;
    int32_t http_status;                /* 0: none came */
    int32_t code;                       /* ClickHouse's error code; 0: none */
    int32_t curl_code;                  /* of the transfer; 0: whole */
    char text[SJ_STORE_ERROR_TEXT_MAX]; /* one line; empty when done */
};

/* Finds ClickHouse's error in a body ("Code: 60. DB::Exception: ..." as any version writes it).
 * Returns the code (> 0) and its text in one line, or 0 where there is none. */
int32_t sj_store_error_parse(const char *body, size_t size, char *ret_text, size_t text_size);

/* As above, for an error that cuts short an answer which began well: looks in its last bytes.
 * `tail` begins anywhere within the answer. */
int32_t sj_store_error_in_tail(const char *tail, size_t size, char *ret_text, size_t text_size);

/* The fate by ClickHouse's code, by the HTTP status where there is no code, by the transfer's
 * result where there is no status. */
enum sj_store_fate sj_store_fate_of(int32_t curl_code, int32_t http_status, int32_t code);

/* Why a batch is retried, for counters: "refused", "timeout", "memory", ... Never NULL. */
const char *sj_store_reason(const struct sj_store_answer *answer);
#define SJ_STORE_REASON_COUNT 9
uint32_t sj_store_reason_index(const struct sj_store_answer *answer);
const char *sj_store_reason_name(uint32_t index);

const char *sj_store_fate_name(enum sj_store_fate fate);

/* The version "26.7.2.1" or "18.16.1" as year x 1000 + month (26007, 18016); 0: not understood. */
uint32_t sj_store_version_parse(const char *text, size_t size);

#endif
