#include "convert/csv.h"

#include "base/tw_time.h"
#include "convert/number.h"
#include "convert/rows.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const keys[SJ_CSV_FIELDS] = {"exch_ts", "local_ts", "price", "quantity",
                                                "symbol",  "side",     "kind"};
static const char *const words[SJ_CSV_FIELDS][2] = {
    [SJ_CSV_SIDE] = {"buy=", "sell="},
    [SJ_CSV_KIND] = {"trade=", "depth="},
};

__attribute__((format(printf, 2, 3))) static sj_rc refuse(char error[256], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error, 256, format, args);
    va_end(args);
    return -SJ_E_MALFORMED;
}

static bool is_time(int field)
{
    return field == SJ_CSV_EXCH || field == SJ_CSV_LOCAL;
}

/* The words behind a field's column. */
static sj_rc read_word(struct sj_csv_column *column, int field, const char *word, char error[256])
{
    static const char *const units[] = {"ns", "us", "ms", "s", "iso", "taipei"};
    for (size_t i = 0; is_time(field) && i < sizeof units / sizeof units[0]; i++)
        if (!strcmp(word, units[i])) {
            snprintf(column->unit, sizeof column->unit, "%s", word);
            return 0;
        }
    for (int i = 0; words[field][0] && i < 2; i++)
        if (!strncmp(word, words[field][i], strlen(words[field][i]))) {
            snprintf(column->words[i], sizeof column->words[i], "%.63s",
                     word + strlen(words[field][i]));
            return 0;
        }
    return refuse(error, "%s does not know '%.40s'", keys[field], word);
}

static sj_rc read_field(struct sj_csv_map *map, int field, char *value, char error[256])
{
    struct sj_csv_column *column = &map->columns[field];
    char *rest = NULL;
    char *word = strtok_r(value, " \t", &rest);
    if (!word)
        return refuse(error, "%s names no column", keys[field]);
    if (field == SJ_CSV_KIND && (!strcmp(word, "trade") || !strcmp(word, "depth")) && !*rest) {
        map->constant_kind = *word == 't' ? SJ_ROW_TRADE : SJ_ROW_DEPTH;
        return 0;
    }
    snprintf(column->name, sizeof column->name, "%.63s", word);
    sj_rc rc = 0;
    while (rc >= 0 && (word = strtok_r(NULL, " \t", &rest)))
        rc = read_word(column, field, word, error);
    if (rc >= 0 && is_time(field) && !*column->unit)
        return refuse(error, "%s needs a unit: ns us ms s iso taipei", keys[field]);
    if (rc >= 0 && words[field][0] && (!*column->words[0] || !*column->words[1]))
        return refuse(error, "%s needs %s... and %s...", keys[field], words[field][0],
                      words[field][1]);
    return rc;
}

static sj_rc read_line(struct sj_csv_map *map, char *line, char error[256])
{
    line[strcspn(line, "#\r\n")] = 0;
    line += strspn(line, " \t");
    if (!*line)
        return 0;
    char *value = strchr(line, ':');
    if (!value)
        return refuse(error, "want `key: value`");
    *value++ = 0;
    value += strspn(value, " \t");
    for (int field = 0; field < SJ_CSV_FIELDS; field++)
        if (!strcmp(line, keys[field]))
            return read_field(map, field, value, error);
    size_t size = strcspn(value, " \t");
    if (!strcmp(line, "delimiter") && (size == 1 || !strncmp(value, "tab", 3))) {
        map->delimiter = size == 1 ? *value : '\t';
        return 0;
    }
    if (!strcmp(line, "header") && (!strncmp(value, "yes", 3) || !strncmp(value, "no", 2))) {
        map->header = *value == 'y';
        return 0;
    }
    return refuse(error, "there is no key '%.40s' with such a value", line);
}

sj_rc sj_csv_map_read(const char *path, struct sj_csv_map *ret_map, char error[256])
{
    struct sj_csv_map map = {.delimiter = ',', .header = true};
    char line[512];
    char what[256] = "";
    unsigned number = 0;
    FILE *file = fopen(path, "re");
    sj_rc rc = file ? 0 : -errno;
    for (int i = 0; i < SJ_CSV_FIELDS; i++)
        map.columns[i].index = -1;
    if (!file) {
        snprintf(error, 256, "%.200s: %s", path, sj_rc_text(rc));
        return rc;
    }
    while (rc >= 0 && fgets(line, sizeof line, file)) {
        number++;
        rc = read_line(&map, line, what);
    }
    fclose(file);
    if (rc >= 0 && (!*map.columns[SJ_CSV_EXCH].name || !*map.columns[SJ_CSV_PRICE].name ||
                    !*map.columns[SJ_CSV_QUANTITY].name ||
                    (!map.constant_kind && !*map.columns[SJ_CSV_KIND].name)))
        rc = refuse(what, "exch_ts, price, quantity and kind must be mapped");
    if (rc < 0)
        snprintf(error, 256, "%.100s:%u: %.140s", path, number, what);
    else
        *ret_map = map;
    return rc;
}

/* The fields of a line; quotation marks around one are taken off. Returns how many; -1: more than
 * there may be. */
static int split(const char *at, char delimiter, struct sj_text fields[SJ_CSV_COLUMNS_MAX],
                 const char **ret_next)
{
    const char *end = rawmemchr(at, '\n');
    *ret_next = end + 1;
    if (end > at && end[-1] == '\r')
        end--;
    for (int count = 0; count < SJ_CSV_COLUMNS_MAX; count++) {
        const char *begin = at;
        if (at < end && *at == '"') {
            const char *quote = memchr(at + 1, '"', (size_t)(end - at - 1));
            at = quote ? quote + 1 : end;
            fields[count] = (struct sj_text){begin + 1, (size_t)(at - begin - (quote ? 2 : 1))};
        } else {
            const char *comma = memchr(at, delimiter, (size_t)(end - at));
            at = comma ? comma : end;
            fields[count] = (struct sj_text){begin, (size_t)(at - begin)};
        }
        if (at == end)
            return count + 1;
        at++;
    }
    return -1;
}

