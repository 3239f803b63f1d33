#include "convert/taifex.h"

#include "base/assert.h"
#include "convert/taifex_csv.h"
#include "journal/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#define BATCH_SIZE (256 * 1024)
#define INSTRUMENTS_MAX 16384

struct text {
    char *bytes; /* owned */
    size_t size;
};

/* Running sums of an instrument over the trading day, as the broker's feed carries them. */
struct totals {
    int64_t volume;
    int64_t amount_e6;
    int64_t open_e6;
    int64_t high_e6;
    int64_t low_e6;
};

struct convert {
    struct sj_taifex_report *report;
    struct sj_instruments *instruments;
    struct sj_taifex_day day;
    struct totals *totals; /* by instrument id */
    struct sj_journal *journal;
    uint8_t *batch;
    size_t batch_size;
    uint32_t batch_count;
    uint64_t seq;
};

static sj_rc fail(struct sj_taifex_report *report, sj_rc rc, const char *what, const char *path)
{
    snprintf(report->error, sizeof report->error, "%s %s: %s", what, path, sj_rc_text(rc));
    return rc;
}

static sj_rc read_zip_entry(zip_t *zip, const char *path, struct sj_taifex_report *report,
                            struct text *ret)
{
    struct zip_stat stat;
    if (zip_get_num_entries(zip, 0) != 1 || zip_stat_index(zip, 0, 0, &stat) ||
        !(stat.valid & ZIP_STAT_SIZE))
        return fail(report, -SJ_E_MALFORMED, "want one file in", path);
    if (stat.size > SJ_TAIFEX_SIZE_MAX)
        return fail(report, -SJ_E_LIMIT, "reading", path);
    zip_file_t *file = zip_fopen_index(zip, 0, 0);
    char *bytes = malloc(stat.size + 1);
    zip_int64_t got = file && bytes ? zip_fread(file, bytes, stat.size) : -1;
    if (file)
        zip_fclose(file);
    if (got < 0 || (zip_uint64_t)got != stat.size) {
        free(bytes);
        return fail(report, -SJ_E_CORRUPT, "unpacking", path);
    }
    *ret = (struct text){bytes, stat.size};
    return 0;
}

static sj_rc read_plain(const char *path, struct sj_taifex_report *report, struct text *ret)
{
    struct stat stat;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &stat)) {
        sj_rc rc = -errno;
        if (file)
            fclose(file);
        return fail(report, rc, "reading", path);
    }
    sj_rc rc = (uint64_t)stat.st_size > SJ_TAIFEX_SIZE_MAX ? -SJ_E_LIMIT : 0;
    char *bytes = rc < 0 ? NULL : malloc((size_t)stat.st_size + 1);
    if (bytes && fread(bytes, 1, (size_t)stat.st_size, file) != (size_t)stat.st_size)
        rc = -EIO;
    fclose(file);
    if (rc < 0 || !bytes) {
        free(bytes);
        return fail(report, rc < 0 ? rc : -ENOMEM, "reading", path);
    }
    *ret = (struct text){bytes, (size_t)stat.st_size};
    return 0;
}

static sj_rc read_file(const char *path, struct sj_taifex_report *report, struct text *ret)
{
    size_t length = strlen(path);
    if (length < 4 || strcasecmp(path + length - 4, ".zip"))
        return read_plain(path, report, ret);
    int error = 0;
    zip_t *zip = zip_open(path, ZIP_RDONLY, &error);
    if (!zip)
        return fail(report, error == ZIP_ER_NOENT ? -ENOENT : -SJ_E_MALFORMED, "opening", path);
    sj_rc rc = read_zip_entry(zip, path, report, ret);
    zip_discard(zip);
    return rc;
}

static sj_rc flush_batch(struct convert *convert)
{
    sj_rc rc = 0;
    if (convert->batch_count)
        rc = sj_journal_append(convert->journal, SJ_SRC_CONVERT, convert->batch,
                               convert->batch_size, convert->batch_count);
    convert->batch_size = 0;
    convert->batch_count = 0;
    return rc;
}

