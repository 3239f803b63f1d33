#include "convert/synth.h"

#include "base/clock.h"
#include "base/rng.h"
#include "convert/sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEVELS 5
#define INSTRUMENTS_MAX 1000
#define START_NS INT64_C(1627260300000000000)
#define LINE_ROOM 2048
#define FILE_BUFFER (1u << 20)
#define LATE_MAX_NS 1000000

struct instrument {
    int64_t mid; /* ticks of half a point */
    int64_t total_volume;
    int64_t total_amount;
    int64_t open, high, low;
    uint32_t bid_volume[LEVELS];
    uint32_t ask_volume[LEVELS];
    bool has_book;
    struct sj_levels book;
};

struct synth {
    const struct sj_synth_options *options;
    struct sj_rng rng;
    int64_t now_ns;
    struct sj_latency *latency;
    int64_t last_local_ns;
    uint64_t number; /* of the event */
    struct instrument instruments[INSTRUMENTS_MAX];
};

/* One event of one instrument. */
struct event {
    uint32_t instrument;
    bool book;
    int64_t ns;
    int64_t price; /* half points */
    uint32_t size;
    int side; /* 1, -1, 0 */
};

static void start(struct synth *synth, const struct sj_synth_options *options)
{
    synth->options = options;
    sj_rng_init(&synth->rng, options->seed);
    synth->now_ns = options->start_ns ? options->start_ns : START_NS;
    for (uint32_t i = 0; i < options->instrument_count; i++) {
        struct instrument *instrument = &synth->instruments[i];
        instrument->mid = sj_rng_range(&synth->rng, 200, 40000);
        instrument->open = instrument->high = instrument->low = instrument->mid;
        for (int level = 0; level < LEVELS; level++) {
            instrument->bid_volume[level] = (uint32_t)sj_rng_range(&synth->rng, 1, 200);
            instrument->ask_volume[level] = (uint32_t)sj_rng_range(&synth->rng, 1, 200);
        }
    }
}

/* The best level of a side is used up: the book moves by a tick. */
static void move(struct synth *synth, struct instrument *instrument, int side)
{
    uint32_t *eaten = side > 0 ? instrument->ask_volume : instrument->bid_volume;
    uint32_t *other = side > 0 ? instrument->bid_volume : instrument->ask_volume;
    memmove(eaten, eaten + 1, (LEVELS - 1) * sizeof *eaten);
    memmove(other + 1, other, (LEVELS - 1) * sizeof *other);
    eaten[LEVELS - 1] = (uint32_t)sj_rng_range(&synth->rng, 1, 200);
    other[0] = (uint32_t)sj_rng_range(&synth->rng, 1, 50);
    if (instrument->mid + side > LEVELS + 1)
        instrument->mid += side;
}

static void trade(struct synth *synth, struct instrument *instrument, struct event *event)
{
    event->side = sj_rng_below(&synth->rng, 2) ? 1 : -1;
    uint32_t *best = event->side > 0 ? instrument->ask_volume : instrument->bid_volume;
    uint32_t size = (uint32_t)sj_rng_below(&synth->rng, 10) + 1;
    event->size = size < *best ? size : *best;
    event->price = instrument->mid + (event->side > 0);
    *best -= event->size;
    if (!*best)
        move(synth, instrument, event->side);
    instrument->total_volume += event->size;
    instrument->total_amount += event->price * event->size;
    if (event->price > instrument->high)
        instrument->high = event->price;
    if (event->price < instrument->low)
        instrument->low = event->price;
}

static void next(struct synth *synth, struct event *event)
{
    const struct sj_synth_options *options = synth->options;
    struct sj_rng *rng = &synth->rng;
    synth->now_ns += (int64_t)sj_rng_exponential(rng, 1e9 / options->rate) / 1000 * 1000;
    *event = (struct event){.instrument = (uint32_t)sj_rng_below(rng, options->instrument_count),
                            .book = sj_rng_below(rng, 100) < options->book_percent,
                            .ns = synth->now_ns};
    struct instrument *instrument = &synth->instruments[event->instrument];
    if (options->late_share > 0 && sj_rng_real(rng) < options->late_share)
        event->ns -= sj_rng_range(rng, 1, LATE_MAX_NS);
    if (event->book) {
        uint32_t *volumes = sj_rng_below(rng, 2) ? instrument->ask_volume : instrument->bid_volume;
        volumes[sj_rng_below(rng, LEVELS)] = (uint32_t)sj_rng_range(rng, 1, 200);
    } else {
        trade(synth, instrument, event);
    }
    synth->number++;
}

/* Half points as the original's serialiser writes doubles: 17520.0, 17520.5. */
#define PRICE(half) (long long)((half) / 2), (half) % 2 ? '5' : '0'

