#include "store/settings.h"

#include <stdio.h>
#include <string.h>

static bool is_name(const char *name, size_t size)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    return size > 0 && size < SJ_STORE_NAME_MAX && strspn(name, plain) >= size;
}

sj_rc sj_store_settings_add(char *settings, size_t size, const char *name, const char *value)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";
    if (!is_name(name, strlen(name)))
        return -SJ_E_RANGE;
    size_t used = strlen(settings);
    int length = snprintf(settings + used, size - used, "%s%s=", used > 0 ? "&" : "", name);
    size_t at = used + (size_t)length;
    for (; at + 4 <= size && *value != '\0'; value++) {
        if (strchr(plain, *value) != NULL)
            settings[at++] = *value;
        else
            at += (size_t)snprintf(settings + at, size - at, "%%%02X", (unsigned char)*value);
    }
    bool is_whole = at < size && *value == '\0';
    settings[is_whole ? at : used] = '\0';
    return is_whole ? 0 : -SJ_E_RANGE;
}

/* Takes "name=value" off a list joined by ','. False at its end. */
static bool next_pair(const char **list, char *ret_name, char *ret_value)
{
    while (**list == ',' || **list == ' ')
        (*list)++;
    if (**list == '\0')
        return false;
    size_t length = strcspn(*list, ",");
    size_t name = strcspn(*list, "=,");
    while (name > 0 && (*list)[name - 1] == ' ')
        name--;
    size_t value = strcspn(*list, "=,") + 1;
    snprintf(ret_name, SJ_STORE_NAME_MAX, "%.*s", (int)name, *list);
    snprintf(ret_value, SJ_STORE_NAME_MAX, "%.*s", value < length ? (int)(length - value) : 0,
             *list + (value < length ? value : length));
    *list += length;
    return true;
}

static void add_name(char *sql, size_t size, const char *name)
{
    size_t used = strlen(sql);
    if (is_name(name, strlen(name)))
        snprintf(sql + used, size - used, ", '%s'", name);
}

void sj_store_settings_question(const struct sj_store_config *config, char *ret_sql, size_t size)
{
    char name[SJ_STORE_NAME_MAX];
    char value[SJ_STORE_NAME_MAX];
    snprintf(ret_sql, size,
             "SELECT name FROM system.settings WHERE name IN ('insert_deduplication_token',"
             " 'async_insert', 'wait_for_async_insert', 'async_insert_max_data_size',"
             " 'async_insert_busy_timeout_ms'");
    for (const char *list = config->settings; next_pair(&list, name, value);)
        add_name(ret_sql, size - 32, name);
    const size_t used = strlen(ret_sql);
    snprintf(ret_sql + used, size - used, ")");
}

bool sj_store_settings_knows(const char *answer, size_t size, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = answer, *end = answer + size; at < end;) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        line_end = line_end != NULL ? line_end : end;
        if ((size_t)(line_end - at) == length && memcmp(at, name, length) == 0)
            return true;
        at = line_end + 1;
    }
    return false;
}

struct known {
    const char *answer;
    size_t size;
    char *settings;
};

static void add_known(const struct known *known, const char *name, const char *value)
{
    /* What has no room is told by the server's behaviour only; 1,024 bytes are room for thirty. */
    if (sj_store_settings_knows(known->answer, known->size, name))
        (void)!sj_store_settings_add(known->settings, SJ_STORE_SETTINGS_MAX, name, value);
}

static void add_number(const struct known *known, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%ld", value);
    if (value > 0)
        add_known(known, name, text);
}

void sj_store_settings_choose(const struct sj_store_config *config, const char *answer, size_t size,
                              char *ret_settings)
{
    char name[SJ_STORE_NAME_MAX];
    char value[SJ_STORE_NAME_MAX];
    const struct known known = {answer, size, ret_settings};
    ret_settings[0] = '\0';
    add_known(&known, "async_insert", config->async_insert ? "1" : "0");
    if (config->async_insert) {
        add_known(&known, "wait_for_async_insert", config->wait_for_async_insert ? "1" : "0");
        add_number(&known, "async_insert_max_data_size", config->async_insert_max_data_size);
        add_number(&known, "async_insert_busy_timeout_ms", config->async_insert_busy_timeout_ms);
    }
    for (const char *list = config->settings; next_pair(&list, name, value);)
        add_known(&known, name, value);
}
