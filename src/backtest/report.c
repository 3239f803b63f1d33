/* One page that needs nothing else: charts are drawn here, as SVG. */
#include "backtest/output.h"

#include <math.h>

#define WIDTH 860.0
#define HEIGHT 200.0
#define LEFT 90.0

typedef double value_of(const struct sj_bt_output *output, uint32_t index);

static double equity_of(const struct sj_bt_output *output, uint32_t index)
{
    return output->points[index].equity;
}

static double drawdown_of(const struct sj_bt_output *output, uint32_t index)
{
    double peak = 0;
    for (uint32_t i = 0; i <= index; i++)
        peak = fmax(peak, output->points[i].equity);
    return output->points[index].equity - peak;
}

static double inventory_of(const struct sj_bt_output *output, uint32_t index)
{
    return (double)output->points[index].position * output->lot;
}

static void begin_chart(FILE *file, const char *title, double low, double high)
{
    fprintf(file,
            "<h2>%s</h2>\n<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"%s\">"
            "<rect x=\"%.0f\" y=\"8\" width=\"%.0f\" height=\"%.0f\" class=\"frame\"/>"
            "<text x=\"%.0f\" y=\"16\">%.6g</text><text x=\"%.0f\" y=\"%.0f\">%.6g</text>\n",
            title, WIDTH, HEIGHT, title, LEFT, WIDTH - LEFT - 8, HEIGHT - 32, LEFT - 6, high,
            LEFT - 6, HEIGHT - 24, low);
}

static double y_of(double value, double low, double high)
{
    return 8 + (HEIGHT - 32) * (1 - (value - low) / (high - low));
}

static void draw_line(FILE *file, const char *title, const struct sj_bt_output *output,
                      value_of *value)
{
    double low = 0, high = 0;
    uint32_t count = output->point_count;
    for (uint32_t i = 0; i < count; i++) {
        low = fmin(low, value(output, i));
        high = fmax(high, value(output, i));
    }
    if (high - low < 1e-12)
        high = low + 1;
    begin_chart(file, title, low, high);
    fprintf(file, "<line x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\" class=\"zero\"/>", LEFT,
            WIDTH - 8, y_of(0, low, high), y_of(0, low, high));
    fprintf(file, "<polyline points=\"");
    for (uint32_t i = 0; i < count; i++)
        fprintf(file, "%.1f,%.1f ", LEFT + (WIDTH - LEFT - 8) * i / (count > 1 ? count - 1 : 1),
                y_of(value(output, i), low, high));
    fprintf(file, "\"/>");
    if (count) {
        double seconds =
            (double)(output->points[count - 1].time_ns - output->points[0].time_ns) / 1e9;
        fprintf(file, "<text x=\"%.0f\" y=\"%.0f\">%.6g s</text>", WIDTH - 8, HEIGHT - 4, seconds);
    }
    fprintf(file, "</svg>\n");
}

static void draw_bar(FILE *file, unsigned index, unsigned count, double share, const char *label,
                     const char *title)
{
    double width = (WIDTH - LEFT - 8) / count;
    double height = (HEIGHT - 32) * share;
    double x = LEFT + width * index;
    fprintf(file,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"bar\"><title>%s"
            "</title></rect><text x=\"%.1f\" y=\"%.0f\" class=\"low\">%s</text>\n",
            x + 2, 8 + HEIGHT - 32 - height, width - 4, height, title, x + width / 2, HEIGHT - 8,
            label);
}

static void draw_slippage(FILE *file, const struct sj_bt_output *output)
{
    uint64_t most = 1;
    for (unsigned i = 0; i < SJ_BT_SLIPPAGE_BUCKETS; i++)
        most = output->slippage[i] > most ? output->slippage[i] : most;
    begin_chart(file, "Slippage: fills by ticks paid against the middle price at decision", 0,
                (double)most);
    for (unsigned i = 0; i < SJ_BT_SLIPPAGE_BUCKETS; i++) {
        char label[16], title[64];
        snprintf(label, sizeof label, "%d", (int)i - SJ_BT_SLIPPAGE_BUCKETS / 2);
        snprintf(title, sizeof title, "%llu fills", (unsigned long long)output->slippage[i]);
        draw_bar(file, i, SJ_BT_SLIPPAGE_BUCKETS, (double)output->slippage[i] / (double)most, label,
                 title);
    }
    fprintf(file, "</svg>\n");
    if (output->slippage_volume > 0)
        fprintf(file, "<p>On average %.6g a unit (negative: better than the middle).</p>\n",
                output->slippage_sum / output->slippage_volume);
}

