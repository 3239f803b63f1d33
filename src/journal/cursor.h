/*
 * cursor.h: what the rest of the journal needs of cursors.
 *
 * Threads  [any].
 */
#ifndef SJ_JOURNAL_CURSOR_H
#define SJ_JOURNAL_CURSOR_H

#include "journal/format.h"

struct sj_cursor_range {
    uint32_t count;
    uint64_t lowest; /* UINT64_MAX when there is none */
    uint64_t highest;
    char lowest_name[SJ_JOURNAL_CURSOR_NAME_MAX];
};

/* Looks at every cursor of the journal. A damaged one counts as standing at 0: it holds everything.
 */
SJ_MUST_USE sj_rc sj_cursor_range(const char *dir, struct sj_cursor_range *ret);

#endif
