#include "sim_client.h"

#include "base/clock.h"

#include <sys/socket.h>
#include <unistd.h>

/* Nothing here takes so long; it only ends a test that would hang. */
#define PATIENCE_NS (20 * SJ_NS_PER_S)

static int attach(struct sim_client *client, uint32_t server)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    assert_true(conn_open(&client->sim->servers[server], pair[0]) >= 0);
    return pair[1];
}

struct sim_client *sim_start(void (*change)(struct sj_brokersim_options *options))
{
    struct sim_client *client = calloc(1, sizeof *client);
    struct sj_brokersim_options options;
    char error[SJ_SIM_MESSAGE_MAX] = "";
    assert_non_null(client);
    sj_brokersim_defaults(&options);
    options.api_key = options.secret_key = NULL;
    options.port = 0;
    options.instrument_count = 12;
    options.date = 20261123;
    options.rate = 0;
    options.always_open = true;
    options.order_latency_ms = 0;
    options.no_quota = true;
    if (change)
        change(&options);
    sj_rc rc = sj_brokersim_init(&options, &client->sim, error);
    if (rc < 0)
        fail_msg("the simulator does not start: %s", error);
    client->stream = -1;
    for (uint32_t i = 0; i < client->sim->server_count; i++)
        client->fd[i] = attach(client, i);
    return client;
}

void sim_end(struct sim_client *client)
{
    for (uint32_t i = 0; i < client->sim->server_count; i++)
        close(client->fd[i]);
    if (client->stream >= 0)
        close(client->stream);
    sj_brokersim_close(client->sim);
    free(client);
}

void sim_work(struct sim_client *client)
{
    assert_true(sj_brokersim_do_work(client->sim, 0) >= 0);
}

/* Where the body begins and how long it is, once the head is here. */
static bool whole(const char *text, size_t size, const char **ret_body, size_t *ret_size)
{
    const char *end = memmem(text, size, "\r\n\r\n", 4);
    const char *length = memmem(text, size, "content-length: ", 16);
    if (!end || !length || length > end)
        return false;
    *ret_body = end + 4;
    *ret_size = strtoul(length + 16, NULL, 10);
    return (size_t)(*ret_body - text) + *ret_size <= size;
}

/* The connection is closed: the next call has a new one. */
static int renew(struct sim_client *client, uint32_t server)
{
    close(client->fd[server]);
    client->fd[server] = attach(client, server);
    return 0;
}

int sim_call(struct sim_client *client, uint32_t server, const char *method, const char *path,
             const char *body, json_t **ret)
{
    const char *content;
    size_t size = 0, content_size;
    int64_t until = sj_clock_mono_ns() + PATIENCE_NS;
    if (ret)
        *ret = NULL;
    int length = snprintf(client->text, sizeof client->text,
                          "%s %s HTTP/1.1\r\ncontent-length: %zu\r\n\r\n%s", method, path,
                          body ? strlen(body) : 0, body ? body : "");
    if (send(client->fd[server], client->text, (size_t)length, MSG_NOSIGNAL) != length)
        return renew(client, server);
    for (;;) {
        assert_true(sj_clock_mono_ns() < until);
        sim_work(client);
        ssize_t got =
            recv(client->fd[server], client->text + size, sizeof client->text - 1 - size, 0);
        if (got == 0)
            return renew(client, server);
        size += got > 0 ? (size_t)got : 0;
        client->text[size] = 0;
        if (whole(client->text, size, &content, &content_size))
            break;
    }
    if (ret)
        *ret = json_loadb(content, content_size, JSON_DECODE_ANY, NULL);
    return atoi(client->text + strlen("HTTP/1.1 "));
}

json_t *sim_post(struct sim_client *client, const char *path, const char *format, ...)
{
    char body[2048], full[256];
    json_t *answer;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(body, sizeof body, format, arguments);
    va_end(arguments);
    snprintf(full, sizeof full, "/api/v1%s", path);
    int status = sim_call(client, 0, "POST", full, body, &answer);
    if (status != 200)
        fail_msg("%s %s answered %d: %s", path, body, status, client->text);
    return answer;
}

