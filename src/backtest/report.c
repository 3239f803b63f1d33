/* One page about a run: figures, charts, tables. */
#include "backtest/output.h"
#include "backtest/page.h"

#include <math.h>
#include <string.h>

/* --- lines over time --- */

static const struct sj_bt_point *point_at(const void *context, uint32_t index)
{
    return &((const struct sj_bt_digest *)context)->points[index];
}

static int64_t time_of(const void *context, uint32_t index)
{
    return point_at(context, index)->time_ns;
}

static double equity_low(const void *context, uint32_t index)
{
    return point_at(context, index)->equity_low;
}

static double equity_high(const void *context, uint32_t index)
{
    return point_at(context, index)->equity_high;
}

static double equity_last(const void *context, uint32_t index)
{
    return point_at(context, index)->equity_last;
}

static double drawdown_low(const void *context, uint32_t index)
{
    return point_at(context, index)->drawdown_low;
}

static double none(const void *context, uint32_t index)
{
    (void)context;
    (void)index;
    return 0;
}

static double position_low(const void *context, uint32_t index)
{
    return point_at(context, index)->position_low * ((const struct sj_bt_digest *)context)->lot;
}

static double position_high(const void *context, uint32_t index)
{
    return point_at(context, index)->position_high * ((const struct sj_bt_digest *)context)->lot;
}

static double position_middle(const void *context, uint32_t index)
{
    return (position_low(context, index) + position_high(context, index)) / 2;
}

static void put_lines(FILE *file, const struct sj_bt_digest *digest)
{
    struct sj_bt_series series = {.title = "Equity, after fees",
                                  .css = "equity",
                                  .count = digest->point_count,
                                  .end_ns = digest->last_ns,
                                  .context = digest,
                                  .time_ns = time_of,
                                  .low = equity_low,
                                  .high = equity_high,
                                  .last = equity_last};
    sj_bt_chart_series(file, &series);
    series.title = "Drawdown";
    series.css = "drawdown";
    series.low = series.last = drawdown_low;
    series.high = none;
    sj_bt_chart_series(file, &series);
    series.title = "Inventory";
    series.css = "inventory";
    series.low = position_low;
    series.high = position_high;
    series.last = position_middle;
    sj_bt_chart_series(file, &series);
}

/* --- bars --- */

static double slippage_value(const void *context, uint32_t index)
{
    return (double)((const struct sj_bt_digest *)context)->slippage[index];
}

static void slippage_label(const void *context, uint32_t index, char text[SJ_BT_NUMBER_MAX])
{
    (void)context;
    int ticks = (int)index - SJ_BT_SLIPPAGE_BUCKETS / 2;
    if (ticks % 2 == 0)
        snprintf(text, SJ_BT_NUMBER_MAX, "%d", ticks);
}

static void slippage_tip(const void *context, uint32_t index, char text[2 * SJ_BT_NUMBER_MAX])
{
    int ticks = (int)index - SJ_BT_SLIPPAGE_BUCKETS / 2;
    const char *more = index == 0                            ? " or less"
                       : index + 1 == SJ_BT_SLIPPAGE_BUCKETS ? " or more"
                                                             : "";
    snprintf(text, 2 * SJ_BT_NUMBER_MAX, "%d ticks%s: %.0f fills", ticks, more,
             slippage_value(context, index));
}

static double queue_value(const void *context, uint32_t index)
{
    const struct sj_bt_digest *digest = context;
    double rested = (double)digest->rested[index];
    return rested > 0 ? fmin(1, (double)digest->filled[index] / rested) : 0;
}

static void queue_label(const void *context, uint32_t index, char text[SJ_BT_NUMBER_MAX])
{
    (void)context;
    if (index == 0)
        snprintf(text, SJ_BT_NUMBER_MAX, "0");
    else if (index + 1 == SJ_BT_QUEUE_BUCKETS)
        snprintf(text, SJ_BT_NUMBER_MAX, "more");
    else if (index % 2 == 1)
        snprintf(text, SJ_BT_NUMBER_MAX, "&lt;%u", 1u << index);
}

static void queue_tip(const void *context, uint32_t index, char text[2 * SJ_BT_NUMBER_MAX])
{
    const struct sj_bt_digest *digest = context;
    snprintf(text, 2 * SJ_BT_NUMBER_MAX, "%llu of %llu filled",
             (unsigned long long)digest->filled[index], (unsigned long long)digest->rested[index]);
}

