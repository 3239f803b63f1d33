#include "gateway/endpoint.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

static sj_rc parse_unix(const char *path, struct sj_endpoint *endpoint,
                        char error[SJ_ENDPOINT_ERROR_MAX])
{
    struct sockaddr_un *address = (struct sockaddr_un *)&endpoint->address;
    if (strlen(path) >= sizeof(address->sun_path)) {
        snprintf(error, SJ_ENDPOINT_ERROR_MAX,
                 "broker socket path '%.120s' is longer than %zu bytes: use a shorter one", path,
                 sizeof(address->sun_path) - 1);
        return -SJ_E_MALFORMED;
    }
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, strlen(path) + 1);
    endpoint->address_size = sizeof(*address);
    snprintf(endpoint->host, sizeof(endpoint->host), "localhost");
    return 0;
}

static sj_rc resolve(const char *host, const char *port, struct sj_endpoint *endpoint,
                     char error[SJ_ENDPOINT_ERROR_MAX])
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int code = getaddrinfo(host, port, &hints, &found);
    if (code != 0 || !found) {
        snprintf(error, SJ_ENDPOINT_ERROR_MAX, "broker address '%.120s': %s", endpoint->text,
                 gai_strerror(code));
        return -SJ_E_MALFORMED;
    }
    memcpy(&endpoint->address, found->ai_addr, found->ai_addrlen);
    endpoint->address_size = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

/* "HOST", "HOST:PORT", "[V6]:PORT" */
static sj_rc parse_http(const char *authority, struct sj_endpoint *endpoint,
                        char error[SJ_ENDPOINT_ERROR_MAX])
{
    char host[sizeof(endpoint->host)];
    size_t size = strcspn(authority, "/");
    const char *tail = authority + size;
    if (size == 0 || size >= sizeof(host) || (tail[0] == '/' && tail[1] != '\0')) {
        snprintf(error, SJ_ENDPOINT_ERROR_MAX,
                 "broker address '%.120s' is not http://HOST:PORT: leave the path out",
                 endpoint->text);
        return -SJ_E_MALFORMED;
    }
    memcpy(host, authority, size);
    host[size] = '\0';
    memcpy(endpoint->host, host, size + 1);
    char *name = host;
    char *port = strrchr(host, ':');
    char *bracket = strchr(host, ']');
    if (port && (!bracket || port > bracket))
        *port++ = '\0';
    else
        port = NULL;
    if (host[0] == '[' && bracket) {
        *bracket = '\0';
        name = host + 1;
    }
    const char *number = port ? port : "80";
    if (strspn(number, "0123456789") != strlen(number) || atoi(number) < 1 ||
        atoi(number) > 65535) {
        snprintf(error, SJ_ENDPOINT_ERROR_MAX,
                 "broker address '%.120s': the port is a number from 1 to 65535", endpoint->text);
        return -SJ_E_MALFORMED;
    }
    return resolve(name, number, endpoint, error);
}

sj_rc sj_endpoint_parse(const char *text, struct sj_endpoint *ret_endpoint,
                        char error[SJ_ENDPOINT_ERROR_MAX])
{
    struct sj_endpoint endpoint = {0};
    if (strlen(text) >= sizeof(endpoint.text)) {
        snprintf(error, SJ_ENDPOINT_ERROR_MAX, "a broker address is at most %zu bytes long",
                 sizeof(endpoint.text) - 1);
        return -SJ_E_MALFORMED;
    }
    memcpy(endpoint.text, text, strlen(text) + 1);
    sj_rc rc;
    if (strncmp(text, "unix:", 5) == 0) {
        const char *path = text + 5;
        rc = parse_unix(strncmp(path, "//", 2) == 0 ? path + 2 : path, &endpoint, error);
    } else if (text[0] == '/') {
        rc = parse_unix(text, &endpoint, error);
    } else if (strncmp(text, "http://", 7) == 0) {
        rc = parse_http(text + 7, &endpoint, error);
    } else {
        snprintf(error, SJ_ENDPOINT_ERROR_MAX,
                 "broker address '%.120s': write http://HOST:PORT or the path of a Unix socket%s",
                 text, strncmp(text, "https:", 6) == 0 ? " (the broker's server has no TLS)" : "");
        rc = -SJ_E_MALFORMED;
    }
    if (rc >= 0)
        *ret_endpoint = endpoint;
    return rc;
}

sj_rc sj_endpoint_connect(const struct sj_endpoint *endpoint, int *ret_fd)
{
    int family = endpoint->address.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (family != AF_UNIX) {
        int one = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    }
    if (connect(fd, (const struct sockaddr *)&endpoint->address, endpoint->address_size) != 0 &&
        errno != EINPROGRESS) {
        sj_rc rc = -errno;
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return 0;
}

sj_rc sj_endpoint_connected(int fd)
{
    struct pollfd poller = {.fd = fd, .events = POLLOUT};
    int ready = poll(&poller, 1, 0);
    if (ready < 0)
        return errno == EINTR ? 0 : -errno;
    if (ready == 0)
        return 0;
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return -errno;
    return error ? -error : 1;
}
