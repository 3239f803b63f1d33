/* What all kinds of indicators share; indicator_kinds.c has each of them. */
#include "indicator_kinds.h"

#include <stdlib.h>
#include <string.h>

struct sj_core *sj_core_new(PyTypeObject *type, const struct sj_core_kind *kind)
{
    allocfunc alloc = (allocfunc)(uintptr_t)PyType_GetSlot(type, Py_tp_alloc);
    struct sj_core *core = (struct sj_core *)(void *)alloc(type, 0);
    if (core)
        core->kind = kind;
    return core;
}

bool sj_core_ready(const struct sj_core *core, Py_ssize_t given, Py_ssize_t wanted)
{
    if (given != wanted) {
        PyErr_Format(PyExc_TypeError, "%s takes %zd values, not %zd", core->kind->name, wanted,
                     given);
        return false;
    }
    bool busy = core->busy; /* raising may let the other thread go on */
    if (busy)
        sj_py_raise("BusyError", NULL, -1, "a batch of this %s runs in another thread",
                    core->kind->name);
    return !busy;
}

int sj_core_doubles(PyObject *const *args, Py_ssize_t count, double *ret)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        ret[i] = PyFloat_AsDouble(args[i]);
        if (ret[i] == -1 && PyErr_Occurred())
            return -1;
    }
    return 0;
}

int sj_core_time(PyObject *arg, int64_t *ret_ns)
{
    PyObject *number = PyNumber_Index(arg); /* a NumPy integer, too */
    if (!number)
        return -1;
    *ret_ns = PyLong_AsLongLong(number);
    Py_DECREF(number);
    return *ret_ns == -1 && PyErr_Occurred() ? -1 : 0;
}

int sj_core_numbers(PyObject *sequence, int max, const char *what, double *ret)
{
    Py_ssize_t count = PySequence_Size(sequence);
    if (count < 0)
        return -1;
    if (count > max) {
        PyErr_Format(PyExc_ValueError, "%s has %zd values; at most %d are taken", what, count, max);
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PySequence_GetItem(sequence, i);
        int rc = item ? sj_core_doubles(&item, 1, &ret[i]) : -1;
        Py_XDECREF(item);
        if (rc < 0)
            return -1;
    }
    return (int)count;
}

PyObject *sj_core_refuse(PyObject *self, const char *what)
{
    Py_XDECREF(self);
    PyErr_SetString(PyExc_ValueError, what);
    return NULL;
}

/* --- columns --- */

static bool is_format(const Py_buffer *view, bool int64)
{
    const char *format = view->format ? view->format : "B";
    if (*format == '@' || *format == '=' || *format == '<' || *format == '^')
        format++;
    bool fits = int64 ? *format == 'q' || *format == 'l' : *format == 'd';
    return fits && format[1] == 0 && view->itemsize == 8;
}

static int take_view(struct sj_core_views *views, PyObject *object, bool writable, bool int64)
{
    Py_buffer *view = &views->view[views->count];
    int flags = PyBUF_STRIDES | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
    if (object == Py_None && writable) {
        memset(view, 0, sizeof *view);
        views->column[views->count++] = (struct sj_column){NULL, 0};
        return 0;
    }
    if (PyObject_GetBuffer(object, view, flags) < 0)
        return -1;
    views->column[views->count++] =
        (struct sj_column){view->buf, view->ndim == 1 ? view->strides[0] : 0};
    if (view->ndim != 1) {
        PyErr_Format(PyExc_ValueError, "a column has one dimension, not %d", view->ndim);
        return -1;
    }
    if (!is_format(view, int64)) {
        PyErr_Format(PyExc_TypeError, "a column of %s was expected, not of format %s",
                     int64 ? "int64" : "float64", view->format ? view->format : "B");
        return -1;
    }
    return 0;
}

static int take_all(struct sj_core_views *views, PyObject *tuple, int wanted, bool writable,
                    uint64_t int64)
{
    if (!PyTuple_Check(tuple) || PyTuple_Size(tuple) != wanted) {
        PyErr_Format(PyExc_TypeError, "a tuple of %d columns was expected", wanted);
        return -1;
    }
    for (int i = 0; i < wanted; i++)
        if (take_view(views, PyTuple_GetItem(tuple, i), writable, int64 >> i & 1) < 0)
            return -1;
    return 0;
}

void sj_core_release(struct sj_core_views *views)
{
    while (views->count > 0)
        if (views->view[--views->count].obj)
            PyBuffer_Release(&views->view[views->count]);
}

