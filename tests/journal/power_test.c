/*
 * The power goes at any moment. A shim under the writer keeps, for every file, the bytes that an
 * fdatasync has covered and the writes that none has yet; the disk after the loss is rebuilt from
 * the former and any part of the latter, whole or torn at a sector.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "journal/head.h"
#include "journal/support.h"

#define FILES_MAX 64
#define PENDING_MAX 512
#define FDS_MAX 1024
#define SECTOR 512u
#define RUNS 8
#define LOSSES 12

/* A change no sync has covered yet: bytes at an offset, or (data NULL) the file's new size. */
struct change {
    uint64_t offset;
    uint64_t size;
    uint8_t *data;
};

struct file {
    char name[64];
    bool linked;      /* the name is there for running processes */
    bool name_synced; /* ... and after the loss: what sync_dir saw */
    uint8_t *synced;
    uint64_t synced_size;
    struct change pending[PENDING_MAX];
    uint32_t pending_count;
};

struct disk {
    struct sj_journal_io io;
    pthread_mutex_t lock;
    struct file files[FILES_MAX];
    uint32_t file_count;
    struct file *by_fd[FDS_MAX];
    uint64_t write_count;
};

static uint64_t seed;

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

static void change_apply(uint8_t **data, uint64_t *size, const struct change *change)
{
    uint64_t end = change->data == NULL ? change->size : change->offset + change->size;
    if (end > *size) {
        *data = must(realloc(*data, end));
        memset(*data + *size, 0, end - *size);
    }
    if (end > *size || change->data == NULL)
        *size = end;
    if (change->data != NULL)
        memcpy(*data + change->offset, change->data, change->size);
}

static struct file *file_named(struct disk *disk, const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    for (uint32_t i = 0; i < disk->file_count; i++)
        if (disk->files[i].linked && strcmp(disk->files[i].name, name) == 0)
            return &disk->files[i];
    return NULL;
}

static int disk_open(void *context, const char *path, int flags, mode_t mode)
{
    struct disk *disk = context;
    int fd = sj_journal_io_system.open(NULL, path, flags, mode);
    if (fd < 0)
        return fd;
    pthread_mutex_lock(&disk->lock);
    struct file *file = file_named(disk, path);
    if (file == NULL) {
        assert_true(disk->file_count < FILES_MAX && fd < FDS_MAX);
        file = &disk->files[disk->file_count++];
        snprintf(file->name, sizeof(file->name), "%s", strrchr(path, '/') + 1);
        file->linked = true;
    }
    disk->by_fd[fd] = file;
    pthread_mutex_unlock(&disk->lock);
    return fd;
}

static void note(struct disk *disk, int fd, const struct change *change)
{
    struct file *file = disk->by_fd[fd];
    assert_true(file->pending_count < PENDING_MAX);
    file->pending[file->pending_count++] = *change;
}

static sj_rc disk_write(void *context, int fd, const struct iovec *parts, int count,
                        uint64_t offset)
{
    struct disk *disk = context;
    pthread_mutex_lock(&disk->lock);
    sj_rc rc = sj_journal_io_system.write(NULL, fd, parts, count, offset);
    for (int i = 0; i < count; i++) {
        struct change change = {.offset = offset, .size = parts[i].iov_len};
        change.data = must(malloc(change.size));
        memcpy(change.data, parts[i].iov_base, change.size);
        note(disk, fd, &change);
        offset += change.size;
    }
    disk->write_count++;
    pthread_mutex_unlock(&disk->lock);
    return rc;
}

/* What was written before the call is safe when it returns; a loss during it finds any part. */
static sj_rc disk_sync(void *context, int fd)
{
    struct disk *disk = context;
    pthread_mutex_lock(&disk->lock);
    struct file *file = disk->by_fd[fd];
    uint32_t count = file->pending_count;
    pthread_mutex_unlock(&disk->lock);
    usleep(200);
    pthread_mutex_lock(&disk->lock);
    for (uint32_t i = 0; i < count; i++) {
        change_apply(&file->synced, &file->synced_size, &file->pending[i]);
        free(file->pending[i].data);
    }
    file->pending_count -= count;
    memmove(file->pending, file->pending + count, file->pending_count * sizeof(*file->pending));
    pthread_mutex_unlock(&disk->lock);
    return 0;
}

