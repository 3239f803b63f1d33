#include "store/embedded/format.h"

#include <stdint.h>
#include <string.h>

#define TSV "text/tab-separated-values; charset=UTF-8"
#define CSV "text/csv; charset=UTF-8; header=absent"
#define CSV_NAMES "text/csv; charset=UTF-8; header=present"
#define JSON "application/json; charset=UTF-8"
#define NDJSON "application/x-ndjson; charset=UTF-8"
#define TEXT "text/plain; charset=UTF-8"
#define BINARY "application/octet-stream"

#define PLAIN(name, type)                                                                          \
    {                                                                                              \
        name, type, SJ_EMB_JOINT_PLAIN, 0                                                          \
    }
#define WHOLE(name, type)                                                                          \
    {                                                                                              \
        name, type, SJ_EMB_JOINT_WHOLE, 0                                                          \
    }
#define LINES(name, type, count)                                                                   \
    {                                                                                              \
        name, type, SJ_EMB_JOINT_LINES, count                                                      \
    }

static const struct sj_emb_format formats[] = {
    PLAIN("TabSeparated", TSV),
    PLAIN("TSV", TSV),
    PLAIN("TabSeparatedRaw", TSV),
    PLAIN("TSVRaw", TSV),
    PLAIN("Raw", TSV),
    PLAIN("TSKV", TSV),
    PLAIN("CSV", CSV),
    PLAIN("JSONEachRow", NDJSON),
    PLAIN("JSONLines", NDJSON),
    PLAIN("JSONL", NDJSON),
    PLAIN("NDJSON", NDJSON),
    PLAIN("JSONStringsEachRow", NDJSON),
    PLAIN("JSONCompactEachRow", NDJSON),
    PLAIN("JSONCompactStringsEachRow", NDJSON),
    PLAIN("Native", BINARY),
    PLAIN("RowBinary", BINARY),
    PLAIN("MsgPack", "application/msgpack"),
    PLAIN("SQLInsert", TEXT),
    PLAIN("LineAsString", TEXT),
    PLAIN("RawBLOB", BINARY),
    LINES("CSVWithNames", CSV_NAMES, 1),
    LINES("CSVWithNamesAndTypes", CSV_NAMES, 2),
    LINES("TabSeparatedWithNames", TSV, 1),
    LINES("TabSeparatedWithNamesAndTypes", TSV, 2),
    LINES("TSVWithNames", TSV, 1),
    LINES("TSVWithNamesAndTypes", TSV, 2),
    LINES("JSONCompactEachRowWithNames", NDJSON, 1),
    LINES("JSONCompactEachRowWithNamesAndTypes", NDJSON, 2),
    LINES("JSONCompactStringsEachRowWithNames", NDJSON, 1),
    LINES("JSONCompactStringsEachRowWithNamesAndTypes", NDJSON, 2),
    {"RowBinaryWithNames", BINARY, SJ_EMB_JOINT_BINARY, 1},
    {"RowBinaryWithNamesAndTypes", BINARY, SJ_EMB_JOINT_BINARY, 2},
    WHOLE("JSON", JSON),
    WHOLE("JSONStrings", JSON),
    WHOLE("JSONCompact", JSON),
    WHOLE("JSONCompactStrings", JSON),
    WHOLE("JSONColumns", JSON),
    WHOLE("JSONColumnsWithMetadata", JSON),
    WHOLE("JSONObjectEachRow", JSON),
    WHOLE("XML", "application/xml; charset=UTF-8"),
    WHOLE("Pretty", TEXT),
    WHOLE("PrettyCompact", TEXT),
    WHOLE("PrettySpace", TEXT),
    WHOLE("Vertical", TEXT),
    WHOLE("Values", TEXT),
    WHOLE("Markdown", "text/markdown; charset=UTF-8"),
    WHOLE("Arrow", "application/vnd.apache.arrow.file"),
    WHOLE("ArrowStream", "application/vnd.apache.arrow.stream"),
    WHOLE("Parquet", "application/vnd.apache.parquet"),
};

const struct sj_emb_format *sj_emb_format_find(const char *name)
{
    static const struct sj_emb_format unknown = WHOLE("", BINARY);
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    }
    return &unknown;
}

/* Line ends inside CSV's quotes belong to a column's name. */
static sj_rc lines_header(const char *data, size_t size, int line_count, bool is_csv,
                          size_t *ret_size)
{
    bool is_quoted = false;
    for (size_t i = 0; i < size; i++) {
        if (is_csv && data[i] == '"')
            is_quoted = !is_quoted;
        if (data[i] == '\n' && !is_quoted && --line_count == 0) {
            *ret_size = i + 1;
            return 0;
        }
    }
    return -SJ_E_MALFORMED;
}

static sj_rc read_varint(const unsigned char *data, size_t size, size_t *offset, uint64_t *ret)
{
    uint64_t value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
        if (*offset >= size)
            return -SJ_E_MALFORMED;
        unsigned char byte = data[(*offset)++];
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *ret = value;
            return 0;
        }
    }
    return -SJ_E_MALFORMED;
}

static sj_rc binary_header(const char *data, size_t size, int list_count, size_t *ret_size)
{
    const unsigned char *bytes = (const unsigned char *)data;
    size_t offset = 0;
    uint64_t column_count = 0;
    sj_rc rc = read_varint(bytes, size, &offset, &column_count);
    if (rc < 0 || column_count > size)
        return -SJ_E_MALFORMED;
    for (uint64_t i = 0; i < column_count * (uint64_t)list_count; i++) {
        uint64_t string_size = 0;
        rc = read_varint(bytes, size, &offset, &string_size);
        if (rc < 0 || string_size > size - offset)
            return -SJ_E_MALFORMED;
        offset += string_size;
    }
    *ret_size = offset;
    return 0;
}

sj_rc sj_emb_format_header(const struct sj_emb_format *format, const char *data, size_t size,
                           size_t *ret_size)
{
    switch (format->joint) {
    case SJ_EMB_JOINT_LINES:
        return lines_header(data, size, format->header_count, strncmp(format->name, "CSV", 3) == 0,
                            ret_size);
    case SJ_EMB_JOINT_BINARY:
        return binary_header(data, size, format->header_count, ret_size);
    default:
        *ret_size = 0;
        return 0;
    }
}
