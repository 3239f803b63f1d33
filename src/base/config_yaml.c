/* Reading the YAML file: libyaml's document tree, because it knows the line of every node. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <yaml.h>

#include "base/config_private.h"

struct reader {
    struct sj_config *config;
    yaml_document_t document;
    const char *path;
    bool readable_by_others;
    struct sj_config_error *ret_error;
};

static uint32_t line_of(const yaml_node_t *node)
{
    return (uint32_t)node->start_mark.line + 1;
}

static const char *text_of(const yaml_node_t *node)
{
    return (const char *)node->data.scalar.value;
}

static bool has_nul(const yaml_node_t *node)
{
    return strlen(text_of(node)) != node->data.scalar.length;
}

/* Joins a list's items with commas; an item with a comma could not be told apart again. */
static sj_rc join_list(struct reader *reader, const yaml_node_t *node, char *ret_text, size_t size)
{
    size_t used = 0;
    ret_text[0] = '\0';
    for (yaml_node_item_t *at = node->data.sequence.items.start; at < node->data.sequence.items.top;
         at++) {
        const yaml_node_t *item = yaml_document_get_node(&reader->document, *at);
        if (item->type != YAML_SCALAR_NODE || strchr(text_of(item), ',') || has_nul(item))
            return -SJ_E_MALFORMED;
        used +=
            (size_t)snprintf(ret_text + used, size - used, "%s%s", used ? "," : "", text_of(item));
        if (used >= size)
            return -SJ_E_LIMIT;
    }
    return 0;
}

/* The line where the file has already given the key; 0: nowhere. */
static uint32_t given_before(const struct reader *reader, const struct sj_config_place *place)
{
    if (!place->key) {
        const struct sj_config_extra *extra =
            sj_config_map_extra(place->section, place->item, place->extra);
        return extra && extra->source == SJ_CONFIG_FILE ? extra->line : 0;
    }
    const struct sj_config_origin *before = sj_config_origin_of(reader->config, place);
    return before->source == SJ_CONFIG_FILE ? before->line : 0;
}

/* The text of a value, wherever the type allows it to be a list. */
static sj_rc value_text(struct reader *reader, const struct sj_config_place *place,
                        const yaml_node_t *node, char *ret_text, size_t size)
{
    char name[SJ_CONFIG_PLACE_SIZE];
    bool list = place->key && place->key->type == SJ_CONFIG_TYPE_LIST;
    sj_rc rc = 0;
    if (node->type == YAML_SCALAR_NODE && !has_nul(node) && node->data.scalar.length < size)
        snprintf(ret_text, size, "%s", text_of(node));
    else if (node->type == YAML_SEQUENCE_NODE && list)
        rc = join_list(reader, node, ret_text, size);
    else
        rc = -SJ_E_MALFORMED;
    if (rc < 0)
        return sj_config_fail(reader->ret_error, rc, "%s:%u: %s takes %s", reader->path,
                              line_of(node), sj_config_place_text(place, name),
                              list ? "a list of plain values without commas" : "a plain value");
    return 0;
}

