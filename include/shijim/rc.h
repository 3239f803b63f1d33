/*
 * rc.h: result codes of every function that can fail.
 *
 * An sj_rc >= 0 is success (and may carry a count). A negative one is -errno (-1 .. -4095) or
 * -SJ_E_* (below -4096). Outputs named ret_* are written on success only.
 */
#ifndef SHIJIM_RC_H
#define SHIJIM_RC_H

#include <stdbool.h>
#include <stdint.h>

typedef int32_t sj_rc;

#define SJ_API __attribute__((visibility("default")))
#define SJ_MUST_USE __attribute__((warn_unused_result))

/* name, text, may the same call succeed later without anyone mending anything */
#define SJ_RC_TABLE(X)                                                                             \
    X(LAPPED, "the reader was lapped: events were lost and counted", true)                         \
    X(FULL, "no room: a gate reader holds the ring", true)                                         \
    X(EVICTED, "the reader stalled past its deadline and was evicted", false)                      \
    X(CORRUPT, "the bytes are not what was written", false)                                        \
    X(LAYOUT, "another version or layout of this file or segment", false)                          \
    X(STOPPED, "stopped: nothing more is accepted", false)                                         \
    X(MALFORMED, "the input is not of the expected form", false)                                   \
    X(RANGE, "a value is out of its range", false)                                                 \
    X(UNKNOWN, "no such name", false)                                                              \
    X(LIMIT, "a configured limit is reached", false)                                               \
    X(TIMEOUT, "it did not answer in time", true)                                                  \
    X(CLOSED, "the other side closed", true)                                                       \
    X(REFUSED, "the other side refused", false)                                                    \
    X(BUSY, "in use by another process", true)                                                     \
    X(IDENTITY, "an account does not add up", false)

enum sj_error {
    SJ_E_BASE_ = 4096,
#define X(name, text, retryable) SJ_E_##name,
    SJ_RC_TABLE(X)
#undef X
        SJ_E_END_
};

/* The text of a negative code ("no room: ..." or strerror's). Never NULL; for 0 and up "success".
 * [any thread] */
SJ_API const char *sj_rc_text(sj_rc rc);

/* The short name: "FULL", "ENOSPC", "OK". [any thread] */
SJ_API const char *sj_rc_name(sj_rc rc);

/* Whether trying the same again later may succeed (SJ_E_* by the table; EAGAIN, EINTR, ENOSPC,
 * ECONNREFUSED, ECONNRESET, EPIPE, ETIMEDOUT of errno). [any thread] */
SJ_API bool sj_rc_retryable(sj_rc rc);

#endif
