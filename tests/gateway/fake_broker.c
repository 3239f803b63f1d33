#include "fake_broker.h"

#include "support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS_MAX 16
#define REQUEST_MAX 8192

struct client {
    int fd;             /* 0: free */
    uint32_t streaming; /* its number among the streams; 0: none */
    size_t size;
    char request[REQUEST_MAX];
};

struct fake_broker {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t opened;
    int listen_fd;
    int wake[2];
    bool stop;
    char url[64];
    struct client client[CLIENTS_MAX];
    struct fake_broker_counts counts;
    char name[32]; /* of contracts; "": "name" */
    char refused_path[64];
    int refused_status;
    char refused_body[256];
    char last_maintenance[64];
};

static void write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = send(fd, data, size, MSG_NOSIGNAL);
        if (written < 0 && errno == EAGAIN) {
            struct pollfd poller = {.fd = fd, .events = POLLOUT};
            (void)poll(&poller, 1, 1000);
            continue;
        }
        if (written <= 0)
            return;
        data += written;
        size -= (size_t)written;
    }
}

static void answer(int fd, int status, const char *body)
{
    char head[256];
    int size = snprintf(head, sizeof(head),
                        "HTTP/1.1 %d X\r\nContent-Type: application/json\r\n"
                        "Content-Length: %zu\r\n\r\n",
                        status, strlen(body));
    write_all(fd, head, (size_t)size);
    write_all(fd, body, strlen(body));
}

/* Codes: digits are stocks, IX... an index, ...R1 a continuous future, all else a future. */
static void answer_contract(const struct fake_broker *broker, int fd, const char *path)
{
    char code[32] = "";
    char body[512];
    (void)sscanf(path, "/data/contracts/%31[A-Za-z0-9]", code);
    bool stock = code[0] >= '0' && code[0] <= '9';
    bool index = strncmp(code, "IX", 2) == 0;
    bool continuous = strlen(code) > 2 && strcmp(code + strlen(code) - 2, "R1") == 0;
    if (code[0] == 'X') {
        answer(fd, 404, "{\"code\":404,\"message\":\"contract not found\",\"details\":null}");
        return;
    }
    snprintf(
        body, sizeof(body),
        "{\"dataset\":\"TW/STK\",\"security_type\":\"%s\",\"region\":\"TW\",\"exchange\":\"%s\","
        "\"code\":\"%s\",\"target_code\":%s,\"name\":\"%s\",\"reference\":600.5,"
        "\"limit_up\":660.0,\"limit_down\":540.0,\"unit\":1000.0}",
        stock   ? "STK"
        : index ? "IND"
                : "FUT",
        stock || index ? "TSE" : "TAIFEX", code, continuous ? "\"TXFL6\"" : "null",
        broker->name[0] ? broker->name : "name");
    answer(fd, 200, body);
}

static void begin_stream(struct fake_broker *broker, struct client *client)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n";
    write_all(client->fd, head, sizeof(head) - 1);
    client->streaming = ++broker->counts.streams;
    pthread_cond_broadcast(&broker->opened);
}

static void serve(struct fake_broker *broker, struct client *client)
{
    char path[256] = "";
    int fd = client->fd;
    (void)sscanf(client->request, "%*s /api/v1%255s", path);
    if (broker->refused_path[0] &&
        strncmp(path, broker->refused_path, strlen(broker->refused_path)) == 0) {
        answer(fd, broker->refused_status, broker->refused_body);
    } else if (strncmp(path, "/stream/data", 12) == 0) {
        begin_stream(broker, client);
    } else if (strcmp(path, "/stream/subscribe") == 0) {
        broker->counts.subscribes++;
        answer(fd, 200, "{\"success\":true,\"message\":\"\",\"subscription\":null}");
    } else if (strcmp(path, "/stream/unsubscribe") == 0) {
        broker->counts.unsubscribes++;
        answer(fd, 200, "{\"success\":true,\"message\":\"\",\"subscription\":null}");
    } else if (strncmp(path, "/data/contracts/", 16) == 0) {
        answer_contract(broker, fd, path);
    } else if (strcmp(path, "/health") == 0) {
        char body[256];
        snprintf(body, sizeof(body),
                 "{\"status\":\"healthy\",\"session_recovering\":false,\"last_maintenance\":%s,"
                 "\"instance_id\":\"i-1\"}",
                 broker->last_maintenance);
        answer(fd, 200, body);
    } else if (strcmp(path, "/auth/usage") == 0) {
        answer(fd, 200,
               "{\"connections\":1,\"bytes\":1,\"limit_bytes\":100,\"remaining_bytes\":99}");
    } else if (strcmp(path, "/login") == 0) {
        broker->counts.logins++;
        answer(fd, 200, "{}");
    } else {
        answer(fd, 200, "{\"version\":\"1.7.9\",\"simulation\":true}");
    }
}

