#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "journal/cursor.h"
#include "journal/keeper.h"
#include "journal/pack.h"
#include "journal/segment.h"

#define ZERO_STEP (1u << 20)
#define ZERO_TIME_NS (400 * SJ_NS_PER_MS)
#define ZERO_PAUSE_NS (8 * SJ_NS_PER_MS) /* between steps: about 100 MB/s */
/* Above this an fdatasync's journal commit is shared by so many bytes that zeroing costs more. */
#define ZERO_RATE_MAX (64.0 * (1 << 20))

/* What is known of one segment's file. */
struct kept {
    uint64_t ordinal;
    uint64_t size;
    uint64_t end;
    int64_t last_ns;
    bool sealed;
    bool packed;
};

static struct kept look(const char *dir, const struct sj_segment_entry *entry)
{
    struct kept kept = {.ordinal = entry->ordinal, .packed = entry->packed};
    struct sj_window window;
    struct stat stat;
    if (sj_window_open(&window, dir, entry->ordinal, entry->packed) < 0)
        return kept;
    if (fstat(window.fd, &stat) == 0)
        kept.size = (uint64_t)stat.st_size;
    kept.sealed = window.sealed;
    kept.end = window.trailer.end;
    kept.last_ns = window.trailer.last_ns;
    sj_window_done(&window);
    return kept;
}

/* Deletes from the oldest on what is beyond size or age, up to the first that a cursor still needs.
 */
static void retain(struct sj_keeper *keeper, const struct kept *kept, size_t count, uint64_t size)
{
    const struct sj_journal_options *options = &keeper->options;
    int64_t now_ns = sj_clock_utc_ns();
    struct sj_cursor_range cursors;
    uint64_t retained = 0;
    uint64_t deleted = 0;
    sj_rc rc = sj_cursor_range(keeper->dir, &cursors);
    for (size_t i = 0; rc == 0 && i < count && kept[i].sealed; i++) {
        bool too_much = options->keep_size != 0 && size > options->keep_size;
        bool too_old = options->keep_age_ns != 0 && now_ns - kept[i].last_ns > options->keep_age_ns;
        if (!too_much && !too_old)
            break;
        size -= kept[i].size;
        if (retained > 0 || cursors.lowest < kept[i].end) {
            retained += kept[i].size;
            continue;
        }
        char path[SJ_JOURNAL_PATH_MAX];
        sj_segment_path(path, sizeof(path), keeper->dir, kept[i].ordinal, kept[i].packed);
        rc = keeper->io->remove(keeper->io->context, path);
        deleted += rc == 0;
    }
    pthread_mutex_lock(&keeper->lock);
    keeper->retained_size = retained;
    memset(keeper->retained_by, 0, sizeof(keeper->retained_by));
    if (retained > 0)
        memcpy(keeper->retained_by, cursors.lowest_name, sizeof(keeper->retained_by));
    keeper->deleted_count += deleted;
    if (rc < 0)
        keeper->error = rc;
    pthread_mutex_unlock(&keeper->lock);
}

static void compress(struct sj_keeper *keeper, const struct kept *kept, size_t count)
{
    int64_t now_ns = sj_clock_utc_ns();
    for (size_t i = 0; i < count && keeper->options.compress_age_ns != 0; i++) {
        if (!kept[i].sealed || kept[i].packed ||
            now_ns - kept[i].last_ns <= keeper->options.compress_age_ns)
            continue;
        sj_rc rc =
            sj_pack_segment(keeper->io, keeper->dir, kept[i].ordinal, sj_keeper_between, keeper);
        pthread_mutex_lock(&keeper->lock);
        keeper->compressed_count += rc == 0;
        if (rc < 0 && rc != -ECANCELED && rc != -SJ_E_CORRUPT)
            keeper->error = rc;
        pthread_mutex_unlock(&keeper->lock);
        if (rc == -ECANCELED)
            return;
    }
}

void sj_keeper_keep(struct sj_keeper *keeper)
{
    struct sj_segment_list list;
    if (sj_segment_list(keeper->dir, &list) < 0)
        return;
    struct kept *kept = calloc(list.count + 1, sizeof(*kept));
    uint64_t size = 0;
    for (size_t i = 0; kept != NULL && i < list.count; i++) {
        kept[i] = look(keeper->dir, &list.entries[i]);
        size += kept[i].size;
    }
    if (kept != NULL) {
        pthread_mutex_lock(&keeper->lock);
        keeper->segment_count = list.count;
        keeper->size = size;
        pthread_mutex_unlock(&keeper->lock);
        retain(keeper, kept, list.count, size);
        compress(keeper, kept, list.count);
    }
    free(kept);
    sj_segment_list_done(&list);
}

/* Overwrites a new segment with zeroes, so that later syncs find its blocks written before and need
 * no transaction of the file system (which would wait for what others have dirty). Best effort: at
 * opening it stops when it takes too long; later it goes at a pace that leaves the disk to the
 * commits, and stops when the writer waits. */
sj_rc sj_keeper_zero(struct sj_keeper *keeper, int fd, uint64_t size, bool opening)
{
    int64_t until_ns = opening ? sj_clock_mono_ns() + ZERO_TIME_NS : INT64_MAX;
    uint8_t *zeroes = aligned_alloc(SJ_JOURNAL_PAGE, ZERO_STEP);
    if (zeroes == NULL)
        return 0;
    memset(zeroes, 0, ZERO_STEP);
    sj_rc rc = 0;
    for (uint64_t at = 0; rc == 0 && at < size && sj_clock_mono_ns() < until_ns; at += ZERO_STEP) {
        uint64_t step = size - at < ZERO_STEP ? size - at : ZERO_STEP;
        if (at > 0 && atomic_load_explicit(&keeper->spare_urgent, memory_order_relaxed))
            break;
        if (!opening)
            nanosleep(&(struct timespec){.tv_nsec = ZERO_PAUSE_NS}, NULL);
        rc = sj_io_write(keeper->io, fd, zeroes, step, at);
    }
    free(zeroes);
    return rc < 0 ? rc : keeper->io->sync(keeper->io->context, fd);
}

bool sj_keeper_worth_zeroing(const struct sj_keeper *keeper, int64_t filled_ns)
{
    return filled_ns == 0 ||
           (double)keeper->options.segment_size * SJ_NS_PER_S < ZERO_RATE_MAX * (double)filled_ns;
}
