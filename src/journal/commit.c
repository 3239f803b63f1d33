#include "journal/commit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"

/* One write and sync takes this much at most. With 4 MiB the fdatasyncs took an eighth of the time
 * of a journal filled as fast as it goes; more than 8 gained nothing, and keeps the events behind
 * it waiting. Only a backlog makes a group this large. */
#define WRITE_MAX (8u << 20)

static sj_rc ring_map(uint64_t size, uint8_t **ret_ring)
{
    int fd = memfd_create("shijim-journal", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    sj_rc rc = ftruncate(fd, (off_t)size) == 0 ? 0 : -errno;
    uint8_t *room = MAP_FAILED;
    if (rc == 0)
        room = mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (int half = 0; rc == 0 && room != MAP_FAILED && half < 2; half++)
        if (mmap(room + (uint64_t)half * size, size, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0) == MAP_FAILED)
            rc = -errno;
    if (rc == 0 && room == MAP_FAILED)
        rc = -ENOMEM;
    close(fd);
    if (rc < 0) {
        if (room != MAP_FAILED)
            munmap(room, 2 * size);
        return rc;
    }
    *ret_ring = room;
    return 0;
}

/* Notes the last sequence of each source among the blocks of [from, to). */
static void note_durable(struct sj_commit *commit, uint64_t from, uint64_t to)
{
    struct sj_head *head = commit->head;
    uint64_t count = 0;
    if (from == commit->segment.base)
        from += SJ_JOURNAL_PAGE;
    while (from < to) {
        struct sj_block_head block;
        memcpy(&block, sj_commit_at(commit, from), sizeof(block));
        SJ_ASSERT(block.magic == SJ_BLOCK_MAGIC && block.position == from);
        if (!(block.flags & SJ_BLOCK_REPEAT)) {
            atomic_store_explicit(&head->durable_seq[block.src], block.last_seq,
                                  memory_order_release);
            count += block.count;
        }
        from += sizeof(block) + block.payload_size;
    }
    sj_head_add(&head->durable_count, count);
}

/* Writes the bytes of [from, to), all of one segment: whole pages straight from the ring, the last,
 * partly filled one from a copy, because the writer goes on filling it. */
static sj_rc write_range(struct sj_commit *commit, uint64_t from, uint64_t to)
{
    uint64_t begin = sj_page_down(from);
    uint64_t whole_end = sj_page_down(to);
    struct iovec parts[2];
    int count = 0;
    if (whole_end > begin)
        parts[count++] = (struct iovec){sj_commit_at(commit, begin), whole_end - begin};
    if (to > whole_end) {
        memcpy(commit->tail_page, sj_commit_at(commit, whole_end), to - whole_end);
        memset(commit->tail_page + (to - whole_end), 0, SJ_JOURNAL_PAGE - (to - whole_end));
        parts[count++] = (struct iovec){commit->tail_page, SJ_JOURNAL_PAGE};
    }
    return commit->io->write(commit->io->context, commit->segment.fd, parts, count,
                             begin - commit->segment.base);
}

static void fail(struct sj_commit *commit, sj_rc rc, int at)
{
    atomic_store_explicit(&commit->failed_at, at, memory_order_relaxed);
    atomic_store_explicit(&commit->failed, rc, memory_order_release);
    atomic_store_explicit(&commit->head->stopped, rc, memory_order_relaxed);
    atomic_store_explicit(&commit->head->state, SJ_HEAD_STOPPED, memory_order_release);
}

static void enter_next_segment(struct sj_commit *commit)
{
    uint32_t pop = atomic_load_explicit(&commit->roll_pop, memory_order_relaxed);
    sj_io_close(&commit->segment.fd);
    commit->segment = commit->rolls[pop % SJ_COMMIT_ROLLS_MAX];
    commit->position = commit->segment.base;
    atomic_store_explicit(&commit->head->segment_base, commit->segment.base, memory_order_relaxed);
    atomic_store_explicit(&commit->head->segment_prev_end, commit->segment.prev_end,
                          memory_order_relaxed);
    atomic_store_explicit(&commit->head->segment_ordinal, commit->segment.ordinal,
                          memory_order_release);
    atomic_store_explicit(&commit->roll_pop, pop + 1, memory_order_release);
}

/* Where what is offered ends within the current segment. Enters the next one at its end. */
static uint64_t range_end(struct sj_commit *commit, uint64_t offered)
{
    uint32_t pop = atomic_load_explicit(&commit->roll_pop, memory_order_relaxed);
    if (pop == atomic_load_explicit(&commit->roll_push, memory_order_acquire))
        return offered;
    const struct sj_commit_roll *next = &commit->rolls[pop % SJ_COMMIT_ROLLS_MAX];
    if (commit->position < next->prev_end || offered < next->base)
        return offered < next->prev_end ? offered : next->prev_end;
    enter_next_segment(commit);
    return range_end(commit, offered);
}

/* One group: write, sync, tell. */
static void commit_range(struct sj_commit *commit, uint64_t to)
{
    struct sj_head *head = commit->head;
    uint64_t from = commit->position;
    int64_t begin_ns = sj_clock_mono_ns();
    sj_rc rc = write_range(commit, from, to);
    if (rc < 0) {
        fail(commit, rc, 1);
        return;
    }
    atomic_store_explicit(&head->written_position, to, memory_order_release);
    rc = commit->io->sync(commit->io->context, commit->segment.fd);
    if (rc < 0) {
        fail(commit, rc, 2);
        return;
    }
    int64_t took_ns = sj_clock_mono_ns() - begin_ns;
    int64_t ewma_ns = atomic_load_explicit(&head->sync_ewma_ns, memory_order_relaxed);
    ewma_ns = ewma_ns == 0 ? took_ns : ewma_ns + (took_ns - ewma_ns) / 8;
    atomic_store_explicit(&head->sync_ewma_ns, ewma_ns, memory_order_relaxed);
    sj_head_add(&head->sync_count, 1);
    commit->position = to;
    atomic_store_explicit(&head->durable_position, to, memory_order_release);
    note_durable(commit, from, to);
    atomic_store_explicit(&commit->durable, to, memory_order_release);
    atomic_store_explicit(&commit->freed, sj_page_down(to), memory_order_release);
}

static uint64_t wait_offered(struct sj_commit *commit)
{
    pthread_mutex_lock(&commit->lock);
    pthread_cond_broadcast(&commit->done_cond);
    uint64_t offered;
    while ((offered = atomic_load_explicit(&commit->offered, memory_order_acquire)) ==
               commit->position &&
           !commit->quit)
        pthread_cond_wait(&commit->offered_cond, &commit->lock);
    pthread_mutex_unlock(&commit->lock);
    return offered;
}

static void *commit_run(void *context)
{
    struct sj_commit *commit = context;
    uint64_t offered;
    while ((offered = wait_offered(commit)) != commit->position) {
        uint64_t end = range_end(commit, offered);
        if (end > commit->position + WRITE_MAX) {
            /* At a block's end, so that what is durable is whole blocks. */
            uint64_t at = commit->position;
            if (at == commit->segment.base)
                at += SJ_JOURNAL_PAGE;
            while (at < end && at - commit->position < WRITE_MAX) {
                const struct sj_block_head *block = (const void *)sj_commit_at(commit, at);
                at += sizeof(*block) + block->payload_size;
            }
            end = at;
        }
        commit_range(commit, end);
        if (sj_commit_failed(commit) < 0)
            break;
    }
    pthread_mutex_lock(&commit->lock);
    pthread_cond_broadcast(&commit->done_cond);
    pthread_mutex_unlock(&commit->lock);
    return NULL;
}

static sj_rc conditions_init(struct sj_commit *commit)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&commit->lock, NULL);
    pthread_cond_init(&commit->offered_cond, &attributes);
    pthread_cond_init(&commit->done_cond, &attributes);
    pthread_condattr_destroy(&attributes);
    sj_rc rc = -pthread_create(&commit->thread, NULL, commit_run, commit);
    commit->thread_runs = rc == 0;
    return rc;
}

