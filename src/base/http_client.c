#include "base/http_client.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/assert.h"
#include "base/clock.h"

#define OPTION_SIZE 512

enum slot_state {
    SLOT_FREE,
    SLOT_RUNNING,
    SLOT_DONE,
    SLOT_TAKEN,
};

/* Grows up to `max` and is kept for the slot's next request. */
struct text {
    char *bytes;
    size_t size, capacity, max;
};

struct slot {
    CURL *easy;
    enum slot_state state;
    struct curl_slist *headers;
    struct text body, header_text;
    sj_http_on_data *on_data;
    void *context;
    bool too_large;
    int64_t began_ns, took_ns;
    CURLcode result;
    char error[CURL_ERROR_SIZE];
};

struct sj_http_client {
    CURLM *multi;
    struct sj_http_options options;
    char unix_socket[OPTION_SIZE], user[OPTION_SIZE], password[OPTION_SIZE], sigv4[OPTION_SIZE],
        encoding[OPTION_SIZE];
    uint32_t slot_count;
    struct slot slots[SJ_HTTP_SLOT_MAX];
    uint32_t performed_slot; /* of the last perform, to be released by the next; or slot_count */
};

static pthread_once_t global_once = PTHREAD_ONCE_INIT;

static void global_init(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool append(struct text *text, const void *bytes, size_t size)
{
    if (size > text->max - text->size)
        return false;
    size_t wanted = text->size + size + 1;
    if (wanted > text->capacity) {
        size_t capacity = text->capacity ? text->capacity : 1024;
        while (capacity < wanted)
            capacity *= 2;
        char *grown = realloc(text->bytes, capacity);
        if (!grown)
            return false;
        text->bytes = grown;
        text->capacity = capacity;
    }
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
    return true;
}

static size_t on_body(char *bytes, size_t item, size_t count, void *context)
{
    struct slot *slot = context;
    size_t size = item * count;
    bool good = slot->on_data ? slot->on_data(slot->context, bytes, size) >= 0
                              : append(&slot->body, bytes, size);
    slot->too_large = !good;
    return good ? size : 0;
}

static size_t on_header(char *bytes, size_t item, size_t count, void *context)
{
    struct slot *slot = context;
    size_t size = item * count;
    /* A new status line (after "100 Continue") begins anew. */
    if (size > 5 && memcmp(bytes, "HTTP/", 5) == 0)
        slot->header_text.size = 0;
    slot->too_large = !append(&slot->header_text, bytes, size);
    return slot->too_large ? 0 : size;
}

/* A NULL option stays NULL, others are kept by us: the caller's text may go away. */
static const char *keep(const char *text, char *copy)
{
    if (!text)
        return NULL;
    snprintf(copy, OPTION_SIZE, "%s", text);
    return copy;
}

static void take_options(struct sj_http_client *client, const struct sj_http_options *options)
{
    struct sj_http_options *own = &client->options;
    if (options)
        *own = *options;
    own->slot_count = own->slot_count ? own->slot_count : 1;
    SJ_ASSERT(own->slot_count <= SJ_HTTP_SLOT_MAX);
    own->connect_timeout_ms = own->connect_timeout_ms ? own->connect_timeout_ms : 2000;
    own->timeout_ms = own->timeout_ms ? own->timeout_ms : 10000;
    own->response_size_max = own->response_size_max ? own->response_size_max : 16u << 20;
    own->unix_socket = keep(own->unix_socket, client->unix_socket);
    own->user = keep(own->user, client->user);
    own->password = keep(own->password, client->password);
    own->aws_sigv4 = keep(own->aws_sigv4, client->sigv4);
    own->accept_encoding = keep(own->accept_encoding, client->encoding);
    client->slot_count = own->slot_count;
    client->performed_slot = own->slot_count;
}

sj_rc sj_http_create(const struct sj_http_options *options, struct sj_http_client **ret_client)
{
    pthread_once(&global_once, global_init);
    struct sj_http_client *client = calloc(1, sizeof *client);
    if (!client)
        return -ENOMEM;
    take_options(client, options);
    client->multi = curl_multi_init();
    bool good = client->multi != NULL;
    for (uint32_t i = 0; good && i < client->slot_count; i++) {
        client->slots[i].easy = curl_easy_init();
        client->slots[i].body.max = client->options.response_size_max;
        client->slots[i].header_text.max = SJ_HTTP_HEADERS_SIZE_MAX;
        good = client->slots[i].easy != NULL;
    }
    if (!good) {
        sj_http_close(client);
        return -ENOMEM;
    }
    *ret_client = client;
    return 0;
}

void sj_http_close(struct sj_http_client *client)
{
    if (!client)
        return;
    for (uint32_t i = 0; i < client->slot_count; i++) {
        struct slot *slot = &client->slots[i];
        if (slot->state == SLOT_RUNNING)
            curl_multi_remove_handle(client->multi, slot->easy);
        if (slot->easy)
            curl_easy_cleanup(slot->easy);
        curl_slist_free_all(slot->headers);
        free(slot->body.bytes);
        free(slot->header_text.bytes);
    }
    if (client->multi)
        curl_multi_cleanup(client->multi);
    explicit_bzero(client->password, sizeof client->password);
    free(client);
}

static void set_connection(const struct sj_http_client *client, struct slot *slot)
{
    const struct sj_http_options *options = &client->options;
    CURL *easy = slot->easy;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    if (!options->use_proxy)
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (options->unix_socket)
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, options->unix_socket);
    if (options->user)
        curl_easy_setopt(easy, CURLOPT_USERNAME, options->user);
    if (options->password)
        curl_easy_setopt(easy, CURLOPT_PASSWORD, options->password);
    if (options->aws_sigv4)
        curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, options->aws_sigv4);
    if (options->accept_encoding)
        curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, options->accept_encoding);
}

