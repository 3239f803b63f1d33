#include "store/embedded/session.h"

#include <errno.h>
#include <pthread.h>

#include "base/clock.h"
#include "fake_engine.h"
#include "suites.h"
#include "support/test.h"

#define PLACES 3
#define THREADS 4
#define ROUNDS 3000

static struct sj_emb_engine engine;
static struct sj_emb_sessions sessions;

static int open_table(void **state)
{
    (void)state;
    fake_engine_init(&engine);
    return sj_emb_sessions_init(&sessions, &engine, PLACES);
}

static int close_table(void **state)
{
    (void)state;
    sj_emb_sessions_done(&sessions);
    return atomic_load(&fake_open_count); /* 0: every connection was closed */
}

static sj_rc take(const char *id, bool check, enum sj_emb_identity identity,
                  struct sj_emb_session **ret)
{
    struct sj_emb_request request;
    sj_emb_request_init(&request);
    request.session_id = sj_emb_text_of(id);
    request.session_check = check;
    return sj_emb_session_take(&sessions, &request, identity, ret);
}

static void session_is_held_by_one_at_a_time_and_keeps_its_connection(void **state)
{
    (void)state;
    struct sj_emb_session *first = NULL;
    struct sj_emb_session *second = NULL;
    assert_int_equal(take("a", true, SJ_EMB_WRITER, &first), -SJ_E_UNKNOWN);
    assert_int_equal(take("a", false, SJ_EMB_WRITER, &first), 0);
    assert_int_equal(take("a", false, SJ_EMB_WRITER, &second), -SJ_E_BUSY);
    sj_chdb_connection *connection = first->connection;
    assert_non_null(connection);
    assert_true(first->is_new);
    sj_emb_session_release(&sessions, first);
    assert_int_equal(take("a", true, SJ_EMB_WRITER, &second), 0);
    assert_ptr_equal(second->connection, connection);
    sj_emb_session_release(&sessions, second);
}

static void session_of_a_reader_is_another_and_has_no_connection(void **state)
{
    (void)state;
    struct sj_emb_session *writer = NULL;
    struct sj_emb_session *reader = NULL;
    assert_int_equal(take("a", false, SJ_EMB_WRITER, &writer), 0);
    assert_int_equal(take("a", false, SJ_EMB_READER, &reader), 0);
    assert_null(reader->connection);
    sj_emb_session_release(&sessions, writer);
    sj_emb_session_release(&sessions, reader);
}

static void session_idle_for_longest_makes_room_and_busy_ones_stay(void **state)
{
    (void)state;
    struct sj_emb_session *held[PLACES];
    struct sj_emb_session *more = NULL;
    static const char *const names[PLACES] = {"a", "b", "c"};
    for (int i = 0; i < PLACES; i++)
        assert_int_equal(take(names[i], false, SJ_EMB_WRITER, &held[i]), 0);
    assert_int_equal(take("d", false, SJ_EMB_WRITER, &more), -SJ_E_LIMIT);
    sj_emb_session_release(&sessions, held[1]);
    sj_emb_session_release(&sessions, held[0]);
    assert_int_equal(take("d", false, SJ_EMB_WRITER, &more), 0);
    assert_int_equal(atomic_load(&fake_open_count), PLACES);
    sj_emb_session_release(&sessions, more);
    assert_int_equal(take("b", true, SJ_EMB_WRITER, &more), -SJ_E_UNKNOWN);
    assert_int_equal(take("a", true, SJ_EMB_WRITER, &more), 0);
    sj_emb_session_release(&sessions, more);
    sj_emb_session_release(&sessions, held[2]);
}

static void session_ends_after_its_timeout_unless_held(void **state)
{
    (void)state;
    struct sj_emb_session *idle = NULL;
    struct sj_emb_session *busy = NULL;
    assert_int_equal(take("idle", false, SJ_EMB_WRITER, &idle), 0);
    assert_int_equal(take("busy", false, SJ_EMB_WRITER, &busy), 0);
    sj_emb_session_release(&sessions, idle);
    sj_emb_sessions_expire(&sessions, sj_clock_mono_ns());
    assert_int_equal(atomic_load(&fake_open_count), 2);
    sj_emb_sessions_expire(&sessions, sj_clock_mono_ns() + 3600 * SJ_NS_PER_S);
    assert_int_equal(atomic_load(&fake_open_count), 1);
    assert_int_equal(take("idle", true, SJ_EMB_WRITER, &idle), -SJ_E_UNKNOWN);
    sj_emb_session_release(&sessions, busy);
}

struct user {
    pthread_t thread;
    uint64_t seed;
    int taken;
};

/* Held by one thread: plain writes to it would race if two held it. */
static void *use_sessions(void *argument)
{
    struct user *user = argument;
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    for (int i = 0; i < ROUNDS; i++) {
        struct sj_emb_session *session = NULL;
        uint64_t random = sj_test_random(&user->seed);
        if (take(names[random % 5], false, random & 8 ? SJ_EMB_WRITER : SJ_EMB_READER, &session) <
            0)
            continue;
        session->is_new = !session->is_new;
        user->taken++;
        sj_emb_session_release(&sessions, session);
        if (random % 64 == 0)
            sj_emb_sessions_expire(&sessions, INT64_MAX / 2);
    }
    return NULL;
}

static void session_table_stands_many_threads(void **state)
{
    (void)state;
    struct user users[THREADS];
    uint64_t seed = sj_test_seed();
    for (int i = 0; i < THREADS; i++) {
        users[i] = (struct user){.seed = seed + (uint64_t)i};
        assert_int_equal(pthread_create(&users[i].thread, NULL, use_sessions, &users[i]), 0);
    }
    int taken = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(users[i].thread, NULL);
        taken += users[i].taken;
    }
    assert_true(taken > 0);
    assert_in_range(atomic_load(&fake_open_count), 0, PLACES);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, open_table, close_table)

int session_tests(void)
{
    const struct CMUnitTest tests[] = {
        CASE(session_is_held_by_one_at_a_time_and_keeps_its_connection),
        CASE(session_of_a_reader_is_another_and_has_no_connection),
        CASE(session_idle_for_longest_makes_room_and_busy_ones_stay),
        CASE(session_ends_after_its_timeout_unless_held),
        CASE(session_table_stands_many_threads),
    };
    return cmocka_run_group_tests_name("store_embedded_session", tests, NULL, NULL);
}
