/*
 * config.h: one YAML file, one table per section: every value has a name (with its unit), a type, a
 * range, a default and a text, and knows where it came from.
 *
 * A room declares a struct, and a table of keys over it:
 *
 *     struct sj_store_config { char url[256]; int64_t batch_rows; };
 *     static const struct sj_config_key keys[] = {
 *         SJ_CONFIG_TEXT(struct sj_store_config, url, "http://127.0.0.1:8123", "the server"),
 *         SJ_CONFIG_INT(struct sj_store_config, batch_rows, 1, 1000000, "50000", "rows an insert"),
 *     };
 *     const struct sj_config_section section = {"store", "where events end up", keys, 2, &values};
 *
 * Later sources win: default, file, environment (SHIJIM_STORE_URL), --set store.url=...
 * Lists of mappings ("connections: [...]") are sections with `max` > 1; an item is addressed as
 * connections.0.url (SHIJIM_CONNECTIONS_0_URL).
 *
 * Maps of named mappings ("strategies: {mm: {...}, alpha: {...}}") are sections with `max` > 1 and
 * a name_size: an item is addressed as strategies.mm.qty (SHIJIM_STRATEGIES_MM_QTY; a variable
 * changes an item that the file has, --set also makes one). The items may take further keys that no
 * table knows, for whom the room checks later: they are kept as they were written, with where.
 *
 * Whole numbers may carry k, M, G (thousands) or Ki, Mi, Gi (1024s), and '_' between digits.
 *
 * Secrets  A key flagged secret is never printed and is refused as --set argument (`ps` shows
 * those); in a file it needs mode 0600. For each secret NAME there is also NAME_file: a 0600 file
 *          whose first line is the value.
 * Errors   Every function that can fail fills an sj_config_error: one line naming the file, the
 *          line, the key and what to do. -SJ_E_UNKNOWN, -SJ_E_RANGE, -SJ_E_MALFORMED, -SJ_E_LIMIT
 * or -errno; all are the user's to mend (exit 2). Threads  [init] All of it, before threads start.
 * Values are plain memory afterwards. Memory   sj_config_init allocates the record of origins;
 * sj_config_done frees it.
 */
#ifndef SJ_BASE_CONFIG_H
#define SJ_BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/rc.h"

#define SJ_CONFIG_FILE_SIZE_MAX (1 << 20)
#define SJ_CONFIG_VALUE_SIZE_MAX 4096
#define SJ_CONFIG_ERROR_SIZE 512
#define SJ_CONFIG_NAME_SIZE 32 /* of items of a map, and of their further keys */

enum sj_config_type {
    SJ_CONFIG_TYPE_BOOL,   /* bool: true/false, yes/no, on/off, 1/0 */
    SJ_CONFIG_TYPE_INT,    /* int64_t */
    SJ_CONFIG_TYPE_REAL,   /* double */
    SJ_CONFIG_TYPE_TEXT,   /* char[size] */
    SJ_CONFIG_TYPE_CHOICE, /* int32_t: index into `choices` */
    SJ_CONFIG_TYPE_LIST,   /* char[size]: items joined by ','; a YAML list or text */
};

struct sj_config_key {
    const char *name;
    enum sj_config_type type;
    bool secret;
    size_t offset, size; /* the member in the section's struct */
    double min, max;     /* INT and REAL */
    const char *choices; /* CHOICE: "gate|lossy|conflate" */
    const char *fallback;
    const char *text; /* one sentence, for --print-config and the reference */
};

#define SJ_CONFIG_KEY_(kind, owner, member, low, high, list, value, help, is_secret)               \
    {                                                                                              \
        .name = #member, .type = SJ_CONFIG_TYPE_##kind, .secret = is_secret,                       \
        .offset = offsetof(owner, member), .size = sizeof(((owner *)0)->member), .min = low,       \
        .max = high, .choices = list, .fallback = value, .text = help                              \
    }
#define SJ_CONFIG_BOOL(owner, member, value, help)                                                 \
    SJ_CONFIG_KEY_(BOOL, owner, member, 0, 0, NULL, value, help, false)
#define SJ_CONFIG_INT(owner, member, low, high, value, help)                                       \
    SJ_CONFIG_KEY_(INT, owner, member, low, high, NULL, value, help, false)
#define SJ_CONFIG_REAL(owner, member, low, high, value, help)                                      \
    SJ_CONFIG_KEY_(REAL, owner, member, low, high, NULL, value, help, false)
#define SJ_CONFIG_TEXT(owner, member, value, help)                                                 \
    SJ_CONFIG_KEY_(TEXT, owner, member, 0, 0, NULL, value, help, false)
