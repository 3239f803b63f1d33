/*
 * format.h: output formats: which can be streamed block by block, and their Content-Type.
 *
 * The engine writes each block of a streamed result as a complete document. A format is therefore
 * one of: plain (documents joined are the document), headed by lines or by RowBinary names that
 * are stripped from every document but the first, or whole (must be produced in one piece).
 *
 * Threads  pure, [any thread].
 */
#ifndef SJ_STORE_EMBEDDED_FORMAT_H
#define SJ_STORE_EMBEDDED_FORMAT_H

#include <stddef.h>

#include "base/rc.h"

enum sj_emb_joint {
    SJ_EMB_JOINT_WHOLE,
    SJ_EMB_JOINT_PLAIN,
    SJ_EMB_JOINT_LINES,  /* `header_count` lines */
    SJ_EMB_JOINT_BINARY, /* RowBinary: count, then `header_count` lists of that many strings */
};

struct sj_emb_format {
    const char *name;
    const char *content_type;
    enum sj_emb_joint joint;
    int header_count;
};

/* The entry of `name` (exact case, as the engine wants it); an unknown one is whole and
 * application/octet-stream: the engine refuses it if it does not exist. Never NULL. */
const struct sj_emb_format *sj_emb_format_find(const char *name);

/* The size of the header that a document of `format` begins with; 0 for plain and whole ones.
 * -SJ_E_MALFORMED: the document ends inside its header. */
SJ_MUST_USE sj_rc sj_emb_format_header(const struct sj_emb_format *format, const char *data,
                                       size_t size, size_t *ret_size);

#endif
