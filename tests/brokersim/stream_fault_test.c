/* Faults of streams and bounds of connections: what a client sees, and that the account stays
 * exact. */
#include "sim_client.h"

#include <sys/socket.h>
#include <unistd.h>

static void small_buffer(struct sj_brokersim_options *options)
{
    options->buffer_mb = 1;
    options->heartbeat_ms = 20;
}

/* A simulator with 2330's ticks subscribed and a stream open. */
static struct sim_client *start_ticks(void)
{
    struct sim_client *client = sim_start(small_buffer);
    json_decref(sim_post(client, "/stream/subscribe",
                         "{\"security_type\":\"STK\",\"exchange\":\"TSE\",\"code\":\"2330\","
                         "\"quote_type\":\"Tick\"}"));
    sim_stream_of(client, 0, "/tick_stk");
    return client;
}

/* Lets the market make about so many events at once. */
static void make(struct sim_client *client, uint64_t events)
{
    struct sj_market_source *source = client->sim->source;
    source->rate = 10000;
    source->ops->burst(source, events);
    while (events > 0) {
        uint64_t made = source->ops->run(source, source->now_ns + SJ_NS_PER_S, events);
        events -= made < events ? made : events;
    }
    source->rate = 0;
}

/* Reads until nothing has come for a while of turns. */
static void read_all(struct sim_client *client)
{
    for (int quiet = 0; quiet < 50; quiet++) {
        size_t before = client->stream_size;
        sim_read(client);
        if (client->stream_size != before)
            quiet = 0;
        if (sizeof client->stream_text - client->stream_size < 65536)
            return;
    }
}

static struct topic_account sum(const struct sim_client *client)
{
    struct topic_account all = {0};
    for (uint32_t i = 0; i < 2 * client->sim->universe.count * TOPIC_KINDS; i++) {
        const struct topic_account *one = &client->sim->accounts[i];
        all.generated += one->generated;
        all.offered += one->offered;
        all.written += one->written;
        all.damaged += one->damaged;
        all.duplicated += one->duplicated;
        all.drop_fault += one->drop_fault;
        all.drop_slow += one->drop_slow;
        all.drop_closed += one->drop_closed;
    }
    return all;
}

/* Events (no heartbeats) that wait to be sent. */
static uint32_t pending(const struct sim_client *client)
{
    const struct server *server = &client->sim->servers[0];
    const struct connection *conn = server->stream_count ? server->streams[0] : NULL;
    uint32_t count = 0;
    for (uint32_t i = conn ? conn->entry_head : 0; conn && i != conn->entry_tail; i++)
        count += conn->entries[i & conn->entry_mask].topic < OUT_DAMAGED;
    return count;
}

static void check_account(const struct sim_client *client)
{
    struct topic_account all = sum(client);
    assert_int_equal(all.offered, all.written + all.damaged + all.drop_fault + all.drop_slow +
                                      all.drop_closed + pending(client));
}

static int count(const char *text, const char *what)
{
    int found = 0;
    for (; (text = strstr(text, what)); text += strlen(what))
        found++;
    return found;
}

static void a_stalled_stream_says_nothing_and_then_everything(void **state)
{
    (void)state;
    struct sim_client *client = start_ticks();
    read_all(client);
    size_t before = client->stream_size;
    sim_fault(client, "stall", "\"ms\":150");
    make(client, 10000);
    int64_t until = client->sim->servers[0].streams[0]->hold_until_ns;
    while (client->sim->now_ns < until) {
        sim_read(client);
        if (client->sim->now_ns < until) /* not even a heartbeat */
            assert_int_equal(client->stream_size, before);
    }
    read_all(client);
    struct topic_account all = sum(client);
    assert_true(all.generated > 10);
    assert_int_equal(all.written, all.generated);
    assert_int_equal(count(client->stream_text, "event: tick_stk"), (int)all.generated);
    assert_true(count(client->stream_text, "event: heartbeat") > 0);
    sim_end(client);
}

static void a_reordered_event_comes_behind_the_next_and_none_is_lost(void **state)
{
    (void)state;
    struct sim_client *client = start_ticks();
    sim_fault(client, "reorder", "\"count\":3");
    make(client, 10000);
    read_all(client);
    struct topic_account all = sum(client);
    assert_int_equal(all.written, all.generated);
    int falls = 0;
    long last = 0;
    for (const char *at = client->stream_text; (at = strstr(at, "\"total_volume\":"));) {
        at += strlen("\"total_volume\":");
        long total = strtol(at, NULL, 10);
        falls += total < last;
        last = total;
    }
    assert_int_equal(falls, 3);
    check_account(client);
    sim_end(client);
}

