/*
 * assert.h: SJ_ASSERT stops the process on a bug of ours, in release builds too. It is never the
 * answer to bad input. SJ_STATIC_ASSERT proves layouts while compiling.
 */
#ifndef SJ_BASE_ASSERT_H
#define SJ_BASE_ASSERT_H

#define SJ_LIKELY(x) __builtin_expect(!!(x), 1)
#define SJ_UNLIKELY(x) __builtin_expect(!!(x), 0)

#define SJ_ASSERT(condition)                                                                       \
    do {                                                                                           \
        if (SJ_UNLIKELY(!(condition)))                                                             \
            sj_assert_failed(#condition, __FILE__, __LINE__);                                      \
    } while (0)

#define SJ_STATIC_ASSERT(condition, text) _Static_assert(condition, text)

/* Prints the condition and where it stands to stderr, then aborts. [any thread] */
__attribute__((noreturn, cold)) void sj_assert_failed(const char *condition, const char *file,
                                                      int line);

#endif
