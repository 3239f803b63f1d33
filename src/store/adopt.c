#include "store/adopt.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TYPE_MAX 512

/* A piece of the answer. */
struct piece {
    const char *begin;
    size_t size;
};

/* A line of it: a column, or (name empty) the table's engine in the place of the type. */
struct line {
    struct piece table;
    struct piece name;
    struct piece type;
    struct piece default_kind;
};

/* What is to become of a column that is there. */
enum fit { FIT_NONE, FIT_HOLDS, FIT_WIDEN };

const char sj_store_adopt_question[] =
    "SELECT table, name, type, default_kind FROM system.columns WHERE database = currentDatabase()"
    " UNION ALL SELECT name, '', engine_full, '' FROM system.tables WHERE database ="
    " currentDatabase() FORMAT TabSeparatedRaw";

/* --- reading the answer --- */

static bool is_text(const struct piece *piece, const char *text)
{
    return piece->size == strlen(text) && memcmp(piece->begin, text, piece->size) == 0;
}

static struct piece take(struct piece *rest, char end)
{
    const char *at = memchr(rest->begin, end, rest->size);
    struct piece piece = {rest->begin, at != NULL ? (size_t)(at - rest->begin) : rest->size};
    size_t used = piece.size + (at != NULL ? 1 : 0);
    rest->begin += used;
    rest->size -= used;
    return piece;
}

static bool find(const struct sj_store_found *found, const char *table, const char *name,
                 struct line *ret_line)
{
    struct piece rest = {found->text, found->size};
    while (rest.size > 0) {
        struct piece text = take(&rest, '\n');
        struct line line = {.table = take(&text, '\t')};
        if (!is_text(&line.table, table))
            continue;
        line.name = take(&text, '\t');
        if (!is_text(&line.name, name))
            continue;
        line.type = take(&text, '\t');
        line.default_kind = take(&text, '\t');
        *ret_line = line;
        return true;
    }
    return false;
}

/* --- types --- */

/* Takes NAME( and the last ) off. False: it is not of this form. */
static bool unwrap(struct piece *type, const char *name)
{
    size_t size = strlen(name);
    bool is_wrapped = type->size > size + 2 && memcmp(type->begin, name, size) == 0 &&
                      type->begin[size] == '(' && type->begin[type->size - 1] == ')';
    if (!is_wrapped)
        return false;
    type->begin += size + 1;
    type->size -= size + 2;
    return true;
}

/* The bits of a value and whether there is a sign; 0 bits: no integer. */
static unsigned integer_bits(const struct piece *type, bool *ret_signed)
{
    char text[8] = "";
    unsigned bits = 0;
    if (type->size >= sizeof(text))
        return 0;
    memcpy(text, type->begin, type->size);
    *ret_signed = text[0] == 'I';
    if (sscanf(*ret_signed ? text : text + (text[0] == 'U'), "Int%u", &bits) != 1)
        return 0;
    return bits;
}

static bool holds_integer(const struct piece *ours, const struct piece *theirs)
{
    bool is_signed = false;
    bool is_signed_there = false;
    unsigned bits = integer_bits(ours, &is_signed);
    unsigned there = integer_bits(theirs, &is_signed_there);
    if (bits == 0 || there == 0)
        return false;
    return is_signed == is_signed_there ? there >= bits : is_signed_there && there > bits;
}

static bool holds_decimal(const struct piece *theirs)
{
    struct piece inner = *theirs;
    char text[16] = "";
    unsigned precision = 0;
    unsigned scale = 0;
    if (is_text(theirs, "Float64"))
        return true;
    if (!unwrap(&inner, "Decimal") || inner.size >= sizeof(text))
        return false;
    memcpy(text, inner.begin, inner.size);
    return sscanf(text, "%u, %u", &precision, &scale) == 2 && scale >= 6 && precision >= scale + 12;
}

/* Whether every 'name' = value of the first is in the second. Neither has quotes within names that
 * shijim wrote; what it did not write is no subset. */
