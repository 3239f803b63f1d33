#include "app/convert_progress.h"

#include "app/format.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BAR_WIDTH 30

void sj_convert_bar_init(struct sj_convert_bar *bar)
{
    *bar = (struct sj_convert_bar){.on = sj_format_colour(STDERR_FILENO)};
}

void sj_convert_bar_draw(const struct sj_convert_progress *progress, void *context)
{
    struct sj_convert_bar *bar = context;
    char cells[BAR_WIDTH + 1];
    if (!bar->on)
        return;
    double part = progress->size ? (double)progress->done_size / (double)progress->size : 1;
    double seconds = (double)progress->elapsed_ns * 1e-9;
    double rate = seconds > 0 ? (double)progress->done_size / seconds : 0;
    int full = (int)(part * BAR_WIDTH);
    memset(cells, '.', BAR_WIDTH);
    memset(cells, '#', (size_t)(full < BAR_WIDTH ? full : BAR_WIDTH));
    cells[BAR_WIDTH] = 0;
    int64_t left_ns =
        rate > 0 ? (int64_t)((double)(progress->size - progress->done_size) / rate * 1e9) : 0;
    fprintf(stderr, "\r\x1b[K%s [%s] %3.0f%%  %s rows  %s/s  %s left", progress->phase, cells,
            part * 100, SJ_COUNT(progress->row_count), SJ_BYTES(rate), SJ_DURATION(left_ns));
    fflush(stderr);
    bar->drawn = true;
}

void sj_convert_bar_end(struct sj_convert_bar *bar)
{
    if (bar->drawn)
        fputs("\r\x1b[K", stderr);
    bar->drawn = false;
}
