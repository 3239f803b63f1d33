/*
 * jsonl.c: the original system's archives for Python: the converter's own reader makes events of
 * lines, and they are gathered like a journal's.
 *
 * Instruments get ids from 1 in the order of first sight. What could not be taken is kept: counted
 * by reason, the first ones with file, line and text.
 *
 * Threads  as journal.c: one at a time, the GIL is released while lines are read.
 */
#include "jsonl.h"

#include "gather.h"

#include "convert/encode.h"
#include "convert/source.h"
#include "event/instruments.h"

#include <stdlib.h>
#include <string.h>

#define REJECTS_KEPT 1000

struct reject {
    uint32_t file;
    uint32_t text_size;
    enum sj_reject reject;
    uint64_t line;
    uint64_t offset;
    char text[SJ_REJECTED_TEXT];
};

struct archive {
    PyObject_HEAD char **paths;
    const char **codes; /* only these; NULL: all */
    uint32_t path_count;
    uint32_t code_count;
    struct sj_source *source;
    struct sj_line_parser *parser;
    struct sj_instruments *instruments;
    struct sj_encode_options options;
    struct sj_piece piece;
    struct sj_bundle bundle;
    uint32_t *ids; /* of the batch's codes; 0: not wanted */
    size_t ids_max;
    struct sj_run run;
    uint64_t seq;
    uint64_t line; /* lines of the file before the piece */
    uint64_t reject_counts[SJ_REJECT_COUNT];
    struct reject *rejects;
    size_t reject_count;
    bool strict;
    bool busy;
    bool open;
    bool cut;      /* the piece's archive ends early: to be told behind its events */
    size_t failed; /* strict: 1 + index of the reject to raise */
};

static void free_words(char **words, uint32_t count)
{
    for (uint32_t i = 0; words && i < count; i++)
        free(words[i]);
    free((void *)words);
}

static void archive_release(struct archive *archive)
{
    sj_source_close(archive->source);
    sj_line_parser_close(archive->parser);
    sj_instruments_close(archive->instruments);
    if (archive->open)
        sj_bundle_done(&archive->bundle);
    free(archive->piece.memory);
    free(archive->ids);
    archive->source = NULL;
    archive->parser = NULL;
    archive->instruments = NULL;
    archive->piece.memory = NULL;
    archive->ids = NULL;
    archive->run = (struct sj_run){0};
    archive->open = false;
}

static void archive_dealloc(PyObject *self)
{
    struct archive *archive = (struct archive *)self;
    archive_release(archive);
    free_words(archive->paths, archive->path_count);
    free_words((char **)archive->codes, archive->code_count);
    free(archive->rejects);
    sj_py_free(self);
}

/* Owned copies of a list of str or bytes. */
static int copy_words(PyObject *list, char ***ret, uint32_t *ret_count)
{
    Py_ssize_t count = PySequence_Size(list);
    if (count < 0 || count > UINT32_MAX)
        return -1;
    *ret = calloc((size_t)count + 1, sizeof(char *));
    if (!*ret)
        return PyErr_NoMemory() ? 0 : -1;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PySequence_GetItem(list, i);
        PyObject *bytes = NULL;
        if (!item || !PyUnicode_FSConverter(item, &bytes)) {
            Py_XDECREF(item);
            return -1;
        }
        (*ret)[i] = strdup(PyBytes_AsString(bytes));
        Py_DECREF(bytes);
        Py_DECREF(item);
        if (!(*ret)[i])
            return PyErr_NoMemory() ? 0 : -1;
        *ret_count = (uint32_t)i + 1;
    }
    return 0;
}

static int archive_open(struct archive *archive)
{
    char error[256] = "";
    sj_bundle_init(&archive->bundle, false, false);
    archive->open = true;
    archive->piece.memory = malloc(SJ_PIECE_MEMORY);
    archive->rejects = calloc(REJECTS_KEPT, sizeof(*archive->rejects));
    sj_rc rc = archive->piece.memory && archive->rejects ? 0 : -ENOMEM;
    if (rc >= 0)
        rc = sj_instruments_create(SJ_INSTRUMENTS_MAX, &archive->instruments);
    if (rc >= 0)
        rc = sj_line_parser_create(SJ_DIALECT_ORIGINAL, SJ_SLOTS_ALL, false, &archive->parser);
    if (rc < 0)
        return PyErr_NoMemory() ? 0 : -1;
    rc = sj_source_open((const char *const *)archive->paths, archive->path_count, &archive->source,
                        error);
    if (rc >= 0)
        return 0;
    archive->source = NULL;
    sj_py_raise("FormatError", archive->path_count == 1 ? archive->paths[0] : NULL, -1, "%s",
                *error ? error : sj_rc_text(rc));
    return -1;
}