static void put_slippage(FILE *file, const struct sj_bt_digest *digest)
{
    char number[SJ_BT_NUMBER_MAX], note[160] = "No fill has a middle price to be held against.";
    double average = digest->slippage_sum / digest->slippage_quantity;
    if (digest->slippage_quantity > 0)
        snprintf(note, sizeof note,
                 "Ticks paid against the middle price at decision; on average %s a unit (negative: "
                 "better than the middle).",
                 sj_bt_page_number(average, number));
    const struct sj_bt_bars bars = {.title = "Slippage: fills by ticks paid",
                                    .note = note,
                                    .css = "equity",
                                    .count = SJ_BT_SLIPPAGE_BUCKETS,
                                    .context = digest,
                                    .value = slippage_value,
                                    .label = slippage_label,
                                    .tip = slippage_tip};
    sj_bt_chart_bars(file, &bars);
}

static void put_queue(FILE *file, const struct sj_bt_digest *digest)
{
    const struct sj_bt_bars bars = {
        .title = "Fill rate by queue position",
        .note = "By lots ahead when the order came to rest; how many of them filled whole.",
        .css = "inventory",
        .count = SJ_BT_QUEUE_BUCKETS,
        .top = 1,
        .percent = true,
        .context = digest,
        .value = queue_value,
        .label = queue_label,
        .tip = queue_tip};
    sj_bt_chart_bars(file, &bars);
}

/* --- latency used --- */

struct window {
    const struct sj_bt_latency_used *used;
    uint32_t first, count;
};

static double latency_value(const void *context, uint32_t index)
{
    const struct window *window = context;
    return (double)window->used->buckets[window->first + index];
}

static void latency_label(const void *context, uint32_t index, char text[SJ_BT_NUMBER_MAX])
{
    const struct window *window = context;
    uint32_t every = window->count > 8 ? window->count / 5 : 2;
    if (index % every == every / 2 || window->count == 1)
        sj_bt_page_duration(sj_bt_way_bucket_top(window->first + index), text);
}

static void latency_tip(const void *context, uint32_t index, char text[2 * SJ_BT_NUMBER_MAX])
{
    const struct window *window = context;
    char limit[SJ_BT_NUMBER_MAX];
    sj_bt_page_duration(sj_bt_way_bucket_top(window->first + index), limit);
    snprintf(text, 2 * SJ_BT_NUMBER_MAX, "up to %s: %.0f", limit, latency_value(context, index));
}

static void put_latency(FILE *file, const struct sj_bt_story *story, enum sj_bt_stream stream)
{
    static const char *const titles[] = {"Latency used: market data to us",
                                         "Latency used: orders to the exchange",
                                         "Latency used: reports to us"};
    const struct sj_bt_latency_used *used = &story->total->result.latency[stream];
    char texts[4][SJ_BT_NUMBER_MAX], note[320];
    struct window window = {.used = used};
    if (used->count == 0)
        return;
    while (used->buckets[window.first] == 0)
        window.first++;
    for (uint32_t i = window.first; i < SJ_BT_WAY_BUCKETS; i++)
        window.count = used->buckets[i] ? i - window.first + 1 : window.count;
    snprintf(note, sizeof note,
             "%llu; least %s, half below %s, 99 %% below %s, most %s; %llu held "
             "behind an earlier one.",
             (unsigned long long)used->count, sj_bt_page_duration(used->min, texts[0]),
             sj_bt_page_duration(sj_bt_latency_percentile(used, 50), texts[1]),
             sj_bt_page_duration(sj_bt_latency_percentile(used, 99), texts[2]),
             sj_bt_page_duration(used->max, texts[3]), (unsigned long long)used->held);
    const struct sj_bt_bars bars = {.title = titles[stream],
                                    .note = note,
                                    .css = "equity",
                                    .count = window.count,
                                    .context = &window,
                                    .value = latency_value,
                                    .label = latency_label,
                                    .tip = latency_tip};
    sj_bt_chart_bars(file, &bars);
}

/* --- figures --- */

