/*
 * outputs.h: the files of rows that a run writes: one, or one for each instrument, trading day, or
 * both, as `{symbol}` and `{day}` in the name of the output say.
 *
 * While a run lasts its rows lie in PATH.part, in the order of the input; PATH appears when it is
 * whole. Bytes of an instrument's code that no file name should hold are written %XX.
 *
 * Errors   -SJ_E_LIMIT: more than SJ_OUTPUTS_MAX; else errno.
 * Threads  [turn] the worker whose piece is next, under the run's lock. [any] write.
 * Memory   1.5 KB an output. As many are held open as the process may; the rest is opened to be
 *          written.
 */
#ifndef SJ_CONVERT_OUTPUTS_H
#define SJ_CONVERT_OUTPUTS_H

#include "convert/bundle.h"

/* What a later run needs to know of an output; plain data, kept in OUT.resume. */
struct sj_track {
    char symbol[SJ_SYMBOL_SIZE + 8]; /* the instrument, when known */
    int32_t day;                     /* of a file of one day */
    int32_t first_day;
    uint32_t crc; /* of all rows */
    bool has_book;
    bool has_running;
    bool sorted_exch;
    bool sorted_local;
    uint64_t row_count;
    struct sj_counts counts; /* of its records */
    int64_t running, running_ns;
    int64_t max_exch, max_local, min_exch, min_latency;
    struct sj_levels last_book;
};

struct sj_piece_crc {
    uint32_t crc;
    uint64_t size;
};

struct sj_output {
    struct sj_track track;
    char *path; /* owned, as what follows */
    char *part_path;
    int fd;             /* -1: opened when it is needed */
    uint32_t slot;      /* in the list */
    uint64_t turn;      /* batches taken */
    bool ordered;       /* the second pass wrote PATH.part.ordered */
    uint64_t row_count; /* in the finished file */
    int64_t shift_ns;
    uint64_t crc_first;
    size_t crc_max;
    struct sj_piece_crc *crcs; /* of batches from crc_first on */
};

struct sj_outputs {
    const char *name; /* with {symbol}, {day}; the caller's */
    bool by_symbol;
    bool by_day;
    bool fileless;           /* of a journal: one output, and its events go elsewhere */
    struct sj_output **list; /* owned; in the order of first sight */
    uint32_t count;
    uint32_t room;
    uint32_t *slots;
    size_t slot_max;
    uint32_t open_count;
    uint32_t open_max;
};

/* Finds the placeholders of a name. -SJ_E_MALFORMED: another {word} is in it. */
SJ_MUST_USE sj_rc sj_outputs_init(struct sj_outputs *outputs, const char *name);
void sj_outputs_done(struct sj_outputs *outputs);

static inline bool sj_outputs_many(const struct sj_outputs *outputs)
{
    return outputs->by_symbol || outputs->by_day;
}

/* What stands for the run as a whole: the name, or the folder of the first placeholder with the
 * rest as one name and `all` for the placeholders: out/{symbol}/{day}.npz is out/all_all.npz. */
void sj_outputs_base(const struct sj_outputs *outputs, char *to, size_t size);

/* The output of an instrument and day (as far as they make one), new or known. [turn] */
SJ_MUST_USE sj_rc sj_outputs_get(struct sj_outputs *outputs, const char *symbol, int32_t day,
                                 struct sj_output **ret_output);

/* Adds an output with this state, whose rows are in PATH.part already (or in PATH, if
 * `finishing`). -SJ_E_LAYOUT: they are not. */
SJ_MUST_USE sj_rc sj_outputs_restore(struct sj_outputs *outputs, const struct sj_track *track,
                                     uint64_t front, bool finishing);

/* A descriptor of PATH.part; *ret_own: the caller closes it. [any] */
SJ_MUST_USE sj_rc sj_output_fd(const struct sj_output *output, int *ret_fd, bool *ret_own);

/* Where the checksum of a batch goes; NULL: out of memory. [turn] */
struct sj_piece_crc *sj_output_crc(struct sj_output *output, uint64_t turn);

/* All batches taken are written: their checksums become one. [turn] */
void sj_output_fold(struct sj_output *output);

/* Removes what a run that failed leaves. */
void sj_outputs_unlink(struct sj_outputs *outputs);

#endif
