#include "store/embedded/request.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define PARAM_PREFIX "param_"

struct text_argument {
    const char *name;
    size_t offset;
};

struct flag_argument {
    const char *name;
    size_t offset;
};

static const struct text_argument text_arguments[] = {
    {"query", offsetof(struct sj_emb_request, query)},
    {"database", offsetof(struct sj_emb_request, database)},
    {"user", offsetof(struct sj_emb_request, user)},
    {"password", offsetof(struct sj_emb_request, password)},
    {"session_id", offsetof(struct sj_emb_request, session_id)},
    {"query_id", offsetof(struct sj_emb_request, query_id)},
    {"default_format", offsetof(struct sj_emb_request, default_format)},
};

static const struct flag_argument flag_arguments[] = {
    {"session_check", offsetof(struct sj_emb_request, session_check)},
    {"wait_end_of_query", offsetof(struct sj_emb_request, waits_for_end)},
    {"decompress", offsetof(struct sj_emb_request, sends_blocks)},
    {"compress", offsetof(struct sj_emb_request, wants_blocks)},
};

/* Arguments of ClickHouse's interface that have no meaning here. */
static const char *const ignored_arguments[] = {"quota_key", "buffer_size", "stacktrace", "role"};

void sj_emb_request_init(struct sj_emb_request *request)
{
    *request = (struct sj_emb_request){.session_timeout_s = SJ_EMB_SESSION_TIMEOUT_S};
}

static sj_rc complain(struct sj_emb_request *request, sj_rc rc, const char *what,
                      struct sj_emb_text name)
{
    int size = name.size > 60 ? 60 : (int)name.size;
    snprintf(request->complaint, sizeof(request->complaint), "%s: %.*s", what, size, name.data);
    return rc;
}

static bool is_name(struct sj_emb_text text)
{
    if (text.size == 0 || text.size > SJ_EMB_ID_SIZE_MAX)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (!isalnum((unsigned char)text.data[i]) && text.data[i] != '_' && text.data[i] != '.')
            return false;
    }
    return true;
}

static sj_rc parse_unsigned(struct sj_emb_text text, unsigned max, unsigned *ret)
{
    unsigned value = 0;
    if (text.size == 0 || text.size > 9)
        return -SJ_E_MALFORMED;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -SJ_E_MALFORMED;
        value = value * 10 + (unsigned)(text.data[i] - '0');
    }
    if (value > max)
        return -SJ_E_RANGE;
    *ret = value;
    return 0;
}

static bool is_true(struct sj_emb_text text)
{
    return sj_emb_text_equals(text, "1") ||
           (text.size == 4 && strncasecmp(text.data, "true", 4) == 0);
}

static sj_rc add_pair(struct sj_emb_request *request, struct sj_emb_pair *pairs, size_t *count,
                      struct sj_emb_pair pair)
{
    if (!is_name(pair.name))
        return complain(request, -SJ_E_MALFORMED, "not a name of a setting or parameter",
                        pair.name);
    for (size_t i = 0; i < *count; i++) {
        if (pairs[i].name.size == pair.name.size &&
            memcmp(pairs[i].name.data, pair.name.data, pair.name.size) == 0) {
            pairs[i].value = pair.value;
            return 0;
        }
    }
    if (*count == SJ_EMB_PAIR_MAX)
        return complain(request, -SJ_E_LIMIT, "too many settings or parameters", pair.name);
    pairs[(*count)++] = pair;
    return 0;
}

static sj_rc take_id(struct sj_emb_request *request, struct sj_emb_text name,
                     struct sj_emb_text value)
{
    for (size_t i = 0; i < value.size; i++) {
        if ((unsigned char)value.data[i] < 0x20 || (unsigned char)value.data[i] >= 0x7f)
            return complain(request, -SJ_E_MALFORMED, "not printable", name);
    }
    if (value.size > SJ_EMB_ID_SIZE_MAX)
        return complain(request, -SJ_E_LIMIT, "longer than 128 bytes", name);
    return 0;
}