static int tick_line(const struct event *event, const struct instrument *instrument, char *to)
{
    static const char *const sides[] = {"sell", "none", "buy"};
    int64_t change = event->price - instrument->open;
    int64_t average = instrument->total_amount * 500000 / instrument->total_volume;
    int64_t percent = llabs(change) * 100000000 / instrument->open;
    const char *sign = change < 0 ? "-" : "";
    char common[256];
    snprintf(common, sizeof common, "\"price_chg\":%s%lld.%c,\"pct_chg\":%s%lld.%06lld", sign,
             PRICE(llabs(change)), percent ? sign : "", (long long)(percent / 1000000),
             (long long)(percent % 1000000));
    return snprintf(
        to, LINE_ROOM,
        "{\"ts_ns\":%lld,\"symbol\":\"SYN%04u\",\"asset_type\":\"futures\",\"exchange\":\"TAIFEX\","
        "\"extras\":{\"open\":%lld.%c,\"avg_price\":%lld.%06lld,\"high\":%lld.%c,\"low\":%lld.%c,"
        "\"amount\":%lld.%c,\"total_amount\":%lld.%c,\"volume\":%u,\"tick_type\":%d,%s,"
        "\"bid_side_total_vol\":%lld,\"ask_side_total_vol\":%lld,\"bid_side_total_cnt\":null,"
        "\"ask_side_total_cnt\":null,\"underlying_price\":%lld.%c,\"chg_type\":%d,\"suspend\":null,"
        "\"simtrade\":0,\"intraday_odd\":null},\"type\":\"MD_TICK\",\"price\":%lld.%c,\"size\":%u,"
        "\"side\":\"%s\",\"total_volume\":%lld,\"total_amount\":%lld.%c,%s}\n",
        (long long)event->ns, event->instrument + 1, PRICE(instrument->open),
        (long long)(average / 1000000), (long long)(average % 1000000), PRICE(instrument->high),
        PRICE(instrument->low), PRICE(event->price * event->size), PRICE(instrument->total_amount),
        event->size, event->side > 0 ? 1 : 2, common, (long long)(instrument->total_volume / 2),
        (long long)((instrument->total_volume + 1) / 2), PRICE(event->price), change < 0 ? 4 : 2,
        PRICE(event->price), event->size, sides[event->side + 1],
        (long long)instrument->total_volume, PRICE(instrument->total_amount), common);
}

static int prices_text(char *to, int64_t first, int step)
{
    int used = 0;
    for (int i = 0; i < LEVELS; i++)
        used += sprintf(to + used, "%s%lld.%c", i ? "," : "", PRICE(first + i * step));
    return used;
}

static int volumes_text(char *to, const uint32_t volumes[LEVELS])
{
    int used = 0;
    for (int i = 0; i < LEVELS; i++)
        used += sprintf(to + used, "%s%u", i ? "," : "", volumes[i]);
    return used;
}

static int book_line(const struct event *event, const struct instrument *instrument, char *to)
{
    char prices[2][256];
    char volumes[2][256];
    prices_text(prices[0], instrument->mid, -1);
    prices_text(prices[1], instrument->mid + 1, 1);
    volumes_text(volumes[0], instrument->bid_volume);
    volumes_text(volumes[1], instrument->ask_volume);
    return snprintf(
        to, LINE_ROOM,
        "{\"ts_ns\":%lld,\"symbol\":\"SYN%04u\",\"asset_type\":\"futures\",\"exchange\":\"TAIFEX\","
        "\"extras\":{\"simtrade\":0},\"type\":\"MD_BOOK\",\"bid_prices\":[%s],\"bid_volumes\":[%s],"
        "\"ask_prices\":[%s],\"ask_volumes\":[%s],\"bid_total_vol\":null,\"ask_total_vol\":null,"
        "\"underlying_price\":null}\n",
        (long long)event->ns, event->instrument + 1, prices[0], volumes[0], prices[1], volumes[1]);
}

/* A line as a crash or a bug leaves it: cut, or with a byte that does not belong there. */
static int spoil(struct synth *synth, char *line, int size)
{
    int at = (int)sj_rng_below(&synth->rng, (uint64_t)size - 2) + 1;
    if (sj_rng_below(&synth->rng, 2)) {
        line[at] = '\n';
        return at + 1;
    }
    line[0] = '?';
    return size;
}

