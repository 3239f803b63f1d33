#include "base/http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <microhttpd.h>

#include "suites.h"
#include "support/test.h"

static struct MHD_Daemon *server;
static struct sj_http_client *client;
static char base_url[64];

struct upload {
    char bytes[65536];
    size_t size;
};

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status,
                                   const char *text, size_t size)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, "X-Method", "seen");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* /echo answers method, a header, credentials and body; /big a megabyte; else 404. */
static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_size, void **request)
{
    static char big[1 << 20];
    (void)context;
    (void)version;
    if (!*request) {
        *request = calloc(1, sizeof(struct upload));
        return *request ? MHD_YES : MHD_NO;
    }
    struct upload *upload = *request;
    if (*data_size > 0) {
        size_t left = sizeof upload->bytes - upload->size;
        size_t taken = *data_size < left ? *data_size : left;
        memcpy(upload->bytes + upload->size, data, taken);
        upload->size += taken;
        *data_size = 0;
        return MHD_YES;
    }
    if (strcmp(url, "/big") == 0)
        return answer_text(connection, 200, big, sizeof big);
    if (strcmp(url, "/echo") != 0)
        return answer_text(connection, 404, "no such page", 12);
    char text[1024];
    const char *header = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Test");
    char *password = NULL;
    char *user = MHD_basic_auth_get_username_password(connection, &password);
    int size = snprintf(text, sizeof text, "%s %s %s %zu:%.16s", method, header ? header : "-",
                        user ? user : "-", upload->size, upload->bytes);
    MHD_free(user);
    MHD_free(password);
    return answer_text(connection, 200, text, (size_t)size);
}

static void finished(void *context, struct MHD_Connection *connection, void **request,
                     enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    free(*request);
}

static struct MHD_Daemon *start_server(int socket_fd)
{
    return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, answer, NULL,
                            MHD_OPTION_LISTEN_SOCKET, socket_fd, MHD_OPTION_NOTIFY_COMPLETED,
                            finished, NULL, MHD_OPTION_END);
}

/* A listening socket on a free port of loopback. */
static int listen_on_loopback(uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static int start(void **state)
{
    (void)state;
    uint16_t port;
    int fd = listen_on_loopback(&port);
    snprintf(base_url, sizeof base_url, "http://127.0.0.1:%u", port);
    server = start_server(fd);
    assert_non_null(server);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    MHD_stop_daemon(server);
    return 0;
}

static void open_client(const struct sj_http_options *options)
{
    assert_int_equal(sj_http_create(options, &client), 0);
}

static int close_client(void **state)
{
    (void)state;
    sj_http_close(client);
    client = NULL;
    return 0;
}

static const char *url_of(const char *path)
{
    static char url[128];
    snprintf(url, sizeof url, "%s%s", base_url, path);
    return url;
}

static void http_perform_sends_method_headers_body_and_credentials(void **state)
{
    (void)state;
    struct sj_http_response response;
    char value[16];
    const char *const headers[] = {"X-Test: 42"};
    open_client(&(struct sj_http_options){.user = "me", .password = "secret"});
    struct sj_http_request request = {.url = url_of("/echo"),
                                      .headers = headers,
                                      .header_count = 1,
                                      .body = "hello",
                                      .body_size = 5};
    assert_int_equal(sj_http_perform(client, &request, &response), 0);
    assert_int_equal(response.status, 200);
    assert_string_equal(response.body, "POST 42 me 5:hello");
    assert_int_equal(sj_http_header(&response, "x-method", value, sizeof value), 4);
    assert_string_equal(value, "seen");
    assert_int_equal(sj_http_header(&response, "x-method", value, 4), -SJ_E_LIMIT);
    assert_int_equal(sj_http_header(&response, "x-none", value, sizeof value), -SJ_E_UNKNOWN);

    request = (struct sj_http_request){.url = url_of("/echo")};
    assert_int_equal(sj_http_perform(client, &request, &response), 0);
    assert_string_equal(response.body, "GET - me 0:");
    request.method = "DELETE";
    assert_int_equal(sj_http_perform(client, &request, &response), 0);
    assert_string_equal(response.body, "DELETE - me 0:");
    request.method = "HEAD";
    assert_int_equal(sj_http_perform(client, &request, &response), 0);
    assert_int_equal(response.body_size, 0);
    assert_int_equal(response.status, 200);
}

static void http_error_status_is_an_answer(void **state)
{
    (void)state;
    struct sj_http_response response;
    open_client(NULL);
    struct sj_http_request request = {.url = url_of("/nowhere")};
    assert_int_equal(sj_http_perform(client, &request, &response), 0);
    assert_int_equal(response.status, 404);
    assert_string_equal(response.body, "no such page");
}

static void http_response_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    struct sj_http_response response;
    open_client(&(struct sj_http_options){.response_size_max = 1000});
    struct sj_http_request request = {.url = url_of("/big")};
    assert_int_equal(sj_http_perform(client, &request, &response), -SJ_E_LIMIT);
    assert_true(response.body_size <= 1000);
    assert_true(strlen(response.error) > 0);
    request.url = url_of("/echo");
    assert_int_equal(sj_http_perform(client, &request, &response), 0);
}

