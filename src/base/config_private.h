/*
 * config_private.h: what config.c (finding and setting keys) lends to config_yaml.c (reading files)
 * and config_print.c.
 */
#ifndef SJ_BASE_CONFIG_PRIVATE_H
#define SJ_BASE_CONFIG_PRIVATE_H

#include "base/config.h"

enum sj_config_source {
    SJ_CONFIG_DEFAULT,
    SJ_CONFIG_FILE,
    SJ_CONFIG_ENVIRONMENT,
    SJ_CONFIG_ARGUMENT,
};

struct sj_config_origin {
    enum sj_config_source source;
    uint32_t line;
    char name[80]; /* the variable, or the file a secret was read from */
};

/* One key of one section, or of one item of a list or map. */
struct sj_config_place {
    const struct sj_config_section *section;
    const struct sj_config_key *key; /* NULL: a further key, named by `extra` */
    uint32_t item;
    bool from_file; /* named as NAME_file: the value is in the file named */
    const char *extra;
};

/* sj_config_explain, as the code to return. A macro, so that checkers see which code it is. */
#define sj_config_fail(ret_error, rc, ...) (sj_config_explain(ret_error, __VA_ARGS__), (rc))

const struct sj_config_section *sj_config_find_section(const struct sj_config *config,
                                                       const char *name);

/* Finds `name` (or NAME_file of a secret) among the section's keys; where the section takes further
 * ones, any other name is one of those. */
bool sj_config_find_key(const struct sj_config_section *section, const char *name,
                        struct sj_config_place *ret_place);

/* Writes "did you mean ...?", or what there is, for an unknown section or key. */
void sj_config_suggest(const struct sj_config *config, const struct sj_config_section *section,
                       const char *wrong, char *ret_text, size_t size);

/* Sets one value. `where` begins the error's line: "live.yml:12" or "environment". */
SJ_MUST_USE sj_rc sj_config_assign(struct sj_config *config, const struct sj_config_place *place,
                                   const char *text, const char *where,
                                   const struct sj_config_origin *origin,
                                   struct sj_config_error *ret_error);

/* "store.url", "strategies.mm.qty": what is wrong, for an error's line. */
#define SJ_CONFIG_PLACE_SIZE 160
const char *sj_config_place_text(const struct sj_config_place *place,
                                 char ret_text[SJ_CONFIG_PLACE_SIZE]);

struct sj_config_origin *sj_config_origin_of(const struct sj_config *config,
                                             const struct sj_config_place *place);

/* --- maps (config_map.c) --- */

static inline bool sj_config_is_map(const struct sj_config_section *section)
{
    return section->name_size > 0;
}

static inline char *sj_config_item_name(const struct sj_config_section *section, uint32_t item)
{
    return (char *)section->values + item * section->stride + section->name_offset;
}

/* The item of a map's name (`size` bytes); with `create` a new one where there is none. */
SJ_MUST_USE sj_rc sj_config_map_item(const struct sj_config_section *section, const char *name,
                                     size_t size, bool create, const char *where,
                                     uint32_t *ret_item, struct sj_config_error *ret_error);

/* Cuts the item's name, in capitals, off the rest of a variable. The longest that fits counts. */
bool sj_config_map_cut_variable(const struct sj_config_section *section, const char **rest,
                                uint32_t *ret_item);

/* Whether a name that no table knows is one of the further keys. */
bool sj_config_map_takes(const struct sj_config_section *section, const char *name);

/* The further key of that name, or NULL. */
struct sj_config_extra *sj_config_map_extra(const struct sj_config_section *section, uint32_t item,
                                            const char *name);
struct sj_config_extra *sj_config_map_extras(const struct sj_config_section *section, uint32_t item,
                                             uint32_t **ret_count);

SJ_MUST_USE sj_rc sj_config_map_assign(const struct sj_config_place *place, const char *text,
                                       const char *where, const struct sj_config_origin *origin,
                                       struct sj_config_error *ret_error);

static inline uint32_t sj_config_item_max(const struct sj_config_section *section)
{
    return section->max > 1 ? section->max : 1;
}

static inline uint32_t sj_config_item_count(const struct sj_config_section *section)
{
    return section->max > 1 ? *section->count : 1;
}

static inline void *sj_config_values(const struct sj_config_section *section, uint32_t item)
{
    return (char *)section->values + item * section->stride;
}

#endif
