/*
 * indicator_kinds.h: how a kind of indicator is written down. The Python classes over them
 * (shijim/indicators.py) have the documentation; these are called by them only.
 */
#ifndef SJ_PY_INDICATOR_KINDS_H
#define SJ_PY_INDICATOR_KINDS_H

#include "indicator.h"

#define SJ_FASTCALL(function) ((PyCFunction)(void (*)(void))(function))

/* The type `name` of a kind whose functions begin with `kind`. */
#define SJ_CORE_TYPE(kind, text, state_type)                                                       \
    static PyType_Slot kind##_slots[] = {{Py_tp_new, SJ_PY_SLOT(kind##_new)},                      \
                                         {Py_tp_dealloc, SJ_PY_SLOT(sj_py_free)},                  \
                                         {Py_tp_methods, kind##_methods},                          \
                                         {0, NULL}};                                               \
    static PyType_Spec kind##_spec = {                                                             \
        .name = "shijim._native." text,                                                            \
        .basicsize = (int)(offsetof(struct sj_core, state) + sizeof(state_type)),                  \
        .flags = Py_TPFLAGS_DEFAULT,                                                               \
        .slots = kind##_slots,                                                                     \
    };

int sj_py_add_book_indicators(PyObject *module);
int sj_py_add_trade_indicators(PyObject *module);
int sj_py_add_process_indicators(PyObject *module);

#endif
