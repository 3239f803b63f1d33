/*
 * mapping.c: a file mapped read-only, as a buffer that NumPy can view. It lives as long as any
 * view. If the file is cut meanwhile, what is gone reads as zeroes and `torn` is true (guard.h).
 */
#include "mapping.h"

#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct mapping {
    PyObject_HEAD void *begin;
    size_t size;
    struct sj_region *region;
};

static void mapping_dealloc(PyObject *self)
{
    struct mapping *mapping = (struct mapping *)self;
    sj_region_remove(mapping->region);
    if (mapping->begin)
        munmap(mapping->begin, mapping->size);
    sj_py_free(self);
}

static int map_file(struct mapping *mapping, const char *path)
{
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno;
    int error = fstat(fd, &stat) == 0 ? 0 : errno;
    if (error == 0 && (!S_ISREG(stat.st_mode) || stat.st_size == 0))
        error = EINVAL;
    if (error == 0) {
        void *begin = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (begin == MAP_FAILED) {
            error = errno;
        } else {
            mapping->begin = begin;
            mapping->size = (size_t)stat.st_size;
        }
    }
    close(fd);
    if (error == 0 && !(mapping->region = sj_region_add(mapping->begin, mapping->size)))
        error = ENOMEM;
    return error;
}

static PyObject *mapping_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    (void)kwargs;
    PyObject *path;
    if (!PyArg_ParseTuple(args, "O&", PyUnicode_FSConverter, &path))
        return NULL;
    sj_guard_install();
    allocfunc allocate = (allocfunc)(uintptr_t)PyType_GetSlot(type, Py_tp_alloc);
    struct mapping *mapping = (struct mapping *)allocate(type, 0);
    if (mapping) {
        int error = map_file(mapping, PyBytes_AsString(path));
        if (error) {
            sj_py_raise("JournalError", PyBytes_AsString(path), -1, "cannot be mapped: %s",
                        sj_rc_text(-error));
            Py_CLEAR(mapping);
        }
    }
    Py_DECREF(path);
    return (PyObject *)mapping;
}

static int mapping_getbuffer(PyObject *self, Py_buffer *view, int flags)
{
    struct mapping *mapping = (struct mapping *)self;
    return PyBuffer_FillInfo(view, self, mapping->begin, (Py_ssize_t)mapping->size, 1, flags);
}

static PyObject *mapping_torn(PyObject *self, void *closure)
{
    (void)closure;
    struct mapping *mapping = (struct mapping *)self;
    return PyBool_FromLong(
        (long)atomic_load_explicit(&mapping->region->torn, memory_order_relaxed));
}

static PyGetSetDef mapping_members[] = {
    {"torn", mapping_torn, NULL, "Whether the file was found cut while it was read.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static PyType_Slot mapping_slots[] = {
    {Py_tp_new, SJ_PY_SLOT(mapping_new)},
    {Py_tp_dealloc, SJ_PY_SLOT(mapping_dealloc)},
    {Py_tp_getset, mapping_members},
    {Py_bf_getbuffer, SJ_PY_SLOT(mapping_getbuffer)},
    {0, NULL},
};
static PyType_Spec mapping_spec = {.name = "shijim._native.Mapping",
                                   .basicsize = sizeof(struct mapping),
                                   .flags = Py_TPFLAGS_DEFAULT,
                                   .slots = mapping_slots};

int sj_py_add_mapping(PyObject *module)
{
    return sj_py_add_type(module, &mapping_spec, NULL);
}
