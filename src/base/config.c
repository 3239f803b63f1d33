#include "base/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/assert.h"
#include "base/config_private.h"
#include "base/config_value.h"

#define PREFIX "SHIJIM_"
#define FILE_SUFFIX "_file"
#define NAMES_MAX 128

void sj_config_explain(struct sj_config_error *ret_error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ret_error->text, sizeof ret_error->text, format, arguments);
    va_end(arguments);
    /* What the user wrote is quoted in it, and may be anything; an error is one line. */
    for (char *at = ret_error->text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
}

/* Origins lie section by section, item by item, key by key. */
struct sj_config_origin *sj_config_origin_of(const struct sj_config *config,
                                             const struct sj_config_place *place)
{
    size_t index = 0;
    for (uint32_t i = 0; config->sections[i] != place->section; i++)
        index += (size_t)config->sections[i]->key_count * sj_config_item_max(config->sections[i]);
    index += (size_t)place->item * place->section->key_count;
    return &config->origins[index + (size_t)(place->key - place->section->keys)];
}

static void set_defaults(const struct sj_config_section *section)
{
    for (uint32_t item = 0; item < sj_config_item_max(section); item++) {
        for (uint32_t i = 0; i < section->key_count; i++) {
            char why[256];
            sj_rc rc = sj_config_value_parse(&section->keys[i], sj_config_values(section, item),
                                             section->keys[i].fallback, why, sizeof why);
            SJ_ASSERT(rc >= 0);
        }
    }
}

sj_rc sj_config_init(struct sj_config *config, const struct sj_config_section *const *sections,
                     uint32_t section_count)
{
    size_t origin_count = 1;
    for (uint32_t i = 0; i < section_count; i++) {
        SJ_ASSERT(sections[i]->max <= 1 || (sections[i]->stride && sections[i]->count));
        SJ_ASSERT(!sj_config_is_map(sections[i]) || sections[i]->max > 1);
        origin_count += (size_t)sections[i]->key_count * sj_config_item_max(sections[i]);
        set_defaults(sections[i]);
    }
    struct sj_config_origin *origins = calloc(origin_count, sizeof *origins);
    if (!origins)
        return -ENOMEM;
    *config = (struct sj_config){
        .sections = sections, .section_count = section_count, .origins = origins};
    return 0;
}

void sj_config_done(struct sj_config *config)
{
    if (!config)
        return;
    free(config->origins);
    config->origins = NULL;
}

void sj_config_set_aliases(struct sj_config *config, const struct sj_config_alias *aliases,
                           uint32_t alias_count)
{
    config->aliases = aliases;
    config->alias_count = alias_count;
}

const struct sj_config_section *sj_config_find_section(const struct sj_config *config,
                                                       const char *name)
{
    for (uint32_t i = 0; i < config->section_count; i++)
        if (strcmp(config->sections[i]->name, name) == 0)
            return config->sections[i];
    return NULL;
}

bool sj_config_find_key(const struct sj_config_section *section, const char *name,
                        struct sj_config_place *ret_place)
{
    for (uint32_t i = 0; i < section->key_count; i++) {
        const struct sj_config_key *key = &section->keys[i];
        size_t length = strlen(key->name);
        bool exact = strcmp(key->name, name) == 0;
        bool from_file = key->secret && strncmp(key->name, name, length) == 0 &&
                         strcmp(name + length, FILE_SUFFIX) == 0;
        if (!exact && !from_file)
            continue;
        *ret_place = (struct sj_config_place){section, key, 0, !exact, NULL};
        return true;
    }
    *ret_place = (struct sj_config_place){.section = section, .extra = name};
    return sj_config_map_takes(section, name);
}

