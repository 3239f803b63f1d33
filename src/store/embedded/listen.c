#include "store/embedded/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 128

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static sj_rc parse(const char *text, uint16_t port, union address *ret, socklen_t *ret_size)
{
    memset(ret, 0, sizeof(*ret));
    if (inet_pton(AF_INET, text, &ret->v4.sin_addr) == 1) {
        ret->v4.sin_family = AF_INET;
        ret->v4.sin_port = htons(port);
        *ret_size = sizeof(ret->v4);
        return 0;
    }
    if (inet_pton(AF_INET6, text, &ret->v6.sin6_addr) == 1) {
        ret->v6.sin6_family = AF_INET6;
        ret->v6.sin6_port = htons(port);
        *ret_size = sizeof(ret->v6);
        return 0;
    }
    return -EINVAL;
}

sj_rc sj_emb_listen_is_local(const char *address)
{
    union address parsed;
    socklen_t size;
    sj_rc rc = parse(address, 0, &parsed, &size);
    if (rc < 0)
        return rc;
    if (parsed.any.sa_family == AF_INET)
        return ntohl(parsed.v4.sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&parsed.v6.sin6_addr) != 0;
}

static sj_rc bind_and_listen(int fd, const union address *address, socklen_t size)
{
    int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (address->any.sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    if (bind(fd, &address->any, size) != 0 || listen(fd, BACKLOG) != 0)
        return -errno;
    return 0;
}

sj_rc sj_emb_listen(const char *address, uint16_t port, uint16_t *ret_port, char *error,
                    size_t error_size)
{
    union address parsed;
    socklen_t size = 0;
    sj_rc rc = parse(address, port, &parsed, &size);
    if (rc < 0) {
        snprintf(error, error_size, "'%.60s' is no numeric address: use 127.0.0.1 or ::1", address);
        return rc;
    }
    int fd = socket(parsed.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    rc = fd < 0 ? -errno : bind_and_listen(fd, &parsed, size);
    if (rc >= 0 && getsockname(fd, &parsed.any, &size) != 0)
        rc = -errno;
    if (rc < 0) {
        snprintf(error, error_size, "cannot listen on %.60s port %u: %s", address, port,
                 strerror(-rc));
        if (fd >= 0)
            close(fd);
        return rc;
    }
    *ret_port = ntohs(parsed.any.sa_family == AF_INET ? parsed.v4.sin_port : parsed.v6.sin6_port);
    return fd;
}
