/* mapping.h: see mapping.c. */
#ifndef SJ_PY_MAPPING_H
#define SJ_PY_MAPPING_H

#include "native.h"

int sj_py_add_mapping(PyObject *module);

#endif
