#include "gather.h"

#include "layout.h"

#include "event/fields.h"

#include <stdlib.h>
#include <string.h>

static PyObject *filter_type;

struct sj_filter *sj_filter_of(PyObject *object)
{
    if (PyObject_IsInstance(object, filter_type) == 1)
        return (struct sj_filter *)object;
    PyErr_SetString(PyExc_TypeError, "a shijim._native.Filter is wanted");
    return NULL;
}

/* The filter, when it is of one kind: rows of one size. */
static const struct sj_filter *row_filter_of(PyObject *object, const char *function)
{
    const struct sj_filter *filter = sj_filter_of(object);
    if (!filter || filter->row_size > 0)
        return filter;
    PyErr_Format(PyExc_ValueError, "%s wants a filter of one kind", function);
    return NULL;
}

const struct sj_filter *sj_read_arguments(PyObject *args, Py_buffer *ret_out)
{
    PyObject *object, *out;
    if (!PyArg_ParseTuple(args, "OO", &object, &out))
        return NULL;
    const struct sj_filter *filter = row_filter_of(object, "read");
    return filter && sj_py_buffer(out, true, "out", ret_out) == 0 ? filter : NULL;
}

static int64_t frame_time(const struct sj_frame *frame, bool by_exch)
{
    if (by_exch || frame->block_length < sizeof(struct sj_frame) + 8 - SJ_FRAME_HEAD_SIZE)
        return frame->exch_ns;
    int64_t recv_ns;
    memcpy(&recv_ns, (const uint8_t *)frame + sizeof(struct sj_frame), 8);
    return recv_ns;
}

static bool passes(const struct sj_frame *frame, const struct sj_filter *filter)
{
    if (frame->template_id != filter->template_id && filter->template_id != 0)
        return false;
    if (filter->wanted &&
        (frame->instrument >= filter->wanted_count || !filter->wanted[frame->instrument]))
        return false;
    if (!filter->times)
        return true;
    int64_t ns = frame_time(frame, filter->by_exch);
    return ns >= filter->from_ns && ns < filter->until_ns;
}

bool sj_gather_may(const struct sj_filter *filter, uint32_t src, int64_t first_ns, int64_t last_ns)
{
    if (src >= 64 || !(filter->sources >> src & 1))
        return false;
    return !filter->times || filter->by_exch ||
           (last_ns >= filter->from_ns && first_ns < filter->until_ns);
}

static void copy_row(const struct sj_filter *filter, const uint8_t *frame, uint32_t size,
                     uint8_t *row)
{
    if (filter->piece_count == 0) {
        uint32_t have = size < filter->row_size ? size : filter->row_size;
        memcpy(row, frame, have);
        if (have < filter->row_size)
            memset(row + have, 0, filter->row_size - have);
    } else {
        for (uint32_t i = 0; i < filter->piece_count; i++) {
            const struct sj_piece_copy *piece = &filter->pieces[i];
            if (piece->from + piece->size <= (int)size)
                memcpy(row + piece->to, frame + piece->from, piece->size);
            else
                memset(row + piece->to, 0, piece->size);
        }
    }
    if (filter->ids && filter->id_at >= 0) {
        uint32_t id;
        memcpy(&id, row + filter->id_at, sizeof(id));
        if (id < filter->id_count && filter->ids[id])
            memcpy(row + filter->id_at, &filter->ids[id], sizeof(id));
    }
}

size_t sj_gather(struct sj_run *run, const struct sj_filter *filter, uint8_t *rows, size_t room)
{
    size_t count = 0;
    const uint8_t *at = run->at;
    while (count < room) {
        uint32_t size = sj_run_frame(at, run->end);
        if (size == 0) {
            at = run->end;
            break;
        }
        if (passes((const struct sj_frame *)(const void *)at, filter))
            copy_row(filter, at, size, rows + count++ * filter->row_size);
        at += size;
    }
    run->at = at;
    return count;
}

