/* Indicators of books: OFI, MLOFI, the queue; microprice and shape, which have no state. */
#include "indicator_kinds.h"

#define CORE(self) ((struct sj_core *)(void *)(self))
#define OFI(self) ((struct sj_ofi *)(void *)CORE(self)->state)
#define MLOFI(self) ((struct sj_mlofi *)(void *)CORE(self)->state)
#define QUEUE(self) ((struct sj_queue *)(void *)CORE(self)->state)

/* --- OFI --- */

static struct sj_core_columns ofi_columns(const void *state)
{
    (void)state;
    return (struct sj_core_columns){4, 1, 0};
}

static void ofi_batch(void *state, int64_t count, const struct sj_column *in,
                      const struct sj_column *out)
{
    sj_ofi_batch(state, count, in, out);
}

static const struct sj_core_field ofi_fields[] = {
    {"net", offsetof(struct sj_ofi, net), 'd', 1},
    {"side", offsetof(struct sj_ofi, side), 'd', 2},
    {"count", offsetof(struct sj_ofi, count), 'Q', 1},
    {NULL, 0, 0, 0},
};

static const struct sj_core_kind ofi_kind = {"Ofi", SJ_INDICATOR_OFI, ofi_fields, ofi_columns,
                                             ofi_batch};

static PyObject *ofi_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    (void)kwargs;
    if (!PyArg_ParseTuple(args, ":Ofi"))
        return NULL;
    struct sj_core *core = sj_core_new(type, &ofi_kind);
    if (core)
        sj_ofi_init(OFI(core));
    return (PyObject *)core;
}

static PyObject *ofi_update(PyObject *self, PyObject *const *args, Py_ssize_t given)
{
    double v[4];
    if (!sj_core_ready(CORE(self), given, 4) || sj_core_doubles(args, 4, v) < 0 ||
        !sj_core_ready(CORE(self), given, 4))
        return NULL;
    return PyFloat_FromDouble(sj_ofi_update(OFI(self), v[0], v[1], v[2], v[3]));
}

static PyObject *ofi_sum(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return sj_core_ready(CORE(self), 0, 0) ? PyFloat_FromDouble(sj_ofi_sum(OFI(self))) : NULL;
}

static PyObject *ofi_begin(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    if (!sj_core_ready(CORE(self), 0, 0))
        return NULL;
    sj_ofi_begin(OFI(self));
    Py_RETURN_NONE;
}

static PyMethodDef ofi_methods[] = {
    {"update", SJ_FASTCALL(ofi_update), METH_FASTCALL, NULL},
    {"sum", ofi_sum, METH_NOARGS, NULL},
    {"begin", ofi_begin, METH_NOARGS, NULL},
    SJ_CORE_METHODS,
    {NULL, NULL, 0, NULL},
};
SJ_CORE_TYPE(ofi, "Ofi", struct sj_ofi)

/* --- MLOFI --- */

static struct sj_core_columns mlofi_columns(const void *state)
{
    const struct sj_mlofi *mlofi = state;
    return (struct sj_core_columns){4 * (int)mlofi->levels, (int)mlofi->levels + 1, 0};
}

static void mlofi_batch(void *state, int64_t count, const struct sj_column *in,
                        const struct sj_column *out)
{
    sj_mlofi_batch(state, count, in, out);
}

static const struct sj_core_field mlofi_fields[] = {
    {"levels", offsetof(struct sj_mlofi, levels), 'I', 1},
    {"count", offsetof(struct sj_mlofi, count), 'Q', 1},
    {"interval_count", offsetof(struct sj_mlofi, interval_count), 'Q', 1},
    {"weighted", offsetof(struct sj_mlofi, weighted), 'd', 1},
    {"depth_sum", offsetof(struct sj_mlofi, depth_sum), 'd', 1},
    {"weight", offsetof(struct sj_mlofi, weight), 'd', SJ_MLOFI_LEVELS_MAX},
    {"level", offsetof(struct sj_mlofi, level), 'd', SJ_MLOFI_LEVELS_MAX},
    {"sum", offsetof(struct sj_mlofi, sum), 'd', SJ_MLOFI_LEVELS_MAX},
    {NULL, 0, 0, 0},
};

static const struct sj_core_kind mlofi_kind = {"Mlofi", SJ_INDICATOR_MLOFI, mlofi_fields,
                                               mlofi_columns, mlofi_batch};

