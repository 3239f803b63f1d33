#include "convert/inputs.h"

#include <errno.h>
#include <fts.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct expansion {
    const char *const *endings;
    struct sj_inputs *inputs;
    size_t room;
    char *error;
};

static sj_rc fail(struct expansion *expansion, sj_rc rc, const char *path, const char *what)
{
    snprintf(expansion->error, 512, "%.400s: %s", path, what ? what : sj_rc_text(rc));
    return rc;
}

static sj_rc add(struct expansion *expansion, const char *path)
{
    struct sj_inputs *inputs = expansion->inputs;
    if (inputs->count == SJ_INPUTS_MAX)
        return fail(expansion, -SJ_E_LIMIT, path, "more than 1,048,576 files");
    if (inputs->count == expansion->room) {
        size_t room = expansion->room ? 2 * expansion->room : 64;
        char **paths = realloc(inputs->paths, room * sizeof *paths);
        if (!paths)
            return -ENOMEM;
        inputs->paths = paths;
        expansion->room = room;
    }
    inputs->paths[inputs->count] = strdup(path);
    return inputs->paths[inputs->count++] ? 0 : -ENOMEM;
}

static bool ends_as_wanted(const struct expansion *expansion, const char *name)
{
    size_t size = strlen(name);
    for (const char *const *ending = expansion->endings; *ending; ending++)
        if (size > strlen(*ending) && !strcasecmp(name + size - strlen(*ending), *ending))
            return true;
    return false;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static sj_rc take_entry(struct expansion *expansion, FTS *walk, FTSENT *entry)
{
    bool hidden = entry->fts_level > 0 && entry->fts_name[0] == '.';
    switch (entry->fts_info) {
    case FTS_D:
        if (hidden)
            fts_set(walk, entry, FTS_SKIP);
        return 0;
    case FTS_F:
        return !hidden && ends_as_wanted(expansion, entry->fts_name)
                   ? add(expansion, entry->fts_path)
                   : 0;
    case FTS_DC:
        return fail(expansion, -ELOOP, entry->fts_path, NULL);
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        return fail(expansion, -entry->fts_errno, entry->fts_path, NULL);
    default:
        return 0;
    }
}

static sj_rc add_folder(struct expansion *expansion, const char *path)
{
    char *roots[] = {strdup(path), NULL};
    uint32_t before = expansion->inputs->count;
    FTS *walk = roots[0] ? fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name) : NULL;
    sj_rc rc = walk ? 0 : -ENOMEM;
    FTSENT *entry;
    while (rc >= 0 && (entry = fts_read(walk)))
        rc = take_entry(expansion, walk, entry);
    if (walk)
        fts_close(walk);
    free(roots[0]);
    if (rc >= 0 && expansion->inputs->count == before) {
        char what[128] = "no file in this folder ends in";
        for (const char *const *ending = expansion->endings; *ending; ending++)
            snprintf(what + strlen(what), sizeof what - strlen(what), " %s", *ending);
        return fail(expansion, -ENOENT, path, what);
    }
    return rc;
}

static sj_rc add_path(struct expansion *expansion, const char *path)
{
    struct stat stat_now;
    if (stat(path, &stat_now))
        return fail(expansion, -errno, path, NULL);
    return S_ISDIR(stat_now.st_mode) && expansion->endings ? add_folder(expansion, path)
                                                           : add(expansion, path);
}

static sj_rc add_pattern(struct expansion *expansion, const char *pattern)
{
    glob_t found = {0};
    int failed = glob(pattern, GLOB_ERR, NULL, &found);
    sj_rc rc = 0;
    if (failed == GLOB_NOMATCH)
        rc = fail(expansion, -ENOENT, pattern, "nothing matches this pattern");
    else if (failed)
        rc = fail(expansion, failed == GLOB_NOSPACE ? -ENOMEM : -EIO, pattern, NULL);
    for (size_t i = 0; rc >= 0 && i < found.gl_pathc; i++)
        rc = add_path(expansion, found.gl_pathv[i]);
    globfree(&found);
    return rc;
}

struct identity {
    dev_t device;
    ino_t inode;
    uint32_t index;
};

static int by_identity(const void *a, const void *b)
{
    const struct identity *x = a;
    const struct identity *y = b;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    if (x->inode != y->inode)
        return x->inode < y->inode ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static sj_rc refuse_doubles(struct expansion *expansion)
{
    const struct sj_inputs *inputs = expansion->inputs;
    struct identity *files = calloc((size_t)inputs->count + 1, sizeof *files);
    sj_rc rc = files ? 0 : -ENOMEM;
    for (uint32_t i = 0; rc >= 0 && i < inputs->count; i++) {
        struct stat stat_now;
        if (stat(inputs->paths[i], &stat_now))
            rc = fail(expansion, -errno, inputs->paths[i], NULL);
        else
            files[i] = (struct identity){stat_now.st_dev, stat_now.st_ino, i};
    }
    if (rc >= 0)
        qsort(files, inputs->count, sizeof *files, by_identity);
    for (uint32_t i = 1; rc >= 0 && i < inputs->count; i++)
        if (files[i].device == files[i - 1].device && files[i].inode == files[i - 1].inode)
            rc = fail(expansion, -EEXIST, inputs->paths[files[i].index],
                      "this file is named twice; its lines would be in the output twice");
    free(files);
    return rc;
}

sj_rc sj_inputs_expand(const char *const *named, size_t count, const char *const *endings,
                       struct sj_inputs *ret_inputs, char error[512])
{
    struct sj_inputs inputs = {0};
    struct expansion expansion = {.endings = endings, .inputs = &inputs, .error = error};
    struct stat stat_now;
    sj_rc rc = 0;
    *error = 0;
    for (size_t i = 0; rc >= 0 && i < count; i++)
        rc = stat(named[i], &stat_now) && strpbrk(named[i], "*?[")
                 ? add_pattern(&expansion, named[i])
                 : add_path(&expansion, named[i]);
    if (rc >= 0)
        rc = refuse_doubles(&expansion);
    if (rc < 0) {
        if (!*error)
            snprintf(error, 512, "%s", sj_rc_text(rc));
        sj_inputs_done(&inputs);
        return rc;
    }
    *ret_inputs = inputs;
    return 0;
}

void sj_inputs_done(struct sj_inputs *inputs)
{
    for (uint32_t i = 0; i < inputs->count; i++)
        free(inputs->paths[i]);
    free(inputs->paths);
    *inputs = (struct sj_inputs){0};
}
