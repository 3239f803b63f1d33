/* The exposition format, and the server as a client sees it. */
#include "watch/server.h"
#include "watch/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void samples_are_written_in_prometheus_text(void **state)
{
    struct sj_text text = {0};
    (void)state;
    sj_prom_family(&text, "shijim_lost_total", "counter", "Events lost");
    sj_prom_uint(&text, "shijim_lost_total", "reader=\"a\"", 7);
    sj_prom_real(&text, "shijim_interval_seconds", "", 0.0005);
    assert_string_equal(text.bytes, "# HELP shijim_lost_total Events lost\n"
                                    "# TYPE shijim_lost_total counter\n"
                                    "shijim_lost_total{reader=\"a\"} 7\n"
                                    "shijim_interval_seconds 0.0005\n");
    sj_text_done(&text);
}

static void a_summary_is_in_seconds_and_has_its_maximum(void **state)
{
    static struct sj_hist hist;
    struct sj_text text = {0};
    (void)state;
    sj_hist_reset(&hist);
    sj_hist_record_many(&hist, 100, 99);
    sj_hist_record(&hist, 1000000000);
    sj_prom_summary(&text, "x_seconds", "X", "a=\"b\"", &hist);
    assert_non_null(strstr(text.bytes, "x_seconds{a=\"b\",quantile=\"0.5\"} 1e-07\n"));
    assert_non_null(strstr(text.bytes, "x_seconds_count{a=\"b\"} 100\n"));
    assert_non_null(strstr(text.bytes, "x_seconds_max{a=\"b\"} 1\n"));
    sj_text_done(&text);
}

static void a_label_cannot_forge_a_sample(void **state)
{
    char buffer[SJ_LABEL_MAX];
    char longest[200];
    (void)state;
    assert_string_equal(sj_text_label("a\"} 1\nb\\", buffer), "a\\\"} 1\\nb\\\\");
    memset(longest, '"', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    assert_true(strlen(sj_text_label(longest, buffer)) < SJ_LABEL_MAX);
}

static void write_page(void *context, struct sj_text *text)
{
    sj_text_add(text, "page %s\n", (const char *)context);
}

/* One request, the whole answer. */
static void ask(uint16_t port, const char *request, char *answer, size_t size)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(port)};
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&where, sizeof where), 0);
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    size_t used = 0;
    ssize_t got;
    while (used + 1 < size && (got = read(fd, answer + used, size - used - 1)) > 0)
        used += (size_t)got;
    answer[used] = 0;
    close(fd);
}

static void pages_are_served_to_loopback_names_only(void **state)
{
    struct sj_watch_page pages[] = {
        {"/metrics", "text/plain; version=0.0.4", write_page, (void *)(uintptr_t) "one"}};
    struct sj_watch_server *server;
    char answer[2048];
    (void)state;
    assert_int_equal(sj_watch_server_start("127.0.0.1:0", pages, 1, NULL, &server), 0);
    uint16_t port = sj_watch_server_port(server);
    ask(port, "GET /metrics HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\r\n", answer,
        sizeof answer);
    assert_non_null(strstr(answer, "200 OK"));
    assert_non_null(strstr(answer, "page one\n"));
    ask(port, "GET /metrics HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", answer,
        sizeof answer);
    assert_non_null(strstr(answer, " 403 "));
    ask(port, "GET /metrics HTTP/1.1\r\nHost: localhost.evil.example\r\nConnection: close\r\n\r\n",
        answer, sizeof answer);
    assert_non_null(strstr(answer, " 403 "));
    ask(port, "GET /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", answer,
        sizeof answer);
    assert_non_null(strstr(answer, " 404 "));
    ask(port,
        "POST /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n"
        "Connection: close\r\n\r\n",
        answer, sizeof answer);
    assert_non_null(strstr(answer, " 405 "));
    struct sj_watch_server *second;
    char address[64];
    snprintf(address, sizeof address, "127.0.0.1:%u", port);
    assert_int_equal(sj_watch_server_start(address, pages, 1, NULL, &second), -EADDRINUSE);
    sj_watch_server_stop(server);
}

static sj_rc note_reason(void *context, const char *reason, struct sj_text *text)
{
    snprintf(context, 64, "%s", reason);
    sj_text_add(text, "done\n");
    return strcmp(reason, "fail") == 0 ? -EIO : 0;
}

static void an_action_needs_a_post_and_the_token(void **state)
{
    (void)state;
    char reason[64] = "untouched";
    char answer[4096];
    const struct sj_watch_page pages[] = {
        {"/kill", "text/plain", NULL, reason, note_reason},
    };
    static const struct {
        const char *request, *status;
    } refused[] = {
        {"GET /kill HTTP/1.1\r\nHost: localhost\r\n\r\n", " 405 "},
        {"POST /kill?reason=x HTTP/1.1\r\nHost: localhost\r\n\r\n", " 401 "},
        {"POST /kill HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer wrong\r\n\r\n", " 401 "},
        {"POST /kill HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer right1\r\n\r\n", " 401 "},
        {"POST /kill HTTP/1.1\r\nHost: evil.tw\r\nAuthorization: Bearer right\r\n\r\n", " 403 "},
    };
    struct sj_watch_server *server;
    assert_int_equal(sj_watch_server_start("127.0.0.1:0", pages, 1, "right", &server), 0);
    uint16_t port = sj_watch_server_port(server);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        ask(port, refused[i].request, answer, sizeof answer);
        assert_non_null(strstr(answer, refused[i].status));
    }
    assert_string_equal(reason, "untouched");
    ask(port,
        "POST /kill?reason=odd%20fills HTTP/1.1\r\nHost: localhost\r\n"
        "Authorization: Bearer right\r\nConnection: close\r\n\r\n",
        answer, sizeof answer);
    assert_non_null(strstr(answer, " 200 "));
    assert_string_equal(reason, "odd fills");
    ask(port,
        "POST /kill?reason=fail HTTP/1.1\r\nHost: localhost\r\n"
        "Authorization: Bearer right\r\nConnection: close\r\n\r\n",
        answer, sizeof answer);
    assert_non_null(strstr(answer, " 500 "));
    sj_watch_server_stop(server);
    /* Without a token nobody may. */
    assert_int_equal(sj_watch_server_start("127.0.0.1:0", pages, 1, "", &server), 0);
    ask(sj_watch_server_port(server),
        "POST /kill HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \r\n\r\n", answer,
        sizeof answer);
    assert_non_null(strstr(answer, " 401 "));
    sj_watch_server_stop(server);
}

static void addresses_that_are_not_loopback_are_refused(void **state)
{
    static const char *const addresses[] = {
        "0.0.0.0:0",   "192.168.1.1:80", "127.0.0.1", "127.0.0.1:99999",
        "127.0.0.1:x", "name:80",        ""};
    struct sj_watch_server *server;
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++)
        assert_int_equal(sj_watch_server_start(addresses[i], NULL, 0, NULL, &server),
                         -SJ_E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_written_in_prometheus_text),
        cmocka_unit_test(a_summary_is_in_seconds_and_has_its_maximum),
        cmocka_unit_test(a_label_cannot_forge_a_sample),
        cmocka_unit_test(pages_are_served_to_loopback_names_only),
        cmocka_unit_test(an_action_needs_a_post_and_the_token),
        cmocka_unit_test(addresses_that_are_not_loopback_are_refused),
    };
    return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
