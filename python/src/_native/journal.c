/*
 * journal.c: a journal's reader for Python: rows of one kind gathered into the caller's array, or
 * one block after the other for those who view it in place.
 *
 * The GIL is released while blocks are read. A reader belongs to one thread at a time; a second one
 * that comes meanwhile gets an error, and so does everybody after close.
 */
#include "journal.h"

#include "gather.h"
#include "guard.h"

#include "journal/format.h"
#include "journal/journal.h"

#include <stdlib.h>
#include <string.h>

/* How much is read before signals are looked at. */
#define TURN_SIZE (64u << 20)

struct reader {
    PyObject_HEAD struct sj_journal_reader *journal;
    bool busy;
    bool broken;  /* a fault left it in the middle of something */
    bool damaged; /* damage was met behind rows that were handed on: to be told next */
    struct sj_journal_span span;
    struct sj_run run; /* what is left of the span */
    char dir[4096];
};

static void reader_dealloc(PyObject *self)
{
    sj_journal_reader_close(((struct reader *)self)->journal);
    sj_py_free(self);
}

static void raise_damage(struct reader *reader)
{
    struct sj_journal_damage damage;
    char path[4096 + 80];
    sj_journal_reader_damage(reader->journal, &damage);
    snprintf(path, sizeof(path), "%s/%s", reader->dir, damage.file);
    sj_py_raise("DamageError", path, (int64_t)damage.position, "%s (%llu bytes are passed over)",
                damage.text, (unsigned long long)damage.size);
}

/* Takes the reader for this call; -1 with an exception. */
static int reader_take(struct reader *reader)
{
    if (reader->journal == NULL)
        sj_py_raise("ClosedError", reader->dir, -1, "the journal's reader is closed");
    else if (reader->broken)
        sj_py_raise("JournalError", reader->dir, -1,
                    "a segment was cut while it was read; open the journal anew");
    else if (reader->busy)
        sj_py_raise("BusyError", reader->dir, -1,
                    "another thread reads with this reader; give each thread its own");
    else
        return (int)(reader->busy = true) - 1;
    return -1;
}

/* Tells of damage that the call before left; -1 with an exception. */
static int tell_damage(struct reader *reader)
{
    if (!reader->damaged)
        return 0;
    reader->damaged = false;
    raise_damage(reader);
    return -1;
}

static void reader_give(struct reader *reader)
{
    reader->busy = false;
}

static PyObject *reader_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    (void)kwargs;
    PyObject *dir;
    int durable_only = 0, repeats = 0;
    if (!PyArg_ParseTuple(args, "O&|pp", PyUnicode_FSConverter, &dir, &durable_only, &repeats))
        return NULL;
    sj_guard_install();
    struct sj_journal_reader_options options = {
        .dir = PyBytes_AsString(dir), .durable_only = durable_only, .repeats = repeats};
    allocfunc allocate = (allocfunc)(uintptr_t)PyType_GetSlot(type, Py_tp_alloc);
    struct reader *reader = (struct reader *)allocate(type, 0);
    if (reader) {
        strncpy(reader->dir, options.dir, sizeof(reader->dir) - 1);
        sj_rc rc;
        Py_BEGIN_ALLOW_THREADS rc = sj_journal_reader_open(&options, &reader->journal);
        Py_END_ALLOW_THREADS if (rc < 0)
        {
            reader->journal = NULL;
            sj_py_raise("JournalError", options.dir, -1, "cannot be opened as a journal: %s",
                        sj_rc_text(rc));
            Py_CLEAR(reader);
        }
    }
    Py_DECREF(dir);
    return (PyObject *)reader;
}

static PyObject *raise_read(struct reader *reader, sj_rc rc)
{
    if (rc == -SJ_E_CORRUPT)
        raise_damage(reader);
    else
        sj_py_raise("JournalError", reader->dir, (int64_t)reader->span.next_position, "%s",
                    sj_rc_text(rc));
    return NULL;
}

/* The next block that may have something, as the run. 1, 0 at the end, or an error; a fault is
 * -EFAULT. Without the GIL. */