void sj_config_suggest(const struct sj_config *config, const struct sj_config_section *section,
                       const char *wrong, char *ret_text, size_t size)
{
    const char *names[NAMES_MAX];
    uint32_t count = section ? section->key_count : config->section_count;
    count = count < NAMES_MAX ? count : NAMES_MAX;
    for (uint32_t i = 0; i < count; i++)
        names[i] = section ? section->keys[i].name : config->sections[i]->name;
    const char *nearest = sj_config_nearest(wrong, names, count);
    if (nearest) {
        snprintf(ret_text, size, "did you mean \"%s\"?", nearest);
        return;
    }
    /* Right name, wrong section? */
    for (uint32_t i = 0; i < config->section_count; i++) {
        struct sj_config_place place;
        if (sj_config_find_key(config->sections[i], wrong, &place) && place.key) {
            snprintf(ret_text, size, "it belongs to section \"%s\"", config->sections[i]->name);
            return;
        }
    }
    size_t used = (size_t)snprintf(ret_text, size, "there are:");
    for (uint32_t i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(ret_text + used, size - used, " %s", names[i]);
}

/* Reads the first line of a file that only its owner can read. */
static sj_rc read_secret(const char *path, char *ret_text, size_t size, const char **ret_why)
{
    struct stat st;
    FILE *file = fopen(path, "re");
    if (!file || fstat(fileno(file), &st) != 0) {
        sj_rc rc = -errno;
        if (file)
            fclose(file);
        *ret_why = sj_rc_text(rc);
        return rc;
    }
    sj_rc rc = 0;
    if (st.st_mode & 077) {
        *ret_why = "others can read it; chmod 600 it";
        rc = -EACCES;
    } else if (!fgets(ret_text, (int)size, file)) {
        *ret_why = "it is empty";
        rc = -SJ_E_MALFORMED;
    } else {
        ret_text[strcspn(ret_text, "\r\n")] = '\0';
    }
    fclose(file);
    return rc;
}

sj_rc sj_config_assign(struct sj_config *config, const struct sj_config_place *place,
                       const char *text, const char *where, const struct sj_config_origin *origin,
                       struct sj_config_error *ret_error)
{
    const struct sj_config_section *section = place->section;
    const struct sj_config_key *key = place->key;
    if (!key)
        return sj_config_map_assign(place, text, where, origin, ret_error);
    char secret[SJ_CONFIG_VALUE_SIZE_MAX], why[256], name[SJ_CONFIG_PLACE_SIZE];
    struct sj_config_origin from = *origin;
    if (place->from_file) {
        const char *reason = "";
        sj_rc rc = read_secret(text, secret, sizeof secret, &reason);
        if (rc < 0)
            return sj_config_fail(ret_error, rc, "%s: %s" FILE_SUFFIX ": %.160s: %s", where,
                                  sj_config_place_text(place, name), text, reason);
        snprintf(from.name, sizeof from.name, "%.79s", text);
        text = secret;
    }
    sj_rc rc =
        sj_config_value_parse(key, sj_config_values(section, place->item), text, why, sizeof why);
    explicit_bzero(secret, sizeof secret);
    if (rc < 0)
        return sj_config_fail(ret_error, rc, "%s: %s: %s", where, sj_config_place_text(place, name),
                              why);
    *sj_config_origin_of(config, place) = from;
    if (section->max > 1 && place->item >= *section->count)
        *section->count = place->item + 1;
    return 0;
}

/* Cuts "mm." off the rest of a map's address. */
static sj_rc cut_name(const struct sj_config_section *section, const char **rest, const char *where,
                      uint32_t *ret_item, struct sj_config_error *ret_error)
{
    const char *dot = strchr(*rest, '.');
    if (!dot)
        return sj_config_fail(ret_error, -SJ_E_MALFORMED,
                              "%s: %s has named items: name one and its key, as in %s.NAME.%s",
                              where, section->name, section->name, section->keys[0].name);
    sj_rc rc =
        sj_config_map_item(section, *rest, (size_t)(dot - *rest), true, where, ret_item, ret_error);
    *rest = dot + 1;
    return rc;
}

/* Cuts "0." or "0_" off the rest of a list's address. The item must exist or be the next. */
static bool cut_item(const struct sj_config_section *section, const char **rest, char separator,
                     uint32_t *ret_item)
{
    char *end;
    if (!isdigit((unsigned char)**rest))
        return false;
    unsigned long item = strtoul(*rest, &end, 10);
    if (*end != separator || item >= section->max || item > *section->count)
        return false;
    *ret_item = (uint32_t)item;
    *rest = end + 1;
    return true;
}

/* Resolves "store.url" or "connections.0.url". */
static sj_rc find_address(const struct sj_config *config, const char *address, const char *where,
                          struct sj_config_place *ret_place, struct sj_config_error *ret_error)
{
    char name[64], hint[300];
    const char *dot = strchr(address, '.');
    if (!dot || (size_t)(dot - address) >= sizeof name)
        return sj_config_fail(ret_error, -SJ_E_MALFORMED,
                              "%s: \"%.64s\" is not of the form section.key", where, address);
    snprintf(name, sizeof name, "%.*s", (int)(dot - address), address);
    const struct sj_config_section *section = sj_config_find_section(config, name);
    if (!section) {
        sj_config_suggest(config, NULL, name, hint, sizeof hint);
        return sj_config_fail(ret_error, -SJ_E_UNKNOWN, "%s: no section \"%s\": %s", where, name,
                              hint);
    }
    const char *rest = dot + 1;
    uint32_t item = 0;
    sj_rc rc = 0;
    if (sj_config_is_map(section))
        rc = cut_name(section, &rest, where, &item, ret_error);
    else if (section->max > 1 && !cut_item(section, &rest, '.', &item))
        return sj_config_fail(ret_error, -SJ_E_MALFORMED,
                              "%s: %s is a list of at most %u: name an item, as in %s.0.%s", where,
                              name, section->max, name, section->keys[0].name);
    if (rc < 0)
        return rc;
    if (!sj_config_find_key(section, rest, ret_place)) {
        sj_config_suggest(config, section, rest, hint, sizeof hint);
        return sj_config_fail(ret_error, -SJ_E_UNKNOWN, "%s: no key \"%.64s\" in section %s: %s",
                              where, rest, name, hint);
    }
    ret_place->item = item;
    return 0;
}

sj_rc sj_config_set(struct sj_config *config, const char *assignment,
                    struct sj_config_error *ret_error)
{
    const char *equals = strchr(assignment, '=');
    char address[128];
    if (!equals || (size_t)(equals - assignment) >= sizeof address)
        return sj_config_fail(ret_error, -SJ_E_MALFORMED,
                              "--set: \"%.64s\" is not of the form section.key=value", assignment);
    snprintf(address, sizeof address, "%.*s", (int)(equals - assignment), assignment);
    struct sj_config_place place;
    sj_rc rc = find_address(config, address, "--set", &place, ret_error);
    if (rc < 0)
        return rc;
    if (place.key && place.key->secret && !place.from_file)
        return sj_config_fail(ret_error, -SJ_E_REFUSED,
                              "--set: %s is a secret, and arguments can be seen by others; "
                              "use the environment, or --set %s" FILE_SUFFIX "=FILE",
                              address, address);
    struct sj_config_origin origin = {.source = SJ_CONFIG_ARGUMENT};
    return sj_config_assign(config, &place, equals + 1, "--set", &origin, ret_error);
}

/* Whether `variable` goes on with `name` in capitals and a '_'; the rest then follows. */
static const char *after_section(const char *variable, const char *name)
{
    for (; *name; name++, variable++)
        if (*variable != toupper((unsigned char)*name))
            return NULL;
    return *variable == '_' ? variable + 1 : NULL;
}

/* Sets what SHIJIM_<section>_<key> names. `rest` is what follows the section's name. */
static sj_rc set_from_variable(struct sj_config *config, const struct sj_config_section *section,
                               const char *variable, const char *rest, const char *value,
                               struct sj_config_error *ret_error)
{
    uint32_t item = 0;
    char key[64], hint[300], where[128];
    snprintf(where, sizeof where, "environment variable %.80s", variable);
    if (sj_config_is_map(section)) {
        if (!sj_config_map_cut_variable(section, &rest, &item))
            return sj_config_fail(ret_error, -SJ_E_UNKNOWN,
                                  "%s: the file has no item of %s that it names", where,
                                  section->name);
    } else if (section->max > 1 && !cut_item(section, &rest, '_', &item))
        return sj_config_fail(ret_error, -SJ_E_MALFORMED,
                              "%s: %s is a list of at most %u: name an item, counting from 0",
                              where, section->name, section->max);
    size_t length = 0;
    for (; rest[length] && length + 1 < sizeof key; length++)
        key[length] = (char)tolower((unsigned char)rest[length]);
    key[length] = '\0';
    struct sj_config_place place;
    if (!sj_config_find_key(section, key, &place)) {
        sj_config_suggest(config, section, key, hint, sizeof hint);
        return sj_config_fail(ret_error, -SJ_E_UNKNOWN, "%s: no key \"%s\" in section %s: %s",
                              where, key, section->name, hint);
    }
    place.item = item;
    struct sj_config_origin origin = {.source = SJ_CONFIG_ENVIRONMENT};
    snprintf(origin.name, sizeof origin.name, "%.79s", variable);
    return sj_config_assign(config, &place, value, where, &origin, ret_error);
}

static sj_rc set_from_alias(struct sj_config *config, const char *variable, const char *target,
                            const char *value, struct sj_config_error *ret_error)
{
    char where[128];
    snprintf(where, sizeof where, "environment variable %.80s", variable);
    struct sj_config_place place;
    sj_rc rc = find_address(config, target, where, &place, ret_error);
    if (rc < 0)
        return rc;
    /* The new name wins over the old where both are set. */
    if (sj_config_origin_of(config, &place)->source == SJ_CONFIG_ENVIRONMENT)
        return 0;
    struct sj_config_origin origin = {.source = SJ_CONFIG_ENVIRONMENT};
    snprintf(origin.name, sizeof origin.name, "%.79s", variable);
    return sj_config_assign(config, &place, value, where, &origin, ret_error);
}

static const struct sj_config_alias *find_alias(const struct sj_config *config,
                                                const char *variable)
{
    for (uint32_t i = 0; i < config->alias_count; i++)
        if (strcmp(config->aliases[i].variable, variable) == 0)
            return &config->aliases[i];
    return NULL;
}

/* The section a variable is about: of those whose name fits, the longest, as names may hold '_'. */
static const struct sj_config_section *section_of_variable(const struct sj_config *config,
                                                           const char *variable,
                                                           const char **ret_rest)
{
    const struct sj_config_section *found = NULL;
    if (strncmp(variable, PREFIX, strlen(PREFIX)) != 0)
        return NULL;
    for (uint32_t i = 0; i < config->section_count; i++) {
        const char *rest = after_section(variable + strlen(PREFIX), config->sections[i]->name);
        if (!rest || (found && strlen(found->name) >= strlen(config->sections[i]->name)))
            continue;
        found = config->sections[i];
        *ret_rest = rest;
    }
    return found;
}

sj_rc sj_config_load_environment(struct sj_config *config, char *const *environment,
                                 struct sj_config_error *ret_error)
{
    /* First our own names, then the aliases that they outrank. */
    for (int pass = 0; pass < 2; pass++) {
        for (char *const *entry = environment; *entry; entry++) {
            char variable[128];
            const char *equals = strchr(*entry, '='), *rest = NULL;
            if (!equals || (size_t)(equals - *entry) >= sizeof variable)
                continue;
            snprintf(variable, sizeof variable, "%.*s", (int)(equals - *entry), *entry);
            const struct sj_config_alias *alias = find_alias(config, variable);
            const struct sj_config_section *section = section_of_variable(config, variable, &rest);
            sj_rc rc = 0;
            if (pass == 1 && alias)
                rc = set_from_alias(config, variable, alias->target, equals + 1, ret_error);
            else if (pass == 0 && !alias && section)
                rc = set_from_variable(config, section, variable, rest, equals + 1, ret_error);
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}
