#include "store/audit.h"

#include "base/tw_time.h"
#include "event/instruments.h"
#include "store/audit_dead.h"
#include "store/setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_EVENTS (2u << 20)
#define INSTRUMENTS (SJ_INSTRUMENTS_MAX + 1)

/* One event of the journal in the window. */
struct record {
    uint64_t seq;
    int64_t price_e6;
    uint32_t volume;
    uint32_t line;
    uint16_t seen; /* how often the store has it */
    uint8_t table;
    bool is_waiting; /* behind the cursor: need not be in the store yet */
};

struct stream {
    uint32_t src;
    uint32_t count;
    uint32_t capacity;
    struct record *records; /* by rising seq */
};

/* Where the values of a table's rows are; 0: it has none. */
struct values {
    uint16_t price;
    uint16_t volume;
};

struct walk {
    const struct sj_store_audit_options *options;
    struct sj_store_audit *audit;
    struct sj_store_error *error;
    struct sj_store_client *client;
    struct sj_journal_reader *reader;
    struct sj_store_symbols symbols;
    struct sj_store_days days;
    uint64_t acked_position;
    int32_t day; /* day number; 0: all */
    uint32_t line_capacity;
    uint32_t *line_of[SJ_STORE_TABLE_COUNT]; /* by instrument: 1 + line */
    struct values values[SJ_STORE_TABLE_COUNT];
    struct stream streams[SJ_STORE_STREAMS_MAX];
    uint32_t stream_count;
    uint32_t event_count; /* in the window */
    uint16_t day_min[SJ_STORE_TABLE_COUNT];
    uint16_t day_max[SJ_STORE_TABLE_COUNT];
    bool in_window[SJ_STORE_TABLE_COUNT];
    struct sj_store_dead_names dead;
};

/* --- the journal's side --- */

static sj_rc line_of(struct walk *walk, uint32_t table, uint32_t instrument, uint32_t *ret_line)
{
    struct sj_store_audit *audit = walk->audit;
    uint32_t id = instrument < INSTRUMENTS ? instrument : 0;
    if (walk->line_of[table] == NULL)
        walk->line_of[table] = calloc(INSTRUMENTS, sizeof(uint32_t));
    if (walk->line_of[table] == NULL)
        return -ENOMEM;
    uint32_t *slot = &walk->line_of[table][id];
    if (*slot == 0) {
        if (audit->line_count == walk->line_capacity) {
            uint32_t capacity = walk->line_capacity == 0 ? 256 : walk->line_capacity * 2;
            struct sj_store_audit_line *lines =
                realloc(audit->lines, capacity * sizeof(*audit->lines));
            if (lines == NULL)
                return -ENOMEM;
            audit->lines = lines;
            walk->line_capacity = capacity;
        }
        audit->lines[audit->line_count] =
            (struct sj_store_audit_line){.table = sj_store_table_at(table)->name, .instrument = id};
        *slot = ++audit->line_count;
    }
    *ret_line = *slot - 1;
    return 0;
}

static sj_rc add_record(struct walk *walk, uint32_t src, const struct record *record)
{
    struct stream *stream = NULL;
    for (uint32_t i = 0; i < walk->stream_count && stream == NULL; i++)
        stream = walk->streams[i].src == src ? &walk->streams[i] : NULL;
    if (stream == NULL) {
        if (walk->stream_count == SJ_STORE_STREAMS_MAX)
            return -SJ_E_LIMIT;
        stream = &walk->streams[walk->stream_count++];
        stream->src = src;
    }
    if (stream->count == stream->capacity) {
        uint32_t capacity = stream->capacity == 0 ? 65536 : stream->capacity * 2;
        struct record *records = realloc(stream->records, capacity * sizeof(*records));
        if (records == NULL)
            return -ENOMEM;
        stream->records = records;
        stream->capacity = capacity;
    }
    stream->records[stream->count++] = *record;
    walk->event_count++;
    return 0;
}

static void note_day(struct walk *walk, uint32_t table, uint16_t day)
{
    if (!walk->in_window[table] || day < walk->day_min[table])
        walk->day_min[table] = day;
    if (!walk->in_window[table] || day > walk->day_max[table])
        walk->day_max[table] = day;
    walk->in_window[table] = true;
}

