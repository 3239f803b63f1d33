#include "journal/keeper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "journal/segment.h"

#define POLL_NS (20 * SJ_NS_PER_MS)
#define KEEP_PERIOD_NS SJ_NS_PER_S

/* The disk must hold the reserve besides the new segment. */
static sj_rc room_check(const struct sj_keeper *keeper)
{
    uint64_t room;
    sj_rc rc = keeper->io->free_space(keeper->io->context, keeper->dir, &room);
    if (rc < 0)
        return rc;
    return room < keeper->options.reserve_size + keeper->options.segment_size ? -ENOSPC : 0;
}

static void make_spare(struct sj_keeper *keeper)
{
    int fd = -1;
    uint64_t ordinal = keeper->spare_ordinal;
    int64_t filled_ns = keeper->filled_ns;
    bool opening = keeper->spare_taken_ns == 0;
    pthread_mutex_unlock(&keeper->lock);
    sj_rc rc = room_check(keeper);
    if (rc == 0)
        rc = sj_segment_create(keeper->io, keeper->dir, ordinal, keeper->options.segment_size, &fd);
    bool zero = rc == 0 && sj_keeper_worth_zeroing(keeper, filled_ns);
    if (zero && (rc = sj_keeper_zero(keeper, fd, keeper->options.segment_size, opening)) < 0)
        sj_io_close(&fd);
    pthread_mutex_lock(&keeper->lock);
    keeper->spare_wanted = false;
    keeper->spare_fd = fd;
    keeper->spare_rc = rc;
    pthread_cond_broadcast(&keeper->cond);
}

/* Seals the oldest queued segment once all of it is durable. */
static bool seal_one(struct sj_keeper *keeper)
{
    if (keeper->seal_count == 0 || sj_commit_durable(keeper->commit) < keeper->seals[0].end)
        return false;
    struct sj_seal seal = keeper->seals[0];
    pthread_mutex_unlock(&keeper->lock);
    sj_rc rc = sj_seal_write(keeper->io, keeper->dir, &seal);
    pthread_mutex_lock(&keeper->lock);
    /* A segment that could not be sealed stays readable, by scanning; the next opening seals it. */
    if (rc < 0)
        keeper->error = rc;
    keeper->seal_count--;
    memmove(&keeper->seals[0], &keeper->seals[1], keeper->seal_count * sizeof(seal));
    keeper->indexes[keeper->index_count++] = seal.index;
    pthread_cond_broadcast(&keeper->cond);
    return true;
}

bool sj_keeper_between(void *context)
{
    struct sj_keeper *keeper = context;
    pthread_mutex_lock(&keeper->lock);
    while (seal_one(keeper))
        ;
    if (keeper->spare_wanted && !keeper->quit)
        make_spare(keeper);
    bool quit = keeper->quit;
    pthread_mutex_unlock(&keeper->lock);
    return !quit;
}