static sj_rc next_run(struct reader *reader, const struct sj_filter *filter, uint64_t *size)
{
    sj_rc rc;
    do {
        rc = sj_journal_read(reader->journal, &reader->span);
        if (rc <= 0)
            return rc;
        *size += (uint64_t)(reader->span.end - reader->span.begin);
        if (*size > TURN_SIZE)
            break;
    } while (!sj_gather_may(filter, reader->span.src, reader->span.first_ns, reader->span.last_ns));
    bool may = sj_gather_may(filter, reader->span.src, reader->span.first_ns, reader->span.last_ns);
    reader->run = (struct sj_run){.at = may ? reader->span.begin : reader->span.end,
                                  .end = reader->span.end,
                                  .src = reader->span.src};
    return 1;
}

/* One turn of read(): 1 when there may be more, 0 at the end, or an error. */
static sj_rc gather_turn(struct reader *reader, const struct sj_filter *filter, uint8_t *rows,
                         size_t room, size_t *count)
{
    struct sj_guard guard;
    uint64_t size = 0;
    if (sigsetjmp(guard.back, 0) != 0) {
        reader->broken = true;
        return -EFAULT;
    }
    sj_guard_enter(&guard);
    sj_rc rc = 1;
    while (*count < room && size <= TURN_SIZE && rc > 0) {
        *count += sj_gather(&reader->run, filter, rows + *count * filter->row_size, room - *count);
        if (reader->run.at == reader->run.end && *count < room)
            rc = next_run(reader, filter, &size);
    }
    sj_guard_leave(&guard);
    return rc;
}

static PyObject *read_into(struct reader *reader, const struct sj_filter *filter, Py_buffer *out)
{
    size_t room = (size_t)out->len / filter->row_size;
    size_t count = 0;
    sj_rc rc = 1;
    if (tell_damage(reader) < 0)
        return NULL;
    sj_guard_install();
    while (rc > 0 && count < room) {
        Py_BEGIN_ALLOW_THREADS rc = gather_turn(reader, filter, out->buf, room, &count);
        Py_END_ALLOW_THREADS if (PyErr_CheckSignals() < 0) return NULL;
    }
    if (rc == -SJ_E_CORRUPT && count > 0) {
        /* What stood before the damage is handed on; the next call tells of the damage. */
        reader->damaged = true;
        return Py_BuildValue("(nO)", (Py_ssize_t)count, Py_False);
    }
    if (reader->broken)
        sj_py_raise("JournalError", reader->dir, (int64_t)reader->span.next_position,
                    "a segment was cut while it was read");
    else if (rc < 0)
        return raise_read(reader, rc);
    return reader->broken ? NULL
                          : Py_BuildValue("(nO)", (Py_ssize_t)count, rc == 0 ? Py_True : Py_False);
}

/* read(filter, out) -> (rows, at the end?) */
static PyObject *reader_read(PyObject *self, PyObject *args)
{
    struct reader *reader = (struct reader *)self;
    Py_buffer view;
    const struct sj_filter *filter = sj_read_arguments(args, &view);
    if (!filter)
        return NULL;
    PyObject *result = NULL;
    if (reader_take(reader) == 0) {
        result = read_into(reader, filter, &view);
        reader_give(reader);
    }
    PyBuffer_Release(&view);
    return result;
}

static sj_rc look_turn(struct reader *reader, const struct sj_filter *filter, size_t *count,
                       const uint8_t **first)
{
    struct sj_guard guard;
    uint64_t size = 0;
    if (sigsetjmp(guard.back, 0) != 0) {
        reader->broken = true;
        return -EFAULT;
    }
    sj_guard_enter(&guard);
    sj_rc rc = next_run(reader, filter, &size);
    if (rc > 0)
        *count = sj_gather_look(&reader->run, filter, first);
    sj_guard_leave(&guard);
    return rc;
}

/* next(filter) -> None at the end, or (count that pass, position of the block, bytes of its frames,
 * offset of the first row from the frames' beginning or -1 where they are no run, src). The block
 * is what read and copy take next. */
