/*
 * bbo.c: best bid and offer out of books and quotes, one as a tuple or many into an array.
 *
 * A payload is a frame (event.h: sequence stamp, SBE header, block) or the SBE message alone. Which
 * one is told by the schema id's place: a message that looked like a frame would need an instrument
 * id beyond the largest there is.
 */
#include "bbo.h"

#include "event/event.h"

#include <math.h>
#include <string.h>

#define HEADER_SIZE 8 /* of an SBE message */

/* A row of decode_bbo_many; python/shijim/bbo.py has the same as a dtype. */
struct bbo {
    int64_t exch_ns;
    int64_t recv_ns;
    double bid;
    double ask;
    uint32_t bid_volume;
    uint32_t ask_volume;
    uint32_t instrument;
    uint32_t flags;
};
_Static_assert(sizeof(struct bbo) == 48, "as in bbo.py");

struct sbe_head {
    uint16_t block_length;
    uint16_t template_id;
    uint16_t schema_id;
    uint16_t version;
};

static bool is_bbo(struct sbe_head head)
{
    return head.schema_id == SJ_SCHEMA_ID &&
           ((head.template_id == SJ_EVENT_BOOK &&
             head.block_length >= sizeof(struct sj_book) - SJ_FRAME_HEAD_SIZE) ||
            (head.template_id == SJ_EVENT_QUOTE &&
             head.block_length >= sizeof(struct sj_quote) - SJ_FRAME_HEAD_SIZE));
}

/* The SBE header at or 8 bytes behind `at`, with its block within `size`; NULL: neither. */
static const uint8_t *find_message(const uint8_t *at, size_t size)
{
    static const size_t skips[] = {HEADER_SIZE, 0}; /* behind a frame's stamp, and without one */
    struct sbe_head head;
    for (size_t i = 0; i < 2; i++) {
        if (size < skips[i] + sizeof(head))
            continue;
        memcpy(&head, at + skips[i], sizeof(head));
        if (is_bbo(head) && size - skips[i] - sizeof(head) >= head.block_length)
            return at + skips[i];
    }
    return NULL;
}

static double price_of(int64_t e6)
{
    return e6 == SJ_NULL_E6 ? NAN : (double)e6 / 1e6;
}

/* message: checked by find_message. Offsets count from the frame's beginning, 8 bytes before. */
static void decode(const uint8_t *message, struct bbo *ret)
{
    struct sbe_head head;
    memcpy(&head, message, sizeof(head));
    bool quote = head.template_id == SJ_EVENT_QUOTE;
    size_t bid_price =
        quote ? offsetof(struct sj_quote, bid_price_e6) : offsetof(struct sj_book, bid_price_e6);
    size_t ask_price =
        quote ? offsetof(struct sj_quote, ask_price_e6) : offsetof(struct sj_book, ask_price_e6);
    size_t bid_volume =
        quote ? offsetof(struct sj_quote, bid_volume) : offsetof(struct sj_book, bid_volume);
    size_t ask_volume =
        quote ? offsetof(struct sj_quote, ask_volume) : offsetof(struct sj_book, ask_volume);
    const uint8_t *frame = message - HEADER_SIZE;
    int64_t bid, ask;
#define TAKE(to, offset) memcpy(&(to), frame + (offset), sizeof(to))
    TAKE(ret->exch_ns, offsetof(struct sj_book, exch_ns));
    TAKE(ret->recv_ns, offsetof(struct sj_book, recv_ns));
    TAKE(ret->instrument, offsetof(struct sj_book, instrument));
    TAKE(ret->flags, offsetof(struct sj_book, flags));
    TAKE(bid, bid_price);
    TAKE(ask, ask_price);
    TAKE(ret->bid_volume, bid_volume);
    TAKE(ret->ask_volume, ask_volume);
#undef TAKE
    ret->bid = price_of(bid);
    ret->ask = price_of(ask);
}

static PyObject *py_decode(PyObject *self, PyObject *payload)
{
    (void)self;
    Py_buffer view;
    struct bbo bbo;
    if (sj_py_buffer(payload, false, "payload", &view) < 0)
        return NULL;
    const uint8_t *message = find_message(view.buf, (size_t)view.len);
    if (message)
        decode(message, &bbo);
    Py_ssize_t size = view.len;
    PyBuffer_Release(&view);
    if (message)
        return Py_BuildValue("(LLddIIII)", (long long)bbo.exch_ns, (long long)bbo.recv_ns, bbo.bid,
                             bbo.ask, (unsigned int)bbo.bid_volume, (unsigned int)bbo.ask_volume,
                             (unsigned int)bbo.instrument, (unsigned int)bbo.flags);
    sj_py_raise("FormatError", NULL, 0, "no book and no quote: %zd bytes", size);
    return NULL;
}

/* Rows until one is refused; its index is the count then. */
static size_t decode_at(const Py_buffer *data, const int64_t *offsets, size_t count,
                        struct bbo *out)
{
    for (size_t i = 0; i < count; i++) {
        bool within = offsets[i] >= 0 && offsets[i] <= data->len;
        const uint8_t *message = within ? find_message((const uint8_t *)data->buf + offsets[i],
                                                       (size_t)(data->len - offsets[i]))
                                        : NULL;
        if (!message)
            return i;
        decode(message, &out[i]);
    }
    return count;
}

/* decode_bbo_many(data, offsets as int64, out): a row each. */
static PyObject *py_decode_many(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *data, *offsets, *out;
    Py_buffer views[3];
    int held = 0;
    if (!PyArg_ParseTuple(args, "OOO", &data, &offsets, &out))
        return NULL;
    if (sj_py_buffer(data, false, "data", &views[0]) == 0 && ++held &&
        sj_py_buffer(offsets, false, "offsets", &views[1]) == 0 && ++held &&
        sj_py_buffer(out, true, "out", &views[2]) == 0)
        held++;
    PyObject *result = NULL;
    if (held == 3) {
        size_t count = (size_t)views[1].len / sizeof(int64_t);
        const int64_t *at = views[1].buf;
        if ((size_t)views[2].len / sizeof(struct bbo) < count) {
            sj_py_raise("FormatError", NULL, -1, "out has fewer rows than there are offsets");
        } else {
            size_t done;
            Py_BEGIN_ALLOW_THREADS done = decode_at(&views[0], at, count, views[2].buf);
            Py_END_ALLOW_THREADS if (done == count) result = PyLong_FromSize_t(count);
            else sj_py_raise("FormatError", NULL, at[done],
                             "no book and no quote at offset %lld (index %zu)", (long long)at[done],
                             done);
        }
    }
    while (held > 0)
        PyBuffer_Release(&views[--held]);
    return result;
}

static PyMethodDef functions[] = {
    {"decode_bbo", py_decode, METH_O, NULL},
    {"decode_bbo_many", py_decode_many, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

int sj_py_add_bbo(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
