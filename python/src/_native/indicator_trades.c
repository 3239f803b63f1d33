/* Indicators of trades: TFI, VPIN, Kyle's lambda, volatility, bars. */
#include "indicator_kinds.h"

#include <stdlib.h>

#define CORE(self) ((struct sj_core *)(void *)(self))
#define TFI(self) ((struct sj_tfi *)(void *)CORE(self)->state)
#define VPIN(self) ((struct sj_vpin *)(void *)CORE(self)->state)
#define KYLE(self) ((struct sj_kyle *)(void *)CORE(self)->state)
#define VOLATILITY(self) ((struct sj_volatility *)(void *)CORE(self)->state)
#define BARS(self) ((struct sj_bars *)(void *)CORE(self)->state)

static struct sj_core_columns one_to_one(const void *state)
{
    (void)state;
    return (struct sj_core_columns){1, 1, 0};
}

static struct sj_core_columns two_to_one(const void *state)
{
    (void)state;
    return (struct sj_core_columns){2, 1, 0};
}

/* --- TFI --- */

static void tfi_batch(void *state, int64_t count, const struct sj_column *in,
                      const struct sj_column *out)
{
    sj_tfi_batch(state, count, in, out);
}

static const struct sj_core_field tfi_fields[] = {
    {"window", offsetof(struct sj_tfi, window), 'I', 1},
    {"count", offsetof(struct sj_tfi, count), 'Q', 1},
    {"net", offsetof(struct sj_tfi, net), 'd', 1},
    {"total", offsetof(struct sj_tfi, total), 'd', 1},
    {NULL, 0, 0, 0},
};

static const struct sj_core_kind tfi_kind = {"Tfi", SJ_INDICATOR_TFI, tfi_fields, one_to_one,
                                             tfi_batch};

static PyObject *tfi_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    unsigned window;
    (void)kwargs;
    if (!PyArg_ParseTuple(args, "I:Tfi", &window))
        return NULL;
    struct sj_core *core = sj_core_new(type, &tfi_kind);
    if (core && sj_tfi_init(TFI(core), window) < 0)
        return sj_core_refuse((PyObject *)core, "window must be 1 .. 256 trades");
    return (PyObject *)core;
}

static PyObject *tfi_update(PyObject *self, PyObject *quantity)
{
    double v;
    if (!sj_core_ready(CORE(self), 0, 0) || sj_core_doubles(&quantity, 1, &v) < 0 ||
        !sj_core_ready(CORE(self), 0, 0))
        return NULL;
    return PyFloat_FromDouble(sj_tfi_update(TFI(self), v));
}

static PyObject *tfi_value(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return sj_core_ready(CORE(self), 0, 0) ? PyFloat_FromDouble(sj_tfi_value(TFI(self))) : NULL;
}

static PyMethodDef tfi_methods[] = {
    {"update", tfi_update, METH_O, NULL},
    {"value", tfi_value, METH_NOARGS, NULL},
    SJ_CORE_METHODS,
    {NULL, NULL, 0, NULL},
};
SJ_CORE_TYPE(tfi, "Tfi", struct sj_tfi)

/* --- VPIN --- */

static void vpin_batch(void *state, int64_t count, const struct sj_column *in,
                       const struct sj_column *out)
{
    sj_vpin_batch(state, count, in, out);
}

static void vpin_batch_bulk(void *state, int64_t count, const struct sj_column *in,
                            const struct sj_column *out)
{
    sj_vpin_batch_bulk(state, count, in, out);
}

static const struct sj_core_field vpin_fields[] = {
    {"bucket", offsetof(struct sj_vpin, bucket), 'd', 1},
    {"window", offsetof(struct sj_vpin, window), 'I', 1},
    {"filled", offsetof(struct sj_vpin, filled), 'd', 1},
    {"imbalance", offsetof(struct sj_vpin, imbalance), 'd', 1},
    {"value", offsetof(struct sj_vpin, value), 'd', 1},
    {"buckets", offsetof(struct sj_vpin, buckets), 'Q', 1},
    {NULL, 0, 0, 0},
};

static const struct sj_core_kind vpin_kind = {"Vpin", SJ_INDICATOR_VPIN, vpin_fields, one_to_one,
                                              vpin_batch};
static const struct sj_core_kind vpin_bulk_kind = {"Vpin", SJ_INDICATOR_VPIN, vpin_fields,
                                                   two_to_one, vpin_batch_bulk};

static PyObject *vpin_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    double bucket, sigma;
    unsigned window;
    (void)kwargs;
    if (!PyArg_ParseTuple(args, "dId:Vpin", &bucket, &window, &sigma))
        return NULL;
    struct sj_core *core = sj_core_new(type, &vpin_kind);
    if (core && sj_vpin_init(VPIN(core), bucket, window, sigma) < 0)
        return sj_core_refuse((PyObject *)core, "bucket must be 1e-6 .. 1e15, window 1 .. 256 "
                                                "buckets, and sigma 0 .. 1e15");
    return (PyObject *)core;
}

