/* The writer killed at any moment; files cut and flipped anywhere. */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "journal/segment.h"
#include "journal/support.h"

#define KILLS 250
#define DAMAGES 400
#define BLOCKS_MAX 4096

static uint64_t seed;

struct report {
    uint64_t durable[2];
};

static void write_until_killed(const char *dir, int pipe_fd, uint64_t state, const uint64_t *next)
{
    struct sj_journal *journal;
    struct sj_journal_options options = small_options(dir);
    _Alignas(8) static uint8_t buffer[EVENTS_SIZE_MAX(64)];
    uint64_t seq[2] = {next[0], next[1]};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (sj_journal_open(&options, NULL, &journal) < 0)
        _exit(1);
    for (;;) {
        uint32_t which = (uint32_t)(sj_test_random(&state) & 1);
        uint32_t count = (uint32_t)(sj_test_random(&state) % 64) + 1;
        size_t size = events_make(buffer, which + 1, seq[which], count);
        if (sj_journal_append(journal, which + 1, buffer, size, count) < 0 ||
            sj_journal_do_work(journal, sj_clock_mono_ns()) < 0)
            _exit(2);
        seq[which] += count;
        struct report report = {
            {sj_journal_durable_seq(journal, 1), sj_journal_durable_seq(journal, 2)}};
        if (write(pipe_fd, &report, sizeof(report)) != sizeof(report))
            _exit(3);
        if (sj_test_random(&state) % 4 == 0)
            usleep(50);
    }
}

/* Runs the writer and kills it; gives the last it said to be durable. */
static struct report run_and_kill(const char *dir, uint64_t *state, const uint64_t *next)
{
    struct report report = {{0}};
    struct report got;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    uint64_t child_state = sj_test_random(state);
    uint32_t after_reports = (uint32_t)(sj_test_random(state) % 60);
    uint32_t after_us = (uint32_t)(sj_test_random(state) % 1500);
    pid_t pid = fork();
    if (pid == 0)
        write_until_killed(dir, fds[1], child_state, next);
    close(fds[1]);
    while (after_reports-- > 0 && read(fds[0], &got, sizeof(got)) == sizeof(got))
        report = got;
    usleep(after_us);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    while (read(fds[0], &got, sizeof(got)) == sizeof(got))
        report = got;
    close(fds[0]);
    return report;
}

static void killed_writer_loses_nothing_it_called_durable(void **state)
{
    (void)state;
    char dir[256];
    uint64_t random = seed;
    uint64_t next[2] = {1, 1};
    uint64_t lost_before = 0;
    struct sj_journal_recovery *recovery = malloc(sizeof(*recovery));
    dir_create(dir, sizeof(dir));
    for (int round = 0; round < KILLS; round++) {
        struct report report = run_and_kill(dir, &random, next);
        struct account account;
        read_journal(dir, &account);
        assert_false(account.wrong);
        assert_int_equal(account.damage_count, 0);
        assert_int_equal(account.missing, lost_before);
        struct sj_journal *journal;
        struct sj_journal_options options = small_options(dir);
        assert_int_equal(sj_journal_open(&options, recovery, &journal), 0);
        for (uint32_t i = 0; i < recovery->source_count; i++) {
            uint32_t src = recovery->sources[i].src;
            uint64_t last = recovery->sources[i].last_seq;
            uint64_t accepted = recovery->sources[i].accepted_seq;
            assert_true(last >= report.durable[src - 1]);
            assert_int_equal(account.last_seq[src], last);
            /* What was accepted and did not get to the disk is named, and nothing else. */
            uint64_t named = 0;
            for (uint64_t k = 0; k < recovery->lost_count; k++)
                if (recovery->lost[k].src == src) {
                    assert_int_equal(recovery->lost[k].first_seq, last + 1);
                    named += recovery->lost[k].last_seq - recovery->lost[k].first_seq + 1;
                }
            assert_int_equal(named, accepted > last ? accepted - last : 0);
            /* The source goes on where it was: what is named stays a hole. */
            next[src - 1] = (accepted > last ? accepted : last) + 1;
            lost_before += named;
        }
        for (uint32_t src = 1; src <= 2; src++) {
            append_events(journal, src, next[src - 1], 3, 3);
            next[src - 1] += 3;
        }
        assert_int_equal(sj_journal_close(journal), 0);
        if (round % 50 == 49) { /* begin anew, or the reading takes ever longer */
            dir_remove(dir);
            dir_create(dir, sizeof(dir));
            next[0] = next[1] = 1;
            lost_before = 0;
        }
    }
    dir_remove(dir);
    free(recovery);
}

