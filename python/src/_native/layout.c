/* layout.c: the kinds of events and their fields, for NumPy's dtypes: from the room's own tables.
 */
#include "layout.h"
#include "gather.h"

#include "event/fields.h"

static const char *const kind_names[] = {
    [SJ_FIELD_U8] = "u8",     [SJ_FIELD_U16] = "u16",   [SJ_FIELD_U32] = "u32",
    [SJ_FIELD_U64] = "u64",   [SJ_FIELD_I32] = "i32",   [SJ_FIELD_I64] = "i64",
    [SJ_FIELD_E6] = "e6",     [SJ_FIELD_TIME] = "time", [SJ_FIELD_FLAGS] = "flags",
    [SJ_FIELD_ENUM] = "enum", [SJ_FIELD_CHAR] = "char", [SJ_FIELD_TEXT] = "text",
};

static PyObject *words_of(const struct sj_field *field)
{
    PyObject *words = PyList_New(field->word_count);
    for (uint8_t i = 0; words && i < field->word_count; i++) {
        PyObject *word = PyUnicode_FromString(field->words[i] ? field->words[i] : "");
        if (!word || PyList_SetItem(words, i, word) < 0)
            Py_CLEAR(words);
    }
    return words;
}

static PyObject *fields_of(const struct sj_event_fields *event)
{
    PyObject *fields = PyList_New(event->count);
    for (uint16_t i = 0; fields && i < event->count; i++) {
        const struct sj_field *field = &event->fields[i];
        PyObject *words = words_of(field);
        PyObject *item =
            words ? Py_BuildValue("(ssiiiN)", field->name, kind_names[field->kind],
                                  (int)field->offset, (int)field->size, (int)field->count, words)
                  : NULL;
        if (!item || PyList_SetItem(fields, i, item) < 0)
            Py_CLEAR(fields);
    }
    return fields;
}

PyObject *sj_py_layouts(PyObject *self, PyObject *ignored)
{
    (void)self;
    (void)ignored;
    PyObject *list = PyList_New(0);
    for (uint16_t id = 1; list && id <= SJ_EVENT_TYPE_MAX; id++) {
        const struct sj_event_fields *event = sj_event_fields(id);
        if (!event)
            continue;
        PyObject *fields = fields_of(event);
        PyObject *item =
            fields ? Py_BuildValue("(siiN)", event->name, (int)id, (int)event->size, fields) : NULL;
        if (!item || PyList_Append(list, item) < 0)
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
}