static void put_head(FILE *file, const struct sj_bt_story *story)
{
    const struct sj_bt_result *result = &story->total->result;
    char from[SJ_BT_NUMBER_MAX], until[SJ_BT_NUMBER_MAX];
    fprintf(file, "<p class=\"sub\">");
    for (uint32_t i = 0; i < story->options->strategy_count; i++) {
        const struct sj_strategy_instance *strategy = &story->options->strategies[i];
        fprintf(file, i ? ", " : "");
        sj_bt_page_text(file, strategy->use ? strategy->use : strategy->name);
    }
    fprintf(file, " over ");
    sj_bt_page_text(file, sj_bt_day_name(&story->days[0]));
    if (story->day_count > 1)
        fprintf(file, " and %u further days", story->day_count - 1);
    fprintf(file, " &middot; %s &ndash; %s</p>\n", sj_bt_page_time(result->first_ns, from),
            sj_bt_page_time(result->last_ns, until));
}

static void put_tiles(FILE *file, const struct sj_bt_story *story)
{
    const struct sj_bt_result *result = &story->total->result;
    const struct sj_bt_meter *meter = &story->total->meter;
    char value[SJ_BT_NUMBER_MAX], other[SJ_BT_NUMBER_MAX], note[128];
    fprintf(file, "<div class=\"tiles\">\n");
    sj_bt_page_tile(file, "Profit, after fees", sj_bt_page_number(meter->last, value),
                    "what is held, at the middle",
                    meter->last > 0   ? 1
                    : meter->last < 0 ? -1
                                      : 0);
    sj_bt_page_tile(file, "Sharpe", sj_bt_page_number(sj_bt_meter_sharpe(meter), value),
                    meter->day_count > 1 ? "days, a year" : "samples, this day", 0);
    sj_bt_page_tile(file, "Deepest drawdown", sj_bt_page_number(meter->drawdown, value), "", 0);
    snprintf(note, sizeof note, "of %s orders", sj_bt_page_number((double)result->orders, other));
    sj_bt_page_tile(file, "Fills", sj_bt_page_number((double)result->fills, value), note, 0);
    snprintf(note, sizeof note, "value %s", sj_bt_page_number(result->value, other));
    sj_bt_page_tile(file, "Volume", sj_bt_page_number(result->volume, value), note, 0);
    sj_bt_page_tile(file, "Fees", sj_bt_page_number(result->fee, value),
                    result->fee < 0 ? "paid to us" : "", 0);
    fprintf(file, "</div>\n");
}

/* --- tables --- */

static void put_cell(FILE *file, double value)
{
    char text[SJ_BT_NUMBER_MAX];
    fprintf(file, "<td>%s</td>", sj_bt_page_number(value, text));
}

static const char *code_of(const struct sj_bt_digest *digest, uint32_t instrument)
{
    for (uint32_t i = 0; i < digest->name_count; i++)
        if (digest->names[i].instrument == instrument)
            return digest->names[i].code;
    return NULL;
}

static void put_part(FILE *file, const struct sj_bt_story *story, const struct sj_bt_digest *digest,
                     const struct sj_bt_part *part)
{
    const struct sj_bt_options *options = story->options;
    const char *code = code_of(digest, part->instrument);
    double slippage = part->slippage_quantity > 0 ? part->slippage / part->slippage_quantity : NAN;
    uint32_t strategy = part->strategy ? part->strategy - 1 : 0;
    fprintf(file, "<tr><td>");
    if (strategy < options->strategy_count)
        sj_bt_page_text(file, options->strategies[strategy].name);
    else
        fprintf(file, "%u", part->strategy);
    fprintf(file, " / ");
    if (code)
        sj_bt_page_text(file, code);
    else if (options->lot > 0)
        fprintf(file, "the rows' own");
    else
        fprintf(file, "%u", part->instrument);
    fprintf(file, "</td>");
    put_cell(file, (double)part->orders);
    put_cell(file, (double)part->refused);
    put_cell(file, (double)part->rested);
    put_cell(file, (double)part->fills);
    put_cell(file, part->fills ? 100.0 * (double)part->maker_fills / (double)part->fills : NAN);
    put_cell(file, part->quantity * digest->lot);
    put_cell(file, part->value);
    put_cell(file, slippage);
    put_cell(file, part->position * digest->lot);
    put_cell(file, part->gross);
    fprintf(file, "</tr>\n");
}

