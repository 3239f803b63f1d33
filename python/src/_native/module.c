/*
 * module.c: shijim._native, put together from the files beside it.
 */
#include "arrow.h"
#include "bbo.h"
#include "bus.h"
#include "gather.h"
#include "indicator.h"
#include "journal.h"
#include "jsonl.h"
#include "mapping.h"
#include "native.h"

/* Each adds its functions and types. 0, or -1 with an exception set. */
/* clang-format off */
static int (*const parts[])(PyObject *module) = {
    sj_py_add_gather, /* first: others use its filters */
    sj_py_add_arrow,
    sj_py_add_bbo,
    sj_py_add_bus,
    sj_py_add_journal,
    sj_py_add_jsonl,
    sj_py_add_mapping,
    sj_py_add_indicators,
    NULL,
};
/* clang-format on */

static int module_exec(PyObject *module)
{
#if defined(__x86_64__) && defined(__AVX2__)
    if (!__builtin_cpu_supports("avx2")) {
        PyErr_SetString(PyExc_ImportError, "this build of shijim needs a CPU with AVX2; build with "
                                           "-Csetup-args=-Dportable=true for any x86-64");
        return -1;
    }
#endif
    if (PyModule_AddStringConstant(module, "version", SJ_VERSION) < 0)
        return -1;
    for (size_t i = 0; parts[i]; i++)
        if (parts[i](module) < 0)
            return -1;
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, SJ_PY_SLOT(module_exec)},
    {0, NULL},
};

static struct PyModuleDef module_def = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "shijim._native",
    .m_doc = "The C core of shijim; use the package, not this module.",
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__native(void);
PyMODINIT_FUNC PyInit__native(void)
{
    return PyModuleDef_Init(&module_def);
}
