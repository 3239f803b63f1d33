/* A disk that refuses: full, forbidden, broken at a write, broken at fdatasync. */
#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "journal/support.h"

#define FILES_MAX 1024

enum operation { OP_NONE, OP_WRITE, OP_SYNC, OP_ALLOCATE, OP_FREE_SPACE };

/* The system's table, but for the operation `op` on files whose names end in `name`, which fails
 * `times` times after `after` went well. */
struct fault {
    struct sj_journal_io io;
    pthread_mutex_t lock;
    enum operation op;
    char name[32]; /* "": every file */
    uint32_t after;
    uint32_t times;
    sj_rc rc;
    uint32_t failed;
    uint32_t touched_since; /* writes and syncs of that file after the first failure */
    char paths[FILES_MAX][64];
};

static bool name_ends(const char *path, const char *end)
{
    size_t size = strlen(path);
    size_t end_size = strlen(end);
    return size >= end_size && strcmp(path + size - end_size, end) == 0;
}

/* What the operation shall give: 0 to go on. */
static sj_rc judge(struct fault *fault, enum operation op, int fd)
{
    sj_rc rc = 0;
    pthread_mutex_lock(&fault->lock);
    const char *path = fd >= 0 && fd < FILES_MAX ? fault->paths[fd] : "";
    bool meant = fault->op != OP_NONE && (fd < 0 || name_ends(path, fault->name));
    if (meant && fault->failed > 0 && (op == OP_WRITE || op == OP_SYNC))
        fault->touched_since++;
    if (meant && op == fault->op) {
        if (fault->after > 0) {
            fault->after--;
        } else if (fault->times > 0) {
            fault->times--;
            fault->failed++;
            rc = fault->rc;
        }
    }
    pthread_mutex_unlock(&fault->lock);
    return rc;
}

static int fault_open(void *context, const char *path, int flags, mode_t mode)
{
    struct fault *fault = context;
    int fd = sj_journal_io_system.open(NULL, path, flags, mode);
    const char *name = strrchr(path, '/');
    pthread_mutex_lock(&fault->lock);
    if (fd >= 0 && fd < FILES_MAX)
        snprintf(fault->paths[fd], sizeof(fault->paths[fd]), "%s", name != NULL ? name : path);
    pthread_mutex_unlock(&fault->lock);
    return fd;
}

static sj_rc fault_write(void *context, int fd, const struct iovec *parts, int count,
                         uint64_t offset)
{
    sj_rc rc = judge(context, OP_WRITE, fd);
    return rc < 0 ? rc : sj_journal_io_system.write(NULL, fd, parts, count, offset);
}

static sj_rc fault_sync(void *context, int fd)
{
    sj_rc rc = judge(context, OP_SYNC, fd);
    return rc < 0 ? rc : sj_journal_io_system.sync(NULL, fd);
}

static sj_rc fault_allocate(void *context, int fd, uint64_t size)
{
    sj_rc rc = judge(context, OP_ALLOCATE, fd);
    return rc < 0 ? rc : sj_journal_io_system.allocate(NULL, fd, size);
}

static sj_rc fault_free_space(void *context, const char *path, uint64_t *ret_size)
{
    sj_rc rc = judge(context, OP_FREE_SPACE, -1);
    if (rc == 0)
        return sj_journal_io_system.free_space(NULL, path, ret_size);
    *ret_size = 0;
    return 0;
}

static void arm(struct fault *fault, enum operation op, const char *name, uint32_t after,
                uint32_t times, sj_rc rc)
{
    pthread_mutex_lock(&fault->lock);
    snprintf(fault->name, sizeof(fault->name), "%s", name);
    fault->op = op;
    fault->after = after;
    fault->times = times;
    fault->rc = rc;
    pthread_mutex_unlock(&fault->lock);
}

struct fixture {
    char dir[256];
    struct fault fault;
    struct sj_journal *journal;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct fault *fault = &fixture->fault;
    pthread_mutex_init(&fault->lock, NULL);
    fault->io = sj_journal_io_system;
    fault->io.context = fault;
    fault->io.open = fault_open;
    fault->io.write = fault_write;
    fault->io.sync = fault_sync;
    fault->io.allocate = fault_allocate;
    fault->io.free_space = fault_free_space;
    dir_create(fixture->dir, sizeof(fixture->dir));
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    dir_remove(fixture->dir);
    free(fixture);
    return 0;
}

