#include "base/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"

/* Changes with the layout. */
#define MAGIC UINT64_C(0x534a434e54525331)

struct sj_counters_header {
    _Alignas(64) _Atomic uint64_t magic; /* stored last: a reader sees all or nothing */
    uint32_t capacity;
    int32_t pid;
};

struct sj_counters_label {
    _Alignas(64) _Atomic uint32_t sequence; /* odd while the name is being written */
    _Atomic uint32_t kind;
    /* Words and not bytes: a reader may look while they change, so each must be atomic. */
    _Atomic uint64_t name[SJ_COUNTERS_NAME_SIZE / 8];
};

SJ_STATIC_ASSERT(sizeof(struct sj_counters_label) == 128, "192 bytes a counter in all");

static size_t size_of(uint32_t capacity)
{
    return sizeof(struct sj_counters_header) +
           capacity * (sizeof(struct sj_counters_label) + sizeof(struct sj_counter));
}

static void place(struct sj_counters *counters, void *memory, uint32_t capacity, bool writable)
{
    memset(counters, 0, sizeof *counters);
    counters->header = memory;
    counters->labels = (struct sj_counters_label *)(counters->header + 1);
    counters->values = (struct sj_counter *)(counters->labels + capacity);
    counters->capacity = capacity;
    counters->mapped_size = size_of(capacity);
    counters->writable = writable;
    pthread_mutex_init(&counters->lock, NULL);
}

/* A new file under the name, so that readers of the old one keep what they have mapped. */
static sj_rc make_file(const char *path, size_t size, int *ret_fd)
{
    char temporary[4096];
    int length = snprintf(temporary, sizeof temporary, "%s.%d", path, (int)getpid());
    if (length >= (int)sizeof temporary)
        return -ENAMETOOLONG;
    int fd = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    if (ftruncate(fd, (off_t)size) == 0 && rename(temporary, path) == 0) {
        *ret_fd = fd;
        return 0;
    }
    sj_rc rc = -errno;
    unlink(temporary);
    close(fd);
    return rc;
}

sj_rc sj_counters_create(struct sj_counters *counters, const char *path, uint32_t capacity)
{
    if (capacity == 0 || capacity > SJ_COUNTERS_CAPACITY_MAX)
        return -EINVAL;
    size_t size = size_of(capacity);
    int fd = -1;
    sj_rc rc = path ? make_file(path, size, &fd) : 0;
    if (rc < 0)
        return rc;
    int flags = (path ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS) | MAP_POPULATE;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
    rc = memory == MAP_FAILED ? -errno : 0;
    if (fd >= 0)
        close(fd);
    if (rc < 0)
        return rc;
    place(counters, memory, capacity, true);
    counters->header->capacity = capacity;
    counters->header->pid = (int32_t)getpid();
    atomic_store_explicit(&counters->header->magic, MAGIC, memory_order_release);
    return 0;
}

sj_rc sj_counters_open(struct sj_counters *counters, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    sj_rc rc = fstat(fd, &st) != 0 ? -errno : 0;
    if (rc == 0 && (size_t)st.st_size < sizeof(struct sj_counters_header))
        rc = -SJ_E_LAYOUT;
    void *memory = MAP_FAILED;
    if (rc == 0) {
        memory = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        rc = memory == MAP_FAILED ? -errno : 0;
    }
    close(fd);
    if (rc < 0)
        return rc;
    const struct sj_counters_header *header = memory;
    bool known = atomic_load_explicit(&header->magic, memory_order_acquire) == MAGIC;
    if (!known || header->capacity == 0 || header->capacity > SJ_COUNTERS_CAPACITY_MAX ||
        size_of(header->capacity) != (size_t)st.st_size) {
        munmap(memory, (size_t)st.st_size);
        return -SJ_E_LAYOUT;
    }
    place(counters, memory, header->capacity, false);
    return 0;
}

void sj_counters_close(struct sj_counters *counters)
{
    if (!counters || !counters->header)
        return;
    munmap(counters->header, counters->mapped_size);
    pthread_mutex_destroy(&counters->lock);
    memset(counters, 0, sizeof *counters);
}

static void write_label(struct sj_counters_label *label, enum sj_counter_kind kind,
                        const char *name)
{
    uint64_t words[SJ_COUNTERS_NAME_SIZE / 8] = {0};
    memcpy(words, name, strlen(name));
    uint32_t sequence = atomic_load_explicit(&label->sequence, memory_order_relaxed);
    atomic_store_explicit(&label->sequence, sequence + 1, memory_order_relaxed);
    /* Release on each word keeps them behind the odd sequence; a fence would do the same but is
     * unknown to the thread sanitizer. */
    for (uint32_t i = 0; i < SJ_COUNTERS_NAME_SIZE / 8; i++)
        atomic_store_explicit(&label->name[i], words[i], memory_order_release);
    atomic_store_explicit(&label->kind, kind, memory_order_release);
    atomic_store_explicit(&label->sequence, sequence + 2, memory_order_release);
}

