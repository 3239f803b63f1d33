/*
 * convert_progress.h: the line at the bottom of a terminal while a conversion runs.
 *
 * Drawn on stderr only when that is a terminal and NO_COLOR is not set.
 * Threads  one at a time.
 */
#ifndef SJ_APP_CONVERT_PROGRESS_H
#define SJ_APP_CONVERT_PROGRESS_H

#include "convert/convert.h"

struct sj_convert_bar {
    bool on;
    bool drawn;
};

void sj_convert_bar_init(struct sj_convert_bar *bar);

/* A progress function of sj_convert_options; `context` is the bar. */
void sj_convert_bar_draw(const struct sj_convert_progress *progress, void *context);

/* Takes the line away. */
void sj_convert_bar_end(struct sj_convert_bar *bar);

#endif
