/*
 * render.h: market data as the broker puts it on the wire, one SSE event at a time.
 *
 * Decimals are JSON strings without trailing zeros, volumes numbers, date and time Taipei's. Field
 * names and order are those of the broker's own events. What is null in the state is left out.
 *
 * Threads  [owner of the renderer]. No allocation.
 */
#ifndef SJ_BROKERSIM_RENDER_H
#define SJ_BROKERSIM_RENDER_H

#include "brokersim/source.h"

/* No event is longer; every render function may write this much. */
#define SJ_RENDER_MAX 4096

/* The text of the last second rendered: most events share it. */
struct sj_renderer {
    int64_t second;
    char date[10];
    char time[8];
    bool nulls; /* a missing price of a level is null and not "0" */
};

/* Each writes one whole event ("event: ...\ndata: {...}\n\n") for a feed and returns its size. */
size_t sj_render_event(struct sj_renderer *renderer, enum sj_channel channel,
                       const struct sj_sim_instrument *instrument, const struct sj_sim_state *state,
                       char out[SJ_RENDER_MAX]);

/* A decimal without trailing zeros, without quotes: "1087.5", "-3", "0". Returns the end. */
char *sj_render_decimal(char *out, int64_t value_e6);
char *sj_render_integer(char *out, int64_t value);

/* "tick_stk" and so on; "" for a channel without a name. */
const char *sj_sim_channel_name(enum sj_channel channel);

#endif
