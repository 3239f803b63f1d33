/*
 * bus.c: the live rings for Python: a reader that may be lapped and says so, and a producer for the
 * processes of users.
 *
 * Frames are copied out before they are released, so what Python holds is never overwritten. A span
 * that was overtaken while it was copied is thrown away whole, and counted as lost by the bus.
 *
 * Threads  an object belongs to one thread at a time; another one that comes meanwhile gets an
 *          error. The GIL is released while frames are copied and while waiting.
 */
#include "bus.h"

#include "gather.h"
#include "guard.h"

#include "bus/bus.h"

#include <stdlib.h>
#include <string.h>

#define SPAN_SIZE (1u << 20)
#define WAIT_SLICE_NS 50000000

struct live {
    PyObject_HEAD struct sj_bus_reader *reader;
    bool busy;
    bool broken;
    char name[4096];
};

static int live_take(struct live *live)
{
    if (live->reader == NULL)
        sj_py_raise("ClosedError", live->name, -1, "detached from the ring");
    else if (live->broken)
        sj_py_raise("LiveError", live->name, -1, "the ring's file was cut; attach anew");
    else if (live->busy)
        sj_py_raise("BusyError", live->name, -1,
                    "another thread reads with this reader; give each thread its own");
    else
        return (int)(live->busy = true) - 1;
    return -1;
}

static void live_dealloc(PyObject *self)
{
    struct live *live = (struct live *)self;
    if (!live->broken)
        sj_bus_detach(live->reader);
    sj_py_free(self);
}

/* BusReader(dir or None, ring, reader's name, from_seq) */
static PyObject *live_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    (void)kwargs;
    const char *dir, *name, *reader_name;
    unsigned long long from_seq;
    if (!PyArg_ParseTuple(args, "zssK", &dir, &name, &reader_name, &from_seq))
        return NULL;
    struct sj_bus_reader_options options = {.dir = dir,
                                            .name = name,
                                            .reader_name = reader_name,
                                            .policy = SJ_BUS_LOSSY,
                                            .from_seq = from_seq};
    sj_guard_install();
    allocfunc allocate = (allocfunc)(uintptr_t)PyType_GetSlot(type, Py_tp_alloc);
    struct live *live = (struct live *)allocate(type, 0);
    if (!live)
        return NULL;
    snprintf(live->name, sizeof(live->name), "%s%s%s", dir ? dir : "", dir ? "/" : "", name);
    sj_rc rc = sj_bus_attach(&options, &live->reader);
    if (rc >= 0)
        return (PyObject *)live;
    live->reader = NULL;
    sj_py_raise("LiveError", live->name, -1, "cannot be attached to: %s", sj_rc_text(rc));
    Py_DECREF(live);
    return NULL;
}

struct poll {
    const struct sj_filter *filter;
    uint8_t *out;
    size_t room; /* bytes */
    size_t used;
    size_t count;
};

/* Copies whole frames that pass; the span is no larger than the room. */
static void copy_frames(const struct sj_bus_span *span, struct poll *poll)
{
    struct sj_run run = {.at = span->begin, .end = span->end, .src = span->src};
    poll->count += sj_gather_frames(&run, poll->filter, poll->out, poll->room, &poll->used);
}

static void copy_rows(const struct sj_bus_span *span, struct poll *poll)
{
    uint32_t row_size = poll->filter->row_size;
    struct sj_run run = {.at = span->begin, .end = span->end, .src = span->src};
    size_t count =
        sj_gather(&run, poll->filter, poll->out + poll->used, (poll->room - poll->used) / row_size);
    poll->count += count;
    poll->used += count * row_size;
}

/* How much may be drained so that all that passes has room; 0: too little is left. */
static size_t drain_size(const struct poll *poll)
{
    size_t left = poll->room - poll->used;
    if (poll->filter->template_id != 0)
        left = left / poll->filter->row_size * poll->filter->frame_size;
    left = left > SPAN_SIZE ? SPAN_SIZE : left;
    return left >= SJ_EVENT_SIZE_MAX ? left : 0;
}