static sj_rc write_jsonl(struct synth *synth, FILE *file, uint64_t *ret_count)
{
    const struct sj_synth_options *options = synth->options;
    char line[LINE_ROOM];
    uint64_t size_all = 0;
    while (synth->number < options->event_count &&
           (!options->size_max || size_all < options->size_max)) {
        struct event event;
        next(synth, &event);
        const struct instrument *instrument = &synth->instruments[event.instrument];
        int size =
            event.book ? book_line(&event, instrument, line) : tick_line(&event, instrument, line);
        if (options->bad_share > 0 && sj_rng_real(&synth->rng) < options->bad_share)
            size = spoil(synth, line, size);
        if (fwrite(line, 1, (size_t)size, file) != (size_t)size)
            return -errno;
        size_all += (uint64_t)size;
    }
    *ret_count = synth->number;
    return 0;
}

static size_t event_rows(struct synth *synth, const struct event *event, int64_t local_ns,
                         struct sj_row rows[SJ_BOOK_ROWS_MAX])
{
    struct instrument *instrument = &synth->instruments[event->instrument];
    struct sj_levels book = {.count = {LEVELS, LEVELS}};
    if (!event->book) {
        rows[0] = (struct sj_row){.ev = SJ_ROW_EXCH | SJ_ROW_LOCAL | SJ_ROW_TRADE |
                                        (event->side > 0 ? SJ_ROW_BUY : SJ_ROW_SELL),
                                  .exch_ts = event->ns,
                                  .local_ts = local_ns,
                                  .px = (double)event->price / 2,
                                  .qty = event->size};
        return 1;
    }
    for (int i = 0; i < LEVELS; i++) {
        book.levels[0][i] =
            (struct sj_level){(double)(instrument->mid - i) / 2, instrument->bid_volume[i]};
        book.levels[1][i] =
            (struct sj_level){(double)(instrument->mid + 1 + i) / 2, instrument->ask_volume[i]};
    }
    size_t count = sj_book_rows(SJ_BOOK_CHANGES, instrument->has_book ? &instrument->book : NULL,
                                &book, event->ns, local_ns, rows);
    instrument->has_book = true;
    instrument->book = book;
    return count;
}

static sj_rc write_rows(struct synth *synth, struct sj_sink *sink, uint64_t *ret_count)
{
    sj_rc rc = 0;
    *ret_count = 0;
    while (rc >= 0 && synth->number < synth->options->event_count) {
        struct sj_row rows[SJ_BOOK_ROWS_MAX];
        struct event event;
        next(synth, &event);
        int64_t local_ns = event.ns;
        if (synth->latency)
            local_ns += sj_latency_of(synth->latency, event.ns, 0, synth->number);
        if (local_ns < synth->last_local_ns)
            local_ns = synth->last_local_ns;
        synth->last_local_ns = local_ns;
        size_t count = event_rows(synth, &event, local_ns, rows);
        *ret_count += count;
        rc = sj_sink_append(sink, rows, count);
    }
    return rc;
}

static sj_rc run_jsonl(struct synth *synth, const char *path, uint64_t *ret_count)
{
    FILE *file = fopen(path, "we");
    if (!file)
        return -errno;
    setvbuf(file, NULL, _IOFBF, FILE_BUFFER);
    sj_rc rc = write_jsonl(synth, file, ret_count);
    if (fclose(file) && rc >= 0)
        rc = -errno;
    return rc;
}

static sj_rc run_rows(struct synth *synth, const char *path, enum sj_convert_format format,
                      uint64_t *ret_count, char error[256])
{
    struct sj_sink *sink;
    const char *latency = synth->options->latency;
    sj_rc rc = 0;
    if (latency)
        rc = sj_latency_create(latency, NULL, synth->options->seed, &synth->latency, error);
    if (rc >= 0)
        rc = sj_sink_create(path, format, 1, &sink);
    if (rc < 0)
        return rc;
    rc = write_rows(synth, sink, ret_count);
    if (rc < 0)
        sj_sink_abandon(sink);
    else
        rc = sj_sink_finish(sink);
    return rc;
}

sj_rc sj_synth_write(const struct sj_synth_options *options, const char *path, bool jsonl,
                     enum sj_convert_format format, uint64_t *ret_count, char error[256])
{
    *error = 0;
    if (!options->instrument_count || options->instrument_count > INSTRUMENTS_MAX ||
        options->rate <= 0 || (!jsonl && options->instrument_count > 1)) {
        snprintf(error, 256, "instruments are 1 .. %d (rows hold one), the rate is above 0",
                 INSTRUMENTS_MAX);
        return -SJ_E_RANGE;
    }
    struct synth *synth = calloc(1, sizeof *synth);
    if (!synth)
        return -ENOMEM;
    start(synth, options);
    sj_rc rc =
        jsonl ? run_jsonl(synth, path, ret_count) : run_rows(synth, path, format, ret_count, error);
    if (rc < 0 && !*error)
        snprintf(error, 256, "%.200s: %s", path, sj_rc_text(rc));
    sj_latency_close(synth->latency);
    free(synth);
    return rc;
}
