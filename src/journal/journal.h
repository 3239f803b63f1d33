/* journal.h: the journal is public (include/shijim/journal.h); rooms include it by this name. */
#ifndef SJ_JOURNAL_JOURNAL_H
#define SJ_JOURNAL_JOURNAL_H

#include "shijim/journal.h"

#endif
