#include "watch/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_S 10
#define ADDRESS_MAX 64
#define TOKEN_MAX 256

struct sj_watch_server {
    struct MHD_Daemon *daemon;
    struct sj_watch_page pages[SJ_WATCH_PAGES_MAX];
    uint32_t page_count;
    char token[TOKEN_MAX];
};

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status,
                                   const char *type, const char *body, size_t size)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_error(struct MHD_Connection *connection, unsigned status,
                                    const char *line)
{
    return answer_text(connection, status, "text/plain", line, strlen(line));
}

/* "127.0.0.1:9464", "localhost", "[::1]:9464": a name that a web page's script cannot forge. */
static bool host_is_loopback(struct MHD_Connection *connection)
{
    const char *host =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    for (size_t i = 0; host && i < sizeof names / sizeof names[0]; i++) {
        size_t size = strlen(names[i]);
        if (!strncmp(host, names[i], size) && (host[size] == 0 || host[size] == ':'))
            return true;
    }
    return host == NULL;
}

/* In a time that does not tell how much of it was right. */
static bool token_is_right(const struct sj_watch_server *server, struct MHD_Connection *connection)
{
    static const char scheme[] = "Bearer ";
    const char *given =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    if (!*server->token || !given || strncmp(given, scheme, sizeof scheme - 1))
        return false;
    given += sizeof scheme - 1;
    size_t size = strlen(given);
    unsigned wrong = size != strlen(server->token);
    for (size_t i = 0; i < size && i < sizeof server->token; i++)
        wrong |= (unsigned char)given[i] ^ (unsigned char)server->token[i];
    return !wrong;
}

static enum MHD_Result answer_page(const struct sj_watch_server *server,
                                   struct MHD_Connection *connection,
                                   const struct sj_watch_page *page, bool is_post)
{
    struct sj_text text = {0};
    enum MHD_Result result;
    sj_rc rc = 0;
    if (is_post != (page->act != NULL))
        return answer_error(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
                            page->act ? "POST only\n" : "GET and HEAD only\n");
    if (page->act && !token_is_right(server, connection))
        return answer_error(connection, MHD_HTTP_UNAUTHORIZED,
                            "needs Authorization: Bearer and the configured token\n");
    if (page->act) {
        const char *reason =
            MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "reason");
        rc = page->act(page->context, reason ? reason : "", &text);
    } else {
        page->write(page->context, &text);
    }
    if (sj_text_failed(&text))
        result = answer_error(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
    else
        result = answer_text(connection, rc < 0 ? MHD_HTTP_INTERNAL_SERVER_ERROR : MHD_HTTP_OK,
                             page->content_type, text.bytes ? text.bytes : "", text.size);
    sj_text_done(&text);
    return result;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request)
{
    struct sj_watch_server *server = context;
    (void)version;
    (void)upload;
    (void)request;
    if (*upload_size) {
        *upload_size = 0;
        return MHD_YES;
    }
    if (!host_is_loopback(connection))
        return answer_error(connection, MHD_HTTP_FORBIDDEN,
                            "this answers to loopback names only\n");
    bool is_post = !strcmp(method, MHD_HTTP_METHOD_POST);
    if (!is_post && strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
        return answer_error(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET, HEAD and POST only\n");
    for (uint32_t i = 0; i < server->page_count; i++)
        if (!strcmp(url, server->pages[i].path))
            return answer_page(server, connection, &server->pages[i], is_post);
    return answer_error(connection, MHD_HTTP_NOT_FOUND, "no such page; try /metrics\n");
}

static sj_rc parse_address(const char *text, struct sockaddr_in *ret)
{
    char host[ADDRESS_MAX];
    const char *colon = strrchr(text, ':');
    if (!colon || (size_t)(colon - text) >= sizeof host)
        return -SJ_E_MALFORMED;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = 0;
    char *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    *ret = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (end == colon + 1 || *end || port > 65535 || inet_pton(AF_INET, host, &ret->sin_addr) != 1)
        return -SJ_E_MALFORMED;
    return ntohl(ret->sin_addr.s_addr) >> 24 == 127 ? 0 : -SJ_E_MALFORMED;
}

sj_rc sj_watch_server_start(const char *address, const struct sj_watch_page *pages,
                            uint32_t page_count, const char *token,
                            struct sj_watch_server **ret_server)
{
    struct sockaddr_in where;
    sj_rc rc = parse_address(address, &where);
    if (rc < 0)
        return rc;
    if (page_count > SJ_WATCH_PAGES_MAX || (token && strlen(token) >= TOKEN_MAX))
        return -SJ_E_LIMIT;
    struct sj_watch_server *server = calloc(1, sizeof *server);
    if (!server)
        return -ENOMEM;
    memcpy(server->pages, pages, page_count * sizeof *pages);
    server->page_count = page_count;
    if (token)
        memcpy(server->token, token, strlen(token) + 1);
    errno = 0;
    server->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL, ntohs(where.sin_port), NULL, NULL, answer,
        server, MHD_OPTION_SOCK_ADDR, &where, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)SJ_WATCH_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32768, MHD_OPTION_END);
    if (!server->daemon) {
        rc = errno ? -errno : -EADDRINUSE;
        free(server);
        return rc;
    }
    *ret_server = server;
    return 0;
}

uint16_t sj_watch_server_port(const struct sj_watch_server *server)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}

void sj_watch_server_stop(struct sj_watch_server *server)
{
    if (!server)
        return;
    MHD_stop_daemon(server->daemon);
    free(server);
}
