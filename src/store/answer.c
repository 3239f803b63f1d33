#include "store/answer.h"

#include <curl/curl.h>
#include <string.h>

enum reason {
    REASON_REFUSED,
    REASON_TIMEOUT,
    REASON_LINK,
    REASON_MEMORY,
    REASON_OVERLOAD,
    REASON_SERVER,
    REASON_CONFIG,
    REASON_DATA,
    REASON_UNKNOWN
};

const char *sj_store_reason_name(uint32_t index)
{
    static const char *const names[SJ_STORE_REASON_COUNT] = {
        "refused", "timeout", "link", "memory", "overload", "server", "config", "data", "unknown"};
    return index < SJ_STORE_REASON_COUNT ? names[index] : "unknown";
}

/* ClickHouse's codes that mean something else than "these rows are bad". */
struct code_meaning {
    int32_t code;
    enum sj_store_fate fate;
    enum reason reason;
};

static const struct code_meaning meanings[] = {
    {16, SJ_STORE_CONFIG, REASON_CONFIG},    /* no such column: another version's table */
    {32, SJ_STORE_UNKNOWN, REASON_LINK},     /* the body ended early */
    {33, SJ_STORE_UNKNOWN, REASON_LINK},     /* the body ended early */
    {47, SJ_STORE_CONFIG, REASON_CONFIG},    /* unknown identifier */
    {60, SJ_STORE_CONFIG, REASON_CONFIG},    /* no such table */
    {81, SJ_STORE_CONFIG, REASON_CONFIG},    /* no such database */
    {115, SJ_STORE_CONFIG, REASON_CONFIG},   /* unknown setting */
    {159, SJ_STORE_UNKNOWN, REASON_TIMEOUT}, /* took too long */
    {160, SJ_STORE_UNKNOWN, REASON_TIMEOUT}, /* too slow */
    {164, SJ_STORE_CONFIG, REASON_CONFIG},   /* readonly */
    {173, SJ_STORE_RETRY, REASON_MEMORY},    /* cannot allocate */
    {192, SJ_STORE_CONFIG, REASON_CONFIG},   /* unknown user */
    {193, SJ_STORE_CONFIG, REASON_CONFIG},   /* wrong password */
    {194, SJ_STORE_CONFIG, REASON_CONFIG},   /* password required */
    {195, SJ_STORE_CONFIG, REASON_CONFIG},   /* address not allowed */
    {201, SJ_STORE_RETRY, REASON_OVERLOAD},  /* quota */
    {202, SJ_STORE_RETRY, REASON_OVERLOAD},  /* too many queries */
    {203, SJ_STORE_RETRY, REASON_OVERLOAD},  /* no free connection */
    {209, SJ_STORE_UNKNOWN, REASON_TIMEOUT}, /* socket timeout */
    {210, SJ_STORE_UNKNOWN, REASON_LINK},    /* network error */
    {216, SJ_STORE_UNKNOWN, REASON_SERVER},  /* the same query id runs still */
    {236, SJ_STORE_UNKNOWN, REASON_SERVER},  /* aborted */
    {241, SJ_STORE_RETRY, REASON_MEMORY},    /* memory limit */
    {242, SJ_STORE_RETRY, REASON_SERVER},    /* table is read-only */
    {243, SJ_STORE_RETRY, REASON_SERVER},    /* disk full */
    {252, SJ_STORE_RETRY, REASON_OVERLOAD},  /* too many parts */
    {271, SJ_STORE_UNKNOWN, REASON_LINK},    /* cannot decompress */
    {319, SJ_STORE_UNKNOWN, REASON_SERVER},  /* unknown status of insert */
    {373, SJ_STORE_RETRY, REASON_OVERLOAD},  /* session is locked */
    {394, SJ_STORE_UNKNOWN, REASON_SERVER},  /* cancelled */
    {425, SJ_STORE_UNKNOWN, REASON_SERVER},  /* system error */
    {439, SJ_STORE_RETRY, REASON_OVERLOAD},  /* cannot schedule a task */
    {497, SJ_STORE_CONFIG, REASON_CONFIG},   /* access denied */
    {516, SJ_STORE_CONFIG, REASON_CONFIG},   /* authentication failed */
    {745, SJ_STORE_RETRY, REASON_OVERLOAD},  /* server overloaded */
    {999, SJ_STORE_UNKNOWN, REASON_SERVER},  /* coordination */
    {1000, SJ_STORE_UNKNOWN, REASON_SERVER}, /* an exception of no kind of ClickHouse's */
    {1001, SJ_STORE_UNKNOWN, REASON_SERVER}, {1002, SJ_STORE_UNKNOWN, REASON_SERVER},
};

static const struct code_meaning *meaning_of(int32_t code)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (meanings[i].code == code)
            return &meanings[i];
    }
    return NULL;
}

static struct code_meaning by_status(int32_t status)
{
    if (status >= 200 && status < 300)
        return (struct code_meaning){0, SJ_STORE_DONE, REASON_UNKNOWN};
    if (status == 401 || status == 403 || status == 404 || status == 407)
        return (struct code_meaning){0, SJ_STORE_CONFIG, REASON_CONFIG};
    if (status == 408)
        return (struct code_meaning){0, SJ_STORE_UNKNOWN, REASON_TIMEOUT};
    if (status == 429)
        return (struct code_meaning){0, SJ_STORE_RETRY, REASON_OVERLOAD};
    if (status == 413 || status == 400)
        return (struct code_meaning){0, SJ_STORE_POISON, REASON_DATA};
    if (status >= 300 && status < 500)
        return (struct code_meaning){0, SJ_STORE_CONFIG, REASON_CONFIG};
    return (struct code_meaning){0, SJ_STORE_UNKNOWN, REASON_SERVER};
}