static sj_rc open_faulty(struct fixture *fixture)
{
    struct sj_journal_options options = small_options(fixture->dir);
    options.io = &fixture->fault.io;
    return sj_journal_open(&options, NULL, &fixture->journal);
}

/* Appends until refused. Returns how many events were accepted in all, and why it ended. */
static uint64_t append_until_refused(struct sj_journal *journal, uint64_t seq, sj_rc *ret_rc)
{
    _Alignas(8) static uint8_t buffer[EVENTS_SIZE_MAX(32)];
    int64_t until_ns = sj_clock_mono_ns() + 60 * SJ_NS_PER_S;
    *ret_rc = 0;
    while (sj_clock_mono_ns() < until_ns) {
        size_t size = events_make(buffer, 1, seq, 32);
        if ((*ret_rc = sj_journal_append(journal, 1, buffer, size, 32)) < 0)
            return seq - 1;
        seq += 32;
        if ((*ret_rc = sj_journal_do_work(journal, sj_clock_mono_ns())) < 0)
            return seq - 1;
    }
    return seq - 1;
}

/* Every call of the writer gives `rc`, and the text has `word`. */
static void assert_every_call_says(struct sj_journal *journal, sj_rc rc, const char *word)
{
    _Alignas(8) uint8_t buffer[EVENTS_SIZE_MAX(1)];
    struct sj_journal_stat stat;
    size_t size = events_make(buffer, 2, 1, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sj_journal_append(journal, 2, buffer, size, 1), rc);
        assert_int_equal(sj_journal_do_work(journal, sj_clock_mono_ns()), rc);
        assert_int_equal(sj_journal_sync(journal), rc);
    }
    sj_journal_stat(journal, &stat);
    assert_int_equal(stat.stopped, rc);
    assert_non_null(strstr(stat.stopped_text, word));
}

/* Opens on a disk that works again: what was durable is there, in order, and it goes on. */
static void assert_goes_on(const char *dir, uint64_t durable)
{
    struct sj_journal_recovery *recovery = malloc(sizeof(*recovery));
    struct sj_journal_options options = small_options(dir);
    struct sj_journal *journal;
    struct account account;
    read_journal(dir, &account);
    assert_false(account.wrong);
    assert_true(account.last_seq[1] >= durable);
    assert_int_equal(account.missing + account.damage_count, 0);
    assert_int_equal(sj_journal_open(&options, recovery, &journal), 0);
    uint64_t last = recovery->source_count > 0 ? recovery->sources[0].last_seq : 0;
    assert_true(last >= durable);
    append_events(journal, 1, last + 1, 40, 20);
    assert_int_equal(sj_journal_close(journal), 0);
    read_journal(dir, &account);
    assert_false(account.wrong);
    assert_int_equal(account.count, last + 40);
    free(recovery);
}

static void full_disk_at_a_new_segment_keeps_all_that_was_accepted(void **state)
{
    struct fixture *fixture = *state;
    sj_rc rc;
    arm(&fixture->fault, OP_ALLOCATE, ".seg", 2, UINT32_MAX, -ENOSPC);
    assert_int_equal(open_faulty(fixture), 0);
    uint64_t accepted = append_until_refused(fixture->journal, 1, &rc);
    assert_int_equal(rc, -ENOSPC);
    assert_true(accepted > 500);
    assert_every_call_says(fixture->journal, -ENOSPC, "free space");
    assert_int_equal(sj_journal_durable_seq(fixture->journal, 1), accepted);
    assert_int_equal(sj_journal_close(fixture->journal), -ENOSPC);
    assert_goes_on(fixture->dir, accepted);
}

static void reserve_of_the_disk_is_not_used(void **state)
{
    struct fixture *fixture = *state;
    sj_rc rc;
    arm(&fixture->fault, OP_FREE_SPACE, "", 3, UINT32_MAX, -ENOSPC);
    assert_int_equal(open_faulty(fixture), 0);
    uint64_t accepted = append_until_refused(fixture->journal, 1, &rc);
    assert_int_equal(rc, -ENOSPC);
    assert_every_call_says(fixture->journal, -ENOSPC, "no room");
    assert_int_equal(sj_journal_durable_seq(fixture->journal, 1), accepted);
    assert_int_equal(sj_journal_close(fixture->journal), -ENOSPC);
    assert_goes_on(fixture->dir, accepted);
}