static void set_callbacks(struct slot *slot)
{
    CURL *easy = slot->easy;
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->error);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
}

static bool add_header(struct slot *slot, const char *header)
{
    struct curl_slist *longer = curl_slist_append(slot->headers, header);
    if (longer)
        slot->headers = longer;
    return longer != NULL;
}

static bool set_headers(struct slot *slot, const struct sj_http_request *request)
{
    /* Without this, curl waits a second for "100 Continue" before a large body. */
    bool good = add_header(slot, "Expect:");
    for (uint32_t i = 0; good && i < request->header_count; i++)
        good = add_header(slot, request->headers[i]);
    curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, slot->headers);
    return good;
}

static bool set_request(const struct sj_http_client *client, struct slot *slot,
                        const struct sj_http_request *request)
{
    CURL *easy = slot->easy;
    int64_t timeout_ms = request->timeout_ms ? request->timeout_ms : client->options.timeout_ms;
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    bool has_body = request->body != NULL;
    if (has_body) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
    }
    if (request->method && strcmp(request->method, "HEAD") == 0)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else if (request->method && strcmp(request->method, has_body ? "POST" : "GET") != 0)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    return set_headers(slot, request);
}

static struct slot *free_slot(struct sj_http_client *client)
{
    for (uint32_t i = 0; i < client->slot_count; i++)
        if (client->slots[i].state == SLOT_FREE)
            return &client->slots[i];
    return NULL;
}

static void free_request(struct slot *slot)
{
    curl_slist_free_all(slot->headers);
    slot->headers = NULL;
    slot->state = SLOT_FREE;
}

sj_rc sj_http_start(struct sj_http_client *client, const struct sj_http_request *request)
{
    struct slot *slot = free_slot(client);
    if (!slot)
        return -SJ_E_BUSY;
    /* Keeps the connection, forgets the last request's options. */
    curl_easy_reset(slot->easy);
    slot->body.size = slot->header_text.size = 0;
    slot->error[0] = '\0';
    slot->on_data = request->on_data;
    slot->context = request->context;
    slot->too_large = false;
    set_connection(client, slot);
    set_callbacks(slot);
    if (!set_request(client, slot, request) || !append(&slot->body, "", 0) ||
        !append(&slot->header_text, "", 0) ||
        curl_multi_add_handle(client->multi, slot->easy) != CURLM_OK) {
        free_request(slot);
        return -ENOMEM;
    }
    slot->state = SLOT_RUNNING;
    slot->began_ns = sj_clock_mono_ns();
    return 0;
}

static void collect_finished(struct sj_http_client *client)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(client->multi, &left));) {
        struct slot *slot;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURL *easy = message->easy_handle;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&slot);
        slot->result = message->data.result;
        slot->took_ns = sj_clock_mono_ns() - slot->began_ns;
        slot->state = SLOT_DONE;
        curl_multi_remove_handle(client->multi, easy);
    }
}