static sj_rc read_value(struct reader *reader, const struct sj_config_section *section,
                        uint32_t item, const yaml_node_t *name, const yaml_node_t *value)
{
    char where[300], hint[300], text[SJ_CONFIG_VALUE_SIZE_MAX], name_text[SJ_CONFIG_PLACE_SIZE];
    struct sj_config_place place;
    snprintf(where, sizeof where, "%.255s:%u", reader->path, line_of(name));
    if (name->type != YAML_SCALAR_NODE)
        return sj_config_fail(reader->ret_error, -SJ_E_MALFORMED, "%s: a key must be a plain name",
                              where);
    if (!sj_config_find_key(section, text_of(name), &place)) {
        sj_config_suggest(reader->config, section, text_of(name), hint, sizeof hint);
        return sj_config_fail(reader->ret_error, -SJ_E_UNKNOWN,
                              "%s: no key \"%.64s\" in section %s: %s", where, text_of(name),
                              section->name, hint);
    }
    place.item = item;
    sj_rc rc = value_text(reader, &place, value, text, sizeof text);
    if (rc < 0)
        return rc;
    uint32_t before = given_before(reader, &place);
    if (before)
        return sj_config_fail(reader->ret_error, -SJ_E_MALFORMED,
                              "%s: %s is given a second time (first in line %u); keep one", where,
                              sj_config_place_text(&place, name_text), before);
    if (place.key && place.key->secret && !place.from_file && reader->readable_by_others)
        return sj_config_fail(reader->ret_error, -EACCES,
                              "%s: %s.%s is a secret in a file others can read; chmod 600 %s",
                              where, section->name, place.key->name, reader->path);
    struct sj_config_origin origin = {.source = SJ_CONFIG_FILE, .line = line_of(name)};
    return sj_config_assign(reader->config, &place, text, where, &origin, reader->ret_error);
}

static sj_rc read_mapping(struct reader *reader, const struct sj_config_section *section,
                          uint32_t item, const yaml_node_t *node)
{
    /* "store:" with nothing under it: all defaults. */
    if (node->type == YAML_SCALAR_NODE && node->data.scalar.length == 0)
        return 0;
    if (node->type != YAML_MAPPING_NODE)
        return sj_config_fail(reader->ret_error, -SJ_E_MALFORMED,
                              "%s:%u: section %s needs lines of the form \"key: value\" under it",
                              reader->path, line_of(node), section->name);
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        sj_rc rc =
            read_value(reader, section, item, yaml_document_get_node(&reader->document, pair->key),
                       yaml_document_get_node(&reader->document, pair->value));
        if (rc < 0)
            return rc;
    }
    return 0;
}