int64_t sj_core_take(struct sj_core_views *views, PyObject *ins, PyObject *outs,
                     const struct sj_core_columns *wanted)
{
    views->count = 0;
    int rc = take_all(views, ins, wanted->ins, false, wanted->int64_ins);
    if (rc >= 0)
        rc = take_all(views, outs, wanted->outs, true, 0);
    int64_t length = rc >= 0 ? views->view[0].shape[0] : 0;
    for (int i = 1; rc >= 0 && i < views->count; i++) {
        if (!views->view[i].obj || views->view[i].shape[0] == length)
            continue;
        PyErr_Format(PyExc_ValueError, "columns of one batch differ in length: %zd and %zd",
                     (Py_ssize_t)length, views->view[i].shape[0]);
        rc = -1;
    }
    if (rc < 0)
        sj_core_release(views);
    return rc < 0 ? -1 : length;
}

PyObject *sj_core_run_batch(struct sj_core *core, const struct sj_core_kind *kind, PyObject *args)
{
    PyObject *ins, *outs;
    if (!PyArg_ParseTuple(args, "OO", &ins, &outs) || !sj_core_ready(core, 0, 0))
        return NULL;
    struct sj_core_columns wanted = kind->columns(core->state);
    struct sj_core_views *views = malloc(sizeof *views);
    if (!views)
        return PyErr_NoMemory();
    int64_t count = sj_core_take(views, ins, outs, &wanted);
    if (count >= 0 && !sj_core_ready(core, 0, 0)) { /* taking the columns may have run anything */
        sj_core_release(views);
        count = -1;
    }
    if (count < 0) {
        free(views);
        return NULL;
    }
    core->busy = true;
    Py_BEGIN_ALLOW_THREADS;
    kind->batch(core->state, count, views->column, views->column + wanted.ins);
    Py_END_ALLOW_THREADS;
    core->busy = false;
    sj_core_release(views);
    free(views);
    Py_RETURN_NONE;
}

PyObject *sj_core_batch(PyObject *self, PyObject *args)
{
    struct sj_core *core = (struct sj_core *)(void *)self;
    return sj_core_run_batch(core, core->kind, args);
}

/* --- the state --- */

PyObject *sj_core_save(PyObject *self, PyObject *ignored)
{
    struct sj_core *core = (struct sj_core *)(void *)self;
    size_t size = sj_indicator_blob_size(core->kind->kind);
    (void)ignored;
    if (!sj_core_ready(core, 0, 0))
        return NULL;
    void *blob = malloc(size);
    if (!blob)
        return PyErr_NoMemory();
    sj_rc rc = sj_indicator_save(core->kind->kind, core->state, blob, size);
    PyObject *bytes = rc >= 0 ? PyBytes_FromStringAndSize(blob, rc) : PyErr_NoMemory();
    free(blob);
    return bytes;
}

PyObject *sj_core_restore(PyObject *self, PyObject *object)
{
    struct sj_core *core = (struct sj_core *)(void *)self;
    Py_buffer view;
    if (!sj_core_ready(core, 0, 0) || sj_py_buffer(object, false, "a saved state", &view) < 0)
        return NULL;
    if (!sj_core_ready(core, 0, 0)) {
        PyBuffer_Release(&view);
        return NULL;
    }
    sj_rc rc = sj_indicator_restore(core->kind->kind, view.buf, (size_t)view.len, core->state);
    PyBuffer_Release(&view);
    if (rc < 0) {
        sj_py_raise("FormatError", NULL, -1, "not a saved %s: %s", core->kind->name,
                    sj_rc_text(rc));
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *value_of(const uint8_t *at, char type)
{
    double d;
    int64_t q;
    uint32_t i;
    switch (type) {
    case 'd':
        memcpy(&d, at, sizeof d);
        return PyFloat_FromDouble(d);
    case 'I':
        memcpy(&i, at, sizeof i);
        return PyLong_FromUnsignedLong(i);
    default:
        memcpy(&q, at, sizeof q);
        return type == 'Q' ? PyLong_FromUnsignedLongLong((uint64_t)q) : PyLong_FromLongLong(q);
    }
}

PyObject *sj_core_read(PyObject *self, PyObject *name)
{
    const struct sj_core *core = (const struct sj_core *)(void *)self;
    const struct sj_core_field *field = core->kind->fields;
    if (!sj_core_ready(core, 0, 0))
        return NULL;
    while (field->name && PyUnicode_CompareWithASCIIString(name, field->name) != 0)
        field++;
    if (!field->name) {
        PyErr_Format(PyExc_AttributeError, "%s has no value %R", core->kind->name, name);
        return NULL;
    }
    if (field->count == 1)
        return value_of(core->state + field->offset, field->type);
    size_t size = field->type == 'I' ? 4 : 8;
    PyObject *tuple = PyTuple_New(field->count);
    for (uint8_t i = 0; tuple && i < field->count; i++) {
        PyObject *value = value_of(core->state + field->offset + i * size, field->type);
        if (!value || PyTuple_SetItem(tuple, i, value) < 0)
            Py_CLEAR(tuple);
    }
    return tuple;
}

int sj_py_add_indicators(PyObject *module)
{
    if (sj_py_add_book_indicators(module) < 0 || sj_py_add_trade_indicators(module) < 0)
        return -1;
    return sj_py_add_process_indicators(module);
}
