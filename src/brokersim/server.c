/* One broker server's life: listening, accepting, logging in, restarting, closing. */
#include "brokersim/server.h"
#include "base/clock.h"
#include "brokersim/desk.h"
#include "brokersim/fault.h"
#include "brokersim/quota.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LOGINS_USED_UP "Too Many Logins: the day's logins are used up"

static void accept_all(struct server *server, int listen_fd)
{
    for (int i = 0; i < 64; i++) {
        int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        if (server->sim->now_ns < server->down_until_ns || conn_open(server, fd) < 0)
            close(fd);
    }
}

void server_accept(struct server *server)
{
    accept_all(server, server->listen_fd);
    if (server->unix_fd >= 0)
        accept_all(server, server->unix_fd);
}

static sj_rc watch_listener(struct sj_brokersim *sim, int fd, struct server *server)
{
    /* Bit 0 of the pointer tells listeners from connections. */
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)(uintptr_t)server | 1};
    if (listen(fd, 128) < 0 || epoll_ctl(sim->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        return -errno;
    return 0;
}

static sj_rc listen_tcp(struct server *server, char *error)
{
    const struct sj_brokersim_options *options = &server->sim->options;
    uint32_t port = options->port == 0 ? 0 : options->port + server->index;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof address;
    if (inet_pton(AF_INET, options->bind_address, &address.sin_addr) != 1) {
        snprintf(error, SJ_SIM_MESSAGE_MAX, "`%.60s` is not an IPv4 address",
                 options->bind_address);
        return -SJ_E_MALFORMED;
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    server->listen_fd = fd;
    sj_rc rc = fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
    if (rc >= 0)
        rc = watch_listener(server->sim, fd, server);
    if (rc < 0) {
        snprintf(error, SJ_SIM_MESSAGE_MAX, "listening on %s:%u: %s", options->bind_address, port,
                 sj_rc_text(rc));
        return rc;
    }
    getsockname(fd, (struct sockaddr *)&address, &size);
    server->port = ntohs(address.sin_port);
    return 0;
}

/* A socket file that nobody answers on is stale and taken over; a live one is left alone. */
static sj_rc clear_stale(const struct sockaddr_un *address)
{
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return -errno;
    bool alive = connect(probe, (const struct sockaddr *)address, sizeof *address) == 0;
    close(probe);
    if (alive)
        return -EADDRINUSE;
    struct stat status;
    if (lstat(address->sun_path, &status) == 0 && S_ISSOCK(status.st_mode))
        unlink(address->sun_path);
    return 0;
}

static sj_rc listen_unix(struct server *server, char *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int size = snprintf(address.sun_path, sizeof address.sun_path, "%s/server-%u.sock",
                        server->sim->options.socket_dir, server->port);
    sj_rc rc = size >= (int)sizeof address.sun_path ? -ENAMETOOLONG : clear_stale(&address);
    if (rc >= 0) {
        server->unix_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        mode_t mask = umask(0177);
        if (server->unix_fd < 0 ||
            bind(server->unix_fd, (struct sockaddr *)&address, sizeof address) < 0)
            rc = -errno;
        umask(mask);
    }
    if (rc >= 0)
        rc = watch_listener(server->sim, server->unix_fd, server);
    if (rc < 0)
        snprintf(error, SJ_SIM_MESSAGE_MAX, "listening on %.150s: %s", address.sun_path,
                 sj_rc_text(rc));
    else
        memcpy(server->unix_path, address.sun_path, sizeof server->unix_path);
    return rc;
}

sj_rc server_open(struct sj_brokersim *sim, uint32_t index, char *error)
{
    struct server *server = &sim->servers[index];
    const struct sj_brokersim_options *options = &sim->options;
    *server = (struct server){.sim = sim, .index = index, .listen_fd = -1, .unix_fd = -1};
    sj_rc rc = fault_init(server, options->seed + index);
    if (rc >= 0)
        rc = quota_init(&server->quota);
    if (rc < 0)
        return rc;
    server->login_ns = sim->utc_ns;
    if (options->login_max != 0 && index >= options->login_max)
        server->locked_out = "Too Many Connections: at most 5 connections a person";
    else if (!quota_login(server))
        server->locked_out = LOGINS_USED_UP;
    rc = listen_tcp(server, error);
    if (rc >= 0 && options->socket_dir)
        rc = listen_unix(server, error);
    return rc;
}

sj_rc server_write_ports(const struct sj_brokersim *sim, char *error)
{
    char path[4096];
    if (!sim->options.port_file)
        return 0;
    /* Renamed into place, so a reader never sees half a file. */
    snprintf(path, sizeof path, "%.4000s.%d", sim->options.port_file, (int)getpid());
    FILE *file = fopen(path, "we");
    bool written = file != NULL;
    for (uint32_t i = 0; file && i < sim->server_count; i++)
        written &= fprintf(file, "%u\n", sim->servers[i].port) > 0;
    if (file)
        written &= fclose(file) == 0;
    if (written && rename(path, sim->options.port_file) == 0)
        return 0;
    int code = errno;
    snprintf(error, SJ_SIM_MESSAGE_MAX, "writing %.150s: %s", sim->options.port_file,
             strerror(code));
    return -code;
}

void server_close(struct server *server)
{
    if (server->listen_fd >= 0)
        close(server->listen_fd);
    if (server->unix_fd >= 0)
        close(server->unix_fd);
    if (server->unix_path[0])
        unlink(server->unix_path);
    fault_done(server);
    quota_done(&server->quota);
}

bool server_login(struct server *server)
{
    if (!quota_login(server))
        return false;
    server_drop_subscriptions(server);
    desk_forget(server);
    server->trade_accounts = 0;
    server->login_ns = server->sim->utc_ns;
    while (server->stream_count > 0)
        conn_close(server->streams[0]);
    return true;
}

/* The program of this server ends and starts anew: what it knew is gone, what the exchange knows
 * is not. */
static void restart(struct server *server)
{
    struct sj_brokersim *sim = server->sim;
    server->restarts = false;
    server->down_until_ns = sim->now_ns + server->restart_ms * SJ_NS_PER_MS;
    fault_disarm(server, FAULT_DEAD);
    if (!server_login(server))
        server->locked_out = LOGINS_USED_UP;
    for (uint32_t i = 0; i < sim->connection_count; i++)
        if (sim->connections[i]->server == server)
            conn_close(sim->connections[i]);
}

void server_restarts(struct sj_brokersim *sim)
{
    for (uint32_t i = 0; i < sim->server_count; i++)
        if (sim->servers[i].restarts)
            restart(&sim->servers[i]);
}
