/* One page about a sweep: heat maps of what it is judged by, all combinations, the walk forward. */
#include "backtest/output.h"
#include "backtest/page.h"

#include <math.h>
#include <stdlib.h>

#define MAPS_MAX 16
#define ROWS_MAX 2000
#define CELL_HEIGHT 34.0
#define LABEL_WIDTH 110.0

/* What each combination comes to over all days. */
struct table {
    const struct sj_bt_story *story;
    const struct sj_bt_sweep *sweep;
    struct sj_bt_meter *totals;
    double low, high; /* of the metric */
    uint32_t best;
};

static double value_of(const struct table *table, uint32_t combination)
{
    return sj_bt_metric_of(&table->totals[combination], table->story->metric);
}

static bool make_table(struct table *table, const struct sj_bt_story *story)
{
    uint32_t count = sj_bt_sweep_count(story->sweep), days = story->day_count;
    *table =
        (struct table){.story = story, .sweep = story->sweep, .low = INFINITY, .high = -INFINITY};
    table->totals = malloc(count * sizeof *table->totals);
    if (!table->totals)
        return false;
    table->best = sj_bt_sweep_best(story->sweep, story->cells, days, 0, days, story->metric);
    for (uint32_t i = 0; i < count; i++) {
        sj_bt_sweep_total(story->cells, days, i, 0, days, &table->totals[i]);
        table->low = fmin(table->low, value_of(table, i));
        table->high = fmax(table->high, value_of(table, i));
    }
    return true;
}

/* --- heat maps --- */

/* From the worst, pale, to the best, deep. */
static void put_colour(FILE *file, const struct table *table, double value)
{
    double span = table->high - table->low;
    double part = span > 0 ? (value - table->low) / span : 0.5;
    if (sj_bt_metric_better(table->story->metric, 0, 1))
        part = 1 - part;
    double lightness = 93 - 53 * part;
    fprintf(file, "hsl(%.0f 62%% %.0f%%)", 205 + 20 * part, lightness);
}

static bool is_deep(const struct table *table, double value)
{
    double span = table->high - table->low;
    double part = span > 0 ? (value - table->low) / span : 0.5;
    return (sj_bt_metric_better(table->story->metric, 0, 1) ? 1 - part : part) > 0.55;
}

static void put_map_cell(FILE *file, const struct table *table, uint32_t combination, double x,
                         double y, double width)
{
    double value = value_of(table, combination);
    char text[SJ_BT_NUMBER_MAX];
    fprintf(file,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"3\" style=\"fill:",
            x + 1, y + 1, width - 2, CELL_HEIGHT - 2);
    put_colour(file, table, value);
    fprintf(file, "%s\"><title>",
            combination == table->best ? ";stroke:var(--bad);stroke-width:2" : "");
    for (uint32_t i = 0; i < table->sweep->axis_count; i++) {
        const struct sj_bt_axis *axis = &table->sweep->axes[i];
        fprintf(file, i ? ", " : "");
        sj_bt_page_text(file, axis->name);
        fputc('=', file);
        sj_bt_page_text(file, axis->values[sj_bt_sweep_value(table->sweep, combination, i)]);
    }
    fprintf(file, ": %s</title></rect>", sj_bt_page_number(value, text));
    if (width >= 44)
        fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" class=\"x\" style=\"fill:%s\">%.4g</text>",
                x + width / 2, y + CELL_HEIGHT / 2 + 4, is_deep(table, value) ? "#fff" : "#1c2430",
                value);
    fputc('\n', file);
}

static void put_label(FILE *file, double x, double y, const char *css, const char *text)
{
    fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, css);
    sj_bt_page_text(file, text);
    fprintf(file, "</text>");
}

