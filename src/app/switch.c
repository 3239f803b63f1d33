#include "app/switch.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAGIC UINT64_C(0x3168637469777353) /* "Sswitch1" */
#define PAGE_SIZE 4096
#define WAIT_STEP_NS (2 * SJ_NS_PER_MS)

/* CLOSING counts as killed; the reason is being written by the one who got there first. */
enum { SWITCH_OPEN, SWITCH_CLOSING, SWITCH_KILLED };

/* The file. */
struct page {
    uint64_t magic;
    _Atomic uint64_t generation; /* counts changes */
    _Atomic uint64_t seen;       /* the owner's */
    _Atomic uint64_t panic_count;
    _Atomic uint64_t panic_done;
    _Atomic uint32_t killed;
    _Atomic uint32_t source;
    _Atomic int64_t killed_ns;
    _Atomic int32_t pid;
    _Atomic uint32_t open_orders;
    _Atomic uint32_t unsynced;
    uint32_t page_reserved;
    char reason[SJ_SWITCH_REASON_MAX];
};
_Static_assert(sizeof(struct page) <= PAGE_SIZE, "one page");

struct sj_switch {
    struct page *page;
    int fd;
    int owner_fd; /* holds the lock of the owner, or -1 */
    char path[PATH_MAX];
};

static sj_rc map_page(struct sj_switch *sw, bool is_new)
{
    if (is_new && ftruncate(sw->fd, PAGE_SIZE))
        return -errno;
    void *map = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, sw->fd, 0);
    if (map == MAP_FAILED)
        return -errno;
    sw->page = map;
    if (is_new)
        sw->page->magic = MAGIC;
    return sw->page->magic == MAGIC ? 0 : -SJ_E_MALFORMED;
}

static sj_rc open_file(struct sj_switch *sw, bool create)
{
    struct stat stat;
    sw->fd = open(sw->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0), 0600);
    if (sw->fd < 0 || flock(sw->fd, LOCK_EX) || fstat(sw->fd, &stat))
        return -errno;
    bool is_new = stat.st_size == 0 && create;
    sj_rc rc = is_new || stat.st_size == PAGE_SIZE ? map_page(sw, is_new) : -SJ_E_MALFORMED;
    if (rc >= 0 && is_new && (msync(sw->page, PAGE_SIZE, MS_SYNC) || fsync(sw->fd)))
        rc = -errno;
    flock(sw->fd, LOCK_UN);
    return rc;
}

sj_rc sj_switch_open(const char *dir, bool create, struct sj_switch **ret_switch)
{
    struct sj_switch *sw = calloc(1, sizeof *sw);
    if (!sw)
        return -ENOMEM;
    sw->fd = sw->owner_fd = -1;
    sj_rc rc = 0;
    if (snprintf(sw->path, sizeof sw->path, "%s/switch", dir) >= (int)sizeof sw->path)
        rc = -ENAMETOOLONG;
    if (rc >= 0 && create && mkdir(dir, 0700) && errno != EEXIST)
        rc = -errno;
    if (rc >= 0)
        rc = open_file(sw, create);
    if (rc < 0) {
        sj_switch_close(sw);
        return rc;
    }
    *ret_switch = sw;
    return 0;
}

void sj_switch_close(struct sj_switch *sw)
{
    if (!sw)
        return;
    if (sw->owner_fd >= 0) {
        atomic_store_explicit(&sw->page->pid, 0, memory_order_release);
        close(sw->owner_fd);
    }
    if (sw->page)
        munmap(sw->page, PAGE_SIZE);
    if (sw->fd >= 0)
        close(sw->fd);
    free(sw);
}

static void set_reason(struct page *page, const char *reason)
{
    size_t size = strnlen(reason, sizeof page->reason - 1);
    memcpy(page->reason, reason, size);
    memset(page->reason + size, 0, sizeof page->reason - size);
}

static void throw_it(struct page *page, enum sj_control_source source, const char *reason)
{
    uint32_t untouched = SWITCH_OPEN;
    if (!atomic_compare_exchange_strong(&page->killed, &untouched, SWITCH_CLOSING))
        return;
    set_reason(page, reason);
    atomic_store_explicit(&page->source, source, memory_order_relaxed);
    atomic_store_explicit(&page->killed_ns, sj_clock_utc_ns(), memory_order_relaxed);
    atomic_store_explicit(&page->killed, SWITCH_KILLED, memory_order_release);
    atomic_fetch_add_explicit(&page->generation, 1, memory_order_acq_rel);
}

/* On the disk: the switch outlives the machine's power. */
static sj_rc unlock_durably(struct sj_switch *sw)
{
    sj_rc rc = msync(sw->page, PAGE_SIZE, MS_SYNC) ? -errno : 0;
    flock(sw->fd, LOCK_UN);
    return rc;
}

sj_rc sj_switch_kill(struct sj_switch *sw, enum sj_control_source source, const char *reason)
{
    if (flock(sw->fd, LOCK_EX))
        return -errno;
    throw_it(sw->page, source, reason);
    return unlock_durably(sw);
}

static bool panicking(const struct page *page)
{
    return atomic_load_explicit(&page->panic_done, memory_order_acquire) !=
           atomic_load_explicit(&page->panic_count, memory_order_acquire);
}