static sj_rc disk_resize(struct disk *disk, int fd, uint64_t size, bool truncate)
{
    pthread_mutex_lock(&disk->lock);
    sj_rc rc = truncate ? sj_journal_io_system.truncate(NULL, fd, size)
                        : sj_journal_io_system.allocate(NULL, fd, size);
    note(disk, fd, &(struct change){.size = size});
    pthread_mutex_unlock(&disk->lock);
    return rc;
}

static sj_rc disk_allocate(void *context, int fd, uint64_t size)
{
    return disk_resize(context, fd, size, false);
}

static sj_rc disk_truncate(void *context, int fd, uint64_t size)
{
    return disk_resize(context, fd, size, true);
}

static sj_rc disk_sync_dir(void *context, const char *path)
{
    struct disk *disk = context;
    (void)path;
    pthread_mutex_lock(&disk->lock);
    for (uint32_t i = 0; i < disk->file_count; i++)
        disk->files[i].name_synced = disk->files[i].linked;
    pthread_mutex_unlock(&disk->lock);
    return 0;
}

static sj_rc disk_remove(void *context, const char *path)
{
    struct disk *disk = context;
    pthread_mutex_lock(&disk->lock);
    struct file *file = file_named(disk, path);
    sj_rc rc = sj_journal_io_system.remove(NULL, path);
    if (file != NULL && rc == 0)
        file->linked = false;
    pthread_mutex_unlock(&disk->lock);
    return rc;
}

static void disk_init(struct disk *disk)
{
    memset(disk, 0, sizeof(*disk));
    pthread_mutex_init(&disk->lock, NULL);
    disk->io = sj_journal_io_system;
    disk->io.context = disk;
    disk->io.open = disk_open;
    disk->io.write = disk_write;
    disk->io.sync = disk_sync;
    disk->io.allocate = disk_allocate;
    disk->io.truncate = disk_truncate;
    disk->io.sync_dir = disk_sync_dir;
    disk->io.remove = disk_remove;
}

static void disk_done(struct disk *disk)
{
    for (uint32_t i = 0; i < disk->file_count; i++) {
        struct file *file = &disk->files[i];
        for (uint32_t k = 0; k < file->pending_count; k++)
            free(file->pending[k].data);
        free(file->synced);
    }
    pthread_mutex_destroy(&disk->lock);
}

/* Any of the pending changes, each whole, or torn: some of its sectors. */
static void lose_some(struct file *file, uint8_t **data, uint64_t *size, uint64_t *random)
{
    for (uint32_t i = 0; i < file->pending_count; i++) {
        const struct change *change = &file->pending[i];
        uint64_t fate = sj_test_random(random) % 3;
        if (fate == 0)
            continue;
        if (fate == 1 || change->data == NULL) {
            change_apply(data, size, change);
            continue;
        }
        for (uint64_t at = 0; at < change->size; at += SECTOR) {
            uint64_t step = change->size - at < SECTOR ? change->size - at : SECTOR;
            struct change sector = {change->offset + at, step, change->data + at};
            if (sj_test_random(random) & 1)
                change_apply(data, size, &sector);
        }
    }
}

static void file_write(const char *dir, const char *name, const uint8_t *data, uint64_t size)
{
    char path[400];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    fclose(file);
}

/* The head file is mapped, not written: the loss leaves it as it is, or not at all. It speaks of
 * another boot then. */
static void head_write(const char *live, const char *dir)
{
    char path[400];
    struct sj_head head;
    snprintf(path, sizeof(path), "%s/head", live);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread((void *)&head, sizeof(head), 1, file), 1);
    fclose(file);
    head.boot_id ^= 1;
    file_write(dir, "head", (const uint8_t *)&head, sizeof(head));
}

/* The directory as found when the power is back. */
static void power_loss(struct disk *disk, const char *live, const char *dir, uint64_t *random)
{
    pthread_mutex_lock(&disk->lock);
    for (uint32_t i = 0; i < disk->file_count; i++) {
        struct file *file = &disk->files[i];
        bool there = file->linked == file->name_synced ? file->linked : sj_test_random(random) & 1;
        if (!there)
            continue;
        uint64_t size = file->synced_size;
        uint8_t *data = must(malloc(size + 1));
        if (size > 0)
            memcpy(data, file->synced, size);
        lose_some(file, &data, &size, random);
        file_write(dir, file->name, data, size);
        free(data);
    }
    pthread_mutex_unlock(&disk->lock);
    if (sj_test_random(random) & 1)
        head_write(live, dir);
}

