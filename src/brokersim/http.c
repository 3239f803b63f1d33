/* Requests in, answers out: the parser's callbacks, the answer's head, gzip, error bodies. */
#include "brokersim/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#define GZIP_FROM 64 /* smaller bodies are sent as they are */

static struct connection *of(http_parser *parser)
{
    return parser->data;
}

static int on_begin(http_parser *parser)
{
    struct connection *conn = of(parser);
    conn->url_size = conn->field_size = conn->value_size = conn->body_size = 0;
    conn->header_bytes = 0;
    conn->url[0] = 0;
    conn->in_value = conn->accepts_gzip = conn->foreign_host = false;
    conn->authorization[0] = 0;
    return 0;
}

/* Not 1: behind the headers that would only mean a request without a body. */
static int refuse(struct connection *conn)
{
    conn->too_large = true;
    return -1;
}

static int on_url(http_parser *parser, const char *at, size_t size)
{
    struct connection *conn = of(parser);
    if (conn->url_size + size >= URL_MAX)
        return refuse(conn);
    memcpy(conn->url + conn->url_size, at, size);
    conn->url_size += (uint32_t)size;
    conn->url[conn->url_size] = 0;
    return 0;
}

/* gzip is offered, and not with weight 0. */
static bool offers_gzip(const char *value)
{
    const char *at = strcasestr(value, "gzip");
    if (!at)
        return false;
    at += 4;
    at += strspn(at, " ");
    if (*at != ';')
        return true;
    const char *q = strcasestr(at, "q=");
    const char *next = strchr(at, ',');
    return !q || (next && q > next) || strtod(q + 2, NULL) > 0;
}

static bool is_loopback(const char *host)
{
    return strncmp(host, "127.0.0.1", 9) == 0 || strncmp(host, "localhost", 9) == 0 ||
           strncmp(host, "[::1]", 5) == 0;
}

/* A header is whole: keep what matters. */
static void take_header(struct connection *conn)
{
    conn->field[conn->field_size] = 0;
    conn->value[conn->value_size] = 0;
    if (strcasecmp(conn->field, "accept-encoding") == 0)
        conn->accepts_gzip = offers_gzip(conn->value);
    else if (strcasecmp(conn->field, "authorization") == 0)
        snprintf(conn->authorization, sizeof conn->authorization, "%.255s", conn->value);
    else if (strcasecmp(conn->field, "host") == 0)
        conn->foreign_host = !is_loopback(conn->value);
    conn->field_size = conn->value_size = 0;
    conn->in_value = false;
}

/* Appends as much as fits: longer names and values are of no interest, but are counted. */
static void append(char *to, uint32_t *used, size_t capacity, const char *at, size_t size)
{
    size_t room = capacity - 1 - *used;
    size_t taken = size < room ? size : room;
    memcpy(to + *used, at, taken);
    *used += (uint32_t)taken;
}

static int on_field(http_parser *parser, const char *at, size_t size)
{
    struct connection *conn = of(parser);
    conn->header_bytes += (uint32_t)size;
    if (conn->header_bytes > HEADERS_SIZE_MAX)
        return refuse(conn);
    if (conn->in_value)
        take_header(conn);
    append(conn->field, &conn->field_size, sizeof conn->field, at, size);
    return 0;
}

static int on_value(http_parser *parser, const char *at, size_t size)
{
    struct connection *conn = of(parser);
    conn->header_bytes += (uint32_t)size;
    if (conn->header_bytes > HEADERS_SIZE_MAX)
        return refuse(conn);
    conn->in_value = true;
    append(conn->value, &conn->value_size, sizeof conn->value, at, size);
    return 0;
}

static int on_headers(http_parser *parser)
{
    struct connection *conn = of(parser);
    if (conn->in_value)
        take_header(conn);
    if (parser->content_length != UINT64_MAX && parser->content_length > BODY_MAX)
        return refuse(conn);
    return 0;
}

static int on_body(http_parser *parser, const char *at, size_t size)
{
    struct connection *conn = of(parser);
    if (conn->body_size + size > BODY_MAX)
        return refuse(conn);
    if (!conn->body)
        conn->body = malloc(BODY_MAX + 1);
    if (!conn->body)
        return refuse(conn);
    memcpy(conn->body + conn->body_size, at, size);
    conn->body_size += (uint32_t)size;
    return 0;
}

