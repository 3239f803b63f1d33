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

/* One key of one section, or of one item of a list. */
struct sj_config_place {
    const struct sj_config_section *section;
    const struct sj_config_key *key;
    uint32_t item;
    bool from_file; /* named as NAME_file: the value is in the file named */
};

/* Writes the line of an error. */
__attribute__((format(printf, 2, 3))) void sj_config_explain(struct sj_config_error *ret_error,
                                                             const char *format, ...);

/* The same, as the code to return. A macro, so that checkers see which code it is. */
#define sj_config_fail(ret_error, rc, ...) (sj_config_explain(ret_error, __VA_ARGS__), (rc))

const struct sj_config_section *sj_config_find_section(const struct sj_config *config,
                                                       const char *name);

/* Finds `name` (or NAME_file of a secret) among the section's keys. */
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

struct sj_config_origin *sj_config_origin_of(const struct sj_config *config,
                                             const struct sj_config_place *place);

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
