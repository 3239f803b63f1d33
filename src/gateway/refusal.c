#include "gateway/refusal.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct entry {
    const char *name;
    const char *text;
    int64_t wait_ns;
};

static const struct entry entries[] = {
#define X(id, name, text, wait_ns) {name, text, wait_ns},
    SJ_REFUSAL_TABLE(X)
#undef X
};

/* Words of the broker, as its reference of error codes has them, and of its server. */
struct words {
    const char *part;
    enum sj_refusal refusal;
};

static const struct words words_503[] = {
    {"too many connections", SJ_REFUSAL_CONNECTIONS},
    {"update the version", SJ_REFUSAL_VERSION},
    {"version", SJ_REFUSAL_VERSION},
    {"密碼錯誤", SJ_REFUSAL_LOCKED},
    {"操作異常", SJ_REFUSAL_BANNED},
    {"banned", SJ_REFUSAL_BANNED},
    {"suspend", SJ_REFUSAL_BANNED},
    {"1 minute", SJ_REFUSAL_BANNED},
    {"too many", SJ_REFUSAL_BANNED},
    {"維護", SJ_REFUSAL_MAINTENANCE},
    {"maintenance", SJ_REFUSAL_MAINTENANCE},
    {NULL, SJ_REFUSAL_UNAVAILABLE},
};

static const struct words words_401[] = {
    {"not match signature", SJ_REFUSAL_CREDENTIALS},
    {"not allow", SJ_REFUSAL_CREDENTIALS},
    {"have permission", SJ_REFUSAL_CREDENTIALS},
    {"production permission", SJ_REFUSAL_CREDENTIALS},
    {"Authorization", SJ_REFUSAL_CREDENTIALS},
    {"token format", SJ_REFUSAL_CREDENTIALS},
    {"API credentials", SJ_REFUSAL_CREDENTIALS},
    {NULL, SJ_REFUSAL_SESSION},
};

static const struct words words_other[] = {
    {"subscriptions", SJ_REFUSAL_LIMIT},       {"subscription limit", SJ_REFUSAL_LIMIT},
    {"Not authenticated", SJ_REFUSAL_SESSION}, {"not authenticated", SJ_REFUSAL_SESSION},
    {"not exist", SJ_REFUSAL_CREDENTIALS},     {NULL, SJ_REFUSAL_OTHER},
};

static enum sj_refusal look_up(const struct words *words, const char *message)
{
    while (words->part && !strcasestr(message, words->part))
        words++;
    return words->refusal;
}

enum sj_refusal sj_refusal_of(int status, const char *message)
{
    if (status >= 200 && status < 300)
        return SJ_REFUSAL_NONE;
    switch (status) {
    case 401:
        return look_up(words_401, message);
    case 404:
        return SJ_REFUSAL_UNKNOWN;
    case 429:
        return SJ_REFUSAL_BANNED;
    case 451:
        return SJ_REFUSAL_CONNECTIONS;
    case 502:
    case 504:
        return SJ_REFUSAL_UNAVAILABLE;
    case 503:
        return look_up(words_503, message);
    default:
        return look_up(words_other, message);
    }
}

const char *sj_refusal_name(enum sj_refusal refusal)
{
    return entries[refusal].name;
}

const char *sj_refusal_text(enum sj_refusal refusal)
{
    return entries[refusal].text;
}

int64_t sj_refusal_wait_ns(enum sj_refusal refusal)
{
    return entries[refusal].wait_ns;
}
