#include "store/embedded/config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* Settings that stay as they are. They name files (which would be read or written with this
 * process's rights), reach the network, evade the memory limits, or change how a statement is
 * parsed. */
static const struct {
    const char *name;
    const char *value;
} fixed_settings[] = {
    {"format_template_resultset", ""},
    {"format_template_row", ""},
    {"format_schema", ""},
    {"format_schema_source", "file"},
    {"output_format_schema", ""},
    {"input_format_record_errors_file_path", ""},
    {"rename_files_after_processing", ""},
    {"format_avro_schema_registry_url", ""},
    {"url_base", ""},
    {"dialect", "clickhouse"},
    {"implicit_select", "0"},
    {"allow_introspection_functions", "0"},
    {"max_untracked_memory", "4194304"},
    {"use_query_cache", "0"},
    {"use_page_cache_for_local_disks", "0"},
    {"os_threads_nice_value_query", "0"},
    {"jemalloc_enable_profiler", "0"},
    {"memory_tracker_fault_probability", "0"},
    {"merge_tree_storage_snapshot_sleep_ms", "0"},
    {"send_logs_level", "fatal"},
};

#define FIXED_COUNT (sizeof(fixed_settings) / sizeof(fixed_settings[0]))

/* What a spilling sort or join of one statement may put on the disk. */
#define SPILL_SETTING "max_temporary_data_on_disk_size_for_query"
#define SPILL_MAX_BYTES (UINT64_C(1) << 30)

/* Merging costs as much as inserting. It yields to inserts and queries (they share the machine's
 * cores with the recorder), and takes ten parts at once, so that rows are written again less
 * often. An insert's part is one file of data (compact) and not two for each of fifty columns.
 * Tables whose merges fall behind slow their inserts from 300 parts of a month on, which gives
 * merges the time they lack. */
#define MERGES                                                                                     \
    "  <os_threads_nice_value_merge_mutate>19</os_threads_nice_value_merge_mutate>\n"              \
    "  <merge_tree>\n"                                                                             \
    "    <min_parts_to_merge_at_once>10</min_parts_to_merge_at_once>\n"                            \
    "    <min_bytes_for_wide_part>30000000</min_bytes_for_wide_part>\n"                            \
    "    <parts_to_delay_insert>300</parts_to_delay_insert>\n"                                     \
    "  </merge_tree>\n"

/* Parts as they are inserted and merged for the first time are packed with LZ4, what they are
 * merged into with ZSTD: whoever waits for an insert does not wait for ZSTD. The macro tells the
 * recorder that its tables may leave the packing to this. */
#define PACKING                                                                                    \
    "  <compression><case>\n"                                                                      \
    "    <min_part_size>16000000</min_part_size><min_part_size_ratio>0</min_part_size_ratio>\n"    \
    "    <method>zstd</method><level>1</level>\n"                                                  \
    "  </case></compression>\n"                                                                    \
    "  <macros><shijim_part_codecs>1</shijim_part_codecs></macros>\n"

static sj_rc write_file(const char *dir, const char *name, const struct sj_emb_buffer *content,
                        char *error, size_t error_size)
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool written = fd >= 0 && write(fd, content->data, content->size) == (ssize_t)content->size;
    int code = errno;
    if (fd >= 0)
        close(fd);
    if (written)
        return 0;
    snprintf(error, error_size, "cannot write %s: %s", path, strerror(code));
    return -code;
}

static sj_rc append_xml(struct sj_emb_buffer *out, const char *text)
{
    sj_rc rc = 0;
    for (; rc >= 0 && *text; text++) {
        if (*text == '&' || *text == '<' || *text == '>')
            rc = sj_emb_buffer_printf(out, "&#%d;", *text);
        else
            rc = sj_emb_buffer_append(out, text, 1);
    }
    return rc;
}

static sj_rc main_config(struct sj_emb_buffer *out, const char *config_dir, const char *engine_dir)
{
    sj_rc rc = sj_emb_buffer_printf(out, "<clickhouse>\n  <path>");
    if (rc >= 0)
        rc = append_xml(out, engine_dir);
    if (rc >= 0)
        rc = sj_emb_buffer_printf(out, "/</path>\n  <logger><level>none</level></logger>\n"
                                       "  <users_config>");
    if (rc >= 0)
        rc = append_xml(out, config_dir);
    if (rc >= 0)
        rc = sj_emb_buffer_printf(out,
                                  "/users.xml</users_config>\n" MERGES PACKING "</clickhouse>\n");
    return rc;
}

