#include "store/client.h"

#include "base/clock.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_TIMEOUT_MS 2000
#define REQUEST_TIMEOUT_MS 30000
#define IDLE_MAX_S 2 /* servers of 2018 drop an idle connection after three seconds */
#define UPLOAD_BUFFER_SIZE (1024 * 1024)
#define TAIL_SIZE 4096

/* One request under way. */
struct slot {
    CURL *easy;
    struct curl_slist *headers;
    struct sj_store_request *request; /* NULL: free */
    struct sj_store_bytes url;
    size_t sent;
    int32_t header_code; /* X-ClickHouse-Exception-Code */
    char tail[TAIL_SIZE];
    size_t tail_size;
    bool is_failed;   /* the status says so: the body is an error's text */
    bool is_too_long; /* the reply passed its limit */
    char error[CURL_ERROR_SIZE];
};

struct sj_store_client {
    CURLM *multi;
    struct sj_store_client_options options;
    struct slot slots[SJ_STORE_REQUESTS_MAX];
};

/* --- one transfer --- */

static size_t send_some(char *to, size_t unit, size_t count, void *context)
{
    struct slot *slot = context;
    size_t left = slot->request->body_size - slot->sent;
    size_t size = unit * count < left ? unit * count : left;
    memcpy(to, (const char *)slot->request->body + slot->sent, size);
    slot->sent += size;
    return size;
}

/* libcurl asks to begin again when a kept connection died without an answer. The server may have
 * taken the rows: refuse, and let the caller find out. */
static int refuse_rewind(void *context, curl_off_t offset, int origin)
{
    (void)context;
    (void)offset;
    (void)origin;
    return CURL_SEEKFUNC_FAIL;
}

/* The last TAIL_SIZE bytes of the answer: an error may end what began well. */
static void keep_tail(struct slot *slot, const char *data, size_t size)
{
    if (size >= TAIL_SIZE) {
        memcpy(slot->tail, data + size - TAIL_SIZE, TAIL_SIZE);
        slot->tail_size = TAIL_SIZE;
        return;
    }
    if (slot->tail_size + size > TAIL_SIZE) {
        size_t drop = slot->tail_size + size - TAIL_SIZE;
        memmove(slot->tail, slot->tail + drop, slot->tail_size - drop);
        slot->tail_size -= drop;
    }
    memcpy(slot->tail + slot->tail_size, data, size);
    slot->tail_size += size;
}

static size_t receive(char *data, size_t unit, size_t count, void *context)
{
    struct slot *slot = context;
    struct sj_store_request *request = slot->request;
    size_t size = unit * count;
    long status = 0;
    curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
    slot->is_failed = status != 200;
    if (slot->is_failed && slot->tail_size > 0)
        return size; /* of an error's text its beginning is enough */
    keep_tail(slot, data, size);
    if (slot->is_failed)
        return size;
    if (request->sink != NULL)
        return request->sink(request->sink_context, data, size);
    if (request->reply.size + size > SJ_STORE_REPLY_MAX ||
        sj_store_bytes_append(&request->reply, data, size) < 0) {
        slot->is_too_long = true;
        return 0;
    }
    return size;
}

static size_t receive_header(char *data, size_t unit, size_t count, void *context)
{
    static const char name[] = "x-clickhouse-exception-code:";
    struct slot *slot = context;
    size_t size = unit * count;
    if (size > sizeof(name) && strncasecmp(data, name, sizeof(name) - 1) == 0) {
        int32_t code = 0;
        for (size_t i = sizeof(name) - 1; i < size && code < 100000; i++) {
            if (data[i] >= '0' && data[i] <= '9')
                code = code * 10 + (data[i] - '0');
        }
        slot->header_code = code;
    }
    return size;
}

/* --- the request's form --- */

static const char *encoding_of(enum sj_store_packing packing)
{
    static const char *const encodings[SJ_STORE_PACK_COUNT] = {
        [SJ_STORE_PACK_LZ4_FRAME] = "Content-Encoding: lz4",
        [SJ_STORE_PACK_GZIP] = "Content-Encoding: gzip",
    };
    return encodings[packing];
}

/* Appends "&name=value", escaped; nothing where value is NULL. False where memory is short. */
static bool add_parameter(struct sj_store_bytes *url, CURL *easy, const char *name,
                          const char *value)
{
    if (value == NULL || value[0] == '\0')
        return true;
    char *escaped = curl_easy_escape(easy, value, 0);
    bool is_added = escaped != NULL && sj_store_bytes_append(url, name, strlen(name)) == 0 &&
                    sj_store_bytes_append(url, escaped, strlen(escaped)) == 0;
    curl_free(escaped);
    return is_added;
}

