#include "backtest/output.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

static sj_rc open_file(const char *path, const char *head, FILE **ret_file, char *error)
{
    *ret_file = fopen(path, "w");
    if (!*ret_file) {
        sj_rc rc = -errno;
        snprintf(error, SJ_BT_ERROR_MAX, "%s: %s", path, sj_rc_text(rc));
        return rc;
    }
    if (head)
        fprintf(*ret_file, "%s\n", head);
    return 0;
}

static sj_rc open_in(const char *dir, const char *name, const char *head, FILE **ret_file,
                     char *error)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path) {
        snprintf(error, SJ_BT_ERROR_MAX, "the folder's name is too long");
        return -ENAMETOOLONG;
    }
    return open_file(path, head, ret_file, error);
}

static sj_rc close_file(FILE **file, char *error)
{
    sj_rc rc = 0;
    if (!*file)
        return 0;
    errno = 0;
    bool failed = ferror(*file) != 0;
    if (fclose(*file) != 0 || failed) {
        rc = errno ? -errno : -EIO;
        snprintf(error, SJ_BT_ERROR_MAX, "writing the results: %s", sj_rc_text(rc));
    }
    *file = NULL;
    return rc;
}

sj_rc sj_bt_output_open(struct sj_bt_output *output, const char *dir, const char *fills_path,
                        const struct sj_bt_options *options, char error[SJ_BT_ERROR_MAX])
{
    static const char fills_head[] =
        "exch_ns,local_ns,order_id,side,price,qty,leaves_qty,maker,queue_ahead,slippage";
    memset(output, 0, sizeof *output);
    output->dir = dir;
    output->lot = options->lot;
    output->tick = options->tick;
    output->point_every = 1;
    sj_rc rc = 0;
    if (dir && mkdir(dir, 0777) != 0 && errno != EEXIST) {
        rc = -errno;
        snprintf(error, SJ_BT_ERROR_MAX, "%s: %s", dir, sj_rc_text(rc));
    }
    if (dir && rc >= 0)
        rc = open_in(dir, "orders.csv",
                     "time_ns,order_id,what,side,price,qty,leaves_qty,queue_ahead", &output->orders,
                     error);
    if (dir && rc >= 0)
        rc = open_in(dir, "equity.csv", "time_ns,equity,balance,fee,position,mid", &output->equity,
                     error);
    if (fills_path && rc >= 0)
        rc = open_file(fills_path, fills_head, &output->fills, error);
    else if (dir && rc >= 0)
        rc = open_in(dir, "fills.csv", fills_head, &output->fills, error);
    if (rc < 0) {
        char ignored[SJ_BT_ERROR_MAX];
        (void)close_file(&output->orders, ignored);
        (void)close_file(&output->equity, ignored);
        (void)close_file(&output->fills, ignored);
    }
    return rc;
}

/* An exact decimal without zeros at its end. */
static const char *price_text(int64_t price_e6, char text[32])
{
    if (price_e6 == SJ_NULL_E6)
        return "";
    uint64_t size = price_e6 < 0 ? -(uint64_t)price_e6 : (uint64_t)price_e6;
    int length =
        snprintf(text, 32, "%s%llu.%06llu", price_e6 < 0 ? "-" : "",
                 (unsigned long long)(size / 1000000), (unsigned long long)(size % 1000000));
    while (text[length - 1] == '0')
        text[--length] = 0;
    if (text[length - 1] == '.')
        text[--length] = 0;
    return text;
}

static unsigned queue_bucket(const struct sj_bt_output *output, double queue)
{
    double lots = queue / output->lot;
    unsigned bucket = 0;
    for (double limit = 0.5; lots >= limit && bucket + 1 < SJ_BT_QUEUE_BUCKETS; limit *= 2)
        bucket++;
    return bucket;
}

static void number_or_nothing(FILE *file, double value)
{
    if (!isnan(value))
        fprintf(file, "%.10g", value);
}

static void on_order(void *context, const struct sj_bt_order_row *row)
{
    static const char *const whats[] = {"new", "rested", "expired", "cancelled", "refused"};
    struct sj_bt_output *output = context;
    char price[32];
    if (row->what == SJ_BT_RESTED)
        output->rested[queue_bucket(output, row->queue)]++;
    if (!output->orders)
        return;
    fprintf(output->orders, "%lld,%llu,%s,%c,%s,%.10g,%.10g,", (long long)row->time_ns,
            (unsigned long long)row->order, whats[row->what], row->side ? 'S' : 'B',
            price_text(row->price_e6, price), row->quantity * output->lot, row->left * output->lot);
    number_or_nothing(output->orders, row->queue);
    fputc('\n', output->orders);
}

static void count_slippage(struct sj_bt_output *output, const struct sj_bt_fill_row *row)
{
    if (isnan(row->slippage))
        return;
    int middle = SJ_BT_SLIPPAGE_BUCKETS / 2;
    double ticks = round(row->slippage / output->tick) + middle;
    ticks = fmax(0, fmin(ticks, SJ_BT_SLIPPAGE_BUCKETS - 1));
    output->slippage[(unsigned)ticks]++;
    output->slippage_sum += row->slippage * row->quantity;
    output->slippage_volume += row->quantity;
}

