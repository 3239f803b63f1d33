#include "gateway/budget.h"

#include "base/tw_time.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LINE_MAX_SIZE 64

sj_rc sj_budget_decide(struct sj_budget_state *state, const struct sj_budget_limits *limits,
                       int64_t now_ns, int64_t *ret_retry_ns)
{
    int32_t today = sj_tw_date(now_ns);
    /* A clock set back must not open a new budget: only a later day does. */
    if (today > state->date) {
        state->date = today;
        state->count = 0;
    }
    if (state->count >= limits->per_day) {
        *ret_retry_ns = sj_tw_to_utc_ns(sj_date_add(state->date, 1), 0);
        return -SJ_E_LIMIT;
    }
    if (state->last_ns > 0 && now_ns - state->last_ns < limits->interval_ns &&
        now_ns >= state->last_ns) {
        *ret_retry_ns = state->last_ns + limits->interval_ns;
        return -EAGAIN;
    }
    state->count++;
    state->last_ns = now_ns;
    return 0;
}

sj_rc sj_budget_parse(const char *text, size_t size, struct sj_budget_state *ret_state)
{
    char line[LINE_MAX_SIZE];
    struct sj_budget_state state = {0};
    int end = 0;
    if (size == 0) {
        *ret_state = state; /* a new file */
        return 0;
    }
    if (size >= sizeof(line))
        return -SJ_E_CORRUPT;
    memcpy(line, text, size);
    line[size] = '\0';
    if (sscanf(line, "%8" SCNd32 " %9" SCNu32 " %19" SCNd64 "%n", &state.date, &state.count,
               &state.last_ns, &end) != 3 ||
        line[end] != '\n' || (size_t)end + 1 != size || !sj_date_valid(state.date) ||
        strspn(line, "0123456789 \n") != size)
        return -SJ_E_CORRUPT;
    *ret_state = state;
    return 0;
}

void sj_budget_init(struct sj_budget *budget, const char *path,
                    const struct sj_budget_limits *limits)
{
    memset(budget, 0, sizeof(*budget));
    snprintf(budget->path, sizeof(budget->path), "%s", path);
    budget->limits = *limits;
    budget->fd = -1;
}

static sj_rc lock(struct sj_budget *budget)
{
    budget->fd = open(budget->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (budget->fd < 0)
        return -errno;
    if (flock(budget->fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    sj_rc rc = errno == EWOULDBLOCK ? -SJ_E_BUSY : -errno;
    sj_budget_give(budget);
    return rc;
}

static sj_rc load(int fd, struct sj_budget_state *ret_state)
{
    char text[LINE_MAX_SIZE];
    ssize_t size = pread(fd, text, sizeof(text), 0);
    return size < 0 ? sj_rc_errno() : sj_budget_parse(text, (size_t)size, ret_state);
}

/* In place: the line's length never shrinks by more than its padding, and one small write to one
 * sector is what a crash leaves whole or not at all; anything else reads as -SJ_E_CORRUPT. */
static sj_rc save(int fd, const struct sj_budget_state *state)
{
    char text[LINE_MAX_SIZE];
    int size = snprintf(text, sizeof(text), "%08" PRId32 " %09" PRIu32 " %019" PRId64 "\n",
                        state->date, state->count, state->last_ns);
    ssize_t written = pwrite(fd, text, (size_t)size, 0);
    if (written != size)
        return written < 0 ? -errno : -EIO;
    return fsync(fd) == 0 ? 0 : -errno;
}

sj_rc sj_budget_take(struct sj_budget *budget, int64_t now_ns, int64_t *ret_retry_ns)
{
    if (budget->fd >= 0)
        return -SJ_E_BUSY;
    sj_rc rc = lock(budget);
    if (rc < 0)
        return rc;
    struct sj_budget_state state = {0};
    rc = load(budget->fd, &state);
    if (rc >= 0)
        rc = sj_budget_decide(&state, &budget->limits, now_ns, ret_retry_ns);
    if (rc >= 0)
        rc = save(budget->fd, &state);
    if (rc < 0)
        sj_budget_give(budget);
    return rc;
}

void sj_budget_give(struct sj_budget *budget)
{
    if (budget->fd >= 0)
        close(budget->fd);
    budget->fd = -1;
}