/* JsonlReader(paths, codes or None, mend_times, strict) */
static PyObject *archive_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    (void)kwargs;
    PyObject *paths, *codes;
    int mend_times, strict;
    if (!PyArg_ParseTuple(args, "OOpp", &paths, &codes, &mend_times, &strict))
        return NULL;
    allocfunc allocate = (allocfunc)(uintptr_t)PyType_GetSlot(type, Py_tp_alloc);
    struct archive *archive = (struct archive *)allocate(type, 0);
    if (!archive)
        return NULL;
    archive->options = (struct sj_encode_options){
        .dialect = SJ_DIALECT_ORIGINAL, .frames = true, .simtrade = true, .mend_times = mend_times};
    archive->strict = strict;
    if (copy_words(paths, &archive->paths, &archive->path_count) < 0 ||
        (codes != Py_None &&
         copy_words(codes, (char ***)&archive->codes, &archive->code_count) < 0) ||
        archive_open(archive) < 0) {
        Py_DECREF(archive);
        return NULL;
    }
    return (PyObject *)archive;
}

static bool is_wanted(const struct archive *archive, const struct sj_batch_code *code)
{
    if (!archive->codes)
        return true;
    for (uint32_t i = 0; i < archive->code_count; i++)
        if (strncmp(archive->codes[i], code->code, sizeof(code->code)) == 0 &&
            strlen(archive->codes[i]) <= sizeof(code->code))
            return true;
    return false;
}

static sj_rc define(struct archive *archive, const struct sj_batch_code *code, uint32_t *ret_id)
{
    size_t size = strnlen(code->code, sizeof(code->code));
    *ret_id = sj_instruments_find(archive->instruments, code->code, size);
    if (*ret_id)
        return 0;
    struct sj_instrument definition = sj_batch_definition(code, archive->bundle.main.min_exch);
    return sj_instruments_put(archive->instruments, &definition, ret_id);
}

static sj_rc define_codes(struct archive *archive)
{
    const struct sj_batch *batch = &archive->bundle.main;
    if (archive->ids_max < batch->code_count) {
        uint32_t *ids = realloc(archive->ids, 2 * (size_t)batch->code_count * sizeof(*ids));
        if (!ids)
            return -ENOMEM;
        archive->ids = ids;
        archive->ids_max = 2 * (size_t)batch->code_count;
    }
    sj_rc rc = 0;
    for (uint32_t i = 0; rc >= 0 && i < batch->code_count; i++) {
        rc = define(archive, &batch->codes[i], &archive->ids[i]);
        if (rc >= 0 && !is_wanted(archive, &batch->codes[i]))
            archive->ids[i] = 0;
    }
    return rc;
}

/* Frames of what is not wanted get the kind 0, which no filter asks for. */
static void number_frames(struct archive *archive)
{
    struct sj_batch *batch = &archive->bundle.main;
    for (size_t at = 0; at < batch->frames_size;) {
        struct sj_frame *frame = (struct sj_frame *)(void *)(batch->frames + at);
        frame->seq = ++archive->seq;
        frame->instrument = archive->ids[frame->instrument - 1];
        if (frame->instrument == 0)
            frame->template_id = 0;
        at += sj_frame_size(frame);
    }
    archive->run = (struct sj_run){.src = SJ_SRC_CONVERT};
    if (batch->frames_size > 0) {
        archive->run.at = batch->frames;
        archive->run.end = batch->frames + batch->frames_size;
    }
}

/* Where a line of the piece begins in its (unpacked) file. */
static uint64_t offset_of(const struct sj_piece *piece, uint64_t line)
{
    const char *at = piece->begin;
    for (uint64_t i = 1; i < line && at && at < piece->end; i++) {
        at = memchr(at, '\n', (size_t)(piece->end - at));
        at = at ? at + 1 : piece->end;
    }
    return piece->offset + (uint64_t)(at - piece->begin);
}

