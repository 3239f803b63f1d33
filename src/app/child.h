/*
 * child.h: processes that a command starts and ends: the demo's broker, store and recorder.
 *
 * A child runs this same program with other arguments, in a process group of its own (Ctrl-C on the
 * terminal reaches the parent only, which stops its children in order), its output in a file. It
 * is killed when the parent dies.
 *
 * Errors   -errno; -SJ_E_TIMEOUT, -SJ_E_CLOSED (it ended).
 * Threads  main thread only.
 */
#ifndef SJ_APP_CHILD_H
#define SJ_APP_CHILD_H

#include "base/rc.h"

#include <stddef.h>
#include <sys/types.h>

struct sj_child {
    const char *name;
    pid_t pid;        /* 0: not running */
    int exit_code;    /* once ended; 128 + signal when killed */
    char output[256]; /* the file its stdout and stderr go to */
};

/* `argv` ends with NULL; argv[0] is replaced by this program's path. */
SJ_MUST_USE sj_rc sj_child_start(struct sj_child *child, const char *name, const char *output,
                                 const char *const *argv);

/* Whether it still runs; reaps it when it has ended. */
bool sj_child_running(struct sj_child *child);

/* Waits until `path` holds a whole line, and copies it. -SJ_E_CLOSED: the child ended first. */
SJ_MUST_USE sj_rc sj_child_wait_file(struct sj_child *child, const char *path, int64_t timeout_ns,
                                     char *ret_text, size_t size);

/* SIGTERM, then waits; SIGKILL after `timeout_ns`. Returns 0 when it exited by itself with code 0.
 */
sj_rc sj_child_stop(struct sj_child *child, int64_t timeout_ns);

/* Copies the last lines of its output to stderr. */
void sj_child_show_end(const struct sj_child *child, int lines);

#endif