/* 1: more may come at once; 0: caught up, or full; else an error. Without the GIL. */
static sj_rc poll_span(struct live *live, struct poll *poll)
{
    struct sj_bus_span span;
    struct sj_guard guard;
    size_t size = drain_size(poll);
    struct poll before = *poll;
    if (size == 0)
        return 0;
    if (sigsetjmp(guard.back, 0) != 0) {
        live->broken = true;
        return -EFAULT;
    }
    sj_guard_enter(&guard);
    sj_rc rc = sj_bus_drain(live->reader, size, &span);
    if (rc > 0) {
        if (poll->filter->template_id == 0)
            copy_frames(&span, poll);
        else
            copy_rows(&span, poll);
        rc = sj_bus_release(live->reader);
        if (rc < 0)
            *poll = before;
        rc = rc < 0 ? rc : 1;
    }
    sj_guard_leave(&guard);
    return rc == -SJ_E_LAPPED ? 1 : rc; /* counted; go on with what is there */
}

/* poll(filter, out) -> (frames, bytes of `out` that were filled, has the producer closed?) */
static PyObject *live_poll(PyObject *self, PyObject *args)
{
    struct live *live = (struct live *)self;
    PyObject *filter, *out;
    Py_buffer view;
    if (!PyArg_ParseTuple(args, "OO", &filter, &out))
        return NULL;
    struct poll poll = {.filter = sj_filter_of(filter)};
    if (!poll.filter || sj_py_buffer(out, true, "out", &view) < 0)
        return NULL;
    if (live_take(live) < 0) {
        PyBuffer_Release(&view);
        return NULL;
    }
    poll.out = view.buf;
    poll.room = (size_t)view.len;
    sj_rc rc = 1;
    sj_guard_install();
    Py_BEGIN_ALLOW_THREADS while (rc > 0) rc = poll_span(live, &poll);
    Py_END_ALLOW_THREADS live->busy = false;
    PyBuffer_Release(&view);
    if (rc < 0 && rc != -SJ_E_CLOSED && poll.count == 0) {
        sj_py_raise("LiveError", live->name, -1, "%s", sj_rc_text(rc));
        return NULL;
    }
    return Py_BuildValue("(nnO)", (Py_ssize_t)poll.count, (Py_ssize_t)poll.used,
                         rc == -SJ_E_CLOSED ? Py_True : Py_False);
}

/* wait(timeout_ns) -> is there something? Ctrl-C ends it. */
static PyObject *live_wait(PyObject *self, PyObject *args)
{
    struct live *live = (struct live *)self;
    long long left_ns;
    if (!PyArg_ParseTuple(args, "L", &left_ns) || live_take(live) < 0)
        return NULL;
    sj_rc rc = 0;
    int interrupted = 0;
    do {
        int64_t slice_ns = left_ns < WAIT_SLICE_NS ? left_ns : WAIT_SLICE_NS;
        Py_BEGIN_ALLOW_THREADS rc = sj_bus_wait(live->reader, slice_ns > 0 ? slice_ns : 0, false);
        Py_END_ALLOW_THREADS left_ns -= slice_ns;
        interrupted = PyErr_CheckSignals();
    } while (rc == 0 && left_ns > 0 && interrupted == 0);
    live->busy = false;
    return interrupted < 0 ? NULL : PyBool_FromLong(rc > 0);
}

/* lost(topic or -1): events lost since it was attached, in all or of one instrument. */
static PyObject *live_lost(PyObject *self, PyObject *args)
{
    struct live *live = (struct live *)self;
    long long topic;
    if (!PyArg_ParseTuple(args, "L", &topic) || live_take(live) < 0)
        return NULL;
    uint64_t lost = topic < 0 || topic > UINT32_MAX
                        ? sj_bus_reader_lost(live->reader)
                        : sj_bus_reader_lost_topic(live->reader, (uint32_t)topic);
    live->busy = false;
    return PyLong_FromUnsignedLongLong(lost);
}

