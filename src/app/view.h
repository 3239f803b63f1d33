/*
 * view.h: the screen of a live process: what flows, how fast, what is behind, what is wrong.
 *
 * On a terminal it redraws in place (sj_view_draw moves up over what it drew before); elsewhere it
 * prints one line at a time.
 *
 * Threads  main thread only.
 */
#ifndef SJ_APP_VIEW_H
#define SJ_APP_VIEW_H

#include "app/status.h"

#include <stdio.h>

struct sj_view {
    FILE *out;
    bool terminal;
    bool colour;
    uint32_t drawn_lines;
    uint32_t column_count; /* of the terminal; 0: not known */
    uint32_t row_count;
    uint64_t last_events;
    int64_t last_ns; /* uptime of the last look, for rates */
    double rate;
};

void sj_view_init(struct sj_view *view, FILE *out);

/* `title` is the first line; `status` NULL: not there yet, `title` says why. */
void sj_view_draw(struct sj_view *view, const char *title, const struct sj_status *status);

/* The account as a table, once. */
void sj_view_account(FILE *out, const struct sj_live_account *account);

/* The two latencies as a table, once. */
void sj_view_latencies(FILE *out, const struct sj_status *status);

#endif
