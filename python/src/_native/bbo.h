/* bbo.h: see bbo.c. */
#ifndef SJ_PY_BBO_H
#define SJ_PY_BBO_H

#include "native.h"

int sj_py_add_bbo(PyObject *module);

#endif