static void *keeper_run(void *context)
{
    struct sj_keeper *keeper = context;
    int64_t kept_ns = 0;
    while (sj_keeper_between(keeper)) {
        int64_t now_ns = sj_clock_mono_ns();
        if (now_ns - kept_ns >= KEEP_PERIOD_NS && kept_ns != 0)
            sj_keeper_keep(keeper);
        if (now_ns - kept_ns >= KEEP_PERIOD_NS)
            kept_ns = now_ns;
        pthread_mutex_lock(&keeper->lock);
        int64_t until_ns = now_ns + (keeper->seal_count > 0 ? POLL_NS : KEEP_PERIOD_NS);
        struct timespec until = {until_ns / SJ_NS_PER_S, until_ns % SJ_NS_PER_S};
        bool ready =
            keeper->seal_count > 0 && sj_commit_durable(keeper->commit) >= keeper->seals[0].end;
        if (!keeper->quit && !keeper->spare_wanted && !ready)
            pthread_cond_timedwait(&keeper->cond, &keeper->lock, &until);
        pthread_mutex_unlock(&keeper->lock);
    }
    pthread_mutex_lock(&keeper->lock);
    while (seal_one(keeper))
        ;
    pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

sj_rc sj_keeper_init(struct sj_keeper *keeper, const struct sj_journal_io *io,
                     struct sj_commit *commit, const struct sj_journal_options *options,
                     uint64_t ordinal)
{
    *keeper = (struct sj_keeper){.io = io, .commit = commit, .options = *options, .spare_fd = -1};
    if (snprintf(keeper->dir, sizeof(keeper->dir), "%s", options->dir) >= (int)sizeof(keeper->dir))
        return -ENAMETOOLONG;
    keeper->options.dir = keeper->dir;
    keeper->spare_ordinal = ordinal;
    keeper->spare_wanted = true;
    for (; keeper->index_count < SJ_KEEPER_INDEXES; keeper->index_count++) {
        sj_rc rc = sj_index_create(&keeper->indexes[keeper->index_count]);
        if (rc < 0)
            return rc;
    }
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_cond_init(&keeper->cond, &attributes);
    pthread_condattr_destroy(&attributes);
    sj_rc rc = -pthread_create(&keeper->thread, NULL, keeper_run, keeper);
    keeper->thread_runs = rc == 0;
    return rc;
}

void sj_keeper_done(struct sj_keeper *keeper)
{
    if (keeper->thread_runs) {
        pthread_mutex_lock(&keeper->lock);
        keeper->quit = true;
        pthread_cond_broadcast(&keeper->cond);
        pthread_mutex_unlock(&keeper->lock);
        pthread_join(keeper->thread, NULL);
        pthread_cond_destroy(&keeper->cond);
        pthread_mutex_destroy(&keeper->lock);
        keeper->thread_runs = false;
    }
    if (keeper->spare_fd >= 0) {
        char path[SJ_JOURNAL_PATH_MAX];
        sj_io_close(&keeper->spare_fd);
        sj_segment_path(path, sizeof(path), keeper->dir, keeper->spare_ordinal, false);
        sj_rc rc = keeper->io->remove(keeper->io->context, path);
        (void)rc; /* an empty segment is passed over and removed by the next opening */
    }
    for (uint32_t i = 0; i < keeper->seal_count; i++)
        sj_index_close(keeper->seals[i].index);
    for (uint32_t i = 0; i < keeper->index_count; i++)
        sj_index_close(keeper->indexes[i]);
    keeper->seal_count = keeper->index_count = 0;
}

sj_rc sj_keeper_take(struct sj_keeper *keeper, int64_t timeout_ns, int *ret_fd,
                     uint64_t *ret_ordinal, struct sj_segment_index **ret_index)
{
    int64_t until_ns = sj_clock_mono_ns() + timeout_ns;
    struct timespec until = {until_ns / SJ_NS_PER_S, until_ns % SJ_NS_PER_S};
    sj_rc rc = 0;
    pthread_mutex_lock(&keeper->lock);
    /* The first one (at opening) may take the time to be zeroed. */
    atomic_store_explicit(&keeper->spare_urgent, keeper->spare_taken_ns != 0, memory_order_relaxed);
    while (keeper->spare_rc == 0 && (keeper->spare_fd < 0 || keeper->index_count == 0) && rc == 0)
        if (timeout_ns == 0 ||
            pthread_cond_timedwait(&keeper->cond, &keeper->lock, &until) == ETIMEDOUT)
            rc = -EAGAIN;
    if (keeper->spare_rc < 0)
        rc = keeper->spare_rc;
    if (rc == 0) {
        *ret_fd = keeper->spare_fd;
        *ret_ordinal = keeper->spare_ordinal++;
        *ret_index = keeper->indexes[--keeper->index_count];
        keeper->spare_fd = -1;
        int64_t now_ns = sj_clock_mono_ns();
        keeper->filled_ns = keeper->spare_taken_ns ? now_ns - keeper->spare_taken_ns : 0;
        keeper->spare_taken_ns = now_ns;
        atomic_store_explicit(&keeper->spare_urgent, false, memory_order_relaxed);
        keeper->spare_wanted = true;
        pthread_cond_broadcast(&keeper->cond);
    }
    pthread_mutex_unlock(&keeper->lock);
    return rc;
}

void sj_keeper_seal(struct sj_keeper *keeper, const struct sj_seal *seal)
{
    pthread_mutex_lock(&keeper->lock);
    /* Each queued segment holds an index, and the writer needs one more to go on. */
    SJ_ASSERT(keeper->seal_count < SJ_KEEPER_INDEXES);
    keeper->seals[keeper->seal_count++] = *seal;
    pthread_cond_broadcast(&keeper->cond);
    pthread_mutex_unlock(&keeper->lock);
}