size_t sj_gather_frames(struct sj_run *run, const struct sj_filter *filter, uint8_t *out,
                        size_t room, size_t *used)
{
    size_t count = 0;
    const uint8_t *at = run->at;
    uint32_t size;
    for (; (size = sj_run_frame(at, run->end)) != 0; at += size) {
        if (!passes((const struct sj_frame *)(const void *)at, filter))
            continue;
        if (size > room - *used)
            break;
        memcpy(out + *used, at, size);
        *used += size;
        count++;
    }
    run->at = size == 0 ? run->end : at;
    return count;
}

size_t sj_gather_look(const struct sj_run *run, const struct sj_filter *filter,
                      const uint8_t **ret_first)
{
    size_t count = 0;
    const uint8_t *first = NULL;
    const uint8_t *next = NULL; /* where the frame after the last that passed would be */
    bool whole = true;
    uint32_t size;
    for (const uint8_t *at = run->at; (size = sj_run_frame(at, run->end)) != 0; at += size) {
        if (!passes((const struct sj_frame *)(const void *)at, filter))
            continue;
        whole = whole && size == filter->frame_size && (count == 0 || at == next);
        first = count == 0 ? at : first;
        next = at + size;
        count++;
    }
    *ret_first = whole ? first : NULL;
    return count;
}

static void filter_dealloc(PyObject *self)
{
    struct sj_filter *filter = (struct sj_filter *)self;
    free(filter->wanted);
    free(filter->ids);
    sj_py_free(self);
}

/* pieces: uint16 triples (from, to, size), or None for whole frames. */
static int set_pieces(struct sj_filter *filter, PyObject *pieces)
{
    uint16_t *copy = NULL;
    size_t count = 0;
    if (sj_py_copy(pieces, 3 * sizeof(*copy), "pieces", (void **)&copy, &count) < 0)
        return -1;
    bool good = count <= SJ_FILTER_PIECES_MAX;
    filter->row_size = copy ? 0 : filter->frame_size;
    filter->id_at = copy ? -1 : (int32_t)offsetof(struct sj_frame, instrument);
    for (size_t i = 0; good && i < count; i++) {
        struct sj_piece_copy piece = {copy[3 * i], copy[3 * i + 1], copy[3 * i + 2]};
        good = piece.size > 0 && piece.from + piece.size <= (int)filter->frame_size &&
               piece.to == filter->row_size;
        filter->pieces[i] = piece;
        filter->row_size += piece.size;
        if (piece.from == offsetof(struct sj_frame, instrument))
            filter->id_at = piece.to;
    }
    filter->piece_count = (uint32_t)count;
    free(copy);
    if (good && (!copy || count > 0))
        return 0;
    PyErr_SetString(PyExc_ValueError, "pieces do not fit the frame");
    return -1;
}

static PyObject *filter_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    (void)kwargs;
    unsigned int template_id;
    PyObject *pieces = Py_None, *wanted = Py_None, *ids = Py_None;
    unsigned long long sources = UINT64_MAX;
    long long from_ns = INT64_MIN, until_ns = INT64_MAX;
    int by_exch = 0;
    if (!PyArg_ParseTuple(args, "I|OKLLpOO", &template_id, &pieces, &sources, &from_ns, &until_ns,
                          &by_exch, &wanted, &ids))
        return NULL;
    const struct sj_event_fields *event =
        template_id <= UINT16_MAX ? sj_event_fields((uint16_t)template_id) : NULL;
    if (!event && template_id != 0)
        return PyErr_Format(PyExc_ValueError, "there is no kind of event with template id %u",
                            template_id);
    allocfunc allocate = (allocfunc)(uintptr_t)PyType_GetSlot(type, Py_tp_alloc);
    struct sj_filter *filter = (struct sj_filter *)allocate(type, 0);
    if (!filter)
        return NULL;
    filter->template_id = template_id;
    filter->frame_size = event ? event->size : 0;
    filter->sources = sources;
    filter->from_ns = from_ns;
    filter->until_ns = until_ns;
    filter->by_exch = by_exch;
    filter->times = from_ns != INT64_MIN || until_ns != INT64_MAX;
    size_t wanted_count = 0, id_count = 0;
    if (set_pieces(filter, pieces) < 0 ||
        sj_py_copy(wanted, 1, "wanted", (void **)&filter->wanted, &wanted_count) < 0 ||
        sj_py_copy(ids, sizeof(uint32_t), "ids", (void **)&filter->ids, &id_count) < 0) {
        Py_DECREF(filter);
        return NULL;
    }
    filter->wanted_count = (uint32_t)wanted_count;
    filter->id_count = (uint32_t)id_count;
    return (PyObject *)filter;
}