static sj_rc read_list(struct reader *reader, const struct sj_config_section *section,
                       const yaml_node_t *node)
{
    if (node->type != YAML_SEQUENCE_NODE)
        return sj_config_fail(reader->ret_error, -SJ_E_MALFORMED,
                              "%s:%u: %s is a list: begin each item with \"- \"", reader->path,
                              line_of(node), section->name);
    uint32_t item = 0;
    for (yaml_node_item_t *at = node->data.sequence.items.start; at < node->data.sequence.items.top;
         at++, item++) {
        const yaml_node_t *child = yaml_document_get_node(&reader->document, *at);
        if (item >= section->max)
            return sj_config_fail(reader->ret_error, -SJ_E_LIMIT,
                                  "%s:%u: %s has more than %u items", reader->path, line_of(child),
                                  section->name, section->max);
        if (item >= *section->count)
            *section->count = item + 1;
        sj_rc rc = read_mapping(reader, section, item, child);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static sj_rc read_map(struct reader *reader, const struct sj_config_section *section,
                      const yaml_node_t *node)
{
    if (node->type == YAML_SCALAR_NODE && node->data.scalar.length == 0)
        return 0;
    if (node->type != YAML_MAPPING_NODE)
        return sj_config_fail(reader->ret_error, -SJ_E_MALFORMED,
                              "%s:%u: %s needs names with a ':' under it, each with its keys",
                              reader->path, line_of(node), section->name);
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *name = yaml_document_get_node(&reader->document, pair->key);
        uint32_t item, before = *section->count;
        char where[300];
        snprintf(where, sizeof where, "%.255s:%u", reader->path, line_of(name));
        if (name->type != YAML_SCALAR_NODE || has_nul(name))
            return sj_config_fail(reader->ret_error, -SJ_E_MALFORMED,
                                  "%s: a name must be a plain one", where);
        sj_rc rc = sj_config_map_item(section, text_of(name), name->data.scalar.length, true, where,
                                      &item, reader->ret_error);
        if (rc < 0)
            return rc;
        if (item < before)
            return sj_config_fail(reader->ret_error, -SJ_E_MALFORMED,
                                  "%s: %s.%s is there a second time; rename or merge them", where,
                                  section->name, text_of(name));
        rc = read_mapping(reader, section, item,
                          yaml_document_get_node(&reader->document, pair->value));
        if (rc < 0)
            return rc;
    }
    return 0;
}

static sj_rc read_section(struct reader *reader, const yaml_node_t *name, const yaml_node_t *value)
{
    char hint[300];
    if (name->type != YAML_SCALAR_NODE)
        return sj_config_fail(reader->ret_error, -SJ_E_MALFORMED,
                              "%s:%u: a section must be a plain name", reader->path, line_of(name));
    const struct sj_config_section *section = sj_config_find_section(reader->config, text_of(name));
    if (!section) {
        sj_config_suggest(reader->config, NULL, text_of(name), hint, sizeof hint);
        return sj_config_fail(reader->ret_error, -SJ_E_UNKNOWN, "%s:%u: no section \"%.64s\": %s",
                              reader->path, line_of(name), text_of(name), hint);
    }
    if (sj_config_is_map(section))
        return read_map(reader, section, value);
    return section->max > 1 ? read_list(reader, section, value)
                            : read_mapping(reader, section, 0, value);
}

static sj_rc read_document(struct reader *reader)
{
    const yaml_node_t *root = yaml_document_get_root_node(&reader->document);
    if (!root || (root->type == YAML_SCALAR_NODE && root->data.scalar.length == 0))
        return 0;
    if (root->type != YAML_MAPPING_NODE)
        return sj_config_fail(reader->ret_error, -SJ_E_MALFORMED,
                              "%s:%u: the file must consist of sections, as in \"store:\"",
                              reader->path, line_of(root));
    for (yaml_node_pair_t *pair = root->data.mapping.pairs.start;
         pair < root->data.mapping.pairs.top; pair++) {
        sj_rc rc = read_section(reader, yaml_document_get_node(&reader->document, pair->key),
                                yaml_document_get_node(&reader->document, pair->value));
        if (rc < 0)
            return rc;
    }
    return 0;
}

static sj_rc parse_stream(struct reader *reader, FILE *file)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return sj_config_fail(reader->ret_error, -ENOMEM, "%s: no memory", reader->path);
    yaml_parser_set_input_file(&parser, file);
    sj_rc rc;
    if (!yaml_parser_load(&parser, &reader->document)) {
        const char *problem = parser.problem ? parser.problem : "it cannot be read";
        rc = sj_config_fail(reader->ret_error, -SJ_E_MALFORMED, "%s:%zu: not YAML: %s",
                            reader->path, parser.problem_mark.line + 1, problem);
    } else {
        rc = read_document(reader);
        yaml_document_delete(&reader->document);
    }
    yaml_parser_delete(&parser);
    return rc;
}

sj_rc sj_config_load_file(struct sj_config *config, const char *path,
                          struct sj_config_error *ret_error)
{
    struct reader reader = {.config = config, .path = path, .ret_error = ret_error};
    struct stat st;
    FILE *file = fopen(path, "re");
    if (!file || fstat(fileno(file), &st) != 0) {
        sj_rc rc = -errno;
        if (file)
            fclose(file);
        return sj_config_fail(ret_error, rc, "%s: cannot be read: %s", path, sj_rc_text(rc));
    }
    sj_rc rc;
    if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode)) {
        rc = sj_config_fail(ret_error, -SJ_E_MALFORMED, "%s: not a file", path);
    } else if (st.st_size > SJ_CONFIG_FILE_SIZE_MAX) {
        rc = sj_config_fail(ret_error, -SJ_E_LIMIT, "%s: larger than 1 MiB", path);
    } else {
        reader.readable_by_others = st.st_mode & 077;
        snprintf(config->path, sizeof config->path, "%s", path);
        rc = parse_stream(&reader, file);
    }
    fclose(file);
    return rc;
}
