/*
 * gather.h: frames to rows: those of one kind that pass a filter, copied in one pass into an array.
 *
 * A row is the frame as it lies (all of it), or the fields that were asked for, packed.
 *
 * Threads  pure functions on what they are given: no GIL needed. A filter never changes.
 */
#ifndef SJ_PY_GATHER_H
#define SJ_PY_GATHER_H

#include "native.h"

#include "event/event.h"

#define SJ_FILTER_PIECES_MAX 96

struct sj_piece_copy {
    uint16_t from; /* in the frame */
    uint16_t to;   /* in the row */
    uint16_t size;
};

struct sj_filter {
    PyObject_HEAD uint32_t template_id;
    uint32_t frame_size; /* of this kind in the version we know */
    uint32_t row_size;
    uint32_t piece_count;
    struct sj_piece_copy pieces[SJ_FILTER_PIECES_MAX];
    uint64_t sources; /* bit by source id */
    int64_t from_ns;  /* from_ns <= t < until_ns */
    int64_t until_ns;
    bool by_exch;    /* t is exch_ns, else recv_ns */
    bool times;      /* there is a limit at all */
    uint8_t *wanted; /* by instrument id; NULL: all */
    uint32_t wanted_count;
    uint32_t *ids; /* new id by id, 0: leave as it is; NULL: none */
    uint32_t id_count;
    int32_t id_at; /* where a row has the instrument; -1: nowhere */
};

/* Frames back to back, of one source. */
struct sj_run {
    const uint8_t *at;
    const uint8_t *end;
    uint32_t src;
};

/* The size of the frame at `at`, or 0 where none begins that fits before `end`. */
static inline uint32_t sj_run_frame(const uint8_t *at, const uint8_t *end)
{
    if (end - at < SJ_FRAME_UNIT)
        return 0;
    uint32_t size = sj_frame_size(at);
    bool fits = size >= SJ_FRAME_UNIT && size % SJ_FRAME_UNIT == 0 && size <= (size_t)(end - at);
    return fits ? size : 0;
}

/* Copies what passes to `rows`, at most `room` rows; run->at moves behind the last frame looked at.
 * What is no frame ends the run. */
size_t sj_gather(struct sj_run *run, const struct sj_filter *filter, uint8_t *rows, size_t room);

/* As sj_gather, but whole frames of any size: they go to out + *used, and *used moves; what does
 * not fit before `room` is left in the run. */
size_t sj_gather_frames(struct sj_run *run, const struct sj_filter *filter, uint8_t *out,
                        size_t room, size_t *used);

/* What a view of the run needs: how many pass, and, if they lie back to back and are whole frames
 * of the size we know, where the first is (else NULL). */
size_t sj_gather_look(const struct sj_run *run, const struct sj_filter *filter,
                      const uint8_t **ret_first);

/* Whether anything of a run of this source and these receive times can pass. */
bool sj_gather_may(const struct sj_filter *filter, uint32_t src, int64_t first_ns, int64_t last_ns);

/* The filter behind a Python object, or NULL with TypeError. */
struct sj_filter *sj_filter_of(PyObject *object);

/* What read(filter, out) of journals and archives is called with: the filter, which is of one kind,
 * and the buffer to release; or NULL with an exception and nothing held. */
const struct sj_filter *sj_read_arguments(PyObject *args, Py_buffer *ret_out);

int sj_py_add_gather(PyObject *module);

#endif
