/*
 * indicator.h: one indicator's state as a Python object, and what all kinds of them share: the
 * arguments of an update, columns of a batch, a state saved and restored.
 *
 * Threads  a batch runs without the GIL; the object is busy meanwhile, and every other call of it
 *          raises BusyError.
 */
#ifndef SJ_PY_INDICATOR_H
#define SJ_PY_INDICATOR_H

#include "native.h"

#include "shijim/indicator.h"

#define SJ_PY_COLUMNS_MAX (4 * SJ_SHAPE_LEVELS_MAX)

struct sj_core_kind;

struct sj_core {
    PyObject_HEAD const struct sj_core_kind *kind;
    bool busy;
    _Alignas(16) uint8_t state[];
};

/* A value of the state that can be read by name. `type`: d, q (int64), Q (uint64), I (uint32). */
struct sj_core_field {
    const char *name;
    size_t offset;
    char type;
    uint8_t count; /* more than 1: a tuple */
};

struct sj_core_columns {
    int ins, outs;
    uint64_t int64_ins; /* bit by column */
};

struct sj_core_kind {
    const char *name;
    enum sj_indicator_kind kind;
    const struct sj_core_field *fields; /* ends with a name NULL */
    struct sj_core_columns (*columns)(const void *state);
    void (*batch)(void *state, int64_t count, const struct sj_column *in,
                  const struct sj_column *out);
};

/* A new object; its state is zero. */
struct sj_core *sj_core_new(PyTypeObject *type, const struct sj_core_kind *kind);

/* False, with an exception: it is busy, or the number of arguments is another. Asked again after
 * anything that may have run Python, and with it another thread. */
bool sj_core_ready(const struct sj_core *core, Py_ssize_t given, Py_ssize_t wanted);

/* Arguments as numbers; -1 with an exception. */
int sj_core_doubles(PyObject *const *args, Py_ssize_t count, double *ret);
int sj_core_time(PyObject *arg, int64_t *ret_ns);

/* A sequence of at most `max` numbers; returns how many, or -1. */
int sj_core_numbers(PyObject *sequence, int max, const char *what, double *ret);

/* Raises ValueError naming what is out of its range. NULL. */
PyObject *sj_core_refuse(PyObject *self, const char *what);

/* The columns of a batch, held while it runs. */
struct sj_core_views {
    int count;
    Py_buffer view[2 * SJ_PY_COLUMNS_MAX];
    struct sj_column column[2 * SJ_PY_COLUMNS_MAX];
};

/* Takes tuples of one-dimensional buffers of 8-byte values, all of one length: `ins` then `outs`
 * (an out may be None: not written). Returns the length, or -1 with an exception and nothing held.
 */
int64_t sj_core_take(struct sj_core_views *views, PyObject *ins, PyObject *outs,
                     const struct sj_core_columns *wanted);
void sj_core_release(struct sj_core_views *views);

/* Methods of every kind. */
PyObject *sj_core_batch(PyObject *self, PyObject *args);
PyObject *sj_core_run_batch(struct sj_core *core, const struct sj_core_kind *kind, PyObject *args);
PyObject *sj_core_save(PyObject *self, PyObject *ignored);
PyObject *sj_core_restore(PyObject *self, PyObject *blob);
PyObject *sj_core_read(PyObject *self, PyObject *name);
#define SJ_CORE_METHODS                                                                            \
    {"batch", sj_core_batch, METH_VARARGS, NULL}, {"save", sj_core_save, METH_NOARGS, NULL},       \
        {"restore", sj_core_restore, METH_O, NULL},                                                \
    {                                                                                              \
        "read", sj_core_read, METH_O, NULL                                                         \
    }

int sj_py_add_indicators(PyObject *module);

#endif
