#include "store/batch.h"

#include "base/assert.h"
#include "base/crc32c.h"
#include "store/json_rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sj_store_batch_begin(struct sj_store_batch *batch, const struct sj_store_table *table,
                          int32_t month)
{
    if (batch->table != NULL && batch->table->row_size != table->row_size)
        batch->capacity = 0; /* counted in rows of another size: counted anew, below */
    batch->table = table;
    batch->month = month;
    batch->count = 0;
    batch->order_count = 0;
    batch->range_count = 0;
    batch->body.size = 0;
}

static sj_rc grow(struct sj_store_batch *batch)
{
    uint32_t capacity = batch->capacity == 0 ? 1024 : batch->capacity * 2;
    uint8_t *frames = realloc(batch->frames, (size_t)capacity * batch->table->row_size);
    if (frames == NULL)
        return -ENOMEM;
    batch->frames = frames;
    uint32_t *srcs = realloc(batch->srcs, capacity * sizeof(*srcs));
    if (srcs == NULL)
        return -ENOMEM;
    batch->srcs = srcs;
    uint32_t *order = realloc(batch->order, capacity * sizeof(*order));
    if (order == NULL)
        return -ENOMEM;
    batch->order = order;
    batch->capacity = capacity;
    return 0;
}

sj_rc sj_store_batch_add(struct sj_store_batch *batch, const void *frame, uint32_t src)
{
    if (SJ_UNLIKELY(batch->count == batch->capacity)) {
        sj_rc rc = grow(batch);
        if (rc < 0)
            return rc;
    }
    const size_t size = batch->table->row_size;
    uint8_t *to = batch->frames + batch->count * size;
    for (size_t at = 0; at < size; at += SJ_FRAME_UNIT)
        memcpy(to + at, (const uint8_t *)frame + at, SJ_FRAME_UNIT);
    batch->srcs[batch->count++] = src;
    return 0;
}

sj_rc sj_store_batch_seal(struct sj_store_batch *batch, struct sj_store_workshop *workshop)
{
    struct sj_store_rows rows = {batch->table, batch->frames, batch->srcs,
                                 NULL,         batch->count,  false};
    bool is_sorted =
        !batch->table->by_symbol || !workshop->symbols->is_ranked ||
        sj_store_rows_sort(&rows, workshop->symbols, workshop->scratch, batch->order) == 0;
    for (uint32_t i = 0; is_sorted && i < batch->count; i++)
        batch->order[i] = i;
    batch->order_count = batch->count;
    batch->ranges[0] = (struct sj_store_range){0, batch->count};
    batch->range_count = 1;
    return 0;
}

struct sj_store_rows sj_store_batch_rows(const struct sj_store_batch *batch)
{
    SJ_ASSERT(batch->range_count > 0);
    const struct sj_store_range *range = &batch->ranges[batch->range_count - 1];
    return (struct sj_store_rows){
        .table = batch->table,
        .frames = batch->frames,
        .srcs = batch->srcs,
        .order = batch->order + range->first,
        .count = range->count,
        .is_part = range->count != batch->count,
    };
}

static sj_rc encode(struct sj_store_batch *batch, struct sj_store_workshop *workshop,
                    const struct sj_store_rows *rows)
{
    struct sj_store_plan plan;
    char columns[4096];
    uint32_t bit = UINT32_C(1) << sj_store_table_index(batch->table);
    bool is_text = workshop->format == SJ_STORE_JSON || (workshop->text_tables & bit) != 0;
    sj_store_plan_columns(rows, (workshop->packed_tables & bit) != 0, &plan);
    sj_rc rc = sj_store_plan_text(batch->table, &plan, columns, sizeof(columns));
    SJ_ASSERT(rc > 0);
    int length = snprintf(batch->sql, sizeof(batch->sql), "INSERT INTO `%s`.`%s` %s FORMAT %s",
                          workshop->database, batch->table->name, columns,
                          is_text ? "JSONEachRow" : "Native");
    SJ_ASSERT(length > 0 && (size_t)length < sizeof(batch->sql));
    workshop->plain.size = 0;
    if (is_text)
        return sj_store_encode_json(rows, workshop->symbols, &plan, &workshop->plain);
    return sj_store_encode_native(rows, workshop->symbols, &plan, &workshop->plain);
}

