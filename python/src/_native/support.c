/* What every file of the extension uses: errors, buffers, types. */
#include "native.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sj_py_raise(const char *class_name, const char *file, int64_t offset, const char *format, ...)
{
    char reason[512];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    PyObject *errors = PyImport_ImportModule("shijim.errors");
    PyObject *class = errors ? PyObject_GetAttrString(errors, class_name) : NULL;
    PyObject *name = file ? PyUnicode_DecodeFSDefault(file) : (Py_INCREF(Py_None), Py_None);
    PyObject *at = offset >= 0 ? PyLong_FromLongLong(offset) : (Py_INCREF(Py_None), Py_None);
    /* A reason may quote bytes of the input. */
    PyObject *text = PyUnicode_DecodeUTF8(reason, (Py_ssize_t)strlen(reason), "replace");
    PyObject *error = class && name && at && text
                          ? PyObject_CallFunctionObjArgs(class, text, name, at, NULL)
                          : NULL;
    if (error)
        PyErr_SetObject(class, error);
    Py_XDECREF(error);
    Py_XDECREF(text);
    Py_XDECREF(at);
    Py_XDECREF(name);
    Py_XDECREF(class);
    Py_XDECREF(errors);
}

int sj_py_buffer(PyObject *object, bool writable, const char *what, Py_buffer *ret_view)
{
    int flags = writable ? PyBUF_WRITABLE : PyBUF_SIMPLE;
    if (PyObject_GetBuffer(object, ret_view, flags) == 0)
        return 0;
    PyErr_Clear();
    PyErr_Format(PyExc_TypeError, "%s must be a contiguous %sbuffer (a NumPy array, bytes, ...)",
                 what, writable ? "writable " : "");
    return -1;
}

int sj_py_copy(PyObject *object, size_t unit, const char *what, void **ret, size_t *ret_count)
{
    Py_buffer view;
    *ret = NULL;
    *ret_count = 0;
    if (object == Py_None)
        return 0;
    if (sj_py_buffer(object, false, what, &view) < 0)
        return -1;
    *ret = malloc((size_t)view.len + unit);
    if (*ret) {
        memcpy(*ret, view.buf, (size_t)view.len);
        *ret_count = (size_t)view.len / unit;
    }
    PyBuffer_Release(&view);
    if (!*ret)
        PyErr_NoMemory();
    return *ret ? 0 : -1;
}

int sj_py_add_type(PyObject *module, PyType_Spec *spec, PyObject **ret_type)
{
    PyObject *type = PyType_FromSpec(spec);
    if (!type)
        return -1;
    int rc = PyModule_AddObjectRef(module, strrchr(spec->name, '.') + 1, type);
    if (rc == 0 && ret_type)
        *ret_type = type; /* the module keeps it, and nobody unloads an extension */
    else
        Py_DECREF(type);
    return rc;
}

void sj_py_free(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)(uintptr_t)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}
