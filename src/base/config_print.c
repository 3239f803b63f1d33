#include <string.h>

#include "base/config_private.h"
#include "base/config_value.h"

void sj_config_redact(const char *text, char *ret_text, size_t size)
{
    const char *scheme = strstr(text, "://");
    const char *end = scheme ? scheme + 3 + strcspn(scheme + 3, "/?#") : NULL;
    /* The last '@' before the path: a password may hold one. */
    const char *at = scheme ? memrchr(scheme + 3, '@', (size_t)(end - scheme - 3)) : NULL;
    const char *colon = at ? memchr(scheme + 3, ':', (size_t)(at - scheme - 3)) : NULL;
    if (colon)
        snprintf(ret_text, size, "%.*s:***%s", (int)(colon - text), text, at);
    else
        snprintf(ret_text, size, "%s", text);
}

static void print_origin(const struct sj_config *config, const struct sj_config_origin *origin,
                         FILE *out)
{
    switch (origin->source) {
    case SJ_CONFIG_DEFAULT:
        fputs("default", out);
        break;
    case SJ_CONFIG_FILE:
        fprintf(out, "%s:%u", config->path, origin->line);
        break;
    case SJ_CONFIG_ENVIRONMENT:
        fprintf(out, "environment");
        break;
    case SJ_CONFIG_ARGUMENT:
        fputs("--set", out);
        break;
    }
    if (origin->name[0])
        fprintf(out, " %s", origin->name);
}

/* Plain where YAML reads it back as it is, else in double quotes. */
static void print_scalar(const char *text, FILE *out)
{
    if (*text && !strpbrk(text, "\"\\#'{}[],&*!|>%@`") && !strstr(text, ": ") &&
        !strchr("-?: ", *text) && text[strlen(text) - 1] != ' ' && text[strlen(text) - 1] != ':') {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (const char *at = text; *at; at++) {
        if (*at == '"' || *at == '\\')
            fputc('\\', out);
        fputc(*at, out);
    }
    fputc('"', out);
}

static void print_value(const struct sj_config *config, const struct sj_config_place *place,
                        const char *indent, FILE *out)
{
    char text[SJ_CONFIG_VALUE_SIZE_MAX], shown[SJ_CONFIG_VALUE_SIZE_MAX + 8];
    sj_config_value_format(place->key, sj_config_values(place->section, place->item), text,
                           sizeof text);
    if (place->key->secret) {
        fprintf(out, "%s# %s is %s", indent, place->key->name, *text ? "set" : "not set");
    } else {
        sj_config_redact(text, shown, sizeof shown);
        fprintf(out, "%s%s: ", indent, place->key->name);
        print_scalar(shown, out);
        fputs("  #", out);
    }
    fputs(place->key->secret ? ": " : " ", out);
    print_origin(config, sj_config_origin_of(config, place), out);
    fputc('\n', out);
}

static void print_extras(const struct sj_config *config, const struct sj_config_section *section,
                         uint32_t item, FILE *out)
{
    uint32_t *count;
    const struct sj_config_extra *extras = sj_config_map_extras(section, item, &count);
    for (uint32_t i = 0; i < *count; i++) {
        char where[400];
        fprintf(out, "    %s: ", extras[i].name);
        print_scalar(extras[i].value, out);
        sj_config_extra_where(config, &extras[i], where, sizeof where);
        fprintf(out, "  # %s\n", where);
    }
}

static void print_item(const struct sj_config *config, const struct sj_config_section *section,
                       uint32_t item, FILE *out)
{
    bool several = section->max > 1;
    if (sj_config_is_map(section))
        fprintf(out, "  %s:\n", sj_config_item_name(section, item));
    else if (several)
        fprintf(out, "  -\n");
    for (uint32_t k = 0; k < section->key_count; k++) {
        struct sj_config_place place = {.section = section, .key = &section->keys[k], .item = item};
        print_value(config, &place, several ? "    " : "  ", out);
    }
    if (section->extra_max)
        print_extras(config, section, item, out);
}

void sj_config_print(const struct sj_config *config, FILE *out)
{
    for (uint32_t i = 0; i < config->section_count; i++) {
        const struct sj_config_section *section = config->sections[i];
        uint32_t count = sj_config_item_count(section);
        const char *none = sj_config_is_map(section) ? " {}" : " []";
        fprintf(out, "%s:%s\n", section->name, count == 0 ? none : "");
        for (uint32_t item = 0; item < count; item++)
            print_item(config, section, item, out);
    }
}

void sj_config_print_reference(const struct sj_config *config, FILE *out)
{
    for (uint32_t i = 0; i < config->section_count; i++) {
        const struct sj_config_section *section = config->sections[i];
        fprintf(out, "### `%s`: %s\n\n", section->name, section->text);
        if (sj_config_is_map(section))
            fprintf(out, "A map of at most %u names, each with these keys.\n\n", section->max);
        else if (section->max > 1)
            fprintf(out, "A list of at most %u.\n\n", section->max);
        fprintf(out, "| key | value | default | what |\n|---|---|---|---|\n");
        for (uint32_t k = 0; k < section->key_count; k++) {
            const struct sj_config_key *key = &section->keys[k];
            char wanted[200];
            sj_config_value_describe(key, wanted, sizeof wanted);
            fprintf(out, "| `%s` | ", key->name);
            for (const char *at = wanted; *at; at++)
                fprintf(out, *at == '|' ? "\\%c" : "%c", *at);
            fprintf(out, "%s | `%s` | %s |\n", key->secret ? " (secret)" : "", key->fallback,
                    key->text);
        }
        fputc('\n', out);
        if (section->print_more)
            section->print_more(out);
    }
}