sj_rc sj_store_batch_build(struct sj_store_batch *batch, struct sj_store_workshop *workshop,
                           const char *name)
{
    struct sj_store_rows rows = sj_store_batch_rows(batch);
    sj_rc rc = encode(batch, workshop, &rows);
    if (rc < 0)
        return rc;
    batch->plain_size = workshop->plain.size;
    batch->packing = workshop->packing;
    batch->body.size = 0;
    rc = sj_store_pack(workshop->packer, workshop->packing, workshop->plain.data,
                       workshop->plain.size, &batch->body);
    uint32_t crc = sj_crc32c(0, workshop->plain.data, workshop->plain.size);
    snprintf(batch->token, sizeof(batch->token), "%s-%s-%d-%u-%08x", name, batch->table->name,
             batch->month, rows.count, crc);
    return rc;
}

/* --- what the server has --- */

struct seqs {
    uint32_t src;
    uint64_t first;
    uint64_t last;
};

/* The range of sequences of each source in the rows. */
static uint32_t find_seqs(const struct sj_store_rows *rows, struct seqs *ret, uint32_t max)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        uint32_t row = rows->order[i];
        const struct sj_frame *frame =
            (const struct sj_frame *)(rows->frames + (size_t)row * rows->table->row_size);
        uint32_t at = 0;
        while (at < count && ret[at].src != rows->srcs[row])
            at++;
        if (at == count) {
            if (count == max)
                return 0;
            ret[count++] = (struct seqs){rows->srcs[row], frame->seq, frame->seq};
        }
        ret[at].first = frame->seq < ret[at].first ? frame->seq : ret[at].first;
        ret[at].last = frame->seq > ret[at].last ? frame->seq : ret[at].last;
    }
    return count;
}

sj_rc sj_store_batch_question(const struct sj_store_batch *batch, const char *database,
                              char *ret_sql, size_t size)
{
    struct sj_store_rows rows = sj_store_batch_rows(batch);
    struct seqs seqs[SJ_STORE_STREAMS_MAX];
    uint32_t count = find_seqs(&rows, seqs, SJ_STORE_STREAMS_MAX);
    if (count == 0)
        return -SJ_E_RANGE;
    int used = snprintf(ret_sql, size,
                        "SELECT src, seq FROM `%s`.`%s` WHERE toYYYYMM(trading_day) = %d AND (",
                        database, batch->table->name, batch->month);
    for (uint32_t i = 0; i < count && used > 0 && (size_t)used < size; i++)
        used += snprintf(ret_sql + used, size - (size_t)used,
                         "%s(src = %u AND seq >= %lu AND seq <= %lu)", i > 0 ? " OR " : "",
                         seqs[i].src, seqs[i].first, seqs[i].last);
    if (used > 0 && (size_t)used < size)
        used += snprintf(ret_sql + used, size - (size_t)used, ") FORMAT RowBinary");
    return used > 0 && (size_t)used < size ? used : -SJ_E_RANGE;
}

struct name {
    uint32_t src;
    uint64_t seq;
};

static int compare_names(const void *a, const void *b)
{
    const struct name *left = a;
    const struct name *right = b;
    if (left->src != right->src)
        return left->src < right->src ? -1 : 1;
    return left->seq < right->seq ? -1 : left->seq > right->seq;
}

#define ANSWER_ROW_SIZE 12

static struct name *read_names(const uint8_t *answer, size_t count)
{
    struct name *names = calloc(count + 1, sizeof(*names));
    if (names == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        memcpy(&names[i].src, answer + i * ANSWER_ROW_SIZE, sizeof(names[i].src));
        memcpy(&names[i].seq, answer + i * ANSWER_ROW_SIZE + 4, sizeof(names[i].seq));
    }
    qsort(names, count, sizeof(*names), compare_names);
    return names;
}

