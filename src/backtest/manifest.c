/* The manifest: what a result was made of, so that it can be made again. */
#include "backtest/output.h"

#include "base/json.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static sj_rc hash_file(const char *path, char ret_text[40], uint64_t *ret_size)
{
    XXH3_state_t *state = XXH3_createState();
    FILE *file = fopen(path, "rb");
    static const size_t size = 1 << 16;
    uint8_t *buffer = malloc(size);
    sj_rc rc = !file ? -ENOENT : state && buffer ? 0 : -ENOMEM;
    *ret_size = 0;
    if (rc >= 0)
        XXH3_128bits_reset(state);
    for (size_t got; rc >= 0 && (got = fread(buffer, 1, size, file)) > 0; *ret_size += got)
        XXH3_128bits_update(state, buffer, got);
    if (rc >= 0 && ferror(file))
        rc = -EIO;
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
    char buffer[4096 * 6 + 3];
    struct sj_json json;
    sj_json_init(&json, buffer, sizeof buffer);
    sj_json_text_n(&json, text, strnlen(text, 4096));
    fputs(sj_json_finish(&json) >= 0 ? buffer : "null", file);
}

/* {"path": .., "bytes": .., "xxh3_128": ..} */
static sj_rc put_file(FILE *file, const char *path, char *error)
{
    char hash[40];
    uint64_t size;
    sj_rc rc = hash_file(path, hash, &size);
    if (rc < 0) {
        snprintf(error, SJ_BT_ERROR_MAX, "%s: cannot be read again for its hash: %s", path,
                 sj_rc_text(rc));
        return rc;
    }
    fprintf(file, "{\"path\": ");
    put_text(file, path);
    fprintf(file, ", \"bytes\": %llu, \"xxh3_128\": \"%s\"}", (unsigned long long)size, hash);
    return 0;
}

static int is_segment(const struct dirent *entry)
{
    return strstr(entry->d_name, ".seg") != NULL;
}

static sj_rc put_segments(FILE *file, const char *dir, char *error)
{
    struct dirent **entries;
    int count = scandir(dir, &entries, is_segment, alphasort);
    sj_rc rc = 0;
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", dir, entries[i]->d_name);
        fprintf(file, i ? ",\n      " : "\n      ");
        if (rc >= 0)
            rc = put_file(file, path, error);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return rc;
}

static sj_rc put_journals(FILE *file, const struct sj_bt_day *day, char *error)
{
    sj_rc rc = 0;
    for (uint32_t i = 0; i < day->journal_count && rc >= 0; i++) {
        fprintf(file, "%s{\"journal\": ", i ? ",\n    " : "");
        put_text(file, day->journals[i]);
        fprintf(file, ", \"day\": %d, \"segments\": [", day->date);
        rc = put_segments(file, day->journals[i], error);
        fprintf(file, "]}");
    }
    return rc;
}

static sj_rc put_inputs(FILE *file, const struct sj_bt_story *story, char *error)
{
    sj_rc rc = 0;
    fprintf(file, "  \"inputs\": [");
    for (uint32_t i = 0; i < story->day_count && rc >= 0; i++) {
        fprintf(file, i ? ",\n    " : "\n    ");
        if (story->days[i].journal_count == 0) {
            rc = put_file(file, story->days[i].path, error);
            continue;
        }
        rc = put_journals(file, &story->days[i], error);
    }
    fprintf(file, "\n  ],\n");
    return rc;
}

