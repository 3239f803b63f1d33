/*
 * page.h: the parts that every report's page is made of: its head, numbers, escaped text, charts
 * drawn as SVG. A page refers to nothing outside itself.
 *
 * Errors   none: whoever opened the file asks it at the end.
 * Threads  one owner a file.
 */
#ifndef SJ_BACKTEST_PAGE_H
#define SJ_BACKTEST_PAGE_H

#include "base/rc.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* --- page.c --- */

/* Up to and with the heading. */
void sj_bt_page_begin(FILE *file, const char *title);
void sj_bt_page_end(FILE *file);

/* With everything escaped that HTML takes for its own. */
void sj_bt_page_text(FILE *file, const char *text);

#define SJ_BT_NUMBER_MAX 40
/* 1,234.5 to six digits; NaN: a dash. Returns `text`. */
const char *sj_bt_page_number(double value, char text[SJ_BT_NUMBER_MAX]);

/* 250 ns, 1.2 ms, 3 s */
const char *sj_bt_page_duration(int64_t ns, char text[SJ_BT_NUMBER_MAX]);

/* 2024-08-08 10:15:00 UTC */
const char *sj_bt_page_time(int64_t ns, char text[SJ_BT_NUMBER_MAX]);

/* A big figure with its name. `tone`: 1 good, -1 bad, 0 neither. */
void sj_bt_page_tile(FILE *file, const char *name, const char *value, const char *note, int tone);

/* <tr><th>name</th><td>number</td></tr> */
void sj_bt_page_row(FILE *file, const char *name, double value);

/* --- chart.c --- */

/* A value over time: as stretches with the least and greatest of each. */
struct sj_bt_series {
    const char *title, *css; /* css: the class of its line */
    uint32_t count;
    int64_t end_ns;
    const void *context;
    int64_t (*time_ns)(const void *context, uint32_t index);
    double (*low)(const void *context, uint32_t index);
    double (*high)(const void *context, uint32_t index);
    double (*last)(const void *context, uint32_t index); /* NULL: only the band */
};
void sj_bt_chart_series(FILE *file, const struct sj_bt_series *series);

/* Bars next to each other. */
struct sj_bt_bars {
    const char *title, *note, *css;
    uint32_t count;
    double top; /* of the scale; 0: the highest bar */
    bool percent;
    const void *context;
    double (*value)(const void *context, uint32_t index);
    void (*label)(const void *context, uint32_t index, char text[SJ_BT_NUMBER_MAX]);
    void (*tip)(const void *context, uint32_t index, char text[2 * SJ_BT_NUMBER_MAX]);
};
void sj_bt_chart_bars(FILE *file, const struct sj_bt_bars *bars);

#endif
