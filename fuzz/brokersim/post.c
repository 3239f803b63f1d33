/* Bodies of POST calls: the first byte picks the path, what follows is the body; another 0xff byte
 * begins the next call. Whatever they say, orders and money stay consistent. */
#include "open_sim.h"

#include "brokersim/ledger.h"
#include "brokersim/route.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CALLS_MAX 16
#define ORDERS_BEFORE_RESTART 20000

/* Filled, cancelled and resting make the order; the deals make the positions. */
static void check(struct sj_brokersim *sim)
{
    const struct order_desk *desk = sim->desk;
    for (uint32_t i = 0; i < desk->order_count; i++) {
        const struct user_order *order = &desk->orders[i];
        uint32_t left = sim->source->ops->left(sim->source, order->exchange_id);
        if (order->arrived)
            SJ_ASSERT(order->quantity == order->filled + order->cancelled + left);
        SJ_ASSERT(order->listed == (left > 0));
    }
    for (int a = 0; a < ACCOUNTS; a++)
        for (uint32_t i = 0; i < sim->universe.count; i++) {
            const struct position *position = ledger_position(sim, &ACCOUNT_LIST[a], i);
            SJ_ASSERT(position->quantity == position->bought - position->sold);
            SJ_ASSERT(position->cost_e6 >= 0 &&
                      (position->quantity != 0 || position->cost_e6 == 0));
        }
}

static void call(struct sj_brokersim *sim, int fd, const struct route *route, const uint8_t *body,
                 size_t size)
{
    static char answer[1 << 16];
    char head[256];
    int length = snprintf(head, sizeof head, "POST %s%s HTTP/1.1\r\ncontent-length: %zu\r\n\r\n",
                          ROUTE_PREFIX, route->path, size);
    if (send(fd, head, (size_t)length, MSG_NOSIGNAL) != length ||
        (size > 0 && send(fd, body, size, MSG_NOSIGNAL) != (ssize_t)size))
        return;
    for (int i = 0; i < 2; i++) {
        SJ_ASSERT(sj_brokersim_do_work(sim, 0) >= 0);
        while (recv(fd, answer, sizeof answer, 0) > 0)
            ;
    }
}

static void run(struct sj_brokersim *sim, int fd, const uint8_t *data, size_t size)
{
    const struct route *posts[64];
    uint32_t count = 0;
    for (uint32_t i = 0; i < ROUTE_COUNT && count < 64; i++)
        if (ROUTES[i].method == HTTP_POST)
            posts[count++] = &ROUTES[i];
    for (int n = 0; n < CALLS_MAX && size > 0; n++) {
        const uint8_t *end = memchr(data + 1, 0xff, size - 1);
        size_t body = end ? (size_t)(end - data) - 1 : size - 1;
        call(sim, fd, posts[data[0] % count], data + 1, body);
        size -= body + 1;
        data += body + 1;
        if (size > 0) { /* the mark */
            size--;
            data++;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sj_brokersim *sim;
    int pair[2];
    if (sim && sim->desk->order_count > ORDERS_BEFORE_RESTART) {
        sj_brokersim_close(sim);
        sim = NULL;
    }
    if (!sim)
        sim = open_sim();
    if (size > 32768 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0)
        return 0;
    if (conn_open(&sim->servers[0], pair[0]) < 0) {
        close(pair[0]);
        close(pair[1]);
        return 0;
    }
    run(sim, pair[1], data, size);
    close(pair[1]);
    SJ_ASSERT(sj_brokersim_do_work(sim, 0) >= 0);
    check(sim);
    return 0;
}
