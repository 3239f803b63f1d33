/*
 * arrow.c: arrays and streams of rows as PyCapsules of the Arrow C data interface.
 *
 * Threads  making a capsule needs the GIL, which is released while columns are copied. A stream's
 *          callbacks take the GIL themselves: a consumer may call them from any thread.
 */
#include "arrow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct plan {
    struct sj_arrow_column *columns;
    Py_ssize_t count;
};

static void plan_done(struct plan *plan)
{
    for (Py_ssize_t i = 0; i < plan->count; i++) {
        for (uint32_t j = 0; plan->columns[i].words && j < plan->columns[i].word_count; j++)
            free(plan->columns[i].words[j]);
        free((void *)plan->columns[i].words);
        free(plan->columns[i].name);
    }
    free(plan->columns);
    *plan = (struct plan){0};
}

static char *copy_text(PyObject *text)
{
    PyObject *bytes = text ? PyUnicode_AsUTF8String(text) : NULL;
    char *copy = bytes ? strdup(PyBytes_AsString(bytes)) : NULL;
    if (bytes && !copy)
        PyErr_NoMemory();
    Py_XDECREF(bytes);
    return copy;
}

static int read_words(PyObject *words, struct sj_arrow_column *column)
{
    Py_ssize_t count = PySequence_Size(words);
    if (count < 0 || count > INT32_MAX)
        return -1;
    column->words = calloc((size_t)count + 1, sizeof(char *));
    if (!column->words)
        return -1;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *word = PySequence_GetItem(words, i);
        column->words[i] = copy_text(word);
        Py_XDECREF(word);
        if (!column->words[i])
            return -1;
        column->word_count = (uint32_t)i + 1;
    }
    return 0;
}

static const uint8_t kind_sizes[SJ_ARROW_KINDS] = {
    [SJ_ARROW_U8] = 1,   [SJ_ARROW_U16] = 2,    [SJ_ARROW_U32] = 4,  [SJ_ARROW_U64] = 8,
    [SJ_ARROW_I32] = 4,  [SJ_ARROW_I64] = 8,    [SJ_ARROW_E6] = 8,   [SJ_ARROW_PRICE] = 8,
    [SJ_ARROW_TIME] = 8, [SJ_ARROW_FLAGS] = 4,  [SJ_ARROW_ENUM] = 1, [SJ_ARROW_CHAR] = 1,
    [SJ_ARROW_TEXT] = 0, [SJ_ARROW_SYMBOL] = 4,
};

static int read_column(PyObject *item, size_t row_size, struct sj_arrow_column *column)
{
    PyObject *name, *words;
    unsigned int kind, offset, size;
    if (!PyArg_ParseTuple(item, "OIIIO", &name, &kind, &offset, &size, &words))
        return -1;
    if (kind >= SJ_ARROW_KINDS || size > row_size || offset > row_size - size || size == 0 ||
        (kind_sizes[kind] != 0 && kind_sizes[kind] != size)) {
        PyErr_SetString(PyExc_ValueError, "a column does not fit the row");
        return -1;
    }
    column->kind = (enum sj_column_kind)kind;
    column->offset = offset;
    column->size = size;
    column->name = copy_text(name);
    return column->name ? read_words(words, column) : -1;
}

/* plan: [(name, kind, offset, size, words)] */
static int read_plan(PyObject *list, size_t row_size, struct plan *plan)
{
    Py_ssize_t count = PySequence_Size(list);
    if (count < 0)
        return -1;
    plan->columns = calloc((size_t)count + 1, sizeof(*plan->columns));
    for (Py_ssize_t i = 0; plan->columns && i < count; i++) {
        PyObject *item = PySequence_GetItem(list, i);
        plan->count = i + 1;
        int rc = item ? read_column(item, row_size, &plan->columns[i]) : -1;
        Py_XDECREF(item);
        if (rc < 0) {
            if (!PyErr_Occurred())
                PyErr_NoMemory();
            plan_done(plan);
            return -1;
        }
    }
    if (!plan->columns)
        PyErr_NoMemory();
    return plan->columns ? 0 : -1;
}

static void drop_schema(PyObject *capsule)
{
    struct ArrowSchema *schema = PyCapsule_GetPointer(capsule, "arrow_schema");
    if (schema && schema->release)
        schema->release(schema);
    free(schema);
}

static void drop_array(PyObject *capsule)
{
    struct ArrowArray *array = PyCapsule_GetPointer(capsule, "arrow_array");
    if (array && array->release)
        array->release(array);
    free(array);
}

static PyObject *schema_capsule(const struct plan *plan)
{
    struct ArrowSchema *schema = calloc(1, sizeof(*schema));
    if (!schema || sj_arrow_schema(plan->columns, plan->count, schema) < 0) {
        free(schema);
        return PyErr_NoMemory();
    }
    PyObject *capsule = PyCapsule_New(schema, "arrow_schema", drop_schema);
    if (!capsule) {
        schema->release(schema);
        free(schema);
    }
    return capsule;
}

/* arrow_schema(plan, row_size) -> capsule */
static PyObject *py_schema(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *list;
    Py_ssize_t row_size;
    struct plan plan = {0};
    if (!PyArg_ParseTuple(args, "On", &list, &row_size) ||
        read_plan(list, (size_t)row_size, &plan) < 0)
        return NULL;
    PyObject *capsule = schema_capsule(&plan);
    plan_done(&plan);
    return capsule;
}