static void draw_queue(FILE *file, const struct sj_bt_output *output)
{
    begin_chart(file, "Fill rate by queue position: lots ahead when the order came to rest", 0, 1);
    for (unsigned i = 0; i < SJ_BT_QUEUE_BUCKETS; i++) {
        char label[16], title[64];
        double rested = (double)output->rested[i];
        snprintf(label, sizeof label, i ? "&lt;%u" : "0", i ? 1u << (i - 1) : 0);
        if (i + 1 == SJ_BT_QUEUE_BUCKETS)
            snprintf(label, sizeof label, "more");
        snprintf(title, sizeof title, "%llu of %llu filled", (unsigned long long)output->filled[i],
                 (unsigned long long)output->rested[i]);
        draw_bar(file, i, SJ_BT_QUEUE_BUCKETS,
                 rested > 0 ? fmin(1, (double)output->filled[i] / rested) : 0, label, title);
    }
    fprintf(file, "</svg>\n");
}

static void put_escaped(FILE *file, const char *text)
{
    for (; *text; text++) {
        if (*text == '<')
            fputs("&lt;", file);
        else if (*text == '&')
            fputs("&amp;", file);
        else
            fputc(*text, file);
    }
}

static void put_options(FILE *file, const struct sj_bt_options *options)
{
    fprintf(file, "<tr><th>input</th><td>");
    put_escaped(file, options->path);
    fprintf(file, "</td></tr>\n");
    for (uint32_t i = 0; i < options->strategy_count; i++) {
        const struct sj_strategy_instance *strategy = &options->strategies[i];
        fprintf(file, "<tr><th>strategy</th><td>");
        put_escaped(file, strategy->use ? strategy->use : strategy->name);
        for (uint32_t k = 0; k < strategy->param_count; k++) {
            fprintf(file, " ");
            put_escaped(file, strategy->params[k].name);
            fputc('=', file);
            put_escaped(file, strategy->params[k].value);
        }
        fprintf(file, "</td></tr>\n");
    }
    fprintf(file,
            "<tr><th>queue, exchange</th><td>%s (n %.6g), %s</td></tr>\n"
            "<tr><th>tick, lot; fees</th><td>%.6g, %.6g; maker %.6g, taker %.6g</td></tr>\n",
            sj_bt_queue_name(options->queue.kind), options->queue.n,
            options->partial ? "partial fills" : "no partial fills", options->tick, options->lot,
            options->maker_fee, options->taker_fee);
}

static void put_result(FILE *file, const struct sj_bt_output *output,
                       const struct sj_bt_result *result)
{
    fprintf(file,
            "<tr><th>rows</th><td>%llu (left out: %llu malformed, %llu far; %llu backwards)</td>"
            "</tr>\n<tr><th>orders</th><td>%llu; %llu cancels, %llu expired, %llu refused, %llu "
            "open at the end</td></tr>\n<tr><th>fills</th><td>%llu, volume %.6g, value "
            "%.10g</td></tr>\n<tr><th>equity</th><td>%.6g; worst drawdown %.6g; fees %.6g</td>"
            "</tr>\n<tr><th>position</th><td>%.6g</td></tr>\n",
            (unsigned long long)result->rows.rows, (unsigned long long)result->rows.malformed,
            (unsigned long long)result->rows.far, (unsigned long long)result->rows.backwards,
            (unsigned long long)result->orders, (unsigned long long)result->cancels,
            (unsigned long long)result->expired, (unsigned long long)result->refused,
            (unsigned long long)result->open, (unsigned long long)result->fills, result->volume,
            result->value, result->equity, output->drawdown_max, result->fee, result->position);
}

void sj_bt_report(FILE *file, const struct sj_bt_output *output,
                  const struct sj_bt_options *options, const struct sj_bt_result *result)
{
    fprintf(file, "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
                  "<title>shijim backtest</title>\n<style>"
                  "body{font:15px sans-serif;max-width:900px;margin:2em auto;color:#222}"
                  "svg{width:100%%}svg text{font-size:11px;text-anchor:end;fill:#555}"
                  "svg text.low{text-anchor:middle}.frame{fill:#fafafa;stroke:#ccc}"
                  ".zero{stroke:#bbb}polyline{fill:none;stroke:#1764ab;stroke-width:1.3}"
                  ".bar{fill:#1764ab}th{text-align:left;padding-right:1.5em;vertical-align:top}"
                  "</style>\n<h1>Backtest</h1>\n<table>\n");
    put_options(file, options);
    put_result(file, output, result);
    fprintf(file, "</table>\n");
    draw_line(file, "Equity", output, equity_of);
    draw_line(file, "Drawdown", output, drawdown_of);
    draw_line(file, "Inventory", output, inventory_of);
    draw_slippage(file, output);
    draw_queue(file, output);
    fprintf(file, "</html>\n");
}