/* place() -> (source, sequence of the next event to read) */
static PyObject *live_place(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    struct live *live = (struct live *)self;
    if (live_take(live) < 0)
        return NULL;
    uint32_t src = sj_bus_reader_src(live->reader);
    uint64_t seq = sj_bus_reader_next_seq(live->reader);
    live->busy = false;
    return Py_BuildValue("(IK)", (unsigned int)src, (unsigned long long)seq);
}

static PyObject *live_close(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    struct live *live = (struct live *)self;
    if (live->busy) {
        sj_py_raise("BusyError", live->name, -1, "another thread reads with this reader");
        return NULL;
    }
    if (!live->broken)
        sj_bus_detach(live->reader);
    live->reader = NULL;
    Py_RETURN_NONE;
}

static PyMethodDef live_methods[] = {
    {"close", live_close, METH_NOARGS, NULL}, {"lost", live_lost, METH_VARARGS, NULL},
    {"place", live_place, METH_NOARGS, NULL}, {"poll", live_poll, METH_VARARGS, NULL},
    {"wait", live_wait, METH_VARARGS, NULL},  {NULL, NULL, 0, NULL},
};
static PyType_Slot live_slots[] = {
    {Py_tp_new, SJ_PY_SLOT(live_new)},
    {Py_tp_dealloc, SJ_PY_SLOT(live_dealloc)},
    {Py_tp_methods, live_methods},
    {0, NULL},
};
static PyType_Spec live_spec = {.name = "shijim._native.BusReader",
                                .basicsize = sizeof(struct live),
                                .flags = Py_TPFLAGS_DEFAULT,
                                .slots = live_slots};

struct producer {
    PyObject_HEAD struct sj_bus *bus;
    bool busy;
    char name[SJ_BUS_NAME_MAX + 1];
};

static void producer_dealloc(PyObject *self)
{
    sj_bus_close(((struct producer *)self)->bus);
    sj_py_free(self);
}

/* BusProducer(dir or None, name, source, size, topics) */
static PyObject *producer_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    (void)kwargs;
    const char *dir, *name;
    unsigned int src, topics;
    unsigned long long size;
    if (!PyArg_ParseTuple(args, "zsIKI", &dir, &name, &src, &size, &topics))
        return NULL;
    struct sj_bus_options options = {
        .dir = dir, .name = name, .src = src, .size = size, .topic_count = topics};
    allocfunc allocate = (allocfunc)(uintptr_t)PyType_GetSlot(type, Py_tp_alloc);
    struct producer *producer = (struct producer *)allocate(type, 0);
    if (!producer)
        return NULL;
    snprintf(producer->name, sizeof(producer->name), "%s", name);
    sj_rc rc = sj_bus_create(&options, &producer->bus);
    if (rc >= 0)
        return (PyObject *)producer;
    producer->bus = NULL;
    sj_py_raise("LiveError", name, -1, "the ring cannot be made: %s", sj_rc_text(rc));
    Py_DECREF(producer);
    return NULL;
}

static sj_rc check_frames(const Py_buffer *view, uint32_t *ret_count)
{
    const uint8_t *at = view->buf;
    const uint8_t *end = at + view->len;
    uint32_t count = 0;
    for (uint32_t size; at < end; at += size, count++)
        if ((size = sj_run_frame(at, end)) == 0)
            return -SJ_E_MALFORMED;
    *ret_count = count;
    return 0;
}

