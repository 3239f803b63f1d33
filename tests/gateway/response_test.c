#include "gateway_suites.h"

#include "gateway/response.h"

#include <stdbool.h>

#define WIRE_MAX 65536

struct outcome {
    sj_rc rc;
    int status;
    bool done;
    size_t used;
    size_t body_size;
    uint8_t body[WIRE_MAX];
};

/* Decodes `wire` in place, in pieces of at most `piece_max` bytes (random when a state is given).
 */
static void decode(const char *wire, size_t size, size_t piece_max, uint64_t *random,
                   struct outcome *ret)
{
    struct sj_response response;
    size_t at = 0;
    memset(ret, 0, sizeof(*ret));
    sj_response_init(&response);
    while (at < size && ret->rc >= 0 && response.state != SJ_RESPONSE_DONE) {
        size_t piece = random ? 1 + sj_test_random(random) % piece_max : piece_max;
        if (piece > size - at)
            piece = size - at;
        uint8_t *raw = ret->body + ret->body_size;
        size_t used = 0;
        memcpy(raw, wire + at, piece);
        ret->rc = sj_response_decode(&response, raw, piece, raw, &used);
        at += used;
        if (ret->rc > 0)
            ret->body_size += (size_t)ret->rc;
    }
    ret->used = at;
    ret->status = response.status;
    ret->done = sj_response_end(&response) == 0;
}

#define CHUNKED                                                                                    \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

static void response_undoes_chunks_whatever_the_cut(void **state)
{
    (void)state;
    static const char wire[] = CHUNKED "5\r\nhello\r\n1;name=value\r\n \r\n00a\r\n0123456789\r\n"
                                       "0\r\nTrailer: x\r\n\r\nHTTP/1.1 next";
    for (size_t piece = 1; piece < sizeof(wire); piece++) {
        struct outcome outcome;
        decode(wire, sizeof(wire) - 1, piece, NULL, &outcome);
        assert_true(outcome.rc >= 0 && outcome.done);
        assert_int_equal(outcome.body_size, 16);
        assert_memory_equal(outcome.body, "hello 0123456789", 16);
        assert_int_equal(outcome.used, sizeof(wire) - 1 - strlen("HTTP/1.1 next"));
    }
}

static void response_random_chunks_and_cuts_give_the_body_back(void **state)
{
    (void)state;
    uint64_t random = sj_test_seed();
    char *wire = malloc(WIRE_MAX);
    char *body = malloc(WIRE_MAX);
    struct outcome *outcome = malloc(sizeof(*outcome));
    for (uint32_t round = 0; round < 300; round++) {
        size_t body_size = 0;
        size_t size = (size_t)sprintf(wire, "%s", CHUNKED);
        for (uint32_t chunks = (uint32_t)(sj_test_random(&random) % 20); chunks > 0; chunks--) {
            size_t chunk = 1 + sj_test_random(&random) % 300;
            size += (size_t)sprintf(wire + size, chunks % 2 ? "%zx\r\n" : "%zX\n", chunk);
            for (size_t i = 0; i < chunk; i++)
                wire[size + i] = body[body_size++] = (char)sj_test_random(&random);
            size += chunk;
            size += (size_t)sprintf(wire + size, "\r\n");
        }
        size += (size_t)sprintf(wire + size, "0\r\n\r\n");
        decode(wire, size, 1 + sj_test_random(&random) % 500, &random, outcome);
        assert_true(outcome->rc >= 0 && outcome->done);
        assert_int_equal(outcome->body_size, body_size);
        assert_memory_equal(outcome->body, body, body_size);
    }
    free(outcome);
    free(body);
    free(wire);
}

static void response_takes_length_close_and_bodyless(void **state)
{
    (void)state;
    struct outcome outcome;
    static const char length[] = "HTTP/1.1 503 Busy\r\ncontent-length:  4 \r\n\r\nwaitHTTP";
    decode(length, sizeof(length) - 1, 3, NULL, &outcome);
    assert_int_equal(outcome.status, 503);
    assert_true(outcome.done);
    assert_int_equal(outcome.body_size, 4);
    static const char close[] = "HTTP/1.0 200 OK\r\n\r\nto the end";
    decode(close, sizeof(close) - 1, 5, NULL, &outcome);
    assert_true(outcome.done);
    assert_memory_equal(outcome.body, "to the end", 10);
    static const char none[] = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
    decode(none, sizeof(none) - 1, 64, NULL, &outcome);
    assert_int_equal(outcome.status, 204);
    assert_true(outcome.done && outcome.body_size == 0);
}

static void response_refuses_what_is_not_http(void **state)
{
    (void)state;
    static const char *const wires[] = {
        "HTTP/2 200 OK\r\n",
        "hello, this is no web server\r\n",
        "HTTP/1.1 20 OK  \r\n",
        "HTTP/1.1 099 No\r\n",
        "HTTP/1.1 200OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n",
        CHUNKED "x\r\n",
        CHUNKED "\r\n",
        CHUNKED "-5\r\n",
        CHUNKED "5\r\nhello!\r\n",
        CHUNKED "ffffffffffffffff\r\n",
    };
    for (uint32_t i = 0; i < sizeof(wires) / sizeof(wires[0]); i++) {
        struct sj_response response;
        uint8_t body[256];
        size_t used;
        sj_response_init(&response);
        size_t size = strlen(wires[i]);
        sj_rc rc = sj_response_decode(&response, (const uint8_t *)wires[i], size, body, &used);
        if (rc > 0) /* body before the fault is given out first */
            rc = sj_response_decode(&response, (const uint8_t *)"x", 1, body, &used);
        assert_true(rc == -SJ_E_MALFORMED || rc == -SJ_E_LIMIT);
        assert_int_equal(response.state, SJ_RESPONSE_FAILED);
    }
}

static void response_bounds_heads_and_chunk_lines(void **state)
{
    (void)state;
    struct outcome *outcome = malloc(sizeof(*outcome));
    char *wire = malloc(WIRE_MAX);
    size_t size = (size_t)sprintf(wire, "HTTP/1.1 200 OK\r\nX: ");
    memset(wire + size, 'a', SJ_RESPONSE_HEAD_MAX);
    decode(wire, size + SJ_RESPONSE_HEAD_MAX, 1000, NULL, outcome);
    assert_int_equal(outcome->rc, -SJ_E_LIMIT);
    size = (size_t)sprintf(wire, "%s1;", CHUNKED);
    memset(wire + size, 'a', 4 * SJ_RESPONSE_LINE_MAX);
    decode(wire, size + 4 * SJ_RESPONSE_LINE_MAX, 100, NULL, outcome);
    assert_int_equal(outcome->rc, -SJ_E_LIMIT);
    free(wire);
    free(outcome);
}

static void response_that_ends_early_is_not_whole(void **state)
{
    (void)state;
    static const char wire[] = CHUNKED "5\r\nhello\r\n0\r\n\r\n";
    for (size_t size = 0; size < sizeof(wire) - 1; size++) {
        struct outcome outcome;
        decode(wire, size, 7, NULL, &outcome);
        assert_false(outcome.done);
    }
}

int response_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(response_undoes_chunks_whatever_the_cut),
        cmocka_unit_test(response_random_chunks_and_cuts_give_the_body_back),
        cmocka_unit_test(response_takes_length_close_and_bodyless),
        cmocka_unit_test(response_refuses_what_is_not_http),
        cmocka_unit_test(response_bounds_heads_and_chunk_lines),
        cmocka_unit_test(response_that_ends_early_is_not_whole),
    };
    return cmocka_run_group_tests_name("response", tests, NULL, NULL);
}