/* Up to which sequence each source can be read without a gap from its first on. */
static void read_unbroken(const char *dir, uint64_t *unbroken)
{
    struct sj_journal_reader_options options = {.dir = dir};
    struct sj_journal_reader *reader;
    struct sj_journal_span span;
    sj_rc rc;
    assert_int_equal(sj_journal_reader_open(&options, &reader), 0);
    while ((rc = sj_journal_read(reader, &span)) != 0)
        if (rc > 0 && span.first_seq == unbroken[span.src] + 1)
            unbroken[span.src] = span.first_seq + span.count - 1;
    sj_journal_reader_close(reader);
}

static void assert_durable_is_there(const char *dir, const uint64_t *durable)
{
    struct sj_journal_options options = small_options(dir);
    struct sj_journal_recovery *recovery = malloc(sizeof(*recovery));
    uint64_t unbroken[SJ_JOURNAL_SOURCES_MAX] = {0};
    uint64_t last[SJ_JOURNAL_SOURCES_MAX] = {0};
    struct sj_journal *journal;
    struct account account;
    read_journal(dir, &account);
    assert_false(account.wrong);
    read_unbroken(dir, unbroken);
    assert_int_equal(sj_journal_open(&options, recovery, &journal), 0);
    for (uint32_t i = 0; i < recovery->source_count; i++)
        last[recovery->sources[i].src] = recovery->sources[i].last_seq;
    for (uint32_t src = 1; src <= 2; src++) {
        assert_true(unbroken[src] >= durable[src]);
        assert_true(last[src] >= durable[src]);
        append_events(journal, src, last[src] + 1, 20, 20);
    }
    assert_int_equal(sj_journal_close(journal), 0);
    memset(unbroken, 0, sizeof(unbroken));
    read_unbroken(dir, unbroken);
    read_journal(dir, &account);
    assert_false(account.wrong);
    for (uint32_t src = 1; src <= 2; src++) {
        assert_true(unbroken[src] >= durable[src]);
        assert_int_equal(account.last_seq[src], last[src] + 20);
    }
    free(recovery);
}

static void append_some(struct sj_journal *journal, uint64_t *seq, uint64_t *random)
{
    uint32_t turns = (uint32_t)(sj_test_random(random) % 40) + 1;
    for (uint32_t turn = 0; turn < turns; turn++) {
        uint32_t src = (uint32_t)(sj_test_random(random) & 1) + 1;
        uint32_t count = (uint32_t)(sj_test_random(random) % 30) + 1;
        append_events(journal, src, seq[src], count, count);
        seq[src] += count;
        assert_true(sj_journal_do_work(journal, sj_clock_mono_ns()) >= 0);
        if (sj_test_random(random) % 8 == 0)
            usleep(300);
    }
}

static void power_loss_spares_everything_reported_durable(void **state)
{
    (void)state;
    char live[256];
    char after[256];
    uint64_t random = seed ^ 3;
    uint64_t durable_sum = 0;
    struct disk *disk = must(malloc(sizeof(*disk)));
    for (int run = 0; run < RUNS; run++) {
        struct sj_journal *journal;
        uint64_t seq[3] = {0, 1, 1};
        dir_create(live, sizeof(live));
        disk_init(disk);
        struct sj_journal_options options = small_options(live);
        options.io = &disk->io;
        assert_int_equal(sj_journal_open(&options, NULL, &journal), 0);
        for (int loss = 0; loss < LOSSES; loss++) {
            uint64_t durable[3] = {0};
            append_some(journal, seq, &random);
            /* Asked before the loss: it may be later than that, and hold more. */
            for (uint32_t src = 1; src <= 2; src++)
                durable[src] = sj_journal_durable_seq(journal, src);
            dir_create(after, sizeof(after));
            power_loss(disk, live, after, &random);
            assert_durable_is_there(after, durable);
            dir_remove(after);
            durable_sum += durable[1] + durable[2];
        }
        assert_int_equal(sj_journal_close(journal), 0);
        disk_done(disk);
        dir_remove(live);
    }
    assert_true(durable_sum > 0);
    free(disk);
}

int power_tests(void);
int power_tests(void)
{
    seed = sj_test_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_loss_spares_everything_reported_durable),
    };
    return cmocka_run_group_tests_name("power", tests, NULL, NULL);
}
