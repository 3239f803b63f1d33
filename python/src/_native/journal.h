/* journal.h: see journal.c. */
#ifndef SJ_PY_JOURNAL_H
#define SJ_PY_JOURNAL_H

#include "native.h"

int sj_py_add_journal(PyObject *module);

#endif
