/*
 * sandbox.h: confines what files this process may touch (Linux Landlock).
 *
 * The last of three walls (README.md): even a statement that got past the other two finds no file
 * but the engine's own, and no TCP connection to make.
 *
 * Threads  before other threads start: those started later inherit it.
 */
#ifndef SJ_STORE_EMBEDDED_SANDBOX_H
#define SJ_STORE_EMBEDDED_SANDBOX_H

#include "base/rc.h"

/* From here on: everything below `engine_dir`, reading `config_dir`, and reading the few system
 * files the engine looks at. Cannot be undone. -ENOTSUP: the kernel has no Landlock. */
SJ_MUST_USE sj_rc sj_emb_sandbox_enter(const char *engine_dir, const char *config_dir);

#endif