static void keep_rejects(struct archive *archive)
{
    const struct sj_batch *batch = &archive->bundle.main;
    for (size_t i = 0; i < batch->rejected_count; i++) {
        const struct sj_rejected *from = &batch->rejected[i];
        archive->reject_counts[from->reject]++;
        if (archive->reject_count == REJECTS_KEPT)
            continue;
        struct reject *to = &archive->rejects[archive->reject_count++];
        to->file = archive->piece.file;
        to->reject = from->reject;
        to->line = archive->line + from->line;
        to->offset = offset_of(&archive->piece, from->line);
        to->text_size = from->text_size < SJ_REJECTED_TEXT ? from->text_size : SJ_REJECTED_TEXT;
        if (to->text_size > 0)
            memcpy(to->text, batch->reject_text + from->text_at, to->text_size);
        if (archive->strict && archive->failed == 0)
            archive->failed = archive->reject_count;
    }
}

/* The next piece's events as the run: 1, 0 at the end, or an error. Without the GIL. */
static sj_rc next_piece(struct archive *archive)
{
    sj_rc rc = sj_source_next(archive->source, &archive->piece);
    if (rc <= 0)
        return rc;
    if (archive->piece.starts_file)
        archive->line = 0;
    sj_bundle_clear(&archive->bundle);
    sj_encode_piece(&archive->options, archive->parser, &archive->piece, &archive->bundle);
    rc = archive->bundle.main.failed ? -ENOMEM : define_codes(archive);
    if (rc < 0)
        return rc;
    number_frames(archive);
    keep_rejects(archive);
    archive->line += archive->bundle.main.counts.lines;
    archive->cut = archive->piece.cut;
    return 1;
}

static int archive_take(struct archive *archive)
{
    if (!archive->open)
        sj_py_raise("ClosedError", NULL, -1, "the archive's reader is closed");
    else if (archive->busy)
        sj_py_raise("BusyError", NULL, -1,
                    "another thread reads with this reader; give each thread its own");
    else
        return (int)(archive->busy = true) - 1;
    return -1;
}

/* What the piece before left to tell; -1 with an exception. */
static int tell(struct archive *archive)
{
    if (archive->failed) {
        const struct reject *reject = &archive->rejects[archive->failed - 1];
        sj_py_raise("RejectError", archive->paths[reject->file], (int64_t)reject->offset,
                    "line %llu: %s: %.*s", (unsigned long long)reject->line,
                    sj_reject_text(reject->reject), (int)reject->text_size, reject->text);
        return -1;
    }
    if (archive->cut) {
        archive->cut = false;
        archive->reject_counts[SJ_REJECT_ARCHIVE]++;
        sj_py_raise("DamageError", archive->paths[archive->piece.file],
                    (int64_t)(archive->piece.offset +
                              (uint64_t)(archive->piece.end - archive->piece.begin)),
                    "%s (offset in what was unpacked)", sj_reject_text(SJ_REJECT_ARCHIVE));
        return -1;
    }
    return 0;
}

static PyObject *read_into(struct archive *archive, const struct sj_filter *filter, Py_buffer *out)
{
    size_t room = (size_t)out->len / filter->row_size;
    size_t count = 0;
    sj_rc rc = 1;
    while (rc > 0 && count < room) {
        bool told = archive->run.at < archive->run.end || (!archive->failed && !archive->cut);
        if (!told && count > 0)
            break; /* first the rows, then what is to be told */
        if (!told && tell(archive) < 0)
            return NULL;
        Py_BEGIN_ALLOW_THREADS if (archive->run.at == archive->run.end) rc = next_piece(archive);
        if (rc > 0)
            count += sj_gather(&archive->run, filter,
                               (uint8_t *)out->buf + count * filter->row_size, room - count);
        Py_END_ALLOW_THREADS if (PyErr_CheckSignals() < 0) return NULL;
    }
    if (rc >= 0)
        return Py_BuildValue("(nO)", (Py_ssize_t)count, rc == 0 ? Py_True : Py_False);
    sj_py_raise("FormatError", archive->paths[archive->piece.file], -1, "%s",
                *sj_source_error(archive->source) ? sj_source_error(archive->source)
                                                  : sj_rc_text(rc));
    return NULL;
}

