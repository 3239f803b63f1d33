#include "store/embedded/setup.h"

#include <inttypes.h>
#include <stdlib.h>

#include "store/embedded/config.h"

/* An insert of up to this many rows is one block. */
#define INSERT_ROWS "10000000"

struct value {
    const char *name;
    const char *text;
};

/* Without these a long insert is written block by block, and an error in the middle leaves the
 * first blocks in the table. */
static const struct value insert_values[] = {
    {"max_insert_block_size", INSERT_ROWS},
    {"min_insert_block_size_rows", INSERT_ROWS},
    {"min_insert_block_size_bytes", "0"},
    {"max_insert_block_size_bytes", "0"},
};

#define INSERT_VALUE_COUNT (sizeof(insert_values) / sizeof(insert_values[0]))

/* What a reader's request may only lower. */
struct bound {
    const char *name;
    uint64_t max;
};

static bool is_handled(const struct sj_emb_setup *setup, struct sj_emb_text name)
{
    static const char *const readers[] = {"readonly",           "max_memory_usage",
                                          "max_execution_time", "max_threads",
                                          "max_result_bytes",   "result_overflow_mode"};
    if (sj_emb_text_equals(name, "log_comment"))
        return true;
    for (size_t i = 0; setup->is_reader && i < sizeof(readers) / sizeof(readers[0]); i++) {
        if (sj_emb_text_equals(name, readers[i]))
            return true;
    }
    return false;
}

static sj_rc put(struct sj_emb_buffer *sql, struct sj_emb_text name, struct sj_emb_text value)
{
    sj_rc rc = sj_emb_buffer_append(sql, ", ", 2);
    if (rc >= 0)
        rc = sj_emb_buffer_quote(sql, '`', name);
    if (rc >= 0)
        rc = sj_emb_buffer_append(sql, " = ", 3);
    return rc < 0 ? rc : sj_emb_buffer_quote(sql, '\'', value);
}

static sj_rc put_number(struct sj_emb_buffer *sql, const char *name, uint64_t value)
{
    return sj_emb_buffer_printf(sql, ", %s = %" PRIu64, name, value);
}

/* The smaller of what the request asks for and the bound; 0 and nonsense ask for the bound. */
static sj_rc put_bound(const struct sj_emb_setup *setup, struct sj_emb_buffer *sql,
                       struct bound bound)
{
    uint64_t value = bound.max;
    const struct sj_emb_text *asked = sj_emb_request_setting(setup->request, bound.name);
    if (asked && asked->size > 0 && asked->size < 20) {
        char digits[20] = {0};
        memcpy(digits, asked->data, asked->size);
        char *end = NULL;
        uint64_t number = strtoull(digits, &end, 10);
        if (*end == '\0' && number > 0 && number < bound.max)
            value = number;
    }
    return put_number(sql, bound.name, value);
}

static sj_rc put_reader(const struct sj_emb_setup *setup, struct sj_emb_buffer *sql)
{
    const struct bound bounds[] = {
        {"max_memory_usage", setup->options->reader_memory_max_bytes},
        {"max_execution_time", setup->options->reader_time_max_s},
        {"max_threads", SJ_EMB_READER_THREADS},
    };
    sj_rc rc = 0;
    for (size_t i = 0; rc >= 0 && i < sizeof(bounds) / sizeof(bounds[0]); i++)
        rc = put_bound(setup, sql, bounds[i]);
    /* 2, not 1: a statement's own SETTINGS clause stays usable, within the constraints. */
    return rc < 0 ? rc : put_number(sql, "readonly", 2);
}

static sj_rc put_settings(const struct sj_emb_setup *setup, struct sj_emb_buffer *sql)
{
    sj_rc rc = 0;
    for (size_t i = 0; rc >= 0 && i < setup->request->setting_count; i++) {
        const struct sj_emb_pair *pair = &setup->request->settings[i];
        if (!is_handled(setup, pair->name))
            rc = put(sql, pair->name, pair->value);
    }
    for (size_t i = 0; rc >= 0 && setup->is_insert && i < INSERT_VALUE_COUNT; i++) {
        if (!sj_emb_request_setting(setup->request, insert_values[i].name))
            rc = put(sql, sj_emb_text_of(insert_values[i].name),
                     sj_emb_text_of(insert_values[i].text));
    }
    if (rc >= 0 && setup->is_whole) {
        rc = put_bound(setup, sql,
                       (struct bound){"max_result_bytes", setup->options->result_max_bytes});
        if (rc >= 0)
            rc = sj_emb_buffer_printf(sql, ", result_overflow_mode = 'throw'");
    }
    return rc;
}

sj_rc sj_emb_setup_write(const struct sj_emb_setup *setup, struct sj_emb_buffer *sql)
{
    sj_rc rc = 0;
    if (setup->is_reader)
        rc = sj_emb_buffer_printf(sql, "SET ROLE NONE; ");
    struct sj_emb_text database = setup->request->database;
    if (sj_emb_text_equals(database, SJ_EMB_DEFAULT_DATABASE) ||
        (database.size == 0 && !setup->is_session))
        database = sj_emb_text_of(setup->options->database);
    if (rc >= 0 && database.size > 0) {
        rc = sj_emb_buffer_printf(sql, "USE ");
        if (rc >= 0)
            rc = sj_emb_buffer_quote(sql, '`', database);
        if (rc >= 0)
            rc = sj_emb_buffer_printf(sql, "; ");
    }
    if (rc >= 0)
        rc = sj_emb_buffer_printf(sql, "SET log_comment = ");
    if (rc >= 0)
        rc = sj_emb_buffer_quote(sql, '\'', sj_emb_text_of(setup->query_id));
    if (rc >= 0)
        rc = put_settings(setup, sql);
    if (rc >= 0 && setup->is_reader)
        rc = put_reader(setup, sql);
    return rc;
}

static sj_rc put_default(struct sj_emb_buffer *sql, struct sj_emb_text name)
{
    sj_rc rc = sj_emb_buffer_append(sql, ", ", 2);
    if (rc >= 0)
        rc = sj_emb_buffer_quote(sql, '`', name);
    return rc < 0 ? rc : sj_emb_buffer_append(sql, " = DEFAULT", 10);
}

sj_rc sj_emb_setup_undo(const struct sj_emb_setup *setup, struct sj_emb_buffer *sql)
{
    sj_rc rc = sj_emb_buffer_printf(sql, "SET log_comment = DEFAULT");
    for (size_t i = 0; rc >= 0 && i < setup->request->setting_count; i++) {
        if (!is_handled(setup, setup->request->settings[i].name))
            rc = put_default(sql, setup->request->settings[i].name);
    }
    for (size_t i = 0; rc >= 0 && setup->is_insert && i < INSERT_VALUE_COUNT; i++)
        rc = put_default(sql, sj_emb_text_of(insert_values[i].name));
    if (rc >= 0 && setup->is_whole)
        rc = sj_emb_buffer_printf(sql, ", max_result_bytes = DEFAULT, "
                                       "result_overflow_mode = DEFAULT");
    return rc;
}