/* arrow_array(plan, row_size, rows) -> capsule */
static PyObject *py_array(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *list, *rows;
    Py_ssize_t row_size;
    Py_buffer view;
    struct plan plan = {0};
    if (!PyArg_ParseTuple(args, "OnO", &list, &row_size, &rows))
        return NULL;
    if (row_size <= 0) {
        PyErr_SetString(PyExc_ValueError, "rows have a size");
        return NULL;
    }
    if (read_plan(list, (size_t)row_size, &plan) < 0)
        return NULL;
    if (sj_py_buffer(rows, false, "rows", &view) < 0) {
        plan_done(&plan);
        return NULL;
    }
    struct ArrowArray *array = calloc(1, sizeof(*array));
    int rc = -1;
    if (array) {
        Py_BEGIN_ALLOW_THREADS rc = sj_arrow_array(plan.columns, plan.count, view.buf,
                                                   (size_t)row_size, view.len / row_size, array);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&view);
    plan_done(&plan);
    PyObject *capsule = rc == 0 ? PyCapsule_New(array, "arrow_array", drop_array) : NULL;
    if (capsule)
        return capsule;
    if (rc == 0)
        array->release(array);
    free(array);
    return rc == 0 ? NULL : PyErr_NoMemory();
}

/* What a stream stands on: a schema capsule, an iterator of array capsules. */
struct stream {
    PyObject *schema;
    PyObject *arrays;
    char error[512];
};

static int stream_fail(struct stream *stream)
{
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    PyObject *text = value ? PyObject_Str(value) : NULL;
    PyObject *bytes = text ? PyUnicode_AsUTF8String(text) : NULL;
    snprintf(stream->error, sizeof(stream->error), "%s",
             bytes ? PyBytes_AsString(bytes) : "an error without a text");
    PyErr_Clear();
    Py_XDECREF(bytes);
    Py_XDECREF(text);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(trace);
    return EIO;
}

static int stream_get_schema(struct ArrowArrayStream *self, struct ArrowSchema *out)
{
    struct stream *stream = self->private_data;
    PyGILState_STATE gil = PyGILState_Ensure();
    int rc = 0;
    PyObject *capsule = PyObject_CallNoArgs(stream->schema);
    struct ArrowSchema *schema = capsule ? PyCapsule_GetPointer(capsule, "arrow_schema") : NULL;
    if (schema) {
        *out = *schema;
        schema->release = NULL; /* moved */
    } else {
        rc = stream_fail(stream);
    }
    Py_XDECREF(capsule);
    PyGILState_Release(gil);
    return rc;
}

static int stream_get_next(struct ArrowArrayStream *self, struct ArrowArray *out)
{
    struct stream *stream = self->private_data;
    PyGILState_STATE gil = PyGILState_Ensure();
    int rc = 0;
    PyObject *capsule = PyIter_Next(stream->arrays);
    struct ArrowArray *array = capsule ? PyCapsule_GetPointer(capsule, "arrow_array") : NULL;
    if (array) {
        *out = *array;
        array->release = NULL; /* moved */
    } else if (PyErr_Occurred()) {
        rc = stream_fail(stream);
    } else {
        *out = (struct ArrowArray){.release = NULL}; /* the end */
    }
    Py_XDECREF(capsule);
    PyGILState_Release(gil);
    return rc;
}

static const char *stream_get_last_error(struct ArrowArrayStream *self)
{
    struct stream *stream = self->private_data;
    return *stream->error ? stream->error : NULL;
}

static void stream_release(struct ArrowArrayStream *self)
{
    struct stream *stream = self->private_data;
    PyGILState_STATE gil = PyGILState_Ensure();
    Py_XDECREF(stream->schema);
    Py_XDECREF(stream->arrays);
    PyGILState_Release(gil);
    free(stream);
    self->release = NULL;
}

static void drop_stream(PyObject *capsule)
{
    struct ArrowArrayStream *stream = PyCapsule_GetPointer(capsule, "arrow_array_stream");
    if (stream && stream->release)
        stream->release(stream);
    free(stream);
}

/* arrow_stream(schema function, iterator of array capsules) -> capsule */
static PyObject *py_stream(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *schema, *arrays;
    if (!PyArg_ParseTuple(args, "OO", &schema, &arrays))
        return NULL;
    if (!PyCallable_Check(schema) || !PyIter_Check(arrays)) {
        PyErr_SetString(PyExc_TypeError, "a function and an iterator are wanted");
        return NULL;
    }
    struct ArrowArrayStream *out = calloc(1, sizeof(*out));
    struct stream *stream = calloc(1, sizeof(*stream));
    PyObject *capsule =
        out && stream ? PyCapsule_New(out, "arrow_array_stream", drop_stream) : NULL;
    if (!capsule) {
        free(out);
        free(stream);
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    Py_INCREF(schema);
    Py_INCREF(arrays);
    *stream = (struct stream){.schema = schema, .arrays = arrays};
    *out = (struct ArrowArrayStream){.get_schema = stream_get_schema,
                                     .get_next = stream_get_next,
                                     .get_last_error = stream_get_last_error,
                                     .release = stream_release,
                                     .private_data = stream};
    return capsule;
}

static PyMethodDef functions[] = {
    {"arrow_array", py_array, METH_VARARGS, NULL},
    {"arrow_schema", py_schema, METH_VARARGS, NULL},
    {"arrow_stream", py_stream, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

int sj_py_add_arrow(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