static void on_fill(void *context, const struct sj_bt_fill_row *row)
{
    struct sj_bt_output *output = context;
    char price[32];
    if (row->maker && row->left == 0)
        output->filled[queue_bucket(output, row->queue)]++;
    count_slippage(output, row);
    if (!output->fills)
        return;
    fprintf(output->fills, "%lld,%lld,%llu,%c,%s,%.10g,%.10g,%d,", (long long)row->exch_ns,
            (long long)row->local_ns, (unsigned long long)row->order, row->side ? 'S' : 'B',
            price_text(row->price_e6, price), row->quantity * output->lot, row->left * output->lot,
            row->maker);
    number_or_nothing(output->fills, row->queue);
    fputc(',', output->fills);
    number_or_nothing(output->fills, row->slippage);
    fputc('\n', output->fills);
}

/* Every second point goes when there is no room: what is left stays evenly spaced. */
static void keep_point(struct sj_bt_output *output, const struct sj_bt_sample_row *row)
{
    if (output->sample_count++ % output->point_every != 0)
        return;
    if (output->point_count == SJ_BT_POINTS_MAX) {
        for (uint32_t i = 0; i < SJ_BT_POINTS_MAX / 2; i++)
            output->points[i] = output->points[2 * i];
        output->point_count /= 2;
        output->point_every *= 2;
        if ((output->sample_count - 1) % output->point_every != 0)
            return;
    }
    output->points[output->point_count++] = *row;
}

static void on_sample(void *context, const struct sj_bt_sample_row *row)
{
    struct sj_bt_output *output = context;
    if (!isnan(row->equity)) {
        output->equity_peak = fmax(output->equity_peak, row->equity);
        output->drawdown_max = fmax(output->drawdown_max, output->equity_peak - row->equity);
        keep_point(output, row);
    }
    if (!output->equity)
        return;
    fprintf(output->equity, "%lld,", (long long)row->time_ns);
    number_or_nothing(output->equity, row->equity);
    fprintf(output->equity, ",%.10g,%.10g,%.10g,", row->balance, row->fee,
            (double)row->position * output->lot);
    number_or_nothing(output->equity, row->mid);
    fputc('\n', output->equity);
}

void sj_bt_output_attach(struct sj_bt_output *output, struct sj_bt_sink *sink)
{
    sink->context = output;
    sink->order = on_order;
    sink->fill = on_fill;
    sink->sample = on_sample;
}

/* --- the manifest --- */

static sj_rc hash_file(const char *path, char ret_text[40], uint64_t *ret_size)
{
    XXH3_state_t *state = XXH3_createState();
    FILE *file = fopen(path, "rb");
    static const size_t size = 1 << 16;
    uint8_t *buffer = malloc(size);
    sj_rc rc = state && file && buffer ? 0 : -ENOMEM;
    *ret_size = 0;
    if (rc >= 0)
        XXH3_128bits_reset(state);
    for (size_t got; rc >= 0 && (got = fread(buffer, 1, size, file)) > 0; *ret_size += got)
        XXH3_128bits_update(state, buffer, got);
    if (rc >= 0) {
        XXH128_hash_t hash = XXH3_128bits_digest(state);
        snprintf(ret_text, 40, "%016llx%016llx", (unsigned long long)hash.high64,
                 (unsigned long long)hash.low64);
    }
    XXH3_freeState(state);
    free(buffer);
    if (file)
        fclose(file);
    return rc;
}

static void put_text(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            fprintf(file, "\\%c", byte);
        else if (byte < 0x20)
            fprintf(file, "\\u%04x", byte);
        else
            fputc(byte, file);
    }
    fputc('"', file);
}

static void put_strategies(FILE *file, const struct sj_bt_options *options)
{
    fprintf(file, "  \"strategies\": [");
    for (uint32_t i = 0; i < options->strategy_count; i++) {
        const struct sj_strategy_instance *strategy = &options->strategies[i];
        fprintf(file, "%s{\"use\": ", i ? ", " : "");
        put_text(file, strategy->use ? strategy->use : strategy->name);
        fprintf(file, ", \"params\": {");
        for (uint32_t k = 0; k < strategy->param_count; k++) {
            fprintf(file, k ? ", " : "");
            put_text(file, strategy->params[k].name);
            fprintf(file, ": ");
            put_text(file, strategy->params[k].value);
        }
        fprintf(file, "}}");
    }
    fprintf(file, "],\n");
}

