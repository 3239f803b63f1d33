/*
 * native.h: what the files of the extension share: Python's stable interface, and how each file
 * adds itself to the module.
 *
 * The extension is built against the limited API of CPython 3.10, so that one binary serves 3.10
 * and everything after it. Buffers came into that API with 3.11, but neither the functions nor
 * `Py_buffer` have changed since 3.0: they are declared here for 3.10 (README.md, "One wheel").
 *
 * Threads  every function needs the GIL unless it says otherwise.
 * Errors   NULL or -1 with a Python exception set.
 */
#ifndef SJ_PY_NATIVE_H
#define SJ_PY_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#if defined(Py_LIMITED_API) && Py_LIMITED_API + 0 < 0x030b0000
typedef struct {
    void *buf;
    PyObject *obj; /* owned reference */
    Py_ssize_t len;
    Py_ssize_t itemsize;
    int readonly;
    int ndim;
    char *format;
    Py_ssize_t *shape;
    Py_ssize_t *strides;
    Py_ssize_t *suboffsets;
    void *internal;
} Py_buffer;
PyAPI_FUNC(int) PyObject_GetBuffer(PyObject *object, Py_buffer *view, int flags);
PyAPI_FUNC(void) PyBuffer_Release(Py_buffer *view);
PyAPI_FUNC(int) PyBuffer_FillInfo(Py_buffer *view, PyObject *object, void *buf, Py_ssize_t size,
                                  int readonly, int flags);
#define PyBUF_SIMPLE 0
#define PyBUF_WRITABLE 0x0001
#define PyBUF_FORMAT 0x0004
#define PyBUF_ND 0x0008
#define PyBUF_STRIDES (0x0010 | PyBUF_ND)
#define PyBUF_C_CONTIGUOUS (0x0020 | PyBUF_STRIDES)
#define Py_bf_getbuffer 1
#define Py_bf_releasebuffer 2
#endif

#include <stdbool.h>

#include "base/rc.h"

/* Raises shijim.CLASS (reason, file, offset); `file` may be NULL, `offset` negative: not known. */
void sj_py_raise(const char *class_name, const char *file, int64_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A bytes-like object, contiguous; 0, or -1 with TypeError naming `what`. Release it. */
int sj_py_buffer(PyObject *object, bool writable, const char *what, Py_buffer *ret_view);

/* An owned copy of a bytes-like object in units of `unit` bytes; None gives NULL and 0. */
int sj_py_copy(PyObject *object, size_t unit, const char *what, void **ret, size_t *ret_count);

/* Adds a type to the module; -1 with an exception. `ret_type` (may be NULL) borrows. */
int sj_py_add_type(PyObject *module, PyType_Spec *spec, PyObject **ret_type);

/* Frees an object of a type of ours. */
void sj_py_free(PyObject *self);

/* A function as a type's or module's slot holds it. */
#define SJ_PY_SLOT(function) ((void *)(uintptr_t)(function))

#endif
