/* Hawkes intensities, and the usual signals from events as they lie. */
#include "indicator_kinds.h"

#include "gather.h"
#include <string.h>

#define CORE(self) ((struct sj_core *)(void *)(self))
#define HAWKES(self) ((struct sj_hawkes *)(void *)CORE(self)->state)
#define PAIR(self) ((struct sj_hawkes_pair *)(void *)CORE(self)->state)
#define SIGNALS(self) ((struct sj_signals *)(void *)CORE(self)->state)

/* --- one process --- */

static struct sj_core_columns hawkes_columns(const void *state)
{
    (void)state;
    return (struct sj_core_columns){1, 1, 1};
}

static void hawkes_batch(void *state, int64_t count, const struct sj_column *in,
                         const struct sj_column *out)
{
    sj_hawkes_batch(state, count, in, out);
}

static const struct sj_core_field hawkes_fields[] = {
    {"base", offsetof(struct sj_hawkes, base), 'd', 1},
    {"excited", offsetof(struct sj_hawkes, excited), 'd', SJ_HAWKES_TERMS_MAX},
    {"last_ns", offsetof(struct sj_hawkes, last_ns), 'q', 1},
    {"count", offsetof(struct sj_hawkes, count), 'Q', 1},
    {NULL, 0, 0, 0},
};

static const struct sj_core_kind hawkes_kind = {"Hawkes", SJ_INDICATOR_HAWKES, hawkes_fields,
                                                hawkes_columns, hawkes_batch};

static PyObject *hawkes_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    double base, jump[SJ_HAWKES_TERMS_MAX], decay[SJ_HAWKES_TERMS_MAX];
    PyObject *jumps, *decays;
    (void)kwargs;
    if (!PyArg_ParseTuple(args, "dOO:Hawkes", &base, &jumps, &decays))
        return NULL;
    int terms = sj_core_numbers(jumps, SJ_HAWKES_TERMS_MAX, "jump", jump);
    int others = terms < 0 ? -1 : sj_core_numbers(decays, SJ_HAWKES_TERMS_MAX, "decay", decay);
    if (others < 0)
        return NULL;
    if (others != terms)
        return sj_core_refuse(NULL, "jump and decay must have as many values");
    struct sj_core *core = sj_core_new(type, &hawkes_kind);
    if (core && sj_hawkes_init(HAWKES(core), base, (uint32_t)terms, jump, decay) < 0)
        return sj_core_refuse((PyObject *)core,
                              "there must be 1 .. 4 terms, and every parameter 0 .. 1e12");
    return (PyObject *)core;
}

static PyObject *hawkes_update(PyObject *self, PyObject *time)
{
    int64_t time_ns;
    if (!sj_core_ready(CORE(self), 0, 0) || sj_core_time(time, &time_ns) < 0 ||
        !sj_core_ready(CORE(self), 0, 0))
        return NULL;
    return PyFloat_FromDouble(sj_hawkes_update(HAWKES(self), time_ns));
}

static PyObject *hawkes_at(PyObject *self, PyObject *time)
{
    int64_t time_ns;
    if (!sj_core_ready(CORE(self), 0, 0) || sj_core_time(time, &time_ns) < 0 ||
        !sj_core_ready(CORE(self), 0, 0))
        return NULL;
    return PyFloat_FromDouble(sj_hawkes_at(HAWKES(self), time_ns));
}

static PyMethodDef hawkes_methods[] = {
    {"update", hawkes_update, METH_O, NULL},
    {"at", hawkes_at, METH_O, NULL},
    SJ_CORE_METHODS,
    {NULL, NULL, 0, NULL},
};
SJ_CORE_TYPE(hawkes, "Hawkes", struct sj_hawkes)

/* --- buys and sells --- */

static struct sj_core_columns pair_columns(const void *state)
{
    (void)state;
    return (struct sj_core_columns){2, 2, 1};
}

static void pair_batch(void *state, int64_t count, const struct sj_column *in,
                       const struct sj_column *out)
{
    sj_hawkes_pair_batch(state, count, in, out);
}

static const struct sj_core_field pair_fields[] = {
    {"intensity", offsetof(struct sj_hawkes_pair, intensity), 'd', 2},
    {"excited", offsetof(struct sj_hawkes_pair, excited), 'd', 4},
    {"last_ns", offsetof(struct sj_hawkes_pair, last_ns), 'q', 1},
    {"count", offsetof(struct sj_hawkes_pair, count), 'Q', 1},
    {NULL, 0, 0, 0},
};