void sim_fault(struct sim_client *client, const char *kind, const char *fields)
{
    char body[256];
    snprintf(body, sizeof body, "{\"kind\":\"%s\"%s%s}", kind, *fields ? "," : "", fields);
    assert_int_equal(sim_call(client, 0, "POST", "/admin/fault", body, NULL), 200);
}

json_t *sim_place(struct sim_client *client, const char *side, double price, int quantity)
{
    char body[512];
    json_t *trade;
    snprintf(body, sizeof body,
             "{\"contract\":{\"security_type\":\"STK\",\"exchange\":\"TSE\",\"code\":\"2330\"},"
             "\"stock_order\":{\"action\":\"%s\",\"price\":%.2f,\"quantity\":%d,"
             "\"price_type\":\"LMT\",\"order_type\":\"ROD\",\"custom_field\":\"abc\"}}",
             side, price, quantity);
    int status = sim_call(client, 0, "POST", "/api/v1/order/place_order", body, &trade);
    if (status == 200)
        return trade;
    json_decref(trade);
    return NULL;
}

void sim_stream(struct sim_client *client, uint32_t server)
{
    sim_stream_of(client, server, "/order_event");
}

void sim_stream_of(struct sim_client *client, uint32_t server, const char *channel)
{
    char request[128];
    int size =
        snprintf(request, sizeof request, "GET /api/v1/stream/data%s HTTP/1.1\r\n\r\n", channel);
    if (client->stream >= 0)
        close(client->stream);
    client->stream_size = client->stream_read = 0;
    client->stream = attach(client, server);
    assert_true(send(client->stream, request, (size_t)size, 0) > 0);
    while (client->sim->servers[server].stream_count == 0)
        sim_work(client);
}

void sim_read(struct sim_client *client)
{
    sim_work(client);
    ssize_t got = recv(client->stream, client->stream_text + client->stream_size,
                       sizeof client->stream_text - 1 - client->stream_size, 0);
    client->stream_size += got > 0 ? (size_t)got : 0;
    client->stream_text[client->stream_size] = 0;
}

/* Takes the next order event out of what came. */
static json_t *take_event(struct sim_client *client)
{
    static const char mark[] = "event: order_event\ndata: ";
    const char *from = client->stream_text + client->stream_read;
    const char *found = strstr(from, mark);
    const char *end = found ? strstr(found, "\n\n") : NULL;
    if (!end)
        return NULL;
    found += strlen(mark);
    client->stream_read = (size_t)(end - client->stream_text);
    json_t *event = json_loadb(found, (size_t)(end - found), 0, NULL);
    assert_non_null(event);
    return event;
}

json_t *sim_event(struct sim_client *client, int patience_ms)
{
    int64_t until = sj_clock_mono_ns() + patience_ms * SJ_NS_PER_MS;
    bool last = false;
    for (;;) {
        sim_read(client);
        json_t *event = take_event(client);
        if (event || last)
            return event;
        last = sj_clock_mono_ns() >= until;
    }
}

const json_t *sim_at(const json_t *json, const char *path)
{
    char part[64];
    while (json && *path) {
        size_t size = strcspn(path, ".");
        assert_true(size < sizeof part);
        memcpy(part, path, size);
        part[size] = 0;
        json = json_is_array(json) ? json_array_get(json, strtoul(part, NULL, 10))
                                   : json_object_get(json, part);
        path += size + (path[size] == '.');
    }
    return json;
}

const char *sim_text_at(const json_t *json, const char *path)
{
    const char *text = json_string_value(sim_at(json, path));
    if (!text)
        fail_msg("no text at %s", path);
    return text;
}

double sim_number_at(const json_t *json, const char *path)
{
    const json_t *number = sim_at(json, path);
    if (!json_is_number(number))
        fail_msg("no number at %s", path);
    return json_number_value(number);
}

double sim_best(struct sim_client *client, const char *side)
{
    const struct sj_brokersim *sim = client->sim;
    uint32_t stock = sj_sim_universe_find(&sim->universe, "2330");
    const struct sj_quote *quote = &sim->source->states[stock].quote;
    int64_t price = strcmp(side, "Buy") == 0 ? quote->bid_price_e6[0] : quote->ask_price_e6[0];
    assert_true(price > 0);
    return (double)price / 1e6;
}
