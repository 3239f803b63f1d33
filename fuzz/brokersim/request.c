/* Any bytes on a connection of the broker simulator: requests, bodies, half of them. */
#include "open_sim.h"

#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sj_brokersim *sim;
    static char answer[1 << 16];
    int pair[2];
    if (!sim)
        sim = open_sim();
    if (size > 65536 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0)
        return 0;
    if (conn_open(&sim->servers[0], pair[0]) < 0) {
        close(pair[0]);
        close(pair[1]);
        return 0;
    }
    ssize_t sent = send(pair[1], data, size, MSG_NOSIGNAL);
    for (int i = 0; i < 3 && sent >= 0; i++) {
        SJ_ASSERT(sj_brokersim_do_work(sim, 0) >= 0);
        while (recv(pair[1], answer, sizeof answer, 0) > 0)
            ;
    }
    close(pair[1]);
    SJ_ASSERT(sj_brokersim_do_work(sim, 0) >= 0);
    return 0;
}