static PyObject *reader_next(PyObject *self, PyObject *filter_object)
{
    struct reader *reader = (struct reader *)self;
    struct sj_filter *filter = sj_filter_of(filter_object);
    size_t count = 0;
    const uint8_t *first = NULL;
    sj_rc rc = 1;
    if (!filter || reader_take(reader) < 0)
        return NULL;
    if (tell_damage(reader) < 0) {
        reader_give(reader);
        return NULL;
    }
    sj_guard_install();
    while (rc > 0 && count == 0) {
        Py_BEGIN_ALLOW_THREADS rc = look_turn(reader, filter, &count, &first);
        Py_END_ALLOW_THREADS if (PyErr_CheckSignals() < 0)
        {
            reader_give(reader);
            return NULL;
        }
    }
    reader_give(reader);
    if (reader->broken) {
        sj_py_raise("JournalError", reader->dir, (int64_t)reader->span.next_position,
                    "a segment was cut while it was read");
        return NULL;
    }
    if (rc < 0)
        return raise_read(reader, rc);
    if (rc == 0)
        Py_RETURN_NONE;
    return Py_BuildValue("(nKnni)", (Py_ssize_t)count, (unsigned long long)reader->span.position,
                         (Py_ssize_t)(reader->span.end - reader->span.begin),
                         first ? (Py_ssize_t)(first - reader->span.begin) : (Py_ssize_t)-1,
                         (int)reader->span.src);
}

/* block() -> bytes of the frames that next() told of. */
static PyObject *reader_block(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    struct reader *reader = (struct reader *)self;
    if (reader_take(reader) < 0)
        return NULL;
    struct sj_guard guard;
    PyObject *volatile bytes =
        PyBytes_FromStringAndSize(NULL, reader->span.end - reader->span.begin);
    if (bytes && sigsetjmp(guard.back, 0) != 0) {
        reader->broken = true;
        Py_DECREF(bytes);
        bytes = NULL;
        sj_py_raise("JournalError", reader->dir, (int64_t)reader->span.position,
                    "a segment was cut while it was read");
    } else if (bytes) {
        sj_guard_enter(&guard);
        if (reader->span.end != reader->span.begin)
            memcpy(PyBytes_AsString(bytes), reader->span.begin,
                   (size_t)(reader->span.end - reader->span.begin));
        sj_guard_leave(&guard);
    }
    reader_give(reader);
    return bytes;
}