static sj_rc take_number(struct sj_emb_request *request, struct sj_emb_text name,
                         struct sj_emb_text value)
{
    bool is_timeout = sj_emb_text_equals(name, "session_timeout");
    unsigned max = is_timeout ? SJ_EMB_SESSION_TIMEOUT_MAX_S : 999999999;
    unsigned *slot = is_timeout ? &request->session_timeout_s : &request->client_revision;
    sj_rc rc = parse_unsigned(value, max, slot);
    return rc < 0 ? complain(request, rc, "not a number in range", name) : 0;
}

sj_rc sj_emb_request_argument(struct sj_emb_request *request, struct sj_emb_text name,
                              struct sj_emb_text value)
{
    for (size_t i = 0; i < sizeof(text_arguments) / sizeof(text_arguments[0]); i++) {
        if (!sj_emb_text_equals(name, text_arguments[i].name))
            continue;
        struct sj_emb_text *slot =
            (struct sj_emb_text *)(void *)((char *)request + text_arguments[i].offset);
        *slot = value;
        bool is_id = slot == &request->session_id || slot == &request->query_id;
        return is_id ? take_id(request, name, value) : 0;
    }
    for (size_t i = 0; i < sizeof(flag_arguments) / sizeof(flag_arguments[0]); i++) {
        if (sj_emb_text_equals(name, flag_arguments[i].name)) {
            *(bool *)((char *)request + flag_arguments[i].offset) = is_true(value);
            return 0;
        }
    }
    if (sj_emb_text_equals(name, "session_timeout") ||
        sj_emb_text_equals(name, "client_protocol_version"))
        return take_number(request, name, value);
    if (sj_emb_text_equals(name, "enable_http_compression")) {
        request->refuses_encoding = !is_true(value);
        return 0;
    }
    for (size_t i = 0; i < sizeof(ignored_arguments) / sizeof(ignored_arguments[0]); i++) {
        if (sj_emb_text_equals(name, ignored_arguments[i]))
            return 0;
    }
    size_t prefix = sizeof(PARAM_PREFIX) - 1;
    if (name.size > prefix && memcmp(name.data, PARAM_PREFIX, prefix) == 0) {
        struct sj_emb_text bare = {name.data + prefix, name.size - prefix};
        return add_pair(request, request->params, &request->param_count,
                        (struct sj_emb_pair){bare, value});
    }
    return add_pair(request, request->settings, &request->setting_count,
                    (struct sj_emb_pair){name, value});
}