static int on_complete(http_parser *parser)
{
    struct connection *conn = of(parser);
    conn->complete = true;
    if (conn->body)
        conn->body[conn->body_size] = 0;
    http_parser_pause(parser, 1); /* the next pipelined request waits for this one's answer */
    return 0;
}

const http_parser_settings HTTP_SETTINGS = {.on_message_begin = on_begin,
                                            .on_url = on_url,
                                            .on_header_field = on_field,
                                            .on_header_value = on_value,
                                            .on_headers_complete = on_headers,
                                            .on_body = on_body,
                                            .on_message_complete = on_complete};

static const char *status_text(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 409:
        return "Conflict";
    case 413:
        return "Payload Too Large";
    case 429:
        return "Too Many Requests";
    case 451:
        return "Unavailable For Legal Reasons";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

void http_fail(struct request *request, int status, const char *message)
{
    struct sj_reply *json = &request->answer;
    json->size = 0;
    json->comma = false;
    request->status = status;
    sj_reply_object(json, NULL);
    sj_reply_int(json, "code", status);
    sj_reply_string(json, "message", message);
    sj_reply_null(json, "details");
    sj_reply_end_object(json);
}

/* Compresses a body; NULL (and the body goes out as it is) when that fails. */
static char *compress_body(const struct sj_reply *json, size_t *ret_size)
{
    z_stream z = {0};
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return NULL;
    size_t bound = deflateBound(&z, json->size);
    char *out = malloc(bound);
    z.next_in = (Bytef *)json->data;
    z.avail_in = (uInt)json->size;
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)bound;
    bool done = out && deflate(&z, Z_FINISH) == Z_STREAM_END;
    *ret_size = z.total_out;
    deflateEnd(&z);
    if (done)
        return out;
    free(out);
    return NULL;
}

void http_answer(struct request *request)
{
    struct connection *conn = request->connection;
    struct sj_reply *json = &request->answer;
    if (json->failed) {
        sj_reply_done(json);
        http_fail(request, 500, "out of memory");
    }
    size_t size = json->size;
    char *packed = conn->accepts_gzip && size >= GZIP_FROM ? compress_body(json, &size) : NULL;
    char head[512];
    bool keep = !conn->close_after && http_should_keep_alive(&conn->parser);
    int length = snprintf(head, sizeof head,
                          "HTTP/1.1 %d %s\r\ncontent-type: application/json; charset=utf-8\r\n"
                          "access-control-allow-origin: *\r\nvary: accept-encoding\r\n"
                          "%scontent-length: %zu\r\n%s\r\n",
                          request->status, status_text(request->status),
                          packed ? "content-encoding: gzip\r\n" : "", size,
                          keep ? "" : "connection: close\r\n");
    if (request->delay_ms > 0)
        conn->hold_until_ns = conn->sim->now_ns + request->delay_ms * 1000000LL;
    conn_put(conn, head, (size_t)length);
    if (request->method != HTTP_HEAD)
        conn_put(conn, packed ? packed : json->data, request->cut ? size / 2 : size);
    conn->close_after |= request->cut;
    free(packed);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool http_decode(const char *at, size_t at_size, char *value, size_t size)
{
    const char *end = at + at_size;
    size_t used = 0;
    for (; at < end; at++) {
        if (used + 1 >= size)
            return false;
        if (*at == '%' && end - at > 2 && hex(at[1]) >= 0 && hex(at[2]) >= 0) {
            value[used++] = (char)(hex(at[1]) * 16 + hex(at[2]));
            at += 2;
        } else {
            value[used++] = *at;
        }
    }
    value[used] = 0;
    return true;
}

/* A query's value up to & or the end, where + is a space. False when it does not fit. */
static bool decode(const char *at, char *value, size_t size)
{
    char plain[URL_MAX];
    size_t length = strcspn(at, "&");
    if (length >= sizeof plain)
        return false;
    for (size_t i = 0; i < length; i++)
        plain[i] = at[i] == '+' ? ' ' : at[i];
    return http_decode(plain, length, value, size);
}

bool http_query(const struct request *request, const char *name, char *value, size_t size)
{
    size_t length = strlen(name);
    for (const char *at = request->query; at && *at; at = strchr(at, '&')) {
        at += *at == '&';
        if (strncmp(at, name, length) == 0 && at[length] == '=')
            return decode(at + length + 1, value, size);
    }
    return false;
}