static PyObject *mlofi_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    unsigned levels;
    PyObject *weights;
    double weight[SJ_MLOFI_LEVELS_MAX];
    (void)kwargs;
    if (!PyArg_ParseTuple(args, "IO:Mlofi", &levels, &weights))
        return NULL;
    int count =
        weights == Py_None ? 0 : sj_core_numbers(weights, SJ_MLOFI_LEVELS_MAX, "weight", weight);
    if (count < 0)
        return NULL;
    if (weights != Py_None && (unsigned)count != levels)
        return sj_core_refuse(NULL, "weight must have one value a level");
    struct sj_core *core = sj_core_new(type, &mlofi_kind);
    if (core && sj_mlofi_init(MLOFI(core), levels, weights == Py_None ? NULL : weight) < 0)
        return sj_core_refuse((PyObject *)core,
                              "levels must be 1 .. 10, and every weight a number within +-1e15");
    return (PyObject *)core;
}

/* Four sequences of levels; returns how many levels they have, or -1. */
static int take_book(PyObject *const *args, double side[4][SJ_MLOFI_LEVELS_MAX])
{
    static const char *const names[] = {"bid_price", "bid_quantity", "ask_price", "ask_quantity"};
    int levels = 0;
    for (int i = 0; i < 4; i++) {
        int count = sj_core_numbers(args[i], SJ_MLOFI_LEVELS_MAX, names[i], side[i]);
        if (count < 0)
            return -1;
        if (i > 0 && count != levels) {
            PyErr_Format(PyExc_ValueError, "%s has %d levels, bid_price %d", names[i], count,
                         levels);
            return -1;
        }
        levels = count;
    }
    return levels;
}

static PyObject *mlofi_update(PyObject *self, PyObject *const *args, Py_ssize_t given)
{
    double side[4][SJ_MLOFI_LEVELS_MAX] = {{0}};
    if (!sj_core_ready(CORE(self), given, 4))
        return NULL;
    int levels = take_book(args, side);
    if (levels < 0 || !sj_core_ready(CORE(self), 0, 0))
        return NULL;
    return PyFloat_FromDouble(
        sj_mlofi_update(MLOFI(self), side[0], side[1], side[2], side[3], (uint32_t)levels));
}

static PyObject *mlofi_scaled(PyObject *self, PyObject *level)
{
    int64_t at;
    if (!sj_core_ready(CORE(self), 0, 0) || sj_core_time(level, &at) < 0 ||
        !sj_core_ready(CORE(self), 0, 0))
        return NULL;
    uint32_t place = at >= 0 && at < SJ_MLOFI_LEVELS_MAX ? (uint32_t)at : SJ_MLOFI_LEVELS_MAX;
    return PyFloat_FromDouble(sj_mlofi_scaled(MLOFI(self), place));
}

static PyObject *mlofi_scaled_weighted(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return sj_core_ready(CORE(self), 0, 0)
               ? PyFloat_FromDouble(sj_mlofi_scaled_weighted(MLOFI(self)))
               : NULL;
}

static PyObject *mlofi_begin(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    if (!sj_core_ready(CORE(self), 0, 0))
        return NULL;
    sj_mlofi_begin(MLOFI(self));
    Py_RETURN_NONE;
}

static PyMethodDef mlofi_methods[] = {
    {"update", SJ_FASTCALL(mlofi_update), METH_FASTCALL, NULL},
    {"scaled", mlofi_scaled, METH_O, NULL},
    {"scaled_weighted", mlofi_scaled_weighted, METH_NOARGS, NULL},
    {"begin", mlofi_begin, METH_NOARGS, NULL},
    SJ_CORE_METHODS,
    {NULL, NULL, 0, NULL},
};
SJ_CORE_TYPE(mlofi, "Mlofi", struct sj_mlofi)

/* --- the queue --- */

static struct sj_core_columns queue_columns(const void *state)
{
    (void)state;
    return (struct sj_core_columns){2, 2, 0};
}

static void queue_batch(void *state, int64_t count, const struct sj_column *in,
                        const struct sj_column *out)
{
    sj_queue_batch(state, count, in, out);
}

static const struct sj_core_field queue_fields[] = {
    {"model", offsetof(struct sj_queue, model), 'I', 1},
    {"ahead", offsetof(struct sj_queue, ahead), 'd', 1},
    {"level_quantity", offsetof(struct sj_queue, level), 'd', 1},
    {"traded", offsetof(struct sj_queue, traded), 'd', 1},
    {NULL, 0, 0, 0},
};

static const struct sj_core_kind queue_kind = {"QueuePosition", SJ_INDICATOR_QUEUE, queue_fields,
                                               queue_columns, queue_batch};

static PyObject *queue_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    unsigned model;
    double level;
    (void)kwargs;
    if (!PyArg_ParseTuple(args, "Id:QueuePosition", &model, &level))
        return NULL;
    struct sj_core *core = sj_core_new(type, &queue_kind);
    if (core && sj_queue_init(QUEUE(core), (enum sj_queue_model)model, level) < 0)
        return sj_core_refuse((PyObject *)core, "level_quantity must be a number, 0 .. 1e15");
    return (PyObject *)core;
}