static void put_parts(FILE *file, const struct sj_bt_story *story,
                      const struct sj_bt_digest *digest)
{
    fprintf(file,
            "<div class=\"card\"><h2>By strategy and instrument</h2><table>\n<tr><th>strategy "
            "/ instrument</th><th>orders</th><th>refused</th><th>rested</th><th>fills</th>"
            "<th>maker %%</th><th>volume</th><th>value</th><th>slippage</th><th>held</th>"
            "<th>realised</th></tr>\n");
    for (uint32_t i = 0; i < digest->part_count; i++)
        put_part(file, story, digest, &digest->parts[i]);
    fprintf(file,
            "</table>\n<p class=\"note\">Realised: money, at average cost, before "
            "fees. Slippage: paid against the middle price at decision, a "
            "unit.%s</p></div>\n",
            digest->parts_left_out ? " There are more than are shown." : "");
}

static void put_costs(FILE *file, const struct sj_bt_story *story,
                      const struct sj_bt_digest *digest)
{
    const struct sj_bt_options *options = story->options;
    fprintf(file, "<div class=\"card\"><h2>Costs</h2><table>\n");
    if (options->lot > 0) {
        sj_bt_page_row(file, "makers' fee", digest->maker_value * options->maker_fee);
        sj_bt_page_row(file, "takers' fee", digest->taker_value * options->taker_fee);
    } else if (digest->fill_events) {
        sj_bt_page_row(file, "fees", digest->event_fee);
        sj_bt_page_row(file, "taxes", digest->event_tax);
    }
    sj_bt_page_row(file, "all fees", story->total->result.fee);
    if (digest->slippage_quantity > 0)
        sj_bt_page_row(file, "slippage against the middle", digest->slippage_sum * digest->lot);
    fprintf(file, "</table>\n<p class=\"note\">%llu fills as maker, %llu as taker.</p></div>\n",
            (unsigned long long)digest->maker_fills, (unsigned long long)digest->taker_fills);
}

static void put_refusals(FILE *file, const struct sj_bt_story *story,
                         const struct sj_bt_digest *digest)
{
    const struct sj_bt_result *result = &story->total->result;
    fprintf(file, "<div class=\"card\"><h2>Orders that came to nothing</h2><table>\n");
    for (uint32_t i = 0; i < digest->refusal_count; i++) {
        const struct sj_bt_refusal *refusal = &digest->refusals[i];
        char name[96];
        snprintf(name, sizeof name, "%s: %s", refusal->by_exchange ? "exchange" : "refused",
                 refusal->check);
        sj_bt_page_row(file, name, (double)digest->refusals[i].count);
    }
    sj_bt_page_row(file, "refused in all", (double)result->refused);
    sj_bt_page_row(file, "expired", (double)result->expired);
    sj_bt_page_row(file, "cancels asked for", (double)result->cancels);
    sj_bt_page_row(file, "requests too late", (double)result->denied);
    sj_bt_page_row(file, "open at the end", (double)result->open);
    fprintf(file, "</table></div>\n");
}

static void put_days(FILE *file, const struct sj_bt_story *story)
{
    fprintf(file, "<div class=\"card\"><h2>Days</h2><table>\n<tr><th>day</th><th>profit</th>"
                  "<th>drawdown</th><th>orders</th><th>fills</th><th>fees</th><th>held at its "
                  "end</th></tr>\n");
    for (uint32_t i = 0; i < story->day_count; i++) {
        const struct sj_bt_meter *meter = &story->results[i].meter;
        fprintf(file, "<tr><td>");
        sj_bt_page_text(file, sj_bt_day_name(&story->days[i]));
        fprintf(file, "</td>");
        put_cell(file, meter->last);
        put_cell(file, meter->drawdown);
        put_cell(file, (double)meter->orders);
        put_cell(file, (double)meter->fills);
        put_cell(file, meter->fee);
        put_cell(file, meter->position);
        fprintf(file, "</tr>\n");
    }
    fprintf(file,
            "</table>\n<p class=\"note\">Each day begins flat: nothing is carried over. What is "
            "held at a day's end counts at its last middle price.</p></div>\n");
}

