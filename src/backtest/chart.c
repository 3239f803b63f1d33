/* Charts as SVG. */
#include "backtest/page.h"

#include <math.h>
#include <string.h>
#include <time.h>

#define LEFT 84.0
#define RIGHT 16.0
#define TOP 8.0
#define BOTTOM 24.0
#define BAR_MAX 60.0
#define NS_PER_S INT64_C(1000000000)

struct scale {
    double width, height;
    double low, high;
};

static double y_of(const struct scale *scale, double value)
{
    double room = scale->height - TOP - BOTTOM;
    return TOP + room * (1 - (value - scale->low) / (scale->high - scale->low));
}

/* 1, 2 or 5 times a power of ten, so that about `lines` of them fill the span. */
static double nice_step(double span, double lines)
{
    double rough = span / lines, power = pow(10, floor(log10(rough)));
    double part = rough / power;
    return power * (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10);
}

static void begin(FILE *file, const char *title, const struct scale *scale)
{
    fprintf(file,
            "<div class=\"card\"><h2>%s</h2>\n<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
            "aria-label=\"%s\">\n",
            title, scale->width, scale->height, title);
}

static void nothing(FILE *file, const struct scale *scale)
{
    fprintf(file, "<text x=\"%.0f\" y=\"%.0f\" class=\"none\">nothing to show</text>\n",
            scale->width / 2, scale->height / 2);
}

static void end(FILE *file, const char *note)
{
    fprintf(file, "</svg>\n");
    if (note)
        fprintf(file, "<p class=\"note\">%s</p>\n", note);
    fprintf(file, "</div>\n");
}

/* Widens to whole steps and draws the lines at them. */
static void draw_values(FILE *file, struct scale *scale, bool percent)
{
    double span = scale->high - scale->low;
    double step = nice_step(span, 4);
    scale->low = floor(scale->low / step + 1e-9) * step;
    scale->high = ceil(scale->high / step - 1e-9) * step;
    for (double i = 0; scale->low + i * step <= scale->high + step / 2; i++) {
        double value = scale->low + i * step;
        char text[SJ_BT_NUMBER_MAX];
        bool zero = fabs(value) < step / 1000;
        sj_bt_page_number(zero ? 0 : percent ? value * 100 : value, text);
        fprintf(file,
                "<line x1=\"%.0f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>"
                "<text x=\"%.0f\" y=\"%.1f\" class=\"y\">%s%s</text>\n",
                LEFT, scale->width - RIGHT, y_of(scale, value), y_of(scale, value),
                zero ? "zero" : "grid", LEFT - 6, y_of(scale, value) + 4, text, percent ? "%" : "");
    }
}

/* --- over time --- */

static double x_of(const struct scale *scale, int64_t from_ns, int64_t until_ns, int64_t at_ns)
{
    double room = scale->width - LEFT - RIGHT;
    double part = (double)(at_ns - from_ns) / (double)(until_ns - from_ns);
    return LEFT + room * fmin(1, fmax(0, part));
}

static void draw_times(FILE *file, const struct scale *scale, int64_t from_ns, int64_t until_ns)
{
    static const int64_t steps_s[] = {1,      2,      5,       10,      15,      30,
                                      60,     120,    300,     600,     900,     1800,
                                      3600,   7200,   14400,   21600,   43200,   86400,
                                      172800, 604800, 1209600, 2592000, 7776000, 31536000};
    unsigned count = sizeof steps_s / sizeof steps_s[0], at = 0;
    while (at + 1 < count && (until_ns - from_ns) / (steps_s[at] * NS_PER_S) > 8)
        at++;
    int64_t step_ns = steps_s[at] * NS_PER_S;
    for (int64_t ns = (from_ns / step_ns + 1) * step_ns; ns <= until_ns; ns += step_ns) {
        char text[32] = "";
        time_t seconds = (time_t)(ns / NS_PER_S);
        struct tm parts;
        double x = x_of(scale, from_ns, until_ns, ns);
        if (x < LEFT + 20 || x > scale->width - RIGHT - 12 || !gmtime_r(&seconds, &parts))
            continue;
        if (steps_s[at] >= 86400)
            (void)strftime(text, sizeof text, "%m-%d", &parts);
        else if (steps_s[at] >= 60)
            (void)strftime(text, sizeof text, "%H:%M", &parts);
        else
            (void)strftime(text, sizeof text, "%H:%M:%S", &parts);
        fprintf(file, "<text x=\"%.1f\" y=\"%.0f\" class=\"x\">%s</text>\n", x, scale->height - 8,
                text);
    }
}