sj_rc sj_csv_resolve(struct sj_csv_map *map, const char *line, char error[256])
{
    struct sj_text fields[SJ_CSV_COLUMNS_MAX];
    const char *next;
    int count = split(line, map->delimiter, fields, &next);
    for (int field = 0; field < SJ_CSV_FIELDS; field++) {
        struct sj_csv_column *column = &map->columns[field];
        if (!*column->name)
            continue;
        char *end;
        unsigned long number = strtoul(column->name, &end, 10);
        column->index = !*end && number >= 1 && (int)number <= count ? (int32_t)number - 1 : -1;
        for (int i = 0; map->header && i < count; i++)
            if (sj_text_is(fields[i], column->name, strlen(column->name)))
                column->index = i;
        if (column->index < 0)
            return refuse(error, "there is no column '%s' for %s among the %d of the first line",
                          column->name, keys[field], count);
    }
    return 0;
}

static bool read_number(struct sj_text text, struct sj_number *ret)
{
    char copy[64];
    bool range;
    if (text.size == 0 || text.size >= sizeof copy)
        return false;
    memcpy(copy, text.begin, text.size);
    copy[text.size] = 0;
    return sj_number_slow(copy, ret, &range) == copy + text.size && !range;
}

/* A time in ns. */
static enum sj_reject read_time(const struct sj_csv_column *column, struct sj_text text,
                                struct sj_number *ret)
{
    int64_t ns;
    struct sj_number number;
    if (*column->unit == 't' || *column->unit == 'i') {
        bool zulu = *column->unit == 'i' && text.size && text.begin[text.size - 1] == 'Z';
        if (sj_tw_parse(text.begin, text.size - zulu, &ns) < 0)
            return SJ_REJECT_TYPE;
        if (*column->unit == 'i')
            ns += SJ_TAIPEI_OFFSET_NS;
        *ret = (struct sj_number){ns, 0};
        return SJ_REJECT_NONE;
    }
    int32_t places = column->unit[0] == 'n'   ? 0
                     : column->unit[0] == 'u' ? 3
                     : column->unit[0] == 'm' ? 6
                                              : 9;
    if (!read_number(text, &number))
        return SJ_REJECT_TYPE;
    if (sj_number_scaled(number, places, &ns, NULL) < 0)
        return SJ_REJECT_RANGE;
    *ret = (struct sj_number){ns, 0};
    return SJ_REJECT_NONE;
}

static void put(struct sj_record *record, enum sj_slot slot, struct sj_number number)
{
    record->numbers[slot] = number;
    record->has_numbers |= UINT64_C(1) << slot;
}

/* Which of the two words the field is: 0, 1, or -1. */
static int which(const struct sj_csv_column *column, struct sj_text text)
{
    for (int i = 0; i < 2; i++)
        if (sj_text_is(text, column->words[i], strlen(column->words[i])))
            return i;
    return -1;
}

static enum sj_reject read_value(const struct sj_csv_map *map, int field, struct sj_text text,
                                 struct sj_record *record)
{
    static const enum sj_slot slots[] = {SJ_SLOT_TS, SJ_SLOT_LOCAL, SJ_SLOT_PRICE, SJ_SLOT_SIZE};
    const struct sj_csv_column *column = &map->columns[field];
    struct sj_number number = {0};
    if (field == SJ_CSV_SYMBOL) {
        record->texts[SJ_TEXT_SYMBOL] = text;
        record->has_texts |= 1u << SJ_TEXT_SYMBOL;
        return SJ_REJECT_NONE;
    }
    if (field == SJ_CSV_SIDE || field == SJ_CSV_KIND) {
        int word = which(column, text);
        if (field == SJ_CSV_KIND && word < 0)
            return SJ_REJECT_KIND;
        if (field == SJ_CSV_SIDE)
            put(record, SJ_SLOT_SIDE, (struct sj_number){word < 0 ? 0 : word ? -1 : 1, 0});
        else
            put(record, SJ_SLOT_EVENT_ID,
                (struct sj_number){word ? SJ_ROW_DEPTH : SJ_ROW_TRADE, 0});
        return SJ_REJECT_NONE;
    }
    enum sj_reject reject = SJ_REJECT_NONE;
    if (is_time(field))
        reject = read_time(column, text, &number);
    else if (!read_number(text, &number))
        reject = SJ_REJECT_TYPE;
    put(record, slots[field], number);
    return reject;
}

enum sj_reject sj_csv_line(const struct sj_csv_map *map, const char *at, const char **ret_next,
                           struct sj_record *record)
{
    struct sj_text fields[SJ_CSV_COLUMNS_MAX];
    int count = split(at, map->delimiter, fields, ret_next);
    sj_record_clear(record);
    if (count == 1 && !fields[0].size) {
        record->blank = true;
        return SJ_REJECT_NONE;
    }
    if (map->constant_kind)
        put(record, SJ_SLOT_EVENT_ID, (struct sj_number){map->constant_kind, 0});
    for (int field = 0; field < SJ_CSV_FIELDS; field++) {
        int32_t index = map->columns[field].index;
        if (index < 0)
            continue;
        if (index >= count)
            return SJ_REJECT_COLUMNS;
        enum sj_reject reject = read_value(map, field, fields[index], record);
        if (reject)
            return reject;
    }
    return SJ_REJECT_NONE;
}