static PyObject *vpin_update(PyObject *self, PyObject *quantity)
{
    double v;
    if (!sj_core_ready(CORE(self), 0, 0) || sj_core_doubles(&quantity, 1, &v) < 0 ||
        !sj_core_ready(CORE(self), 0, 0))
        return NULL;
    return PyFloat_FromDouble(sj_vpin_update(VPIN(self), v));
}

static PyObject *vpin_update_bulk(PyObject *self, PyObject *const *args, Py_ssize_t given)
{
    double v[2];
    if (!sj_core_ready(CORE(self), given, 2) || sj_core_doubles(args, 2, v) < 0 ||
        !sj_core_ready(CORE(self), given, 2))
        return NULL;
    return PyFloat_FromDouble(sj_vpin_update_bulk(VPIN(self), v[0], v[1]));
}

static PyObject *vpin_run_bulk(PyObject *self, PyObject *args)
{
    return sj_core_run_batch(CORE(self), &vpin_bulk_kind, args);
}

static PyMethodDef vpin_methods[] = {
    {"update", vpin_update, METH_O, NULL},
    {"update_bulk", SJ_FASTCALL(vpin_update_bulk), METH_FASTCALL, NULL},
    {"batch_bulk", vpin_run_bulk, METH_VARARGS, NULL},
    SJ_CORE_METHODS,
    {NULL, NULL, 0, NULL},
};
SJ_CORE_TYPE(vpin, "Vpin", struct sj_vpin)

/* --- Kyle's lambda --- */

static void kyle_batch(void *state, int64_t count, const struct sj_column *in,
                       const struct sj_column *out)
{
    sj_kyle_batch(state, count, in, out);
}

static const struct sj_core_field kyle_fields[] = {
    {"window", offsetof(struct sj_kyle, window), 'I', 1},
    {"count", offsetof(struct sj_kyle, count), 'Q', 1},
    {"value", offsetof(struct sj_kyle, value), 'd', 1},
    {NULL, 0, 0, 0},
};

static const struct sj_core_kind kyle_kind = {"Kyle", SJ_INDICATOR_KYLE, kyle_fields, two_to_one,
                                              kyle_batch};

static PyObject *kyle_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    unsigned window;
    (void)kwargs;
    if (!PyArg_ParseTuple(args, "I:Kyle", &window))
        return NULL;
    struct sj_core *core = sj_core_new(type, &kyle_kind);
    if (core && sj_kyle_init(KYLE(core), window) < 0)
        return sj_core_refuse((PyObject *)core, "window must be 2 .. 256 observations");
    return (PyObject *)core;
}

static PyObject *kyle_update(PyObject *self, PyObject *const *args, Py_ssize_t given)
{
    double v[2];
    if (!sj_core_ready(CORE(self), given, 2) || sj_core_doubles(args, 2, v) < 0 ||
        !sj_core_ready(CORE(self), given, 2))
        return NULL;
    return PyFloat_FromDouble(sj_kyle_update(KYLE(self), v[0], v[1]));
}

static PyMethodDef kyle_methods[] = {
    {"update", SJ_FASTCALL(kyle_update), METH_FASTCALL, NULL},
    SJ_CORE_METHODS,
    {NULL, NULL, 0, NULL},
};
SJ_CORE_TYPE(kyle, "Kyle", struct sj_kyle)

/* --- volatility --- */

static void volatility_batch(void *state, int64_t count, const struct sj_column *in,
                             const struct sj_column *out)
{
    sj_volatility_batch(state, count, in, out);
}

static const struct sj_core_field volatility_fields[] = {
    {"window", offsetof(struct sj_volatility, window), 'I', 1},
    {"count", offsetof(struct sj_volatility, count), 'Q', 1},
    {"value", offsetof(struct sj_volatility, value), 'd', 1},
    {NULL, 0, 0, 0},
};

static const struct sj_core_kind volatility_kind = {
    "Volatility", SJ_INDICATOR_VOLATILITY, volatility_fields, one_to_one, volatility_batch};

static PyObject *volatility_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    unsigned window;
    (void)kwargs;
    if (!PyArg_ParseTuple(args, "I:Volatility", &window))
        return NULL;
    struct sj_core *core = sj_core_new(type, &volatility_kind);
    if (core && sj_volatility_init(VOLATILITY(core), window) < 0)
        return sj_core_refuse((PyObject *)core, "window must be even, 4 .. 64 returns");
    return (PyObject *)core;
}

static PyObject *volatility_update(PyObject *self, PyObject *price)
{
    double v;
    if (!sj_core_ready(CORE(self), 0, 0) || sj_core_doubles(&price, 1, &v) < 0 ||
        !sj_core_ready(CORE(self), 0, 0))
        return NULL;
    return PyFloat_FromDouble(sj_volatility_update(VOLATILITY(self), v));
}

static PyObject *volatility_begin(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    if (!sj_core_ready(CORE(self), 0, 0))
        return NULL;
    sj_volatility_begin(VOLATILITY(self));
    Py_RETURN_NONE;
}

static PyMethodDef volatility_methods[] = {
    {"update", volatility_update, METH_O, NULL},
    {"begin", volatility_begin, METH_NOARGS, NULL},
    SJ_CORE_METHODS,
    {NULL, NULL, 0, NULL},
};
SJ_CORE_TYPE(volatility, "Volatility", struct sj_volatility)