static bool add_text(struct sj_store_bytes *url, const char *text)
{
    return sj_store_bytes_append(url, text, strlen(text)) == 0;
}

/* base/?default_format=..&database=..&query=..&settings, terminated. */
static sj_rc make_url(const struct sj_store_client *client, CURL *easy,
                      const struct sj_store_request *request, struct sj_store_bytes *out)
{
    bool has_settings = request->settings != NULL && request->settings[0] != '\0';
    bool is_whole =
        add_text(out, client->options.address.url) && add_text(out, "/?wait_end_of_query=0") &&
        add_parameter(out, easy, "&database=", request->database) &&
        add_parameter(out, easy, "&default_format=", request->format) &&
        add_parameter(out, easy, "&query_id=", request->query_id) &&
        (request->packing != SJ_STORE_PACK_LZ4_BLOCKS || add_text(out, "&decompress=1")) &&
        (!has_settings || (add_text(out, "&") && add_text(out, request->settings))) &&
        add_parameter(out, easy, "&query=", request->body != NULL ? request->sql : NULL) &&
        sj_store_bytes_append(out, "", 1) == 0;
    return is_whole ? 0 : -ENOMEM;
}

static void set_body(struct slot *slot, const struct sj_store_request *request)
{
    CURL *easy = slot->easy;
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    if (request->body == NULL) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->sql);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(request->sql));
        return;
    }
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, send_some);
    curl_easy_setopt(easy, CURLOPT_READDATA, slot);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, refuse_rewind);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER_SIZE);
}

static void set_limits(struct sj_store_client *client, CURL *easy, uint32_t timeout_ms)
{
    const struct sj_store_client_options *options = &client->options;
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                     (long)(timeout_ms > 0 ? timeout_ms : options->request_timeout_ms));
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)IDLE_MAX_S);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    if (options->ca_file != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file);
}

static sj_rc set_headers(struct slot *slot, const struct sj_store_request *request)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    const char *encoding = request->body != NULL ? encoding_of(request->packing) : NULL;
    if (headers != NULL && encoding != NULL) {
        struct curl_slist *more = curl_slist_append(headers, encoding);
        if (more == NULL) {
            curl_slist_free_all(headers);
            return -ENOMEM;
        }
        headers = more;
    }
    if (headers == NULL)
        return -ENOMEM;
    slot->headers = headers;
    curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, headers);
    return 0;
}

static sj_rc set_up(struct sj_store_client *client, struct slot *slot,
                    struct sj_store_request *request)
{
    CURL *easy = slot->easy;
    const struct sj_store_address *address = &client->options.address;
    curl_easy_reset(easy);
    slot->url.size = 0;
    sj_rc rc = make_url(client, easy, request, &slot->url);
    if (rc == 0 && curl_easy_setopt(easy, CURLOPT_URL, (char *)slot->url.data) != CURLE_OK)
        rc = -ENOMEM;
    if (rc == 0)
        rc = set_headers(slot, request);
    if (rc < 0)
        return rc;
    set_body(slot, request);
    set_limits(client, easy, request->timeout_ms);
    if (address->user[0] != '\0') {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(easy, CURLOPT_USERNAME, address->user);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, address->password);
    }
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, receive_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->error);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
    return 0;
}

static struct slot *free_slot(struct sj_store_client *client)
{
    for (uint32_t i = 0; i < SJ_STORE_REQUESTS_MAX; i++) {
        if (client->slots[i].request == NULL)
            return &client->slots[i];
    }
    return NULL;
}

static void release(struct slot *slot)
{
    curl_slist_free_all(slot->headers);
    slot->headers = NULL;
    slot->request = NULL;
}

sj_rc sj_store_client_start(struct sj_store_client *client, struct sj_store_request *request)
{
    struct slot *slot = free_slot(client);
    if (slot == NULL)
        return -SJ_E_FULL;
    if (strlen(request->sql) > SJ_STORE_SQL_MAX && request->body != NULL)
        return -SJ_E_RANGE;
    memset(&request->answer, 0, sizeof(request->answer));
    request->reply.size = 0;
    request->started_ns = sj_clock_mono_ns();
    slot->request = request;
    slot->sent = 0;
    slot->header_code = 0;
    slot->tail_size = 0;
    slot->is_failed = false;
    slot->is_too_long = false;
    slot->error[0] = '\0';
    sj_rc rc = set_up(client, slot, request);
    if (rc == 0 && curl_multi_add_handle(client->multi, slot->easy) != CURLM_OK)
        rc = -ENOMEM;
    if (rc < 0)
        release(slot);
    return rc;
}

/* --- the end of a request --- */