static void put_strategy(FILE *file, const struct sj_strategy_instance *strategy)
{
    fprintf(file, "<tr><th>strategy</th><td>");
    sj_bt_page_text(file, strategy->use ? strategy->use : strategy->name);
    for (uint32_t k = 0; k < strategy->param_count; k++) {
        fprintf(file, " &middot; ");
        sj_bt_page_text(file, strategy->params[k].name);
        fputc('=', file);
        sj_bt_page_text(file, strategy->params[k].value);
    }
    fprintf(file, "</td></tr>\n");
}

static void put_models(FILE *file, const struct sj_bt_options *options)
{
    fprintf(file, "<tr><th>latency</th><td>");
    for (unsigned i = 0; i < SJ_BT_STREAM_COUNT; i++) {
        fprintf(file, "%s%s ", i ? ", " : "", sj_bt_stream_name((enum sj_bt_stream)i));
        sj_bt_page_text(file, options->latency_text[i] ? options->latency_text[i]
                              : i == SJ_BT_FEED        ? "as recorded"
                                                       : "constant");
    }
    fprintf(file, "; seed %llu</td></tr>\n", (unsigned long long)options->seed);
}

void sj_bt_report_facts(FILE *file, const struct sj_bt_story *story)
{
    const struct sj_bt_options *options = story->options;
    fprintf(file, "<div class=\"card\"><h2>What it was made of</h2><table class=\"facts\">\n");
    for (uint32_t i = 0; i < options->strategy_count; i++)
        put_strategy(file, &options->strategies[i]);
    fprintf(file, "<tr><th>inputs</th><td>");
    for (uint32_t i = 0; i < story->day_count; i++) {
        fprintf(file, i ? "<br>" : "");
        sj_bt_page_text(file, story->days[i].path);
    }
    fprintf(file, "</td></tr>\n<tr><th>queue, exchange</th><td>%s (n %.6g), %s</td></tr>\n",
            sj_bt_queue_name(options->queue.kind), options->queue.n,
            options->partial ? "partial fills" : "no partial fills");
    put_models(file, options);
    if (options->lot > 0)
        fprintf(file,
                "<tr><th>tick, lot; fees</th><td>%.6g, %.6g; maker %.6g, taker %.6g of the "
                "value</td></tr>\n",
                options->tick, options->lot, options->maker_fee, options->taker_fee);
}

static void put_data(FILE *file, const struct sj_bt_result *result)
{
    const struct sj_bt_feed_counts *rows = &result->rows;
    const struct sj_bt_event_counts *events = &result->events;
    if (rows->rows)
        fprintf(file,
                "<tr><th>rows</th><td>%llu (left out: %llu malformed, %llu too far; %llu "
                "backwards)</td></tr>\n",
                (unsigned long long)rows->rows, (unsigned long long)rows->malformed,
                (unsigned long long)rows->far, (unsigned long long)rows->backwards);
    if (!events->events)
        return;
    fprintf(file,
            "<tr><th>events</th><td>%llu, %llu of the market; %llu gaps; left out at the "
            "exchange: %llu off tick, %llu malformed, %llu unknown, %llu repeated; %llu "
            "backwards, %llu late, %llu damaged ranges</td></tr>\n",
            (unsigned long long)events->events, (unsigned long long)events->market,
            (unsigned long long)events->gaps, (unsigned long long)events->off_tick,
            (unsigned long long)events->malformed, (unsigned long long)events->unknown,
            (unsigned long long)events->repeated, (unsigned long long)events->backwards,
            (unsigned long long)events->late, (unsigned long long)events->damaged);
}

void sj_bt_report(FILE *file, const struct sj_bt_story *story, const struct sj_bt_digest *digest)
{
    sj_bt_page_begin(file, "Backtest");
    put_head(file, story);
    put_tiles(file, story);
    put_lines(file, digest);
    fprintf(file, "<div class=\"two\">\n");
    put_slippage(file, digest);
    put_queue(file, digest);
    for (unsigned i = 0; i < SJ_BT_STREAM_COUNT; i++)
        put_latency(file, story, (enum sj_bt_stream)i);
    fprintf(file, "</div>\n");
    put_parts(file, story, digest);
    fprintf(file, "<div class=\"two\">\n");
    put_costs(file, story, digest);
    put_refusals(file, story, digest);
    fprintf(file, "</div>\n");
    if (story->day_count > 1)
        put_days(file, story);
    sj_bt_report_facts(file, story);
    put_data(file, &story->total->result);
    fprintf(file, "</table></div>\n");
    sj_bt_page_end(file);
}