sj_rc sj_commit_init(struct sj_commit *commit, const struct sj_journal_io *io, struct sj_head *head,
                     uint64_t ring_size, uint64_t position)
{
    commit->io = io;
    commit->head = head;
    commit->ring_size = ring_size;
    commit->position = position;
    commit->segment = (struct sj_commit_roll){.base = UINT64_MAX, .fd = -1};
    atomic_store(&commit->offered, position);
    atomic_store(&commit->freed, position);
    atomic_store(&commit->durable, position);
    sj_rc rc = ring_map(ring_size, &commit->ring);
    if (rc < 0)
        return rc;
    commit->tail_page = aligned_alloc(SJ_JOURNAL_PAGE, SJ_JOURNAL_PAGE);
    if (commit->tail_page == NULL)
        return -ENOMEM;
    return conditions_init(commit);
}

void sj_commit_done(struct sj_commit *commit)
{
    if (commit->thread_runs) {
        pthread_mutex_lock(&commit->lock);
        commit->quit = true;
        pthread_cond_signal(&commit->offered_cond);
        pthread_mutex_unlock(&commit->lock);
        pthread_join(commit->thread, NULL);
        pthread_cond_destroy(&commit->offered_cond);
        pthread_cond_destroy(&commit->done_cond);
        pthread_mutex_destroy(&commit->lock);
    }
    uint32_t push = atomic_load(&commit->roll_push);
    for (uint32_t pop = atomic_load(&commit->roll_pop); pop != push; pop++)
        sj_io_close(&commit->rolls[pop % SJ_COMMIT_ROLLS_MAX].fd);
    if (commit->ring != NULL) {
        sj_io_close(&commit->segment.fd);
        munmap(commit->ring, 2 * commit->ring_size);
    }
    free(commit->tail_page);
    *commit = (struct sj_commit){.segment.fd = -1};
}

bool sj_commit_roll(struct sj_commit *commit, const struct sj_commit_roll *roll)
{
    uint32_t push = atomic_load_explicit(&commit->roll_push, memory_order_relaxed);
    if (push - atomic_load_explicit(&commit->roll_pop, memory_order_acquire) == SJ_COMMIT_ROLLS_MAX)
        return false;
    commit->rolls[push % SJ_COMMIT_ROLLS_MAX] = *roll;
    atomic_store_explicit(&commit->roll_push, push + 1, memory_order_release);
    return true;
}

void sj_commit_offer(struct sj_commit *commit, uint64_t position)
{
    pthread_mutex_lock(&commit->lock);
    atomic_store_explicit(&commit->offered, position, memory_order_release);
    pthread_cond_signal(&commit->offered_cond);
    pthread_mutex_unlock(&commit->lock);
}

void sj_commit_wait(struct sj_commit *commit, uint64_t position, bool freed, int64_t timeout_ns)
{
    const _Atomic uint64_t *mark = freed ? &commit->freed : &commit->durable;
    int64_t until_ns = sj_clock_mono_ns() + timeout_ns;
    struct timespec until = {until_ns / SJ_NS_PER_S, until_ns % SJ_NS_PER_S};
    pthread_mutex_lock(&commit->lock);
    while (atomic_load_explicit(mark, memory_order_acquire) < position &&
           sj_commit_failed(commit) == 0)
        if (pthread_cond_timedwait(&commit->done_cond, &commit->lock, &until) == ETIMEDOUT)
            break;
    pthread_mutex_unlock(&commit->lock);
}