/* The last axis goes across, the one before it down; `first` has the values of the others. */
static void put_map(FILE *file, const struct table *table, uint32_t first)
{
    const struct sj_bt_sweep *sweep = table->sweep;
    const struct sj_bt_axis *across = &sweep->axes[sweep->axis_count - 1];
    const struct sj_bt_axis *down =
        sweep->axis_count > 1 ? &sweep->axes[sweep->axis_count - 2] : NULL;
    uint32_t rows = down ? down->count : 1;
    double width = (1040 - LABEL_WIDTH) / across->count, height = CELL_HEIGHT * rows + 44;
    uint32_t every = width < 40 ? (uint32_t)ceil(40 / width) : 1;
    fprintf(file, "<svg viewBox=\"0 0 1040 %.0f\" role=\"img\" aria-label=\"heat map\">\n", height);
    for (uint32_t row = 0; row < rows; row++) {
        if (down)
            put_label(file, LABEL_WIDTH - 8, CELL_HEIGHT * (row + 0.5) + 4, "y", down->values[row]);
        for (uint32_t column = 0; column < across->count; column++)
            put_map_cell(file, table, first + row * across->count + column,
                         LABEL_WIDTH + width * column, CELL_HEIGHT * row, width);
    }
    for (uint32_t column = 0; column < across->count; column += every)
        put_label(file, LABEL_WIDTH + width * (column + 0.5), CELL_HEIGHT * rows + 16, "x",
                  across->values[column]);
    put_label(file, LABEL_WIDTH + (1040 - LABEL_WIDTH) / 2, CELL_HEIGHT * rows + 36, "x",
              across->name);
    if (down)
        put_label(file, LABEL_WIDTH - 8, CELL_HEIGHT * rows + 36, "y", down->name);
    fprintf(file, "</svg>\n");
}

static void put_maps(FILE *file, const struct table *table)
{
    const struct sj_bt_sweep *sweep = table->sweep;
    uint32_t count = sj_bt_sweep_count(sweep), a_map = sweep->axes[sweep->axis_count - 1].count;
    if (sweep->axis_count > 1)
        a_map *= sweep->axes[sweep->axis_count - 2].count;
    fprintf(file, "<div class=\"card\"><h2>%s by combination</h2>\n",
            sj_bt_metric_name(table->story->metric));
    for (uint32_t map = 0; map * a_map < count && map < MAPS_MAX; map++) {
        if (sweep->axis_count > 2)
            fprintf(file, "<p class=\"note\">");
        for (uint32_t i = 0; i + 2 < sweep->axis_count; i++) {
            fprintf(file, i ? ", " : "");
            sj_bt_page_text(file, sweep->axes[i].name);
            fputc('=', file);
            sj_bt_page_text(file, sweep->axes[i].values[sj_bt_sweep_value(sweep, map * a_map, i)]);
        }
        if (sweep->axis_count > 2)
            fprintf(file, "</p>\n");
        put_map(file, table, map * a_map);
    }
    fprintf(file, "<p class=\"note\">Deeper is better; the best has a border.%s</p></div>\n",
            count / a_map > MAPS_MAX ? " Only the first 16 maps are drawn; sweep.csv has all."
                                     : "");
}

/* --- tables --- */

static void put_cell(FILE *file, double value)
{
    char text[SJ_BT_NUMBER_MAX];
    fprintf(file, "<td>%s</td>", sj_bt_page_number(value, text));
}

static void put_names(FILE *file, const struct sj_bt_sweep *sweep)
{
    for (uint32_t i = 0; i < sweep->axis_count; i++) {
        fprintf(file, "<th>");
        sj_bt_page_text(file, sweep->axes[i].name);
        fprintf(file, "</th>");
    }
}

static void put_values(FILE *file, const struct sj_bt_sweep *sweep, uint32_t combination)
{
    for (uint32_t i = 0; i < sweep->axis_count; i++) {
        fprintf(file, "<td>");
        sj_bt_page_text(file, sweep->axes[i].values[sj_bt_sweep_value(sweep, combination, i)]);
        fprintf(file, "</td>");
    }
}