static void judge(struct slot *slot, CURLcode curl_code)
{
    struct sj_store_answer *answer = &slot->request->answer;
    long status = 0;
    curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
    answer->http_status = (int32_t)status;
    answer->curl_code = (int32_t)curl_code;
    if (status != 0 && status != 200)
        answer->code =
            sj_store_error_parse(slot->tail, slot->tail_size, answer->text, sizeof(answer->text));
    else if (status == 200 && slot->tail_size > 0)
        answer->code =
            sj_store_error_in_tail(slot->tail, slot->tail_size, answer->text, sizeof(answer->text));
    if (answer->code == 0 && status != 200)
        answer->code = slot->header_code;
    answer->fate = sj_store_fate_of(answer->curl_code, answer->http_status, answer->code);
    if (slot->is_too_long) {
        answer->fate = SJ_STORE_CONFIG;
        snprintf(answer->text, sizeof(answer->text), "the answer is longer than %u bytes",
                 SJ_STORE_REPLY_MAX);
    } else if (answer->fate != SJ_STORE_DONE && answer->text[0] == '\0') {
        snprintf(answer->text, sizeof(answer->text), "%s",
                 curl_code == CURLE_OK    ? "the server refused without saying why"
                 : slot->error[0] != '\0' ? slot->error
                                          : curl_easy_strerror(curl_code));
    }
}

static void end(struct sj_store_client *client, struct slot *slot, CURLcode code)
{
    struct sj_store_request *request = slot->request;
    judge(slot, code);
    curl_multi_remove_handle(client->multi, slot->easy);
    request->ended_ns = sj_clock_mono_ns();
    release(slot);
    if (request->done != NULL)
        request->done(request);
}

sj_rc sj_store_client_poll(struct sj_store_client *client, uint32_t wait_ms)
{
    int running = 0;
    curl_multi_perform(client->multi, &running);
    if (running > 0 && wait_ms > 0) {
        curl_multi_poll(client->multi, NULL, 0, (int)wait_ms, NULL);
        curl_multi_perform(client->multi, &running);
    }
    sj_rc ended = 0;
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        struct slot *slot = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
        end(client, slot, code);
        ended++;
    }
    return ended;
}

static void note_end(struct sj_store_request *request)
{
    *(bool *)request->context = true;
}

sj_rc sj_store_client_run(struct sj_store_client *client, struct sj_store_request *request)
{
    bool is_ended = false;
    request->done = note_end;
    /* cppcheck-suppress autoVariables ; the loop below ends with the request */
    request->context = &is_ended;
    sj_rc rc = sj_store_client_start(client, request);
    if (rc < 0)
        return rc;
    while (!is_ended)
        sj_store_client_poll(client, 100);
    switch (request->answer.fate) {
    case SJ_STORE_DONE:
        return 0;
    case SJ_STORE_CONFIG:
    case SJ_STORE_POISON:
        return -SJ_E_REFUSED;
    default:
        return request->answer.curl_code == CURLE_OPERATION_TIMEDOUT ? -SJ_E_TIMEOUT : -SJ_E_CLOSED;
    }
}

/* --- life --- */

sj_rc sj_store_client_create(const struct sj_store_client_options *options,
                             struct sj_store_client **ret_client)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return -ENOMEM;
    struct sj_store_client *client = calloc(1, sizeof(*client));
    if (client == NULL)
        return -ENOMEM;
    client->options = *options;
    if (client->options.connect_timeout_ms == 0)
        client->options.connect_timeout_ms = CONNECT_TIMEOUT_MS;
    if (client->options.request_timeout_ms == 0)
        client->options.request_timeout_ms = REQUEST_TIMEOUT_MS;
    client->multi = curl_multi_init();
    bool is_whole = client->multi != NULL;
    for (uint32_t i = 0; i < SJ_STORE_REQUESTS_MAX; i++) {
        client->slots[i].easy = curl_easy_init();
        is_whole &= client->slots[i].easy != NULL;
    }
    if (!is_whole) {
        sj_store_client_close(client);
        return -ENOMEM;
    }
    *ret_client = client;
    return 0;
}

void sj_store_client_close(struct sj_store_client *client)
{
    if (client == NULL)
        return;
    for (uint32_t i = 0; i < SJ_STORE_REQUESTS_MAX; i++) {
        struct slot *slot = &client->slots[i];
        if (slot->request != NULL) {
            curl_multi_remove_handle(client->multi, slot->easy);
            release(slot);
        }
        if (slot->easy != NULL)
            curl_easy_cleanup(slot->easy);
        sj_store_bytes_done(&slot->url);
    }
    if (client->multi != NULL)
        curl_multi_cleanup(client->multi);
    free(client);
}

const char *sj_store_client_url(const struct sj_store_client *client)
{
    return client->options.address.url;
}

const char *sj_store_client_database(const struct sj_store_client *client)
{
    return client->options.address.database;
}
