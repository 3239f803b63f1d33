#include "base/counters.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suites.h"
#include "support/test.h"

static struct sj_counters counters;
static char path[64];

static int setup(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/shijim-counters-%d", (int)getpid());
    assert_int_equal(sj_counters_create(&counters, path, 8), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sj_counters_close(&counters);
    sj_counters_close(&counters);
    unlink(path);
    return 0;
}

struct listing {
    char text[2048];
    uint32_t count;
};

static void list(void *context, enum sj_counter_kind kind, const char *name, int64_t value)
{
    struct listing *listing = context;
    size_t used = strlen(listing->text);
    snprintf(listing->text + used, sizeof listing->text - used, "%d %s %lld\n", (int)kind, name,
             (long long)value);
    listing->count++;
}

static void counters_are_read_by_another_process(void **state)
{
    (void)state;
    struct sj_counter *lost =
        sj_counters_add(&counters, SJ_COUNTER_TOTAL, "lost_total{reader=\"a\"}");
    struct sj_counter *lag = sj_counters_add(&counters, SJ_COUNTER_GAUGE, "lag");
    sj_counter_add(lost, 5);
    sj_counter_add_shared(lost, 2);
    sj_counter_set(lag, -3);
    pid_t child = fork();
    if (child == 0) {
        struct sj_counters seen;
        struct listing listing = {0};
        if (sj_counters_open(&seen, path) < 0)
            _exit(1);
        sj_counters_each(&seen, list, &listing);
        bool same_pid = sj_counters_pid(&seen) == (int32_t)getppid();
        bool same = strcmp(listing.text, "1 lost_total{reader=\"a\"} 7\n2 lag -3\n") == 0;
        _exit(same && same_pid ? 0 : 2);
    }
    int status = -1;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
}

static void counters_added_twice_are_one(void **state)
{
    (void)state;
    struct sj_counter *first = sj_counters_add(&counters, SJ_COUNTER_TOTAL, "a");
    sj_counter_add(first, 1);
    assert_ptr_equal(sj_counters_add(&counters, SJ_COUNTER_TOTAL, "a"), first);
    assert_int_equal(sj_counter_get(first), 1);
    assert_int_equal((uintptr_t)first % 64, 0);
}

static void counters_removed_give_their_place_to_another(void **state)
{
    (void)state;
    struct listing listing = {0};
    struct sj_counter *first = sj_counters_add(&counters, SJ_COUNTER_GAUGE, "first");
    sj_counters_add(&counters, SJ_COUNTER_GAUGE, "second");
    sj_counter_set(first, 9);
    sj_counters_remove(&counters, first);
    struct sj_counter *third = sj_counters_add(&counters, SJ_COUNTER_GAUGE, "third");
    assert_ptr_equal(third, first);
    assert_int_equal(sj_counter_get(third), 0);
    sj_counters_each(&counters, list, &listing);
    assert_string_equal(listing.text, "2 third 0\n2 second 0\n");
}

static void counters_without_room_are_usable_and_counted(void **state)
{
    (void)state;
    char name[SJ_COUNTERS_NAME_SIZE + 8];
    struct listing listing = {0};
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "c%d", i);
        sj_counter_add(sj_counters_add(&counters, SJ_COUNTER_TOTAL, name), 1);
    }
    memset(name, 'x', sizeof name);
    name[SJ_COUNTERS_NAME_SIZE] = '\0';
    sj_counters_remove(&counters, sj_counters_add(&counters, SJ_COUNTER_TOTAL, name));
    assert_int_equal(sj_counters_overflowed(&counters), 3);
    sj_counters_each(&counters, list, &listing);
    assert_int_equal(listing.count, 8);
}

static void counters_open_refuses_what_is_not_theirs(void **state)
{
    (void)state;
    struct sj_counters seen;
    int fd = open(path, O_RDWR);
    assert_int_equal(sj_counters_open(&seen, "/no/such/file"), -2);
    assert_int_equal(pwrite(fd, "x", 1, 0), 1);
    assert_int_equal(sj_counters_open(&seen, path), -SJ_E_LAYOUT);
    assert_int_equal(ftruncate(fd, 10), 0);
    assert_int_equal(sj_counters_open(&seen, path), -SJ_E_LAYOUT);
    close(fd);
}

static void counters_file_of_a_new_registry_leaves_old_readers_alone(void **state)
{
    (void)state;
    struct sj_counters reader, next;
    struct listing listing = {0};
    sj_counters_add(&counters, SJ_COUNTER_GAUGE, "old");
    assert_int_equal(sj_counters_open(&reader, path), 0);
    assert_int_equal(sj_counters_create(&next, path, 2), 0);
    sj_counters_each(&reader, list, &listing);
    assert_string_equal(listing.text, "2 old 0\n");
    sj_counters_close(&reader);
    sj_counters_close(&next);
}

static _Atomic bool stop;

static void *rename_forever(void *context)
{
    (void)context;
    while (!atomic_load(&stop)) {
        struct sj_counter *a =
            sj_counters_add(&counters, SJ_COUNTER_GAUGE,
                            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        sj_counters_remove(&counters, a);
        struct sj_counter *b = sj_counters_add(&counters, SJ_COUNTER_TOTAL, "bbbbbbbb");
        sj_counters_remove(&counters, b);
    }
    return NULL;
}

static void check_whole(void *context, enum sj_counter_kind kind, const char *name, int64_t value)
{
    (void)value;
    size_t length = strspn(name, kind == SJ_COUNTER_GAUGE ? "a" : "b");
    if (name[length] || length != (kind == SJ_COUNTER_GAUGE ? 56 : 8))
        *(uint32_t *)context += 1;
}

static void counters_names_are_never_seen_half_written(void **state)
{
    (void)state;
    pthread_t thread;
    uint32_t torn = 0;
    atomic_store(&stop, false);
    assert_int_equal(pthread_create(&thread, NULL, rename_forever, NULL), 0);
    for (int i = 0; i < 200000; i++)
        sj_counters_each(&counters, check_whole, &torn);
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    assert_int_equal(torn, 0);
}

int counters_tests(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(counters_are_read_by_another_process),
        CASE(counters_added_twice_are_one),
        CASE(counters_removed_give_their_place_to_another),
        CASE(counters_without_room_are_usable_and_counted),
        CASE(counters_open_refuses_what_is_not_theirs),
        CASE(counters_file_of_a_new_registry_leaves_old_readers_alone),
        CASE(counters_names_are_never_seen_half_written),
    };
    return cmocka_run_group_tests_name("counters", tests, NULL, NULL);
}
