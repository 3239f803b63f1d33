/* rc.h: the result codes are public; rooms include them by this name. */
#ifndef SJ_BASE_RC_H
#define SJ_BASE_RC_H

#include <errno.h>

#include "shijim/rc.h"

/* -errno of the call that has just failed; never 0, whatever it left there. [any thread] */
static inline sj_rc sj_rc_errno(void)
{
    int code = errno;
    return code > 0 ? -code : -EIO;
}

#endif