struct block {
    uint64_t ordinal;
    uint64_t offset;
    uint64_t size;
    uint32_t count;
};

struct pristine {
    char dir[256];
    struct block blocks[BLOCKS_MAX];
    uint32_t block_count;
    uint64_t event_count;
    uint64_t last_ordinal;
};

/* A journal of several segments, the last one as a killed writer leaves it. */
static void pristine_make(struct pristine *pristine)
{
    char live[256];
    struct sj_journal *journal;
    struct sj_journal_reader *reader;
    struct sj_journal_span span;
    dir_create(live, sizeof(live));
    dir_create(pristine->dir, sizeof(pristine->dir));
    struct sj_journal_options options = small_options(live);
    assert_int_equal(sj_journal_open(&options, NULL, &journal), 0);
    for (uint32_t i = 0; i < 110; i++) {
        append_events(journal, 1, i * 30 + 1, 30, 30);
        append_events(journal, 2, i * 11 + 1, 11, 11);
    }
    assert_int_equal(sj_journal_sync(journal), 0);
    usleep(100000); /* the sealing of the others */
    dir_copy(live, pristine->dir);
    assert_int_equal(sj_journal_close(journal), 0);
    dir_remove(live);
    struct sj_journal_reader_options reader_options = {.dir = pristine->dir};
    assert_int_equal(sj_journal_reader_open(&reader_options, &reader), 0);
    uint64_t base = 0;
    while (sj_journal_read(reader, &span) > 0) {
        struct sj_segment_list list;
        assert_int_equal(sj_segment_list(pristine->dir, &list), 0);
        for (size_t i = 0; i < list.count; i++) {
            struct sj_window window;
            assert_int_equal(sj_window_open(&window, pristine->dir, list.entries[i].ordinal, false),
                             0);
            if (window.head_whole && window.head.base <= span.position) {
                pristine->last_ordinal = list.entries[i].ordinal;
                base = window.head.base;
            }
            sj_window_done(&window);
        }
        sj_segment_list_done(&list);
        assert_true(pristine->block_count < BLOCKS_MAX);
        pristine->blocks[pristine->block_count++] =
            (struct block){pristine->last_ordinal, span.position - base,
                           span.next_position - span.position, span.count};
        pristine->event_count += span.count;
    }
    sj_journal_reader_close(reader);
    assert_int_equal(pristine->event_count, 110 * 41);
    assert_true(pristine->last_ordinal >= 3);
}

