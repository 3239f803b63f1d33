/* rc.h: the result codes are public; rooms include them by this name. */
#ifndef SJ_BASE_RC_H
#define SJ_BASE_RC_H

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>

#include "shijim/rc.h"

/* -errno of the call that has just failed; never 0, whatever it left there. [any thread] */
static inline sj_rc sj_rc_errno(void)
{
    int code = errno;
    return code > 0 ? -code : -EIO;
}

/* Writes one line, what was done and then ": " with the code's text, cut to `size`. Returns rc.
 * What a room's own `fail` calls. [any thread] */
sj_rc sj_rc_explain(char *error, size_t size, sj_rc rc, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));

#endif