static void put_combinations(FILE *file, const struct table *table)
{
    uint32_t count = sj_bt_sweep_count(table->sweep);
    fprintf(file, "<div class=\"card\"><h2>Combinations</h2><table>\n<tr>");
    put_names(file, table->sweep);
    fprintf(file, "<th>pnl</th><th>sharpe</th><th>drawdown</th><th>orders</th><th>fills</th>"
                  "<th>fees</th></tr>\n");
    for (uint32_t i = 0; i < count && i < ROWS_MAX; i++) {
        const struct sj_bt_meter *total = &table->totals[i];
        fprintf(file, i == table->best ? "<tr class=\"best\">" : "<tr>");
        put_values(file, table->sweep, i);
        put_cell(file, total->last);
        put_cell(file, sj_bt_meter_sharpe(total));
        put_cell(file, total->drawdown);
        put_cell(file, (double)total->orders);
        put_cell(file, (double)total->fills);
        put_cell(file, total->fee);
        fprintf(file, "</tr>\n");
    }
    fprintf(file, "</table>%s</div>\n",
            count > ROWS_MAX ? "<p class=\"note\">The first 2,000; sweep.csv has all.</p>" : "");
}

static void put_walk(FILE *file, const struct sj_bt_story *story)
{
    const char *metric = sj_bt_metric_name(story->metric);
    bool by_pnl = story->metric == SJ_BT_PNL;
    double pnl = 0;
    char text[SJ_BT_NUMBER_MAX];
    fprintf(file, "<div class=\"card\"><h2>Walking forward</h2><table>\n<tr><th>trained from</th>"
                  "<th>tested from</th>");
    put_names(file, story->sweep);
    fprintf(file, "<th>%s trained</th><th>%s tested</th>%s</tr>\n", metric, metric,
            by_pnl ? "" : "<th>pnl trained</th><th>pnl tested</th>");
    for (uint32_t i = 0; i < sj_bt_walk_count(story->walk, story->day_count); i++) {
        struct sj_bt_walk_step step;
        sj_bt_walk_step(story->walk, story->sweep, story->cells, story->day_count, i, story->metric,
                        &step);
        fprintf(file, "<tr><td>");
        sj_bt_page_text(file, sj_bt_day_name(&story->days[step.first]));
        fprintf(file, "</td><td>");
        sj_bt_page_text(file, sj_bt_day_name(&story->days[step.test_first]));
        fprintf(file, "</td>");
        put_values(file, story->sweep, step.combination);
        put_cell(file, sj_bt_metric_of(&step.trained, story->metric));
        put_cell(file, sj_bt_metric_of(&step.tested, story->metric));
        if (!by_pnl) {
            put_cell(file, step.trained.last);
            put_cell(file, step.tested.last);
        }
        fprintf(file, "</tr>\n");
        pnl += step.tested.last;
    }
    fprintf(file,
            "</table><p class=\"note\">Chosen on %u days, shown on the next %u; pnl of all "
            "tested days: %s.</p></div>\n",
            story->walk->train, story->walk->test, sj_bt_page_number(pnl, text));
}

void sj_bt_report_sweep(FILE *file, const struct sj_bt_story *story)
{
    struct table table;
    sj_bt_page_begin(file, "Parameter sweep");
    fprintf(file, "<p class=\"sub\">");
    sj_bt_page_text(file, story->options->strategies[0].use);
    fprintf(file, " over %u days, %u combinations; judged by %s</p>\n", story->day_count,
            sj_bt_sweep_count(story->sweep), sj_bt_metric_name(story->metric));
    if (make_table(&table, story)) {
        put_maps(file, &table);
        if (story->walk)
            put_walk(file, story);
        put_combinations(file, &table);
        free(table.totals);
    }
    sj_bt_report_facts(file, story);
    fprintf(file, "</table></div>\n");
    sj_bt_page_end(file);
}