/* gather(data, filter, out) -> (rows, bytes consumed) */
static PyObject *py_gather(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *data, *filter_object, *out;
    Py_buffer from, to;
    if (!PyArg_ParseTuple(args, "OOO", &data, &filter_object, &out))
        return NULL;
    const struct sj_filter *filter = row_filter_of(filter_object, "gather");
    if (!filter || sj_py_buffer(data, false, "data", &from) < 0)
        return NULL;
    if (sj_py_buffer(out, true, "out", &to) < 0) {
        PyBuffer_Release(&from);
        return NULL;
    }
    struct sj_run run = {.at = from.buf, .end = (uint8_t *)from.buf + from.len};
    size_t count;
    Py_BEGIN_ALLOW_THREADS count =
        sj_gather(&run, filter, to.buf, (size_t)to.len / filter->row_size);
    Py_END_ALLOW_THREADS Py_ssize_t consumed = run.at - (uint8_t *)from.buf;
    PyBuffer_Release(&to);
    PyBuffer_Release(&from);
    return Py_BuildValue("(nn)", (Py_ssize_t)count, consumed);
}

/* offsets(data, out) -> count: where each frame begins, as uint32; out may be None to count. */
static PyObject *py_offsets(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *data, *out;
    Py_buffer from, to = {0};
    if (!PyArg_ParseTuple(args, "OO", &data, &out) || sj_py_buffer(data, false, "data", &from) < 0)
        return NULL;
    if (out != Py_None && sj_py_buffer(out, true, "out", &to) < 0) {
        PyBuffer_Release(&from);
        return NULL;
    }
    const uint8_t *begin = from.buf;
    const uint8_t *end = begin + from.len;
    size_t room = out == Py_None ? SIZE_MAX : (size_t)to.len / sizeof(uint32_t);
    size_t count = 0;
    uint32_t size;
    for (const uint8_t *at = begin; count < room && (size = sj_run_frame(at, end)) != 0;
         at += size) {
        uint32_t offset = (uint32_t)(at - begin);
        if (to.buf)
            memcpy((uint8_t *)to.buf + count * sizeof(offset), &offset, sizeof(offset));
        count++;
    }
    if (to.buf)
        PyBuffer_Release(&to);
    PyBuffer_Release(&from);
    return PyLong_FromSize_t(count);
}

static PyType_Slot filter_slots[] = {
    {Py_tp_new, SJ_PY_SLOT(filter_new)},
    {Py_tp_dealloc, SJ_PY_SLOT(filter_dealloc)},
    {0, NULL},
};
static PyType_Spec filter_spec = {.name = "shijim._native.Filter",
                                  .basicsize = sizeof(struct sj_filter),
                                  .flags = Py_TPFLAGS_DEFAULT,
                                  .slots = filter_slots};

static PyMethodDef functions[] = {
    {"layouts", sj_py_layouts, METH_NOARGS, NULL},
    {"gather", py_gather, METH_VARARGS, NULL},
    {"offsets", py_offsets, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

int sj_py_add_gather(PyObject *module)
{
    if (PyModule_AddFunctions(module, functions) < 0)
        return -1;
    return sj_py_add_type(module, &filter_spec, &filter_type);
}