#define SJ_CONFIG_SECRET(owner, member, help)                                                      \
    SJ_CONFIG_KEY_(TEXT, owner, member, 0, 0, NULL, "", help, true)
#define SJ_CONFIG_CHOICE(owner, member, list, value, help)                                         \
    SJ_CONFIG_KEY_(CHOICE, owner, member, 0, 0, list, value, help, false)
#define SJ_CONFIG_LIST(owner, member, value, help)                                                 \
    SJ_CONFIG_KEY_(LIST, owner, member, 0, 0, NULL, value, help, false)

/* A key of an item that the table does not know, as it was written. */
struct sj_config_extra {
    char name[SJ_CONFIG_NAME_SIZE];
    char value[256];
    int32_t source; /* private to config */
    uint32_t line;
    char origin[80];
};

struct sj_config_section {
    const char *name;
    const char *text;
    const struct sj_config_key *keys;
    uint32_t key_count;
    void *values;    /* one struct, or `max` of them in a row */
    uint32_t max;    /* 0 and 1: a plain section. More: a list of mappings */
    size_t stride;   /* lists: sizeof of the struct */
    uint32_t *count; /* lists: how many items there are (at least what it is at init) */
    /* Maps: where an item keeps its name, char[name_size]; 0: no map. */
    size_t name_offset, name_size;
    /* Maps: where an item keeps its further keys (struct sj_config_extra[extra_max]) and their
     * number (uint32_t); 0: it takes none. */
    size_t extra_offset, extra_count_offset;
    uint32_t extra_max;
    void (*print_more)(FILE *out); /* the reference of the further keys, or NULL */
};

/* An environment variable of the original system that means one of our keys. */
struct sj_config_alias {
    const char *variable; /* "CLICKHOUSE_DSN" */
    const char *target;   /* "store.url" */
};

struct sj_config_error {
    char text[SJ_CONFIG_ERROR_SIZE];
};

struct sj_config_origin; /* where a value came from */

struct sj_config {
    const struct sj_config_section *const *sections;
    uint32_t section_count;
    const struct sj_config_alias *aliases;
    uint32_t alias_count;
    struct sj_config_origin *origins;
    char path[256];
};

/* Sets every value to its default. The tables must outlive `config`. A default that does not parse
 * is a bug and asserts. -ENOMEM. [init] */
SJ_MUST_USE sj_rc sj_config_init(struct sj_config *config,
                                 const struct sj_config_section *const *sections,
                                 uint32_t section_count);

void sj_config_done(struct sj_config *config);

/* Names accepted from the environment besides SHIJIM_SECTION_KEY. [init] */
void sj_config_set_aliases(struct sj_config *config, const struct sj_config_alias *aliases,
                           uint32_t alias_count);

/* Reads a YAML file. [init] */
SJ_MUST_USE sj_rc sj_config_load_file(struct sj_config *config, const char *path,
                                      struct sj_config_error *ret_error);

/* Takes what `environment` ("NAME=value", NULL at the end: environ) sets. A SHIJIM_<section>_ name
 * without such a key is an error; other SHIJIM_ names are left to others. [init] */
SJ_MUST_USE sj_rc sj_config_load_environment(struct sj_config *config, char *const *environment,
                                             struct sj_config_error *ret_error);

/* Takes the argument of --set: "section.key=value". [init] */
SJ_MUST_USE sj_rc sj_config_set(struct sj_config *config, const char *assignment,
                                struct sj_config_error *ret_error);

/* Where a further key was written: "live.yml:12", "environment variable SHIJIM_...", "--set". For
 * the error's line of whoever checks it. [init] */
void sj_config_extra_where(const struct sj_config *config, const struct sj_config_extra *extra,
                           char *ret_text, size_t size);

/* Writes the line of an error that a room found in its own values. [init] */
__attribute__((format(printf, 2, 3))) void sj_config_explain(struct sj_config_error *ret_error,
                                                             const char *format, ...);

/* The one of `names` that `wrong` was probably meant to be, or NULL. [any] */
const char *sj_config_nearest(const char *wrong, const char *const *names, uint32_t count);

/* Prints every value as YAML that can be read back (but for secrets), each with its origin as a
 * comment. [any] */
void sj_config_print(const struct sj_config *config, FILE *out);

/* Prints every key with type, range, default and text as Markdown tables. [any] */
void sj_config_print_reference(const struct sj_config *config, FILE *out);

/* Copies `text`, with any password in an URL's user part replaced by ***. [any] */
void sj_config_redact(const char *text, char *ret_text, size_t size);

#endif
