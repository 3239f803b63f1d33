#include "store/json_rows.h"

#include <stdio.h>
#include <string.h>

/* The longest value of a column: a text whose every byte is escaped, or five levels of decimals. */
#define VALUE_SIZE_MAX 512
#define NAME_SIZE_MAX 40

/* `"name":` with the comma before it, made once a block. */
struct label {
    char text[NAME_SIZE_MAX];
    uint8_t size;
};

struct writer {
    char *at;
    const struct sj_store_symbols *symbols;
    struct sj_store_days days;
    bool is_packed;
};

static const char digit_pairs[] = "00010203040506070809101112131415161718192021222324"
                                  "25262728293031323334353637383940414243444546474849"
                                  "50515253545556575859606162636465666768697071727374"
                                  "75767778798081828384858687888990919293949596979899";

static char *put_u64(char *at, uint64_t value)
{
    char buffer[20];
    char *p = buffer + sizeof(buffer);
    while (value >= 100) {
        uint64_t rest = value / 100;
        p -= 2;
        memcpy(p, digit_pairs + (value - rest * 100) * 2, 2);
        value = rest;
    }
    if (value >= 10) {
        p -= 2;
        memcpy(p, digit_pairs + value * 2, 2);
    } else {
        *--p = (char)('0' + value);
    }
    size_t size = (size_t)(buffer + sizeof(buffer) - p);
    memcpy(at, p, size);
    return at + size;
}

static char *put_i64(char *at, int64_t value)
{
    if (value >= 0)
        return put_u64(at, (uint64_t)value);
    *at++ = '-';
    return put_u64(at, 0 - (uint64_t)value);
}

/* 18052500000 is 18052.5: no digit is lost and none is made up. */
static char *put_e6(char *at, int64_t value)
{
    if (value == SJ_NULL_E6)
        value = 0;
    uint64_t positive = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    if (value < 0)
        *at++ = '-';
    uint64_t whole = positive / 1000000;
    uint32_t part = (uint32_t)(positive - whole * 1000000);
    at = put_u64(at, whole);
    if (part == 0)
        return at;
    *at++ = '.';
    memcpy(at, digit_pairs + (part / 10000) * 2, 2);
    memcpy(at + 2, digit_pairs + (part / 100 % 100) * 2, 2);
    memcpy(at + 4, digit_pairs + (part % 100) * 2, 2);
    at += 6;
    while (at[-1] == '0')
        at--;
    return at;
}

static char *put_text(char *at, const char *text, size_t size)
{
    *at++ = '"';
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') {
            *at++ = '\\';
            *at++ = (char)c;
        } else if (c < 0x20) {
            at += sprintf(at, "\\u%04x", c);
        } else {
            *at++ = (char)c;
        }
    }
    *at++ = '"';
    return at;
}

static char *put_enum(char *at, enum sj_store_enum set, uint8_t value)
{
    const char *name = sj_store_enum_name(set, value);
    name = name != NULL ? name : sj_store_enum_name(set, 0);
    return put_text(at, name, strlen(name));
}

static char *put_levels(char *at, const uint8_t *frame, const struct sj_store_column *column)
{
    uint32_t count = frame[column->aux] < SJ_LEVELS ? frame[column->aux] : SJ_LEVELS;
    const uint8_t *from = frame + column->offset;
    *at++ = '[';
    for (uint32_t level = 0; level < count; level++) {
        if (level > 0)
            *at++ = ',';
        if (column->kind == SJ_STORE_DEC_LEVELS) {
            int64_t value;
            memcpy(&value, from + level * 8, 8);
            at = put_e6(at, value);
        } else if (column->kind == SJ_STORE_U32_LEVELS) {
            uint32_t value;
            memcpy(&value, from + level * 4, 4);
            at = put_u64(at, value);
        } else {
            int32_t value;
            memcpy(&value, from + level * 4, 4);
            at = put_i64(at, value);
        }
    }
    *at++ = ']';
    return at;
}

/* The number of a column of plain numbers. Returns NULL for the other kinds. */
static char *put_number(char *at, const uint8_t *frame, const struct sj_store_column *column)
{
    const uint8_t *from = frame + column->offset;
    int64_t wide;
    uint32_t word;
    uint16_t half;
    switch ((enum sj_store_kind)column->kind) {
    case SJ_STORE_DEC:
        memcpy(&wide, from, 8);
        return put_e6(at, wide);
    case SJ_STORE_I64:
        memcpy(&wide, from, 8);
        return put_i64(at, wide);
    case SJ_STORE_U64:
        memcpy(&wide, from, 8);
        return put_u64(at, (uint64_t)wide);
    case SJ_STORE_U32:
        memcpy(&word, from, 4);
        return put_u64(at, word);
    case SJ_STORE_I32:
        memcpy(&word, from, 4);
        return put_i64(at, (int32_t)word);
    case SJ_STORE_U16:
        memcpy(&half, from, 2);
        return put_u64(at, half);
    case SJ_STORE_U8:
        return put_u64(at, *from);
    case SJ_STORE_BIT:
        return put_u64(at, ((const struct sj_frame *)frame)->flags >> column->aux & 1);
    default:
        return NULL;
    }
}

