/* Sections whose items have names, and keys that only the room behind them knows. */
#include <ctype.h>
#include <string.h>

#include "base/config_private.h"

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

const char *sj_config_place_text(const struct sj_config_place *place,
                                 char ret_text[SJ_CONFIG_PLACE_SIZE])
{
    bool map = sj_config_is_map(place->section);
    snprintf(ret_text, SJ_CONFIG_PLACE_SIZE, "%s%s%s.%s", place->section->name, map ? "." : "",
             map ? sj_config_item_name(place->section, place->item) : "",
             place->key ? place->key->name : place->extra);
    return ret_text;
}

static bool find_item(const struct sj_config_section *section, const char *name, size_t size,
                      uint32_t *ret_item)
{
    for (uint32_t i = 0; i < *section->count; i++) {
        const char *known = sj_config_item_name(section, i);
        if (strlen(known) != size || memcmp(known, name, size) != 0)
            continue;
        *ret_item = i;
        return true;
    }
    return false;
}

sj_rc sj_config_map_item(const struct sj_config_section *section, const char *name, size_t size,
                         bool create, const char *where, uint32_t *ret_item,
                         struct sj_config_error *ret_error)
{
    if (find_item(section, name, size, ret_item))
        return 0;
    if (size == 0 || size >= section->name_size || strspn(name, NAME_LETTERS) < size)
        return sj_config_fail(ret_error, -SJ_E_MALFORMED,
                              "%s: \"%.*s\" is no name for %s: 1 to %zu letters, digits, _ and -",
                              where, (int)(size < 40 ? size : 40), name, section->name,
                              section->name_size - 1);
    if (!create || *section->count == section->max)
        return sj_config_fail(ret_error, -SJ_E_LIMIT,
                              "%s: there are %u %s already, and no more fit", where,
                              *section->count, section->name);
    *ret_item = (*section->count)++;
    memcpy(sj_config_item_name(section, *ret_item), name, size);
    return 0;
}

/* Whether `variable` begins with `name` in capitals ('-' as '_') and a '_'. */
static bool names_item(const char *variable, const char *name)
{
    for (; *name; name++, variable++) {
        char wanted = *name == '-' ? '_' : (char)toupper((unsigned char)*name);
        if (*variable != wanted)
            return false;
    }
    return *variable == '_';
}

bool sj_config_map_cut_variable(const struct sj_config_section *section, const char **rest,
                                uint32_t *ret_item)
{
    size_t longest = 0;
    for (uint32_t i = 0; i < *section->count; i++) {
        const char *name = sj_config_item_name(section, i);
        if (strlen(name) <= longest || !names_item(*rest, name))
            continue;
        longest = strlen(name);
        *ret_item = i;
    }
    if (longest == 0)
        return false;
    *rest += longest + 1;
    return true;
}

bool sj_config_map_takes(const struct sj_config_section *section, const char *name)
{
    size_t size = strlen(name);
    return section->extra_max > 0 && size > 0 && size < SJ_CONFIG_NAME_SIZE &&
           strspn(name, NAME_LETTERS) == size;
}

struct sj_config_extra *sj_config_map_extras(const struct sj_config_section *section, uint32_t item,
                                             uint32_t **ret_count)
{
    char *values = sj_config_values(section, item);
    *ret_count = (uint32_t *)(void *)(values + section->extra_count_offset);
    return (struct sj_config_extra *)(void *)(values + section->extra_offset);
}

struct sj_config_extra *sj_config_map_extra(const struct sj_config_section *section, uint32_t item,
                                            const char *name)
{
    uint32_t *count;
    struct sj_config_extra *extras = sj_config_map_extras(section, item, &count);
    for (uint32_t i = 0; i < *count; i++)
        if (strcmp(extras[i].name, name) == 0)
            return &extras[i];
    return NULL;
}

sj_rc sj_config_map_assign(const struct sj_config_place *place, const char *text, const char *where,
                           const struct sj_config_origin *origin, struct sj_config_error *ret_error)
{
    const struct sj_config_section *section = place->section;
    char name[SJ_CONFIG_PLACE_SIZE];
    uint32_t *count;
    struct sj_config_extra *extras = sj_config_map_extras(section, place->item, &count);
    struct sj_config_extra *extra = sj_config_map_extra(section, place->item, place->extra);
    if (strlen(text) >= sizeof extra->value)
        return sj_config_fail(ret_error, -SJ_E_LIMIT, "%s: %s is longer than %zu bytes", where,
                              sj_config_place_text(place, name), sizeof extra->value - 1);
    if (!extra && *count == section->extra_max)
        return sj_config_fail(ret_error, -SJ_E_LIMIT, "%s: %s.%s has more than %u keys of its own",
                              where, section->name, sj_config_item_name(section, place->item),
                              section->extra_max);
    if (!extra) {
        extra = &extras[(*count)++];
        snprintf(extra->name, sizeof extra->name, "%s", place->extra);
    }
    snprintf(extra->value, sizeof extra->value, "%s", text);
    extra->source = (int32_t)origin->source;
    extra->line = origin->line;
    snprintf(extra->origin, sizeof extra->origin, "%s", origin->name);
    return 0;
}

void sj_config_extra_where(const struct sj_config *config, const struct sj_config_extra *extra,
                           char *ret_text, size_t size)
{
    switch (extra->source) {
    case SJ_CONFIG_FILE:
        snprintf(ret_text, size, "%s:%u", config->path, extra->line);
        break;
    case SJ_CONFIG_ENVIRONMENT:
        snprintf(ret_text, size, "environment variable %s", extra->origin);
        break;
    default:
        snprintf(ret_text, size, "--set");
        break;
    }
}
