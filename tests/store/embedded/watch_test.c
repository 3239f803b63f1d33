#include "store/embedded/watch.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake_engine.h"
#include "suites.h"
#include "support/test.h"

#define PLACES 6
#define READS 2
#define THREADS 4
#define ROUNDS 500
#define PATIENCE_MS 10000

static struct sj_emb_engine engine;
static struct sj_emb_sessions sessions;
static struct sj_emb_watch watch;

static int open_watch(void **state)
{
    (void)state;
    fake_engine_init(&engine);
    if (sj_emb_sessions_init(&sessions, &engine, 2) < 0)
        return -1;
    return sj_emb_watch_start(&watch, &engine, &sessions, PLACES, READS);
}

static int close_watch(void **state)
{
    (void)state;
    sj_emb_watch_stop(&watch);
    sj_emb_sessions_done(&sessions);
    return atomic_load(&fake_open_count);
}

/* Waits until the engine was asked to kill `query_id`. */
static bool is_killed(const char *query_id)
{
    char text[64];
    snprintf(text, sizeof(text), "'%s' ASYNC", query_id);
    for (int waited = 0; waited < PATIENCE_MS; waited += 20) {
        if (fake_engine_ran(text) > 0)
            return true;
        poll(NULL, 0, 20);
    }
    return false;
}

static void watch_kills_a_read_whose_client_left_and_nothing_else(void **state)
{
    (void)state;
    int leaver[2];
    int stayer[2];
    struct sj_emb_running *running[3];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, leaver), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, stayer), 0);
    assert_int_equal(sj_emb_watch_enter(&watch, "left", leaver[0], true, &running[0]), 0);
    assert_int_equal(sj_emb_watch_enter(&watch, "stays", stayer[0], true, &running[1]), 0);
    assert_int_equal(sj_emb_watch_enter(&watch, "insert", leaver[0], false, &running[2]), 0);
    close(leaver[1]);
    assert_true(is_killed("left"));
    assert_int_equal(fake_engine_ran("'stays'"), 0);
    assert_int_equal(fake_engine_ran("'insert'"), 0);
    for (int i = 0; i < 3; i++)
        sj_emb_watch_leave(&watch, running[i]);
    close(leaver[0]);
    close(stayer[0]);
    close(stayer[1]);
}

static void watch_at_a_stop_cancels_reads_and_no_insert(void **state)
{
    (void)state;
    struct sj_emb_running *read = NULL;
    struct sj_emb_running *insert = NULL;
    assert_int_equal(sj_emb_watch_enter(&watch, "read", -1, true, &read), 0);
    assert_int_equal(sj_emb_watch_enter(&watch, "insert", -1, false, &insert), 0);
    sj_emb_watch_cancel_reads(&watch);
    assert_true(is_killed("read"));
    assert_int_equal(fake_engine_ran("'insert'"), 0);
    sj_emb_watch_leave(&watch, read);
    sj_emb_watch_leave(&watch, insert);
}

static void watch_refuses_a_name_in_use_and_more_than_it_has_places(void **state)
{
    (void)state;
    struct sj_emb_running *running[PLACES];
    struct sj_emb_running *more = NULL;
    char name[8];
    for (int i = 0; i < PLACES; i++) {
        snprintf(name, sizeof(name), "q%d", i);
        assert_int_equal(sj_emb_watch_enter(&watch, name, -1, false, &running[i]), 0);
    }
    assert_int_equal(sj_emb_watch_enter(&watch, "q0", -1, false, &more), -SJ_E_BUSY);
    assert_int_equal(sj_emb_watch_enter(&watch, "one more", -1, false, &more), -SJ_E_LIMIT);
    for (int i = 0; i < PLACES; i++)
        sj_emb_watch_leave(&watch, running[i]);
    assert_int_equal(sj_emb_watch_enter(&watch, "q0", -1, false, &more), 0);
    sj_emb_watch_leave(&watch, more);
}

struct reader {
    pthread_t thread;
    int number;
    int failed;
};

static atomic_int inside;
static atomic_int most;

static void *read_often(void *argument)
{
    struct reader *reader = argument;
    char name[32];
    for (int i = 0; i < ROUNDS; i++) {
        struct sj_emb_running *running = NULL;
        snprintf(name, sizeof(name), "r%d-%d", reader->number, i);
        if (sj_emb_watch_enter(&watch, name, -1, true, &running) < 0) {
            reader->failed++;
            continue;
        }
        int now = atomic_fetch_add(&inside, 1) + 1;
        for (int seen = atomic_load(&most); now > seen;)
            if (atomic_compare_exchange_weak(&most, &seen, now))
                break;
        atomic_fetch_sub(&inside, 1);
        sj_emb_watch_leave(&watch, running);
    }
    return NULL;
}

static void watch_lets_only_so_many_read_at_a_time_and_all_have_their_turn(void **state)
{
    (void)state;
    struct reader readers[THREADS];
    atomic_store(&most, 0);
    for (int i = 0; i < THREADS; i++) {
        readers[i] = (struct reader){.number = i};
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_often, &readers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(readers[i].thread, NULL);
        assert_int_equal(readers[i].failed, 0);
    }
    assert_in_range(atomic_load(&most), 1, READS);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, open_watch, close_watch)

int watch_tests(void)
{
    const struct CMUnitTest tests[] = {
        CASE(watch_kills_a_read_whose_client_left_and_nothing_else),
        CASE(watch_at_a_stop_cancels_reads_and_no_insert),
        CASE(watch_refuses_a_name_in_use_and_more_than_it_has_places),
        CASE(watch_lets_only_so_many_read_at_a_time_and_all_have_their_turn),
    };
    return cmocka_run_group_tests_name("store_embedded_watch", tests, NULL, NULL);
}