static struct code_meaning by_transfer(int32_t curl_code)
{
    switch (curl_code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        return (struct code_meaning){0, SJ_STORE_RETRY, REASON_REFUSED};
    case CURLE_OPERATION_TIMEDOUT:
        return (struct code_meaning){0, SJ_STORE_UNKNOWN, REASON_TIMEOUT};
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return (struct code_meaning){0, SJ_STORE_CONFIG, REASON_CONFIG};
    case CURLE_OUT_OF_MEMORY:
        return (struct code_meaning){0, SJ_STORE_UNKNOWN, REASON_MEMORY};
    default:
        return (struct code_meaning){0, SJ_STORE_UNKNOWN, REASON_LINK};
    }
}

static struct code_meaning judge(int32_t curl_code, int32_t http_status, int32_t code)
{
    const struct code_meaning *meaning = code > 0 ? meaning_of(code) : NULL;
    if (meaning != NULL)
        return *meaning;
    if (code > 0)
        return (struct code_meaning){code, SJ_STORE_POISON, REASON_DATA};
    if (curl_code != CURLE_OK)
        return by_transfer(curl_code);
    return by_status(http_status);
}

enum sj_store_fate sj_store_fate_of(int32_t curl_code, int32_t http_status, int32_t code)
{
    return judge(curl_code, http_status, code).fate;
}

uint32_t sj_store_reason_index(const struct sj_store_answer *answer)
{
    return judge(answer->curl_code, answer->http_status, answer->code).reason;
}

const char *sj_store_reason(const struct sj_store_answer *answer)
{
    return sj_store_reason_name(sj_store_reason_index(answer));
}

const char *sj_store_fate_name(enum sj_store_fate fate)
{
    static const char *const names[SJ_STORE_FATE_COUNT] = {"done", "retry", "unknown", "config",
                                                           "poison"};
    return (uint32_t)fate < SJ_STORE_FATE_COUNT ? names[fate] : "unknown";
}

/* The number at `at`, at most 9 digits. Returns how many digits. */
static size_t parse_number(const char *at, const char *end, int32_t *ret_value)
{
    size_t digits = 0;
    int32_t value = 0;
    while (at + digits < end && at[digits] >= '0' && at[digits] <= '9' && digits < 9)
        value = value * 10 + (at[digits++] - '0');
    *ret_value = value;
    return digits;
}

/* One line, control characters as spaces, cut at its end. */
static void copy_line(const char *from, const char *end, char *ret_text, size_t size)
{
    size_t used = 0;
    while (from < end && used + 1 < size && *from != '\0') {
        char c = *from++;
        ret_text[used++] = (unsigned char)c < 0x20 || c == 0x7f ? ' ' : c;
    }
    while (used > 0 && ret_text[used - 1] == ' ')
        used--;
    ret_text[used] = '\0';
}

/* Past what stands between the code and the words ("e.displayText() = DB::Exception: "). */
static const char *skip_preamble(const char *at, const char *end)
{
    static const char mark[] = "DB::Exception: ";
    const char *found = memmem(at, (size_t)(end - at), mark, sizeof(mark) - 1);
    return found != NULL ? found + sizeof(mark) - 1 : at;
}

/* The words end where older servers add "e.what()" and newer ones their version. */
static const char *find_end(const char *at, const char *end)
{
    static const char *const marks[] = {", e.what() =", " (version ", "\n"};
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        const char *found = memmem(at, (size_t)(end - at), marks[i], strlen(marks[i]));
        if (found != NULL)
            end = found;
    }
    return end;
}

int32_t sj_store_error_parse(const char *body, size_t size, char *ret_text, size_t text_size)
{
    static const char mark[] = "Code: ";
    const char *end = body + size;
    if (size < sizeof(mark) || memcmp(body, mark, sizeof(mark) - 1) != 0)
        return 0;
    int32_t code;
    const char *at = body + sizeof(mark) - 1;
    size_t digits = parse_number(at, end, &code);
    if (digits == 0 || code == 0)
        return 0;
    at += digits;
    if (at == end || (*at != '.' && *at != ','))
        return 0;
    at = skip_preamble(at, end);
    copy_line(at, find_end(at, end), ret_text, text_size);
    return code;
}

int32_t sj_store_error_in_tail(const char *tail, size_t size, char *ret_text, size_t text_size)
{
    static const char mark[] = "Code: ";
    static const char proof[] = "DB::Exception";
    const char *end = tail + size;
    const char *at = tail;
    while ((at = memmem(at, (size_t)(end - at), mark, sizeof(mark) - 1)) != NULL) {
        /* Data may say "Code: 1." too; an error goes on with the name of the exception. */
        size_t left = (size_t)(end - at);
        size_t look = left < 64 ? left : 64;
        if (memmem(at, look, proof, sizeof(proof) - 1) != NULL) {
            int32_t code = sj_store_error_parse(at, left, ret_text, text_size);
            if (code > 0)
                return code;
        }
        at++;
    }
    return 0;
}

uint32_t sj_store_version_parse(const char *text, size_t size)
{
    const char *end = text + size;
    int32_t year;
    int32_t month;
    size_t digits = parse_number(text, end, &year);
    if (digits == 0 || digits > 4 || text + digits >= end || text[digits] != '.')
        return 0;
    text += digits + 1;
    digits = parse_number(text, end, &month);
    if (digits == 0 || digits > 3)
        return 0;
    return (uint32_t)year * 1000 + (uint32_t)month;
}