sj_rc sj_switch_resume(struct sj_switch *sw)
{
    struct page *page = sw->page;
    if (flock(sw->fd, LOCK_EX))
        return -errno;
    /* Nobody is there to finish a panic whose process has died: a resume is the operator's word. */
    if (panicking(page) && atomic_load_explicit(&page->pid, memory_order_acquire) != 0) {
        flock(sw->fd, LOCK_UN);
        return -SJ_E_BUSY;
    }
    uint64_t count = atomic_load_explicit(&page->panic_count, memory_order_relaxed);
    atomic_store_explicit(&page->panic_done, count, memory_order_relaxed);
    if (atomic_exchange_explicit(&page->killed, SWITCH_OPEN, memory_order_acq_rel))
        atomic_fetch_add_explicit(&page->generation, 1, memory_order_acq_rel);
    return unlock_durably(sw);
}

sj_rc sj_switch_panic(struct sj_switch *sw, const char *reason)
{
    struct page *page = sw->page;
    if (flock(sw->fd, LOCK_EX))
        return -errno;
    throw_it(page, SJ_CONTROL_BY_COMMAND, reason);
    if (!panicking(page))
        atomic_fetch_add_explicit(&page->panic_count, 1, memory_order_acq_rel);
    atomic_fetch_add_explicit(&page->generation, 1, memory_order_acq_rel);
    return unlock_durably(sw);
}

void sj_switch_view(const struct sj_switch *sw, struct sj_switch_view *ret_view)
{
    const struct page *page = sw->page;
    *ret_view = (struct sj_switch_view){
        .killed = atomic_load_explicit(&page->killed, memory_order_acquire) != SWITCH_OPEN,
        .source = (uint8_t)atomic_load_explicit(&page->source, memory_order_relaxed),
        .killed_ns = atomic_load_explicit(&page->killed_ns, memory_order_relaxed),
        .panic_count = atomic_load_explicit(&page->panic_count, memory_order_relaxed),
        .panicking = panicking(page),
        .pid = atomic_load_explicit(&page->pid, memory_order_acquire),
        .open_orders = atomic_load_explicit(&page->open_orders, memory_order_relaxed),
    };
    memcpy(ret_view->reason, page->reason, sizeof ret_view->reason);
    ret_view->reason[sizeof ret_view->reason - 1] = '\0';
    ret_view->alive =
        ret_view->pid != 0 && (kill(ret_view->pid, 0) == 0 || errno == EPERM) &&
        atomic_load_explicit(&page->seen, memory_order_acquire) == sj_switch_generation(sw);
}

static bool wait_for(const struct sj_switch *sw, bool (*done)(const struct sj_switch *),
                     int64_t timeout_ns)
{
    int64_t deadline_ns = sj_clock_mono_ns() + timeout_ns;
    while (!done(sw)) {
        if (sj_clock_mono_ns() > deadline_ns)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = WAIT_STEP_NS}, NULL);
    }
    return true;
}

static bool is_seen(const struct sj_switch *sw)
{
    struct sj_switch_view view;
    sj_switch_view(sw, &view);
    return view.alive;
}

static bool is_calm(const struct sj_switch *sw)
{
    return !panicking(sw->page);
}

bool sj_switch_wait(const struct sj_switch *sw, int64_t timeout_ns)
{
    return wait_for(sw, is_seen, timeout_ns);
}

bool sj_switch_wait_panic(const struct sj_switch *sw, int64_t timeout_ns)
{
    return wait_for(sw, is_calm, timeout_ns);
}

/* The owner holds a lock on a descriptor of its own, which the kernel drops when it dies. */
sj_rc sj_switch_own(struct sj_switch *sw)
{
    char path[PATH_MAX + 8];
    snprintf(path, sizeof path, "%s.owner", sw->path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        sj_rc rc = errno == EWOULDBLOCK ? -SJ_E_BUSY : -errno;
        close(fd);
        return rc;
    }
    sw->owner_fd = fd;
    atomic_store_explicit(&sw->page->pid, getpid(), memory_order_release);
    return 0;
}

uint64_t sj_switch_generation(const struct sj_switch *sw)
{
    return atomic_load_explicit(&sw->page->generation, memory_order_acquire);
}

void sj_switch_seen(struct sj_switch *sw, uint64_t generation, uint32_t open_orders)
{
    atomic_store_explicit(&sw->page->open_orders, open_orders, memory_order_relaxed);
    atomic_store_explicit(&sw->page->seen, generation, memory_order_release);
}

void sj_switch_panic_done(struct sj_switch *sw, uint64_t panic_count)
{
    atomic_store_explicit(&sw->page->panic_done, panic_count, memory_order_release);
    atomic_store_explicit(&sw->page->unsynced, 1, memory_order_release);
}

void sj_switch_trip(struct sj_switch *sw, enum sj_control_source source, const char *reason)
{
    throw_it(sw->page, source, reason);
    atomic_store_explicit(&sw->page->unsynced, 1, memory_order_release);
}

void sj_switch_sync(struct sj_switch *sw)
{
    if (atomic_exchange_explicit(&sw->page->unsynced, 0, memory_order_acq_rel))
        (void)msync(sw->page, PAGE_SIZE, MS_SYNC);
}