static sj_rc take_definition(struct walk *walk, const uint8_t *frame)
{
    bool is_definition = ((const struct sj_frame *)frame)->template_id == SJ_EVENT_INSTRUMENT &&
                         sj_frame_size(frame) == sizeof(struct sj_instrument);
    if (is_definition) /* an id beyond the table's room shows as its number */
        (void)!sj_store_symbols_put(&walk->symbols, (const struct sj_instrument *)frame);
    return 0;
}

static sj_rc take_frame(struct walk *walk, const uint8_t *frame, uint32_t src, bool is_waiting)
{
    const struct sj_frame *head = (const struct sj_frame *)frame;
    const struct sj_store_table *table = sj_store_table_of(head->template_id);
    (void)take_definition(walk, frame);
    if (table == NULL || table->row_size != sj_frame_size(frame))
        return 0; /* of a later version: in a dead letter */
    uint16_t day = sj_store_day_of(&walk->days, sj_store_frame_ts(frame));
    if (walk->day != 0 && day != walk->day)
        return 0;
    struct record record = {.seq = head->seq, .is_waiting = is_waiting};
    record.table = (uint8_t)sj_store_table_index(table);
    const struct values *values = &walk->values[record.table];
    if (values->volume != 0) {
        memcpy(&record.volume, frame + values->volume, sizeof(record.volume));
        memcpy(&record.price_e6, frame + values->price, sizeof(record.price_e6));
        record.price_e6 = record.price_e6 == SJ_NULL_E6 ? 0 : record.price_e6;
    }
    note_day(walk, record.table, day);
    sj_rc rc = line_of(walk, record.table, head->instrument, &record.line);
    return rc < 0 ? rc : add_record(walk, src, &record);
}

/* Reads blocks until the window is full. Returns 0 at the journal's end. */
static sj_rc read_window(struct walk *walk)
{
    while (walk->event_count < WINDOW_EVENTS) {
        struct sj_journal_span span;
        sj_rc rc = sj_journal_read(walk->reader, &span);
        if (rc == -SJ_E_CORRUPT) {
            walk->audit->damaged_count++;
            continue;
        }
        if (rc <= 0)
            return rc;
        bool is_waiting = span.position >= walk->acked_position;
        for (const uint8_t *at = span.begin; at < span.end; at += sj_frame_size(at)) {
            rc = span.repeat ? take_definition(walk, at)
                             : take_frame(walk, at, span.src, is_waiting);
            if (rc < 0)
                return rc;
        }
    }
    return 1;
}

/* --- the store's side --- */

#define ROW_SIZE 20 /* seq UInt64, volume UInt32, price Int64 */

struct answer {
    struct walk *walk;
    struct stream *stream;
    uint32_t table;
    uint8_t rest[ROW_SIZE]; /* of a row that a piece cut off */
    size_t rest_size;
};

