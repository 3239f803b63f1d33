/* bus.h: see bus.c. */
#ifndef SJ_PY_BUS_H
#define SJ_PY_BUS_H

#include "native.h"

int sj_py_add_bus(PyObject *module);

#endif