static PyObject *queue_trade(PyObject *self, PyObject *quantity)
{
    double v;
    if (!sj_core_ready(CORE(self), 0, 0) || sj_core_doubles(&quantity, 1, &v) < 0 ||
        !sj_core_ready(CORE(self), 0, 0))
        return NULL;
    return PyFloat_FromDouble(sj_queue_trade(QUEUE(self), v));
}

static PyObject *queue_level(PyObject *self, PyObject *quantity)
{
    double v;
    if (!sj_core_ready(CORE(self), 0, 0) || sj_core_doubles(&quantity, 1, &v) < 0 ||
        !sj_core_ready(CORE(self), 0, 0))
        return NULL;
    return PyFloat_FromDouble(sj_queue_level(QUEUE(self), v));
}

static PyObject *queue_position(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return sj_core_ready(CORE(self), 0, 0) ? PyFloat_FromDouble(sj_queue_position(QUEUE(self)))
                                           : NULL;
}

static PyMethodDef queue_methods[] = {
    {"trade", queue_trade, METH_O, NULL},
    {"level", queue_level, METH_O, NULL},
    {"position", queue_position, METH_NOARGS, NULL},
    SJ_CORE_METHODS,
    {NULL, NULL, 0, NULL},
};
SJ_CORE_TYPE(queue, "QueuePosition", struct sj_queue)

/* --- without a state --- */

static PyObject *microprice(PyObject *self, PyObject *const *args, Py_ssize_t given)
{
    double v[4];
    (void)self;
    if (given != 4) {
        PyErr_Format(PyExc_TypeError, "microprice takes 4 values, not %zd", given);
        return NULL;
    }
    if (sj_core_doubles(args, 4, v) < 0)
        return NULL;
    return PyFloat_FromDouble(sj_microprice(v[0], v[1], v[2], v[3]));
}

static PyObject *shape(PyObject *self, PyObject *const *args, Py_ssize_t given)
{
    double side[4][SJ_MLOFI_LEVELS_MAX] = {{0}};
    struct sj_shape s;
    (void)self;
    if (given != 4) {
        PyErr_Format(PyExc_TypeError, "shape takes 4 sequences of levels, not %zd", given);
        return NULL;
    }
    int levels = take_book(args, side);
    if (levels < 0)
        return NULL;
    sj_shape_update(&s, side[0], side[1], side[2], side[3], (uint32_t)levels);
    return Py_BuildValue("(dddddddd)", s.mid, s.spread, s.microprice, s.imbalance, s.pressure,
                         s.depth_ratio, s.bid_slope, s.ask_slope);
}

/* `levels` 0: microprice, else shape. */
static PyObject *run(PyObject *ins, PyObject *outs, uint32_t levels)
{
    struct sj_core_columns wanted = {levels ? 4 * (int)levels : 4, levels ? 8 : 1, 0};
    struct sj_core_views *views = PyMem_Malloc(sizeof *views);
    if (!views)
        return PyErr_NoMemory();
    int64_t count = sj_core_take(views, ins, outs, &wanted);
    if (count >= 0) {
        Py_BEGIN_ALLOW_THREADS;
        if (levels)
            sj_shape_batch(levels, count, views->column, views->column + wanted.ins);
        else
            sj_microprice_batch(count, views->column, views->column + wanted.ins);
        Py_END_ALLOW_THREADS;
        sj_core_release(views);
    }
    PyMem_Free(views);
    if (count < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *microprice_batch(PyObject *self, PyObject *args)
{
    PyObject *ins, *outs;
    (void)self;
    return PyArg_ParseTuple(args, "OO", &ins, &outs) ? run(ins, outs, 0) : NULL;
}

static PyObject *shape_batch(PyObject *self, PyObject *args)
{
    PyObject *ins, *outs;
    unsigned levels;
    (void)self;
    if (!PyArg_ParseTuple(args, "OOI", &ins, &outs, &levels))
        return NULL;
    if (levels < 1 || levels > SJ_SHAPE_LEVELS_MAX)
        return sj_core_refuse(NULL, "levels must be 1 .. 10");
    return run(ins, outs, levels);
}

static PyMethodDef functions[] = {
    {"microprice", SJ_FASTCALL(microprice), METH_FASTCALL, NULL},
    {"microprice_batch", microprice_batch, METH_VARARGS, NULL},
    {"shape", SJ_FASTCALL(shape), METH_FASTCALL, NULL},
    {"shape_batch", shape_batch, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

int sj_py_add_book_indicators(PyObject *module)
{
    if (sj_py_add_type(module, &ofi_spec, NULL) < 0 ||
        sj_py_add_type(module, &mlofi_spec, NULL) < 0 ||
        sj_py_add_type(module, &queue_spec, NULL) < 0)
        return -1;
    return PyModule_AddFunctions(module, functions);
}