/* Flips or cuts a segment's file at a random place. Returns the events in blocks it touches. */
static uint64_t damage_file(const struct pristine *pristine, const char *dir, uint64_t *random,
                            uint64_t *ret_ordinal)
{
    char path[512];
    struct stat stat_buffer;
    uint64_t ordinal = sj_test_random(random) % (pristine->last_ordinal + 1);
    sj_segment_path(path, sizeof(path), dir, ordinal, false);
    assert_int_equal(stat(path, &stat_buffer), 0);
    uint64_t size = (uint64_t)stat_buffer.st_size;
    uint64_t offset = sj_test_random(random) % size;
    uint64_t end = offset + 1 + sj_test_random(random) % 8;
    bool cut = sj_test_random(random) % 4 == 0;
    if (cut) {
        assert_int_equal(truncate(path, (off_t)offset), 0);
        end = UINT64_MAX;
    } else {
        FILE *file = fopen(path, "r+");
        end = end > size ? size : end;
        for (uint64_t at = offset; at < end; at++) {
            fseek(file, (long)at, SEEK_SET);
            int byte = fgetc(file);
            fseek(file, (long)at, SEEK_SET);
            fputc(byte ^ (int)(1u << sj_test_random(random) % 8), file);
        }
        fclose(file);
    }
    uint64_t hit = 0;
    for (uint32_t i = 0; i < pristine->block_count; i++) {
        const struct block *block = &pristine->blocks[i];
        if (block->ordinal == ordinal && block->offset < end &&
            block->offset + block->size > offset)
            hit += block->count;
    }
    *ret_ordinal = ordinal;
    return hit;
}

static uint64_t recovery_lost(const struct sj_journal_recovery *recovery)
{
    uint64_t lost = 0;
    for (uint64_t i = 0; i < recovery->lost_count; i++)
        lost += recovery->lost[i].last_seq - recovery->lost[i].first_seq + 1;
    return lost;
}

static void damaged_files_lose_only_the_blocks_that_were_hit(void **state)
{
    (void)state;
    char dir[256];
    uint64_t random = seed ^ 1;
    static struct pristine pristine;
    struct sj_journal_recovery *recovery = malloc(sizeof(*recovery));
    pristine_make(&pristine);
    dir_create(dir, sizeof(dir));
    for (int round = 0; round < DAMAGES; round++) {
        struct account account;
        struct account after;
        struct sj_journal *journal;
        uint64_t ordinal;
        dir_copy(pristine.dir, dir);
        uint64_t hit = damage_file(&pristine, dir, &random, &ordinal);
        read_journal(dir, &account);
        assert_false(account.wrong);
        assert_int_equal(account.count, pristine.event_count - hit);
        if (ordinal < pristine.last_ordinal)
            assert_int_equal(account.damage_lost, hit);
        struct sj_journal_options options = small_options(dir);
        assert_int_equal(sj_journal_open(&options, recovery, &journal), 0);
        if (ordinal == pristine.last_ordinal)
            assert_int_equal(recovery_lost(recovery), hit);
        append_events(journal, 1, 3301, 20, 20);
        assert_int_equal(sj_journal_close(journal), 0);
        read_journal(dir, &after);
        assert_false(after.wrong);
        assert_int_equal(after.count, account.count + 20);
    }
    dir_remove(dir);
    dir_remove(pristine.dir);
    free(recovery);
}

static void repair_puts_damage_aside_and_leaves_a_journal_without_any(void **state)
{
    (void)state;
    char dir[256];
    uint64_t random = seed ^ 2;
    static struct pristine pristine;
    memset(&pristine, 0, sizeof(pristine));
    pristine_make(&pristine);
    dir_create(dir, sizeof(dir));
    for (int round = 0; round < 100; round++) {
        struct sj_journal_check check;
        struct account account;
        uint64_t ordinal;
        dir_copy(pristine.dir, dir);
        uint64_t hit = damage_file(&pristine, dir, &random, &ordinal);
        assert_true(sj_journal_repair(dir, NULL, NULL, &check) >= 0);
        assert_int_equal(check.unrepaired_count, 0);
        assert_int_equal(sj_journal_verify(dir, NULL, NULL, &check), 0);
        read_journal(dir, &account);
        assert_false(account.wrong);
        assert_int_equal(account.count, pristine.event_count - hit);
    }
    dir_remove(dir);
    dir_remove(pristine.dir);
}

int crash_tests(void);
int crash_tests(void)
{
    seed = sj_test_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_writer_loses_nothing_it_called_durable),
        cmocka_unit_test(damaged_files_lose_only_the_blocks_that_were_hit),
        cmocka_unit_test(repair_puts_damage_aside_and_leaves_a_journal_without_any),
    };
    return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}