static sj_rc put_values(struct sj_emb_buffer *out)
{
    sj_rc rc = 0;
    for (size_t i = 0; rc >= 0 && i < FIXED_COUNT; i++)
        rc = sj_emb_buffer_printf(out, "    <%s>%s</%s>\n", fixed_settings[i].name,
                                  fixed_settings[i].value, fixed_settings[i].name);
    return rc;
}

static sj_rc put_constraints(struct sj_emb_buffer *out, const struct sj_embedded_options *options)
{
    sj_rc rc = sj_emb_buffer_printf(out, "    <constraints>\n");
    for (size_t i = 0; rc >= 0 && i < FIXED_COUNT; i++)
        rc = sj_emb_buffer_printf(out, "      <%s><const/></%s>\n", fixed_settings[i].name,
                                  fixed_settings[i].name);
    if (rc < 0)
        return rc;
    return sj_emb_buffer_printf(
        out,
        "      <" SPILL_SETTING "><const/></" SPILL_SETTING ">\n"
        "      <max_memory_usage><min>1</min><max>%" PRIu64 "</max></max_memory_usage>\n"
        "      <max_execution_time><min>1</min><max>%u</max></max_execution_time>\n"
        "      <max_threads><min>1</min><max>%d</max></max_threads>\n"
        "    </constraints>\n",
        options->reader_memory_max_bytes, options->reader_time_max_s, SJ_EMB_READER_THREADS);
}

static sj_rc profile(struct sj_emb_buffer *out, const struct sj_embedded_options *options)
{
    sj_rc rc = sj_emb_buffer_printf(out, "  <profiles><default>\n");
    if (rc >= 0)
        rc = put_values(out);
    if (rc >= 0)
        rc = sj_emb_buffer_printf(out, "    <" SPILL_SETTING ">%" PRIu64 "</" SPILL_SETTING ">\n",
                                  SPILL_MAX_BYTES);
    if (rc >= 0)
        rc = put_constraints(out, options);
    return rc < 0 ? rc
                  : sj_emb_buffer_printf(out, "  </default></profiles>\n"
                                              "  <quotas><default/></quotas>\n");
}

/* The engine has one user. Its own grants are the reader's; the writer's are a role that every
 * connection starts with and a reader's connection gives up (SET ROLE NONE). */
static sj_rc users(struct sj_emb_buffer *out, const char *database)
{
    return sj_emb_buffer_printf(
        out,
        "  <roles><writer><grants>\n"
        "    <query>GRANT SELECT, INSERT, ALTER, CREATE TABLE, CREATE VIEW, DROP TABLE, DROP VIEW,"
        " TRUNCATE, OPTIMIZE, CREATE DATABASE ON `%s`.*</query>\n"
        "    <query>GRANT KILL QUERY, CREATE TEMPORARY TABLE ON *.*</query>\n"
        "  </grants></writer></roles>\n"
        "  <users><default>\n"
        "    <password></password><networks><ip>::/0</ip></networks>\n"
        "    <profile>default</profile><quota>default</quota>\n"
        "    <grants>\n"
        "      <query>GRANT SELECT, SHOW ON `%s`.*</query>\n"
        "      <query>GRANT SELECT, SHOW ON system.*</query>\n"
        "      <query>GRANT writer</query>\n"
        "    </grants>\n  </default></users>\n",
        database, database);
}

sj_rc sj_emb_config_write(const char *config_dir, const char *engine_dir, const char *database,
                          const struct sj_embedded_options *options, char *error, size_t error_size)
{
    struct sj_emb_buffer main_text = {0};
    struct sj_emb_buffer user_text = {0};
    sj_rc rc = main_config(&main_text, config_dir, engine_dir);
    if (rc >= 0)
        rc = sj_emb_buffer_printf(&user_text, "<clickhouse>\n");
    if (rc >= 0)
        rc = profile(&user_text, options);
    if (rc >= 0)
        rc = users(&user_text, database);
    if (rc >= 0)
        rc = sj_emb_buffer_printf(&user_text, "</clickhouse>\n");
    if (rc < 0)
        snprintf(error, error_size, "no memory for the engine's configuration");
    if (rc >= 0)
        rc = write_file(config_dir, "config.xml", &main_text, error, error_size);
    if (rc >= 0)
        rc = write_file(config_dir, "users.xml", &user_text, error, error_size);
    sj_emb_buffer_done(&main_text);
    sj_emb_buffer_done(&user_text);
    return rc;
}