static const struct sj_core_kind pair_kind = {"HawkesPair", SJ_INDICATOR_HAWKES_PAIR, pair_fields,
                                              pair_columns, pair_batch};

static PyObject *pair_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    double base[2], jump[4], decay[4];
    PyObject *bases, *jumps, *decays;
    (void)kwargs;
    if (!PyArg_ParseTuple(args, "OOO:HawkesPair", &bases, &jumps, &decays))
        return NULL;
    int count = sj_core_numbers(bases, 2, "base", base);
    int jump_count = count < 0 ? -1 : sj_core_numbers(jumps, 4, "jump", jump);
    int decay_count = jump_count < 0 ? -1 : sj_core_numbers(decays, 4, "decay", decay);
    if (decay_count < 0)
        return NULL;
    if (count != 2 || jump_count != 4 || decay_count != 4)
        return sj_core_refuse(NULL, "base has 2 values, jump and decay 4 each");
    struct sj_core *core = sj_core_new(type, &pair_kind);
    if (core && sj_hawkes_pair_init(PAIR(core), base, jump, decay) < 0)
        return sj_core_refuse((PyObject *)core, "every parameter must be 0 .. 1e12");
    return (PyObject *)core;
}

static PyObject *pair_update(PyObject *self, PyObject *const *args, Py_ssize_t given)
{
    int64_t time_ns;
    double side;
    if (!sj_core_ready(CORE(self), given, 2) || sj_core_time(args[0], &time_ns) < 0 ||
        sj_core_doubles(args + 1, 1, &side) < 0 || !sj_core_ready(CORE(self), given, 2))
        return NULL;
    sj_hawkes_pair_update(PAIR(self), time_ns, side);
    return Py_BuildValue("(dd)", PAIR(self)->intensity[0], PAIR(self)->intensity[1]);
}

static PyObject *pair_at(PyObject *self, PyObject *time)
{
    int64_t time_ns;
    double intensity[2];
    if (!sj_core_ready(CORE(self), 0, 0) || sj_core_time(time, &time_ns) < 0 ||
        !sj_core_ready(CORE(self), 0, 0))
        return NULL;
    sj_hawkes_pair_at(PAIR(self), time_ns, intensity);
    return Py_BuildValue("(dd)", intensity[0], intensity[1]);
}

static PyMethodDef pair_methods[] = {
    {"update", SJ_FASTCALL(pair_update), METH_FASTCALL, NULL},
    {"at", pair_at, METH_O, NULL},
    SJ_CORE_METHODS,
    {NULL, NULL, 0, NULL},
};
SJ_CORE_TYPE(pair, "HawkesPair", struct sj_hawkes_pair)

/* --- the usual signals --- */

static const struct sj_core_field signals_fields[] = {
    {"time_ns", offsetof(struct sj_signals, values.time_ns), 'q', 1},
    {"books", offsetof(struct sj_signals, books), 'Q', 1},
    {"trades", offsetof(struct sj_signals, trades), 'Q', 1},
    {"skipped", offsetof(struct sj_signals, skipped), 'Q', 1},
    {NULL, 0, 0, 0},
};

static const struct sj_core_kind signals_kind = {"Signals", SJ_INDICATOR_SIGNALS, signals_fields,
                                                 NULL, NULL};

static int take_params(PyObject *args, struct sj_signals_params *params)
{
    PyObject *weights, *bases, *jumps, *decays;
    if (!PyArg_ParseTuple(args, "IIdOOOO:Signals", &params->tfi_window, &params->vpin_window,
                          &params->vpin_bucket, &weights, &bases, &jumps, &decays))
        return -1;
    int counts[] = {
        sj_core_numbers(weights, SJ_LEVELS, "mlofi_weight", params->mlofi_weight),
        PyErr_Occurred() ? -1 : sj_core_numbers(bases, 2, "hawkes_base", params->hawkes_base),
        PyErr_Occurred() ? -1 : sj_core_numbers(jumps, 4, "hawkes_jump", params->hawkes_jump),
        PyErr_Occurred() ? -1 : sj_core_numbers(decays, 4, "hawkes_decay", params->hawkes_decay),
    };
    if (PyErr_Occurred())
        return -1;
    if (counts[0] == SJ_LEVELS && counts[1] == 2 && counts[2] == 4 && counts[3] == 4)
        return 0;
    PyErr_SetString(PyExc_ValueError,
                    "mlofi_weight has 5 values, hawkes_base 2, hawkes_jump and hawkes_decay 4");
    return -1;
}