sj_rc sj_store_batch_strike(struct sj_store_batch *batch, const void *answer, size_t size)
{
    if (size % ANSWER_ROW_SIZE != 0)
        return -SJ_E_MALFORMED;
    size_t name_count = size / ANSWER_ROW_SIZE;
    if (name_count == 0)
        return 0;
    struct name *names = read_names(answer, name_count);
    if (names == NULL)
        return -ENOMEM;
    struct sj_store_range *range = &batch->ranges[batch->range_count - 1];
    uint32_t *there = malloc(range->count * sizeof(*there));
    uint32_t kept = 0;
    uint32_t found = 0;
    for (uint32_t i = 0; there != NULL && i < range->count; i++) {
        uint32_t row = batch->order[range->first + i];
        const struct sj_frame *frame =
            (const struct sj_frame *)(batch->frames + (size_t)row * batch->table->row_size);
        struct name name = {batch->srcs[row], frame->seq};
        if (bsearch(&name, names, name_count, sizeof(*names), compare_names) != NULL)
            there[found++] = row;
        else
            batch->order[range->first + kept++] = row;
    }
    sj_rc rc = there != NULL ? (sj_rc)found : -ENOMEM;
    if (rc > 0) {
        memcpy(batch->order + range->first + kept, there, found * sizeof(*there));
        range->count = kept;
    }
    free(there);
    free(names);
    return rc;
}

bool sj_store_batch_halve(struct sj_store_batch *batch)
{
    struct sj_store_range *range = &batch->ranges[batch->range_count - 1];
    if (range->count < 2 || batch->range_count == SJ_STORE_RANGES_MAX)
        return false;
    uint32_t half = range->count / 2;
    struct sj_store_range first = {range->first, half};
    range->first += half;
    range->count -= half;
    batch->ranges[batch->range_count++] = first;
    return true;
}

void sj_store_batch_done(struct sj_store_batch *batch)
{
    free(batch->frames);
    free(batch->srcs);
    free(batch->order);
    sj_store_bytes_done(&batch->body);
    memset(batch, 0, sizeof(*batch));
}

/* --- the workshop --- */

sj_rc sj_store_workshop_init(struct sj_store_workshop *workshop,
                             const struct sj_store_symbols *symbols, const char *database)
{
    memset(workshop, 0, sizeof(*workshop));
    workshop->symbols = symbols;
    workshop->database = database;
    workshop->scratch = calloc(symbols->capacity + 1, sizeof(*workshop->scratch));
    if (workshop->scratch == NULL)
        return -ENOMEM;
    sj_rc rc = sj_store_packer_create(&workshop->packer);
    if (rc < 0)
        sj_store_workshop_done(workshop);
    return rc;
}

void sj_store_workshop_done(struct sj_store_workshop *workshop)
{
    free(workshop->scratch);
    sj_store_packer_close(workshop->packer);
    sj_store_bytes_done(&workshop->plain);
    memset(workshop, 0, sizeof(*workshop));
}

enum sj_store_packing sj_store_choose_packing(const struct sj_store_config *config,
                                              const struct sj_store_abilities *abilities)
{
    bool wants_gzip =
        config->compression == SJ_STORE_COMPRESS_GZIP ||
        (config->compression == SJ_STORE_COMPRESS_AUTO && config->format == SJ_STORE_JSON);
    bool wants_lz4 =
        config->compression == SJ_STORE_COMPRESS_LZ4 ||
        (config->compression == SJ_STORE_COMPRESS_AUTO && config->format == SJ_STORE_NATIVE);
    if (wants_gzip && abilities->has_gzip)
        return SJ_STORE_PACK_GZIP;
    if (wants_lz4 && abilities->has_lz4_blocks)
        return SJ_STORE_PACK_LZ4_BLOCKS;
    if (wants_lz4 && abilities->has_lz4_frame)
        return SJ_STORE_PACK_LZ4_FRAME;
    return SJ_STORE_PACK_NONE;
}
