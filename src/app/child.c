#include "app/child.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define POLL_NS (10 * SJ_NS_PER_MS)
#define TAIL_SIZE 4096

static void pause_ns(int64_t ns)
{
    nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

__attribute__((noreturn)) static void become(const char *output, const char *const *argv,
                                             pid_t parent)
{
    static const char self[] = "/proc/self/exe";
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int fd = open(output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (getppid() == parent && fd >= 0 && null >= 0 && dup2(null, 0) >= 0 && dup2(fd, 1) >= 0 &&
        dup2(fd, 2) >= 0)
        execv(self, (char *const *)(uintptr_t)argv);
    _exit(127);
}

sj_rc sj_child_start(struct sj_child *child, const char *name, const char *output,
                     const char *const *argv)
{
    pid_t parent = getpid();
    *child = (struct sj_child){.name = name};
    if (snprintf(child->output, sizeof child->output, "%s", output) >= (int)sizeof child->output)
        return -ENAMETOOLONG;
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0)
        become(output, argv, parent);
    child->pid = pid;
    return 0;
}

static void note_end(struct sj_child *child, int status)
{
    child->pid = 0;
    child->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool sj_child_running(struct sj_child *child)
{
    int status;
    if (child->pid == 0)
        return false;
    if (waitpid(child->pid, &status, WNOHANG) == child->pid)
        note_end(child, status);
    return child->pid != 0;
}

sj_rc sj_child_wait_file(struct sj_child *child, const char *path, int64_t timeout_ns,
                         char *ret_text, size_t size)
{
    int64_t deadline_ns = sj_clock_mono_ns() + timeout_ns;
    while (sj_clock_mono_ns() < deadline_ns) {
        FILE *file = fopen(path, "re");
        size_t got = file ? fread(ret_text, 1, size - 1, file) : 0;
        if (file)
            fclose(file);
        ret_text[got] = 0;
        if (got && ret_text[got - 1] == '\n')
            return 0;
        if (!sj_child_running(child))
            return -SJ_E_CLOSED;
        pause_ns(POLL_NS);
    }
    return -SJ_E_TIMEOUT;
}

sj_rc sj_child_stop(struct sj_child *child, int64_t timeout_ns)
{
    int64_t deadline_ns = sj_clock_mono_ns() + timeout_ns;
    bool killed = false;
    if (sj_child_running(child))
        kill(child->pid, SIGTERM);
    while (sj_child_running(child)) {
        if (!killed && sj_clock_mono_ns() > deadline_ns) {
            kill(child->pid, SIGKILL);
            killed = true;
        }
        pause_ns(POLL_NS);
    }
    return child->exit_code == 0 ? 0 : killed ? -SJ_E_TIMEOUT : -SJ_E_CLOSED;
}

void sj_child_show_end(const struct sj_child *child, int lines)
{
    char text[TAIL_SIZE + 1];
    FILE *file = fopen(child->output, "re");
    if (!file)
        return;
    if (fseek(file, -TAIL_SIZE, SEEK_END))
        rewind(file);
    size_t size = fread(text, 1, TAIL_SIZE, file);
    fclose(file);
    text[size] = 0;
    char *at = text + size;
    while (at > text && lines >= 0)
        if (*--at == '\n')
            lines--;
    fputs(*at == '\n' ? at + 1 : at, stderr);
}
