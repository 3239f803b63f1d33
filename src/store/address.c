#include "store/client.h"

#include <stdio.h>
#include <string.h>

struct span {
    const char *begin;
    const char *end;
};

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Copies a part, undoing %XX. */
static sj_rc take(struct span from, char *to, size_t size)
{
    size_t used = 0;
    for (const char *at = from.begin; at < from.end; at++) {
        char c = *at;
        if (c == '%') {
            int high = from.end - at > 2 ? hex(at[1]) : -1;
            int low = high >= 0 ? hex(at[2]) : -1;
            if (low < 0 || high * 16 + low == 0)
                return -SJ_E_MALFORMED;
            c = (char)(high * 16 + low);
            at += 2;
        }
        if ((unsigned char)c < 0x20 || c == 0x7f)
            return -SJ_E_MALFORMED;
        if (used + 1 >= size)
            return -SJ_E_RANGE;
        to[used++] = c;
    }
    to[used] = '\0';
    return 0;
}

/* user[:password] before '@'. */
static sj_rc take_login(struct span login, struct sj_store_address *address)
{
    const char *colon = memchr(login.begin, ':', (size_t)(login.end - login.begin));
    const char *user_end = colon != NULL ? colon : login.end;
    sj_rc rc = take((struct span){login.begin, user_end}, address->user, sizeof(address->user));
    if (rc == 0 && colon != NULL)
        rc =
            take((struct span){colon + 1, login.end}, address->password, sizeof(address->password));
    return rc;
}

/* host[:port]; an address of IPv6 stands in brackets. */
static sj_rc take_host(struct span host, const char *scheme, bool is_native,
                       struct sj_store_address *address)
{
    const char *name_end;
    if (host.begin < host.end && *host.begin == '[') {
        const char *bracket = memchr(host.begin, ']', (size_t)(host.end - host.begin));
        if (bracket == NULL)
            return -SJ_E_MALFORMED;
        name_end = bracket + 1;
    } else {
        const char *colon = memchr(host.begin, ':', (size_t)(host.end - host.begin));
        name_end = colon != NULL ? colon : host.end;
    }
    uint32_t port = strcmp(scheme, "https") == 0 ? 8443 : 8123;
    if (name_end < host.end) {
        if (*name_end != ':' || host.end - name_end > 6 || host.end - name_end < 2)
            return -SJ_E_MALFORMED;
        port = 0;
        for (const char *at = name_end + 1; at < host.end; at++) {
            if (*at < '0' || *at > '9')
                return -SJ_E_MALFORMED;
            port = port * 10 + (uint32_t)(*at - '0');
        }
    }
    if (is_native && port == 9000)
        port = 8123;
    if (host.begin == name_end || port == 0 || port > 65535)
        return -SJ_E_MALFORMED;
    for (const char *at = host.begin; at < name_end; at++) {
        if ((unsigned char)*at <= 0x20 || strchr("\"'<>\\^`{|}/?#@", *at) != NULL)
            return -SJ_E_MALFORMED;
    }
    int length = snprintf(address->url, sizeof(address->url), "%s://%.*s:%u", scheme,
                          (int)(name_end - host.begin), host.begin, port);
    return length > 0 && (size_t)length < sizeof(address->url) ? 0 : -SJ_E_RANGE;
}

static const char *scheme_of(const char *text, const char **ret_rest, bool *ret_native)
{
    static const struct {
        const char *prefix;
        const char *scheme;
        bool is_native;
    } schemes[] = {
        {"http://", "http", false},
        {"https://", "https", false},
        {"clickhouse://", "http", true},
        {"clickhouse+native://", "http", true},
        {"clickhouse+http://", "http", false},
        {"clickhouses://", "https", true},
    };
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t length = strlen(schemes[i].prefix);
        if (strncmp(text, schemes[i].prefix, length) == 0) {
            *ret_rest = text + length;
            *ret_native = schemes[i].is_native;
            return schemes[i].scheme;
        }
    }
    return NULL;
}

sj_rc sj_store_address_parse(const char *text, struct sj_store_address *address)
{
    struct sj_store_address result = *address;
    const char *rest;
    bool is_native;
    const char *scheme = scheme_of(text, &rest, &is_native);
    if (scheme == NULL || strlen(rest) >= SJ_STORE_URL_MAX)
        return -SJ_E_MALFORMED;
    const char *end = rest + strcspn(rest, "?#");
    const char *path = memchr(rest, '/', (size_t)(end - rest));
    const char *authority_end = path != NULL ? path : end;
    const char *at = memrchr(rest, '@', (size_t)(authority_end - rest));
    sj_rc rc = 0;
    if (at != NULL)
        rc = take_login((struct span){rest, at}, &result);
    if (rc == 0)
        rc = take_host((struct span){at != NULL ? at + 1 : rest, authority_end}, scheme, is_native,
                       &result);
    if (rc == 0 && path != NULL && path + 1 < end) {
        while (end > path + 1 && end[-1] == '/')
            end--;
        if (path + 1 < end)
            rc = take((struct span){path + 1, end}, result.database, sizeof(result.database));
    }
    if (rc == 0)
        *address = result;
    return rc;
}