static bool is_enum_within(struct piece part, struct piece whole)
{
    while (part.size > 0) {
        struct piece item = take(&part, ',');
        struct piece all = whole;
        bool is_there = false;
        while (all.size > 0 && !is_there) {
            struct piece other = take(&all, ',');
            is_there = other.size == item.size && memcmp(other.begin, item.begin, item.size) == 0;
            all.begin += all.size > 0 ? 1 : 0; /* the blank after the comma */
            all.size -= all.size > 0 ? 1 : 0;
        }
        if (!is_there)
            return false;
        part.begin += part.size > 0 ? 1 : 0;
        part.size -= part.size > 0 ? 1 : 0;
    }
    return true;
}

static enum fit fit_enum(struct piece ours, struct piece theirs)
{
    if (is_text(&theirs, "String"))
        return FIT_HOLDS;
    if (!unwrap(&ours, "Enum8") || !unwrap(&theirs, "Enum8"))
        return FIT_NONE;
    if (is_enum_within(ours, theirs))
        return FIT_HOLDS;
    return is_enum_within(theirs, ours) ? FIT_WIDEN : FIT_NONE;
}

static enum fit fit_type(const struct sj_store_column *column, struct piece ours,
                         struct piece theirs)
{
    unwrap(&theirs, "LowCardinality");
    bool is_null_there = unwrap(&theirs, "Nullable");
    bool is_null = unwrap(&ours, "Nullable");
    if (is_null && !is_null_there)
        return FIT_NONE;
    if (ours.size == theirs.size && memcmp(ours.begin, theirs.begin, ours.size) == 0)
        return FIT_HOLDS;
    if (unwrap(&ours, "Array"))
        return unwrap(&theirs, "Array") ? fit_type(column, ours, theirs) : FIT_NONE;
    if (column->kind == SJ_STORE_TS && is_text(&theirs, "UInt64"))
        return FIT_HOLDS; /* no time of a market is before 1970 */
    if (is_text(&ours, "Date"))
        return is_text(&theirs, "Date32") ? FIT_HOLDS : FIT_NONE;
    if (is_text(&ours, "Decimal(18, 6)"))
        return holds_decimal(&theirs) ? FIT_HOLDS : FIT_NONE;
    if (ours.size > 4 && memcmp(ours.begin, "Enum", 4) == 0)
        return fit_enum(ours, theirs);
    return holds_integer(&ours, &theirs) ? FIT_HOLDS : FIT_NONE;
}

/* --- what is missing --- */

bool sj_store_adopt_is_packed(const struct sj_store_table *table,
                              const struct sj_store_found *found)
{
    bool could = false;
    struct line line;
    if (!find(found, table->name, "", &line))
        return true;
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct sj_store_column *column = &table->columns[i];
        char name[80];
        if (column->derive == SJ_STORE_DERIVE_NONE)
            continue;
        could = true;
        (void)!sj_store_name_text(column, true, name, sizeof(name));
        if (find(found, table->name, name, &line))
            return true;
    }
    return !could;
}

bool sj_store_adopt_is_exact(const struct sj_store_table *table, const struct sj_store_found *found)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        char ours[TYPE_MAX];
        struct line line;
        if (find(found, table->name, table->columns[i].name, &line) &&
            (sj_store_type_text(&table->columns[i], ours, sizeof(ours)) < 0 ||
             !is_text(&line.type, ours)))
            return false;
    }
    return true;
}

/* The statement as it grows. */
struct alter {
    const struct sj_store_table *table;
    const struct sj_store_dialect *dialect;
    const struct sj_store_found *found;
    char *sql;
    size_t size;
    size_t used;
    uint32_t clause_count;
    bool is_packed;
};

__attribute__((format(printf, 2, 3))) static void put(struct alter *alter, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t room = alter->used < alter->size ? alter->size - alter->used : 0;
    int length = vsnprintf(room > 0 ? alter->sql + alter->used : NULL, room, format, args);
    va_end(args);
    alter->used += length > 0 ? (size_t)length : 0;
}

