#include "parser_groups.h"

#include "gateway/sse.h"

#include <stdio.h>
#include <stdlib.h>

#define STREAM_MAX (1 << 20)

/* Feeds `stream` in fragments of 1..fragment_max bytes through a receive buffer and writes what
 * came out as lines "event|data\n" to `out`. */
static void feed(struct sj_sse *sse, const char *stream, size_t size, size_t fragment_max,
                 char *out)
{
    size_t capacity = SJ_SSE_MESSAGE_MAX + 4096, held = 0, fed = 0;
    char *buffer = malloc(capacity + 64);
    *out = '\0';
    while (fed < size) {
        size_t fragment = 1 + (size_t)rand() % fragment_max;
        fragment = fragment < size - fed ? fragment : size - fed;
        fragment = fragment < capacity - held ? fragment : capacity - held;
        assert_true(fragment > 0);
        memcpy(buffer + held, stream + fed, fragment);
        fed += fragment;
        held += fragment;
        size_t start = 0, consumed = 0;
        struct sj_sse_message message;
        while (sj_sse_next(sse, buffer + start, held - start, &message, &consumed)) {
            assert_true(message.data >= buffer && message.data + message.size <= buffer + held);
            out += sprintf(out, "%.*s|%.*s\n", (int)message.event_size, message.event,
                           (int)message.size, message.data);
            start += consumed;
        }
        start += consumed;
        memmove(buffer, buffer + start, held - start);
        held -= start;
    }
    free(buffer);
}

static void expect(const char *stream, const char *expected)
{
    for (size_t fragment_max = 1; fragment_max <= 64; fragment_max *= 2) {
        struct sj_sse sse;
        char out[4096];
        sj_sse_init(&sse);
        feed(&sse, stream, strlen(stream), fragment_max, out);
        assert_string_equal(out, expected);
    }
}

static void sse_gives_event_and_data_for_every_end_of_line(void **state)
{
    (void)state;
    expect("event: tick_stk\ndata: {\"a\":1}\n\n", "tick_stk|{\"a\":1}\n");
    expect("event: tick_stk\r\ndata: {}\r\n\r\nevent:b\r\ndata:2\r\n\r\n", "tick_stk|{}\nb|2\n");
    expect("event: a\rdata: 1\r\rdata: 2\r\r", "a|1\n|2\n");
    expect("data: 1\r\n\ndata: 2\n\r\ndata: 3\r\r\n", "|1\n|2\n|3\n");
}

static void sse_joins_lines_of_data_and_forgets_the_event_between_messages(void **state)
{
    (void)state;
    expect("data: a\nevent: longer_name\ndata: bb\ndata:\ndata: c\n\ndata: d\n\n",
           "longer_name|a\nbb\n\nc\n|d\n");
    expect("data\n\n", "|\n");
    expect("data:  two spaces\n\n", "| two spaces\n");
}

static void sse_skips_comments_ids_blank_lines_and_unknown_fields(void **state)
{
    (void)state;
    expect(": beat\n\n:\n\n\n\nid: 7\ndatax: no\ndata : no\nfoo\ndata: yes\n\n", "|yes\n");
    struct sj_sse sse;
    char out[64];
    sj_sse_init(&sse);
    const char *stream = "retry: 3000\n\nretry: x1\n\ndata: 1\n\n";
    feed(&sse, stream, strlen(stream), 5, out);
    assert_int_equal(sse.retry_ms, 3000);
    assert_int_equal(sse.messages, 1);
    assert_int_equal(sse.empty, 2);
}

static void sse_drops_a_byte_order_mark_only_at_the_start(void **state)
{
    (void)state;
    expect("\xef\xbb\xbf"
           "data: 1\n\n",
           "|1\n");
    expect("data: 1\n\n\xef\xbb\xbf"
           "data: 2\n\n",
           "|1\n");
}

static void sse_keeps_an_unfinished_message_for_more_bytes(void **state)
{
    (void)state;
    expect("data: 1\n\nevent: x\ndata: 2\n", "|1\n");
    expect("", "");
}

static void sse_skips_a_message_that_is_too_long_and_goes_on(void **state)
{
    (void)state;
    static char stream[4 * SJ_SSE_MESSAGE_MAX], out[4 * SJ_SSE_MESSAGE_MAX];
    static const size_t sizes[] = {SJ_SSE_MESSAGE_MAX - 8, SJ_SSE_MESSAGE_MAX - 7,
                                   3 * SJ_SSE_MESSAGE_MAX};
    for (size_t i = 0; i < 3; i++) {
        char *at = stream + sprintf(stream, "data: 1\n\ndata: ");
        memset(at, 'x', sizes[i]);
        at += sizes[i];
        at += sprintf(at, "\n\ndata: 2\r\n\r\n");
        for (size_t fragment_max = 1000; fragment_max <= 64000; fragment_max *= 4) {
            struct sj_sse sse;
            sj_sse_init(&sse);
            feed(&sse, stream, (size_t)(at - stream), fragment_max, out);
            assert_int_equal(sse.messages, i == 0 ? 3 : 2);
            assert_int_equal(sse.oversized, i != 0);
            assert_non_null(strstr(out, "|2\n"));
        }
    }
}

static void sse_cuts_an_event_name_that_matches_nothing(void **state)
{
    (void)state;
    expect("event: 0123456789012345678901234567890123456789\ndata: 1\n\n",
           "01234567890123456789012345678901|1\n");
}

/* Any bytes, however cut, give the same messages. */
static void sse_gives_the_same_messages_however_the_bytes_are_cut(void **state)
{
    (void)state;
    static const char *pieces[] = {"data: ", "data:", "event: e", "x",
                                   "\n",     "\r",    "\r\n",     "\n\n",
                                   ":",      "id: 1", "retry: 5", "\xef\xbb\xbf"};
    static char stream[4096], whole[1 << 16], cut[1 << 16];
    unsigned seed = 20261123;
    print_message("seed %u\n", seed);
    srand(seed);
    for (int round = 0; round < 2000; round++) {
        size_t size = 0;
        while (size < 600)
            size += (size_t)sprintf(stream + size, "%s", pieces[rand() % 12]);
        struct sj_sse sse;
        sj_sse_init(&sse);
        feed(&sse, stream, size, 4096, whole);
        uint64_t messages = sse.messages, empty = sse.empty;
        sj_sse_init(&sse);
        feed(&sse, stream, size, 1 + (size_t)round % 40, cut);
        assert_string_equal(whole, cut);
        assert_int_equal(sse.messages, messages);
        assert_int_equal(sse.empty, empty);
    }
}

int sse_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sse_gives_event_and_data_for_every_end_of_line),
        cmocka_unit_test(sse_joins_lines_of_data_and_forgets_the_event_between_messages),
        cmocka_unit_test(sse_skips_comments_ids_blank_lines_and_unknown_fields),
        cmocka_unit_test(sse_drops_a_byte_order_mark_only_at_the_start),
        cmocka_unit_test(sse_keeps_an_unfinished_message_for_more_bytes),
        cmocka_unit_test(sse_skips_a_message_that_is_too_long_and_goes_on),
        cmocka_unit_test(sse_cuts_an_event_name_that_matches_nothing),
        cmocka_unit_test(sse_gives_the_same_messages_however_the_bytes_are_cut),
    };
    return cmocka_run_group_tests_name("sse", tests, NULL, NULL);
}
