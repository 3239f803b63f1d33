/* The order link made and unmade: where the server is, and what is reserved. */
#include "gateway/order_link_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

/* The Unix socket of a TCP server, where there is one: quicker, and what the broker's own client
 * takes first. */
static void find_socket(const struct sj_order_link_options *options, char *ret_path, size_t size)
{
    struct stat about;
    const char *home = getenv("HOME"), *path = getenv("SJ_UDS_PATH"), *port;
    ret_path[0] = '\0';
    if (options->socket && options->socket[0]) {
        if (strcmp(options->socket, "none") != 0)
            snprintf(ret_path, size, "%s", options->socket);
        return;
    }
    if (strncmp(options->server, "http://127.0.0.1", 16) != 0 &&
        strncmp(options->server, "http://localhost", 16) != 0)
        return;
    if (path && path[0] == '/' && stat(path, &about) == 0) {
        snprintf(ret_path, size, "%s", path);
        return;
    }
    port = strrchr(options->server, ':');
    static const char *const folders[] = {".shioaji", ".shioaji/sessions"};
    for (int i = 0; home && port && i < 2; i++) {
        snprintf(ret_path, size, "%s/%s/server-%.5s.sock", home, folders[i], port + 1);
        if (stat(ret_path, &about) == 0 && S_ISSOCK(about.st_mode))
            return;
    }
    ret_path[0] = '\0';
}

static sj_rc find_server(struct sj_order_link *link, char error[SJ_ENDPOINT_ERROR_MAX])
{
    char path[256];
    find_socket(&link->options, path, sizeof path);
    link->stats.unix_socket = path[0] != '\0' || link->options.server[0] == '/';
    sj_rc rc = sj_endpoint_parse(path[0] ? path : link->options.server, &link->endpoint, error);
    if (rc < 0)
        return rc;
    snprintf(link->head.host, sizeof link->head.host, "%s", link->endpoint.host);
    if (link->token[0])
        snprintf(link->head.authorization, sizeof link->head.authorization,
                 "Authorization: Bearer %s\r\n", link->token);
    for (uint32_t i = 0; i < SJ_ACCOUNTS; i++) {
        const char *name = link->options.accounts[i] ? link->options.accounts[i] : "";
        rc = sj_account_name_parse(name, &link->head.accounts[i]);
        if (rc < 0) {
            snprintf(error, SJ_ENDPOINT_ERROR_MAX, "account '%.32s' is not BROKER-ACCOUNT", name);
            return rc;
        }
    }
    snprintf(link->stats.address, sizeof link->stats.address, "%s", link->endpoint.text);
    return 0;
}

static sj_rc reserve(struct sj_order_link *link)
{
    const struct sj_order_link_options *options = &link->options;
    link->template_count = SJ_INSTRUMENTS_MAX + 1;
    /* Touched only where instruments are traded. */
    link->templates = calloc(link->template_count, sizeof *link->templates);
    link->urgent = (struct request_ring){
        .items = calloc(options->queue_max, sizeof *link->urgent.items), .max = options->queue_max};
    link->normal = (struct request_ring){
        .items = calloc(options->queue_max, sizeof *link->normal.items), .max = options->queue_max};
    link->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (link->epoll_fd < 0)
        return -errno;
    bool whole = link->templates && link->urgent.items && link->normal.items;
    for (uint32_t i = 0; i < options->connections; i++) {
        link->conn[i].fd = -1;
        link->conn[i].body_max = CALL_IN_MAX;
        link->conn[i].body = malloc(CALL_IN_MAX);
        whole = whole && link->conn[i].body;
    }
    return whole ? sj_stream_init(&link->stream) : -ENOMEM;
}

sj_rc sj_order_link_create(const struct sj_order_link_options *options,
                           struct sj_order_link **ret_link, char error[SJ_ENDPOINT_ERROR_MAX])
{
    if (options->connections == 0 || options->connections > SJ_ORDER_CONNECTIONS_MAX ||
        options->queue_max == 0) {
        snprintf(error, SJ_ENDPOINT_ERROR_MAX, "orders.connections must be 1 to %d",
                 SJ_ORDER_CONNECTIONS_MAX);
        return -SJ_E_RANGE;
    }
    struct sj_order_link *link = calloc(1, sizeof *link);
    if (!link)
        return -ENOMEM;
    link->options = *options;
    link_heard(link, sj_clock_mono_ns());
    link->epoll_fd = link->stream.fd = -1;
    link->backoff_ns = LINK_BACKOFF_MIN_NS;
    if (options->token)
        snprintf(link->token, sizeof link->token, "%s", options->token);
    sj_rc rc = find_server(link, error);
    if (rc >= 0 && (rc = reserve(link)) < 0)
        snprintf(error, SJ_ENDPOINT_ERROR_MAX, "order link: %s", sj_rc_text(rc));
    if (rc < 0) {
        sj_order_link_close(link);
        return rc;
    }
    *ret_link = link;
    return 0;
}

void sj_order_link_close(struct sj_order_link *link)
{
    if (!link)
        return;
    sj_stream_done(&link->stream);
    for (uint32_t i = 0; i < link->options.connections; i++) {
        if (link->conn[i].state != CONN_CLOSED)
            close(link->conn[i].fd);
        free(link->conn[i].body);
    }
    if (link->epoll_fd >= 0)
        close(link->epoll_fd);
    free(link->list.body[0]);
    free(link->list.body[1]);
    free(link->urgent.items);
    free(link->normal.items);
    free(link->templates);
    free(link);
}