static struct sj_emb_text trim(struct sj_emb_text text)
{
    while (text.size > 0 && (*text.data == ' ' || *text.data == '\t')) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

static bool equals_nocase(struct sj_emb_text text, const char *string)
{
    return text.size == strlen(string) && strncasecmp(text.data, string, text.size) == 0;
}

static const struct {
    const char *name;
    enum sj_emb_encoding encoding;
} encodings[] = {
    /* best first: what the engine's clients decode fastest for what it saves */
    {"zstd", SJ_EMB_ENCODING_ZSTD},
    {"lz4", SJ_EMB_ENCODING_LZ4},
    {"gzip", SJ_EMB_ENCODING_GZIP},
    {"deflate", SJ_EMB_ENCODING_DEFLATE},
};

#define ENCODING_COUNT (sizeof(encodings) / sizeof(encodings[0]))

static enum sj_emb_encoding encoding_of(struct sj_emb_text name)
{
    if (name.size == 0 || equals_nocase(name, "identity"))
        return SJ_EMB_ENCODING_NONE;
    for (size_t i = 0; i < ENCODING_COUNT; i++) {
        if (equals_nocase(name, encodings[i].name))
            return encodings[i].encoding;
    }
    return SJ_EMB_ENCODING_UNKNOWN;
}

const char *sj_emb_encoding_name(enum sj_emb_encoding encoding)
{
    for (size_t i = 0; i < ENCODING_COUNT; i++) {
        if (encodings[i].encoding == encoding)
            return encodings[i].name;
    }
    return NULL;
}

/* Is the quality of an Accept-Encoding member ("; q=0.0") nothing? */
static bool is_refused(struct sj_emb_text parameters)
{
    const char *q = memmem(parameters.data, parameters.size, "q=", 2);
    if (!q)
        return false;
    for (q += 2; q < parameters.data + parameters.size; q++) {
        if (*q >= '1' && *q <= '9')
            return false;
    }
    return true;
}

enum sj_emb_encoding sj_emb_encoding_choose(struct sj_emb_text accept)
{
    size_t best = ENCODING_COUNT;
    while (accept.size > 0) {
        const char *comma = memchr(accept.data, ',', accept.size);
        size_t size = comma ? (size_t)(comma - accept.data) : accept.size;
        struct sj_emb_text member = {accept.data, size};
        const char *semicolon = memchr(member.data, ';', member.size);
        struct sj_emb_text name = member;
        if (semicolon)
            name.size = (size_t)(semicolon - member.data);
        bool refused =
            semicolon && is_refused((struct sj_emb_text){semicolon, member.size - name.size});
        for (size_t i = 0; i < best && !refused; i++) {
            if (equals_nocase(trim(name), encodings[i].name))
                best = i;
        }
        accept.data += comma ? size + 1 : size;
        accept.size -= comma ? size + 1 : size;
    }
    return best < ENCODING_COUNT ? encodings[best].encoding : SJ_EMB_ENCODING_NONE;
}

__attribute__((nonnull)) static struct sj_emb_text *text_header(struct sj_emb_request *request,
                                                                const char *name)
{
    if (strcasecmp(name, "X-ClickHouse-User") == 0)
        return &request->user;
    if (strcasecmp(name, "X-ClickHouse-Key") == 0)
        return &request->password;
    if (strcasecmp(name, "X-ClickHouse-Database") == 0)
        return request->database.size ? NULL : &request->database;
    if (strcasecmp(name, "X-ClickHouse-Format") == 0)
        return request->default_format.size ? NULL : &request->default_format;
    return NULL;
}

sj_rc sj_emb_request_header(struct sj_emb_request *request, const char *name,
                            struct sj_emb_text value)
{
    struct sj_emb_text *slot = text_header(request, name);
    if (slot) {
        *slot = value;
        return 0;
    }
    if (strcasecmp(name, "Accept-Encoding") == 0) {
        request->answer_encoding = sj_emb_encoding_choose(value);
    } else if (strcasecmp(name, "Content-Encoding") == 0) {
        request->body_encoding = encoding_of(trim(value));
        if (request->body_encoding == SJ_EMB_ENCODING_UNKNOWN)
            return complain(request, -SJ_E_UNKNOWN,
                            "Content-Encoding is not one of gzip, deflate, zstd, lz4", value);
    }
    return 0;
}

const struct sj_emb_text *sj_emb_request_setting(const struct sj_emb_request *request,
                                                 const char *name)
{
    for (size_t i = 0; i < request->setting_count; i++) {
        if (sj_emb_text_equals(request->settings[i].name, name))
            return &request->settings[i].value;
    }
    return NULL;
}

enum sj_emb_encoding sj_emb_request_answer_encoding(const struct sj_emb_request *request)
{
    if (request->wants_blocks)
        return SJ_EMB_ENCODING_BLOCKS;
    return request->refuses_encoding ? SJ_EMB_ENCODING_NONE : request->answer_encoding;
}

enum sj_emb_encoding sj_emb_request_body_encoding(const struct sj_emb_request *request)
{
    return request->sends_blocks ? SJ_EMB_ENCODING_BLOCKS : request->body_encoding;
}
