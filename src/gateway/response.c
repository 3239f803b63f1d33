#include "gateway/response.h"

#include "base/assert.h"

#include <string.h>
#include <strings.h>

void sj_response_init(struct sj_response *response)
{
    memset(response, 0, offsetof(struct sj_response, line));
}

static sj_rc fail(struct sj_response *response, sj_rc rc)
{
    response->state = SJ_RESPONSE_FAILED;
    response->error = rc;
    return rc;
}

/* Collects a line up to LF; true when response->line holds it whole, without CR LF, terminated.
 * What does not fit is dropped: only short lines matter here, and the size of the head is bounded.
 */
static bool take_line(struct sj_response *response, const uint8_t *raw, size_t size, size_t *used)
{
    const uint8_t *newline = memchr(raw, '\n', size);
    size_t part = newline ? (size_t)(newline - raw) : size;
    size_t room = SJ_RESPONSE_LINE_MAX - 1 - response->line_size;
    size_t kept = part < room ? part : room;
    memcpy(response->line + response->line_size, raw, kept);
    response->line_size += (uint32_t)kept;
    *used = newline ? part + 1 : part;
    if (!newline)
        return false;
    if (response->line_size > 0 && response->line[response->line_size - 1] == '\r')
        response->line_size--;
    response->line[response->line_size] = '\0';
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "HTTP/1.1 200 OK" */
static sj_rc status_line(struct sj_response *response)
{
    const char *line = response->line;
    if (response->line_size < 12 || memcmp(line, "HTTP/1.", 7) != 0 || !is_digit(line[7]) ||
        line[8] != ' ' || !is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11]))
        return fail(response, -SJ_E_MALFORMED);
    if (response->line_size > 12 && line[12] != ' ')
        return fail(response, -SJ_E_MALFORMED);
    int status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
    if (status < 100)
        return fail(response, -SJ_E_MALFORMED);
    response->status = status;
    response->close = line[7] == '0';
    response->bodyless = status < 200 || status == 204 || status == 304;
    response->state = SJ_RESPONSE_HEADER;
    return 0;
}

/* The value of header `name` in the line, without leading and trailing blanks, or NULL. */
static char *header_value(struct sj_response *response, const char *name)
{
    size_t size = strlen(name);
    if (response->line_size <= size || strncasecmp(response->line, name, size) != 0 ||
        response->line[size] != ':')
        return NULL;
    char *value = response->line + size + 1;
    value += strspn(value, " \t");
    size_t end = strlen(value);
    while (end > 0 && (value[end - 1] == ' ' || value[end - 1] == '\t'))
        value[--end] = '\0';
    return value;
}

static sj_rc content_length(struct sj_response *response, const char *value)
{
    uint64_t length = 0;
    size_t digits = strspn(value, "0123456789");
    if (digits == 0 || digits > 18 || value[digits] != '\0')
        return fail(response, -SJ_E_MALFORMED);
    for (size_t i = 0; i < digits; i++)
        length = length * 10 + (uint64_t)(value[i] - '0');
    if (response->has_length && response->left != length)
        return fail(response, -SJ_E_MALFORMED);
    response->has_length = true;
    response->left = length;
    return 0;
}

static sj_rc header_line(struct sj_response *response)
{
    char *value;
    if ((value = header_value(response, "content-length")))
        return content_length(response, value);
    if ((value = header_value(response, "transfer-encoding"))) {
        if (strcasecmp(value, "chunked") != 0)
            return fail(response, -SJ_E_MALFORMED);
        response->chunked = true;
    } else if ((value = header_value(response, "content-encoding"))) {
        response->encoded = strcasecmp(value, "identity") != 0;
    } else if ((value = header_value(response, "content-type"))) {
        response->event_stream = strncasecmp(value, "text/event-stream", 17) == 0;
    } else if ((value = header_value(response, "connection"))) {
        response->close = strcasecmp(value, "close") == 0;
    }
    return 0;
}

/* The empty line behind the headers: decides how the body is framed. */
static void head_end(struct sj_response *response)
{
    response->head_size = 0;
    if (response->status < 200 && response->status != 101) {
        sj_response_init(response); /* 100 Continue and its like: the response is still to come */
    } else if (response->bodyless) {
        response->state = SJ_RESPONSE_DONE;
    } else if (response->chunked) {
        response->state = SJ_RESPONSE_CHUNK_SIZE; /* wins over a length, as RFC 9112 has it */
        response->left = 0;
    } else if (response->has_length) {
        response->state = response->left > 0 ? SJ_RESPONSE_BODY_LENGTH : SJ_RESPONSE_DONE;
    } else {
        response->state = SJ_RESPONSE_BODY_CLOSE;
        response->close = true;
    }
}