static void put_latencies(FILE *file, const struct sj_bt_options *options,
                          const struct sj_bt_result *result)
{
    fprintf(file, "  \"latency\": {");
    for (unsigned i = 0; i < SJ_BT_STREAM_COUNT; i++) {
        const struct sj_bt_latency_used *used = &result->latency[i];
        fprintf(file, "%s\"%s\": {\"model\": ", i ? ", " : "",
                sj_bt_stream_name((enum sj_bt_stream)i));
        put_text(file, options->latency_text[i] ? options->latency_text[i]
                       : i == SJ_BT_FEED        ? "as recorded"
                                                : "constant");
        fprintf(file,
                ", \"count\": %llu, \"held\": %llu, \"min_ns\": %lld, \"p50_ns\": %lld, "
                "\"p99_ns\": %lld, \"max_ns\": %lld}",
                (unsigned long long)used->count, (unsigned long long)used->held,
                (long long)used->min, (long long)sj_bt_latency_percentile(used, 50),
                (long long)sj_bt_latency_percentile(used, 99), (long long)used->max);
    }
    fprintf(file, "},\n");
}

static void put_result(FILE *file, const struct sj_bt_result *result)
{
    const struct sj_bt_feed_counts *rows = &result->rows;
    fprintf(file,
            "  \"rows\": {\"count\": %llu, \"depth\": %llu, \"trades\": %llu, \"clears\": %llu, "
            "\"others\": %llu, \"malformed\": %llu, \"far\": %llu, \"backwards\": %llu, "
            "\"first_bad\": %llu},\n",
            (unsigned long long)rows->rows, (unsigned long long)rows->depth,
            (unsigned long long)rows->trades, (unsigned long long)rows->clears,
            (unsigned long long)rows->others, (unsigned long long)rows->malformed,
            (unsigned long long)rows->far, (unsigned long long)rows->backwards,
            (unsigned long long)rows->first_bad);
    fprintf(file,
            "  \"result\": {\"orders\": %llu, \"cancels\": %llu, \"refused\": %llu, "
            "\"expired\": %llu, \"fills\": %llu, \"open\": %llu, \"position\": %.10g, "
            "\"balance\": %.10g, \"fee\": %.10g, \"volume\": %.10g, \"value\": %.12g}\n}\n",
            (unsigned long long)result->orders, (unsigned long long)result->cancels,
            (unsigned long long)result->refused, (unsigned long long)result->expired,
            (unsigned long long)result->fills, (unsigned long long)result->open, result->position,
            result->balance, result->fee, result->volume, result->value);
}

static sj_rc write_manifest(const struct sj_bt_output *output, const struct sj_bt_options *options,
                            const struct sj_bt_result *result, char *error)
{
    FILE *file;
    char hash[40];
    uint64_t size;
    sj_rc rc = hash_file(options->path, hash, &size);
    if (rc < 0) {
        snprintf(error, SJ_BT_ERROR_MAX, "%s: cannot be read again for its hash", options->path);
        return rc;
    }
    rc = open_in(output->dir, "manifest.json", NULL, &file, error);
    if (rc < 0)
        return rc;
    fprintf(file, "{\n  \"shijim\": \"%s\",\n  \"inputs\": [{\"path\": ", SJ_VERSION);
    put_text(file, options->path);
    fprintf(file, ", \"bytes\": %llu, \"xxh3_128\": \"%s\"}],\n", (unsigned long long)size, hash);
    fprintf(file, "  \"seed\": %llu,\n  \"tick\": %.10g,\n  \"lot\": %.10g,\n",
            (unsigned long long)options->seed, options->tick, options->lot);
    fprintf(file,
            "  \"queue\": {\"model\": \"%s\", \"n\": %.10g},\n  \"exchange\": \"%s\",\n"
            "  \"maker_fee\": %.10g,\n  \"taker_fee\": %.10g,\n",
            sj_bt_queue_name(options->queue.kind), options->queue.n,
            options->partial ? "partial" : "no_partial", options->maker_fee, options->taker_fee);
    put_latencies(file, options, result);
    put_strategies(file, options);
    put_result(file, result);
    return close_file(&file, error);
}

static sj_rc write_report(const struct sj_bt_output *output, const struct sj_bt_options *options,
                          const struct sj_bt_result *result, char *error)
{
    FILE *file;
    sj_rc rc = open_in(output->dir, "report.html", NULL, &file, error);
    if (rc < 0)
        return rc;
    sj_bt_report(file, output, options, result);
    return close_file(&file, error);
}

sj_rc sj_bt_output_finish(struct sj_bt_output *output, const struct sj_bt_options *options,
                          const struct sj_bt_result *result, char error[SJ_BT_ERROR_MAX])
{
    char line[SJ_BT_ERROR_MAX];
    FILE **files[] = {&output->fills, &output->orders, &output->equity};
    sj_rc rc = 0;
    for (unsigned i = 0; i < 3; i++) {
        sj_rc closed = close_file(files[i], line);
        if (closed < 0 && rc >= 0 && result) {
            rc = closed;
            memcpy(error, line, sizeof line);
        }
    }
    if (!result || !output->dir || rc < 0)
        return rc;
    rc = write_manifest(output, options, result, error);
    return rc < 0 ? rc : write_report(output, options, result, error);
}