static void a_throttled_stream_sends_no_more_than_it_may(void **state)
{
    (void)state;
    struct sim_client *client = start_ticks();
    read_all(client);
    size_t before = client->stream_size;
    sim_fault(client, "slow", "\"bytes\":20000");
    int64_t from = client->sim->now_ns;
    make(client, 20000);
    while (client->sim->now_ns < from + 200 * SJ_NS_PER_MS)
        sim_read(client);
    double seconds = (double)(client->sim->now_ns - from) / 1e9;
    assert_true(pending(client) > 0);
    assert_true((double)(client->stream_size - before) <= 20000 * seconds + 1);
    check_account(client);
    sim_fault(client, "clear", "");
    read_all(client);
    assert_int_equal(pending(client), 0);
    check_account(client);
    sim_end(client);
}

static void a_reader_that_takes_nothing_loses_whole_events_and_they_are_counted(void **state)
{
    (void)state;
    struct sim_client *client = start_ticks();
    for (int i = 0; i < 400 && sum(client).drop_slow == 0; i++) {
        make(client, 2000);
        sim_work(client);
    }
    struct topic_account all = sum(client);
    assert_true(all.drop_slow > 0);
    assert_true(all.drop_slow < all.offered);
    check_account(client);
    /* What it had not taken when it goes is counted, too. */
    close(client->stream);
    client->stream = -1;
    while (client->sim->servers[0].stream_count > 0)
        sim_work(client);
    assert_true(sum(client).drop_closed > 0);
    check_account(client);
    sim_end(client);
}

static void half_an_event_ends_the_stream_and_is_no_written_one(void **state)
{
    (void)state;
    struct sim_client *client = start_ticks();
    sim_fault(client, "half", "\"count\":1");
    make(client, 10000);
    while (client->sim->servers[0].stream_count > 0)
        sim_read(client);
    sim_read(client);
    struct topic_account all = sum(client);
    assert_int_equal(all.damaged, 1);
    check_account(client);
    sim_end(client);
}

/* The connection that was opened last. */
static struct connection *youngest(struct sim_client *client)
{
    return client->sim->connections[client->sim->connection_count - 1];
}

static int open_raw(struct sim_client *client, const char *text)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    assert_true(conn_open(&client->sim->servers[0], pair[0]) >= 0);
    assert_int_equal(send(pair[1], text, strlen(text), 0), strlen(text));
    sim_work(client);
    return pair[1];
}

/* Waits until the server closes. */
static void wait_closed(struct sim_client *client, int fd)
{
    char byte;
    while (recv(fd, &byte, 1, 0) != 0)
        sim_work(client);
    close(fd);
}

static void a_request_that_does_not_end_is_closed_after_30_seconds(void **state)
{
    (void)state;
    struct sim_client *client = sim_start(NULL);
    int fd = open_raw(client, "POST /api/v1/order/trades HTTP/1.1\r\ncontent-length: 100\r\n\r\n{");
    struct connection *conn = youngest(client);
    assert_true(conn->request_ns != 0);
    /* One byte now and then keeps it busy, but does not make it a request. */
    conn->request_ns = client->sim->now_ns - REQUEST_TIMEOUT_NS + 60 * SJ_NS_PER_S;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(send(fd, " ", 1, 0), 1);
        sim_work(client);
    }
    assert_true(conn->fd >= 0);
    conn->request_ns = client->sim->now_ns - REQUEST_TIMEOUT_NS - 1;
    conn->active_ns = client->sim->now_ns;
    wait_closed(client, fd);
    sim_end(client);
}

static void a_connection_that_asks_nothing_is_closed_and_a_stream_is_not(void **state)
{
    (void)state;
    struct sim_client *client = start_ticks();
    int fd = open_raw(client, "GET /api/v1/health HTTP/1.1\r\n\r\n");
    struct connection *conn = youngest(client);
    assert_int_equal(conn->request_ns, 0);
    client->sim->servers[0].streams[0]->active_ns = client->sim->now_ns - 10 * IDLE_TIMEOUT_NS;
    conn->active_ns = client->sim->now_ns - IDLE_TIMEOUT_NS - 1;
    wait_closed(client, fd);
    assert_int_equal(client->sim->servers[0].stream_count, 1);
    sim_end(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stalled_stream_says_nothing_and_then_everything),
        cmocka_unit_test(a_reordered_event_comes_behind_the_next_and_none_is_lost),
        cmocka_unit_test(a_throttled_stream_sends_no_more_than_it_may),
        cmocka_unit_test(a_reader_that_takes_nothing_loses_whole_events_and_they_are_counted),
        cmocka_unit_test(half_an_event_ends_the_stream_and_is_no_written_one),
        cmocka_unit_test(a_request_that_does_not_end_is_closed_after_30_seconds),
        cmocka_unit_test(a_connection_that_asks_nothing_is_closed_and_a_stream_is_not),
    };
    return cmocka_run_group_tests_name("stream_faults", tests, NULL, NULL);
}
