/*
 * error.h: ClickHouse's error codes as the HTTP interface shows them.
 *
 * Threads  pure, [any thread].
 */
#ifndef SJ_STORE_EMBEDDED_ERROR_H
#define SJ_STORE_EMBEDDED_ERROR_H

#include <stddef.h>

#include "base/rc.h"

/* code, ClickHouse's name, HTTP status: the codes that this server answers by itself, and those
 * of the engine that are not 500. */
#define SJ_EMB_ERROR_TABLE(X)                                                                      \
    X(4, CANNOT_PARSE_TEXT_4, 400)                                                                 \
    X(6, CANNOT_PARSE_TEXT, 400)                                                                   \
    X(26, CANNOT_PARSE_QUOTED_STRING, 400)                                                         \
    X(27, CANNOT_PARSE_INPUT_ASSERTION_FAILED, 400)                                                \
    X(33, CANNOT_READ_ALL_DATA, 500)                                                               \
    X(38, CANNOT_PARSE_DATE, 400)                                                                  \
    X(41, CANNOT_PARSE_DATETIME, 400)                                                              \
    X(43, ILLEGAL_TYPE_OF_ARGUMENT, 500)                                                           \
    X(46, UNKNOWN_FUNCTION, 404)                                                                   \
    X(47, UNKNOWN_IDENTIFIER, 404)                                                                 \
    X(48, NOT_IMPLEMENTED, 501)                                                                    \
    X(50, UNKNOWN_TYPE, 404)                                                                       \
    X(60, UNKNOWN_TABLE, 404)                                                                      \
    X(62, SYNTAX_ERROR, 400)                                                                       \
    X(69, ARGUMENT_OUT_OF_BOUND, 400)                                                              \
    X(72, CANNOT_PARSE_NUMBER, 400)                                                                \
    X(73, UNKNOWN_FORMAT, 404)                                                                     \
    X(81, UNKNOWN_DATABASE, 404)                                                                   \
    X(99, UNKNOWN_PACKET_FROM_CLIENT, 400)                                                         \
    X(115, UNKNOWN_SETTING, 404)                                                                   \
    X(130, CANNOT_READ_ARRAY_FROM_TEXT, 400)                                                       \
    X(159, TIMEOUT_EXCEEDED, 408)                                                                  \
    X(164, READONLY, 403)                                                                          \
    X(194, REQUIRED_PASSWORD, 401)                                                                 \
    X(202, TOO_MANY_SIMULTANEOUS_QUERIES, 500)                                                     \
    X(216, QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING, 500)                                             \
    X(236, ABORTED, 500)                                                                           \
    X(241, MEMORY_LIMIT_EXCEEDED, 500)                                                             \
    X(243, NOT_ENOUGH_SPACE, 500)                                                                  \
    X(354, INFLATE_FAILED, 400)                                                                    \
    X(372, SESSION_NOT_FOUND, 404)                                                                 \
    X(373, SESSION_IS_LOCKED, 423)                                                                 \
    X(386, NO_COMMON_TYPE, 500)                                                                    \
    X(394, QUERY_WAS_CANCELLED, 500)                                                               \
    X(396, TOO_MANY_ROWS_OR_BYTES, 500)                                                            \
    X(432, UNKNOWN_CODEC, 415)                                                                     \
    X(456, UNKNOWN_QUERY_PARAMETER, 400)                                                           \
    X(457, BAD_QUERY_PARAMETER, 400)                                                               \
    X(497, ACCESS_DENIED, 403)                                                                     \
    X(516, AUTHENTICATION_FAILED, 403)                                                             \
    X(1001, STD_EXCEPTION, 500)

enum sj_emb_error {
    SJ_EMB_ERROR_NONE,
#define X(code, name, status) SJ_EMB_##name = code,
    SJ_EMB_ERROR_TABLE(X)
#undef X
};

/* The HTTP status of a code; 500 for one not in the table. */
int sj_emb_error_status(int code);

/* ClickHouse's name of a code, "UNKNOWN_EXCEPTION" for one not in the table. */
const char *sj_emb_error_name(int code);

/* The code of the engine's message ("Code: 60. DB::Exception: ..."); of a message wrapped twice,
 * the inner one, which is the cause. 1001 when the message carries none. */
int sj_emb_error_code(const char *message);

/* May the very same request succeed later (memory, disk, busy, stopping)? Then the answer carries
 * Retry-After. */
bool sj_emb_error_retryable(int code);

/* The text that ends a result whose error came after its head was sent: clients look for `tag`
 * (16 characters, announced in a header). Returns its size, at most `size`; 0 if it does not
 * fit. A longer message is cut. */
size_t sj_emb_error_trailer(char *out, size_t size, const char *tag, const char *message);

#endif