/* Days of the same kind come in runs: the date is written anew only where it changes. */
static char *put_day(struct writer *writer, char *at, const uint8_t *frame)
{
    (void)sj_store_day_of(&writer->days, sj_store_frame_ts(frame));
    uint32_t days = (uint32_t)writer->days.day_number;
    /* Civil date of a day number (Howard Hinnant's algorithm), days since 1970 >= 0. */
    uint32_t z = days + 719468;
    uint32_t era = z / 146097;
    uint32_t doe = z - era * 146097;
    uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint32_t mp = (5 * doy + 2) / 153;
    uint32_t day = doy - (153 * mp + 2) / 5 + 1;
    uint32_t month = mp < 10 ? mp + 3 : mp - 9;
    uint32_t year = yoe + era * 400 + (month <= 2);
    *at++ = '"';
    memcpy(at, digit_pairs + (year / 100 % 100) * 2, 2);
    memcpy(at + 2, digit_pairs + (year % 100) * 2, 2);
    at[4] = '-';
    memcpy(at + 5, digit_pairs + month * 2, 2);
    at[7] = '-';
    memcpy(at + 8, digit_pairs + day * 2, 2);
    at[10] = '"';
    return at + 11;
}

static char *put_value(struct writer *writer, char *at, const uint8_t *frame, uint32_t src,
                       const struct sj_store_column *column)
{
    const struct sj_store_symbol *symbol =
        sj_store_symbol_of(writer->symbols, ((const struct sj_frame *)frame)->instrument);
    if (writer->is_packed && column->derive != SJ_STORE_DERIVE_NONE) {
        int64_t rest = sj_store_rest_of(frame, column, symbol);
        return column->kind == SJ_STORE_DEC ? put_e6(at, rest) : put_i64(at, rest);
    }
    char *after = put_number(at, frame, column);
    if (after != NULL)
        return after;
    const char *text = (const char *)frame + column->offset;
    switch ((enum sj_store_kind)column->kind) {
    case SJ_STORE_DAY:
        return put_day(writer, at, frame);
    case SJ_STORE_TS:
        return put_i64(at, sj_store_frame_ts(frame));
    case SJ_STORE_SYMBOL:
        return put_text(at, symbol->native + 1, (size_t)(uint8_t)symbol->native[0]);
    case SJ_STORE_ASSET:
        return put_enum(at, SJ_STORE_ENUM_ASSET, symbol->asset);
    case SJ_STORE_EXCHANGE:
        return put_enum(at, SJ_STORE_ENUM_EXCHANGE, symbol->exchange);
    case SJ_STORE_SRC:
        return put_u64(at, src);
    case SJ_STORE_UNIT:
        return put_u64(at, sj_store_unit_of(frame, symbol));
    case SJ_STORE_ENUM:
        return put_enum(at, (enum sj_store_enum)column->aux, frame[column->offset]);
    case SJ_STORE_TEXT:
        return put_text(at, text, strnlen(text, column->aux));
    default:
        return put_levels(at, frame, column);
    }
}

static bool is_null(const uint8_t *frame, const struct sj_store_column *column)
{
    if (!column->nullable)
        return false;
    int64_t wide;
    uint32_t word;
    if (column->kind == SJ_STORE_U32) {
        memcpy(&word, frame + column->offset, 4);
        return word == SJ_NULL_U32;
    }
    memcpy(&wide, frame + column->offset, 8);
    return wide == SJ_NULL_I64;
}

static void make_labels(const struct sj_store_rows *rows, const struct sj_store_plan *plan,
                        struct label *labels)
{
    for (uint32_t i = 0; i < plan->column_count; i++) {
        const char *name = rows->table->columns[plan->columns[i]].name;
        labels[i].size =
            (uint8_t)snprintf(labels[i].text, sizeof(labels[i].text), ",\"%s\":", name);
    }
}

sj_rc sj_store_encode_json(const struct sj_store_rows *rows, const struct sj_store_symbols *symbols,
                           const struct sj_store_plan *plan, struct sj_store_bytes *out)
{
    struct label labels[SJ_STORE_COLUMNS_MAX];
    struct writer writer = {.symbols = symbols, .is_packed = plan->is_packed};
    make_labels(rows, plan, labels);
    const size_t row_max = plan->column_count * (size_t)(NAME_SIZE_MAX + VALUE_SIZE_MAX) + 4;
    for (uint32_t i = 0; i < rows->count; i++) {
        uint32_t row = rows->order != NULL ? rows->order[i] : i;
        const uint8_t *frame = rows->frames + (size_t)row * rows->table->row_size;
        sj_rc rc = sj_store_bytes_reserve(out, row_max);
        if (rc < 0)
            return rc;
        char *begin = (char *)out->data + out->size;
        char *at = begin;
        for (uint32_t c = 0; c < plan->column_count; c++) {
            const struct sj_store_column *column = &rows->table->columns[plan->columns[c]];
            if (is_null(frame, column))
                continue;
            memcpy(at, labels[c].text, NAME_SIZE_MAX);
            at += labels[c].size;
            at = put_value(&writer, at, frame, rows->srcs[row], column);
        }
        *begin = '{';
        *at++ = '}';
        *at++ = '\n';
        out->size += (size_t)(at - begin);
    }
    return 0;
}
