/* jsonl.h: see jsonl.c. */
#ifndef SJ_PY_JSONL_H
#define SJ_PY_JSONL_H

#include "native.h"

int sj_py_add_jsonl(PyObject *module);

#endif