static PyObject *reader_done(struct reader *reader, sj_rc rc, const char *what)
{
    reader->run = (struct sj_run){0};
    reader->span = (struct sj_journal_span){0};
    reader_give(reader);
    if (rc < 0) {
        sj_py_raise("JournalError", reader->dir, -1, "%s: %s", what, sj_rc_text(rc));
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *reader_seek(PyObject *self, PyObject *args)
{
    struct reader *reader = (struct reader *)self;
    unsigned long long position;
    if (!PyArg_ParseTuple(args, "K", &position) || reader_take(reader) < 0)
        return NULL;
    return reader_done(reader, sj_journal_seek(reader->journal, position), "cannot seek");
}

static PyObject *reader_seek_time(PyObject *self, PyObject *args)
{
    struct reader *reader = (struct reader *)self;
    long long time_ns;
    if (!PyArg_ParseTuple(args, "L", &time_ns) || reader_take(reader) < 0)
        return NULL;
    return reader_done(reader, sj_journal_seek_time(reader->journal, time_ns), "cannot seek");
}

struct bytes {
    uint8_t *data;
    size_t size;
    size_t room;
};

static void add_definition(const struct sj_instrument *definition, uint32_t src, void *context)
{
    (void)src;
    struct bytes *bytes = context;
    if (bytes->room - bytes->size < sizeof(*definition)) {
        size_t room = 2 * bytes->room + 256 * sizeof(*definition);
        uint8_t *data = realloc(bytes->data, room);
        if (!data)
            return;
        bytes->data = data;
        bytes->room = room;
    }
    memcpy(bytes->data + bytes->size, definition, sizeof(*definition));
    bytes->size += sizeof(*definition);
}

/* definitions() -> bytes: every definition of an instrument that holds at the journal's end, oldest
 * first, as frames. Leaves the reader at the end. */
static PyObject *reader_definitions(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    struct reader *reader = (struct reader *)self;
    struct bytes bytes = {0};
    struct sj_guard guard;
    if (reader_take(reader) < 0)
        return NULL;
    sj_guard_install();
    volatile sj_rc rc = -EFAULT;
    if (sigsetjmp(guard.back, 0) == 0) {
        sj_guard_enter(&guard);
        rc = sj_journal_seek(reader->journal, sj_journal_reader_head(reader->journal));
        if (rc >= 0)
            rc = sj_journal_reader_definitions(reader->journal, add_definition, &bytes);
        sj_guard_leave(&guard);
    } else {
        reader->broken = true;
    }
    PyObject *done = reader_done(reader, rc, "the definitions of instruments cannot be read");
    PyObject *result =
        done ? PyBytes_FromStringAndSize((char *)bytes.data, (Py_ssize_t)bytes.size) : NULL;
    Py_XDECREF(done);
    free(bytes.data);
    return result;
}

/* only(ids): uint32, or None for all. */
static PyObject *reader_only(PyObject *self, PyObject *ids)
{
    struct reader *reader = (struct reader *)self;
    Py_buffer view = {0};
    if (ids != Py_None && sj_py_buffer(ids, false, "ids", &view) < 0)
        return NULL;
    PyObject *result = NULL;
    if (reader_take(reader) == 0)
        result = reader_done(
            reader,
            sj_journal_reader_only(reader->journal, view.buf, (uint32_t)((size_t)view.len / 4)),
            "cannot choose instruments");
    if (view.buf)
        PyBuffer_Release(&view);
    return result;
}

static PyObject *reader_close(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    struct reader *reader = (struct reader *)self;
    if (reader->busy) {
        sj_py_raise("BusyError", reader->dir, -1, "another thread reads with this reader");
        return NULL;
    }
    sj_journal_reader_close(reader->journal);
    reader->journal = NULL;
    reader->run = (struct sj_run){0};
    Py_RETURN_NONE;
}

static PyMethodDef reader_methods[] = {
    {"read", reader_read, METH_VARARGS, NULL},
    {"next", reader_next, METH_O, NULL},
    {"block", reader_block, METH_NOARGS, NULL},
    {"seek", reader_seek, METH_VARARGS, NULL},
    {"definitions", reader_definitions, METH_NOARGS, NULL},
    {"seek_time", reader_seek_time, METH_VARARGS, NULL},
    {"only", reader_only, METH_O, NULL},
    {"close", reader_close, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};
static PyType_Slot reader_slots[] = {
    {Py_tp_new, SJ_PY_SLOT(reader_new)},
    {Py_tp_dealloc, SJ_PY_SLOT(reader_dealloc)},
    {Py_tp_methods, reader_methods},
    {0, NULL},
};
static PyType_Spec reader_spec = {.name = "shijim._native.JournalReader",
                                  .basicsize = sizeof(struct reader),
                                  .flags = Py_TPFLAGS_DEFAULT,
                                  .slots = reader_slots};

static void add_segment(const struct sj_journal_segment *segment, void *context)
{
    PyObject **list = context;
    PyObject *item =
        *list == NULL
            ? NULL
            : Py_BuildValue("(sKKKKKLLNNN)", segment->file, (unsigned long long)segment->ordinal,
                            (unsigned long long)segment->base, (unsigned long long)segment->end,
                            (unsigned long long)segment->file_size,
                            (unsigned long long)segment->event_count, (long long)segment->first_ns,
                            (long long)segment->last_ns, PyBool_FromLong(segment->whole),
                            PyBool_FromLong(segment->sealed), PyBool_FromLong(segment->compressed));
    if (*list && (!item || PyList_Append(*list, item) < 0))
        Py_CLEAR(*list);
    Py_XDECREF(item);
}

/* segments(dir): (file, ordinal, base, end, size, events, first_ns, last_ns, whole, sealed,
 * compressed), oldest first. */
static PyObject *py_segments(PyObject *self, PyObject *path)
{
    (void)self;
    PyObject *dir;
    if (!PyUnicode_FSConverter(path, &dir))
        return NULL;
    PyObject *list = PyList_New(0);
    sj_guard_install();
    struct sj_guard guard;
    sj_rc rc = -EFAULT;
    if (sigsetjmp(guard.back, 0) == 0) {
        sj_guard_enter(&guard);
        rc = sj_journal_list(PyBytes_AsString(dir), add_segment, &list);
        sj_guard_leave(&guard);
    }
    if (rc < 0 && list) {
        Py_CLEAR(list);
        sj_py_raise("JournalError", PyBytes_AsString(dir), -1, "cannot be listed: %s",
                    sj_rc_text(rc));
    }
    Py_DECREF(dir);
    return list;
}

static PyMethodDef functions[] = {
    {"segments", py_segments, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

int sj_py_add_journal(PyObject *module)
{
    if (PyModule_AddFunctions(module, functions) < 0)
        return -1;
    if (PyModule_AddIntConstant(module, "BLOCK_HEAD_SIZE", sizeof(struct sj_block_head)) < 0)
        return -1;
    return sj_py_add_type(module, &reader_spec, NULL);
}
