#include "store/embedded/chdb.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIBRARY "libchdb.so"

/* dlsym returns an object pointer; POSIX guarantees that it holds a function's address too. */
static bool resolve(void *library, const char *name, void *slot, char *error, size_t error_size)
{
    void *symbol = dlsym(library, name);
    if (!symbol) {
        snprintf(error, error_size, "the library lacks %s: install the pinned version (./dev deps)",
                 name);
        return false;
    }
    memcpy(slot, &symbol, sizeof(symbol));
    return true;
}

static sj_rc load(const char *path, struct sj_chdb *ret_chdb, char *error, size_t error_size)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        snprintf(error, error_size, "cannot load the engine: %s", dlerror());
        return -SJ_E_LAYOUT;
    }
    struct sj_chdb chdb;
#define X(type, name, arguments)                                                                   \
    if (!resolve(library, "chdb_" #name, &chdb.name, error, error_size))                           \
        return -SJ_E_LAYOUT;
    SJ_CHDB_TABLE(X)
#undef X
    *ret_chdb = chdb;
    return 0;
}

/* "<directory of the running program>/<tail>" */
static bool beside_program(const char *tail, char *path, size_t path_size)
{
    char program[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (size <= 0)
        return false;
    program[size] = '\0';
    char *slash = strrchr(program, '/');
    if (!slash)
        return false;
    *slash = '\0';
    return snprintf(path, path_size, "%s/%s", program, tail) < (int)path_size;
}

static bool find(char *path, size_t path_size)
{
    static const char *const fixed[] = {".deps/chdb/" LIBRARY};
    static const char *const beside[] = {LIBRARY, "../.deps/chdb/" LIBRARY,
                                         "../../.deps/chdb/" LIBRARY};
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        snprintf(path, path_size, "%s", fixed[i]);
        if (access(path, R_OK) == 0)
            return true;
    }
    for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
        if (beside_program(beside[i], path, path_size) && access(path, R_OK) == 0)
            return true;
    }
    snprintf(path, path_size, "/usr/lib/shijim/" LIBRARY);
    return access(path, R_OK) == 0;
}

sj_rc sj_chdb_open(const char *path, struct sj_chdb *ret_chdb, char *error, size_t error_size)
{
    const char *named = path ? path : getenv("SHIJIM_CHDB_LIB");
    char found[PATH_MAX + 64];
    if (named && named[0] != '\0') {
        snprintf(found, sizeof(found), "%s", named);
        if (access(found, R_OK) != 0) {
            int code = errno;
            snprintf(error, error_size, "cannot read the engine %s: %s", found, strerror(code));
            return -code;
        }
    } else if (!find(found, sizeof(found))) {
        snprintf(error, error_size,
                 "no " LIBRARY " in .deps/chdb/, beside the program or in /usr/lib/shijim/: run "
                 "./dev deps, or name it in SHIJIM_CHDB_LIB");
        return -ENOENT;
    }
    /* A bare name would make dlopen search the system's directories instead of the file found. */
    char absolute[PATH_MAX];
    if (!realpath(found, absolute)) {
        int code = errno;
        snprintf(error, error_size, "cannot resolve %s: %s", found, strerror(code));
        return -code;
    }
    return load(absolute, ret_chdb, error, error_size);
}