sj_rc sj_http_poll(struct sj_http_client *client, int wait_ms)
{
    int running = 0;
    curl_multi_perform(client->multi, &running);
    collect_finished(client);
    if (wait_ms > 0 && running > 0) {
        curl_multi_poll(client->multi, NULL, 0, wait_ms, NULL);
        curl_multi_perform(client->multi, &running);
        collect_finished(client);
    }
    return running;
}

static sj_rc rc_of(const struct slot *slot)
{
    switch (slot->result) {
    case CURLE_OK:
        return 0;
    case CURLE_COULDNT_CONNECT:
        return -ECONNREFUSED;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return -EHOSTUNREACH;
    case CURLE_OPERATION_TIMEDOUT:
        return -SJ_E_TIMEOUT;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return -SJ_E_MALFORMED;
    case CURLE_WRITE_ERROR:
        return slot->too_large ? -SJ_E_LIMIT : -EIO;
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        return -SJ_E_CLOSED;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
        return -SJ_E_REFUSED;
    case CURLE_OUT_OF_MEMORY:
        return -ENOMEM;
    default:
        return -EIO;
    }
}

bool sj_http_take(struct sj_http_client *client, struct sj_http_response *ret_response)
{
    for (uint32_t i = 0; i < client->slot_count; i++) {
        struct slot *slot = &client->slots[i];
        if (slot->state != SLOT_DONE)
            continue;
        long status = 0;
        curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
        *ret_response = (struct sj_http_response){
            .rc = rc_of(slot),
            .status = (int32_t)status,
            .body = slot->body.bytes,
            .body_size = slot->body.size,
            .headers = slot->header_text.bytes,
            .took_ns = slot->took_ns,
            .context = slot->context,
            .slot = i,
        };
        if (ret_response->rc < 0)
            snprintf(ret_response->error, sizeof ret_response->error, "%.*s",
                     SJ_HTTP_ERROR_SIZE - 1,
                     slot->error[0] ? slot->error : curl_easy_strerror(slot->result));
        slot->state = SLOT_TAKEN;
        return true;
    }
    return false;
}

void sj_http_release(struct sj_http_client *client, const struct sj_http_response *response)
{
    struct slot *slot = &client->slots[response->slot];
    SJ_ASSERT(slot->state == SLOT_TAKEN);
    free_request(slot);
}

sj_rc sj_http_perform(struct sj_http_client *client, const struct sj_http_request *request,
                      struct sj_http_response *ret_response)
{
    if (client->performed_slot < client->slot_count)
        free_request(&client->slots[client->performed_slot]);
    client->performed_slot = client->slot_count;
    for (uint32_t i = 0; i < client->slot_count; i++)
        SJ_ASSERT(client->slots[i].state != SLOT_RUNNING && client->slots[i].state != SLOT_DONE);
    sj_rc rc = sj_http_start(client, request);
    if (rc < 0)
        return rc;
    while (!sj_http_take(client, ret_response))
        sj_http_poll(client, 1000);
    client->performed_slot = ret_response->slot;
    return ret_response->rc;
}

void sj_http_wake(struct sj_http_client *client)
{
    curl_multi_wakeup(client->multi);
}

sj_rc sj_http_header(const struct sj_http_response *response, const char *name, char *ret_value,
                     size_t size)
{
    size_t name_length = strlen(name);
    for (const char *line = response->headers; *line; line += strcspn(line, "\n") + 1) {
        if (strncasecmp(line, name, name_length) == 0 && line[name_length] == ':') {
            const char *value = line + name_length + 1;
            value += strspn(value, " \t");
            size_t length = strcspn(value, "\r\n");
            if (length >= size)
                return -SJ_E_LIMIT;
            snprintf(ret_value, size, "%.*s", (int)length, value);
            return (sj_rc)length;
        }
        if (!strchr(line, '\n'))
            break;
    }
    return -SJ_E_UNKNOWN;
}

sj_rc sj_http_encode(const char *text, char *ret_text, size_t size)
{
    size_t used = 0;
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        bool plain = (*at < 0x80 && isalnum(*at)) || strchr("-._~", *at);
        if (used + (plain ? 1 : 3) >= size)
            return -SJ_E_LIMIT;
        if (plain)
            ret_text[used++] = (char)*at;
        else
            used += (size_t)snprintf(ret_text + used, size - used, "%%%02X", *at);
    }
    if (used >= size)
        return -SJ_E_LIMIT;
    ret_text[used] = '\0';
    return (sj_rc)used;
}