static sj_rc count_bytes(void *context, const void *data, size_t size)
{
    (void)data;
    size_t *count = context;
    *count += size;
    return *count > 900000 ? -SJ_E_STOPPED : 0;
}

static void http_on_data_streams_and_may_end_the_request(void **state)
{
    (void)state;
    struct sj_http_response response;
    size_t count = 0;
    open_client(&(struct sj_http_options){.response_size_max = 1000});
    struct sj_http_request request = {
        .url = url_of("/big"), .on_data = count_bytes, .context = &count};
    assert_int_equal(sj_http_perform(client, &request, &response), -SJ_E_LIMIT);
    assert_true(count > 900000);
    assert_ptr_equal(response.context, &count);
}

static void http_failures_are_told_apart(void **state)
{
    (void)state;
    struct sj_http_response response;
    uint16_t port;
    int fd = listen_on_loopback(&port);
    open_client(NULL);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
    /* Nobody accepts: connected, but no answer ever. */
    struct sj_http_request request = {.url = url, .timeout_ms = 50};
    assert_int_equal(sj_http_perform(client, &request, &response), -SJ_E_TIMEOUT);
    close(fd);
    assert_int_equal(sj_http_perform(client, &request, &response), -ECONNREFUSED);
    request.url = "gopher://127.0.0.1/";
    assert_int_equal(sj_http_perform(client, &request, &response), -SJ_E_MALFORMED);
    request.url = "file:///etc/passwd";
    assert_int_equal(sj_http_perform(client, &request, &response), -SJ_E_MALFORMED);
    request.url = "http://";
    assert_int_equal(sj_http_perform(client, &request, &response), -SJ_E_MALFORMED);
    assert_null(strchr(response.error, '\n'));
}

static void http_runs_several_requests_at_once(void **state)
{
    (void)state;
    struct sj_http_response response;
    int contexts[3] = {0}, done = 0;
    open_client(&(struct sj_http_options){.slot_count = 3});
    struct sj_http_request request = {.url = url_of("/echo")};
    for (int i = 0; i < 3; i++) {
        request.context = &contexts[i];
        assert_int_equal(sj_http_start(client, &request), 0);
    }
    assert_int_equal(sj_http_start(client, &request), -SJ_E_BUSY);
    while (done < 3) {
        sj_http_poll(client, 100);
        while (sj_http_take(client, &response)) {
            assert_int_equal(response.rc, 0);
            assert_string_equal(response.body, "GET - - 0:");
            ++*(int *)response.context;
            sj_http_release(client, &response);
            done++;
        }
    }
    assert_true(contexts[0] == 1 && contexts[1] == 1 && contexts[2] == 1);
    assert_int_equal(sj_http_start(client, &request), 0);
}

static void http_speaks_over_a_unix_socket(void **state)
{
    (void)state;
    struct sj_http_response response;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/shijim-http-%d", (int)getpid());
    unlink(address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 4), 0);
    struct MHD_Daemon *other = start_server(fd);
    open_client(&(struct sj_http_options){.unix_socket = address.sun_path});
    struct sj_http_request request = {.url = "http://broker/echo"};
    sj_rc rc = sj_http_perform(client, &request, &response);
    MHD_stop_daemon(other);
    unlink(address.sun_path);
    assert_int_equal(rc, 0);
    assert_string_equal(response.body, "GET - - 0:");
}

static void http_encode_keeps_only_what_is_plain(void **state)
{
    (void)state;
    char text[32];
    assert_int_equal(sj_http_encode("a b=1&c~\xE5", text, sizeof text), 17);
    assert_string_equal(text, "a%20b%3D1%26c~%E5");
    assert_int_equal(sj_http_encode("abc", text, 3), -SJ_E_LIMIT);
    assert_int_equal(sj_http_encode("abc", text, 4), 3);
    assert_int_equal(sj_http_encode(" ", text, 3), -SJ_E_LIMIT);
}

int http_client_tests(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, close_client)
    const struct CMUnitTest tests[] = {
        CASE(http_perform_sends_method_headers_body_and_credentials),
        CASE(http_error_status_is_an_answer),
        CASE(http_response_beyond_the_limit_is_refused),
        CASE(http_on_data_streams_and_may_end_the_request),
        CASE(http_failures_are_told_apart),
        CASE(http_runs_several_requests_at_once),
        CASE(http_speaks_over_a_unix_socket),
        CASE(http_encode_keeps_only_what_is_plain),
    };
    return cmocka_run_group_tests_name("http_client", tests, start, stop);
}