static sj_rc put_frame(struct convert *convert, const void *frame)
{
    size_t size = sj_frame_size(frame);
    if (convert->batch_size + size > BATCH_SIZE) {
        sj_rc rc = flush_batch(convert);
        if (rc < 0)
            return rc;
    }
    struct sj_frame *copy = (struct sj_frame *)(convert->batch + convert->batch_size);
    memcpy(copy, frame, size);
    copy->seq = ++convert->seq;
    convert->batch_size += size;
    convert->batch_count++;
    return 0;
}

static sj_rc put_definitions(struct convert *convert)
{
    for (uint32_t id = 1; id <= sj_instruments_count(convert->instruments); id++) {
        struct sj_instrument definition = *sj_instruments_get(convert->instruments, id);
        definition.exch_ns = convert->day.rows[0].time_ns;
        definition.recv_ns = definition.exch_ns;
        definition.update_date = convert->day.trading_day;
        sj_rc rc = put_frame(convert, &definition);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void count_totals(struct totals *totals, const struct sj_taifex_row *row)
{
    if (totals->volume == 0)
        totals->open_e6 = totals->high_e6 = totals->low_e6 = row->price_e6;
    if (row->price_e6 > totals->high_e6)
        totals->high_e6 = row->price_e6;
    if (row->price_e6 < totals->low_e6)
        totals->low_e6 = row->price_e6;
    totals->volume += row->lots;
    totals->amount_e6 += row->price_e6 * row->lots;
}

static sj_rc put_legs(struct convert *convert, const struct sj_taifex_row *row)
{
    struct sj_legs legs = {
        .instrument = row->instrument,
        .exch_ns = row->time_ns,
        .recv_ns = row->time_ns,
        .near_price_e6 = row->near_price_e6,
        .far_price_e6 = row->far_price_e6,
        .trade_seq = convert->seq,
    };
    sj_frame_head(&legs, SJ_EVENT_LEGS, sizeof legs);
    return put_frame(convert, &legs);
}

static sj_rc put_trade(struct convert *convert, const struct sj_taifex_row *row)
{
    struct totals *totals = &convert->totals[row->instrument];
    count_totals(totals, row);
    struct sj_trade trade = {
        .instrument = row->instrument,
        .flags = row->auction ? SJ_FLAG_AUCTION : 0,
        .exch_ns = row->time_ns,
        .recv_ns = row->time_ns,
        .price_e6 = row->price_e6,
        .volume = row->lots,
        .channel = SJ_CHANNEL_TICK_FOP,
        .total_volume = totals->volume,
        .total_amount_e6 = totals->amount_e6,
        .open_e6 = totals->open_e6,
        .high_e6 = totals->high_e6,
        .low_e6 = totals->low_e6,
        .amount_e6 = row->price_e6 * row->lots,
        .avg_price_e6 = SJ_NULL_E6,
        .price_chg_e6 = SJ_NULL_E6,
        .pct_chg_e6 = SJ_NULL_E6,
        .bid_side_total_vol = SJ_NULL_I64,
        .ask_side_total_vol = SJ_NULL_I64,
        .bid_side_total_cnt = SJ_NULL_U32,
        .ask_side_total_cnt = SJ_NULL_U32,
        .underlying_price_e6 = SJ_NULL_E6,
    };
    sj_frame_head(&trade, SJ_EVENT_TRADE, sizeof trade);
    sj_rc rc = put_frame(convert, &trade);
    if (rc >= 0 && row->near_price_e6 != SJ_NULL_E6)
        rc = put_legs(convert, row);
    return rc;
}

static sj_rc put_all(struct convert *convert)
{
    sj_rc rc = put_definitions(convert);
    for (size_t i = 0; rc >= 0 && i < convert->day.row_count; i++) {
        rc = put_trade(convert, &convert->day.rows[i]);
        convert->report->lot_count += convert->day.rows[i].lots;
    }
    if (rc >= 0)
        rc = flush_batch(convert);
    if (rc >= 0)
        rc = sj_journal_sync(convert->journal);
    return rc;
}

/* A directory that already holds converted trades would hold them twice. */
static sj_rc refuse_second_time(const struct sj_journal_recovery *recovery)
{
    for (uint32_t i = 0; i < recovery->source_count; i++)
        if (recovery->sources[i].src == SJ_SRC_CONVERT && recovery->sources[i].last_seq)
            return -SJ_E_BUSY;
    return 0;
}

static sj_rc write_journal(struct convert *convert, const char *dir)
{
    struct sj_journal_options options = {.dir = dir};
    struct sj_journal_recovery recovery;
    sj_rc rc = sj_journal_open(&options, &recovery, &convert->journal);
    if (rc < 0)
        return fail(convert->report, rc, "opening the journal", dir);
    rc = refuse_second_time(&recovery);
    if (rc < 0) {
        snprintf(convert->report->error, sizeof convert->report->error,
                 "%s already holds converted trades; name another directory", dir);
    } else {
        rc = put_all(convert);
        if (rc < 0)
            fail(convert->report, rc, "writing to", dir);
    }
    sj_rc closed = sj_journal_close(convert->journal);
    if (rc >= 0 && closed < 0)
        return fail(convert->report, closed, "closing the journal", dir);
    return rc;
}

/* A conversion that reports success has read back what it wrote. */
static sj_rc count_written(struct convert *convert, const char *dir)
{
    struct sj_journal_reader_options options = {.dir = dir};
    struct sj_journal_reader *reader;
    struct sj_journal_span span;
    sj_rc rc = sj_journal_reader_open(&options, &reader);
    if (rc < 0)
        return fail(convert->report, rc, "reading back", dir);
    while ((rc = sj_journal_read(reader, &span)) > 0) {
        if (span.src != SJ_SRC_CONVERT)
            continue;
        for (const uint8_t *at = span.begin; at < span.end; at += sj_frame_size(at))
            if (((const struct sj_frame *)at)->template_id == SJ_EVENT_TRADE)
                convert->report->trade_count++;
    }
    sj_journal_reader_close(reader);
    if (rc < 0)
        return fail(convert->report, rc, "reading back", dir);
    if (convert->report->trade_count != convert->report->line_count)
        return fail(convert->report, -SJ_E_IDENTITY, "reading back", dir);
    return 0;
}

static sj_rc convert_text(struct convert *convert, const struct text *text, const char *dir)
{
    struct sj_taifex_report *report = convert->report;
    sj_rc rc = sj_taifex_parse(text->bytes, text->size, convert->instruments, &convert->day);
    if (rc < 0) {
        snprintf(report->error, sizeof report->error, "%s", convert->day.error);
        return rc;
    }
    report->line_count = convert->day.row_count;
    report->instrument_count = sj_instruments_count(convert->instruments);
    report->trading_day = convert->day.trading_day;
    report->first_ns = convert->day.rows[0].time_ns;
    report->last_ns = convert->day.rows[convert->day.row_count - 1].time_ns;
    convert->totals = calloc(report->instrument_count + 1, sizeof *convert->totals);
    convert->batch = malloc(BATCH_SIZE);
    if (!convert->totals || !convert->batch)
        return fail(report, -ENOMEM, "converting into", dir);
    rc = write_journal(convert, dir);
    return rc < 0 ? rc : count_written(convert, dir);
}

sj_rc sj_convert_taifex(const char *path, const char *journal_dir,
                        struct sj_taifex_report *ret_report)
{
    struct convert convert = {.report = ret_report};
    struct text text = {0};
    *ret_report = (struct sj_taifex_report){0};
    sj_rc rc = read_file(path, ret_report, &text);
    if (rc < 0)
        return rc;
    rc = sj_instruments_create(INSTRUMENTS_MAX, &convert.instruments);
    if (rc >= 0)
        rc = convert_text(&convert, &text, journal_dir);
    else
        fail(ret_report, rc, "converting", path);
    sj_taifex_day_done(&convert.day);
    sj_instruments_close(convert.instruments);
    free(convert.totals);
    free(convert.batch);
    free(text.bytes);
    return rc;
}