static PyObject *signals_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    struct sj_signals_params params;
    (void)kwargs;
    if (take_params(args, &params) < 0)
        return NULL;
    struct sj_core *core = sj_core_new(type, &signals_kind);
    if (core && sj_signals_init(SIGNALS(core), &params) < 0)
        return sj_core_refuse((PyObject *)core, "a parameter is out of its range: see Tfi, Vpin, "
                                                "Mlofi and HawkesPair");
    return (PyObject *)core;
}

/* One row of values a row; `out` NULL: none. */
static void put_values(const struct sj_signals *signals, uint8_t *out, size_t row)
{
    if (out)
        memcpy(out + row * sizeof signals->values, &signals->values, sizeof signals->values);
}

static size_t sized_kind(uint16_t template_id)
{
    return template_id == SJ_EVENT_TRADE   ? sizeof(struct sj_trade)
           : template_id == SJ_EVENT_BOOK  ? sizeof(struct sj_book)
           : template_id == SJ_EVENT_QUOTE ? sizeof(struct sj_quote)
                                           : 0;
}

/* (frames, out): frames back to back in a buffer, of any kinds; returns how many there were.
 * Values after each are written to `out` (None: only the last count). */
static PyObject *signals_frames(PyObject *self, PyObject *args)
{
    struct sj_core *core = CORE(self);
    PyObject *frames, *object;
    Py_buffer in, out = {0};
    size_t rows = 0;
    if (!PyArg_ParseTuple(args, "OO", &frames, &object) || !sj_core_ready(core, 0, 0) ||
        sj_py_buffer(frames, false, "frames", &in) < 0)
        return NULL;
    if ((object != Py_None && sj_py_buffer(object, true, "out", &out) < 0) ||
        !sj_core_ready(core, 0, 0)) {
        PyBuffer_Release(&in);
        if (out.obj)
            PyBuffer_Release(&out);
        return NULL;
    }
    size_t room = out.obj ? (size_t)out.len / sizeof(struct sj_signal_values) : SIZE_MAX;
    const uint8_t *at = in.buf, *end = at + in.len;
    core->busy = true;
    Py_BEGIN_ALLOW_THREADS;
    for (uint32_t size; rows < room && (size = sj_run_frame(at, end)); at += size, rows++) {
        _Alignas(8) uint8_t frame[SJ_EVENT_SIZE_MAX];
        size_t wanted = sized_kind(((const struct sj_frame *)(const void *)at)->template_id);
        if (wanted && wanted <= size) {
            memcpy(frame, at, wanted); /* a row may lie at any address */
            (void)sj_signals_frame(SIGNALS(core), (const struct sj_frame *)(const void *)frame);
        }
        put_values(SIGNALS(core), out.buf, rows);
    }
    Py_END_ALLOW_THREADS;
    core->busy = false;
    PyBuffer_Release(&in);
    if (out.obj)
        PyBuffer_Release(&out);
    return PyLong_FromSize_t(rows);
}

/* Copies the values of now to a buffer. */
static PyObject *signals_values(PyObject *self, PyObject *object)
{
    Py_buffer out;
    if (!sj_core_ready(CORE(self), 0, 0) || sj_py_buffer(object, true, "out", &out) < 0)
        return NULL;
    bool fits = (size_t)out.len == sizeof(struct sj_signal_values) && !CORE(self)->busy;
    if (fits)
        put_values(SIGNALS(self), out.buf, 0);
    PyBuffer_Release(&out);
    if (!fits)
        return sj_core_refuse(NULL, "out has another size");
    Py_RETURN_NONE;
}

static PyObject *signals_begin(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    if (!sj_core_ready(CORE(self), 0, 0))
        return NULL;
    sj_signals_begin(SIGNALS(self));
    Py_RETURN_NONE;
}

static PyMethodDef signals_methods[] = {
    {"frames", signals_frames, METH_VARARGS, NULL},
    {"values", signals_values, METH_O, NULL},
    {"begin", signals_begin, METH_NOARGS, NULL},
    {"save", sj_core_save, METH_NOARGS, NULL},
    {"restore", sj_core_restore, METH_O, NULL},
    {"read", sj_core_read, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
SJ_CORE_TYPE(signals, "Signals", struct sj_signals)

int sj_py_add_process_indicators(PyObject *module)
{
    if (sj_py_add_type(module, &hawkes_spec, NULL) < 0 ||
        sj_py_add_type(module, &pair_spec, NULL) < 0 ||
        sj_py_add_type(module, &signals_spec, NULL) < 0)
        return -1;
    return 0;
}
