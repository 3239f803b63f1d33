#include "store/embedded/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/embedded/embedded.h"

#define TOKEN_BYTES 32

static sj_rc fail(char *error, size_t error_size, const char *what, const char *path, int code)
{
    snprintf(error, error_size, "%s %s: %s", what, path, strerror(code));
    return -code;
}

sj_rc sj_emb_secret_read(const char *path, char *ret_secret, size_t secret_size, char *error,
                         size_t error_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return fail(error, error_size, "cannot open", path, errno);
    struct stat status;
    char secret[SJ_EMB_SECRET_SIZE_MAX + 2];
    ssize_t size = -1;
    if (fstat(fd, &status) == 0 && (status.st_mode & 077) == 0)
        size = read(fd, secret, sizeof(secret) - 1);
    close(fd);
    if (status.st_mode & 077) {
        snprintf(error, error_size, "%s can be read by others: chmod 600 %s", path, path);
        return -EACCES;
    }
    if (size < 0)
        return fail(error, error_size, "cannot read", path, EIO);
    secret[size] = '\0';
    size_t length = strcspn(secret, "\r\n");
    if (length == 0 || length >= secret_size) {
        snprintf(error, error_size, "%s: the first line must be a secret of 1 to %zu bytes", path,
                 secret_size - 1);
        return -EINVAL;
    }
    memcpy(ret_secret, secret, length);
    ret_secret[length] = '\0';
    return 0;
}

static sj_rc make_token(const char *path, char *error, size_t error_size)
{
    unsigned char random[TOKEN_BYTES];
    char line[2 * TOKEN_BYTES + 2];
    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return fail(error, error_size, "no random bytes for", path, errno);
    char *hex = line;
    for (size_t i = 0; i < TOKEN_BYTES; i++, hex += 2)
        snprintf(hex, 3, "%02x", random[i]);
    line[sizeof(line) - 2] = '\n';
    /* Written aside and renamed: after a crash there is a whole token or none. */
    char aside[4096];
    snprintf(aside, sizeof(aside), "%s.new", path);
    unlink(aside);
    int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(error, error_size, "cannot create", aside, errno);
    bool written = write(fd, line, sizeof(line) - 1) == (ssize_t)sizeof(line) - 1 && fsync(fd) == 0;
    int code = errno;
    close(fd);
    if (!written || rename(aside, path) != 0)
        return fail(error, error_size, "cannot write", path, written ? errno : code);
    return 0;
}

sj_rc sj_emb_token_open(const char *path, char *ret_token, size_t token_size, char *error,
                        size_t error_size)
{
    if (access(path, F_OK) != 0) {
        sj_rc rc = make_token(path, error, error_size);
        if (rc < 0)
            return rc;
    }
    return sj_emb_secret_read(path, ret_token, token_size, error, error_size);
}

static bool same(const char *secret, struct sj_emb_text given)
{
    size_t size = strlen(secret);
    unsigned difference = size != given.size;
    for (size_t i = 0; i < SJ_EMB_SECRET_SIZE_MAX; i++) {
        unsigned char a = i < size ? (unsigned char)secret[i] : 0;
        unsigned char b = i < given.size ? (unsigned char)given.data[i] : 0;
        difference |= (unsigned)(a ^ b);
    }
    return difference == 0;
}

enum sj_emb_identity sj_emb_auth_check(const struct sj_emb_auth *auth, struct sj_emb_text user,
                                       struct sj_emb_text password)
{
    if (sj_emb_text_equals(user, SJ_EMBEDDED_WRITER))
        return same(auth->writer_token, password) ? SJ_EMB_WRITER : SJ_EMB_NOBODY;
    if (user.size > 0 && !sj_emb_text_equals(user, SJ_EMBEDDED_READER))
        return SJ_EMB_NOBODY;
    if (auth->reader_password[0] == '\0')
        return password.size == 0 ? SJ_EMB_READER : SJ_EMB_NOBODY;
    return same(auth->reader_password, password) ? SJ_EMB_READER : SJ_EMB_NOBODY;
}