static void full_disk_at_opening_is_said_and_leaves_nothing_behind(void **state)
{
    struct fixture *fixture = *state;
    char path[300];
    arm(&fixture->fault, OP_ALLOCATE, ".seg", 0, 1, -ENOSPC);
    assert_int_equal(open_faulty(fixture), -ENOSPC);
    snprintf(path, sizeof(path), "%s/000000000000.seg", fixture->dir);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(open_faulty(fixture), 0);
    assert_int_equal(sj_journal_close(fixture->journal), 0);
}

static void write_fails(struct fixture *fixture, sj_rc fault_rc)
{
    sj_rc rc;
    assert_int_equal(open_faulty(fixture), 0);
    append_events(fixture->journal, 1, 1, 200, 20);
    assert_int_equal(sj_journal_sync(fixture->journal), 0);
    /* The next write is the group commit's: later ones might be the sealing's. */
    arm(&fixture->fault, OP_WRITE, "000000000000.seg", 0, 1, fault_rc);
    append_until_refused(fixture->journal, 201, &rc);
    assert_int_equal(rc, fault_rc);
    uint64_t durable = sj_journal_durable_seq(fixture->journal, 1);
    assert_true(durable >= 200);
    assert_every_call_says(fixture->journal, fault_rc, "writing a segment");
    assert_int_equal(sj_journal_durable_seq(fixture->journal, 1), durable);
    assert_int_equal(sj_journal_close(fixture->journal), fault_rc);
    assert_int_equal(fixture->fault.failed, 1);
    assert_int_equal(fixture->fault.touched_since, 0);
    assert_goes_on(fixture->dir, durable);
}

static void failed_write_stops_the_journal_and_loses_nothing_durable(void **state)
{
    write_fails(*state, -EIO);
}

static void full_disk_at_a_write_stops_the_journal_too(void **state)
{
    write_fails(*state, -ENOSPC);
}

static void failed_fdatasync_is_never_tried_again(void **state)
{
    struct fixture *fixture = *state;
    sj_rc rc;
    assert_int_equal(open_faulty(fixture), 0);
    append_events(fixture->journal, 1, 1, 200, 20);
    assert_int_equal(sj_journal_sync(fixture->journal), 0);
    /* Once only: the next fdatasync would succeed, as the kernel's does, and must not be asked. */
    arm(&fixture->fault, OP_SYNC, "000000000000.seg", 0, 1, -EIO);
    append_until_refused(fixture->journal, 201, &rc);
    assert_int_equal(rc, -EIO);
    uint64_t durable = sj_journal_durable_seq(fixture->journal, 1);
    uint64_t position = sj_journal_durable_position(fixture->journal);
    assert_true(durable >= 200);
    assert_every_call_says(fixture->journal, -EIO, "fdatasync");
    usleep(20000);
    assert_int_equal(sj_journal_durable_seq(fixture->journal, 1), durable);
    assert_int_equal(sj_journal_durable_position(fixture->journal), position);
    struct sj_journal_stat stat;
    assert_int_equal(sj_journal_peek(fixture->dir, &stat), 0);
    assert_int_equal(stat.stopped, -EIO);
    assert_int_equal(sj_journal_close(fixture->journal), -EIO);
    assert_int_equal(fixture->fault.failed, 1);
    assert_int_equal(fixture->fault.touched_since, 0);
    assert_goes_on(fixture->dir, durable);
}

static void forbidden_directory_is_said_at_opening(void **state)
{
    struct fixture *fixture = *state;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        /* Root may write anywhere: be someone else. */
        if (geteuid() == 0 ? seteuid(65534) != 0 : chmod(fixture->dir, 0500) != 0)
            _exit(2);
        struct sj_journal_options options = small_options(fixture->dir);
        struct sj_journal *journal;
        _exit(sj_journal_open(&options, NULL, &journal) == -EACCES ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    chmod(fixture->dir, 0700);
    assert_int_equal(status, 0);
}

int fault_tests(void);
int fault_tests(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(full_disk_at_a_new_segment_keeps_all_that_was_accepted),
        TEST(reserve_of_the_disk_is_not_used),
        TEST(full_disk_at_opening_is_said_and_leaves_nothing_behind),
        TEST(failed_write_stops_the_journal_and_loses_nothing_durable),
        TEST(full_disk_at_a_write_stops_the_journal_too),
        TEST(failed_fdatasync_is_never_tried_again),
        TEST(forbidden_directory_is_said_at_opening),
    };
#undef TEST
    return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
