/* layout.h: see layout.c. */
#ifndef SJ_PY_LAYOUT_H
#define SJ_PY_LAYOUT_H

#include "native.h"

/* [(name, template id, frame size, [(field, kind, offset, size, count, words)])] */
PyObject *sj_py_layouts(PyObject *self, PyObject *ignored);

#endif
