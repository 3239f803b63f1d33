#include "base/rc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct rc_entry {
    const char *name;
    const char *text;
    bool retryable;
};

static const struct rc_entry entries[] = {
#define X(name, text, retryable) {#name, text, retryable},
    SJ_RC_TABLE(X)
#undef X
};

static const struct rc_entry *entry_of(sj_rc rc)
{
    if (rc > -(sj_rc)SJ_E_BASE_ - 1 || rc <= -(sj_rc)SJ_E_END_)
        return NULL;
    return &entries[-rc - SJ_E_BASE_ - 1];
}

const char *sj_rc_text(sj_rc rc)
{
    if (rc >= 0)
        return "success";
    const struct rc_entry *entry = entry_of(rc);
    if (entry)
        return entry->text;
    const char *text = strerrordesc_np(-rc);
    return text ? text : "unknown error";
}

const char *sj_rc_name(sj_rc rc)
{
    if (rc >= 0)
        return "OK";
    const struct rc_entry *entry = entry_of(rc);
    if (entry)
        return entry->name;
    const char *name = strerrorname_np(-rc);
    return name ? name : "EUNKNOWN";
}

bool sj_rc_retryable(sj_rc rc)
{
    const struct rc_entry *entry = entry_of(rc);
    if (entry)
        return entry->retryable;
    switch (-rc) {
    case EAGAIN:
    case EINTR:
    case ENOSPC:
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
    case ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

sj_rc sj_rc_explain(char *error, size_t size, sj_rc rc, const char *format, va_list args)
{
    int used = vsnprintf(error, size, format, args);
    if (used >= 0 && (size_t)used < size)
        snprintf(error + used, size - (size_t)used, ": %s", sj_rc_text(rc));
    return rc;
}
