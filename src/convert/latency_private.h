/* latency_private.h: what latency.c (draws) and latency_file.c (reading) share. */
#ifndef SJ_CONVERT_LATENCY_PRIVATE_H
#define SJ_CONVERT_LATENCY_PRIVATE_H

#include "base/clock.h"
#include "convert/latency.h"

#define SJ_LATENCY_MAX SJ_NS_PER_DAY

enum sj_latency_model {
    SJ_LATENCY_CONSTANT,
    SJ_LATENCY_NORMAL,
    SJ_LATENCY_LOGNORMAL,
    SJ_LATENCY_PARETO,
    SJ_LATENCY_SAMPLES,
    SJ_LATENCY_HISTOGRAM,
    SJ_LATENCY_CURVE
};

struct sj_latency {
    enum sj_latency_model model;
    uint64_t seed;
    int64_t first_ns; /* constant, mean, median or least */
    double second;    /* deviation in ns, sigma or alpha */
    size_t count;
    int64_t *times; /* CURVE: rising; HISTOGRAM: counts up to and with this value */
    int64_t *values;
};

SJ_MUST_USE sj_rc sj_latency_read(struct sj_latency *latency, const char *path, const char *stream,
                                  char error[256]);

/* Puts a line into `error`; -SJ_E_MALFORMED. */
__attribute__((format(printf, 2, 3))) sj_rc sj_latency_refuse(char error[256], const char *format,
                                                              ...);

#endif