static struct record *find_record(const struct stream *stream, uint64_t seq)
{
    uint64_t guess = seq - stream->records[0].seq; /* right where there are no holes */
    if (guess < stream->count && stream->records[guess].seq == seq)
        return &stream->records[guess];
    uint32_t low = 0;
    uint32_t high = stream->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (stream->records[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low < stream->count && stream->records[low].seq == seq ? &stream->records[low] : NULL;
}

static void take_row(struct answer *answer, const uint8_t *row)
{
    uint64_t seq;
    uint32_t volume;
    int64_t price_e6;
    memcpy(&seq, row, 8);
    memcpy(&volume, row + 8, 4);
    memcpy(&price_e6, row + 12, 8);
    struct record *record = find_record(answer->stream, seq);
    if (record == NULL || record->table != answer->table) {
        answer->walk->audit->surplus_count++;
        return;
    }
    struct sj_store_audit_line *line = &answer->walk->audit->lines[record->line];
    line->store_volume += volume;
    line->store_turnover_e6 += (sj_int128)price_e6 * volume;
    record->seen += record->seen < UINT16_MAX;
}

static size_t take_piece(void *context, const void *data, size_t size)
{
    struct answer *answer = context;
    const uint8_t *at = data;
    size_t left = size;
    if (answer->rest_size > 0) {
        size_t more = ROW_SIZE - answer->rest_size < left ? ROW_SIZE - answer->rest_size : left;
        memcpy(answer->rest + answer->rest_size, at, more);
        answer->rest_size += more;
        at += more;
        left -= more;
        if (answer->rest_size < ROW_SIZE)
            return size;
        take_row(answer, answer->rest);
        answer->rest_size = 0;
    }
    for (; left >= ROW_SIZE; at += ROW_SIZE, left -= ROW_SIZE)
        take_row(answer, at);
    memcpy(answer->rest, at, left);
    answer->rest_size = left;
    return size;
}

/* A table of another system may have wider types, and floats: their shortest text is the decimal
 * they were made from. */
static const char exact_values[] =
    "toUInt32(size), if(toTypeName(price) = 'Float64', toDecimal64(toString(price), 6),"
    " toDecimal64(price, 6))";

static sj_rc ask(struct walk *walk, struct stream *stream, uint32_t table)
{
    char sql[1024];
    const char *database = sj_store_client_database(walk->client);
    bool has_values = walk->values[table].volume != 0;
    snprintf(sql, sizeof(sql),
             "SELECT seq, %s FROM `%s`.`%s` WHERE trading_day >= toDate(%u) AND trading_day <="
             " toDate(%u) AND src = %u AND seq >= %lu AND seq <= %lu FORMAT RowBinary",
             has_values ? exact_values : "toUInt32(0), toInt64(0)", database,
             sj_store_table_at(table)->name, walk->day_min[table], walk->day_max[table],
             stream->src, stream->records[0].seq, stream->records[stream->count - 1].seq);
    struct answer answer = {.walk = walk, .stream = stream, .table = table};
    struct sj_store_request request = {
        .sql = sql, .sink = take_piece, .sink_context = &answer, .timeout_ms = 600000};
    sj_rc rc = sj_store_client_run(walk->client, &request);
    if (rc < 0)
        snprintf(walk->error->text, sizeof(walk->error->text), "audit of %s: %s%.0d%s",
                 sj_store_table_at(table)->name, request.answer.code > 0 ? "ClickHouse: " : "",
                 request.answer.code, request.answer.text);
    else if (answer.rest_size != 0)
        rc = -SJ_E_MALFORMED;
    sj_store_bytes_done(&request.reply);
    return rc;
}

static void settle(struct walk *walk, const struct stream *stream, const struct record *record)
{
    struct sj_store_audit_line *line = &walk->audit->lines[record->line];
    line->journal_count++;
    line->duplicate_count += record->seen > 1 ? record->seen - 1u : 0;
    if (record->seen > 0) {
        line->store_count++;
        line->journal_volume += record->volume;
        line->journal_turnover_e6 += (sj_int128)record->price_e6 * record->volume;
    } else if (sj_store_dead_names_have(&walk->dead, record->table, stream->src, record->seq)) {
        line->dead_count++;
    } else if (record->is_waiting) {
        line->waiting_count++;
    } else {
        line->missing_count++;
    }
}

static sj_rc compare_window(struct walk *walk)
{
    for (uint32_t s = 0; s < walk->stream_count; s++) {
        struct stream *stream = &walk->streams[s];
        for (uint32_t table = 0; stream->count > 0 && table < SJ_STORE_TABLE_COUNT; table++) {
            sj_rc rc = walk->in_window[table] ? ask(walk, stream, table) : 0;
            if (rc < 0)
                return rc;
        }
        for (uint32_t i = 0; i < stream->count; i++)
            settle(walk, stream, &stream->records[i]);
        stream->count = 0;
    }
    memset(walk->in_window, 0, sizeof(walk->in_window));
    walk->event_count = 0;
    return 0;
}

/* --- the verdict --- */

static int compare_lines(const void *a, const void *b)
{
    const struct sj_store_audit_line *left = a;
    const struct sj_store_audit_line *right = b;
    int order = strcmp(left->table, right->table);
    return order != 0 ? order : strcmp(left->symbol, right->symbol);
}

static void judge(struct walk *walk)
{
    struct sj_store_audit *audit = walk->audit;
    for (uint32_t i = 0; i < audit->line_count; i++) {
        struct sj_store_audit_line *line = &audit->lines[i];
        const struct sj_store_symbol *symbol = sj_store_symbol_of(&walk->symbols, line->instrument);
        snprintf(line->symbol, sizeof(line->symbol), "%.*s", symbol->native[0], symbol->native + 1);
        line->is_equal = line->missing_count == 0 && line->duplicate_count == 0 &&
                         line->journal_volume == line->store_volume &&
                         line->journal_turnover_e6 == line->store_turnover_e6;
        audit->journal_count += line->journal_count;
        audit->store_count += line->store_count;
        audit->missing_count += line->missing_count;
        audit->waiting_count += line->waiting_count;
        audit->dead_count += line->dead_count;
        audit->duplicate_count += line->duplicate_count;
        audit->unequal_count += !line->is_equal;
    }
    qsort(audit->lines, audit->line_count, sizeof(*audit->lines), compare_lines);
    audit->holds = audit->unequal_count == 0 && audit->surplus_count == 0;
}

/* --- the walk --- */

static sj_rc open_sides(struct walk *walk)
{
    const struct sj_store_audit_options *options = walk->options;
    const struct sj_journal_reader_options reader = {.dir = options->journal_dir, .repeats = true};
    struct sj_journal_cursor cursor = {0};
    sj_rc rc = sj_store_connect(options->config, &walk->client);
    if (rc == 0)
        rc = sj_store_symbols_init(&walk->symbols, INSTRUMENTS);
    if (rc == 0) /* the cursor first: what it has passed must be in the store */
        rc = sj_journal_cursor_load(options->journal_dir,
                                    options->cursor != NULL ? options->cursor : SJ_STORE_CURSOR,
                                    &cursor);
    if (rc == 0)
        rc = sj_journal_reader_open(&reader, &walk->reader);
    if (rc < 0)
        return rc;
    walk->acked_position = cursor.position;
    if (options->trading_day != 0)
        walk->day = sj_date_to_day(options->trading_day);
    for (uint32_t i = 0; i < SJ_STORE_TABLE_COUNT; i++) {
        const struct sj_store_table *table = sj_store_table_at(i);
        for (uint32_t c = 0; c < table->column_count; c++) {
            if (strcmp(table->columns[c].name, "price") == 0)
                walk->values[i].price = table->columns[c].offset;
            if (strcmp(table->columns[c].name, "size") == 0)
                walk->values[i].volume = table->columns[c].offset;
        }
    }
    rc = sj_store_dead_names_read(&walk->dead, options->config, options->journal_dir);
    return rc < 0 ? rc : sj_journal_seek(walk->reader, sj_journal_reader_first(walk->reader));
}

static void close_sides(struct walk *walk)
{
    for (uint32_t i = 0; i < SJ_STORE_STREAMS_MAX; i++)
        free(walk->streams[i].records);
    for (uint32_t i = 0; i < SJ_STORE_TABLE_COUNT; i++)
        free(walk->line_of[i]);
    sj_store_dead_names_done(&walk->dead);
    sj_store_symbols_done(&walk->symbols);
    sj_store_client_close(walk->client);
    sj_journal_reader_close(walk->reader);
}

sj_rc sj_store_audit_run(const struct sj_store_audit_options *options,
                         struct sj_store_audit *ret_audit, struct sj_store_error *ret_error)
{
    struct sj_store_audit audit = {0};
    struct walk *walk = calloc(1, sizeof(*walk));
    if (walk == NULL)
        return -ENOMEM;
    walk->options = options;
    walk->audit = &audit;
    walk->error = ret_error;
    ret_error->text[0] = '\0';
    sj_rc rc = open_sides(walk);
    sj_rc more = rc == 0;
    while (rc == 0 && more > 0) {
        more = read_window(walk);
        rc = more < 0 ? more : compare_window(walk);
    }
    if (rc == 0)
        judge(walk);
    else if (ret_error->text[0] == '\0')
        snprintf(ret_error->text, sizeof(ret_error->text), "reading the journal %s: %s",
                 options->journal_dir, sj_rc_text(rc));
    close_sides(walk);
    free(walk);
    if (rc < 0)
        sj_store_audit_done(&audit);
    else
        *ret_audit = audit;
    return rc;
}

void sj_store_audit_done(struct sj_store_audit *audit)
{
    free(audit->lines);
    memset(audit, 0, sizeof(*audit));
}
