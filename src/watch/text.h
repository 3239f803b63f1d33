/*
 * text.h: a growing text, and Prometheus's exposition format (0.0.4) written into it.
 *
 * The families of interface.md in a fixed order; each gets HELP and TYPE once, then its samples.
 * Counters end in _total, times are seconds, sizes bytes. Latencies come out as summaries with
 * quantiles 0.5 0.9 0.99 0.999 and a gauge NAME_max.
 *
 * Errors   out of memory is remembered and told by sj_text_failed; writing goes on doing nothing.
 * Threads  one writer per text.
 */
#ifndef SJ_WATCH_TEXT_H
#define SJ_WATCH_TEXT_H

#include "base/hist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SJ_TEXT_SIZE_MAX (16u << 20)

struct sj_text {
    char *bytes; /* owned; always terminated when size > 0 */
    size_t size;
    size_t capacity;
    bool failed;
};

void sj_text_done(struct sj_text *text);
bool sj_text_failed(const struct sj_text *text);

__attribute__((format(printf, 2, 3))) void sj_text_add(struct sj_text *text, const char *format,
                                                       ...);

/* A label's value: backslash, quote and newline are escaped, what is longer than 64 bytes is cut.
 */
#define SJ_LABEL_MAX 160
const char *sj_text_label(const char *value, char buffer[SJ_LABEL_MAX]);

/* Starts a family: type is "counter", "gauge" or "summary". */
void sj_prom_family(struct sj_text *text, const char *name, const char *type, const char *help);

/* One sample; `labels` as they stand between the braces, or "". */
void sj_prom_uint(struct sj_text *text, const char *name, const char *labels, uint64_t value);
void sj_prom_real(struct sj_text *text, const char *name, const char *labels, double value);

/* A whole family of one histogram of nanoseconds, in seconds. */
void sj_prom_summary(struct sj_text *text, const char *name, const char *help, const char *labels,
                     const struct sj_hist *hist_ns);

#endif