static void put_clause(struct alter *alter, const char *verb, const struct sj_store_column *column,
                       enum sj_store_form form)
{
    char text[1024];
    sj_rc rc = sj_store_column_text(column, form, alter->dialect, text, sizeof(text));
    if (rc < 0)
        alter->used = alter->size; /* told at the end */
    else
        put(alter, "%s%s %s", alter->clause_count++ > 0 ? ", " : "", verb, text);
}

static sj_rc refuse(struct alter *alter, const struct sj_store_column *column,
                    const struct line *line, const char *ours)
{
    snprintf(alter->sql, alter->size,
             "table %s: its column %s is %.*s%s%.*s, which does not hold shijim's %.60s; change it,"
             " RENAME TABLE, or set store.database",
             alter->table->name, column->name, (int)line->default_kind.size,
             line->default_kind.begin, line->default_kind.size > 0 ? " " : "",
             (int)(line->type.size < 60 ? line->type.size : 60), line->type.begin, ours);
    return -SJ_E_REFUSED;
}

/* A column under the name that rows travel with. */
static sj_rc look_at_column(struct alter *alter, const struct sj_store_column *column)
{
    char name[80];
    char ours[TYPE_MAX];
    struct line line;
    bool is_rest = alter->is_packed && column->derive != SJ_STORE_DERIVE_NONE;
    sj_rc rc = sj_store_name_text(column, is_rest, name, sizeof(name));
    if (rc >= 0)
        rc = sj_store_type_text(column, ours, sizeof(ours));
    if (rc < 0)
        return rc;
    if (!find(alter->found, alter->table->name, name, &line)) {
        put_clause(alter, "ADD COLUMN", column, is_rest ? SJ_STORE_FORM_REST : SJ_STORE_FORM_PLAIN);
        if (is_rest && !find(alter->found, alter->table->name, column->name, &line))
            put_clause(alter, "ADD COLUMN", column, SJ_STORE_FORM_ALIAS);
        return 0;
    }
    bool is_computed =
        is_text(&line.default_kind, "ALIAS") || is_text(&line.default_kind, "MATERIALIZED");
    enum fit fit = fit_type(column, (struct piece){ours, strlen(ours)}, line.type);
    if (fit == FIT_NONE || is_computed)
        return refuse(alter, column, &line, ours);
    if (fit == FIT_WIDEN)
        put_clause(alter, "MODIFY COLUMN", column, SJ_STORE_FORM_PLAIN);
    return 0;
}

/* Tokens hold only in tables that are told to remember them. */
static void look_at_engine(struct alter *alter, const struct piece *engine)
{
    static const char family[] = "MergeTree";
    static const char setting[] = SJ_STORE_WINDOW_SETTING;
    if (!alter->dialect->has_codecs ||
        memmem(engine->begin, engine->size, family, strlen(family)) == NULL ||
        memmem(engine->begin, engine->size, setting, strlen(setting)) != NULL)
        return;
    put(alter, "%sMODIFY SETTING %s = %d", alter->clause_count++ > 0 ? ", " : "", setting,
        SJ_STORE_WINDOW);
}

sj_rc sj_store_adopt_statement(const struct sj_store_table *table, const char *database,
                               const struct sj_store_dialect *dialect,
                               const struct sj_store_found *found, char *ret_sql, size_t size)
{
    struct alter alter = {
        .table = table, .dialect = dialect, .found = found, .sql = ret_sql, .size = size};
    struct line line;
    if (!find(found, table->name, "", &line))
        return 0; /* the server does not tell: its own refusal will */
    alter.is_packed = dialect->has_codecs && sj_store_adopt_is_packed(table, found);
    put(&alter, "ALTER TABLE `%s`.`%s` ", database, table->name);
    for (uint32_t i = 0; i < table->column_count; i++) {
        sj_rc rc = look_at_column(&alter, &table->columns[i]);
        if (rc < 0)
            return rc;
    }
    look_at_engine(&alter, &line.type);
    if (alter.used >= alter.size)
        return -SJ_E_RANGE;
    return alter.clause_count > 0 ? (sj_rc)alter.used : 0;
}