static sj_rc put_strategies(FILE *file, const struct sj_bt_options *options, char *error)
{
    sj_rc rc = 0;
    fprintf(file, "  \"strategies\": [");
    for (uint32_t i = 0; i < options->strategy_count && rc >= 0; i++) {
        const struct sj_strategy_instance *strategy = &options->strategies[i];
        const char *use = strategy->use ? strategy->use : strategy->name;
        fprintf(file, "%s{\"use\": ", i ? ", " : "");
        put_text(file, use);
        if (strchr(use, '/')) {
            fprintf(file, ", \"file\": ");
            rc = put_file(file, use, error);
        }
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
    return rc;
}

static void put_latencies(FILE *file, const struct sj_bt_story *story)
{
    const struct sj_bt_options *options = story->options;
    fprintf(file, "  \"latency\": {");
    for (unsigned i = 0; i < SJ_BT_STREAM_COUNT; i++) {
        fprintf(file, "%s\n    \"%s\": {\"model\": ", i ? "," : "",
                sj_bt_stream_name((enum sj_bt_stream)i));
        put_text(file, options->latency_text[i] ? options->latency_text[i]
                       : i == SJ_BT_FEED        ? "as recorded"
                                                : "constant");
        if (story->total) {
            const struct sj_bt_latency_used *used = &story->total->result.latency[i];
            fprintf(file,
                    ", \"count\": %llu, \"held\": %llu, \"min_ns\": %lld, \"p50_ns\": %lld, "
                    "\"p99_ns\": %lld, \"max_ns\": %lld",
                    (unsigned long long)used->count, (unsigned long long)used->held,
                    (long long)used->min, (long long)sj_bt_latency_percentile(used, 50),
                    (long long)sj_bt_latency_percentile(used, 99), (long long)used->max);
        }
        fprintf(file, "}");
    }
    fprintf(file, "\n  },\n");
}

static void put_options(FILE *file, const struct sj_bt_story *story)
{
    const struct sj_bt_options *options = story->options;
    fprintf(file, "  \"seed\": %llu,\n", (unsigned long long)options->seed);
    if (options->lot > 0)
        fprintf(file, "  \"tick\": %.10g,\n  \"lot\": %.10g,\n", options->tick, options->lot);
    fprintf(file, "  \"queue\": {\"model\": \"%s\", \"n\": %.10g},\n  \"exchange\": \"%s\",\n",
            sj_bt_queue_name(options->queue.kind), options->queue.n,
            options->partial ? "partial" : "no_partial");
    if (options->lot > 0)
        fprintf(file, "  \"maker_fee\": %.10g,\n  \"taker_fee\": %.10g,\n", options->maker_fee,
                options->taker_fee);
    fprintf(file, "  \"sample_ns\": %lld,\n  \"strict\": %s,\n", (long long)options->sample_ns,
            options->strict ? "true" : "false");
    fprintf(file, "  \"carried_over_between_days\": \"nothing\",\n");
}

static void put_sweep(FILE *file, const struct sj_bt_story *story)
{
    const struct sj_bt_sweep *sweep = story->sweep;
    fprintf(file, "  \"metric\": \"%s\",\n  \"sweep\": {", sj_bt_metric_name(story->metric));
    for (uint32_t i = 0; i < sweep->axis_count; i++) {
        fprintf(file, i ? ", " : "");
        put_text(file, sweep->axes[i].name);
        fprintf(file, ": [");
        for (uint32_t k = 0; k < sweep->axes[i].count; k++) {
            fprintf(file, k ? ", " : "");
            put_text(file, sweep->axes[i].values[k]);
        }
        fprintf(file, "]");
    }
    fprintf(file, "}");
    if (story->walk)
        fprintf(file, ",\n  \"walk_forward\": {\"train\": %u, \"test\": %u}", story->walk->train,
                story->walk->test);
    fprintf(file, "\n}\n");
}

static void put_rows(FILE *file, const struct sj_bt_feed_counts *rows)
{
    fprintf(file,
            "  \"rows\": {\"count\": %llu, \"depth\": %llu, \"trades\": %llu, \"clears\": %llu, "
            "\"orders\": %llu, \"others\": %llu, \"malformed\": %llu, \"far\": %llu, "
            "\"backwards\": %llu, "
            "\"first_bad\": %llu},\n",
            (unsigned long long)rows->rows, (unsigned long long)rows->depth,
            (unsigned long long)rows->trades, (unsigned long long)rows->clears,
            (unsigned long long)rows->orders, (unsigned long long)rows->others,
            (unsigned long long)rows->malformed, (unsigned long long)rows->far,
            (unsigned long long)rows->backwards, (unsigned long long)rows->first_bad);
}

static void put_result(FILE *file, const struct sj_bt_day_result *total)
{
    const struct sj_bt_result *result = &total->result;
    put_rows(file, &result->rows);
    fprintf(file,
            "  \"result\": {\"orders\": %llu, \"cancels\": %llu, \"refused\": %llu, "
            "\"expired\": %llu, \"fills\": %llu, \"open\": %llu, \"position\": %.10g, "
            "\"balance\": %.10g, \"fee\": %.10g, \"volume\": %.10g, \"value\": %.12g, "
            "\"pnl\": %.10g, \"sharpe\": %.10g, \"drawdown\": %.10g}\n}\n",
            (unsigned long long)result->orders, (unsigned long long)result->cancels,
            (unsigned long long)result->refused, (unsigned long long)result->expired,
            (unsigned long long)result->fills, (unsigned long long)result->open, result->position,
            result->balance, result->fee, result->volume, result->value, total->meter.last,
            sj_bt_meter_sharpe(&total->meter), total->meter.drawdown);
}

sj_rc sj_bt_manifest(FILE *file, const struct sj_bt_story *story, char error[SJ_BT_ERROR_MAX])
{
    fprintf(file, "{\n  \"shijim\": \"%s\",\n", SJ_VERSION);
    sj_rc rc = put_inputs(file, story, error);
    if (rc < 0)
        return rc;
    put_options(file, story);
    put_latencies(file, story);
    rc = put_strategies(file, story->options, error);
    if (rc < 0)
        return rc;
    if (story->sweep)
        put_sweep(file, story);
    else
        put_result(file, story->total);
    return 0;
}