static void draw_band(FILE *file, const struct sj_bt_series *series, const struct scale *scale,
                      int64_t from_ns, int64_t until_ns)
{
    const void *context = series->context;
    fprintf(file, "<polygon class=\"band %s\" points=\"", series->css);
    for (uint32_t i = 0; i < series->count; i++)
        fprintf(file, "%.1f,%.1f ", x_of(scale, from_ns, until_ns, series->time_ns(context, i)),
                y_of(scale, series->high(context, i)));
    for (uint32_t i = series->count; i-- > 0;)
        fprintf(file, "%.1f,%.1f ", x_of(scale, from_ns, until_ns, series->time_ns(context, i)),
                y_of(scale, series->low(context, i)));
    fprintf(file, "\"/>\n");
}

static void draw_line(FILE *file, const struct sj_bt_series *series, const struct scale *scale,
                      int64_t from_ns, int64_t until_ns)
{
    const void *context = series->context;
    double y = 0;
    fprintf(file, "<polyline class=\"path %s\" points=\"", series->css);
    for (uint32_t i = 0; i < series->count; i++) {
        y = y_of(scale, series->last(context, i));
        fprintf(file, "%.1f,%.1f ", x_of(scale, from_ns, until_ns, series->time_ns(context, i)), y);
    }
    fprintf(file, "%.1f,%.1f\"/>\n", scale->width - RIGHT, y);
}

void sj_bt_chart_series(FILE *file, const struct sj_bt_series *series)
{
    struct scale scale = {.width = 1040, .height = 230};
    for (uint32_t i = 0; i < series->count; i++) {
        scale.low = fmin(scale.low, series->low(series->context, i));
        scale.high = fmax(scale.high, series->high(series->context, i));
    }
    begin(file, series->title, &scale);
    if (scale.high - scale.low <= 0)
        scale.high = scale.low + 1;
    draw_values(file, &scale, false);
    if (series->count == 0) {
        nothing(file, &scale);
    } else {
        int64_t from_ns = series->time_ns(series->context, 0);
        int64_t until_ns = series->end_ns > from_ns ? series->end_ns : from_ns + 1;
        draw_times(file, &scale, from_ns, until_ns);
        draw_band(file, series, &scale, from_ns, until_ns);
        draw_line(file, series, &scale, from_ns, until_ns);
    }
    end(file, NULL);
}

/* --- bars --- */

void sj_bt_chart_bars(FILE *file, const struct sj_bt_bars *bars)
{
    struct scale scale = {.width = 520, .height = 210, .high = bars->top};
    double sum = 0;
    for (uint32_t i = 0; i < bars->count; i++) {
        double value = bars->value(bars->context, i);
        scale.high = bars->top > 0 ? bars->top : fmax(scale.high, value);
        sum += value;
    }
    begin(file, bars->title, &scale);
    if (scale.high <= 0)
        scale.high = 1;
    draw_values(file, &scale, bars->percent);
    if (sum <= 0)
        nothing(file, &scale);
    double room = (scale.width - LEFT - RIGHT) / (bars->count ? bars->count : 1);
    double width = fmin(room, BAR_MAX);
    for (uint32_t i = 0; i < bars->count; i++) {
        char label[SJ_BT_NUMBER_MAX] = "", tip[2 * SJ_BT_NUMBER_MAX] = "";
        double y = y_of(&scale, fmin(bars->value(bars->context, i), scale.high));
        double x = LEFT + room * (i + 0.5) - width / 2, gap = width > 6 ? 1.5 : 0;
        bars->label(bars->context, i, label);
        bars->tip(bars->context, i, tip);
        fprintf(file,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"bar %s\">"
                "<title>%s</title></rect>",
                x + gap, y, width - 2 * gap, y_of(&scale, 0) - y, bars->css, tip);
        if (*label)
            fprintf(file, "<text x=\"%.1f\" y=\"%.0f\" class=\"x\">%s</text>", x + width / 2,
                    scale.height - 8, label);
        fputc('\n', file);
    }
    end(file, bars->note);
}