/* --- bars --- */

static const struct sj_core_field bars_fields[] = {
    {"threshold", offsetof(struct sj_bars, threshold), 'd', 1},
    {"multiplier", offsetof(struct sj_bars, multiplier), 'd', 1},
    {"done", offsetof(struct sj_bars, done), 'Q', 1},
    {NULL, 0, 0, 0},
};

static const struct sj_core_kind bars_kind = {"Bars", SJ_INDICATOR_BARS, bars_fields, NULL, NULL};

static PyObject *bars_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    unsigned by;
    double threshold, multiplier;
    (void)kwargs;
    if (!PyArg_ParseTuple(args, "Idd:Bars", &by, &threshold, &multiplier))
        return NULL;
    struct sj_core *core = sj_core_new(type, &bars_kind);
    if (core && sj_bars_init(BARS(core), (enum sj_bars_by)by, threshold, multiplier) < 0)
        return sj_core_refuse((PyObject *)core,
                              "threshold and multiplier must be above 0, at most 1e15");
    return (PyObject *)core;
}

static PyObject *tuple_of(const struct sj_bar *bar)
{
    return Py_BuildValue("(LLdddddddK)", (long long)bar->first_ns, (long long)bar->last_ns,
                         bar->open, bar->high, bar->low, bar->close, bar->quantity,
                         bar->signed_quantity, bar->turnover, (unsigned long long)bar->count);
}

static PyObject *bars_update(PyObject *self, PyObject *const *args, Py_ssize_t given)
{
    int64_t time_ns;
    double v[2];
    if (!sj_core_ready(CORE(self), given, 3) || sj_core_time(args[0], &time_ns) < 0 ||
        sj_core_doubles(args + 1, 2, v) < 0 || !sj_core_ready(CORE(self), given, 3))
        return NULL;
    return PyBool_FromLong(sj_bars_update(BARS(self), time_ns, v[0], v[1]));
}

static PyObject *bars_bar(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return sj_core_ready(CORE(self), 0, 0) ? tuple_of(&BARS(self)->bar) : NULL;
}

static PyObject *bars_ended(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return sj_core_ready(CORE(self), 0, 0) ? tuple_of(&BARS(self)->ended) : NULL;
}

/* (ins, bars, row): from a row on, into a buffer of struct sj_bar. Returns rows taken, bars. */
static PyObject *bars_batch(PyObject *self, PyObject *args)
{
    static const struct sj_core_columns wanted = {3, 0, 1};
    struct sj_core *core = CORE(self);
    PyObject *ins, *object;
    Py_buffer bars;
    Py_ssize_t from;
    int64_t taken = 0, written = 0;
    if (!PyArg_ParseTuple(args, "OOn", &ins, &object, &from) || !sj_core_ready(core, 0, 0) ||
        sj_py_buffer(object, true, "bars", &bars) < 0)
        return NULL;
    struct sj_core_views *views = malloc(sizeof *views);
    PyObject *none = PyTuple_New(0);
    int64_t count = views && none ? sj_core_take(views, ins, none, &wanted) : -1;
    bool ready = count >= 0 && sj_core_ready(core, 0, 0);
    if (ready && from >= 0 && from <= count) {
        for (int i = 0; i < 3; i++)
            views->column[i].data =
                (uint8_t *)views->column[i].data + from * views->column[i].stride;
        core->busy = true;
        Py_BEGIN_ALLOW_THREADS;
        taken = sj_bars_batch(BARS(core), count - from, views->column, bars.buf,
                              (int64_t)((size_t)bars.len / sizeof(struct sj_bar)), &written);
        Py_END_ALLOW_THREADS;
        core->busy = false;
        sj_core_release(views);
    } else if (count >= 0) {
        sj_core_release(views);
        if (ready)
            PyErr_SetString(PyExc_IndexError, "there is no such row");
        count = -1;
    } else if (!PyErr_Occurred()) {
        PyErr_NoMemory();
    }
    Py_XDECREF(none);
    free(views);
    PyBuffer_Release(&bars);
    return count < 0 ? NULL : Py_BuildValue("(LL)", (long long)taken, (long long)written);
}

static PyMethodDef bars_methods[] = {
    {"update", SJ_FASTCALL(bars_update), METH_FASTCALL, NULL},
    {"bar", bars_bar, METH_NOARGS, NULL},
    {"ended", bars_ended, METH_NOARGS, NULL},
    {"batch", bars_batch, METH_VARARGS, NULL},
    {"save", sj_core_save, METH_NOARGS, NULL},
    {"restore", sj_core_restore, METH_O, NULL},
    {"read", sj_core_read, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
SJ_CORE_TYPE(bars, "Bars", struct sj_bars)

int sj_py_add_trade_indicators(PyObject *module)
{
    PyType_Spec *const specs[] = {&tfi_spec, &vpin_spec, &kyle_spec, &volatility_spec, &bars_spec};
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++)
        if (sj_py_add_type(module, specs[i], NULL) < 0)
            return -1;
    return 0;
}
