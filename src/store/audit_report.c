#include "store/audit.h"

#include <errno.h>

#define LINE_JSON_MAX 1024

/* A sum of millionths as an exact decimal, however large. */
static void put_e6(struct sj_json *json, const char *key, sj_int128 value)
{
    char text[64];
    char *at = text + sizeof(text);
    bool is_negative = value < 0;
    sj_uint128 rest = is_negative ? -(sj_uint128)value : (sj_uint128)value;
    *--at = '\0';
    for (uint32_t digit = 0; digit < 7 || rest > 0; digit++) {
        if (digit == 6)
            *--at = '.';
        *--at = (char)('0' + (uint32_t)(rest % 10));
        rest /= 10;
    }
    if (is_negative)
        *--at = '-';
    sj_json_key(json, key);
    sj_json_raw(json, at);
}

static sj_rc print(struct sj_json *json, FILE *out)
{
    sj_rc length = sj_json_finish(json);
    if (length < 0)
        return length;
    return fwrite(json->buffer, 1, (size_t)length, out) == (size_t)length ? 0 : -EIO;
}

static sj_rc print_line(const struct sj_store_audit_line *line, FILE *out)
{
    char buffer[LINE_JSON_MAX];
    struct sj_json json;
    sj_json_init(&json, buffer, sizeof(buffer));
    sj_json_begin_object(&json);
    sj_json_field_text(&json, "table", line->table);
    sj_json_field_text(&json, "symbol", line->symbol);
    sj_json_field_bool(&json, "equal", line->is_equal);
    sj_json_field_uint(&json, "journal", line->journal_count);
    sj_json_field_uint(&json, "store", line->store_count);
    sj_json_field_uint(&json, "missing", line->missing_count);
    sj_json_field_uint(&json, "duplicate", line->duplicate_count);
    sj_json_field_uint(&json, "waiting", line->waiting_count);
    sj_json_field_uint(&json, "dead_lettered", line->dead_count);
    sj_json_field_int(&json, "journal_volume", line->journal_volume);
    sj_json_field_int(&json, "store_volume", line->store_volume);
    put_e6(&json, "journal_turnover", line->journal_turnover_e6);
    put_e6(&json, "store_turnover", line->store_turnover_e6);
    sj_json_end_object(&json);
    return print(&json, out);
}

sj_rc sj_store_audit_json(const struct sj_store_audit *audit, bool with_equal, FILE *out)
{
    fprintf(out,
            "{\"holds\":%s,\"journal\":%lu,\"store\":%lu,\"missing\":%lu,\"duplicate\":%lu,"
            "\"surplus\":%lu,\"waiting\":%lu,\"dead_lettered\":%lu,\"damaged\":%lu,\"unequal\":%lu,"
            "\"lines\":[",
            audit->holds ? "true" : "false", audit->journal_count, audit->store_count,
            audit->missing_count, audit->duplicate_count, audit->surplus_count,
            audit->waiting_count, audit->dead_count, audit->damaged_count, audit->unequal_count);
    bool is_first = true;
    for (uint32_t i = 0; i < audit->line_count; i++) {
        if (audit->lines[i].is_equal && !with_equal)
            continue;
        if (!is_first)
            fputs(",\n", out);
        is_first = false;
        sj_rc rc = print_line(&audit->lines[i], out);
        if (rc < 0)
            return rc;
    }
    fputs("]}\n", out);
    return ferror(out) ? -EIO : 0;
}