static void hang_up(struct client *client)
{
    close(client->fd);
    memset(client, 0, sizeof(*client));
}

/* Reads what there is; serves a request once its head and body are whole. */
static void readable(struct fake_broker *broker, struct client *client)
{
    ssize_t size = recv(client->fd, client->request + client->size, REQUEST_MAX - 1 - client->size,
                        MSG_DONTWAIT);
    if (size <= 0) {
        if (size == 0 || (errno != EAGAIN && errno != EINTR))
            hang_up(client);
        return;
    }
    client->size += (size_t)size;
    client->request[client->size] = '\0';
    const char *end = strstr(client->request, "\r\n\r\n");
    const char *length = strcasestr(client->request, "content-length:");
    if (!end)
        return;
    size_t whole = (size_t)(end - client->request) + 4;
    if (length && length < end)
        whole += strtoul(length + 15, NULL, 10);
    if (client->size < whole)
        return;
    serve(broker, client);
    client->size = 0;
}

static void accept_one(struct fake_broker *broker)
{
    int fd = accept4(broker->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    for (uint32_t i = 0; fd >= 0 && i < CLIENTS_MAX; i++) {
        if (broker->client[i].fd != 0)
            continue;
        broker->client[i].fd = fd;
        return;
    }
    if (fd >= 0)
        close(fd);
}

static void *broker_main(void *context)
{
    struct fake_broker *broker = context;
    for (;;) {
        struct pollfd poller[CLIENTS_MAX + 2] = {{.fd = broker->listen_fd, .events = POLLIN},
                                                 {.fd = broker->wake[0], .events = POLLIN}};
        pthread_mutex_lock(&broker->lock);
        bool stop = broker->stop;
        for (uint32_t i = 0; i < CLIENTS_MAX; i++)
            poller[i + 2] = (struct pollfd){.fd = broker->client[i].fd ? broker->client[i].fd : -1,
                                            .events = POLLIN};
        pthread_mutex_unlock(&broker->lock);
        if (stop)
            return NULL;
        (void)poll(poller, CLIENTS_MAX + 2, -1);
        pthread_mutex_lock(&broker->lock);
        if (poller[1].revents) {
            char byte;
            (void)!read(broker->wake[0], &byte, 1);
        }
        if (poller[0].revents)
            accept_one(broker);
        for (uint32_t i = 0; i < CLIENTS_MAX; i++)
            if (poller[i + 2].revents && broker->client[i].fd == poller[i + 2].fd)
                readable(broker, &broker->client[i]);
        pthread_mutex_unlock(&broker->lock);
    }
}

struct fake_broker *fake_broker_start(void)
{
    struct fake_broker *broker = calloc(1, sizeof(*broker));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    snprintf(broker->last_maintenance, sizeof(broker->last_maintenance), "null");
    pthread_mutex_init(&broker->lock, NULL);
    pthread_cond_init(&broker->opened, NULL);
    broker->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (pipe(broker->wake) != 0 ||
        bind(broker->listen_fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(broker->listen_fd, CLIENTS_MAX) != 0 ||
        getsockname(broker->listen_fd, (struct sockaddr *)&address, &size) != 0)
        abort();
    snprintf(broker->url, sizeof(broker->url), "http://127.0.0.1:%u", ntohs(address.sin_port));
    if (pthread_create(&broker->thread, NULL, broker_main, broker) != 0)
        abort();
    return broker;
}

static void wake(struct fake_broker *broker)
{
    (void)!write(broker->wake[1], "w", 1);
}

void fake_broker_stop(struct fake_broker *broker)
{
    pthread_mutex_lock(&broker->lock);
    broker->stop = true;
    pthread_mutex_unlock(&broker->lock);
    wake(broker);
    pthread_join(broker->thread, NULL);
    for (uint32_t i = 0; i < CLIENTS_MAX; i++)
        if (broker->client[i].fd)
            close(broker->client[i].fd);
    close(broker->listen_fd);
    close(broker->wake[0]);
    close(broker->wake[1]);
    free(broker);
}

const char *fake_broker_url(const struct fake_broker *broker)
{
    return broker->url;
}

/* The youngest: an older one may be closed already without this side having noticed. */
static struct client *open_stream(struct fake_broker *broker)
{
    for (;;) {
        struct client *youngest = NULL;
        for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
            struct client *client = &broker->client[i];
            if (client->streaming && (!youngest || client->streaming > youngest->streaming))
                youngest = client;
        }
        if (youngest)
            return youngest;
        pthread_cond_wait(&broker->opened, &broker->lock);
    }
}

void fake_broker_send(struct fake_broker *broker, const char *data, size_t size, size_t chunk_size,
                      size_t piece_size)
{
    pthread_mutex_lock(&broker->lock);
    int fd = open_stream(broker)->fd;
    char *wire = malloc(size * 20 + 64);
    size_t wire_size = 0;
    for (size_t at = 0; at < size;) {
        size_t part = size - at < chunk_size ? size - at : chunk_size;
        wire_size += (size_t)sprintf(wire + wire_size, "%zx\r\n", part);
        memcpy(wire + wire_size, data + at, part);
        memcpy(wire + wire_size + part, "\r\n", 2);
        wire_size += part + 2;
        at += part;
    }
    for (size_t at = 0; at < wire_size; at += piece_size)
        write_all(fd, wire + at, wire_size - at < piece_size ? wire_size - at : piece_size);
    free(wire);
    pthread_mutex_unlock(&broker->lock);
}

void fake_broker_beat(struct fake_broker *broker)
{
    static const char beat[] = "2d\r\nevent: heartbeat\ndata: {\"type\":\"heartbeat\"}\n\n\r\n";
    pthread_mutex_lock(&broker->lock);
    for (uint32_t i = 0; i < CLIENTS_MAX; i++)
        if (broker->client[i].fd && broker->client[i].streaming)
            write_all(broker->client[i].fd, beat, sizeof(beat) - 1);
    pthread_mutex_unlock(&broker->lock);
}

void fake_broker_end_stream(struct fake_broker *broker, bool in_order)
{
    pthread_mutex_lock(&broker->lock);
    struct client *client = open_stream(broker);
    if (in_order)
        write_all(client->fd, "0\r\n\r\n", 5);
    hang_up(client);
    pthread_mutex_unlock(&broker->lock);
    wake(broker);
}

void fake_broker_refuse(struct fake_broker *broker, const char *path, int status, const char *body)
{
    pthread_mutex_lock(&broker->lock);
    snprintf(broker->refused_path, sizeof(broker->refused_path), "%s", path ? path : "");
    broker->refused_status = status;
    snprintf(broker->refused_body, sizeof(broker->refused_body), "%s", body ? body : "");
    pthread_mutex_unlock(&broker->lock);
}

void fake_broker_rename(struct fake_broker *broker, const char *name)
{
    pthread_mutex_lock(&broker->lock);
    snprintf(broker->name, sizeof(broker->name), "%s", name);
    pthread_mutex_unlock(&broker->lock);
}

void fake_broker_maintain(struct fake_broker *broker, const char *last_maintenance)
{
    pthread_mutex_lock(&broker->lock);
    snprintf(broker->last_maintenance, sizeof(broker->last_maintenance), "\"%s\"",
             last_maintenance);
    pthread_mutex_unlock(&broker->lock);
}

struct fake_broker_counts fake_broker_counts(struct fake_broker *broker)
{
    pthread_mutex_lock(&broker->lock);
    struct fake_broker_counts counts = broker->counts;
    pthread_mutex_unlock(&broker->lock);
    return counts;
}
