#include "backtest/output.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

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

static sj_rc make_dir(const char *dir, char *error)
{
    if (mkdir(dir, 0777) == 0 || errno == EEXIST)
        return 0;
    sj_rc rc = -errno;
    snprintf(error, SJ_BT_ERROR_MAX, "%s: %s", dir, sj_rc_text(rc));
    return rc;
}

static sj_rc open_all(struct sj_bt_output *output, const char *fills_path, char *error)
{
    /* Of several instruments each row says its own. */
    const char *fills_head = output->many
                                 ? "exch_ns,local_ns,order_id,side,price,qty,leaves_qty,maker,"
                                   "queue_ahead,slippage,strategy,instrument"
                                 : "exch_ns,local_ns,order_id,side,price,qty,leaves_qty,maker,"
                                   "queue_ahead,slippage";
    const char *orders_head = output->many ? "time_ns,order_id,what,side,price,qty,leaves_qty,"
                                             "queue_ahead,strategy,instrument"
                                           : "time_ns,order_id,what,side,price,qty,leaves_qty,"
                                             "queue_ahead";
    const char *dir = output->dir;
    sj_rc rc = dir ? make_dir(dir, error) : 0;
    if (dir && rc >= 0)
        rc = open_in(dir, "orders.csv", orders_head, &output->orders, error);
    if (dir && rc >= 0)
        rc = open_in(dir, "equity.csv", "time_ns,equity,balance,fee,position,mid", &output->equity,
                     error);
    if (dir && rc >= 0)
        rc = open_in(dir, "verdicts.csv",
                     "time_ns,intent_id,strategy,instrument,accepted,check,value,limit",
                     &output->verdicts, error);
    if (fills_path && rc >= 0)
        return open_file(fills_path, fills_head, &output->fills, error);
    return dir && rc >= 0 ? open_in(dir, "fills.csv", fills_head, &output->fills, error) : rc;
}

static sj_rc close_all(struct sj_bt_output *output, char *error)
{
    FILE **files[] = {&output->orders, &output->fills, &output->equity, &output->verdicts};
    sj_rc rc = 0;
    for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++) {
        char line[SJ_BT_ERROR_MAX];
        sj_rc closed = close_file(files[i], line);
        if (closed < 0 && rc >= 0) {
            rc = closed;
            memcpy(error, line, sizeof line);
        }
    }
    return rc;
}