/* "1a2B;extension" */
static sj_rc chunk_size(struct sj_response *response)
{
    uint64_t size = 0;
    uint32_t i = 0;
    for (; i < response->line_size; i++) {
        char c = response->line[i];
        unsigned digit;
        if (is_digit(c))
            digit = (unsigned)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            digit = (unsigned)((c | 0x20) - 'a') + 10;
        else
            break;
        size = size * 16 + digit;
        if (size > SJ_RESPONSE_CHUNK_MAX)
            return fail(response, -SJ_E_LIMIT);
    }
    if (i == 0 || (i < response->line_size && !strchr("; \t", response->line[i])) ||
        (i < response->line_size && response->line[i] == '\0'))
        return fail(response, -SJ_E_MALFORMED);
    response->left = size;
    response->state = size > 0 ? SJ_RESPONSE_CHUNK_DATA : SJ_RESPONSE_TRAILER;
    return 0;
}

/* A complete line in one of the states that are made of lines. */
static sj_rc line_end(struct sj_response *response)
{
    sj_rc rc = 0;
    switch (response->state) {
    case SJ_RESPONSE_STATUS_LINE:
        rc = status_line(response);
        break;
    case SJ_RESPONSE_HEADER:
        if (response->line_size == 0)
            head_end(response);
        else
            rc = header_line(response);
        break;
    case SJ_RESPONSE_CHUNK_SIZE:
        rc = chunk_size(response);
        response->head_size = 0;
        break;
    case SJ_RESPONSE_CHUNK_END:
        if (response->line_size != 0)
            rc = fail(response, -SJ_E_MALFORMED);
        else
            response->state = SJ_RESPONSE_CHUNK_SIZE;
        response->head_size = 0;
        break;
    default: /* trailer */
        if (response->line_size == 0)
            response->state = SJ_RESPONSE_DONE;
        break;
    }
    response->line_size = 0;
    return rc;
}

static bool is_line_state(enum sj_response_state state)
{
    return state == SJ_RESPONSE_STATUS_LINE || state == SJ_RESPONSE_HEADER ||
           state == SJ_RESPONSE_CHUNK_SIZE || state == SJ_RESPONSE_CHUNK_END ||
           state == SJ_RESPONSE_TRAILER;
}

static sj_rc decode_line(struct sj_response *response, const uint8_t *raw, size_t size,
                         size_t *used)
{
    bool whole = take_line(response, raw, size, used);
    response->head_size += (uint32_t)*used;
    uint32_t bound =
        response->state == SJ_RESPONSE_CHUNK_SIZE || response->state == SJ_RESPONSE_CHUNK_END
            ? SJ_RESPONSE_LINE_MAX
            : SJ_RESPONSE_HEAD_MAX;
    if (response->head_size > bound)
        return fail(response, -SJ_E_LIMIT);
    return whole ? line_end(response) : 0;
}

/* Body bytes; returns how many. */
static size_t decode_data(struct sj_response *response, const uint8_t *raw, size_t size,
                          uint8_t *body)
{
    size_t part = size;
    if (response->state != SJ_RESPONSE_BODY_CLOSE) {
        if (part > response->left)
            part = (size_t)response->left;
        response->left -= part;
        if (response->left == 0)
            response->state = response->state == SJ_RESPONSE_CHUNK_DATA ? SJ_RESPONSE_CHUNK_END
                                                                        : SJ_RESPONSE_DONE;
    }
    if (body != raw)
        memmove(body, raw, part);
    return part;
}

sj_rc sj_response_decode(struct sj_response *response, const uint8_t *raw, size_t size,
                         uint8_t *body, size_t *ret_used)
{
    SJ_ASSERT(size <= INT32_MAX);
    size_t at = 0;
    size_t body_size = 0;
    sj_rc rc = 0;
    if (response->state == SJ_RESPONSE_FAILED)
        rc = response->error;
    while (rc >= 0 && at < size && response->state != SJ_RESPONSE_DONE) {
        size_t used = 0;
        if (is_line_state(response->state)) {
            rc = decode_line(response, raw + at, size - at, &used);
        } else {
            used = decode_data(response, raw + at, size - at, body + body_size);
            body_size += used;
        }
        at += used;
    }
    if (ret_used)
        *ret_used = at;
    return rc < 0 && body_size == 0 ? rc : (sj_rc)body_size;
}

sj_rc sj_response_end(struct sj_response *response)
{
    if (response->state == SJ_RESPONSE_BODY_CLOSE)
        response->state = SJ_RESPONSE_DONE;
    return response->state == SJ_RESPONSE_DONE ? 0 : -SJ_E_CLOSED;
}