/* publish(frames) -> the last one's sequence. All or none. */
static PyObject *producer_publish(PyObject *self, PyObject *frames)
{
    struct producer *producer = (struct producer *)self;
    Py_buffer view;
    uint32_t count = 0;
    if (sj_py_buffer(frames, false, "frames", &view) < 0)
        return NULL;
    sj_rc rc = -SJ_E_CLOSED;
    if (producer->bus && !producer->busy) {
        rc = check_frames(&view, &count);
        if (rc >= 0 && count > 0)
            rc = sj_bus_publish_many(producer->bus, view.buf, (size_t)view.len, count);
        if (rc >= 0)
            sj_bus_beat(producer->bus);
    }
    PyBuffer_Release(&view);
    if (rc >= 0)
        return PyLong_FromUnsignedLongLong(sj_bus_last_seq(producer->bus));
    sj_py_raise(producer->bus ? "LiveError" : "ClosedError", producer->name, -1,
                "cannot be published: %s", sj_rc_text(rc));
    return NULL;
}

static PyObject *producer_close(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    struct producer *producer = (struct producer *)self;
    sj_bus_close(producer->bus);
    producer->bus = NULL;
    Py_RETURN_NONE;
}

static PyMethodDef producer_methods[] = {
    {"close", producer_close, METH_NOARGS, NULL},
    {"publish", producer_publish, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
static PyType_Slot producer_slots[] = {
    {Py_tp_new, SJ_PY_SLOT(producer_new)},
    {Py_tp_dealloc, SJ_PY_SLOT(producer_dealloc)},
    {Py_tp_methods, producer_methods},
    {0, NULL},
};
static PyType_Spec producer_spec = {.name = "shijim._native.BusProducer",
                                    .basicsize = sizeof(struct producer),
                                    .flags = Py_TPFLAGS_DEFAULT,
                                    .slots = producer_slots};

static int add_name(const char *name, void *context)
{
    PyObject **list = context;
    PyObject *text = PyUnicode_DecodeFSDefault(name);
    if (!text || PyList_Append(*list, text) < 0)
        Py_CLEAR(*list);
    Py_XDECREF(text);
    return *list == NULL;
}

/* rings(dir or None) -> names */
static PyObject *py_rings(PyObject *self, PyObject *args)
{
    (void)self;
    const char *dir;
    if (!PyArg_ParseTuple(args, "z", &dir))
        return NULL;
    PyObject *list = PyList_New(0);
    sj_rc rc = list ? sj_bus_list(dir, add_name, &list) : 0;
    if (rc < 0 && rc != -ENOENT && list) {
        Py_CLEAR(list);
        sj_py_raise("LiveError", dir, -1, "cannot be listed: %s", sj_rc_text(rc));
    }
    return list;
}

/* ring(dir or None, name) -> (source, pid, alive, closed, size, last_seq, readers) */
static PyObject *py_ring(PyObject *self, PyObject *args)
{
    (void)self;
    const char *dir, *name;
    if (!PyArg_ParseTuple(args, "zs", &dir, &name))
        return NULL;
    struct sj_bus_stat *stat = malloc(sizeof(*stat));
    if (!stat)
        return PyErr_NoMemory();
    sj_rc rc = sj_bus_stat(dir, name, stat);
    PyObject *result = NULL;
    if (rc < 0)
        sj_py_raise("LiveError", name, -1, "no ring: %s", sj_rc_text(rc));
    else
        result = Py_BuildValue("(IiNNKKI)", (unsigned int)stat->src, (int)stat->producer_pid,
                               PyBool_FromLong(stat->producer_alive), PyBool_FromLong(stat->closed),
                               (unsigned long long)stat->size, (unsigned long long)stat->last_seq,
                               (unsigned int)stat->reader_count);
    free(stat);
    return result;
}

static PyMethodDef functions[] = {
    {"ring", py_ring, METH_VARARGS, NULL},
    {"rings", py_rings, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

int sj_py_add_bus(PyObject *module)
{
    if (PyModule_AddFunctions(module, functions) < 0 ||
        sj_py_add_type(module, &live_spec, NULL) < 0)
        return -1;
    return sj_py_add_type(module, &producer_spec, NULL);
}