sj_rc sj_bt_output_open(struct sj_bt_output *output, const char *dir, const char *fills_path,
                        const struct sj_bt_options *options, char error[SJ_BT_ERROR_MAX])
{
    *output = (struct sj_bt_output){
        .dir = dir, .lot = options->lot > 0 ? options->lot : 1, .many = options->lot <= 0};
    sj_bt_digest_init(&output->digest, options->tick, options->lot);
    sj_rc rc = open_all(output, fills_path, error);
    if (rc < 0) {
        char ignored[SJ_BT_ERROR_MAX];
        (void)close_all(output, ignored);
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

static void number_or_nothing(FILE *file, double value)
{
    if (!isnan(value))
        fprintf(file, "%.10g", value);
}

static void end_row(const struct sj_bt_output *output, FILE *file, uint32_t strategy,
                    uint32_t instrument)
{
    if (output->many)
        fprintf(file, ",%u,%u", strategy, instrument);
    fputc('\n', file);
}

static void on_order(void *context, const struct sj_bt_order_row *row)
{
    static const char *const whats[] = {"new", "rested", "expired", "cancelled", "refused"};
    struct sj_bt_output *output = context;
    char price[32];
    sj_bt_digest_order(&output->digest, row);
    if (!output->orders)
        return;
    fprintf(output->orders, "%lld,%llu,%s,%c,%s,%.10g,%.10g,", (long long)row->time_ns,
            (unsigned long long)row->order, whats[row->what], row->side ? 'S' : 'B',
            price_text(row->price_e6, price), row->quantity * output->lot, row->left * output->lot);
    number_or_nothing(output->orders, row->queue);
    end_row(output, output->orders, row->strategy, row->instrument);
}

static void on_fill(void *context, const struct sj_bt_fill_row *row)
{
    struct sj_bt_output *output = context;
    char price[32];
    sj_bt_digest_fill(&output->digest, row);
    if (!output->fills)
        return;
    fprintf(output->fills, "%lld,%lld,%llu,%c,%s,%.10g,%.10g,%d,", (long long)row->exch_ns,
            (long long)row->local_ns, (unsigned long long)row->order, row->side ? 'S' : 'B',
            price_text(row->price_e6, price), row->quantity * output->lot, row->left * output->lot,
            row->maker);
    number_or_nothing(output->fills, row->queue);
    fputc(',', output->fills);
    number_or_nothing(output->fills, row->slippage);
    end_row(output, output->fills, row->strategy, row->instrument);
}

static void on_sample(void *context, const struct sj_bt_sample_row *row)
{
    struct sj_bt_output *output = context;
    sj_bt_digest_sample(&output->digest, row);
    if (!output->equity)
        return;
    fprintf(output->equity, "%lld,", (long long)row->time_ns);
    number_or_nothing(output->equity, row->equity);
    fprintf(output->equity, ",%.10g,%.10g,%.10g,", row->balance, row->fee,
            (double)row->position * output->lot);
    number_or_nothing(output->equity, row->mid);
    fputc('\n', output->equity);
}

static void on_event(void *context, const struct sj_frame *event)
{
    struct sj_bt_output *output = context;
    sj_bt_digest_event(&output->digest, event);
    if (event->template_id != SJ_EVENT_VERDICT || !output->verdicts)
        return;
    const struct sj_verdict *verdict = (const void *)event;
    fprintf(output->verdicts, "%lld,%llu,%u,%u,%u,%.24s,%lld,%lld\n", (long long)verdict->recv_ns,
            (unsigned long long)verdict->intent_id, verdict->strategy, verdict->instrument,
            verdict->accepted, verdict->check_name, (long long)verdict->value,
            (long long)verdict->limit);
}

void sj_bt_output_attach(struct sj_bt_output *output, struct sj_bt_sink *sink)
{
    sink->context = output;
    sink->order = on_order;
    sink->fill = on_fill;
    sink->sample = on_sample;
    if (output->dir)
        sink->event = on_event;
}

static sj_rc write_manifest(const char *dir, const struct sj_bt_story *story, char *error)
{
    FILE *file;
    sj_rc rc = open_in(dir, "manifest.json", NULL, &file, error);
    if (rc < 0)
        return rc;
    rc = sj_bt_manifest(file, story, error);
    char line[SJ_BT_ERROR_MAX];
    sj_rc closed = close_file(&file, line);
    if (rc >= 0 && closed < 0)
        memcpy(error, line, sizeof line);
    return rc < 0 ? rc : closed;
}

static sj_rc write_report(const struct sj_bt_output *output, const struct sj_bt_story *story,
                          char *error)
{
    FILE *file;
    sj_rc rc = open_in(output->dir, "report.html", NULL, &file, error);
    if (rc < 0)
        return rc;
    sj_bt_report(file, story, &output->digest);
    return close_file(&file, error);
}

sj_rc sj_bt_output_finish(struct sj_bt_output *output, const struct sj_bt_story *story,
                          char error[SJ_BT_ERROR_MAX])
{
    sj_rc rc = close_all(output, error);
    if (!output->dir || !story)
        return rc;
    if (rc >= 0)
        rc = write_manifest(output->dir, story, error);
    return rc < 0 ? rc : write_report(output, story, error);
}

/* --- of a sweep --- */

static void put_cells(FILE *file, const struct sj_bt_story *story)
{
    const struct sj_bt_sweep *sweep = story->sweep;
    for (uint32_t i = 0; i < sj_bt_sweep_count(sweep); i++) {
        struct sj_bt_meter total;
        sj_bt_sweep_total(story->cells, story->day_count, i, 0, story->day_count, &total);
        for (uint32_t k = 0; k < sweep->axis_count; k++)
            fprintf(file, "%s,", sweep->axes[k].values[sj_bt_sweep_value(sweep, i, k)]);
        fprintf(file, "%.10g,%.10g,%.10g,%llu,%llu,%.10g,%.10g\n", total.last,
                sj_bt_meter_sharpe(&total), total.drawdown, (unsigned long long)total.orders,
                (unsigned long long)total.fills, total.volume, total.fee);
    }
}

static void put_steps(FILE *file, const struct sj_bt_story *story)
{
    for (uint32_t i = 0; i < sj_bt_walk_count(story->walk, story->day_count); i++) {
        struct sj_bt_walk_step step;
        sj_bt_walk_step(story->walk, story->sweep, story->cells, story->day_count, i, story->metric,
                        &step);
        for (uint32_t k = 0; k < story->sweep->axis_count; k++)
            fprintf(
                file, "%s,",
                story->sweep->axes[k].values[sj_bt_sweep_value(story->sweep, step.combination, k)]);
        fprintf(file, "%u,%u,%u,%u,%.10g,%.10g,%.10g,%.10g\n", step.first, story->walk->train,
                step.test_first, step.test_count, sj_bt_metric_of(&step.trained, story->metric),
                sj_bt_metric_of(&step.tested, story->metric), step.trained.last, step.tested.last);
    }
}

static sj_rc write_table(const char *dir, const char *name, const struct sj_bt_story *story,
                         const char *columns, void (*put)(FILE *, const struct sj_bt_story *),
                         char *error)
{
    FILE *file;
    sj_rc rc = open_in(dir, name, NULL, &file, error);
    if (rc < 0)
        return rc;
    for (uint32_t k = 0; k < story->sweep->axis_count; k++)
        fprintf(file, "%s,", story->sweep->axes[k].name);
    fprintf(file, "%s\n", columns);
    put(file, story);
    return close_file(&file, error);
}

sj_rc sj_bt_output_sweep(const char *dir, const struct sj_bt_story *story,
                         char error[SJ_BT_ERROR_MAX])
{
    FILE *file;
    sj_rc rc = make_dir(dir, error);
    if (rc >= 0)
        rc = write_table(dir, "sweep.csv", story, "pnl,sharpe,drawdown,orders,fills,volume,fee",
                         put_cells, error);
    if (rc >= 0 && story->walk)
        rc = write_table(dir, "walk_forward.csv", story,
                         "train_first,train_days,test_first,test_days,trained,tested,trained_pnl,"
                         "tested_pnl",
                         put_steps, error);
    if (rc >= 0)
        rc = write_manifest(dir, story, error);
    if (rc >= 0)
        rc = open_in(dir, "report.html", NULL, &file, error);
    if (rc < 0)
        return rc;
    sj_bt_report_sweep(file, story);
    return close_file(&file, error);
}