/* False while the label is being written: whoever reads tries again, or leaves it out. */
static bool read_label(const struct sj_counters_label *label, enum sj_counter_kind *ret_kind,
                       char ret_name[SJ_COUNTERS_NAME_SIZE], uint32_t *ret_sequence)
{
    uint64_t words[SJ_COUNTERS_NAME_SIZE / 8];
    uint32_t before = atomic_load_explicit(&label->sequence, memory_order_acquire);
    for (uint32_t i = 0; i < SJ_COUNTERS_NAME_SIZE / 8; i++)
        words[i] = atomic_load_explicit(&label->name[i], memory_order_acquire);
    uint32_t kind = atomic_load_explicit(&label->kind, memory_order_acquire);
    if ((before & 1) || atomic_load_explicit(&label->sequence, memory_order_relaxed) != before)
        return false;
    memcpy(ret_name, words, SJ_COUNTERS_NAME_SIZE);
    ret_name[SJ_COUNTERS_NAME_SIZE - 1] = '\0';
    *ret_kind = (enum sj_counter_kind)kind;
    *ret_sequence = before;
    return true;
}

/* The index of `name`, or of the first free place, or capacity. Under the lock. */
static uint32_t find_place(const struct sj_counters *counters, const char *name)
{
    uint32_t free_index = counters->capacity;
    for (uint32_t i = 0; i < counters->capacity; i++) {
        char there[SJ_COUNTERS_NAME_SIZE];
        enum sj_counter_kind kind;
        uint32_t sequence;
        bool readable = read_label(&counters->labels[i], &kind, there, &sequence);
        SJ_ASSERT(readable);
        if (kind == SJ_COUNTER_FREE && free_index == counters->capacity)
            free_index = i;
        if (kind != SJ_COUNTER_FREE && strcmp(there, name) == 0)
            return i;
    }
    return free_index;
}

struct sj_counter *sj_counters_add(struct sj_counters *counters, enum sj_counter_kind kind,
                                   const char *name)
{
    SJ_ASSERT(counters->writable && kind != SJ_COUNTER_FREE);
    struct sj_counter *counter = &counters->spare;
    pthread_mutex_lock(&counters->lock);
    uint32_t index = counters->capacity;
    if (strlen(name) < SJ_COUNTERS_NAME_SIZE)
        index = find_place(counters, name);
    if (index < counters->capacity) {
        counter = &counters->values[index];
        if (atomic_load_explicit(&counters->labels[index].kind, memory_order_relaxed) ==
            SJ_COUNTER_FREE) {
            sj_counter_set(counter, 0);
            write_label(&counters->labels[index], kind, name);
        }
    } else {
        atomic_fetch_add_explicit(&counters->overflow_count, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&counters->lock);
    return counter;
}

void sj_counters_remove(struct sj_counters *counters, struct sj_counter *counter)
{
    if (counter == &counters->spare)
        return;
    SJ_ASSERT(counter >= counters->values && counter < counters->values + counters->capacity);
    pthread_mutex_lock(&counters->lock);
    write_label(&counters->labels[counter - counters->values], SJ_COUNTER_FREE, "");
    pthread_mutex_unlock(&counters->lock);
}

uint64_t sj_counters_overflowed(const struct sj_counters *counters)
{
    return atomic_load_explicit(&counters->overflow_count, memory_order_relaxed);
}

int32_t sj_counters_pid(const struct sj_counters *counters)
{
    return counters->header->pid;
}

void sj_counters_each(const struct sj_counters *counters, sj_counters_visit *visit, void *context)
{
    for (uint32_t i = 0; i < counters->capacity; i++) {
        const struct sj_counters_label *label = &counters->labels[i];
        char name[SJ_COUNTERS_NAME_SIZE];
        enum sj_counter_kind kind;
        uint32_t sequence;
        if (!read_label(label, &kind, name, &sequence) || kind == SJ_COUNTER_FREE)
            continue;
        int64_t value = atomic_load_explicit(&counters->values[i].value, memory_order_acquire);
        /* The place may have gone to another name meanwhile. */
        if (atomic_load_explicit(&label->sequence, memory_order_relaxed) == sequence)
            visit(context, kind, name, value);
    }
}
