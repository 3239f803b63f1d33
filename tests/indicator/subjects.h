/*
 * subjects.h: every indicator behind one interface, so that what must hold for all is tested on
 * all.
 */
#ifndef SJ_TESTS_INDICATOR_SUBJECTS_H
#define SJ_TESTS_INDICATOR_SUBJECTS_H

#include "shijim/indicator.h"

#define SUBJECT_INPUTS_MAX 40
#define SUBJECT_OUTPUTS_MAX 11
#define SUBJECT_STATE_MAX 8192

enum input_kind { INPUT_PRICE, INPUT_QUANTITY, INPUT_FLOW, INPUT_TIME };

/* One 8-byte cell of a column. */
union cell {
    double value;
    int64_t time_ns;
};

struct subject {
    const char *name;
    enum sj_indicator_kind kind; /* 0: no state */
    uint32_t input_count, output_count;
    enum input_kind input[SUBJECT_INPUTS_MAX];
    void (*init)(void *state, uint32_t variant);
    void (*update)(void *state, const union cell *in, double *out);
    void (*batch)(void *state, int64_t count, const struct sj_column *in,
                  const struct sj_column *out);
};

extern const struct subject subjects[];
extern const uint32_t subject_count;

/* A cell as markets send them, and one in sixteen as they should not: NaN, infinities, zeroes,
 * negative, huge and tiny numbers, times that step back. `walk` is the caller's, 0 at first. */
union cell subject_cell(enum input_kind kind, uint64_t *seed, int64_t *walk);

#endif