/* read(filter, out) -> (rows, at the end?), as JournalReader's. */
static PyObject *archive_read(PyObject *self, PyObject *args)
{
    struct archive *archive = (struct archive *)self;
    Py_buffer view;
    const struct sj_filter *filter = sj_read_arguments(args, &view);
    if (!filter)
        return NULL;
    PyObject *result = NULL;
    if (archive_take(archive) == 0) {
        result = read_into(archive, filter, &view);
        archive->busy = false;
    }
    PyBuffer_Release(&view);
    return result;
}

/* definitions() -> bytes: the instruments met so far, as frames. */
static PyObject *archive_definitions(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    struct archive *archive = (struct archive *)self;
    if (archive_take(archive) < 0)
        return NULL;
    uint32_t count = sj_instruments_count(archive->instruments);
    PyObject *bytes =
        PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * sizeof(struct sj_instrument)));
    for (uint32_t id = 1; bytes && id <= count; id++)
        memcpy(PyBytes_AsString(bytes) + (id - 1) * sizeof(struct sj_instrument),
               sj_instruments_get(archive->instruments, id), sizeof(struct sj_instrument));
    archive->busy = false;
    return bytes;
}

static PyObject *archive_instrument_count(PyObject *self, void *closure)
{
    (void)closure;
    struct archive *archive = (struct archive *)self;
    return PyLong_FromUnsignedLong(archive->instruments ? sj_instruments_count(archive->instruments)
                                                        : 0);
}

/* rejects() -> ({reason: count}, [(path, line, offset, reason, text)]) */
static PyObject *archive_rejects(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    struct archive *archive = (struct archive *)self;
    PyObject *counts = PyDict_New();
    PyObject *list = PyList_New(0);
    for (int i = 0; counts && i < SJ_REJECT_COUNT; i++) {
        if (archive->reject_counts[i] == 0)
            continue;
        PyObject *count = PyLong_FromUnsignedLongLong(archive->reject_counts[i]);
        if (!count || PyDict_SetItemString(counts, sj_reject_text((enum sj_reject)i), count) < 0)
            Py_CLEAR(counts);
        Py_XDECREF(count);
    }
    for (size_t i = 0; list && i < archive->reject_count; i++) {
        const struct reject *reject = &archive->rejects[i];
        PyObject *item = Py_BuildValue(
            "(NKKsN)", PyUnicode_DecodeFSDefault(archive->paths[reject->file]),
            (unsigned long long)reject->line, (unsigned long long)reject->offset,
            sj_reject_text(reject->reject),
            PyUnicode_DecodeUTF8(reject->text, (Py_ssize_t)reject->text_size, "replace"));
        if (!item || PyList_Append(list, item) < 0)
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    if (counts && list)
        return Py_BuildValue("(NN)", counts, list);
    Py_XDECREF(counts);
    Py_XDECREF(list);
    return NULL;
}

static PyObject *archive_close(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    struct archive *archive = (struct archive *)self;
    if (archive->busy) {
        sj_py_raise("BusyError", NULL, -1, "another thread reads with this reader");
        return NULL;
    }
    archive_release(archive);
    Py_RETURN_NONE;
}

static PyMethodDef archive_methods[] = {
    {"close", archive_close, METH_NOARGS, NULL},
    {"definitions", archive_definitions, METH_NOARGS, NULL},
    {"read", archive_read, METH_VARARGS, NULL},
    {"rejects", archive_rejects, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef archive_members[] = {
    {"instrument_count", archive_instrument_count, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static PyType_Slot archive_slots[] = {
    {Py_tp_new, SJ_PY_SLOT(archive_new)},
    {Py_tp_dealloc, SJ_PY_SLOT(archive_dealloc)},
    {Py_tp_methods, archive_methods},
    {Py_tp_getset, archive_members},
    {0, NULL},
};
static PyType_Spec archive_spec = {.name = "shijim._native.JsonlReader",
                                   .basicsize = sizeof(struct archive),
                                   .flags = Py_TPFLAGS_DEFAULT,
                                   .slots = archive_slots};

int sj_py_add_jsonl(PyObject *module)
{
    return sj_py_add_type(module, &archive_spec, NULL);
}
