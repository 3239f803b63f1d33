#include "store/embedded/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 8192

struct entry {
    int code;
    int status;
    const char *name;
};

static const struct entry entries[] = {
#define X(code, name, status) {code, status, #name},
    SJ_EMB_ERROR_TABLE(X)
#undef X
};

static const struct entry *find(int code)
{
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        if (entries[i].code == code)
            return &entries[i];
    }
    return NULL;
}

int sj_emb_error_status(int code)
{
    const struct entry *entry = find(code);
    return entry ? entry->status : 500;
}

const char *sj_emb_error_name(int code)
{
    const struct entry *entry = find(code);
    return entry ? entry->name : "UNKNOWN_EXCEPTION";
}

/* "Code: N. DB::Exception: " at the start; the number, or 0. `*rest` behind it. */
static int leading_code(const char *message, const char **rest)
{
    static const char head[] = "Code: ";
    static const char tail[] = ". DB::Exception: ";
    if (strncmp(message, head, sizeof(head) - 1) != 0)
        return 0;
    char *end = NULL;
    long code = strtol(message + sizeof(head) - 1, &end, 10);
    if (code <= 0 || code > 100000)
        return 0;
    *rest = strncmp(end, tail, sizeof(tail) - 1) == 0 ? end + sizeof(tail) - 1 : "";
    return (int)code;
}

int sj_emb_error_code(const char *message)
{
    int code = 0;
    const char *rest = message;
    for (int inner = leading_code(rest, &rest); inner > 0; inner = leading_code(rest, &rest))
        code = inner;
    return code > 0 ? code : SJ_EMB_STD_EXCEPTION;
}

bool sj_emb_error_retryable(int code)
{
    switch (code) {
    case SJ_EMB_MEMORY_LIMIT_EXCEEDED:
    case SJ_EMB_NOT_ENOUGH_SPACE:
    case SJ_EMB_TOO_MANY_SIMULTANEOUS_QUERIES:
    case SJ_EMB_SESSION_IS_LOCKED:
    case SJ_EMB_ABORTED:
    case SJ_EMB_TIMEOUT_EXCEEDED:
        return true;
    default:
        return false;
    }
}

size_t sj_emb_error_trailer(char *out, size_t size, const char *tag, const char *message)
{
    int message_size = (int)strnlen(message, MESSAGE_MAX);
    int written = snprintf(out, size, "\r\n__exception__\r\n%s\r\n%.*s\n%d %s\r\n__exception__\r\n",
                           tag, message_size, message, message_size + 1, tag);
    return written > 0 && (size_t)written < size ? (size_t)written : 0;
}
