/*
 * inputs.h: what a user names as input, as a list of files: files, folders, patterns.
 *
 * A folder stands for all files below it whose names end as wanted; a pattern (* ? []) that is no
 * file itself for what it matches. The files of each are in the order of their paths, folder by
 * folder, so a year of days named by date is in the order of time.
 *
 * Errors   -ENOENT: named but not there, or nothing in it; -EEXIST: a file that is named twice
 *          would be in the output twice; -SJ_E_LIMIT: more than SJ_INPUTS_MAX. `error` has a line.
 * Threads  One owner. Memory: the paths.
 */
#ifndef SJ_CONVERT_INPUTS_H
#define SJ_CONVERT_INPUTS_H

#include "base/rc.h"

#include <stddef.h>

#define SJ_INPUTS_MAX (1u << 20)

struct sj_inputs {
    char **paths; /* owned */
    uint32_t count;
};

/* `endings`: of the names that are taken from folders, ended by NULL; NULL: folders are inputs
 * themselves (journals). */
SJ_MUST_USE sj_rc sj_inputs_expand(const char *const *named, size_t count,
                                   const char *const *endings, struct sj_inputs *ret_inputs,
                                   char error[512]);
void sj_inputs_done(struct sj_inputs *inputs);

#endif
